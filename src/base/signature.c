#include "base/signature.h"

#include "base/die.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

struct public_key {
	EVP_PKEY *pair;
	enum signature_kind kind;
};

struct private_key {
	EVP_PKEY *pair;
	enum signature_kind kind;
};

static bool kind_of(EVP_PKEY *pair, enum signature_kind *ret_kind)
{
	char group[32];

	if (EVP_PKEY_is_a(pair, "RSA")) {
		int bits = EVP_PKEY_get_bits(pair);

		*ret_kind = SIGNATURE_RS256;
		return bits >= SIGNATURE_RSA_BITS_MIN && bits <= SIGNATURE_RSA_BITS_MAX;
	}
	*ret_kind = SIGNATURE_ES256;
	return EVP_PKEY_is_a(pair, "EC") && EVP_PKEY_get_group_name(pair, group, sizeof(group), NULL) == 1 &&
	       !strcmp(group, SN_X9_62_prime256v1);
}

/* Takes ownership of `pair`, which may be NULL. */
static struct public_key *public_key_take(EVP_PKEY *pair)
{
	struct public_key *key = NULL;
	enum signature_kind kind;

	if (pair && kind_of(pair, &kind)) {
		key = malloc(sizeof(*key));
		if (key == NULL)
			die("out of memory");
		*key = (struct public_key){.pair = pair, .kind = kind};
	} else {
		EVP_PKEY_free(pair);
	}
	/* The library keeps its failures per thread for whoever asks; nobody does. */
	ERR_clear_error();
	return key;
}

/* For OpenSSL, which would else ask for a passphrase on the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *unused)
{
	(void)buffer, (void)size, (void)writing, (void)unused;
	return -1;
}

/*
 * A copy whose lines end again where PEM has them: a shell or an env file made blanks of all line ends, or
 * nothing. What has any is as it is.
 */
static char *with_lines(const char *pem)
{
	enum { LINE = 64 };
	const char *head = strstr(pem, "-----BEGIN ");
	const char *body = head != NULL ? strstr(head + strlen("-----BEGIN "), "-----") : NULL;
	const char *tail = body != NULL ? strstr(body, "-----END ") : NULL;
	const size_t length = strlen(pem);
	char *text = malloc(2 * length + 4);
	if (text == NULL)
		die("out of memory");
	if (tail == NULL || memchr(body, '\n', (size_t)(tail - body)) != NULL) {
		memcpy(text, pem, length + 1);
		return text;
	}
	body += strlen("-----");
	char *to = mempcpy(text, head, (size_t)(body - head));
	*to++ = '\n';
	for (size_t column = 0; body < tail; body++) {
		if (strchr(" \t\r", *body) != NULL)
			continue;
		*to++ = *body;
		if (++column % LINE == 0)
			*to++ = '\n';
	}
	*to++ = '\n';
	memcpy(to, tail, strlen(tail) + 1);
	return text;
}

/* Wiped when it is freed; it may be read again after BIO_reset(). NULL: it is too long. */
static BIO *open_text(const char *pem)
{
	char *lines = with_lines(pem);
	const size_t length = strlen(lines);
	BIO *text = NULL;
	if (length <= INT_MAX) {
		text = BIO_new(BIO_s_mem());
		if (text == NULL || BIO_write(text, lines, (int)length) != (int)length)
			die("out of memory");
		BIO_set_mem_eof_return(text, 0);
		BIO_set_flags(text, BIO_FLAGS_NONCLEAR_RST);
	}
	explicit_bzero(lines, length);
	free(lines);
	return text;
}

static EVP_PKEY *read_certified_key(BIO *text)
{
	X509 *certificate = PEM_read_bio_X509(text, NULL, no_passphrase, NULL);
	EVP_PKEY *pair = certificate ? X509_get_pubkey(certificate) : NULL;

	X509_free(certificate);
	return pair;
}

