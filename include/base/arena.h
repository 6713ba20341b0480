/*
 * arena - memory that lives as long as one request or one job.
 *
 * Take many small pieces, give all of them back at once. An arena belongs to one
 * thread at a time; nothing here locks or blocks. Running out of memory aborts:
 * inputs are bounded before they reach an arena.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *head; /* the block that pieces are cut from now */
	size_t total;             /* bytes of all blocks */
	size_t block_bytes;       /* usual size of a block; 0: 16 KiB */
};

/* An arena without memory; the first piece allocates. */
#define ARENA_EMPTY ((struct arena){NULL, 0, 0})

/* The same, growing by blocks of `bytes`: for what is kept in thousands. */
#define ARENA_OF_BLOCKS(bytes) ((struct arena){NULL, 0, (bytes)})

/* Free every block. The arena may be used again. */
void arena_clear(struct arena *mem);

/* Forget every piece but keep one block, so that the next request allocates nothing. */
void arena_reset(struct arena *mem);

/*
 * A piece of `size` bytes, zeroed, aligned for any type. Never NULL; size 0 gives a
 * valid pointer. Lives until arena_clear or arena_reset.
 */
void *arena_alloc(struct arena *mem, size_t size);

/* `count` pieces of `size` bytes in a row, zeroed; aborts if the product overflows. */
void *arena_array(struct arena *mem, size_t count, size_t size);

/* A copy of the string, NULL for NULL. */
char *arena_strdup(struct arena *mem, const char *text);

/* A NUL-terminated copy of `length` bytes. */
char *arena_strndup(struct arena *mem, const char *bytes, size_t length);

/* printf into the arena. */
char *arena_printf(struct arena *mem, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *mem, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

/* For __attribute__((cleanup(arena_cleanup))) on a local arena. */
static inline void arena_cleanup(struct arena *mem)
{
	arena_clear(mem);
}

#endif
