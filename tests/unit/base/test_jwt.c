#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/encode.h"
#include "base/jwt.h"

#include "generated_keys.h"

#define SECRET "a shared secret of some thirty characters"
#define GOOD   "{\"sub\":\"u1\",\"exp\":2000000000}"
enum { NOW = 1900000000 };

static struct arena mem;
static struct private_key *rsa, *p256;
static struct public_key *rsa_public, *p256_public;
static char *rsa_public_pem;

static int make_keys(void **state)
{
	(void)state;
	EVP_PKEY *pairs[] = {EVP_RSA_gen(2048), EVP_EC_gen("P-256")};
	char *p256_public_pem = generated_public_pem(pairs[1]);
	rsa_public_pem = generated_public_pem(pairs[0]);
	rsa = generated_private_key(pairs[0]);
	p256 = generated_private_key(pairs[1]);
	rsa_public = public_key_from_pem(rsa_public_pem);
	p256_public = public_key_from_pem(p256_public_pem);
	free(p256_public_pem);
	EVP_PKEY_free(pairs[0]);
	EVP_PKEY_free(pairs[1]);
	return 0;
}

static int free_keys(void **state)
{
	(void)state;
	private_key_free(rsa);
	private_key_free(p256);
	public_key_free(rsa_public);
	public_key_free(p256_public);
	free(rsa_public_pem);
	arena_clear(&mem);
	return 0;
}

/* A token of any header and claims, signed with HS256 whatever the header says. */
static char *signed_with_secret(const char *header, const char *claims, const char *secret)
{
	char *input = arena_printf(&mem, "%s.%s", generated_base64url(&mem, header),
				   generated_base64url(&mem, claims));
	unsigned char mac[CRYPTO_SHA256_SIZE];
	char text[ENCODE_BASE64URL_SIZE(CRYPTO_SHA256_SIZE)];
	crypto_hmac_sha256(secret, strlen(secret), input, strlen(input), mac);
	encode_base64url(mac, sizeof(mac), text);
	return arena_printf(&mem, "%s.%s", input, text);
}

static enum jwt_verdict verify(const struct jwt_rules *rules, const char *token)
{
	struct jwt_claims claims;
	return jwt_verify(rules, token, strlen(token), NOW, &mem, &claims);
}

static enum jwt_verdict verify_claims(const char *claims)
{
	const struct jwt_rules rules = {.secret = SECRET};
	return verify(&rules, signed_with_secret("{\"alg\":\"HS256\"}", claims, SECRET));
}

static enum jwt_verdict verify_header(const char *header)
{
	const struct jwt_rules rules = {.secret = SECRET};
	return verify(&rules, signed_with_secret(header, GOOD, SECRET));
}

static void what_we_mint_we_accept_with_all_claims(void **state)
{
	(void)state;
	const struct jwt_rules rules = {
		.secret = SECRET, .issuer = "https://example.com", .audience = "bookingd"};
	const struct jwt_claims minted = {.subject = "ü \"1\"",
					  .email = "a@example.com",
					  .name = "Änne <b>",
					  .role = "coach",
					  .coach = "damian",
					  .expires = NOW + 60};
	struct jwt_claims read;
	char *token = jwt_mint(&rules, &minted, NOW, &mem);
	assert_int_equal(jwt_verify(&rules, token, strlen(token), NOW, &mem, &read), JWT_VALID);
	assert_string_equal(read.subject, minted.subject);
	assert_string_equal(read.email, minted.email);
	assert_string_equal(read.name, minted.name);
	assert_string_equal(read.role, minted.role);
	assert_string_equal(read.coach, minted.coach);
	assert_int_equal(read.expires, NOW + 60);

	const struct jwt_claims only_subject = {.subject = "u1", .expires = NOW + 60};
	token = jwt_mint(&rules, &only_subject, NOW, &mem);
	assert_int_equal(jwt_verify(&rules, token, strlen(token), NOW, &mem, &read), JWT_VALID);
	assert_null(read.email);
	assert_null(read.role);
}

