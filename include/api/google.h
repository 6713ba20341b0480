/*
 * google - the calls about a coach's Google Calendar: what it may do, consent, retry, and what Google calls.
 */
#ifndef API_GOOGLE_H
#define API_GOOGLE_H

#include "calendar/account.h"
#include "api/api.h"

void api_google_status(struct call *call);
void api_google_connect(struct call *call);
void api_google_disconnect(struct call *call);
void api_google_retry(struct call *call);
void api_google_callback(struct call *call);
void api_google_hook(struct call *call);
bool api_google_hook_early(struct call *call); /* refuses forged pushes from memory */

/* The member "can": true, false, or null where it is not known yet. */
void google_write_abilities(struct json_writer *writer, const struct calendar_abilities *can);

#endif
