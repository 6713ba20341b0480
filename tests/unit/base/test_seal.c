#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/seal.h"

#define FIRST  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define SECOND "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

static const char secret[] = "1//refresh-token";
enum { SECRET_LENGTH = sizeof(secret) - 1 };

static void what_was_sealed_opens_again(void **state)
{
	(void)state;
	struct seal_keys keys;
	char text[SEAL_TEXT_SIZE(SECRET_LENGTH)], again[SEAL_TEXT_SIZE(SECRET_LENGTH)], plain[64];
	size_t size = 0;

	assert_true(seal_keys_init(&keys, FIRST));
	seal_text(&keys, "coach damian", secret, SECRET_LENGTH, text);
	seal_text(&keys, "coach damian", secret, SECRET_LENGTH, again);
	assert_string_not_equal(text, again);
	assert_int_equal(strlen(text) + 1, sizeof(text));
	assert_int_equal(seal_open(&keys, "coach damian", text, plain, sizeof(plain), &size), SEAL_OPENED);
	assert_int_equal(size, SECRET_LENGTH);
	assert_string_equal(plain, secret);
	seal_keys_clear(&keys);
}

static void an_empty_and_the_largest_secret_fit(void **state)
{
	(void)state;
	static char large[SEAL_PLAIN_MAX], plain[SEAL_PLAIN_MAX + 1], text[SEAL_TEXT_SIZE(SEAL_PLAIN_MAX)];
	struct seal_keys keys;
	size_t size = 9;

	assert_true(seal_keys_init(&keys, FIRST));
	seal_text(&keys, "", "", 0, text);
	assert_int_equal(seal_open(&keys, "", text, plain, 1, &size), SEAL_OPENED);
	assert_int_equal(size, 0);
	memset(large, 'x', sizeof(large));
	seal_text(&keys, "", large, sizeof(large), text);
	assert_int_equal(seal_open(&keys, "", text, plain, sizeof(plain), &size), SEAL_OPENED);
	assert_memory_equal(plain, large, sizeof(large));
	assert_int_equal(seal_open(&keys, "", text, plain, sizeof(plain) - 1, &size), SEAL_BROKEN);
	seal_keys_clear(&keys);
}

static void another_place_or_another_key_does_not_open_it(void **state)
{
	(void)state;
	struct seal_keys keys, others;
	char text[SEAL_TEXT_SIZE(SECRET_LENGTH)], plain[64];
	size_t size;

	assert_true(seal_keys_init(&keys, FIRST));
	assert_true(seal_keys_init(&others, SECOND));
	seal_text(&keys, "coach damian", secret, SECRET_LENGTH, text);
	assert_int_equal(seal_open(&keys, "coach clara", text, plain, sizeof(plain), &size), SEAL_BROKEN);
	assert_int_equal(seal_open(&keys, "", text, plain, sizeof(plain), &size), SEAL_BROKEN);
	assert_int_equal(seal_open(&others, "coach damian", text, plain, sizeof(plain), &size),
			 SEAL_UNKNOWN_KEY);
	seal_keys_clear(&keys);
	seal_keys_clear(&others);
}

static void no_changed_character_goes_unnoticed(void **state)
{
	(void)state;
	struct seal_keys keys;
	char text[SEAL_TEXT_SIZE(SECRET_LENGTH)], plain[64];
	size_t size;

	assert_true(seal_keys_init(&keys, FIRST));
	seal_text(&keys, "coach damian", secret, SECRET_LENGTH, text);
	for (size_t at = 0; at + 1 < sizeof(text); at++) {
		char right = text[at];
		for (const char *wrong = "AQgw-_09=. \n\x80"; *wrong != '\0'; wrong++) {
			if (*wrong == right)
				continue;
			text[at] = *wrong;
			assert_int_not_equal(
				seal_open(&keys, "coach damian", text, plain, sizeof(plain), &size),
				SEAL_OPENED);
		}
		text[at] = '\0';
		assert_int_not_equal(seal_open(&keys, "coach damian", text, plain, sizeof(plain), &size),
				     SEAL_OPENED);
		text[at] = right;
	}
	assert_int_equal(seal_open(&keys, "coach damian", text, plain, sizeof(plain), &size), SEAL_OPENED);
	seal_keys_clear(&keys);
}

