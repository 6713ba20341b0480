#include "http/ready_body.h"

#include "base/die.h"
#include "base/encode.h"

#include <endian.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
	WORTH_COMPRESSING = 512, /* below, headers and a packet outweigh what is saved */
	GZIP_LEVEL = 2,          /* a listing: a third of the time of 5 for an eighth more bytes */
	GZIP_WINDOW = 15 + 16,   /* zlib's way to ask for the gzip format, RFC 1952 */
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
	char *taken;               /* freed with it; NULL: the bytes are none of its own, or lie behind it */
	size_t allocated;
};

static struct counted_body *counted(struct ready_body *body)
{
	return (struct counted_body *)body;
}

static inline uint64_t mix(uint64_t hash, const char *bytes)
{
	uint64_t word;
	memcpy(&word, bytes, sizeof(word));
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

uint64_t ready_body_hash(uint64_t before, const char *bytes, size_t length)
{
	/* Four at a time, because each step waits for the multiplication of the one before. */
	uint64_t lanes[4] = {before + length, before ^ 1, before ^ 2, before ^ 3};
	for (; length >= 32; bytes += 32, length -= 32)
		for (size_t i = 0; i < 4; i++)
			lanes[i] = mix(lanes[i], bytes + i * 8);
	char rest[32] = {0};
	if (length > 0) /* `bytes` may be NULL without */
		memcpy(rest, bytes, length);
	for (size_t i = 0; i < 4; i++)
		lanes[i] = mix(lanes[i], rest + i * 8);
	uint64_t hash = mix(mix(mix(lanes[0], (const char *)&lanes[1]), (const char *)&lanes[2]),
			    (const char *)&lanes[3]);
	return hash ^ hash >> 32;
}

static struct counted_body *body_make(size_t extra, size_t length, const char *content_type)
{
	struct counted_body *made = malloc(sizeof(*made) + extra);
	if (made == NULL)
		die("out of memory");
	*made = (struct counted_body){
		.body = {.length = length, .content_type = content_type},
		.references = 1,
		.allocated = sizeof(*made) + extra,
	};
	return made;
}

/* `strength` is "" or "W/", so that all fits into READY_BODY_ETAG_BYTES. */
static void name_versions(struct ready_body *body, const char *strength, uint64_t hash)
{
	const uint64_t wire = htobe64(hash);
	char digits[2 * sizeof(wire) + 1];
	encode_hex(&wire, sizeof(wire), digits);
	stpcpy(stpcpy(stpcpy(stpcpy(body->etag, strength), "\""), digits), "\"");
	stpcpy(stpcpy(stpcpy(stpcpy(body->gzip_etag, strength), "\""), digits), "-gz\"");
}

struct ready_body *ready_body_new(const char *bytes, size_t length, const char *content_type)
{
	struct counted_body *made = body_make(length + 1, length, content_type);
	char *copy = (char *)(made + 1);
	memcpy(copy, bytes, length);
	copy[length] = '\0';
	made->body.bytes = copy;
	name_versions(&made->body, "", ready_body_hash(0, bytes, length));
	return &made->body;
}

struct ready_body *ready_body_take_tagged(struct buffer *text, const char *content_type, uint64_t tag)
{
	struct counted_body *made = body_make(0, text->length, content_type);
	/* A buffer grows by doubling, and bodies are kept for a while. */
	char *exact = realloc(text->bytes, text->length + 1);
	made->body.bytes = made->taken = exact != NULL ? exact : text->bytes;
	made->allocated += text->length + 1;
	buffer_init(text, text->max);
	name_versions(&made->body, "W/", tag);
	return &made->body;
}

static struct twin *twin_make(const char *bytes, size_t length, bool owned)
{
	struct twin *twin = malloc(sizeof(*twin));
	if (twin == NULL)
		die("out of memory");
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
	name_versions(&made->body, "", ready_body_hash(0, bytes, length));
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
	free(held->taken);
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
		die("out of memory");
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
