/*
 * calendar_inside - what the files of app/calendar share.
 *
 * A `struct link` is how one coach stands with Google: credentials and calendars, immutable and counted. A
 * `struct calendar_coach` is what memory knows of a coach: the link in force, the last busy times, and how
 * Google has behaved. Its lock is held for moments only, never across a call to the database or to Google.
 *
 * Whoever talks to Google makes a `struct visit`, which holds a link, and reports each answer by visit_note:
 * that is where metrics, the circuit breaker, what the credentials can do, and the end of a consent come
 * from.
 */
#ifndef APP_CALENDAR_INSIDE_H
#define APP_CALENDAR_INSIDE_H

#include "calendar/calendar.h"
#include "net/google_calendar.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- how a coach stands with Google: link.c ---- */

enum link_mode {
	LINK_OFF,
	LINK_SERVICE_ACCOUNT,
	LINK_CONSENT,
};

/* An access token's source, shared by links of the same consent. */
struct shared_tokens {
	atomic_int references;
	struct google_token_source *source;
};

struct link {
	atomic_int references;
	struct arena mem;
	enum link_mode mode;
	bool connected;     /* there are credentials, perhaps dead ones */
	bool needs_consent; /* there were, but Google has ended them, or there are none yet */
	bool bare;          /* a service account that speaks for itself: no guests, no Meet */
	bool may_read_busy; /* by what the coach has granted; true for a service account */
	bool may_write_events;
	const char *account;          /* NULL: not known */
	const char *detail;           /* why consent is needed, or the credentials do not open; NULL */
	const char *sealed;           /* the sealed refresh token; NULL: none */
	struct shared_tokens *tokens; /* NULL: no call can be made */
	const char **calendar_ids;    /* the first is written to */
	size_t calendar_count;
};

enum ability {
	ABILITY_UNKNOWN,
	ABILITY_YES,
	ABILITY_NO,
};

/* What went wrong last, by whether it was about reading or writing. outcome GOOGLE_OK: nothing. */
struct trouble {
	enum google_outcome outcome;
	char reason[64];
	char detail[400];
};

struct busy_memory; /* busy.c */

struct calendar_coach {
	struct calendar_coach *next; /* in its bucket */
	char *id;
	pthread_mutex_t lock;
	pthread_cond_t asked; /* a request for busy times has ended; CLOCK_MONOTONIC */

	struct link *link; /* NULL: to be read from the database */

	struct busy_memory *busy; /* NULL: none */
	bool asking;
	int64_t renewer_until; /* as monotonic_ms: somebody is asking before the busy times are too old */
	uint64_t asks;         /* how many requests have ended */
	bool last_ask_failed;
	int64_t forgotten_at; /* as monotonic_ms: busy times asked before are not fresh */
	seconds reach;        /* how far ahead busy times are asked for */

	unsigned failures;         /* in a row */
	int64_t closed_until;      /* as monotonic_ms: the breaker answers for Google */
	int64_t writes_wait_until; /* Google asked for patience */
	int64_t held_until;        /* quotaExceeded: for hours */
	unsigned refusals;         /* rate limits in a row */
	unsigned holds;            /* quotaExceeded in a row */
	int payers;                /* background threads busy with this coach */
	instant last_success_at;
	struct trouble trouble[2]; /* of reading, of writing */
	enum ability read_busy;
	enum ability write_events;
	enum ability invite_guests;
	enum ability create_meet;
	bool announced; /* the start-up line was written */
};

enum {
	COACH_BUCKETS = 256,
	PAYERS = 3,           /* threads that pay debts */
	PAYERS_PER_COACH = 2, /* of them busy with one coach at once */
};

struct calendars {
	struct calendar_settings settings;
	struct arena mem; /* of the settings' derived texts */
	bool on;
	struct shared_tokens *service_tokens; /* NULL: no service account */
	const char *service_account;          /* its address, or whom it speaks for */
	bool bare;

	pthread_rwlock_t coaches_lock;
	struct calendar_coach *coaches[COACH_BUCKETS];

	/* Threads: threads.c */
	atomic_bool stop;
	bool running;
	pthread_mutex_t wake_lock;
	pthread_cond_t payers_wake;
	pthread_cond_t keeper_wake;
	uint64_t pay_signals;
	uint64_t keep_signals;
	pthread_t payers[PAYERS];
	pthread_t keeper;

	struct gauge *debt_count;
	struct gauge *debt_age;
};

/* The coach's entry, made when it is not there. Never freed before the calendars are. */
struct calendar_coach *calendar_coach_of(struct calendars *calendars, const char *coach_id);

