#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "domain/schedule_json.h"

#include <stdio.h>
#include <string.h>

static struct arena mem;
static struct schedule_faults faults;

static struct schedule *read(const char *text)
{
	return schedule_read_text(text, strlen(text), &mem, &mem, &faults);
}

static struct schedule *read_good(const char *text)
{
	struct schedule *schedule = read(text);
	if (schedule == NULL)
		fail_msg("%s: %s", faults.at[0].field, faults.at[0].detail);
	return schedule;
}

static const char *written(const struct schedule *schedule)
{
	struct buffer out;
	buffer_init(&out, 1024 * 1024);
	schedule_write(schedule, &out);
	const char *text = arena_strdup(&mem, buffer_text(&out));
	buffer_clear(&out);
	return text;
}

static int forget(void **state)
{
	(void)state;
	arena_clear(&mem);
	return 0;
}

static const char default_document[] =
	"{\"time_zone\":\"America/New_York\","
	"\"weekly\":[{\"days\":[\"MO\",\"TU\",\"WE\",\"TH\",\"FR\"],\"from\":\"09:00\",\"to\":\"17:00\"}],"
	"\"overrides\":[],\"blocked\":[],"
	"\"policy\":{\"min_notice_minutes\":1440,\"horizon_days\":30,\"step_minutes\":30,\"buffer_before_"
	"minutes\":0,"
	"\"buffer_after_minutes\":0,\"cancel_notice_minutes\":1440,\"reschedule_notice_minutes\":1440,"
	"\"max_active_per_user\":1,\"max_per_day\":null,\"max_reschedules\":null},"
	"\"session_types\":[{\"id\":\"coaching\",\"name\":\"Coaching session\",\"durations\":[30,60],"
	"\"meeting\":\"google_meet\"}]}";

static const char full_document[] =
	"{\"time_zone\":\"Europe/Paris\","
	"\"weekly\":[{\"days\":[\"MO\",\"SU\"],\"from\":\"22:00\",\"to\":\"02:00\"},"
	"{\"days\":[\"SA\"],\"from\":\"00:00\",\"to\":\"24:00\"}],"
	"\"overrides\":[{\"date\":\"2026-12-24\",\"intervals\":[{\"from\":\"09:00\",\"to\":\"12:00\"}]},"
	"{\"date\":\"2028-02-29\",\"intervals\":[]}],"
	"\"blocked\":[{\"from\":\"2026-12-25\",\"to\":\"2027-01-02\",\"reason\":\"holidays\"},"
	"{\"from\":\"2027-05-01\",\"to\":\"2027-05-02\"}],"
	"\"policy\":{\"min_notice_minutes\":0,\"horizon_days\":365,\"step_minutes\":15,\"buffer_before_"
	"minutes\":5,"
	"\"buffer_after_minutes\":10,\"cancel_notice_minutes\":60,\"reschedule_notice_minutes\":120,"
	"\"max_active_per_user\":null,\"max_per_day\":6,\"max_reschedules\":2},"
	"\"notices\":{\"client\":{\"confirmed\":\"email\",\"moved\":\"auto\",\"cancelled\":\"off\"},"
	"\"coach\":{\"confirmed\":\"calendar\",\"moved\":\"auto\",\"cancelled\":\"auto\"},"
	"\"reminders\":[{\"before_minutes\":30,\"to\":[\"coach\"]}],\"quiet\":{\"from\":\"21:00\",\"to\":"
	"\"08:00\"}},"
	"\"session_types\":[{\"id\":\"a\",\"name\":\"A\",\"durations\":[45,15],\"meeting\":\"none\","
	"\"notices\":{\"reminders\":[],\"quiet\":null}},"
	"{\"id\":\"b.2\",\"name\":\"B\",\"durations\":[5,1440],\"meeting\":\"in_person\","
	"\"policy\":{\"step_minutes\":5,\"max_active_per_user\":3,\"max_per_day\":null}}]}";

static void an_empty_document_is_the_default_one(void **state)
{
	(void)state;
	assert_string_equal(written(read_good("{}")), default_document);
	assert_string_equal(written(schedule_default(&mem)), default_document);
}

static void what_is_written_reads_as_the_same(void **state)
{
	(void)state;
	assert_string_equal(written(read_good(full_document)), full_document);
	assert_string_equal(written(read_good(default_document)), default_document);
}

