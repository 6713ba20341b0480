#include "api/waitlist.h"

#include "api/coach.h"
#include "api/rows.h"
#include "base/json.h"
#include "booking_body.h"

#include <string.h>

enum {
	TIME_MAX_CHARACTERS = 40,
	ENTRY_BYTES_MAX = 4096,
	EVERY_DAY = 0x7F,
};

static const char *const day_names[7] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};

/* What somebody waits for. */
struct wish {
	const char *coach_id;
	const char *session_type;
	int64_t duration_minutes;
	const char *from;
	const char *to;
	json_t *days;
	json_t *between;
	const char *zone_name;
	instant from_at;
	instant to_at;
	unsigned day_bits;
	int between_minutes[2];
};

static void wish_clear(struct wish *wish)
{
	json_decref(wish->days);
	json_decref(wish->between);
}

/* A day of the coach's zone, whole, or an instant. False: answered. */
static bool read_end(struct call *call, const char *name, const char *text, const struct zone *zone,
		     instant *ret_at)
{
	struct civil_date date;
	if (text == NULL || instant_parse(text, strlen(text), ret_at))
		return true;
	if (date_parse(text, strlen(text), &date)) {
		instant at = zone_instant(zone, date_to_days(date) + (strcmp(name, "to") == 0), 0);
		*ret_at = at < INSTANT_MAX ? at : INSTANT_MAX;
		return true;
	}
	const char *fault = json_fraction_fault(call->mem, name, text);
	call_problem(call, PROBLEM_INVALID_FIELD, name,
		     fault != NULL ? fault
				   : "Please give a day such as 2026-11-24 or a time with an offset.");
	return false;
}

/* False: answered. */
static bool read_days(struct call *call, struct wish *wish)
{
	wish->day_bits = EVERY_DAY;
	if (wish->days == NULL)
		return true;
	wish->day_bits = 0;
	for (size_t i = 0; i < json_array_size(wish->days); i++) {
		const char *name = json_string_value(json_array_get(wish->days, i));
		unsigned day = 0;
		while (day < 7 && (name == NULL || strcmp(day_names[day], name) != 0))
			day++;
		if (day == 7) {
			call_problem(call, PROBLEM_INVALID_FIELD, arena_printf(call->mem, "days[%zu]", i),
				     "A day is one of MO, TU, WE, TH, FR, SA, SU.");
			return false;
		}
		wish->day_bits |= 1u << day;
	}
	if (json_is_array(wish->days) && wish->day_bits == 0)
		wish->day_bits = EVERY_DAY;
	if (wish->day_bits == 0)
		call_problem(call, PROBLEM_INVALID_FIELD, "days", "days must be an array.");
	return wish->day_bits != 0;
}

/* HH:MM, 24:00 too, as minutes; -1: it is none. */
static int read_clock(const char *text)
{
	if (text == NULL || strlen(text) != 5 || text[2] != ':' || strspn(text, "0123456789") != 2 ||
	    strspn(text + 3, "0123456789") != 2)
		return -1;
	const int minutes =
		((text[0] - '0') * 10 + text[1] - '0') * 60 + (text[3] - '0') * 10 + text[4] - '0';
	return text[3] <= '5' && minutes <= MINUTES_PER_DAY ? minutes : -1;
}

/* False: answered. */
static bool read_between(struct call *call, struct wish *wish)
{
	wish->between_minutes[0] = 0;
	wish->between_minutes[1] = MINUTES_PER_DAY;
	if (wish->between == NULL)
		return true;
	for (size_t i = 0; i < 2; i++)
		wish->between_minutes[i] = read_clock(json_string_value(json_array_get(wish->between, i)));
	if (json_array_size(wish->between) == 2 && wish->between_minutes[0] >= 0 &&
	    wish->between_minutes[1] > wish->between_minutes[0])
		return true;
	call_problem(call, PROBLEM_INVALID_FIELD, "between",
		     "between must be two times of a day, such as [\"09:00\", \"12:00\"].");
	return false;
}

