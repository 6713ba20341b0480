#include "base/crypto.h"

#include "base/die.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

void crypto_random(void *ret_bytes, size_t size)
{
	if (size > INT_MAX || RAND_bytes(ret_bytes, (int)size) != 1)
		die("no random bytes from OpenSSL");
}

void crypto_wipe(void *bytes, size_t size)
{
	OPENSSL_cleanse(bytes, size);
}

bool crypto_equal(const void *left, const void *right, size_t size)
{
	return CRYPTO_memcmp(left, right, size) == 0;
}

bool crypto_equal_text(const char *left, const char *right)
{
	unsigned char left_digest[CRYPTO_SHA256_SIZE], right_digest[CRYPTO_SHA256_SIZE];

	/* Digests have one length, so the comparison need not stop early for texts of different length. */
	crypto_sha256(left, strlen(left), left_digest);
	crypto_sha256(right, strlen(right), right_digest);
	return crypto_equal(left_digest, right_digest, sizeof(left_digest));
}

void crypto_sha256(const void *bytes, size_t size, unsigned char ret_digest[static CRYPTO_SHA256_SIZE])
{
	if (EVP_Digest(bytes, size, ret_digest, NULL, EVP_sha256(), NULL) != 1)
		die("OpenSSL: SHA-256 failed");
}

void crypto_hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
			unsigned char ret_mac[static CRYPTO_SHA256_SIZE])
{
	if (key_size > INT_MAX || !HMAC(EVP_sha256(), key, (int)key_size, bytes, size, ret_mac, NULL))
		die("OpenSSL: HMAC failed");
}

/* As many parameters as the cipher has inputs and outputs; a struct would only be filled to be taken apart.
 * NOLINTNEXTLINE(readability-function-size) */
void crypto_gcm_encrypt(const unsigned char key[static CRYPTO_AES256_KEY_SIZE],
			const unsigned char nonce[static CRYPTO_GCM_NONCE_SIZE], const void *associated,
			size_t associated_size, const void *plain, size_t size, unsigned char *ret_cipher,
			unsigned char ret_tag[static CRYPTO_GCM_TAG_SIZE])
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	unsigned char none[CRYPTO_GCM_TAG_SIZE];
	int written;

	if (cipher == NULL || size > INT_MAX || associated_size > INT_MAX ||
	    EVP_EncryptInit_ex2(cipher, EVP_aes_256_gcm(), key, nonce, NULL) != 1)
		die("OpenSSL: AES-256-GCM failed");
	if (associated_size &&
	    EVP_EncryptUpdate(cipher, NULL, &written, associated, (int)associated_size) != 1)
		die("OpenSSL: AES-256-GCM failed");
	if (size && EVP_EncryptUpdate(cipher, ret_cipher, &written, plain, (int)size) != 1)
		die("OpenSSL: AES-256-GCM failed");
	if (EVP_EncryptFinal_ex(cipher, none, &written) != 1 ||
	    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, CRYPTO_GCM_TAG_SIZE, ret_tag) != 1)
		die("OpenSSL: AES-256-GCM failed");
	EVP_CIPHER_CTX_free(cipher);
}

/* As crypto_gcm_encrypt. NOLINTNEXTLINE(readability-function-size) */
bool crypto_gcm_decrypt(const unsigned char key[static CRYPTO_AES256_KEY_SIZE],
			const unsigned char nonce[static CRYPTO_GCM_NONCE_SIZE], const void *associated,
			size_t associated_size, const void *cipher_bytes, size_t size,
			const unsigned char tag[static CRYPTO_GCM_TAG_SIZE], unsigned char *ret_plain)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	unsigned char expected[CRYPTO_GCM_TAG_SIZE], none[CRYPTO_GCM_TAG_SIZE];
	int written;
	bool authentic;

	if (cipher == NULL || size > INT_MAX || associated_size > INT_MAX ||
	    EVP_DecryptInit_ex2(cipher, EVP_aes_256_gcm(), key, nonce, NULL) != 1)
		die("OpenSSL: AES-256-GCM failed");
	memcpy(expected, tag, sizeof(expected));
	if (EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, CRYPTO_GCM_TAG_SIZE, expected) != 1)
		die("OpenSSL: AES-256-GCM failed");
	if (associated_size &&
	    EVP_DecryptUpdate(cipher, NULL, &written, associated, (int)associated_size) != 1)
		die("OpenSSL: AES-256-GCM failed");
	if (size && EVP_DecryptUpdate(cipher, ret_plain, &written, cipher_bytes, (int)size) != 1)
		die("OpenSSL: AES-256-GCM failed");
	authentic = EVP_DecryptFinal_ex(cipher, none, &written) == 1;
	EVP_CIPHER_CTX_free(cipher);
	if (!authentic)
		crypto_wipe(ret_plain, size);
	return authentic;
}

const char *crypto_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}