static void the_example_of_rfc_7515_a1_is_well_signed(void **state)
{
	(void)state;
	/* The RFC's key has no zero byte, so it fits a setting. */
	char secret[65] = "";
	size_t size = 0;
	const char *key =
		"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
	assert_true(encode_base64url_read(key, strlen(key), secret, 64, &size));
	const struct jwt_rules rules = {.secret = secret}, others = {.secret = "another"};
	const char *token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
			    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19y"
			    "b290Ijp0cnVlfQ."
			    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
	/* It has no `sub`: that this is found means that the signature was good. */
	assert_int_equal(verify(&rules, token), JWT_SUBJECT);
	assert_int_equal(verify(&others, token), JWT_SIGNATURE);
}

static void each_kind_of_key_takes_its_own_algorithm_only(void **state)
{
	(void)state;
	const char *hs256 = signed_with_secret("{\"alg\":\"HS256\"}", GOOD, SECRET);
	const char *rs256 = generated_token(&mem, "{\"alg\":\"RS256\"}", GOOD, rsa);
	const char *es256 = generated_token(&mem, "{\"alg\":\"ES256\"}", GOOD, p256);
	const struct jwt_rules by_secret = {.secret = SECRET}, by_rsa = {.key = rsa_public},
			       by_p256 = {.key = p256_public},
			       by_both = {.secret = SECRET, .key = rsa_public};

	assert_int_equal(verify(&by_secret, hs256), JWT_VALID);
	assert_int_equal(verify(&by_secret, rs256), JWT_ALGORITHM);
	assert_int_equal(verify(&by_secret, es256), JWT_ALGORITHM);
	assert_int_equal(verify(&by_rsa, hs256), JWT_ALGORITHM);
	assert_int_equal(verify(&by_rsa, rs256), JWT_VALID);
	assert_int_equal(verify(&by_rsa, es256), JWT_ALGORITHM);
	assert_int_equal(verify(&by_p256, hs256), JWT_ALGORITHM);
	assert_int_equal(verify(&by_p256, rs256), JWT_ALGORITHM);
	assert_int_equal(verify(&by_p256, es256), JWT_VALID);
	assert_int_equal(verify(&by_both, hs256), JWT_VALID);
	assert_int_equal(verify(&by_both, rs256), JWT_VALID);
	assert_int_equal(verify(&by_both, es256), JWT_ALGORITHM);

	const struct jwt_rules by_nothing = {.issuer = "x"}, by_empty = {.secret = ""};
	assert_int_equal(verify(&by_nothing, hs256), JWT_ALGORITHM);
	assert_int_equal(verify(&by_nothing, rs256), JWT_ALGORITHM);
	assert_int_equal(verify(&by_empty, signed_with_secret("{\"alg\":\"HS256\"}", GOOD, "")),
			 JWT_ALGORITHM);
}

static void hs256_signed_with_the_public_key_is_refused(void **state)
{
	(void)state;
	const struct jwt_rules by_rsa = {.key = rsa_public}, by_both = {.secret = SECRET, .key = rsa_public};
	const char *forged = signed_with_secret("{\"alg\":\"HS256\"}", GOOD, rsa_public_pem);
	assert_int_equal(verify(&by_rsa, forged), JWT_ALGORITHM);
	assert_int_equal(verify(&by_both, forged), JWT_SIGNATURE);
	forged = signed_with_secret("{\"alg\":\"RS256\"}", GOOD, rsa_public_pem);
	assert_int_equal(verify(&by_both, forged), JWT_SIGNATURE);
}

