#include "notice/bounce.h"

#include "base/crypto.h"
#include "base/encode.h"

#include <stdlib.h>
#include <string.h>

enum {
	DIGEST_BYTES = 10,
	LOCAL_PART_MAX = 64, /* RFC 5321 section 4.5.3.1.1 */
};

const char *bounce_token(const char *secret, int64_t notice, struct arena *mem)
{
	unsigned char digest[CRYPTO_SHA256_SIZE];
	char hex[ENCODE_HEX_SIZE(DIGEST_BYTES)];
	const char *about = arena_printf(mem, "bounce %lld", (long long)notice);
	crypto_hmac_sha256(secret, strlen(secret), about, strlen(about), digest);
	encode_hex(digest, DIGEST_BYTES, hex);
	return arena_printf(mem, "b-%lld-%s", (long long)notice, hex);
}

const char *bounce_sender(const char *from, const char *token, struct arena *mem)
{
	const char *at = strrchr(from, '@');
	if (at == NULL || (size_t)(at - from) + 1 + strlen(token) > LOCAL_PART_MAX)
		return from;
	return arena_printf(mem, "%.*s+%s%s", (int)(at - from), from, token, at);
}

bool bounce_token_read(const char *secret, const char *token, int64_t *ret_notice)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	if (strncmp(token, "b-", 2) != 0 || token[2] < '1' || token[2] > '9')
		return false;
	*ret_notice = strtoll(token + 2, NULL, 10);
	return crypto_equal_text(token, bounce_token(secret, *ret_notice, &mem));
}

enum db_result bounce_note(struct db *db, int64_t notice, enum bounce_event event, bool permanent,
			   const char *detail)
{
	const char *reason = event == BOUNCE_COMPLAINED             ? "complained"
			     : event == BOUNCE_BOUNCED && permanent ? "bounced"
								    : NULL;
	DB_ROWS rows = {0};
	enum db_result result =
		db_run(db, QUERY_NOTICE_BOUNCED,
		       DB_PARAMETERS(db_int(notice), db_text(reason), db_text(detail)), &rows);
	return result == DB_OK && !db_get_bool(&rows, 0, 0) ? DB_NONE : result;
}
