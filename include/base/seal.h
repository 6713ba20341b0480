/*
 * seal - secrets at rest: AES-256-GCM under a set of keys that can be rotated.
 *
 * A sealed text describes itself. As bytes, then written in base64url:
 *
 *     version (1 byte, 1) | key id (8) | nonce (12, random) | ciphertext (size of the plaintext) | tag (16)
 *
 * The key id is computed from the key (a truncated HMAC), so keys need no names and cannot be mixed up.
 * Version and key id are authenticated together with the associated text. A stolen table without the key
 * shows the length of what was sealed and nothing else.
 *
 * To rotate: put the new key first and keep the old ones behind it. Sealing uses the first key, opening the
 * one the text names; seal_is_current() tells which texts still have to be sealed again, and once none is
 * left the old key can go.
 *
 * A seal_keys is immutable between init and clear, and safe to share between threads. Nothing blocks.
 */
#ifndef BASE_SEAL_H
#define BASE_SEAL_H

#include "base/arena.h"
#include "base/crypto.h"
#include "base/encode.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	SEAL_KEY_ID_SIZE = 8,
	SEAL_KEYS_MAX = 8,
	SEAL_OVERHEAD = 1 + SEAL_KEY_ID_SIZE + CRYPTO_GCM_NONCE_SIZE + CRYPTO_GCM_TAG_SIZE,
	SEAL_PLAIN_MAX = 16384,
};

/* Room for the sealed text of `size` bytes (as base64url, see base/encode.h), its NUL included. */
#define SEAL_TEXT_SIZE(size) ((((size_t)(size) + SEAL_OVERHEAD) * 4 + 2) / 3 + 1)

struct seal_key {
	unsigned char id[SEAL_KEY_ID_SIZE];
	unsigned char secret[CRYPTO_AES256_KEY_SIZE];
};

struct seal_keys {
	struct seal_key keys[SEAL_KEYS_MAX]; /* keys[0] is the current one */
	size_t count;
};

/*
 * Read keys from text: each 32 bytes in padded base64 (44 characters, as `openssl rand -base64 32` prints
 * them), separated by commas, the current one first. False when one is malformed, there is none, there are
 * more than SEAL_KEYS_MAX, or one is given twice; nothing is kept then. The text stays the caller's, to be
 * wiped.
 */
bool seal_keys_init(struct seal_keys *keys, const char *text);

/* Wipe the keys. */
void seal_keys_clear(struct seal_keys *keys);

/* The id of the current key in hex, to show the operator; tells nothing of the key. */
void seal_keys_describe(const struct seal_keys *keys,
			char ret_text[static ENCODE_HEX_SIZE(SEAL_KEY_ID_SIZE)]);

/*
 * Seal `plain` with the current key.
 *
 * associated  text that must be the same when opening, such as the coach's id and what the secret is; a row
 *             copied to another coach then does not open. Not stored.
 * plain,size  at most SEAL_PLAIN_MAX bytes (more aborts).
 * ret_text    room of SEAL_TEXT_SIZE(size); receives base64url characters and a NUL.
 */
void seal_text(const struct seal_keys *keys, const char *associated, const void *plain, size_t size,
	       char *ret_text);

enum seal_outcome {
	SEAL_OPENED,
	SEAL_UNKNOWN_KEY, /* well-formed, but its key is not in the set: never overwrite it, ask for the key
			   */
	SEAL_BROKEN,      /* malformed, tampered with, or other associated text */
};

/*
 * Open a sealed text. `ret_plain` has room for `room` bytes and gets a NUL after the plaintext, so `room`
 * must exceed the plaintext by one (else SEAL_BROKEN). The caller wipes it.
 */
enum seal_outcome seal_open(const struct seal_keys *keys, const char *associated, const char *text,
			    char *ret_plain, size_t room, size_t *ret_size);

/* Was this text sealed with the current key? False for one that is not well-formed. */
bool seal_is_current(const struct seal_keys *keys, const char *text);

/*
 * The same plaintext sealed with the current key, in `mem`. NULL: that is how it is sealed already, or no key
 * of the set opens it.
 */
const char *seal_again(const struct seal_keys *keys, const char *associated, const char *text,
		       struct arena *mem);

#endif
