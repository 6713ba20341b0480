/* Events as JSON: the readers and writers of net/google_calendar.h. Pure. */
#include "net/google_calendar.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/buffer.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/uuid.h"
#include "domain/zone.h"

enum { LINK_LENGTH_MAX = 2000 };

bool google_event_id(const char *uuid, char out[static GOOGLE_EVENT_ID_BYTES])
{
	struct uuid id;

	_Static_assert(ENCODE_HEX_SIZE(UUID_SIZE) == GOOGLE_EVENT_ID_BYTES, "32 digits and NUL");
	if (!uuid_parse(uuid, strlen(uuid), &id))
		return false;
	encode_hex(id.bytes, sizeof(id.bytes), out);
	return true;
}

/* --- Writing ------------------------------------------------------------------------------------ */

/* A patch is laid over what is there, which may be a whole day. */
static void write_time(struct json_writer *writer, const char *name, instant at, const char *time_zone,
		       bool insert)
{
	json_write_object(writer, name);
	if (!insert)
		json_write_null(writer, "date");
	json_write_instant(writer, "dateTime", at);
	json_write_text(writer, "timeZone", time_zone ? time_zone : "UTC");
	json_write_object_end(writer);
}

static void write_text(struct json_writer *writer, const struct google_event_draft *draft, unsigned parts)
{
	if (parts & GOOGLE_PART_TITLE)
		json_write_text(writer, "summary", draft->summary ? draft->summary : "");
	if (parts & GOOGLE_PART_DESCRIPTION)
		json_write_text(writer, "description", draft->description ? draft->description : "");
	if ((parts & GOOGLE_PART_PLACE) && draft->location)
		json_write_text(writer, "location", draft->location);
}

static void write_guest(struct json_writer *writer, const struct google_guest *guest)
{
	if (guest->json) {
		json_write_raw(writer, NULL, guest->json, strlen(guest->json));
		return;
	}
	json_write_object(writer, NULL);
	json_write_text(writer, "email", guest->email);
	if (guest->name)
		json_write_text(writer, "displayName", guest->name);
	json_write_object_end(writer);
}

static void write_guests(struct json_writer *writer, const struct google_event_draft *draft)
{
	if (draft->guests_apart && draft->guest_count > 0)
		json_write_boolean(writer, "guestsCanSeeOtherGuests", false);
	json_write_array(writer, "attendees");
	for (size_t i = 0; i < draft->guest_count; i++)
		write_guest(writer, &draft->guests[i]);
	json_write_array_end(writer);
}

static void write_conference(struct json_writer *writer, const char *request_id)
{
	if (request_id == NULL) {
		json_write_null(writer, "conferenceData"); /* the one there is goes */
		return;
	}
	json_write_object(writer, "conferenceData");
	json_write_object(writer, "createRequest");
	json_write_text(writer, "requestId", request_id);
	json_write_object(writer, "conferenceSolutionKey");
	json_write_text(writer, "type", "hangoutsMeet");
	json_write_object_end(writer);
	json_write_object_end(writer);
	json_write_object_end(writer);
}

static void write_reminders(struct json_writer *writer, const struct google_event_draft *draft)
{
	json_write_object(writer, "reminders");
	json_write_boolean(writer, "useDefault", false);
	json_write_array(writer, "overrides");
	for (size_t i = 0; i < draft->popup_reminder_count; i++) {
		json_write_object(writer, NULL);
		json_write_text(writer, "method", "popup");
		json_write_integer(writer, "minutes", draft->popup_reminders[i]);
		json_write_object_end(writer);
	}
	json_write_array_end(writer);
	json_write_object_end(writer);
}

/* A patch leaves the properties that it does not name. */
static void write_properties(struct json_writer *writer, const struct google_event_draft *draft)
{
	json_write_object(writer, "extendedProperties");
	json_write_object(writer, "private");
	json_write_text(writer, "bookingId", draft->booking_id);
	if (draft->trace)
		json_write_text(writer, "bookingdTrace", draft->trace);
	json_write_object_end(writer);
	json_write_object_end(writer);
}

void google_event_write(struct buffer *body, const struct google_event_draft *draft, unsigned parts)
{
	const bool insert = parts == 0;
	struct json_writer writer;

	if (insert)
		parts = GOOGLE_PART_TEXT | GOOGLE_PART_TIME;
	if (insert && draft->guest_count > 0)
		parts |= GOOGLE_PART_GUESTS;
	if (insert && draft->conference_request)
		parts |= GOOGLE_PART_CONFERENCE;
	json_writer_init(&writer, body);
	json_write_object(&writer, NULL);
	if (insert)
		json_write_text(&writer, "id", draft->id);
	if (parts & GOOGLE_PART_REVIVE)
		json_write_text(&writer, "status", "confirmed");
	write_text(&writer, draft, parts);
	if (parts & GOOGLE_PART_TIME) {
		write_time(&writer, "start", draft->start, draft->time_zone, insert);
		write_time(&writer, "end", draft->end, draft->time_zone, insert);
	}
	if (parts & GOOGLE_PART_GUESTS)
		write_guests(&writer, draft);
	if (parts & GOOGLE_PART_CONFERENCE)
		write_conference(&writer, draft->conference_request);
	if (insert && draft->popup_reminder_count > 0)
		write_reminders(&writer, draft);
	if (insert || ((parts & GOOGLE_PART_TRACE) && draft->trace))
		write_properties(&writer, draft);
	json_write_object_end(&writer);
}

