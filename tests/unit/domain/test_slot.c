/* It is over 600 lines: every slot rule against one small schedule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "domain/schedule_json.h"
#include "domain/slot.h"

#include <stdio.h>
#include <string.h>

static struct arena mem;

static int forget(void **state)
{
	(void)state;
	arena_clear(&mem);
	return 0;
}

static instant at(const char *text)
{
	instant result = 0;
	if (!instant_parse(text, strlen(text), &result))
		fail_msg("no instant: %s", text);
	return result;
}

static const struct schedule *schedule(const char *document)
{
	struct schedule_faults faults;
	const struct schedule *read = schedule_read_text(document, strlen(document), &mem, &mem, &faults);
	if (read == NULL)
		fail_msg("%s: %s", faults.at[0].field, faults.at[0].detail);
	return read;
}

/* Hours of every day, open at once and for a hundred years, in one zone; `more` adds fields to the policy. */
static const char *open_daily(const char *zone, const char *from, const char *to, int duration,
			      const char *more)
{
	return arena_printf(
		&mem,
		"{\"time_zone\":\"%s\",\"weekly\":[{\"days\":[\"MO\",\"TU\",\"WE\",\"TH\",\"FR\",\"SA\","
		"\"SU\"],"
		"\"from\":\"%s\",\"to\":\"%s\"}],\"policy\":{\"min_notice_minutes\":0,"
		"\"horizon_days\":36500%s%s},\"session_types\":[{\"id\":\"a\",\"durations\":[%d]}]}",
		zone, from, to, *more != '\0' ? "," : "", more, duration);
}

static struct slot_question ask(const char *document, const char *now)
{
	const struct schedule *read = schedule(document);
	const struct session_type *type = schedule_type(read, NULL);
	return (struct slot_question){
		.schedule = read,
		.type = type,
		.duration = type->durations[0] * SECONDS_PER_MINUTE,
		.now = at(now),
	};
}

static void set_busy(struct intervals *row, size_t count, const char *const edges[])
{
	struct interval *busy = arena_array(&mem, count, sizeof(*busy));
	for (size_t i = 0; i < count; i++)
		busy[i] = (struct interval){at(edges[2 * i]), at(edges[2 * i + 1])};
	*row = (struct intervals){busy, intervals_normalize(busy, count)};
}
#define EDGES(...)                                                                                           \
	sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *) / 2, (const char *const[])               \
	{                                                                                                    \
		__VA_ARGS__                                                                                  \
	}

/* The starts as "24T14:00 24T14:30": day of the month and time, UTC. */
static const char *listed(const struct slot_question *question, const char *from, const char *to)
{
	struct slots slots = slot_list(question, at(from), at(to), &mem);
	const char *text = "";
	for (size_t i = 0; i < slots.count; i++) {
		char start[INSTANT_TEXT_BYTES];
		instant_format(slots.starts[i], start);
		text = arena_printf(&mem, "%s%s%.8s", text, i > 0 ? " " : "", start + 8);
	}
	return text;
}

static void expect(const struct slot_question *question, const char *from, const char *to, const char *wanted)
{
	assert_string_equal(listed(question, from, to), wanted);
}

/* The codes of all reasons, in order. */
static const char *codes(const struct slot_question *question, const char *start)
{
	struct slot_verdict verdict = slot_judge(question, at(start), &mem);
	const char *text = "";
	for (size_t i = 0; i < verdict.count; i++)
		text = arena_printf(&mem, "%s%s%s", text, i > 0 ? " " : "",
				    refusal_code(verdict.reasons[i].rule));
	return text;
}

static const char *sentence(const struct slot_question *question, const char *start, enum refusal rule)
{
	struct slot_verdict verdict = slot_judge(question, at(start), &mem);
	for (size_t i = 0; i < verdict.count; i++) {
		if (verdict.reasons[i].rule == rule)
			return slot_reason_detail(question, at(start), &verdict.reasons[i],
						  (struct slot_listener){question->schedule->zone, true},
						  &mem);
	}
	return "no such reason";
}

/* ---------------------------------------------------------------- rules 1 and 2: hours, zones */

static void the_default_schedule_gives_sixteen_half_hours_a_weekday(void **state)
{
	(void)state;
	struct slot_question question = ask("{}", "2026-11-20T00:00:00Z");
	struct slots slots =
		slot_list(&question, at("2026-11-24T05:00:00Z"), at("2026-12-01T05:00:00Z"), &mem);
	assert_int_equal(slots.count, 16 * 5);
	assert_int_equal(slots.starts[0], at("2026-11-24T14:00:00Z"));
	assert_int_equal(slots.starts[15], at("2026-11-24T21:30:00Z"));
}

static void nine_in_the_morning_is_nine_on_both_sides_of_a_clock_change(void **state)
{
	(void)state;
	struct slot_question question =
		ask(open_daily("America/New_York", "09:00", "10:00", 60, ""), "2026-01-01T00:00:00Z");
	expect(&question, "2026-03-07T00:00:00Z", "2026-03-10T00:00:00Z", "07T14:00 08T13:00 09T13:00");
	expect(&question, "2026-10-31T00:00:00Z", "2026-11-03T00:00:00Z", "31T13:00 01T14:00 02T14:00");
}

