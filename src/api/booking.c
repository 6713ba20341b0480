#include "api/booking.h"

#include "api/render.h"
#include "app/booking.h"
#include "base/json.h"
#include "domain/email.h"

#include <string.h>

enum {
	NAME_MAX_CHARACTERS = 200,
	EMAIL_MAX_CHARACTERS = 254,
	PHONE_MAX_CHARACTERS = 32,
	NOTES_MAX_CHARACTERS = 2000,
	LOCALE_MAX_CHARACTERS = 35,
};

static struct booking_call use_case(struct call *call)
{
	return (struct booking_call){
		.coaches = call->api->coaches,
		.calendars = call->api->calendars,
		.worker = call->worker,
		.mem = call->mem,
		.caller = call->caller,
		.actor = call->actor,
		.seal_keys = call->api->seal_keys,
		.hold_minutes = call->api->hold_minutes,
		.now = call->request->now,
		.deadline = call_deadline(call),
	};
}

static void answer_appointment(struct call *call, unsigned status, const struct appointment *appointment)
{
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, status));
	render_appointment(&writer, NULL, appointment, call_viewer(call));
	call->appointment_id = arena_strdup(call->mem, appointment->id);
	if (status == 201)
		reply_header_literal(call->reply, "Location",
				     arena_printf(call->mem, "/booking/%s", appointment->id));
}

static void count_outcome(struct call *call, const char *action)
{
	const char *outcome = call->reply->status < 300 ? "done" : call->reply->code;
	counter_add(metrics_counter(call->api->metrics, "bookingd_bookings_total",
				    "Bookings, moves and cancellations asked for, by outcome.", "action",
				    action, "outcome", outcome != NULL ? outcome : "none", NULL),
		    1);
}

/* To a coach: all that stands against the start, so that a page can offer to book it anyway. */
static void add_reasons(struct call *call, const struct booking_result *result)
{
	struct buffer *body = &call->reply->body;
	struct json_writer writer;
	body->length--; /* the problem's closing brace comes after the list */
	buffer_append_text(body, ",\"reasons\":");
	json_writer_init(&writer, body);
	json_write_array(&writer, NULL);
	for (size_t i = 0; i < result->reasons.count; i++)
		render_reason(&writer, result->question, result->start, &result->reasons.reasons[i],
			      call->mem);
	json_write_array_end(&writer);
	buffer_append_char(body, '}');
}

/* The one place where a verdict becomes a reply. */
static void answer(struct call *call, const char *action, const struct booking_result *result)
{
	switch (result->verdict) {
	case BOOKING_CREATED:
		answer_appointment(call, 201, &result->appointment);
		break;
	case BOOKING_FINE:
		answer_appointment(call, 200, &result->appointment);
		break;
	case BOOKING_REFUSED:
		if (result->appointment.id[0] != '\0')
			call->appointment_id = arena_strdup(call->mem, result->appointment.id);
		call_problem(call, problem_of_refusal(result->refusal), NULL, result->detail);
		if (result->question != NULL)
			add_reasons(call, result);
		break;
	case BOOKING_UNKNOWN:
		call_problem(call, PROBLEM_NOT_FOUND, NULL, "There is no such appointment.");
		break;
	case BOOKING_FORBIDDEN:
		call_problem(call, PROBLEM_FORBIDDEN, NULL, NULL);
		break;
	case BOOKING_TOO_OFTEN:
		call_problem(call, PROBLEM_RATE_LIMITED, NULL,
			     "You have cancelled and moved many sessions today. Please try again tomorrow.");
		break;
	case BOOKING_UNKNOWN_COACH:
		call_problem(call, PROBLEM_UNKNOWN_COACH, "coach", NULL);
		break;
	case BOOKING_AMBIGUOUS_COACH:
		call_problem(call, PROBLEM_INVALID_FIELD, "coach",
			     "There are several coaches; please say which one.");
		break;
	case BOOKING_UNKNOWN_TYPE:
		call_problem(call, PROBLEM_UNKNOWN_SESSION_TYPE, "session_type", NULL);
		break;
	case BOOKING_EMAIL_MISSING:
		call_problem(call, PROBLEM_INVALID_FIELD, "email", result->detail);
		break;
	case BOOKING_BAD_ANSWER:
		call_problem(call, call_fault_code(result->fault.verdict), result->fault.field,
			     result->fault.detail);
		break;
	case BOOKING_CALENDAR_UNAVAILABLE:
		call_problem(call, PROBLEM_CALENDAR_UNAVAILABLE, NULL, NULL);
		break;
	case BOOKING_DATABASE_UNAVAILABLE:
		call_database_failure(call, DB_UNAVAILABLE);
		break;
	case BOOKING_FAILURE:
		call_database_failure(call, DB_FAILED);
		break;
	}
	if (result->moved_or_new)
		notices_wake(call->api->notices);
	count_outcome(call, action);
}