/* --- Reading ------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text && text[0] ? text : NULL;
}

static char *copy_text(struct arena *mem, const json_t *object, const char *name)
{
	return arena_strdup(mem, text_of(object, name));
}

static bool is_true(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

/* One end of an event: `dateTime` with an offset, or `date` alone. */
struct moment {
	bool all_day;
	instant at;
	struct civil_date date;
};

static bool read_moment(const json_t *value, const struct zone *zone, struct moment *ret_moment)
{
	const char *date_time = text_of(value, "dateTime");
	const char *date = text_of(value, "date");

	*ret_moment = (struct moment){.all_day = !date_time};
	if (date_time)
		return instant_parse_loose(date_time, strlen(date_time), &ret_moment->at);
	if (!date || !date_parse(date, strlen(date), &ret_moment->date))
		return false;
	ret_moment->at = zone ? zone_instant(zone, date_to_days(ret_moment->date), 0)
			      : date_to_days(ret_moment->date) * SECONDS_PER_DAY;
	return true;
}

static void read_times(struct arena *mem, const json_t *object, const char *calendar_zone,
		       struct google_event *event)
{
	const json_t *start_value = json_object_get(object, "start");
	const char *zone_name = text_of(start_value, "timeZone");
	const struct zone *zone;
	struct moment start;
	struct moment end;

	if (!zone_name)
		zone_name = calendar_zone;
	event->time_zone = arena_strdup(mem, zone_name);
	zone = zone_name ? zone_find(zone_name) : NULL;
	if (!read_moment(start_value, zone, &start) ||
	    !read_moment(json_object_get(object, "end"), zone, &end) || start.all_day != end.all_day ||
	    end.at < start.at)
		return;
	event->has_time = true;
	event->all_day = start.all_day;
	event->start = start.at;
	event->end = end.at;
	event->start_date = start.date;
	event->end_date = end.date;
}

/* A link goes to clients as it is, so nothing but https may come through. */
static const char *https_only(const char *link)
{
	if (!link || strncmp(link, "https://", 8) != 0 || strlen(link) > LINK_LENGTH_MAX)
		return NULL;
	for (const char *c = link; *c; c++) {
		if (*c <= 0x20 || *c >= 0x7f || *c == '"' || *c == '<' || *c == '>')
			return NULL;
	}
	return link;
}

static enum google_conference read_conference_status(const json_t *conference, bool has_link)
{
	const json_t *request = json_object_get(conference, "createRequest");
	const char *code = text_of(json_object_get(request, "status"), "statusCode");

	if (code && strcmp(code, "failure") == 0)
		return GOOGLE_CONFERENCE_FAILURE;
	if (has_link || (code && strcmp(code, "success") == 0))
		return GOOGLE_CONFERENCE_SUCCESS;
	return request ? GOOGLE_CONFERENCE_PENDING : GOOGLE_CONFERENCE_NONE;
}

static void read_conference(struct arena *mem, const json_t *object, struct google_event *event)
{
	const json_t *conference = json_object_get(object, "conferenceData");
	const char *link = NULL;
	const json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(conference, "entryPoints"), i, entry)
	{
		const char *type = text_of(entry, "entryPointType");

		if (!link && type && strcmp(type, "video") == 0)
			link = https_only(text_of(entry, "uri"));
	}
	if (!link)
		link = https_only(text_of(object, "hangoutLink"));
	event->meet_url = arena_strdup(mem, link);
	event->conference_request = copy_text(mem, json_object_get(conference, "createRequest"), "requestId");
	event->conference = read_conference_status(conference, link != NULL);
}

static enum google_response read_response(const char *status)
{
	if (!status)
		return GOOGLE_RESPONSE_NEEDED;
	if (strcmp(status, "accepted") == 0)
		return GOOGLE_RESPONSE_ACCEPTED;
	if (strcmp(status, "declined") == 0)
		return GOOGLE_RESPONSE_DECLINED;
	if (strcmp(status, "tentative") == 0)
		return GOOGLE_RESPONSE_TENTATIVE;
	return GOOGLE_RESPONSE_NEEDED;
}

