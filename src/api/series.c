#include "api/series.h"

#include "booking_body.h"

#include <string.h>

static void write_occurrence(struct json_writer *writer, const struct occurrence *occurrence)
{
	json_write_object(writer, NULL);
	json_write_instant(writer, "start", occurrence->start);
	json_write_instant(writer, "end", occurrence->end);
	json_write_boolean(writer, "bookable", occurrence->refusal == REFUSAL_NONE);
	json_write_array(writer, "reasons");
	for (size_t i = 0; i < occurrence->reasons.count; i++)
		render_reason(writer, &occurrence->reasons.items[i]);
	/* What only the database knew. */
	if (occurrence->reasons.count == 0 && occurrence->refusal != REFUSAL_NONE) {
		const struct told_reason reason = {.rule = occurrence->refusal, .detail = occurrence->detail};
		render_reason(writer, &reason);
	}
	json_write_array_end(writer);
	json_write_object_end(writer);
}

static void write_occurrences(struct json_writer *writer, const struct series_result *result)
{
	json_write_array(writer, "occurrences");
	for (size_t i = 0; i < result->count; i++)
		write_occurrence(writer, &result->occurrences[i]);
	json_write_array_end(writer);
}

/* 409 with every date, so that a page can offer the free ones. */
static void answer_conflict(struct call *call, const struct series_result *result)
{
	struct json_writer writer;
	call_problem(call, PROBLEM_SERIES_CONFLICT, NULL, NULL);
	json_writer_reopen(&writer, &call->reply->body);
	write_occurrences(&writer, result);
	json_write_object_end(&writer);
}

static void write_refused(struct json_writer *writer, const struct occurrence *occurrence)
{
	json_write_object(writer, NULL);
	if (occurrence->appointment.id[0] != '\0')
		json_write_text(writer, "id", occurrence->appointment.id);
	json_write_instant(writer, "start", occurrence->start);
	json_write_instant(writer, "end", occurrence->end);
	json_write_text(writer, "code", refusal_code(occurrence->refusal));
	json_write_text(writer, "detail", occurrence->detail);
	json_write_object_end(writer);
}

/* What was done, and what was not; `refused` is the name of the latter. */
static void answer_series(struct call *call, unsigned status, const struct series_result *result,
			  const char *refused)
{
	const char *first = NULL;
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, status));
	json_write_object(&writer, NULL);
	json_write_text(&writer, "series_id", result->id[0] != '\0' ? result->id : NULL);
	json_write_array(&writer, "appointments");
	for (size_t i = 0; i < result->count; i++) {
		const struct occurrence *occurrence = &result->occurrences[i];
		if (occurrence->refusal != REFUSAL_NONE)
			continue;
		first = first != NULL ? first : occurrence->appointment.id;
		render_appointment(&writer, NULL, &occurrence->appointment, call_viewer(call));
	}
	json_write_array_end(&writer);
	json_write_array(&writer, refused);
	for (size_t i = 0; i < result->count; i++) {
		if (result->occurrences[i].refusal != REFUSAL_NONE)
			write_refused(&writer, &result->occurrences[i]);
	}
	json_write_array_end(&writer);
	json_write_object_end(&writer);
	if (first != NULL)
		call->appointment_id = arena_strdup(call->mem, first);
	if (status == 201 && first != NULL)
		reply_header_literal(call->reply, "Location", arena_printf(call->mem, "/booking/%s", first));
}

void api_series_preview(struct call *call)
{
	struct series_wish wish = {
		.first = {.coach_id = request_query(call->request, "coach"),
			  .session_type = request_query(call->request, "session_type")},
		.every_weeks = 1,
	};
	bool given = false;
	if (!call_query_instant(call, "start", &given, &wish.first.start) ||
	    !call_query_integer(call, "duration", 1, DURATION_ASKED_MAX, &wish.first.duration_minutes) ||
	    !call_query_integer(call, "duration_minutes", 1, DURATION_ASKED_MAX,
				&wish.first.duration_minutes) ||
	    !call_query_integer(call, "every_weeks", 1, SERIES_WEEKS_MAX, &wish.every_weeks) ||
	    !call_query_integer(call, "count", SERIES_COUNT_MIN, SERIES_COUNT_MAX, &wish.count))
		return;
	if (!given) {
		call_problem(call, PROBLEM_BAD_PARAMETER, "start", "start is required: the first session.");
		return;
	}
	if (wish.count == 0) {
		call_problem(call, PROBLEM_BAD_PARAMETER, "count", "count must be from 2 to 12.");
		return;
	}
	struct booking_call use = booking_use_case(call);
	struct series_result result;
	series_preview(&use, &wish, &result);
	if (result.whole.verdict != BOOKING_FINE) {
		booking_answer_call(call, "preview", &result.whole);
		return;
	}
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	json_write_object(&writer, NULL);
	json_write_text(&writer, "coach", result.coach_id);
	json_write_text(&writer, "coach_time_zone", zone_name(result.zone));
	write_occurrences(&writer, &result);
	json_write_object_end(&writer);
}

