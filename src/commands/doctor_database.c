/*
 * doctor_database - PostgreSQL: its version, rights, room for connections, clock and schema.
 */
#include "doctor.h"

#include "base/instant.h"
#include "compose.h"
#include "db/migrate.h"
#include "db/pooler.h"
#include "db/url.h"
#include "domain/zone.h"

#include <inttypes.h>
#include <string.h>

enum { CLOCKS_MAY_DIFFER = 2 /* seconds */ };

/* The columns of QUERY_DOCTOR_SERVER. */
enum {
	VERSION_NUMBER,
	VERSION,
	USER,
	DATABASE,
	STANDBY,
	MAY_CREATE,
	SCHEMA,
	GIST_INSTALLED,
	GIST_AVAILABLE,
	SAFE_FILES,
	SAFE_COMMIT,
	CONNECTIONS_FOR_US,
	CONNECTIONS_NOW,
	CONNECTIONS_OURS,
	CONNECTIONS_MAX,
	SUPERUSER,
	OWNER,
	EXTRA_RIGHTS,
	READ_ONLY,
	ENCODING,
};

static void check_version(const struct db_rows *rows)
{
	if (db_get_int(rows, 0, VERSION_NUMBER) < 150000)
		doctor_tell(BAD, "database", "PostgreSQL %s; 15 or newer is needed",
			    db_get_text(rows, 0, VERSION));
	else
		doctor_tell(GOOD, "database", "PostgreSQL %s, as %s in %s", db_get_text(rows, 0, VERSION),
			    db_get_text(rows, 0, USER), db_get_text(rows, 0, DATABASE));
	const char *encoding = db_get_text(rows, 0, ENCODING);
	if (strcmp(encoding, "UTF8") != 0)
		doctor_tell(BAD, "encoding",
			    "is %s, so what people write is refused or cut within a character; dump the "
			    "database and restore it into one made by createdb --encoding=UTF8 "
			    "--template=template0",
			    encoding);
}

static void check_role(const struct settings *settings, const struct db_rows *rows)
{
	struct database_url url = database_url_describe(settings->database_url);
	if (db_get_bool(rows, 0, STANDBY))
		doctor_tell(BAD, "database", "is a standby, which takes no writes; %s",
			    url.hosts > 1 ? "add target_session_attrs=read-write to DATABASE_URL"
					  : "name the primary in DATABASE_URL");
	else if (db_get_bool(rows, 0, READ_ONLY))
		doctor_tell(
			BAD, "database",
			"takes no writes: default_transaction_read_only is on; reset it for the role, the "
			"database and the server");
	if (url.hosts > 1 && !url.asks_for_role)
		doctor_tell(BAD, "database",
			    "DATABASE_URL names %zu hosts without target_session_attrs=read-write: after a "
			    "failover it may connect to a standby; add it",
			    url.hosts);
}

static void check_rights(const struct db_rows *rows)
{
	const char *user = db_get_text(rows, 0, USER);
	bool may_create = db_get_bool(rows, 0, MAY_CREATE);
	if (db_get_bool(rows, 0, GIST_INSTALLED))
		doctor_tell(GOOD, "btree_gist", "installed");
	else if (!db_get_bool(rows, 0, GIST_AVAILABLE))
		doctor_tell(BAD, "btree_gist",
			    "not there; install PostgreSQL's contrib package on the database's machine");
	else if (!may_create)
		doctor_tell(BAD, "btree_gist",
			    "not installed and %s may not; let an owner of the database run: "
			    "CREATE EXTENSION btree_gist",
			    user);
	else
		doctor_tell(GOOD, "btree_gist", "available");
	if (!db_get_bool(rows, 0, SCHEMA) && !may_create)
		doctor_tell(BAD, "schema",
			    "%s may not create it; let an owner of the database run: "
			    "CREATE SCHEMA bookingd AUTHORIZATION %s",
			    user, user);
}

static void check_durability(const struct db_rows *rows)
{
	if (!db_get_bool(rows, 0, SAFE_FILES) || !db_get_bool(rows, 0, SAFE_COMMIT))
		doctor_tell(NOTE, "durability",
			    "fsync, full_page_writes or synchronous_commit is off: a power cut loses "
			    "bookings; switch them on");
	else
		doctor_tell(GOOD, "durability", "commits are on disk");
}

/* Daemons of ours that run already are part of what there is to be room for. */
static void check_connections(const struct settings *settings, const struct db_rows *rows)
{
	int64_t each = compose_connections(settings);
	int64_t usable = db_get_int(rows, 0, CONNECTIONS_FOR_US);
	int64_t others = db_get_int(rows, 0, CONNECTIONS_NOW) - db_get_int(rows, 0, CONNECTIONS_OURS);
	int64_t daemons = usable > others ? (usable - others) / each : 0;
	if (daemons == 0)
		doctor_tell(BAD, "connections",
			    "a daemon takes up to %" PRId64 "; of max_connections = %" PRId64
			    " this role may "
			    "have %" PRId64 ", and others hold %" PRId64 "; raise max_connections, or lower "
			    "WORKERS, LISTING_WORKERS and CALENDAR_WORKERS",
			    each, db_get_int(rows, 0, CONNECTIONS_MAX), usable, others);
	else
		doctor_tell(GOOD, "connections",
			    "a daemon takes up to %" PRId64 "; %" PRId64 " beside %" PRId64
			    " of others: room for %" PRId64 " daemon%s",
			    each, usable, others, daemons, daemons == 1 ? "" : "s");
}