/* The person's fields of a body, besides what the call itself asks for. */
struct person_fields {
	const char *zone_name;
	const char *name;
	const char *email;
	const char *phone;
	const char *notes;
	const char *locale;
};

#define PERSON_FIELDS(person)                                                                                \
	{"time_zone", JSON_FIELD_TEXT, false, 1, ZONE_NAME_MAX, &(person).zone_name, NULL},                  \
		{"name", JSON_FIELD_LINE, false, 1, NAME_MAX_CHARACTERS, &(person).name, NULL},              \
		{"email", JSON_FIELD_LINE, false, 1, EMAIL_MAX_CHARACTERS, &(person).email, NULL},           \
		{"phone", JSON_FIELD_LINE, false, 0, PHONE_MAX_CHARACTERS, &(person).phone, NULL},           \
		{"notes", JSON_FIELD_NOTE, false, 0, NOTES_MAX_CHARACTERS, &(person).notes, NULL},           \
	{                                                                                                    \
		"locale", JSON_FIELD_LINE, false, 1, LOCALE_MAX_CHARACTERS, &(person).locale, NULL           \
	}

/* Check the person's fields and put them into the wish. False: answered. */
static bool accept_person(struct call *call, const struct person_fields *person, const char *prefix,
			  struct booking_wish *wish)
{
	if (person->zone_name != NULL && (wish->zone = zone_find(person->zone_name)) == NULL) {
		call_problem(call, PROBLEM_INVALID_FIELD, arena_printf(call->mem, "%stime_zone", prefix),
			     "time_zone must be the name of a time zone such as America/New_York.");
		return false;
	}
	if (person->email != NULL && !email_is_usable(person->email)) {
		call_problem(call, PROBLEM_INVALID_FIELD, arena_printf(call->mem, "%semail", prefix),
			     arena_printf(call->mem,
					  "%s cannot be used. Please give an address such as "
					  "name@example.com.",
					  person->email));
		return false;
	}
	if (person->locale != NULL && !call_locale_good(person->locale, strlen(person->locale))) {
		call_problem(call, PROBLEM_INVALID_FIELD, "locale",
			     "locale must be a language tag such as fr-CA.");
		return false;
	}
	wish->locale = person->locale != NULL ? person->locale : call_accepted_locale(call);
	wish->name = person->name;
	wish->email = person->email;
	/* Forms send fields that were left empty. */
	wish->phone = person->phone != NULL && person->phone[0] != '\0' ? person->phone : NULL;
	wish->notes = person->notes != NULL && person->notes[0] != '\0' ? person->notes : NULL;
	return true;
}

void api_booking_create(struct call *call)
{
	struct booking_wish wish = {0};
	struct person_fields person = {0};
	JSON_LOCAL answers = NULL;
	const struct json_field fields[] = {
		{"start", JSON_FIELD_INSTANT, true, 0, 0, &wish.start, NULL},
		{"duration_minutes", JSON_FIELD_INTEGER, false, 1, DURATION_ASKED_MAX, &wish.duration_minutes,
		 NULL},
		{"session_type", JSON_FIELD_TEXT, false, 1, SCHEDULE_ID_MAX, &wish.session_type, NULL},
		{"coach", JSON_FIELD_TEXT, false, 1, SCHEDULE_ID_MAX, &wish.coach_id, NULL},
		PERSON_FIELDS(person),
		{"answers", JSON_FIELD_VALUE, false, 0, 0, &answers, NULL},
	};
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])) ||
	    !accept_person(call, &person, "", &wish))
		return;
	wish.answers = answers;
	struct booking_call use = use_case(call);
	struct booking_result result;
	booking_create(&use, &wish, false, &result);
	answer(call, "create", &result);
}

