/*
 * webhooks - events get their order, and are sent to other programs.
 */
#ifndef NOTICE_WEBHOOKS_H
#define NOTICE_WEBHOOKS_H

#include "db/database.h"

struct webhooks;

/* Borrowed for the life of the webhooks. */
struct webhook_settings {
	struct database *database;
};

struct webhooks *webhooks_new(const struct webhook_settings *settings);
void webhooks_free(struct webhooks *webhooks);

/* Begin and end the threads. */
void webhooks_start(struct webhooks *webhooks);
void webhooks_stop(struct webhooks *webhooks);

/* Something may have happened since now. Any thread; does not block. */
void webhooks_wake(struct webhooks *webhooks);

#endif
