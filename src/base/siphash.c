#include "base/siphash.h"

#include <string.h>

/* The words are read as this machine stores them. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "SipHash is written for little-endian machines");

struct state {
	uint64_t a, b, c, d;
};

static inline uint64_t rotate(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

static inline void sip_round(struct state *v)
{
	v->a += v->b;
	v->b = rotate(v->b, 13) ^ v->a;
	v->a = rotate(v->a, 32);
	v->c += v->d;
	v->d = rotate(v->d, 16) ^ v->c;
	v->a += v->d;
	v->d = rotate(v->d, 21) ^ v->a;
	v->c += v->b;
	v->b = rotate(v->b, 17) ^ v->c;
	v->c = rotate(v->c, 32);
}

static inline void absorb(struct state *v, uint64_t word)
{
	v->d ^= word;
	sip_round(v);
	sip_round(v);
	v->a ^= word;
}

static struct state absorb_all(struct siphash_key key, uint64_t mark, const unsigned char *bytes, size_t size)
{
	struct state v = {
		key.words[0] ^ 0x736f6d6570736575u,
		key.words[1] ^ 0x646f72616e646f6du ^ mark,
		key.words[0] ^ 0x6c7967656e657261u,
		key.words[1] ^ 0x7465646279746573u,
	};
	uint64_t last = (uint64_t)size << 56;
	for (; size >= sizeof(uint64_t); bytes += sizeof(uint64_t), size -= sizeof(uint64_t)) {
		uint64_t word;
		memcpy(&word, bytes, sizeof(word));
		absorb(&v, word);
	}
	uint64_t rest = 0;
	if (size > 0)
		memcpy(&rest, bytes, size);
	absorb(&v, last | rest);
	return v;
}

static uint64_t squeeze(struct state *v)
{
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v->a ^ v->b ^ v->c ^ v->d;
}

uint64_t siphash_64(struct siphash_key key, const void *bytes, size_t size)
{
	struct state v = absorb_all(key, 0, bytes, size);
	v.c ^= 0xff;
	return squeeze(&v);
}

void siphash_128(struct siphash_key key, const void *bytes, size_t size,
		 unsigned char ret_digest[static SIPHASH_128_SIZE])
{
	uint64_t halves[2];
	struct state v = absorb_all(key, 0xee, bytes, size);
	v.c ^= 0xee;
	halves[0] = squeeze(&v);
	v.b ^= 0xdd;
	halves[1] = squeeze(&v);
	memcpy(ret_digest, halves, sizeof(halves));
}
