#include "http/ready_body.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
	WORTH_COMPRESSING = 512, /* below, headers and a packet outweigh what is saved */
	GZIP_LEVEL = 5,
	GZIP_WINDOW = 15 + 16, /* zlib's way to ask for the gzip format, RFC 1952 */
	GZIP_MEMORY = 8,
};

struct twin {
	const char *bytes; /* NULL: compressing it saves nothing */
	size_t length;
	bool owned;
};

struct counted_body {
	struct ready_body body; /* first, so that a pointer to it is a pointer to all */
	atomic_uint references;
	struct twin *_Atomic twin; /* NULL until somebody asked */
	size_t allocated;
};

static struct counted_body *counted(struct ready_body *body)
{
	return (struct counted_body *)body;
}

/* 64 bits that tell versions of a document apart; no secret, and no defence against forgers. */
static uint64_t hash_bytes(const char *bytes, size_t length)
{
	const uint64_t odd = 0x9e3779b97f4a7c15u;
	uint64_t hash = length * odd;
	while (length > 0) {
		uint64_t word = 0;
		size_t taken = length < sizeof(word) ? length : sizeof(word);
		memcpy(&word, bytes, taken);
		hash = (hash ^ word) * odd;
		hash ^= hash >> 29;
		bytes += taken;
		length -= taken;
	}
	hash *= odd;
	return hash ^ hash >> 32;
}

static struct counted_body *body_make(size_t extra, size_t length, const char *content_type)
{
	struct counted_body *made = malloc(sizeof(*made) + extra);
	if (made == NULL)
		abort();
	*made = (struct counted_body){
		.body = {.length = length, .content_type = content_type},
		.references = 1,
		.allocated = sizeof(*made) + extra,
	};
	return made;
}

static void name_versions(struct ready_body *body, const char *strength, const char *tag, size_t tag_length)
{
	uint64_t hash = hash_bytes(tag, tag_length);
	snprintf(body->etag, sizeof(body->etag), "%s\"%016" PRIx64 "\"", strength, hash);
	snprintf(body->gzip_etag, sizeof(body->gzip_etag), "%s\"%016" PRIx64 "-gz\"", strength, hash);
}

static struct ready_body *body_copy(const char *bytes, size_t length, const char *content_type)
{
	struct counted_body *made = body_make(length + 1, length, content_type);
	char *copy = (char *)(made + 1);
	memcpy(copy, bytes, length);
	copy[length] = '\0';
	made->body.bytes = copy;
	return &made->body;
}

struct ready_body *ready_body_new(const char *bytes, size_t length, const char *content_type)
{
	struct ready_body *body = body_copy(bytes, length, content_type);
	name_versions(body, "", bytes, length);
	return body;
}

struct ready_body *ready_body_new_tagged(const char *bytes, size_t length, const char *content_type,
					 const char *tag, size_t tag_length)
{
	struct ready_body *body = body_copy(bytes, length, content_type);
	name_versions(body, "W/", tag, tag_length);
	return body;
}

static struct twin *twin_make(const char *bytes, size_t length, bool owned)
{
	struct twin *twin = malloc(sizeof(*twin));
	if (twin == NULL)
		abort();
	*twin = (struct twin){bytes, length, owned};
	return twin;
}

static void twin_free(struct twin *twin)
{
	if (twin != NULL && twin->owned)
		free((char *)twin->bytes);
	free(twin);
}

struct ready_body *ready_body_new_static(const char *bytes, size_t length, const char *gzip,
					 size_t gzip_length, const char *content_type)
{
	struct counted_body *made = body_make(0, length, content_type);
	made->body.bytes = bytes;
	atomic_init(&made->twin, twin_make(gzip, gzip_length, false));
	name_versions(&made->body, "", bytes, length);
	return &made->body;
}

struct ready_body *ready_body_hold(struct ready_body *body)
{
	atomic_fetch_add_explicit(&counted(body)->references, 1, memory_order_relaxed);
	return body;
}

void ready_body_drop(struct ready_body *body)
{
	if (body == NULL)
		return;
	struct counted_body *held = counted(body);
	if (atomic_fetch_sub_explicit(&held->references, 1, memory_order_acq_rel) != 1)
		return;
	twin_free(atomic_load_explicit(&held->twin, memory_order_acquire));
	free(held);
}

static struct twin *compress_body(const struct ready_body *body)
{
	/* Anything that does not fit below 9/10 of the length is not worth the client's work. */
	size_t room = body->length / 10 * 9;
	z_stream stream = {0};
	if (body->length < WORTH_COMPRESSING || body->length > UINT32_MAX ||
	    deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY) !=
		    Z_OK)
		return twin_make(NULL, 0, false);
	char *bytes = malloc(room);
	if (bytes == NULL)
		abort();
	stream.next_in = (unsigned char *)body->bytes;
	stream.avail_in = (unsigned)body->length;
	stream.next_out = (unsigned char *)bytes;
	stream.avail_out = (unsigned)room;
	bool fits = deflate(&stream, Z_FINISH) == Z_STREAM_END;
	size_t length = room - stream.avail_out;
	deflateEnd(&stream);
	if (!fits) {
		free(bytes);
		return twin_make(NULL, 0, false);
	}
	char *exact = realloc(bytes, length);
	return twin_make(exact != NULL ? exact : bytes, length, true);
}

bool ready_body_gzip(struct ready_body *body, const char **ret_bytes, size_t *ret_length)
{
	struct counted_body *held = counted(body);
	struct twin *twin = atomic_load_explicit(&held->twin, memory_order_acquire);
	if (twin == NULL) {
		struct twin *made = compress_body(body);
		/* When two threads compress at once, the first one's twin stays. */
		if (atomic_compare_exchange_strong_explicit(&held->twin, &twin, made, memory_order_acq_rel,
							    memory_order_acquire))
			twin = made;
		else
			twin_free(made);
	}
	if (twin->bytes == NULL)
		return false;
	*ret_bytes = twin->bytes;
	*ret_length = twin->length;
	return true;
}

size_t ready_body_size(const struct ready_body *body)
{
	const struct counted_body *held = (const struct counted_body *)body;
	struct twin *twin = atomic_load_explicit(&held->twin, memory_order_acquire);
	return held->allocated + (twin != NULL ? sizeof(*twin) + (twin->owned ? twin->length : 0) : 0);
}

const char *ready_body_library_version(void)
{
	return zlibVersion();
}
