#include "domain/ics.h"

#include "base/die.h"

#include <libical/ical.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FEED_REFRESH_HOURS = 1, SEQUENCE_MAX = 2147483647, LINE_OCTETS = 75, DESCRIBED_FROM_YEAR = 2020 };

static pthread_mutex_t libical = PTHREAD_MUTEX_INITIALIZER;

/* Cleaning leaves NULL where nothing but blanks is left, or nothing was there: a property must not be empty.
 */

/* The text without control characters; line breaks stay (as "\n"), tabs become blanks. */
static const char *clean_text(const char *text, struct arena *mem)
{
	char *clean = arena_strdup(mem, text != NULL ? text : "");
	char *out = clean;
	for (const char *at = clean; *at != '\0'; at++) {
		unsigned char c = (unsigned char)*at;
		if (c == '\t')
			*out++ = ' ';
		else if (c == '\n' || (c >= 0x20 && c != 0x7F))
			*out++ = *at;
	}
	*out = '\0';
	return clean[strspn(clean, " \n")] != '\0' ? clean : NULL;
}

/* For addresses and links, which libical writes as they are: no blanks, quotes or control characters at all.
 */
static const char *clean_uri(const char *text, struct arena *mem)
{
	char *clean = arena_strdup(mem, text != NULL ? text : "");
	char *out = clean;
	for (const char *at = clean; *at != '\0'; at++) {
		unsigned char c = (unsigned char)*at;
		if (c > 0x20 && c != 0x7F && c != '"')
			*out++ = *at;
	}
	*out = '\0';
	return out > clean ? clean : NULL;
}

/* For a parameter in quotes, which has no escapes (RFC 5545 section 3.2): one line, no double quote. */
static const char *clean_name(const char *text, struct arena *mem)
{
	char *clean = arena_strdup(mem, clean_text(text, mem));
	for (char *at = clean; at != NULL && *at != '\0'; at++) {
		if (*at == '"')
			*at = '\'';
		else if (*at == '\n')
			*at = ' ';
	}
	return clean;
}

static struct icaltimetype time_of(struct civil_time civil, bool utc)
{
	struct icaltimetype time = icaltime_null_time();
	time.year = civil.date.year;
	time.month = civil.date.month;
	time.day = civil.date.day;
	time.hour = civil.second_of_day / SECONDS_PER_HOUR;
	time.minute = civil.second_of_day / SECONDS_PER_MINUTE % 60;
	time.second = civil.second_of_day % 60;
	if (utc)
		time.zone = icaltimezone_get_utc_timezone();
	return time;
}

static struct icaltimetype utc_time(instant at)
{
	return time_of(civil_from_instant(at, 0), true);
}

static void add(icalcomponent *component, icalproperty *property)
{
	icalcomponent_add_property(component, property);
}

static void add_parameter(icalproperty *property, icalparameter *parameter)
{
	icalproperty_add_parameter(property, parameter);
}

/* ---------------------------------------------------------------- VTIMEZONE */

/* Instants before this one are written in UTC: there is no need to describe what clocks did before. */
static instant described_from(void)
{
	return date_to_days((struct civil_date){DESCRIBED_FROM_YEAR, 1, 1}) * SECONDS_PER_DAY;
}

static void add_observance(icalcomponent *vtimezone, const struct zone_observance *from)
{
	icalcomponent *observance =
		icalcomponent_new(from->daylight ? ICAL_XDAYLIGHT_COMPONENT : ICAL_XSTANDARD_COMPONENT);
	add(observance, icalproperty_new_dtstart(time_of(from->onset, false)));
	add(observance, icalproperty_new_tzoffsetfrom((int)from->from));
	add(observance, icalproperty_new_tzoffsetto((int)from->to));
	add(observance, icalproperty_new_tzname(from->letters));
	if (from->rule != NULL)
		add(observance, icalproperty_new_rrule(icalrecurrencetype_from_string(from->rule)));
	icalcomponent_add_component(vtimezone, observance);
}

/*
 * The whole zone, whatever the file needs of it. A reader may keep what it once read under this TZID (as
 * python3-vobject and Outlook do), so one zone has one text in every file.
 */
static void add_timezone(icalcomponent *calendar, const struct zone *zone, struct arena *mem)
{
	const struct zone_observance *observances = NULL;
	size_t count = zone_observances(zone, described_from(), mem, &observances);
	icalcomponent *vtimezone = icalcomponent_new(ICAL_VTIMEZONE_COMPONENT);
	add(vtimezone, icalproperty_new_tzid(zone_name(zone)));
	for (size_t i = 0; i < count; i++)
		add_observance(vtimezone, &observances[i]);
	icalcomponent_add_component(calendar, vtimezone);
}

/* ---------------------------------------------------------------- VEVENT */

/*
 * Whether the wall clock alone tells the instant: not in the second round of an hour that comes twice. UTC,
 * as a zone that is looked up, is known to fewer readers than the Z at a time's end.
 */
