/*
 * loop - a thread that drives one libmicrohttpd daemon, and what all loops of a server share. Private to
 * src/http.
 *
 * Each loop has its own connections; everything of theirs belongs to its thread.
 */
#ifndef HTTP_LOOP_H
#define HTTP_LOOP_H

#include "mailbox.h"

#include "base/siphash.h"
#include "http/settings.h"
#include "http/work_queue.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct exchange;
struct peer;
struct tally;

/* Counters of connections. Addresses that hash to the same counter share its limit; the hash is keyed. */
enum { ADDRESSES = 1024 };

/* Set before the loops start, but for the atomics. */
struct common {
	struct server_settings settings;
	struct router *router;
	struct work_queue *lanes[LANES]; /* none for LANE_LOOP */
	struct tally *tally;
	int listener;
	atomic_bool draining; /* no new work */
	atomic_bool ending;   /* the lanes are empty: finish the replies, then end the loops */
	uint64_t id_seed;
	atomic_uint_fast64_t id_count;
	struct siphash_key address_secret;
	atomic_uint connections_of[ADDRESSES];
};

struct loop {
	struct common *common;
	struct MHD_Daemon *daemon;
	pthread_t thread;
	unsigned number;
	int epoll;
	struct mailbox mailbox; /* exchanges that workers have finished */
	struct exchange *spare;
	unsigned spare_count;
	struct peer *peers;
	unsigned peer_count;
	unsigned turn;      /* counts them */
	int64_t now_ms;     /* monotonic, of this turn */
	unsigned answering; /* exchanges past STAGE_BODY */
};

/* Start the thread of a loop that has `common` and `number` set. Dies if the system has no resources for it.
 */
void loop_start(struct loop *loop);

/* Wait for the loop's end once `ending` is set; at most reply_seconds. */
void loop_join(struct loop *loop);

static inline bool loop_draining(const struct loop *loop)
{
	return atomic_load_explicit(&loop->common->draining, memory_order_relaxed);
}

#endif
