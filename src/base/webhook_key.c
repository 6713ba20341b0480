#include "base/webhook_key.h"

#include "base/crypto.h"

#include <string.h>

static const char prefix[] = "whsec_";
enum { PREFIX_LENGTH = sizeof(prefix) - 1, SIGNED_MAX = 1024 * 1024 };

bool webhook_key_read(const char *text, size_t length, struct webhook_key *ret_key)
{
	return length > PREFIX_LENGTH && memcmp(text, prefix, PREFIX_LENGTH) == 0 &&
	       encode_base64_read(text + PREFIX_LENGTH, length - PREFIX_LENGTH, ret_key->bytes,
				  sizeof(ret_key->bytes), &ret_key->size) &&
	       ret_key->size >= WEBHOOK_KEY_MIN;
}

void webhook_secret_new(char ret_secret[static WEBHOOK_SECRET_SIZE])
{
	unsigned char bytes[WEBHOOK_KEY_NEW];
	crypto_random(bytes, sizeof(bytes));
	memcpy(ret_secret, prefix, PREFIX_LENGTH);
	encode_base64(bytes, sizeof(bytes), ret_secret + PREFIX_LENGTH);
	crypto_wipe(bytes, sizeof(bytes));
}

void webhook_sign(const struct webhook_key *key, const char *id, instant timestamp, const char *body,
		  size_t length, struct buffer *out)
{
	unsigned char mac[CRYPTO_SHA256_SIZE];
	char text[ENCODE_BASE64_SIZE(CRYPTO_SHA256_SIZE)];
	struct buffer signed_text;
	buffer_init(&signed_text, SIGNED_MAX);
	buffer_printf(&signed_text, "%s.%lld.", id, (long long)timestamp);
	buffer_append(&signed_text, body, length);
	crypto_hmac_sha256(key->bytes, key->size, buffer_text(&signed_text), signed_text.length, mac);
	buffer_clear(&signed_text);
	encode_base64(mac, sizeof(mac), text);
	buffer_printf(out, "v1,%s", text);
}
