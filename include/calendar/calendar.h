/*
 * calendar - the coaches' calendars: making, starting, stopping and freeing what serves them.
 *
 * busy.h has busy times, events.h the events of appointments, account.h connecting and status, push.h what
 * Google tells us, keys.h the keys that consents are sealed with.
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

#include "db/database.h"
#include "base/seal.h"
#include "base/metrics.h"
#include "db/manage_link.h"
#include "net/google_auth.h"

#include <stdbool.h>
#include <stddef.h>

struct calendars;

/* Connections to the database, at most, that the threads of started calendars use. */
enum { CALENDAR_CONNECTIONS = 6 };

/*
 * Borrowed for the life of the calendars. Which credentials serve a coach: their own consent if they gave
 * one; else the CalDAV account they chose to be written to; else the service account, if it is configured and
 * the coach is coach_id (or has calendars of their own in the table coach_calendar); else none, until they
 * consent where an OAuth client is configured.
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
	struct manage_settings links;      /* public_url NULL: no pushes either */
	bool mail;                         /* mail is sent, so what Google does not invite to, mail does */
	struct database *database;         /* for its own threads */
	const atomic_bool *schema_sound;   /* for db_guard(); NULL: nobody guards it */
	seconds fresh_seconds;
	seconds stale_seconds;
	seconds poll_seconds;
	bool allow_private;     /* CALENDAR_ALLOW_PRIVATE, for CalDAV servers */
	int requests_per_coach; /* at most so many wait for one coach's provider at once, so that others can
				   be served */
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

/* Whether any coach can have a calendar that is written to: a Google setting is there, or a key that CalDAV
 * accounts are sealed with. */
bool calendars_on(const struct calendars *calendars);

#endif
