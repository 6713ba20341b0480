#include "event_change.h"

#include "base/buffer.h"
#include "base/crypto.h"
#include "base/encode.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum {
	MARK_BYTES = 8, /* of a digest: enough to tell texts of one event from one another */
	MARK_SIZE = ENCODE_BASE64URL_SIZE(MARK_BYTES),
	FIELDS = 5,
	DESCRIPTION_MAX = 8192,           /* what Google takes, and more than we write */
	DESCRIPTION_READ_MAX = 64 * 1024, /* on other servers it may be longer */
};

/* ---- texts, however Google or the coach's browser has laid them out ---- */

static size_t entity_length(const char *text)
{
	size_t length = 0;
	while (isalnum((unsigned char)text[length]) || text[length] == '#')
		length++;
	return length;
}

/* What is left of a text without tags, entities, blanks, and the marks that isolate a name's direction. */
static const char *bare(struct arena *mem, const char *text)
{
	char *to = arena_alloc(mem, strlen(text != NULL ? text : "") + 1);
	size_t length = 0;
	bool has_tags = true;
	for (const char *c = text != NULL ? text : ""; *c != '\0';) {
		const size_t entity = *c == '&' ? entity_length(c + 1) : 0;
		const char *tag_end = *c == '<' && has_tags ? strchr(c, '>') : NULL;
		has_tags = has_tags && (*c != '<' || tag_end != NULL);
		if (tag_end != NULL) {
			c = tag_end + 1;
		} else if (entity > 0 && c[1 + entity] == ';') {
			c += entity + 2;
		} else if (strncmp(c, "\xE2\x81", 2) == 0 && c[2] >= '\xA6' && c[2] <= '\xA9') {
			c += 3;
		} else {
			if (!isspace((unsigned char)*c))
				to[length++] = *c;
			c++;
		}
	}
	to[length] = '\0';
	return to;
}

static bool same_text(struct arena *mem, const char *one, const char *two)
{
	return strcmp(bare(mem, one), bare(mem, two)) == 0;
}

static const char *mark_of(struct arena *mem, const char *text)
{
	unsigned char digest[CRYPTO_SHA256_SIZE];
	char *mark = arena_alloc(mem, MARK_SIZE);
	crypto_sha256(text, strlen(text), digest);
	encode_base64url(digest, MARK_BYTES, mark);
	return mark;
}

static const char *mark_of_text(struct arena *mem, const char *text)
{
	return mark_of(mem, bare(mem, text));
}

static const char *mark_of_address(struct arena *mem, const char *email)
{
	char *lower = arena_strdup(mem, email);
	for (char *c = lower; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return mark_of(mem, lower);
}

/* ---- the trace ---- */

struct trace {
	bool known;
	const char *title, *description, *place; /* marks */
	const char *lines;                       /* the labels of the description's lines, a letter each */
	const char *guests;                      /* marks of whom we invited, parted by dots */
};

/* "title description place lines guests", a hyphen where there is nothing. */
static struct trace trace_read(struct arena *mem, const char *text)
{
	const char *fields[FIELDS];
	char *rest = arena_strdup(mem, text != NULL ? text : "");
	char *field;
	size_t count = 0;
	while (count < FIELDS && (field = strsep(&rest, " ")) != NULL)
		fields[count++] = field;
	if (count < FIELDS)
		return (struct trace){.title = "", .description = "", .place = "", .lines = "", .guests = ""};
	return (struct trace){true, fields[0], fields[1], fields[2], fields[3], fields[4]};
}

/* Whether we have invited this address. */
static bool trace_has_guest(struct arena *mem, const struct trace *trace, const char *email)
{
	return strstr(trace->guests, mark_of_address(mem, email)) != NULL;
}

static const char *with_guest(struct arena *mem, const char *guests, const char *email)
{
	return arena_printf(mem, "%s%s%s", guests, *guests != '\0' ? "." : "", mark_of_address(mem, email));
}

/* ---- the description, line by line ---- */

/* What a description's next line ends with: a line's end, or what a browser's editor makes of one. */
static size_t line_end(const char *text, size_t *ret_end)
{
	static const char *const ends[] = {"\n", "<br>", "<br/>", "<br />", "<p>", "</p>"};
	for (size_t at = 0; text[at] != '\0'; at++) {
		for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
			if (strncasecmp(text + at, ends[i], strlen(ends[i])) == 0) {
				*ret_end = strlen(ends[i]);
				return at;
			}
		}
	}
	*ret_end = 0;
	return strlen(text);
}

