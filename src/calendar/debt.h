/*
 * debt - who may pay what an appointment owes to the provider, and what is noted afterwards.
 */
#ifndef CALENDAR_DEBT_H
#define CALENDAR_DEBT_H

#include "calendar/worker.h"
#include "coach.h"

/* Pay one claimed debt in the background. Blocks for some seconds at most. */
void debt_pay(struct calendars *calendars, struct worker *worker, const char *coach_id,
	      const char *appointment_id);

/* The same for an event that has to leave this coach's calendar. */
void debt_leave(struct calendars *calendars, struct worker *worker, const char *coach_id,
		const char *appointment_id);

#endif