/* From when to when, for a known coach. False: answered. */
static bool read_window(struct call *call, const struct coach *coach, const struct session_type *type,
			struct wish *wish)
{
	const instant now = call->request->now;
	const struct zone *zone = coach->schedule->zone;
	wish->from_at = now;
	/* All of the last day, so that the same wish a moment later asks for nothing more. */
	wish->to_at = zone_instant(zone, zone_day(zone, now) + type->policy.horizon_days + 1, 0);
	if (!read_end(call, "from", wish->from, zone, &wish->from_at) ||
	    !read_end(call, "to", wish->to, zone, &wish->to_at))
		return false;
	if (wish->to_at > wish->from_at && wish->to_at > now)
		return true;
	call_problem(call, PROBLEM_INVALID_FIELD, "to", "to must be after from, and in the future.");
	return false;
}

/* The coach of that id, or the only one. False: answered. */
static bool find_coach(struct call *call, const char *id, const struct coach **ret_coach)
{
	switch (coaches_find(call->api->coaches, call->worker, id, ret_coach)) {
	case COACH_FOUND:
		return true;
	case COACH_UNKNOWN:
		call_problem(call, PROBLEM_UNKNOWN_COACH, "coach",
			     id != NULL && strcmp(id, COACH_ANY) == 0
				     ? "A line is for one coach. Please choose whom to wait for."
				     : NULL);
		return false;
	case COACH_AMBIGUOUS:
		call_problem(call, PROBLEM_INVALID_FIELD, "coach",
			     "There are several coaches. Please choose one.");
		return false;
	case COACH_NOT_IN_MEMORY:
	case COACH_FAILURE:
		break;
	}
	call_database_failure(call, DB_UNAVAILABLE);
	return false;
}

static const char *entry_json(struct call *call, const struct coach *coach, const struct session_type *type,
			      const struct wish *wish)
{
	const struct identity *caller = call->caller;
	__attribute__((cleanup(buffer_clear))) struct buffer text;
	struct json_writer writer;
	buffer_init(&text, ENTRY_BYTES_MAX);
	json_writer_init(&writer, &text);
	json_write_object(&writer, NULL);
	json_write_text(&writer, "coach_id", coach->id);
	json_write_text(&writer, "user_id", caller->user_id);
	json_write_text(&writer, "session_type", type->id);
	json_write_integer(&writer, "duration_minutes", wish->duration_minutes);
	json_write_instant(&writer, "from_at", wish->from_at);
	json_write_instant(&writer, "to_at", wish->to_at);
	json_write_integer(&writer, "days", wish->day_bits);
	json_write_integer(&writer, "between_from", wish->between_minutes[0]);
	json_write_integer(&writer, "between_to", wish->between_minutes[1]);
	/* PostgreSQL has to know it, which may have files of current names alone. */
	json_write_text(&writer, "zone", zone_file_name(coach->schedule->zone));
	json_write_text(&writer, "name", caller->name);
	json_write_text(&writer, "email", caller->email_unverified ? NULL : caller->email);
	json_write_text(&writer, "client_time_zone",
			wish->zone_name != NULL ? wish->zone_name : zone_name(coach->schedule->zone));
	json_write_text(&writer, "locale", call_accepted_locale(call));
	json_write_integer(&writer, "notice_minutes", type->policy.min_notice_minutes);
	if (type->policy.max_active_per_user != POLICY_NO_LIMIT)
		json_write_integer(&writer, "max_active", type->policy.max_active_per_user);
	if (session_type_owns(type, POLICY_MAX_ACTIVE_PER_USER))
		json_write_text(&writer, "max_active_type", type->id);
	json_write_object_end(&writer);
	return arena_strdup(call->mem, buffer_text(&text));
}

static void join(struct call *call, const struct coach *coach, const struct session_type *type,
		 const struct wish *wish)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(call->worker->db, QUERY_WAITLIST_JOIN,
				       DB_PARAMETERS(db_json(entry_json(call, coach, type, wish))), &rows);
	if (result != DB_OK) {
		call_database_failure(call, result);
		return;
	}
	const char *outcome = db_get_text(&rows, 0, 0);
	if (strcmp(outcome, "too_many") == 0) {
		call_problem(call, PROBLEM_WAITLIST_FULL, NULL, NULL);
		return;
	}
	if (strcmp(outcome, "too_many_people") == 0) {
		booking_refuse_newcomer(call);
		return;
	}
	const char *entry = db_get_text(&rows, 0, 1);
	const bool joined = strcmp(outcome, "joined") == 0;
	buffer_append_text(reply_begin_json(call->reply, joined ? 201 : 200), entry);
	if (joined)
		reply_header(call->reply, "Location", "/booking/waitlist");
}

