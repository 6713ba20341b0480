#include "peer.h"

#include "loop.h"

void peer_await(struct peer *peer, bool awaited)
{
	atomic_uint *count = &peer->loop->common->awaited;
	if (awaited && !peer->awaited)
		atomic_fetch_add(count, 1);
	else if (!awaited && peer->awaited)
		atomic_fetch_sub(count, 1);
	peer->awaited = awaited;
}