struct public_key *public_key_from_pem(const char *pem)
{
	BIO *text = open_text(pem);
	EVP_PKEY *pair;

	if (text == NULL)
		return NULL;
	pair = PEM_read_bio_PUBKEY(text, NULL, no_passphrase, NULL);
	if (pair == NULL) {
		BIO_reset(text);
		pair = read_certified_key(text);
	}
	BIO_free(text);
	return public_key_take(pair);
}

/* Build a public key of the named type; the parameters of `build` are used and freed. */
static EVP_PKEY *pair_from_numbers(const char *type, OSSL_PARAM_BLD *build)
{
	OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, type, NULL), *checker;
	EVP_PKEY *pair = NULL;

	if (parameters == NULL || maker == NULL || EVP_PKEY_fromdata_init(maker) != 1)
		die("out of memory");
	if (EVP_PKEY_fromdata(maker, &pair, EVP_PKEY_PUBLIC_KEY, parameters) == 1) {
		checker = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
		if (checker == NULL)
			die("out of memory");
		/* Is the point on the curve, is the exponent odd and so on. */
		if (EVP_PKEY_public_check(checker) != 1) {
			EVP_PKEY_free(pair);
			pair = NULL;
		}
		EVP_PKEY_CTX_free(checker);
	}
	EVP_PKEY_CTX_free(maker);
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(build);
	return pair;
}

struct public_key *public_key_from_rsa(const void *modulus, size_t modulus_size, const void *exponent,
				       size_t exponent_size)
{
	OSSL_PARAM_BLD *build;
	BIGNUM *n, *e;
	EVP_PKEY *pair;

	/* Bounded before any arithmetic: the check of a huge key costs seconds. */
	if (modulus_size < SIGNATURE_RSA_BITS_MIN / 8 || modulus_size > SIGNATURE_SIZE_MAX ||
	    !exponent_size || exponent_size > 8)
		return NULL;
	build = OSSL_PARAM_BLD_new();
	n = BN_bin2bn(modulus, (int)modulus_size, NULL);
	e = BN_bin2bn(exponent, (int)exponent_size, NULL);
	if (build == NULL || n == NULL || e == NULL ||
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) != 1)
		die("out of memory");
	pair = pair_from_numbers("RSA", build);
	BN_free(n);
	BN_free(e);
	return public_key_take(pair);
}

struct public_key *public_key_from_p256(const unsigned char x[static SIGNATURE_P256_SIZE],
					const unsigned char y[static SIGNATURE_P256_SIZE])
{
	unsigned char point[1 + 2 * SIGNATURE_P256_SIZE] = {POINT_CONVERSION_UNCOMPRESSED};
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();

	memcpy(point + 1, x, SIGNATURE_P256_SIZE);
	memcpy(point + 1 + SIGNATURE_P256_SIZE, y, SIGNATURE_P256_SIZE);
	if (build == NULL ||
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, SN_X9_62_prime256v1, 0) != 1 ||
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) != 1)
		die("OpenSSL could not take a P-256 point");
	return public_key_take(pair_from_numbers("EC", build));
}

enum signature_kind public_key_kind(const struct public_key *key)
{
	return key->kind;
}

/* Turn r || s into the DER that OpenSSL verifies. Returns the size of the DER. */
static size_t der_from_pair(const unsigned char *pair, unsigned char **ret_der)
{
	ECDSA_SIG *parts = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(pair, SIGNATURE_P256_SIZE, NULL);
	BIGNUM *s = BN_bin2bn(pair + SIGNATURE_P256_SIZE, SIGNATURE_P256_SIZE, NULL);
	int size;

	if (parts == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(parts, r, s) != 1)
		die("out of memory");
	*ret_der = NULL;
	size = i2d_ECDSA_SIG(parts, ret_der);
	if (size < 0)
		die("OpenSSL could not encode a signature");
	ECDSA_SIG_free(parts);
	return (size_t)size;
}

