#include "db/events.h"

enum db_result event_read(struct db *db, const struct db_rows *rows, size_t row, size_t column,
			  struct arena *mem, struct event *ret_event)
{
	struct event event = {
		.type = db_copy_text(rows, row, column + 1, mem),
		.at = db_get_instant(rows, row, column + 2),
		.about_appointment = !db_is_null(rows, row, column + 3),
		.previous_start = db_get_instant(rows, row, column + 4),
		.previous_end = db_get_instant(rows, row, column + 5),
		.previous_coach = db_copy_text(rows, row, column + 6, mem),
		.body = db_copy_text(rows, row, column + 7, mem),
	};
	db_get_uuid(rows, row, column, event.id);
	enum db_result result = DB_OK;
	if (event.about_appointment)
		result = appointment_read(db, rows, row, column + 3, mem, &event.appointment);
	if (result == DB_OK)
		*ret_event = event;
	return result;
}
