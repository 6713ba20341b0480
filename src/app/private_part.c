#include "app/private_part.h"

#include "base/log.h"

#include <string.h>

/* What a sealed text is bound to: another column or another appointment does not open it. */
static const char *bound_to(const char *column, const char *appointment_id, struct arena *mem)
{
	return arena_printf(mem, "appointment %s %s", column, appointment_id);
}

enum db_result private_keys(struct db *db, const struct seal_keys *configured, struct seal_keys *ret_keys)
{
	DB_ROWS rows = {0};
	struct seal_keys local = {.count = 0};
	*ret_keys = configured != NULL ? *configured : (struct seal_keys){.count = 0};
	enum db_result result = db_run(db, QUERY_LOCAL_SECRET, DB_NO_PARAMETERS, &rows);
	if (result != DB_OK && result != DB_NONE)
		return result;
	const char *text = result == DB_OK ? db_get_text(&rows, 0, 0) : NULL;
	if (text == NULL || !seal_keys_init(&local, text))
		return configured != NULL ? DB_OK : db_misunderstood(db, "the table local_secret", NULL);
	if (ret_keys->count < SEAL_KEYS_MAX)
		ret_keys->keys[ret_keys->count++] = local.keys[0];
	seal_keys_clear(&local);
	return DB_OK;
}

static const char *seal(const struct seal_keys *keys, const char *column, const char *id, const char *text,
			struct arena *mem)
{
	if (text == NULL)
		return NULL;
	char *sealed = arena_alloc(mem, SEAL_TEXT_SIZE(strlen(text)));
	seal_text(keys, bound_to(column, id, mem), text, strlen(text), sealed);
	return sealed;
}

/* NULL if it does not open. */
static const char *unseal(const struct seal_keys *keys, const char *column, const char *id,
			  const char *sealed, struct arena *mem)
{
	if (sealed == NULL)
		return NULL;
	char *plain = arena_alloc(mem, SEAL_PLAIN_MAX + 1);
	size_t size = 0;
	if (seal_open(keys, bound_to(column, id, mem), sealed, plain, SEAL_PLAIN_MAX + 1, &size) ==
	    SEAL_OPENED)
		return plain;
	log_line(LOG_WARNING, "private_part_unreadable", LOG_TEXT_FIELD("appointment", id),
		 LOG_TEXT_FIELD("column", column));
	return NULL;
}

const char *private_seal_answers(const struct seal_keys *keys, const char *appointment_id,
				 const char *answers, struct arena *mem)
{
	return seal(keys, "answers", appointment_id, answers, mem);
}

const char *private_open_answers(const struct seal_keys *keys, const char *appointment_id, const char *sealed,
				 struct arena *mem)
{
	return unseal(keys, "answers", appointment_id, sealed, mem);
}

enum db_result private_read(struct db *db, const struct seal_keys *keys, const char *appointment_id,
			    struct arena *mem, struct private_part *ret_part)
{
	DB_ROWS rows = {0};
	*ret_part = (struct private_part){0};
	enum db_result result = db_run(db, QUERY_PRIVATE_READ, DB_PARAMETERS(db_uuid(appointment_id)), &rows);
	if (result != DB_OK)
		return result == DB_NONE ? DB_OK : result;
	ret_part->answers = unseal(keys, "answers", appointment_id, db_get_text(&rows, 0, 0), mem);
	ret_part->coach_notes = unseal(keys, "coach_notes", appointment_id, db_get_text(&rows, 0, 1), mem);
	return DB_OK;
}

enum db_result private_put_answers(struct db *db, const struct seal_keys *keys, const char *appointment_id,
				   const char *answers, struct arena *mem)
{
	const char *sealed = seal(keys, "answers", appointment_id, answers, mem);
	return db_run(db, QUERY_PRIVATE_ANSWERS_PUT, DB_PARAMETERS(db_uuid(appointment_id), db_text(sealed)),
		      NULL);
}

enum db_result private_put_notes(struct db *db, const struct seal_keys *keys, const char *appointment_id,
				 const char *notes, struct arena *mem)
{
	const char *sealed = seal(keys, "coach_notes", appointment_id, notes, mem);
	return db_run(db, QUERY_PRIVATE_NOTES_PUT, DB_PARAMETERS(db_uuid(appointment_id), db_text(sealed)),
		      NULL);
}

enum db_result private_rekey(struct db *db, const struct seal_keys *configured, size_t *ret_count)
{
	DB_ROWS rows = {0};
	struct seal_keys keys;
	*ret_count = 0;
	enum db_result result = private_keys(db, configured, &keys);
	if (result == DB_OK)
		result = db_run(db, QUERY_PRIVATE_ALL, DB_NO_PARAMETERS, &rows);
	for (size_t i = 0; i < rows.count && result == DB_OK; i++) {
		__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
		char id[UUID_TEXT_SIZE];
		db_get_uuid(&rows, i, 0, id);
		const char *answers = db_get_text(&rows, i, 1);
		const char *notes = db_get_text(&rows, i, 2);
		const char *new_answers =
			seal(&keys, "answers", id, unseal(&keys, "answers", id, answers, &mem), &mem);
		const char *new_notes =
			seal(&keys, "coach_notes", id, unseal(&keys, "coach_notes", id, notes, &mem), &mem);
		/* What does not open stays as it is. */
		result = db_run(db, QUERY_PRIVATE_ROTATE,
				DB_PARAMETERS(db_uuid(id), db_text(answers),
					      db_text(new_answers != NULL ? new_answers : answers),
					      db_text(notes), db_text(new_notes != NULL ? new_notes : notes)),
				NULL);
		*ret_count += result == DB_OK;
	}
	seal_keys_clear(&keys);
	return result == DB_NONE ? DB_OK : result;
}
