#include "api/render.h"

#include "calendar/events.h"
#include "base/encode.h"
#include "net/google_calendar.h"

#include <string.h>

static void write_instant_or_null(struct json_writer *writer, const char *name, instant at)
{
	if (at == 0)
		json_write_null(writer, name);
	else
		json_write_instant(writer, name, at);
}

/* What is not decided yet but cannot be otherwise is said at once, so that a reply does not differ from the
 * next. */
static void write_inviter(struct json_writer *writer, const struct appointment *appointment,
			  struct viewer viewer)
{
	enum inviter invited_by = appointment->invited_by;
	if (invited_by == INVITER_OPEN && appointment->calendar_id == NULL)
		invited_by =
			viewer.mail && appointment_has_invited(appointment) ? INVITER_EMAIL : INVITER_NONE;
	json_write_text(writer, "invited_by", inviter_name(invited_by));
}

/* Addresses, each with nothing that JSON escapes. */
static void write_guests(struct json_writer *writer, const char *guests)
{
	json_write_array(writer, "guests");
	for (const char *at = guests; at != NULL && *at != '\0';) {
		const size_t length = strcspn(at, " ");
		json_write_name(writer, NULL);
		buffer_printf(writer->out, "\"%.*s\"", (int)length, at);
		at += length + (at[length] == ' ');
	}
	json_write_array_end(writer);
}

/* "answers" and "questions", and for the coach "coach_notes": what there is of them. */
static void write_private(struct json_writer *writer, const struct private_part *part, bool to_coach)
{
	if (part->answers != NULL) {
		/* Kept as an object of just these two: its members become ours. */
		const char *members = part->answers + strlen("{\"answers\":");
		json_write_name(writer, "answers");
		buffer_append(writer->out, members, strlen(members) - 1);
	}
	if (to_coach && part->coach_notes != NULL)
		json_write_text(writer, "coach_notes", part->coach_notes);
}

static void write_meeting(struct json_writer *writer, const struct appointment *appointment)
{
	if (appointment->meeting_kind == MEETING_NONE) {
		json_write_null(writer, "meeting");
		return;
	}
	json_write_object(writer, "meeting");
	json_write_text(writer, "kind", meeting_kind_name(appointment->meeting_kind));
	json_write_text(writer, "url", appointment->meeting_url);
	if (appointment->meeting_label != NULL)
		json_write_text(writer, "label", appointment->meeting_label);
	if (appointment->meeting_place != NULL)
		json_write_text(writer, appointment->meeting_kind == MEETING_PHONE ? "number" : "address",
				appointment->meeting_place);
	if (appointment->meeting_instructions != NULL)
		json_write_text(writer, "instructions", appointment->meeting_instructions);
	json_write_object_end(writer);
}

/* Where the appointment stands in the coach's calendar. */
static void write_calendar(struct json_writer *writer, const struct appointment *appointment)
{
	json_write_object(writer, "calendar");
	json_write_text(writer, "state", calendar_state_of(appointment));
	char event_id[GOOGLE_EVENT_ID_BYTES];
	bool has_event = (appointment->event_written || appointment->event_link != NULL) &&
			 google_event_id(appointment->id, event_id);
	json_write_text(writer, "event_id", has_event ? event_id : NULL);
	json_write_text(writer, "html_link", appointment->event_link);
	if (appointment->calendar_detail != NULL)
		json_write_text(writer, "detail", appointment->calendar_detail);
	json_write_object_end(writer);
}

void render_where(struct json_writer *writer, const struct appointment *appointment)
{
	write_meeting(writer, appointment);
	write_calendar(writer, appointment);
}

