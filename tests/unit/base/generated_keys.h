/*
 * generated_keys - key pairs made on the spot, so that the tree carries no private key.
 *
 * For tests only. Texts are freed with free().
 */
#ifndef TESTS_GENERATED_KEYS_H
#define TESTS_GENERATED_KEYS_H

#include <stdlib.h>
#include <string.h>

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

#endif
