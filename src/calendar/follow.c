/*
 * The other direction: what happened to our events in Google Calendar.
 *
 * A look reads what changed since the last one (or everything, when Google has forgotten the last one). For
 * each event of ours that is not as the appointment has it, the event is read once more after the row was:
 * the row's version then tells whether our own write came in between, so our writes can never be taken for
 * the coach's.
 */
#include "follow.h"

#include "base/encode.h"
#include "base/log.h"
#include "base/uuid.h"
#include "domain/schedule.h"
#include "event.h"

#include <stdlib.h>
#include <string.h>

enum {
	PAGE_DEADLINE_MS = 5000,
	PAGES_MAX = 2000,         /* of 250 events */
	BEHIND = SECONDS_PER_DAY, /* how far back the first list reaches */
	ROWS_AT_ONCE = 500,       /* appointments read from the database */
};

/* Before every id. */
#define UUID_NONE "00000000-0000-0000-0000-000000000000"

static const char *const all_day_detail =
	"The event was made an all-day event in Google Calendar; the appointment keeps its time.";
static const char *const long_detail =
	"The event was made longer than a day in Google Calendar; the appointment keeps its time.";

/* One look at one calendar. */
struct sync {
	struct visit *visit;
	const char *calendar_id;
	struct arena *mem;  /* of the look */
	struct arena page;  /* of one page */
	struct buffer seen; /* ids of the events of a full list, 32 characters each */
	bool foreign;       /* events that are not ours have changed */
	bool changed;       /* appointments have */
	bool unfinished;    /* something could not be looked at: the same changes are to come again */
	bool noted;         /* what the list tells of the calendar */
	bool forgotten;     /* the calendar knows of no last look, and nothing of what was deleted */
};

static void count_change(struct sync *sync, const struct appointment *row, const char *change)
{
	struct metrics *metrics = sync->visit->calendars->settings.metrics;
	log_line(LOG_INFO, "calendar_followed", LOG_TEXT_FIELD("coach", row->coach_id),
		 LOG_TEXT_FIELD("appointment", row->id), LOG_TEXT_FIELD("change", change));
	if (metrics != NULL)
		counter_add(metrics_counter(metrics, "bookingd_calendar_changes_total",
					    "What coaches did to our events in Google Calendar.", "change",
					    change, NULL),
			    1);
}

/* ---- one event ---- */

/* The appointment an event id belongs to. False: it is none of ours. */
static bool appointment_id_of(const char *event_id, char ret_id[static UUID_TEXT_SIZE])
{
	struct uuid id;
	size_t size;
	if (strlen(event_id) != 2 * UUID_SIZE ||
	    !encode_hex_read(event_id, 2 * UUID_SIZE, id.bytes, sizeof(id.bytes), &size))
		return false;
	uuid_format(id, ret_id);
	return true;
}

static bool is_scheduled(const struct appointment *row)
{
	return row->status == APPOINTMENT_SCHEDULED;
}

/* Whether it was left here by an account that was connected before the one that has the event by now. */
static bool is_left(struct sync *sync, const struct google_event *event, const struct appointment *row)
{
	return row->event_written &&
	       event_links_compare(&sync->page, event->html_link, row->event_link) == EVENT_LINKS_DIFFER;
}

/* Whether row and event agree, but for what is still owed. */
static bool agree(struct sync *sync, const struct google_event *event, const struct appointment *row)
{
	if (is_left(sync, event, row))
		return false;
	if (event->status == GOOGLE_EVENT_CANCELLED)
		return !row->event_written;
	return is_scheduled(row) ? event_same_time(event, row) && row->event_written : row->event_written;
}

/* What could not be read or written is looked at again with the next visit. */
static enum db_result noted(struct sync *sync, enum db_result result)
{
	if (result != DB_OK && result != DB_NONE) {
		sync->unfinished = true;
		log_line(LOG_ERROR, "calendar_not_followed", LOG_TEXT_FIELD("coach", sync->visit->coach->id),
			 LOG_TEXT_FIELD("detail", db_failure(sync->visit->worker->db)->detail));
	}
	return result;
}

static enum db_result run(struct sync *sync, enum query query, const struct db_value parameters[],
			  size_t count, struct db_rows *rows)
{
	return noted(sync, db_run(sync->visit->worker->db, query, parameters, count, rows));
}

/* The event stands as the row has it: only what Google adds is kept. */
static void note_seen(struct sync *sync, const struct appointment *row, const struct google_event *event)
{
	run(sync, QUERY_CALENDAR_EVENT_SEEN,
	    DB_PARAMETERS(db_uuid(row->id), db_int(row->version), db_text(event->etag),
			  db_text(event_guest_response(event, row))),
	    NULL);
}

