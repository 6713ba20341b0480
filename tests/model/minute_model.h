/*
 * minute_model - the slot rules of the contract, minute by minute, by their words.
 *
 * Written separately from the engine and sharing nothing with it: the wall clock of every minute is asked of
 * the C library, a wall clock time is looked up by searching those minutes, and every minute of the window is
 * tried. Slow and plain on purpose. Numbers are minutes since the epoch where nothing else is said.
 */
#ifndef MODEL_MINUTE_MODEL_H
#define MODEL_MINUTE_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	TIMELINE_DAYS = 18,
	TIMELINE_MINUTES = TIMELINE_DAYS * 1440,
	TIMELINE_DATES = TIMELINE_DAYS + 4,
	MODEL_LIST_MAX = 12,
	MODEL_BUSY_MAX = 40,
	MODEL_SESSIONS_MAX = 6,
	MODEL_WINDOW_MINUTES = 3 * 1440 + 1,
};

/* What the clock on the wall shows at each minute of a fortnight and a bit. */
struct timeline {
	int64_t base;                   /* the first minute */
	int64_t wall[TIMELINE_MINUTES]; /* date * 1440 + minute of the day */
	int64_t first_date;
	int first[TIMELINE_DATES][1440]; /* index of the first minute that shows this, or -1 */
};

struct model_hours {
	int from, to; /* minutes of the day */
};

struct model_week {
	int weekly_count;
	unsigned weekly_days[MODEL_LIST_MAX]; /* bit 0 is Monday */
	struct model_hours weekly[MODEL_LIST_MAX];
	int override_count; /* one entry an interval; closed: no interval */
	int64_t override_date[MODEL_LIST_MAX];
	bool override_closed[MODEL_LIST_MAX];
	struct model_hours override_hours[MODEL_LIST_MAX];
};

struct model_case {
	const char *zone;
	struct model_week coachs;
	struct model_week own; /* the session type's */
	bool own_weekly;       /* it has weekly hours of its own */
	int blocked_count;
	int64_t blocked_from[MODEL_LIST_MAX], blocked_to[MODEL_LIST_MAX];
	int64_t notice, horizon_days, step, buffer_before, buffer_after; /* minutes, days */
	int64_t max_active, max_per_day;                                 /* -1: none */
	int64_t duration, offered;                                       /* minutes */
	int64_t active;
	int count_count;
	int64_t count_date[MODEL_LIST_MAX], count_value[MODEL_LIST_MAX];
	bool exempt;
	int64_t now, from, to; /* seconds since the epoch, as the busy times */
	int calendar_count, appointment_count;
	int64_t calendar[MODEL_BUSY_MAX][2], appointments[MODEL_BUSY_MAX][2];
	int64_t seats; /* 0: a session is one client's */
	int session_count;
	int64_t session_start[MODEL_SESSIONS_MAX], session_taken[MODEL_SESSIONS_MAX];
};

/* Needs TZ set to the zone and tzset() called. */
static inline void timeline_fill(struct timeline *line, int64_t middle)
{
	line->base = middle / 60 - TIMELINE_MINUTES / 2;
	for (int i = 0; i < TIMELINE_MINUTES; i++) {
		time_t at = (time_t)(line->base + i) * 60;
		struct tm tm;
		localtime_r(&at, &tm);
		int year = tm.tm_year + 1900;
		int64_t date = tm.tm_yday;
		for (int y = 1970; y < year; y++)
			date += (y % 4 == 0 && y % 100 != 0) || y % 400 == 0 ? 366 : 365;
		line->wall[i] = date * 1440 + tm.tm_hour * 60 + tm.tm_min;
	}
	line->first_date = line->wall[0] / 1440 - 1;
	memset(line->first, -1, sizeof(line->first));
	for (int i = TIMELINE_MINUTES - 1; i >= 0; i--)
		line->first[line->wall[i] / 1440 - line->first_date][line->wall[i] % 1440] = i;
}

/* Rule 2. INT64_MIN if the timeline does not reach that far. */
static inline int64_t model_instant(const struct timeline *line, int64_t date, int minute)
{
	int64_t wanted = date * 1440 + minute;
	int64_t row = wanted / 1440 - line->first_date;
	if (row < 0 || row >= TIMELINE_DATES)
		return INT64_MIN;
	int index = line->first[row][wanted % 1440];
	if (index == 0) /* it may have come before, too */
		return INT64_MIN;
	if (index > 0)
		return line->base + index;
	for (int i = 1; i < TIMELINE_MINUTES; i++) {
		if (line->wall[i - 1] < wanted && wanted < line->wall[i]) {
			int64_t offset_before = line->wall[i - 1] - (line->base + i - 1);
			return wanted - offset_before;
		}
	}
	return INT64_MIN;
}

static inline bool model_blocks(const struct model_case *c, int64_t date)
{
	for (int i = 0; i < c->blocked_count; i++) {
		if (c->blocked_from[i] <= date && date < c->blocked_to[i])
			return true;
	}
	return false;
}

struct model_interval {
	int64_t start, end; /* minutes since the epoch */
};

static inline int model_add(const struct timeline *line, int64_t date, struct model_hours hours,
			    struct model_interval out[], int count)
{
	int64_t start = model_instant(line, date, hours.from);
	int64_t end = model_instant(line, hours.to < hours.from ? date + 1 : date, hours.to);
	if (start == INT64_MIN || end == INT64_MIN || end <= start)
		return count;
	out[count] = (struct model_interval){start, end};
	return count + 1;
}

