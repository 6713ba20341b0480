#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "api/slots_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the command prints for that input; freed by the caller. */
static char *run(const char *input, int *ret_code)
{
	char *printed = NULL;
	size_t length = 0;
	FILE *in = *input != '\0' ? fmemopen((void *)input, strlen(input), "r") : fopen("/dev/null", "re");
	FILE *out = open_memstream(&printed, &length);
	assert_non_null(in);
	assert_non_null(out);
	*ret_code = slots_command(in, out);
	fclose(in);
	fclose(out);
	return printed;
}

static void expect(const char *input, const char *wanted, int wanted_code)
{
	int code = 0;
	char *printed = run(input, &code);
	if (strcmp(printed, wanted) != 0 || code != wanted_code)
		fail_msg("%s\n  gave %d %s\n  wanted %d %s", input, code, printed, wanted_code, wanted);
	free(printed);
}

/* `field` as JSON: a quoted name or null. */
static void expect_error(const char *input, const char *code, const char *field)
{
	int exit_code = 0;
	char begin[256];
	char *printed = run(input, &exit_code);
	snprintf(begin, sizeof(begin), "{\"error\":{\"code\":\"%s\",\"field\":%s,\"detail\":\"", code, field);
	if (strncmp(printed, begin, strlen(begin)) != 0 || exit_code != 1)
		fail_msg("%s\n  gave %d %s\n  wanted %s", input, exit_code, printed, begin);
	assert_int_equal(printed[strlen(printed) - 1], '\n');
	free(printed);
}

#define OPEN_SCHEDULE                                                                                        \
	"\"schedule\":{\"time_zone\":\"UTC\",\"weekly\":[{\"days\":[\"TU\"],\"from\":\"09:00\",\"to\":\"11:" \
	"00\"}],"                                                                                            \
	"\"policy\":{\"min_notice_minutes\":0,\"horizon_days\":30},\"session_types\":[{\"id\":\"a\","        \
	"\"durations\":[30,60]},"                                                                            \
	"{\"id\":\"b\",\"durations\":[120]}]}"

static void one_case_gives_its_slots(void **state)
{
	(void)state;
	expect("{" OPEN_SCHEDULE ",\"session_type\":\"a\",\"duration_minutes\":60,"
	       "\"busy\":[{\"start\":\"2026-11-24T12:00:00+02:00\",\"end\":\"2026-11-24T10:30:00Z\"}],"
	       "\"now\":\"2026-11-23T00:00:00Z\",\"from\":\"2026-11-24T00:00:00Z\",\"to\":\"2026-11-25T00:00:"
	       "00Z\"}",
	       "{\"slots\":[\"2026-11-24T09:00:00Z\"]}\n", 0);
}

static void type_and_duration_default_to_the_first(void **state)
{
	(void)state;
	expect("{" OPEN_SCHEDULE ",\"now\":\"2026-11-23T00:00:00Z\",\"to\":\"2026-11-24\"}",
	       "{\"slots\":[\"2026-11-24T09:00:00Z\",\"2026-11-24T09:30:00Z\",\"2026-11-24T10:00:00Z\","
	       "\"2026-11-24T10:30:00Z\"]}\n",
	       0);
	expect("{" OPEN_SCHEDULE ",\"session_type\":\"b\",\"duration_minutes\":null,\"busy\":null,"
	       "\"now\":\"2026-11-23T00:00:00Z\",\"from\":null,\"to\":\"2026-11-24\"}",
	       "{\"slots\":[\"2026-11-24T09:00:00Z\"]}\n", 0);
}

static void busy_times_come_in_any_order_and_may_overlap_or_be_empty(void **state)
{
	(void)state;
	expect("{" OPEN_SCHEDULE ",\"busy\":["
	       "{\"start\":\"2026-11-24T10:30:00Z\",\"end\":\"2026-11-24T11:00:00Z\"},"
	       "{\"start\":\"2026-11-24T09:00:00Z\",\"end\":\"2026-11-24T09:20:00Z\"},"
	       "{\"start\":\"2026-11-24T09:10:00Z\",\"end\":\"2026-11-24T09:30:00Z\"},"
	       "{\"start\":\"2026-11-24T09:45:00Z\",\"end\":\"2026-11-24T09:45:00Z\"}],"
	       "\"now\":\"2026-11-23T00:00:00Z\",\"to\":\"2026-11-24\"}",
	       "{\"slots\":[\"2026-11-24T09:30:00Z\",\"2026-11-24T10:00:00Z\"]}\n", 0);
}

