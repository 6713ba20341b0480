#include "api/coach.h"

#include "api/user.h"
#include "app/booking.h"
#include "app/coach_sources.h"
#include "base/json.h"
#include "booking_body.h"

#include <string.h>

enum { BUSY_MAX_DAYS = 366 };

bool api_coach_find(struct call *call, const struct coach **ret_coach)
{
	switch (coaches_find(call->api->coaches, call->worker, request_parameter(call->request, "coach"),
			     ret_coach)) {
	case COACH_FOUND:
		return true;
	case COACH_UNKNOWN:
	case COACH_AMBIGUOUS:
		call_problem(call, PROBLEM_UNKNOWN_COACH, NULL, NULL);
		return false;
	case COACH_NOT_IN_MEMORY:
	case COACH_FAILURE:
		break;
	}
	call_database_failure(call, DB_UNAVAILABLE);
	return false;
}

/*
 * A query parameter that is a day of the coach's zone or an instant; `to` as a day counts whole. *ret_day is
 * left as it is where it is no day.
 */
static bool read_end(struct call *call, const struct coach *coach, const char *name, instant *ret_at,
		     civil_day *ret_day)
{
	const char *text = request_query(call->request, name);
	struct civil_date date;
	if (text == NULL || call_read_instant(call, text, ret_at))
		return true;
	if (!date_parse(text, strlen(text), &date)) {
		call_problem(call, PROBLEM_BAD_PARAMETER, name,
			     "Please give a day such as 2026-11-24 or a time with an offset.");
		return false;
	}
	*ret_day = date_to_days(date);
	civil_day day = *ret_day + (strcmp(name, "to") == 0 ? 1 : 0);
	instant at = zone_instant(coach->schedule->zone, day, 0);
	*ret_at = at < INSTANT_MAX ? at : INSTANT_MAX;
	return true;
}

/* From now to the horizon, which may be booked itself: the furthest that any session type has. */
static struct interval ahead(const struct call *call, const struct coach *coach)
{
	int64_t days = coach->schedule->policy.horizon_days;
	for (size_t i = 0; i < coach->schedule->type_count; i++) {
		if (coach->schedule->types[i].policy.horizon_days > days)
			days = coach->schedule->types[i].policy.horizon_days;
	}
	instant now = call->request->now;
	return (struct interval){now, now + days * SECONDS_PER_DAY + 1};
}

/* from and to of the query over the window that stands for none. False: answered. */
static bool read_window(struct call *call, const struct coach *coach, seconds longest,
			struct interval *window)
{
	struct interval next = ahead(call, coach);
	civil_day first = INT64_MIN;
	civil_day last = INT64_MAX;
	if (!read_end(call, coach, "from", &window->start, &first))
		return false;
	if (request_query(call->request, "to") == NULL && window->end < window->start)
		window->end = window->start + (next.end - next.start);
	if (window->end > INSTANT_MAX)
		window->end = INSTANT_MAX;
	if (!read_end(call, coach, "to", &window->end, &last))
		return false;
	/* The end of the day before is where the day begins: nothing lies between, but it makes no sense. */
	if (last < first || window->end < window->start || window->end - window->start > longest) {
		call_problem(call, PROBLEM_BAD_PARAMETER, "to",
			     "to must not be before from, nor too long after it.");
		return false;
	}
	return true;
}

void api_coach_appointments(struct call *call)
{
	COACH_LOCAL coach = NULL;
	if (!api_coach_find(call, &coach))
		return;
	struct interval window = ahead(call, coach);
	const char *status = request_query(call->request, "status");
	if (status != NULL && strcmp(status, "past") == 0)
		window = (struct interval){INSTANT_MIN, window.start}; /* none of them lies ahead */
	if (!read_window(call, coach, INSTANT_MAX, &window))
		return;
	struct appointment_page_query query = {.coach_id = coach->id, .from = window.start, .to = window.end};
	api_answer_list(call, &query);
}

