/*
 * ical_zone - the wall clock that a TZID of a stranger's file means.
 *
 * A TZID is, in this order: the name of an IANA zone (also at the end of a path such as
 * /freeassociation.sourceforge.net/Europe/Berlin); a name of Windows; a VTIMEZONE of the file itself; and
 * else nothing, for which the caller has a zone.
 *
 * Pure but for zone_find, which may read a file; safe from any thread, one at a time for one set.
 */
#ifndef DOMAIN_ICAL_ZONE_H
#define DOMAIN_ICAL_ZONE_H

#include "base/arena.h"
#include "domain/ical_text.h"
#include "domain/interval.h"
#include "domain/zone.h"

enum {
	ICAL_ZONES_MAX = 64,   /* different TZIDs of one file; more are taken for unknown */
	ICAL_ONSETS_MAX = 512, /* changes of one VTIMEZONE in the window; with more it is unknown */
};

/* A change of the clock: it shows UTC + from until then, UTC + to from then on. */
struct ical_onset {
	seconds local; /* read with `from` */
	seconds from, to;
};

struct ical_zone {
	struct ical_span id;
	const struct zone *zone; /* NULL: `onsets` */
	const struct ical_onset *onsets;
	size_t onset_count; /* 0 with zone == NULL: the TZID means nothing to us */
};

struct ical_zones {
	struct ical_span timezones[ICAL_ZONES_MAX]; /* the VTIMEZONEs */
	size_t timezone_count;
	struct ical_zone known[ICAL_ZONES_MAX];
	size_t known_count;
	struct interval window; /* where VTIMEZONEs are expanded */
	struct arena *mem;
};

/* The VTIMEZONEs of a calendar's inside, added to what is there. False: a component is cut. */
bool ical_zones_collect(struct ical_zones *zones, struct ical_span calendar);

/* The zone of a TZID; the same for the same TZID. NULL: it is not known. `budget` as for recurrence_expand.
 */
const struct ical_zone *ical_zone_find(struct ical_zones *zones, struct ical_span id, size_t *budget);

/*
 * The instant of a wall clock time: as zone_instant for IANA zones, and by the same rules for VTIMEZONEs,
 * whose changes outside the window are not known.
 */
instant ical_zone_instant(const struct ical_zone *zone, seconds local);

/* The wall clock at an instant. */
seconds ical_zone_local(const struct ical_zone *zone, instant at);

#endif
