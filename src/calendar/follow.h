/*
 * follow - what coaches do to our events in their calendar, carried over to the appointments.
 */
#ifndef CALENDAR_FOLLOW_H
#define CALENDAR_FOLLOW_H

#include "visit.h"

/*
 * Look for changes in one calendar.
 *
 * sync_token  where the last look ended; NULL: list everything.
 * began       when this one was claimed, by the database's clock.
 *
 * Blocks for 5 s a page at most; a first look at a large calendar has many pages. False: something could not
 * be looked at, and the same changes come again with the next look, which is to be soon.
 */
bool follow_calendar(struct visit *visit, const char *calendar_id, const char *sync_token, instant began);

#endif
