/*
 * ready_body - finished bytes that many replies share: a cached answer, an asset.
 *
 * Immutable and counted: the cache holds one reference, every reply in flight its own, so dropping
 * it from the cache never pulls it from under a slow client. The compressed twin and the ETag
 * are made once. Safe from any thread.
 */
#ifndef HTTP_READY_BODY_H
#define HTTP_READY_BODY_H

#include <stdbool.h>
#include <stddef.h>

struct ready_body {
	const char *bytes;
	size_t length;
	const char *gzip; /* NULL when the twin would not be smaller, or was not asked for */
	size_t gzip_length;
	const char *content_type;
	/*
	 * Strong, quotes included, one per encoding, as RFC 9110 section 8.8.3.3 demands. The plain one
	 * is a hash of the bytes; If-None-Match is held against both.
	 */
	char etag[24];
	char gzip_etag[24];
};

/*
 * A ready body with one reference, copied from `bytes`. `content_type` is borrowed for its whole
 * life (a literal). With `compress`, makes the gzip twin if it saves anything: some 100 µs for
 * 17 KB, so only for what will be asked for again.
 */
struct ready_body *ready_body_new(const char *bytes, size_t length, const char *content_type, bool compress);

/* As ready_body_new over bytes and twin that live for ever (embedded in the binary); copies nothing. */
struct ready_body *ready_body_new_static(const char *bytes, size_t length, const char *gzip,
					 size_t gzip_length, const char *content_type);

/* One more reference; returns `body`. */
struct ready_body *ready_body_hold(struct ready_body *body);

/* Give a reference back; the last one frees. NULL is fine. */
void ready_body_drop(struct ready_body *body);

/* Bytes it keeps allocated, for caches with a memory bound. */
size_t ready_body_size(const struct ready_body *body);

#endif
