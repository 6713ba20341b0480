/* The keys that coaches' consents are sealed with. */
#include "calendar/keys.h"

#include "base/crypto.h"
#include "link.h"

#include <stdio.h>

enum calendar_keys calendar_check_keys(struct db *db, const struct seal_keys *keys,
				       char ret_line[static CALENDAR_LINE])
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	DB_ROWS rows = {0};
	char token[SEAL_PLAIN_MAX / 4];
	size_t size;
	enum db_result result = db_run(db, QUERY_CALENDAR_GRANTS, DB_NO_PARAMETERS, &rows);
	if (result != DB_OK && result != DB_NONE) {
		snprintf(ret_line, CALENDAR_LINE, "%s", db_failure(db)->detail);
		return CALENDAR_KEYS_UNAVAILABLE;
	}
	for (size_t i = 0; i < rows.count; i++) {
		const char *coach_id = db_get_text(&rows, i, 0);
		enum seal_outcome outcome = SEAL_UNKNOWN_KEY;
		if (keys != NULL)
			outcome = seal_open(keys, seal_name_token(&mem, coach_id), db_get_text(&rows, i, 1),
					    token, sizeof(token), &size);
		crypto_wipe(token, sizeof(token));
		if (outcome == SEAL_OPENED)
			continue;
		snprintf(ret_line, CALENDAR_LINE,
			 outcome == SEAL_BROKEN
				 ? "the consent of coach %s is damaged; delete it from google_grant"
			 : keys == NULL
				 ? "TOKEN_ENCRYPTION_KEY is missing, and the consent of coach %s is sealed"
				 : "TOKEN_ENCRYPTION_KEY does not open the consent of coach %s; put the "
				   "former key "
				   "behind it, separated by a comma",
			 coach_id);
		return CALENDAR_KEYS_WRONG;
	}
	return CALENDAR_KEYS_GOOD;
}

enum calendar_keys calendar_rekey(struct db *db, const struct seal_keys *keys, size_t *ret_count,
				  char ret_line[static CALENDAR_LINE])
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	DB_ROWS rows = {0};
	*ret_count = 0;
	/* All or nothing is readable before anything is written. */
	enum calendar_keys verdict = calendar_check_keys(db, keys, ret_line);
	if (verdict != CALENDAR_KEYS_GOOD)
		return verdict;
	enum db_result result = db_run(db, QUERY_CALENDAR_GRANTS, DB_NO_PARAMETERS, &rows);
	for (size_t i = 0; i < rows.count && result == DB_OK; i++) {
		const char *coach_id = db_get_text(&rows, i, 0);
		const char *old = db_get_text(&rows, i, 1);
		const char *sealed = seal_again(keys, seal_name_token(&mem, coach_id), old, &mem);
		if (sealed == NULL)
			continue;
		result = db_run(db, QUERY_CALENDAR_GRANT_ROTATE,
				DB_PARAMETERS(db_text(coach_id), db_text(old), db_text(sealed)), NULL);
		*ret_count += result == DB_OK;
	}
	/* Consents under way have to be begun again: their verifiers are sealed with the old key. */
	if (result == DB_OK || result == DB_NONE)
		result = db_run(db, QUERY_CALENDAR_CONSENTS_DROP, DB_NO_PARAMETERS, NULL);
	if (result != DB_OK && result != DB_NONE) {
		snprintf(ret_line, CALENDAR_LINE, "%s", db_failure(db)->detail);
		return CALENDAR_KEYS_UNAVAILABLE;
	}
	return CALENDAR_KEYS_GOOD;
}
