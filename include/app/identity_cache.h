/*
 * identity_cache - what was found behind which credentials, for a while.
 *
 * Looked up by a digest of the credential, which the caller makes. Bounded: when full, what was not asked
 * for lately goes first. Safe from any thread; one short lock, held for no longer than a copy of a few texts.
 */
#ifndef APP_IDENTITY_CACHE_H
#define APP_IDENTITY_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "app/identity.h"
#include "base/arena.h"
#include "base/instant.h"

enum { IDENTITY_CACHE_KEY_SIZE = 16 };

/* A digest of the credential. */
struct identity_cache_key {
	unsigned char bytes[IDENTITY_CACHE_KEY_SIZE];
};

/* What asking gave: somebody, or a refusal. */
struct identity_finding {
	enum identity_outcome outcome; /* IDENTITY_KNOWN or IDENTITY_REFUSED */
	struct identity identity;      /* if known */
	struct identity_reason reason; /* if refused; constant texts, never copied */
};

struct identity_cache;

/* An empty cache that holds at most `capacity` (>= 1) findings. */
struct identity_cache *identity_cache_new(size_t capacity);

/* NULL is fine. */
void identity_cache_free(struct identity_cache *cache);

/*
 * Look up. True if found and `now` is before its end: *ret_finding is set, its identity's texts in `mem`.
 * What was put seconds after `now` is not found: the clock was set back since.
 */
bool identity_cache_find(struct identity_cache *cache, const struct identity_cache_key *key, instant now,
			 struct arena *mem, struct identity_finding *ret_finding);

/* Remember a copy of `finding`, of `now`, up to, not including, `until`; replaces what was there. */
void identity_cache_put(struct identity_cache *cache, const struct identity_cache_key *key,
			const struct identity_finding *finding, instant now, instant until);

/* Forget who this user is under whatever credentials, or (NULL) everything, refusals as well. */
void identity_cache_forget(struct identity_cache *cache, const char *user_id);

#endif
