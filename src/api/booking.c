#include "api/booking.h"

#include "api/series.h"
#include "api/session.h"
#include "booking_body.h"

#include "api/render.h"
#include "app/booking.h"
#include "base/json.h"
#include "domain/email.h"

#include <string.h>

void api_booking_create(struct call *call)
{
	struct booking_wish wish = {0};
	struct person_fields person = {0};
	JSON_LOCAL answers = NULL;
	JSON_LOCAL guests = NULL;
	const struct json_field fields[] = {
		{"start", JSON_FIELD_INSTANT, true, 0, 0, &wish.start, NULL},
		{"duration_minutes", JSON_FIELD_INTEGER, false, 1, DURATION_ASKED_MAX, &wish.duration_minutes,
		 NULL},
		{"session_type", JSON_FIELD_TEXT, false, 1, SCHEDULE_ID_MAX, &wish.session_type, NULL},
		{"coach", JSON_FIELD_TEXT, false, 1, SCHEDULE_ID_MAX, &wish.coach_id, NULL},
		PERSON_FIELDS(person),
		GUESTS_FIELD(guests),
		{"answers", JSON_FIELD_VALUE, false, 0, 0, &answers, NULL},
		PROMO_CODE_FIELD(wish),
	};
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])) ||
	    !booking_accept_person(call, &person, "", &wish) ||
	    !booking_read_guests(call, guests, &wish.guests))
		return;
	wish.answers = answers;
	struct booking_call use = booking_use_case(call);
	struct booking_result result;
	booking_create(&use, &wish, false, &result);
	booking_answer_call(call, "create", &result);
}

void api_booking_create_for(struct call *call)
{
	struct booking_wish wish = {.coach_id = request_parameter(call->request, "coach")};
	JSON_LOCAL client = NULL;
	JSON_LOCAL overrides = NULL;
	JSON_LOCAL guests = NULL;
	const char *notes = NULL;
	const char *credits = NULL;
	bool notify = true;
	const struct json_field fields[] = {
		{"client", JSON_FIELD_VALUE, true, 0, 0, &client, NULL},
		{"start", JSON_FIELD_INSTANT, true, 0, 0, &wish.start, NULL},
		{"duration_minutes", JSON_FIELD_INTEGER, false, DURATION_MIN_MINUTES, DURATION_MAX_MINUTES,
		 &wish.duration_minutes, NULL},
		{"session_type", JSON_FIELD_TEXT, false, 1, SCHEDULE_ID_MAX, &wish.session_type, NULL},
		{"notes", JSON_FIELD_NOTE, false, 0, NOTES_MAX_CHARACTERS, &notes, NULL},
		{"override", JSON_FIELD_VALUE, false, 0, 0, &overrides, NULL},
		{"notify", JSON_FIELD_BOOLEAN, false, 0, 0, &notify, NULL},
		{"credits", JSON_FIELD_TEXT, false, 1, CREDITS_MAX_CHARACTERS, &credits, NULL},
		GUESTS_FIELD(guests),
	};
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])) ||
	    !booking_read_client(call, client, &wish) ||
	    !booking_read_overrides(call, overrides, &wish.overridden) ||
	    !booking_read_credits(call, credits, &wish.overridden) ||
	    !booking_read_guests(call, guests, &wish.guests))
		return;
	wish.notes = notes != NULL && notes[0] != '\0' ? notes : NULL;
	wish.silent = !notify;
	struct booking_call use = booking_use_case(call);
	struct booking_result result;
	booking_create_for(&use, &wish, &result);
	booking_answer_call(call, "create", &result);
}

/* Nobody known holds a time: from here on they are a guest, who has this hold and nothing else. */
static void become_guest(struct call *call)
{
	struct guest_pass *pass = arena_alloc(call->mem, sizeof(*pass));
	*pass = sign_in_guest(call->request->address.key, sizeof(call->request->address.key),
			      call->request->now, call->mem);
	call->pass = pass;
	call->identity = (struct identity){.user_id = pass->user_id, .role = IDENTITY_USER, .guest = true};
	call_is_from(call, &call->identity);
}