/* What it took, what it costs elsewhere, and what cancelling it now would lose for whoever reads this. */
static void write_payment(struct json_writer *writer, const struct appointment *appointment,
			  const struct appointment_terms *terms)
{
	const struct price *price = &appointment->price;
	if (price->currency != NULL) {
		json_write_object(writer, "price");
		json_write_integer(writer, "amount", price->amount);
		json_write_text(writer, "currency", price->currency);
		json_write_object_end(writer);
	}
	if (appointment->promo_code != NULL)
		json_write_text(writer, "promo_code", appointment->promo_code);
	if (appointment->late_cancel != LATE_CANCEL_REFUSE)
		json_write_text(writer, "late_cancel", late_cancel_name(appointment->late_cancel));
	if (appointment->payment == PAYMENT_NONE)
		return;
	json_write_object(writer, "payment");
	json_write_text(writer, "kind", price->credits > 0 ? "credits" : "promo_code");
	json_write_text(writer, "state", payment_state_name(appointment->payment));
	json_write_integer(writer, "amount", price->credits);
	json_write_object_end(writer);
	if (appointment->payment != PAYMENT_PAID || !terms->keeps) {
		json_write_null(writer, "cancel_costs");
		return;
	}
	json_write_object(writer, "cancel_costs");
	json_write_integer(writer, "credits", price->credits);
	if (appointment->promo_code != NULL)
		json_write_text(writer, "promo_code", appointment->promo_code);
	json_write_object_end(writer);
}

/* What only an appointment in this state has to tell: how long it is held, or how it ended. */
static void write_state(struct json_writer *writer, const struct appointment *appointment,
			enum appointment_status status)
{
	if (status == APPOINTMENT_HELD || status == APPOINTMENT_EXPIRED)
		write_instant_or_null(writer, "hold_expires_at", appointment->hold_expires_at);
	if (status == APPOINTMENT_HELD && appointment->offered)
		json_write_boolean(writer, "offered", true);
	if (status == APPOINTMENT_REQUESTED)
		json_write_instant(writer, "decide_before", appointment->hold_expires_at);
	if (status == APPOINTMENT_CANCELLED || status == APPOINTMENT_DECLINED) {
		write_instant_or_null(writer, "cancelled_at", appointment->cancelled_at);
		json_write_text(writer, "cancelled_by", cancelled_by_name(appointment->cancelled_by));
		json_write_text(writer, "cancel_reason", appointment->cancel_reason);
	} else if (appointment->cancel_reason != NULL) {
		json_write_text(writer, "move_reason", appointment->cancel_reason);
	}
}

void render_members(struct json_writer *writer, const struct appointment *appointment, struct viewer viewer)
{
	enum appointment_status status = appointment_shown(appointment, viewer.now);
	const struct appointment_facts facts = appointment_facts(appointment);
	const struct appointment_terms terms = appointment_terms(
		&facts, viewer.now, identity_is_exempt(viewer.caller, appointment->coach_id));

	json_write_text(writer, "id", appointment->id);
	json_write_text(writer, "status", appointment_status_name(status));
	json_write_text(writer, "coach", appointment->coach_id);
	json_write_text(writer, "user_id", appointment->user_id);
	json_write_text(writer, "session_type", appointment->session_type);
	json_write_instant(writer, "start", appointment->starts_at);
	json_write_instant(writer, "end", appointment->ends_at);
	json_write_integer(writer, "duration_minutes",
			   (appointment->ends_at - appointment->starts_at) / SECONDS_PER_MINUTE);
	json_write_text(writer, "time_zone", appointment->client_time_zone);
	json_write_text(writer, "name", appointment->name);
	json_write_text(writer, "email", appointment->email);
	json_write_text(writer, "phone", appointment->phone);
	if (!viewer.without_notes)
		json_write_text(writer, "notes", appointment->notes);
	write_guests(writer, appointment->guests);
	write_inviter(writer, appointment, viewer);
	render_where(writer, appointment);
	json_write_text(writer, "guest_response", appointment->guest_response);
	json_write_instant(writer, "cancel_before", terms.cancel_before);
	json_write_instant(writer, "reschedule_before", terms.reschedule_before);
	json_write_boolean(writer, "can_cancel", terms.cancel == REFUSAL_NONE);
	json_write_boolean(writer, "can_reschedule", terms.reschedule == REFUSAL_NONE);
	json_write_integer(writer, "reschedule_count", appointment->reschedule_count);
	if (appointment->max_reschedules != POLICY_NO_LIMIT)
		json_write_integer(writer, "max_reschedules", appointment->max_reschedules);
	write_payment(writer, appointment, &terms);
	write_state(writer, appointment, status);
	if (viewer.private_part != NULL)
		write_private(writer, viewer.private_part,
			      identity_is_exempt(viewer.caller, appointment->coach_id));
	if (viewer.notices != NULL) { /* an export */
		json_write_text(writer, "locale", appointment->locale);
		json_write_raw(writer, "notices", viewer.notices, strlen(viewer.notices));
	}
	if (appointment->group_id[0] != '\0')
		json_write_text(writer, "group_id", appointment->group_id);
	if (appointment->series_id[0] != '\0') {
		json_write_text(writer, "series_id", appointment->series_id);
		json_write_integer(writer, "series_index", appointment->series_index);
	}
	if (viewer.pass != NULL) {
		json_write_text(writer, "token", viewer.pass->token);
		json_write_instant(writer, "token_expires_at", viewer.pass->expires_at);
	}
	json_write_text(writer, "created_by", appointment->created_by);
	json_write_instant(writer, "created_at", appointment->created_at);
	json_write_instant(writer, "updated_at", appointment->updated_at);
}

