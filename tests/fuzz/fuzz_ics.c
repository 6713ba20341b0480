/*
 * Calendar files from texts of strangers: name, email, summary, description, location and link, with bars
 * between. Whatever they hold, the file has our lines and no other, folded and ended as RFC 5545 says, and a
 * reader reads it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libical/ical.h>

#include "base/json.h"
#include "domain/ics.h"

enum { TEXTS = 6, LINE_MAX_OCTETS = 75 };

static size_t count(const char *text, const char *line)
{
	size_t found = 0;
	while ((text = strstr(text, line)) != NULL) {
		found++;
		text += strlen(line);
	}
	return found;
}

static void check_lines(struct ics_text file)
{
	size_t begin = 0;
	if (strlen(file.bytes) != file.length || !utf8_valid(file.bytes, file.length))
		abort();
	for (size_t at = 0; at < file.length; at++) {
		unsigned char octet = (unsigned char)file.bytes[at];
		if (octet == '\r' && file.bytes[at + 1] == '\n') {
			if (at - begin > LINE_MAX_OCTETS)
				abort();
			begin = at + 2;
			at++;
		} else if ((octet < 0x20 && octet != '\t') || octet == 0x7f) {
			abort();
		}
	}
	if (begin != file.length)
		abort();
}

static void check_parts(struct ics_text file)
{
	if (count(file.bytes, "\r\nBEGIN:VEVENT\r\n") != 1 ||
	    count(file.bytes, "\r\nEND:VCALENDAR\r\n") != 1 || count(file.bytes, "\r\nATTENDEE") > 1 ||
	    count(file.bytes, "\r\nORGANIZER") > 1 || count(file.bytes, "\r\nSUMMARY") > 1 ||
	    count(file.bytes, "\r\nDTSTART") < 1)
		abort();
	icalcomponent *read = icalparser_parse_string(file.bytes);
	if (read == NULL || icalcomponent_count_errors(read) > 0)
		abort();
	icalcomponent_free(read);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct zone *zone;
	struct arena mem = ARENA_EMPTY;
	const char *texts[TEXTS];
	if (zone == NULL)
		zone = zone_find("America/New_York");
	/* Texts are UTF-8 by the time they get here; bars separate, so that line breaks can be in them. */
	char *text = arena_strndup(&mem, (const char *)bytes, size);
	if (zone == NULL || !utf8_valid(text, strlen(text))) {
		arena_clear(&mem);
		return 0;
	}
	for (size_t i = 0; i < TEXTS; i++) {
		texts[i] = text;
		text += strcspn(text, "|");
		if (*text != '\0')
			*text++ = '\0';
	}
	const struct ics_event event = {
		.uid = "0b0e7f6e6f0e4b8e9a521c5a6d9d2f11@google.com",
		.sequence = 1,
		.stamp = 1795000000,
		.start = 1795528800,
		.end = 1795530600,
		.attendee_name = texts[0],
		.attendee_email = texts[1],
		.summary = texts[2],
		.description = texts[3],
		.location = texts[4],
		.meeting_url = texts[5],
		.organizer_name = texts[0],
		.organizer_email = "coach@example.com",
	};
	struct ics_text file = ics_appointment(&event, ICS_REQUEST, zone, &mem);
	check_lines(file);
	check_parts(file);
	arena_clear(&mem);
	return 0;
}
