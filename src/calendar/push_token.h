/*
 * push_token - the token that a channel's pushes carry.
 */
#ifndef CALENDAR_PUSH_TOKEN_H
#define CALENDAR_PUSH_TOKEN_H

#include "base/crypto.h"
#include "base/encode.h"
#include "coach.h"

enum { PUSH_TOKEN_BYTES = ENCODE_BASE64URL_SIZE(CRYPTO_SHA256_SIZE) };

/*
 * Make the key of all tokens out of the service account's key, or else of TOKEN_ENCRYPTION_KEY: every replica
 * has them, and nobody else. With other ones the tokens are others; a channel that was opened before is not
 * heard until it is renewed, and polls find what it would have told.
 */
void push_key_make(struct calendars *calendars);

/* The token of a channel with that id: a keyed digest, as base64url. */
void push_token(const struct calendars *calendars, const char *channel_id,
		char ret_token[static PUSH_TOKEN_BYTES]);

#endif
