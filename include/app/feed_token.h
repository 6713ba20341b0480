/*
 * feed_token - the secret in the address of a coach's calendar feed.
 *
 * Whoever has the address reads the feed, so the database keeps a digest of the token, and the token itself
 * only sealed. Where no key is configured to seal it with, the address is shown once, when it is made. Pure
 * but for random numbers; any thread.
 */
#ifndef APP_FEED_TOKEN_H
#define APP_FEED_TOKEN_H

#include "base/arena.h"
#include "base/seal.h"

/* In the arena it was made in. */
struct feed_token {
	const char *text;   /* what the address has */
	const char *digest; /* for coach.feed_token */
	const char *sealed; /* for coach.feed_sealed; NULL without a key */
};

/* A new token of this coach. keys NULL: none. */
struct feed_token feed_token_new(struct arena *mem, const struct seal_keys *keys, const char *coach_id);

/* The token that was sealed, in mem; NULL if there is none, or no key opens it. */
const char *feed_token_open(struct arena *mem, const struct seal_keys *keys, const char *coach_id,
			    const char *sealed);

/* Whether this token has that digest. NULL has none. */
bool feed_token_matches(const char *text, const char *digest);

#endif
