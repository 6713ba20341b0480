#include "db/manage_link.h"

#include "base/crypto.h"
#include "base/encode.h"

#include <string.h>

enum {
	TOKEN_BYTES = 32,
	KEPT_DAYS = 400, /* after the end, since an appointment may move */
};

/* MANAGE_URL with the appointment's id in the place of {id}. */
static char *platform_url(const char *url, const char *appointment_id, struct arena *mem)
{
	const char *place = strstr(url, "{id}");
	if (place == NULL)
		return arena_strdup(mem, url);
	return arena_printf(mem, "%.*s%s%s", (int)(place - url), url, appointment_id, place + strlen("{id}"));
}

/* Two callers; a struct for them would only name the same seven again.
 * NOLINTNEXTLINE(readability-function-size) */
enum db_result manage_link(const struct manage_settings *settings, struct db *db, struct arena *mem,
			   const char *appointment_id, instant ends_at, instant now, const char **ret_url)
{
	*ret_url = NULL;
	if (settings->manage_url != NULL) {
		*ret_url = platform_url(settings->manage_url, appointment_id, mem);
		return DB_OK;
	}
	if (settings->public_url == NULL)
		return DB_OK;
	unsigned char token[TOKEN_BYTES];
	unsigned char hash[CRYPTO_SHA256_SIZE];
	char text[ENCODE_BASE64URL_SIZE(TOKEN_BYTES)];
	crypto_random(token, sizeof(token));
	size_t length = encode_base64url(token, sizeof(token), text);
	crypto_sha256(text, length, hash);
	/* Whether it still is good is asked of the appointment, which may move; this only lets it be tidied
	 * away. */
	enum db_result result =
		db_run(db, QUERY_TOKEN_PUT,
		       DB_PARAMETERS(db_bytes(hash, sizeof(hash)), db_text("manage"), db_uuid(appointment_id),
				     db_null(), db_int(ends_at - now + KEPT_DAYS * (int64_t)SECONDS_PER_DAY),
				     db_null()),
		       NULL);
	if (result == DB_OK)
		*ret_url = arena_printf(mem, "%s/booking/#manage=%s", settings->public_url, text);
	return result;
}