/* The rules that a coach overrides by name, as bits. False: answered. */
static bool read_overrides(struct call *call, const json_t *names, unsigned *ret_overridden)
{
	*ret_overridden = 0;
	if (names != NULL && !json_is_array(names)) {
		call_problem(call, PROBLEM_INVALID_FIELD, "override", "override must be an array.");
		return false;
	}
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));
		int rule = REFUSAL_BAD_DURATION;
		while (rule <= REFUSAL_CALENDAR_BUSY &&
		       (name == NULL || !booking_may_override((enum refusal)rule) ||
			strcmp(refusal_code((enum refusal)rule), name) != 0))
			rule++;
		if (rule > REFUSAL_CALENDAR_BUSY) {
			call_problem(call, PROBLEM_INVALID_FIELD, arena_printf(call->mem, "override[%zu]", i),
				     "This is no rule that can be overridden.");
			return false;
		}
		*ret_overridden |= 1u << rule;
	}
	return true;
}

/* Whom a coach books for: a user of the platform, else the person behind an address. False: answered. */
static bool read_client(struct call *call, const json_t *client, struct booking_wish *wish)
{
	const char *zone = NULL;
	const struct json_field fields[] = {
		{"user_id", JSON_FIELD_LINE, false, 1, IDENTITY_USER_ID_MAX, &wish->client_id, NULL},
		{"time_zone", JSON_FIELD_TEXT, false, 1, ZONE_NAME_MAX, &zone, NULL},
		{"name", JSON_FIELD_LINE, false, 1, NAME_MAX_CHARACTERS, &wish->name, NULL},
		{"email", JSON_FIELD_LINE, false, 1, EMAIL_MAX_CHARACTERS, &wish->email, NULL},
		{"phone", JSON_FIELD_LINE, false, 1, PHONE_MAX_CHARACTERS, &wish->phone, NULL},
	};
	if (!call_object(call, "client", client, fields, sizeof(fields) / sizeof(fields[0])))
		return false;
	const struct person_fields person = {
		.zone_name = zone, .name = wish->name, .email = wish->email, .phone = wish->phone};
	if (!accept_person(call, &person, "client.", wish))
		return false;
	if (wish->client_id == NULL && wish->email == NULL) {
		call_problem(call, PROBLEM_INVALID_FIELD, "client",
			     "client needs a user_id or an email address.");
		return false;
	}
	if (wish->client_id == NULL)
		wish->client_id = identity_of_address(wish->email, call->mem);
	return true;
}

void api_booking_create_for(struct call *call)
{
	struct booking_wish wish = {.coach_id = request_parameter(call->request, "coach")};
	JSON_LOCAL client = NULL;
	JSON_LOCAL overrides = NULL;
	const char *notes = NULL;
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
	};
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])) ||
	    !read_client(call, client, &wish) || !read_overrides(call, overrides, &wish.overridden))
		return;
	wish.notes = notes != NULL && notes[0] != '\0' ? notes : NULL;
	wish.silent = !notify;
	struct booking_call use = use_case(call);
	struct booking_result result;
	booking_create_for(&use, &wish, &result);
	answer(call, "create", &result);
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
	};
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])))
		return;
	struct booking_call use = use_case(call);
	struct booking_result result;
	booking_create(&use, &wish, true, &result);
	answer(call, "hold", &result);
}