/* Cut the next line. NULL at the end. */
static const char *next_line(struct arena *mem, const char **text)
{
	size_t end;
	if (**text == '\0')
		return NULL;
	const size_t length = line_end(*text, &end);
	const char *line = arena_strndup(mem, *text, length);
	*text += length + end;
	return line;
}

/* The letter of the label that a line of ours, bare, begins with; 0: none. */
static char label_of(struct arena *mem, const char *text)
{
	for (const char *const *label = event_labels; *label != NULL; label++) {
		const char *name = bare(mem, *label);
		if (strncmp(text, name, strlen(name)) == 0)
			return name[0];
	}
	return '\0';
}

/* But for the line whose link is new each time. */
static const char *mark_of_description(struct arena *mem, const char *description)
{
	struct buffer lasting;
	const char *line;
	buffer_init(&lasting, DESCRIPTION_READ_MAX);
	while (description != NULL && (line = next_line(mem, &description)) != NULL) {
		const char *text = bare(mem, line);
		if (label_of(mem, text) != EVENT_MANAGE_LABEL)
			buffer_append_text(&lasting, text);
	}
	const char *mark = mark_of(mem, buffer_text(&lasting));
	buffer_clear(&lasting);
	return mark;
}

static const char *labels_in(struct arena *mem, const char *description)
{
	const char *labels = "";
	const char *line;
	while (description != NULL && (line = next_line(mem, &description)) != NULL) {
		const char label = label_of(mem, bare(mem, line));
		if (label != '\0' && strchr(labels, label) == NULL)
			labels = arena_printf(mem, "%s%c", labels, label);
	}
	return labels;
}

/* What the client wrote: each line bare, between line ends. */
static const char *noted_lines(struct arena *mem, const char *notes)
{
	struct buffer lines;
	const char *line;
	buffer_init(&lines, DESCRIPTION_READ_MAX);
	buffer_append_char(&lines, '\n');
	while (notes != NULL && (line = next_line(mem, &notes)) != NULL) {
		buffer_append_text(&lines, bare(mem, line));
		buffer_append_char(&lines, '\n');
	}
	const char *noted = arena_strdup(mem, buffer_text(&lines));
	buffer_clear(&lines);
	return noted;
}

/* Whether a line, bare, is ours: of what the client wrote, or with a label that we have written. */
static bool is_of_ours(struct arena *mem, const char *text, const struct trace *trace, const char *noted)
{
	const char label = label_of(mem, text);
	return (label != '\0' && (!trace->known || strchr(trace->lines, label) != NULL)) ||
	       strstr(noted, arena_printf(mem, "\n%s\n", text)) != NULL;
}

static void put_line(struct buffer *out, const char *line)
{
	if (out->length > 0)
		buffer_append_char(out, '\n');
	buffer_append_text(out, line);
}

/* The event's description with our lines as they are to be, in their place among the coach's own. */
static const char *laid_over(struct arena *mem, const struct appointment *appointment, const char *standing,
			     const char *ours, const struct trace *trace)
{
	const char *noted = noted_lines(mem, event_notes(mem, appointment));
	const char *line;
	struct buffer text;
	bool placed = false;
	bool blank = false;
	buffer_init(&text, DESCRIPTION_READ_MAX + DESCRIPTION_MAX);
	while (standing != NULL && (line = next_line(mem, &standing)) != NULL) {
		const char *seen = bare(mem, line);
		const bool is_blank = *seen == '\0';
		const bool is_ours = !is_blank && is_of_ours(mem, seen, trace, noted);
		if (is_ours && !placed)
			put_line(&text, ours);
		placed = placed || is_ours;
		if (!is_ours && !is_blank) {
			if (blank && text.length > 0)
				put_line(&text, "");
			put_line(&text, line);
		}
		blank = is_blank;
	}
	if (!placed)
		put_line(&text, ours);
	const char *description = arena_strdup(mem, buffer_text(&text));
	buffer_clear(&text);
	return description;
}