/* Whether the date is overridden; its intervals are added. */
static inline bool model_overrides(const struct model_week *week, const struct timeline *line, int64_t date,
				   struct model_interval out[], int *count)
{
	bool overridden = false;
	for (int i = 0; i < week->override_count; i++) {
		if (week->override_date[i] != date)
			continue;
		overridden = true;
		if (!week->override_closed[i])
			*count = model_add(line, date, week->override_hours[i], out, *count);
	}
	return overridden;
}

/*
 * Rule 1: the working intervals of every date in sight. A type's override of a date stands before the
 * coach's, any override before weekly hours, and the type's weekly hours before the coach's.
 */
static inline int model_intervals(const struct model_case *c, const struct timeline *line,
				  struct model_interval out[])
{
	int count = 0;
	for (int64_t date = line->first_date; date < line->first_date + TIMELINE_DATES; date++) {
		if (model_blocks(c, date))
			continue;
		if (model_overrides(&c->own, line, date, out, &count) ||
		    model_overrides(&c->coachs, line, date, out, &count))
			continue;
		const struct model_week *week = c->own_weekly ? &c->own : &c->coachs;
		for (int i = 0; i < week->weekly_count; i++) {
			/* 1970-01-01 was a Thursday. */
			if (week->weekly_days[i] & 1u << (date + 3) % 7)
				count = model_add(line, date, week->weekly[i], out, count);
		}
	}
	return count;
}

static inline int64_t model_date(const struct timeline *line, int64_t at)
{
	return line->wall[at / 60 - line->base] / 1440;
}

static inline bool model_touches(int64_t (*busy)[2], int count, int64_t start, int64_t end)
{
	for (int i = 0; i < count; i++) {
		if (busy[i][0] < busy[i][1] && busy[i][0] < end && start < busy[i][1])
			return true;
	}
	return false;
}

enum {
	MODEL_BAD_DURATION = 1,
	MODEL_TOO_SOON = 2,
	MODEL_TOO_FAR = 4,
	MODEL_BLOCKED = 8,
	MODEL_OUTSIDE_HOURS = 16,
	MODEL_NOT_ALIGNED = 32,
	MODEL_BOOKING_LIMIT = 64,
	MODEL_DAY_FULL = 128,
	MODEL_SLOT_TAKEN = 256,
	MODEL_CALENDAR_BUSY = 512,
	MODEL_SESSION_FULL = 1024,
};

/* How many have a seat in the session that stands at a start; -1: none stands there. */
static inline int64_t model_taken(const struct model_case *c, int64_t s)
{
	for (int i = 0; i < c->session_count; i++) {
		if (c->session_start[i] == s)
			return c->session_taken[i];
	}
	return -1;
}

/*
 * Which minutes from `first` on could be starts at all: those in working hours, and where a session stands.
 * Nothing is refused by it that is not refused without; it saves the looking.
 */
static inline void model_possible(const struct model_case *c, const struct model_interval hours[],
				  int hours_count, int64_t first, int count, bool possible[])
{
	memset(possible, 0, (size_t)count * sizeof(*possible));
	for (int i = 0; i < hours_count; i++) {
		int64_t from = hours[i].start - first > 0 ? hours[i].start - first : 0;
		for (int64_t at = from; at < hours[i].end - first && at < count; at++)
			possible[at] = true;
	}
	for (int i = 0; i < c->session_count; i++) {
		int64_t at = c->session_start[i] / 60 - first;
		if (at >= 0 && at < count)
			possible[at] = true;
	}
}

/* Everything that stands against a start (seconds), by the words of rules 3 and 5 to 8. */
static inline int model_against(const struct model_case *c, const struct timeline *line,
				const struct model_interval hours[], int hours_count, int64_t s)
{
	int against = 0;
	int64_t end = s + c->duration * 60;
	if (c->duration != c->offered)
		against |= MODEL_BAD_DURATION;
	if (s < c->now || (!c->exempt && s < c->now + c->notice * 60))
		against |= MODEL_TOO_SOON;
	if (!c->exempt && s > c->now + c->horizon_days * 86400)
		against |= MODEL_TOO_FAR;

	for (int64_t second = s / 60 * 60; second < end && c->blocked_count > 0; second += 60) {
		if (model_blocks(c, model_date(line, second)))
			against |= MODEL_BLOCKED;
	}

	if (!c->exempt && c->max_active >= 0 && c->active >= c->max_active)
		against |= MODEL_BOOKING_LIMIT;
	/* One more seat takes none of the coach's time: nothing that is about that stands against it. */
	if (model_taken(c, s) >= 0)
		return model_taken(c, s) >= c->seats ? against | MODEL_SESSION_FULL : against;

	bool inside = false;
	bool aligned = false;
	for (int i = 0; i < hours_count; i++) {
		if (hours[i].start * 60 <= s && end <= hours[i].end * 60) {
			inside = true;
			aligned = aligned || (s - hours[i].start * 60) % (c->step * 60) == 0;
		}
	}
	if (inside && !aligned)
		against |= MODEL_NOT_ALIGNED;
	if (!inside && !model_blocks(c, model_date(line, s)))
		against |= MODEL_OUTSIDE_HOURS;

	int64_t booked = 0;
	for (int i = 0; i < c->count_count; i++) {
		if (c->count_date[i] == model_date(line, s))
			booked = c->count_value[i];
	}
	if (!c->exempt && c->max_per_day >= 0 && booked >= c->max_per_day)
		against |= MODEL_DAY_FULL;

	int64_t free_from = s - c->buffer_before * 60;
	int64_t free_to = end + c->buffer_after * 60;
	if (model_touches((int64_t(*)[2])c->appointments, c->appointment_count, free_from, free_to))
		against |= MODEL_SLOT_TAKEN;
	if (model_touches((int64_t(*)[2])c->calendar, c->calendar_count, free_from, free_to))
		against |= MODEL_CALENDAR_BUSY;
	return against;
}

#endif