static void no_changed_byte_goes_unnoticed(void **state)
{
	(void)state;
	struct seal_keys keys;
	unsigned char sealed[SECRET_LENGTH + SEAL_OVERHEAD];
	char text[SEAL_TEXT_SIZE(SECRET_LENGTH)], plain[64];
	size_t size = 0;

	assert_true(seal_keys_init(&keys, FIRST));
	seal_text(&keys, "coach damian", secret, SECRET_LENGTH, text);
	assert_true(encode_base64url_read(text, strlen(text), sealed, sizeof(sealed), &size));
	assert_int_equal(size, sizeof(sealed));
	for (size_t at = 0; at < sizeof(sealed); at++) {
		for (unsigned bit = 1; bit < 256; bit <<= 1) {
			sealed[at] ^= (unsigned char)bit;
			encode_base64url(sealed, sizeof(sealed), text);
			assert_int_not_equal(
				seal_open(&keys, "coach damian", text, plain, sizeof(plain), &size),
				SEAL_OPENED);
			sealed[at] ^= (unsigned char)bit;
		}
	}
	seal_keys_clear(&keys);
}

static void a_rotated_key_still_opens_and_new_secrets_use_the_new_one(void **state)
{
	(void)state;
	struct seal_keys before, after;
	char old_text[SEAL_TEXT_SIZE(SECRET_LENGTH)], new_text[SEAL_TEXT_SIZE(SECRET_LENGTH)], plain[64];
	char before_id[ENCODE_HEX_SIZE(SEAL_KEY_ID_SIZE)], after_id[ENCODE_HEX_SIZE(SEAL_KEY_ID_SIZE)];
	size_t size;

	assert_true(seal_keys_init(&before, FIRST));
	seal_text(&before, "coach damian", secret, SECRET_LENGTH, old_text);
	assert_true(seal_is_current(&before, old_text));

	assert_true(seal_keys_init(&after, SECOND "," FIRST));
	assert_int_equal(seal_open(&after, "coach damian", old_text, plain, sizeof(plain), &size),
			 SEAL_OPENED);
	assert_false(seal_is_current(&after, old_text));
	seal_text(&after, "coach damian", plain, size, new_text);
	assert_true(seal_is_current(&after, new_text));
	assert_int_equal(seal_open(&before, "coach damian", new_text, plain, sizeof(plain), &size),
			 SEAL_UNKNOWN_KEY);

	seal_keys_describe(&before, before_id);
	seal_keys_describe(&after, after_id);
	assert_int_equal(strlen(before_id), 2 * SEAL_KEY_ID_SIZE);
	assert_string_not_equal(before_id, after_id);
	seal_keys_clear(&before);
	seal_keys_clear(&after);
}

static void what_an_old_key_sealed_is_sealed_again_and_nothing_else(void **state)
{
	(void)state;
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	struct seal_keys old;
	struct seal_keys both;
	struct seal_keys new;
	char text[SEAL_TEXT_SIZE(6)];
	char plain[16];
	size_t size = 0;
	assert_true(seal_keys_init(&old, FIRST));
	assert_true(seal_keys_init(&both, SECOND "," FIRST));
	assert_true(seal_keys_init(&new, SECOND));
	seal_text(&old, "coach damian", "secret", 6, text);

	const char *again = seal_again(&both, "coach damian", text, &mem);
	assert_non_null(again);
	assert_int_equal(seal_open(&new, "coach damian", again, plain, sizeof(plain), &size), SEAL_OPENED);
	assert_string_equal(plain, "secret");

	assert_null(seal_again(&both, "coach damian", again, &mem));
	assert_null(seal_again(&new, "coach damian", text, &mem));
	assert_null(seal_again(&both, "coach clara", text, &mem));
	assert_null(seal_again(&both, "coach damian", "damaged", &mem));
}

static void malformed_keys_are_refused_and_not_kept(void **state)
{
	(void)state;
	static const char *const malformed[] = {"",
						",",
						FIRST ",",
						"," FIRST,
						FIRST "," FIRST,
						FIRST " ",
						" " FIRST,
						FIRST "\n",
						"AAEC",
						FIRST "AAEC",
						"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
						FIRST ","
						      "AAEC"};
	static const struct seal_keys none;
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		struct seal_keys keys;
		assert_false(seal_keys_init(&keys, malformed[i]));
		assert_memory_equal(&keys, &none, sizeof(keys));
	}
}

static void clearing_wipes_the_keys(void **state)
{
	(void)state;
	static const struct seal_keys none;
	struct seal_keys keys;
	assert_true(seal_keys_init(&keys, FIRST "," SECOND));
	seal_keys_clear(&keys);
	assert_memory_equal(&keys, &none, sizeof(keys));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_sealed_opens_again),
		cmocka_unit_test(an_empty_and_the_largest_secret_fit),
		cmocka_unit_test(another_place_or_another_key_does_not_open_it),
		cmocka_unit_test(no_changed_character_goes_unnoticed),
		cmocka_unit_test(no_changed_byte_goes_unnoticed),
		cmocka_unit_test(a_rotated_key_still_opens_and_new_secrets_use_the_new_one),
		cmocka_unit_test(what_an_old_key_sealed_is_sealed_again_and_nothing_else),
		cmocka_unit_test(malformed_keys_are_refused_and_not_kept),
		cmocka_unit_test(clearing_wipes_the_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
