/*
 * migrate - bring the schema up to date.
 *
 * The files sql/migrations/NNNN_name.sql and sql/functions/<subject>.sql are embedded in the binary. A
 * migration is applied once and entered in bookingd.migration (version, name, checksum, applied_at); its file
 * must never change, its SHA-256 is compared every time. The functions are applied, all files again, when the
 * checksum of all of them is not among those in bookingd.function_set. What is missing is applied in one
 * transaction, and an advisory lock makes several daemons that start at once take turns.
 *
 * A database of the releases before, which knew nine migrations in bookingd.schema_migration, is taken over
 * as it is (sql/takeover.sql). One that a newer bookingd has migrated is used as it is, and nothing is
 * applied: what a release calls stays in the schema for one release after it. A set of functions that was
 * ever applied is not applied again, so that an old daemon that is restarted does not put its own back.
 *
 * Blocks: at most 5 s for the lock, and for as long as the migrations take.
 */
#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

#include "db/database.h"

struct db; /* db/db.h */

enum migrate_result {
	MIGRATE_DONE,    /* the schema is what this binary knows, or newer */
	MIGRATE_PENDING, /* from migrate_check() and migrate_plan() only: migrations wait to be applied */
	MIGRATE_REFUSED, /* an applied file changed, or the database is of a release too old to be taken over
			  */
	MIGRATE_BUSY, /* another daemon has been migrating for 5 s, or who books was in the way; try again */
	MIGRATE_UNAVAILABLE, /* the server cannot be reached or takes no writes now; try again */
	MIGRATE_FAILED       /* a migration failed and was rolled back, or the role may not create */
};

struct migrate_report {
	int known;   /* the newest version in the binary */
	int found;   /* the newest version in the database before the call, 0 when there is none */
	int applied; /* how many were applied by this call */
	void (*progress)(const char *step); /* who is told of each step; NULL: nobody */
	char line[400];                     /* one line for the operator, whatever the result */
};

/*
 * Apply what is missing, over a connection of its own. `database` as in db_open(). `progress` is called with
 * each step before it is taken; NULL: nobody waits for it. `ret_report` is always filled. Where nothing was
 * missing, `heir` (NULL: nobody) goes on with the connection: at every start but the first.
 */
enum migrate_result migrate_run(struct database *database, struct db *heir,
				void (*progress)(const char *step), struct migrate_report *ret_report);

/*
 * The same, and put back what is missing or was changed by hand since the schema was last migrated (a
 * constraint, an index, a trigger, a function): for an operator's own command, since rows may stand in the
 * way.
 */
enum migrate_result migrate_repair(struct database *database, void (*progress)(const char *step),
				   struct migrate_report *ret_report);

/*
 * Tell each step that migrate_run() would take now, in order, and what was measured of it on a million
 * appointments (sql/migrations/seconds.txt), then what all of them take on as many as there are; changes
 * nothing. MIGRATE_PENDING when there are any, MIGRATE_DONE when not.
 */
enum migrate_result migrate_plan(struct database *database, void (*tell)(const char *step),
				 struct migrate_report *ret_report);

/* Look only; changes nothing. `heir` as above. `ret_report` is always filled. */
enum migrate_result migrate_check(struct database *database, struct db *heir,
				  struct migrate_report *ret_report);

/* The checksum of this binary's functions (hex, static), and its newest migration. */
const char *migrate_functions_checksum(void);
int migrate_known(void);

#endif