void api_booking_hold(struct call *call)
{
	struct booking_wish wish = {0};
	const struct json_field fields[] = {
		{"start", JSON_FIELD_INSTANT, true, 0, 0, &wish.start, NULL},
		{"duration_minutes", JSON_FIELD_INTEGER, false, 1, DURATION_ASKED_MAX, &wish.duration_minutes,
		 NULL},
		{"session_type", JSON_FIELD_TEXT, false, 1, SCHEDULE_ID_MAX, &wish.session_type, NULL},
		{"coach", JSON_FIELD_TEXT, false, 1, SCHEDULE_ID_MAX, &wish.coach_id, NULL},
		PROMO_CODE_FIELD(wish),
	};
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])))
		return;
	if (call->caller == NULL)
		become_guest(call);
	struct booking_call use = booking_use_case(call);
	struct booking_result result;
	if (call->pass != NULL && use.hold_minutes > GUEST_HOLD_MINUTES)
		use.hold_minutes = GUEST_HOLD_MINUTES;
	booking_create(&use, &wish, true, &result);
	booking_answer_call(call, "hold", &result);
}

void api_booking_confirm(struct call *call)
{
	struct booking_wish wish = {0};
	struct person_fields person = {0};
	JSON_LOCAL answers = NULL;
	JSON_LOCAL guests = NULL;
	const struct json_field fields[] = {PERSON_FIELDS(person),
					    GUESTS_FIELD(guests),
					    {"answers", JSON_FIELD_VALUE, false, 0, 0, &answers, NULL},
					    PROMO_CODE_FIELD(wish)};
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])) ||
	    !booking_accept_person(call, &person, "", &wish) ||
	    !booking_read_guests(call, guests, &wish.guests))
		return;
	wish.answers = answers;
	struct booking_call use = booking_use_case(call);
	struct booking_result result;
	booking_confirm(&use, request_parameter(call->request, "id"), &wish, &result);
	if (call->caller->guest && result.verdict == BOOKING_FINE)
		identity_forget(call->api->identities, call->caller->user_id); /* they are somebody now */
	booking_answer_call(call, "confirm", &result);
}

void api_booking_reschedule(struct call *call)
{
	struct booking_wish wish = {0};
	const char *word = NULL;
	enum series_scope scope = SERIES_THIS;
	JSON_LOCAL overrides = NULL;
	const struct json_field fields[] = {
		{"start", JSON_FIELD_INSTANT, true, 0, 0, &wish.start, NULL},
		{"duration_minutes", JSON_FIELD_INTEGER, false, 1, DURATION_ASKED_MAX, &wish.duration_minutes,
		 NULL},
		{"override", JSON_FIELD_VALUE, false, 0, 0, &overrides, NULL},
		{"scope", JSON_FIELD_TEXT, false, 1, SCOPE_MAX_CHARACTERS, &word, NULL},
		{"reason", JSON_FIELD_NOTE, false, 0, NOTES_MAX_CHARACTERS, &wish.reason, NULL},
		{"coach", JSON_FIELD_TEXT, false, 1, SCHEDULE_ID_MAX, &wish.coach_id, NULL},
	};
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])) ||
	    !booking_read_overrides(call, overrides, &wish.overridden) ||
	    !series_read_scope(call, word, &scope))
		return;
	if (wish.coach_id != NULL && (strcmp(wish.coach_id, COACH_ANY) != 0 || scope != SERIES_THIS)) {
		call_problem(call, PROBLEM_INVALID_FIELD, "coach",
			     "coach can only be any, and only for one session. Leave it out to stay with the "
			     "same coach.");
		return;
	}
	struct booking_call use = booking_use_case(call);
	if (scope != SERIES_THIS) {
		series_answer_move(call, &use, scope, &wish);
		return;
	}
	struct booking_result result;
	booking_reschedule(&use, request_parameter(call->request, "id"), &wish, &result);
	booking_answer_call(call, "reschedule", &result);
}

