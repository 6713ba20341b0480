/*
 * coach - the coach's own calls: schedule, appointments, busy times, explain, feed.
 */
#ifndef API_COACH_H
#define API_COACH_H

#include "api/api.h"

/* The coach in the path, to be released. False: answered. */
bool api_coach_find(struct call *call, const struct coach **ret_coach);

void api_coach_me(struct call *call);
void api_coach_appointments(struct call *call);
void api_coach_busy(struct call *call);
void api_coach_schedule_get(struct call *call);
void api_coach_schedule_put(struct call *call);
void api_coach_explain(struct call *call);
void api_coach_feed(struct call *call);
void api_coach_feed_renew(struct call *call);
void api_coach_feed_ics(struct call *call);

#endif
