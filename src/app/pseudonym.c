#include "app/pseudonym.h"

#include "base/crypto.h"
#include "base/encode.h"

#include <string.h>

enum { PSEUDONYM_BYTES = 16 };

static const char *pseudonym(const unsigned char bytes[static PSEUDONYM_BYTES], struct arena *mem)
{
	char hex[ENCODE_HEX_SIZE(PSEUDONYM_BYTES)];
	encode_hex(bytes, PSEUDONYM_BYTES, hex);
	return arena_printf(mem, "erased-%s", hex);
}

const char *pseudonym_of(const struct seal_keys *keys, const char *user_id, struct arena *mem)
{
	unsigned char mac[CRYPTO_SHA256_SIZE];
	if (keys == NULL)
		return NULL;
	const char *text = arena_printf(mem, "pseudonym of %s", user_id);
	crypto_hmac_sha256(keys->keys[0].secret, sizeof(keys->keys[0].secret), text, strlen(text), mac);
	return pseudonym(mac, mem);
}

const char *pseudonym_new(struct arena *mem)
{
	unsigned char bytes[PSEUDONYM_BYTES];
	crypto_random(bytes, sizeof(bytes));
	return pseudonym(bytes, mem);
}
