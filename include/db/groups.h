/*
 * groups - sessions that several clients share.
 *
 * Every function runs on the caller's connection, blocks for it, and returns what db_run() returns; *ret_ is
 * filled only with DB_OK. Safe from any thread with a connection of its own.
 */
#ifndef DB_GROUPS_H
#define DB_GROUPS_H

#include "db/appointments.h"

/* A session, and who has a seat in it. */
struct group {
	struct appointment session; /* has nothing of any client */
	int64_t seats;
	int64_t min_seats;
	int64_t taken;                /* held ones too */
	struct appointment_list list; /* in the order in which they booked, cancelled ones too */
};

/* DB_NONE: this coach has no such session. */
MUST_USE enum db_result group_read(struct db *db, struct arena *mem, const char *coach_id, const char *id,
				   struct group *ret_group);

#endif
