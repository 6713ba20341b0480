#include "api/event.h"

#include "api/coach.h"
#include "api/rows.h"
#include "base/json.h"

#include <string.h>

void event_write(struct json_writer *writer, const struct event *event, bool mail)
{
	json_write_object(writer, NULL);
	json_write_text(writer, "id", event->id);
	json_write_text(writer, "type", event->type);
	json_write_instant(writer, "timestamp", event->at);
	if (event->about_appointment) {
		const struct viewer viewer = {.now = event->at, .mail = mail, .without_notes = true};
		json_write_object(writer, "data");
		render_members(writer, &event->appointment, viewer);
		json_write_integer(writer, "version", event->appointment.version);
		if (event->previous_start != 0) {
			json_write_object(writer, "previous");
			json_write_instant(writer, "start", event->previous_start);
			json_write_instant(writer, "end", event->previous_end);
			if (event->previous_coach != NULL)
				json_write_text(writer, "coach", event->previous_coach);
			json_write_object_end(writer);
		}
		json_write_object_end(writer);
	} else {
		json_write_raw(writer, "data", event->body, strlen(event->body));
	}
	json_write_object_end(writer);
}

void event_payload(const struct event *event, bool mail, struct buffer *out)
{
	struct json_writer writer;
	json_writer_init(&writer, out);
	event_write(&writer, event, mail);
}

const char *const event_types[] = {
	"appointment.created",
	"appointment.moved",
	"appointment.cancelled",
	"appointment.completed",
	"appointment.no_show",
	"appointment.meeting_ready",
	"appointment.guests_changed",
	"appointment.requested",
	"appointment.declined",
	"appointment.expired",
	"appointment.calendar_conflict",
	"hold.expired",
	"notice.failed",
	"calendar.needs_consent",
	"credits.changed",
	"waitlist.offered",
	NULL,
};

/* The event to read on from, or NULL for the first. False: answered. */
static bool read_after(struct call *call, const char **ret_after)
{
	const char *after = request_query(call->request, "after");
	DB_ROWS rows = {0};
	*ret_after = after;
	if (after == NULL)
		return true;
	if (uuid_parse(after, strlen(after), NULL)) {
		enum db_result result =
			db_run(call->worker->db, QUERY_EVENT_KNOWN, DB_PARAMETERS(db_uuid(after)), &rows);
		if (result != DB_OK) {
			call_database_failure(call, result);
			return false;
		}
		if (db_get_bool(&rows, 0, 0))
			return true;
	}
	call_problem(call, PROBLEM_BAD_PARAMETER, "after",
		     "after must be the id of an event; leave it out to begin with the first that is kept.");
	return false;
}

void api_events(struct call *call)
{
	COACH_LOCAL coach = NULL;
	const char *after = NULL;
	struct page page;
	DB_ROWS rows = {0};
	if (!page_read_limit(call, &page) || !api_coach_find(call, &coach) || !read_after(call, &after))
		return;
	enum db_result result =
		db_run(call->worker->db, QUERY_EVENT_LIST,
		       DB_PARAMETERS(db_text(coach->id), after != NULL ? db_uuid(after) : db_null(),
				     db_int(page.limit + 1)),
		       &rows);
	size_t count = page_shown(&page, rows.count);
	struct event *events = arena_array(call->mem, count + 1, sizeof(*events));
	for (size_t row = 0; row < count && result == DB_OK; row++)
		result = event_read(call->worker->db, &rows, row, 0, call->mem, &events[row]);
	struct json_writer writer;
	if (!rows_begin_list(call, result, "events", &writer))
		return;
	for (size_t i = 0; i < count; i++)
		event_write(&writer, &events[i], notices_mail_on(call->api->notices));
	json_write_array_end(&writer);
	/* What `after` is to be for the next page. */
	json_write_text(&writer, "next_cursor", rows.count > count ? events[count - 1].id : NULL);
	json_write_object_end(&writer);
}
