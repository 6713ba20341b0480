/*
 * events - the events that appointments have in their coach's calendar.
 *
 * What is owed to a calendar is never written down: it is the difference between an appointment's version and
 * its synced_version, so nothing is lost with the process, and whoever finds a difference may pay it.
 */
#ifndef CALENDAR_EVENTS_H
#define CALENDAR_EVENTS_H

#include "calendar/calendar.h"
#include "calendar/worker.h"
#include "db/appointments.h"

/*
 * The calendar that events of this coach are written to, for the row of a new booking; NULL when there is
 * none (off, or no consent yet). May ask the database on first use of a coach; DB_OK or a failure.
 */
enum db_result calendar_target(struct calendars *calendars, struct worker *worker, const char *coach_id,
			       struct arena *mem, const char **ret_calendar_id);

/*
 * Pay what the appointment owes to Google, until the deadline, and write the result into its row. Called by
 * the request that made the change, which holds the lease; the background threads do the same. Always leaves
 * *appointment as the row now is; when it could not be paid the state is pending and the debt follows by
 * itself.
 */
void calendar_pay(struct calendars *calendars, struct worker *worker, struct arena *mem, int64_t deadline,
		  struct appointment *appointment);

/*
 * Take the event of an appointment out of the calendar of the coach who had it before it was moved to
 * another, until the deadline; what is left follows by itself. Before calendar_pay, which does not write it
 * for the other coach before that is done.
 */
void calendar_leave(struct calendars *calendars, struct worker *worker, struct arena *mem, int64_t deadline,
		    const char *coach_id, const char *appointment_id);

/* synced, pending, failed, conflict, off: the word for the reply. */
const char *calendar_state_of(const struct appointment *appointment);

/*
 * What was booked while the coach had no calendar is owed to the one there is now, if there is one. False:
 * the database failed, to be tried again. Blocks for the database only.
 */
bool calendar_adopt(struct calendars *calendars, struct worker *worker, const char *coach_id,
		    struct arena *mem);

#endif
