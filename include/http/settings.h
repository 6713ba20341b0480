/*
 * settings - what a server is told: limits, lanes, routes, and the hooks it calls.
 */
#ifndef HTTP_SETTINGS_H
#define HTTP_SETTINGS_H

#include "base/metrics.h"
#include "http/reply.h"
#include "http/request.h"
#include "http/router.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum handled {
	HANDLED,   /* the reply is complete */
	HAND_OVER, /* not here: give it to the lane in request->lane */
};

struct lane_settings {
	unsigned workers;        /* threads */
	unsigned capacity;       /* requests that may wait for one */
	unsigned flood_capacity; /* of them where more come than can be done: see work_queue.h */
	unsigned patience_ms;    /* longest wait */
};

struct server_settings {
	const char *address;  /* "127.0.0.1", "0.0.0.0", "::" (IPv6 and IPv4) */
	uint16_t port;        /* 0: any free one, see server_port */
	int listener;         /* a listening socket to use instead, which stays open for others; -1: none */
	unsigned loops;       /* loop threads, 1 .. 16; no more than connections */
	unsigned connections; /* most open at once, over all loops */
	unsigned connections_per_address;        /* all loops together; 0: no limit; set 0 behind a proxy */
	unsigned header_seconds;                 /* from connecting to complete headers */
	unsigned body_seconds;                   /* from complete headers to complete body */
	unsigned reply_seconds;                  /* for the client to take the reply */
	unsigned idle_seconds;                   /* keep-alive without a request */
	unsigned trusted_proxy_hops;             /* entries of X-Forwarded-For that count, from the right */
	const char *const *_Atomic cors_origins; /* NULL-terminated; "*" allows all; NULL: none */
	struct lane_settings lanes[LANES];       /* [LANE_LOOP] is not used */

	const struct route *routes;
	size_t route_count;
	struct metrics *metrics; /* not to be rendered after server_close */

	/*
	 * Called on the connection's loop thread when the headers of a sound request have come, whether it
	 * has a route or not (then request->route is NULL, or one of the path's with another method). False:
	 * the reply is a refusal, and the body is thrown away. This is the place for limits by address. Must
	 * not block. May be NULL.
	 */
	bool (*allow)(void *owner, const struct request *request, struct reply *reply);

	/*
	 * Called on the connection's loop thread for every request that has a route, its body complete. Must
	 * not block. Returns HANDLED, or HAND_OVER to go to request->lane, with any reply headers set so far
	 * kept. Never HAND_OVER for LANE_LOOP. This is the place for rate limits and answers from memory.
	 */
	enum handled (*early)(void *owner, struct request *request, struct reply *reply);

	/* Called on a worker thread, with what worker_open gave. May block. */
	void (*handle)(void *owner, struct request *request, struct reply *reply, void *worker);

	/* Make and free what a worker owns, on its own thread. Opening must not fail: connect when first
	 * needed. */
	void *(*worker_open)(void *owner, enum lane lane, unsigned number);
	void (*worker_close)(void *owner, void *worker);
	/* Whether the worker can do its work just now (http/work_queue.h, `fit`). May be NULL. May block. */
	bool (*worker_fit)(void *owner, void *worker);

	void *owner; /* handed to all of these */
};

/* All limits at their defaults; routes, hooks and metrics are the caller's to set. */
struct server_settings server_settings_default(void);

#endif
