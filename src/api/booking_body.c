/* What the calls that book share: bodies in, replies out. */
#include "booking_body.h"
#include "sign_in_answer.h"

#include "api/render.h"
#include "app/booking.h"
#include "base/json.h"
#include "domain/email.h"

#include <ctype.h>
#include <string.h>

struct booking_call booking_use_case(struct call *call)
{
	return (struct booking_call){
		.coaches = call->api->coaches,
		.calendars = call->api->calendars,
		.worker = call->worker,
		.mem = call->mem,
		.caller = call->caller,
		.actor = call->actor,
		.seal_keys = call->api->seal_keys,
		.pseudonym_keys = call->api->feed_keys,
		.hold_minutes = call->api->hold_minutes,
		.addresses_proved = notices_mail_on(call->api->notices),
		.pass = call->pass,
		.now = call->request->now,
		.deadline = call_deadline(call),
	};
}

void booking_answer_appointment(struct call *call, unsigned status, const struct appointment *appointment)
{
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, status));
	render_appointment(&writer, NULL, appointment, call_viewer(call));
	call->appointment_id = arena_strdup(call->mem, appointment->id);
	if (status == 201)
		reply_header_literal(call->reply, "Location",
				     arena_printf(call->mem, "/booking/%s", appointment->id));
}

void booking_count_outcome(struct call *call, const char *action)
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
	struct json_writer writer;
	json_writer_reopen(&writer, &call->reply->body);
	json_write_array(&writer, "reasons");
	for (size_t i = 0; i < result->reasons.count; i++)
		render_reason(&writer, &result->reasons.items[i]);
	json_write_array_end(&writer);
	json_write_object_end(&writer);
}

/* Guests hold as many times as they may: each of them ends soon. */
static void refuse_crowded(struct call *call)
{
	const struct problem problem = {
		.code = PROBLEM_RATE_LIMITED,
		.detail = "Too many people are booking without signing in right now. Please sign in, or try "
			  "again in a few minutes.",
		.retry_after = GUEST_HOLD_MINUTES * SECONDS_PER_MINUTE,
	};
	reply_problem(call->reply, &problem);
}

void booking_refuse_newcomer(struct call *call)
{
	call_problem(call, PROBLEM_RATE_LIMITED, NULL,
		     "Too many new people have booked from your network today. Please try again tomorrow.");
}

static void answer_refusal(struct call *call, const struct booking_result *result)
{
	if (result->appointment.id[0] != '\0')
		call->appointment_id = arena_strdup(call->mem, result->appointment.id);
	call_problem(call, problem_of_refusal(result->refusal),
		     result->refusal == REFUSAL_ADDRESS_NOT_VERIFIED ? "email"
		     : result->refusal == REFUSAL_PROMO_CODE_INVALID ? "promo_code"
								     : NULL,
		     result->detail);
	if (result->refusal == REFUSAL_CREDITS_REQUIRED) {
		struct json_writer writer;
		json_writer_reopen(&writer, &call->reply->body);
		json_write_integer(&writer, "balance", result->credits);
		json_write_object_end(&writer);
	}
	if (result->reasons.count > 0)
		add_reasons(call, result);
}

/* The one place where a verdict becomes a reply, a case for each.
 * NOLINTNEXTLINE(readability-function-size) */
