#include "http/work_queue.h"

#include "base/die.h"
#include "base/instant.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	RECOVER_MS = 200, /* how often a worker that is not fit looks whether it is again */
	FLOOD_MS = 100,   /* not empty for so long: more comes than can be done */
};

struct worker {
	struct work_queue *queue;
	pthread_t thread;
	unsigned number;
	int64_t busy_since_ms; /* monotonic, under the queue's lock; 0: it waits for work */
};

struct work_queue {
	struct work_queue_settings settings;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a job came, or the queue is closing and a place became free */
	pthread_cond_t over;    /* the queue is closing: for workers that do not wait for jobs */
	/* under the lock */
	struct work *first;
	struct work **last;
	unsigned taken;        /* places: jobs waiting, and those reserved but not yet pushed */
	int64_t waiting_since; /* monotonic: since then there was always one taken */
	unsigned sent_away;    /* since then, for want of a place */
	unsigned running;
	unsigned fit; /* workers */
	bool closing;

	struct worker workers[];
};

/* Cut the oldest job off. The lock is held and there is one. */
static struct work *take_first(struct work_queue *queue)
{
	struct work *work = queue->first;
	queue->first = work->next;
	if (queue->first == NULL)
		queue->last = &queue->first;
	queue->taken--;
	if (queue->closing && queue->taken == 0)
		pthread_cond_broadcast(&queue->changed);
	return work;
}

static bool too_late(const struct work_queue *queue, const struct work *work, int64_t now_ms)
{
	return now_ms - work->pushed_ms > (int64_t)queue->settings.patience_ms;
}

/* Whether so many wait before the flood's newcomers that these would wait too long, and this is none that was
 * begun. The lock is held. */
static bool in_excess(const struct work_queue *queue, const struct work *work)
{
	return !work->begun && queue->taken >= queue->settings.flood_capacity &&
	       queue->sent_away > queue->taken;
}

/* Note whether the worker is fit. The lock is held, but not while asking. */
static void look_after(struct work_queue *queue, void *resource, bool *fit)
{
	const struct work_queue_settings *settings = &queue->settings;
	if (settings->fit == NULL)
		return;
	pthread_mutex_unlock(&queue->lock);
	bool now_fit = settings->fit(settings->owner, resource);
	pthread_mutex_lock(&queue->lock);
	queue->fit += (unsigned)now_fit - (unsigned)*fit;
	*fit = now_fit;
}

/* While this worker is not fit and others are, they do the work. The lock is held. */
static void stand_back(struct work_queue *queue, void *resource, bool *fit)
{
	while (!*fit && queue->fit > 0 && !queue->closing) {
		condition_wait_until(&queue->over, &queue->lock, monotonic_ms() + RECOVER_MS);
		look_after(queue, resource, fit);
	}
}

static void *work_off(void *argument)
{
	struct worker *worker = argument;
	struct work_queue *queue = worker->queue;
	const struct work_queue_settings *settings = &queue->settings;
	void *resource = settings->open != NULL ? settings->open(settings->owner, worker->number) : NULL;

	bool fit = true;

	pthread_mutex_lock(&queue->lock);
	for (;;) {
		stand_back(queue, resource, &fit);
		while (queue->first == NULL && !(queue->closing && queue->taken == 0))
			pthread_cond_wait(&queue->changed, &queue->lock);
		if (queue->first == NULL)
			break;
		struct work *work = take_first(queue);
		queue->running++;
		worker->busy_since_ms = monotonic_ms();
		bool in_vain = too_late(queue, work, worker->busy_since_ms) || in_excess(queue, work);
		pthread_mutex_unlock(&queue->lock);

		if (in_vain)
			work->refuse(work);
		else
			work->run(work, resource);

		pthread_mutex_lock(&queue->lock);
		queue->running--;
		worker->busy_since_ms = 0;
		look_after(queue, resource, &fit);
	}
	pthread_mutex_unlock(&queue->lock);

	if (settings->close != NULL)
		settings->close(settings->owner, resource);
	return NULL;
}

struct work_queue *work_queue_open(const struct work_queue_settings *settings)
{
	struct work_queue *queue = calloc(1, sizeof(*queue) + settings->workers * sizeof(queue->workers[0]));
	if (queue == NULL)
		die("out of memory");
	queue->settings = *settings;
	queue->last = &queue->first;
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->changed, NULL);
	condition_init(&queue->over);
	queue->fit = settings->workers;
	for (unsigned i = 0; i < settings->workers; i++) {
		struct worker *worker = &queue->workers[i];
		worker->queue = queue;
		worker->number = i;
		char name[THREAD_NAME_BYTES];
		snprintf(name, sizeof(name), "%.9s-%u", settings->name, i % 1000);
		worker->thread = thread_start(name, work_off, worker);
	}
	return queue;
}

/* More comes than can be done. The lock is held. */
static bool is_flood(const struct work_queue *queue, int64_t now_ms)
{
	return queue->taken >= queue->settings.flood_capacity && now_ms - queue->waiting_since >= FLOOD_MS;
}

bool work_queue_reserve(struct work_queue *queue, int64_t now_ms, bool begun)
{
	pthread_mutex_lock(&queue->lock);
	if (queue->taken == 0) {
		queue->waiting_since = now_ms;
		queue->sent_away = 0;
	}
	bool room = !queue->closing && queue->taken < queue->settings.capacity &&
		    (begun || !is_flood(queue, now_ms));
	queue->taken += room;
	queue->sent_away += !room;
	pthread_mutex_unlock(&queue->lock);
	return room;
}

void work_queue_push(struct work_queue *queue, struct work *work)
{
	work->next = NULL;
	work->pushed_ms = monotonic_ms();
	pthread_mutex_lock(&queue->lock);
	*queue->last = work;
	queue->last = &work->next;
	pthread_cond_signal(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

void work_queue_expire(struct work_queue *queue, int64_t now_ms)
{
	/* All jobs have the same patience, so the oldest is first. */
	for (;;) {
		pthread_mutex_lock(&queue->lock);
		struct work *work = NULL;
		if (queue->first != NULL && too_late(queue, queue->first, now_ms))
			work = take_first(queue);
		pthread_mutex_unlock(&queue->lock);
		if (work == NULL)
			return;
		work->refuse(work);
	}
}

unsigned work_queue_waiting(struct work_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	unsigned waiting = queue->taken;
	pthread_mutex_unlock(&queue->lock);
	return waiting;
}

unsigned work_queue_running(struct work_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	unsigned running = queue->running;
	pthread_mutex_unlock(&queue->lock);
	return running;
}

int64_t work_queue_longest_ms(struct work_queue *queue, int64_t now_ms)
{
	int64_t longest = 0;
	pthread_mutex_lock(&queue->lock);
	for (unsigned i = 0; i < queue->settings.workers; i++) {
		int64_t since = queue->workers[i].busy_since_ms;
		if (since != 0 && now_ms - since > longest)
			longest = now_ms - since;
	}
	pthread_mutex_unlock(&queue->lock);
	return longest;
}

void work_queue_stop(struct work_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->closing = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_cond_broadcast(&queue->over);
	pthread_mutex_unlock(&queue->lock);
	for (unsigned i = 0; i < queue->settings.workers; i++)
		thread_join(queue->workers[i].thread);
}

void work_queue_free(struct work_queue *queue)
{
	pthread_cond_destroy(&queue->changed);
	pthread_cond_destroy(&queue->over);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}
