/*
 * zone - the offset changes of an IANA time zone.
 *
 * A zone is read once from the system's compiled zone data (TZif, RFC 9636: $TZDIR or
 * /usr/share/zoneinfo), kept for the life of the process and never changed, so new zone
 * data takes effect with a restart. Years past the file's table follow its POSIX TZ rule.
 *
 * Why not libical's zones: held against `zdump -v` from 1970 to 2037, libical 3.0.16 gives wrong offsets for
 * 93 of the 602 names of tzdata 2025b (Easter, Fiji, Cuba, London in the 1970s), its built-in zones are a
 * lazily filled global, unsafe across threads, and the first use of one takes milliseconds.
 * tests/unit/domain/test_zone.c holds this module against zdump for every name of the system.
 *
 * zone_find may read a file and takes a lock to do so; everything else is pure, allocates
 * nothing and is safe from any thread.
 */
#ifndef DOMAIN_ZONE_H
#define DOMAIN_ZONE_H

#include "base/instant.h"

#include <stdbool.h>

struct zone;

typedef int64_t civil_day; /* days since 1970-01-01 in the proleptic Gregorian calendar */

enum { ZONE_NAME_MAX = 64 }; /* longest name in bytes; the longest of 2025 has 32 */

/*
 * The zone of that name, spelt as IANA does. NULL if there is none, if the name is malformed
 * (empty, over ZONE_NAME_MAX bytes, a path trick) or its file is damaged. The result is valid
 * for the life of the process. The first call for a name reads a small file.
 */
const struct zone *zone_find(const char *name);

/* The name it was found by, for life. */
const char *zone_name(const struct zone *zone);

/*
 * The release of the zone data, such as "2025b", for `doctor` and the log. NULL if the system does not tell.
 * Reads a file on the first call; valid for life.
 */
const char *zone_release(void);

/* A stretch with one offset. */
struct zone_period {
	instant start;       /* INT64_MIN for the first */
	instant end;         /* INT64_MAX for the last */
	seconds offset;      /* local time minus UTC */
	bool daylight;       /* daylight saving time, as the zone data call it */
	const char *letters; /* abbreviation, such as "EST"; for life */
};

/* The stretch an instant lies in. */
struct zone_period zone_period_at(const struct zone *zone, instant at);

/* Local time minus UTC at an instant. */
seconds zone_offset(const struct zone *zone, instant at);

/*
 * The instant of a wall clock time by RFC 5545 section 3.3.5: a time that does not exist is
 * read with the offset in force before the gap; one that happens twice is its first occurrence.
 *
 * second_of_day  any value; 86400 is 00:00 of the next date.
 */
instant zone_instant(const struct zone *zone, civil_day day, seconds second_of_day);

/* The wall clock and the date at an instant. */
struct civil_time zone_civil(const struct zone *zone, instant at);
civil_day zone_day(const struct zone *zone, instant at);

#endif
