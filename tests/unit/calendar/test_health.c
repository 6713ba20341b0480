/* What a provider's answers lead to, by a clock that the test moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../../src/calendar/health.h"

enum { HOUR_MS = 3600 * 1000 };

static struct moment at_ms(int64_t ms)
{
	return (struct moment){.ms = ms, .at = 1000 + ms / 1000, .random = 0};
}

static bool note(struct health *health, enum call_kind kind, enum google_outcome outcome, int64_t ms)
{
	struct google_answer answer;
	google_answer_set(&answer, outcome, "reason");
	return health_note(health, kind, &answer, "What to do.", at_ms(ms));
}

static void two_failures_let_calls_through_and_the_third_closes(void **state)
{
	(void)state;
	struct health health = {0};
	note(&health, CALL_READ, GOOGLE_TEMPORARY, 100);
	note(&health, CALL_READ, GOOGLE_TEMPORARY, 100);
	assert_true(health_may_call(&health, 100));
	note(&health, CALL_READ, GOOGLE_TEMPORARY, 100);
	assert_false(health_may_call(&health, 1099));
	assert_false(health_may_write(&health, 1099));
	assert_true(health_may_call(&health, 1100));
}

static void however_often_it_fails_it_is_tried_again_within_five_seconds(void **state)
{
	(void)state;
	struct health health = {0};
	for (int i = 0; i < 100; i++)
		note(&health, CALL_READ, GOOGLE_TEMPORARY, 0);
	assert_false(health_may_call(&health, 4999));
	assert_true(health_may_call(&health, 5000));
}

static void an_answer_opens_the_breaker_and_forgets_failures(void **state)
{
	(void)state;
	const enum google_outcome answers[] = {GOOGLE_OK, GOOGLE_NOT_FOUND, GOOGLE_PRECONDITION_FAILED,
					       GOOGLE_INVALID, GOOGLE_DUPLICATE};
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct health health = {0};
		for (int failure = 0; failure < 3; failure++)
			note(&health, CALL_READ, GOOGLE_TEMPORARY, 0);
		note(&health, CALL_READ, answers[i], 1);
		assert_true(health_may_call(&health, 1));
		note(&health, CALL_READ, GOOGLE_TEMPORARY, 2);
		note(&health, CALL_READ, GOOGLE_TEMPORARY, 2);
		assert_true(health_may_call(&health, 2));
	}
}

static void a_rate_limit_on_a_write_makes_writes_wait_and_reads_not(void **state)
{
	(void)state;
	struct health health = {0};
	note(&health, CALL_WRITE, GOOGLE_RATE_LIMITED, 0);
	assert_true(health_may_call(&health, 0));
	assert_false(health_may_write(&health, 999));
	assert_true(health_may_write(&health, 1000));
}

static void a_rate_limit_on_a_read_makes_everything_wait(void **state)
{
	(void)state;
	struct health health = {0};
	note(&health, CALL_READ, GOOGLE_RATE_LIMITED, 0);
	assert_false(health_may_call(&health, 999));
	assert_false(health_may_write(&health, 999));
	assert_true(health_may_write(&health, 1000));
}

static void rate_limits_in_a_row_wait_longer_up_to_64_seconds(void **state)
{
	(void)state;
	struct health health = {0};
	for (int i = 0; i < 3; i++)
		note(&health, CALL_WRITE, GOOGLE_RATE_LIMITED, 0);
	assert_false(health_may_write(&health, 3999));
	assert_true(health_may_write(&health, 4000));
	for (int i = 0; i < 100; i++)
		note(&health, CALL_WRITE, GOOGLE_RATE_LIMITED, 0);
	assert_false(health_may_write(&health, 63999));
	assert_true(health_may_write(&health, 64000));
}

static void retry_after_is_honoured(void **state)
{
	(void)state;
	struct health health = {0};
	struct google_answer answer;
	google_answer_set(&answer, GOOGLE_RATE_LIMITED, "rateLimitExceeded");
	answer.retry_after = 90;
	health_note(&health, CALL_WRITE, &answer, "", at_ms(0));
	assert_false(health_may_write(&health, 89999));
	assert_true(health_may_write(&health, 90000));
}

static void quota_exceeded_holds_writes_for_hours_and_raises_the_alarm_once(void **state)
{
	(void)state;
	struct health health = {0};
	assert_true(note(&health, CALL_WRITE, GOOGLE_QUOTA_EXCEEDED, 0));
	assert_false(note(&health, CALL_WRITE, GOOGLE_QUOTA_EXCEEDED, 5));
	assert_true(health_may_call(&health, 5));
	assert_false(health_may_write(&health, HOUR_MS - 1));
	assert_true(health_may_write(&health, HOUR_MS));
	/* Again at once when the hour is over: twice as long. */
	assert_true(note(&health, CALL_WRITE, GOOGLE_QUOTA_EXCEEDED, HOUR_MS));
	assert_false(health_may_write(&health, 3 * HOUR_MS - 1));
	assert_true(health_may_write(&health, 3 * HOUR_MS));
}

static void a_hold_is_never_longer_than_six_hours(void **state)
{
	(void)state;
	struct health health = {0};
	int64_t now = 0;
	for (int i = 0; i < 50; i++) {
		assert_true(note(&health, CALL_WRITE, GOOGLE_QUOTA_EXCEEDED, now));
		assert_true(health.held_until - now <= (int64_t)6 * HOUR_MS);
		now = health.held_until;
	}
}