static void a_day_is_the_coach_s_and_the_last_day_is_included(void **state)
{
	(void)state;
	static const char text[] =
		"{\"schedule\":{\"time_zone\":\"Asia/Tokyo\",\"weekly\":[{\"days\":[\"MO\",\"TU\",\"WE\"],"
		"\"from\":\"08:00\",\"to\":\"09:00\"}],\"policy\":{\"step_minutes\":60},"
		"\"session_types\":[{\"id\":\"a\",\"durations\":[60]}]},\"now\":\"2026-11-20T00:00:00Z\","
		"\"from\":\"2026-11-23\",\"to\":\"2026-11-24\"}";
	expect(text, "{\"slots\":[\"2026-11-22T23:00:00Z\",\"2026-11-23T23:00:00Z\"]}\n", 0);
}

static void an_empty_or_backward_window_has_no_slots(void **state)
{
	(void)state;
	expect("{" OPEN_SCHEDULE ",\"now\":\"2026-11-23T00:00:00Z\",\"from\":\"2026-11-24T09:00:00Z\","
	       "\"to\":\"2026-11-24T09:00:00Z\"}",
	       "{\"slots\":[]}\n", 0);
	expect("{" OPEN_SCHEDULE
	       ",\"now\":\"2026-11-23T00:00:00Z\",\"from\":\"2026-11-25\",\"to\":\"2026-11-23\"}",
	       "{\"slots\":[]}\n", 0);
}

static void without_a_window_it_reaches_from_now_to_the_horizon_included(void **state)
{
	(void)state;
	expect("{\"schedule\":{\"time_zone\":\"UTC\",\"policy\":{\"min_notice_minutes\":0,\"horizon_days\":1}"
	       "},"
	       "\"duration_minutes\":60,\"now\":\"2026-11-23T16:00:00Z\"}",
	       "{\"slots\":[\"2026-11-23T16:00:00Z\",\"2026-11-24T09:00:00Z\",\"2026-11-24T09:30:00Z\","
	       "\"2026-11-24T10:00:00Z\",\"2026-11-24T10:30:00Z\",\"2026-11-24T11:00:00Z\",\"2026-11-24T11:"
	       "30:00Z\","
	       "\"2026-11-24T12:00:00Z\",\"2026-11-24T12:30:00Z\",\"2026-11-24T13:00:00Z\",\"2026-11-24T13:"
	       "30:00Z\","
	       "\"2026-11-24T14:00:00Z\",\"2026-11-24T14:30:00Z\",\"2026-11-24T15:00:00Z\",\"2026-11-24T15:"
	       "30:00Z\","
	       "\"2026-11-24T16:00:00Z\"]}\n",
	       0);
}

