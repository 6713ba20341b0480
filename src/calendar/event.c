#include "event.h"

#include "base/buffer.h"
#include "base/encode.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

enum {
	DESCRIPTION_MAX = 8000, /* Google cuts at 8192 characters */
	HTML_MAX = 1024 * 1024,
};

/* What the lines of a description begin with; no two with the same letter. */
enum label {
	LABEL_CLIENT,
	LABEL_EMAIL,
	LABEL_PHONE,
	LABEL_GUESTS,
	LABEL_WHERE,
	LABEL_LINK,
	LABEL_NUMBER,
	LABEL_ADDRESS,
	LABEL_INSTRUCTIONS,
	LABEL_TIME_ZONE,
	LABEL_MANAGE,
	LABELS,
};

const char *const event_labels[LABELS + 1] = {
	[LABEL_CLIENT] = "Client: ",
	[LABEL_EMAIL] = "Email: ",
	[LABEL_PHONE] = "Phone: ",
	[LABEL_GUESTS] = "Guests: ",
	[LABEL_WHERE] = "Where: ",
	[LABEL_LINK] = "Link: ",
	[LABEL_NUMBER] = "Number: ",
	[LABEL_ADDRESS] = "Address: ",
	[LABEL_INSTRUCTIONS] = "Instructions: ",
	[LABEL_TIME_ZONE] = "Time zone: ",
	[LABEL_MANAGE] = "Move or cancel: ",
};

/* When the coach is reminded, before the start. Guests set their own. */
static const int reminder_minutes[] = {60, 10};

/* Google shows descriptions as HTML, so what the client wrote is escaped: it stays text. Cut between
 * characters. */
static void put_escaped(struct buffer *out, const char *text)
{
	for (const char *c = text; *c != '\0';) {
		const char *entity = *c == '&'   ? "&amp;"
				     : *c == '<' ? "&lt;"
				     : *c == '>' ? "&gt;"
				     : *c == '"' ? "&quot;"
						 : NULL;
		size_t length = 1;
		while (((unsigned char)c[length] & 0xC0) == 0x80)
			length++;
		bool fits = entity != NULL ? buffer_append_text(out, entity) : buffer_append(out, c, length);
		if (!fits)
			return;
		c += length;
	}
}

static void put_line(struct buffer *out, enum label label, const char *text)
{
	if (text == NULL || *text == '\0')
		return;
	if (out->length > 0)
		buffer_append_char(out, '\n');
	buffer_append_text(out, event_labels[label]);
	put_escaped(out, text);
}

/* What somebody else wrote, as a part of a text of ours that is mailed: one line, without links. */
static const char *shown(struct arena *mem, const char *text)
{
	if (text == NULL)
		return NULL;
	return text_isolate(mem, text_without_links(mem, text_clean(mem, text, TEXT_LINE)));
}

/* Where it takes place, but for a Meet link, which Google shows itself. */
static void put_meeting(struct buffer *text, const struct appointment *appointment)
{
	const char *label = appointment->meeting_label;
	if (appointment->meeting_kind == MEETING_LINK) {
		put_line(text, LABEL_WHERE, label != NULL ? label : "by the link");
		put_line(text, LABEL_LINK, appointment->meeting_url);
	}
	put_line(text, appointment->meeting_kind == MEETING_PHONE ? LABEL_NUMBER : LABEL_ADDRESS,
		 appointment->meeting_place);
	put_line(text, LABEL_INSTRUCTIONS, appointment->meeting_instructions);
}

const char *event_html(struct arena *mem, const char *text)
{
	struct buffer html;
	if (text == NULL)
		return NULL;
	buffer_init(&html, HTML_MAX);
	put_escaped(&html, text);
	const char *copy = arena_strdup(mem, buffer_text(&html));
	buffer_clear(&html);
	return copy;
}

/* NULL: none. */
static const char *notes_of(struct arena *mem, const struct appointment *appointment)
{
	if (appointment->notes == NULL)
		return NULL;
	return text_isolate(mem, text_clean(mem, appointment->notes, TEXT_NOTE));
}

const char *event_notes(struct arena *mem, const struct appointment *appointment)
{
	return event_html(mem, notes_of(mem, appointment));
}

/*
 * shared: the client's guests read it, too, so it says no more than where and with whom. What the coach
 * misses there is on their own page.
 */
static const char *description_of(struct arena *mem, const struct appointment *appointment,
				  const char *manage_url, bool shared)
{
	struct buffer text;
	buffer_init(&text, DESCRIPTION_MAX);
	put_line(&text, LABEL_CLIENT, shown(mem, appointment->name));
	if (!shared) {
		put_line(&text, LABEL_EMAIL, appointment->email);
		put_line(&text, LABEL_PHONE, shown(mem, appointment->phone));
		put_line(&text, LABEL_GUESTS, appointment_guests_text(appointment->guests, mem));
	}
	put_meeting(&text, appointment);
	if (!shared) {
		put_line(&text, LABEL_TIME_ZONE, appointment->client_time_zone);
		put_line(&text, LABEL_MANAGE, manage_url);
	}
	if (appointment->notes != NULL && !shared) {
		buffer_append_text(&text, text.length > 0 ? "\n\n" : "");
		put_escaped(&text, notes_of(mem, appointment));
	}
	const char *description = arena_strdup(mem, buffer_text(&text));
	buffer_clear(&text);
	return description;
}