/* The guest's answer counts also where the event's time does not. */
static void note_answer(struct sync *sync, const struct appointment *row, const struct google_event *event)
{
	const char *response = event_guest_response(event, row);
	if (strcmp(response, row->guest_response) != 0)
		run(sync, QUERY_CALENDAR_EVENT_ANSWERED,
		    DB_PARAMETERS(db_uuid(row->id), db_int(row->version), db_text(response)), NULL);
}

static void follow_deletion(struct sync *sync, const struct appointment *row)
{
	enum event_outcome outcome = EVENT_CHANGED;
	if (noted(sync, appointments_event_gone(sync->visit->worker->db, row->id, row->version, &outcome)) !=
		    DB_OK ||
	    outcome != EVENT_CANCELLED)
		return;
	sync->changed = true;
	count_change(sync, row, "cancelled");
}

/* What was written was never in this calendar, or in what stood there before it: nobody has moved or deleted
 * it there, and it is written once more. */
static void follow_loss(struct sync *sync, const struct appointment *row)
{
	DB_ROWS rows = {0};
	if (run(sync, QUERY_CALENDAR_EVENT_LOST,
		DB_PARAMETERS(db_uuid(row->id), db_int(row->version), db_text(sync->calendar_id)),
		&rows) != DB_OK)
		return;
	count_change(sync, row, "lost");
	bell_ring(&sync->visit->calendars->bell, BELL_PAYERS);
}

static void follow_move(struct sync *sync, const struct appointment *row, const struct google_event *event)
{
	bool timed = event->has_time && !event->all_day && event->end > event->start;
	note_answer(sync, row, event);
	if (!timed || event->end - event->start > DURATION_MAX_MINUTES * SECONDS_PER_MINUTE) {
		if (!row->calendar_conflict &&
		    run(sync, QUERY_CALENDAR_EVENT_CONFLICT,
			DB_PARAMETERS(db_uuid(row->id), db_int(row->version),
				      db_text(timed ? long_detail : all_day_detail)),
			NULL) == DB_OK)
			count_change(sync, row, "conflict");
		return;
	}
	enum event_outcome outcome = EVENT_CHANGED;
	if (noted(sync, appointments_event_moved(sync->visit->worker->db, row,
						 (struct interval){event->start, event->end}, event->etag,
						 &outcome)) != DB_OK)
		return;
	if (outcome == EVENT_MOVED || outcome == EVENT_CONFLICT) {
		sync->changed = true;
		count_change(sync, row, outcome == EVENT_MOVED ? "moved" : "conflict");
	}
	if (outcome == EVENT_MOVED) {
		struct appointment moved = *row;
		moved.version++;
		note_seen(sync, &moved, event); /* the guest may have been asked again */
	}
}

/* Lay the event, as it is now, over the row, as it was read before. */
static void follow_event(struct sync *sync, const struct appointment *row)
{
	struct visit *visit = sync->visit;
	struct google_event event = {0};
	struct google_answer answer;
	char event_id[GOOGLE_EVENT_ID_BYTES];
	visit->call.deadline = monotonic_ms() + PAGE_DEADLINE_MS;
	if (!google_event_id(row->id, event_id) || !visit_may_call(visit)) {
		sync->unfinished = true;
		return;
	}
	visit_get(visit, CALL_READ, sync->calendar_id, event_id, &event, &answer);
	const bool gone = answer.outcome == GOOGLE_GONE;
	const bool lost = answer.outcome == GOOGLE_NOT_FOUND || (gone && sync->forgotten) ||
			  (answer.outcome == GOOGLE_OK && is_scheduled(row) && is_left(sync, &event, row));
	if (answer.outcome != GOOGLE_OK && !gone && !lost) {
		sync->unfinished = true;
		return;
	}
	if (lost) {
		follow_loss(sync, row);
	} else if (gone || event.status == GOOGLE_EVENT_CANCELLED) {
		if (row->event_written)
			follow_deletion(sync, row);
	} else if (row->status == APPOINTMENT_CANCELLED) {
		/* An insert that came late, or somebody fetched it back: the client was told otherwise. */
		run(sync, QUERY_CALENDAR_OWE_AGAIN, DB_PARAMETERS(db_uuid(row->id), db_int(row->version)),
		    NULL);
		bell_ring(&visit->calendars->bell, BELL_PAYERS);
	} else if (is_scheduled(row) && !event_same_time(&event, row)) {
		follow_move(sync, row, &event);
	} else if (is_scheduled(row)) {
		note_seen(sync, row, &event);
	}
}

