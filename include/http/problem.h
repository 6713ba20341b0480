/*
 * problem - every error code of the HTTP contract, each once: its status and its sentence.
 *
 * Those of a refusal are in domain/refusal.h. A code that is misspelt does not compile.
 */
#ifndef HTTP_PROBLEM_H
#define HTTP_PROBLEM_H

#include "domain/refusal.h"

/* X(NAME, code, status, sentence): the sentence is what a person reads where the caller has none to add. */
#define PROBLEMS(X)                                                                                          \
	X(MALFORMED_JSON, malformed_json, 400, "The body isn't valid JSON.")                                 \
	X(BAD_PARAMETER, bad_parameter, 400, "A query parameter can't be read.")                             \
	X(BAD_REQUEST, bad_request, 400, "The request is malformed.")                                        \
	X(UNAUTHENTICATED, unauthenticated, 401, "Please sign in first.")                                    \
	X(WRONG_CODE, wrong_code, 401, "That isn't the right code. Please use the one in the latest email.") \
	X(CODE_EXPIRED, code_expired, 410,                                                                   \
	  "This code has expired or has already been used. Please ask for a new one.")                       \
	X(FORBIDDEN, forbidden, 403, "You don't have permission to do this.")                                \
	X(NOT_FOUND, not_found, 404, "This couldn't be found.")                                              \
	X(UNKNOWN_COACH, unknown_coach, 404, "This coach couldn't be found. Please check the link.")         \
	X(UNKNOWN_SESSION_TYPE, unknown_session_type, 404,                                                   \
	  "This session isn't offered. Please choose another one.")                                          \
	X(METHOD_NOT_ALLOWED, method_not_allowed, 405, "This method isn't allowed here.")                    \
	X(SERIES_CONFLICT, series_conflict, 409, "Some of these dates can't be booked.")                     \
	X(WAITLIST_FULL, waitlist_full, 409,                                                                 \
	  "You're already on as many waiting lists as possible. Leave one to join another.")                 \
	X(REFERENCE_USED, reference_used, 409, "This reference has already been used for something else.")   \
	X(REQUEST_IN_PROGRESS, request_in_progress, 409,                                                     \
	  "Your request is already being processed. Please try again in a moment.")                          \
	X(CHANGED_MEANWHILE, changed_meanwhile, 412,                                                         \
	  "Someone else changed this in the meantime. Please reload it and try again.")                      \
	X(BODY_TOO_LARGE, body_too_large, 413, "The body is too large.")                                     \
	X(URI_TOO_LONG, uri_too_long, 414, "The request's address is too long.")                             \
	X(UNSUPPORTED_MEDIA_TYPE, unsupported_media_type, 415, "The body must be application/json.")         \
	X(INVALID_FIELD, invalid_field, 422, "A field has a value that can't be used.")                      \
	X(UNKNOWN_FIELD, unknown_field, 422, "The body has a field that isn't known here.")                  \
	X(IDEMPOTENCY_KEY_REUSED, idempotency_key_reused, 422,                                               \
	  "This Idempotency-Key has already been used for another request.")                                 \
	X(RATE_LIMITED, rate_limited, 429, "Too many requests. Please wait a moment.")                       \
	X(HEADERS_TOO_LARGE, headers_too_large, 431, "The request's headers are too large.")                 \
	X(NOT_IMPLEMENTED, not_implemented, 501, "The server doesn't support this.")                         \
	X(INTERNAL_ERROR, internal_error, 500, "Something went wrong on our side. Please try again.")        \
	X(CALENDAR_UNAVAILABLE, calendar_unavailable, 503,                                                   \
	  "The coach's calendar can't be reached right now. Please try again in a moment.")                  \
	X(DATABASE_UNAVAILABLE, database_unavailable, 503,                                                   \
	  "Booking isn't available right now. Please try again in a moment.")                                \
	X(OVERLOADED, overloaded, 503, "We're very busy right now. Please try again in a moment.")

enum problem_code {
#define PROBLEM_ENUM(name, code, status, sentence) PROBLEM_##name,
	PROBLEMS(PROBLEM_ENUM) REFUSALS(PROBLEM_ENUM)
#undef PROBLEM_ENUM
		PROBLEM_COUNT,
};

/* What belongs to a code. Texts are static. */
struct problem_terms {
	const char *code;
	unsigned status;
	const char *sentence;
};

const struct problem_terms *problem_terms(enum problem_code code);

/* The problem that a refusal is in a reply; not for REFUSAL_NONE. */
enum problem_code problem_of_refusal(enum refusal refusal);

#endif