static unsigned description_part(struct arena *mem, const struct appointment *appointment,
				 const struct google_event *event, const struct trace *trace,
				 struct google_event_draft *draft)
{
	if (trace->known && strcmp(mark_of_description(mem, draft->description), trace->description) == 0)
		return 0;
	/* A book that somebody keeps there is not for us to edit. */
	if (event->description != NULL && strlen(event->description) > DESCRIPTION_READ_MAX)
		return 0;
	if (!trace->known || strcmp(mark_of_description(mem, event->description), trace->description) != 0)
		draft->description =
			laid_over(mem, appointment, event->description, draft->description, trace);
	return same_text(mem, draft->description, event->description) ? 0 : GOOGLE_PART_DESCRIPTION;
}

/* ---- title and place ---- */

/* A title of the coach's own stays. */
static unsigned title_part(struct arena *mem, const struct google_event *event, const struct trace *trace,
			   const struct google_event_draft *draft)
{
	const bool own = trace->known && strcmp(mark_of_text(mem, event->title), trace->title) != 0;
	return own || same_text(mem, draft->summary, event->title) ? 0 : GOOGLE_PART_TITLE;
}

/* Another place than the one we wrote is what everybody is told, whatever the coach wrote there meanwhile. */
static unsigned place_part(struct arena *mem, const struct google_event *event, const struct trace *trace,
			   struct google_event_draft *draft)
{
	if (draft->location == NULL)
		draft->location = ""; /* the former place goes */
	const bool same = trace->known && strcmp(mark_of_text(mem, draft->location), trace->place) == 0;
	return same || same_text(mem, draft->location, event->location) ? 0 : GOOGLE_PART_PLACE;
}

/* ---- guests ---- */

/* The event's list with our guests as they are to be. */
struct guest_list {
	struct google_guest *guests;
	size_t count;
	size_t added;
	size_t left;
	size_t foreign;    /* whom the coach has invited by hand */
	const char *marks; /* of ours */
};

static const struct google_guest *find_guest(const struct google_event_draft *draft, const char *email)
{
	for (size_t i = 0; i < draft->guest_count && email != NULL; i++) {
		if (strcasecmp(draft->guests[i].email, email) == 0)
			return &draft->guests[i];
	}
	return NULL;
}

static bool is_there(const struct google_event *event, const char *email)
{
	for (size_t i = 0; i < event->attendee_count; i++) {
		if (event->attendees[i].email != NULL && strcasecmp(event->attendees[i].email, email) == 0)
			return true;
	}
	return false;
}

static void keep_attendees(struct arena *mem, const struct google_event *event, const struct trace *trace,
			   const struct google_event_draft *draft, struct guest_list *list)
{
	for (size_t i = 0; i < event->attendee_count; i++) {
		const struct google_attendee *attendee = &event->attendees[i];
		const bool host = attendee->self || attendee->organizer || attendee->email == NULL;
		const bool wanted = find_guest(draft, attendee->email) != NULL;
		const bool ours = !host && (!trace->known || trace_has_guest(mem, trace, attendee->email));
		if (ours && !wanted) {
			list->left++;
			continue;
		}
		list->guests[list->count++] =
			(struct google_guest){.email = attendee->email, .json = attendee->json};
		list->foreign += !host && !ours;
		if (ours)
			list->marks = with_guest(mem, list->marks, attendee->email);
	}
}