static void a_write_that_succeeds_ends_the_hold_and_a_read_does_not(void **state)
{
	(void)state;
	struct health health = {0};
	note(&health, CALL_WRITE, GOOGLE_QUOTA_EXCEEDED, 0);
	note(&health, CALL_READ, GOOGLE_OK, 1);
	assert_false(health_may_write(&health, 1));
	note(&health, CALL_WRITE, GOOGLE_OK, 2);
	assert_true(health_may_write(&health, 2));
}

static void trouble_is_kept_by_kind_until_that_kind_succeeds(void **state)
{
	(void)state;
	struct health health = {0};
	note(&health, CALL_WRITE, GOOGLE_OPERATOR, 0);
	assert_int_equal(health.trouble[CALL_WRITE].outcome, GOOGLE_OPERATOR);
	assert_string_equal(health.trouble[CALL_WRITE].detail, "What to do.");
	note(&health, CALL_READ, GOOGLE_OK, 1000);
	assert_int_equal(health.trouble[CALL_WRITE].outcome, GOOGLE_OPERATOR);
	assert_int_equal(health.last_success_at, 1001);
	note(&health, CALL_WRITE, GOOGLE_OK, 2000);
	assert_int_equal(health.trouble[CALL_WRITE].outcome, GOOGLE_OK);
}

static void one_event_that_is_refused_is_no_trouble_of_the_calendar(void **state)
{
	(void)state;
	const enum google_outcome answers[] = {GOOGLE_INVALID, GOOGLE_NOT_FOUND, GOOGLE_GONE,
					       GOOGLE_DUPLICATE, GOOGLE_FORBIDDEN};
	struct health health = {0};
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		note(&health, CALL_WRITE, answers[i], 0);
	assert_int_equal(health.trouble[CALL_WRITE].outcome, GOOGLE_OK);
	assert_int_equal(health.can.write_events, ABILITY_UNKNOWN);
}

static void missing_write_access_is_learned(void **state)
{
	(void)state;
	struct health health = {0};
	struct google_answer answer;
	google_answer_set(&answer, GOOGLE_FORBIDDEN, "requiredAccessLevel");
	health_note(&health, CALL_WRITE, &answer, "Share the calendar.", at_ms(0));
	assert_int_equal(health.can.write_events, ABILITY_NO);
	assert_int_equal(health.trouble[CALL_WRITE].outcome, GOOGLE_FORBIDDEN);
}

static void a_retry_forgets_what_waits_and_what_was_refused(void **state)
{
	(void)state;
	struct health health = {0};
	for (int i = 0; i < 5; i++)
		note(&health, CALL_WRITE, GOOGLE_TEMPORARY, 0);
	note(&health, CALL_WRITE, GOOGLE_QUOTA_EXCEEDED, 0);
	health.can = (struct abilities){ABILITY_YES, ABILITY_NO, ABILITY_NO, ABILITY_NO};
	health_retry(&health, false, false);
	assert_true(health_may_write(&health, 0));
	assert_int_equal(health.can.write_events, ABILITY_UNKNOWN);
	assert_int_equal(health.can.read_busy, ABILITY_YES);
	assert_int_equal(health.trouble[CALL_WRITE].outcome, GOOGLE_OK);
}

static void a_retry_changes_nothing_about_what_the_credentials_never_can(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct health health = {.can = {ABILITY_YES, ABILITY_YES, ABILITY_NO, ABILITY_NO}};
		health_retry(&health, i == 0, i == 1);
		assert_int_equal(health.can.invite_guests, ABILITY_NO);
		assert_int_equal(health.can.create_meet, ABILITY_NO);
	}
}

static void a_backoff_doubles_up_to_its_longest_and_loses_a_third_at_most(void **state)
{
	(void)state;
	assert_int_equal(backoff_ms(-1, 20000, 0), 1000);
	assert_int_equal(backoff_ms(0, 20000, 0), 1000);
	assert_int_equal(backoff_ms(3, 20000, 0), 8000);
	assert_int_equal(backoff_ms(5, 20000, 0), 20000);
	assert_int_equal(backoff_ms(INT64_MAX, 20000, 0), 20000);
	for (uint32_t random = 0; random < 100000; random += 7) {
		int64_t wait = backoff_ms(3, 20000, random);
		assert_true(wait <= 8000 && wait >= 8000 - 8000 / 3);
	}
	assert_true(backoff_ms(3, 20000, UINT32_MAX) >= 8000 - 8000 / 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_failures_let_calls_through_and_the_third_closes),
		cmocka_unit_test(however_often_it_fails_it_is_tried_again_within_five_seconds),
		cmocka_unit_test(an_answer_opens_the_breaker_and_forgets_failures),
		cmocka_unit_test(a_rate_limit_on_a_write_makes_writes_wait_and_reads_not),
		cmocka_unit_test(a_rate_limit_on_a_read_makes_everything_wait),
		cmocka_unit_test(rate_limits_in_a_row_wait_longer_up_to_64_seconds),
		cmocka_unit_test(retry_after_is_honoured),
		cmocka_unit_test(quota_exceeded_holds_writes_for_hours_and_raises_the_alarm_once),
		cmocka_unit_test(a_hold_is_never_longer_than_six_hours),
		cmocka_unit_test(a_write_that_succeeds_ends_the_hold_and_a_read_does_not),
		cmocka_unit_test(trouble_is_kept_by_kind_until_that_kind_succeeds),
		cmocka_unit_test(one_event_that_is_refused_is_no_trouble_of_the_calendar),
		cmocka_unit_test(missing_write_access_is_learned),
		cmocka_unit_test(a_retry_forgets_what_waits_and_what_was_refused),
		cmocka_unit_test(a_retry_changes_nothing_about_what_the_credentials_never_can),
		cmocka_unit_test(a_backoff_doubles_up_to_its_longest_and_loses_a_third_at_most),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
