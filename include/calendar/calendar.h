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
#ifndef CALENDAR_CALENDAR_H
#define CALENDAR_CALENDAR_H

#include "calendar/worker.h"
#include "base/seal.h"
#include "db/appointments.h"
#include "domain/interval.h"
#include "base/metrics.h"
#include "net/google_auth.h"

#include <stdbool.h>
#include <stddef.h>

struct calendars;

/*
 * Borrowed for the life of the calendars. Which credentials serve a coach: their own consent if they gave
 * one; else the service account, if it is configured and the coach is coach_id (or has calendars of their own
 * in the table coach_calendar); else none, until they consent where an OAuth client is configured.
 */
struct calendar_settings {
	const char *api;                 /* GOOGLE_CALENDAR_API */
	const char *service_account_key; /* JSON text; NULL: none */
	const char *impersonate;         /* GOOGLE_IMPERSONATE; NULL: none */
	const char *calendar_id; /* COACH_GOOGLE_CALENDAR_ID of the seeded coach; default "primary". Several
				    with commas between: the first is written to, all are read */
	const char *coach_id;    /* COACH_ID, whom calendar_id belongs to */
	struct google_oauth_client oauth;  /* id NULL: no consent is offered */
	const struct seal_keys *seal_keys; /* TOKEN_ENCRYPTION_KEY; NULL: none */
	const char *public_url;            /* NULL: none, so no pushes */
	const char *database_url;          /* for its own threads */
	seconds fresh_seconds;
	seconds stale_seconds;
	seconds poll_seconds;
	struct metrics *metrics;
	/* Told when a coach's calendar gave time back, or changed appointments, so that all forget what they
	 * know of it. Any thread. */
	void (*freed)(void *owner, const char *coach_id);
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
	int64_t asked_at;       /* the same to the millisecond (monotonic), which tells two answers apart */
	struct intervals times; /* sorted, disjoint; in the caller's arena */
};

/*
 * For a listing, from memory only: true when busy times that cover `within` and are at most fresh_seconds old
 * are there (or the calendar is off), copied into mem. False: ask calendar_busy_listing on a worker. False as
 * well for one asker a second when two thirds of that time are over, so that this one renews them for all.
 */
bool calendar_busy_peek(struct calendars *calendars, const char *coach_id, struct interval within,
			instant now, struct arena *mem, struct calendar_busy *ret_busy);

/*
 * For a listing: as peek, but asks Google when need be. One request is in flight per coach, others wait for
 * its result; stale ones serve when Google cannot be reached. The breaker answers at once while Google is
 * down. Of a window that ends more than 480 days ahead nothing is remembered: it is asked for as for a
 * booking, so keep it short.
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

/* The busy times of a coach that were asked for so far are too old: at a push, or when another replica says
 * so. */
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

struct calendar_abilities {
	struct calendar_ability read_busy;
	struct calendar_ability write_events;
	struct calendar_ability invite_guests;
	struct calendar_ability create_meet;
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
	struct calendar_abilities can;
	instant last_success_at; /* 0: never */
	int64_t pending;
	int64_t failed;
};

/* May ask the database; never Google. DB_OK or a failure. */
enum db_result calendar_status(struct calendars *calendars, struct worker *worker, const char *coach_id,
			       struct arena *mem, struct calendar_status *ret_status);

/* All coaches who have a calendar taken together, the worst of each: for /health. */
struct calendar_health {
	const char *state; /* "off" (nobody has one), "ok", "backing_off", "needs_consent", "failing" */
	struct calendar_abilities can;
	instant last_success_at; /* the latest of any; 0: none since the start */
};

/* From memory; never blocks. */
struct calendar_health calendars_health(struct calendars *calendars);

/*
 * Ask Google now what the credentials may do, as far as that shows without writing: busy times, and the list
 * of events. For `doctor` and the start; calendar_status then knows more. Blocks until the deadline at most.
 */
void calendar_probe(struct calendars *calendars, struct worker *worker, const char *coach_id,
		    int64_t deadline);

/* Whether coaches can be offered to connect their calendar: client, keys and PUBLIC_URL are configured. */
bool calendar_consent_possible(const struct calendars *calendars);

/*
 * Begin a consent: *ret_url, in mem, is where the coach's browser has to go, good for ten minutes and one
 * answer. Only if calendar_consent_possible. DB_OK or a failure.
 */
enum db_result calendar_connect(struct calendars *calendars, struct worker *worker, const char *coach_id,
				instant now, struct arena *mem, const char **ret_url);

/*
 * The browser came back from Google with these parameters (NULL: not sent). Returns the word for the coach's
 * page: "connected", Google's own error, "bad_state" (forged, used or too old: nothing was changed) or
 * "exchange_failed".
 */
const char *calendar_consent_received(struct calendars *calendars, struct worker *worker, const char *state,
				      const char *code, const char *error, instant now, int64_t deadline,
				      struct arena *mem);

/*
 * End a coach's consent: channels stopped, tokens forgotten here and revoked at Google (if Google can be
 * reached; else that is logged). What was still owed counts as refused until the calendar is connected again.
 * Nothing happens where a service account serves the coach. DB_OK or a failure, after which nothing was
 * ended.
 */
enum db_result calendar_disconnect(struct calendars *calendars, struct worker *worker, const char *coach_id,
				   int64_t deadline, struct arena *mem);

/* Try what Google refused once more, in the background. DB_OK with how many there are, or a failure. */
enum db_result calendar_retry(struct calendars *calendars, struct worker *worker, const char *coach_id,
			      int64_t *ret_retried);

/* ---- pushes ---- */

/* Headers of a push, https://developers.google.com/workspace/calendar/api/guides/push. NULL: not sent. */
struct push {
	const char *channel_id;  /* X-Goog-Channel-ID */
	const char *token;       /* X-Goog-Channel-Token */
	const char *resource_id; /* X-Goog-Resource-ID */
	const char *state;       /* X-Goog-Resource-State */
};

enum push_verdict {
	PUSH_ACCEPTED,    /* a look for changes follows */
	PUSH_UNKNOWN,     /* no such channel (any more) */
	PUSH_REFUSED,     /* the token or the resource is not the channel's: logged, nothing done */
	PUSH_UNAVAILABLE, /* the database; Google tries again */
};

enum push_verdict calendar_pushed(struct calendars *calendars, struct worker *worker,
				  const struct push *push);

/* ---- the keys consents rest under ---- */

enum { CALENDAR_LINE = 300 };

enum calendar_keys {
	CALENDAR_KEYS_GOOD,
	CALENDAR_KEYS_WRONG,       /* a consent does not open; ret_line says whose and what to do */
	CALENDAR_KEYS_UNAVAILABLE, /* the database; ret_line says why */
};

/*
 * Whether these keys open every consent there is; to be asked before the daemon serves, for with the wrong
 * key it must not start. keys NULL: none are configured. Reads only.
 */
enum calendar_keys calendar_check_keys(struct db *db, const struct seal_keys *keys,
				       char ret_line[static CALENDAR_LINE]);

/*
 * Seal every consent with the first of the keys (`bookingd rekey`); the others can go afterwards. Nothing is
 * written unless all can be opened. Safe while daemons run that have all the keys. ret_count: how many were
 * sealed anew.
 */
enum calendar_keys calendar_rekey(struct db *db, const struct seal_keys *keys, size_t *ret_count,
				  char ret_line[static CALENDAR_LINE]);

#endif
