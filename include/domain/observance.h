/*
 * observance - a table of clock changes as iCalendar's STANDARD and DAYLIGHT (RFC 5545 section 3.6.5).
 *
 * Pure; safe from any thread. domain/zone.h says what is listed.
 */
#ifndef DOMAIN_OBSERVANCE_H
#define DOMAIN_OBSERVANCE_H

#include "base/arena.h"
#include "domain/tzif.h"
#include "domain/zone.h"

/* See zone_observances. At least one; the result lies in `mem`, its letters in the table. */
size_t observances_list(const struct tzif *table, instant since, struct arena *mem,
			const struct zone_observance **ret_observances);

/*
 * A rule's day as the value of an RRULE, such as "FREQ=YEARLY;BYMONTH=3;BYDAY=2SU", and the wall clock time
 * of that day. NULL if no RRULE says it: a last weekday of February that is moved, or one moved into another
 * month.
 */
const char *observance_rule(const struct tzif_rule_day *day, struct arena *mem);

#endif
