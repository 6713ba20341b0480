/*
 * events - what happened, as other programs are told: rows of the table `event` (sql/functions/event.sql).
 */
#ifndef DB_EVENTS_H
#define DB_EVENTS_H

#include "base/arena.h"
#include "base/uuid.h"
#include "db/appointments.h"
#include "db/db.h"

struct event {
	char id[UUID_TEXT_SIZE];
	const char *type; /* "appointment.moved" */
	instant at;
	bool about_appointment;         /* else `body` says what is told */
	struct appointment appointment; /* as it was then, without notes */
	instant previous_start;         /* of a move: where it was before; else 0 */
	instant previous_end;
	const char *previous_coach; /* NULL too if it was told by a former release */
	const char *body;           /* JSON; NULL if it is about an appointment */
};

/* How many columns of a row make an event. */
enum { EVENT_COLUMNS = 8 };

/*
 * Read the event whose columns (those of the statement event_list) begin at `column`. Texts are put into
 * `mem`. DB_FAILED, told by db_failure(): it is none that this program understands. *ret_event is filled with
 * DB_OK only.
 */
MUST_USE enum db_result event_read(struct db *db, const struct db_rows *rows, size_t row, size_t column,
				   struct arena *mem, struct event *ret_event);

#endif
