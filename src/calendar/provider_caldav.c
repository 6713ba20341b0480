/*
 * A calendar on a CalDAV server as a provider: an appointment's event is one file, named by the event's id.
 *
 * If-None-Match keeps a second insert out, If-Match a change that was decided on something else. A deleted
 * event leaves nothing behind, so a file that is not there is gone, if its calendar still is. Busy times are
 * not asked here: the account is one of the coach's further calendars (calendar/sources.h).
 */
#include "provider.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/encode.h"
#include "base/uuid.h"
#include "domain/appointment.h"
#include "domain/ical_edit.h"
#include "domain/ical_event.h"
#include "event.h"
#include "net/dav.h"
#include "sources_inside.h"

enum {
	FILES_AT_ONCE = 100,
	BEHIND_DAYS = 400, /* as far as a zone of a file's own is followed, from now */
	AHEAD_DAYS = 790,
	ETAG_MAX = 500,
	FORGOTTEN_MS = 15000, /* to find out whether a token is forgotten */
};

static struct dav dav_of(const struct google_call *call)
{
	struct dav dav = *call->dav;
	dav.fetcher = call->fetcher;
	dav.deadline = call->deadline;
	return dav;
}

/* ---- what an answer means ---- */

static enum google_outcome say(struct google_answer *answer, enum google_outcome outcome, const char *reason,
			       const char *sentence)
{
	google_answer_set(answer, outcome, reason);
	answer->is_sentence = true;
	snprintf(answer->message, sizeof(answer->message), "%s", sentence);
	return outcome;
}

static enum google_outcome outcome_of_status(int status)
{
	switch (status) {
	case 401:
		return GOOGLE_UNAUTHORIZED;
	case 403:
		return GOOGLE_FORBIDDEN;
	case 404:
	case 410:
		return GOOGLE_GONE;
	case 412:
		return GOOGLE_PRECONDITION_FAILED;
	case 429:
		return GOOGLE_RATE_LIMITED;
	case 423: /* locked */
	case 507: /* no room */
		return GOOGLE_TEMPORARY;
	default:
		break;
	}
	if (status / 100 == 2)
		return GOOGLE_OK;
	return status / 100 == 4 ? GOOGLE_INVALID : GOOGLE_TEMPORARY;
}

static enum google_outcome take_answer(const struct dav_answer *from, struct google_answer *answer)
{
	char sentence[128];
	if (from->failure != FETCH_OK) {
		say(answer, from->failure == FETCH_REFUSED ? GOOGLE_OPERATOR : GOOGLE_TEMPORARY,
		    fetch_failure_name(from->failure), source_failure_sentence(from->failure));
		answer->may_be_applied = from->sent;
		return answer->outcome;
	}
	if (from->status == 401)
		snprintf(sentence, sizeof(sentence),
			 "The calendar's server does not take the name and password any more (401).");
	else if (from->status == 403)
		snprintf(sentence, sizeof(sentence),
			 "The calendar's server does not allow changes to this calendar (403).");
	else if (from->status == 507)
		snprintf(sentence, sizeof(sentence),
			 "The calendar's server has no room left for this account (507).");
	else
		snprintf(sentence, sizeof(sentence), "The calendar's server answers with an error (%d).",
			 from->status);
	say(answer, outcome_of_status(from->status), "status", sentence);
	if (answer->outcome == GOOGLE_OK)
		google_answer_set(answer, GOOGLE_OK, "");
	answer->status = from->status;
	answer->retry_after = from->retry_after;
	answer->may_be_applied = from->status / 100 == 5;
	return answer->outcome;
}

static enum google_outcome no_calendar(struct google_answer *answer)
{
	return say(answer, GOOGLE_TEMPORARY, "no_calendar",
		   "The calendar that appointments are written to is not there any more.");
}

static enum google_outcome unreadable(struct google_answer *answer)
{
	say(answer, GOOGLE_TEMPORARY, "unreadable_reply",
	    "The calendar's server answers with something that isn't an event.");
	answer->may_be_applied = true;
	return answer->outcome;
}

/* A file is not there: gone, unless the whole calendar is not to be found, which nobody means as a deletion.
 */
