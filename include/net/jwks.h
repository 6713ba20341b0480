/*
 * jwks - fetch the public keys (RFC 7517) of an identity provider.
 *
 * Only fetches; reading the keys is identity's. Blocks until the deadline at most.
 */
#ifndef NET_JWKS_H
#define NET_JWKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "net/fetch.h"

enum { JWKS_BYTES_MAX = 256 * 1024 };

/*
 * Fetch the document at `url`. Returns it in `mem`, NUL-terminated, with its length in *ret_length; NULL
 * if no 200 reply came before the deadline (as monotonic_ms) or it is larger than JWKS_BYTES_MAX. Then
 * *ret_detail is one line for the log, in `mem`.
 */
char *jwks_fetch(struct fetch_client *client, struct arena *mem, const char *url, int64_t deadline,
		 size_t *ret_length, const char **ret_detail);

#endif
