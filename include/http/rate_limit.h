/*
 * rate_limit - token buckets per key, in bounded memory.
 *
 * A key (a user id, an address) starts with a full bucket of `per_minute` tokens, which fills at
 * that rate. Keys are hashed with a random secret, so nobody can aim at another's bucket. A full
 * bucket takes no memory: only keys seen within the last minute do, and when too many are active at
 * once the least used one is forgotten, which errs on the client's side. Safe from any thread;
 * never blocks for long (a short lock per shard).
 */
#ifndef HTTP_RATE_LIMIT_H
#define HTTP_RATE_LIMIT_H

#include "http/reply.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rate_limit;

struct rate_verdict {
	bool allowed;
	unsigned limit;       /* tokens a minute; 0: this limit is off */
	unsigned remaining;   /* whole tokens left */
	unsigned reset;       /* seconds until the bucket is full again */
	unsigned retry_after; /* seconds until one token is there; 0 when allowed */
};

/*
 * A limit named `name` (for the headers; a literal). `per_minute` 0 turns it off. `keys` is how
 * many are remembered at once, rounded up to a power of two; each costs 16 bytes.
 */
struct rate_limit *rate_limit_new(const char *name, unsigned per_minute, size_t keys);
void rate_limit_free(struct rate_limit *limit);

/* From now on so many a minute, 0 for off; what a key has used of its bucket stays used. Any thread. */
void rate_limit_change(struct rate_limit *limit, unsigned per_minute);

/* Take one token for a key of `length` bytes, `now_ms` by monotonic_ms(). A refusal takes nothing. */
struct rate_verdict rate_limit_take(struct rate_limit *limit, const void *key, size_t length, int64_t now_ms);

/*
 * Set RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers) on a reply. Nothing
 * for a limit that is off.
 */
void rate_limit_headers(const struct rate_limit *limit, struct rate_verdict verdict, struct reply *reply);

/* Answer 429 rate_limited with Retry-After and the headers above. */
void rate_limit_refuse(const struct rate_limit *limit, struct rate_verdict verdict, struct reply *reply);

#endif
