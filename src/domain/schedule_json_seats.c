/* The part of a schedule document that says how many may share a session. */
#include "schedule_reader.h"

void reader_seats(struct reader *reader, const json_t *entry, const char *path, struct session_type *type)
{
	const json_t *seats = json_object_get(entry, "seats");
	const json_t *least = json_object_get(entry, "min_seats");
	const json_t *show = json_object_get(entry, "show_seats_left");
	type->min_seats = 1;
	type->shows_seats_left = true;
	if (seats != NULL && !json_is_null(seats))
		reader_integer(reader, seats, reader_member(reader, path, "seats"), 2, SEATS_MAX,
			       &type->seats);
	if (least != NULL && !json_is_null(least)) {
		const char *at = reader_member(reader, path, "min_seats");
		if (type->seats == 0)
			reader_invalid(reader, at, "is only for sessions with seats.");
		else
			reader_integer(reader, least, at, 1, type->seats, &type->min_seats);
	}
	if (show != NULL && !json_is_null(show)) {
		if (!json_is_boolean(show))
			reader_invalid(reader, reader_member(reader, path, "show_seats_left"),
				       "must be true or false.");
		type->shows_seats_left = json_is_true(show);
	}
}