static bool verify(const struct public_key *key, const void *bytes, size_t size,
		   const unsigned char *signature, size_t signature_size)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	bool good;

	if (digest == NULL || EVP_DigestVerifyInit(digest, NULL, EVP_sha256(), NULL, key->pair) != 1)
		die("out of memory");
	good = EVP_DigestVerify(digest, signature, signature_size, bytes, size) == 1;
	EVP_MD_CTX_free(digest);
	ERR_clear_error();
	return good;
}

bool public_key_verify(const struct public_key *key, const void *bytes, size_t size, const void *signature,
		       size_t signature_size)
{
	unsigned char *der;
	size_t der_size;
	bool good;

	if (key->kind == SIGNATURE_RS256)
		return verify(key, bytes, size, signature, signature_size);
	if (signature_size != 2 * SIGNATURE_P256_SIZE)
		return false;
	der_size = der_from_pair(signature, &der);
	good = verify(key, bytes, size, der, der_size);
	OPENSSL_free(der);
	return good;
}

void public_key_free(struct public_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pair);
	free(key);
}

/*
 * A key may have the form of one and yet no numbers that sign: OpenSSL 3.0 writes past its own buffers when
 * it signs with a damaged one.
 */
static bool can_sign(EVP_PKEY *pair)
{
	EVP_PKEY_CTX *check = EVP_PKEY_CTX_new(pair, NULL);

	if (check == NULL)
		die("out of memory");
	bool sound = EVP_PKEY_check(check) == 1;
	EVP_PKEY_CTX_free(check);
	return sound;
}

struct private_key *private_key_from_pem(const char *pem)
{
	BIO *text = open_text(pem);
	struct private_key *key = NULL;
	enum signature_kind kind;
	EVP_PKEY *pair;

	if (text == NULL)
		return NULL;
	pair = PEM_read_bio_PrivateKey(text, NULL, no_passphrase, NULL);
	BIO_free(text);
	if (pair && kind_of(pair, &kind) && can_sign(pair)) {
		key = malloc(sizeof(*key));
		if (key == NULL)
			die("out of memory");
		*key = (struct private_key){.pair = pair, .kind = kind};
	} else {
		EVP_PKEY_free(pair);
	}
	ERR_clear_error();
	return key;
}

enum signature_kind private_key_kind(const struct private_key *key)
{
	return key->kind;
}

/* Turn DER into r || s. */
static void pair_from_der(const unsigned char *der, size_t size, unsigned char *ret_pair)
{
	ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &der, (long)size);

	if (parts == NULL ||
	    BN_bn2binpad(ECDSA_SIG_get0_r(parts), ret_pair, SIGNATURE_P256_SIZE) != SIGNATURE_P256_SIZE ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(parts), ret_pair + SIGNATURE_P256_SIZE, SIGNATURE_P256_SIZE) !=
		    SIGNATURE_P256_SIZE)
		die("OpenSSL returned a malformed signature");
	ECDSA_SIG_free(parts);
}

size_t private_key_sign(const struct private_key *key, const void *bytes, size_t size,
			unsigned char ret_signature[static SIGNATURE_SIZE_MAX])
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	unsigned char signature[SIGNATURE_SIZE_MAX];
	size_t signature_size = sizeof(signature);

	if (digest == NULL || EVP_DigestSignInit(digest, NULL, EVP_sha256(), NULL, key->pair) != 1 ||
	    EVP_DigestSign(digest, signature, &signature_size, bytes, size) != 1)
		die("OpenSSL could not sign with a key that has signed before");
	EVP_MD_CTX_free(digest);
	if (key->kind == SIGNATURE_RS256) {
		memcpy(ret_signature, signature, signature_size);
		return signature_size;
	}
	pair_from_der(signature, signature_size, ret_signature);
	return 2 * (size_t)SIGNATURE_P256_SIZE;
}

void private_key_free(struct private_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pair);
	free(key);
}
