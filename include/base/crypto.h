/*
 * crypto - random bytes, digests, comparison in constant time, authenticated encryption.
 *
 * The one place that turns to OpenSSL (3.0, EVP) for symmetric cryptography; key pairs are in
 * base/signature.h, sealed texts with key rotation in base/seal.h, base64 and hex in base/encode.h.
 *
 * Nothing blocks, nothing is kept between calls, every function is safe from any thread. None of them
 * reports a failure of the library itself: a digest or a random generator that does not work leaves nothing
 * sensible to do, so the process aborts.
 */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

enum {
	CRYPTO_SHA256_SIZE = 32,
	CRYPTO_AES256_KEY_SIZE = 32,
	CRYPTO_GCM_NONCE_SIZE = 12,
	CRYPTO_GCM_TAG_SIZE = 16,
};

/* Fill `size` bytes from the system-seeded generator, fit for keys, nonces and tokens. */
void crypto_random(void *ret_bytes, size_t size);

/* Overwrite memory that held a secret; the compiler may not leave this out. NULL with size 0 is fine. */
void crypto_wipe(void *bytes, size_t size);

/*
 * Are these two blocks of `size` bytes equal? Takes the same time wherever they differ.
 * For MACs, digests and tokens.
 */
bool crypto_equal(const void *left, const void *right, size_t size);

/*
 * Are these two texts equal? The time depends on their lengths, never on where they differ. For tokens of
 * the caller against a stored one, such as a feed's or a push channel's.
 */
bool crypto_equal_text(const char *left, const char *right);

/* SHA-256 (FIPS 180-4). */
void crypto_sha256(const void *bytes, size_t size, unsigned char ret_digest[static CRYPTO_SHA256_SIZE]);

/* HMAC with SHA-256 (RFC 2104, FIPS 198-1). A key of any size from 1 byte; `key_size` at most INT_MAX. */
void crypto_hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
			unsigned char ret_mac[static CRYPTO_SHA256_SIZE]);

/*
 * Encrypt with AES-256-GCM (NIST SP 800-38D).
 *
 * nonce            must never be used twice with one key; random ones are good for 2^32 messages.
 * associated       is authenticated, not encrypted; may be NULL with size 0.
 * plain, size      at most INT_MAX bytes; may be NULL with size 0.
 * ret_cipher       receives `size` bytes; may be the same place as `plain`.
 * ret_tag          receives the authentication tag.
 */
void crypto_gcm_encrypt(const unsigned char key[static CRYPTO_AES256_KEY_SIZE],
			const unsigned char nonce[static CRYPTO_GCM_NONCE_SIZE], const void *associated,
			size_t associated_size, const void *plain, size_t size, unsigned char *ret_cipher,
			unsigned char ret_tag[static CRYPTO_GCM_TAG_SIZE]);

/*
 * The reverse. False, with nothing readable left in `ret_plain`, when key, nonce, associated bytes,
 * ciphertext or tag are not those of the encryption.
 */
bool crypto_gcm_decrypt(const unsigned char key[static CRYPTO_AES256_KEY_SIZE],
			const unsigned char nonce[static CRYPTO_GCM_NONCE_SIZE], const void *associated,
			size_t associated_size, const void *cipher_bytes, size_t size,
			const unsigned char tag[static CRYPTO_GCM_TAG_SIZE], unsigned char *ret_plain);

/* The version of the library at run time, such as "OpenSSL 3.0.17 1 Jul 2025". Static text. */
const char *crypto_version(void);

#endif
