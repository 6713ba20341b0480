#include "base/seal.h"

#include "base/die.h"

#include <stdlib.h>
#include <string.h>

enum {
	VERSION = 1,
	ID_AT = 1,
	NONCE_AT = ID_AT + SEAL_KEY_ID_SIZE,
	CIPHER_AT = NONCE_AT + CRYPTO_GCM_NONCE_SIZE,
	ASSOCIATED_MAX = 1024,
};

static void key_identify(struct seal_key *key)
{
	static const char label[] = "bookingd seal key id";
	unsigned char mac[CRYPTO_SHA256_SIZE];

	crypto_hmac_sha256(key->secret, sizeof(key->secret), label, sizeof(label) - 1, mac);
	memcpy(key->id, mac, sizeof(key->id));
}

static const struct seal_key *key_find(const struct seal_keys *keys,
				       const unsigned char id[static SEAL_KEY_ID_SIZE])
{
	for (size_t at = 0; at < keys->count; at++)
		if (!memcmp(keys->keys[at].id, id, SEAL_KEY_ID_SIZE))
			return &keys->keys[at];
	return NULL;
}

static bool keys_read(struct seal_keys *keys, const char *text)
{
	for (;;) {
		size_t length = strcspn(text, ","), size;
		struct seal_key *key = &keys->keys[keys->count];

		if (keys->count == SEAL_KEYS_MAX ||
		    !encode_base64_read(text, length, key->secret, sizeof(key->secret), &size) ||
		    size != sizeof(key->secret))
			return false;
		key_identify(key);
		if (key_find(keys, key->id))
			return false;
		keys->count++;
		if (!text[length])
			return true;
		text += length + 1;
	}
}

bool seal_keys_init(struct seal_keys *keys, const char *text)
{
	*keys = (struct seal_keys){0};
	if (keys_read(keys, text))
		return true;
	seal_keys_clear(keys);
	return false;
}

void seal_keys_clear(struct seal_keys *keys)
{
	crypto_wipe(keys, sizeof(*keys));
}

void seal_keys_describe(const struct seal_keys *keys, char ret_text[static ENCODE_HEX_SIZE(SEAL_KEY_ID_SIZE)])
{
	encode_hex(keys->keys[0].id, SEAL_KEY_ID_SIZE, ret_text);
}

/*
 * What GCM authenticates besides the ciphertext. Version and key id come first and have a fixed size, so no
 * associated text can be mistaken for them.
 */
static size_t authenticate(const unsigned char *sealed, const char *associated,
			   unsigned char ret_bytes[static NONCE_AT + ASSOCIATED_MAX])
{
	size_t length = strlen(associated);

	if (length >= ASSOCIATED_MAX)
		die("what a sealed text is bound to is too long");
	memcpy(ret_bytes, sealed, NONCE_AT);
	memcpy(ret_bytes + NONCE_AT, associated, length + 1);
	return NONCE_AT + length;
}

void seal_text(const struct seal_keys *keys, const char *associated, const void *plain, size_t size,
	       char *ret_text)
{
	unsigned char sealed[SEAL_PLAIN_MAX + SEAL_OVERHEAD], bound[NONCE_AT + ASSOCIATED_MAX];
	size_t bound_size;

	if (size > SEAL_PLAIN_MAX || !keys->count)
		die("a sealed text is too long, or there is no key");
	sealed[0] = VERSION;
	memcpy(sealed + ID_AT, keys->keys[0].id, SEAL_KEY_ID_SIZE);
	crypto_random(sealed + NONCE_AT, CRYPTO_GCM_NONCE_SIZE);
	bound_size = authenticate(sealed, associated, bound);
	crypto_gcm_encrypt(keys->keys[0].secret, sealed + NONCE_AT, bound, bound_size, plain, size,
			   sealed + CIPHER_AT, sealed + CIPHER_AT + size);
	encode_base64url(sealed, size + SEAL_OVERHEAD, ret_text);
}

/* Decode a sealed text and check its outer form. */
static bool sealed_read(const char *text, unsigned char ret_sealed[static SEAL_PLAIN_MAX + SEAL_OVERHEAD],
			size_t *ret_size)
{
	return encode_base64url_read(text, strlen(text), ret_sealed, SEAL_PLAIN_MAX + SEAL_OVERHEAD,
				     ret_size) &&
	       *ret_size >= SEAL_OVERHEAD && ret_sealed[0] == VERSION;
}

enum seal_outcome seal_open(const struct seal_keys *keys, const char *associated, const char *text,
			    char *ret_plain, size_t room, size_t *ret_size)
{
	unsigned char sealed[SEAL_PLAIN_MAX + SEAL_OVERHEAD], bound[NONCE_AT + ASSOCIATED_MAX];
	const struct seal_key *key;
	size_t size, bound_size;

	if (!sealed_read(text, sealed, &size))
		return SEAL_BROKEN;
	key = key_find(keys, sealed + ID_AT);
	if (key == NULL)
		return SEAL_UNKNOWN_KEY;
	size -= SEAL_OVERHEAD;
	bound_size = authenticate(sealed, associated, bound);
	if (size >= room ||
	    !crypto_gcm_decrypt(key->secret, sealed + NONCE_AT, bound, bound_size, sealed + CIPHER_AT, size,
				sealed + CIPHER_AT + size, (unsigned char *)ret_plain))
		return SEAL_BROKEN;
	ret_plain[size] = '\0';
	*ret_size = size;
	return SEAL_OPENED;
}

bool seal_is_current(const struct seal_keys *keys, const char *text)
{
	unsigned char sealed[SEAL_PLAIN_MAX + SEAL_OVERHEAD];
	size_t size;

	return keys->count && sealed_read(text, sealed, &size) &&
	       !memcmp(sealed + ID_AT, keys->keys[0].id, SEAL_KEY_ID_SIZE);
}

const char *seal_again(const struct seal_keys *keys, const char *associated, const char *text,
		       struct arena *mem)
{
	char plain[SEAL_PLAIN_MAX + 1];
	size_t size = 0;
	if (seal_is_current(keys, text) ||
	    seal_open(keys, associated, text, plain, sizeof(plain), &size) != SEAL_OPENED)
		return NULL;
	char *sealed = arena_alloc(mem, SEAL_TEXT_SIZE(size));
	seal_text(keys, associated, plain, size, sealed);
	crypto_wipe(plain, size);
	return sealed;
}
