#include "api/groups.h"

#include "api/render.h"
#include "app/group.h"
#include "base/json.h"
#include "booking_body.h"

#include <string.h>

static void answer_group(struct call *call, const struct group *group)
{
	const struct appointment *session = &group->session;
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	json_write_object(&writer, NULL);
	json_write_text(&writer, "group_id", session->id);
	json_write_text(&writer, "coach", session->coach_id);
	json_write_text(&writer, "session_type", session->session_type);
	json_write_text(&writer, "status", appointment_status_name(session->status));
	json_write_instant(&writer, "start", session->starts_at);
	json_write_instant(&writer, "end", session->ends_at);
	json_write_integer(&writer, "duration_minutes",
			   (session->ends_at - session->starts_at) / SECONDS_PER_MINUTE);
	json_write_integer(&writer, "seats", group->seats);
	json_write_integer(&writer, "min_seats", group->min_seats);
	json_write_integer(&writer, "seats_taken", group->taken);
	render_where(&writer, session);
	json_write_array(&writer, "appointments");
	for (size_t i = 0; i < group->list.count; i++)
		render_appointment(&writer, NULL, &group->list.items[i], call_viewer(call));
	json_write_array_end(&writer);
	json_write_object_end(&writer);
}

/* The session of the path. False: answered. */
static bool find(struct call *call, const struct booking_call *use, const char *action,
		 struct group *ret_group)
{
	struct booking_result result;
	if (group_find(use, request_parameter(call->request, "coach"),
		       request_parameter(call->request, "group_id"), ret_group, &result))
		return true;
	booking_answer_call(call, action, &result);
	return false;
}

/* What became of it: the session as it is now, or why not. */
static void answer_change(struct call *call, const struct booking_call *use, const char *action,
			  const struct booking_result *result)
{
	struct group group;
	if (result->verdict != BOOKING_FINE) {
		booking_answer_call(call, action, result);
		return;
	}
	if (result->moved_or_new)
		notices_wake(call->api->notices);
	if (!find(call, use, action, &group))
		return;
	answer_group(call, &group);
	booking_count_outcome(call, action);
}

void api_group_get(struct call *call)
{
	struct booking_call use = booking_use_case(call);
	struct group group;
	if (find(call, &use, "get", &group))
		answer_group(call, &group);
}

bool api_group_retell(struct call *call, const struct appointment *session, unsigned status)
{
	(void)session;
	(void)status;
	api_group_get(call);
	return true;
}

void api_group_cancel(struct call *call)
{
	const char *reason = NULL;
	const struct json_field fields[] = {
		{"reason", JSON_FIELD_NOTE, false, 0, NOTES_MAX_CHARACTERS, &reason, NULL}};
	struct booking_call use = booking_use_case(call);
	struct booking_result result;
	struct group group;
	if (!call_body(call, fields, 1) || !find(call, &use, "cancel", &group))
		return;
	group_cancel(&use, &group, reason, &result);
	answer_change(call, &use, "cancel", &result);
}

void api_group_reschedule(struct call *call)
{
	struct booking_wish wish = {0};
	JSON_LOCAL overrides = NULL;
	const struct json_field fields[] = {
		{"start", JSON_FIELD_INSTANT, true, 0, 0, &wish.start, NULL},
		{"duration_minutes", JSON_FIELD_INTEGER, false, DURATION_MIN_MINUTES, DURATION_MAX_MINUTES,
		 &wish.duration_minutes, NULL},
		{"override", JSON_FIELD_VALUE, false, 0, 0, &overrides, NULL},
		{"reason", JSON_FIELD_NOTE, false, 0, NOTES_MAX_CHARACTERS, &wish.reason, NULL},
	};
	struct booking_call use = booking_use_case(call);
	struct booking_result result;
	struct group group;
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])) ||
	    !booking_read_overrides(call, overrides, &wish.overridden) ||
	    !find(call, &use, "reschedule", &group))
		return;
	group_move(&use, &group, &wish, &result);
	answer_change(call, &use, "reschedule", &result);
}
