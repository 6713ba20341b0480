/*
 * webhooks - events get their order, and are sent to whom they concern, as Standard Webhooks has it.
 *
 * At least once: an event is owed to an endpoint by a row of webhook_delivery, which is claimed with a lease.
 * One message at a time for each endpoint; a receiver that is slow or away takes half of the couriers at
 * most.
 */
#ifndef NOTICE_WEBHOOKS_H
#define NOTICE_WEBHOOKS_H

#include "notice/notice.h"

struct webhooks;

struct webhooks *webhooks_new(const struct webhook_settings *settings, struct database *database, bool mail,
			      struct metrics *metrics);
void webhooks_free(struct webhooks *webhooks);

/* Begin and end the threads; the end waits a second or so for what is being sent, which is then owed again.
 */
void webhooks_start(struct webhooks *webhooks);
void webhooks_stop(struct webhooks *webhooks);

/* Something may have happened since now. Any thread; does not block. */
void webhooks_wake(struct webhooks *webhooks);

#endif
