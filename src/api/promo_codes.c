/* A coach's promo codes. */
#include "api/coach.h"
#include "api/credits.h"
#include "api/rows.h"
#include "base/json.h"

#include <string.h>

enum { CODE_LEAST = 3, CODE_MOST = 40, USES_MAX = 1000000, VALUE_MAX = 1000, PERCENT_MAX = 100 };

static const char no_such[] = "This code couldn't be found.";

/* The columns of the statements about codes. */
enum code_column {
	CODE_OUTCOME,
	CODE_CODE,
	CODE_KIND,
	CODE_VALUE,
	CODE_MAX_USES,
	CODE_PER_USER,
	CODE_USED,
	CODE_FROM,
	CODE_TO,
	CODE_TYPES,
	CODE_CREATED_AT,
};

static void write_code(struct json_writer *writer, const struct db_rows *rows, size_t row)
{
	json_write_object(writer, NULL);
	json_write_text(writer, "code", db_get_text(rows, row, CODE_CODE));
	json_write_text(writer, "kind", db_get_text(rows, row, CODE_KIND));
	rows_write_integer(writer, "value", rows, row, CODE_VALUE);
	rows_write_integer(writer, "max_uses", rows, row, CODE_MAX_USES);
	rows_write_integer(writer, "per_user", rows, row, CODE_PER_USER);
	rows_write_integer(writer, "used", rows, row, CODE_USED);
	rows_write_instant(writer, "from", rows, row, CODE_FROM);
	rows_write_instant(writer, "to", rows, row, CODE_TO);
	rows_write_json(writer, "session_types", rows, row, CODE_TYPES);
	rows_write_instant(writer, "created_at", rows, row, CODE_CREATED_AT);
	json_write_object_end(writer);
}

void api_promo_codes(struct call *call)
{
	COACH_LOCAL coach = NULL;
	if (!api_coach_find(call, &coach))
		return;
	DB_ROWS rows = {0};
	enum db_result result =
		db_run(call->worker->db, QUERY_PROMO_CODES, DB_PARAMETERS(db_text(coach->id)), &rows);
	struct json_writer writer;
	if (!rows_begin_list(call, result, "promo_codes", &writer))
		return;
	for (size_t i = 0; i < rows.count; i++)
		write_code(&writer, &rows, i);
	json_write_array_end(&writer);
	json_write_object_end(&writer);
}

/* What a code does, as it was sent. A number that was not sent is -1. */
struct code_wish {
	const char *code; /* in capitals */
	const char *kind;
	int64_t value;
	int64_t max_uses;
	int64_t per_user;
	instant from;
	instant to;
	bool from_given;
	bool to_given;
	const char *types;
};

/* The code in capitals; NULL: it is none. */
static const char *in_capitals(struct call *call, const char *code)
{
	static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	char *capitals = arena_strdup(call->mem, code);
	for (char *at = capitals; *at != '\0'; at++) {
		if (*at >= 'a' && *at <= 'z')
			*at = (char)(*at - 'a' + 'A');
	}
	const size_t length = strlen(capitals);
	return length >= CODE_LEAST && length <= CODE_MOST && strspn(capitals, characters) == length
		       ? capitals
		       : NULL;
}

/* Whether the value belongs to the kind. False: answered. */
static bool check_value(struct call *call, struct code_wish *wish)
{
	const bool free = strcmp(wish->kind, "free") == 0;
	const bool percent = strcmp(wish->kind, "percent") == 0;
	if (!free && !percent && strcmp(wish->kind, "credits") != 0) {
		call_problem(call, PROBLEM_INVALID_FIELD, "kind",
			     "kind must be one of credits, percent, free.");
		return false;
	}
	if (free && wish->value < 0)
		wish->value = 0;
	const int64_t most = free ? 0 : percent ? PERCENT_MAX : VALUE_MAX;
	if (wish->value >= (free ? 0 : 1) && wish->value <= most)
		return true;
	call_problem(call, PROBLEM_INVALID_FIELD, "value",
		     free      ? "value is for credits and percent only."
		     : percent ? "value must be from 1 to 100 percent."
			       : "value must be from 1 to 1000 credits.");
	return false;
}