static struct guest_list list_guests(struct arena *mem, const struct google_event *event,
				     const struct trace *trace, const struct google_event_draft *draft)
{
	struct guest_list list = {
		.guests = arena_array(mem, event->attendee_count + draft->guest_count, sizeof(*list.guests)),
		.marks = ""};
	keep_attendees(mem, event, trace, draft, &list);
	for (size_t i = 0; i < draft->guest_count; i++) {
		const struct google_guest *guest = &draft->guests[i];
		if (is_there(event, guest->email))
			continue;
		list.marks = with_guest(mem, list.marks, guest->email);
		if (trace->known && trace_has_guest(mem, trace, guest->email))
			continue; /* the coach has taken them off by hand */
		list.guests[list.count++] = *guest;
		list.added++;
	}
	return list;
}

bool event_has_invited(struct arena *mem, const struct google_event *event, const char *email)
{
	const struct trace trace = trace_read(mem, event->trace);
	return is_there(event, email) || trace_has_guest(mem, &trace, email);
}

/* Whether one of the client's guests, whom we have invited, is there to read it. */
static bool is_read_by_guests(struct arena *mem, const struct google_event *event, const struct trace *trace,
			      const struct appointment *appointment)
{
	for (size_t i = 0; i < event->attendee_count; i++) {
		const char *email = event->attendees[i].email;
		if (email != NULL && trace_has_guest(mem, trace, email) &&
		    (appointment->email == NULL || strcasecmp(email, appointment->email) != 0))
			return true;
	}
	return false;
}

/* ---- the whole ---- */

/* What a draft writes, before it is laid over what others wrote; guests: the marks of ours. */
static const char *trace_of(struct arena *mem, const struct google_event_draft *draft, const char *guests)
{
	const char *lines = labels_in(mem, draft->description);
	return arena_printf(mem, "%s %s %s %s %s", mark_of_text(mem, draft->summary),
			    mark_of_description(mem, draft->description), mark_of_text(mem, draft->location),
			    *lines != '\0' ? lines : "-", *guests != '\0' ? guests : "-");
}

const char *event_trace(struct arena *mem, const struct google_event_draft *draft)
{
	const char *guests = "";
	for (size_t i = 0; i < draft->guest_count; i++)
		guests = with_guest(mem, guests, draft->guests[i].email);
	return trace_of(mem, draft, guests);
}

/* A link that we asked for goes with the place; one that the coach has added stays. */
static unsigned conference_part(const struct appointment *appointment, const struct google_event *event,
				const struct google_event_draft *draft)
{
	const char *request = event->conference_request;
	if (appointment->meeting_kind != MEETING_GOOGLE_MEET)
		return request != NULL && strncmp(request, draft->id, strlen(draft->id)) == 0
			       ? GOOGLE_PART_CONFERENCE
			       : 0;
	if (draft->conference_request == NULL || event->conference == GOOGLE_CONFERENCE_SUCCESS)
		return 0;
	return request != NULL && strcmp(request, draft->conference_request) == 0 ? 0
										  : GOOGLE_PART_CONFERENCE;
}

unsigned event_difference(struct arena *mem, const struct appointment *appointment,
			  const struct google_event *event, bool with_guests,
			  struct google_event_draft *draft)
{
	const struct trace before = trace_read(mem, event->trace);
	struct guest_list list = {.marks = before.guests};
	unsigned parts = event_same_time(event, appointment) ? 0 : GOOGLE_PART_TIME;
	const char *shared = event_shared_description(mem, appointment);
	bool others = is_read_by_guests(mem, event, &before, appointment);
	if (with_guests) {
		list = list_guests(mem, event, &before, draft);
		draft->guests = list.guests;
		draft->guest_count = list.count;
		parts |= list.added + list.left > 0 ? GOOGLE_PART_GUESTS : 0;
		/* As it was written to those who have just left, should the reply have been lost. */
		others = others || list.left + list.foreign > 0 ||
			 strcmp(mark_of_description(mem, shared), before.description) == 0;
	}
	if (others)
		draft->description = shared;
	draft->trace = trace_of(mem, draft, list.marks);
	parts |= title_part(mem, event, &before, draft) | place_part(mem, event, &before, draft) |
		 description_part(mem, appointment, event, &before, draft) |
		 conference_part(appointment, event, draft);
	if (event->trace == NULL || strcmp(event->trace, draft->trace) != 0)
		parts |= GOOGLE_PART_TRACE;
	return parts;
}
