#include "domain/schedule.h"

#include <stdlib.h>
#include <string.h>

const struct session_type *schedule_type(const struct schedule *schedule, const char *id)
{
	if (id == NULL) {
		const struct session_type *offered = schedule_type_offered(schedule, NULL);
		return offered != NULL ? offered : &schedule->types[0];
	}
	for (size_t i = 0; i < schedule->type_count; i++) {
		if (strcmp(schedule->types[i].id, id) == 0)
			return &schedule->types[i];
	}
	return NULL;
}

const struct session_type *schedule_type_offered(const struct schedule *schedule, const char *id)
{
	for (size_t i = 0; i < schedule->type_count; i++) {
		const struct session_type *type = &schedule->types[i];
		if (!type->draft && (id == NULL || strcmp(type->id, id) == 0))
			return type;
	}
	return NULL;
}

bool session_type_offers(const struct session_type *type, int64_t minutes)
{
	for (size_t i = 0; i < type->duration_count; i++) {
		if (type->durations[i] == minutes)
			return true;
	}
	return false;
}

bool session_type_owns(const struct session_type *type, enum policy_field field)
{
	return (type->own & 1u << field) != 0;
}

bool schedule_blocks(const struct schedule *schedule, civil_day date)
{
	for (size_t i = 0; i < schedule->blocked_count && schedule->blocked[i].from <= date; i++) {
		if (date < schedule->blocked[i].to)
			return true;
	}
	return false;
}

bool session_type_has_hours(const struct session_type *type)
{
	return type->own_weekly || type->own_hours.override_count > 0;
}

/* The overrides of that date: a stretch of the sorted row, *ret_count long; NULL if there are none. */
static const struct date_override *overrides_of(const struct working_hours *hours, civil_day date,
						size_t *ret_count)
{
	size_t low = 0;
	size_t high = hours->override_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (hours->overrides[middle].date < date)
			low = middle + 1;
		else
			high = middle;
	}
	size_t end = low;
	while (end < hours->override_count && hours->overrides[end].date == date)
		end++;
	*ret_count = end - low;
	return *ret_count > 0 ? hours->overrides + low : NULL;
}

static void add_interval(const struct schedule *schedule, civil_day date, struct hours hours,
			 struct interval at[], size_t *count)
{
	struct interval interval = {
		zone_instant(schedule->zone, date, (seconds)hours.from * SECONDS_PER_MINUTE),
		zone_instant(schedule->zone, hours.to > hours.from ? date : date + 1,
			     (seconds)hours.to * SECONDS_PER_MINUTE),
	};
	if (interval.start >= interval.end)
		return;
	/* Few a day, and mostly in order already. */
	size_t place = (*count)++;
	for (; place > 0 && at[place - 1].start > interval.start; place--)
		at[place] = at[place - 1];
	at[place] = interval;
}

static struct intervals overridden_day(const struct schedule *schedule,
				       const struct date_override overrides[], size_t override_count,
				       civil_day date, struct arena *mem)
{
	size_t room = 0;
	for (size_t i = 0; i < override_count; i++)
		room += overrides[i].hours_count;
	struct interval *at = arena_array(mem, room, sizeof(*at));
	size_t count = 0;
	for (size_t i = 0; i < override_count; i++) {
		for (size_t h = 0; h < overrides[i].hours_count; h++)
			add_interval(schedule, date, overrides[i].hours[h], at, &count);
	}
	return (struct intervals){at, count};
}

static struct intervals weekly_day(const struct schedule *schedule, const struct working_hours *hours,
				   civil_day date, struct arena *mem)
{
	const unsigned weekday = 1u << date_weekday(date);
	size_t room = 0;
	for (size_t i = 0; i < hours->weekly_count; i++)
		room += (hours->weekly[i].days & weekday) != 0;
	struct interval *at = arena_array(mem, room, sizeof(*at));
	size_t count = 0;
	for (size_t i = 0; i < hours->weekly_count; i++) {
		if ((hours->weekly[i].days & weekday) != 0)
			add_interval(schedule, date, hours->weekly[i].hours, at, &count);
	}
	return (struct intervals){at, count};
}

struct intervals schedule_day(const struct schedule *schedule, const struct session_type *type,
			      civil_day date, struct arena *mem)
{
	if (schedule_blocks(schedule, date))
		return INTERVALS_NONE;
	size_t count = 0;
	const struct date_override *overrides = NULL;
	if (type != NULL)
		overrides = overrides_of(&type->own_hours, date, &count);
	if (count == 0)
		overrides = overrides_of(&schedule->hours, date, &count);
	if (count > 0)
		return overridden_day(schedule, overrides, count, date, mem);
	const bool own = type != NULL && type->own_weekly;
	return weekly_day(schedule, own ? &type->own_hours : &schedule->hours, date, mem);
}

/*
 * By stretches of one offset: where the clock goes back past midnight a date comes in two pieces, with a
 * piece of the date before between them (St. John's until 2011).
 */
struct intervals schedule_blocked_time(const struct schedule *schedule, struct interval within,
				       struct arena *mem)
{
	if (within.start >= within.end || schedule->blocked_count == 0)
		return INTERVALS_NONE;
	size_t periods = 0;
	for (instant at = within.start; at < within.end; at = zone_period_at(schedule->zone, at).end)
		periods++;
	struct interval *found = arena_array(mem, periods * schedule->blocked_count, sizeof(*found));
	size_t count = 0;
	for (instant at = within.start; at < within.end;) {
		struct zone_period period = zone_period_at(schedule->zone, at);
		instant end = period.end < within.end ? period.end : within.end;
		for (size_t i = 0; i < schedule->blocked_count; i++) {
			const struct blocked_range *range = &schedule->blocked[i];
			instant from = range->from * SECONDS_PER_DAY - period.offset;
			instant to = range->to * SECONDS_PER_DAY - period.offset;
			if (from >= end)
				break; /* the others begin later */
			if (to > at)
				found[count++] =
					(struct interval){from > at ? from : at, to < end ? to : end};
		}
		at = period.end;
	}
	return (struct intervals){found, intervals_normalize(found, count)};
}