static void no_algorithm_but_the_three_is_accepted(void **state)
{
	(void)state;
	static const char *const headers[] = {
		"{\"alg\":\"none\"}",
		"{\"alg\":\"None\"}",
		"{\"alg\":\"nOnE\"}",
		"{\"alg\":\"\"}",
		"{\"alg\":\"hs256\"}",
		"{\"alg\":\"HS512\"}",
		"{\"alg\":\"HS256 \"}",
		"{\"alg\":null}",
		"{\"alg\":[\"HS256\"]}",
		"{\"alg\":1}",
		"{}",
		"{\"typ\":\"JWT\"}",
		"{\"Alg\":\"HS256\"}",
	};
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		assert_int_equal(verify_header(headers[i]), JWT_ALGORITHM);

	const struct jwt_rules rules = {.secret = SECRET};
	const char *unsigned_token =
		arena_printf(&mem, "%s.%s.", generated_base64url(&mem, "{\"alg\":\"none\"}"),
			     generated_base64url(&mem, GOOD));
	assert_int_equal(verify(&rules, unsigned_token), JWT_ALGORITHM);
	unsigned_token = arena_printf(&mem, "%s.%s.", generated_base64url(&mem, "{\"alg\":\"HS256\"}"),
				      generated_base64url(&mem, GOOD));
	assert_int_equal(verify(&rules, unsigned_token), JWT_SIGNATURE);
}

static void a_header_that_asks_for_more_or_says_things_twice_is_refused(void **state)
{
	(void)state;
	assert_int_equal(verify_header("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"1\"}"), JWT_VALID);
	assert_int_equal(verify_header("{\"alg\":\"HS256\",\"crit\":[\"exp\"],\"exp\":1}"), JWT_MALFORMED);
	assert_int_equal(verify_header("{\"alg\":\"HS256\",\"crit\":[]}"), JWT_MALFORMED);
	assert_int_equal(verify_header("{\"alg\":\"HS256\",\"crit\":null}"), JWT_MALFORMED);
	assert_int_equal(verify_header("{\"alg\":\"none\",\"alg\":\"HS256\"}"), JWT_MALFORMED);
	assert_int_equal(verify_header("{\"alg\":\"HS256\",\"kid\":5}"), JWT_MALFORMED);
	assert_int_equal(verify_header("[\"HS256\"]"), JWT_MALFORMED);
	assert_int_equal(verify_header("\"HS256\""), JWT_MALFORMED);
	assert_int_equal(verify_header("{\"alg\":\"HS256\"} x"), JWT_MALFORMED);
	assert_int_equal(verify_header(""), JWT_MALFORMED);
	assert_int_equal(verify_claims("{\"sub\":\"u1\",\"sub\":\"u2\",\"exp\":2000000000}"), JWT_MALFORMED);
}

static void exp_is_required_and_a_sane_number(void **state)
{
	(void)state;
	assert_int_equal(verify_claims("{\"sub\":\"u1\"}"), JWT_DATES);
	static const char *const malformed[] = {
		"null", "\"2000000000\"",      "true",         "[2000000000]", "-1", "-1e9",
		"1e30", "9223372036854775807", "253402300800", "2000000000000"};
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		assert_int_equal(
			verify_claims(arena_printf(&mem, "{\"sub\":\"u1\",\"exp\":%s}", malformed[i])),
			JWT_DATES);
	/* Numbers that JSON can write and no double or integer can hold. */
	assert_int_equal(verify_claims("{\"sub\":\"u1\",\"exp\":1e400}"), JWT_MALFORMED);
	assert_int_equal(verify_claims("{\"sub\":\"u1\",\"exp\":9223372036854775808}"), JWT_MALFORMED);
	assert_int_equal(verify_claims("{\"sub\":\"u1\",\"exp\":2000000000.5}"), JWT_VALID);
	assert_int_equal(verify_claims("{\"sub\":\"u1\",\"exp\":2e9}"), JWT_VALID);
}

#define NOT_BEFORE "{\"sub\":\"u1\",\"exp\":2000000000,\"nbf\":%d}"

