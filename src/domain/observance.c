#include "domain/observance.h"

#include <string.h>

enum { LISTED_UNTIL_YEAR = 2100, DAYS_OF_WEEK = 7, FEBRUARY = 2 };

static const char *const weekday_names[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};

static int month_days(int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return days[month - 1];
}

/* Days that a rule's local time lies after its day: -1 for a time before midnight, 1 for 24:00. */
static int64_t days_after(seconds at)
{
	return at >= 0 ? at / SECONDS_PER_DAY : -((-at + SECONDS_PER_DAY - 1) / SECONDS_PER_DAY);
}

static const char *weekday_rule(const struct tzif_rule_day *day, struct arena *mem)
{
	const int shift = (int)days_after(day->at);
	const bool last = day->week == 5;
	if (shift == 0)
		return arena_printf(mem, "FREQ=YEARLY;BYMONTH=%d;BYDAY=%d%s", day->month,
				    last ? -1 : day->week, weekday_names[day->weekday]);
	/* The Sunday after the first Saturday is a Sunday among the 2nd to the 8th. */
	const int days = month_days(day->month);
	const int first = (last ? days - DAYS_OF_WEEK + 1 : DAYS_OF_WEEK * (day->week - 1) + 1) + shift;
	if (first < 1 || first + DAYS_OF_WEEK - 1 > days || (last && day->month == FEBRUARY))
		return NULL;
	const int weekday = ((day->weekday + shift) % DAYS_OF_WEEK + DAYS_OF_WEEK) % DAYS_OF_WEEK;
	return arena_printf(mem, "FREQ=YEARLY;BYMONTH=%d;BYMONTHDAY=%d,%d,%d,%d,%d,%d,%d;BYDAY=%s",
			    day->month, first, first + 1, first + 2, first + 3, first + 4, first + 5,
			    first + 6, weekday_names[weekday]);
}

const char *observance_rule(const struct tzif_rule_day *day, struct arena *mem)
{
	if (day->form == TZIF_WEEKDAY_OF_MONTH)
		return weekday_rule(day, mem);
	if (days_after(day->at) != 0)
		return NULL;
	if (day->form == TZIF_DAY_WITH_LEAP)
		return arena_printf(mem, "FREQ=YEARLY;BYYEARDAY=%d", day->day + 1);
	/* 2001 has no leap day. */
	struct civil_date date = date_from_days(date_to_days((struct civil_date){2001, 1, 1}) + day->day - 1);
	return arena_printf(mem, "FREQ=YEARLY;BYMONTH=%d;BYMONTHDAY=%d", date.month, date.day);
}

static const struct tzif_kind *kind_after(const struct tzif *table, size_t passed)
{
	return &table->kinds[passed > 0 ? table->change_kinds[passed - 1] : 0];
}

static bool kind_equal(const struct tzif_kind *a, const struct tzif_kind *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Whether the change with that index is one that the rule makes. */
static bool change_is_of_rule(const struct tzif *table, size_t i)
{
	const struct tzif_rule *rule = table->rule;
	const struct tzif_kind *before = kind_after(table, i);
	const struct tzif_kind *after = kind_after(table, i + 1);
	const bool daylight = kind_equal(after, &rule->daylight);
	if (!kind_equal(after, daylight ? &rule->daylight : &rule->standard) ||
	    before->offset != (daylight ? &rule->standard : &rule->daylight)->offset || table->changes[i] < 0)
		return false;
	const struct tzif_rule_day *day = daylight ? &rule->start : &rule->end;
	const seconds local = table->changes[i] + before->offset;
	const int year = civil_from_instant(table->changes[i], before->offset).date.year;
	return tzif_rule_local(day, year) == local;
}

static struct zone_observance observance_of(const struct tzif *table, size_t passed)
{
	const struct tzif_kind *kind = kind_after(table, passed);
	const bool old = passed == 0 || table->changes[passed - 1] < 0;
	const seconds from = old ? kind->offset : kind_after(table, passed - 1)->offset;
	return (struct zone_observance){
		.daylight = kind->daylight,
		.letters = kind->letters,
		.from = from,
		.to = kind->offset,
		.onset = old ? (struct civil_time){{1970, 1, 1}, 0}
			     : civil_from_instant(table->changes[passed - 1], from),
	};
}

/* The first change from which on the rule makes all; the number of changes if none. */
static size_t rule_begin(const struct tzif *table, struct arena *mem)
{
	size_t first = table->change_count;
	if (table->rule == NULL || observance_rule(&table->rule->start, mem) == NULL ||
	    observance_rule(&table->rule->end, mem) == NULL)
		return first;
	while (first > 0 && change_is_of_rule(table, first - 1))
		first--;
	/* One alone is no pair: daylight saving time all the year round. */
	return table->change_count - first >= 2 ? first : table->change_count;
}

size_t observances_list(const struct tzif *table, instant since, struct arena *mem,
			const struct zone_observance **ret_observances)
{
	const instant until = date_to_days((struct civil_date){LISTED_UNTIL_YEAR, 1, 1}) * SECONDS_PER_DAY;
	const size_t ruled = rule_begin(table, mem);
	size_t passed = tzif_changes_until(table, since);
	struct zone_observance *list =
		arena_array(mem, (ruled > passed ? ruled - passed : 0) + 3, sizeof(*list));
	size_t count = 0;
	for (; passed <= ruled; passed++) {
		if (count > 0 && table->changes[passed - 1] >= until)
			break;
		list[count++] = observance_of(table, passed);
	}
	for (size_t i = ruled; i < table->change_count && i < ruled + 2; i++) {
		list[count] = observance_of(table, i + 1);
		list[count++].rule = observance_rule(
			kind_equal(kind_after(table, i + 1), &table->rule->daylight) ? &table->rule->start
										     : &table->rule->end,
			mem);
	}
	*ret_observances = list;
	return count;
}