static enum google_outcome gone_or_lost(const struct google_call *call, const char *calendar,
					struct google_answer *answer)
{
	const struct dav dav = dav_of(call);
	struct dav_answer of_calendar;
	dav_list(&dav, call->mem, calendar, "0", &of_calendar);
	if (dav_is_good(&of_calendar))
		return say(answer, GOOGLE_GONE, "gone", "The event is not in the calendar any more.");
	if (of_calendar.failure != FETCH_OK || of_calendar.status / 100 == 5)
		return take_answer(&of_calendar, answer);
	return no_calendar(answer);
}

/* ---- events as files ---- */

static const char *file_of(const struct google_call *call, const char *calendar, const char *event_id)
{
	const size_t length = strlen(calendar);
	return arena_printf(call->mem, "%s%s%s.ics", calendar,
			    length > 0 && calendar[length - 1] == '/' ? "" : "/", event_id);
}

/* The event's id in the path of a file; the whole path if it is none of ours. */
static const char *id_of(struct arena *mem, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	unsigned char bytes[UUID_SIZE];
	size_t size;
	if (strlen(name) == 2 * UUID_SIZE + 4 && strcmp(name + 2 * UUID_SIZE, ".ics") == 0 &&
	    encode_hex_read(name, 2 * UUID_SIZE, bytes, sizeof(bytes), &size))
		return arena_strndup(mem, name, 2 * UUID_SIZE);
	return path;
}

static bool is_ours(const char *id)
{
	return strlen(id) == 2 * UUID_SIZE && strchr(id, '/') == NULL;
}

static bool first_event(struct ical_span whole, struct ical_reader *reader, struct ical_span *ret_event)
{
	struct ical_span calendar;
	struct ical_line line;
	if (ical_next_component(&whole, "VCALENDAR", &calendar) != ICAL_COMPONENT ||
	    !ical_zones_collect(&reader->zones, calendar))
		return false;
	while (ical_next_component(&calendar, "VEVENT", ret_event) == ICAL_COMPONENT) {
		if (!ical_property(*ret_event, "RECURRENCE-ID", &line))
			return true;
	}
	return false;
}

static void read_time(struct ical_reader *reader, struct ical_span component, struct google_event *event)
{
	struct ical_event when;
	struct ical_line line;
	if (!ical_event_read(reader, component, &when))
		return;
	const struct interval time = ical_event_time(reader, &when, when.start.local);
	event->has_time = true;
	event->all_day = when.is_date;
	event->start = time.start;
	event->end = time.end;
	event->recurring =
		ical_property(component, "RRULE", &line) || ical_property(component, "RDATE", &line);
}

/* False: it is no event. `text` is changed. */
static bool read_event(const struct google_call *call, char *text, size_t length, const char *id,
		       const char *etag, struct google_event *ret_event)
{
	struct ical_reader *reader = arena_alloc(call->mem, sizeof(*reader));
	const struct ical_span whole = {text, ical_unfold(text, length)};
	const struct interval window = {call->now - BEHIND_DAYS * SECONDS_PER_DAY,
					call->now + AHEAD_DAYS * SECONDS_PER_DAY};
	struct ical_span component;
	struct ical_line line;
	ical_reader_init(reader, zone_find("UTC"), window, call->mem);
	if (!first_event(whole, reader, &component))
		return false;
	*ret_event = (struct google_event){
		.id = id,
		.status = GOOGLE_EVENT_CONFIRMED,
		.etag = etag != NULL && strlen(etag) <= ETAG_MAX ? etag : NULL,
	};
	if (ical_property(component, "STATUS", &line) && ical_is(line.value, "CANCELLED"))
		ret_event->status = GOOGLE_EVENT_CANCELLED;
	if (ical_property(component, "TRANSP", &line) && ical_is(line.value, "TRANSPARENT"))
		ret_event->transparent = true;
	if (ical_property(component, "X-BOOKINGD-APPOINTMENT", &line))
		ret_event->booking_id = arena_strndup(call->mem, line.value.at, line.value.length);
	ret_event->trace = ical_text_of(component, "X-BOOKINGD-TRACE", call->mem);
	ret_event->title = ical_text_of(component, "SUMMARY", call->mem);
	ret_event->description = event_html(call->mem, ical_text_of(component, "DESCRIPTION", call->mem));
	ret_event->location = ical_text_of(component, "LOCATION", call->mem);
	read_time(reader, component, ret_event);
	return true;
}

