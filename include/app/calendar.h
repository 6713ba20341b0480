/*
 * calendar - the coach's Google Calendar: who may do what, busy times, the debt of events, and news from
 * Google.
 *
 * One `struct calendars` serves the whole daemon and every thread. Per coach it keeps the credentials in use,
 * the last known busy times, a circuit breaker and what Google said last. What is owed to Google is never
 * kept here: it is derived from the appointment's row (version against synced_version), so nothing can be
 * lost with the process.
 *
 * Functions with a worker block (database, Google) until their deadline at most, as monotonic_ms; the others
 * answer from memory. No lock is held across a call to the database or to Google.
 */
#ifndef APP_CALENDAR_H
#define APP_CALENDAR_H

#include "app/worker.h"
#include "base/seal.h"
#include "db/appointments.h"
#include "domain/interval.h"
#include "http/metrics.h"
#include "net/google_auth.h"

#include <stdbool.h>
#include <stddef.h>

struct calendars;

/* Borrowed for the life of the calendars. */
struct calendar_settings {
	const char *api;                 /* GOOGLE_CALENDAR_API */
	const char *service_account_key; /* JSON text; NULL: none */
	const char *impersonate;         /* GOOGLE_IMPERSONATE; NULL: none */
	const char *calendar_id;         /* COACH_GOOGLE_CALENDAR_ID of the seeded coach; default "primary" */
	const char *coach_id;            /* COACH_ID, whom calendar_id belongs to */
	struct google_oauth_client oauth;  /* id NULL: no consent is offered */
	const struct seal_keys *seal_keys; /* TOKEN_ENCRYPTION_KEY; NULL: none */
	const char *public_url;            /* NULL: none, so no pushes */
	const char *database_url;          /* for its own threads */
	seconds fresh_seconds;
	seconds stale_seconds;
	seconds poll_seconds;
	struct metrics *metrics;
	/* Told when the sync changed a coach's appointments, so that caches are dropped. Any thread. */
	void (*appointments_changed)(void *owner, const char *coach_id);
	void *owner;
};

/*
 * Returns NULL with *ret_reason set to one sentence when the credentials cannot be used at all (a malformed
 * key). No network. calendars_start begins the threads that pay debts, poll, renew channels and poll pending
 * conferences; calendars_stop ends and joins them; calendars_free frees.
 */
struct calendars *calendars_new(const struct calendar_settings *settings, const char **ret_reason);
void calendars_start(struct calendars *calendars);
void calendars_stop(struct calendars *calendars);
void calendars_free(struct calendars *calendars);

/* Whether any Google setting is there at all. False: every coach's calendar is off. */
bool calendars_on(const struct calendars *calendars);

/* ---- busy times ---- */

enum calendar_knowledge {
	CALENDAR_KNOWN_LIVE,  /* fresh busy times */
	CALENDAR_KNOWN_STALE, /* Google cannot be reached; the last known, within CALENDAR_STALE_SECONDS */
	CALENDAR_KNOWN_OFF,   /* no calendar is connected: nothing is busy */
	CALENDAR_UNKNOWN,     /* nothing that may be relied on: offer nothing (503) */
};

struct calendar_busy {
	enum calendar_knowledge knowledge;
	instant as_of;          /* when Google said so; `now` for off */
	struct intervals times; /* sorted, disjoint; in the caller's arena */
};

/*
 * For a listing, from memory only: true when busy times that cover `within` and are at most fresh_seconds old
 * are there (or the calendar is off), copied into mem. False: ask calendar_busy_listing on a worker.
 */
bool calendar_busy_peek(struct calendars *calendars, const char *coach_id, struct interval within,
			instant now, struct arena *mem, struct calendar_busy *ret_busy);

/*
 * For a listing: as peek, but asks Google when need be. One request is in flight per coach, others wait for
 * its result; stale ones serve when Google cannot be reached. The breaker answers at once while Google is
 * down.
 */
void calendar_busy_listing(struct calendars *calendars, struct worker *worker, const char *coach_id,
			   struct interval within, instant now, int64_t deadline, struct arena *mem,
			   struct calendar_busy *ret_busy);

/*
 * For a booking: always asks Google afresh for just `within`. If it cannot be reached: the last known times,
 * at most stale_seconds old, if they cover `within`, else CALENDAR_UNKNOWN.
 *
 * moving  the appointment that is being moved, whose own event is not to count as busy; NULL: none. Its time
 * counts as free only where Google's event list shows that nothing else is there.
 */
void calendar_busy_booking(struct calendars *calendars, struct worker *worker, const char *coach_id,
			   struct interval within, const struct appointment *moving, instant now,
			   int64_t deadline, struct arena *mem, struct calendar_busy *ret_busy);

/* As calendar_busy_listing, with the own event of an appointment left out: for `rescheduling=`. */
void calendar_busy_moving(struct calendars *calendars, struct worker *worker, const char *coach_id,
			  struct interval within, const struct appointment *moving, instant now,
			  int64_t deadline, struct arena *mem, struct calendar_busy *ret_busy);

/* Forget the busy times of a coach: after an own write, or when another replica says so. */
void calendar_forget(struct calendars *calendars, const char *coach_id);

/* ---- events ---- */

/*
 * The calendar that events of this coach are written to, for the row of a new booking; NULL when there is
 * none (off, or no consent yet). May ask the database on first use of a coach; DB_OK or a failure.
 */
enum db_result calendar_target(struct calendars *calendars, struct worker *worker, const char *coach_id,
			       struct arena *mem, const char **ret_calendar_id);

/*
 * Pay what the appointment owes to Google, until the deadline, and write the result into its row. Called by
 * the request that made the change, which holds the lease; the background threads do the same. Always leaves
 * *appointment as the row now is; when it could not be paid the state is pending and the debt follows by
 * itself.
 */
void calendar_pay(struct calendars *calendars, struct worker *worker, struct arena *mem, int64_t deadline,
		  struct appointment *appointment);

/* synced, pending, failed, conflict, off: the word for the reply. */
const char *calendar_state_of(const struct appointment *appointment);

/* ---- the coach's side: one function per call of the contract, used by api/google.c ---- */

struct calendar_ability {
	bool known;
	bool can;
};

struct calendar_status {
	const char *mode;    /* oauth, service_account, off */
	const char *state;   /* ok, needs_consent, backing_off, failing */
	const char *detail;  /* one sentence: what Google says and the remedy; NULL */
	const char *account; /* NULL: not known */
	struct {
		const char *id;
		bool writes;
	} * calendars;
	size_t calendar_count;
	struct calendar_ability read_busy;
	struct calendar_ability write_events;
	struct calendar_ability invite_guests;
	struct calendar_ability create_meet;
	instant last_success_at; /* 0: never */
	int64_t pending;
	int64_t failed;
};

enum db_result calendar_status(struct calendars *calendars, struct worker *worker, const char *coach_id,
			       struct arena *mem, struct calendar_status *ret_status);

/* The worst state over all coaches in use, from memory, for /health: "ok", "off", "failing"... */
const char *calendars_health(struct calendars *calendars);

#endif
