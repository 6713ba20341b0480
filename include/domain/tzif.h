/*
 * tzif - reading a compiled time zone file (RFC 9636).
 *
 * Of a version 2 file or later the 64-bit block and the footer are read; the footer's rule is unrolled for
 * 401 years after the table, which is a whole turn of the Gregorian calendar, so later years repeat these.
 * Pure.
 */
#ifndef DOMAIN_TZIF_H
#define DOMAIN_TZIF_H

#include "base/arena.h"
#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TZIF_BYTES_MAX = 64 * 1024, TZIF_LETTERS_BYTES = 16 };

/* What the clock shows between two changes. */
struct tzif_kind {
	int32_t offset; /* local time minus UTC, seconds */
	bool daylight;
	char letters[TZIF_LETTERS_BYTES];
};

enum tzif_day_form { TZIF_WEEKDAY_OF_MONTH, TZIF_DAY_WITHOUT_LEAP, TZIF_DAY_WITH_LEAP };

/* When the clocks change in a year, as the footer's rule says it (POSIX TZ). */
struct tzif_rule_day {
	enum tzif_day_form form;
	int month, week, weekday; /* Mm.w.d: 1..12, 1..5 (5 is the last), 0..6 (0 is Sunday) */
	int day;                  /* Jn: 1..365, n: 0..365 */
	seconds at; /* local time of that day before the change; may be negative or over a day */
};

/* The rule of every year after the table. */
struct tzif_rule {
	struct tzif_kind standard, daylight;
	struct tzif_rule_day start, end; /* of daylight saving time */
};

struct tzif {
	const instant *changes;      /* ascending */
	const uint8_t *change_kinds; /* index into kinds, from the change on */
	size_t change_count;
	const struct tzif_kind *kinds; /* kinds[0] is in force before the first change */
	const struct tzif_rule
		*rule; /* unrolled; after the last change: as 400 years before. NULL: no changes */
};

/*
 * Read a file's bytes. False if they are damaged, use leap seconds (the `right/` files) or hold a
 * rule that is not of RFC 9636 section 3.3. The result lives in `mem`.
 */
bool tzif_read(const unsigned char *bytes, size_t length, struct arena *mem, struct tzif *ret_tzif);

/* Local seconds since 1970, read with the offset before the change, at which the rule's day comes in that
 * year. */
seconds tzif_rule_local(const struct tzif_rule_day *day, int year);

/* How many changes of the table have come by then. */
size_t tzif_changes_until(const struct tzif *tzif, instant at);

/* Whether both say the same of every instant. */
bool tzif_equal(const struct tzif *a, const struct tzif *b);

#endif
