#include "notice/webhook_secret.h"

#include "base/crypto.h"
#include "base/uuid.h"

#include <string.h>

static const char *seal_name(const char *endpoint_id, struct arena *mem)
{
	return arena_printf(mem, "webhook %s", endpoint_id);
}

const char *webhook_secret_make(const struct seal_keys *keys, const char *endpoint_id, struct arena *mem,
				char ret_secret[static WEBHOOK_SECRET_SIZE])
{
	webhook_secret_new(ret_secret);
	size_t size = strlen(ret_secret);
	char *sealed = arena_alloc(mem, SEAL_TEXT_SIZE(size));
	seal_text(keys, seal_name(endpoint_id, mem), ret_secret, size, sealed);
	return sealed;
}

bool webhook_secret_open(const struct seal_keys *keys, const char *endpoint_id, const char *sealed,
			 struct webhook_key *ret_key)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	char secret[WEBHOOK_SECRET_SIZE];
	size_t size = 0;
	bool good = keys != NULL &&
		    seal_open(keys, seal_name(endpoint_id, &mem), sealed, secret, sizeof(secret), &size) ==
			    SEAL_OPENED &&
		    webhook_key_read(secret, size, ret_key);
	crypto_wipe(secret, sizeof(secret));
	return good;
}

static enum db_result reseal(struct db *db, const struct seal_keys *keys, const char *endpoint_id,
			     const char *old, size_t *count)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	const char *sealed = old != NULL ? seal_again(keys, seal_name(endpoint_id, &mem), old, &mem) : NULL;
	if (sealed == NULL)
		return DB_OK;
	*count += 1;
	return db_run(db, QUERY_WEBHOOK_RESEAL,
		      DB_PARAMETERS(db_uuid(endpoint_id), db_text(old), db_text(sealed)), NULL);
}

enum db_result webhook_secrets_rekey(struct db *db, const struct seal_keys *keys, size_t *count)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(db, QUERY_WEBHOOK_SECRETS, DB_NO_PARAMETERS, &rows);
	for (size_t i = 0; i < rows.count && result == DB_OK; i++) {
		char id[UUID_TEXT_SIZE];
		db_get_uuid(&rows, i, 0, id);
		result = reseal(db, keys, id, db_get_text(&rows, i, 1), count);
		if (result == DB_OK)
			result = reseal(db, keys, id, db_get_text(&rows, i, 2), count);
	}
	return result == DB_NONE ? DB_OK : result;
}
