#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/siphash.h"

/* The key and the inputs of the published vectors: 00 01 02 ... */
static struct siphash_key vector_key(void)
{
	return (struct siphash_key){{0x0706050403020100u, 0x0f0e0d0c0b0a0908u}};
}

static void the_published_digests_come_out(void **state)
{
	(void)state;
	unsigned char input[64];
	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (unsigned char)i;
	assert_true(siphash_64(vector_key(), input, 0) == 0x726fdb47dd0e0e31u);
	/* Appendix A of the paper. */
	assert_true(siphash_64(vector_key(), input, 15) == 0xa129ca6149be45e5u);

	static const unsigned char empty[SIPHASH_128_SIZE] = {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
							      0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93};
	unsigned char digest[SIPHASH_128_SIZE];
	siphash_128(vector_key(), input, 0, digest);
	assert_memory_equal(digest, empty, sizeof(empty));
}

static void key_length_and_bytes_all_matter(void **state)
{
	(void)state;
	unsigned char one[SIPHASH_128_SIZE], other[SIPHASH_128_SIZE];
	siphash_128(vector_key(), "token", 5, one);
	siphash_128(vector_key(), "tokeN", 5, other);
	assert_memory_not_equal(one, other, sizeof(one));
	siphash_128(vector_key(), "token\0", 6, other);
	assert_memory_not_equal(one, other, sizeof(one));
	struct siphash_key key = vector_key();
	key.words[1] ^= 1;
	siphash_128(key, "token", 5, other);
	assert_memory_not_equal(one, other, sizeof(one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_digests_come_out),
		cmocka_unit_test(key_length_and_bytes_all_matter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