/* in_path: the code, where it is not in the body. False: answered. */
static bool read_code(struct call *call, const char *in_path, struct code_wish *wish)
{
	JSON_LOCAL types = NULL;
	const struct json_field fields[] = {
		{"kind", JSON_FIELD_TEXT, true, 1, 20, &wish->kind, NULL},
		{"value", JSON_FIELD_INTEGER, false, 0, VALUE_MAX, &wish->value, NULL},
		{"max_uses", JSON_FIELD_INTEGER, false, 1, USES_MAX, &wish->max_uses, NULL},
		{"per_user", JSON_FIELD_INTEGER, false, 1, USES_MAX, &wish->per_user, NULL},
		{"from", JSON_FIELD_INSTANT, false, 0, 0, &wish->from, &wish->from_given},
		{"to", JSON_FIELD_INSTANT, false, 0, 0, &wish->to, &wish->to_given},
		{"session_types", JSON_FIELD_VALUE, false, 0, 0, &types, NULL},
		{"code", JSON_FIELD_LINE, true, 1, CODE_MOST, &wish->code, NULL},
	};
	const size_t count = sizeof(fields) / sizeof(fields[0]) - (in_path != NULL ? 1 : 0);
	if (!call_body(call, fields, count) || !credits_read_types(call, types, &wish->types))
		return false;
	wish->code = in_capitals(call, in_path != NULL ? in_path : wish->code);
	if (wish->code == NULL) {
		if (in_path != NULL)
			call_problem(call, PROBLEM_NOT_FOUND, NULL, no_such);
		else
			call_problem(call, PROBLEM_INVALID_FIELD, "code",
				     "code must be 3 to 40 letters, digits, - and _.");
		return false;
	}
	if (wish->from_given && wish->to_given && wish->to <= wish->from) {
		call_problem(call, PROBLEM_INVALID_FIELD, "to", "to must be after from.");
		return false;
	}
	return check_value(call, wish);
}

static struct db_value number_or_null(int64_t number)
{
	return number < 0 ? db_null() : db_int(number);
}

static void put_code(struct call *call, const char *in_path)
{
	COACH_LOCAL coach = NULL;
	struct code_wish wish = {.value = -1, .max_uses = -1, .per_user = -1};
	if (!api_coach_find(call, &coach) || !read_code(call, in_path, &wish))
		return;
	DB_ROWS rows = {0};
	enum db_result result = db_run(
		call->worker->db, QUERY_PROMO_CODE_PUT,
		DB_PARAMETERS(db_text(coach->id), db_text(wish.code), db_text(wish.kind), db_int(wish.value),
			      number_or_null(wish.max_uses), number_or_null(wish.per_user),
			      wish.from_given ? db_instant(wish.from) : db_null(),
			      wish.to_given ? db_instant(wish.to) : db_null(), db_text(wish.types),
			      db_bool(in_path != NULL), db_text(call->actor.user_id),
			      db_text(call->actor.role), db_text(call->actor.request_id)),
		&rows);
	if (result != DB_OK) {
		call_database_failure(call, result);
		return;
	}
	const char *outcome = db_get_text(&rows, 0, CODE_OUTCOME);
	struct json_writer writer;
	if (strcmp(outcome, "made") == 0 || strcmp(outcome, "changed") == 0) {
		json_writer_init(&writer, reply_begin_json(call->reply, outcome[0] == 'm' ? 201 : 200));
		write_code(&writer, &rows, 0);
		if (outcome[0] == 'm')
			reply_header_literal(
				call->reply, "Location",
				arena_printf(call->mem, "/coach/%s/promo-codes/%s", coach->id, wish.code));
	} else if (strcmp(outcome, "reference_used") == 0) {
		call_problem(call, PROBLEM_REFERENCE_USED, "code", "You already have this code.");
	} else if (strcmp(outcome, "in_use") == 0) {
		call_problem(call, PROBLEM_INVALID_FIELD, "max_uses",
			     "This code has already been used more often than that.");
	} else if (strcmp(outcome, "not_found") == 0) {
		call_problem(call, PROBLEM_NOT_FOUND, NULL, no_such);
	} else {
		call_database_failure(call,
				      db_misunderstood(call->worker->db, "the outcome of a code", outcome));
	}
}

void api_promo_code_make(struct call *call)
{
	put_code(call, NULL);
}

void api_promo_code_change(struct call *call)
{
	put_code(call, request_parameter(call->request, "code"));
}

void api_promo_code_end(struct call *call)
{
	COACH_LOCAL coach = NULL;
	if (!api_coach_find(call, &coach))
		return;
	enum db_result result = db_run(
		call->worker->db, QUERY_PROMO_CODE_END,
		DB_PARAMETERS(db_text(coach->id), db_text(request_parameter(call->request, "code"))), NULL);
	if (call_found(call, result, no_such))
		reply_empty(call->reply, 204);
}
