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
	X(MALFORMED_JSON, malformed_json, 400, "The body is not valid JSON.")                                \
	X(BAD_PARAMETER, bad_parameter, 400, "A query parameter cannot be read.")                            \
	X(BAD_REQUEST, bad_request, 400, "The request is malformed.")                                        \
	X(UNAUTHENTICATED, unauthenticated, 401, "Please sign in first.")                                    \
	X(WRONG_CODE, wrong_code, 401, "That is not the code. Please look at the newest mail.")              \
	X(CODE_EXPIRED, code_expired, 410, "This code is too old or was used. Please ask for a new one.")    \
	X(FORBIDDEN, forbidden, 403, "You may not do this.")                                                 \
	X(NOT_FOUND, not_found, 404, "There is no such thing here.")                                         \
	X(UNKNOWN_COACH, unknown_coach, 404, "There is no such coach.")                                      \
	X(UNKNOWN_SESSION_TYPE, unknown_session_type, 404, "The coach does not offer this kind of session.") \
	X(METHOD_NOT_ALLOWED, method_not_allowed, 405, "This address does not take that method.")            \
	X(SERIES_CONFLICT, series_conflict, 409, "Not every date of the series can be booked.")              \
	X(WAITLIST_FULL, waitlist_full, 409, "You wait for as many times as one may at once.")               \
	X(REFERENCE_USED, reference_used, 409, "This reference was used for something else.")                \
	X(REQUEST_IN_PROGRESS, request_in_progress, 409,                                                     \
	  "The first request with this Idempotency-Key is still being answered.")                            \
	X(CHANGED_MEANWHILE, changed_meanwhile, 412,                                                         \
	  "Somebody else changed this in the meantime. Please read it again.")                               \
	X(BODY_TOO_LARGE, body_too_large, 413, "The body is too large.")                                     \
	X(URI_TOO_LONG, uri_too_long, 414, "The request's address is too long.")                             \
	X(UNSUPPORTED_MEDIA_TYPE, unsupported_media_type, 415, "The body must be application/json.")         \
	X(INVALID_FIELD, invalid_field, 422, "A field of the body has a value that cannot be used.")         \
	X(UNKNOWN_FIELD, unknown_field, 422, "The body has a field that this call does not know.")           \
	X(IDEMPOTENCY_KEY_REUSED, idempotency_key_reused, 422,                                               \
	  "This Idempotency-Key was used for another request.")                                              \
	X(RATE_LIMITED, rate_limited, 429, "Too many requests. Please wait a moment.")                       \
	X(HEADERS_TOO_LARGE, headers_too_large, 431, "The request's headers are too large.")                 \
	X(NOT_IMPLEMENTED, not_implemented, 501, "The server does not know how to do this.")                 \
	X(INTERNAL_ERROR, internal_error, 500, "Something went wrong on our side.")                          \
	X(CALENDAR_UNAVAILABLE, calendar_unavailable, 503,                                                   \
	  "The coach's calendar cannot be reached right now. Please try again soon.")                        \
	X(DATABASE_UNAVAILABLE, database_unavailable, 503,                                                   \
	  "The booking system cannot reach its database. Please try again soon.")                            \
	X(OVERLOADED, overloaded, 503, "Too much is going on right now. Please try again soon.")

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