static void an_hour_that_does_not_exist_is_not_offered_and_one_that_comes_twice_is_longer(void **state)
{
	(void)state;
	struct slot_question question =
		ask(open_daily("America/New_York", "01:00", "04:00", 30, ""), "2026-01-01T00:00:00Z");
	/* 01:00 EST to 04:00 EDT is two hours; 01:00 EDT to 04:00 EST is four. */
	expect(&question, "2026-03-08T04:00:00Z", "2026-03-08T12:00:00Z",
	       "08T06:00 08T06:30 08T07:00 08T07:30");
	expect(&question, "2026-11-01T04:00:00Z", "2026-11-01T12:00:00Z",
	       "01T05:00 01T05:30 01T06:00 01T06:30 01T07:00 01T07:30 01T08:00 01T08:30");
}

static void hours_that_begin_in_a_gap_begin_where_the_old_offset_puts_them(void **state)
{
	(void)state;
	struct slot_question question =
		ask(open_daily("America/New_York", "02:30", "04:00", 30, ""), "2026-01-01T00:00:00Z");
	/* 02:30 read with EST is 03:30 EDT. */
	expect(&question, "2026-03-08T00:00:00Z", "2026-03-09T00:00:00Z", "08T07:30");
	/* 02:15 read with EST is 03:15 EDT, after the end: no hours that day. */
	question = ask(open_daily("America/New_York", "02:15", "03:00", 15, ""), "2026-01-01T00:00:00Z");
	expect(&question, "2026-03-08T00:00:00Z", "2026-03-09T00:00:00Z", "");
}

static void half_hour_clock_changes_move_the_grid_by_half_an_hour(void **state)
{
	(void)state;
	struct slot_question question =
		ask(open_daily("Australia/Lord_Howe", "01:00", "03:30", 60, ""), "2026-01-01T00:00:00Z");
	/* 2026-10-04: 02:00 +10:30 becomes 02:30 +11. 01:00 is 14:30Z, 03:30 is 16:30Z. */
	expect(&question, "2026-10-03T12:00:00Z", "2026-10-04T12:00:00Z", "03T14:30 03T15:00 03T15:30");
	/* 2026-04-05: 02:00 +11 becomes 01:30 +10:30. 01:00 is 14:00Z, 03:30 is 17:00Z. */
	expect(&question, "2026-04-04T12:00:00Z", "2026-04-05T12:00:00Z",
	       "04T14:00 04T14:30 04T15:00 04T15:30 04T16:00");
}

static void a_date_that_a_zone_skipped_has_its_hours_on_the_next(void **state)
{
	(void)state;
	/* Friday 2011-12-30 did not happen in Apia; its hours, read with the old offset, lie on the Saturday.
	 */
	struct slot_question question =
		ask("{\"time_zone\":\"Pacific/"
		    "Apia\",\"weekly\":[{\"days\":[\"FR\"],\"from\":\"09:00\",\"to\":\"10:00\"}],"
		    "\"policy\":{\"min_notice_minutes\":0,\"horizon_days\":30}}",
		    "2011-12-20T00:00:00Z");
	expect(&question, "2011-12-29T00:00:00Z", "2012-01-02T00:00:00Z", "30T19:00 30T19:30");
	/* Weekly hours of both days are the same instants, offered once. */
	question = ask(open_daily("Pacific/Apia", "09:00", "10:00", 30, ""), "2011-12-20T00:00:00Z");
	expect(&question, "2011-12-29T00:00:00Z", "2012-01-01T00:00:00Z",
	       "29T19:00 29T19:30 30T19:00 30T19:30 31T19:00 31T19:30");
}

static void hours_may_end_at_midnight_or_cross_it(void **state)
{
	(void)state;
	struct slot_question question =
		ask(open_daily("Europe/Paris", "23:00", "24:00", 30, ""), "2026-01-01T00:00:00Z");
	expect(&question, "2026-06-10T00:00:00Z", "2026-06-11T00:00:00Z", "10T21:00 10T21:30");
	question = ask(open_daily("Europe/Paris", "23:30", "00:30", 30, ""), "2026-01-01T00:00:00Z");
	expect(&question, "2026-06-10T12:00:00Z", "2026-06-11T12:00:00Z", "10T21:30 10T22:00");
	/* One session may run over midnight. */
	question = ask(open_daily("Europe/Paris", "23:30", "00:30", 60, ""), "2026-01-01T00:00:00Z");
	expect(&question, "2026-06-10T12:00:00Z", "2026-06-11T12:00:00Z", "10T21:30");
	/* A window that begins after midnight sees what is left of yesterday's hours. */
	question = ask(open_daily("Europe/Paris", "22:00", "02:00", 30, "\"step_minutes\":60"),
		       "2026-01-01T00:00:00Z");
	expect(&question, "2026-06-10T22:00:00Z", "2026-06-11T12:00:00Z", "10T22:00 10T23:00");
	question = ask(open_daily("Europe/Paris", "00:00", "24:00", 480, "\"step_minutes\":480"),
		       "2026-01-01T00:00:00Z");
	expect(&question, "2026-06-10T12:00:00Z", "2026-06-11T12:00:00Z", "10T14:00 10T22:00 11T06:00");
}

static void overnight_hours_belong_to_the_date_they_start_on(void **state)
{
	(void)state;
	struct slot_question question = ask(
		"{\"time_zone\":\"UTC\",\"weekly\":[{\"days\":[\"MO\"],\"from\":\"22:00\",\"to\":\"02:00\"}],"
		"\"overrides\":[{\"date\":\"2026-06-16\",\"intervals\":[]}],"
		"\"policy\":{\"min_notice_minutes\":0,\"horizon_days\":90,\"step_minutes\":60}}",
		"2026-06-01T00:00:00Z");
	/* Tuesday the 16th is closed, but Monday's night reaches into it. */
	expect(&question, "2026-06-15T00:00:00Z", "2026-06-17T00:00:00Z",
	       "15T22:00 15T23:00 16T00:00 16T01:00");
}