/* What Google is sent as HTML is plain text here. */
static const char *plain_text(struct arena *mem, const char *html)
{
	static const struct {
		const char *entity;
		char c;
	} entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}};
	if (html == NULL)
		return NULL;
	char *text = arena_strdup(mem, html);
	char *to = text;
	for (const char *from = html; *from != '\0';) {
		size_t i = 0;
		while (i < sizeof(entities) / sizeof(entities[0]) &&
		       strncmp(from, entities[i].entity, strlen(entities[i].entity)) != 0)
			i++;
		const bool is_entity = i < sizeof(entities) / sizeof(entities[0]);
		*to = *from;
		if (is_entity)
			*to = entities[i].c;
		to++;
		from += is_entity ? strlen(entities[i].entity) : 1;
	}
	*to = '\0';
	return text;
}

static struct ical_draft draft_of(const struct google_call *call, const struct google_event_draft *draft)
{
	return (struct ical_draft){
		.uid = appointment_uid(draft->booking_id, call->mem),
		.appointment_id = draft->booking_id,
		.summary = draft->summary,
		.description = plain_text(call->mem, draft->description),
		.location = draft->location,
		.trace = draft->trace,
		.start = draft->start,
		.end = draft->end,
		.stamp = call->now,
		.reminder_minutes = draft->popup_reminders,
		.reminder_count = draft->popup_reminder_count,
	};
}

/* Whether the event is there in another file, by which servers know it: RFC 4791 section 5.3.2.1, RFC 6638
 * section 3.2.4.1, and Nextcloud's own words. */
static bool is_in_another_file(const struct dav_answer *from)
{
	static const char *const words[] = {"no-uid-conflict", "unique-scheduling-object-resource",
					    "uid already exists"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && from->body != NULL; i++) {
		if (from->status / 100 == 4 && strstr(from->body, words[i]) != NULL)
			return true;
	}
	return false;
}

/* If-Match takes no weak ETag, and a proxy may have made it one: the server's own is tried, too. */
static void put_file(const struct dav *dav, struct arena *mem, const char *url,
		     struct dav_condition condition, const char *text, struct dav_answer *ret_answer)
{
	dav_file(dav, mem, "PUT", url, condition, text, ret_answer);
	if (ret_answer->status != 412 || condition.if_match == NULL ||
	    strncmp(condition.if_match, "W/", 2) != 0)
		return;
	condition.if_match += 2;
	dav_file(dav, mem, "PUT", url, condition, text, ret_answer);
}

/* PUT, and the event as it then stands: whom to ask, where, what, and two results.
 * NOLINTNEXTLINE(readability-function-size) */
static enum google_outcome put(const struct google_call *call, const char *calendar,
			       struct dav_condition condition, const struct google_event_draft *draft,
			       const char *text, struct google_event *ret_event, struct google_answer *answer)
{
	const struct dav dav = dav_of(call);
	struct dav_answer from;
	if (text == NULL)
		return say(answer, GOOGLE_INVALID, "too_long", "The event is too long for a calendar.");
	put_file(&dav, call->mem, file_of(call, calendar, draft->id), condition, text, &from);
	/* There is no such calendar: servers say so as a conflict, 409, or as 404. */
	if (from.failure == FETCH_OK && from.status == 409 &&
	    gone_or_lost(call, calendar, answer) != GOOGLE_GONE)
		return answer->outcome;
	if (is_in_another_file(&from))
		return say(answer, GOOGLE_INVALID, "uid",
			   "The calendar has this session already, as after an import. Delete it there, then "
			   "try the refused events again.");
	if (take_answer(&from, answer) == GOOGLE_GONE)
		return no_calendar(answer);
	if (answer->outcome == GOOGLE_OK &&
	    !read_event(call, arena_strdup(call->mem, text), strlen(text), draft->id, from.etag, ret_event))
		return unreadable(answer);
	return answer->outcome;
}

/* ---- the calls ---- */

static enum google_outcome insert(const struct google_call *call, const char *calendar,
				  const struct google_event_draft *draft, struct google_event *ret_event,
				  struct google_answer *answer)
{
	const struct ical_draft event = draft_of(call, draft);
	const struct dav_condition condition = {.if_none_match = "*"};
	if (put(call, calendar, condition, draft, ical_draft_new(&event, call->mem), ret_event, answer) ==
	    GOOGLE_PRECONDITION_FAILED)
		say(answer, GOOGLE_DUPLICATE, "duplicate", "This event already exists.");
	return answer->outcome;
}

