/* The readers that all parts of a schedule share. */
#include "schedule_reader.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_NAME_BYTES = 60 };

void reader_fault(struct reader *reader, enum json_verdict verdict, const char *path, const char *detail)
{
	struct schedule_faults *faults = reader->faults;
	faults->total++;
	if (faults->count < SCHEDULE_FAULTS_MAX)
		faults->at[faults->count++] = (struct json_fault){verdict, path, detail};
}

/* `wrong` goes on after the path: "must be an array." */
void reader_invalid(struct reader *reader, const char *path, const char *wrong)
{
	reader_fault(reader, JSON_INVALID_FIELD, path, arena_printf(reader->work, "%s %s", path, wrong));
}

/* "weekly[0]" and "to" give "weekly[0].to"; a path that is empty or ends in a dot gets the name as it is. */
const char *reader_member(struct reader *reader, const char *path, const char *name)
{
	size_t length = strlen(path);
	const char *dot = length == 0 || path[length - 1] == '.' ? "" : ".";
	return arena_printf(reader->work, "%s%s%s", path, dot, name);
}

const char *reader_element(struct reader *reader, const char *path, size_t index)
{
	return arena_printf(reader->work, "%s[%zu]", path, index);
}

/* Whether it is an object; names that are not in the list are faults of their own. */
bool reader_object(struct reader *reader, const json_t *value, const char *path, const char *const names[],
		   size_t count)
{
	if (!json_is_object(value)) {
		reader_invalid(reader, path, "must be an object.");
		return false;
	}
	const char *name = NULL;
	json_t *ignored = NULL;
	json_object_foreach((json_t *)value, name, ignored)
	{
		bool known = false;
		for (size_t i = 0; i < count && !known; i++)
			known = strcmp(names[i], name) == 0;
		if (known)
			continue;
		const char *unknown =
			reader_member(reader, path, utf8_beginning(reader->work, name, SHOWN_NAME_BYTES));
		reader_fault(reader, JSON_UNKNOWN_FIELD, unknown,
			     arena_printf(reader->work, "%s isn't a field of a schedule.", unknown));
	}
	return true;
}

/* Whether it is an array of at most `max`. */
bool reader_array(struct reader *reader, const json_t *value, const char *path, size_t max)
{
	if (!json_is_array(value)) {
		reader_invalid(reader, path, value == NULL ? "is required." : "must be an array.");
		return false;
	}
	if (json_array_size(value) > max) {
		reader_invalid(reader, path,
			       arena_printf(reader->work, "can have at most %zu, not %zu.", max,
					    json_array_size(value)));
		return false;
	}
	return true;
}

const char *reader_text(struct reader *reader, const json_t *value, const char *path, size_t least,
			size_t most, enum text_kind kind)
{
	if (!json_is_string(value)) {
		reader_invalid(reader, path, value == NULL ? "is required." : "must be a string.");
		return NULL;
	}
	const char *text = json_string_value(value);
	if (reader->stored)
		text = text_clean(reader->work, text, kind);
	enum text_fault fault = text_check(text, kind);
	if (fault != TEXT_GOOD) {
		reader_invalid(reader, path, text_fault_detail(fault));
		return NULL;
	}
	text = text_is_blank(text) ? "" : text_trim(reader->work, text);
	size_t length = utf8_length(text);
	if (length < least || length > most) {
		reader_invalid(
			reader, path,
			length == 0 ? "must not be empty."
				    : arena_printf(reader->work, "must have at most %zu characters.", most));
		return NULL;
	}
	return arena_strdup(reader->mem, text);
}

bool reader_integer(struct reader *reader, const json_t *value, const char *path, int64_t min, int64_t max,
		    int64_t *ret_value)
{
	int64_t number = 0;
	if (!json_whole_number(value, &number) || number < min || number > max) {
		reader_invalid(reader, path,
			       arena_printf(reader->work,
					    "must be a whole number from %" PRId64 " to %" PRId64 ".", min,
					    max));
		return false;
	}
	*ret_value = number;
	return true;
}

/* HH:MM as minutes. */
static bool read_clock(struct reader *reader, const json_t *value, const char *path, int max,
		       int *ret_minutes)
{
	const char *text = json_is_string(value) ? json_string_value(value) : "";
	bool good = json_is_string(value) && json_string_length(value) == 5 && text[2] == ':';
	for (int i = 0; good && i < 5; i++)
		good = i == 2 || (text[i] >= '0' && text[i] <= '9');
	int hour = good ? (text[0] - '0') * 10 + (text[1] - '0') : 0;
	int minute = good ? (text[3] - '0') * 10 + (text[4] - '0') : 0;
	if (!good || minute > 59 || hour * 60 + minute > max) {
		reader_invalid(reader, path,
			       value == NULL ? "is required."
			       : max == MINUTES_PER_DAY
				       ? "must be a time from 00:00 to 24:00, written HH:MM."
				       : "must be a time from 00:00 to 23:59, written HH:MM.");
		return false;
	}
	*ret_minutes = hour * 60 + minute;
	return true;
}

void reader_hours(struct reader *reader, const json_t *object, const char *path, struct hours *hours)
{
	const char *to_path = reader_member(reader, path, "to");
	bool from = read_clock(reader, json_object_get(object, "from"), reader_member(reader, path, "from"),
			       MINUTES_PER_DAY - 1, &hours->from);
	bool to = read_clock(reader, json_object_get(object, "to"), to_path, MINUTES_PER_DAY, &hours->to);
	if (from && to && hours->from == hours->to)
		reader_invalid(reader, to_path,
			       "can't be the same as the start; a whole day is 00:00 to 24:00.");
}

static bool is_id(const char *text)
{
	size_t length = strlen(text);
	return length > 0 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					  "0123456789._-") == length;
}

const char *reader_line(struct reader *reader, const json_t *value, const char *path, size_t most)
{
	return reader_text(reader, value, path, 1, most, TEXT_LINE);
}

const char *reader_id(struct reader *reader, const json_t *value, const char *path)
{
	const char *id = reader_text(reader, value, path, 1, SCHEDULE_ID_MAX, TEXT_LINE);
	if (id == NULL || is_id(id))
		return id;
	reader_invalid(reader, path, "can only have letters, digits, '.', '_' and '-'.");
	return NULL;
}