/* Call `each` for every coach that memory knows. */
void calendar_coaches_each(struct calendars *calendars,
			   void (*each)(struct calendars *calendars, struct calendar_coach *coach,
					void *owner),
			   void *owner);

/* The link in force, held, or NULL with a database failure. Reads the database when memory does not know. */
struct link *link_get(struct calendars *calendars, struct worker *worker, struct calendar_coach *coach,
		      enum db_result *ret_result);

/* The link in memory, held, or NULL. Never blocks. */
struct link *link_peek(struct calendar_coach *coach);
void link_release(struct link *link);

/* Read the link anew when it is next needed. `all`: what is known about the credentials goes too. */
void link_forget(struct calendar_coach *coach, bool all);

/* What a refresh token and a PKCE verifier are bound to when sealed. */
const char *seal_name_token(struct arena *mem, const char *coach_id);
const char *seal_name_verifier(struct arena *mem, const char *coach_id);

/* ---- calls to Google: visit.c ---- */

struct visit {
	struct calendars *calendars;
	struct calendar_coach *coach;
	struct link *link; /* held; NULL: the database failed */
	enum db_result result;
	struct worker *worker;
	struct google_call call; /* tokens NULL: no call can be made */
	int64_t started;         /* of the call that is noted next, as monotonic_ms */
};

#define VISIT __attribute__((cleanup(visit_end))) struct visit

/* Begin; mem must outlive the visit. Declare with VISIT, and it ends with the scope. */
void visit_begin(struct visit *visit, struct calendars *calendars, struct worker *worker,
		 const char *coach_id, struct arena *mem, int64_t deadline);
void visit_end(struct visit *visit);

/* Whether Google should be asked at all now: there are credentials, and the breaker is open to calls. */
bool visit_may_call(struct visit *visit);

/* The same for writes, which wait longer where Google asked for it. */
bool visit_may_write(struct visit *visit);

enum visit_kind { VISIT_READ, VISIT_WRITE };

/* Report an answer. `call` is a constant name ("events.insert"). Call it right after each call. */
void visit_note(struct visit *visit, const char *call, enum visit_kind kind,
		const struct google_answer *answer);

/* Busy times came, but not of every calendar. */
void visit_note_unknown(struct visit *visit, const char *problem);

/* One sentence about an answer, for a person: Google's reason and the remedy. In mem. */
const char *visit_detail(struct arena *mem, const struct google_answer *answer);

/* Remember what the credentials proved to (un)able to do. */
void visit_learn(struct visit *visit, enum ability *of_coach, enum ability learned);

/* Forget that Google asked for patience, and what it refused to do: it is worth another try now. */
void visit_hope(struct calendar_coach *coach);

/* Coaches whom Google should not be asked about now, separated by commas. `writes`: debts, else reading. */
char *calendar_blocked(struct calendars *calendars, struct arena *mem, bool writes);

/* min(2^attempt s, longest), a random part of it taken off, in ms. */
int64_t backoff_ms(int64_t attempt, int64_t longest_ms);

/* ---- busy times: busy.c ---- */

void busy_memory_free(struct busy_memory *memory);

/* ---- the debt: debt.c, event.c ---- */

/* What an event is made of besides the appointment. */
struct event_words {
	const char *session_type; /* its name */
	const char *time_zone;    /* the coach's */
};

/* The event we want for this appointment, all in the visit's memory. */
void event_draft(struct visit *visit, const struct appointment *appointment, const struct event_words *words,
		 struct google_event_draft *ret_draft);

/* Pay one claimed debt in the background. */
void debt_pay(struct calendars *calendars, struct worker *worker, const char *coach_id,
	      const char *appointment_id);

/*
 * What was booked while the coach had no calendar is owed to the one there is now, if there is one. False:
 * the database failed, to be tried again.
 */
bool calendar_adopt(struct calendars *calendars, struct worker *worker, const char *coach_id,
		    struct arena *mem);

/* ---- the other direction: follow.c, push.c ---- */

/* Look for changes in one calendar; false: to be tried again soon. */
bool sync_calendar(struct visit *visit, const char *calendar_id, const char *sync_token);

/* Tell this daemon and the others that a coach's appointments, or busy times, are not what they were. */
void sync_changed(struct calendars *calendars, const char *coach_id);

/* Open or renew one channel for pushes, if one is due. False: nothing was due. */
bool push_renew_one(struct calendars *calendars, struct worker *worker, struct arena *mem);

/* Stop the coach's channels, as far as the deadline allows. */
void push_stop_all(struct visit *visit);

/* ---- threads: threads.c ---- */

void payers_wake(struct calendars *calendars);
void keeper_wake(struct calendars *calendars);

#endif
