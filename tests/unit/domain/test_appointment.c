#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "domain/appointment.h"

#include <string.h>

static const instant start = 1795528800; /* 2026-11-24T14:00:00Z */
static const seconds day = SECONDS_PER_DAY;

static void every_word_is_read_back(void **state)
{
	(void)state;
	for (int i = APPOINTMENT_HELD; i <= APPOINTMENT_EXPIRED; i++) {
		enum appointment_status status = APPOINTMENT_HELD;
		const char *name = appointment_status_name((enum appointment_status)i);
		assert_true(appointment_status_parse(name, &status));
		assert_int_equal((int)status, i);
	}
	for (int i = CANCELLED_BY_CLIENT; i <= CANCELLED_BY_CALENDAR; i++) {
		enum cancelled_by who = CANCELLED_BY_CLIENT;
		assert_true(cancelled_by_parse(cancelled_by_name((enum cancelled_by)i), &who));
		assert_int_equal((int)who, i);
	}
	enum appointment_status status = APPOINTMENT_HELD;
	assert_false(appointment_status_parse("canceled", &status));
	assert_false(appointment_status_parse("", &status));
}

static struct appointment_facts scheduled(void)
{
	return (struct appointment_facts){
		.status = APPOINTMENT_SCHEDULED,
		.start = start,
		.end = start + 3600,
		.cancel_notice_minutes = 1440,
		.reschedule_notice_minutes = 60,
		.max_reschedules = POLICY_NO_LIMIT,
	};
}

static void cut_offs_are_open_to_the_second_and_not_after(void **state)
{
	(void)state;
	const struct appointment_facts facts = scheduled();
	struct appointment_terms terms = appointment_terms(&facts, start - day, false);
	assert_int_equal(terms.cancel_before, start - day);
	assert_int_equal(terms.reschedule_before, start - 3600);
	assert_int_equal(terms.cancel, REFUSAL_NONE);
	assert_int_equal(appointment_terms(&facts, start - day + 1, false).cancel,
			 REFUSAL_CANCELLATION_CLOSED);
	assert_int_equal(appointment_terms(&facts, start - 3600, false).reschedule, REFUSAL_NONE);
	assert_int_equal(appointment_terms(&facts, start - 3599, false).reschedule,
			 REFUSAL_RESCHEDULE_CLOSED);
}

static void a_coach_may_until_the_end(void **state)
{
	(void)state;
	struct appointment_facts facts = scheduled();
	facts.max_reschedules = 0;
	facts.reschedule_count = 5;
	struct appointment_terms terms = appointment_terms(&facts, start + 3599, true);
	assert_int_equal(terms.cancel, REFUSAL_NONE);
	assert_int_equal(terms.reschedule, REFUSAL_NONE);
	terms = appointment_terms(&facts, start + 3600, true);
	assert_int_equal(terms.cancel, REFUSAL_NOT_ACTIVE);
	assert_int_equal(terms.reschedule, REFUSAL_RESCHEDULE_CLOSED);
}

static void the_reschedule_limit_counts_moves_made(void **state)
{
	(void)state;
	struct appointment_facts facts = scheduled();
	facts.max_reschedules = 2;
	facts.reschedule_count = 1;
	assert_int_equal(appointment_terms(&facts, start - day, false).reschedule, REFUSAL_NONE);
	facts.reschedule_count = 2;
	assert_int_equal(appointment_terms(&facts, start - day, false).reschedule, REFUSAL_RESCHEDULE_LIMIT);
	facts.max_reschedules = POLICY_NO_LIMIT;
	assert_int_equal(appointment_terms(&facts, start - day, false).reschedule, REFUSAL_NONE);
}

static void only_a_live_appointment_can_be_cancelled_or_moved(void **state)
{
	(void)state;
	static const enum appointment_status over[] = {APPOINTMENT_CANCELLED, APPOINTMENT_COMPLETED,
						       APPOINTMENT_NO_SHOW, APPOINTMENT_EXPIRED};
	for (size_t i = 0; i < sizeof(over) / sizeof(over[0]); i++) {
		struct appointment_facts facts = scheduled();
		facts.status = over[i];
		struct appointment_terms terms = appointment_terms(&facts, start - day, true);
		assert_int_equal(terms.cancel, REFUSAL_NOT_ACTIVE);
		assert_int_equal(terms.reschedule, REFUSAL_NOT_ACTIVE);
	}
}