void api_waitlist_join(struct call *call)
{
	__attribute__((cleanup(wish_clear))) struct wish wish = {0};
	const struct json_field fields[] = {
		{"coach", JSON_FIELD_TEXT, false, 1, SCHEDULE_ID_MAX, &wish.coach_id, NULL},
		{"session_type", JSON_FIELD_TEXT, false, 1, SCHEDULE_ID_MAX, &wish.session_type, NULL},
		{"duration_minutes", JSON_FIELD_INTEGER, false, DURATION_MIN_MINUTES, DURATION_MAX_MINUTES,
		 &wish.duration_minutes, NULL},
		{"from", JSON_FIELD_TEXT, false, 1, TIME_MAX_CHARACTERS, &wish.from, NULL},
		{"to", JSON_FIELD_TEXT, false, 1, TIME_MAX_CHARACTERS, &wish.to, NULL},
		{"days", JSON_FIELD_VALUE, false, 0, 0, &wish.days, NULL},
		{"between", JSON_FIELD_VALUE, false, 0, 0, &wish.between, NULL},
		{"time_zone", JSON_FIELD_TEXT, false, 1, ZONE_NAME_MAX, &wish.zone_name, NULL},
	};
	COACH_LOCAL coach = NULL;
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])) || !read_days(call, &wish) ||
	    !read_between(call, &wish) || !find_coach(call, wish.coach_id, &coach))
		return;
	if (wish.zone_name != NULL && zone_find(wish.zone_name) == NULL) {
		call_problem(call, PROBLEM_INVALID_FIELD, "time_zone",
			     "time_zone must be the name of a time zone such as America/New_York.");
		return;
	}
	const struct session_type *type = schedule_type_offered(coach->schedule, wish.session_type);
	if (type == NULL) {
		call_problem(call, PROBLEM_UNKNOWN_SESSION_TYPE, "session_type", NULL);
		return;
	}
	if (wish.duration_minutes == 0)
		wish.duration_minutes = type->durations[0];
	if (!session_type_offers(type, wish.duration_minutes)) {
		call_problem(call, PROBLEM_BAD_DURATION, "duration_minutes", NULL);
		return;
	}
	if (read_window(call, coach, type, &wish))
		join(call, coach, type, &wish);
}

static void answer_list(struct call *call, enum query query, const char *whose)
{
	DB_ROWS rows = {0};
	struct json_writer writer;
	enum db_result result = db_run(call->worker->db, query, DB_PARAMETERS(db_text(whose)), &rows);
	if (!rows_begin_list(call, result, "waitlist", &writer))
		return;
	for (size_t i = 0; i < rows.count; i++) {
		const char *entry = db_get_text(&rows, i, 0);
		json_write_raw(&writer, NULL, entry, strlen(entry));
	}
	json_write_array_end(&writer);
	json_write_object_end(&writer);
}

void api_waitlist(struct call *call)
{
	answer_list(call, QUERY_WAITLIST_OF_USER, call->caller->user_id);
}

void api_waitlist_of_coach(struct call *call)
{
	COACH_LOCAL coach = NULL;
	if (api_coach_find(call, &coach))
		answer_list(call, QUERY_WAITLIST_OF_COACH, coach->id);
}

void api_waitlist_leave(struct call *call)
{
	static const char missing[] = "You're not on this waiting list.";
	const char *id = NULL;
	if (!call_path_uuid(call, "entry", missing, &id))
		return;
	DB_ROWS rows = {0};
	enum db_result result = db_run(call->worker->db, QUERY_WAITLIST_LEAVE,
				       DB_PARAMETERS(db_uuid(id), db_text(call->caller->user_id)), &rows);
	if (result == DB_OK && !db_get_bool(&rows, 0, 0))
		result = DB_NONE;
	if (!call_found(call, result, missing))
		return;
	notices_wake(call->api->notices);
	reply_empty(call->reply, 204);
}
