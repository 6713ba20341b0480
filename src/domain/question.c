#include "domain/question.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const kind_names[QUESTION_KINDS] = {
	[QUESTION_TEXT] = "text",   [QUESTION_LONG] = "long", [QUESTION_CHOICE] = "choice",
	[QUESTION_MULTI] = "multi", [QUESTION_BOOL] = "bool", [QUESTION_URL] = "url",
};

const char *question_kind_name(enum question_kind kind)
{
	return kind_names[kind];
}

bool question_kind_parse(const char *name, enum question_kind *ret_kind)
{
	for (unsigned i = 0; i < QUESTION_KINDS; i++) {
		if (strcmp(kind_names[i], name) == 0) {
			*ret_kind = (enum question_kind)i;
			return true;
		}
	}
	return false;
}

static bool is_option(const struct question *question, const json_t *value)
{
	const char *text = json_string_value(value);
	for (size_t i = 0; text != NULL && i < question->option_count; i++) {
		if (strcmp(question->options[i], text) == 0)
			return true;
	}
	return false;
}

/* What is wrong with a written answer, else NULL, with the answer trimmed. */
static const char *check_text(const struct question *question, const json_t *value, struct arena *mem,
			      const char **ret_text)
{
	const enum text_kind kind = question->kind == QUESTION_LONG ? TEXT_NOTE : TEXT_LINE;
	int64_t most = question->kind == QUESTION_LONG ? ANSWER_NOTE_MAX : ANSWER_LINE_MAX;
	if (question->max > 0 && question->max < most)
		most = question->max;
	if (!json_is_string(value))
		return "must be a string.";
	const char *text = json_string_value(value);
	enum text_fault fault = text_check(text, kind);
	if (fault != TEXT_GOOD)
		return text_fault_detail(fault);
	*ret_text = text_is_blank(text) ? "" : text_trim(mem, text);
	if ((int64_t)utf8_length(*ret_text) > most)
		return arena_printf(mem, "must have at most %" PRId64 " characters.", most);
	if (question->kind == QUESTION_URL && **ret_text != '\0' &&
	    ((strncasecmp(*ret_text, "https://", 8) != 0 && strncasecmp(*ret_text, "http://", 7) != 0) ||
	     strpbrk(*ret_text, " <>\"") != NULL))
		return "must be an address that begins with https://.";
	return NULL;
}

static const char *check_multi(const struct question *question, const json_t *value, struct arena *mem)
{
	const size_t count = json_array_size(value);
	if (!json_is_array(value))
		return "must be an array of options.";
	if (question->max > 0 && count > (size_t)question->max)
		return arena_printf(mem, "can have at most %" PRId64 " options.", question->max);
	for (size_t i = 0; i < count; i++) {
		if (!is_option(question, json_array_get(value, i)))
			return "must be among the options.";
		for (size_t before = 0; before < i; before++) {
			if (json_equal(json_array_get(value, i), json_array_get(value, before)))
				return "has the same option twice.";
		}
	}
	return NULL;
}

/* What is wrong with the value, else NULL, with what is to be kept as a new reference; NULL there: nothing.
 */
static const char *check(const struct question *question, json_t *value, struct arena *mem, json_t **ret_kept)
{
	const char *text = "";
	const char *wrong = NULL;
	switch (question->kind) {
	case QUESTION_TEXT:
	case QUESTION_LONG:
	case QUESTION_URL:
		wrong = check_text(question, value, mem, &text);
		*ret_kept = wrong == NULL && *text != '\0' ? json_string(text) : NULL;
		return wrong;
	case QUESTION_CHOICE:
		wrong = is_option(question, value) ? NULL : "must be one of the options.";
		break;
	case QUESTION_MULTI:
		wrong = check_multi(question, value, mem);
		if (wrong == NULL && json_array_size(value) == 0)
			return NULL;
		break;
	case QUESTION_BOOL:
		wrong = json_is_boolean(value) ? NULL : "must be true or false.";
		break;
	case QUESTION_KINDS:
		break;
	}
	*ret_kept = wrong == NULL ? json_incref(value) : NULL;
	return wrong;
}

static bool fail(struct json_fault *ret_fault, struct arena *mem, enum json_verdict verdict, const char *id,
		 const char *wrong)
{
	const char *field = arena_printf(mem, "answers.%s", id);
	*ret_fault = (struct json_fault){verdict, field, arena_printf(mem, "%s %s", field, wrong)};
	return false;
}

static bool check_names(const json_t *answers, const struct question questions[], size_t count,
			struct arena *mem, struct json_fault *ret_fault)
{
	enum { SHOWN_BYTES = 64 };
	const char *name = NULL;
	json_t *value = NULL;
	json_object_foreach((json_t *)answers, name, value)
	{
		size_t i = 0;
		while (i < count && strcmp(questions[i].id, name) != 0)
			i++;
		if (i == count)
			return fail(ret_fault, mem, JSON_UNKNOWN_FIELD,
				    utf8_beginning(mem, name, SHOWN_BYTES),
				    "isn't a question of this session.");
	}
	return true;
}

/* An array is two parameters, a reader has two results. NOLINTNEXTLINE(readability-function-size) */
bool answers_read(const json_t *answers, const struct question questions[], size_t count, bool complete,
		  struct arena *mem, const char **ret_text, struct json_fault *ret_fault)
{
	*ret_text = NULL;
	if (answers != NULL && !json_is_object(answers)) {
		*ret_fault = (struct json_fault){JSON_INVALID_FIELD, "answers", "answers must be an object."};
		return false;
	}
	if (!check_names(answers, questions, count, mem, ret_fault))
		return false;
	JSON_LOCAL values = json_object();
	JSON_LOCAL asked = json_array();
	for (size_t i = 0; i < count; i++) {
		const struct question *question = &questions[i];
		json_t *value = json_object_get(answers, question->id);
		json_t *kept = NULL;
		if (value != NULL && !json_is_null(value)) {
			const char *wrong = check(question, value, mem, &kept);
			if (wrong != NULL)
				return fail(ret_fault, mem, JSON_INVALID_FIELD, question->id, wrong);
		}
		if (kept == NULL && question->required && complete && !question->at_start)
			return fail(ret_fault, mem, JSON_INVALID_FIELD, question->id, "is required.");
		if (kept == NULL)
			continue;
		json_object_set_new(values, question->id, kept);
		json_array_append_new(asked,
				      json_pack("{s:s, s:s, s:s}", "id", question->id, "label",
						question->label, "kind", question_kind_name(question->kind)));
	}
	if (json_object_size(values) == 0)
		return true;
	JSON_LOCAL both = json_pack("{s:O, s:O}", "answers", values, "questions", asked);
	char *text = json_dumps(both, JSON_COMPACT);
	*ret_text = text != NULL ? arena_strdup(mem, text) : NULL;
	free(text);
	if (*ret_text != NULL && strlen(*ret_text) <= ANSWERS_BYTES_MAX)
		return true;
	*ret_fault = (struct json_fault){JSON_INVALID_FIELD, "answers", "The answers are too long in total."};
	return false;
}