static void a_hold_is_released_until_it_runs_out(void **state)
{
	(void)state;
	struct appointment_facts facts = scheduled();
	facts.status = APPOINTMENT_HELD;
	facts.hold_expires_at = start - 100;
	assert_int_equal(appointment_terms(&facts, start - 101, false).cancel, REFUSAL_NONE);
	assert_int_equal(appointment_terms(&facts, start - 101, true).reschedule, REFUSAL_NOT_ACTIVE);
	assert_int_equal(appointment_terms(&facts, start - 100, false).cancel, REFUSAL_NOT_ACTIVE);
}

static void every_refusal_has_its_code(void **state)
{
	(void)state;
	assert_null(refusal_code(REFUSAL_NONE));
	for (int i = REFUSAL_BAD_DURATION; i <= REFUSAL_HOLD_EXPIRED; i++)
		assert_non_null(refusal_code((enum refusal)i));
	assert_string_equal(refusal_code(REFUSAL_BAD_DURATION), "bad_duration");
	assert_string_equal(refusal_code(REFUSAL_HOLD_EXPIRED), "hold_expired");
}

static void every_policy_field_is_reached_by_its_name(void **state)
{
	(void)state;
	struct policy policy = policy_default;
	for (int i = 0; i < POLICY_FIELD_COUNT; i++) {
		const struct policy_field_rule *rule = &policy_fields[i];
		assert_non_null(rule->name);
		int64_t value = policy_get(&policy_default, (enum policy_field)i);
		assert_true(value == POLICY_NO_LIMIT ? rule->may_be_null
						     : value >= rule->min && value <= rule->max);
		policy_set(&policy, (enum policy_field)i, 100 + i);
	}
	assert_int_equal(policy.min_notice_minutes, 100);
	assert_int_equal(policy.max_reschedules, 109);
	assert_string_equal(policy_fields[POLICY_MAX_PER_DAY].name, "max_per_day");
}

static void guests_are_told_apart_whole(void **state)
{
	(void)state;
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	const char *addresses[APPOINTMENT_GUESTS_MAX];
	assert_int_equal(appointment_guests(NULL, &mem, addresses), 0);
	assert_null(appointment_guests_text(NULL, &mem));
	assert_false(appointment_invites(NULL, "a@b.c"));
	const char *two = "ann@b.c ben@b.c";
	assert_int_equal(appointment_guests(two, &mem, addresses), 2);
	assert_string_equal(addresses[1], "ben@b.c");
	assert_string_equal(appointment_guests_text(two, &mem), "ann@b.c, ben@b.c");
	assert_true(appointment_invites(two, "ann@b.c"));
	assert_true(appointment_invites(two, "ben@b.c"));
	assert_false(appointment_invites(two, "nn@b.c"));
	assert_false(appointment_invites(two, "ann@b"));
	assert_false(appointment_invites(two, ""));
	/* More than there may be: the rest is left. */
	assert_int_equal(appointment_guests("a b c d e f g h i j k", &mem, addresses),
			 APPOINTMENT_GUESTS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_is_read_back),
		cmocka_unit_test(cut_offs_are_open_to_the_second_and_not_after),
		cmocka_unit_test(a_coach_may_until_the_end),
		cmocka_unit_test(the_reschedule_limit_counts_moves_made),
		cmocka_unit_test(only_a_live_appointment_can_be_cancelled_or_moved),
		cmocka_unit_test(a_hold_is_released_until_it_runs_out),
		cmocka_unit_test(every_refusal_has_its_code),
		cmocka_unit_test(guests_are_told_apart_whole),
		cmocka_unit_test(every_policy_field_is_reached_by_its_name),
	};
	return cmocka_run_group_tests_name("appointment", tests, NULL, NULL);
}
