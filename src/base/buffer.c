#include "base/buffer.h"

#include "base/die.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_init(struct buffer *buffer, size_t max)
{
	*buffer = (struct buffer){.max = max};
}

void buffer_init_over(struct buffer *buffer, char *memory, size_t size)
{
	/* With room for the maximum already there, nothing ever asks for more. */
	*buffer = (struct buffer){.bytes = memory, .capacity = size, .max = size - 1};
	memory[0] = '\0';
}

void buffer_clear(struct buffer *buffer)
{
	free(buffer->bytes);
	buffer_init(buffer, buffer->max);
}

void buffer_reset(struct buffer *buffer)
{
	buffer->length = 0;
	buffer->overflowed = false;
	if (buffer->bytes != NULL)
		buffer->bytes[0] = '\0';
}

bool buffer_reserve(struct buffer *buffer, size_t length)
{
	if (buffer->overflowed || length > buffer->max - buffer->length) {
		buffer->overflowed = true;
		return false;
	}
	size_t needed = buffer->length + length + 1;
	if (needed <= buffer->capacity)
		return true;
	size_t capacity = buffer->capacity < 256 ? 256 : buffer->capacity;
	while (capacity < needed)
		capacity *= 2;
	char *bytes = realloc(buffer->bytes, capacity);
	if (bytes == NULL)
		die("out of memory");
	buffer->bytes = bytes;
	buffer->capacity = capacity;
	return true;
}

bool buffer_append_integer(struct buffer *buffer, int64_t number)
{
	char digits[sizeof("-9223372036854775808")];
	char *at = digits + sizeof(digits);
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (number < 0)
		*--at = '-';
	return buffer_append(buffer, at, (size_t)(digits + sizeof(digits) - at));
}

bool buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		die("vsnprintf failed");
	if (!buffer_reserve(buffer, (size_t)length))
		return false;
	va_start(arguments, format);
	if (vsnprintf(buffer->bytes + buffer->length, (size_t)length + 1, format, arguments) != length)
		die("vsnprintf failed");
	va_end(arguments);
	buffer->length += (size_t)length;
	return true;
}

const char *buffer_text(const struct buffer *buffer)
{
	return buffer->bytes != NULL ? buffer->bytes : "";
}
