/*
 * zone - the offset changes of an IANA time zone.
 *
 * A zone is read once from the system's compiled zone data (TZif, RFC 9636: $TZDIR or
 * /usr/share/zoneinfo). A `struct zone` is valid for the life of the process; what it says changes only
 * in zone_reload, as a whole. Years past the file's table follow its POSIX TZ rule.
 *
 * Why not libical's zones: held against `zdump -v` from 1970 to 2037, libical 3.0.16 gives wrong offsets for
 * 93 of the 602 names of tzdata 2025b (Easter, Fiji, Cuba, London in the 1970s), its built-in zones are a
 * lazily filled global, unsafe across threads, and the first use of one takes milliseconds.
 * tests/unit/domain/test_zone.c holds this module against zdump for every name of the system.
 *
 * zone_find, zone_reload and the functions about releases may read a file and take a lock to do so;
 * everything else is pure. All are safe from any thread.
 */
#ifndef DOMAIN_ZONE_H
#define DOMAIN_ZONE_H

#include "base/arena.h"
#include "base/instant.h"

#include <stdbool.h>

struct zone;

typedef int64_t civil_day; /* days since 1970-01-01 in the proleptic Gregorian calendar */

enum { ZONE_NAME_MAX = 64 }; /* longest name in bytes; the longest of 2025 has 32 */

/*
 * The zone of that name, spelt as IANA does; former names (Asia/Calcutta, US/Eastern) are names, too, also
 * where the system has no file for them but lists them in tzdata.zi. NULL if there is none, if the name is
 * malformed (empty, over ZONE_NAME_MAX bytes, a path trick) or its file is damaged. The result is valid
 * for the life of the process. The first call for a name reads a small file.
 */
const struct zone *zone_find(const char *name);

/* A name that zone_find does not know, in small and capital letters of whatever kind, as others have them. */
const struct zone *zone_find_any_case(const char *name);

/* The name it was found by, for life. */
const char *zone_name(const struct zone *zone);

/* The name of its file, for life: what a former name that only tzdata.zi lists is called now. */
const char *zone_file_name(const struct zone *zone);

/*
 * Read again each file that was replaced since it was read, as an upgrade of the package tzdata does. A file
 * that is gone or damaged leaves its zone as it is. Returns how many zones now say something else;
 * *ret_new_release tells whether zone_release() does.
 */
size_t zone_reload(bool *ret_new_release);

enum { ZONE_RELEASE_BYTES = 16 };

/* The release of the zone data, such as "2025b". NULL if the system does not tell. Valid for life. */
const char *zone_release(void);

enum zone_data_age {
	ZONE_DATA_CURRENT,
	ZONE_DATA_OF_FORMER_YEAR, /* every year some country changes its clocks */
	ZONE_DATA_BEHIND_SYSTEM,  /* $TZDIR has an older release than the installed package */
	ZONE_DATA_UNDATED,        /* no release is told */
};

struct zone_data {
	const char *release;                /* zone_release() */
	char installed[ZONE_RELEASE_BYTES]; /* of /usr/share/zoneinfo; "" if it does not tell */
	enum zone_data_age age;
};

/* How old the zone data in use are, for `doctor` and the log. */
void zone_data_look(instant now, struct zone_data *ret_data);

/* What is wrong with them and what to do, in a sentence (static text); NULL if nothing. Pure. */
const char *zone_data_remedy(const struct zone_data *data);

/* The age of a release beside the installed one; either may be NULL. Pure. */
enum zone_data_age zone_data_age(const char *used, const char *installed, instant now);

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

/*
 * A zone's clock as iCalendar describes it (RFC 5545 section 3.6.5): from `onset` on, read with the offset
 * `from`, the clock shows UTC + `to`; once, or as often as `rule` says (an RRULE's value).
 */
struct zone_observance {
	bool daylight;
	const char *letters; /* for life */
	seconds from, to;
	struct civil_time onset; /* not before 1970 */
	const char *rule;        /* NULL: once */
};

/*
 * Every observance that somebody needs for instants from `since` on, the same for the same `since` and zone
 * data. A footer's rule becomes two observances with rules, each from its first year; what comes before it
 * stands alone, as does what no RRULE can say, up to the year 2100. The result lies in `mem`.
 */
size_t zone_observances(const struct zone *zone, instant since, struct arena *mem,
			const struct zone_observance **ret_observances);

/* The wall clock and the date at an instant. */
struct civil_time zone_civil(const struct zone *zone, instant at);
civil_day zone_day(const struct zone *zone, instant at);

#endif
