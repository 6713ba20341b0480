/*
 * provider_keys - the public keys behind AUTH_JWKS_URL, fetched and renewed.
 *
 * Keys are fetched when first needed, again when they are PROVIDER_KEYS_FRESH_SECONDS old, and when a token
 * names a key that is not among them or is signed by none of them, but then at most once in
 * PROVIDER_KEYS_PAUSE_SECONDS, so that made-up tokens cost the provider nothing. One thread fetches; others
 * go on with the keys there are, or wait for the result when these do not do. When fetching fails, the known
 * keys serve on for PROVIDER_KEYS_STALE_SECONDS.
 *
 * Safe from any thread. No lock is held during a fetch; renew and seek block for PROVIDER_KEYS_DEADLINE_MS
 * at most.
 */
#ifndef APP_PROVIDER_KEYS_H
#define APP_PROVIDER_KEYS_H

#include <stdbool.h>

#include "base/instant.h"
#include "base/jwt.h"
#include "net/fetch.h"

enum {
	PROVIDER_KEYS_FRESH_SECONDS = 900,
	PROVIDER_KEYS_STALE_SECONDS = 86400,
	PROVIDER_KEYS_PAUSE_SECONDS = 60, /* between two fetches once keys are known */
	PROVIDER_KEYS_RETRY_SECONDS = 15, /* between two fetches while none are */
	PROVIDER_KEYS_DEADLINE_MS = 2000, /* for one fetch */
};

struct provider_keys;

/* No keys yet. The URL is borrowed. */
struct provider_keys *provider_keys_new(const char *url);

/* No other thread may still use it. NULL is fine. */
void provider_keys_free(struct provider_keys *keys);

/*
 * The keys there are, an empty set if there are no usable ones. To be given back with provider_keys_return,
 * soon and without blocking in between. *ret_generation grows with every new set.
 */
const struct jwt_key_set *provider_keys_borrow(struct provider_keys *keys, instant now,
					       unsigned long *ret_generation);
void provider_keys_return(struct provider_keys *keys);

enum provider_keys_outcome {
	PROVIDER_KEYS_NEW,     /* there are newer keys than those of `missed`: borrow again */
	PROVIDER_KEYS_CURRENT, /* nothing newer: these are the provider's keys */
	PROVIDER_KEYS_FAILED,  /* the provider could not be asked, now or just before */
};

/* Fetch the keys if they are old, or there are none. Leaves a fetch by another thread alone. */
void provider_keys_renew(struct provider_keys *keys, struct fetch_client *fetcher, instant now);

/*
 * A token's key is not, or may not be, among those of generation `missed`: fetch them again, or wait for
 * another thread that does, or say that this was done within the last PROVIDER_KEYS_PAUSE_SECONDS.
 */
enum provider_keys_outcome provider_keys_seek(struct provider_keys *keys, struct fetch_client *fetcher,
					      instant now, unsigned long missed);

#endif
