#include "domain/ical_zone.h"

#include <stdlib.h>
#include <string.h>

#include "domain/recurrence.h"
#include "domain/windows_zone.h"

enum { OFFSET_MAX = 24 * SECONDS_PER_HOUR };

bool ical_zones_collect(struct ical_zones *zones, struct ical_span calendar)
{
	struct ical_span inside;
	for (;;) {
		switch (ical_next_component(&calendar, "VTIMEZONE", &inside)) {
		case ICAL_COMPONENT:
			if (zones->timezone_count < ICAL_ZONES_MAX)
				zones->timezones[zones->timezone_count++] = inside;
			break;
		case ICAL_COMPONENTS_END:
			return true;
		case ICAL_COMPONENT_CUT:
			return false;
		}
	}
}

static bool same(struct ical_span a, struct ical_span b)
{
	return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

/* By the name itself, or by what comes after one of its slashes. */
static const struct zone *find_by_name(struct ical_span id, const struct zone *find(const char *))
{
	char name[ZONE_NAME_MAX * 2 + 1];
	if (id.length == 0 || id.length >= sizeof(name))
		return NULL;
	memcpy(name, id.at, id.length);
	name[id.length] = '\0';
	const char *windows = windows_zone_iana(name);
	if (windows != NULL)
		return zone_find(windows);
	const struct zone *zone = NULL;
	for (const char *at = name; zone == NULL && at != NULL;) {
		zone = find(at);
		at = strchr(at, '/');
		at = at != NULL ? at + 1 : NULL;
	}
	return zone;
}

/* ---------------------------------------------------------------- VTIMEZONE */

static bool offset_of(struct ical_span observance, const char *name, seconds *ret_offset)
{
	struct ical_line line;
	if (!ical_property(observance, name, &line))
		return false;
	const char *at = line.value.at;
	const size_t length = line.value.length;
	if ((length != 5 && length != 7) || (at[0] != '+' && at[0] != '-'))
		return false;
	for (size_t i = 1; i < length; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
	}
	const seconds offset = ((at[1] - '0') * 10 + at[2] - '0') * SECONDS_PER_HOUR +
			       ((at[3] - '0') * 10 + at[4] - '0') * SECONDS_PER_MINUTE +
			       (length == 7 ? (at[5] - '0') * 10 + at[6] - '0' : 0);
	*ret_offset = at[0] == '-' ? -offset : offset;
	return offset < OFFSET_MAX;
}

struct collecting {
	struct ical_onset *onsets;
	size_t count;
	struct ical_onset next;        /* what the onsets of this observance are */
	struct ical_onset last_before; /* the latest before the window */
	seconds from, to;
	bool any_before, too_many;
};

static void collect(void *owner, seconds local)
{
	struct collecting *collecting = owner;
	struct ical_onset onset = collecting->next;
	onset.local = local;
	if (local > collecting->to)
		return;
	if (local < collecting->from) {
		if (!collecting->any_before || local > collecting->last_before.local)
			collecting->last_before = onset;
		collecting->any_before = true;
	} else if (collecting->count == ICAL_ONSETS_MAX) {
		collecting->too_many = true;
	} else {
		collecting->onsets[collecting->count++] = onset;
	}
}

/* False: it cannot be followed exactly. */
static bool collect_observance(struct ical_span observance, struct collecting *collecting, size_t *budget)
{
	struct ical_line line;
	struct ical_time start;
	if (!ical_property(observance, "DTSTART", &line) ||
	    !ical_time_read(line.value.at, line.value.length, &start) ||
	    !offset_of(observance, "TZOFFSETFROM", &collecting->next.from) ||
	    !offset_of(observance, "TZOFFSETTO", &collecting->next.to))
		return false;
	collect(collecting, start.local);
	struct ical_span rest = observance;
	while (ical_next_property(&rest, "RRULE", &line)) {
		struct recurrence_rule rule;
		recurrence_read(line.value.at, line.value.length, &rule);
		const seconds until = rule.until_form == RECURRENCE_UNTIL_UTC
					      ? rule.until + collecting->next.from
					      : rule.until;
		/* From two years before the window, for what is in force when it begins; before the rule's
		 * end if that comes first. */
		seconds from = collecting->from;
		if (rule.until_form != RECURRENCE_FOREVER && until < from)
			from = until;
		from = rule.count > 0 ? start.local : from - 2 * 366 * SECONDS_PER_DAY;
		if (rule.accuracy != RECURRENCE_EXACT ||
		    !recurrence_expand(&rule, start.local, until, from, collecting->to, budget, collect,
				       collecting))
			return false;
	}
	rest = observance;
	while (ical_next_property(&rest, "RDATE", &line)) {
		struct ical_span element;
		while (ical_next_element(&line.value, &element)) {
			struct ical_time time;
			if (!ical_time_read(element.at, element.length, &time))
				return false;
			collect(collecting, time.local + (time.is_utc ? collecting->next.from : 0));
		}
	}
	return true;
}

static int by_local(const void *left, const void *right)
{
	const struct ical_onset *a = left;
	const struct ical_onset *b = right;
	return (a->local - a->from > b->local - b->from) - (a->local - a->from < b->local - b->from);
}

static bool expand(struct ical_zone *zone, struct ical_span timezone, struct ical_zones *zones,
		   size_t *budget)
{
	struct ical_line line;
	struct collecting collecting = {
		.onsets = arena_array(zones->mem, ICAL_ONSETS_MAX + 1, sizeof(struct ical_onset)),
		.from = zones->window.start,
		.to = zones->window.end,
	};
	/* A child's BEGIN tells whether it is STANDARD or DAYLIGHT; both are read alike. */
	for (struct ical_span rest = timezone; ical_next_line(&rest, &line);) {
		struct ical_span inside;
		if (!ical_is(line.name, "BEGIN"))
			continue;
		const char *name = ical_is(line.value, "STANDARD") ? "STANDARD" : "DAYLIGHT";
		rest.length += (size_t)(rest.at - line.name.at);
		rest.at = line.name.at;
		if (ical_next_component(&rest, name, &inside) != ICAL_COMPONENT ||
		    !collect_observance(inside, &collecting, budget))
			return false;
	}
	if (collecting.any_before)
		collecting.onsets[collecting.count++] = collecting.last_before;
	if (collecting.count == 0 || collecting.too_many)
		return false;
	qsort(collecting.onsets, collecting.count, sizeof(collecting.onsets[0]), by_local);
	zone->onsets = collecting.onsets;
	zone->onset_count = collecting.count;
	return true;
}

static void read_zone(struct ical_zone *zone, struct ical_zones *zones, size_t *budget)
{
	zone->zone = find_by_name(zone->id, zone_find);
	for (size_t i = 0; zone->zone == NULL && i < zones->timezone_count; i++) {
		struct ical_line line;
		if (ical_property(zones->timezones[i], "TZID", &line) && same(line.value, zone->id)) {
			expand(zone, zones->timezones[i], zones, budget);
			return;
		}
	}
	if (zone->zone == NULL)
		zone->zone = find_by_name(zone->id, zone_find_any_case);
}

const struct ical_zone *ical_zone_find(struct ical_zones *zones, struct ical_span id, size_t *budget)
{
	struct ical_zone *found = NULL;
	for (size_t i = 0; found == NULL && i < zones->known_count; i++) {
		if (same(zones->known[i].id, id))
			found = &zones->known[i];
	}
	if (found == NULL) {
		if (zones->known_count == ICAL_ZONES_MAX)
			return NULL;
		found = &zones->known[zones->known_count++];
		*found = (struct ical_zone){.id = id};
		read_zone(found, zones, budget);
	}
	return found->zone != NULL || found->onset_count > 0 ? found : NULL;
}

/* ---------------------------------------------------------------- what it says */

static int64_t day_of(seconds local)
{
	return local / SECONDS_PER_DAY - (local % SECONDS_PER_DAY < 0);
}

instant ical_zone_instant(const struct ical_zone *zone, seconds local)
{
	if (zone->zone != NULL) {
		const int64_t day = day_of(local);
		return zone_instant(zone->zone, day, local - day * SECONDS_PER_DAY);
	}
	seconds offset = zone->onsets[0].from;
	for (size_t i = 0; i < zone->onset_count; i++) {
		const struct ical_onset *onset = &zone->onsets[i];
		const seconds gap = onset->to > onset->from ? onset->to - onset->from : 0;
		if (local < onset->local + gap)
			break;
		offset = onset->to;
	}
	return local - offset;
}

seconds ical_zone_local(const struct ical_zone *zone, instant at)
{
	if (zone->zone != NULL)
		return at + zone_offset(zone->zone, at);
	seconds offset = zone->onsets[0].from;
	for (size_t i = 0; i < zone->onset_count && at >= zone->onsets[i].local - zone->onsets[i].from; i++)
		offset = zone->onsets[i].to;
	return at + offset;
}
