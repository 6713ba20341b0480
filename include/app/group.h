/*
 * group - the coach's view of a session that several clients share: who comes, ending it, moving it.
 *
 * What is done to a session is done to all its seats, in one transaction. All functions block on the call's
 * worker; safe from any thread with one of its own. The caller may act for `coach_id`: that is asked before.
 */
#ifndef APP_GROUP_H
#define APP_GROUP_H

#include "app/booking.h"
#include "db/groups.h"

/* False: the result says why not; UNKNOWN is another coach's session as well. */
bool group_find(const struct booking_call *call, const char *coach_id, const char *id,
		struct group *ret_group, struct booking_result *ret_result);

/* End it. The result is about the session; `reason` may be NULL. */
void group_cancel(const struct booking_call *call, const struct group *group, const char *reason,
		  struct booking_result *ret_result);

/* Move it. Uses start, duration and overridden of the wish; a refusal tells every rule that stands against
 * it. */
void group_move(const struct booking_call *call, const struct group *group, const struct booking_wish *wish,
		struct booking_result *ret_result);

#endif
