/*
 * siphash - short digests under a secret key, fast for short inputs.
 *
 * SipHash-2-4 (Aumasson and Bernstein, 2012): nobody without the key can find inputs whose digests meet. For
 * tables that outsiders choose the keys of; 128 bits also to know something again without keeping it. No
 * digest for signatures or for storage. Pure; safe from any thread.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

enum { SIPHASH_128_SIZE = 16 };

struct siphash_key {
	uint64_t words[2]; /* random: crypto_random() */
};

uint64_t siphash_64(struct siphash_key key, const void *bytes, size_t size);

void siphash_128(struct siphash_key key, const void *bytes, size_t size,
		 unsigned char ret_digest[static SIPHASH_128_SIZE]);

#endif
