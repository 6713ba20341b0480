/*
 * The file is read three times: for its zones, for the overrides (RECURRENCE-ID), which may stand before or
 * after the event they belong to, and for what is busy. domain/ical_event.h reads an event's properties.
 */
#include "domain/ical_busy.h"

#include <stdlib.h>
#include <string.h>

#include "domain/ical_event.h"
#include "domain/recurrence.h"

enum { SLACK_SECONDS = 2 * SECONDS_PER_DAY, ROW_MIN = 256 };

/* What the overrides of one UID amount to. */
struct overridden {
	const struct ical_override *overrides;
	size_t count;
	seconds shift;      /* how far the furthest THISANDFUTURE moves an instance or its end */
	size_t future_ends; /* THISANDFUTUREs whose instances have two ends, see ends_twice() */
};

static const struct overridden no_overrides;

/* What a file amounts to, while it is read. */
struct summing {
	const struct ical_busy_question *question;
	struct ical_reader reader;
	struct arena *mem;
	struct interval *times;
	size_t count, room;
	struct ical_busy_own *own;
	size_t own_room;
	struct ical_override *overrides; /* sorted by UID, then by the instance */
	size_t override_count, override_room;
	struct overridden *overridden; /* a row for each UID in them, sorted */
	size_t overridden_count;
	size_t instances; /* found so far */
	struct ical_busy busy;
	bool too_much;
};

/* ---------------------------------------------------------------- times */

/* Room for one more in a growing row of the arena. False: `max` is reached. */
static bool grow(void *row_pointer, size_t count, size_t *room, size_t size, size_t max, struct arena *mem)
{
	void **row = row_pointer;
	if (count < *room)
		return true;
	if (count >= max)
		return false;
	const size_t more = *room == 0 ? ROW_MIN : *room * 2 < max ? *room * 2 : max;
	void *larger = arena_array(mem, more, size);
	if (count > 0)
		memcpy(larger, *row, count * size);
	*row = larger;
	*room = more;
	return true;
}

/* Unless that is enough, joining the times makes room. */
static void add_time(struct summing *summing, struct interval time)
{
	const struct interval window = summing->question->window;
	if (!interval_overlaps(time, window))
		return;
	if (time.start < window.start)
		time.start = window.start;
	if (time.end > window.end)
		time.end = window.end;
	if (summing->count == ICAL_BUSY_TIMES_MAX) {
		summing->count = intervals_normalize(summing->times, summing->count);
		if (summing->count > ICAL_BUSY_TIMES_MAX / 2)
			summing->too_much = true;
	}
	if (summing->too_much || !grow(&summing->times, summing->count, &summing->room, sizeof(time),
				       ICAL_BUSY_TIMES_MAX, summing->mem)) {
		summing->too_much = true;
		return;
	}
	summing->times[summing->count++] = time;
}

static void add_own(struct summing *summing, const char *id, struct interval time)
{
	if (!interval_overlaps(time, summing->question->window))
		return;
	if (!grow(&summing->own, summing->busy.own_count, &summing->own_room, sizeof(*summing->own),
		  ICAL_BUSY_OWN_MAX, summing->mem)) {
		summing->too_much = true;
		return;
	}
	struct ical_busy_own *own = &summing->own[summing->busy.own_count++];
	memcpy(own->appointment_id, id, UUID_TEXT_SIZE);
	own->time = time;
}

/* ---------------------------------------------------------------- overrides */

