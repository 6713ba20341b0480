/*
 * slot - the starts a client may book, and why others may not be booked.
 *
 * The rules are numbered in docs and in the contract ("The slot rules"). Pure: no clock, no I/O, memory from
 * the caller; safe from any thread. Listing, booking, moving and explaining all ask here, so they cannot
 * disagree.
 */
#ifndef DOMAIN_SLOT_H
#define DOMAIN_SLOT_H

#include "base/arena.h"
#include "base/instant.h"
#include "domain/interval.h"
#include "domain/refusal.h"
#include "domain/schedule.h"

#include <stdbool.h>
#include <stddef.h>

/* How many appointments start on a date of the coach's zone. */
struct day_count {
	civil_day date;
	int64_t count;
};

/* A session that clients share, of the type and the duration that are asked about, and how many are in it. */
struct slot_session {
	instant start;
	int64_t taken;
};

/*
 * What a thread that must not be held up allows a listing to cost. One point is about what a start takes from
 * being looked at until it stands in a compressed reply (some 0.3 us); a working interval costs one too, and
 * so do 32 starts that are only looked at.
 */
struct slot_budget {
	size_t left;
	bool spent; /* it was not enough: what was answered is void */
};

/* All that a decision rests on. Everything is borrowed. */
struct slot_question {
	const struct schedule *schedule;
	const struct session_type *type; /* of that schedule */
	seconds duration;                /* > 0; one that is not offered is refused, not an error */
	instant now;
	bool exempt; /* a coach or an admin asks: no notice, no horizon, no limits; the past is refused all
			the same */

	/*
	 * A coach asks for a client: a full day stands against a start though they are exempt, and the rules
	 * named here (1u << enum refusal) do not. The past and other appointments always do.
	 */
	bool day_binds;
	unsigned overridden;

	/* An appointment is moved that stays with its coach: the client gets no more of them, so their limit
	 * says nothing, though they have more than it allows. */
	bool stays;

	/* Busy in a calendar: counts as it is. Sorted and disjoint (intervals_normalize). */
	struct intervals calendar;

	/*
	 * The coach's other appointments and unexpired holds, each from its start minus its own buffer before
	 * to its end plus its own buffer after. Sorted and disjoint (intervals_normalize).
	 */
	struct intervals appointments;

	/*
	 * The sessions that stand, by start, where clients share them. One more seat takes none of the
	 * coach's time, so neither hours nor grid, full days, other appointments or the calendar stand
	 * against it.
	 */
	const struct slot_session *sessions;
	size_t session_count;

	/*
	 * What the limits count, the appointment that is being moved left out. Where session_type_owns() says
	 * so they count that type's only. Dates without an entry have none.
	 */
	int64_t active_count; /* the client's scheduled appointments that have not ended, and holds */
	const struct day_count *day_counts;
	size_t day_counts_length;

	struct slot_budget *budget; /* of slot_list and slot_next; NULL: whatever it takes */
};

struct slots {
	instant *starts; /* ascending, each once */
	size_t count;
};

/* The session that stands at this start; NULL: none. */
const struct slot_session *slot_session_at(const struct slot_question *question, instant start);

/* How many seats a bookable start has, of a type that has seats. */
int64_t slot_seats_left(const struct slot_question *question, instant start);

/*
 * Every bookable start with from <= start < to, in `mem`. None if from >= to. However many working intervals
 * overlap, a start is looked at once if they begin a multiple of the step apart.
 */
struct slots slot_list(const struct slot_question *question, instant from, instant to, struct arena *mem);

/* The starts of several coaches together. */
struct joint_slots {
	instant *starts;  /* ascending, each once */
	unsigned *offers; /* how many coaches offer each */
	size_t count;
};

/* Join what slot_list() found for each of several coaches, in `mem`. */
struct joint_slots slots_join(const struct slots lists[], size_t list_count, struct arena *mem);

/*
 * The first bookable start with from <= start < to. Bounded by the horizon also for those who are exempt from
 * it. Stops at the first; `to` may be far (the end of what the caller knows of the calendar, or INSTANT_MAX).
 * `mem` is for work only.
 */
bool slot_next(const struct slot_question *question, instant from, instant to, struct arena *mem,
	       instant *ret_start);

/* One rule that stands against a start, and its numbers. What is not named for a rule is 0. */
struct slot_reason {
	enum refusal rule;
	/*
	 * TOO_SOON      needed = notice, actual = start - now (negative in the past)
	 * TOO_FAR       needed = horizon, actual = start - now
	 * NOT_ALIGNED   needed = step, actual = time since the grid start before it; nearest starts in
	 *               span.start (before; INSTANT_NONE if there is none) and span.end (after; the same)
	 * BOOKING_LIMIT, DAY_FULL, SESSION_FULL
	 *               needed = the limit, actual = the count
	 * BLOCKED       span = the blocked stretch; SLOT_TAKEN, CALENDAR_BUSY: the busy time
	 */
	int64_t needed;
	int64_t actual;
	struct interval span;
};

#define INSTANT_NONE INT64_MIN

/* Whether this rule's span is a stretch of time to be shown as `start` and `end`. */
bool slot_reason_has_span(const struct slot_reason *reason);

struct slot_verdict {
	const struct slot_reason
		*reasons; /* in the contract's order; busy times one by one, at most 10 a rule */
	size_t count;     /* 0: bookable */
};

/* Every rule that stands against this start. reasons[0].rule is the code to reply with. In `mem`. */
struct slot_verdict slot_judge(const struct slot_question *question, instant start, struct arena *mem);

/* Whom a sentence is for. */
struct slot_listener {
	const struct zone *zone; /* wall clock times are told in it */
	bool coach;              /* the client is spoken of; else spoken to */
};

/*
 * HH:MM on the viewer's clock, followed by the date ("12:00 on Thursday, November 26") if that is not `date`;
 * the year is told if it is not that of `now`. In `mem`. Pure.
 */
const char *slot_clock_text(instant at, const struct zone *viewer, civil_day date, instant now,
			    struct arena *mem);

/*
 * A sentence or two for a person, with the numbers ("Sessions are booked at least 24 h ahead. This one would
 * start in 3 h 12 min."), in `mem`.
 */
const char *slot_reason_detail(const struct slot_question *question, instant start,
			       const struct slot_reason *reason, struct slot_listener listener,
			       struct arena *mem);

#endif
