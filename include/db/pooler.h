/*
 * pooler - whether a pooler stands between us and PostgreSQL that gives each transaction another session.
 */
#ifndef DB_POOLER_H
#define DB_POOLER_H

#include "db/database.h"

enum pooler_finding {
	POOLER_KEEPS_SESSIONS, /* none, or one that keeps each client's session */
	POOLER_SHARES,         /* two connections by DATABASE_URL were served by one server process */
	POOLER_DEAF,           /* what is notified by DATABASE_URL is not heard by the way of sessions */
	POOLER_UNKNOWN         /* the database cannot be reached */
};

enum { POOLER_WHY = 256 };

/*
 * Look, over three connections of its own. With a direct way POOLER_SHARES is not found, since it is no
 * trouble there. ret_why: of POOLER_UNKNOWN, why a connection cannot be had, "" where an answer did not come.
 * Blocks for 1 s where nothing is heard; each connection and each question may take 3 s. Any thread.
 */
enum pooler_finding pooler_look(struct database *database, char ret_why[static POOLER_WHY]);

#endif
