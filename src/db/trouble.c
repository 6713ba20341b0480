/* Whether the server would serve a request: database_look_for_trouble of database_inside.h. */
#include "connection.h"
#include "db/db.h"

#include <stdio.h>
#include <string.h>

void database_look_for_trouble(struct database *database, char ret_said[static DATABASE_SAID])
{
	/* Long enough for a slow disk, far from the two seconds between looks. */
	enum { STATEMENT_TIMEOUT_MS = 5000 };
	struct db *db = db_open(database, STATEMENT_TIMEOUT_MS);
	DB_ROWS rows = {0};
	/* At once: what others met a moment ago may be the very thing that is looked for. */
	enum db_result result = db_connect(db);
	if (result == DB_OK)
		result = db_run(db, QUERY_DATABASE_ROOM, DB_NO_PARAMETERS, &rows);
	const char *state = db_failure(db)->state;
	enum database_trouble found = database_trouble(database);
	if (result == DB_OK)
		found = db_get_bool(&rows, 0, 0) ? TROUBLE_READ_ONLY : TROUBLE_NONE;
	else if (strcmp(state, "53100") == 0)
		found = TROUBLE_DISK_FULL;
	else if (result == DB_UNAVAILABLE && connection_server_said(db_failure(db)->detail))
		found = database_counts(database).serving > 0 ? TROUBLE_NONE : TROUBLE_NO_CONNECTION;
	database_set_trouble(database, found);
	snprintf(ret_said, DATABASE_SAID, "%s", result == DB_OK ? "" : db_failure(db)->detail);
	db_close(db);
}
