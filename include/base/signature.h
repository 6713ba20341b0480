/*
 * signature - sign and verify with key pairs: RSA (RS256) and ECDSA on P-256 (ES256), RFC 7518 section 3.
 *
 * Used for JSON Web Tokens of callers (base/jwt.h) and for the assertion a Google service account signs.
 * A key is immutable once made and may be used from several threads at once; nothing here blocks.
 * With crypto.c the only code that includes OpenSSL.
 */
#ifndef BASE_SIGNATURE_H
#define BASE_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

enum {
	SIGNATURE_RSA_BITS_MIN = 2048, /* RFC 7518 section 3.3 */
	SIGNATURE_RSA_BITS_MAX = 8192,
	SIGNATURE_SIZE_MAX = SIGNATURE_RSA_BITS_MAX / 8,
	SIGNATURE_P256_SIZE = 32, /* of one coordinate; an ES256 signature is twice that */
};

enum signature_kind {
	SIGNATURE_RS256, /* an RSA key: RSASSA-PKCS1-v1_5 with SHA-256 */
	SIGNATURE_ES256, /* a P-256 key: ECDSA with SHA-256, signature as r || s */
};

struct public_key;
struct private_key;

/*
 * Read a public key from PEM text: "PUBLIC KEY", "RSA PUBLIC KEY" or "CERTIFICATE" (its key; validity dates
 * and issuer do not count, the operator has pinned it). Returns NULL when the text is none of these, or the
 * key is neither RSA of 2048 to 8192 bits nor on P-256. Free with public_key_free().
 */
struct public_key *public_key_from_pem(const char *pem);

/* The same from the numbers of a JSON Web Key (RFC 7518 section 6), big-endian. NULL as above. */
struct public_key *public_key_from_rsa(const void *modulus, size_t modulus_size, const void *exponent,
				       size_t exponent_size);
struct public_key *public_key_from_p256(const unsigned char x[static SIGNATURE_P256_SIZE],
					const unsigned char y[static SIGNATURE_P256_SIZE]);

enum signature_kind public_key_kind(const struct public_key *key);

/* Is this the key's signature of these bytes? The algorithm follows from the key, never from the message. */
bool public_key_verify(const struct public_key *key, const void *bytes, size_t size, const void *signature,
		       size_t signature_size);

/* NULL is fine. */
void public_key_free(struct public_key *key);

/*
 * Read a private key from PEM text ("PRIVATE KEY" or "RSA PRIVATE KEY" or "EC PRIVATE KEY", not encrypted).
 * The text stays the caller's, to be wiped with crypto_wipe(). NULL when it is no such key, or one of a kind
 * or size that public_key_from_pem() refuses.
 */
struct private_key *private_key_from_pem(const char *pem);

enum signature_kind private_key_kind(const struct private_key *key);

/* Sign. Returns the size of the signature: that of the modulus for RSA, 64 for P-256. */
size_t private_key_sign(const struct private_key *key, const void *bytes, size_t size,
			unsigned char ret_signature[static SIGNATURE_SIZE_MAX]);

/* Free and wipe; NULL is fine. */
void private_key_free(struct private_key *key);

#endif
