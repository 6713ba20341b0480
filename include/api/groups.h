/*
 * groups - the coach's calls about sessions that several clients share.
 */
#ifndef API_GROUPS_H
#define API_GROUPS_H

#include "api/api.h"

void api_group_get(struct call *call);
void api_group_cancel(struct call *call);
void api_group_reschedule(struct call *call);

#endif
