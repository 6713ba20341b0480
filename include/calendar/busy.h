/*
 * busy - when a coach is busy by their calendars.
 *
 * Functions with a worker block until their deadline at most, as monotonic_ms; the others answer from memory.
 * What is not certain is not free. Safe from any thread.
 */
#ifndef CALENDAR_BUSY_H
#define CALENDAR_BUSY_H

#include "calendar/calendar.h"
#include "calendar/worker.h"
#include "db/appointments.h"
#include "domain/interval.h"

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

/* What is asked about a coach's busy times. Borrowed. */
struct calendar_question {
	const char *coach_id;
	struct interval within;
	/* The appointment that is being moved, whose own event is not to count as busy; NULL: none. Its time
	 * counts as free only where the event list shows that nothing else is there. */
	const struct appointment *moving;
	instant now;
	int64_t deadline; /* as monotonic_ms */
};

/*
 * For a listing: as peek, but asks Google when need be. One request is in flight per coach, others wait for
 * its result; stale ones serve when Google cannot be reached. The breaker answers immediately while Google is
 * down. Of a window that ends more than 480 days ahead nothing is remembered: it is asked for as for a
 * booking, so keep it short. The answer lies in mem.
 */
void calendar_busy_listing(struct calendars *calendars, struct worker *worker,
			   const struct calendar_question *question, struct arena *mem,
			   struct calendar_busy *ret_busy);

/*
 * For a booking: always asks Google, for just `within`. If it cannot be reached: the last known times,
 * at most stale_seconds old, if they cover `within`, else CALENDAR_UNKNOWN.
 */
void calendar_busy_booking(struct calendars *calendars, struct worker *worker,
			   const struct calendar_question *question, struct arena *mem,
			   struct calendar_busy *ret_busy);

/* The busy times of a coach that were asked for so far are too old: at a push, or when another replica says
 * so. */
void calendar_forget(struct calendars *calendars, const char *coach_id);

#endif