static enum google_outcome get_file(const struct google_call *call, const char *calendar,
				    const char *event_id, struct dav_answer *from,
				    struct google_answer *answer)
{
	const struct dav dav = dav_of(call);
	dav_file(&dav, call->mem, "GET", file_of(call, calendar, event_id), (struct dav_condition){0}, NULL,
		 from);
	return take_answer(from, answer) == GOOGLE_GONE ? gone_or_lost(call, calendar, answer)
							: answer->outcome;
}

static enum google_outcome get(const struct google_call *call, const char *calendar, const char *event_id,
			       struct google_event *ret_event, struct google_answer *answer)
{
	struct dav_answer from;
	/* Whose event is gone has their session cancelled, so a file is not gone by a single word. */
	if (get_file(call, calendar, event_id, &from, answer) == GOOGLE_GONE)
		get_file(call, calendar, event_id, &from, answer);
	if (answer->outcome != GOOGLE_OK)
		return answer->outcome;
	if (!read_event(call, from.body, from.body_length, arena_strdup(call->mem, event_id), from.etag,
			ret_event))
		return unreadable(answer);
	return GOOGLE_OK;
}

static unsigned parts_of(unsigned parts)
{
	static const unsigned rows[][2] = {
		{GOOGLE_PART_TITLE, ICAL_PART_TITLE},   {GOOGLE_PART_DESCRIPTION, ICAL_PART_DESCRIPTION},
		{GOOGLE_PART_PLACE, ICAL_PART_PLACE},   {GOOGLE_PART_TIME, ICAL_PART_TIME},
		{GOOGLE_PART_REVIVE, ICAL_PART_REVIVE}, {GOOGLE_PART_TRACE, ICAL_PART_TRACE},
	};
	unsigned ical_parts = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ical_parts |= (parts & rows[i][0]) != 0 ? rows[i][1] : 0;
	return ical_parts;
}

/* As a row of struct provider. NOLINTNEXTLINE(readability-function-size) */
static enum google_outcome patch(const struct google_call *call, const char *calendar, const char *event_id,
				 unsigned parts, const struct google_event_draft *draft, const char *if_match,
				 struct google_event *ret_event, struct google_answer *answer)
{
	struct dav_answer from;
	const struct ical_draft event = draft_of(call, draft);
	if (get_file(call, calendar, event_id, &from, answer) != GOOGLE_OK)
		return answer->outcome;
	if (from.etag == NULL)
		return say(answer, GOOGLE_INVALID, "no_etag",
			   "The calendar's server does not say which version of an event it has.");
	if (if_match != NULL && strcmp(if_match, from.etag) != 0)
		return say(answer, GOOGLE_PRECONDITION_FAILED, "changed", "The event has changed meanwhile.");
	const char *text = ical_draft_over(from.body, from.body_length, &event, parts_of(parts), call->mem);
	const struct dav_condition condition = {.if_match = arena_strdup(call->mem, from.etag)};
	return put(call, calendar, condition, draft, text != NULL ? text : ical_draft_new(&event, call->mem),
		   ret_event, answer);
}

/* The event has no guests to be told. */
static enum google_outcome delete_event(const struct google_call *call, const char *calendar,
					const char *event_id, bool silent, const char *if_match,
					struct google_answer *answer)
{
	const struct dav dav = dav_of(call);
	(void)silent;
	struct dav_answer from;
	dav_file(&dav, call->mem, "DELETE", file_of(call, calendar, event_id),
		 (struct dav_condition){.if_match = if_match}, NULL, &from);
	return take_answer(&from, answer);
}

/* ---- what has changed ---- */

/* The files of ours among the events of a page are read. */
static enum google_outcome fill_events(const struct google_call *call, const char *calendar,
				       const char *const hrefs[], struct google_event *const wanted[],
				       size_t count, struct google_answer *answer)
{
	const struct dav dav = dav_of(call);
	for (size_t at = 0; at < count; at += FILES_AT_ONCE) {
		const size_t some = count - at < FILES_AT_ONCE ? count - at : FILES_AT_ONCE;
		struct dav_answer from;
		dav_multiget(&dav, call->mem, calendar, hrefs + at, some, &from);
		if (!dav_is_good(&from))
			return from.failure == FETCH_OK && from.status == 207 ? unreadable(answer)
									      : take_answer(&from, answer);
		for (size_t i = 0; i < from.count; i++) {
			struct dav_response *response = &from.responses[i];
			const char *path = dav_path(call->mem, from.url, response->href);
			const char *id = path != NULL ? id_of(call->mem, path) : "";
			for (size_t k = at; k < at + some; k++) {
				if (response->data != NULL && strcmp(wanted[k]->id, id) == 0)
					read_event(call, response->data, response->data_length, wanted[k]->id,
						   response->etag, wanted[k]);
			}
		}
	}
	return GOOGLE_OK;
}

