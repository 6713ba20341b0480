#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/google_calendar.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static instant at(const char *text)
{
	instant value = 0;

	assert_true(instant_parse(text, strlen(text), &value));
	return value;
}

static const char *const two[] = {"primary", "c_1@group.calendar.google.com"};

static void read_two(struct arena *mem, const char *body, struct google_busy busy[2])
{
	busy[0] = busy[1] = (struct google_busy){.known = true};
	assert_true(google_busy_read(mem, body, strlen(body), two, 2, busy));
}

static void any_offset_and_fraction_is_read(void **state)
{
	(void)state;
	struct arena mem = ARENA_EMPTY;
	struct google_busy busy[2];

	read_two(&mem,
		 "{\"kind\":\"calendar#freeBusy\",\"timeMin\":\"2018-04-01T08:00:00.000Z\","
		 "\"timeMax\":\"2018-04-02T08:00:00.000Z\",\"calendars\":{"
		 "\"c_1@group.calendar.google.com\":{\"busy\":[]},"
		 "\"primary\":{\"busy\":["
		 "{\"start\":\"2018-04-01T12:00:00+02:00\",\"end\":\"2018-04-01T13:00:00+02:00\"},"
		 "{\"start\":\"2018-04-01T20:00:00.000Z\",\"end\":\"2018-04-01T16:30:00-05:00\"},"
		 "{\"start\":\"2018-04-02T03:45:00+05:45\",\"end\":\"2018-04-01T23:00:00Z\"}]}}}",
		 busy);
	assert_true(busy[0].known);
	assert_int_equal(busy[0].count, 3);
	assert_int_equal(busy[0].items[0].start, at("2018-04-01T10:00:00Z"));
	assert_int_equal(busy[0].items[0].end, at("2018-04-01T11:00:00Z"));
	assert_int_equal(busy[0].items[1].end, at("2018-04-01T21:30:00Z"));
	assert_int_equal(busy[0].items[2].start, at("2018-04-01T22:00:00Z"));
	assert_true(busy[1].known);
	assert_int_equal(busy[1].count, 0);
	arena_clear(&mem);
}

static void whatever_is_not_certain_is_unknown_and_never_free(void **state)
{
	(void)state;
	static const struct {
		const char *calendar; /* the value for "primary" with its name, or nothing */
		const char *problem;
	} cases[] = {
		{"\"primary\":{\"errors\":[{\"domain\":\"global\",\"reason\":\"notFound\"}],\"busy\":[]}",
		 "notFound"},
		{"\"primary\":{\"errors\":[{\"domain\":\"global\",\"reason\":\"internalError\"}]}",
		 "internalError"},
		{"\"primary\":{\"errors\":[{\"domain\":\"global\"}],\"busy\":[]}", "unknown"},
		{"\"primary\":{\"errors\":{},\"busy\":[]}", "unknown"},
		{"\"primary\":{\"errors\":\"x\",\"busy\":[]}", "unknown"},
		{"\"x\":1", "missing"},
		{"\"primary\":null", "missing"},
		{"\"primary\":[]", "missing"},
		{"\"primary\":{}", "no_busy"},
		{"\"primary\":{\"busy\":null}", "no_busy"},
		{"\"primary\":{\"busy\":{}}", "no_busy"},
		{"\"primary\":{\"busy\":[7]}", "malformed"},
		{"\"primary\":{\"busy\":[{\"start\":\"2026-11-24T09:00:00Z\"}]}", "malformed"},
		{"\"primary\":{\"busy\":[{\"start\":\"2026-11-24\",\"end\":\"2026-11-25\"}]}", "malformed"},
		{"\"primary\":{\"busy\":[{\"start\":\"2026-11-24T09:00:00\",\"end\":\"2026-11-24T10:00:00\"}]"
		 "}",
		 "malformed"},
		{"\"primary\":{\"busy\":[{\"start\":\"2026-11-24T10:00:00Z\",\"end\":\"2026-11-24T09:00:"
		 "00Z\"}]}",
		 "malformed"},
		/* One bad interval spoils the good one before it. */
		{"\"primary\":{\"busy\":[{\"start\":\"2026-11-24T09:00:00Z\",\"end\":\"2026-11-24T10:00:"
		 "00Z\"},{}]}",
		 "malformed"},
	};
	struct arena mem = ARENA_EMPTY;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct google_busy busy[2];
		char *body = arena_printf(
			&mem, "{\"calendars\":{%s,\"c_1@group.calendar.google.com\":{\"busy\":[]}}}",
			cases[i].calendar);

		read_two(&mem, body, busy);
		if (busy[0].known || strcmp(busy[0].problem, cases[i].problem) != 0 || busy[0].count != 0)
			fail_msg("%s", body);
		assert_true(busy[1].known);
	}
	arena_clear(&mem);
}

static void an_empty_error_list_is_no_error(void **state)
{
	(void)state;
	struct arena mem = ARENA_EMPTY;
	struct google_busy busy[2];

	read_two(&mem,
		 "{\"calendars\":{\"primary\":{\"errors\":[],\"busy\":[]},\"c_1@group.calendar.google.com\":{"
		 "\"busy\":[]}}}",
		 busy);
	assert_true(busy[0].known);
	arena_clear(&mem);
}

static void a_calendar_once_unknown_stays_so_and_portions_add_up(void **state)
{
	(void)state;
	static const char first[] = "{\"calendars\":{\"primary\":{\"busy\":[{\"start\":\"2026-11-24T09:00:"
				    "00Z\",\"end\":\"2026-11-24T10:00:00Z\"}]}}}";
	static const char second[] = "{\"calendars\":{\"primary\":{\"busy\":[{\"start\":\"2026-11-25T09:00:"
				     "00Z\",\"end\":\"2026-11-25T10:00:00Z\"}]},"
				     "\"c_1@group.calendar.google.com\":{\"busy\":[]}}}";
	struct arena mem = ARENA_EMPTY;
	struct google_busy busy[2];

	read_two(&mem, first, busy);
	assert_true(google_busy_read(&mem, second, strlen(second), two, 2, busy));
	assert_int_equal(busy[0].count, 2);
	assert_int_equal(busy[0].items[0].start, at("2026-11-24T09:00:00Z"));
	assert_int_equal(busy[0].items[1].end, at("2026-11-25T10:00:00Z"));
	assert_false(busy[1].known);
	assert_string_equal(busy[1].problem, "missing");
	arena_clear(&mem);
}

static void what_is_no_freebusy_reply_is_refused(void **state)
{
	(void)state;
	static const char *const bodies[] = {"",
					     "{}",
					     "[]",
					     "null",
					     "<html>",
					     "{\"calendars\":[]}",
					     "{\"calendars\":{}",
					     "{\"error\":{\"code\":500}}"};
	struct arena mem = ARENA_EMPTY;

	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct google_busy busy[2] = {{.known = true}, {.known = true}};

		assert_false(google_busy_read(&mem, bodies[i], strlen(bodies[i]), two, 2, busy));
	}
	arena_clear(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_offset_and_fraction_is_read),
		cmocka_unit_test(whatever_is_not_certain_is_unknown_and_never_free),
		cmocka_unit_test(an_empty_error_list_is_no_error),
		cmocka_unit_test(a_calendar_once_unknown_stays_so_and_portions_add_up),
		cmocka_unit_test(what_is_no_freebusy_reply_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
