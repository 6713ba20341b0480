/*
 * recurrence - the rules of RFC 5545 section 3.3.10 (RRULE), for finding out when somebody is busy.
 *
 * A rule is expanded in local time: seconds since 1970-01-01T00:00 on the wall clock of the event's zone. The
 * caller makes instants of them.
 *
 * Never less: where a rule cannot be followed exactly, or could be meant in two ways, what comes out holds
 * every time that it could mean, and the caller is told. DTSTART is always an instance, also if the rule
 * would leave it out.
 *
 * Why not libical's iterator: of 1,500 random rules held against python3-dateutil, libical 3.0.16 gets 12
 * wrong, answers NULL for others, and does not return from FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30. This module
 * is held against dateutil by tests/domain/recurrence.test.mjs.
 *
 * Pure; allocates nothing; safe from any thread.
 */
#ifndef DOMAIN_RECURRENCE_H
#define DOMAIN_RECURRENCE_H

#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From the most frequent on. */
enum recurrence_frequency {
	RECURRENCE_SECONDLY,
	RECURRENCE_MINUTELY,
	RECURRENCE_HOURLY,
	RECURRENCE_DAILY,
	RECURRENCE_WEEKLY,
	RECURRENCE_MONTHLY,
	RECURRENCE_YEARLY,
};

/* How close the expansion comes to what is meant. */
enum recurrence_accuracy {
	RECURRENCE_EXACT,
	RECURRENCE_READINGS, /* all that the rule could mean: each of its readings (doubts), one after another
			      */
	RECURRENCE_SUPERSET, /* every day, see whole_days */
};

/* What programs take in two ways. A reading is a set of them: those that it takes the second way. */
enum recurrence_doubt {
	RECURRENCE_FROM_START = 1 << 0, /* BYSETPOS does not count the first week's days before DTSTART */
	RECURRENCE_WEEK_YEARS = 1 << 1, /* a week's days in the neighbouring year are of the week's year */
	RECURRENCE_DATEUTIL_WEEKS = 1 << 2, /* the last weeks of a year as python3-dateutil and its ports
					       number them: 1 January 2022 is of week 53 */
	RECURRENCE_START_WEEKDAY = 1 << 3, /* BYWEEKNO without BYDAY: DTSTART's weekday, not the whole week */
	RECURRENCE_PASSED_OVER = 1 << 4,   /* a part that RFC 5545 forbids with FREQ does not count */
	RECURRENCE_NTH_OF_MONTH =
		1 << 5, /* 5MO beside BYMONTHDAY or BYYEARDAY is the month's, not the year's */
};

enum recurrence_until {
	RECURRENCE_FOREVER,
	RECURRENCE_UNTIL_LOCAL, /* `until` is local time; of a date, the end of that day */
	RECURRENCE_UNTIL_UTC,   /* `until` is an instant */
};

enum {
	RECURRENCE_NTH_MAX = 64,       /* such as 2SU of one BYDAY */
	RECURRENCE_TIMES_MAX = 288,    /* instances on one day: every five minutes */
	RECURRENCE_STEPS_MAX = 1440,   /* times of a day to choose them from */
	RECURRENCE_DAYS_MAX = 200000,  /* days that one rule may look at; a rule from 1480 looks at no more */
	RECURRENCE_YEAR_DAY_WORDS = 6, /* 64-bit words for 366 bits and bit 0 */
	RECURRENCE_TEXT_BYTES_MAX = 4096, /* a longer rule is a superset of whole days */
};

struct recurrence_rule {
	enum recurrence_frequency frequency;
	enum recurrence_accuracy accuracy;
	unsigned doubts;  /* enum recurrence_doubt */
	bool whole_days;  /* a superset has to take the days as a whole, not only DTSTART's time of day */
	int64_t interval; /* at least 1 */
	int64_t count;    /* 0: without */
	enum recurrence_until until_form;
	int64_t until;
	/* Bit n stands for the number n, from the front or from the end; all 0: not given. */
	uint64_t months;
	uint64_t month_days, month_days_from_end;
	uint64_t week_numbers, week_numbers_from_end;
	uint64_t year_days[RECURRENCE_YEAR_DAY_WORDS], year_days_from_end[RECURRENCE_YEAR_DAY_WORDS];
	uint64_t positions[RECURRENCE_YEAR_DAY_WORDS], positions_from_end[RECURRENCE_YEAR_DAY_WORDS];
	uint64_t hours, minutes, seconds;
	uint64_t weekdays; /* Monday is bit 0 */
	struct recurrence_nth {
		int16_t number;  /* -53 .. 53, not 0 */
		uint8_t weekday; /* Monday is 0 */
	} nth[RECURRENCE_NTH_MAX];
	size_t nth_count;
	int week_start; /* Monday is 0 */
};

/*
 * Read an RRULE's value. Never fails: what is not understood only lowers the accuracy; UNTIL is kept if it
 * can be read.
 */
void recurrence_read(const char *text, size_t length, struct recurrence_rule *ret_rule);

/* Called with each instance, some more than once for RECURRENCE_READINGS; DTSTART itself is not passed on. */
typedef void recurrence_found(void *owner, seconds local);

/*
 * Find the instances after `start` (DTSTART) that lie in [from, to], local times all. Steps below a day are
 * taken on the wall clock, too (RFC 5545: "the computed local start time").
 *
 * until   when the rule has UNTIL: the last local time that counts (of RECURRENCE_UNTIL_UTC the caller makes
 * it). budget  days that may be looked at still, one with many times of day counts as more; lowered by what
 * was used. Each reading looks at no more than RECURRENCE_DAYS_MAX.
 *
 * False: the rule cannot be followed (RECURRENCE_SUPERSET), or the budget was used up first. What was found
 * until then may be used, but is not all: the caller goes on with recurrence_superset.
 */
bool recurrence_expand(const struct recurrence_rule *rule, seconds start, seconds until, seconds from,
		       seconds to, size_t *budget, recurrence_found *found, void *owner);

/*
 * The same for a rule that could not be followed: every day at DTSTART's time of day, until UNTIL. With
 * rule->whole_days each found time is a midnight and stands for the whole day, the day of DTSTART included.
 */
void recurrence_superset(const struct recurrence_rule *rule, seconds start, seconds until, seconds from,
			 seconds to, recurrence_found *found, void *owner);

#endif
