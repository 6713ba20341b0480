/*
 * webhook_key - secrets and signatures as Standard Webhooks has them (standardwebhooks.com). Pure, but for
 * the random bytes of a new one.
 */
#ifndef BASE_WEBHOOK_KEY_H
#define BASE_WEBHOOK_KEY_H

#include "base/buffer.h"
#include "base/encode.h"
#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	WEBHOOK_KEY_MIN = 24, /* bytes */
	WEBHOOK_KEY_MAX = 64,
	WEBHOOK_KEY_NEW = 32,
	WEBHOOK_SECRET_SIZE = 6 + ENCODE_BASE64_SIZE(WEBHOOK_KEY_MAX), /* of the text, with its NUL */
};

/* To be wiped by who has it. */
struct webhook_key {
	unsigned char bytes[WEBHOOK_KEY_MAX];
	size_t size;
};

/* Read a secret: "whsec_" and 24 to 64 bytes in base64. False: it is none. */
bool webhook_key_read(const char *text, size_t length, struct webhook_key *ret_key);

/* A new secret, as text. */
void webhook_secret_new(char ret_secret[static WEBHOOK_SECRET_SIZE]);

/* Append "v1,<base64>", the signature of this message. */
void webhook_sign(const struct webhook_key *key, const char *id, instant timestamp, const char *body,
		  size_t length, struct buffer *out);

#endif
