/*
 * Tokens and key sets. The first byte says what the rest is: a token as it came; a header and claims between
 * which a line break stands, signed properly so that the claims are reached; or a key set.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/encode.h"
#include "base/jwt.h"

#define SECRET "a shared secret of some thirty characters"
enum { NOW = 1900000000 };

static enum jwt_verdict verify(const char *token, size_t length, struct arena *mem)
{
	const struct jwt_rules rules = {.secret = SECRET, .issuer = "me", .audience = "you"};
	struct jwt_claims claims = {0};
	enum jwt_verdict verdict = jwt_verify(&rules, token, length, NOW, mem, &claims);
	if (verdict == JWT_VALID && (*claims.subject == '\0' || claims.expires + JWT_LEEWAY <= NOW))
		abort();
	return verdict;
}

static void verify_signed(const char *text, size_t length, struct arena *mem)
{
	const char *end = memchr(text, '\n', length);
	if (end == NULL)
		return;
	size_t header_length = (size_t)(end - text), claims_length = length - header_length - 1;
	char *token = arena_alloc(mem, ENCODE_BASE64URL_SIZE(length) +
					       ENCODE_BASE64URL_SIZE(CRYPTO_SHA256_SIZE) + 8);
	unsigned char mac[CRYPTO_SHA256_SIZE];
	size_t at = encode_base64url(text, header_length, token);
	token[at++] = '.';
	at += encode_base64url(end + 1, claims_length, token + at);
	crypto_hmac_sha256(SECRET, strlen(SECRET), token, at, mac);
	token[at++] = '.';
	at += encode_base64url(mac, sizeof(mac), token + at);
	enum jwt_verdict verdict = verify(token, at, mem);
	if (verdict == JWT_SIGNATURE)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size == 0)
		return 0;
	struct arena mem = ARENA_EMPTY;
	const char *text = (const char *)bytes + 1;
	switch (bytes[0]) {
	case 't':
		/* The fuzzer cannot sign. */
		if (verify(text, size - 1, &mem) == JWT_VALID)
			abort();
		break;
	case 's':
		verify_signed(text, size - 1, &mem);
		break;
	default:
		jwt_key_set_free(jwt_key_set_read(text, size - 1));
	}
	arena_clear(&mem);
	return 0;
}
