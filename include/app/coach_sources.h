/*
 * coach_sources - what a coach's further calendars add to what Google says.
 *
 * A source that was not read for SOURCE_STALE_SECONDS, and the time beyond what is known of one, are not
 * free. Pure; safe from any thread.
 */
#ifndef APP_COACH_SOURCES_H
#define APP_COACH_SOURCES_H

#include "app/coaches.h"
#include "calendar/busy.h"

/*
 * Add the sources' times that overlap `within` to *busy, the result in `mem`. The knowledge becomes
 * CALENDAR_UNKNOWN if a source was not read for too long, and CALENDAR_KNOWN_LIVE where only sources are
 * connected.
 */
void coach_sources_join(const struct coach *coach, struct interval within, instant now, struct arena *mem,
			struct calendar_busy *busy);

/* The first source that was not read for too long; NULL if none. */
const struct coach_source *coach_sources_stale(const struct coach *coach, instant now);

/* The sources that are busy in that time: their names with commas between, in `mem`; NULL if none. */
const char *coach_sources_busy(const struct coach *coach, struct interval within, struct arena *mem);

#endif
