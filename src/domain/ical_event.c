#include "domain/ical_event.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "domain/ical_busy.h"

enum { ZONES_SLACK = 8 * SECONDS_PER_DAY, ZONE_NAME_SHOWN = 60 };

#define LENGTH_MAX ((seconds)36525 * SECONDS_PER_DAY)

static const struct ical_onset utc_onset = {.local = INT64_MIN / 4};
static const struct ical_zone utc = {.onsets = &utc_onset, .onset_count = 1};

void ical_reader_init(struct ical_reader *reader, const struct zone *zone, struct interval window,
		      struct arena *mem)
{
	*reader = (struct ical_reader){
		.zones = {.window = {window.start - ZONES_SLACK, window.end + ZONES_SLACK}, .mem = mem},
		.floating = {.zone = zone},
		.mem = mem,
		.budget = ICAL_BUSY_DAYS_MAX,
	};
}

static int64_t day_of(seconds local)
{
	return local / SECONDS_PER_DAY - (local % SECONDS_PER_DAY < 0);
}

static seconds within(seconds length)
{
	return length < 0 ? 0 : length > LENGTH_MAX ? LENGTH_MAX : length;
}

static void note_unknown_zone(struct ical_reader *reader, struct ical_span id)
{
	reader->in_unknown_zone++;
	if (reader->unknown_zone != NULL)
		return;
	char *shown =
		arena_strndup(reader->mem, id.at, id.length < ZONE_NAME_SHOWN ? id.length : ZONE_NAME_SHOWN);
	for (char *at = shown; *at != '\0'; at++) {
		if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7F)
			*at = '?';
	}
	reader->unknown_zone = shown;
}

/* The zone whose wall clock a time of that property is. */
static const struct ical_zone *zone_of(struct ical_reader *reader, const struct ical_line *line,
				       const struct ical_time *time)
{
	struct ical_span id;
	if (time->is_utc)
		return &utc;
	if (time->is_date || !ical_parameter(line, "TZID", &id))
		return &reader->floating;
	const struct ical_zone *zone = ical_zone_find(&reader->zones, id, &reader->budget);
	if (zone != NULL)
		return zone;
	note_unknown_zone(reader, id);
	return &reader->floating;
}

/* The same of a further time of an event: if nothing is said, it is in the zone that the event begins in. */
static const struct ical_zone *zone_in(struct ical_reader *reader, const struct ical_line *line,
				       const struct ical_time *time, const struct ical_event *event)
{
	struct ical_span id;
	const bool said = time->is_utc || time->is_date || ical_parameter(line, "TZID", &id);
	return said || event->zone == NULL ? zone_of(reader, line, time) : event->zone;
}

/* ---------------------------------------------------------------- whether it takes time */

static bool property_is(struct ical_span component, const char *name, const char *value)
{
	struct ical_line line;
	return ical_property(component, name, &line) && ical_is(line.value, value);
}

/* mailto:ann@example.org */
static bool is_address_of(struct ical_span value, const char *const *addresses)
{
	static const char scheme[] = "mailto:";
	const size_t skip = sizeof(scheme) - 1;
	if (value.length <= skip || strncasecmp(value.at, scheme, skip) != 0)
		return false;
	const struct ical_span address = {value.at + skip, value.length - skip};
	for (; *addresses != NULL; addresses++) {
		if (ical_is(address, *addresses))
			return true;
	}
	return false;
}

bool ical_event_is_busy(struct ical_span component, const char *const *addresses)
{
	struct ical_line line;
	struct ical_span answer;
	if (property_is(component, "STATUS", "CANCELLED") ||
	    property_is(component, "TRANSP", "TRANSPARENT") ||
	    property_is(component, "X-MICROSOFT-CDO-BUSYSTATUS", "FREE"))
		return false;
	while (addresses != NULL && ical_next_property(&component, "ATTENDEE", &line)) {
		if (ical_parameter(&line, "PARTSTAT", &answer) && ical_is(answer, "DECLINED") &&
		    is_address_of(line.value, addresses))
			return false;
	}
	return true;
}

/* ---------------------------------------------------------------- when */

