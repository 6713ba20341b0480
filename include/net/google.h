/*
 * google - what an answer from Google means for us.
 *
 * Google tells the same story in many ways: a status, a reason inside one of two JSON
 * shapes, an HTML page from a front end, or silence. All of it ends as one outcome that
 * says what to do next. The rules are those of Google's error guide
 * (https://developers.google.com/workspace/calendar/api/guides/errors) and of the OAuth 2.0
 * guides; where replies in the wild differ, src/net/google.c says so.
 *
 * Pure functions, safe from any thread.
 */
#ifndef NET_GOOGLE_H
#define NET_GOOGLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/instant.h"
#include "net/fetch.h"

/* What to do next is the comment of each. */
enum google_outcome {
	GOOGLE_OK,
	GOOGLE_UNAUTHORIZED, /* 401 again with a fresh token: needs the operator or a new consent */
	GOOGLE_NOT_FOUND, /* 404: no such event, calendar or channel, or not visible to us; fine for a delete
			   */
	GOOGLE_GONE,      /* 410 for one event: deleted already; fine for a delete */
	GOOGLE_DUPLICATE, /* 409: the id exists, perhaps from our own lost attempt: get it and compare */
	GOOGLE_PRECONDITION_FAILED, /* 412: changed since it was read: read again, decide again */
	GOOGLE_RATE_LIMITED,   /* 429, or 403 for rate limits: back off with jitter, at least retry_after */
	GOOGLE_QUOTA_EXCEEDED, /* 403 quotaExceeded: the account is held back for hours: back off long, alarm
				*/
	GOOGLE_FORBIDDEN,      /* 403: this account will never be let do this; do not repeat */
	GOOGLE_INVALID,        /* 400 and its like: this request is never accepted; do not repeat */
	GOOGLE_FULL_SYNC_REQUIRED, /* 410 for a list: the sync token is dead: drop it, list everything */
	GOOGLE_DEAD_GRANT,         /* the refresh token is expired or revoked: stop, ask for consent */
	GOOGLE_TEMPORARY,          /* silence, 5xx or a page that is not an answer: repeat later */
	GOOGLE_OPERATOR,           /* credentials, project or policy are wrong: stop until somebody acts */
};

enum { GOOGLE_OUTCOMES = GOOGLE_OPERATOR + 1 };

/* An outcome with what the operator wants to read about it. */
struct google_answer {
	enum google_outcome outcome;
	bool may_be_applied; /* no final answer came, and the request may have been carried out: look before
				sending again */
	int status;          /* HTTP status; 0: no reply */
	seconds retry_after; /* what Google asked us to wait; 0: nothing */
	char reason[64];     /* Google's reason ("rateLimitExceeded", "invalid_grant"), or ours in lower case
				("timeout", "connect", "not_json"); "" when ok */
	bool is_sentence;    /* message says all there is to say, and it is not Google that says it */
	char message[256];   /* Google's sentence, one line, without addresses and long secrets; "" when none
				came */
};

/* "ok", "dead_grant"...: for metrics and log lines. */
const char *google_outcome_name(enum google_outcome outcome);

/* True where time alone may heal it: RATE_LIMITED, QUOTA_EXCEEDED, TEMPORARY. */
bool google_outcome_passes(enum google_outcome outcome);

/*
 * What to do about it: one sentence for the coach or the operator; NULL if there is nothing to say that the
 * message does not say already.
 */
const char *google_remedy(const struct google_answer *answer);

/* Did Google refuse because these credentials can make no Meet link here? (400, told by its text only.) */
bool google_refused_meet(const struct google_answer *answer);

/* Did Google refuse because a service account without impersonation may invite nobody? */
bool google_refused_guests(const struct google_answer *answer);

/* What 410 means depends on what was asked. */
enum google_subject {
	GOOGLE_ABOUT_EVENT, /* an event, a channel, busy times */
	GOOGLE_ABOUT_LIST,  /* events.list */
};

/*
 * Judge a reply of the Calendar API. A 2xx status is GOOGLE_OK whatever its body holds: the
 * reader of the body judges that. Everything fetch can bring is covered: failures, both JSON error
 * shapes, HTML, empty bodies, statuses nobody documented.
 */
void google_answer_read(const struct fetch_reply *reply, enum google_subject subject,
			struct google_answer *ret_answer);

/* As google_answer_read, for the token endpoint, whose errors have a shape and meanings of their own. */
enum google_grant_kind {
	GOOGLE_GRANT_ASSERTION, /* a service account's key: invalid_grant is the operator's */
	GOOGLE_GRANT_CONSENT,   /* a refresh token or a code: invalid_grant is GOOGLE_DEAD_GRANT */
};
void google_token_answer_read(const struct fetch_reply *reply, enum google_grant_kind kind,
			      struct google_answer *ret_answer);

/* Set an answer of our own making: outcome and reason, the rest empty. */
void google_answer_set(struct google_answer *answer, enum google_outcome outcome, const char *reason);

#endif
