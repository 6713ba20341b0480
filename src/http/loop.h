/*
 * loop - a thread that drives one libmicrohttpd daemon, and what all loops of a server share. Private to
 * src/http.
 *
 * Each loop has its own connections; everything of theirs belongs to its thread.
 */
#ifndef HTTP_LOOP_H
#define HTTP_LOOP_H

#include "mailbox.h"
#include "peer.h"

#include "base/siphash.h"
#include "http/settings.h"
#include "http/work_queue.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct exchange;
struct tally;

/* Counters of connections. Addresses that hash to the same counter share its limit; the hash is keyed. */
enum { ADDRESSES = 1024 };

enum { CONNECTION_BYTES = 16 * 1024 }; /* headers of a request and of its reply; more is 431 */

/* Set before the loops start, but for the atomics. */
struct common {
	struct server_settings settings;
	struct router *router;
	struct work_queue *lanes[LANES]; /* none for LANE_LOOP */
	struct tally *tally;
	int listener;
	atomic_bool leaving;  /* nobody is accepted any more; who is connected is answered, and the connection
				 closed */
	atomic_bool draining; /* no new work */
	atomic_uint deaf;     /* loops that accept nobody any more */
	atomic_uint awaited[AWAITED_KINDS]; /* connections of each kind but the first */
	atomic_bool ending;                 /* the lanes are empty: finish the replies, then end the loops */
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
	unsigned turn;                 /* counts them */
	int64_t now_ms;                /* monotonic, of this turn */
	atomic_int_fast64_t turned_ms; /* the same for other threads to read */
	int64_t next_tick_ms;
	unsigned fruitless; /* turns in a row that libmicrohttpd asked for and that nothing came of */
	bool called;        /* by libmicrohttpd, in this turn */
	int64_t give_up_ms; /* monotonic; 0 until `ending` is seen */
	bool quiesced;
	unsigned answering; /* exchanges past STAGE_BODY */
};

/*
 * Start a loop that has `common` and `number` set on a thread of its own, and wait for its end once `ending`
 * is set, at most reply_seconds. Dies if the system has no resources for it.
 */
void loop_start(struct loop *loop);
void loop_join(struct loop *loop);

/*
 * What loop_start does, in steps, for a caller that is the loop's thread itself. loop_turn waits at most
 * `most_ms` for something to be done, and does it; false: `ending` is set and all is done. loop_stop closes
 * the connections, loop_close gives back the rest.
 */
void loop_open(struct loop *loop);
bool loop_turn(struct loop *loop, int most_ms);
void loop_stop(struct loop *loop);
void loop_close(struct loop *loop);

static inline bool loop_leaving(const struct loop *loop)
{
	return atomic_load_explicit(&loop->common->leaving, memory_order_relaxed);
}

static inline bool loop_draining(const struct loop *loop)
{
	return atomic_load_explicit(&loop->common->draining, memory_order_relaxed);
}

#endif
