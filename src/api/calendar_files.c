/*
 * Appointments as calendar files: one to download, and a coach's to subscribe to.
 */
#include "api/booking.h"
#include "api/coach.h"
#include "app/booking.h"
#include "app/feed_token.h"
#include "base/text.h"
#include "base/uuid.h"
#include "domain/appointment.h"
#include "domain/ics.h"

#include <inttypes.h>
#include <string.h>

/* What the client wrote, and how to get in. */
static const char *description_of(const struct appointment *appointment, struct arena *mem)
{
	const char *notes = appointment->notes;
	const char *how = appointment->meeting_instructions;
	const char *label = appointment->meeting_kind == MEETING_LINK ? appointment->meeting_label : NULL;
	if (how != NULL && label != NULL)
		how = arena_printf(mem, "%s: %s", label, how);
	else if (how == NULL)
		how = label;
	return notes != NULL && how != NULL ? arena_printf(mem, "%s\n\n%s", how, notes)
	       : notes != NULL              ? notes
					    : how;
}

/* The entry of an appointment. Its texts are the appointment's or lie in `mem`. */
static struct ics_event share_event(const struct appointment *appointment, const struct coach *coach,
				    struct arena *mem)
{
	const struct session_type *type = schedule_type(coach->schedule, appointment->session_type);
	const char *what = type != NULL ? type->name : appointment->session_type;
	const char *summary = appointment->name != NULL ? arena_printf(mem, "%s: %s", text_isolate(mem, what),
								       text_isolate(mem, appointment->name))
							: what;
	return (struct ics_event){
		.uid = appointment_uid(appointment->id, mem),
		.sequence = appointment->version - 1,
		.cancelled = appointment->status == APPOINTMENT_CANCELLED ||
			     appointment->status == APPOINTMENT_EXPIRED,
		.tentative = appointment->status == APPOINTMENT_HELD,
		.stamp = appointment->updated_at,
		.created = appointment->created_at,
		.modified = appointment->updated_at,
		.start = appointment->starts_at,
		.end = appointment->ends_at,
		.summary = summary,
		.description = description_of(appointment, mem),
		.location = appointment->meeting_place,
		.meeting_url = appointment->meeting_url,
		.organizer_email = coach->email,
		.organizer_name = coach->email != NULL ? coach->id : NULL,
		.attendee_name = appointment->email != NULL ? appointment->name : NULL,
		.attendee_email = appointment->email,
	};
}

void api_booking_ics(struct call *call)
{
	struct appointment appointment;
	if (!api_booking_find(call, &appointment))
		return;
	COACH_LOCAL coach = NULL;
	if (coaches_find(call->api->coaches, call->worker, appointment.coach_id, &coach) != COACH_FOUND) {
		call_database_failure(call, DB_UNAVAILABLE);
		return;
	}
	struct ics_event event = share_event(&appointment, coach, call->mem);
	const struct zone *zone =
		appointment.client_time_zone != NULL ? zone_find(appointment.client_time_zone) : NULL;
	struct ics_text text = ics_appointment(&event, event.cancelled ? ICS_CANCEL : ICS_PUBLISH,
					       zone != NULL ? zone : coach->schedule->zone, call->mem);
	struct buffer *out = reply_begin(call->reply, 200, "text/calendar; charset=utf-8");
	buffer_append(out, text.bytes, text.length);
	reply_header_printf(call->reply, "Content-Disposition",
			    "attachment; filename=\"appointment-%.8s.ics\"", appointment.id);
}

/* The address with this token; NULL: it cannot be shown any more. */
static void answer_feed_url(struct call *call, const char *coach_id, const char *token)
{
	const char *url = NULL;
	if (token != NULL)
		url = arena_printf(call->mem, "%s/coach/%s/feed.ics?token=%s", call_origin(call), coach_id,
				   token);
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	json_write_object(&writer, NULL);
	json_write_text(&writer, "url", url);
	json_write_object_end(&writer);
}

void api_coach_feed(struct call *call)
{
	COACH_LOCAL coach = NULL;
	if (api_coach_find(call, &coach))
		answer_feed_url(
			call, coach->id,
			feed_token_open(call->mem, call->api->feed_keys, coach->id, coach->feed_sealed));
}

void api_coach_feed_renew(struct call *call)
{
	COACH_LOCAL coach = NULL;
	if (!api_coach_find(call, &coach))
		return;
	struct feed_token token = feed_token_new(call->mem, call->api->feed_keys, coach->id);
	enum db_result result =
		db_run(call->worker->db, QUERY_COACH_FEED_RENEW,
		       DB_PARAMETERS(db_text(coach->id), db_text(token.digest), db_text(token.sealed)), NULL);
	if (result != DB_OK) {
		call_database_failure(call, result);
		return;
	}
	coaches_changed(call->api->coaches, coach->id);
	answer_feed_url(call, coach->id, token.text);
}

