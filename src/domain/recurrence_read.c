/* Reading an RRULE's value: domain/recurrence.h. */
#include "domain/recurrence.h"

#include <string.h>
#include <strings.h>

#include "domain/ical_text.h"

/* What a rule says, while its parts are read. */
struct reading {
	struct recurrence_rule *rule;
	unsigned seen; /* parts, a bit each */
	bool has_frequency;
	bool not_understood; /* some part */
};

struct text {
	const char *at;
	size_t length;
};

/* Cut off what comes before the next `separator`, or the rest. False at the end. */
static bool cut(struct text *rest, char separator, struct text *ret_piece)
{
	if (rest->at == NULL)
		return false;
	const char *end = memchr(rest->at, separator, rest->length);
	ret_piece->at = rest->at;
	ret_piece->length = end != NULL ? (size_t)(end - rest->at) : rest->length;
	rest->length -= end != NULL ? ret_piece->length + 1 : ret_piece->length;
	rest->at = end != NULL ? end + 1 : NULL;
	return true;
}

static bool is(struct text text, const char *word)
{
	return text.length == strlen(word) && strncasecmp(text.at, word, text.length) == 0;
}

/* A whole number with or without a sign, up to nine digits. */
static bool number_of(struct text text, int64_t *ret_number)
{
	int64_t number = 0;
	size_t i = text.length > 0 && (text.at[0] == '-' || text.at[0] == '+') ? 1 : 0;
	if (text.length == i || text.length - i > 9)
		return false;
	for (size_t at = i; at < text.length; at++) {
		if (text.at[at] < '0' || text.at[at] > '9')
			return false;
		number = number * 10 + (text.at[at] - '0');
	}
	*ret_number = text.at[0] == '-' ? -number : number;
	return true;
}

static void set_bit(uint64_t words[], int64_t bit)
{
	words[bit / 64] |= (uint64_t)1 << (bit % 64);
}

/* Numbers `min`..`max`, and the same from the end if `from_end` is given. */
static bool numbers_of(struct text list, int64_t min, int64_t max, uint64_t front[], uint64_t from_end[])
{
	struct text piece;
	while (cut(&list, ',', &piece)) {
		int64_t number = 0;
		if (!number_of(piece, &number))
			return false;
		const bool negative = number < 0;
		if (negative)
			number = -number;
		if (number < min || number > max || (negative && from_end == NULL))
			return false;
		set_bit(negative ? from_end : front, number);
	}
	return true;
}

