/*
 * schedule - when a coach works and on what terms: the typed form of the schedule document.
 *
 * A schedule is filled by domain/schedule_json.h, lives in the arena it was read into and is
 * never changed afterwards, so any number of threads may read it. Everything here is pure.
 */
#ifndef DOMAIN_SCHEDULE_H
#define DOMAIN_SCHEDULE_H

#include "base/arena.h"
#include "base/instant.h"
#include "domain/interval.h"
#include "domain/meeting.h"
#include "domain/notices.h"
#include "domain/policy.h"
#include "domain/question.h"
#include "domain/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SCHEDULE_WEEKLY_MAX = 200,
	SCHEDULE_OVERRIDES_MAX = 1000,
	SCHEDULE_OVERRIDE_INTERVALS_MAX = 50,
	SCHEDULE_BLOCKED_MAX = 1000,
	SCHEDULE_TYPES_MAX = 50,
	SCHEDULE_DURATIONS_MAX = 50,
	SCHEDULE_ID_MAX = 64,           /* characters of a session type's id */
	SCHEDULE_NAME_MAX = 200,        /* of its name */
	SCHEDULE_DESCRIPTION_MAX = 500, /* of what clients read of it */
	SCHEDULE_REASON_MAX = 2000,     /* of a blocked range's reason */
	SCHEDULE_WEIGHT_MAX = 100,
	PRICE_CREDITS_MAX = 1000,
	SEATS_MAX = 100,
	PRICE_AMOUNT_MAX = 1000000000,
	DURATION_MIN_MINUTES = 5,
	DURATION_MAX_MINUTES = 1440,
	DURATION_ASKED_MAX = 1000000, /* what may be asked for, and is then refused as not offered */
	MINUTES_PER_DAY = 1440,
};

/* Wall clock hours. `to` <= `from` ends on the next date (equal is never read). */
struct hours {
	int from; /* minutes since 00:00, 0 .. 1439 */
	int to;   /* 0 .. 1440 */
};

struct weekly_hours {
	unsigned days; /* bit 0 is Monday, bit 6 Sunday */
	struct hours hours;
};

struct date_override {
	civil_day date;
	const struct hours *hours;
	size_t hours_count; /* 0 closes the day */
};

/* When sessions may take place: on a date with overrides theirs, on another its weekday's. */
struct working_hours {
	const struct weekly_hours *weekly;
	size_t weekly_count;
	const struct date_override *overrides; /* sorted by date; a date may have several */
	size_t override_count;
};

struct blocked_range {
	civil_day from;
	civil_day to;       /* exclusive, after from */
	const char *reason; /* NULL if none; the coach's own, never shown to clients */
};

/* The parts of `notices`, each of which a session type replaces as a whole. */
enum notice_part {
	NOTICE_PART_CLIENT,
	NOTICE_PART_COACH,
	NOTICE_PART_REMINDERS,
	NOTICE_PART_QUIET,
	NOTICE_PARTS
};

/* What a session costs; all 0 and NULL: nothing. */
struct price {
	int64_t credits;
	int64_t amount;       /* in the currency's minor unit, shown only: it is paid elsewhere */
	const char *currency; /* ISO 4217; NULL: no amount */
};

struct session_type {
	const char *id;
	const char *name;
	const char *description;  /* for clients; may be NULL */
	const char *redirect_url; /* where a client's browser goes once it has booked; https; may be NULL */
	bool approval;            /* a booking waits until the coach approves it */
	bool draft;               /* clients neither see nor book it */
	int64_t weight;           /* the share in those who ask for any coach (domain/turn.h); 0: none */
	const int *durations;     /* minutes, in the document's order; the first is the default */
	size_t duration_count;
	struct meeting meeting;
	struct price price;
	int64_t seats;                  /* of a session that clients share; 0: everybody has theirs alone */
	int64_t min_seats;              /* with fewer a day before, it does not take place */
	bool shows_seats_left;          /* to clients */
	struct working_hours own_hours; /* over the schedule's: see schedule_day */
	bool own_weekly;             /* its weekly hours stand for the schedule's, even if there are none */
	struct policy policy;        /* in force: the schedule's with this type's own fields over it */
	unsigned own;                /* bit (1u << enum policy_field) for each field of its own */
	struct notice_rules notices; /* in force: the schedule's with this type's own parts over it */
	unsigned own_notices;        /* bit (1u << enum notice_part) for each part of its own */
	const struct question *questions; /* what whoever books it is asked */
	size_t question_count;
};

struct schedule {
	const struct zone *zone;
	struct working_hours hours;
	const struct blocked_range *blocked; /* sorted by from; may overlap */
	size_t blocked_count;
	struct policy policy;
	struct notice_rules notices;
	unsigned own_notices; /* bit (1u << enum notice_part) for each part that the document has */
	const struct meeting
		*fallback_meeting;        /* where a Meet link cannot be made; no Meet itself; may be NULL */
	const struct session_type *types; /* at least one; the first that is no draft is the default */
	size_t type_count;
};

/* The type of that id; NULL if there is none. NULL as id gives the default: the first draft only where all
 * are drafts. */
const struct session_type *schedule_type(const struct schedule *schedule, const char *id);

/* The same among those that clients may choose, which drafts are not. */
const struct session_type *schedule_type_offered(const struct schedule *schedule, const char *id);

/* Whether clients share sessions of this type, a seat each. */
static inline bool session_type_shared(const struct session_type *type)
{
	return type->seats > 0;
}

/* Whether the type offers that many minutes. */
bool session_type_offers(const struct session_type *type, int64_t minutes);

/*
 * Whether a limit (POLICY_MAX_ACTIVE_PER_USER, POLICY_MAX_PER_DAY) counts this type's appointments only: it
 * does when the type carries it in a policy of its own.
 */
bool session_type_owns(const struct session_type *type, enum policy_field field);

/* Whether a date lies in a blocked range. */
bool schedule_blocks(const struct schedule *schedule, civil_day date);

/* Whether the type has hours of its own, on whatever date. */
bool session_type_has_hours(const struct session_type *type);

/*
 * The working intervals that belong to a date: rule 1 and 2 of the contract. None if the date is blocked;
 * else the first of these that there is: the type's overrides of that date, the coach's, the type's weekly
 * hours, the coach's; each mapped to instants by itself, empty ones left out, sorted by start; not joined.
 * So a day that the coach closes is closed for every type that does not itself open it.
 *
 * type  of that schedule; NULL: the coach's own hours, whatever the type.
 *
 * They lie in `mem`.
 */
struct intervals schedule_day(const struct schedule *schedule, const struct session_type *type,
			      civil_day date, struct arena *mem);

/*
 * The stretches of [from, to) whose local date is blocked: sorted, disjoint, in `mem`.
 */
struct intervals schedule_blocked_time(const struct schedule *schedule, struct interval within,
				       struct arena *mem);

#endif
