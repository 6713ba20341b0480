/*
 * webhooks - where a coach's events are sent to: one handler a call.
 */
#ifndef API_WEBHOOKS_H
#define API_WEBHOOKS_H

#include "api/api.h"

void api_webhooks_list(struct call *call);         /* GET /coach/:coach/webhooks */
void api_webhooks_add(struct call *call);          /* POST */
void api_webhooks_change(struct call *call);       /* PUT /coach/:coach/webhooks/:id */
void api_webhooks_remove(struct call *call);       /* DELETE */
void api_webhooks_renew(struct call *call);        /* POST .../secret */
void api_webhooks_test(struct call *call);         /* POST .../test */
void api_webhooks_deliveries(struct call *call);   /* GET .../deliveries */
void api_webhooks_replay(struct call *call);       /* POST .../replay */
void api_webhooks_replay_event(struct call *call); /* POST .../deliveries/:event/retry */

#endif