static void time_counts_to_the_second_with_the_leeway(void **state)
{
	(void)state;
	assert_int_equal(
		verify_claims(arena_printf(&mem, "{\"sub\":\"u1\",\"exp\":%d}", NOW - JWT_LEEWAY + 1)),
		JWT_VALID);
	assert_int_equal(verify_claims(arena_printf(&mem, "{\"sub\":\"u1\",\"exp\":%d}", NOW - JWT_LEEWAY)),
			 JWT_EXPIRED);
	assert_int_equal(verify_claims("{\"sub\":\"u1\",\"exp\":0}"), JWT_EXPIRED);
	assert_int_equal(verify_claims(arena_printf(&mem, NOT_BEFORE, NOW + JWT_LEEWAY)), JWT_VALID);
	assert_int_equal(verify_claims(arena_printf(&mem, NOT_BEFORE, NOW + JWT_LEEWAY + 1)), JWT_NOT_YET);
	assert_int_equal(verify_claims("{\"sub\":\"u1\",\"exp\":2000000000,\"nbf\":\"now\"}"), JWT_DATES);
}

static void issuer_and_audience_are_checked_when_configured(void **state)
{
	(void)state;
	const struct jwt_rules rules = {.secret = SECRET, .issuer = "me", .audience = "you"};
	static const struct {
		const char *claims;
		enum jwt_verdict verdict;
	} cases[] = {
		{"\"iss\":\"me\",\"aud\":\"you\"", JWT_VALID},
		{"\"iss\":\"me\",\"aud\":[\"other\",\"you\"]", JWT_VALID},
		{"\"aud\":\"you\"", JWT_WRONG_ISSUER},
		{"\"iss\":\"Me\",\"aud\":\"you\"", JWT_WRONG_ISSUER},
		{"\"iss\":[\"me\"],\"aud\":\"you\"", JWT_WRONG_ISSUER},
		{"\"iss\":\"me\"", JWT_WRONG_AUDIENCE},
		{"\"iss\":\"me\",\"aud\":\"yous\"", JWT_WRONG_AUDIENCE},
		{"\"iss\":\"me\",\"aud\":[]", JWT_WRONG_AUDIENCE},
		{"\"iss\":\"me\",\"aud\":[\"other\",5,null]", JWT_WRONG_AUDIENCE},
		{"\"iss\":\"me\",\"aud\":{\"you\":\"you\"}", JWT_WRONG_AUDIENCE},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *claims =
			arena_printf(&mem, "{\"sub\":\"u1\",\"exp\":2000000000,%s}", cases[i].claims);
		assert_int_equal(verify(&rules, signed_with_secret("{\"alg\":\"HS256\"}", claims, SECRET)),
				 cases[i].verdict);
	}
	assert_int_equal(verify_claims("{\"sub\":\"u1\",\"exp\":2000000000,\"iss\":\"x\",\"aud\":\"y\"}"),
			 JWT_VALID);
}

static void sub_is_a_text_and_not_empty(void **state)
{
	(void)state;
	static const char *const malformed[] = {"null", "\"\"", "5", "[\"u1\"]", "\"a\\u0000b\""};
	assert_int_equal(verify_claims("{\"exp\":2000000000}"), JWT_SUBJECT);
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		assert_int_not_equal(
			verify_claims(arena_printf(&mem, "{\"sub\":%s,\"exp\":2000000000}", malformed[i])),
			JWT_VALID);
}

static void other_claims_that_are_no_text_count_as_missing(void **state)
{
	(void)state;
	const struct jwt_rules rules = {.secret = SECRET};
	const char *token = signed_with_secret("{\"alg\":\"HS256\"}",
					       "{\"sub\":\"u1\",\"exp\":2000000000,\"email\":5,\"name\":null,"
					       "\"role\":[\"admin\"],\"coach\":{}}",
					       SECRET);
	struct jwt_claims claims;
	assert_int_equal(jwt_verify(&rules, token, strlen(token), NOW, &mem, &claims), JWT_VALID);
	assert_null(claims.email);
	assert_null(claims.name);
	assert_null(claims.role);
	assert_null(claims.coach);
}