static void a_type_has_the_schedule_s_policy_but_for_its_own_fields(void **state)
{
	(void)state;
	const struct schedule *schedule = read_good(full_document);
	const struct session_type *first = schedule_type(schedule, NULL);
	const struct session_type *second = schedule_type(schedule, "b.2");
	assert_string_equal(first->id, "a");
	assert_int_equal(first->policy.step_minutes, 15);
	assert_false(session_type_owns(first, POLICY_MAX_PER_DAY));
	assert_int_equal(second->policy.step_minutes, 5);
	assert_int_equal(second->policy.max_active_per_user, 3);
	assert_int_equal(second->policy.max_per_day, POLICY_NO_LIMIT);
	assert_int_equal(second->policy.max_reschedules, 2);
	assert_true(session_type_owns(second, POLICY_MAX_PER_DAY));
	assert_false(session_type_owns(second, POLICY_MAX_RESCHEDULES));
	assert_null(schedule_type(schedule, "c"));
	assert_true(session_type_offers(second, 5));
	assert_false(session_type_offers(second, 10));
}

static void the_reschedule_notice_is_the_cancel_notice_unless_given(void **state)
{
	(void)state;
	const struct schedule *schedule =
		read_good("{\"policy\":{\"cancel_notice_minutes\":60},\"session_types\":[{\"id\":\"a\","
			  "\"durations\":[30]},"
			  "{\"id\":\"b\",\"durations\":[30],\"policy\":{\"cancel_notice_minutes\":5}}]}");
	assert_int_equal(schedule->policy.reschedule_notice_minutes, 60);
	assert_int_equal(schedule->types[0].policy.reschedule_notice_minutes, 60);
	assert_int_equal(schedule->types[1].policy.reschedule_notice_minutes, 5);
	schedule = read_good("{\"policy\":{\"reschedule_notice_minutes\":30},\"session_types\":["
			     "{\"id\":\"b\",\"durations\":[30],\"policy\":{\"cancel_notice_minutes\":5}}]}");
	assert_int_equal(schedule->policy.cancel_notice_minutes, 1440);
	assert_int_equal(schedule->types[0].policy.reschedule_notice_minutes, 30);
}

static void overrides_and_blocked_ranges_come_sorted(void **state)
{
	(void)state;
	const struct schedule *schedule =
		read_good("{\"overrides\":[{\"date\":\"2026-12-24\",\"intervals\":[]},"
			  "{\"date\":\"2026-01-01\",\"intervals\":[]}],"
			  "\"blocked\":[{\"from\":\"2026-12-24\",\"to\":\"2026-12-25\",\"reason\":null},"
			  "{\"from\":\"2026-01-01\",\"to\":\"2026-01-02\"}]}");
	assert_true(schedule->hours.overrides[0].date < schedule->hours.overrides[1].date);
	assert_true(schedule->blocked[0].from < schedule->blocked[1].from);
	assert_null(schedule->blocked[1].reason);
}

static void a_type_has_hours_of_its_own_or_follows_the_coachs(void **state)
{
	(void)state;
	const char *text =
		"{\"session_types\":["
		"{\"id\":\"a\",\"durations\":[30]},"
		"{\"id\":\"b\",\"durations\":[30],\"weekly\":[{\"days\":[\"SA\"],\"from\":\"08:00\",\"to\":"
		"\"12:00\"}],\"overrides\":[{\"date\":\"2026-12-24\",\"intervals\":[]},"
		"{\"date\":\"2026-01-01\",\"intervals\":[{\"from\":\"10:00\",\"to\":\"11:00\"}]}]},"
		"{\"id\":\"c\",\"durations\":[30],\"weekly\":[]},"
		"{\"id\":\"d\",\"durations\":[30],\"weekly\":null,\"overrides\":null}]}";
	const struct schedule *schedule = read_good(text);
	const struct session_type *types = schedule->types;
	assert_false(session_type_has_hours(&types[0]));
	assert_true(session_type_has_hours(&types[1]));
	assert_int_equal(types[1].own_hours.weekly[0].hours.from, 8 * 60);
	assert_true(types[1].own_hours.overrides[0].date < types[1].own_hours.overrides[1].date);
	assert_true(session_type_has_hours(&types[2])); /* none but by an override */
	assert_int_equal(types[2].own_hours.weekly_count, 0);
	assert_false(session_type_has_hours(&types[3]));
	assert_int_equal(schedule->hours.weekly_count, 1);

	struct buffer out;
	buffer_init(&out, 64 * 1024);
	schedule_write(schedule, &out);
	const char *written = buffer_text(&out);
	assert_non_null(strstr(written,
			       "\"weekly\":[{\"days\":[\"SA\"],\"from\":\"08:00\",\"to\":\"12:00\"}],"
			       "\"overrides\":[{\"date\":\"2026-01-01\",\"intervals\":[{\"from\":"
			       "\"10:00\",\"to\":\"11:00\"}]},{\"date\":\"2026-12-24\","
			       "\"intervals\":[]}]}"));
	assert_non_null(strstr(written, "\"meeting\":\"google_meet\",\"weekly\":[]}"));
	assert_non_null(strstr(written, "\"meeting\":\"google_meet\"}]}"));
	buffer_clear(&out);
}

