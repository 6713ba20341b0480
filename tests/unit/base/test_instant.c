#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/instant.h"

#include <string.h>

static bool parses(const char *text, instant *ret_at)
{
	return instant_parse(text, strlen(text), ret_at);
}

static void an_instant_with_any_offset_is_read_and_written_back_in_utc(void **state)
{
	(void)state;
	instant at = 0;
	char text[INSTANT_TEXT_BYTES];
	assert_true(parses("2026-11-24T09:00:00-05:00", &at));
	instant_format(at, text);
	assert_string_equal(text, "2026-11-24T14:00:00Z");
	assert_true(parses("2026-11-24T14:00:00.000Z", &at));
	assert_true(parses("2028-02-29T23:59:59+14:00", &at));
	instant_format(at, text);
	assert_string_equal(text, "2028-02-29T09:59:59Z");
}

static void what_is_no_rfc_3339_instant_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"",
		"2026-11-24",
		"2026-11-24T14:00:00",
		"2026-11-24 14:00:00Z",
		"2026-11-24t14:00:00Z",
		"2026-11-24T14:00:00z",
		"2026-11-24T14:00Z",
		"2026-02-30T14:00:00Z",
		"2026-13-01T14:00:00Z",
		"2026-11-24T24:00:00Z",
		"2026-11-24T14:60:00Z",
		"2026-11-24T14:00:60Z",
		"2026-11-24T14:00:00.5Z",
		"2026-11-24T14:00:00.Z",
		"2026-11-24T14:00:00+5:00",
		"2026-11-24T14:00:00+0500",
		"2026-11-24T14:00:00+24:00",
		"2026-11-24T14:00:00Z ",
		" 2026-11-24T14:00:00Z",
		"+2026-11-24T14:00:00Z",
		"1969-12-31T23:59:59Z",
		"1970-01-01T00:00:00+01:00",
		"99999-11-24T14:00:00Z",
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		instant at = 42;
		if (parses(wrong[i], &at) || at != 42)
			fail_msg("read: %s", wrong[i]);
	}
}

static void every_day_of_four_centuries_goes_to_days_and_back(void **state)
{
	(void)state;
	struct civil_date expected = {1970, 1, 1};
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int weekday = 3; /* a Thursday */
	for (int64_t day = 0; day < 146097; day++) {
		struct civil_date date = date_from_days(day);
		assert_int_equal(date_compare(date, expected), 0);
		assert_int_equal(date.day, expected.day);
		assert_int_equal(date.month, expected.month);
		assert_int_equal(date.year, expected.year);
		assert_int_equal(date_to_days(date), day);
		assert_int_equal(date_weekday(day), weekday);
		weekday = (weekday + 1) % 7;
		bool leap = expected.year % 4 == 0 && (expected.year % 100 != 0 || expected.year % 400 == 0);
		int length = expected.month == 2 && leap ? 29 : lengths[expected.month - 1];
		if (++expected.day > length) {
			expected.day = 1;
			if (++expected.month > 12) {
				expected.month = 1;
				expected.year++;
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_instant_with_any_offset_is_read_and_written_back_in_utc),
		cmocka_unit_test(what_is_no_rfc_3339_instant_is_refused),
		cmocka_unit_test(every_day_of_four_centuries_goes_to_days_and_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