static void what_is_no_token_is_malformed(void **state)
{
	(void)state;
	const struct jwt_rules rules = {.secret = SECRET, .key = rsa_public};
	const char *good = signed_with_secret("{\"alg\":\"HS256\"}", GOOD, SECRET);
	static const char *const malformed[] = {"",
						".",
						"..",
						"...",
						"a",
						"a.b",
						"a.b.c",
						"a.b.c.d",
						"e30.e30.e30",
						"eyJhbGciOiJIUzI1NiJ9",
						"Bearer x.y.z"};
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		assert_int_not_equal(verify(&rules, malformed[i]), JWT_VALID);
	assert_int_equal(verify(&rules, good), JWT_VALID);
	assert_int_equal(verify(&rules, arena_printf(&mem, "%s=", good)), JWT_MALFORMED);
	assert_int_equal(verify(&rules, arena_printf(&mem, "%s.", good)), JWT_MALFORMED);
	assert_int_equal(verify(&rules, arena_printf(&mem, "%s\n", good)), JWT_MALFORMED);
	assert_int_equal(verify(&rules, arena_printf(&mem, " %s", good)), JWT_MALFORMED);
	for (size_t length = 0; length < strlen(good); length++) {
		struct jwt_claims claims;
		assert_int_not_equal(jwt_verify(&rules, good, length, NOW, &mem, &claims), JWT_VALID);
	}
}

static void no_changed_character_of_a_token_goes_unnoticed(void **state)
{
	(void)state;
	const struct jwt_rules rules = {.secret = SECRET, .key = rsa_public};
	char *token = signed_with_secret("{\"alg\":\"HS256\"}", GOOD, SECRET);
	for (char *at = token; *at != '\0'; at++) {
		char right = *at;
		for (const char *wrong = "Aw-_.=\n"; *wrong != '\0'; wrong++) {
			*at = *wrong;
			if (*wrong != right)
				assert_int_not_equal(verify(&rules, token), JWT_VALID);
		}
		*at = right;
	}
}

static void a_token_of_100_kilobytes_is_refused_unread(void **state)
{
	(void)state;
	const struct jwt_rules rules = {.secret = SECRET};
	char *filler = arena_alloc(&mem, 100 * 1024 + 1);
	memset(filler, 'x', 100 * 1024);
	const char *token = signed_with_secret(
		"{\"alg\":\"HS256\"}",
		arena_printf(&mem, "{\"sub\":\"u1\",\"exp\":2000000000,\"x\":\"%s\"}", filler), SECRET);
	assert_int_equal(verify(&rules, token), JWT_MALFORMED);
	assert_int_equal(verify(&rules, filler), JWT_MALFORMED);
	memset(filler, '.', 100 * 1024);
	assert_int_equal(verify(&rules, filler), JWT_MALFORMED);
	memset(filler, '[', 4000);
	filler[4000] = '\0';
	assert_int_equal(verify_claims(filler), JWT_MALFORMED);
	filler[5000] = '\0';
	memset(filler, 'x', 5000);
	const struct jwt_claims too_long = {.subject = filler, .name = filler, .expires = NOW};
	assert_null(jwt_mint(&rules, &too_long, NOW, &mem));
}

static struct jwt_key_set *key_set(const char *jwks)
{
	char *json = arena_printf(&mem, "{\"keys\":[%s]}", jwks);
	return jwt_key_set_read(json, strlen(json));
}

