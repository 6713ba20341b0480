#include "base/arena.h"

#include "base/die.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 16 * 1024 };

static size_t usual_block(const struct arena *mem)
{
	return mem->block_bytes != 0 ? mem->block_bytes : BLOCK_BYTES;
}

struct arena_block {
	struct arena_block *next;
	size_t capacity;
	size_t used;
	alignas(max_align_t) unsigned char bytes[];
};

static struct arena_block *block_new(size_t capacity)
{
	struct arena_block *block = malloc(sizeof(*block) + capacity);
	if (block == NULL)
		die("out of memory");
	block->next = NULL;
	block->capacity = capacity;
	block->used = 0;
	return block;
}

void arena_clear(struct arena *mem)
{
	struct arena_block *block = mem->head;
	while (block != NULL) {
		struct arena_block *next = block->next;
		free(block);
		block = next;
	}
	mem->head = NULL;
	mem->total = 0;
}

void arena_reset(struct arena *mem)
{
	/* Keep a block of the usual size only: one huge request must not pin its memory for ever. */
	struct arena_block *keep = NULL;
	struct arena_block *block = mem->head;
	while (block != NULL) {
		struct arena_block *next = block->next;
		if (keep == NULL && block->capacity == usual_block(mem)) {
			keep = block;
			keep->next = NULL;
			keep->used = 0;
		} else {
			free(block);
		}
		block = next;
	}
	mem->head = keep;
	mem->total = keep != NULL ? keep->capacity : 0;
}

void *arena_alloc(struct arena *mem, size_t size)
{
	const size_t alignment = alignof(max_align_t);
	if (size > SIZE_MAX / 2)
		die("a size beyond SIZE_MAX / 2");
	size = (size + alignment - 1) / alignment * alignment;

	struct arena_block *block = mem->head;
	if (block == NULL || block->capacity - block->used < size) {
		size_t capacity = size > usual_block(mem) ? size : usual_block(mem);
		struct arena_block *fresh = block_new(capacity);
		fresh->next = block;
		mem->head = fresh;
		mem->total += capacity;
		block = fresh;
	}
	void *piece = block->bytes + block->used;
	block->used += size;
	return memset(piece, 0, size);
}

void *arena_array(struct arena *mem, size_t count, size_t size)
{
	size_t bytes = 0;
	if (__builtin_mul_overflow(count, size, &bytes))
		die("an array whose size overflows");
	return arena_alloc(mem, bytes);
}

char *arena_strndup(struct arena *mem, const char *bytes, size_t length)
{
	char *copy = arena_alloc(mem, length + 1);
	if (length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

char *arena_strdup(struct arena *mem, const char *text)
{
	return text == NULL ? NULL : arena_strndup(mem, text, strlen(text));
}

char *arena_vprintf(struct arena *mem, const char *format, va_list arguments)
{
	/* A hundred bytes are enough but for a sentence here and there. */
	char room[100];
	va_list again;
	va_copy(again, arguments);
	int length = vsnprintf(room, sizeof(room), format, arguments);
	if (length < 0)
		die("vsnprintf failed");
	char *text = arena_alloc(mem, (size_t)length + 1);
	if ((size_t)length < sizeof(room))
		memcpy(text, room, (size_t)length);
	else if (vsnprintf(text, (size_t)length + 1, format, again) != length)
		die("vsnprintf failed");
	va_end(again);
	return text;
}

char *arena_printf(struct arena *mem, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = arena_vprintf(mem, format, arguments);
	va_end(arguments);
	return text;
}
