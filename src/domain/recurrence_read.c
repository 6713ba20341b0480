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
	bool by_times; /* BYHOUR, BYMINUTE or BYSECOND, read or not */
	bool hourly;   /* or more often */
	bool doubtful; /* something was not understood, or could be meant in two ways */
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

static bool frequency_of(struct text text, struct reading *reading)
{
	static const char *const names[] = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"};
	for (int i = 0; i < 4; i++) {
		if (is(text, names[i])) {
			reading->rule->frequency = (enum recurrence_frequency)i;
			return true;
		}
	}
	reading->hourly = true;
	return is(text, "HOURLY") || is(text, "MINUTELY") || is(text, "SECONDLY");
}

/* At least 1. */
static bool positive_of(struct text text, int64_t *ret_number)
{
	return number_of(text, ret_number) && *ret_number >= 1;
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
		return frequency_of(value, reading);
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
		reading->by_times = true;
		return numbers_of(value, 0, 23, &rule->hours, NULL);
	case MINUTE:
		reading->by_times = true;
		return numbers_of(value, 0, 59, &rule->minutes, NULL);
	case SECOND:
		reading->by_times = true;
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

/*
 * Combinations that RFC 5545 forbids or leaves open, so that programs read them differently: which days they
 * mean, and so what COUNT and BYSETPOS count.
 */
static bool is_ambiguous(const struct recurrence_rule *rule)
{
	const bool by_month_day = (rule->month_days | rule->month_days_from_end) != 0;
	const bool by_week = (rule->week_numbers | rule->week_numbers_from_end) != 0;
	const bool by_year_day = any(rule->year_days) || any(rule->year_days_from_end);
	const bool by_position = any(rule->positions) || any(rule->positions_from_end);
	if (rule->frequency == RECURRENCE_WEEKLY && by_month_day)
		return true;
	if (rule->frequency != RECURRENCE_YEARLY && (by_week || by_year_day))
		return true;
	if (rule->frequency < RECURRENCE_MONTHLY && rule->nth_count > 0)
		return true;
	/*
	 * Whether a week's days in the neighbouring year count, and which weekday is meant without BYDAY.
	 * Even dateutil takes 1 January 2022 for a day of week 53.
	 */
	const uint64_t at_the_end = (uint64_t)1 << 1 | (uint64_t)1 << 52 | (uint64_t)1 << 53;
	if (by_week && (rule->nth_count > 0 || rule->count > 0 || by_position || rule->interval > 1 ||
			((rule->week_numbers | rule->week_numbers_from_end) & at_the_end) != 0))
		return true;
	/* Whether 5MO is counted in the month or in the year. */
	if (rule->nth_count > 0 && (by_month_day || by_year_day))
		return true;
	return rule->count > 0 && rule->until_form != RECURRENCE_FOREVER;
}

static bool has_too_many_times(const struct recurrence_rule *rule)
{
	const int hours = rule->hours != 0 ? __builtin_popcountll(rule->hours) : 1;
	const int minutes = rule->minutes != 0 ? __builtin_popcountll(rule->minutes) : 1;
	const int seconds_count = rule->seconds != 0 ? __builtin_popcountll(rule->seconds) : 1;
	return hours * minutes * seconds_count > RECURRENCE_TIMES_MAX;
}

void recurrence_read(const char *text, size_t length, struct recurrence_rule *ret_rule)
{
	*ret_rule = (struct recurrence_rule){.interval = 1};
	struct reading reading = {.rule = ret_rule, .doubtful = length > RECURRENCE_TEXT_BYTES_MAX};
	struct text rest = {text, reading.doubtful ? RECURRENCE_TEXT_BYTES_MAX : length};
	struct text part;
	reading.hourly = reading.doubtful;
	while (cut(&rest, ';', &part)) {
		struct text name;
		unsigned bit = 0;
		if (part.length == 0)
			continue;
		if (!cut(&part, '=', &name) || part.at == NULL || !read_part(name, part, &reading, &bit) ||
		    (reading.seen & bit) != 0)
			reading.doubtful = true;
		reading.seen |= bit;
	}
	if (ret_rule->week_start < 0)
		ret_rule->week_start = 0;
	if (reading.hourly || !reading.has_frequency ||
	    (reading.by_times &&
	     (reading.doubtful || is_ambiguous(ret_rule) || has_too_many_times(ret_rule))))
		ret_rule->accuracy = RECURRENCE_WHOLE_DAYS;
	else if (reading.doubtful || is_ambiguous(ret_rule))
		ret_rule->accuracy = RECURRENCE_EVERY_DAY;
	else if (ret_rule->frequency == RECURRENCE_WEEKLY &&
		 (any(ret_rule->positions) || any(ret_rule->positions_from_end)))
		ret_rule->accuracy = RECURRENCE_BOTH_READINGS;
}
