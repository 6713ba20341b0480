#include "api/slots_command.h"

#include "base/die.h"
#include "base/json.h"
#include "domain/schedule_json.h"
#include "domain/slot.h"
#include "http/problem.h"

#include <stdlib.h>
#include <string.h>

enum {
	INPUT_BYTES_MAX = 64 * 1024 * 1024,
	ANSWER_BYTES_MAX = 1024 * 1024 * 1024,
	SHOWN_NAME_BYTES = 60,
};

struct case_problem {
	enum problem_code code;
	const char *field; /* NULL if none */
	const char *detail;
};

struct slots_case {
	struct schedule *schedule;
	const struct session_type *type;
	int64_t duration_minutes;
	struct intervals busy;
	instant now;
	instant from;
	instant to;
};

static bool fail(struct case_problem *problem, enum problem_code code, const char *field, const char *detail)
{
	*problem = (struct case_problem){code, field, detail};
	return false;
}

static bool fail_by_fault(struct case_problem *problem, const struct json_fault *fault)
{
	enum problem_code code = fault->verdict == JSON_MALFORMED       ? PROBLEM_MALFORMED_JSON
				 : fault->verdict == JSON_UNKNOWN_FIELD ? PROBLEM_UNKNOWN_FIELD
									: PROBLEM_INVALID_FIELD;
	return fail(problem, code, fault->field, fault->detail);
}

/* A member that is there and not null. */
static json_t *given(const json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);
	return json_is_null(value) ? NULL : value;
}

static bool check_names(const json_t *object, const char *prefix, const char *const names[], size_t count,
			struct arena *mem, struct case_problem *problem)
{
	const char *name = NULL;
	json_t *value = NULL;
	json_object_foreach((json_t *)object, name, value)
	{
		bool known = false;
		for (size_t i = 0; i < count && !known; i++)
			known = strcmp(names[i], name) == 0;
		if (known)
			continue;
		const char *field =
			arena_printf(mem, "%s%s", prefix, utf8_beginning(mem, name, SHOWN_NAME_BYTES));
		return fail(problem, PROBLEM_UNKNOWN_FIELD, field,
			    arena_printf(mem, "%s isn't a field of a case.", field));
	}
	return true;
}

static bool read_instant(const json_t *value, const char *field, instant *ret_at, struct arena *mem,
			 struct case_problem *problem)
{
	if (json_is_string(value) &&
	    instant_parse(json_string_value(value), json_string_length(value), ret_at))
		return true;
	const char *fault =
		json_is_string(value) ? json_fraction_fault(mem, field, json_string_value(value)) : NULL;
	if (fault == NULL)
		fault = arena_printf(mem, "%s must be a time with an offset such as 2026-11-24T14:00:00Z.",
				     field);
	return fail(problem, PROBLEM_INVALID_FIELD, field, fault);
}

/* An instant, or a day of the coach's zone: its first instant, or with `day_end` the first one after it. */
static bool read_edge(const json_t *value, const char *field, const struct zone *zone, bool day_end,
		      instant *ret_at, struct case_problem *problem)
{
	struct civil_date date;
	if (json_is_string(value)) {
		const char *text = json_string_value(value);
		size_t length = json_string_length(value);
		if (instant_parse(text, length, ret_at))
			return true;
		if (date_parse(text, length, &date)) {
			*ret_at = zone_instant(zone, date_to_days(date) + (day_end ? 1 : 0), 0);
			return true;
		}
	}
	return fail(problem, PROBLEM_INVALID_FIELD, field,
		    day_end ? "to must be a time with an offset such as 2026-11-24T14:00:00Z, or a day."
			    : "from must be a time with an offset such as 2026-11-24T14:00:00Z, or a day.");
}

static bool read_busy(const json_t *array, struct slots_case *this, struct arena *mem,
		      struct case_problem *problem)
{
	static const char *const names[] = {"start", "end"};
	this->busy = INTERVALS_NONE;
	if (array == NULL)
		return true;
	if (!json_is_array(array))
		return fail(problem, PROBLEM_INVALID_FIELD, "busy", "busy must be an array.");
	size_t count = json_array_size(array);
	struct interval *at = arena_array(mem, count, sizeof(*at));
	for (size_t i = 0; i < count; i++) {
		const json_t *entry = json_array_get(array, i);
		const char *path = arena_printf(mem, "busy[%zu]", i);
		if (!json_is_object(entry))
			return fail(problem, PROBLEM_INVALID_FIELD, path,
				    arena_printf(mem, "%s must be an object.", path));
		const char *end = arena_printf(mem, "%s.end", path);
		if (!check_names(entry, arena_printf(mem, "%s.", path), names, 2, mem, problem) ||
		    !read_instant(json_object_get(entry, "start"), arena_printf(mem, "%s.start", path),
				  &at[i].start, mem, problem) ||
		    !read_instant(json_object_get(entry, "end"), end, &at[i].end, mem, problem))
			return false;
		if (at[i].end < at[i].start)
			return fail(problem, PROBLEM_INVALID_FIELD, end,
				    arena_printf(mem, "%s must not be before its start.", end));
	}
	this->busy = (struct intervals){at, intervals_normalize(at, count)};
	return true;
}