static int compare_uids(struct ical_span a, struct ical_span b)
{
	const int order = memcmp(a.at, b.at, a.length < b.length ? a.length : b.length);
	return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static int by_uid_and_instance(const void *left, const void *right)
{
	const struct ical_override *a = left;
	const struct ical_override *b = right;
	const int order = compare_uids(a->uid, b->uid);
	return order != 0 ? order : (a->instance > b->instance) - (a->instance < b->instance);
}

static void collect_override(struct summing *summing, struct ical_span component)
{
	struct ical_override override;
	if (!ical_override_read(&summing->reader, component, &override))
		return;
	if (!grow(&summing->overrides, summing->override_count, &summing->override_room, sizeof(override),
		  ICAL_BUSY_OVERRIDES_MAX, summing->mem)) {
		summing->too_much = true;
		return;
	}
	summing->overrides[summing->override_count++] = override;
}

/* Sort the overrides, and find out once what each UID's amount to: however many events have that UID. */
static void sort_overrides(struct summing *summing)
{
	const size_t count = summing->override_count;
	if (count == 0)
		return;
	struct ical_override *all = summing->overrides;
	qsort(all, count, sizeof(*all), by_uid_and_instance);
	summing->overridden = arena_array(summing->mem, count, sizeof(*summing->overridden));
	for (size_t i = 0; i < count; i++) {
		const bool first = i == 0 || compare_uids(all[i - 1].uid, all[i].uid) != 0;
		if (first)
			summing->overridden[summing->overridden_count++] =
				(struct overridden){.overrides = &all[i]};
		struct overridden *overridden = &summing->overridden[summing->overridden_count - 1];
		const seconds shift = ical_override_shift(&all[i]);
		overridden->count++;
		overridden->future_ends += all[i].and_future && all[i].exact != all[i].nominal;
		if (shift > overridden->shift)
			overridden->shift = shift;
		all[i].future = all[i].and_future ? &all[i] : first ? NULL : all[i - 1].future;
	}
}

static int by_uid(const void *uid, const void *overridden)
{
	return compare_uids(*(const struct ical_span *)uid,
			    ((const struct overridden *)overridden)->overrides->uid);
}

static const struct overridden *overrides_of(const struct summing *summing, struct ical_span uid)
{
	const struct overridden *found_row =
		summing->overridden_count > 0 ? bsearch(&uid, summing->overridden, summing->overridden_count,
							sizeof(*summing->overridden), by_uid)
					      : NULL;
	return found_row != NULL ? found_row : &no_overrides;
}

/* ---------------------------------------------------------------- instances */

/* An event whose instances are being found. */
struct instances {
	struct summing *summing;
	const struct ical_event *event;
	const struct overridden *overridden;
	const struct ical_exceptions *exceptions;
	instant until; /* of UNTIL in UTC; INT64_MAX without */
	bool whole_days;
	bool below_day; /* the rule's frequency is HOURLY or more often */
};

/* Whether an instance is replaced by itself (an override), and the last THISANDFUTURE that moves it. */
static bool is_replaced(const struct instances *instances, instant start,
			const struct ical_override **ret_future)
{
	const struct ical_override *overrides = instances->overridden->overrides;
	size_t low = 0; /* as many are not after it */
	for (size_t high = instances->overridden->count; low < high;) {
		const size_t middle = low + (high - low) / 2;
		if (overrides[middle].instance <= start)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_future = low > 0 ? overrides[low - 1].future : NULL;
	return low > 0 && overrides[low - 1].instance == start;
}

/* An instance, `local` on its wall clock. */
static void add_instance(const struct instances *instances, seconds local, struct interval time)
{
	struct summing *summing = instances->summing;
	const struct ical_event *event = instances->event;
	const struct ical_override *future = NULL;
	if (time.start > instances->until || ical_is_exception(instances->exceptions, time.start, local) ||
	    is_replaced(instances, time.start, &future))
		return;
	if (future == NULL) {
		add_time(summing, time);
	} else if (future->busy) {
		const struct ical_event moved = {.zone = event->zone,
						 .is_date = event->is_date,
						 .nominal = future->nominal,
						 .exact = future->exact};
		add_time(summing, ical_event_time(&summing->reader, &moved, local + future->shift));
	}
}

/* The same wall clock time once more, in the hour that a clock set back repeats. False: it comes once. */
static bool comes_again(const struct instances *instances, seconds local, struct interval time,
			struct interval *ret_again)
{
	const struct ical_reader *reader = &instances->summing->reader;
	const struct ical_zone *zone = instances->event->zone;
	const instant tomorrow = time.start + SECONDS_PER_DAY;
	const instant again = local - (ical_reader_local(reader, zone, tomorrow) - tomorrow);
	if (again <= time.start || ical_reader_local(reader, zone, again) != local)
		return false;
	*ret_again = (struct interval){again, again + (time.end - time.start)};
	return true;
}

static void found(void *instances_pointer, seconds local)
{
	const struct instances *instances = instances_pointer;
	struct summing *summing = instances->summing;
	const struct ical_event *event = instances->event;
	if (summing->instances++ == ICAL_BUSY_INSTANCES_MAX)
		summing->too_much = true;
	if (summing->too_much)
		return;
	if (instances->whole_days) {
		/* The day that somewhere in it has an instance, and as long as an instance may last. */
		const struct ical_event day = {.zone = event->zone,
					       .nominal = event->nominal + SECONDS_PER_DAY,
					       .exact = event->exact + SECONDS_PER_DAY};
		add_time(summing, ical_event_time(&summing->reader, &day, local));
		return;
	}
	const struct interval time = ical_event_time(&summing->reader, event, local);
	struct interval again;
	add_instance(instances, local, time);
	/* What comes every hour comes in that hour, too. */
	if (instances->below_day && comes_again(instances, local, time, &again))
		add_instance(instances, local, again);
}

static void expand_rule(struct instances *instances, struct ical_span text)
{
	struct summing *summing = instances->summing;
	const struct ical_event *event = instances->event;
	const struct interval window = summing->question->window;
	struct recurrence_rule rule;
	recurrence_read(text.at, text.length, &rule);
	seconds until = rule.until;
	seconds until_at_most = until;
	instances->until = INT64_MAX;
	if (rule.until_form == RECURRENCE_UNTIL_UTC) {
		const seconds local = ical_reader_local(&summing->reader, event->zone, rule.until);
		until = event->is_date && rule.until > local ? rule.until : local;
		/* In an hour that comes twice a later wall clock may be earlier: add_instance() decides. */
		until_at_most = event->is_date ? until : local + SECONDS_PER_DAY;
		instances->until = event->is_date ? INT64_MAX : rule.until;
	}
	const seconds longest = event->exact > event->nominal ? event->exact : event->nominal;
	const seconds furthest = instances->overridden->shift;
	const seconds from = window.start - longest - furthest - SLACK_SECONDS;
	const seconds to = window.end + furthest + SLACK_SECONDS;
	instances->below_day = rule.frequency < RECURRENCE_DAILY;
	if (instances->below_day)
		found(instances, event->start.local);
	const bool whole = recurrence_expand(&rule, event->start.local, until_at_most, from, to,
					     &summing->reader.budget, found, instances);
	if (!whole) {
		instances->whole_days = rule.whole_days;
		recurrence_superset(&rule, event->start.local, rule.whole_days ? until : until_at_most, from,
				    to, found, instances);
		instances->whole_days = false;
	}
	instances->below_day = false;
	if (!whole || rule.accuracy != RECURRENCE_EXACT)
		summing->busy.inexact++;
}

/* RDATEs that are periods have an end of their own. */
static void add_dates(struct instances *instances, struct ical_span component)
{
	struct summing *summing = instances->summing;
	struct ical_line line;
	while (ical_next_property(&component, "RDATE", &line)) {
		struct ical_span element;
		while (ical_next_element(&line.value, &element)) {
			struct ical_event date = *instances->event;
			if (!ical_date_read(&summing->reader, &line, element, &date)) {
				summing->busy.unreadable++;
				continue;
			}
			struct instances one = *instances;
			one.event = &date;
			found(&one, date.start.local);
		}
	}
}

/*
 * How many of a repeated event and its overrides for all that follows span a change of the clocks: each of
 * their instances has two ends, as long on the wall clock and as long in elapsed time, of which the later is
 * taken.
 */
static size_t ends_twice(const struct ical_event *event, const struct overridden *overridden)
{
	return event->is_date ? 0 : (event->exact != event->nominal) + overridden->future_ends;
}

static void add_event(struct summing *summing, struct ical_span component)
{
	struct ical_line line;
	struct ical_event event;
	summing->busy.events++;
	if (!ical_event_is_busy(component, summing->question->addresses))
		return;
	if (!ical_event_read(&summing->reader, component, &event)) {
		summing->busy.unreadable++;
		return;
	}
	summing->busy.inexact += event.inexact;
	char id[UUID_TEXT_SIZE];
	const bool repeats =
		ical_property(component, "RRULE", &line) || ical_property(component, "RDATE", &line);
	if (!repeats && ical_uid_is_ours(event.uid, id)) {
		add_own(summing, id, ical_event_time(&summing->reader, &event, event.start.local));
		return;
	}
	struct arena scratch = ARENA_EMPTY;
	struct ical_exceptions exceptions = {0};
	struct instances instances = {.summing = summing,
				      .event = &event,
				      .overridden = &no_overrides,
				      .exceptions = &exceptions,
				      .until = INT64_MAX};
	if (ical_property(component, "RECURRENCE-ID", &line)) {
		/* An instance by itself; what it replaces is left out where its event is expanded. */
		found(&instances, event.start.local);
		return;
	}
	if (ical_exceptions_read(&summing->reader, component, &event, &scratch, &exceptions))
		summing->busy.inexact++;
	instances.overridden = overrides_of(summing, event.uid);
	if (repeats)
		summing->busy.inexact += ends_twice(&event, instances.overridden);
	found(&instances, event.start.local);
	for (struct ical_span rest = component;
	     !summing->too_much && ical_next_property(&rest, "RRULE", &line);)
		expand_rule(&instances, line.value);
	instances.until = INT64_MAX;
	add_dates(&instances, component);
	arena_clear(&scratch);
}

/* FREEBUSY;FBTYPE=...:period,period */
static void add_freebusy(struct summing *summing, struct ical_span component)
{
	struct ical_line line;
	summing->busy.events++;
	while (ical_next_property(&component, "FREEBUSY", &line)) {
		struct ical_span type;
		struct ical_span element;
		if (ical_parameter(&line, "FBTYPE", &type) && ical_is(type, "FREE"))
			continue;
		while (ical_next_element(&line.value, &element)) {
			struct ical_event period = {0};
			if (ical_date_read(&summing->reader, &line, element, &period))
				add_time(summing,
					 ical_event_time(&summing->reader, &period, period.start.local));
			else
				summing->busy.unreadable++;
		}
	}
}

/* ---------------------------------------------------------------- the file */

typedef void component_taker(struct summing *summing, struct ical_span component);

/* False: a component is cut. */
static bool each(struct summing *summing, struct ical_span calendar, const char *name, component_taker *take)
{
	struct ical_span inside;
	enum ical_component found_component;
	while (!summing->too_much &&
	       (found_component = ical_next_component(&calendar, name, &inside)) != ICAL_COMPONENTS_END) {
		if (found_component == ICAL_COMPONENT_CUT)
			return false;
		take(summing, inside);
	}
	return true;
}

static void read_refresh(struct summing *summing, struct ical_span calendar)
{
	struct ical_line line;
	int64_t days = 0;
	seconds time = 0;
	if ((ical_property(calendar, "REFRESH-INTERVAL", &line) ||
	     ical_property(calendar, "X-PUBLISHED-TTL", &line)) &&
	    ical_duration_read(line.value, &days, &time))
		summing->busy.refresh_seconds = days * SECONDS_PER_DAY + time;
}

/* One reading of every calendar in the text. */
enum pass { ZONES, OVERRIDES, BUSY };

static enum ical_busy_result read_pass(struct summing *summing, struct ical_span text, enum pass pass)
{
	struct ical_span calendar;
	size_t calendars = 0;
	for (;;) {
		enum ical_component found_component = ical_next_component(&text, "VCALENDAR", &calendar);
		if (found_component == ICAL_COMPONENT_CUT)
			return ICAL_BUSY_CUT;
		if (found_component == ICAL_COMPONENTS_END)
			break;
		calendars++;
		bool whole = true;
		if (pass == ZONES) {
			read_refresh(summing, calendar);
			whole = ical_zones_collect(&summing->reader.zones, calendar);
		} else if (pass == OVERRIDES) {
			whole = each(summing, calendar, "VEVENT", collect_override);
		} else {
			whole = each(summing, calendar, "VEVENT", add_event) &&
				each(summing, calendar, "VFREEBUSY", add_freebusy);
		}
		if (!whole)
			return ICAL_BUSY_CUT;
		if (summing->too_much)
			return ICAL_BUSY_TOO_MUCH;
	}
	return calendars > 0 ? ICAL_BUSY_READ : ICAL_BUSY_NO_CALENDAR;
}

enum ical_busy_result ical_busy_read(char *text, size_t length, const struct ical_busy_question *question,
				     struct arena *mem, struct ical_busy *ret_busy)
{
	struct summing *summing = arena_alloc(mem, sizeof(*summing));
	summing->question = question;
	summing->mem = mem;
	ical_reader_init(&summing->reader, question->zone, question->window, mem);
	const struct ical_span whole = {text, ical_unfold(text, length)};
	for (int pass = ZONES; pass <= BUSY; pass++) {
		enum ical_busy_result result = read_pass(summing, whole, (enum pass)pass);
		if (result != ICAL_BUSY_READ)
			return result;
		if (pass == OVERRIDES)
			sort_overrides(summing);
	}
	summing->busy.times =
		(struct intervals){summing->times, intervals_normalize(summing->times, summing->count)};
	summing->busy.own = summing->own;
	summing->busy.in_unknown_zone = summing->reader.in_unknown_zone;
	summing->busy.unknown_zone = summing->reader.unknown_zone;
	*ret_busy = summing->busy;
	return ICAL_BUSY_READ;
}