/*
 * An event that we wrote, and no appointment: the database was brought back to a moment before it, or it is
 * another database's. It stays, and keeps its time.
 */
static void tell_stray(const struct sync *sync, const struct google_event *event, const char *id)
{
	char start[INSTANT_TEXT_BYTES];
	if (event->booking_id == NULL || strcmp(event->booking_id, id) != 0 || !event->has_time ||
	    event->status == GOOGLE_EVENT_CANCELLED || event->end <= sync->visit->call.now)
		return;
	instant_format(event->start, start);
	log_line(LOG_WARNING, "event_without_booking", LOG_TEXT_FIELD("coach", sync->visit->coach->id),
		 LOG_TEXT_FIELD("appointment", id), LOG_TEXT_FIELD("start", start),
		 LOG_TEXT_FIELD("remedy",
				"the event is ours, and the database does not have its appointment: book its "
				"client again, or delete the event"));
}

/* The row of an event. False: none, or it has another calendar. */
static bool find_row(struct sync *sync, const struct google_event *event, const char *id,
		     struct appointment *row)
{
	enum db_result result = appointments_by_id(sync->visit->worker->db, &sync->page, id, row);
	if (result == DB_NONE)
		tell_stray(sync, event, id);
	else if (result != DB_OK)
		sync->unfinished = true;
	return result == DB_OK && row->calendar_id != NULL &&
	       strcmp(row->calendar_id, sync->calendar_id) == 0 &&
	       strcmp(row->coach_id, sync->visit->coach->id) == 0;
}

/*
 * What is owed comes first. But it may have been written before the coach's hand came, and be noted after
 * this look: what they did must then come again.
 */
static void look_past(struct sync *sync, const struct google_event *event, const struct appointment *row)
{
	bool differs = event->status == GOOGLE_EVENT_CANCELLED || !event_same_time(event, row);
	if (differs && is_scheduled(row) && appointment_owes(row))
		sync->unfinished = true;
}

static void look_at(struct sync *sync, const struct google_event *event)
{
	char id[UUID_TEXT_SIZE];
	struct appointment row;
	if (!appointment_id_of(event->id, id)) {
		sync->foreign = true;
		return;
	}
	buffer_printf(&sync->seen, "%s\n", event->id);
	if (!find_row(sync, event, id, &row))
		return;
	if (row.version != row.synced_version) {
		look_past(sync, event, &row);
		return;
	}
	if (!agree(sync, event, &row)) {
		follow_event(sync, &row);
		return;
	}
	if (event->status != GOOGLE_EVENT_CANCELLED && event->etag != NULL &&
	    (row.calendar_conflict || row.event_etag == NULL || strcmp(row.event_etag, event->etag) != 0))
		note_seen(sync, &row, event);
}

/* ---- a whole look ---- */

/* What the list tells of the calendar itself. */
static void note_page(struct sync *sync, const struct google_event_page *page)
{
	struct visit *visit = sync->visit;
	if (sync->noted)
		return;
	sync->noted = true;
	visit_note_role(visit, page->access_role);
	if (visit->link->mode == LINK_CONSENT && visit->link->account == NULL && page->title != NULL &&
	    strchr(page->title, '@') != NULL && strcmp(sync->calendar_id, "primary") == 0 &&
	    run(sync, QUERY_CALENDAR_GRANT_ACCOUNT,
		DB_PARAMETERS(db_text(visit->coach->id), db_text(page->title)), NULL) == DB_OK)
		coach_link_changed(visit->coach);
}

/*
 * An event that should be there and was not listed, or came since, is read by its id. `only_fresh`: of those
 * written since the last look, as some servers say nothing of a file that came and went between two looks.
 */
static void look_for_missing(struct sync *sync, bool only_fresh)
{
	const char *seen = buffer_text(&sync->seen);
	char after[UUID_TEXT_SIZE] = UUID_NONE;
	size_t count = sync->seen.overflowed ? 0 : ROWS_AT_ONCE;
	while (count == ROWS_AT_ONCE) {
		DB_ROWS rows = {0};
		if (run(sync, QUERY_CALENDAR_EXPECTED,
			DB_PARAMETERS(db_text(sync->visit->coach->id), db_text(sync->calendar_id),
				      db_uuid(after), db_int(ROWS_AT_ONCE), db_bool(only_fresh)),
			&rows) != DB_OK)
			return;
		count = rows.count;
		for (size_t i = 0; i < count; i++) {
			struct appointment row;
			char event_id[GOOGLE_EVENT_ID_BYTES];
			arena_reset(&sync->page);
			if (noted(sync, appointment_read(sync->visit->worker->db, &rows, i, 0, &sync->page,
							 &row)) != DB_OK)
				return;
			memcpy(after, row.id, sizeof(after));
			google_event_id(row.id, event_id);
			if (strstr(seen, event_id) == NULL)
				follow_event(sync, &row);
		}
	}
}

