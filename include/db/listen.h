/*
 * listen - hear what other daemons changed: one connection that LISTENs, on a thread of its own.
 *
 * PostgreSQL forgets notifications nobody hears, so whoever keeps a cache by them must (1) drop
 * everything when told to (`channel` NULL), and (2) not use the cache while listener_up() is
 * false. A snapshot must be stored only if nothing was dropped since before it was read, or a
 * change in between is lost: take a generation number before reading, compare when storing.
 */
#ifndef DB_LISTEN_H
#define DB_LISTEN_H

#include "db/database.h"

#include <stdbool.h>
#include <stddef.h>

struct listener;

/* Called on the listener's own thread, one at a time. They must not block and must not call listener_stop().
 */
struct listener_calls {
	/*
	 * With the channel and the payload ("" if none) of each notification; with NULL and NULL after each
	 * (re)connect, before listener_up() turns true, when anything may have been missed.
	 */
	void (*notified)(const char *channel, const char *payload, void *argument);
	/* What stands in the way of hearing anything, one sentence with the remedy (static); NULL: no more.
	 */
	void (*told)(const char *trouble, void *argument);
};

/*
 * Start listening, for good: reconnects by itself until stopped. Does not block, does not fail.
 *
 * database  borrowed; watched (db/database.h) until listener_stop().
 * channels  names of [a-z_], at least one; borrowed until listener_stop().
 * Before it counts as listening, a text that another connection tells must come in on this one: through a
 * pooler in transaction mode it does not.
 */
struct listener *listener_start(struct database *database, const char *const channels[], size_t count,
				const struct listener_calls *calls, void *argument);

/*
 * Whether everything committed until about a second ago has been heard. The listener asks the
 * server for a sign of life every second; with no answer for 2 s this is false, also when the
 * server hangs or the network swallows everything. Cheap; any thread.
 */
bool listener_up(const struct listener *listener);

/* Stop, join the thread, free. Blocks for at most 3 s (a connection attempt). NULL is fine. */
void listener_stop(struct listener *listener);

#endif
