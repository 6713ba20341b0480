#include "net/google.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/json.h"

/* --- Names ------------------------------------------------------------------------------- */

const char *google_outcome_name(enum google_outcome outcome)
{
	static const char *const names[GOOGLE_OUTCOMES] = {
		[GOOGLE_OK] = "ok",
		[GOOGLE_UNAUTHORIZED] = "unauthorized",
		[GOOGLE_NOT_FOUND] = "not_found",
		[GOOGLE_GONE] = "gone",
		[GOOGLE_DUPLICATE] = "duplicate",
		[GOOGLE_PRECONDITION_FAILED] = "precondition_failed",
		[GOOGLE_RATE_LIMITED] = "rate_limited",
		[GOOGLE_QUOTA_EXCEEDED] = "quota_exceeded",
		[GOOGLE_FORBIDDEN] = "forbidden",
		[GOOGLE_INVALID] = "invalid",
		[GOOGLE_FULL_SYNC_REQUIRED] = "full_sync_required",
		[GOOGLE_DEAD_GRANT] = "dead_grant",
		[GOOGLE_TEMPORARY] = "temporary",
		[GOOGLE_OPERATOR] = "operator",
	};

	return names[outcome];
}

bool google_outcome_passes(enum google_outcome outcome)
{
	return outcome == GOOGLE_RATE_LIMITED || outcome == GOOGLE_QUOTA_EXCEEDED ||
	       outcome == GOOGLE_TEMPORARY;
}

/* --- What an operator may read --------------------------------------------------------------- */

static bool is_word(char c)
{
	return (unsigned char)c > ' ' && c != '"' && c != '\'' && c != '<' && c != '>' && c != '(' &&
	       c != ')' && c != ',';
}

static bool is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '-';
}

/* Tokens, codes and keys are long runs of letters and digits; so are few words of a sentence. */
static bool has_secret(const char *word, size_t length)
{
	enum { SECRET_LENGTH_MIN = 24 };
	size_t run = 0;
	bool digit = false;

	for (size_t i = 0; i < length; i++) {
		if (!is_token(word[i])) {
			run = 0;
			digit = false;
			continue;
		}
		run++;
		digit |= word[i] >= '0' && word[i] <= '9';
		if (run >= SECRET_LENGTH_MIN && digit)
			return true;
	}
	return false;
}

/* False once something did not fit: the rest is to be left out, too. */
static bool append_bounded(char *out, size_t size, const char *text, size_t length)
{
	size_t used = strlen(out);
	size_t room = size - 1 - used;
	bool fits = length <= room;

	if (!fits) {
		length = room;
		/* Never end within a character. */
		while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--;
	}
	memcpy(out + used, text, length);
	out[used + length] = '\0';
	return fits;
}

/* Copy a sentence of Google's as one line, without addresses and what may be a secret. */
static void copy_message(char *out, size_t size, const char *text)
{
	bool fits = true;

	out[0] = '\0';
	while (*text && fits) {
		size_t length = 0;

		while (is_word(text[length]))
			length++;
		if (length == 0) {
			fits = append_bounded(out, size, (unsigned char)*text < 0x20 ? " " : text, 1);
			text++;
			continue;
		}
		if (memchr(text, '@', length))
			fits = append_bounded(out, size, "[address]", strlen("[address]"));
		else if (has_secret(text, length))
			fits = append_bounded(out, size, "[removed]", strlen("[removed]"));
		else
			fits = append_bounded(out, size, text, length);
		text += length;
	}
}

/* A reason is an identifier; anything else is not one of Google's. */
static void copy_reason(char *out, size_t size, const char *reason)
{
	size_t length = strlen(reason);

	for (size_t i = 0; i < length; i++) {
		if (!is_token(reason[i]) && reason[i] != '.')
			length = 0;
	}
	if (length == 0 || length >= size || has_secret(reason, length))
		reason = "unknown";
	snprintf(out, size, "%s", reason);
}

void google_answer_set(struct google_answer *answer, enum google_outcome outcome, const char *reason)
{
	*answer = (struct google_answer){.outcome = outcome};
	snprintf(answer->reason, sizeof(answer->reason), "%s", reason);
}

/* --- The two shapes of errors ------------------------------------------------------------------ */

enum { REASONS_MAX = 8 };

/* What an error body says; points into the parsed JSON. */
struct error_body {
	const char *reasons[REASONS_MAX]; /* the most telling first */
	size_t count;
	bool usage_limits; /* a reason of the domain usageLimits */
	const char *message;
};

