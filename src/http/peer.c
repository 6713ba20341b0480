#include "peer.h"

#include "loop.h"

void peer_await(struct peer *peer, enum awaited awaited)
{
	atomic_uint *counts = peer->loop->common->awaited;
	/* Added first, so that one that goes from the first to the second is seen in either. */
	if (awaited != AWAIT_NOTHING)
		atomic_fetch_add(&counts[awaited], 1);
	if (peer->awaited != AWAIT_NOTHING)
		atomic_fetch_sub(&counts[peer->awaited], 1);
	peer->awaited = awaited;
}
