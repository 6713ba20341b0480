/*
 * moving - busy times without the event of the appointment that is being moved.
 */
#ifndef CALENDAR_MOVING_H
#define CALENDAR_MOVING_H

#include "db/appointments.h"
#include "visit.h"

/*
 * Take the appointment's own event out of the busy times `rows`, all of them fresh, in the visit's memory.
 * The provider's busy times do not say whose they are, so what else lies there is read from the events; when
 * that cannot be had, or an event lies there too, the time stays busy. Blocks until the visit's deadline at
 * most.
 */
void moving_leave_out(struct visit *visit, const struct appointment *moving, struct busy_rows *rows);

#endif
