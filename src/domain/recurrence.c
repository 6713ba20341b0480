#include "domain/recurrence.h"

#include <string.h>

enum { PERIOD_DAYS_MAX = 366, DAYS_OF_WEEK = 7 };

/* A rule on its way, in days since 1970-01-01. */
struct expansion {
	const struct recurrence_rule *rule;
	seconds start, until, from, to;
	int64_t start_day;
	struct civil_date start_date;
	bool begins_with_start;          /* the first period has no days before DTSTART */
	int times[RECURRENCE_TIMES_MAX]; /* seconds of the day, ascending */
	size_t time_count;
	int64_t counted; /* instances so far */
	size_t *budget;
	size_t looked;
	recurrence_found *found;
	void *owner;
};

static bool bit_is_set(const uint64_t words[], int64_t bit)
{
	return (words[bit / 64] >> (bit % 64) & 1) != 0;
}

static int64_t floor_divide(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static int64_t day_of(seconds local)
{
	return floor_divide(local, SECONDS_PER_DAY);
}

static int64_t year_begin(int64_t year)
{
	return date_to_days((struct civil_date){(int)year, 1, 1});
}

static int64_t month_begin(int64_t months)
{
	const int64_t year = floor_divide(months, 12);
	return date_to_days((struct civil_date){(int)year, (int)(months - year * 12) + 1, 1});
}

/* ---------------------------------------------------------------- which days */

/* Week 1 is the first with four days or more in the year. */
static int64_t first_week_begin(int64_t year, int week_start)
{
	const int64_t fourth = year_begin(year) + 3;
	return fourth - (date_weekday(fourth) - week_start + DAYS_OF_WEEK) % DAYS_OF_WEEK;
}

static bool week_matches(const struct recurrence_rule *rule, int64_t day, int year)
{
	int64_t first = first_week_begin(year, rule->week_start);
	int64_t next = first_week_begin(year + 1, rule->week_start);
	if (day < first) {
		next = first;
		first = first_week_begin(year - 1, rule->week_start);
	} else if (day >= next) {
		first = next;
		next = first_week_begin(year + 2, rule->week_start);
	}
	const int64_t week = (day - first) / DAYS_OF_WEEK + 1;
	const int64_t weeks = (next - first) / DAYS_OF_WEEK;
	return bit_is_set(&rule->week_numbers, week) ||
	       bit_is_set(&rule->week_numbers_from_end, weeks - week + 1);
}

/* Whether the day is such as 2SU or -1FR of the stretch of days [first, end). */
static bool nth_matches(const struct recurrence_rule *rule, int64_t day, int64_t first, int64_t end)
{
	const int weekday = date_weekday(day);
	const int64_t number = (day - first) / DAYS_OF_WEEK + 1;
	const int64_t from_end = (end - 1 - day) / DAYS_OF_WEEK + 1;
	for (size_t i = 0; i < rule->nth_count; i++) {
		const struct recurrence_nth *nth = &rule->nth[i];
		if (nth->weekday == weekday && (nth->number == number || nth->number == -from_end))
			return true;
	}
	return false;
}

static bool day_matches(const struct expansion *expansion, int64_t day)
{
	const struct recurrence_rule *rule = expansion->rule;
	const struct civil_date date = date_from_days(day);
	if (rule->months != 0 && !bit_is_set(&rule->months, date.month))
		return false;
	const int64_t month_first = day - date.day + 1;
	const int64_t month_end = month_begin((int64_t)date.year * 12 + date.month);
	if ((rule->month_days | rule->month_days_from_end) != 0 && !bit_is_set(&rule->month_days, date.day) &&
	    !bit_is_set(&rule->month_days_from_end, month_end - day))
		return false;
	const int64_t year_first = year_begin(date.year);
	const int64_t year_end = year_begin(date.year + 1);
	static const uint64_t none[RECURRENCE_YEAR_DAY_WORDS];
	const bool by_year_day = memcmp(rule->year_days, none, sizeof(none)) != 0 ||
				 memcmp(rule->year_days_from_end, none, sizeof(none)) != 0;
	if (by_year_day && !bit_is_set(rule->year_days, day - year_first + 1) &&
	    !bit_is_set(rule->year_days_from_end, year_end - day))
		return false;
	if ((rule->week_numbers | rule->week_numbers_from_end) != 0 && !week_matches(rule, day, date.year))
		return false;
	if (rule->weekdays == 0 && rule->nth_count == 0)
		return true;
	const bool of_month = rule->frequency == RECURRENCE_MONTHLY || rule->months != 0;
	return bit_is_set(&rule->weekdays, date_weekday(day)) ||
	       nth_matches(rule, day, of_month ? month_first : year_first, of_month ? month_end : year_end);
}

/* What the rule leaves to DTSTART (RFC 5545: "information ... derived from the DTSTART"). */
static struct recurrence_rule complete(const struct recurrence_rule *rule, struct civil_date start,
				       int64_t start_day)
{
	struct recurrence_rule whole = *rule;
	static const uint64_t none[RECURRENCE_YEAR_DAY_WORDS];
	const bool by_day = (rule->month_days | rule->month_days_from_end | rule->week_numbers |
			     rule->week_numbers_from_end | rule->weekdays) != 0 ||
			    rule->nth_count > 0 || memcmp(rule->year_days, none, sizeof(none)) != 0 ||
			    memcmp(rule->year_days_from_end, none, sizeof(none)) != 0;
	if (by_day)
		return whole;
	if (rule->frequency == RECURRENCE_YEARLY && rule->months == 0)
		whole.months = (uint64_t)1 << start.month;
	if (rule->frequency == RECURRENCE_YEARLY || rule->frequency == RECURRENCE_MONTHLY)
		whole.month_days = (uint64_t)1 << start.day;
	if (rule->frequency == RECURRENCE_WEEKLY)
		whole.weekdays = (uint64_t)1 << date_weekday(start_day);
	return whole;
}

/* ---------------------------------------------------------------- which times */

static void set_times(struct expansion *expansion)
{
	const struct recurrence_rule *rule = expansion->rule;
	const int start = (int)(expansion->start - expansion->start_day * SECONDS_PER_DAY);
	const uint64_t hours = rule->hours != 0 ? rule->hours : (uint64_t)1 << (start / SECONDS_PER_HOUR);
	const uint64_t minutes =
		rule->minutes != 0 ? rule->minutes : (uint64_t)1 << (start / SECONDS_PER_MINUTE % 60);
	const uint64_t seconds_of =
		rule->seconds != 0 ? rule->seconds : (uint64_t)1 << (start % SECONDS_PER_MINUTE);
	for (int hour = 0; hour < 24; hour++) {
		for (int minute = 0; minute < 60 && bit_is_set(&hours, hour); minute++) {
			for (int second = 0; second < 60 && bit_is_set(&minutes, minute); second++) {
				if (bit_is_set(&seconds_of, second) &&
				    expansion->time_count < RECURRENCE_TIMES_MAX)
					expansion->times[expansion->time_count++] =
						(hour * 60 + minute) * SECONDS_PER_MINUTE + second;
			}
		}
	}
}

/* ---------------------------------------------------------------- periods */

/* The days of the period with that number from DTSTART's on. */
static void period_days(const struct expansion *expansion, int64_t number, int64_t *ret_first,
			int64_t *ret_end)
{
	const struct recurrence_rule *rule = expansion->rule;
	const int64_t step = number * rule->interval;
	switch (rule->frequency) {
	case RECURRENCE_DAILY:
		*ret_first = expansion->start_day + step;
		*ret_end = *ret_first + 1;
		return;
	case RECURRENCE_WEEKLY:
		*ret_first = expansion->start_day -
			     (date_weekday(expansion->start_day) - rule->week_start + DAYS_OF_WEEK) %
				     DAYS_OF_WEEK +
			     step * DAYS_OF_WEEK;
		*ret_end = *ret_first + DAYS_OF_WEEK;
		return;
	case RECURRENCE_MONTHLY: {
		const int64_t month =
			(int64_t)expansion->start_date.year * 12 + expansion->start_date.month - 1 + step;
		*ret_first = month_begin(month);
		*ret_end = month_begin(month + 1);
		return;
	}
	case RECURRENCE_YEARLY:
		*ret_first = year_begin(expansion->start_date.year + step);
		*ret_end = year_begin(expansion->start_date.year + step + 1);
		return;
	}
}

/* The last period that ends surely not after `from`; 0 if everything has to be counted from the beginning. */
static int64_t first_period(const struct expansion *expansion)
{
	static const int64_t days_at_most[] = {1, DAYS_OF_WEEK, 31, PERIOD_DAYS_MAX};
	const struct recurrence_rule *rule = expansion->rule;
	const int64_t ahead = day_of(expansion->from) - expansion->start_day;
	if (rule->count > 0 || ahead <= 0)
		return 0;
	const int64_t periods = ahead / days_at_most[rule->frequency] / rule->interval - 1;
	return periods > 0 ? periods : 0;
}

/* Whether the instance with that index of `total` in its period is one of BYSETPOS. */
static bool position_matches(const struct recurrence_rule *rule, size_t index, size_t total)
{
	const int64_t front = (int64_t)index + 1;
	const int64_t from_end = (int64_t)(total - index);
	return (front <= PERIOD_DAYS_MAX && bit_is_set(rule->positions, front)) ||
	       (from_end <= PERIOD_DAYS_MAX && bit_is_set(rule->positions_from_end, from_end));
}

/* The instances of one period. False: COUNT or UNTIL ends the rule here. */
static bool expand_period(struct expansion *expansion, const int64_t days[], size_t day_count)
{
	const struct recurrence_rule *rule = expansion->rule;
	static const uint64_t none[RECURRENCE_YEAR_DAY_WORDS];
	const bool by_position = memcmp(rule->positions, none, sizeof(none)) != 0 ||
				 memcmp(rule->positions_from_end, none, sizeof(none)) != 0;
	const size_t total = day_count * expansion->time_count;
	for (size_t i = 0; i < total; i++) {
		const seconds local = days[i / expansion->time_count] * SECONDS_PER_DAY +
				      expansion->times[i % expansion->time_count];
		if (by_position && !position_matches(rule, i, total))
			continue;
		if (local < expansion->start)
			continue;
		if (rule->until_form != RECURRENCE_FOREVER && local > expansion->until)
			return false;
		if (local > expansion->start && local >= expansion->from && local <= expansion->to)
			expansion->found(expansion->owner, local);
		expansion->counted++;
		if (rule->count > 0 && expansion->counted >= rule->count)
			return false;
	}
	return true;
}

/* False: the budget is used up. */
static bool expand(struct expansion *expansion)
{
	const int64_t last_day = day_of(expansion->to);
	/* A loop ends by `last_day`, or by the budget: each turn uses at least a day of it. */
	for (int64_t number = first_period(expansion);; number++) {
		int64_t first = 0;
		int64_t end = 0;
		int64_t days[PERIOD_DAYS_MAX];
		size_t count = 0;
		period_days(expansion, number, &first, &end);
		if (expansion->begins_with_start && first < expansion->start_day)
			first = expansion->start_day;
		if (first > last_day)
			return true;
		const size_t needed = (size_t)(end - first);
		if (needed > *expansion->budget || expansion->looked + needed > RECURRENCE_DAYS_MAX)
			return false;
		*expansion->budget -= needed;
		expansion->looked += needed;
		for (int64_t day = first; day < end; day++) {
			if (day_matches(expansion, day))
				days[count++] = day;
		}
		if (!expand_period(expansion, days, count))
			return true;
	}
}

/* A rule, its two bounds and the window, then how much may be done and who is told.
 * NOLINTNEXTLINE(readability-function-size) */
bool recurrence_expand(const struct recurrence_rule *rule, seconds start, seconds until, seconds from,
		       seconds to, size_t *budget, recurrence_found *found, void *owner)
{
	if (rule->accuracy > RECURRENCE_BOTH_READINGS) {
		recurrence_superset(rule, start, until, from, to, found, owner);
		return true;
	}
	const int64_t start_day = day_of(start);
	const struct civil_date start_date = date_from_days(start_day);
	const struct recurrence_rule whole = complete(rule, start_date, start_day);
	struct expansion expansion = {
		.rule = &whole,
		.start = start,
		.until = until,
		.from = from,
		.to = to,
		.start_day = start_day,
		.start_date = start_date,
		.budget = budget,
		.found = found,
		.owner = owner,
	};
	set_times(&expansion);
	bool complete_so_far = expand(&expansion);
	if (complete_so_far && rule->accuracy == RECURRENCE_BOTH_READINGS) {
		expansion.begins_with_start = true;
		expansion.counted = 0;
		expansion.looked = 0;
		complete_so_far = expand(&expansion);
	}
	return complete_so_far;
}

/* The parameters are those of recurrence_expand. NOLINTNEXTLINE(readability-function-size) */
void recurrence_superset(const struct recurrence_rule *rule, seconds start, seconds until, seconds from,
			 seconds to, recurrence_found *found, void *owner)
{
	const bool whole_days = rule->accuracy == RECURRENCE_WHOLE_DAYS;
	const seconds time_of_day = whole_days ? 0 : start - day_of(start) * SECONDS_PER_DAY;
	int64_t day = day_of(start) + (whole_days ? 0 : 1);
	if (day < day_of(from))
		day = day_of(from);
	const bool ends = rule->until_form != RECURRENCE_FOREVER;
	for (; day <= day_of(to); day++) {
		const seconds local = day * SECONDS_PER_DAY + time_of_day;
		if (ends && local > until)
			return;
		if (local >= from && local <= to)
			found(owner, local);
	}
}
