#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/encode.h"
#include "base/uuid.h"

static void assert_hex(const unsigned char *bytes, size_t size, const char *expected)
{
	char text[256];
	assert_true(ENCODE_HEX_SIZE(size) <= sizeof(text));
	encode_hex(bytes, size, text);
	assert_string_equal(text, expected);
}

static size_t bytes_of(const char *hex, unsigned char *ret_bytes, size_t room)
{
	size_t size = 0;
	assert_true(encode_hex_read(hex, strlen(hex), ret_bytes, room, &size));
	return size;
}

static void sha256_gives_the_digests_of_fips_180(void **state)
{
	(void)state;
	unsigned char digest[CRYPTO_SHA256_SIZE];
	crypto_sha256("abc", 3, digest);
	assert_hex(digest, sizeof(digest),
		   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	crypto_sha256("", 0, digest);
	assert_hex(digest, sizeof(digest),
		   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void hmac_gives_the_codes_of_rfc_4231(void **state)
{
	(void)state;
	unsigned char mac[CRYPTO_SHA256_SIZE];
	crypto_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac);
	assert_hex(mac, sizeof(mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");

	/* Test case 6: a key longer than a block. */
	unsigned char key[131];
	memset(key, 0xaa, sizeof(key));
	const char *message = "Test Using Larger Than Block-Size Key - Hash Key First";
	crypto_hmac_sha256(key, sizeof(key), message, strlen(message), mac);
	assert_hex(mac, sizeof(mac), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void gcm_gives_test_case_16_of_the_specification(void **state)
{
	(void)state;
	unsigned char key[32], nonce[12], associated[20], plain[60], cipher[60], tag[16], back[60];
	bytes_of("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", key, sizeof(key));
	bytes_of("cafebabefacedbaddecaf888", nonce, sizeof(nonce));
	bytes_of("feedfacedeadbeeffeedfacedeadbeefabaddad2", associated, sizeof(associated));
	bytes_of("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
		 "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
		 plain, sizeof(plain));

	crypto_gcm_encrypt(key, nonce, associated, sizeof(associated), plain, sizeof(plain), cipher, tag);
	assert_hex(cipher, sizeof(cipher),
		   "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
		   "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662");
	assert_hex(tag, sizeof(tag), "76fc6ece0f4e1768cddf8853bb2d551b");
	assert_true(crypto_gcm_decrypt(key, nonce, associated, sizeof(associated), cipher, sizeof(cipher),
				       tag, back));
	assert_memory_equal(back, plain, sizeof(plain));
}

static void gcm_leaves_nothing_readable_when_the_tag_is_wrong(void **state)
{
	(void)state;
	unsigned char key[32] = {1}, nonce[12] = {2}, cipher[6], tag[16], back[6];
	crypto_gcm_encrypt(key, nonce, NULL, 0, "secret", 6, cipher, tag);
	tag[15] ^= 1;
	memset(back, 0xee, sizeof(back));
	assert_false(crypto_gcm_decrypt(key, nonce, NULL, 0, cipher, sizeof(cipher), tag, back));
	assert_memory_equal(back, "\0\0\0\0\0\0", 6);
}

static void comparison_tells_equal_from_different(void **state)
{
	(void)state;
	assert_true(crypto_equal("abc", "abc", 3));
	assert_false(crypto_equal("abc", "abd", 3));
	assert_true(crypto_equal_text("token", "token"));
	assert_false(crypto_equal_text("token", "tokem"));
	assert_false(crypto_equal_text("token", "token2"));
	assert_true(crypto_equal_text("", ""));
}

static void base64_gives_and_reads_the_vectors_of_rfc_4648(void **state)
{
	(void)state;
	static const char *const vectors[][3] = {
		{"", "", ""},
		{"f", "Zg==", "Zg"},
		{"fo", "Zm8=", "Zm8"},
		{"foo", "Zm9v", "Zm9v"},
		{"foob", "Zm9vYg==", "Zm9vYg"},
		{"fooba", "Zm9vYmE=", "Zm9vYmE"},
		{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
		{"\xfb\xff\xbf", "+/+/", "-_-_"},
	};
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		size_t size = strlen(vectors[i][0]), read = 99;
		char text[16], bytes[16];
		assert_int_equal(encode_base64(vectors[i][0], size, text), strlen(vectors[i][1]));
		assert_string_equal(text, vectors[i][1]);
		assert_true(strlen(text) + 1 == ENCODE_BASE64_SIZE(size));
		assert_true(encode_base64_read(text, strlen(text), bytes, size, &read));
		assert_int_equal(read, size);
		assert_memory_equal(bytes, vectors[i][0], size);

		assert_int_equal(encode_base64url(vectors[i][0], size, text), strlen(vectors[i][2]));
		assert_string_equal(text, vectors[i][2]);
		assert_true(strlen(text) + 1 == ENCODE_BASE64URL_SIZE(size));
		assert_true(encode_base64url_read(text, strlen(text), bytes, size, &read));
		assert_int_equal(read, size);
		assert_true(size <= ENCODE_DECODED_SIZE(strlen(text)));
	}
}

static void base64_refuses_every_second_way_to_write_the_same_bytes(void **state)
{
	(void)state;
	static const char *const malformed[] = {"Zg",   "Zg=",      "Zh==",   "Zm9=",  "=",
						"====", "Z===",     "Zm9v\n", "Zm9v=", "Zm 9v",
						"-_-_", "Zg==Zg==", "Z",      "Zm9vY", "Zm9v===="};
	char bytes[32];
	size_t size = 0;
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		assert_false(
			encode_base64_read(malformed[i], strlen(malformed[i]), bytes, sizeof(bytes), &size));

	static const char *const malformed_url[] = {"Zg==", "Zh", "Zm9", "+/+/", "Z", "Zm9v.", "Zm9v Zg"};
	for (size_t i = 0; i < sizeof(malformed_url) / sizeof(malformed_url[0]); i++)
		assert_false(encode_base64url_read(malformed_url[i], strlen(malformed_url[i]), bytes,
						   sizeof(bytes), &size));
	assert_false(encode_base64url_read("Zg\0A", 4, bytes, sizeof(bytes), &size));
}

static void decoding_never_writes_past_the_room(void **state)
{
	(void)state;
	char bytes[4] = "xxx";
	size_t size = 0;
	assert_false(encode_base64_read("Zm9vYmFy", 8, bytes, 2, &size));
	assert_int_equal(bytes[2], 'x');
	assert_false(encode_hex_read("0a0b0c", 6, bytes, 2, &size));
	assert_false(encode_hex_read("0a0", 3, bytes, 2, &size));
	assert_false(encode_hex_read("0g", 2, bytes, 2, &size));
	assert_true(encode_hex_read("Fa0B", 4, bytes, 2, &size));
	assert_memory_equal(bytes, "\xfa\x0b", 2);
}

static void a_uuid_begins_with_its_time_and_is_random_after_it(void **state)
{
	(void)state;
	char text[UUID_TEXT_SIZE];
	const instant now = 1645557742; /* as in RFC 9562, A.6 */
	struct uuid id = uuid_new(now), other = uuid_new(now), back;
	assert_memory_not_equal(id.bytes, other.bytes, UUID_SIZE);
	uuid_format(id, text);
	assert_int_equal(strlen(text), 36);
	assert_memory_equal(text, "017f22e2-79b0-7", 15);
	assert_non_null(strchr("89ab", text[19]));
	assert_true(uuid_parse(text, 36, &back));
	assert_memory_equal(id.bytes, back.bytes, UUID_SIZE);
}

static void a_uuid_is_read_in_one_form_only(void **state)
{
	(void)state;
	static const char *const malformed[] = {
		"",
		"f47ac10b58cc4372a5670e02b2c3d479",
		"{f47ac10b-58cc-4372-a567-0e02b2c3d479}",
		"f47ac10b-58cc-4372-a567-0e02b2c3d47",
		"f47ac10b-58cc-4372-a567-0e02b2c3d4790",
		"f47ac10b-58cc-4372-a567_0e02b2c3d479",
		"f47ac10b-58cc-4372-a567-0e02b2c3d47g",
		"f47ac10-b58cc-4372-a567-0e02b2c3d479",
		" 47ac10b-58cc-4372-a567-0e02b2c3d479",
		"-f47ac10-58cc-4372-a567-0e02b2c3d479",
	};
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		assert_false(uuid_parse(malformed[i], strlen(malformed[i]), NULL));

	struct uuid id;
	char text[UUID_TEXT_SIZE];
	assert_true(uuid_parse("F47AC10B-58cc-4372-a567-0e02b2c3d479", 36, &id));
	uuid_format(id, text);
	assert_string_equal(text, "f47ac10b-58cc-4372-a567-0e02b2c3d479");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_gives_the_digests_of_fips_180),
		cmocka_unit_test(hmac_gives_the_codes_of_rfc_4231),
		cmocka_unit_test(gcm_gives_test_case_16_of_the_specification),
		cmocka_unit_test(gcm_leaves_nothing_readable_when_the_tag_is_wrong),
		cmocka_unit_test(comparison_tells_equal_from_different),
		cmocka_unit_test(base64_gives_and_reads_the_vectors_of_rfc_4648),
		cmocka_unit_test(base64_refuses_every_second_way_to_write_the_same_bytes),
		cmocka_unit_test(decoding_never_writes_past_the_room),
		cmocka_unit_test(a_uuid_begins_with_its_time_and_is_random_after_it),
		cmocka_unit_test(a_uuid_is_read_in_one_form_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