static bool read_type(const json_t *object, struct slots_case *this, struct arena *mem,
		      struct case_problem *problem)
{
	const json_t *id = given(object, "session_type");
	if (id != NULL && !json_is_string(id))
		return fail(problem, PROBLEM_INVALID_FIELD, "session_type", "session_type must be a string.");
	this->type = schedule_type(this->schedule, json_string_value(id));
	if (this->type == NULL)
		return fail(problem, PROBLEM_UNKNOWN_SESSION_TYPE, "session_type",
			    "The schedule has no session type of this id.");

	const json_t *duration = given(object, "duration_minutes");
	this->duration_minutes = this->type->durations[0];
	if (duration == NULL)
		return true;
	if (!json_whole_number(duration, &this->duration_minutes) || this->duration_minutes < 1)
		return fail(problem, PROBLEM_INVALID_FIELD, "duration_minutes",
			    "duration_minutes must be a whole number of minutes.");
	if (session_type_offers(this->type, this->duration_minutes))
		return true;
	const char *offered = "";
	for (size_t i = 0; i < this->type->duration_count; i++)
		offered = arena_printf(mem, "%s%s%d", offered, i > 0 ? ", " : "", this->type->durations[i]);
	return fail(problem, PROBLEM_BAD_DURATION, "duration_minutes",
		    arena_printf(mem, "This length isn't offered; these are: %s min.", offered));
}

static bool read_case(const json_t *object, struct slots_case *this, struct arena *mem,
		      struct case_problem *problem)
{
	static const char *const names[] = {
		"schedule", "session_type", "duration_minutes", "busy", "now", "from", "to"};
	if (!check_names(object, "", names, 7, mem, problem))
		return false;
	struct schedule_faults faults = {0};
	const json_t *schedule = given(object, "schedule");
	this->schedule = schedule == NULL ? schedule_read_text("{}", 2, mem, mem, &faults)
					  : schedule_read(schedule, "schedule.", mem, mem, &faults);
	if (this->schedule == NULL)
		return fail_by_fault(problem, &faults.at[0]);
	if (!read_type(object, this, mem, problem) || !read_busy(given(object, "busy"), this, mem, problem))
		return false;

	const json_t *now = given(object, "now");
	const json_t *from = given(object, "from");
	const json_t *to = given(object, "to");
	const struct zone *zone = this->schedule->zone;
	this->now = instant_now();
	if (now != NULL && !read_instant(now, "now", &this->now, mem, problem))
		return false;
	this->from = this->now;
	/* A start may lie on the horizon itself. */
	this->to = this->now + this->type->policy.horizon_days * SECONDS_PER_DAY + 1;
	return (from == NULL || read_edge(from, "from", zone, false, &this->from, problem)) &&
	       (to == NULL || read_edge(to, "to", zone, true, &this->to, problem));
}

static void write_problem(const struct case_problem *problem, struct buffer *answer)
{
	struct json_writer writer;
	json_writer_init(&writer, answer);
	json_write_object(&writer, NULL);
	json_write_object(&writer, "error");
	json_write_text(&writer, "code", problem_terms(problem->code)->code);
	json_write_text(&writer, "field", problem->field);
	json_write_text(&writer, "detail", problem->detail);
	json_write_object_end(&writer);
	json_write_object_end(&writer);
}

static void write_slots(struct slots slots, struct buffer *answer)
{
	char text[INSTANT_TEXT_BYTES];
	buffer_append_text(answer, "{\"slots\":[");
	for (size_t i = 0; i < slots.count; i++) {
		instant_format(slots.starts[i], text);
		buffer_append_text(answer, i > 0 ? ",\"" : "\"");
		buffer_append(answer, text, INSTANT_TEXT_BYTES - 1);
		buffer_append_char(answer, '"');
	}
	buffer_append_text(answer, "]}");
}

/* Whether it could be answered with slots; the answer is written either way. */
static bool answer_case(const char *bytes, size_t length, struct arena *mem, struct buffer *answer)
{
	struct case_problem problem = {0};
	struct json_fault malformed = {0};
	struct slots_case this = {0};
	__attribute__((cleanup(json_cleanup))) json_t *object =
		json_parse_object(mem, bytes, length, &malformed);
	if (object == NULL ? !fail_by_fault(&problem, &malformed)
			   : !read_case(object, &this, mem, &problem)) {
		write_problem(&problem, answer);
		return false;
	}
	const struct slot_question question = {
		.schedule = this.schedule,
		.type = this.type,
		.duration = this.duration_minutes * SECONDS_PER_MINUTE,
		.now = this.now,
		.calendar = this.busy,
	};
	write_slots(slot_list(&question, this.from, this.to, mem), answer);
	return true;
}

