/* The `questions` of a session type, read and written. */
#include "schedule_reader.h"

#include <string.h>

static void read_options(struct reader *reader, const json_t *value, const char *path,
			 struct question *question)
{
	const bool wanted = question->kind == QUESTION_CHOICE || question->kind == QUESTION_MULTI;
	if (!wanted) {
		if (value != NULL && !json_is_null(value))
			reader_invalid(reader, path, "is only for questions with choices.");
		return;
	}
	if (!reader_array(reader, value, path, QUESTION_OPTIONS_MAX))
		return;
	const size_t count = json_array_size(value);
	if (count == 0)
		reader_invalid(reader, path, "must have at least one choice.");
	const char **options = arena_array(reader->mem, count, sizeof(*options));
	for (size_t i = 0; i < count; i++) {
		options[i] = reader_line(reader, json_array_get(value, i), reader_element(reader, path, i),
					 QUESTION_LABEL_MAX);
		for (size_t before = 0; before < i; before++) {
			if (options[i] != NULL && options[before] != NULL &&
			    strcmp(options[i], options[before]) == 0)
				reader_invalid(reader, reader_element(reader, path, i), "is given twice.");
		}
	}
	question->options = options;
	question->option_count = count;
}

static bool read_flag(struct reader *reader, const json_t *value, const char *path)
{
	if (value != NULL && !json_is_null(value) && !json_is_boolean(value))
		reader_invalid(reader, path, "must be true or false.");
	return json_is_true(value);
}

static void read_question(struct reader *reader, const json_t *entry, const char *path,
			  struct question *question)
{
	static const char *const names[] = {"id", "label", "kind", "required", "options", "max", "before"};
	if (!reader_object(reader, entry, path, names, 7))
		return;
	question->id = reader_id(reader, json_object_get(entry, "id"), reader_member(reader, path, "id"));
	question->label = reader_line(reader, json_object_get(entry, "label"),
				      reader_member(reader, path, "label"), QUESTION_LABEL_MAX);
	const json_t *kind = json_object_get(entry, "kind");
	if (!json_is_string(kind) || !question_kind_parse(json_string_value(kind), &question->kind))
		reader_invalid(reader, reader_member(reader, path, "kind"),
			       "must be one of text, long, choice, multi, bool, url.");
	question->required = read_flag(reader, json_object_get(entry, "required"),
				       reader_member(reader, path, "required"));
	read_options(reader, json_object_get(entry, "options"), reader_member(reader, path, "options"),
		     question);
	const json_t *max = json_object_get(entry, "max");
	if (max != NULL && !json_is_null(max))
		reader_integer(reader, max, reader_member(reader, path, "max"), 1, ANSWER_NOTE_MAX,
			       &question->max);
	const json_t *before = json_object_get(entry, "before");
	const char *word = json_string_value(before);
	if (before != NULL && (word == NULL || (strcmp(word, "book") != 0 && strcmp(word, "start") != 0)))
		reader_invalid(reader, reader_member(reader, path, "before"), "must be book or start.");
	question->at_start = word != NULL && strcmp(word, "start") == 0;
}

void reader_questions(struct reader *reader, const json_t *array, const char *path,
		      const struct question **ret_questions, size_t *ret_count)
{
	if (!reader_array(reader, array, path, QUESTIONS_MAX))
		return;
	const size_t count = json_array_size(array);
	struct question *questions = arena_array(reader->mem, count, sizeof(*questions));
	memset(questions, 0, count * sizeof(*questions));
	for (size_t i = 0; i < count; i++) {
		const char *at = reader_element(reader, path, i);
		read_question(reader, json_array_get(array, i), at, &questions[i]);
		for (size_t before = 0; before < i; before++) {
			if (questions[i].id != NULL && questions[before].id != NULL &&
			    strcmp(questions[i].id, questions[before].id) == 0)
				reader_invalid(reader, reader_member(reader, at, "id"), "is used twice.");
		}
	}
	*ret_questions = questions;
	*ret_count = count;
}

void questions_write(struct json_writer *writer, const struct question questions[], size_t count)
{
	json_write_array(writer, "questions");
	for (size_t i = 0; i < count; i++) {
		const struct question *question = &questions[i];
		json_write_object(writer, NULL);
		json_write_text(writer, "id", question->id);
		json_write_text(writer, "label", question->label);
		json_write_text(writer, "kind", question_kind_name(question->kind));
		json_write_boolean(writer, "required", question->required);
		if (question->option_count > 0) {
			json_write_array(writer, "options");
			for (size_t k = 0; k < question->option_count; k++)
				json_write_text(writer, NULL, question->options[k]);
			json_write_array_end(writer);
		}
		if (question->max > 0)
			json_write_integer(writer, "max", question->max);
		json_write_text(writer, "before", question->at_start ? "start" : "book");
		json_write_object_end(writer);
	}
	json_write_array_end(writer);
}
