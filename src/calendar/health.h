/*
 * health - how a provider has behaved towards one coach, and what follows from it.
 *
 * Pure: the clock and the randomness come in as a `struct moment`; no lock, no I/O. Whoever shares a health
 * between threads holds a lock.
 *
 * A circuit breaker answers for the provider after three failures in a row. A rate limit makes writes wait,
 * or, when a read met it, every call. quotaExceeded holds writes back for hours
 * (https://developers.google.com/workspace/calendar/api/guides/errors).
 */
#ifndef CALENDAR_HEALTH_H
#define CALENDAR_HEALTH_H

#include "base/instant.h"
#include "net/google.h"

#include <stdbool.h>
#include <stdint.h>

struct moment {
	int64_t ms;      /* as monotonic_ms */
	instant at;      /* the same on the wall */
	uint32_t random; /* spreads retries */
};

enum ability {
	ABILITY_UNKNOWN,
	ABILITY_YES,
	ABILITY_NO,
};

/* What the credentials have proved able to do. */
struct abilities {
	enum ability read_busy;
	enum ability write_events;
	enum ability invite_guests;
	enum ability create_meet;
};

/* What went wrong last. outcome GOOGLE_OK: nothing. */
struct trouble {
	enum google_outcome outcome;
	char reason[64];
	char detail[400]; /* one sentence for a person */
};

enum call_kind {
	CALL_READ,
	CALL_WRITE,
};

enum { CALL_KINDS = CALL_WRITE + 1 };

/* Zeroed: nothing is known. */
struct health {
	unsigned failures;         /* in a row */
	unsigned refusals;         /* rate limits in a row */
	unsigned holds;            /* quotaExceeded in a row */
	int64_t closed_until;      /* no calls before this, as monotonic_ms */
	int64_t writes_wait_until; /* no writes before this: a rate limit */
	int64_t held_until;        /* no writes before this: quotaExceeded */
	instant last_success_at;   /* 0: never */
	struct trouble trouble[CALL_KINDS];
	struct abilities can;
};

/* Whether a call may be made now, and whether a write may. */
bool health_may_call(const struct health *health, int64_t now_ms);
bool health_may_write(const struct health *health, int64_t now_ms);

/*
 * Take an answer into account.
 *
 * detail   the sentence for a person, used if the answer is about the credentials or the calendar.
 *
 * Returns true when writes are now held back by quotaExceeded and were not before: worth an alarm.
 */
bool health_note(struct health *health, enum call_kind kind, const struct google_answer *answer,
		 const char *detail, struct moment now);

/* The provider answered, but not about every calendar: busy times cannot be read. */
void health_note_unknown(struct health *health, const char *reason, const char *detail);

/*
 * Forget what makes writes wait and what was refused: another try is worth it now.
 *
 * undelegated, read_only  what the credentials cannot do whatever happens (struct link).
 */
void health_retry(struct health *health, bool undelegated, bool read_only);

/* min(2^attempt s, longest_ms), less a random part of it up to a third. */
int64_t backoff_ms(int64_t attempt, int64_t longest_ms, uint32_t random);

#endif
