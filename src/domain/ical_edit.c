#include "domain/ical_edit.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "domain/ical_text.h"

enum { LINE_MAX_OCTETS = 75, FILE_BYTES_MAX = 4 * 1024 * 1024 };

static const struct ical_span nothing = {"", 0};

/* ---- lines ---- */

/* A content line, folded between characters (RFC 5545 section 3.1). */
static void put_line(struct buffer *out, const char *line, size_t length)
{
	size_t room = LINE_MAX_OCTETS;
	while (length > room) {
		size_t cut = room;
		while (cut > 1 && ((unsigned char)line[cut] & 0xC0) == 0x80)
			cut--;
		buffer_append(out, line, cut);
		buffer_append_text(out, "\r\n ");
		line += cut;
		length -= cut;
		room = LINE_MAX_OCTETS - 1;
	}
	buffer_append(out, line, length);
	buffer_append_text(out, "\r\n");
}

static void put(struct buffer *out, const char *line)
{
	put_line(out, line, strlen(line));
}

/* A property whose value is text; nothing where there is none. */
static void put_text(struct buffer *out, const char *name, const char *text)
{
	__attribute__((cleanup(buffer_clear))) struct buffer line = {.max = FILE_BYTES_MAX};
	if (text == NULL || *text == '\0')
		return;
	buffer_printf(&line, "%s:", name);
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			buffer_append_text(&line, "\\n");
		else if (strchr("\\;,", *text) != NULL) {
			buffer_append_char(&line, '\\');
			buffer_append_char(&line, *text);
		} else if ((unsigned char)*text >= 0x20 && *text != 0x7F)
			buffer_append_char(&line, *text);
	}
	put_line(out, buffer_text(&line), line.length);
}

static void put_instant(struct buffer *out, const char *name, instant at)
{
	char line[64];
	const int64_t day = at / SECONDS_PER_DAY - (at % SECONDS_PER_DAY < 0);
	const int64_t second = at - day * SECONDS_PER_DAY;
	const struct civil_date date = date_from_days(day);
	snprintf(line, sizeof(line), "%s:%04d%02d%02dT%02d%02d%02dZ", name, date.year, date.month, date.day,
		 (int)(second / SECONDS_PER_HOUR), (int)(second % SECONDS_PER_HOUR / SECONDS_PER_MINUTE),
		 (int)(second % SECONDS_PER_MINUTE));
	put(out, line);
}

static void put_parts(struct buffer *out, const struct ical_draft *draft, unsigned parts, long sequence)
{
	char line[64];
	put_instant(out, "DTSTAMP", draft->stamp);
	snprintf(line, sizeof(line), "SEQUENCE:%ld", sequence);
	put(out, line);
	if (parts & ICAL_PART_TIME) {
		put_instant(out, "DTSTART", draft->start);
		put_instant(out, "DTEND", draft->end);
	}
	if (parts & ICAL_PART_TITLE)
		put_text(out, "SUMMARY", draft->summary);
	if (parts & ICAL_PART_DESCRIPTION)
		put_text(out, "DESCRIPTION", draft->description);
	if (parts & ICAL_PART_PLACE)
		put_text(out, "LOCATION", draft->location);
	if (parts & ICAL_PART_TRACE)
		put_text(out, "X-BOOKINGD-TRACE", draft->trace);
	if (parts & ICAL_PART_REVIVE)
		put(out, "STATUS:CONFIRMED");
}

static const char *finish(struct buffer *out, struct arena *mem)
{
	const char *text = out->overflowed ? NULL : arena_strdup(mem, buffer_text(out));
	buffer_clear(out);
	return text;
}

/* ---- a new file ---- */

static void put_alarm(struct buffer *out, int minutes, const char *summary)
{
	char line[64];
	snprintf(line, sizeof(line), "TRIGGER:-PT%dM", minutes);
	put(out, "BEGIN:VALARM");
	put(out, "ACTION:DISPLAY");
	put(out, line);
	put_text(out, "DESCRIPTION", summary);
	put(out, "END:VALARM");
}

const char *ical_draft_new(const struct ical_draft *draft, struct arena *mem)
{
	struct buffer out;
	buffer_init(&out, FILE_BYTES_MAX);
	put(&out, "BEGIN:VCALENDAR");
	put(&out, "VERSION:2.0");
	put(&out, "PRODID:-//bookingd//bookingd//EN");
	put(&out, "BEGIN:VEVENT");
	put_text(&out, "UID", draft->uid);
	put_text(&out, "X-BOOKINGD-APPOINTMENT", draft->appointment_id);
	put_parts(&out, draft, ~0U, 0);
	for (size_t i = 0; i < draft->reminder_count; i++)
		put_alarm(&out, draft->reminder_minutes[i], draft->summary);
	put(&out, "END:VEVENT");
	put(&out, "END:VCALENDAR");
	return finish(&out, mem);
}

