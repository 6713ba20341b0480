/*
 * availability - which starts a client may book with a coach.
 *
 * Joins what is remembered of the coach, the busy times of the calendar and the slot rules.
 */
#ifndef APP_AVAILABILITY_H
#define APP_AVAILABILITY_H

#include "calendar/busy.h"
#include "app/candidates.h"
#include "app/coaches.h"
#include "app/identity.h"
#include "domain/slot.h"

/* One end of the window: a day read in the answer's zone, an instant, or nothing. */
struct window_end {
	bool given;
	bool is_day;
	civil_day day;
	instant at;
};

/* Two answers whose marks are equal have the same bytes. */
struct availability_mark {
	uint64_t generation;
	int64_t busy_asked_at;
	instant now;
	instant from;
	instant to;
	const struct zone *zone;
	int64_t duration_minutes;
	int type;
	int knowledge;
	int64_t limited; /* how many the caller has, when that is the limit; -1: not limited */
	bool exempt;
	bool plain; /* no rescheduling: may be shared between callers */
};

struct availability_query {
	const char *coach_id;     /* NULL: the only coach */
	const char *session_type; /* NULL: the first */
	int64_t duration_minutes; /* 0: the type's first */
	/* Where an appointment is to be moved, its own are what NULL and 0 stand for. */
	const struct zone *zone; /* NULL: the coach's */
	struct window_end from;
	struct window_end to;          /* a day counts whole */
	const char *rescheduling;      /* id of the caller's appointment that is to be moved; NULL: none */
	const char *client_id;         /* whom a coach or an admin wants to book for; NULL: themselves */
	const struct identity *caller; /* NULL: nobody known */
	instant now;
	int64_t deadline; /* as monotonic_ms, for the database and Google */
	/* Whether the caller has the answer to this mark already: then the slots are left out. May be NULL.
	 */
	bool (*known)(void *known_owner, const struct availability_mark *mark);
	void *known_owner;
};

enum availability_outcome {
	AVAILABILITY_OK,
	AVAILABILITY_NOT_IN_MEMORY, /* from availability_recall only: ask availability_find on a worker */
	AVAILABILITY_UNKNOWN_COACH,
	AVAILABILITY_AMBIGUOUS_COACH, /* none was named and there are several */
	AVAILABILITY_UNKNOWN_TYPE,
	AVAILABILITY_BAD_DURATION,        /* not offered by the type */
	AVAILABILITY_BAD_WINDOW,          /* `to` before `from`, or more than 62 days */
	AVAILABILITY_UNKNOWN_APPOINTMENT, /* rescheduling: none of the caller's that can be moved */
	AVAILABILITY_FORBIDDEN,           /* client_id: they are not the coach */
	AVAILABILITY_CALENDAR_UNAVAILABLE,
	AVAILABILITY_FAILURE, /* the database: see db_failure() */
};

/* Texts and slots live in the arena, but the coach, which is to be released when not NULL. */
struct availability {
	const struct coach *coach;
	const struct session_type *type;
	const struct zone *zone;
	int64_t duration_minutes;
	instant from;
	instant to;
	struct calendar_busy busy;
	struct slots slots;
	const int64_t *seats_left; /* of each slot; NULL: there are none, or they are not shown */
	bool has_next;
	instant next_available; /* with no slots only */
	enum refusal refusal;   /* why this caller gets none whatever the time; or REFUSAL_NONE */
	const char *refusal_detail;
	int64_t credits; /* the caller's, for a type that costs some; -1: nobody's question */
	struct availability_mark mark;
};

/*
 * Answer the query from the database and Google where memory does not know. Blocks until the query's
 * deadline at most.
 */
enum availability_outcome availability_find(struct coaches *coaches, struct calendars *calendars,
					    struct worker *worker, const struct availability_query *query,
					    struct arena *mem, struct availability *ret_availability);

/* The starts that any of several coaches offers. To be given to candidates_clear(&…candidates). */
struct joint_availability {
	struct candidates candidates;
	/*
	 * As of one coach: the first candidate, with the type, the zone and the window that all were asked
	 * for. The horizon, the calendar's state and the next start are those of all together; no credits.
	 */
	struct availability first;
	bool one_zone; /* they all live by one clock */
	instant horizon;
	struct joint_slots slots;
};

/*
 * Answer a query for COACH_ANY, as availability_find for one. Coaches whose calendar cannot be asked are left
 * out; AVAILABILITY_CALENDAR_UNAVAILABLE if none is left. Where an appointment is to be moved: its own coach,
 * and who may take it over.
 */
enum availability_outcome availability_find_any(struct coaches *coaches, struct calendars *calendars,
						struct worker *worker, const struct availability_query *query,
						struct arena *mem, struct joint_availability *ret_joint);

/*
 * Answer the query from memory only, and only what takes less than some 2 ms, so that an HTTP loop may ask. A
 * listing of more than 5,000 starts, or a search as long for the next one, is AVAILABILITY_NOT_IN_MEMORY as
 * well, and so is every `rescheduling`.
 */
enum availability_outcome availability_recall(struct coaches *coaches, struct calendars *calendars,
					      const struct availability_query *query, struct arena *mem,
					      struct availability *ret_availability);

/*
 * The facts of a coach that the slot rules look at, from a snapshot: busy time of appointments and unexpired
 * holds, the client's count and counts a day, in `mem`. moving: id (16 bytes) that does not count; NULL:
 * none. user_id NULL: nobody's count. Fills appointments, sessions, active_count and day_counts of the
 * question, whose schedule, type, duration and now are set.
 */
void availability_facts(const struct coach *coach, const char *user_id, const unsigned char *moving,
			struct arena *mem, struct slot_question *question);

/* The sessions alone; what user_id (NULL: nobody) has in them does not count, since their own hold gives way.
 */
void availability_sessions(const struct coach *coach, const char *user_id, const unsigned char *moving,
			   struct arena *mem, struct slot_question *question);

#endif
