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

#include "http/settings.h"

#include <stdbool.h>
#include <stdint.h>

struct server;

/*
 * Bind, listen, start lanes and loops. `settings` is copied, what it points to is borrowed until
 * server_close; a listener that is handed in becomes the server's. Returns NULL with *ret_reason set to one
 * sentence ("port 8080 is in use") if the address cannot be had. The process must ignore SIGPIPE. Raises the
 * limit of open files (RLIMIT_NOFILE) when it is lower than `connections` needs; where that may not be, there
 * are fewer connections, and a line in the log.
 */
struct server *server_open(const struct server_settings *settings, const char **ret_reason);

/* The port that is bound. */
uint16_t server_port(const struct server *server);

/* From now on pages of these origins may call, as in the settings. Any thread; the list must outlive the
 * server. */
void server_allow_origins(struct server *server, const char *const origins[]);

/*
 * Begin to stop, from any thread; returns at once. No new connections; new requests get 503 with
 * `Connection: close` (but ROUTE_DRAINING ones); what waits or runs is finished.
 */
void server_drain(struct server *server);

/*
 * For how many milliseconds the server has not moved where it stands longest: a loop that has not turned
 * (each turns four times a second), or a worker that has not finished its job (a job ends by its deadline).
 * Any thread; does not block.
 */
int64_t server_stuck_ms(struct server *server);

/*
 * Accept nobody any more, give those who have just connected a second to ask, and those who have begun to ask
 * five to say all of it, then server_drain, wait until all replies are out (at most reply_seconds), join all
 * threads, free.
 */
void server_close(struct server *server);

/* The version of libmicrohttpd at run time, such as "0.9.75". Static text. */
const char *server_library_version(void);

#endif