const char *event_shared_description(struct arena *mem, const struct appointment *appointment)
{
	return description_of(mem, appointment, NULL, true);
}

/* The client, unless nobody knows how to reach them, and their guests. */
static void put_guests(struct arena *mem, const struct appointment *appointment,
		       struct google_event_draft *draft)
{
	const char *addresses[APPOINTMENT_GUESTS_MAX];
	const size_t count = appointment_guests(appointment->guests, mem, addresses);
	struct google_guest *guests = arena_array(mem, count + 1, sizeof(*guests));
	size_t filled = 0;
	if (appointment->email != NULL)
		guests[filled++] = (struct google_guest){.email = appointment->email,
							 .name = shown(mem, appointment->name)};
	for (size_t i = 0; i < count; i++)
		guests[filled++] = (struct google_guest){.email = addresses[i]};
	draft->guests = guests;
	draft->guest_count = filled;
	draft->guests_apart = count > 0;
}

static const char *summary_of(struct arena *mem, const struct appointment *appointment, const char *type_name)
{
	const char *type = shown(mem, type_name);
	const char *name = shown(mem, appointment->name);
	return name == NULL ? type : arena_printf(mem, "%s: %s", type, name);
}

void event_draft(struct arena *mem, const struct appointment *appointment, const struct event_words *words,
		 bool invite, bool meet, struct google_event_draft *ret_draft)
{
	char *id = arena_alloc(mem, GOOGLE_EVENT_ID_BYTES);
	google_event_id(appointment->id, id);
	*ret_draft = (struct google_event_draft){
		.id = id,
		.booking_id = appointment->id,
		.start = appointment->starts_at,
		.end = appointment->ends_at,
		.time_zone = words->time_zone,
		.popup_reminders = reminder_minutes,
		.popup_reminder_count = sizeof(reminder_minutes) / sizeof(reminder_minutes[0]),
	};
	if (appointment->erased) {
		ret_draft->summary = shown(mem, words->session_type);
		ret_draft->silent = true;
		return;
	}
	ret_draft->summary = summary_of(mem, appointment, words->session_type);
	ret_draft->location = appointment->meeting_kind == MEETING_LINK ? appointment->meeting_url
									: appointment->meeting_place;
	/* Whom the coach does not want to be told is no guest: Google would mail them at every change. */
	if (invite && appointment_has_invited(appointment))
		put_guests(mem, appointment, ret_draft);
	ret_draft->description = description_of(mem, appointment, words->manage_url, ret_draft->guests_apart);
	if (meet && appointment->meeting_kind == MEETING_GOOGLE_MEET)
		ret_draft->conference_request =
			arena_printf(mem, "%s-%d", id, (int)appointment->conference_attempt);
}

bool event_same_time(const struct google_event *event, const struct appointment *appointment)
{
	return event->has_time && !event->all_day && event->start == appointment->starts_at &&
	       event->end == appointment->ends_at;
}

/* What Google cuts short in the name of a calendar. */
static const char *whole_calendar(struct arena *mem, const char *calendar)
{
	static const char *const domains[][2] = {{"@m", "@gmail.com"},
						 {"@g", "@group.calendar.google.com"},
						 {"@v", "@group.v.calendar.google.com"}};
	const char *at = strrchr(calendar, '@');
	for (size_t i = 0; at != NULL && i < sizeof(domains) / sizeof(domains[0]); i++) {
		if (strcmp(at, domains[i][0]) == 0)
			return arena_printf(mem, "%.*s%s", (int)(at - calendar), calendar, domains[i][1]);
	}
	return calendar;
}

/* The calendar that a link leads to: eid=..., in base64 "the-event's-id its-calendar". NULL: not told so. */
static const char *calendar_in(struct arena *mem, const char *link)
{
	const char *name = link != NULL ? strstr(link, "eid=") : NULL;
	if (name == NULL)
		return NULL;
	name += strlen("eid=");
	const size_t length = strcspn(name, "&#=%"); /* some pad it */
	const size_t room = ENCODE_DECODED_SIZE(length);
	char *text = arena_alloc(mem, room + 1);
	size_t size = 0;
	if (!encode_base64url_read(name, length, text, room, &size))
		return NULL;
	text[size] = '\0';
	const char *blank = strchr(text, ' ');
	return blank != NULL ? whole_calendar(mem, blank + 1) : NULL;
}

enum event_links event_links_compare(struct arena *mem, const char *one, const char *two)
{
	const char *first = calendar_in(mem, one);
	const char *second = calendar_in(mem, two);
	if (first == NULL || second == NULL)
		return EVENT_LINKS_UNKNOWN;
	return strcasecmp(first, second) == 0 ? EVENT_LINKS_SAME : EVENT_LINKS_DIFFER;
}

const char *event_guest_response(const struct google_event *event, const struct appointment *appointment)
{
	for (size_t i = 0; i < event->attendee_count && appointment->email != NULL; i++) {
		const struct google_attendee *guest = &event->attendees[i];
		if (guest->email == NULL || strcasecmp(guest->email, appointment->email) != 0)
			continue;
		switch (guest->response) {
		case GOOGLE_RESPONSE_ACCEPTED:
			return "accepted";
		case GOOGLE_RESPONSE_DECLINED:
			return "declined";
		case GOOGLE_RESPONSE_TENTATIVE:
			return "tentative";
		case GOOGLE_RESPONSE_NEEDED:
			return "none";
		}
	}
	return "none";
}
