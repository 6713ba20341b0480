/*
 * coach - what memory knows of each coach, and what the files above share.
 *
 * A `struct calendar_coach` holds the link in force, the last busy times and how the provider has behaved.
 * Its lock is held for moments only, never across a call to the database or to a provider. Entries are made
 * when first asked for and live as long as the calendars.
 */
#ifndef CALENDAR_COACH_H
#define CALENDAR_COACH_H

#include "base/crypto.h"
#include "base/table.h"
#include "bell.h"
#include "busy_memory.h"
#include "calendar/calendar.h"
#include "health.h"
#include "link.h"

struct calendar_coach {
	UT_hash_handle hh; /* in the registry, by id */
	char *id;
	pthread_mutex_t lock;
	pthread_cond_t asked; /* a request for busy times has ended; CLOCK_MONOTONIC */

	struct link *link;   /* NULL: to be read from the database */
	struct link *former; /* until then: its access token may be of use; NULL */

	struct busy_memory *busy; /* NULL: none */
	bool asking;
	int64_t asking_since;  /* as monotonic_ms */
	int64_t renewer_until; /* as monotonic_ms: one listing was sent to renew the busy times */
	uint64_t asks;         /* how many requests have ended */
	bool last_ask_failed;
	int64_t forgotten_at; /* as monotonic_ms: busy times asked before are not fresh */
	seconds reach;        /* how far ahead busy times are asked for */

	struct health health;
	int visitors;        /* requests that wait for the provider, requests_per_coach at most */
	int64_t heard_at;    /* as monotonic_ms: when it last answered, or when the first of these came */
	pthread_cond_t left; /* one of them has gone; CLOCK_MONOTONIC */
	int payers;          /* background threads busy with this coach */
	uint64_t account;    /* how many accounts were forgotten */
	uint64_t listed;     /* in which round the database last named it as one with a calendar */
	bool adopted;        /* what was booked before the calendar was connected is owed to it */
	bool probing;        /* a thread finds out what the credentials may do */
	bool announced;      /* that is known, and logged */
};

enum {
	PAYERS_PER_COACH = 1, /* busy with one coach at once */
	/* A provider may well take so long. One that has not answered for longer is waited for by nobody
	   else. */
	FAIR_MS = 1000,
};

struct payers;
struct keeper;

struct calendars {
	struct calendar_settings settings;
	struct arena mem; /* of texts made from the settings */
	bool on;
	struct link_settings links;
	unsigned char push_key[CRYPTO_SHA256_SIZE]; /* see push_token.h */

	pthread_rwlock_t coaches_lock;
	struct calendar_coach *coaches; /* NULL: none */

	atomic_bool
		accounts; /* Google is configured, or a coach had an account of their own to be written to */

	struct bell bell;
	struct payers *payers; /* NULL: not started */
	struct keeper *keeper;

	struct gauge *debt_count;
	struct gauge *sources_failing;
	struct gauge *debt_age;
};

/* The registry alone, in zeroed calendars. */
void coaches_init(struct calendars *calendars);
void coaches_clear(struct calendars *calendars);

/* There is an account to be written to. */
void calendars_account_seen(struct calendars *calendars);

/*
 * Wait until there is an account, or for the stop: without one the threads that call providers need no
 * connections to the database.
 */
void calendars_await_account(struct calendars *calendars, enum bell_for who);

/* The coach's entry, made when it is not there. */
struct calendar_coach *coach_entry(struct calendars *calendars, const char *coach_id);

/* Call `each` for every coach that memory knows, oldest entry first. */
void coaches_each(struct calendars *calendars, void (*each)(struct calendar_coach *coach, void *owner),
		  void *owner);

/*
 * The link in force, held, or NULL with a database failure in *ret_result. Reads the database when memory
 * does not know; blocks for that only.
 */
struct link *coach_link(struct calendars *calendars, struct db *db, struct calendar_coach *coach,
			enum db_result *ret_result);

/* The link in memory, held, or NULL. Never blocks. */
struct link *coach_link_known(struct calendar_coach *coach);

/* Read the link again when it is next needed: it has changed, but is of the same account. */
void coach_link_changed(struct calendar_coach *coach);

/* As coach_link_changed, for another account: its busy times and its health are forgotten as well. */
void coach_forget(struct calendar_coach *coach);

/* Tell this daemon and the others that a coach's appointments or busy times have changed. */
void coach_times_changed(struct calendars *calendars, const char *coach_id);

void coach_learn(struct calendar_coach *coach, enum ability *of_coach, enum ability learned);
struct abilities coach_abilities(struct calendar_coach *coach);

/*
 * Coaches whose provider is not to be called now, separated by commas: the breaker is open or the consent has
 * ended. For writes also: the provider asked us to wait, or enough threads write already.
 */
char *coaches_blocked(struct calendars *calendars, struct arena *mem, enum call_kind kind);

#endif