static void check_server(const struct settings *settings, struct db *db)
{
	DB_ROWS rows = {0};
	if (db_run(db, QUERY_DOCTOR_SERVER, DB_NO_PARAMETERS, &rows) != DB_OK) {
		doctor_tell(BAD, "database", "%s", db_failure(db)->detail);
		return;
	}
	check_version(&rows);
	check_role(settings, &rows);
	check_rights(&rows);
	const struct doctor_role role = {
		.name = db_get_text(&rows, 0, USER),
		.superuser = db_get_bool(&rows, 0, SUPERUSER),
		.schema = db_get_bool(&rows, 0, SCHEMA),
		.owner = db_get_bool(&rows, 0, OWNER),
		.may_create = db_get_bool(&rows, 0, MAY_CREATE),
		.more = db_get_bool(&rows, 0, EXTRA_RIGHTS),
	};
	doctor_rights(settings, db, &role);
	check_durability(&rows);
	check_connections(settings, &rows);
}

static void check_clock(struct db *db)
{
	DB_ROWS rows = {0};
	instant before = instant_now();
	if (db_run(db, QUERY_DATABASE_CLOCK, DB_NO_PARAMETERS, &rows) != DB_OK) {
		doctor_tell(BAD, "clock", "%s", db_failure(db)->detail);
		return;
	}
	instant after = instant_now();
	instant there = db_get_instant(&rows, 0, 0);
	if (there < before - CLOCKS_MAY_DIFFER || there > after + CLOCKS_MAY_DIFFER)
		doctor_tell(BAD, "clock",
			    "differs from the database's by %" PRId64 " s; run NTP on both machines",
			    there - before);
	else
		doctor_tell(GOOD, "clock", "agrees with the database's");
}

static void check_pooler(struct database *database)
{
	char why[POOLER_WHY];
	switch (pooler_look(database, why)) {
	case POOLER_KEEPS_SESSIONS:
		doctor_tell(GOOD, "pooler", "%s",
			    database_is_pooled(database) ? "what needs a session goes by DATABASE_DIRECT_URL"
							 : "none, or one that keeps sessions");
		return;
	case POOLER_SHARES:
	case POOLER_DEAF:
		doctor_tell(BAD, "pooler", "%s",
			    database_is_pooled(database) ? DIRECT_REMEDY : POOLER_REMEDY);
		return;
	case POOLER_UNKNOWN:
		doctor_tell(BAD, "pooler", "three connections at once cannot be had%s%s%s",
			    why[0] != '\0' ? ": " : "", why,
			    database_is_pooled(database) ? "; see DATABASE_DIRECT_URL" : "");
		return;
	}
}

/* How many there are; and whether each one's zone is known here, without which nobody can book them. */
static void check_coaches(const struct settings *settings, struct db *db)
{
	DB_ROWS rows = {0};
	const enum db_result result = db_run(db, QUERY_DOCTOR_COACHES, DB_NO_PARAMETERS, &rows);
	int64_t coaches = 0;
	bool known = true;
	if (result != DB_OK && result != DB_NONE) {
		doctor_tell(BAD, "coaches", "%s", db_failure(db)->detail);
		return;
	}
	for (size_t i = 0; i < rows.count; i++) {
		const char *zone = db_get_text(&rows, i, 0);
		coaches += db_get_int(&rows, i, 1);
		if (zone == NULL || zone_find(zone) != NULL)
			continue;
		known = false;
		doctor_tell(
			BAD, "coaches",
			"%s cannot be booked: the zone data has no %s; bring the package tzdata up to date "
			"(former names are in tzdata-legacy), or see TZDIR",
			db_get_text(&rows, i, 2), zone);
	}
	if (coaches > 0 && known)
		doctor_tell(GOOD, "coaches", "%" PRId64, coaches);
	else if (coaches == 0 && settings->coach_id == NULL)
		doctor_tell(NOTE, "coaches", "there is none; set COACH_ID and start the daemon");
	else if (coaches == 0)
		doctor_tell(NOTE, "coaches", "%s will be made when the daemon starts", settings->coach_id);
}

/* Whether the tables are there to be asked further. */
static bool check_schema(const struct settings *settings, struct database *database, struct db *db)
{
	struct migrate_report report;
	enum migrate_result result = migrate_check(database, NULL, &report);
	if (result == MIGRATE_PENDING && settings->migrate)
		doctor_tell(NOTE, "schema",
			    "version %d of %d; the daemon brings it up to date when it starts", report.found,
			    report.known);
	else
		doctor_tell(result == MIGRATE_DONE ? GOOD : BAD, "schema", "%s", report.line);
	if (result != MIGRATE_DONE)
		return false;
	check_coaches(settings, db);
	return true;
}

bool doctor_database(const struct settings *settings, struct database *database, struct db *db)
{
	if (db_connect(db) != DB_OK) {
		doctor_tell(BAD, "database", "%s; see DATABASE_URL", db_failure(db)->detail);
		return false;
	}
	check_server(settings, db);
	check_clock(db);
	check_pooler(database);
	return check_schema(settings, database, db);
}