static void each_fault_has_its_code_and_field(void **state)
{
	(void)state;
	static const struct {
		const char *input, *code, *field;
	} wrong[] = {
		{"", "malformed_json", "null"},
		{"nonsense", "malformed_json", "null"},
		{"5", "malformed_json", "null"},
		{"{} {}", "malformed_json", "null"},
		{"[{},]", "malformed_json", "null"},
		{"[{}", "malformed_json", "null"},
		{"[{}] x", "malformed_json", "null"},
		{"{\"now\":\"2026-11-23T00:00:00Z\",\"now\":\"2026-11-23T00:00:00Z\"}", "malformed_json",
		 "null"},
		{"{\"duration\":30}", "unknown_field", "\"duration\""},
		{"{\"duration_minutes\":\"30\"}", "invalid_field", "\"duration_minutes\""},
		{"{\"duration_minutes\":30.5}", "invalid_field", "\"duration_minutes\""},
		{"{\"duration_minutes\":-5}", "invalid_field", "\"duration_minutes\""},
		{"{\"duration_minutes\":0}", "invalid_field", "\"duration_minutes\""},
		{"{\"duration_minutes\":45}", "bad_duration", "\"duration_minutes\""},
		{"{\"duration_minutes\":100000000000}", "bad_duration", "\"duration_minutes\""},
		{"{\"session_type\":\"yoga\"}", "unknown_session_type", "\"session_type\""},
		{"{\"session_type\":1}", "invalid_field", "\"session_type\""},
		{"{\"now\":\"2026-11-23T00:00:00\"}", "invalid_field", "\"now\""},
		{"{\"now\":\"2026-11-23\"}", "invalid_field", "\"now\""},
		{"{\"now\":1}", "invalid_field", "\"now\""},
		{"{\"from\":\"2026-11-23T00:00:00\"}", "invalid_field", "\"from\""},
		{"{\"from\":\"2026-02-30\"}", "invalid_field", "\"from\""},
		{"{\"to\":\"tomorrow\"}", "invalid_field", "\"to\""},
		{"{\"busy\":{}}", "invalid_field", "\"busy\""},
		{"{\"busy\":[7]}", "invalid_field", "\"busy[0]\""},
		{"{\"busy\":[{\"start\":\"2026-11-23T00:00:00Z\"}]}", "invalid_field", "\"busy[0].end\""},
		{"{\"busy\":[{\"start\":\"2026-11-23 00:00:00Z\",\"end\":\"2026-11-23T00:00:00Z\"}]}",
		 "invalid_field", "\"busy[0].start\""},
		{"{\"busy\":[{\"start\":\"2026-11-23T00:00:01Z\",\"end\":\"2026-11-23T00:00:00Z\"}]}",
		 "invalid_field", "\"busy[0].end\""},
		{"{\"busy\":[{\"start\":\"2026-11-23T00:00:00Z\",\"end\":\"2026-11-23T00:00:00Z\",\"id\":1}]"
		 "}",
		 "unknown_field", "\"busy[0].id\""},
		{"{\"schedule\":[]}", "invalid_field", "\"schedule\""},
		{"{\"schedule\":{\"timezone\":\"UTC\"}}", "unknown_field", "\"schedule.timezone\""},
		{"{\"schedule\":{\"time_zone\":\"Mars/Base\"}}", "invalid_field", "\"schedule.time_zone\""},
		{"{\"schedule\":{\"overrides\":[{\"date\":\"2026-02-30\",\"intervals\":[]}]}}",
		 "invalid_field", "\"schedule.overrides[0].date\""},
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		expect_error(wrong[i].input, wrong[i].code, wrong[i].field);
}

static void an_array_is_answered_case_by_case_and_always_exits_0(void **state)
{
	(void)state;
	expect("[]", "[]\n", 0);
	expect(" [ ] \n", "[]\n", 0);
	int code = 0;
	char *printed = run("[{" OPEN_SCHEDULE
			    ",\"session_type\":\"b\",\"now\":\"2026-11-23T00:00:00Z\",\"to\":\"2026-11-24\"},"
			    "{\"to\":1},{\"to\":1,\"to\":2},[{}],\"x\", 12 ,99999999999999999999999]",
			    &code);
	assert_int_equal(code, 0);
	const char *at = printed;
	static const char *const parts[] = {"[{\"slots\":[\"2026-11-24T09:00:00Z\"]},\n",
					    "{\"error\":{\"code\":\"invalid_field\",\"field\":\"to\"",
					    "{\"error\":{\"code\":\"malformed_json\"",
					    "{\"error\":{\"code\":\"malformed_json\"",
					    "{\"error\":{\"code\":\"malformed_json\"",
					    "{\"error\":{\"code\":\"malformed_json\"",
					    "{\"error\":{\"code\":\"malformed_json\""};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strncmp(at, parts[i], strlen(parts[i])) != 0)
			fail_msg("answer %zu: %s", i, at);
		at = strchr(at, '\n') + 1;
	}
	assert_int_equal(*at, '\0');
	free(printed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_case_gives_its_slots),
		cmocka_unit_test(type_and_duration_default_to_the_first),
		cmocka_unit_test(busy_times_come_in_any_order_and_may_overlap_or_be_empty),
		cmocka_unit_test(a_day_is_the_coach_s_and_the_last_day_is_included),
		cmocka_unit_test(an_empty_or_backward_window_has_no_slots),
		cmocka_unit_test(without_a_window_it_reaches_from_now_to_the_horizon_included),
		cmocka_unit_test(each_fault_has_its_code_and_field),
		cmocka_unit_test(an_array_is_answered_case_by_case_and_always_exits_0),
	};
	return cmocka_run_group_tests_name("slots_command", tests, NULL, NULL);
}