static bool wall_clock_tells(const struct zone *zone, instant at)
{
	struct zone_period period = zone_period_at(zone, at);
	if (at < described_from())
		return false;
	if (period.offset == 0 && period.start < 0 && period.end == INT64_MAX)
		return false;
	return zone_instant(zone, zone_day(zone, at), zone_civil(zone, at).second_of_day) == at;
}

static void add_times(icalcomponent *component, const struct ics_event *event, const struct zone *zone)
{
	if (!wall_clock_tells(zone, event->start) || !wall_clock_tells(zone, event->end)) {
		add(component, icalproperty_new_dtstart(utc_time(event->start)));
		add(component, icalproperty_new_dtend(utc_time(event->end)));
		return;
	}
	icalproperty *start = icalproperty_new_dtstart(time_of(zone_civil(zone, event->start), false));
	icalproperty *end = icalproperty_new_dtend(time_of(zone_civil(zone, event->end), false));
	add_parameter(start, icalparameter_new_tzid(zone_name(zone)));
	add_parameter(end, icalparameter_new_tzid(zone_name(zone)));
	add(component, start);
	add(component, end);
}

static icalproperty *person(icalproperty *property, const char *name, struct arena *mem)
{
	const char *clean = clean_name(name, mem);
	if (clean != NULL)
		add_parameter(property, icalparameter_new_cn(clean));
	return property;
}

/* NULL without an address. */
static const char *mailto(const char *email, struct arena *mem)
{
	const char *clean = clean_uri(email, mem);
	return clean != NULL ? arena_printf(mem, "mailto:%s", clean) : NULL;
}

static void add_people(icalcomponent *component, const struct ics_event *event, enum ics_method method,
		       struct arena *mem)
{
	const char *from = mailto(event->organizer_email, mem);
	const char *to = mailto(event->attendee_email, mem);
	if (from != NULL)
		add(component, person(icalproperty_new_organizer(from), event->organizer_name, mem));
	/* RFC 5546 section 3.2.1: what is published names no attendees. */
	if (method == ICS_PUBLISH || to == NULL)
		return;
	icalproperty *attendee = icalproperty_new_attendee(to);
	person(attendee, event->attendee_name, mem);
	add_parameter(attendee, icalparameter_new_role(ICAL_ROLE_REQPARTICIPANT));
	add_parameter(attendee, icalparameter_new_partstat(ICAL_PARTSTAT_ACCEPTED));
	add(component, attendee);
}

static void add_texts(icalcomponent *component, const struct ics_event *event, struct arena *mem)
{
	const char *link = clean_uri(event->meeting_url, mem);
	const char *summary = clean_text(event->summary, mem);
	const char *description = clean_text(event->description, mem);
	const char *location = clean_text(event->location, mem);
	if (link != NULL)
		description = description != NULL ? arena_printf(mem, "%s\n\n%s", description, link) : link;
	if (location == NULL)
		location = link;
	if (summary != NULL)
		add(component, icalproperty_new_summary(summary));
	if (description != NULL)
		add(component, icalproperty_new_description(description));
	if (location != NULL)
		add(component, icalproperty_new_location(location));
	if (link == NULL)
		return;
	add(component, icalproperty_new_url(link));
	icalproperty *conference = icalproperty_new_conference(link);
	add_parameter(conference, icalparameter_new_value(ICAL_VALUE_URI));
	add_parameter(conference, icalparameter_new_feature(ICAL_FEATURE_VIDEO));
	add(component, conference);
}

static icalcomponent *event_new(const struct ics_event *event, enum ics_method method,
				const struct zone *zone, struct arena *mem)
{
	icalcomponent *component = icalcomponent_new(ICAL_VEVENT_COMPONENT);
	const bool cancelled = event->cancelled;
	int64_t sequence = event->sequence < SEQUENCE_MAX ? event->sequence : SEQUENCE_MAX;
	add(component, icalproperty_new_uid(clean_uri(event->uid, mem)));
	add(component, icalproperty_new_dtstamp(utc_time(event->stamp)));
	add(component, icalproperty_new_sequence((int)sequence));
	add_times(component, event, zone);
	add(component, icalproperty_new_status(cancelled          ? ICAL_STATUS_CANCELLED
					       : event->tentative ? ICAL_STATUS_TENTATIVE
								  : ICAL_STATUS_CONFIRMED));
	add(component, icalproperty_new_transp(cancelled ? ICAL_TRANSP_TRANSPARENT : ICAL_TRANSP_OPAQUE));
	if (event->created != 0)
		add(component, icalproperty_new_created(utc_time(event->created)));
	if (event->modified != 0)
		add(component, icalproperty_new_lastmodified(utc_time(event->modified)));
	add_texts(component, event, mem);
	add_people(component, event, method, mem);
	return component;
}

/* ---------------------------------------------------------------- VCALENDAR */