static void an_override_replaces_the_whole_day(void **state)
{
	(void)state;
	struct slot_question question =
		ask("{\"time_zone\":\"UTC\",\"overrides\":[{\"date\":\"2026-06-16\",\"intervals\":[]},"
		    "{\"date\":\"2026-06-17\",\"intervals\":[{\"from\":\"06:00\",\"to\":\"07:00\"},"
		    "{\"from\":\"20:00\",\"to\":\"20:30\"}]},{\"date\":\"2026-06-20\",\"intervals\":[{"
		    "\"from\":\"10:00\","
		    "\"to\":\"11:00\"}]}],\"policy\":{\"min_notice_minutes\":0,\"horizon_days\":90}}",
		    "2026-06-01T00:00:00Z");
	expect(&question, "2026-06-16T00:00:00Z", "2026-06-18T00:00:00Z", "17T06:00 17T06:30 17T20:00");
	expect(&question, "2026-06-20T00:00:00Z", "2026-06-22T00:00:00Z",
	       "20T10:00 20T10:30"); /* a Saturday */
}

static void a_leap_day_and_the_year_s_end_are_days_like_others(void **state)
{
	(void)state;
	struct slot_question question =
		ask(open_daily("Pacific/Auckland", "23:00", "01:00", 60, "\"step_minutes\":60"),
		    "2027-06-01T00:00:00Z");
	expect(&question, "2028-02-28T10:00:00Z", "2028-03-01T12:00:00Z",
	       "28T10:00 28T11:00 29T10:00 29T11:00 01T10:00 01T11:00");
	expect(&question, "2027-12-31T10:00:00Z", "2028-01-01T10:00:00Z", "31T10:00 31T11:00");
}

/* ---------------------------------------------------------------- rule 3: grid */

static void the_grid_begins_with_the_hours_and_nothing_moves_it(void **state)
{
	(void)state;
	struct slot_question question =
		ask(open_daily("Asia/Kathmandu", "09:10", "11:00", 30, "\"step_minutes\":45"),
		    "2026-06-10T00:00:00Z");
	expect(&question, "2026-06-11T00:00:00Z", "2026-06-12T00:00:00Z", "11T03:25 11T04:10");
	set_busy(&question.calendar, EDGES("2026-06-11T03:00:00Z", "2026-06-11T03:40:00Z"));
	expect(&question, "2026-06-11T00:00:00Z", "2026-06-12T00:00:00Z", "11T04:10");
	/* Neither the window nor now. */
	question.calendar = INTERVALS_NONE;
	question.now = at("2026-06-11T03:26:00Z");
	expect(&question, "2026-06-11T03:27:00Z", "2026-06-12T00:00:00Z", "11T04:10");
}

static void step_and_duration_are_two_things(void **state)
{
	(void)state;
	struct slot_question question =
		ask(open_daily("UTC", "09:00", "10:00", 45, "\"step_minutes\":5"), "2026-06-10T00:00:00Z");
	expect(&question, "2026-06-11T00:00:00Z", "2026-06-12T00:00:00Z",
	       "11T09:00 11T09:05 11T09:10 11T09:15");
	question =
		ask(open_daily("UTC", "09:00", "10:00", 15, "\"step_minutes\":1440"), "2026-06-10T00:00:00Z");
	expect(&question, "2026-06-11T00:00:00Z", "2026-06-12T00:00:00Z", "11T09:00");
	question = ask(open_daily("UTC", "09:00", "10:00", 90, ""), "2026-06-10T00:00:00Z");
	expect(&question, "2026-06-11T00:00:00Z", "2026-06-12T00:00:00Z", "");
}

static void intervals_that_touch_or_overlap_stand_alone_and_each_start_comes_once(void **state)
{
	(void)state;
	static const char form[] =
		"{\"time_zone\":\"UTC\",\"weekly\":[{\"days\":[\"TH\"],\"from\":\"%s\",\"to\":\"%s\"},"
		"{\"days\":[\"TH\"],\"from\":\"%s\",\"to\":\"%s\"}],\"policy\":{\"min_notice_minutes\":0,"
		"\"step_minutes\":60},"
		"\"session_types\":[{\"id\":\"a\",\"durations\":[60]}]}";
	/* Touching: no session over the seam. */
	struct slot_question question =
		ask(arena_printf(&mem, form, "09:00", "10:30", "10:30", "12:00"), "2026-06-10T00:00:00Z");
	expect(&question, "2026-06-11T00:00:00Z", "2026-06-12T00:00:00Z", "11T09:00 11T10:30");
	/* Overlapping with two grids: both, sorted. */
	question = ask(arena_printf(&mem, form, "10:15", "13:00", "09:00", "12:00"), "2026-06-10T00:00:00Z");
	expect(&question, "2026-06-11T00:00:00Z", "2026-06-12T00:00:00Z",
	       "11T09:00 11T10:00 11T10:15 11T11:00 11T11:15");
	/* Overlapping with one grid: each start once. */
	question = ask(arena_printf(&mem, form, "09:00", "12:00", "10:00", "13:00"), "2026-06-10T00:00:00Z");
	expect(&question, "2026-06-11T00:00:00Z", "2026-06-12T00:00:00Z",
	       "11T09:00 11T10:00 11T11:00 11T12:00");
}

/* ---------------------------------------------------------------- rules 4 and 5: window, notice, horizon */