void api_booking_cancel(struct call *call)
{
	const char *reason = NULL;
	const char *word = NULL;
	enum series_scope scope = SERIES_THIS;
	const struct json_field fields[] = {
		{"reason", JSON_FIELD_NOTE, false, 0, NOTES_MAX_CHARACTERS, &reason, NULL},
		{"scope", JSON_FIELD_TEXT, false, 1, SCOPE_MAX_CHARACTERS, &word, NULL},
	};
	if (!call_body(call, fields, 2) || !series_read_scope(call, word, &scope))
		return;
	struct booking_call use = booking_use_case(call);
	if (scope != SERIES_THIS) {
		series_answer_cancel(call, &use, scope, reason);
		return;
	}
	struct booking_result result;
	booking_cancel(&use, request_parameter(call->request, "id"), reason, &result);
	booking_answer_call(call, "cancel", &result);
}

void api_booking_meeting(struct call *call)
{
	const char *kind = NULL;
	const char *address = NULL;
	const char *number = NULL;
	struct meeting meeting = {0};
	const struct json_field fields[] = {
		{"kind", JSON_FIELD_TEXT, true, 1, 20, &kind, NULL},
		{"url", JSON_FIELD_TEXT, false, 1, MEETING_URL_BYTES_MAX, &meeting.url, NULL},
		{"label", JSON_FIELD_LINE, false, 1, MEETING_LABEL_MAX, &meeting.label, NULL},
		{"address", JSON_FIELD_LINE, false, 1, MEETING_PLACE_MAX, &address, NULL},
		{"number", JSON_FIELD_LINE, false, 1, MEETING_PLACE_MAX, &number, NULL},
		{"instructions", JSON_FIELD_NOTE, false, 1, MEETING_INSTRUCTIONS_MAX, &meeting.instructions,
		 NULL},
	};
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])))
		return;
	if (!meeting_kind_parse(kind, &meeting.kind)) {
		call_problem(call, PROBLEM_INVALID_FIELD, "kind",
			     "kind must be one of google_meet, phone, in_person, link, none.");
		return;
	}
	bool phone = meeting.kind == MEETING_PHONE;
	const char *foreign = phone ? address : number;
	meeting.place = phone ? number : address;
	const char *field = phone ? "address" : "number";
	const char *sentence = "doesn't go with this kind of meeting.";
	if (foreign != NULL || !meeting_is_whole(&meeting, &field, &sentence)) {
		call_problem(call, PROBLEM_INVALID_FIELD, field,
			     arena_printf(call->mem, "%s %s", field, sentence));
		return;
	}
	struct booking_call use = booking_use_case(call);
	struct booking_result result;
	booking_set_meeting(&use, request_parameter(call->request, "id"), &meeting, &result);
	booking_answer_call(call, "meeting", &result);
}

void api_booking_approve(struct call *call)
{
	if (!call_body(call, NULL, 0))
		return;
	struct booking_call use = booking_use_case(call);
	struct booking_result result;
	booking_approve(&use, request_parameter(call->request, "id"), &result);
	booking_answer_call(call, "approve", &result);
}

void api_booking_decline(struct call *call)
{
	const char *reason = NULL;
	const struct json_field fields[] = {
		{"reason", JSON_FIELD_NOTE, false, 0, NOTES_MAX_CHARACTERS, &reason, NULL}};
	if (!call_body(call, fields, 1))
		return;
	struct booking_call use = booking_use_case(call);
	struct booking_result result;
	booking_decline(&use, request_parameter(call->request, "id"), reason, &result);
	booking_answer_call(call, "decline", &result);
}

void api_booking_guests(struct call *call)
{
	JSON_LOCAL list = NULL;
	const char *guests = NULL;
	const struct json_field fields[] = {{"guests", JSON_FIELD_VALUE, true, 0, 0, &list, NULL}};
	if (!call_body(call, fields, 1) || !booking_read_guests(call, list, &guests))
		return;
	struct booking_call use = booking_use_case(call);
	struct booking_result result;
	booking_set_guests(&use, request_parameter(call->request, "id"), guests, &result);
	booking_answer_call(call, "guests", &result);
}

