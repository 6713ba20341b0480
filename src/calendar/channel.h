/*
 * channel - the channels on which a provider tells us that something changed in a calendar.
 */
#ifndef CALENDAR_CHANNEL_H
#define CALENDAR_CHANNEL_H

#include "visit.h"

/* Open or renew one channel, if one is due and PUBLIC_URL is https. False: nothing was due. */
bool channel_renew_one(struct calendars *calendars, struct worker *worker, struct arena *mem);

/* Stop the coach's channels, as far as the deadline allows. */
void channels_stop(struct visit *visit);

#endif