static void the_window_includes_its_beginning_and_not_its_end(void **state)
{
	(void)state;
	struct slot_question question =
		ask(open_daily("UTC", "09:00", "12:00", 60, "\"step_minutes\":60"), "2026-06-10T00:00:00Z");
	expect(&question, "2026-06-11T09:00:00Z", "2026-06-11T10:00:00Z", "11T09:00");
	expect(&question, "2026-06-11T09:00:01Z", "2026-06-11T10:00:01Z", "11T10:00");
	expect(&question, "2026-06-11T09:00:00Z", "2026-06-11T09:00:00Z", "");
	expect(&question, "2026-06-11T12:00:00Z", "2026-06-11T09:00:00Z", "");
}

static void notice_is_counted_to_the_second_and_includes_its_limit(void **state)
{
	(void)state;
	static const char document[] =
		"{\"time_zone\":\"UTC\",\"policy\":{\"min_notice_minutes\":90,\"step_minutes\":60}}";
	struct slot_question question = ask(document, "2026-06-11T07:30:00Z");
	question.duration = 3600;
	expect(&question, "2026-06-11T00:00:00Z", "2026-06-11T11:00:00Z", "11T09:00 11T10:00");
	question.now++;
	expect(&question, "2026-06-11T00:00:00Z", "2026-06-11T11:00:00Z", "11T10:00");
	assert_string_equal(codes(&question, "2026-06-11T09:00:00Z"), "too_soon");
}

static void the_horizon_is_on_the_start_and_includes_its_limit(void **state)
{
	(void)state;
	struct slot_question question = ask("{\"time_zone\":\"UTC\",\"policy\":{\"min_notice_minutes\":0,"
					    "\"horizon_days\":1,\"step_minutes\":60}}",
					    "2026-06-10T10:00:00Z");
	expect(&question, "2026-06-11T00:00:00Z", "2026-06-12T00:00:00Z", "11T09:00 11T10:00");
	question.now--;
	expect(&question, "2026-06-11T00:00:00Z", "2026-06-12T00:00:00Z", "11T09:00");
	assert_string_equal(codes(&question, "2026-06-11T10:00:00Z"), "too_far");
	question = ask("{\"time_zone\":\"UTC\",\"policy\":{\"min_notice_minutes\":0,\"horizon_days\":0}}",
		       "2026-06-10T10:00:00Z");
	expect(&question, "2026-06-10T00:00:00Z", "2026-06-12T00:00:00Z", "10T10:00");
}

/* ---------------------------------------------------------------- rule 6: busy times and buffers */

static void busy_times_are_half_open(void **state)
{
	(void)state;
	struct slot_question question =
		ask(open_daily("UTC", "09:00", "12:00", 60, "\"step_minutes\":30"), "2026-06-10T00:00:00Z");
	set_busy(&question.calendar, EDGES("2026-06-11T10:00:00Z", "2026-06-11T10:30:00Z"));
	expect(&question, "2026-06-11T00:00:00Z", "2026-06-12T00:00:00Z", "11T09:00 11T10:30 11T11:00");
	set_busy(&question.calendar, EDGES("2026-06-11T10:00:00Z", "2026-06-11T10:30:01Z"));
	expect(&question, "2026-06-11T00:00:00Z", "2026-06-12T00:00:00Z", "11T09:00 11T11:00");
}

static void each_buffer_is_kept_on_its_own_side(void **state)
{
	(void)state;
	struct slot_question question = ask(
		open_daily("UTC", "09:00", "13:00", 30,
			   "\"buffer_before_minutes\":30,\"buffer_after_minutes\":60,\"step_minutes\":30"),
		"2026-06-10T00:00:00Z");
	/* Free again half an hour after 11:00; not to be used within an hour and a half before 10:30. */
	set_busy(&question.calendar, EDGES("2026-06-11T10:30:00Z", "2026-06-11T11:00:00Z"));
	expect(&question, "2026-06-11T00:00:00Z", "2026-06-12T00:00:00Z",
	       "11T09:00 11T11:30 11T12:00 11T12:30");
}

static void buffers_reach_outside_hours_and_into_blocked_dates(void **state)
{
	(void)state;
	struct slot_question question = ask(
		"{\"time_zone\":\"UTC\",\"weekly\":[{\"days\":[\"TH\"],\"from\":\"00:00\",\"to\":\"24:00\"}],"
		"\"blocked\":[{\"from\":\"2026-06-10\",\"to\":\"2026-06-11\"},{\"from\":\"2026-06-12\","
		"\"to\":\"2026-06-13\"}],"
		"\"policy\":{\"min_notice_minutes\":0,\"buffer_before_minutes\":60,\"buffer_after_minutes\":"
		"60,"
		"\"step_minutes\":720},\"session_types\":[{\"id\":\"a\",\"durations\":[720]}]}",
		"2026-06-01T00:00:00Z");
	expect(&question, "2026-06-10T00:00:00Z", "2026-06-13T00:00:00Z", "11T00:00 11T12:00");
	/* But a busy time in a buffer counts wherever it lies. */
	set_busy(&question.calendar, EDGES("2026-06-10T23:30:00Z", "2026-06-10T23:40:00Z"));
	expect(&question, "2026-06-10T00:00:00Z", "2026-06-13T00:00:00Z", "11T12:00");
}

static void an_appointment_counts_with_its_own_buffers_and_the_slot_s_are_added(void **state)
{
	(void)state;
	struct slot_question question =
		ask(open_daily("UTC", "09:00", "12:00", 30, "\"buffer_before_minutes\":30"),
		    "2026-06-10T00:00:00Z");
	/* 09:30-10:00 with 10 minutes of its own on both sides. */
	set_busy(&question.appointments, EDGES("2026-06-11T09:20:00Z", "2026-06-11T10:10:00Z"));
	expect(&question, "2026-06-11T00:00:00Z", "2026-06-12T00:00:00Z", "11T11:00 11T11:30");
	assert_string_equal(codes(&question, "2026-06-11T10:30:00Z"), "slot_taken");
}

