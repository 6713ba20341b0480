#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/encode.h"
#include "base/signature.h"

#include "generated_keys.h"

/* RFC 7515 appendix A: the payload of A.2 and A.3, and what signs it. */
#define PAYLOAD                                                                                              \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
static const char rs256_input[] = "eyJhbGciOiJSUzI1NiJ9." PAYLOAD;
static const char rs256_modulus[] = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-"
				    "4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-"
				    "SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-"
				    "bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"
				    "UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_"
				    "I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2et"
				    "hFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
static const char rs256_signature[] =
	"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
	"O8W2Fp5jujGbds9uJdbF9"
	"CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_"
	"eSN9383LcOL"
	"n6_dO--xi12jzDwusC-"
	"eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtV"
	"rBp0igcN_IoypGlUPQGe77Rw";
static const char es256_input[] = "eyJhbGciOiJFUzI1NiJ9." PAYLOAD;
static const char es256_x[] = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
static const char es256_y[] = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
static const char es256_signature[] =
	"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

static size_t decode(const char *text, unsigned char *ret_bytes, size_t room)
{
	size_t size = 0;
	assert_true(encode_base64url_read(text, strlen(text), ret_bytes, room, &size));
	return size;
}

static void the_examples_of_rfc_7515_verify_and_no_changed_bit_does(void **state)
{
	(void)state;
	unsigned char modulus[256], signature[SIGNATURE_SIZE_MAX], x[32], y[32];
	size_t modulus_size = decode(rs256_modulus, modulus, sizeof(modulus));
	struct public_key *key = public_key_from_rsa(modulus, modulus_size, "\x01\x00\x01", 3);
	size_t size = decode(rs256_signature, signature, sizeof(signature));

	assert_non_null(key);
	assert_int_equal(public_key_kind(key), SIGNATURE_RS256);
	assert_true(public_key_verify(key, rs256_input, strlen(rs256_input), signature, size));
	assert_false(public_key_verify(key, rs256_input, strlen(rs256_input) - 1, signature, size));
	assert_false(public_key_verify(key, rs256_input, strlen(rs256_input), signature, size - 1));
	assert_false(public_key_verify(key, rs256_input, strlen(rs256_input), signature, 0));
	for (size_t bit = 0; bit < size * 8; bit += 7) {
		signature[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_false(public_key_verify(key, rs256_input, strlen(rs256_input), signature, size));
		signature[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	public_key_free(key);

	decode(es256_x, x, sizeof(x));
	decode(es256_y, y, sizeof(y));
	key = public_key_from_p256(x, y);
	size = decode(es256_signature, signature, sizeof(signature));
	assert_non_null(key);
	assert_int_equal(public_key_kind(key), SIGNATURE_ES256);
	assert_true(public_key_verify(key, es256_input, strlen(es256_input), signature, size));
	assert_false(public_key_verify(key, es256_input, strlen(es256_input) - 1, signature, size));
	assert_false(public_key_verify(key, es256_input, strlen(es256_input), signature, size - 1));
	for (size_t bit = 0; bit < size * 8; bit++) {
		signature[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_false(public_key_verify(key, es256_input, strlen(es256_input), signature, size));
		signature[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	/* r = s = 0 was accepted by Java for years (CVE-2022-21449). */
	memset(signature, 0, sizeof(signature));
	assert_false(public_key_verify(key, es256_input, strlen(es256_input), signature, 64));
	public_key_free(key);
}

static void what_a_private_key_signs_its_public_key_verifies(void **state)
{
	(void)state;
	EVP_PKEY *pairs[] = {EVP_RSA_gen(2048), EVP_EC_gen("P-256")};
	for (size_t i = 0; i < 2; i++) {
		char *private_pem = generated_private_pem(pairs[i]),
		     *public_pem = generated_public_pem(pairs[i]);
		struct private_key *private_key = private_key_from_pem(private_pem);
		struct public_key *public_key = public_key_from_pem(public_pem);
		unsigned char signature[SIGNATURE_SIZE_MAX];

		assert_non_null(private_key);
		assert_non_null(public_key);
		assert_int_equal(private_key_kind(private_key), public_key_kind(public_key));
		/* Several times: the numbers of an ECDSA signature are sometimes shorter. */
		for (unsigned char round = 0; round < 20; round++) {
			size_t size = private_key_sign(private_key, &round, 1, signature);
			assert_int_equal(size, i == 0 ? 256 : 64);
			assert_true(public_key_verify(public_key, &round, 1, signature, size));
			assert_false(public_key_verify(public_key, "x", 1, signature, size));
		}
		private_key_free(private_key);
		public_key_free(public_key);
		free(private_pem);
		free(public_pem);
		EVP_PKEY_free(pairs[i]);
	}
}

static char *pkcs1_public_pem(EVP_PKEY *pair)
{
	BIO *bio = BIO_new(BIO_s_mem());
	unsigned char *der = NULL;
	int size = i2d_PublicKey(pair, &der);
	PEM_write_bio(bio, "RSA PUBLIC KEY", "", der, size);
	OPENSSL_free(der);
	return bio_text(bio);
}

static char *certificate_pem(EVP_PKEY *pair)
{
	BIO *bio = BIO_new(BIO_s_mem());
	X509 *certificate = X509_new();
	X509_set_pubkey(certificate, pair);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 60);
	X509_sign(certificate, pair, EVP_sha256());
	PEM_write_bio_X509(bio, certificate);
	X509_free(certificate);
	return bio_text(bio);
}

static void a_public_key_is_read_from_every_usual_kind_of_pem(void **state)
{
	(void)state;
	EVP_PKEY *pair = EVP_RSA_gen(2048);
	char *private_pem = generated_private_pem(pair);
	char *texts[] = {generated_public_pem(pair), pkcs1_public_pem(pair), certificate_pem(pair)};
	struct private_key *private_key = private_key_from_pem(private_pem);
	unsigned char signature[SIGNATURE_SIZE_MAX];
	size_t size = private_key_sign(private_key, "x", 1, signature);

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct public_key *key = public_key_from_pem(texts[i]);
		assert_non_null(key);
		assert_true(public_key_verify(key, "x", 1, signature, size));
		public_key_free(key);
		free(texts[i]);
	}
	private_key_free(private_key);
	free(private_pem);
	EVP_PKEY_free(pair);
}

/* An unquoted $(cat key.pem), a folded line of YAML, a form field. */
static void a_key_whose_line_ends_became_blanks_or_nothing_is_read(void **state)
{
	(void)state;
	EVP_PKEY *pair = EVP_RSA_gen(2048);
	for (size_t gone = 0; gone < 2; gone++) {
		char *texts[] = {generated_public_pem(pair), certificate_pem(pair),
				 generated_private_pem(pair)};
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
			char *to = texts[i];
			for (const char *from = texts[i]; *from != '\0'; from++)
				if (*from != '\n' || !gone)
					*to++ = (char)(*from == '\n' ? ' ' : *from);
			*to = '\0';
			struct public_key *key = public_key_from_pem(texts[i]);
			struct private_key *private_key = private_key_from_pem(texts[i]);
			assert_int_equal(key != NULL, i < 2);
			assert_int_equal(private_key != NULL, i == 2);
			public_key_free(key);
			if (private_key != NULL)
				private_key_free(private_key);
			free(texts[i]);
		}
	}
	static const char *const none[] = {"-----BEGIN PUBLIC KEY-----", "-----BEGIN -----END -----",
					   "-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----",
					   "-----END PUBLIC KEY----- -----BEGIN PUBLIC KEY-----",
					   "-----BEGIN "};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_null(public_key_from_pem(none[i]));
	EVP_PKEY_free(pair);
}

static void keys_that_are_none_of_ours_are_refused(void **state)
{
	(void)state;
	static const char *const malformed[] = {
		"", "secret", "-----BEGIN PUBLIC KEY-----",
		"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
		"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"};
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		assert_null(public_key_from_pem(malformed[i]));
		assert_null(private_key_from_pem(malformed[i]));
	}

	EVP_PKEY *pairs[] = {EVP_RSA_gen(1024), EVP_EC_gen("P-384"), EVP_EC_gen("secp256k1"),
			     EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char *private_pem = generated_private_pem(pairs[i]),
		     *public_pem = generated_public_pem(pairs[i]);
		assert_null(private_key_from_pem(private_pem));
		assert_null(public_key_from_pem(public_pem));
		free(private_pem);
		free(public_pem);
		EVP_PKEY_free(pairs[i]);
	}
}

static void a_private_key_is_no_public_key_and_none_is_asked_for_its_passphrase(void **state)
{
	(void)state;
	EVP_PKEY *pair = EVP_RSA_gen(2048);
	char *private_pem = generated_private_pem(pair), *public_pem = generated_public_pem(pair);
	BIO *bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(bio, pair, EVP_aes_128_cbc(), (const unsigned char *)"pass", 4, NULL, NULL);
	char *locked_pem = bio_text(bio);

	assert_null(public_key_from_pem(private_pem));
	assert_null(private_key_from_pem(public_pem));
	assert_null(private_key_from_pem(locked_pem));
	free(private_pem);
	free(public_pem);
	free(locked_pem);
	EVP_PKEY_free(pair);
}

static void impossible_numbers_make_no_key(void **state)
{
	(void)state;
	unsigned char modulus[SIGNATURE_SIZE_MAX + 1], x[32], y[32];
	size_t size = decode(rs256_modulus, modulus, sizeof(modulus));
	assert_null(public_key_from_rsa(modulus, size - 1, "\x01\x00\x01", 3)); /* even, and too short */
	assert_null(public_key_from_rsa(modulus, size, "\x02", 1));
	assert_null(public_key_from_rsa(modulus, size, "\x01", 1));
	assert_null(public_key_from_rsa(modulus, size, "", 0));
	assert_null(public_key_from_rsa(modulus, 0, "\x01\x00\x01", 3));
	memset(modulus, 0xff, sizeof(modulus));
	assert_null(public_key_from_rsa(modulus, sizeof(modulus), "\x01\x00\x01", 3));

	decode(es256_x, x, sizeof(x));
	decode(es256_y, y, sizeof(y));
	y[31] ^= 1; /* off the curve */
	assert_null(public_key_from_p256(x, y));
	memset(x, 0, sizeof(x));
	memset(y, 0, sizeof(y));
	assert_null(public_key_from_p256(x, y));
}

/* Such a key is a setting: it may be refused, but what is taken must be able to sign. */
static void a_damaged_private_key_is_refused_or_signs(void **state)
{
	(void)state;
	EVP_PKEY *pairs[] = {EVP_RSA_gen(2048), EVP_EC_gen("P-256")};
	int refused = 0;
	for (size_t i = 0; i < 2; i++) {
		char *pem = generated_private_pem(pairs[i]);
		const char *end = strstr(pem, "-----END");
		for (char *at = strchr(pem, '\n') + 1; at < end; at += 13) {
			char before = *at;
			unsigned char signature[SIGNATURE_SIZE_MAX];
			*at = before == '\n' ? '\n' : (char)(before == 'A' ? 'z' : 'A');
			struct private_key *key = private_key_from_pem(pem);
			if (key != NULL)
				private_key_sign(key, "x", 1, signature);
			refused += key == NULL;
			private_key_free(key);
			*at = before;
		}
		free(pem);
		EVP_PKEY_free(pairs[i]);
	}
	assert_true(refused > 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_rfc_7515_verify_and_no_changed_bit_does),
		cmocka_unit_test(what_a_private_key_signs_its_public_key_verifies),
		cmocka_unit_test(a_public_key_is_read_from_every_usual_kind_of_pem),
		cmocka_unit_test(a_key_whose_line_ends_became_blanks_or_nothing_is_read),
		cmocka_unit_test(keys_that_are_none_of_ours_are_refused),
		cmocka_unit_test(a_private_key_is_no_public_key_and_none_is_asked_for_its_passphrase),
		cmocka_unit_test(impossible_numbers_make_no_key),
		cmocka_unit_test(a_damaged_private_key_is_refused_or_signs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
