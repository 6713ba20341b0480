/*
 * server - the HTTP side of the daemon: loops, lanes, limits, log lines.
 *
 * Each loop thread drives one libmicrohttpd daemon in external epoll mode (its internal epoll
 * threads stall at 128 events) and answers what can be answered from memory. Everything else is suspended
 * and pushed to a lane of blocking workers; a full lane answers 503 overloaded at once. libmicrohttpd is only
 * ever called from the loop thread: a worker hands the finished reply back through a list and an
 * eventfd.
 *
 *     headers, route, body up to its limit -> early hook on the loop -> reply
 *                                                 | HAND_OVER
 *                                                 v
 *                            suspend, lane -> handle hook on a worker -> loop -> reply
 *
 * The server refuses by itself, as problem+json: unknown path 404, unknown method 405 with Allow,
 * malformed path or query 400 bad_parameter, body without application/json 415, body over the
 * route's limit 413, full or impatient lane 503 overloaded. It answers OPTIONS, and slow clients are cut off.
 * One log line (`request`) and one count per request, by route pattern: never a raw path, a
 * query or an address.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

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
	const char *address;               /* "127.0.0.1", "0.0.0.0", "::" (IPv6 and IPv4) */
	uint16_t port;                     /* 0: any free one, see server_port */
	unsigned loops;                    /* loop threads, 1 .. 16; no more than connections */
	unsigned connections;              /* most open at once, over all loops */
	unsigned connections_per_address;  /* all loops together; 0: no limit; set 0 behind a proxy */
	unsigned header_seconds;           /* from connecting to complete headers */
	unsigned body_seconds;             /* from complete headers to complete body */
	unsigned reply_seconds;            /* for the client to take the reply */
	unsigned idle_seconds;             /* keep-alive without a request */
	unsigned trusted_proxy_hops;       /* entries of X-Forwarded-For that count, from the right */
	const char *const *cors_origins;   /* NULL-terminated; "*" allows all; NULL: none */
	struct lane_settings lanes[LANES]; /* [LANE_LOOP] is not used */

	const struct route *routes;
	size_t route_count;
	struct metrics *metrics; /* not to be rendered after server_close */

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

struct server;

/* All limits at their defaults; routes, hooks and metrics are the caller's to set. */
struct server_settings server_settings_default(void);

/*
 * Bind, listen, start lanes and loops. `settings` is copied, what it points to is borrowed until
 * server_close. Returns NULL with *ret_reason set to one sentence ("port 8080 is in use") if
 * the address cannot be had. The process must ignore SIGPIPE. Raises the limit of open files
 * (RLIMIT_NOFILE) when it is lower than `connections` needs.
 */
struct server *server_open(const struct server_settings *settings, const char **ret_reason);

/* The port that is bound. */
uint16_t server_port(const struct server *server);

/*
 * Begin to stop, from any thread; returns at once. No new connections; new requests get 503 with
 * `Connection: close` (but ROUTE_DRAINING ones); what waits or runs is finished.
 */
void server_drain(struct server *server);

/* Whether server_drain was called. */
bool server_draining(const struct server *server);

/* server_drain, then wait until all replies are out (at most reply_seconds), join all threads, free. */
void server_close(struct server *server);

/* The version of libmicrohttpd at run time, such as "0.9.75". Static text. */
const char *server_library_version(void);

#endif