/* `refuse` or `skip`. False: answered. */
static bool read_conflict(struct call *call, const char *word, bool *ret_skip)
{
	*ret_skip = word != NULL && strcmp(word, "skip") == 0;
	if (word == NULL || *ret_skip || strcmp(word, "refuse") == 0)
		return true;
	call_problem(call, PROBLEM_INVALID_FIELD, "on_conflict", "on_conflict must be refuse or skip.");
	return false;
}

static void book(struct call *call, const struct series_wish *wish)
{
	struct booking_call use = booking_use_case(call);
	struct series_result result;
	series_create(&use, wish, &result);
	const enum booking_verdict verdict = result.whole.verdict;
	if (verdict == BOOKING_CREATED) {
		answer_series(call, 201, &result, "skipped");
		notices_wake(call->api->notices);
		booking_count_outcome(call, "series");
	} else if (verdict == BOOKING_REFUSED && result.occurrences != NULL &&
		   result.whole.refusal == REFUSAL_NONE) {
		answer_conflict(call, &result);
		booking_count_outcome(call, "series");
	} else {
		booking_answer_call(call, "series", &result.whole);
	}
}

void api_series_create(struct call *call)
{
	struct series_wish wish = {.every_weeks = 1};
	struct booking_wish *first = &wish.first;
	struct person_fields person = {0};
	JSON_LOCAL answers = NULL;
	JSON_LOCAL guests = NULL;
	const char *on_conflict = NULL;
	const struct json_field fields[] = {
		{"start", JSON_FIELD_INSTANT, true, 0, 0, &first->start, NULL},
		{"duration_minutes", JSON_FIELD_INTEGER, false, 1, DURATION_ASKED_MAX,
		 &first->duration_minutes, NULL},
		{"session_type", JSON_FIELD_TEXT, false, 1, SCHEDULE_ID_MAX, &first->session_type, NULL},
		{"coach", JSON_FIELD_TEXT, false, 1, SCHEDULE_ID_MAX, &first->coach_id, NULL},
		{"every_weeks", JSON_FIELD_INTEGER, false, 1, SERIES_WEEKS_MAX, &wish.every_weeks, NULL},
		{"count", JSON_FIELD_INTEGER, true, SERIES_COUNT_MIN, SERIES_COUNT_MAX, &wish.count, NULL},
		{"on_conflict", JSON_FIELD_TEXT, false, 1, SCOPE_MAX_CHARACTERS, &on_conflict, NULL},
		PERSON_FIELDS(person),
		{"answers", JSON_FIELD_VALUE, false, 0, 0, &answers, NULL},
		GUESTS_FIELD(guests),
		PROMO_CODE_FIELD(*first),
	};
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])) ||
	    !booking_accept_person(call, &person, "", first) ||
	    !booking_read_guests(call, guests, &first->guests) ||
	    !read_conflict(call, on_conflict, &wish.skip))
		return;
	first->answers = answers;
	book(call, &wish);
}