/* ---------------------------------------------------------------- rule 7: blocked dates */

static void no_part_of_a_slot_lies_on_a_blocked_date_of_the_coach_s_zone(void **state)
{
	(void)state;
	struct slot_question question =
		ask("{\"time_zone\":\"America/"
		    "New_York\",\"weekly\":[{\"days\":[\"TU\",\"WE\",\"TH\"],\"from\":\"22:00\","
		    "\"to\":\"02:00\"}],\"blocked\":[{\"from\":\"2026-06-10\",\"to\":\"2026-06-11\"}],"
		    "\"overrides\":[{\"date\":\"2026-06-10\",\"intervals\":[{\"from\":\"09:00\",\"to\":\"17:"
		    "00\"}]}],"
		    "\"policy\":{\"min_notice_minutes\":0,\"step_minutes\":60},"
		    "\"session_types\":[{\"id\":\"a\",\"durations\":[60]}]}",
		    "2026-06-01T00:00:00Z");
	/* Wednesday the 10th is blocked, its override too: Tuesday's night stops at midnight, 04:00Z. */
	expect(&question, "2026-06-10T00:00:00Z", "2026-06-11T23:00:00Z", "10T02:00 10T03:00");
	assert_string_equal(codes(&question, "2026-06-10T04:00:00Z"), "blocked");
	assert_string_equal(codes(&question, "2026-06-10T14:00:00Z"), "blocked");
	assert_string_equal(codes(&question, "2026-06-11T05:00:00Z"), "outside_hours");
	/* A start before midnight that would run into it. */
	assert_string_equal(codes(&question, "2026-06-10T03:30:00Z"), "blocked not_aligned");
	/* One outside hours as well. */
	question.duration = 5 * 3600;
	assert_string_equal(codes(&question, "2026-06-10T00:30:00Z"), "bad_duration blocked outside_hours");
}

static void a_blocked_date_in_two_pieces_is_blocked_in_both(void **state)
{
	(void)state;
	/* St. John's, 2010-11-07: at 00:01 the clock went back to 23:01 of the 6th. */
	struct slot_question question =
		ask("{\"time_zone\":\"America/"
		    "St_Johns\",\"weekly\":[{\"days\":[\"SA\"],\"from\":\"23:00\",\"to\":\"24:00\"}],"
		    "\"blocked\":[{\"from\":\"2010-11-07\",\"to\":\"2010-11-08\"}],"
		    "\"policy\":{\"min_notice_minutes\":0,\"step_minutes\":5},"
		    "\"session_types\":[{\"id\":\"a\",\"durations\":[5]}]}",
		    "2010-11-01T00:00:00Z");
	/* 24:00 of the 6th is its first occurrence, 02:30Z, one minute before the change. */
	struct slots slots =
		slot_list(&question, at("2010-11-07T00:00:00Z"), at("2010-11-07T12:00:00Z"), &mem);
	assert_int_equal(slots.count, 12);
	assert_string_equal(codes(&question, "2010-11-07T02:28:00Z"), "blocked outside_hours");
	assert_string_equal(codes(&question, "2010-11-07T02:40:00Z"), "outside_hours");
	assert_string_equal(codes(&question, "2010-11-07T03:29:00Z"), "blocked outside_hours");
}

/* ---------------------------------------------------------------- rule 8: limits; who asks */

static void limits_refuse_at_their_number(void **state)
{
	(void)state;
	struct slot_question question = ask(open_daily("America/New_York", "20:00", "22:00", 60,
						       "\"max_active_per_user\":2,\"max_per_day\":3"),
					    "2026-06-10T00:00:00Z");
	question.active_count = 1;
	const struct day_count counts[] = {{date_to_days((struct civil_date){2026, 6, 11}), 3},
					   {date_to_days((struct civil_date){2026, 6, 12}), 2}};
	question.day_counts = counts;
	question.day_counts_length = 2;
	/* 20:00 in New York is the next date in UTC: the day that counts is the coach's. */
	assert_string_equal(codes(&question, "2026-06-12T00:00:00Z"), "day_full");
	assert_string_equal(codes(&question, "2026-06-13T00:00:00Z"), "");
	expect(&question, "2026-06-11T12:00:00Z", "2026-06-13T12:00:00Z", "13T00:00 13T00:30 13T01:00");
	question.active_count = 2;
	assert_string_equal(codes(&question, "2026-06-13T00:00:00Z"), "booking_limit");
	expect(&question, "2026-06-11T12:00:00Z", "2026-06-13T12:00:00Z", "");
	question.exempt = true;
	assert_string_equal(codes(&question, "2026-06-12T00:00:00Z"), "");
}

static void a_coach_is_bound_by_overlaps_hours_grid_and_the_past(void **state)
{
	(void)state;
	struct slot_question question = ask("{\"time_zone\":\"UTC\"}", "2026-06-11T09:10:00Z");
	question.active_count = 9;
	question.exempt = true;
	assert_string_equal(codes(&question, "2026-06-11T09:30:00Z"), "");
	assert_string_equal(codes(&question, "2027-06-11T09:30:00Z"), "");
	assert_string_equal(codes(&question, "2026-06-11T09:00:00Z"), "too_soon");
	assert_string_equal(codes(&question, "2026-06-11T09:40:00Z"), "not_aligned");
	assert_string_equal(codes(&question, "2026-06-11T08:00:00Z"), "too_soon outside_hours");
	set_busy(&question.calendar, EDGES("2026-06-11T09:45:00Z", "2026-06-11T09:50:00Z"));
	set_busy(&question.appointments, EDGES("2026-06-11T09:55:00Z", "2026-06-11T10:50:00Z"));
	assert_string_equal(codes(&question, "2026-06-11T09:30:00Z"), "slot_taken calendar_busy");
}