static void add_reason(struct error_body *error, const json_t *reason)
{
	if (json_is_string(reason) && error->count < REASONS_MAX)
		error->reasons[error->count++] = json_string_value(reason);
}

/* False: the body is no error of Google's, but a page of some server on the way. */
static bool error_body_read(const json_t *root, struct error_body *ret_error)
{
	const json_t *error = json_object_get(root, "error");
	const json_t *item;
	size_t i;

	*ret_error = (struct error_body){.message = ""};
	if (json_is_string(error)) {
		const char *description = json_string_value(json_object_get(root, "error_description"));

		add_reason(ret_error, error);
		ret_error->message = description ? description : "";
		return true;
	}
	if (!json_is_object(error))
		return false;
	json_array_foreach(json_object_get(error, "errors"), i, item)
	{
		const char *domain = json_string_value(json_object_get(item, "domain"));

		add_reason(ret_error, json_object_get(item, "reason"));
		ret_error->usage_limits |= domain && strcmp(domain, "usageLimits") == 0;
	}
	json_array_foreach(json_object_get(error, "details"), i, item)
		add_reason(ret_error, json_object_get(item, "reason"));
	add_reason(ret_error, json_object_get(error, "status"));
	if (json_is_string(json_object_get(error, "message")))
		ret_error->message = json_string_value(json_object_get(error, "message"));
	return true;
}

/* --- Meanings ------------------------------------------------------------------------------------ */

struct meaning {
	const char *reason;
	enum google_outcome outcome;
};

/* Of 403 and 429. Those in capitals come in `details`, with or without one of the others. */
static const struct meaning refusals[] = {
	{"rateLimitExceeded", GOOGLE_RATE_LIMITED},
	{"userRateLimitExceeded", GOOGLE_RATE_LIMITED},
	{"RATE_LIMIT_EXCEEDED", GOOGLE_RATE_LIMITED},
	{"quotaExceeded", GOOGLE_QUOTA_EXCEEDED},
	{"dailyLimitExceeded", GOOGLE_QUOTA_EXCEEDED},
	{"calendarUsageLimitsExceeded", GOOGLE_QUOTA_EXCEEDED},
	{"forbiddenForServiceAccounts", GOOGLE_FORBIDDEN},
	{"forbiddenForNonOrganizer", GOOGLE_FORBIDDEN},
	{"requiredAccessLevel", GOOGLE_FORBIDDEN},
	{"insufficientPermissions", GOOGLE_OPERATOR},
	{"ACCESS_TOKEN_SCOPE_INSUFFICIENT", GOOGLE_OPERATOR},
	{"accessNotConfigured", GOOGLE_OPERATOR},
	{"SERVICE_DISABLED", GOOGLE_OPERATOR},
};