static int weekday_of(struct text text)
{
	static const char *const names[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
	for (int i = 0; i < 7; i++) {
		if (is(text, names[i]))
			return i;
	}
	return -1;
}

static bool weekdays_of(struct text list, struct recurrence_rule *rule)
{
	struct text piece;
	while (cut(&list, ',', &piece)) {
		if (piece.length < 2)
			return false;
		const int weekday = weekday_of((struct text){piece.at + piece.length - 2, 2});
		const struct text before = {piece.at, piece.length - 2};
		int64_t number = 0;
		if (weekday < 0)
			return false;
		if (before.length == 0) {
			set_bit(&rule->weekdays, weekday);
			continue;
		}
		if (!number_of(before, &number) || number == 0 || number < -53 || number > 53 ||
		    rule->nth_count == RECURRENCE_NTH_MAX)
			return false;
		rule->nth[rule->nth_count++] = (struct recurrence_nth){(int16_t)number, (uint8_t)weekday};
	}
	return true;
}

static bool until_of(struct text text, struct recurrence_rule *rule)
{
	struct ical_time time;
	if (!ical_time_read(text.at, text.length, &time))
		return false;
	rule->until_form = time.is_utc ? RECURRENCE_UNTIL_UTC : RECURRENCE_UNTIL_LOCAL;
	rule->until = time.local + (time.is_date ? SECONDS_PER_DAY - 1 : 0);
	return true;
}

/* What is more frequent, or not understood, may come at any time of day. */
static bool frequency_of(struct text text, struct recurrence_rule *rule)
{
	static const char *const names[] = {"SECONDLY", "MINUTELY", "HOURLY", "DAILY",
					    "WEEKLY",   "MONTHLY",  "YEARLY"};
	for (int i = RECURRENCE_SECONDLY; i <= RECURRENCE_YEARLY; i++) {
		if (!is(text, names[i]))
			continue;
		rule->frequency = (enum recurrence_frequency)i;
		rule->whole_days = rule->whole_days || i < RECURRENCE_DAILY;
		return true;
	}
	rule->whole_days = true;
	return false;
}

/* At least 1. */
static bool positive_of(struct text text, int64_t *ret_number)
{
	int64_t number = 0;
	if (!number_of(text, &number) || number < 1)
		return false;
	*ret_number = number;
	return true;
}

/* One part NAME=value. False: it is not understood. A table of names and what each takes.
 * NOLINTNEXTLINE(readability-function-size) */
static bool read_part(struct text name, struct text value, struct reading *reading, unsigned *ret_bit)
{
	struct recurrence_rule *rule = reading->rule;
	static const char *const names[] = {"FREQ",     "INTERVAL",   "COUNT",     "UNTIL",    "WKST",
					    "BYMONTH",  "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYDAY",
					    "BYSETPOS", "BYHOUR",     "BYMINUTE",  "BYSECOND"};
	enum {
		FREQ,
		INTERVAL,
		COUNT,
		UNTIL,
		WKST,
		MONTH,
		MONTHDAY,
		YEARDAY,
		WEEKNO,
		DAY,
		SETPOS,
		HOUR,
		MINUTE,
		SECOND,
		NONE
	};
	int part = 0;
	while (part < NONE && !is(name, names[part]))
		part++;
	*ret_bit = 1U << part;
	switch (part) {
	case FREQ:
		reading->has_frequency = true;
		return frequency_of(value, rule);
	case INTERVAL:
		return positive_of(value, &rule->interval);
	case COUNT:
		return positive_of(value, &rule->count);
	case UNTIL:
		return until_of(value, rule);
	case WKST:
		rule->week_start = weekday_of(value);
		return rule->week_start >= 0;
	case MONTH:
		return numbers_of(value, 1, 12, &rule->months, NULL);
	case MONTHDAY:
		return numbers_of(value, 1, 31, &rule->month_days, &rule->month_days_from_end);
	case YEARDAY:
		return numbers_of(value, 1, 366, rule->year_days, rule->year_days_from_end);
	case WEEKNO:
		return numbers_of(value, 1, 53, &rule->week_numbers, &rule->week_numbers_from_end);
	case DAY:
		return weekdays_of(value, rule);
	case SETPOS:
		return numbers_of(value, 1, 366, rule->positions, rule->positions_from_end);
	case HOUR:
		rule->whole_days = true;
		return numbers_of(value, 0, 23, &rule->hours, NULL);
	case MINUTE:
		rule->whole_days = true;
		return numbers_of(value, 0, 59, &rule->minutes, NULL);
	case SECOND:
		rule->whole_days = true;
		return numbers_of(value, 0, 59, &rule->seconds, NULL);
	default:
		return false; /* RSCALE, SKIP (RFC 7529), X-... */
	}
}

static bool any(const uint64_t words[static RECURRENCE_YEAR_DAY_WORDS])
{
	for (size_t i = 0; i < RECURRENCE_YEAR_DAY_WORDS; i++) {
		if (words[i] != 0)
			return true;
	}
	return false;
}

static bool by_month_day(const struct recurrence_rule *rule)
{
	return (rule->month_days | rule->month_days_from_end) != 0;
}

static bool by_year_day(const struct recurrence_rule *rule)
{
	return any(rule->year_days) || any(rule->year_days_from_end);
}

static bool by_week(const struct recurrence_rule *rule)
{
	return (rule->week_numbers | rule->week_numbers_from_end) != 0;
}

static bool by_position(const struct recurrence_rule *rule)
{
	return any(rule->positions) || any(rule->positions_from_end);
}

/* A part that RFC 5545 does not allow with this frequency. */
static bool has_forbidden_part(const struct recurrence_rule *rule)
{
	switch (rule->frequency) {
	case RECURRENCE_SECONDLY:
	case RECURRENCE_MINUTELY:
	case RECURRENCE_HOURLY:
		return by_week(rule);
	case RECURRENCE_DAILY:
	case RECURRENCE_MONTHLY:
		return by_week(rule) || by_year_day(rule);
	case RECURRENCE_WEEKLY:
		return by_week(rule) || by_year_day(rule) || by_month_day(rule);
	case RECURRENCE_YEARLY:
		return false;
	}
	return false;
}

/*
 * Make of a rule that RFC 5545 forbids one that means every time it could mean, for a program that heeds what
 * is forbidden as for one that passes it over. Where it is unclear which days are meant, it is unclear what
 * COUNT and BYSETPOS count. False: nothing was forbidden.
 */
static bool widen_forbidden(struct recurrence_rule *rule)
{
	const bool ends_twice = rule->count > 0 && rule->until_form != RECURRENCE_FOREVER;
	const bool part = has_forbidden_part(rule);
	const bool nth = rule->nth_count > 0 && (rule->frequency < RECURRENCE_MONTHLY || by_week(rule));
	if (!ends_twice && !part && !nth)
		return false;
	rule->count = 0;
	if (part)
		rule->doubts |= RECURRENCE_PASSED_OVER;
	if (nth) {
		/* With its number or without, 2MO is a Monday. */
		for (size_t i = 0; i < rule->nth_count; i++)
			set_bit(&rule->weekdays, rule->nth[i].weekday);
		rule->nth_count = 0;
	}
	if (part || nth) {
		memset(rule->positions, 0, sizeof(rule->positions));
		memset(rule->positions_from_end, 0, sizeof(rule->positions_from_end));
	}
	return true;
}

/* What programs take in two ways though RFC 5545 allows it. */
static unsigned doubts_of(const struct recurrence_rule *rule)
{
	if (rule->frequency == RECURRENCE_WEEKLY)
		return by_position(rule) ? RECURRENCE_FROM_START : 0;
	if (rule->frequency != RECURRENCE_YEARLY)
		return 0;
	unsigned doubts = 0;
	const uint64_t last = (uint64_t)1 << 52 | (uint64_t)1 << 53;
	const uint64_t weeks = rule->week_numbers | rule->week_numbers_from_end;
	const bool by_other_day = by_month_day(rule) || by_year_day(rule);
	if ((weeks & last) != 0)
		doubts |= RECURRENCE_DATEUTIL_WEEKS;
	if ((weeks & (last | (uint64_t)1 << 1)) != 0 &&
	    (rule->count > 0 || by_position(rule) || rule->interval > 1))
		doubts |= RECURRENCE_WEEK_YEARS;
	if (weeks != 0 && rule->weekdays == 0 && !by_other_day)
		doubts |= RECURRENCE_START_WEEKDAY;
	if (rule->nth_count > 0 && rule->months == 0 && by_other_day)
		doubts |= RECURRENCE_NTH_OF_MONTH;
	return doubts;
}

static int64_t numbers_in(uint64_t bits, int without)
{
	return bits != 0 ? __builtin_popcountll(bits) : without;
}

/* Whether a day has more times than there is room for, or more of them are instances. */
static bool has_too_many_times(const struct recurrence_rule *rule)
{
	static const int64_t steps_of_day[] = {SECONDS_PER_DAY, 24 * 60, 24};
	const enum recurrence_frequency frequency = rule->frequency;
	const int64_t hours = numbers_in(rule->hours, frequency <= RECURRENCE_HOURLY ? 24 : 1);
	const int64_t minutes = numbers_in(rule->minutes, frequency <= RECURRENCE_MINUTELY ? 60 : 1);
	const int64_t seconds_of = numbers_in(rule->seconds, frequency == RECURRENCE_SECONDLY ? 60 : 1);
	const int64_t times = hours * minutes * seconds_of;
	if (frequency >= RECURRENCE_DAILY)
		return times > RECURRENCE_TIMES_MAX;
	const int64_t in_step = (frequency == RECURRENCE_HOURLY ? minutes : 1) *
				(frequency >= RECURRENCE_MINUTELY ? seconds_of : 1);
	const int64_t steps = (steps_of_day[frequency] + rule->interval - 1) / rule->interval;
	const int64_t instances = times < steps * in_step ? times : steps * in_step;
	return times > RECURRENCE_STEPS_MAX || instances > RECURRENCE_TIMES_MAX;
}

/* Every 7,200 seconds is every 120 minutes, which are fewer steps to go. */
static void take_longer_steps(struct recurrence_rule *rule)
{
	if (rule->frequency == RECURRENCE_SECONDLY && rule->seconds == 0 && rule->interval % 60 == 0) {
		rule->frequency = RECURRENCE_MINUTELY;
		rule->interval /= 60;
	}
}

void recurrence_read(const char *text, size_t length, struct recurrence_rule *ret_rule)
{
	*ret_rule = (struct recurrence_rule){.interval = 1};
	struct reading reading = {.rule = ret_rule, .not_understood = length > RECURRENCE_TEXT_BYTES_MAX};
	struct text rest = {text, reading.not_understood ? RECURRENCE_TEXT_BYTES_MAX : length};
	struct text part;
	ret_rule->whole_days = reading.not_understood;
	while (cut(&rest, ';', &part)) {
		struct text name;
		unsigned bit = 0;
		if (part.length == 0)
			continue;
		if (!cut(&part, '=', &name) || part.at == NULL || !read_part(name, part, &reading, &bit) ||
		    (reading.seen & bit) != 0)
			reading.not_understood = true;
		reading.seen |= bit;
	}
	if (ret_rule->week_start < 0)
		ret_rule->week_start = 0;
	if (!reading.has_frequency)
		ret_rule->whole_days = true;
	take_longer_steps(ret_rule);
	if (widen_forbidden(ret_rule))
		ret_rule->accuracy = RECURRENCE_READINGS;
	ret_rule->doubts |= doubts_of(ret_rule);
	if (ret_rule->doubts != 0)
		ret_rule->accuracy = RECURRENCE_READINGS;
	if (!reading.has_frequency || reading.not_understood || has_too_many_times(ret_rule))
		ret_rule->accuracy = RECURRENCE_SUPERSET;
}