/* ---------------------------------------------------------------- judging */

static void every_reason_is_told_in_the_contract_s_order(void **state)
{
	(void)state;
	struct slot_question question =
		ask("{\"time_zone\":\"UTC\",\"policy\":{\"max_per_day\":0}}", "2026-06-11T08:00:00Z");
	question.duration = 45 * 60;
	question.active_count = 1;
	set_busy(&question.calendar, EDGES("2026-06-11T10:00:00Z", "2026-06-11T10:10:00Z",
					   "2026-06-11T10:30:00Z", "2026-06-11T11:00:00Z"));
	set_busy(&question.appointments, EDGES("2026-06-11T09:00:00Z", "2026-06-11T12:00:00Z"));
	assert_string_equal(
		codes(&question, "2026-06-11T10:05:00Z"),
		"bad_duration too_soon not_aligned booking_limit day_full slot_taken calendar_busy "
		"calendar_busy");
	question.now = at("2026-04-01T00:00:00Z");
	assert_string_equal(codes(&question, "2026-06-11T17:00:00Z"),
			    "bad_duration too_far outside_hours booking_limit day_full");
}

static void a_start_on_any_grid_of_an_interval_that_holds_it_is_aligned(void **state)
{
	(void)state;
	struct slot_question question = ask(
		"{\"time_zone\":\"UTC\",\"weekly\":[{\"days\":[\"TH\"],\"from\":\"09:00\",\"to\":\"12:00\"},"
		"{\"days\":[\"TH\"],\"from\":\"10:15\",\"to\":\"13:00\"}],\"policy\":{\"min_notice_minutes\":"
		"0}}",
		"2026-06-10T00:00:00Z");
	assert_string_equal(codes(&question, "2026-06-11T10:15:00Z"), "");
	assert_string_equal(codes(&question, "2026-06-11T10:30:00Z"), "");
	assert_string_equal(codes(&question, "2026-06-11T10:20:00Z"), "not_aligned");
	/* On the first one's grid, but only the second one holds it. */
	assert_string_equal(codes(&question, "2026-06-11T12:00:00Z"), "not_aligned");
	assert_string_equal(codes(&question, "2026-06-11T12:45:00Z"), "outside_hours");
}

static void the_sentences_hold_the_numbers(void **state)
{
	(void)state;
	struct slot_question question =
		ask("{\"time_zone\":\"America/"
		    "New_York\",\"weekly\":[{\"days\":[\"TU\"],\"from\":\"09:00\",\"to\":\"12:00\"},"
		    "{\"days\":[\"TU\"],\"from\":\"13:00\",\"to\":\"17:00\"}],"
		    "\"blocked\":[{\"from\":\"2026-12-01\",\"to\":\"2026-12-02\"},{\"from\":\"2026-12-25\","
		    "\"to\":\"2027-01-02\"}],"
		    "\"policy\":{\"max_per_day\":4,\"buffer_before_minutes\":10}}",
		    "2026-11-24T10:48:00Z");
	assert_string_equal(sentence(&question, "2026-11-24T14:00:00Z", REFUSAL_TOO_SOON),
			    "Sessions are booked at least 24 h ahead. This one would start in 3 h 12 min.");
	assert_string_equal(sentence(&question, "2026-11-24T10:47:30Z", REFUSAL_TOO_SOON),
			    "This time was 30 s ago.");
	assert_string_equal(
		sentence(&question, "2027-01-05T14:00:00Z", REFUSAL_TOO_FAR),
		"Sessions can be booked up to 30 days ahead. This one would start in 42 days 3 h.");
	assert_string_equal(sentence(&question, "2026-11-24T14:23:00Z", REFUSAL_NOT_ALIGNED),
			    "Sessions start every 30 min. The nearest times are 09:00 and 09:30.");
	assert_string_equal(sentence(&question, "2026-11-24T21:20:00Z", REFUSAL_NOT_ALIGNED),
			    "Sessions start every 30 min. The nearest times are 16:00 and 16:30.");
	question.duration = 3600;
	assert_string_equal(sentence(&question, "2026-11-24T20:59:00Z", REFUSAL_NOT_ALIGNED),
			    "Sessions start every 30 min. The nearest times are 15:30 and 16:00.");
	assert_string_equal(
		sentence(&question, "2026-11-24T17:00:00Z", REFUSAL_OUTSIDE_HOURS),
		"On Tuesday, November 24, working hours are from 09:00 to 12:00 and from 13:00 to 17:00.");
	assert_string_equal(sentence(&question, "2026-11-25T17:00:00Z", REFUSAL_OUTSIDE_HOURS),
			    "There are no working hours on Wednesday, November 25.");
	assert_string_equal(sentence(&question, "2026-12-01T17:00:00Z", REFUSAL_BLOCKED),
			    "There are no sessions on Tuesday, December 1.");
	assert_string_equal(sentence(&question, "2026-12-29T17:00:00Z", REFUSAL_BLOCKED),
			    "There are no sessions from Friday, December 25 to Friday, January 1, 2027.");
	question.duration = 45 * 60;
	assert_string_equal(sentence(&question, "2026-11-24T14:00:00Z", REFUSAL_BAD_DURATION),
			    "Sessions of 45 min aren't offered. Choose 30 or 60 min.");
	question.duration = 3600;
	question.active_count = 1;
	assert_string_equal(sentence(&question, "2026-11-24T14:00:00Z", REFUSAL_BOOKING_LIMIT),
			    "This client already has a session booked, and can have one at a time.");
	const struct day_count counts[] = {{date_to_days((struct civil_date){2026, 11, 24}), 4}};
	question.day_counts = counts;
	question.day_counts_length = 1;
	assert_string_equal(sentence(&question, "2026-11-24T14:00:00Z", REFUSAL_DAY_FULL),
			    "Tuesday, November 24 is full: 4 of 4 sessions are booked.");
	set_busy(&question.calendar, EDGES("2026-11-24T14:30:00Z", "2026-11-24T15:00:00Z",
					   "2026-11-24T16:00:00Z", "2026-11-26T17:00:00Z"));
	set_busy(&question.appointments, EDGES("2026-11-24T19:00:00Z", "2026-11-24T20:00:00Z"));
	assert_string_equal(sentence(&question, "2026-11-24T14:00:00Z", REFUSAL_CALENDAR_BUSY),
			    "Busy in the calendar from 09:30 to 10:00.");
	assert_string_equal(
		sentence(&question, "2026-11-24T15:00:00Z", REFUSAL_CALENDAR_BUSY),
		"Busy in the calendar from 09:30 to 10:00, and 10 min before a session are kept free.");
	assert_string_equal(sentence(&question, "2026-11-24T16:00:00Z", REFUSAL_CALENDAR_BUSY),
			    "Busy in the calendar from 11:00 to 12:00 on Thursday, November 26.");
	assert_string_equal(sentence(&question, "2026-11-24T19:30:00Z", REFUSAL_SLOT_TAKEN),
			    "Already taken from 14:00 to 15:00.");
	/* The viewer's clock, not the coach's. */
	struct slot_verdict verdict = slot_judge(&question, at("2026-11-24T14:23:00Z"), &mem);
	const char *detail = "";
	for (size_t i = 0; i < verdict.count; i++) {
		if (verdict.reasons[i].rule == REFUSAL_NOT_ALIGNED)
			detail = slot_reason_detail(
				&question, at("2026-11-24T14:23:00Z"), &verdict.reasons[i],
				(struct slot_listener){zone_find("Asia/Kathmandu"), false}, &mem);
	}
	assert_string_equal(detail, "Sessions start every 30 min. The nearest times are 19:45 and 20:15.");
}

