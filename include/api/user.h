/*
 * user - a client's own list, export and erasure.
 */
#ifndef API_USER_H
#define API_USER_H

#include "api/api.h"

void api_user_list(struct call *call);
void api_user_export(struct call *call);
void api_user_erase(struct call *call);

/*
 * Answer with a page of appointments for `query`, whose status, limit and cursor are read from the request;
 * also for a coach's list.
 */
void api_answer_list(struct call *call, struct appointment_page_query *query);

/* The user in the path; `me` is the caller. */
const char *api_user_of(const struct call *call);

#endif
