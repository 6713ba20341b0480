/*
 * base64, base64url, hex, UUIDs, sealed texts, PEM keys: what is read is written back as the same text, and
 * nothing that was not sealed opens.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/seal.h"
#include "base/signature.h"
#include "base/uuid.h"

static void check_base64(const char *text, size_t length)
{
	char *bytes = malloc(ENCODE_DECODED_SIZE(length)), *again = malloc(length + 8);
	size_t size = 0;

	if (encode_base64_read(text, length, bytes, ENCODE_DECODED_SIZE(length), &size) &&
	    (encode_base64(bytes, size, again) != length || memcmp(text, again, length) != 0))
		abort();
	if (encode_base64url_read(text, length, bytes, ENCODE_DECODED_SIZE(length), &size) &&
	    (encode_base64url(bytes, size, again) != length || memcmp(text, again, length) != 0))
		abort();
	/* Hex is read in either case and written in lower case, so only the length is the same. */
	if (encode_hex_read(text, length, bytes, ENCODE_DECODED_SIZE(length), &size) &&
	    encode_hex(bytes, size, again) != length)
		abort();
	free(bytes);
	free(again);
}

static void check_uuid(const char *text, size_t length)
{
	struct uuid id, again;
	char written[UUID_TEXT_SIZE];
	if (!uuid_parse(text, length, &id))
		return;
	uuid_format(id, written);
	if (!uuid_parse(written, strlen(written), &again) || memcmp(id.bytes, again.bytes, UUID_SIZE) != 0)
		abort();
}

static void check_sealed(const char *text)
{
	static struct seal_keys keys;
	char plain[256];
	size_t size;
	if (keys.count == 0 && !seal_keys_init(&keys, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="))
		abort();
	if (seal_open(&keys, "a", text, plain, sizeof(plain), &size) == SEAL_OPENED)
		abort();
	struct seal_keys others;
	if (seal_keys_init(&others, text))
		seal_keys_clear(&others);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1);
	memcpy(text, bytes, size);
	text[size] = '\0';
	check_base64(text, size);
	check_uuid(text, size);
	check_sealed(text);
	if (strncmp(text, "-----BEGIN", 10) == 0)
		public_key_free(public_key_from_pem(text));
	free(text);
	return 0;
}
