/*
 * manage_link - links that let whoever holds them manage one appointment.
 *
 * The link is the secret: 256 random bits, of which the database keeps the SHA-256 only. It is good until a
 * day after the appointment's end, wherever that moves.
 */
#ifndef DB_MANAGE_LINK_H
#define DB_MANAGE_LINK_H

#include "base/arena.h"
#include "base/instant.h"
#include "db/db.h"

/* Where links lead; borrowed. */
struct manage_settings {
	const char *public_url; /* PUBLIC_URL; NULL: there are no links */
	const char *
		manage_url; /* MANAGE_URL: a platform's own page, with {id} for the appointment; NULL: ours */
};

enum { MANAGE_LINK_SECONDS = SECONDS_PER_DAY }; /* how long it is good after the end */

/*
 * A new link to manage an appointment, for a mail or an event, in `mem`. *ret_url is NULL where there is no
 * public address. At most one statement; DB_OK or its failure.
 */
MUST_USE enum db_result manage_link(const struct manage_settings *settings, struct db *db, struct arena *mem,
				    const char *appointment_id, instant ends_at, instant now,
				    const char **ret_url);

#endif
