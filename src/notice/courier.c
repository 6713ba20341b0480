#include "courier.h"

#include "base/die.h"
#include "base/thread.h"

#include <stdlib.h>
#include <string.h>

enum {
	ANSWER_MS = 15000, /* for everything: the name, connecting, TLS, the answer */
	REPLY_BYTES_MAX = 1024 * 1024,
};

enum state { IDLE, GIVEN, UNDER_WAY, OVER };

struct couriers {
	bool allow_private;
	void (*done)(void *owner);
	void *owner;
	const atomic_bool *stop;
	pthread_t threads[COURIERS];
	pthread_mutex_t
		lock; /* what follows, but for the errand itself, which belongs to whoever its state says */
	pthread_cond_t given;
	bool ending;
	enum state states[COURIERS];
	struct errand errands[COURIERS];
};

static void deliver(const struct couriers *couriers, struct fetch_client *client, struct errand *errand)
{
	int64_t begun = monotonic_ms();
	const struct fetch_request request = {
		.method = "POST",
		.url = errand->url,
		.content_type = "application/json",
		.headers = errand->headers,
		.body = errand->body,
		.body_length = errand->body_length,
		.reply_max = REPLY_BYTES_MAX,
		.deadline = begun + ANSWER_MS,
		.public_only = !couriers->allow_private,
		.may_be_repeated = true, /* receivers tell by webhook-id what they have had */
	};
	fetch(client, &errand->mem, &request, &errand->reply);
	errand->milliseconds = monotonic_ms() - begun;
}

/* The place of an errand in this state; COURIERS: there is none. The caller holds the lock. */
static size_t find(const struct couriers *couriers, enum state state)
{
	size_t place = 0;
	while (place < COURIERS && couriers->states[place] != state)
		place++;
	return place;
}

static void *run(void *argument)
{
	struct couriers *couriers = argument;
	struct fetch_client *client = fetch_client_new("bookingd/" BOOKINGD_VERSION, couriers->stop);
	pthread_mutex_lock(&couriers->lock);
	for (;;) {
		size_t place = find(couriers, GIVEN);
		if (place == COURIERS && couriers->ending)
			break;
		if (place == COURIERS) {
			pthread_cond_wait(&couriers->given, &couriers->lock);
			continue;
		}
		couriers->states[place] = UNDER_WAY;
		pthread_mutex_unlock(&couriers->lock);
		deliver(couriers, client, &couriers->errands[place]);
		pthread_mutex_lock(&couriers->lock);
		couriers->states[place] = OVER;
		pthread_mutex_unlock(&couriers->lock);
		couriers->done(couriers->owner);
		pthread_mutex_lock(&couriers->lock);
	}
	pthread_mutex_unlock(&couriers->lock);
	fetch_client_free(client);
	return NULL;
}

struct couriers *couriers_start(bool allow_private, void (*done)(void *owner), void *owner,
				const atomic_bool *stop)
{
	struct couriers *couriers = calloc(1, sizeof(*couriers));
	if (couriers == NULL)
		die("no memory");
	*couriers =
		(struct couriers){.allow_private = allow_private, .done = done, .owner = owner, .stop = stop};
	die_unless(pthread_mutex_init(&couriers->lock, NULL) == 0);
	condition_init(&couriers->given);
	for (size_t i = 0; i < COURIERS; i++)
		couriers->threads[i] = thread_start("courier", run, couriers);
	return couriers;
}

void couriers_stop(struct couriers *couriers)
{
	pthread_mutex_lock(&couriers->lock);
	couriers->ending = true;
	pthread_cond_broadcast(&couriers->given);
	pthread_mutex_unlock(&couriers->lock);
	for (size_t i = 0; i < COURIERS; i++)
		thread_join(couriers->threads[i]);
	for (size_t i = 0; i < COURIERS; i++)
		arena_clear(&couriers->errands[i].mem);
	pthread_cond_destroy(&couriers->given);
	pthread_mutex_destroy(&couriers->lock);
	free(couriers);
}

size_t couriers_idle(struct couriers *couriers)
{
	size_t count = 0;
	pthread_mutex_lock(&couriers->lock);
	for (size_t i = 0; i < COURIERS; i++)
		count += couriers->states[i] == IDLE;
	pthread_mutex_unlock(&couriers->lock);
	return count;
}

static struct errand *take(struct couriers *couriers, enum state state)
{
	pthread_mutex_lock(&couriers->lock);
	size_t place = find(couriers, state);
	pthread_mutex_unlock(&couriers->lock);
	return place < COURIERS ? &couriers->errands[place] : NULL;
}

static void put(struct couriers *couriers, const struct errand *errand, enum state state)
{
	pthread_mutex_lock(&couriers->lock);
	couriers->states[errand - couriers->errands] = state;
	pthread_cond_signal(&couriers->given);
	pthread_mutex_unlock(&couriers->lock);
}

struct errand *couriers_errand(struct couriers *couriers)
{
	return take(couriers, IDLE);
}

void couriers_send(struct couriers *couriers, struct errand *errand)
{
	put(couriers, errand, GIVEN);
}

struct errand *couriers_done(struct couriers *couriers)
{
	return take(couriers, OVER);
}

void couriers_drop(struct couriers *couriers, struct errand *errand)
{
	arena_reset(&errand->mem);
	put(couriers, errand, IDLE);
}