/* One document, one fault, by path. */
static const struct {
	const char *document;
	const char *field;
	enum json_verdict verdict;
} wrong[] = {
	{"[]", NULL, JSON_MALFORMED},
	{"{\"weekly\":[],\"weekly\":[]}", NULL, JSON_MALFORMED},
	{"{\"timezone\":\"UTC\"}", "timezone", JSON_UNKNOWN_FIELD},
	{"{\"time_zone\":\"Mars/Olympus\"}", "time_zone", JSON_INVALID_FIELD},
	{"{\"time_zone\":\"../UTC\"}", "time_zone", JSON_INVALID_FIELD},
	{"{\"time_zone\":5}", "time_zone", JSON_INVALID_FIELD},
	{"{\"time_zone\":null}", "time_zone", JSON_INVALID_FIELD},
	{"{\"weekly\":{}}", "weekly", JSON_INVALID_FIELD},
	{"{\"session_types\":[{\"id\":\"a\",\"durations\":[30],\"weight\":101}]}", "session_types[0].weight",
	 JSON_INVALID_FIELD},
	{"{\"session_types\":[{\"id\":\"a\",\"durations\":[30],\"weekly\":{}}]}", "session_types[0].weekly",
	 JSON_INVALID_FIELD},
	{"{\"session_types\":[{\"id\":\"a\",\"durations\":[30],\"weekly\":[{\"days\":[\"MO\"],\"from\":\"9\","
	 "\"to\":\"10:00\"}]}]}",
	 "session_types[0].weekly[0].from", JSON_INVALID_FIELD},
	{"{\"session_types\":[{\"id\":\"a\",\"durations\":[30],\"overrides\":[{\"date\":\"2026-12-24\"}]}]}",
	 "session_types[0].overrides[0].intervals", JSON_INVALID_FIELD},
	{"{\"weekly\":[5]}", "weekly[0]", JSON_INVALID_FIELD},
	{"{\"weekly\":[{\"days\":[\"MO\"],\"from\":\"09:00\",\"to\":\"17:00\",\"x\":1}]}", "weekly[0].x",
	 JSON_UNKNOWN_FIELD},
	{"{\"weekly\":[{\"days\":[\"MO\"],\"from\":\"09:00\"}]}", "weekly[0].to", JSON_INVALID_FIELD},
	{"{\"weekly\":[{\"from\":\"09:00\",\"to\":\"17:00\"}]}", "weekly[0].days", JSON_INVALID_FIELD},
	{"{\"weekly\":[{\"days\":[],\"from\":\"09:00\",\"to\":\"17:00\"}]}", "weekly[0].days",
	 JSON_INVALID_FIELD},
	{"{\"weekly\":[{\"days\":[\"MO\",\"MO\"],\"from\":\"09:00\",\"to\":\"17:00\"}]}", "weekly[0].days[1]",
	 JSON_INVALID_FIELD},
	{"{\"weekly\":[{\"days\":[\"mo\"],\"from\":\"09:00\",\"to\":\"17:00\"}]}", "weekly[0].days[0]",
	 JSON_INVALID_FIELD},
	{"{\"weekly\":[{\"days\":[\"MO\"],\"from\":\"09:00\",\"to\":\"09:00\"}]}", "weekly[0].to",
	 JSON_INVALID_FIELD},
	{"{\"weekly\":[{\"days\":[\"MO\"],\"from\":\"24:00\",\"to\":\"09:00\"}]}", "weekly[0].from",
	 JSON_INVALID_FIELD},
	{"{\"weekly\":[{\"days\":[\"MO\"],\"from\":\"09:00\",\"to\":\"25:00\"}]}", "weekly[0].to",
	 JSON_INVALID_FIELD},
	{"{\"weekly\":[{\"days\":[\"MO\"],\"from\":\"09:00\",\"to\":\"24:01\"}]}", "weekly[0].to",
	 JSON_INVALID_FIELD},
	{"{\"weekly\":[{\"days\":[\"MO\"],\"from\":\"09:60\",\"to\":\"17:00\"}]}", "weekly[0].from",
	 JSON_INVALID_FIELD},
	{"{\"weekly\":[{\"days\":[\"MO\"],\"from\":\"9:00\",\"to\":\"17:00\"}]}", "weekly[0].from",
	 JSON_INVALID_FIELD},
	{"{\"weekly\":[{\"days\":[\"MO\"],\"from\":\"-1:00\",\"to\":\"17:00\"}]}", "weekly[0].from",
	 JSON_INVALID_FIELD},
	{"{\"weekly\":[{\"days\":[\"MO\"],\"from\":\"09:00\",\"to\":\"17:00:00\"}]}", "weekly[0].to",
	 JSON_INVALID_FIELD},
	{"{\"weekly\":[{\"days\":[\"MO\"],\"from\":540,\"to\":\"17:00\"}]}", "weekly[0].from",
	 JSON_INVALID_FIELD},
	{"{\"overrides\":[{\"date\":\"2026-02-30\",\"intervals\":[]}]}", "overrides[0].date",
	 JSON_INVALID_FIELD},
	{"{\"overrides\":[{\"date\":\"2026-12-24\"}]}", "overrides[0].intervals", JSON_INVALID_FIELD},
	{"{\"overrides\":[{\"date\":\"2026-12-24\",\"intervals\":[{\"from\":\"09:00\",\"to\":\"09:00\"}]}]}",
	 "overrides[0].intervals[0].to", JSON_INVALID_FIELD},
	{"{\"overrides\":[{\"date\":\"2026-12-24\",\"intervals\":[{\"days\":[],\"from\":\"09:00\",\"to\":"
	 "\"10:00\"}]}]}",
	 "overrides[0].intervals[0].days", JSON_UNKNOWN_FIELD},
	{"{\"blocked\":[{\"from\":\"2026-12-25\",\"to\":\"2026-12-25\"}]}", "blocked[0].to",
	 JSON_INVALID_FIELD},
	{"{\"blocked\":[{\"from\":\"2026-12-25\",\"to\":\"2026-12-24\"}]}", "blocked[0].to",
	 JSON_INVALID_FIELD},
	{"{\"blocked\":[{\"from\":\"2026-12-25T00:00:00Z\",\"to\":\"2026-12-26\"}]}", "blocked[0].from",
	 JSON_INVALID_FIELD},
	{"{\"blocked\":[{\"from\":\"2026-12-25\",\"to\":\"2026-12-26\",\"reason\":7}]}", "blocked[0].reason",
	 JSON_INVALID_FIELD},
	{"{\"policy\":null}", "policy", JSON_INVALID_FIELD},
	{"{\"policy\":{\"notice\":5}}", "policy.notice", JSON_UNKNOWN_FIELD},
	{"{\"policy\":{\"step_minutes\":0}}", "policy.step_minutes", JSON_INVALID_FIELD},
	{"{\"policy\":{\"step_minutes\":30.5}}", "policy.step_minutes", JSON_INVALID_FIELD},
	{"{\"policy\":{\"step_minutes\":\"30\"}}", "policy.step_minutes", JSON_INVALID_FIELD},
	{"{\"policy\":{\"horizon_days\":-1}}", "policy.horizon_days", JSON_INVALID_FIELD},
	{"{\"policy\":{\"horizon_days\":null}}", "policy.horizon_days", JSON_INVALID_FIELD},
	{"{\"policy\":{\"max_per_day\":-1}}", "policy.max_per_day", JSON_INVALID_FIELD},
	{"{\"policy\":{\"min_notice_minutes\":99999999999999999999}}", "policy.min_notice_minutes",
	 JSON_INVALID_FIELD},
	{"{\"notices\":[]}", "notices", JSON_INVALID_FIELD},
	{"{\"notices\":{\"guest\":{}}}", "notices.guest", JSON_UNKNOWN_FIELD},
	{"{\"notices\":{\"client\":{\"confirmed\":\"sms\"}}}", "notices.client.confirmed",
	 JSON_INVALID_FIELD},
	{"{\"notices\":{\"reminders\":[{\"before_minutes\":0,\"to\":[]}]}}",
	 "notices.reminders[0].before_minutes", JSON_INVALID_FIELD},
	{"{\"notices\":{\"reminders\":[{\"before_minutes\":60,\"to\":[\"guest\"]}]}}",
	 "notices.reminders[0].to[0]", JSON_INVALID_FIELD},
	{"{\"notices\":{\"quiet\":{\"from\":\"21:00\"}}}", "notices.quiet.to", JSON_INVALID_FIELD},
	{"{\"session_types\":[]}", "session_types", JSON_INVALID_FIELD},
	{"{\"session_types\":[{\"durations\":[30]}]}", "session_types[0].id", JSON_INVALID_FIELD},
	{"{\"session_types\":[{\"id\":\"a b\",\"durations\":[30]}]}", "session_types[0].id",
	 JSON_INVALID_FIELD},
	{"{\"session_types\":[{\"id\":\"\",\"durations\":[30]}]}", "session_types[0].id", JSON_INVALID_FIELD},
	{"{\"session_types\":[{\"id\":\"a\"}]}", "session_types[0].durations", JSON_INVALID_FIELD},
	{"{\"session_types\":[{\"id\":\"a\",\"durations\":[]}]}", "session_types[0].durations",
	 JSON_INVALID_FIELD},
	{"{\"session_types\":[{\"id\":\"a\",\"durations\":[4]}]}", "session_types[0].durations[0]",
	 JSON_INVALID_FIELD},
	{"{\"session_types\":[{\"id\":\"a\",\"durations\":[1441]}]}", "session_types[0].durations[0]",
	 JSON_INVALID_FIELD},
	{"{\"session_types\":[{\"id\":\"a\",\"durations\":[30,30]}]}", "session_types[0].durations[1]",
	 JSON_INVALID_FIELD},
	{"{\"session_types\":[{\"id\":\"a\",\"durations\":[30],\"meeting\":\"zoom\"}]}",
	 "session_types[0].meeting", JSON_INVALID_FIELD},
	{"{\"session_types\":[{\"id\":\"a\",\"durations\":[30],\"policy\":{\"step_minutes\":0}}]}",
	 "session_types[0].policy.step_minutes", JSON_INVALID_FIELD},
	{"{\"session_types\":[{\"id\":\"a\",\"durations\":[30]},{\"id\":\"a\",\"durations\":[30]}]}",
	 "session_types[1].id", JSON_INVALID_FIELD},
};

