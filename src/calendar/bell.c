#include "bell.h"

#include "base/instant.h"
#include "base/thread.h"

void bell_init(struct bell *bell)
{
	pthread_mutex_init(&bell->lock, NULL);
	for (size_t i = 0; i < BELLS; i++) {
		condition_init(&bell->rung[i]);
		bell->rings[i] = 0;
	}
	atomic_init(&bell->stop, false);
}

void bell_clear(struct bell *bell)
{
	for (size_t i = 0; i < BELLS; i++)
		pthread_cond_destroy(&bell->rung[i]);
	pthread_mutex_destroy(&bell->lock);
}

void bell_ring(struct bell *bell, enum bell_for whom)
{
	pthread_mutex_lock(&bell->lock);
	bell->rings[whom]++;
	pthread_cond_broadcast(&bell->rung[whom]);
	pthread_mutex_unlock(&bell->lock);
}

void bell_wait(struct bell *bell, enum bell_for who, uint64_t *seen, int64_t milliseconds)
{
	int64_t end = monotonic_ms() + milliseconds;
	pthread_mutex_lock(&bell->lock);
	while (bell->rings[who] == *seen && !atomic_load(&bell->stop)) {
		if (!condition_wait_until(&bell->rung[who], &bell->lock, end))
			break;
	}
	*seen = bell->rings[who];
	pthread_mutex_unlock(&bell->lock);
}

void bell_stop(struct bell *bell)
{
	pthread_mutex_lock(&bell->lock);
	atomic_store(&bell->stop, true);
	for (size_t i = 0; i < BELLS; i++)
		pthread_cond_broadcast(&bell->rung[i]);
	pthread_mutex_unlock(&bell->lock);
}

bool bell_stopped(struct bell *bell)
{
	return atomic_load(&bell->stop);
}
