/*
 * doctor_secrets - secrets that somebody typed instead of drawing them.
 */
#include "doctor.h"

#include "base/crypto.h"
#include "base/encode.h"

#include <string.h>

enum { DRAWN_DIFFER = 10, FEW_DRAWN_DIFFER = 6 /* of fewer than 32 */, KEY_BYTES = 64 };

/*
 * 32 random bytes, as they are, in base64 or in hexadecimal, have some 10 different values or more and do not
 * go on in equal steps (0123..., aaaa...). Each of these marks alone is found in one drawn secret of
 * millions.
 */
static bool is_typed(const unsigned char *bytes, size_t size)
{
	bool seen[256] = {false};
	size_t different = 0;
	size_t steps = 0;
	for (size_t i = 0; i < size; i++) {
		different += !seen[bytes[i]];
		seen[bytes[i]] = true;
		steps += i >= 2 && bytes[i] - bytes[i - 1] == bytes[i - 1] - bytes[i - 2];
	}
	return different < (size < 32 ? FEW_DRAWN_DIFFER : DRAWN_DIFFER) || steps > size / 2;
}

bool doctor_is_weak(const char *secret)
{
	static const char *const words[] = {"password",  "changeme",     "change-me",   "change_me",
					    "12345678",  "your-256-bit", "supersecret", "super-secret",
					    "secretkey", "secret-key"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(secret, words[i]) != NULL)
			return true;
	return is_typed((const unsigned char *)secret, strlen(secret));
}

/* Keys in base64, each behind `prefix`, with `between` between them. */
static bool any_is_weak(const char *keys, const char *prefix, const char *between)
{
	bool weak = false;
	while (!weak && *(keys += strspn(keys, between)) != '\0') {
		unsigned char bytes[KEY_BYTES + 1];
		size_t size = 0;
		size_t length = strcspn(keys, between);
		size_t skip = strncmp(keys, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0;
		if (encode_base64_read(keys + skip, length - skip, bytes, KEY_BYTES, &size)) {
			bytes[size] = '\0';
			weak = is_typed(bytes, size) ||
			       (strlen((const char *)bytes) == size && doctor_is_weak((const char *)bytes));
		}
		crypto_wipe(bytes, sizeof(bytes));
		keys += length;
	}
	return weak;
}

void doctor_secrets(const struct settings *settings)
{
	static const char guessed[] = "can be guessed: few different characters, or words; make one by";
	if (settings->token_encryption_key != NULL && any_is_weak(settings->token_encryption_key, "", ", "))
		doctor_tell(
			BAD, "secrets",
			"TOKEN_ENCRYPTION_KEY %s openssl rand -base64 32, put it first, with the former one "
			"behind a comma, restart, then bookingd rekey",
			guessed);
	if (settings->webhook_secret != NULL && any_is_weak(settings->webhook_secret, "whsec_", " "))
		doctor_tell(BAD, "secrets", "WEBHOOK_SECRET %s echo whsec_$(openssl rand -base64 32)",
			    guessed);
	if (settings->mail_hook_secret != NULL && doctor_is_weak(settings->mail_hook_secret))
		doctor_tell(BAD, "secrets", "MAIL_HOOK_SECRET %s openssl rand -base64 32", guessed);
}
