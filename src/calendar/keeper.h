/*
 * keeper - the threads that look for changes in coaches' calendars, keep channels open, find out what the
 * credentials may do, notice what other replicas changed, and set the gauges.
 *
 * One thread, which makes no call to a provider, reads from the database who has a calendar. The others call
 * providers, several coaches at once, so that a thousand coaches whose calendars take their time are looked
 * at within two minutes, and one that hangs holds up nobody else.
 */
#ifndef CALENDAR_KEEPER_H
#define CALENDAR_KEEPER_H

#include "coach.h"

struct keeper *keeper_start(struct calendars *calendars);

/* Join and free, after bell_stop. NULL is fine. */
void keeper_stop(struct keeper *keeper);

#endif