/* ---- an event that stands ---- */

static bool is_one_of(struct ical_span name, const char *const names[])
{
	for (; *names != NULL; names++) {
		if (ical_is(name, *names))
			return true;
	}
	return false;
}

/* Whether a property of the event makes way for one of the draft's. */
static bool gives_way(struct ical_span name, unsigned parts)
{
	static const struct {
		unsigned part;
		const char *const names[4];
	} rows[] = {
		{0, {"DTSTAMP", "SEQUENCE", "LAST-MODIFIED"}},
		{ICAL_PART_TIME, {"DTSTART", "DTEND", "DURATION"}},
		{ICAL_PART_TITLE, {"SUMMARY"}},
		{ICAL_PART_DESCRIPTION, {"DESCRIPTION", "X-ALT-DESC"}},
		{ICAL_PART_PLACE, {"LOCATION"}},
		{ICAL_PART_TRACE, {"X-BOOKINGD-TRACE"}},
		{ICAL_PART_REVIVE, {"STATUS"}},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((rows[i].part == 0 || (rows[i].part & parts) != 0) && is_one_of(name, rows[i].names))
			return true;
	}
	return false;
}

const char *ical_text_of(struct ical_span event, const char *property, struct arena *mem)
{
	struct ical_line line;
	if (!ical_property(event, property, &line))
		return NULL;
	char *text = arena_alloc(mem, line.value.length + 1);
	size_t length = 0;
	for (size_t i = 0; i < line.value.length; i++) {
		const bool escaped = line.value.at[i] == '\\' && i + 1 < line.value.length;
		i += escaped;
		text[length] = line.value.at[i];
		if (escaped && (text[length] == 'n' || text[length] == 'N'))
			text[length] = '\n';
		length++;
	}
	text[length] = '\0';
	return text;
}

/* The one event of the file. False: there is none, or it repeats. */
static bool find_event(struct ical_span whole, struct ical_span *ret_event)
{
	struct ical_span calendar;
	struct ical_span another;
	struct ical_line line;
	if (ical_next_component(&whole, "VCALENDAR", &calendar) != ICAL_COMPONENT ||
	    ical_next_component(&calendar, "VEVENT", ret_event) != ICAL_COMPONENT ||
	    ical_next_component(&calendar, "VEVENT", &another) != ICAL_COMPONENTS_END)
		return false;
	return !ical_property(*ret_event, "RRULE", &line) && !ical_property(*ret_event, "RDATE", &line) &&
	       !ical_property(*ret_event, "RECURRENCE-ID", &line);
}

/* Each line of a stretch, but those of the event that give way. */
static void copy_lines(struct buffer *out, struct ical_span lines, bool of_event, unsigned parts)
{
	size_t depth = 0;
	while (lines.length > 0) {
		const char *end = memchr(lines.at, '\n', lines.length);
		size_t length = end != NULL ? (size_t)(end - lines.at) : lines.length;
		const struct ical_span one = {lines.at, length};
		struct ical_span rest = one;
		struct ical_line line = {.name = nothing};
		const bool is_property = ical_next_line(&rest, &line);
		if (is_property && ical_is(line.name, "END") && depth > 0)
			depth--;
		if (one.length > 0 && !(of_event && depth == 0 && is_property && gives_way(line.name, parts)))
			put_line(out, one.at, one.length);
		if (is_property && ical_is(line.name, "BEGIN"))
			depth++;
		length += end != NULL;
		lines.at += length;
		lines.length -= length;
	}
}

static long sequence_of(struct ical_span event)
{
	struct ical_line line;
	long sequence = 0;
	if (!ical_property(event, "SEQUENCE", &line))
		return 0;
	for (size_t i = 0; i < line.value.length && i < 9; i++) {
		if (line.value.at[i] < '0' || line.value.at[i] > '9')
			break;
		sequence = sequence * 10 + (line.value.at[i] - '0');
	}
	return sequence;
}

const char *ical_draft_over(char *text, size_t length, const struct ical_draft *draft, unsigned parts,
			    struct arena *mem)
{
	const struct ical_span whole = {text, ical_unfold(text, length)};
	struct ical_span event;
	if (!find_event(whole, &event))
		return NULL;
	const struct ical_span before = {whole.at, (size_t)(event.at - whole.at)};
	const char *behind = event.at + event.length;
	const struct ical_span after = {behind, (size_t)(whole.at + whole.length - behind)};
	struct buffer out;
	buffer_init(&out, FILE_BYTES_MAX);
	copy_lines(&out, before, false, 0);
	put_parts(&out, draft, parts, sequence_of(event) + 1);
	copy_lines(&out, event, true, parts);
	copy_lines(&out, after, false, 0);
	return finish(&out, mem);
}
