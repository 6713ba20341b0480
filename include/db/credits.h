/*
 * credits - what a client has left with a coach.
 */
#ifndef DB_CREDITS_H
#define DB_CREDITS_H

#include "db/db.h"
#include "domain/schedule.h"

/* How a client stands with a coach, for one session type. */
struct client_standing {
	int64_t credits; /* that they may spend on it now */
	int64_t total;   /* sessions they have or had, as the type's max_total_per_user counts them */
};

/* One statement, blocks for it; returns what db_run() returns. *ret_standing is filled with DB_OK only. */
MUST_USE enum db_result client_standing(struct db *db, const char *coach_id, const char *user_id,
					const struct session_type *type,
					struct client_standing *ret_standing);

/* Whether a client's standing matters for this type: it costs credits, or is limited for ever. */
bool session_type_asks_standing(const struct session_type *type);

/* What a client reads then. */
extern const char client_total_sentence[];

/* Whether the client has had all that one may have of it. */
bool client_total_reached(const struct client_standing *standing, const struct session_type *type);

#endif
