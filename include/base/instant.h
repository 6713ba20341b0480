/*
 * instant - points in time (UTC) and dates, and how they are written.
 *
 * An instant counts seconds since 1970-01-01T00:00:00Z without leap seconds, as POSIX
 * does. A civil date or time is wall clock without a zone; domain/zone.h joins the two.
 * All functions are pure and safe from any thread, but instant_now, which reads the clock.
 */
#ifndef BASE_INSTANT_H
#define BASE_INSTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t instant; /* seconds since the epoch, UTC */
typedef int64_t seconds; /* a length of time */

enum {
	SECONDS_PER_MINUTE = 60,
	SECONDS_PER_HOUR = 3600,
	SECONDS_PER_DAY = 86400,
	INSTANT_TEXT_BYTES = sizeof("2026-11-24T14:00:00Z"), /* the terminating NUL counted */
	DATE_TEXT_BYTES = sizeof("2026-11-24"),
};

/* The years that are read: 1970 to 9999. Anything else is malformed. */
#define INSTANT_MIN ((instant)0)
#define INSTANT_MAX ((instant)253402300799)

struct civil_date {
	int year;  /* 1970 .. 9999 where it was parsed */
	int month; /* 1 .. 12 */
	int day;   /* 1 .. 31 */
};

struct civil_time {
	struct civil_date date;
	int second_of_day; /* 0 .. 86400; 86400 is the next date's 00:00 */
};

/* The clock's now, whole seconds. Read once per request or job and passed down. */
instant instant_now(void);

/* Milliseconds of a clock that never jumps, for measuring durations and deadlines. */
int64_t monotonic_ms(void);

/* The same clock in microseconds. */
int64_t monotonic_us(void);

/*
 * Read an RFC 3339 instant with an offset (section 5.6): `T` between date and time, `Z` or
 * +hh:mm, a fraction only if it is zero, no second 60. `length` bytes, no NUL needed.
 * Returns false, *ret_instant untouched, if it is anything else or outside INSTANT_MIN..MAX.
 */
bool instant_parse(const char *text, size_t length, instant *ret_instant);

/*
 * As instant_parse, but any fraction passes: the first whole second that is not before the instant. For a
 * bound it is the same, since whatever is compared with it has whole seconds.
 */
bool instant_parse_rounded(const char *text, size_t length, instant *ret_instant);

/*
 * As instant_parse, but any fraction is read and cut off, and a lower-case t or z passes: what
 * Google's replies may carry.
 */
bool instant_parse_loose(const char *text, size_t length, instant *ret_instant);

/* Write `2026-11-24T14:00:00Z`, NUL-terminated. The instant must lie in INSTANT_MIN..MAX. */
void instant_format(instant at, char out[static INSTANT_TEXT_BYTES]);

/* The day of the instant written last; zeroed before the first. */
struct instant_day {
	instant start;
	char text[DATE_TEXT_BYTES]; /* with a T instead of the NUL */
};

/*
 * As instant_format without the NUL, for rows of instants: the day's text is made once a day. Rows that take
 * turns have a day each.
 */
void instant_put(struct instant_day *day, instant at, char out[static INSTANT_TEXT_BYTES - 1]);

/* Read YYYY-MM-DD of a date that exists, 1970 to 9999. False otherwise. */
bool date_parse(const char *text, size_t length, struct civil_date *ret_date);

/* Write YYYY-MM-DD, NUL-terminated. */
void date_format(struct civil_date date, char out[static DATE_TEXT_BYTES]);

/* Days since 1970-01-01 of a proleptic Gregorian date, and back. */
int64_t date_to_days(struct civil_date date);
struct civil_date date_from_days(int64_t days);

/* The weekday of a day counted from 1970-01-01: Monday is 0, Sunday is 6. */
int date_weekday(int64_t days);

/* -1, 0 or 1. */
int date_compare(struct civil_date a, struct civil_date b);

/* The wall clock of an instant read with an offset from UTC of `offset` seconds. */
struct civil_time civil_from_instant(instant at, seconds offset);

#endif
