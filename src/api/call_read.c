/*
 * What handlers read of a request: its path, query, body and language. See api/api.h.
 */
#include "api/api.h"
#include "base/json.h"
#include "base/uuid.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- path and query ---- */

bool call_query_integer(struct call *call, const char *name, int64_t min, int64_t max, int64_t *ret_value)
{
	const char *text = request_query(call->request, name);
	if (text == NULL)
		return true;
	char *end = NULL;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < min || value > max) {
		call_problem(call, PROBLEM_BAD_PARAMETER, name,
			     arena_printf(call->mem, "%s must be a whole number from %lld to %lld.", name,
					  (long long)min, (long long)max));
		return false;
	}
	*ret_value = value;
	return true;
}

bool call_path_uuid(struct call *call, const char *name, const char *missing, const char **ret_id)
{
	*ret_id = request_parameter(call->request, name);
	if (uuid_parse(*ret_id, strlen(*ret_id), NULL))
		return true;
	call_problem(call, PROBLEM_NOT_FOUND, NULL, missing);
	return false;
}

bool call_read_instant(struct call *call, const char *text, instant *ret_at)
{
	enum { OFFSET_BYTES = 6 }; /* +hh:mm, at the end, behind a fraction if there is one */
	size_t length = strlen(text);
	if (length <= OFFSET_BYTES || text[length - OFFSET_BYTES] != ' ')
		return instant_parse_rounded(text, length, ret_at);
	char *mended = arena_strdup(call->mem, text);
	mended[length - OFFSET_BYTES] = '+';
	return instant_parse_rounded(mended, length, ret_at);
}

bool call_query_instant(struct call *call, const char *name, bool *ret_given, instant *ret_at)
{
	const char *text = request_query(call->request, name);
	*ret_given = text != NULL;
	if (text == NULL || call_read_instant(call, text, ret_at))
		return true;
	call_problem(call, PROBLEM_BAD_PARAMETER, name,
		     arena_printf(call->mem, "%s must be a time with an offset such as 2026-11-24T14:00:00Z.",
				  name));
	return false;
}

/* ---- the body ---- */

enum problem_code call_fault_code(enum json_verdict verdict)
{
	return verdict == JSON_UNKNOWN_FIELD   ? PROBLEM_UNKNOWN_FIELD
	       : verdict == JSON_INVALID_FIELD ? PROBLEM_INVALID_FIELD
					       : PROBLEM_MALFORMED_JSON;
}

bool call_body(struct call *call, const struct json_field fields[], size_t count)
{
	struct json_fault fault;
	const char *body = call->request->body;
	size_t length = call->request->body_length;
	if (length == 0 && call->endpoint->body_optional) {
		body = "{}";
		length = 2;
	}
	if (json_read_body(call->mem, body, length, fields, count, &fault))
		return true;
	call_problem(call, call_fault_code(fault.verdict), fault.field, fault.detail);
	return false;
}

bool call_object(struct call *call, const char *name, const json_t *object, const struct json_field fields[],
		 size_t count)
{
	JSON_LOCAL empty = json_object();
	struct json_fault fault = {
		.verdict = JSON_INVALID_FIELD,
		.detail = arena_printf(call->mem, "%s must be an object.", name),
	};
	if (object != NULL && !json_is_object(object)) {
		call_problem(call, PROBLEM_INVALID_FIELD, name, fault.detail);
		return false;
	}
	if (json_read_fields(call->mem, object != NULL ? object : empty, fields, count, &fault))
		return true;
	call_problem(call, call_fault_code(fault.verdict),
		     arena_printf(call->mem, "%s.%s", name, fault.field), fault.detail);
	return false;
}

/* ---- the language ---- */

static bool is_locale(const char *tag, size_t length)
{
	enum { SUBTAG_MAX = 8 };
	size_t subtag = 0;
	if (length < 2 || length > LOCALE_MAX_CHARACTERS)
		return false;
	for (size_t i = 0; i < length; i++) {
		bool letter = (tag[i] >= 'a' && tag[i] <= 'z') || (tag[i] >= 'A' && tag[i] <= 'Z');
		bool digit = tag[i] >= '0' && tag[i] <= '9';
		if (tag[i] == '-' && subtag > 0 && i + 1 < length)
			subtag = 0;
		else if ((!letter && !digit) || ++subtag > SUBTAG_MAX)
			return false;
	}
	return true;
}

bool call_check_locale(struct call *call, const char *field, const char *tag)
{
	if (tag == NULL || is_locale(tag, strlen(tag)))
		return true;
	call_problem(call, PROBLEM_INVALID_FIELD, field, "locale must be a language tag such as fr-CA.");
	return false;
}

const char *call_accepted_locale(const struct call *call)
{
	const char *rest = request_header_list(call->request, "Accept-Language");
	struct request_choice choice, best = {.quality = 0};
	while (rest != NULL && request_choice_next(&rest, &choice))
		if (choice.quality > best.quality && is_locale(choice.text, choice.length))
			best = choice;
	return best.quality > 0 ? arena_strndup(call->mem, best.text, best.length) : NULL;
}
