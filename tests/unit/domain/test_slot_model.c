/*
 * The engine against the minute-by-minute model on random schedules.
 *
 * MODEL_SEED and MODEL_CASES in the environment choose others; a failure prints both the seed and the case.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../model/minute_model.h"
#include "domain/schedule_json.h"
#include "domain/slot.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	ANCHORS_PER_ZONE = 16,
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	CASES = 1500,
#else
	CASES = 10000,
#endif
	JUDGED_PER_CASE = 30,
};

static const char *const zones[] = {
	"America/New_York", "Australia/Lord_Howe",
	"America/St_Johns", "Asia/Kathmandu",
	"Pacific/Apia",     "Africa/Casablanca",
	"Asia/Tehran",      "Antarctica/Troll",
	"America/Havana",   "America/Santiago",
	"Africa/Cairo",     "Atlantic/Azores",
	"Europe/Dublin",    "UTC",
};
enum { ZONES = sizeof(zones) / sizeof(zones[0]) };

/* ---------------------------------------------------------------- chance */

static uint64_t chance_state;

static uint64_t chance_next(void)
{
	uint64_t z = (chance_state += 0x9E3779B97F4A7C15u);
	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

/* least .. most */
static int64_t chance(int64_t least, int64_t most)
{
	return least + (int64_t)(chance_next() % (uint64_t)(most - least + 1));
}

static bool one_in(int64_t n)
{
	return chance(1, n) == 1;
}

static int64_t one_of(const int64_t values[], size_t count)
{
	return values[chance(0, (int64_t)count - 1)];
}
#define ONE_OF(...)                                                                                          \
	one_of((const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

/* ---------------------------------------------------------------- where clocks change */

static void enter_zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

static long offset_at(int64_t when)
{
	time_t at = (time_t)when;
	struct tm tm;
	localtime_r(&at, &tm);
	return tm.tm_gmtoff;
}

/* A moment near which schedules are tried: mostly a change of offset of 2004 to 2045, found hour by hour. */
static int64_t pick_anchor(void)
{
	static const int64_t others[] = {
		1709164800, /* 2024-02-29 */
		1830211200, /* 2027-12-31 */
		1835352000, /* 2028-02-28 */
		1325203200, /* 2011-12-30, which Apia skipped */
		1289088000, /* 2010-11-07, St. John's at one minute past midnight */
		2840140800, /* 2060-01-01 */
	};
	if (one_in(3))
		return one_of(others, sizeof(others) / sizeof(others[0]));
	int64_t when = chance(1072915200, 2366841600);
	long offset = offset_at(when);
	for (int64_t hour = 0; hour < 400 * 24; hour++) {
		if (offset_at(when + hour * 3600) != offset)
			return when + hour * 3600;
	}
	return when;
}

/* ---------------------------------------------------------------- a random case */

static struct model_hours some_hours(void)
{
	struct model_hours hours = {0, 0};
	while (hours.from == hours.to) {
		bool round = !one_in(4);
		hours.from = (int)(round ? chance(0, 47) * 30 : chance(0, 1439));
		hours.to = (int)(round ? chance(0, 48) * 30 : chance(0, 1440));
		if (one_in(6))
			hours.to = 1440;
		if (one_in(8))
			hours = (struct model_hours){0, 1440};
		if (one_in(4) && hours.from > 4 * 60)
			hours.from = (int)chance(0, 8) * 30; /* the hours in which clocks change */
	}
	return hours;
}

static int some_busy(int64_t busy[][2], int most, int64_t from, int64_t to)
{
	int count = (int)chance(0, most);
	for (int i = 0; i < count; i++) {
		busy[i][0] = chance(from - 86400, to + 86400);
		if (!one_in(3))
			busy[i][0] = busy[i][0] / 900 * 900;
		busy[i][1] = busy[i][0] + ONE_OF(0, 1, 300, 900, 1800, 3600, 5400, 40000);
	}
	return count;
}

static struct model_week some_week(int64_t date)
{
	struct model_week week = {0};
	week.weekly_count = (int)chance(0, 4);
	for (int i = 0; i < week.weekly_count; i++) {
		week.weekly_days[i] = (unsigned)chance(1, 127);
		week.weekly[i] = some_hours();
	}
	week.override_count = one_in(2) ? (int)chance(1, 5) : 0;
	for (int i = 0; i < week.override_count; i++) {
		week.override_date[i] = date + chance(-4, 4);
		week.override_closed[i] = one_in(4);
		week.override_hours[i] = some_hours();
	}
	return week;
}

/*
 * A type that clients share, and the sessions of it that stand. Each takes its own time as well, unless
 * whoever asks is about to leave it, so a full one always does.
 */
static void some_sessions(struct model_case *c)
{
	c->seats = ONE_OF(2, 3, 8);
	const int count = (int)chance(0, MODEL_SESSIONS_MAX);
	int64_t at = (c->from - 86400) / 900 * 900;
	for (int i = 0; i < count; i++) {
		at += chance(1, 96) * ONE_OF(900, 900, 1800, 60);
		c->session_start[i] = at;
		c->session_taken[i] = chance(1, c->seats + 1); /* there may have been more seats */
		if (c->session_taken[i] < c->seats && one_in(4))
			continue;
		int64_t *busy = c->appointments[c->appointment_count++];
		busy[0] = at - c->buffer_before * 60;
		busy[1] = at + (c->duration + c->buffer_after) * 60;
	}
	c->session_count = count;
}

static struct model_case some_case(const char *zone, int64_t anchor)
{
	struct model_case c = {.zone = zone};
	int64_t date = anchor / 86400;
	c.from = anchor + chance(-3 * 86400, 86400);
	c.to = c.from + (one_in(10) ? 0 : chance(0, 3 * 86400));
	if (!one_in(3)) {
		c.from = c.from / 900 * 900;
		c.to = c.to / 900 * 900;
	}
	c.now = c.from - chance(-86400, 5 * 86400);
	if (one_in(2))
		c.now = c.now / 1800 * 1800;

	c.coachs = some_week(date);
	if (one_in(2)) {
		c.own = some_week(date);
		c.own_weekly = one_in(2);
	}
	c.blocked_count = one_in(2) ? (int)chance(1, 3) : 0;
	for (int i = 0; i < c.blocked_count; i++) {
		c.blocked_from[i] = date + chance(-5, 4);
		c.blocked_to[i] = c.blocked_from[i] + chance(1, 3);
	}
	c.notice = ONE_OF(0, 0, 1, 60, 1440, 2880);
	c.horizon_days = ONE_OF(0, 1, 2, 7, 30, 30, 365);
	c.step = ONE_OF(5, 7, 15, 30, 30, 45, 60, 90, 1440);
	c.buffer_before = ONE_OF(0, 0, 5, 15, 60);
	c.buffer_after = ONE_OF(0, 0, 10, 30);
	c.max_active = ONE_OF(-1, -1, -1, 0, 1, 3);
	c.max_per_day = ONE_OF(-1, -1, -1, 0, 2, 4);
	c.duration = ONE_OF(5, 15, 30, 30, 45, 60, 60, 90, 120, 480, 1440);
	c.offered = one_in(20) ? c.duration + 5 > 1440 ? 5 : c.duration + 5 : c.duration;
	c.active = one_in(3) ? chance(0, 3) : 0;
	c.exempt = one_in(8);
	c.count_count = one_in(2) ? (int)chance(1, 5) : 0;
	for (int i = 0; i < c.count_count; i++) {
		c.count_date[i] = date - 2 + i;
		c.count_value[i] = chance(0, 5);
	}
	c.calendar_count = some_busy(c.calendar, one_in(4) ? MODEL_BUSY_MAX : 6, c.from, c.to);
	c.appointment_count = some_busy(c.appointments, 5, c.from, c.to);
	if (one_in(2))
		some_sessions(&c);
	return c;
}

/* ---------------------------------------------------------------- the case as a document */

static void put_date(struct json_writer *out, const char *name, int64_t date)
{
	char text[DATE_TEXT_BYTES];
	date_format(date_from_days(date), text);
	json_write_text(out, name, text);
}

static void put_hours(struct json_writer *out, struct model_hours hours)
{
	char text[16];
	snprintf(text, sizeof(text), "%02d:%02d", hours.from / 60, hours.from % 60);
	json_write_text(out, "from", text);
	snprintf(text, sizeof(text), "%02d:%02d", hours.to / 60, hours.to % 60);
	json_write_text(out, "to", text);
}

static void put_limit(struct json_writer *out, const char *name, int64_t value)
{
	if (value < 0)
		json_write_null(out, name);
	else
		json_write_integer(out, name, value);
}

static void put_weekly(struct json_writer *out, const struct model_week *week)
{
	static const char *const days[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
	json_write_array(out, "weekly");
	for (int i = 0; i < week->weekly_count; i++) {
		json_write_object(out, NULL);
		json_write_array(out, "days");
		for (int d = 0; d < 7; d++) {
			if (week->weekly_days[i] & 1u << d)
				json_write_text(out, NULL, days[d]);
		}
		json_write_array_end(out);
		put_hours(out, week->weekly[i]);
		json_write_object_end(out);
	}
	json_write_array_end(out);
}

static void put_overrides(struct json_writer *out, const struct model_week *week)
{
	json_write_array(out, "overrides");
	for (int i = 0; i < week->override_count; i++) {
		json_write_object(out, NULL);
		put_date(out, "date", week->override_date[i]);
		json_write_array(out, "intervals");
		if (!week->override_closed[i]) {
			json_write_object(out, NULL);
			put_hours(out, week->override_hours[i]);
			json_write_object_end(out);
		}
		json_write_array_end(out);
		json_write_object_end(out);
	}
	json_write_array_end(out);
}

static void write_case(const struct model_case *c, struct buffer *text)
{
	struct json_writer out;
	json_writer_init(&out, text);
	json_write_object(&out, NULL);
	json_write_text(&out, "time_zone", c->zone);
	put_weekly(&out, &c->coachs);
	put_overrides(&out, &c->coachs);
	json_write_array(&out, "blocked");
	for (int i = 0; i < c->blocked_count; i++) {
		json_write_object(&out, NULL);
		put_date(&out, "from", c->blocked_from[i]);
		put_date(&out, "to", c->blocked_to[i]);
		json_write_object_end(&out);
	}
	json_write_array_end(&out);
	json_write_object(&out, "policy");
	json_write_integer(&out, "min_notice_minutes", c->notice);
	json_write_integer(&out, "horizon_days", c->horizon_days);
	json_write_integer(&out, "step_minutes", c->step);
	json_write_integer(&out, "buffer_before_minutes", c->buffer_before);
	json_write_integer(&out, "buffer_after_minutes", c->buffer_after);
	put_limit(&out, "max_active_per_user", c->max_active);
	put_limit(&out, "max_per_day", c->max_per_day);
	json_write_object_end(&out);
	json_write_array(&out, "session_types");
	json_write_object(&out, NULL);
	json_write_text(&out, "id", "only");
	json_write_array(&out, "durations");
	json_write_integer(&out, NULL, c->offered);
	json_write_array_end(&out);
	if (c->seats > 0)
		json_write_integer(&out, "seats", c->seats);
	if (c->own_weekly)
		put_weekly(&out, &c->own);
	put_overrides(&out, &c->own);
	json_write_object_end(&out);
	json_write_array_end(&out);
	json_write_object_end(&out);
}

/* ---------------------------------------------------------------- comparing */

static uint64_t seed;
static long case_number;
static const char *document;

static void differs(const struct model_case *c, const char *what, int64_t at)
{
	char text[INSTANT_TEXT_BYTES];
	instant_format(at, text);
	fail_msg("MODEL_SEED=%" PRIu64 ", case %ld: %s at %s; zone %s, duration %" PRId64 " min, now %" PRId64
		 ", from %" PRId64 ", to %" PRId64 "; %s",
		 seed, case_number, what, text, c->zone, c->duration, c->now, c->from, c->to, document);
}

static struct intervals copy_busy(int64_t busy[][2], int count, struct arena *mem)
{
	struct interval *at = arena_array(mem, (size_t)count, sizeof(*at));
	for (int i = 0; i < count; i++)
		at[i] = (struct interval){busy[i][0], busy[i][1]};
	return (struct intervals){at, intervals_normalize(at, (size_t)count)};
}

static const enum refusal model_rules[] = {
	REFUSAL_BAD_DURATION,  REFUSAL_TOO_SOON,      REFUSAL_TOO_FAR,       REFUSAL_BLOCKED,
	REFUSAL_OUTSIDE_HOURS, REFUSAL_NOT_ALIGNED,   REFUSAL_BOOKING_LIMIT, REFUSAL_DAY_FULL,
	REFUSAL_SLOT_TAKEN,    REFUSAL_CALENDAR_BUSY, REFUSAL_SESSION_FULL,
};
enum { MODEL_RULES = sizeof(model_rules) / sizeof(model_rules[0]) };

static void compare_verdict(const struct model_case *c, const struct slot_question *question, int64_t start,
			    int expected, struct arena *mem)
{
	struct slot_verdict verdict = slot_judge(question, start, mem);
	int found = 0;
	for (size_t i = 0; i < verdict.count; i++) {
		const struct slot_reason *reason = &verdict.reasons[i];
		if (i > 0 && reason->rule < verdict.reasons[i - 1].rule)
			differs(c, "reasons out of order", start);
		for (int rule = 0; rule < MODEL_RULES; rule++)
			found |= model_rules[rule] == reason->rule ? 1 << rule : 0;
		if (*slot_reason_detail(question, start, reason,
					(struct slot_listener){question->schedule->zone, false}, mem) == '\0')
			differs(c, "no sentence", start);
	}
	if (found != expected) {
		print_message("judged %#x, expected %#x\n", (unsigned)found, (unsigned)expected);
		differs(c, "another verdict", start);
	}
}

static size_t slots_seen;

/* The case as the engine is asked about it, in `mem`. */
static struct slot_question question_of(const struct model_case *c, struct arena *mem)
{
	struct buffer text;
	struct schedule_faults faults;
	buffer_init(&text, 64 * 1024);
	write_case(c, &text);
	document = arena_strdup(mem, buffer_text(&text));
	struct schedule *schedule = schedule_read_text(document, text.length, mem, mem, &faults);
	if (schedule == NULL)
		fail_msg("%s: %s", document, faults.at[0].detail);
	buffer_clear(&text);

	struct day_count *counts = arena_array(mem, MODEL_LIST_MAX, sizeof(*counts));
	for (int i = 0; i < c->count_count; i++)
		counts[i] = (struct day_count){c->count_date[i], c->count_value[i]};
	struct slot_session *sessions = arena_array(mem, MODEL_SESSIONS_MAX, sizeof(*sessions));
	for (int i = 0; i < c->session_count; i++)
		sessions[i] = (struct slot_session){c->session_start[i], c->session_taken[i]};
	return (struct slot_question){
		.schedule = schedule,
		.type = schedule_type(schedule, NULL),
		.duration = c->duration * SECONDS_PER_MINUTE,
		.now = c->now,
		.exempt = c->exempt,
		.calendar = copy_busy((int64_t(*)[2])c->calendar, c->calendar_count, mem),
		.appointments = copy_busy((int64_t(*)[2])c->appointments, c->appointment_count, mem),
		.active_count = c->active,
		.day_counts = counts,
		.day_counts_length = (size_t)c->count_count,
		.sessions = sessions,
		.session_count = (size_t)c->session_count,
	};
}

static void compare(const struct model_case *c, const struct timeline *line)
{
	static struct model_interval hours[TIMELINE_DATES * MODEL_LIST_MAX];
	struct arena mem = ARENA_EMPTY;
	const struct slot_question question = question_of(c, &mem);
	struct slots slots = slot_list(&question, c->from, c->to, &mem);
	slots_seen += slots.count;

	/* Every minute of the window; offsets and hours are whole minutes here, so no slot lies between two.
	 */
	int hours_count = model_intervals(c, line, hours);
	static bool possible[MODEL_WINDOW_MINUTES];
	const int64_t first_minute = (c->from + 59) / 60;
	model_possible(c, hours, hours_count, first_minute, MODEL_WINDOW_MINUTES, possible);
	size_t next = 0;
	for (int64_t s = first_minute * 60; s < c->to; s += 60) {
		bool listed = next < slots.count && slots.starts[next] == s;
		if (!possible[s / 60 - first_minute] && !listed)
			continue;
		if (listed != (model_against(c, line, hours, hours_count, s) == 0))
			differs(c,
				listed ? "listed, but the model refuses it" : "the model's slot is missing",
				s);
		const int64_t taken = model_taken(c, s);
		if (listed && c->seats > 0 &&
		    slot_seats_left(&question, s) != c->seats - (taken > 0 ? taken : 0))
			differs(c, "another number of seats", s);
		next += listed;
	}
	if (next != slots.count)
		differs(c, "a slot that is no minute of the window, or out of order", slots.starts[next]);

	instant first = 0;
	bool any = slot_next(&question, c->from, c->to, &mem, &first);
	bool beyond = c->exempt && slots.count > 0 && slots.starts[0] > c->now + c->horizon_days * 86400;
	if (any != (slots.count > 0 && !beyond) || (any && first != slots.starts[0]))
		differs(c, "another next start", any ? first : c->from);

	for (int i = 0; i < JUDGED_PER_CASE; i++) {
		int64_t s = chance(c->from, c->to);
		if (slots.count > 0 && one_in(4))
			s = slots.starts[chance(0, (int64_t)slots.count - 1)];
		else if (c->session_count > 0 && one_in(3))
			s = c->session_start[chance(0, c->session_count - 1)];
		else if (!one_in(4))
			s = s / 300 * 300;
		compare_verdict(c, &question, s, model_against(c, line, hours, hours_count, s), &mem);
	}
	arena_clear(&mem);
}

static void read_settings(long *ret_cases)
{
	const char *given_seed = getenv("MODEL_SEED");
	const char *given_cases = getenv("MODEL_CASES");
	*ret_cases = given_cases != NULL ? strtol(given_cases, NULL, 10) : CASES;
	seed = given_seed != NULL ? strtoull(given_seed, NULL, 10) : 20261124;
}

static void random_schedules_give_the_slots_of_the_rules_words(void **state)
{
	(void)state;
	static struct timeline lines[ANCHORS_PER_ZONE];
	long cases = 0;
	read_settings(&cases);

	for (int zone = 0; zone < ZONES; zone++) {
		int64_t anchors[ANCHORS_PER_ZONE];
		chance_state = seed + (uint64_t)zone;
		enter_zone(zones[zone]);
		for (int i = 0; i < ANCHORS_PER_ZONE; i++) {
			anchors[i] = pick_anchor();
			timeline_fill(&lines[i], anchors[i]);
		}
		for (case_number = zone; case_number < cases; case_number += ZONES) {
			chance_state = seed ^ (uint64_t)case_number << 20;
			int place = (int)chance(0, ANCHORS_PER_ZONE - 1);
			struct model_case c = some_case(zones[zone], anchors[place]);
			compare(&c, &lines[place]);
		}
	}
	print_message("%ld random schedules, %zu slots, seed %" PRIu64 "\n", cases, slots_seen, seed);
	assert_true(slots_seen > (size_t)cases);
}

/* ---------------------------------------------------------------- several coaches */

enum { COACHES_MAX = 4, JOINT_ANCHORS = 20 };

/* Some coaches, each with a zone and a schedule of their own, who are asked for the same. */
static int some_coaches(struct model_case coaches[COACHES_MAX], int zone_of[COACHES_MAX], int64_t anchor)
{
	const int count = (int)chance(1, COACHES_MAX);
	for (int i = 0; i < count; i++) {
		zone_of[i] = (int)chance(0, ZONES - 1);
		coaches[i] = some_case(zones[zone_of[i]], anchor);
		coaches[i].from = coaches[0].from;
		coaches[i].to = i == 0 ? coaches[0].from + chance(0, 86400) : coaches[0].to;
		coaches[i].now = coaches[0].now;
		coaches[i].duration = coaches[0].duration;
		/* A session is of the duration that is asked about. */
		if (coaches[i].session_count > 0 || !one_in(20))
			coaches[i].offered = coaches[0].duration;
	}
	return count;
}

static void compare_joint(const struct model_case coaches[], const int zone_of[], int count,
			  const struct timeline lines[])
{
	static struct model_interval hours[COACHES_MAX][TIMELINE_DATES * MODEL_LIST_MAX];
	static bool possible[COACHES_MAX][MODEL_WINDOW_MINUTES];
	const int64_t first_minute = (coaches[0].from + 59) / 60;
	int hours_count[COACHES_MAX];
	struct slots lists[COACHES_MAX];
	struct arena mem = ARENA_EMPTY;
	for (int i = 0; i < count; i++) {
		const struct slot_question question = question_of(&coaches[i], &mem);
		lists[i] = slot_list(&question, coaches[i].from, coaches[i].to, &mem);
		hours_count[i] = model_intervals(&coaches[i], &lines[zone_of[i]], hours[i]);
		model_possible(&coaches[i], hours[i], hours_count[i], first_minute, MODEL_WINDOW_MINUTES,
			       possible[i]);
	}
	const struct joint_slots joint = slots_join(lists, (size_t)count, &mem);
	slots_seen += joint.count;
	size_t next = 0;
	for (int64_t s = first_minute * 60; s < coaches[0].to; s += 60) {
		unsigned offers = 0;
		for (int i = 0; i < count; i++) {
			offers += possible[i][s / 60 - first_minute] &&
				  model_against(&coaches[i], &lines[zone_of[i]], hours[i], hours_count[i],
						s) == 0;
		}
		const bool listed = next < joint.count && joint.starts[next] == s;
		if (listed != (offers > 0) || (listed && joint.offers[next] != offers))
			differs(&coaches[0], "another number of coaches", s);
		next += listed;
	}
	if (next != joint.count)
		differs(&coaches[0], "a joint slot that is no minute of the window, or out of order",
			joint.starts[next]);
	arena_clear(&mem);
}

static void random_coaches_together_give_the_starts_of_each(void **state)
{
	(void)state;
	static struct timeline lines[ZONES];
	long cases = 0;
	read_settings(&cases);
	slots_seen = 0;
	for (int place = 0; place < JOINT_ANCHORS; place++) {
		chance_state = seed + 1000 + (uint64_t)place;
		enter_zone(zones[place % ZONES]);
		const int64_t anchor = pick_anchor();
		for (int zone = 0; zone < ZONES; zone++) {
			enter_zone(zones[zone]);
			timeline_fill(&lines[zone], anchor);
		}
		for (case_number = place; case_number < cases; case_number += JOINT_ANCHORS) {
			struct model_case coaches[COACHES_MAX];
			int zone_of[COACHES_MAX];
			chance_state = seed ^ (uint64_t)case_number << 21;
			const int count = some_coaches(coaches, zone_of, anchor);
			compare_joint(coaches, zone_of, count, lines);
		}
	}
	print_message("%ld random groups of coaches, %zu slots, seed %" PRIu64 "\n", cases, slots_seen, seed);
	assert_true(slots_seen > (size_t)cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_schedules_give_the_slots_of_the_rules_words),
		cmocka_unit_test(random_coaches_together_give_the_starts_of_each),
	};
	return cmocka_run_group_tests_name("slot_model", tests, NULL, NULL);
}