static void each_fault_is_named_by_its_path(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (read(wrong[i].document) != NULL)
			fail_msg("read: %s", wrong[i].document);
		if (faults.total != 1 || faults.at[0].verdict != wrong[i].verdict)
			fail_msg("%s: %zu faults, the first at %s", wrong[i].document, faults.total,
				 faults.at[0].field);
		assert_non_null(faults.at[0].detail);
		if (wrong[i].field == NULL)
			assert_null(faults.at[0].field);
		else
			assert_string_equal(faults.at[0].field, wrong[i].field);
	}
}

static void several_faults_are_named_at_once(void **state)
{
	(void)state;
	assert_null(
		read("{\"time_zone\":\"X\",\"weekly\":[{\"days\":[\"XX\"],\"from\":\"99:00\",\"to\":\"1\"}],"
		     "\"policy\":{\"step_minutes\":-1,\"steps\":2}}"));
	static const char *const fields[] = {"time_zone",    "weekly[0].days[0]", "weekly[0].from",
					     "weekly[0].to", "policy.steps",      "policy.step_minutes"};
	assert_int_equal(faults.count, 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(faults.at[i].field, fields[i]);
}

static void a_prefix_stands_before_every_path(void **state)
{
	(void)state;
	struct json_fault malformed;
	static const char text[] =
		"{\"weekly\":[{\"days\":[\"MO\"],\"from\":\"1\",\"to\":\"17:00\"}],\"a\":1}";
	json_t *document = json_parse_object(&mem, text, sizeof(text) - 1, &malformed);
	assert_null(schedule_read(document, "schedule.", &mem, &mem, &faults));
	assert_string_equal(faults.at[0].field, "schedule.a");
	assert_string_equal(faults.at[1].field, "schedule.weekly[0].from");
	json_decref(document);
	document = json_integer(3);
	assert_null(schedule_read(document, "schedule.", &mem, &mem, &faults));
	assert_string_equal(faults.at[0].field, "schedule");
	json_decref(document);
}

/* `entry` repeated, between `before` and `after`. */
static const char *repeated(const char *before, const char *entry, size_t count, const char *after)
{
	struct buffer text;
	buffer_init(&text, 16 * 1024 * 1024);
	buffer_append_text(&text, before);
	for (size_t i = 0; i < count; i++)
		buffer_printf(&text, "%s%s", i > 0 ? "," : "", entry);
	buffer_append_text(&text, after);
	const char *copy = arena_strdup(&mem, buffer_text(&text));
	buffer_clear(&text);
	return copy;
}

static void too_much_of_anything_is_refused_by_name(void **state)
{
	(void)state;
	static const char range[] = "{\"from\":\"2026-12-25\",\"to\":\"2026-12-26\"}";
	assert_null(read(repeated("{\"blocked\":[", range, 10000, "]}")));
	assert_string_equal(faults.at[0].field, "blocked");
	read_good(repeated("{\"blocked\":[", range, SCHEDULE_BLOCKED_MAX, "]}"));
	assert_null(
		read(repeated("{\"overrides\":[", "{\"date\":\"2026-12-24\",\"intervals\":[]}", 1001, "]}")));
	assert_string_equal(faults.at[0].field, "overrides");
	assert_null(read(repeated("{\"overrides\":[{\"date\":\"2026-12-24\",\"intervals\":[",
				  "{\"from\":\"01:00\",\"to\":\"02:00\"}", 51, "]}]}")));
	assert_string_equal(faults.at[0].field, "overrides[0].intervals");
	assert_null(read(repeated("{\"weekly\":[", "{\"days\":[\"MO\"],\"from\":\"01:00\",\"to\":\"02:00\"}",
				  201, "]}")));
	assert_string_equal(faults.at[0].field, "weekly");
	assert_null(read(repeated("{\"session_types\":[", "{\"id\":\"a\",\"durations\":[30]}", 51, "]}")));
	assert_string_equal(faults.at[0].field, "session_types");
	assert_null(read(repeated("{\"session_types\":[{\"id\":\"a\",\"durations\":[", "30", 51, "]}]}")));
	assert_string_equal(faults.at[0].field, "session_types[0].durations");
	assert_null(read(repeated("{\"blocked\":[", range, 150000, "]}"))); /* 6 MB */
	/* Every entry is at fault: the first are kept, the others counted. */
	assert_null(read(repeated("{\"blocked\":[", "{}", 100, "]}")));
	assert_int_equal(faults.count, SCHEDULE_FAULTS_MAX);
	assert_int_equal(faults.total, 200);
}

static void a_long_unknown_name_is_cut_at_a_character(void **state)
{
	(void)state;
	char text[300] = "{\"";
	for (int i = 0; i < 50; i++)
		strcat(text, "x\xC3\xA9");
	strcat(text, "\":1}");
	assert_null(read(text));
	assert_true(strlen(faults.at[0].field) <= 60);
	assert_true(utf8_valid(faults.at[0].field, strlen(faults.at[0].field)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(an_empty_document_is_the_default_one, forget),
		cmocka_unit_test_teardown(what_is_written_reads_as_the_same, forget),
		cmocka_unit_test_teardown(a_type_has_the_schedule_s_policy_but_for_its_own_fields, forget),
		cmocka_unit_test_teardown(the_reschedule_notice_is_the_cancel_notice_unless_given, forget),
		cmocka_unit_test_teardown(overrides_and_blocked_ranges_come_sorted, forget),
		cmocka_unit_test_teardown(a_type_has_hours_of_its_own_or_follows_the_coachs, forget),
		cmocka_unit_test_teardown(each_fault_is_named_by_its_path, forget),
		cmocka_unit_test_teardown(several_faults_are_named_at_once, forget),
		cmocka_unit_test_teardown(a_prefix_stands_before_every_path, forget),
		cmocka_unit_test_teardown(too_much_of_anything_is_refused_by_name, forget),
		cmocka_unit_test_teardown(a_long_unknown_name_is_cut_at_a_character, forget),
	};
	return cmocka_run_group_tests_name("schedule_json", tests, NULL, NULL);
}
