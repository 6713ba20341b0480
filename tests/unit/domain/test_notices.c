/* When reminders are due, with a clock that is moved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "domain/notices.h"

static instant at(const char *text)
{
	instant value = 0;
	assert_true(instant_parse(text, strlen(text), &value));
	return value;
}

static const struct quiet_hours none = {0};
static const struct quiet_hours nights = {true, 21 * 60, 8 * 60};

static void elapsed_minutes_are_counted_also_over_a_change_of_the_clock(void **state)
{
	(void)state;
	const struct zone *zone = zone_find("America/New_York");
	/* 2026-11-01: the clock goes back; a day before is 24 hours before. */
	assert_int_equal(reminder_due(&none, zone, at("2026-11-01T15:00:00-05:00"), 1440),
			 at("2026-10-31T16:00:00-04:00"));
}

static void quiet_hours_move_a_reminder_earlier(void **state)
{
	(void)state;
	const struct zone *zone = zone_find("America/New_York");
	struct {
		const char *start;
		int before;
		const char *due;
	} cases[] = {
		{"2026-11-24T08:30:00-05:00", 60, "2026-11-23T21:00:00-05:00"},   /* 07:30 */
		{"2026-11-24T09:00:00-05:00", 60, "2026-11-24T08:00:00-05:00"},   /* their end is not quiet */
		{"2026-11-24T22:00:00-05:00", 60, "2026-11-24T21:00:00-05:00"},   /* nor their beginning */
		{"2026-11-25T00:30:00-05:00", 60, "2026-11-24T21:00:00-05:00"},   /* 23:30 */
		{"2026-11-24T14:00:00-05:00", 1440, "2026-11-23T14:00:00-05:00"}, /* by day */
		/* the night the clock went back, and the one it went forward */
		{"2026-11-01T07:30:00-05:00", 60, "2026-10-31T21:00:00-04:00"},
		{"2026-03-08T07:30:00-04:00", 60, "2026-03-07T21:00:00-05:00"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(reminder_due(&nights, zone, at(cases[i].start), cases[i].before),
				 at(cases[i].due));
	/* Hours within one day, in another zone. */
	struct quiet_hours noon = {true, 12 * 60, 13 * 60};
	assert_int_equal(
		reminder_due(&noon, zone_find("Asia/Kathmandu"), at("2026-11-24T13:30:00+05:45"), 60),
		at("2026-11-24T12:00:00+05:45"));
}

static enum reminder_verdict judge(size_t index, enum notice_recipient who, const char *known,
				   const char *now)
{
	return reminder_judge(&notice_rules_default, index, who, zone_find("UTC"), at("2026-11-24T14:00:00Z"),
			      at(known), at(now));
}

static void a_reminder_is_owed_from_its_time_until_half_of_it_is_over(void **state)
{
	(void)state;
	const char *booked = "2026-11-01T00:00:00Z";
	assert_int_equal(judge(0, NOTICE_CLIENT, booked, "2026-11-23T13:59:59Z"), REMINDER_NOT_YET);
	assert_int_equal(judge(0, NOTICE_CLIENT, booked, "2026-11-23T14:00:00Z"), REMINDER_NOW);
	assert_int_equal(judge(0, NOTICE_CLIENT, booked, "2026-11-24T02:00:00Z"), REMINDER_NOW);
	assert_int_equal(judge(0, NOTICE_CLIENT, booked, "2026-11-24T02:00:01Z"), REMINDER_TOO_LATE);
	assert_int_equal(judge(1, NOTICE_CLIENT, booked, "2026-11-24T13:30:00Z"), REMINDER_NOW);
	assert_int_equal(judge(1, NOTICE_CLIENT, booked, "2026-11-24T13:31:00Z"), REMINDER_TOO_LATE);
	assert_int_equal(judge(1, NOTICE_CLIENT, booked, "2026-11-24T14:00:00Z"), REMINDER_TOO_LATE);
	assert_int_equal(judge(0, NOTICE_COACH, booked, "2026-11-23T14:00:00Z"), REMINDER_NONE);
	assert_int_equal(judge(1, NOTICE_COACH, booked, "2026-11-24T13:00:00Z"), REMINDER_NOW);
}

static void who_books_or_moves_later_than_its_time_gets_none(void **state)
{
	(void)state;
	assert_int_equal(judge(0, NOTICE_CLIENT, "2026-11-23T14:00:00Z", "2026-11-23T14:00:10Z"),
			 REMINDER_BOOKED_LATER);
	assert_int_equal(judge(0, NOTICE_CLIENT, "2026-11-23T13:59:59Z", "2026-11-23T14:00:10Z"),
			 REMINDER_NOW);
	/* By quiet hours earlier than the booking. */
	struct notice_rules rules = notice_rules_default;
	rules.quiet = nights;
	assert_int_equal(reminder_judge(&rules, 1, NOTICE_CLIENT, zone_find("UTC"),
					at("2026-11-24T08:30:00Z"), at("2026-11-23T22:00:00Z"),
					at("2026-11-23T22:00:01Z")),
			 REMINDER_BOOKED_LATER);
}

static void of_two_close_together_only_the_later_is_sent(void **state)
{
	(void)state;
	struct notice_rules rules = {
		.reminders = {{1440, {true, true}},
			      {120, {true, false}},
			      {60, {true, false}},
			      {400, {false, true}}},
		.reminder_count = 4,
	};
	const struct zone *zone = zone_find("UTC");
	instant start = at("2026-11-24T14:00:00Z");
	instant known = at("2026-11-01T00:00:00Z");
	assert_int_equal(reminder_judge(&rules, 1, NOTICE_CLIENT, zone, start, known, start - 7200),
			 REMINDER_NEAR_ANOTHER);
	assert_int_equal(reminder_judge(&rules, 2, NOTICE_CLIENT, zone, start, known, start - 3600),
			 REMINDER_NOW);
	/* The other one is not for the coach. */
	assert_int_equal(reminder_judge(&rules, 3, NOTICE_COACH, zone, start, known, start - 24000),
			 REMINDER_NOW);
	/* Both moved to the beginning of the quiet hours: one of them. */
	rules.quiet = nights;
	start = at("2026-11-24T08:30:00Z");
	assert_int_equal(
		reminder_judge(&rules, 1, NOTICE_CLIENT, zone, start, known, at("2026-11-23T21:00:00Z")),
		REMINDER_NEAR_ANOTHER);
	assert_int_equal(
		reminder_judge(&rules, 2, NOTICE_CLIENT, zone, start, known, at("2026-11-23T21:00:00Z")),
		REMINDER_NOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elapsed_minutes_are_counted_also_over_a_change_of_the_clock),
		cmocka_unit_test(quiet_hours_move_a_reminder_earlier),
		cmocka_unit_test(a_reminder_is_owed_from_its_time_until_half_of_it_is_over),
		cmocka_unit_test(who_books_or_moves_later_than_its_time_gets_none),
		cmocka_unit_test(of_two_close_together_only_the_later_is_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
