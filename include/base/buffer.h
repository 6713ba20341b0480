/*
 * buffer - bytes that grow up to a stated maximum.
 *
 * Past the maximum a buffer takes nothing more and remembers it (`overflowed`), so a
 * writer may append many pieces and look once at the end. Belongs to one thread;
 * nothing here blocks. Running out of memory aborts.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buffer {
	char *bytes; /* NUL-terminated after the last byte; NULL while nothing was appended */
	size_t length;
	size_t capacity;
	size_t max; /* most bytes it may hold */
	bool overflowed;
};

/* An empty buffer that may hold `max` bytes. Allocates nothing yet. */
void buffer_init(struct buffer *buffer, size_t max);

/*
 * A buffer over `size` bytes of the caller's (at least 1; the last is for the NUL). It never allocates and
 * is not to be cleared.
 */
void buffer_init_over(struct buffer *buffer, char *memory, size_t size);

/* Free the bytes; the buffer is empty, with the same maximum. */
void buffer_clear(struct buffer *buffer);

/* Forget the bytes but keep the memory. */
void buffer_reset(struct buffer *buffer);

/* Make room for `length` more bytes. False, and `overflowed` set, if the maximum forbids it. */
bool buffer_reserve(struct buffer *buffer, size_t length);

/* Append; false, with nothing appended and `overflowed` set, past the maximum. */
static inline bool buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
	/* In line, because replies and log lines are made of hundreds of short pieces. */
	if (buffer->overflowed || length >= buffer->capacity - buffer->length ||
	    length > buffer->max - buffer->length) {
		if (!buffer_reserve(buffer, length))
			return false;
	}
	if (length > 0)
		memcpy(buffer->bytes + buffer->length, bytes, length);
	buffer->length += length;
	buffer->bytes[buffer->length] = '\0';
	return true;
}

static inline bool buffer_append_text(struct buffer *buffer, const char *text)
{
	return buffer_append(buffer, text, strlen(text));
}

static inline bool buffer_append_char(struct buffer *buffer, char c)
{
	return buffer_append(buffer, &c, 1);
}

bool buffer_append_integer(struct buffer *buffer, int64_t number); /* decimal */
bool buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The text so far; "" when nothing was appended. Valid until the next change. */
const char *buffer_text(const struct buffer *buffer);

/* For __attribute__((cleanup(buffer_clear))). */

#endif