/* ---- the feed ---- */

enum {
	FEED_PORTION = 25, /* appointments written at once */
	FEED_PAST_DAYS = 90,
};

/* A feed on its way. */
struct feed {
	struct call *call;
	struct appointment_page_query query;
	char after_id[UUID_TEXT_SIZE]; /* where query.after_id points */
};

static enum db_result feed_portion(struct feed *feed, const struct coach *coach, bool *ret_last)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	struct appointment_list list;
	enum db_result result = appointments_feed(feed->call->worker->db, &mem, &feed->query, &list);
	if (result != DB_OK)
		return result;
	struct buffer *out = &feed->call->reply->body;
	for (size_t i = 0; i < list.count; i++) {
		struct ics_event event = share_event(&list.items[i], coach, &mem);
		/* Whoever has the address reads it: what clients confide to their coach stays out. */
		event.description = NULL;
		struct ics_text text = ics_feed_event(&event, coach->schedule->zone, &mem);
		buffer_append(out, text.bytes, text.length);
	}
	*ret_last = list.count < FEED_PORTION;
	if (*ret_last) {
		buffer_append_text(out, ICS_FEED_END);
	} else {
		const struct appointment *last = &list.items[list.count - 1];
		feed->query.after_start = last->starts_at;
		memcpy(feed->after_id, last->id, sizeof(feed->after_id));
	}
	return DB_OK;
}

static enum reply_portion feed_on(void *feed_pointer, void *worker)
{
	struct feed *feed = feed_pointer;
	struct call *call = feed->call;
	call->worker = worker;
	COACH_LOCAL coach = NULL;
	bool last = false;
	if (coaches_find_schedule(call->api->coaches, call->worker, feed->query.coach_id, &coach) !=
	    COACH_FOUND)
		return REPLY_BROKEN;
	enum db_result result = feed_portion(feed, coach, &last);
	if (result != DB_OK) {
		call_log_failure(call, result);
		return REPLY_BROKEN;
	}
	return last ? REPLY_LAST : REPLY_MORE;
}

/* Weak: an appointment may change between this and the portion that has it, and the next reader gets the new
 * one.
 */
static const char *feed_etag(const struct call *call, const struct coach *coach, const char *state)
{
	const char *release = zone_release();
	return arena_printf(call->mem, "W/\"%s-%" PRId64 "-%s-%s\"", state, coach->schedule_version,
			    release != NULL ? release : "", BOOKINGD_VERSION);
}

static void answer_feed(struct call *call, const struct coach *coach)
{
	struct feed *feed = arena_alloc(call->mem, sizeof(*feed));
	feed->call = call;
	feed->query = (struct appointment_page_query){
		.coach_id = arena_strdup(call->mem, coach->id),
		.after_start = call->request->now - FEED_PAST_DAYS * SECONDS_PER_DAY,
		.after_id = feed->after_id,
		.limit = FEED_PORTION,
	};
	uuid_format((struct uuid){0}, feed->after_id);
	const char *state = NULL;
	bool last = false;
	enum db_result result = appointments_feed_state(call->worker->db, call->mem, coach->id,
							feed->query.after_start, &feed->query.to, &state);
	if (result != DB_OK) {
		call_database_failure(call, result);
		return;
	}
	const char *etag = feed_etag(call, coach, state);
	bool known = request_none_match(call->request, etag);
	if (!known) {
		struct ics_text begin =
			ics_feed_begin(arena_printf(call->mem, "Appointments of %s", coach->id),
				       coach->schedule->zone, call->mem);
		struct buffer *out = reply_begin(call->reply, 200, "text/calendar; charset=utf-8");
		buffer_append(out, begin.bytes, begin.length);
		result = feed_portion(feed, coach, &last);
		if (result != DB_OK) {
			call_database_failure(call, result);
			return;
		}
		if (!last)
			reply_continue(call->reply, feed_on, feed);
	} else {
		reply_empty(call->reply, 304);
	}
	reply_header_printf(call->reply, "ETag", "%s", etag);
	reply_header(call->reply, "Cache-Control", "private, no-cache");
}

/* Anyone with the token; a wrong one looks like no feed at all. */
void api_coach_feed_ics(struct call *call)
{
	COACH_LOCAL coach = NULL;
	const char *token = request_query(call->request, "token");
	const char *id = request_parameter(call->request, "coach");
	enum coach_found found = coaches_find(call->api->coaches, call->worker, id, &coach);
	if (found == COACH_FAILURE)
		call_database_failure(call, DB_UNAVAILABLE);
	else if (found != COACH_FOUND || !feed_token_matches(token, coach->feed_token))
		call_problem(call, PROBLEM_NOT_FOUND, NULL, "There's no calendar at this address.");
	else
		answer_feed(call, coach);
}