static void the_last_grid_start_that_fits_has_no_next(void **state)
{
	(void)state;
	struct slot_question question =
		ask(open_daily("UTC", "09:00", "10:00", 30, ""), "2026-06-10T00:00:00Z");
	question.duration = 15 * 60;
	assert_string_equal(sentence(&question, "2026-06-11T09:40:00Z", REFUSAL_NOT_ALIGNED),
			    "Sessions start every 30 min. The nearest time is 09:30.");
}

/* ---------------------------------------------------------------- the next one */

static void the_next_start_is_found_far_ahead_but_not_past_the_horizon(void **state)
{
	(void)state;
	static const char form[] =
		"{\"time_zone\":\"UTC\",\"weekly\":[{\"days\":[\"TH\"],\"from\":\"09:00\",\"to\":\"10:00\"}],"
		"\"blocked\":[{\"from\":\"2026-06-01\",\"to\":\"2027-06-01\"}],"
		"\"policy\":{\"min_notice_minutes\":0,\"horizon_days\":%d}}";
	struct slot_question question = ask(arena_printf(&mem, form, 500), "2026-06-10T00:00:00Z");
	instant found = 0;
	assert_true(slot_next(&question, question.now, INSTANT_MAX, &mem, &found));
	assert_int_equal(found, at("2027-06-03T09:00:00Z"));
	assert_true(slot_next(&question, at("2027-06-03T09:00:01Z"), INSTANT_MAX, &mem, &found));
	assert_int_equal(found, at("2027-06-03T09:30:00Z"));
	assert_false(slot_next(&question, question.now, at("2027-06-03T09:00:00Z"), &mem, &found));
	question = ask(arena_printf(&mem, form, 300), "2026-06-10T00:00:00Z");
	assert_false(slot_next(&question, question.now, INSTANT_MAX, &mem, &found));
	question.exempt = true;
	assert_false(slot_next(&question, question.now, INSTANT_MAX, &mem, &found));
}

/* ---------------------------------------------------------------- what it may cost */

/* As many weekly hours as a schedule may have, each a minute later than the one before. */
static const char *open_often(int step)
{
	const char *weekly = "";
	for (int i = 0; i < SCHEDULE_WEEKLY_MAX; i++)
		weekly = arena_printf(&mem,
				      "%s%s{\"days\":[\"MO\",\"TU\",\"WE\",\"TH\",\"FR\",\"SA\",\"SU\"],"
				      "\"from\":\"%02d:%02d\",\"to\":\"24:00\"}",
				      weekly, i > 0 ? "," : "", i / 60, i % 60);
	return arena_printf(&mem,
			    "{\"time_zone\":\"UTC\",\"weekly\":[%s],\"policy\":{\"min_notice_minutes\":0,"
			    "\"horizon_days\":3650,\"step_minutes\":%d}}",
			    weekly, step);
}

