/*
 * courier - threads that hand events to receivers, one message each at a time. They know nothing of the
 * database.
 */
#ifndef NOTICE_COURIER_H
#define NOTICE_COURIER_H

#include "base/uuid.h"
#include "net/fetch.h"

#include <stdatomic.h>

enum { COURIERS = 8 };

/* One message and what came of it. */
struct errand {
	struct arena mem; /* for all below; its owner resets it */
	char endpoint_id[UUID_TEXT_SIZE];
	int64_t event; /* its serial */
	const char *event_id;
	const char *type;
	int64_t attempts; /* this one too */
	const char *url;
	const char *headers[4]; /* NULL at the end */
	const char *body;
	size_t body_length;
	/* what came of it */
	struct fetch_reply reply;
	int64_t milliseconds;
};

struct couriers;

/*
 * Start the threads. done(owner) is called on one of them when an errand is over, and must not block; `stop`
 * ends calls within a second. allow_private: private addresses and plain http pass.
 */
struct couriers *couriers_start(bool allow_private, void (*done)(void *owner), void *owner,
				const atomic_bool *stop);

/* End and free them; `stop` is set already, so this takes about a second at most. */
void couriers_stop(struct couriers *couriers);

/* How many errands could be given now. */
size_t couriers_idle(struct couriers *couriers);

/*
 * An errand to be filled and then given with couriers_send, or handed back with couriers_drop; NULL: all are
 * busy. One thread may call these three.
 */
struct errand *couriers_errand(struct couriers *couriers);
void couriers_send(struct couriers *couriers, struct errand *errand);

/* An errand that is over, to be handed back; NULL: none is. */
struct errand *couriers_done(struct couriers *couriers);
void couriers_drop(struct couriers *couriers, struct errand *errand);

#endif