void render_appointment(struct json_writer *writer, const char *name, const struct appointment *appointment,
			struct viewer viewer)
{
	json_write_object(writer, name);
	render_members(writer, appointment, viewer);
	json_write_object_end(writer);
}

void render_reason(struct json_writer *writer, const struct told_reason *reason)
{
	json_write_object(writer, NULL);
	json_write_text(writer, "rule", refusal_code(reason->rule));
	json_write_text(writer, "detail", reason->detail);
	if (reason->has_span) {
		json_write_instant(writer, "start", reason->span.start);
		json_write_instant(writer, "end", reason->span.end);
	}
	if (reason->source != NULL)
		json_write_text(writer, "source", reason->source);
	json_write_object_end(writer);
}

/* A cursor is the last appointment's start and id; opaque to clients, checked when it comes back. */
static const char *cursor_write(const struct appointment *last, struct arena *mem)
{
	char start[INSTANT_TEXT_BYTES];
	instant_format(last->starts_at, start);
	const char *plain = arena_printf(mem, "%s|%s", start, last->id);
	char *text = arena_alloc(mem, ENCODE_BASE64URL_SIZE(strlen(plain)));
	encode_base64url(plain, strlen(plain), text);
	return text;
}

bool cursor_read(const char *cursor, struct arena *mem, instant *ret_start, const char **ret_id)
{
	char plain[80];
	size_t size = 0;
	if (!encode_base64url_read(cursor, strlen(cursor), plain, sizeof(plain), &size))
		return false;
	const char *bar = memchr(plain, '|', size);
	if (bar == NULL || !instant_parse(plain, (size_t)(bar - plain), ret_start))
		return false;
	size_t id_length = size - (size_t)(bar - plain) - 1;
	if (!uuid_parse(bar + 1, id_length, NULL))
		return false;
	*ret_id = arena_strndup(mem, bar + 1, id_length);
	return true;
}

void render_appointments(struct buffer *out, const struct appointment_list *list, bool more,
			 struct viewer viewer, struct arena *mem)
{
	struct json_writer writer;
	json_writer_init(&writer, out);
	json_write_object(&writer, NULL);
	json_write_array(&writer, "appointments");
	for (size_t i = 0; i < list->count; i++)
		render_appointment(&writer, NULL, &list->items[i], viewer);
	json_write_array_end(&writer);
	json_write_text(&writer, "next_cursor",
			more ? cursor_write(&list->items[list->count - 1], mem) : NULL);
	json_write_object_end(&writer);
}