void api_series_create_for(struct call *call)
{
	struct series_wish wish = {
		.every_weeks = 1,
		.for_client = true,
		.first = {.coach_id = request_parameter(call->request, "coach")},
	};
	struct booking_wish *first = &wish.first;
	JSON_LOCAL client = NULL;
	JSON_LOCAL overrides = NULL;
	JSON_LOCAL guests = NULL;
	const char *on_conflict = NULL;
	const char *notes = NULL;
	const char *credits = NULL;
	bool notify = true;
	const struct json_field fields[] = {
		{"client", JSON_FIELD_VALUE, true, 0, 0, &client, NULL},
		{"start", JSON_FIELD_INSTANT, true, 0, 0, &first->start, NULL},
		{"duration_minutes", JSON_FIELD_INTEGER, false, DURATION_MIN_MINUTES, DURATION_MAX_MINUTES,
		 &first->duration_minutes, NULL},
		{"session_type", JSON_FIELD_TEXT, false, 1, SCHEDULE_ID_MAX, &first->session_type, NULL},
		{"every_weeks", JSON_FIELD_INTEGER, false, 1, SERIES_WEEKS_MAX, &wish.every_weeks, NULL},
		{"count", JSON_FIELD_INTEGER, true, SERIES_COUNT_MIN, SERIES_COUNT_MAX, &wish.count, NULL},
		{"on_conflict", JSON_FIELD_TEXT, false, 1, SCOPE_MAX_CHARACTERS, &on_conflict, NULL},
		{"notes", JSON_FIELD_NOTE, false, 0, NOTES_MAX_CHARACTERS, &notes, NULL},
		{"override", JSON_FIELD_VALUE, false, 0, 0, &overrides, NULL},
		{"notify", JSON_FIELD_BOOLEAN, false, 0, 0, &notify, NULL},
		{"credits", JSON_FIELD_TEXT, false, 1, CREDITS_MAX_CHARACTERS, &credits, NULL},
		GUESTS_FIELD(guests),
	};
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])) ||
	    !booking_read_client(call, client, first) ||
	    !booking_read_overrides(call, overrides, &first->overridden) ||
	    !booking_read_credits(call, credits, &first->overridden) ||
	    !booking_read_guests(call, guests, &first->guests) ||
	    !read_conflict(call, on_conflict, &wish.skip))
		return;
	first->notes = notes != NULL && notes[0] != '\0' ? notes : NULL;
	first->silent = !notify;
	book(call, &wish);
}

static bool retell(struct call *call, const char *id, enum series_scope scope, unsigned status,
		   const char *refused)
{
	struct booking_call use = booking_use_case(call);
	struct series_result result;
	series_tell(&use, id, scope, &result);
	if (result.whole.verdict == BOOKING_FINE)
		answer_series(call, status, &result, refused);
	else
		booking_answer_call(call, "series", &result.whole);
	return true;
}

bool api_series_retell(struct call *call, const struct appointment *appointment, unsigned status)
{
	return retell(call, appointment->id, SERIES_ALL, status, "skipped");
}

bool series_read_scope(struct call *call, const char *word, enum series_scope *ret_scope)
{
	*ret_scope = SERIES_THIS;
	if (word == NULL || series_scope_parse(word, ret_scope))
		return true;
	call_problem(call, PROBLEM_INVALID_FIELD, "scope", "scope must be this, following or all.");
	return false;
}

static void answer_change(struct call *call, const char *action, const struct series_result *result)
{
	if (result->whole.verdict != BOOKING_FINE) {
		booking_answer_call(call, action, &result->whole);
		return;
	}
	answer_series(call, 200, result, "refused");
	notices_wake(call->api->notices);
	booking_count_outcome(call, action);
}

void series_answer_cancel(struct call *call, const struct booking_call *use, enum series_scope scope,
			  const char *reason)
{
	struct series_result result;
	series_cancel_from(use, request_parameter(call->request, "id"), scope, reason, &result);
	answer_change(call, "cancel", &result);
}

void series_answer_move(struct call *call, const struct booking_call *use, enum series_scope scope,
			const struct booking_wish *wish)
{
	struct series_result result;
	series_move_from(use, request_parameter(call->request, "id"), scope, wish, &result);
	answer_change(call, "reschedule", &result);
}

bool api_series_retell_change(struct call *call, const struct appointment *appointment, unsigned status)
{
	(void)appointment;
	JSON_LOCAL body = json_loadb(call->request->body, call->request->body_length, 0, NULL);
	const char *word = json_string_value(json_object_get(body, "scope"));
	enum series_scope scope = SERIES_THIS;
	if (word != NULL)
		series_scope_parse(word, &scope);
	return scope != SERIES_THIS &&
	       retell(call, request_parameter(call->request, "id"), scope, status, "refused");
}
