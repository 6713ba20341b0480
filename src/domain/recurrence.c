#include "domain/recurrence.h"

#include <string.h>

enum {
	PERIOD_DAYS_MAX = 371, /* a year of 53 weeks */
	DAYS_OF_WEEK = 7,
	TIMES_AS_A_DAY = 24, /* so many times take as long as the looking at a day */
};

/* A rule on its way, in days since 1970-01-01. */
struct expansion {
	const struct recurrence_rule *rule;
	unsigned reading; /* enum recurrence_doubt */
	seconds start, until, from, to;
	int64_t start_day;
	struct civil_date start_date;
	unsigned step;                        /* of a frequency below a day, in seconds; 0 */
	unsigned times[RECURRENCE_STEPS_MAX]; /* seconds of the day, ascending */
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

static bool week_matches(const struct expansion *expansion, int64_t day, int year)
{
	const struct recurrence_rule *rule = expansion->rule;
	const bool dateutil = (expansion->reading & RECURRENCE_DATEUTIL_WEEKS) != 0;
	const int64_t begin = first_week_begin(year, rule->week_start);
	int64_t first = begin;
	int64_t next = first_week_begin(year + 1, rule->week_start);
	if (day < begin) {
		next = first;
		first = first_week_begin(year - 1, rule->week_start);
	} else if (day >= next) {
		if (dateutil)
			return bit_is_set(&rule->week_numbers, 1);
		first = next;
		next = first_week_begin(year + 2, rule->week_start);
	}
	const int64_t from_end = (next - 1 - day) / DAYS_OF_WEEK + 1;
	int64_t week = (day - first) / DAYS_OF_WEEK + 1;
	/* It takes the length of the year that begins for that of the year that ends. */
	if (dateutil && day < begin && first >= year_begin(year - 1))
		week = 52 + (year_begin(year + 1) - begin) % DAYS_OF_WEEK / 4;
	return bit_is_set(&rule->week_numbers, week) || bit_is_set(&rule->week_numbers_from_end, from_end);
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
	if ((rule->week_numbers | rule->week_numbers_from_end) != 0 &&
	    !week_matches(expansion, day, date.year))
		return false;
	if (rule->weekdays == 0 && rule->nth_count == 0)
		return true;
	const bool of_month = rule->frequency == RECURRENCE_MONTHLY || rule->months != 0 ||
			      (expansion->reading & RECURRENCE_NTH_OF_MONTH) != 0;
	return bit_is_set(&rule->weekdays, date_weekday(day)) ||
	       nth_matches(rule, day, of_month ? month_first : year_first, of_month ? month_end : year_end);
}

/* The rule in one of its readings, with what it leaves to DTSTART (RFC 5545: "information ... derived from
 * the DTSTART"). */
static struct recurrence_rule complete(const struct expansion *expansion, const struct recurrence_rule *rule)
{
	struct recurrence_rule whole = *rule;
	const uint64_t start_weekday = (uint64_t)1 << date_weekday(expansion->start_day);
	if ((expansion->reading & RECURRENCE_PASSED_OVER) != 0) {
		if (rule->frequency == RECURRENCE_WEEKLY)
			whole.month_days = whole.month_days_from_end = 0;
		if (rule->frequency >= RECURRENCE_DAILY) {
			memset(whole.year_days, 0, sizeof(whole.year_days));
			memset(whole.year_days_from_end, 0, sizeof(whole.year_days_from_end));
		}
		whole.week_numbers = whole.week_numbers_from_end = 0;
	}
	if ((expansion->reading & RECURRENCE_START_WEEKDAY) != 0)
		whole.weekdays = start_weekday;
	static const uint64_t none[RECURRENCE_YEAR_DAY_WORDS];
	const bool by_day = (whole.month_days | whole.month_days_from_end | whole.week_numbers |
			     whole.week_numbers_from_end | whole.weekdays) != 0 ||
			    whole.nth_count > 0 || memcmp(whole.year_days, none, sizeof(none)) != 0 ||
			    memcmp(whole.year_days_from_end, none, sizeof(none)) != 0;
	if (by_day)
		return whole;
	if (rule->frequency == RECURRENCE_YEARLY && rule->months == 0)
		whole.months = (uint64_t)1 << expansion->start_date.month;
	if (rule->frequency == RECURRENCE_YEARLY || rule->frequency == RECURRENCE_MONTHLY)
		whole.month_days = (uint64_t)1 << expansion->start_date.day;
	if (rule->frequency == RECURRENCE_WEEKLY)
		whole.weekdays = start_weekday;
	return whole;
}

/* ---------------------------------------------------------------- which times */

/* The given numbers; without them every one of a frequency of that step, else DTSTART's. */
static uint64_t numbers(uint64_t given, bool every, int start)
{
	if (given != 0)
		return given;
	return every ? UINT64_MAX : (uint64_t)1 << start;
}

static void set_times(struct expansion *expansion)
{
	const struct recurrence_rule *rule = expansion->rule;
	const enum recurrence_frequency frequency = rule->frequency;
	const int start = (int)(expansion->start - expansion->start_day * SECONDS_PER_DAY);
	const uint64_t hours = numbers(rule->hours, frequency <= RECURRENCE_HOURLY, start / SECONDS_PER_HOUR);
	const uint64_t minutes =
		numbers(rule->minutes, frequency <= RECURRENCE_MINUTELY, start / SECONDS_PER_MINUTE % 60);
	const uint64_t seconds_of =
		numbers(rule->seconds, frequency == RECURRENCE_SECONDLY, start % SECONDS_PER_MINUTE);
	for (int hour = 0; hour < 24; hour++) {
		for (int minute = 0; minute < 60 && bit_is_set(&hours, hour); minute++) {
			for (int second = 0; second < 60 && bit_is_set(&minutes, minute); second++) {
				if (bit_is_set(&seconds_of, second) &&
				    expansion->time_count < RECURRENCE_STEPS_MAX)
					expansion->times[expansion->time_count++] =
						(unsigned)((hour * 60 + minute) * SECONDS_PER_MINUTE +
							   second);
			}
		}
	}
}

/* ---------------------------------------------------------------- periods */

/* Frequencies below a day are gone through day by day, see expand_steps(). */
static int64_t period_interval(const struct recurrence_rule *rule)
{
	return rule->frequency < RECURRENCE_DAILY ? 1 : rule->interval;
}

/* The days of the period with that number from DTSTART's on. */
static void period_days(const struct expansion *expansion, int64_t number, int64_t *ret_first,
			int64_t *ret_end)
{
	const struct recurrence_rule *rule = expansion->rule;
	const int64_t step = number * period_interval(rule);
	switch (rule->frequency) {
	case RECURRENCE_SECONDLY:
	case RECURRENCE_MINUTELY:
	case RECURRENCE_HOURLY:
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
	case RECURRENCE_YEARLY: {
		const int64_t year = expansion->start_date.year + step;
		const bool of_weeks = (expansion->reading & RECURRENCE_WEEK_YEARS) != 0;
		*ret_first = of_weeks ? first_week_begin(year, rule->week_start) : year_begin(year);
		*ret_end = of_weeks ? first_week_begin(year + 1, rule->week_start) : year_begin(year + 1);
		return;
	}
	}
}

/* The last period that ends surely not after `from`; 0 if everything has to be counted from the beginning. */
static int64_t first_period(const struct expansion *expansion)
{
	static const int64_t days_at_most[] = {1, 1, 1, 1, DAYS_OF_WEEK, 31, PERIOD_DAYS_MAX};
	const struct recurrence_rule *rule = expansion->rule;
	const int64_t ahead = day_of(expansion->from) - expansion->start_day;
	if (rule->count > 0 || ahead <= 0)
		return 0;
	const int64_t periods = ahead / days_at_most[rule->frequency] / period_interval(rule) - 1;
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

/* The times of day that one period has on each of its days. */
struct times {
	const unsigned *at;
	size_t count;
};

/* The instances of one period. False: COUNT or UNTIL ends the rule here. */
static bool expand_period(struct expansion *expansion, const int64_t days[], size_t day_count,
			  struct times times)
{
	const struct recurrence_rule *rule = expansion->rule;
	static const uint64_t none[RECURRENCE_YEAR_DAY_WORDS];
	const bool by_position = memcmp(rule->positions, none, sizeof(none)) != 0 ||
				 memcmp(rule->positions_from_end, none, sizeof(none)) != 0;
	const size_t total = day_count * times.count;
	for (size_t i = 0; i < total; i++) {
		const seconds local = days[i / times.count] * SECONDS_PER_DAY + times.at[i % times.count];
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

/* A day of a frequency below it: each step, as an hour, is a period of its own. False: the rule ends here. */
static bool expand_steps(struct expansion *expansion, int64_t day)
{
	const unsigned step = expansion->step;
	const unsigned interval = (unsigned)expansion->rule->interval;
	const int64_t since_start = day * (SECONDS_PER_DAY / step) - floor_divide(expansion->start, step);
	/* Of the day's steps INTERVAL leaves this one and those that it is far from it. */
	const unsigned left = (unsigned)((interval - since_start % interval) % interval);
	if (left >= SECONDS_PER_DAY / step)
		return true;
	for (size_t i = 0; i < expansion->time_count;) {
		struct times times = {&expansion->times[i], 1};
		const unsigned in_day = times.at[0] / step;
		if (in_day % interval != left) {
			i++;
			continue;
		}
		while (i + times.count < expansion->time_count && times.at[times.count] / step == in_day)
			times.count++;
		if (!expand_period(expansion, &day, 1, times))
			return false;
		i += times.count;
	}
	return true;
}

/* Count the days of a period as looked at. False: the budget is used up. */
static bool look_at(struct expansion *expansion, size_t day_count)
{
	const size_t days = day_count * (1 + expansion->time_count / TIMES_AS_A_DAY);
	if (days > *expansion->budget || expansion->looked + days > RECURRENCE_DAYS_MAX)
		return false;
	*expansion->budget -= days;
	expansion->looked += days;
	return true;
}

/* One reading of the rule. False: the budget is used up. */
static bool expand(struct expansion *expansion)
{
	const int64_t last_day = day_of(expansion->to);
	const struct times times = {expansion->times, expansion->time_count};
	/* A loop ends by `last_day`, or by the budget: each turn uses at least a day of it. */
	for (int64_t number = first_period(expansion);; number++) {
		int64_t first = 0;
		int64_t end = 0;
		int64_t days[PERIOD_DAYS_MAX];
		size_t count = 0;
		period_days(expansion, number, &first, &end);
		if ((expansion->reading & RECURRENCE_FROM_START) != 0 && first < expansion->start_day)
			first = expansion->start_day;
		if (first > last_day)
			return true;
		if (!look_at(expansion, (size_t)(end - first)))
			return false;
		for (int64_t day = first; day < end; day++) {
			if (day_matches(expansion, day))
				days[count++] = day;
		}
		const bool goes_on = expansion->step == 0 ? expand_period(expansion, days, count, times)
							  : count == 0 || expand_steps(expansion, first);
		if (!goes_on)
			return true;
	}
}

/* A rule, its two bounds and the window, then how much may be done and who is told.
 * NOLINTNEXTLINE(readability-function-size) */
bool recurrence_expand(const struct recurrence_rule *rule, seconds start, seconds until, seconds from,
		       seconds to, size_t *budget, recurrence_found *found, void *owner)
{
	if (rule->accuracy == RECURRENCE_SUPERSET)
		return false;
	static const unsigned steps[] = {1, SECONDS_PER_MINUTE, SECONDS_PER_HOUR, 0, 0, 0, 0};
	const int64_t start_day = day_of(start);
	struct expansion expansion = {
		.rule = rule,
		.start = start,
		.until = until,
		.from = from,
		.to = to,
		.start_day = start_day,
		.start_date = date_from_days(start_day),
		.step = steps[rule->frequency],
		.budget = budget,
		.found = found,
		.owner = owner,
	};
	set_times(&expansion);
	/* Every subset of the doubts, the empty one last. */
	for (expansion.reading = rule->doubts;; expansion.reading = (expansion.reading - 1) & rule->doubts) {
		const struct recurrence_rule whole = complete(&expansion, rule);
		expansion.rule = &whole;
		expansion.counted = 0;
		expansion.looked = 0;
		if (!expand(&expansion))
			return false;
		if (expansion.reading == 0)
			return true;
	}
}

/* The parameters are those of recurrence_expand. NOLINTNEXTLINE(readability-function-size) */
void recurrence_superset(const struct recurrence_rule *rule, seconds start, seconds until, seconds from,
			 seconds to, recurrence_found *found, void *owner)
{
	const bool whole_days = rule->whole_days;
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