/* Who the caller is on the coach's side, for the coach's page. */
void api_coach_me(struct call *call)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(call->worker->db, QUERY_COACH_IDS, DB_NO_PARAMETERS, &rows);
	if (result != DB_OK && result != DB_NONE) {
		call_database_failure(call, result);
		return;
	}
	bool admin = call->caller->role == IDENTITY_ADMIN;
	const char *own = admin ? (rows.count > 0 ? db_get_text(&rows, 0, 0) : NULL) : call->caller->coach;
	COACH_LOCAL coach = NULL;
	if (own != NULL)
		coaches_find(call->api->coaches, call->worker, own, &coach);
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	json_write_object(&writer, NULL);
	json_write_text(&writer, "user_id", call->caller->user_id);
	json_write_text(&writer, "role", call->actor.role);
	json_write_text(&writer, "coach", own);
	json_write_text(&writer, "time_zone", coach != NULL ? zone_name(coach->schedule->zone) : NULL);
	json_write_array(&writer, "coaches");
	for (size_t i = 0; i < rows.count; i++) {
		if (identity_is_exempt(call->caller, db_get_text(&rows, i, 0)))
			json_write_text(&writer, NULL, db_get_text(&rows, i, 0));
	}
	json_write_array_end(&writer);
	json_write_object_end(&writer);
}

static void write_interval(struct json_writer *writer, struct interval interval, const char *source)
{
	json_write_object(writer, NULL);
	json_write_instant(writer, "start", interval.start);
	json_write_instant(writer, "end", interval.end);
	if (source != NULL)
		json_write_text(writer, "source", source);
	json_write_object_end(writer);
}

/* A further calendar's times, each with its name. */
static void write_source_times(struct json_writer *writer, const struct coach_source *source,
			       struct interval window)
{
	for (size_t i = 0; i < source->count; i++) {
		if (!interval_overlaps(source->times[i], window))
			continue;
		json_write_object(writer, NULL);
		json_write_instant(writer, "start", source->times[i].start);
		json_write_instant(writer, "end", source->times[i].end);
		json_write_text(writer, "source", "calendar");
		json_write_text(writer, "calendar", source->name);
		json_write_object_end(writer);
	}
}

static void write_hours(struct json_writer *writer, const struct schedule *schedule, struct interval window,
			struct arena *mem)
{
	civil_day last = zone_day(schedule->zone, window.end);
	for (civil_day day = zone_day(schedule->zone, window.start) - 1; day <= last; day++) {
		struct intervals hours = schedule_day(schedule, NULL, day, mem);
		for (size_t i = 0; i < hours.count; i++) {
			if (interval_overlaps(hours.at[i], window))
				write_interval(writer, hours.at[i], NULL);
		}
	}
}

/* What is busy by Google and by our own appointments; a hold that is over is neither. */
static void write_busy(struct json_writer *writer, const struct intervals *times, const struct coach *coach,
		       struct interval window, instant now)
{
	for (size_t i = 0; i < times->count; i++) {
		if (interval_overlaps(times->at[i], window))
			write_interval(writer, times->at[i], "google_calendar");
	}
	for (size_t i = 0; i < coach->source_count; i++)
		write_source_times(writer, &coach->sources[i], window);
	for (size_t i = 0; i < coach->appointment_count; i++) {
		const struct busy_appointment *appointment = &coach->appointments[i];
		struct interval time = busy_appointment_time(appointment);
		bool hold = appointment->hold_expires_at != 0;
		if (interval_overlaps(time, window) && !(hold && appointment->hold_expires_at <= now))
			write_interval(writer, time, hold ? "hold" : "appointment");
	}
}

/* What fills the coach's week: working hours, blocked time, and everything busy with where it comes from. */
void api_coach_busy(struct call *call)
{
	COACH_LOCAL coach = NULL;
	if (!api_coach_find(call, &coach))
		return;
	struct interval window = ahead(call, coach);
	if (window.end - window.start > BUSY_MAX_DAYS * SECONDS_PER_DAY)
		window.end = window.start + BUSY_MAX_DAYS * SECONDS_PER_DAY;
	if (!read_window(call, coach, BUSY_MAX_DAYS * SECONDS_PER_DAY, &window))
		return;
	COACH_LOCAL then = NULL;
	if (coaches_find_past(call->api->coaches, call->worker, coach->id, window.start, call->request->now,
			      &then) != COACH_FOUND) {
		call_database_failure(call, DB_UNAVAILABLE);
		return;
	}
	struct calendar_busy busy = {0};
	struct calendar_question question = {.coach_id = coach->id,
					     .within = window,
					     .now = call->request->now,
					     .deadline = call_deadline(call)};
	calendar_busy_listing(call->api->calendars, call->worker, &question, call->mem, &busy);
	if (coach_sources_stale(then, call->request->now) != NULL)
		busy.knowledge = CALENDAR_UNKNOWN;
	else if (then->source_count > 0 && busy.knowledge == CALENDAR_KNOWN_OFF)
		busy.knowledge = CALENDAR_KNOWN_LIVE;
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	json_write_object(&writer, NULL);
	json_write_text(&writer, "time_zone", zone_name(coach->schedule->zone));
	json_write_array(&writer, "hours");
	write_hours(&writer, coach->schedule, window, call->mem);
	json_write_array_end(&writer);
	json_write_array(&writer, "blocked");
	struct intervals blocked = schedule_blocked_time(coach->schedule, window, call->mem);
	for (size_t i = 0; i < blocked.count; i++)
		write_interval(&writer, blocked.at[i], NULL);
	json_write_array_end(&writer);
	json_write_array(&writer, "busy");
	write_busy(&writer, &busy.times, then, window, call->request->now);
	json_write_array_end(&writer);
	json_write_object(&writer, "calendar");
	json_write_text(&writer, "state",
			busy.knowledge == CALENDAR_KNOWN_LIVE    ? "live"
			: busy.knowledge == CALENDAR_KNOWN_STALE ? "stale"
			: busy.knowledge == CALENDAR_KNOWN_OFF   ? "off"
								 : "unknown");
	json_write_object_end(&writer);
	json_write_object_end(&writer);
}

