/*
 * account - a coach's account with the provider: how it is, connecting and disconnecting it.
 *
 * One function per call of the contract, and calendar_probe. Functions with a worker block for the database,
 * and those with a deadline for the provider until then. Safe from any thread.
 */
#ifndef CALENDAR_ACCOUNT_H
#define CALENDAR_ACCOUNT_H

#include "calendar/calendar.h"
#include "calendar/worker.h"

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
	const char *mode;    /* oauth, service_account, caldav, off */
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

enum { CALENDAR_CONSENT_SECONDS = 600 };

/* A consent that was begun. In the arena. */
struct calendar_consent {
	const char *url;     /* where the coach's browser has to go */
	const char *browser; /* what that browser alone is to know, as a cookie, until it comes back */
};

/*
 * Begin a consent, good for CALENDAR_CONSENT_SECONDS, one answer, and the browser that began it. Only if
 * calendar_consent_possible. DB_OK or a failure.
 */
enum db_result calendar_connect(struct calendars *calendars, struct worker *worker, const char *coach_id,
				instant now, struct arena *mem, struct calendar_consent *ret_consent);

/* What a browser brings back from Google. NULL: not sent. */
struct calendar_callback {
	const char *state;
	const char *code;
	const char *error;
	const char *browser; /* struct calendar_consent */
};

/*
 * A browser came back from Google. Returns the word for the coach's page: "connected", Google's own error,
 * "bad_state" (forged, used, too old, or from another browser: nothing was changed) or "exchange_failed".
 */
const char *calendar_consent_received(struct calendars *calendars, struct worker *worker,
				      const struct calendar_callback *callback, instant now, int64_t deadline,
				      struct arena *mem);

/*
 * End a coach's consent: channels stopped, tokens forgotten here and revoked at Google (if Google can be
 * reached; else that is logged). What was still owed counts as refused until the calendar is connected again.
 * Nothing happens where a service account serves the coach. DB_OK or a failure, after which nothing was
 * ended.
 */
enum db_result calendar_disconnect(struct calendars *calendars, struct worker *worker, const char *coach_id,
				   int64_t deadline, struct arena *mem);

/* A CalDAV account of the coach's is written to from now on, or no more: all find out. */
void calendar_account_changed(struct calendars *calendars, const char *coach_id);

/* Try what Google refused once more, in the background. DB_OK with how many there are, or a failure. */
enum db_result calendar_retry(struct calendars *calendars, struct worker *worker, const char *coach_id,
			      int64_t *ret_retried);

#endif
