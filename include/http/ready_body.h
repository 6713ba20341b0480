/*
 * ready_body - finished bytes that many replies share: a cached answer, an asset.
 *
 * Immutable and counted: the cache holds one reference, every reply in flight its own, so dropping it
 * from the cache never pulls it from under a slow client. The ETag is made with it, the compressed
 * twin when the first client asks for it, and never again. Safe from any thread.
 */
#ifndef HTTP_READY_BODY_H
#define HTTP_READY_BODY_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { READY_BODY_ETAG_BYTES = 24 };

struct ready_body {
	const char *bytes;
	size_t length;
	const char *content_type;
	/*
	 * Quotes included, and one for each encoding, as RFC 9110 section 8.8.3.3 demands. Made of a hash of
	 * the plain bytes or of the tag, so the same on every replica.
	 */
	char etag[READY_BODY_ETAG_BYTES];
	char gzip_etag[READY_BODY_ETAG_BYTES];
};

/*
 * A ready body with one reference, copied from `bytes`. `content_type` is borrowed for its whole
 * life (a literal).
 */
struct ready_body *ready_body_new(const char *bytes, size_t length, const char *content_type);

/*
 * As ready_body_new, but takes the buffer's bytes over, which is empty afterwards, and has weak ETags (RFC
 * 9110 section 8.8.1) made of `tag`: for bodies that hold something that does not matter to who has an older
 * one, such as the time at which they were made.
 */
struct ready_body *ready_body_take_tagged(struct buffer *text, const char *content_type, uint64_t tag);

/*
 * A hash for such a tag, of bytes behind those that gave `before` (0: none). It tells versions apart; it is
 * no secret and no defence against forgers.
 */
uint64_t ready_body_hash(uint64_t before, const char *bytes, size_t length);

/*
 * As ready_body_new over bytes and twin that live for ever (embedded in the binary); copies nothing.
 * `gzip` may be NULL: then none is made either.
 */
struct ready_body *ready_body_new_static(const char *bytes, size_t length, const char *gzip,
					 size_t gzip_length, const char *content_type);

/* One more reference; returns `body`. */
struct ready_body *ready_body_hold(struct ready_body *body);

/* Give a reference back; the last one frees. NULL is fine. */
void ready_body_drop(struct ready_body *body);

/*
 * The compressed twin. Made on the first call, which costs some 100 µs for 17 KB. False, outputs
 * untouched, if it would save nothing.
 */
bool ready_body_gzip(struct ready_body *body, const char **ret_bytes, size_t *ret_length);

/* Bytes it keeps allocated now, for caches with a memory bound. */
size_t ready_body_size(const struct ready_body *body);

/* The version of zlib at run time, such as "1.2.13". Static text. */
const char *ready_body_library_version(void);

#endif
