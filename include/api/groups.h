/*
 * groups - the coach's calls about sessions that several clients share.
 */
#ifndef API_GROUPS_H
#define API_GROUPS_H

#include "api/api.h"

void api_group_get(struct call *call);
/* The session as it is now, for a request sent again (api/api.h, retell): no reply is kept, since others are
 * in it. */
bool api_group_retell(struct call *call, const struct appointment *session, unsigned status);
void api_group_cancel(struct call *call);
void api_group_reschedule(struct call *call);

#endif
