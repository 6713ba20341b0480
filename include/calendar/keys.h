/*
 * keys - the keys that coaches' consents are sealed with (TOKEN_ENCRYPTION_KEY).
 */
#ifndef CALENDAR_KEYS_H
#define CALENDAR_KEYS_H

#include "base/seal.h"
#include "db/db.h"

#include <stddef.h>

enum { CALENDAR_LINE = 300 };

enum calendar_keys {
	CALENDAR_KEYS_GOOD,
	CALENDAR_KEYS_WRONG,       /* a consent does not open; ret_line says whose and what to do */
	CALENDAR_KEYS_UNAVAILABLE, /* the database; ret_line says why */
};

/*
 * Whether these keys open every consent there is; to be asked before the daemon serves: with the wrong key
 * it must not start. keys NULL: none are configured. Reads only.
 */
enum calendar_keys calendar_check_keys(struct db *db, const struct seal_keys *keys,
				       char ret_line[static CALENDAR_LINE]);

/*
 * Seal every consent with the first of the keys (`bookingd rekey`); the others can go afterwards. Nothing is
 * written unless all can be opened. Safe while daemons run that have all the keys. ret_count: how many were
 * sealed with it.
 */
enum calendar_keys calendar_rekey(struct db *db, const struct seal_keys *keys, size_t *ret_count,
				  char ret_line[static CALENDAR_LINE]);

#endif
