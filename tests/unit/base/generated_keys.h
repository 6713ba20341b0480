/*
 * generated_keys - key pairs made on the spot, so that the tree carries no private key, and what is made of
 * them.
 *
 * For tests only. PEM texts are freed with free(), what takes an arena lives there.
 */
#ifndef TESTS_GENERATED_KEYS_H
#define TESTS_GENERATED_KEYS_H

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/encode.h"
#include "base/signature.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static inline char *bio_text(BIO *bio)
{
	char *bytes;
	long length = BIO_get_mem_data(bio, &bytes);
	char *text = strndup(bytes, (size_t)length);
	BIO_free(bio);
	return text;
}

static inline char *generated_private_pem(EVP_PKEY *pair)
{
	BIO *bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(bio, pair, NULL, NULL, 0, NULL, NULL);
	return bio_text(bio);
}

static inline char *generated_public_pem(EVP_PKEY *pair)
{
	BIO *bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PUBKEY(bio, pair);
	return bio_text(bio);
}

static inline struct private_key *generated_private_key(EVP_PKEY *pair)
{
	char *pem = generated_private_pem(pair);
	struct private_key *key = private_key_from_pem(pem);
	free(pem);
	return key;
}

static inline char *generated_base64url(struct arena *mem, const char *text)
{
	char *out = arena_alloc(mem, ENCODE_BASE64URL_SIZE(strlen(text)));
	encode_base64url(text, strlen(text), out);
	return out;
}

/* A token of any header and claims. */
static inline char *generated_token(struct arena *mem, const char *header, const char *claims,
				    const struct private_key *key)
{
	char *input = arena_printf(mem, "%s.%s", generated_base64url(mem, header),
				   generated_base64url(mem, claims));
	unsigned char signature[SIGNATURE_SIZE_MAX];
	char text[ENCODE_BASE64URL_SIZE(SIGNATURE_SIZE_MAX)];
	encode_base64url(signature, private_key_sign(key, input, strlen(input), signature), text);
	return arena_printf(mem, "%s.%s", input, text);
}

/* A number of the key ("n", "e", "qx", "qy") as a JWK writes it: coordinates with all their 32 bytes. */
static inline char *generated_number(struct arena *mem, EVP_PKEY *pair, const char *parameter)
{
	BIGNUM *number = NULL;
	unsigned char bytes[SIGNATURE_SIZE_MAX];
	char text[ENCODE_BASE64URL_SIZE(SIGNATURE_SIZE_MAX)];
	if (EVP_PKEY_get_bn_param(pair, parameter, &number) != 1)
		abort();
	int size = parameter[0] == 'q' ? SIGNATURE_P256_SIZE : BN_num_bytes(number);
	BN_bn2binpad(number, bytes, size);
	BN_free(number);
	encode_base64url(bytes, (size_t)size, text);
	return arena_strdup(mem, text);
}

/* A public JWK, with more members before its closing brace. */
static inline char *generated_rsa_jwk(struct arena *mem, EVP_PKEY *pair, const char *members)
{
	return arena_printf(mem, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"%s}",
			    generated_number(mem, pair, "n"), generated_number(mem, pair, "e"), members);
}

static inline char *generated_p256_jwk(struct arena *mem, EVP_PKEY *pair, const char *members)
{
	return arena_printf(mem, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"%s}",
			    generated_number(mem, pair, "qx"), generated_number(mem, pair, "qy"), members);
}

#endif
