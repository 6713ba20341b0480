/*
 * private_part - what only a client and their coach may read of an appointment: answers, and the coach's
 * notes.
 *
 * Sealed with the operator's keys (TOKEN_ENCRYPTION_KEY), else with one that the database keeps, and bound to
 * the appointment: a row copied to another one does not open. All functions block on the connection; each is
 * safe from any thread with a connection of its own.
 */
#ifndef APP_PRIVATE_PART_H
#define APP_PRIVATE_PART_H

#include "base/arena.h"
#include "base/seal.h"
#include "db/db.h"

/* Texts live in the arena; NULL where there is none, or none that opens (which is logged). */
struct private_part {
	const char *answers; /* as answers_read() writes them */
	const char *coach_notes;
};

/*
 * The keys to seal with: `configured` (NULL: none) first, then the database's own. DB_OK or a failure. The
 * caller wipes them with seal_keys_clear.
 */
MUST_USE enum db_result private_keys(struct db *db, const struct seal_keys *configured,
				     struct seal_keys *ret_keys);

/* Seal answers (NULL gives NULL) for an appointment that is about to be made. */
const char *private_seal_answers(const struct seal_keys *keys, const char *appointment_id,
				 const char *answers, struct arena *mem);

/* The reverse; NULL for NULL, and for what does not open, which is logged. */
const char *private_open_answers(const struct seal_keys *keys, const char *appointment_id, const char *sealed,
				 struct arena *mem);

/* DB_OK, all NULL if there is nothing; or a failure. */
MUST_USE enum db_result private_read(struct db *db, const struct seal_keys *keys, const char *appointment_id,
				     struct arena *mem, struct private_part *ret_part);

/* Replace; NULL removes. Nothing is kept of an appointment whose person was erased. */
MUST_USE enum db_result private_put_answers(struct db *db, const struct seal_keys *keys,
					    const char *appointment_id, const char *answers,
					    struct arena *mem);
MUST_USE enum db_result private_put_notes(struct db *db, const struct seal_keys *keys,
					  const char *appointment_id, const char *notes, struct arena *mem);

/* Seal everything with the first of the keys (`bookingd rekey`). *ret_count: how many appointments. */
MUST_USE enum db_result private_rekey(struct db *db, const struct seal_keys *configured, size_t *ret_count);

#endif