static void a_key_set_is_searched_by_kid_and_rotates(void **state)
{
	(void)state;
	EVP_PKEY *pairs[] = {EVP_RSA_gen(2048), EVP_RSA_gen(2048), EVP_EC_gen("P-256")};
	struct private_key *keys[] = {generated_private_key(pairs[0]), generated_private_key(pairs[1]),
				      generated_private_key(pairs[2])};
	struct jwt_key_set *before = key_set(arena_printf(
		&mem, "%s,%s",
		generated_rsa_jwk(&mem, pairs[0], ",\"kid\":\"old\",\"use\":\"sig\",\"alg\":\"RS256\""),
		generated_p256_jwk(&mem, pairs[2], ",\"kid\":\"curve\",\"key_ops\":[\"verify\"]")));
	struct jwt_key_set *after =
		key_set(arena_printf(&mem, "%s,%s", generated_rsa_jwk(&mem, pairs[0], ",\"kid\":\"old\""),
				     generated_rsa_jwk(&mem, pairs[1], ",\"kid\":\"new\"")));
	const struct jwt_rules by_before = {.keys = before}, by_after = {.keys = after};
	const char *old_token = generated_token(&mem, "{\"alg\":\"RS256\",\"kid\":\"old\"}", GOOD, keys[0]);
	const char *new_token = generated_token(&mem, "{\"alg\":\"RS256\",\"kid\":\"new\"}", GOOD, keys[1]);
	const char *curve_token =
		generated_token(&mem, "{\"alg\":\"ES256\",\"kid\":\"curve\"}", GOOD, keys[2]);

	assert_int_equal(jwt_key_set_count(before), 2);
	assert_int_equal(verify(&by_before, old_token), JWT_VALID);
	assert_int_equal(verify(&by_before, curve_token), JWT_VALID);
	assert_int_equal(verify(&by_before, new_token), JWT_UNKNOWN_KEY);
	assert_int_equal(verify(&by_after, old_token), JWT_VALID);
	assert_int_equal(verify(&by_after, new_token), JWT_VALID);
	assert_int_equal(verify(&by_after, curve_token), JWT_UNKNOWN_KEY);

	/* The right name on the wrong signature; no name at all; another kind under a known name. */
	assert_int_equal(verify(&by_after,
				generated_token(&mem, "{\"alg\":\"RS256\",\"kid\":\"new\"}", GOOD, keys[0])),
			 JWT_SIGNATURE);
	assert_int_equal(verify(&by_after, generated_token(&mem, "{\"alg\":\"RS256\"}", GOOD, keys[1])),
			 JWT_VALID);
	assert_int_equal(verify(&by_after, generated_token(&mem, "{\"alg\":\"RS256\"}", GOOD, rsa)),
			 JWT_SIGNATURE);
	assert_int_equal(verify(&by_before,
				generated_token(&mem, "{\"alg\":\"ES256\",\"kid\":\"old\"}", GOOD, keys[2])),
			 JWT_UNKNOWN_KEY);
	/* A set never makes HS256 possible. */
	assert_int_equal(
		verify(&by_before, signed_with_secret("{\"alg\":\"HS256\",\"kid\":\"old\"}", GOOD, "old")),
		JWT_ALGORITHM);
	/* A key of the operator's serves beside the set. */
	const struct jwt_rules by_both = {.keys = after, .key = rsa_public};
	assert_int_equal(
		verify(&by_both, generated_token(&mem, "{\"alg\":\"RS256\",\"kid\":\"own\"}", GOOD, rsa)),
		JWT_VALID);
	assert_int_equal(verify(&by_both, new_token), JWT_VALID);

	jwt_key_set_free(before);
	jwt_key_set_free(after);
	for (size_t i = 0; i < 3; i++) {
		private_key_free(keys[i]);
		EVP_PKEY_free(pairs[i]);
	}
}