static void read_end(struct ical_reader *reader, struct ical_span component, struct ical_event *event)
{
	struct ical_line line;
	int64_t days = event->is_date ? 1 : 0;
	seconds time = 0;
	if (ical_property(component, "DTEND", &line)) {
		struct ical_time end;
		if (ical_time_read(line.value.at, line.value.length, &end)) {
			const struct ical_zone *zone = zone_in(reader, &line, &end, event);
			event->inexact = end.is_date != event->is_date;
			if (end.is_date && !event->is_date)
				end.local += SECONDS_PER_DAY;
			event->exact = ical_zone_instant(zone, end.local) -
				       ical_zone_instant(event->zone, event->start.local);
			event->nominal = zone == event->zone ? end.local - event->start.local : event->exact;
			if (event->is_date ? event->nominal > 0 : event->exact >= 0)
				return;
			if (!event->is_date || event->nominal < 0) {
				event->inexact = true; /* it ends before it begins */
				days = 1;
			}
		} else {
			event->inexact = true;
			days = 1;
		}
	} else if (ical_property(component, "DURATION", &line) &&
		   !ical_duration_read(line.value, &days, &time)) {
		event->inexact = true;
		days = 1;
		time = 0;
	}
	event->nominal = event->exact = days * SECONDS_PER_DAY + time;
}

bool ical_event_read(struct ical_reader *reader, struct ical_span component, struct ical_event *ret_event)
{
	struct ical_line line;
	*ret_event = (struct ical_event){.uid = {"", 0}};
	if (ical_property(component, "UID", &line))
		ret_event->uid = line.value;
	if (!ical_property(component, "DTSTART", &line) ||
	    !ical_time_read(line.value.at, line.value.length, &ret_event->start))
		return false;
	ret_event->is_date = ret_event->start.is_date;
	ret_event->zone = zone_of(reader, &line, &ret_event->start);
	read_end(reader, component, ret_event);
	ret_event->nominal = within(ret_event->nominal);
	ret_event->exact = within(ret_event->exact);
	return true;
}

bool ical_date_read(struct ical_reader *reader, const struct ical_line *line, struct ical_span element,
		    struct ical_event *event)
{
	const char *slash = memchr(element.at, '/', element.length);
	const size_t length = slash != NULL ? (size_t)(slash - element.at) : element.length;
	if (!ical_time_read(element.at, length, &event->start))
		return false;
	event->zone = zone_in(reader, line, &event->start, event);
	if (event->start.is_date && !event->is_date) {
		/* A date for an event with a time of day: which time is meant is not said. */
		event->nominal = event->exact = within(event->nominal) + SECONDS_PER_DAY;
	}
	if (slash == NULL)
		return true;
	const struct ical_span rest = {slash + 1, element.length - length - 1};
	struct ical_time end;
	int64_t days = 0;
	seconds time = 0;
	if (ical_time_read(rest.at, rest.length, &end))
		time = end.local - event->start.local;
	else if (!ical_duration_read(rest, &days, &time))
		return false;
	if (time < 0)
		return false;
	event->nominal = event->exact = within(days * SECONDS_PER_DAY + time);
	return true;
}

struct interval ical_event_time(const struct ical_reader *reader, const struct ical_event *event,
				seconds local)
{
	const struct ical_zone *zone = event->is_date ? &reader->floating : event->zone;
	const instant start = ical_zone_instant(zone, local);
	const instant exact_end = start + event->exact;
	if (event->exact == 0 && event->nominal == 0)
		return (struct interval){start, start};
	const instant nominal_end = ical_zone_instant(zone, local + event->nominal);
	/* An all-day event is whole days, however long they are. */
	return (struct interval){start, event->is_date || nominal_end > exact_end ? nominal_end : exact_end};
}

seconds ical_reader_local(const struct ical_reader *reader, const struct ical_zone *zone, instant at)
{
	return ical_zone_local(zone != NULL ? zone : &reader->floating, at);
}

/* ---------------------------------------------------------------- what is left out or replaced */

static int by_value(const void *left, const void *right)
{
	const int64_t *a = left;
	const int64_t *b = right;
	return (*a > *b) - (*a < *b);
}

/* False: it cannot be read. */
static bool add_exception(struct ical_reader *reader, const struct ical_line *line, struct ical_span element,
			  const struct ical_event *event, struct ical_exceptions *exceptions)
{
	struct ical_time time;
	if (!ical_time_read(element.at, element.length, &time))
		return false;
	const bool midnight = time.local % SECONDS_PER_DAY == 0;
	if (time.is_date || (event->is_date && midnight)) {
		exceptions->days[exceptions->day_count++] = day_of(time.local);
		if (time.is_date)
			return true;
	}
	exceptions->instants[exceptions->instant_count++] =
		ical_zone_instant(zone_in(reader, line, &time, event), time.local);
	return true;
}

