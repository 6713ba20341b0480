#include "http/rate_limit.h"

#include "base/crypto.h"
#include "base/die.h"
#include "base/siphash.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/*
 * A bucket is kept as the one moment at which it will be full again (the "theoretical arrival time" of the
 * generic cell rate algorithm). A moment that has passed says the same as no entry at all, so entries need no
 * cleaning: they are written over.
 */
enum {
	WAYS = 8, /* places a key may lie in */
	LOCKS = 64,
};

#define WINDOW_US ((uint64_t)60 * 1000 * 1000)

struct entry {
	uint64_t hash;
	uint64_t full_at; /* microseconds, monotonic */
};

struct rate_limit {
	const char *name;
	atomic_uint per_minute; /* 0: off */
	struct siphash_key secret;
	size_t sets; /* a power of two */
	struct entry *entries;
	pthread_mutex_t locks[LOCKS];
};

struct rate_limit *rate_limit_new(const char *name, unsigned per_minute, size_t keys)
{
	struct rate_limit *limit = calloc(1, sizeof(*limit));
	if (limit == NULL)
		die("out of memory");
	limit->name = name;
	limit->per_minute = per_minute;
	limit->sets = 1;
	while (limit->sets * WAYS < keys)
		limit->sets *= 2;
	/* Untouched pages of it cost nothing until keys come. */
	limit->entries = calloc(limit->sets * WAYS, sizeof(limit->entries[0]));
	if (limit->entries == NULL)
		die("out of memory");
	crypto_random(&limit->secret, sizeof(limit->secret));
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&limit->locks[i], NULL);
	return limit;
}

void rate_limit_free(struct rate_limit *limit)
{
	if (limit == NULL)
		return;
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&limit->locks[i]);
	free(limit->entries);
	free(limit);
}

void rate_limit_change(struct rate_limit *limit, unsigned per_minute)
{
	atomic_store_explicit(&limit->per_minute, per_minute, memory_order_relaxed);
}

/* The key's entry, or else the one of its set that is missed least: full, or the fullest. */
static struct entry *entry_for(struct entry set[static WAYS], uint64_t hash)
{
	struct entry *least = &set[0];
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].hash == hash)
			return &set[i];
		if (set[i].full_at < least->full_at)
			least = &set[i];
	}
	*least = (struct entry){hash, 0};
	return least;
}

struct rate_verdict rate_limit_take(struct rate_limit *limit, const void *key, size_t length, int64_t now_ms)
{
	unsigned per_minute = atomic_load_explicit(&limit->per_minute, memory_order_relaxed);
	if (per_minute == 0)
		return (struct rate_verdict){.allowed = true};
	const uint64_t token_us = WINDOW_US / per_minute; /* in which one token comes back */
	uint64_t hash = siphash_64(limit->secret, key, length);
	size_t set = hash & (limit->sets - 1);
	/* A clock that starts at 0 must still leave "long ago" representable. */
	uint64_t now = (uint64_t)now_ms * 1000 + WINDOW_US;

	pthread_mutex_t *lock = &limit->locks[set % LOCKS];
	pthread_mutex_lock(lock);
	struct entry *entry = entry_for(&limit->entries[set * WAYS], hash);
	uint64_t full_at = entry->full_at > now ? entry->full_at : now;
	uint64_t after = full_at + token_us;
	bool allowed = after <= now + WINDOW_US;
	if (allowed)
		full_at = entry->full_at = after;
	pthread_mutex_unlock(lock);

	uint64_t used = full_at - now;
	return (struct rate_verdict){
		.allowed = allowed,
		.limit = per_minute,
		.remaining = used < WINDOW_US ? (unsigned)((WINDOW_US - used) / token_us) : 0,
		.reset = (unsigned)((used + 999999) / 1000000),
		.retry_after = allowed ? 0 : (unsigned)((after - now - WINDOW_US + 999999) / 1000000),
	};
}

void rate_limit_headers(const struct rate_limit *limit, struct rate_verdict verdict, struct reply *reply)
{
	if (verdict.limit == 0)
		return;
	reply_header_literal(reply, "RateLimit-Policy",
			     arena_printf(reply->mem, "\"%s\";q=%u;w=60", limit->name, verdict.limit));
	reply_header_literal(
		reply, "RateLimit",
		arena_printf(reply->mem, "\"%s\";r=%u;t=%u", limit->name, verdict.remaining, verdict.reset));
}

void rate_limit_refuse(const struct rate_limit *limit, struct rate_verdict verdict, struct reply *reply)
{
	rate_limit_headers(limit, verdict, reply);
	reply_problem(reply,
		      &(struct problem){
			      .code = PROBLEM_RATE_LIMITED,
			      .detail = "That was too much at once. Please wait a moment and try again.",
			      .retry_after = verdict.retry_after,
		      });
}