/* ---- explain ---- */

static void write_unknown(struct json_writer *writer, const char *stale_calendar, struct arena *mem)
{
	json_write_object(writer, NULL);
	json_write_text(writer, "rule", problem_terms(PROBLEM_CALENDAR_UNAVAILABLE)->code);
	json_write_text(writer, "detail",
			stale_calendar != NULL
				? arena_printf(mem,
					       "%s hasn't been read for an hour, so no times are offered.",
					       stale_calendar)
				: "Google Calendar can't be reached right now, so no times are offered.");
	json_write_object_end(writer);
}

static void write_draft(struct json_writer *writer)
{
	json_write_object(writer, NULL);
	json_write_text(writer, "rule", problem_terms(PROBLEM_UNKNOWN_SESSION_TYPE)->code);
	json_write_text(writer, "detail", "This session is a draft, so clients can't see it.");
	json_write_object_end(writer);
}

void api_coach_explain(struct call *call)
{
	struct booking_wish wish = {
		.coach_id = request_parameter(call->request, "coach"),
		.session_type = request_query(call->request, "session_type"),
	};
	bool given = false;
	if (!call_query_instant(call, "start", &given, &wish.start) ||
	    !call_query_integer(call, "duration", 1, DURATION_ASKED_MAX, &wish.duration_minutes))
		return;
	if (!given) {
		call_problem(call, PROBLEM_BAD_PARAMETER, "start", "start is required: the time to explain.");
		return;
	}
	struct booking_call use = booking_use_case(call);
	struct explanation explanation;
	enum availability_outcome outcome =
		booking_explain(&use, &wish, request_query(call->request, "user_id"), &explanation);
	switch (outcome) {
	case AVAILABILITY_OK:
		break;
	case AVAILABILITY_UNKNOWN_COACH:
		call_problem(call, PROBLEM_UNKNOWN_COACH, NULL, NULL);
		return;
	case AVAILABILITY_UNKNOWN_TYPE:
		call_problem(call, PROBLEM_UNKNOWN_SESSION_TYPE, "session_type", NULL);
		return;
	case AVAILABILITY_NOT_IN_MEMORY:
	case AVAILABILITY_AMBIGUOUS_COACH:
	case AVAILABILITY_BAD_DURATION:
	case AVAILABILITY_BAD_WINDOW:
	case AVAILABILITY_UNKNOWN_APPOINTMENT:
	case AVAILABILITY_FORBIDDEN:
	case AVAILABILITY_CALENDAR_UNAVAILABLE:
	case AVAILABILITY_FAILURE:
		call_database_failure(call, DB_UNAVAILABLE);
		return;
	}
	bool unknown = explanation.knowledge == CALENDAR_UNKNOWN;
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	json_write_object(&writer, NULL);
	json_write_boolean(&writer, "bookable",
			   explanation.reasons.count == 0 && !unknown && !explanation.draft);
	json_write_boolean(&writer, "approval", explanation.approval);
	json_write_array(&writer, "reasons");
	if (explanation.draft)
		write_draft(&writer);
	for (size_t i = 0; i < explanation.reasons.count; i++)
		render_reason(&writer, &explanation.reasons.items[i]);
	if (unknown)
		write_unknown(&writer, explanation.stale_calendar, call->mem);
	json_write_array_end(&writer);
	json_write_object_end(&writer);
}