void api_booking_status(struct call *call)
{
	const char *word = NULL;
	const struct json_field fields[] = {{"status", JSON_FIELD_TEXT, true, 1, 20, &word, NULL}};
	if (!call_body(call, fields, 1))
		return;
	enum appointment_status status = APPOINTMENT_HELD;
	if (!appointment_status_parse(word, &status) ||
	    (status != APPOINTMENT_COMPLETED && status != APPOINTMENT_NO_SHOW)) {
		call_problem(call, PROBLEM_INVALID_FIELD, "status", "status must be completed or no_show.");
		return;
	}
	struct booking_call use = booking_use_case(call);
	struct booking_result result;
	booking_mark(&use, request_parameter(call->request, "id"), status, &result);
	booking_answer_call(call, "mark", &result);
}

/* One appointment with what only its client and its coach may read. */
static void answer_whole(struct call *call, const struct booking_call *use, const char *action,
			 struct booking_result *result)
{
	struct private_part part;
	if (result->verdict != BOOKING_FINE || !booking_private(use, &result->appointment, &part, result)) {
		booking_answer_call(call, action, result);
		return;
	}
	struct viewer viewer = call_viewer(call);
	viewer.private_part = &part;
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	render_appointment(&writer, NULL, &result->appointment, viewer);
	call->appointment_id = arena_strdup(call->mem, result->appointment.id);
	booking_count_outcome(call, action);
}

void api_booking_get(struct call *call)
{
	struct booking_call use = booking_use_case(call);
	struct booking_result result;
	booking_get(&use, request_parameter(call->request, "id"), &result);
	answer_whole(call, &use, "get", &result);
}

void api_booking_answers(struct call *call)
{
	JSON_LOCAL answers = NULL;
	const struct json_field fields[] = {{"answers", JSON_FIELD_VALUE, true, 0, 0, &answers, NULL}};
	if (!call_body(call, fields, 1))
		return;
	struct booking_call use = booking_use_case(call);
	struct booking_result result;
	booking_answers(&use, request_parameter(call->request, "id"), answers, &result);
	answer_whole(call, &use, "answers", &result);
}

void api_booking_coach_notes(struct call *call)
{
	const char *notes = NULL;
	const struct json_field fields[] = {
		{"coach_notes", JSON_FIELD_NOTE, false, 0, NOTES_MAX_CHARACTERS, &notes, NULL}};
	if (!call_body(call, fields, 1))
		return;
	struct booking_call use = booking_use_case(call);
	struct booking_result result;
	booking_coach_notes(&use, request_parameter(call->request, "id"),
			    notes != NULL && notes[0] != '\0' ? notes : NULL, &result);
	answer_whole(call, &use, "coach_notes", &result);
}

bool api_booking_find(struct call *call, struct appointment *ret_appointment)
{
	struct booking_call use = booking_use_case(call);
	struct booking_result result;
	booking_get(&use, request_parameter(call->request, "id"), &result);
	if (result.verdict != BOOKING_FINE)
		booking_answer_call(call, "get", &result);
	*ret_appointment = result.appointment;
	return result.verdict == BOOKING_FINE;
}

void api_booking_verify(struct call *call)
{
	struct appointment appointment;
	if (!api_booking_find(call, &appointment))
		return;
	const bool open =
		appointment.status == APPOINTMENT_HELD && appointment.hold_expires_at > call->request->now;
	if (strcmp(appointment.user_id, call->caller->user_id) != 0)
		call_problem(call, PROBLEM_NOT_FOUND, NULL, "This booking couldn't be found.");
	else if (call->caller->guest && !open)
		call_problem(call, PROBLEM_HOLD_EXPIRED, NULL, NULL);
	else
		api_prove_address(call, appointment.user_id);
}