void api_booking_confirm(struct call *call)
{
	struct booking_wish wish = {0};
	struct person_fields person = {0};
	JSON_LOCAL answers = NULL;
	const struct json_field fields[] = {PERSON_FIELDS(person),
					    {"answers", JSON_FIELD_VALUE, false, 0, 0, &answers, NULL}};
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])) ||
	    !accept_person(call, &person, "", &wish))
		return;
	wish.answers = answers;
	struct booking_call use = use_case(call);
	struct booking_result result;
	booking_confirm(&use, request_parameter(call->request, "id"), &wish, &result);
	answer(call, "confirm", &result);
}

void api_booking_reschedule(struct call *call)
{
	struct booking_wish wish = {0};
	JSON_LOCAL overrides = NULL;
	const struct json_field fields[] = {
		{"start", JSON_FIELD_INSTANT, true, 0, 0, &wish.start, NULL},
		{"duration_minutes", JSON_FIELD_INTEGER, false, 1, DURATION_ASKED_MAX, &wish.duration_minutes,
		 NULL},
		{"override", JSON_FIELD_VALUE, false, 0, 0, &overrides, NULL},
	};
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])) ||
	    !read_overrides(call, overrides, &wish.overridden))
		return;
	struct booking_call use = use_case(call);
	struct booking_result result;
	booking_reschedule(&use, request_parameter(call->request, "id"), &wish, &result);
	answer(call, "reschedule", &result);
}

void api_booking_cancel(struct call *call)
{
	const char *reason = NULL;
	const struct json_field fields[] = {
		{"reason", JSON_FIELD_NOTE, false, 0, NOTES_MAX_CHARACTERS, &reason, NULL}};
	if (!call_body(call, fields, 1))
		return;
	struct booking_call use = use_case(call);
	struct booking_result result;
	booking_cancel(&use, request_parameter(call->request, "id"), reason, &result);
	answer(call, "cancel", &result);
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
		{"label", JSON_FIELD_TEXT, false, 1, MEETING_LABEL_MAX, &meeting.label, NULL},
		{"address", JSON_FIELD_TEXT, false, 1, MEETING_PLACE_MAX, &address, NULL},
		{"number", JSON_FIELD_TEXT, false, 1, MEETING_PLACE_MAX, &number, NULL},
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
	const char *sentence = "belongs to another kind of meeting.";
	if (foreign != NULL || !meeting_is_whole(&meeting, &field, &sentence)) {
		call_problem(call, PROBLEM_INVALID_FIELD, field,
			     arena_printf(call->mem, "%s %s", field, sentence));
		return;
	}
	struct booking_call use = use_case(call);
	struct booking_result result;
	booking_set_meeting(&use, request_parameter(call->request, "id"), &meeting, &result);
	answer(call, "meeting", &result);
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
	struct booking_call use = use_case(call);
	struct booking_result result;
	booking_mark(&use, request_parameter(call->request, "id"), status, &result);
	answer(call, "mark", &result);
}

/* One appointment with what only its client and its coach may read. */
static void answer_whole(struct call *call, const struct booking_call *use, const char *action,
			 struct booking_result *result)
{
	struct private_part part;
	if (result->verdict != BOOKING_FINE || !booking_private(use, &result->appointment, &part, result)) {
		answer(call, action, result);
		return;
	}
	struct viewer viewer = call_viewer(call);
	viewer.private_part = &part;
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	render_appointment(&writer, NULL, &result->appointment, viewer);
	call->appointment_id = arena_strdup(call->mem, result->appointment.id);
	count_outcome(call, action);
}

void api_booking_get(struct call *call)
{
	struct booking_call use = use_case(call);
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
	struct booking_call use = use_case(call);
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
	struct booking_call use = use_case(call);
	struct booking_result result;
	booking_coach_notes(&use, request_parameter(call->request, "id"),
			    notes != NULL && notes[0] != '\0' ? notes : NULL, &result);
	answer_whole(call, &use, "coach_notes", &result);
}

bool api_booking_find(struct call *call, struct appointment *ret_appointment)
{
	struct booking_call use = use_case(call);
	struct booking_result result;
	booking_get(&use, request_parameter(call->request, "id"), &result);
	if (result.verdict != BOOKING_FINE)
		answer(call, "get", &result);
	*ret_appointment = result.appointment;
	return result.verdict == BOOKING_FINE;
}