static size_t count_exceptions(struct ical_span component)
{
	struct ical_line line;
	size_t count = 0;
	while (ical_next_property(&component, "EXDATE", &line)) {
		struct ical_span element;
		while (ical_next_element(&line.value, &element))
			count++;
	}
	return count < ICAL_BUSY_DATES_MAX ? count : ICAL_BUSY_DATES_MAX;
}

bool ical_exceptions_read(struct ical_reader *reader, struct ical_span component,
			  const struct ical_event *event, struct arena *mem,
			  struct ical_exceptions *ret_exceptions)
{
	struct ical_line line;
	bool left_out = ical_property(component, "EXRULE", &line);
	const size_t room = count_exceptions(component);
	*ret_exceptions = (struct ical_exceptions){0};
	if (room == 0)
		return left_out;
	ret_exceptions->instants = arena_array(mem, room, sizeof(instant));
	ret_exceptions->days = arena_array(mem, room, sizeof(int64_t));
	size_t read = 0;
	while (ical_next_property(&component, "EXDATE", &line)) {
		struct ical_span element;
		while (ical_next_element(&line.value, &element)) {
			if (read++ >= room || !add_exception(reader, &line, element, event, ret_exceptions))
				left_out = true;
		}
	}
	qsort(ret_exceptions->instants, ret_exceptions->instant_count, sizeof(instant), by_value);
	qsort(ret_exceptions->days, ret_exceptions->day_count, sizeof(int64_t), by_value);
	return left_out;
}

bool ical_is_exception(const struct ical_exceptions *exceptions, instant start, seconds local)
{
	const int64_t day = day_of(local);
	return (exceptions->instant_count > 0 &&
		bsearch(&start, exceptions->instants, exceptions->instant_count, sizeof(start), by_value) !=
			NULL) ||
	       (exceptions->day_count > 0 &&
		bsearch(&day, exceptions->days, exceptions->day_count, sizeof(day), by_value) != NULL);
}

bool ical_override_read(struct ical_reader *reader, struct ical_span component,
			struct ical_override *ret_override)
{
	struct ical_line line;
	struct ical_time time;
	struct ical_span range;
	struct ical_event event;
	if (!ical_property(component, "RECURRENCE-ID", &line) ||
	    !ical_time_read(line.value.at, line.value.length, &time))
		return false;
	/* If it does not say where the instance is now, that stays where it was. */
	if (!ical_event_read(reader, component, &event))
		return false;
	const struct ical_zone *zone = zone_in(reader, &line, &time, &event);
	const instant instance = ical_zone_instant(zone, time.local);
	*ret_override = (struct ical_override){
		.uid = event.uid,
		.instance = instance,
		.and_future = ical_parameter(&line, "RANGE", &range) && ical_is(range, "THISANDFUTURE"),
		.busy = ical_event_is_busy(component, NULL),
	};
	ret_override->shift = zone == event.zone
				      ? event.start.local - time.local
				      : ical_zone_instant(event.zone, event.start.local) - instance;
	ret_override->nominal = event.nominal;
	ret_override->exact = event.exact;
	return true;
}

seconds ical_override_shift(const struct ical_override *override)
{
	const seconds shift = override->shift < 0 ? -override->shift : override->shift;
	return override->and_future
		       ? within(shift +
				(override->exact > override->nominal ? override->exact : override->nominal))
		       : 0;
}

bool ical_uid_is_ours(struct ical_span uid, char ret_id[static UUID_TEXT_SIZE])
{
	enum { DIGITS = 32, GROUPED = UUID_TEXT_SIZE - 1 };
	static const struct {
		size_t length;
		const char *host;
	} forms[] = {{DIGITS, "@google.com"}, {GROUPED, "@bookingd"}};
	struct uuid id;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const size_t length = forms[i].length;
		if (uid.length != length + strlen(forms[i].host) ||
		    strncmp(uid.at + length, forms[i].host, uid.length - length) != 0)
			continue;
		char text[UUID_TEXT_SIZE] = "";
		for (size_t from = 0, to = 0; from < length && to < GROUPED; from++) {
			if (length == DIGITS && (to == 8 || to == 13 || to == 18 || to == 23))
				text[to++] = '-';
			text[to++] = uid.at[from];
		}
		if (!uuid_parse(text, GROUPED, &id))
			return false;
		uuid_format(id, ret_id);
		return true;
	}
	return false;
}