static void hours_that_overlap_many_times_cost_no_more_than_their_starts(void **state)
{
	(void)state;
	const size_t minutes = 62 * 1440;
	struct slot_question question = ask(open_often(1), "2026-06-10T00:00:00Z");
	question.duration = 30 * SECONDS_PER_MINUTE;
	struct arena work = ARENA_EMPTY;
	struct slots slots = slot_list(&question, question.now, question.now + 62 * SECONDS_PER_DAY, &work);
	assert_int_equal(slots.count, minutes - 62 * 29);
	assert_true(work.total < 2 * 1024 * 1024);
	arena_clear(&work);

	set_busy(&question.appointments, EDGES("2026-06-01T00:00:00Z", "2036-06-01T00:00:00Z"));
	instant found = 0;
	assert_false(slot_next(&question, question.now, question.now + 366 * SECONDS_PER_DAY, &work, &found));
	assert_true(work.total < 8 * 1024 * 1024);
	arena_clear(&work);
}

static void a_budget_ends_what_would_cost_more(void **state)
{
	(void)state;
	struct slot_question question =
		ask(open_daily("UTC", "00:00", "24:00", 30, "\"step_minutes\":5"), "2026-06-10T00:00:00Z");
	const instant week = question.now + 7 * SECONDS_PER_DAY;
	const size_t starts = 7 * 283 - 1;
	struct slot_budget budget = {.left = starts + 20};
	question.budget = &budget;
	assert_int_equal(slot_list(&question, question.now + 300, week, &mem).count, starts);
	assert_false(budget.spent);
	assert_int_equal(slot_list(&question, question.now + 300, week, &mem).count, 0);
	assert_true(budget.spent);

	/* Looking for one is cheaper than listing, but not for nothing. */
	instant found = 0;
	set_busy(&question.appointments, EDGES("2026-06-01T00:00:00Z", "2027-06-09T00:00:00Z"));
	budget = (struct slot_budget){.left = starts};
	assert_false(slot_next(&question, question.now, INSTANT_MAX, &mem, &found));
	assert_true(budget.spent);
	budget = (struct slot_budget){.left = 3 * starts};
	assert_true(slot_next(&question, question.now, INSTANT_MAX, &mem, &found));
	assert_int_equal(found, at("2027-06-09T00:00:00Z"));
	assert_false(budget.spent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_default_schedule_gives_sixteen_half_hours_a_weekday, forget),
		cmocka_unit_test_teardown(nine_in_the_morning_is_nine_on_both_sides_of_a_clock_change,
					  forget),
		cmocka_unit_test_teardown(
			an_hour_that_does_not_exist_is_not_offered_and_one_that_comes_twice_is_longer,
			forget),
		cmocka_unit_test_teardown(hours_that_begin_in_a_gap_begin_where_the_old_offset_puts_them,
					  forget),
		cmocka_unit_test_teardown(half_hour_clock_changes_move_the_grid_by_half_an_hour, forget),
		cmocka_unit_test_teardown(a_date_that_a_zone_skipped_has_its_hours_on_the_next, forget),
		cmocka_unit_test_teardown(hours_may_end_at_midnight_or_cross_it, forget),
		cmocka_unit_test_teardown(overnight_hours_belong_to_the_date_they_start_on, forget),
		cmocka_unit_test_teardown(an_override_replaces_the_whole_day, forget),
		cmocka_unit_test_teardown(a_leap_day_and_the_year_s_end_are_days_like_others, forget),
		cmocka_unit_test_teardown(the_grid_begins_with_the_hours_and_nothing_moves_it, forget),
		cmocka_unit_test_teardown(step_and_duration_are_two_things, forget),
		cmocka_unit_test_teardown(
			intervals_that_touch_or_overlap_stand_alone_and_each_start_comes_once, forget),
		cmocka_unit_test_teardown(the_window_includes_its_beginning_and_not_its_end, forget),
		cmocka_unit_test_teardown(notice_is_counted_to_the_second_and_includes_its_limit, forget),
		cmocka_unit_test_teardown(the_horizon_is_on_the_start_and_includes_its_limit, forget),
		cmocka_unit_test_teardown(busy_times_are_half_open, forget),
		cmocka_unit_test_teardown(each_buffer_is_kept_on_its_own_side, forget),
		cmocka_unit_test_teardown(buffers_reach_outside_hours_and_into_blocked_dates, forget),
		cmocka_unit_test_teardown(an_appointment_counts_with_its_own_buffers_and_the_slot_s_are_added,
					  forget),
		cmocka_unit_test_teardown(no_part_of_a_slot_lies_on_a_blocked_date_of_the_coach_s_zone,
					  forget),
		cmocka_unit_test_teardown(a_blocked_date_in_two_pieces_is_blocked_in_both, forget),
		cmocka_unit_test_teardown(limits_refuse_at_their_number, forget),
		cmocka_unit_test_teardown(a_coach_is_bound_by_overlaps_hours_grid_and_the_past, forget),
		cmocka_unit_test_teardown(every_reason_is_told_in_the_contract_s_order, forget),
		cmocka_unit_test_teardown(a_start_on_any_grid_of_an_interval_that_holds_it_is_aligned,
					  forget),
		cmocka_unit_test_teardown(the_sentences_hold_the_numbers, forget),
		cmocka_unit_test_teardown(the_last_grid_start_that_fits_has_no_next, forget),
		cmocka_unit_test_teardown(the_next_start_is_found_far_ahead_but_not_past_the_horizon, forget),
		cmocka_unit_test_teardown(hours_that_overlap_many_times_cost_no_more_than_their_starts,
					  forget),
		cmocka_unit_test_teardown(a_budget_ends_what_would_cost_more, forget),
	};
	return cmocka_run_group_tests_name("slot", tests, NULL, NULL);
}
