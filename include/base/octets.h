/*
 * octets - eight bytes of text looked at at once.
 *
 * A look gives a word in which the highest bit of each byte says yes, so looks are joined with `|` and asked
 * once with OCTETS_ANY. It never misses a byte; it may say yes for one too many (a subtraction carries over,
 * bytes above 0x7f), so after a yes somebody looks at the bytes one by one.
 */
#ifndef BASE_OCTETS_H
#define BASE_OCTETS_H

#include <stdint.h>
#include <string.h>

#define OCTETS_EACH       (0x0101010101010101u)
#define OCTETS_ANY(looks) (((looks)&OCTETS_EACH * 0x80) != 0)

static inline uint64_t octets_load(const void *bytes)
{
	uint64_t word;
	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* Which bytes are below `limit`, at most 0x80. */
static inline uint64_t octets_below(uint64_t word, unsigned char limit)
{
	return (word - OCTETS_EACH * limit) & ~word;
}

static inline uint64_t octets_equal(uint64_t word, unsigned char byte)
{
	return octets_below(word ^ OCTETS_EACH * byte, 1);
}

/* Which bytes are no ASCII: 0x80 and above. */
static inline uint64_t octets_not_ascii(uint64_t word)
{
	return word;
}

#endif