void booking_answer_call(struct call *call, const char *action, const struct booking_result *result)
{
	switch (result->verdict) {
	case BOOKING_CREATED:
		booking_answer_appointment(call, 201, &result->appointment);
		break;
	case BOOKING_FINE:
		booking_answer_appointment(call, 200, &result->appointment);
		break;
	case BOOKING_REFUSED:
		answer_refusal(call, result);
		break;
	case BOOKING_UNKNOWN:
		call_problem(call, PROBLEM_NOT_FOUND, NULL, "This booking couldn't be found.");
		break;
	case BOOKING_FORBIDDEN:
		call_problem(call, PROBLEM_FORBIDDEN, NULL, NULL);
		break;
	case BOOKING_CROWDED:
		refuse_crowded(call);
		break;
	case BOOKING_TOO_OFTEN:
		call_problem(
			call, PROBLEM_RATE_LIMITED, NULL,
			"You've cancelled and changed too many sessions today. Please try again tomorrow.");
		break;
	case BOOKING_TOO_MANY_PEOPLE:
		booking_refuse_newcomer(call);
		break;
	case BOOKING_TOO_MANY_GUESTS:
		call_problem(
			call, PROBLEM_RATE_LIMITED, "guests",
			"You've invited too many people today. Please invite fewer, or try again tomorrow.");
		break;
	case BOOKING_TOO_MANY_CODES:
		call_problem(call, PROBLEM_RATE_LIMITED, NULL,
			     "Too many codes have been tried today. Please try again tomorrow.");
		break;
	case BOOKING_UNKNOWN_COACH:
		call_problem(call, PROBLEM_UNKNOWN_COACH, "coach", NULL);
		break;
	case BOOKING_AMBIGUOUS_COACH:
		call_problem(call, PROBLEM_INVALID_FIELD, "coach",
			     "There are several coaches. Please choose one.");
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
	booking_count_outcome(call, action);
}

/* Check the person's fields and put them into the wish. False: answered. */
bool booking_accept_person(struct call *call, const struct person_fields *person, const char *prefix,
			   struct booking_wish *wish)
{
	if (person->zone_name != NULL && (wish->zone = zone_find(person->zone_name)) == NULL) {
		call_problem(call, PROBLEM_INVALID_FIELD, arena_printf(call->mem, "%stime_zone", prefix),
			     "time_zone must be the name of a time zone such as America/New_York.");
		return false;
	}
	if (person->email != NULL && !email_is_usable(person->email)) {
		call_problem(
			call, PROBLEM_INVALID_FIELD, arena_printf(call->mem, "%semail", prefix),
			arena_printf(
				call->mem,
				"%s can't be used. Please enter an email address such as name@example.com.",
				person->email));
		return false;
	}
	if (!call_check_locale(call, arena_printf(call->mem, "%slocale", prefix), person->locale))
		return false;
	wish->locale = person->locale != NULL ? person->locale : call_accepted_locale(call);
	wish->name = person->name;
	wish->email = person->email;
	/* Forms send fields that were left empty. */
	wish->phone = person->phone != NULL && person->phone[0] != '\0' ? person->phone : NULL;
	wish->notes = person->notes != NULL && person->notes[0] != '\0' ? person->notes : NULL;
	return api_take_code(call, person->email, person->code);
}

bool booking_read_client(struct call *call, const json_t *client, struct booking_wish *wish)
{
	const char *zone = NULL;
	const char *locale = NULL;
	const struct json_field fields[] = {
		{"user_id", JSON_FIELD_LINE, false, 1, IDENTITY_USER_ID_MAX, &wish->client_id, NULL},
		{"time_zone", JSON_FIELD_TEXT, false, 1, ZONE_NAME_MAX, &zone, NULL},
		{"name", JSON_FIELD_LINE, false, 1, NAME_MAX_CHARACTERS, &wish->name, NULL},
		{"email", JSON_FIELD_LINE, false, 1, EMAIL_MAX_CHARACTERS, &wish->email, NULL},
		{"phone", JSON_FIELD_LINE, false, 1, PHONE_MAX_CHARACTERS, &wish->phone, NULL},
		{"locale", JSON_FIELD_LINE, false, 1, LOCALE_MAX_CHARACTERS, &locale, NULL},
	};
	if (!call_object(call, "client", client, fields, sizeof(fields) / sizeof(fields[0])))
		return false;
	const struct person_fields person = {.zone_name = zone,
					     .name = wish->name,
					     .email = wish->email,
					     .phone = wish->phone,
					     .locale = locale};
	if (!booking_accept_person(call, &person, "client.", wish))
		return false;
	wish->locale = locale; /* what this browser accepts is the coach's own language */
	if (wish->client_id == NULL && wish->email == NULL) {
		call_problem(call, PROBLEM_INVALID_FIELD, "client",
			     "client needs a user_id or an email address.");
		return false;
	}
	return true;
}

bool booking_read_guests(struct call *call, const json_t *list, const char **ret_guests)
{
	*ret_guests = NULL;
	if (list != NULL && (!json_is_array(list) || json_array_size(list) > APPOINTMENT_GUESTS_MAX)) {
		call_problem(call, PROBLEM_INVALID_FIELD, "guests",
			     "guests must be an array of at most 10 email addresses.");
		return false;
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *given = json_string_value(json_array_get(list, i));
		given += given != NULL ? strspn(given, " ") : 0;
		char *address = arena_strndup(call->mem, given != NULL ? given : "",
					      given != NULL ? strcspn(given, " ") : 0);
		const bool alone = given != NULL &&
				   given[strlen(address) + strspn(given + strlen(address), " ")] == '\0';
		if (!alone || !email_is_usable(address)) {
			call_problem(call, PROBLEM_INVALID_FIELD, arena_printf(call->mem, "guests[%zu]", i),
				     "This can't be used. Please enter an email address such as "
				     "name@example.com.");
			return false;
		}
		for (char *c = address; *c != '\0'; c++)
			*c = (char)tolower((unsigned char)*c);
		if (*ret_guests == NULL)
			*ret_guests = address;
		else if (!appointment_invites(*ret_guests, address))
			*ret_guests = arena_printf(call->mem, "%s %s", *ret_guests, address);
	}
	return true;
}

/* The rules that a coach overrides by name, as bits. False: answered. */
bool booking_read_overrides(struct call *call, const json_t *names, unsigned *ret_overridden)
{
	*ret_overridden = 0;
	if (names != NULL && !json_is_array(names)) {
		call_problem(call, PROBLEM_INVALID_FIELD, "override", "override must be an array.");
		return false;
	}
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));
		int rule = REFUSAL_BAD_DURATION;
		while (rule <= REFUSAL_CREDITS_REQUIRED &&
		       (name == NULL || !booking_may_override((enum refusal)rule) ||
			strcmp(refusal_code((enum refusal)rule), name) != 0))
			rule++;
		if (rule > REFUSAL_CREDITS_REQUIRED) {
			call_problem(call, PROBLEM_INVALID_FIELD, arena_printf(call->mem, "override[%zu]", i),
				     "This isn't a rule that can be overridden.");
			return false;
		}
		*ret_overridden |= 1u << rule;
	}
	return true;
}

bool booking_read_credits(struct call *call, const char *word, unsigned *overridden)
{
	if (word != NULL && strcmp(word, "free") == 0) {
		*overridden |= 1u << REFUSAL_CREDITS_REQUIRED;
	} else if (word != NULL && strcmp(word, "debit") != 0) {
		call_problem(call, PROBLEM_INVALID_FIELD, "credits", "credits must be debit or free.");
		return false;
	}
	return true;
}