static void keys_for_other_uses_are_skipped(void **state)
{
	(void)state;
	EVP_PKEY *pair = EVP_RSA_gen(2048), *curve = EVP_EC_gen("P-256"), *weak = EVP_RSA_gen(1024);
	char *n = generated_number(&mem, pair, "n");
	const char *skipped[] = {
		generated_rsa_jwk(&mem, pair, ",\"use\":\"enc\""),
		generated_rsa_jwk(&mem, pair, ",\"use\":5"),
		generated_rsa_jwk(&mem, pair, ",\"alg\":\"RS512\""),
		generated_rsa_jwk(&mem, pair, ",\"alg\":\"HS256\""),
		generated_rsa_jwk(&mem, pair, ",\"key_ops\":[\"encrypt\"]"),
		generated_rsa_jwk(&mem, pair, ",\"key_ops\":\"verify\""),
		generated_rsa_jwk(&mem, weak, ""),
		generated_p256_jwk(&mem, curve, ",\"alg\":\"RS256\""),
		"{\"kty\":\"oct\",\"k\":\"c2VjcmV0\",\"alg\":\"HS256\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
		"{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"}",
		"{}",
		"5",
		"null",
		arena_printf(&mem, "{\"kty\":\"RSA\",\"n\":\"%s=\",\"e\":\"AQAB\"}", n),
		arena_printf(&mem, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":65537}", n),
	};
	for (size_t i = 0; i < sizeof(skipped) / sizeof(skipped[0]); i++) {
		struct jwt_key_set *set =
			key_set(arena_printf(&mem, "%s,%s", skipped[i], generated_rsa_jwk(&mem, pair, "")));
		assert_non_null(set);
		assert_int_equal(jwt_key_set_count(set), 1);
		jwt_key_set_free(set);
	}
	EVP_PKEY_free(pair);
	EVP_PKEY_free(curve);
	EVP_PKEY_free(weak);
}

static void what_is_no_key_set_is_refused_and_a_huge_one_is_bounded(void **state)
{
	(void)state;
	static const char *const malformed[] = {"",
						"{}",
						"[]",
						"{\"keys\":{}}",
						"{\"keys\":[]",
						"null",
						"{\"keys\":[],\"keys\":[]}",
						"<html></html>"};
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		assert_null(jwt_key_set_read(malformed[i], strlen(malformed[i])));

	EVP_PKEY *curve = EVP_EC_gen("P-256");
	char *jwk = generated_p256_jwk(&mem, curve, ""), *list = jwk;
	for (int i = 0; i < 2 * JWT_KEY_SET_MAX; i++)
		list = arena_printf(&mem, "%s,%s", list, jwk);
	struct jwt_key_set *set = key_set(list), *empty = key_set("");
	assert_int_equal(jwt_key_set_count(set), JWT_KEY_SET_MAX);
	assert_int_equal(jwt_key_set_count(empty), 0);
	jwt_key_set_free(set);
	jwt_key_set_free(empty);
	EVP_PKEY_free(curve);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_we_mint_we_accept_with_all_claims),
		cmocka_unit_test(the_example_of_rfc_7515_a1_is_well_signed),
		cmocka_unit_test(each_kind_of_key_takes_its_own_algorithm_only),
		cmocka_unit_test(hs256_signed_with_the_public_key_is_refused),
		cmocka_unit_test(no_algorithm_but_the_three_is_accepted),
		cmocka_unit_test(a_header_that_asks_for_more_or_says_things_twice_is_refused),
		cmocka_unit_test(exp_is_required_and_a_sane_number),
		cmocka_unit_test(time_counts_to_the_second_with_the_leeway),
		cmocka_unit_test(issuer_and_audience_are_checked_when_configured),
		cmocka_unit_test(sub_is_a_text_and_not_empty),
		cmocka_unit_test(other_claims_that_are_no_text_count_as_missing),
		cmocka_unit_test(what_is_no_token_is_malformed),
		cmocka_unit_test(no_changed_character_of_a_token_goes_unnoticed),
		cmocka_unit_test(a_token_of_100_kilobytes_is_refused_unread),
		cmocka_unit_test(a_key_set_is_searched_by_kid_and_rotates),
		cmocka_unit_test(keys_for_other_uses_are_skipped),
		cmocka_unit_test(what_is_no_key_set_is_refused_and_a_huge_one_is_bounded),
	};
	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