/* A page's events: ours as they stand, the others by their path alone. */
static enum google_outcome read_page(const struct google_call *call, const char *calendar,
				     const struct dav_answer *list, struct google_event_page *page,
				     struct google_answer *answer)
{
	struct google_event *events = arena_array(call->mem, list->count, sizeof(*events));
	struct google_event **wanted = arena_array(call->mem, list->count, sizeof(*wanted));
	const char **hrefs = arena_array(call->mem, list->count, sizeof(*hrefs));
	size_t wanted_count = 0;
	page->events = events;
	for (size_t i = 0; i < list->count; i++) {
		const struct dav_response *response = &list->responses[i];
		const size_t length = strlen(response->href);
		const char *path = dav_path(call->mem, list->url, response->href);
		if (path == NULL || length == 0 || response->href[length - 1] == '/' ||
		    response->status == 507)
			continue;
		struct google_event *event = &events[page->count++];
		*event =
			(struct google_event){.id = id_of(call->mem, path), .status = GOOGLE_EVENT_CANCELLED};
		if (!is_ours(event->id) || response->status == 404 || response->status == 410)
			continue;
		hrefs[wanted_count] = response->href;
		wanted[wanted_count++] = event;
	}
	return fill_events(call, calendar, hrefs, wanted, wanted_count, answer);
}

static bool is_truncated(const struct dav_answer *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->responses[i].status == 507)
			return true;
	}
	return false;
}

/*
 * Whether a server has forgotten a token. If so it has to say it by name (RFC 6578 section 3.2). Where it
 * says something else, the token is to blame only if the server answers without it and, asked once more, not
 * with it: what passes in a moment must not turn the coach's deletions into a loss. That is up to three
 * answers of the length of a calendar, for which the time of one page is too short. *list is what it said
 * last.
 */
static bool has_forgotten(const struct dav *dav, struct arena *mem, const char *calendar, const char *token,
			  struct dav_answer *list)
{
	struct dav patient = *dav;
	struct dav_answer whole;
	if (list->body != NULL && strstr(list->body, "valid-sync-token") != NULL)
		return true;
	patient.deadline = monotonic_ms() + FORGOTTEN_MS;
	dav_sync(&patient, mem, calendar, NULL, &whole);
	if (dav_is_token_trouble(&whole) && whole.status / 100 != 5)
		dav_list(&patient, mem, calendar, "1", &whole);
	if (!dav_is_good(&whole)) {
		*list = whole;
		return false;
	}
	dav_sync(&patient, mem, calendar, token, list);
	return dav_is_token_trouble(list);
}

static enum google_outcome list_page(const struct google_call *call, const char *calendar,
				     const struct google_event_query *query,
				     struct google_event_page *ret_page, struct google_answer *answer)
{
	const struct dav dav = dav_of(call);
	const char *token = query->page_token != NULL ? query->page_token : query->sync_token;
	struct dav_answer list;
	*ret_page = (struct google_event_page){0};
	google_answer_set(answer, GOOGLE_OK, "");
	dav_sync(&dav, call->mem, calendar, token, &list);
	if (dav_is_token_trouble(&list) && token != NULL) {
		if (has_forgotten(&dav, call->mem, calendar, token, &list))
			return say(answer, GOOGLE_FULL_SYNC_REQUIRED, "token",
				   "The calendar's server has forgotten the last look.");
	} else if (dav_is_token_trouble(&list)) {
		dav_list(&dav, call->mem, calendar, "1", &list); /* it gives no tokens */
	}
	if (!dav_is_good(&list)) {
		if (list.failure == FETCH_OK && list.status == 404)
			return no_calendar(answer);
		return list.malformed ? unreadable(answer) : take_answer(&list, answer);
	}
	if (read_page(call, calendar, &list, ret_page, answer) != GOOGLE_OK)
		return answer->outcome;
	if (is_truncated(&list))
		ret_page->next_page = list.sync_token;
	else
		ret_page->next_sync = list.sync_token;
	return GOOGLE_OK;
}

const struct provider provider_caldav = {
	.name = "caldav",
	.insert = insert,
	.get = get,
	.patch = patch,
	.remove = delete_event,
	.list = list_page,
};
