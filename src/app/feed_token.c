#include "app/feed_token.h"

#include "base/crypto.h"
#include "base/encode.h"

#include <string.h>

enum { TOKEN_BYTES = 24 };

/* As the schema writes it. */
static const char digest_prefix[] = "sha256:";

enum { DIGEST_SIZE = sizeof(digest_prefix) - 1 + ENCODE_HEX_SIZE(CRYPTO_SHA256_SIZE) };

static void digest_of(const char *text, char ret_digest[static DIGEST_SIZE])
{
	unsigned char digest[CRYPTO_SHA256_SIZE];
	crypto_sha256(text, strlen(text), digest);
	memcpy(ret_digest, digest_prefix, sizeof(digest_prefix));
	encode_hex(digest, sizeof(digest), ret_digest + sizeof(digest_prefix) - 1);
}

/* What a token is bound to when sealed. */
static const char *seal_name(struct arena *mem, const char *coach_id)
{
	return arena_printf(mem, "feed token of %s", coach_id);
}

struct feed_token feed_token_new(struct arena *mem, const struct seal_keys *keys, const char *coach_id)
{
	unsigned char bytes[TOKEN_BYTES];
	char *text = arena_alloc(mem, ENCODE_BASE64URL_SIZE(TOKEN_BYTES));
	char *digest = arena_alloc(mem, DIGEST_SIZE);
	char *sealed = NULL;
	crypto_random(bytes, sizeof(bytes));
	encode_base64url(bytes, sizeof(bytes), text);
	digest_of(text, digest);
	if (keys != NULL) {
		sealed = arena_alloc(mem, SEAL_TEXT_SIZE(strlen(text)));
		seal_text(keys, seal_name(mem, coach_id), text, strlen(text), sealed);
	}
	return (struct feed_token){.text = text, .digest = digest, .sealed = sealed};
}

const char *feed_token_open(struct arena *mem, const struct seal_keys *keys, const char *coach_id,
			    const char *sealed)
{
	char text[ENCODE_BASE64URL_SIZE(TOKEN_BYTES)];
	size_t size = 0;
	if (keys == NULL || sealed == NULL ||
	    seal_open(keys, seal_name(mem, coach_id), sealed, text, sizeof(text), &size) != SEAL_OPENED)
		return NULL;
	return arena_strndup(mem, text, size);
}

bool feed_token_matches(const char *text, const char *digest)
{
	char own[DIGEST_SIZE];
	if (text == NULL)
		return false;
	digest_of(text, own);
	return crypto_equal_text(own, digest);
}
