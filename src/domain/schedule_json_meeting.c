/* The part of a schedule document that says where sessions take place. */
#include "schedule_reader.h"

#include <string.h>

static const char *read_part(struct reader *reader, const json_t *object, const char *path, const char *name,
			     size_t most, enum text_kind kind)
{
	const json_t *value = json_object_get(object, name);
	if (value == NULL || json_is_null(value))
		return NULL;
	return reader_text(reader, value, reader_member(reader, path, name), 1, most, kind);
}

void reader_meeting(struct reader *reader, const json_t *value, const char *path, struct meeting *ret_meeting)
{
	static const char *const names[] = {"kind", "url", "label", "address", "number", "instructions"};
	static const char kinds[] = "must be one of google_meet, phone, in_person, link, none.";
	if (json_is_string(value)) {
		if (!meeting_kind_parse(json_string_value(value), &ret_meeting->kind))
			reader_invalid(reader, path, kinds);
		else if (ret_meeting->kind == MEETING_LINK)
			reader_invalid(reader, path, "must be an object with the link's url.");
		return;
	}
	if (!reader_object(reader, value, path, names, sizeof(names) / sizeof(names[0])))
		return;
	const json_t *kind = json_object_get(value, "kind");
	if (!json_is_string(kind) || !meeting_kind_parse(json_string_value(kind), &ret_meeting->kind)) {
		reader_invalid(reader, reader_member(reader, path, "kind"), kinds);
		return;
	}
	const char *place = ret_meeting->kind == MEETING_PHONE ? "number" : "address";
	const char *other = ret_meeting->kind == MEETING_PHONE ? "address" : "number";
	ret_meeting->url = read_part(reader, value, path, "url", MEETING_URL_BYTES_MAX, TEXT_LINE);
	ret_meeting->label = read_part(reader, value, path, "label", MEETING_LABEL_MAX, TEXT_LINE);
	ret_meeting->place = read_part(reader, value, path, place, MEETING_PLACE_MAX, TEXT_LINE);
	ret_meeting->instructions =
		read_part(reader, value, path, "instructions", MEETING_INSTRUCTIONS_MAX, TEXT_NOTE);
	const char *field = other;
	const char *sentence = "doesn't go with this kind of meeting.";
	bool foreign = json_object_get(value, other) != NULL;
	if (foreign || !meeting_is_whole(ret_meeting, &field, &sentence))
		reader_invalid(reader, reader_member(reader, path, foreign ? other : field), sentence);
}

const struct meeting *reader_fallback_meeting(struct reader *reader, const json_t *value, const char *path)
{
	struct meeting *meeting = arena_alloc(reader->mem, sizeof(*meeting));
	*meeting = (struct meeting){.kind = MEETING_PHONE}; /* of a value that is refused for itself */
	reader_meeting(reader, value, path, meeting);
	if (meeting->kind == MEETING_GOOGLE_MEET || meeting->kind == MEETING_NONE)
		reader_invalid(reader, path,
			       "must be a link, a place or a number: it stands in for Google Meet.");
	return meeting;
}