static icalcomponent *calendar_new(enum ics_method method)
{
	static const icalproperty_method methods[] = {
		[ICS_PUBLISH] = ICAL_METHOD_PUBLISH,
		[ICS_REQUEST] = ICAL_METHOD_REQUEST,
		[ICS_CANCEL] = ICAL_METHOD_CANCEL,
	};
	icalcomponent *calendar = icalcomponent_new(ICAL_VCALENDAR_COMPONENT);
	add(calendar, icalproperty_new_version("2.0"));
	add(calendar, icalproperty_new_prodid("-//bookingd//bookingd//EN"));
	add(calendar, icalproperty_new_calscale("GREGORIAN"));
	add(calendar, icalproperty_new_method(methods[method]));
	return calendar;
}

/* Octets of the UTF-8 sequence that begins with `first`. */
static size_t sequence_size(unsigned char first)
{
	return first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/*
 * Fold again what libical folded (RFC 5545 section 3.1): at a line's 75th octet libical 3.0.16 may part the
 * CR from the LF that end it.
 */
static struct ics_text fold(const char *text, struct arena *mem)
{
	size_t length = strlen(text), column = 0;
	char *out = arena_alloc(mem, length + length / (LINE_OCTETS - 4) * 3 + 1), *to = out;
	while (*text != '\0') {
		if (strncmp(text, "\r\n ", 3) == 0) {
			text += 3;
			continue;
		}
		size_t size = sequence_size((unsigned char)*text);
		if (*text == '\r' || *text == '\n') {
			column = 0;
		} else if (column + size > LINE_OCTETS) {
			to = mempcpy(to, "\r\n ", 3);
			column = 1 + size;
		} else {
			column += size;
		}
		to = mempcpy(to, text, size);
		text += size;
	}
	return (struct ics_text){out, (size_t)(to - out)};
}

static struct ics_text finish(icalcomponent *component, struct arena *mem)
{
	char *text = icalcomponent_as_ical_string_r(component);
	if (text == NULL)
		die("out of memory");
	struct ics_text result = fold(text, mem);
	icalmemory_free_buffer(text);
	icalcomponent_free(component);
	return result;
}

struct ics_text ics_appointment(const struct ics_event *event, enum ics_method method,
				const struct zone *zone, struct arena *mem)
{
	/* RFC 5546 section 3.2.2: a request or a cancellation is from somebody to somebody. */
	struct ics_event one = *event;
	one.cancelled = event->cancelled || method == ICS_CANCEL;
	if (clean_uri(event->organizer_email, mem) == NULL || clean_uri(event->attendee_email, mem) == NULL)
		method = ICS_PUBLISH;
	pthread_mutex_lock(&libical);
	icalcomponent *calendar = calendar_new(method);
	add_timezone(calendar, zone, mem);
	icalcomponent_add_component(calendar, event_new(&one, method, zone, mem));
	struct ics_text result = finish(calendar, mem);
	pthread_mutex_unlock(&libical);
	return result;
}

static void add_extension(icalcomponent *component, const char *name, const char *value)
{
	icalproperty *property = icalproperty_new_x(value);
	icalproperty_set_x_name(property, name);
	add(component, property);
}

struct ics_text ics_feed_begin(const char *name, const struct zone *zone, struct arena *mem)
{
	const char *title = clean_name(name, mem);
	pthread_mutex_lock(&libical);
	icalcomponent *calendar = calendar_new(ICS_PUBLISH);
	/* The names of RFC 7986, and those that Google, Apple and Outlook read. */
	if (title != NULL) {
		add(calendar, icalproperty_new_name(title));
		add_extension(calendar, "X-WR-CALNAME", title);
	}
	icalproperty *refresh = icalproperty_new_refreshinterval(
		icaldurationtype_from_int(FEED_REFRESH_HOURS * SECONDS_PER_HOUR));
	add_parameter(refresh, icalparameter_new_value(ICAL_VALUE_DURATION));
	add(calendar, refresh);
	add_extension(calendar, "X-PUBLISHED-TTL", "PT1H");
	add_timezone(calendar, zone, mem);
	struct ics_text result = finish(calendar, mem);
	pthread_mutex_unlock(&libical);
	result.length -= strlen(ICS_FEED_END);
	if (strcmp(result.bytes + result.length, ICS_FEED_END) != 0)
		die("libical did not end the calendar it began");
	result.bytes = arena_strndup(mem, result.bytes, result.length);
	return result;
}

struct ics_text ics_feed_event(const struct ics_event *event, const struct zone *zone, struct arena *mem)
{
	pthread_mutex_lock(&libical);
	struct ics_text result = finish(event_new(event, ICS_PUBLISH, zone, mem), mem);
	pthread_mutex_unlock(&libical);
	return result;
}

const char *ics_library_version(void)
{
	static char text[16];
	snprintf(text, sizeof(text), "%d.%d.%d", ICAL_MAJOR_VERSION, ICAL_MINOR_VERSION, ICAL_PATCH_VERSION);
	return text;
}