/* A conflict may have dissolved without the event having changed. */
static void look_at_conflicts(struct sync *sync)
{
	char after[UUID_TEXT_SIZE] = UUID_NONE;
	size_t count = ROWS_AT_ONCE;
	while (count == ROWS_AT_ONCE) {
		DB_ROWS rows = {0};
		if (run(sync, QUERY_CALENDAR_CONFLICTS,
			DB_PARAMETERS(db_text(sync->visit->coach->id), db_uuid(after), db_int(ROWS_AT_ONCE)),
			&rows) != DB_OK)
			return;
		count = rows.count;
		for (size_t i = 0; i < count; i++) {
			struct appointment row;
			arena_reset(&sync->page);
			if (noted(sync, appointment_read(sync->visit->worker->db, &rows, i, 0, &sync->page,
							 &row)) != DB_OK)
				return;
			memcpy(after, row.id, sizeof(after));
			if (row.version == row.synced_version && row.calendar_id != NULL &&
			    strcmp(row.calendar_id, sync->calendar_id) == 0)
				follow_event(sync, &row);
		}
	}
}

/* Every page from `token` on, or of everything. Returns the next token, or NULL with *ret_outcome. */
static const char *look_at_pages(struct sync *sync, const char *token, enum google_outcome *ret_outcome)
{
	struct visit *visit = sync->visit;
	struct google_event_query query = {.sync_token = token};
	struct google_event_page page;
	struct google_answer answer;
	if (token == NULL)
		query.from = visit->call.now - BEHIND;
	for (int count = 0; count < PAGES_MAX; count++) {
		arena_reset(&sync->page);
		visit->call.deadline = monotonic_ms() + PAGE_DEADLINE_MS;
		if (!visit_may_call(visit)) {
			*ret_outcome = GOOGLE_TEMPORARY;
			return NULL;
		}
		*ret_outcome = visit_list(visit, sync->calendar_id, &query, &page, &answer);
		if (*ret_outcome != GOOGLE_OK)
			return NULL;
		note_page(sync, &page);
		for (size_t i = 0; i < page.count; i++)
			look_at(sync, &page.events[i]);
		if (page.next_page == NULL)
			return page.next_sync != NULL ? arena_strdup(sync->mem, page.next_sync) : "";
		query.page_token = arena_strdup(sync->mem, page.next_page);
	}
	*ret_outcome = GOOGLE_TEMPORARY;
	return NULL;
}

bool follow_calendar(struct visit *visit, const char *calendar_id, const char *sync_token, instant began)
{
	struct arena *mem = visit->call.mem;
	struct sync sync = {.visit = visit, .calendar_id = calendar_id, .mem = mem, .page = ARENA_EMPTY};
	enum google_outcome outcome;
	buffer_init(&sync.seen, 64 << 20);
	visit->call.mem = &sync.page;
	const char *next = look_at_pages(&sync, sync_token, &outcome);
	if (next == NULL && outcome == GOOGLE_FULL_SYNC_REQUIRED) {
		/* It was made anew, or comes from a backup: what it lacks is no decision of the coach's. */
		sync.forgotten = sync_token != NULL && visit->link->mode == LINK_CALDAV;
		sync_token = NULL;
		buffer_reset(&sync.seen);
		next = look_at_pages(&sync, NULL, &outcome);
	}
	if (next != NULL) {
		if (sync_token == NULL || visit->link->mode == LINK_CALDAV)
			look_for_missing(&sync, sync_token != NULL);
		look_at_conflicts(&sync);
	}
	if (next != NULL && !sync.unfinished)
		run(&sync, QUERY_CALENDAR_SYNC_DONE,
		    DB_PARAMETERS(db_text(visit->coach->id), db_text(calendar_id),
				  db_text(*next != '\0' ? next : NULL), db_instant(began)),
		    NULL);
	visit->call.mem = mem;
	arena_clear(&sync.page);
	buffer_clear(&sync.seen);
	if (sync.changed || sync.foreign)
		coach_times_changed(visit->calendars, visit->coach->id);
	return next != NULL && !sync.unfinished;
}