static const struct meaning conflicts[] = {
	{"duplicate", GOOGLE_DUPLICATE},
	{"conflict", GOOGLE_TEMPORARY},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The first reason of the body that we know, or NULL. */
static const struct meaning *find_meaning(const struct error_body *error, const struct meaning meanings[],
					  size_t count)
{
	for (size_t r = 0; r < error->count; r++) {
		for (size_t m = 0; m < count; m++) {
			if (strcmp(error->reasons[r], meanings[m].reason) == 0)
				return &meanings[m];
		}
	}
	return NULL;
}

/* `error` is NULL where the body is none of Google's. */
static enum google_outcome judge(int status, const struct error_body *error, enum google_subject subject,
				 const char **reason)
{
	const struct meaning *meaning;

	if (status >= 500)
		return GOOGLE_TEMPORARY;
	switch (status) {
	case 400:
	case 405:
	case 411:
	case 413:
	case 414:
	case 415:
	case 422:
	case 431:
		return GOOGLE_INVALID;
	case 401:
		return GOOGLE_UNAUTHORIZED;
	case 403:
	case 429:
		if (!error)
			return status == 429 ? GOOGLE_RATE_LIMITED : GOOGLE_TEMPORARY;
		meaning = find_meaning(error, refusals, COUNT(refusals));
		if (meaning) {
			*reason = meaning->reason;
			return meaning->outcome;
		}
		return status == 429 || error->usage_limits ? GOOGLE_RATE_LIMITED : GOOGLE_FORBIDDEN;
	case 404:
		/* Counts as done for a delete, so only Google's own word is taken for it. */
		return error ? GOOGLE_NOT_FOUND : GOOGLE_TEMPORARY;
	case 409:
		if (!error)
			return GOOGLE_TEMPORARY;
		meaning = find_meaning(error, conflicts, COUNT(conflicts));
		return meaning ? meaning->outcome : GOOGLE_DUPLICATE;
	case 410:
		return subject == GOOGLE_ABOUT_LIST ? GOOGLE_FULL_SYNC_REQUIRED : GOOGLE_GONE;
	case 412:
		return GOOGLE_PRECONDITION_FAILED;
	default:
		return GOOGLE_TEMPORARY;
	}
}

/* A call that brought no reply. */
static void answer_without_reply(const struct fetch_reply *reply, struct google_answer *answer)
{
	google_answer_set(answer, reply->failure == FETCH_REFUSED ? GOOGLE_OPERATOR : GOOGLE_TEMPORARY,
			  fetch_failure_name(reply->failure));
	answer->may_be_applied = reply->sent;
	copy_message(answer->message, sizeof(answer->message), reply->detail);
}

/* Where the body names no reason. */
static const char *reason_of_status(int status)
{
	return status >= 500 ? "server_error" : status >= 400 ? "not_google" : "unexpected_status";
}

static bool succeeded(const struct fetch_reply *reply)
{
	return reply->status >= 200 && reply->status < 300;
}

void google_answer_read(const struct fetch_reply *reply, enum google_subject subject,
			struct google_answer *ret_answer)
{
	__attribute__((cleanup(json_cleanup))) json_t *root = NULL;
	struct error_body error;
	const char *reason;
	bool googles;

	if (reply->failure != FETCH_OK) {
		answer_without_reply(reply, ret_answer);
		return;
	}
	google_answer_set(ret_answer, GOOGLE_OK, "");
	ret_answer->status = reply->status;
	if (succeeded(reply))
		return;
	root = json_loadb(reply->body, reply->body_length, 0, NULL);
	googles = error_body_read(root, &error);
	reason = error.count > 0 ? error.reasons[0] : reason_of_status(reply->status);
	ret_answer->outcome = judge(reply->status, googles ? &error : NULL, subject, &reason);
	ret_answer->may_be_applied = reply->status >= 500;
	ret_answer->retry_after = reply->retry_after;
	copy_reason(ret_answer->reason, sizeof(ret_answer->reason), reason);
	copy_message(ret_answer->message, sizeof(ret_answer->message), error.message);
}

void google_token_answer_read(const struct fetch_reply *reply, enum google_grant_kind kind,
			      struct google_answer *ret_answer)
{
	/* Whatever else the token server says, somebody has to change something (RFC 6749 section 5.2). */
	static const struct meaning passing[] = {
		{"temporarily_unavailable", GOOGLE_TEMPORARY}, {"server_error", GOOGLE_TEMPORARY},
		{"internal_failure", GOOGLE_TEMPORARY},        {"rate_limit_exceeded", GOOGLE_RATE_LIMITED},
		{"rateLimitExceeded", GOOGLE_RATE_LIMITED},    {"userRateLimitExceeded", GOOGLE_RATE_LIMITED},
	};
	__attribute__((cleanup(json_cleanup))) json_t *root = NULL;
	const struct meaning *meaning;
	struct error_body error;
	bool googles;

	if (reply->failure != FETCH_OK) {
		answer_without_reply(reply, ret_answer);
		return;
	}
	google_answer_set(ret_answer, GOOGLE_OK, "");
	ret_answer->status = reply->status;
	if (succeeded(reply))
		return;
	ret_answer->retry_after = reply->retry_after;
	ret_answer->may_be_applied = reply->status >= 500;
	root = json_loadb(reply->body, reply->body_length, 0, NULL);
	googles = error_body_read(root, &error) && error.count > 0;
	meaning = find_meaning(&error, passing, COUNT(passing));
	if (reply->status == 429)
		ret_answer->outcome = GOOGLE_RATE_LIMITED;
	else if (reply->status >= 500 || !googles)
		ret_answer->outcome = GOOGLE_TEMPORARY;
	else if (meaning)
		ret_answer->outcome = meaning->outcome;
	else if (kind == GOOGLE_GRANT_CONSENT && strcmp(error.reasons[0], "invalid_grant") == 0)
		ret_answer->outcome = GOOGLE_DEAD_GRANT;
	else
		ret_answer->outcome = GOOGLE_OPERATOR;
	copy_reason(ret_answer->reason, sizeof(ret_answer->reason),
		    error.count > 0 ? error.reasons[0] : reason_of_status(reply->status));
	copy_message(ret_answer->message, sizeof(ret_answer->message), error.message);
}