static const char *dump(struct arena *mem, const json_t *value)
{
	char *json = json_dumps(value, JSON_COMPACT);
	const char *copy = arena_strdup(mem, json);

	free(json);
	return copy;
}

static void read_attendees(struct arena *mem, const json_t *object, bool whole, struct google_event *event)
{
	const json_t *list = json_object_get(object, "attendees");
	struct google_attendee *attendees = arena_array(mem, json_array_size(list), sizeof(*attendees));
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		attendees[i] = (struct google_attendee){
			.email = copy_text(mem, item, "email"),
			.response = read_response(text_of(item, "responseStatus")),
			.self = is_true(item, "self"),
			.organizer = is_true(item, "organizer"),
			.json = whole ? dump(mem, item) : NULL,
		};
	}
	event->attendees = attendees;
	event->attendee_count = json_array_size(list);
}

static enum google_event_status read_status(const char *status)
{
	if (status && strcmp(status, "cancelled") == 0)
		return GOOGLE_EVENT_CANCELLED;
	if (status && strcmp(status, "tentative") == 0)
		return GOOGLE_EVENT_TENTATIVE;
	return GOOGLE_EVENT_CONFIRMED;
}

/* whole: it was asked for alone, with all that its attendees are. */
static bool read_event(struct arena *mem, const json_t *object, const char *calendar_zone, bool whole,
		       struct google_event *ret_event)
{
	const char *transparency = text_of(object, "transparency");
	const char *updated = text_of(object, "updated");
	const json_t *private = json_object_get(json_object_get(object, "extendedProperties"), "private");

	if (!text_of(object, "id"))
		return false;
	*ret_event = (struct google_event){
		.id = copy_text(mem, object, "id"),
		.status = read_status(text_of(object, "status")),
		.etag = copy_text(mem, object, "etag"),
		.transparent = transparency && strcmp(transparency, "transparent") == 0,
		.html_link = arena_strdup(mem, https_only(text_of(object, "htmlLink"))),
		.booking_id = copy_text(mem, private, "bookingId"),
		.trace = copy_text(mem, private, "bookingdTrace"),
		.title = copy_text(mem, object, "summary"),
		.description = copy_text(mem, object, "description"),
		.location = copy_text(mem, object, "location"),
		.recurring = text_of(object, "recurringEventId") != NULL,
	};
	if (updated && !instant_parse_loose(updated, strlen(updated), &ret_event->updated))
		ret_event->updated = 0;
	read_times(mem, object, calendar_zone, ret_event);
	read_conference(mem, object, ret_event);
	read_attendees(mem, object, whole, ret_event);
	return true;
}

bool google_event_read(struct arena *mem, const char *body, size_t length, struct google_event *ret_event)
{
	__attribute__((cleanup(json_cleanup))) json_t *root = json_loadb(body, length, 0, NULL);

	return read_event(mem, root, NULL, true, ret_event);
}

bool google_event_page_read(struct arena *mem, const char *body, size_t length,
			    struct google_event_page *ret_page)
{
	__attribute__((cleanup(json_cleanup))) json_t *root = json_loadb(body, length, 0, NULL);
	const json_t *items = json_object_get(root, "items");
	struct google_event_page page;
	const json_t *item;
	size_t i;

	if (!json_is_object(root) || (items && !json_is_array(items)))
		return false;
	page = (struct google_event_page){
		.events = arena_array(mem, json_array_size(items), sizeof(*page.events)),
		.count = json_array_size(items),
		.next_page = copy_text(mem, root, "nextPageToken"),
		.next_sync = copy_text(mem, root, "nextSyncToken"),
		.time_zone = copy_text(mem, root, "timeZone"),
		.title = copy_text(mem, root, "summary"),
		.access_role = copy_text(mem, root, "accessRole"),
	};
	json_array_foreach(items, i, item)
	{
		if (!read_event(mem, item, page.time_zone, false, &page.events[i]))
			return false;
	}
	*ret_page = page;
	return true;
}

bool google_channel_read(struct arena *mem, const char *body, size_t length,
			 struct google_channel *ret_channel)
{
	__attribute__((cleanup(json_cleanup))) json_t *root = json_loadb(body, length, 0, NULL);
	const json_t *expiration = json_object_get(root, "expiration");
	json_int_t milliseconds = json_integer_value(expiration);
	const char *text = json_string_value(expiration);

	/* An int64 comes as a string. */
	for (const char *c = text ? text : ""; *c; c++) {
		if (*c < '0' || *c > '9' || milliseconds > INSTANT_MAX)
			return false;
		milliseconds = milliseconds * 10 + (*c - '0');
	}
	if (!text_of(root, "resourceId") || milliseconds < 0)
		return false;
	*ret_channel = (struct google_channel){
		.resource_id = copy_text(mem, root, "resourceId"),
		.expires = milliseconds / 1000,
	};
	return true;
}
