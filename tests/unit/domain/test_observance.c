#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "domain/observance.h"

/* What a whole zone's text means is held against another program: tests/domain/zone_texts.test.mjs. */

static void expect(const char *wanted, struct tzif_rule_day day)
{
	struct arena mem = ARENA_EMPTY;
	const char *rule = observance_rule(&day, &mem);
	if (wanted == NULL)
		assert_null(rule);
	else
		assert_string_equal(rule, wanted);
	arena_clear(&mem);
}

static struct tzif_rule_day weekday(int month, int week, int day, int hours)
{
	return (struct tzif_rule_day){TZIF_WEEKDAY_OF_MONTH, month, week, day, 0, hours * SECONDS_PER_HOUR};
}

static void a_weekday_of_a_month_is_counted_from_either_end(void **state)
{
	(void)state;
	expect("FREQ=YEARLY;BYMONTH=3;BYDAY=2SU", weekday(3, 2, 0, 2));
	expect("FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", weekday(10, 5, 0, 3));
	expect("FREQ=YEARLY;BYMONTH=2;BYDAY=-1SA", weekday(2, 5, 6, 23));
}

static void a_time_of_another_day_moves_the_weekday_and_the_days_it_may_be(void **state)
{
	(void)state;
	/* Santiago: the first Saturday's 24:00. */
	expect("FREQ=YEARLY;BYMONTH=9;BYMONTHDAY=2,3,4,5,6,7,8;BYDAY=SU", weekday(9, 1, 6, 24));
	/* Gaza: 50 hours into the fourth Thursday. */
	expect("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=24,25,26,27,28,29,30;BYDAY=SA", weekday(3, 4, 4, 50));
	/* Nuuk: an hour before the last Sunday. */
	expect("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=24,25,26,27,28,29,30;BYDAY=SA", weekday(3, 5, 0, -1));
}

static void what_no_rule_can_say_is_not_said(void **state)
{
	(void)state;
	expect(NULL, weekday(10, 5, 0, 24)); /* may be 1 November */
	expect(NULL, weekday(10, 1, 0, -1)); /* may be 30 September */
	expect(NULL, weekday(2, 5, 0, -1));  /* depends on leap years */
	expect(NULL, (struct tzif_rule_day){.form = TZIF_DAY_WITHOUT_LEAP, .day = 60, .at = -3600});
}

static void days_of_the_year_count_leap_days_or_not(void **state)
{
	(void)state;
	expect("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=1",
	       (struct tzif_rule_day){.form = TZIF_DAY_WITHOUT_LEAP, .day = 60});
	expect("FREQ=YEARLY;BYYEARDAY=61", (struct tzif_rule_day){.form = TZIF_DAY_WITH_LEAP, .day = 60});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_weekday_of_a_month_is_counted_from_either_end),
		cmocka_unit_test(a_time_of_another_day_moves_the_weekday_and_the_days_it_may_be),
		cmocka_unit_test(what_no_rule_can_say_is_not_said),
		cmocka_unit_test(days_of_the_year_count_leap_days_or_not),
	};
	return cmocka_run_group_tests_name("observance", tests, NULL, NULL);
}