static size_t skip_space(const char *bytes, size_t length, size_t at)
{
	while (at < length && strchr(" \t\r\n", bytes[at]) != NULL && bytes[at] != '\0')
		at++;
	return at;
}

/*
 * Bytes of the JSON value that begins here, 0 if there is none. Names that repeat and numbers that are too
 * large pass, so that the fault stays with the one case.
 */
static size_t value_length(const char *bytes, size_t length)
{
	json_error_t error;
	json_t *value = json_loadb(
		bytes, length, JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &error);
	size_t read = value != NULL ? (size_t)error.position : 0;
	json_decref(value);
	return read;
}

struct piece {
	size_t start;
	size_t length;
};

/* The values of the array that begins at bytes[at]; false if it is not one, and nothing else. */
static bool split_array(const char *bytes, size_t length, size_t at, struct piece **ret_pieces,
			size_t *ret_count)
{
	struct piece *pieces = NULL;
	size_t count = 0;
	size_t room = 0;
	bool more = true;
	at = skip_space(bytes, length, at + 1);
	if (at < length && bytes[at] == ']')
		more = false;
	while (more) {
		size_t size = value_length(bytes + at, length - at);
		if (size == 0)
			break;
		if (count == room) {
			room = room == 0 ? 64 : room * 2;
			pieces = reallocarray(pieces, room, sizeof(*pieces));
			if (pieces == NULL)
				die("out of memory");
		}
		pieces[count++] = (struct piece){at, size};
		at = skip_space(bytes, length, at + size);
		if (at == length || (bytes[at] != ',' && bytes[at] != ']'))
			break;
		more = bytes[at] == ',';
		if (more)
			at = skip_space(bytes, length, at + 1);
	}
	if (at < length && !more && skip_space(bytes, length, at + 1) == length) {
		*ret_pieces = pieces;
		*ret_count = count;
		return true;
	}
	free(pieces);
	return false;
}

static bool put(struct buffer *answer, FILE *out)
{
	return !answer->overflowed && fwrite(answer->bytes, 1, answer->length, out) == answer->length;
}

static bool answer_array(const char *bytes, const struct piece pieces[], size_t count, FILE *out)
{
	struct arena mem = ARENA_EMPTY;
	struct buffer answer;
	buffer_init(&answer, ANSWER_BYTES_MAX);
	bool good = true;
	for (size_t i = 0; i < count && good; i++) {
		buffer_append_text(&answer, i == 0 ? "[" : ",\n");
		answer_case(bytes + pieces[i].start, pieces[i].length, &mem, &answer);
		good = put(&answer, out);
		buffer_reset(&answer);
		arena_reset(&mem);
	}
	arena_clear(&mem);
	buffer_clear(&answer);
	return good && fputs(count == 0 ? "[]\n" : "]\n", out) >= 0;
}

static bool read_all(FILE *in, struct buffer *text)
{
	char chunk[65536];
	size_t got = 0;
	while ((got = fread(chunk, 1, sizeof(chunk), in)) > 0) {
		if (!buffer_append(text, chunk, got))
			return false;
	}
	return ferror(in) == 0;
}

static bool answer_text(const struct buffer *text, FILE *out)
{
	struct piece *pieces = NULL;
	size_t count = 0;
	size_t first = skip_space(text->bytes, text->length, 0);
	if (first < text->length && text->bytes[first] == '[' &&
	    split_array(text->bytes, text->length, first, &pieces, &count)) {
		bool good = answer_array(text->bytes, pieces, count, out);
		free(pieces);
		return good;
	}
	struct arena mem = ARENA_EMPTY;
	struct buffer answer;
	buffer_init(&answer, ANSWER_BYTES_MAX);
	bool good = answer_case(buffer_text(text), text->length, &mem, &answer);
	buffer_append_char(&answer, '\n');
	good = put(&answer, out) && good;
	buffer_clear(&answer);
	arena_clear(&mem);
	return good;
}

int slots_command(FILE *in, FILE *out)
{
	struct buffer text;
	buffer_init(&text, INPUT_BYTES_MAX);
	bool good = false;
	if (read_all(in, &text))
		good = answer_text(&text, out);
	else
		fputs("{\"error\":{\"code\":\"body_too_large\",\"field\":null,\"detail\":\"The input is "
		      "larger than "
		      "64 MiB, or cannot be read.\"}}\n",
		      out);
	good = fflush(out) == 0 && good;
	buffer_clear(&text);
	return good ? 0 : 1;
}
