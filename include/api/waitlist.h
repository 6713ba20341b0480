/*
 * waitlist - the calls of who waits for a time that is not free.
 */
#ifndef API_WAITLIST_H
#define API_WAITLIST_H

#include "api/api.h"

void api_waitlist_join(struct call *call);
void api_waitlist(struct call *call);
void api_waitlist_leave(struct call *call);
void api_waitlist_of_coach(struct call *call);

#endif
