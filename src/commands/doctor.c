/*
 * doctor - look at everything bookingd depends on, one line a check, with the remedy. Changes nothing.
 */
#include "base/instant.h"
#include "calendar/calendar.h"
#include "commands/command.h"
#include "config.h"
#include "db/db.h"
#include "db/migrate.h"
#include "doctor.h"
#include "domain/zone.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	STATEMENT_TIMEOUT = 5000,                       /* milliseconds */
	CLOCKS_MAY_DIFFER = 2,                          /* seconds */
	SECRET_BYTES_MIN = 32,                          /* RFC 7518 section 3.2, for HS256 */
	CONNECTIONS_BESIDES = 3 + CALENDAR_CONNECTIONS, /* listener, teller, housekeeping */
};

static size_t bad_findings;

void doctor_tell(enum finding finding, const char *subject, const char *format, ...)
{
	static const char *const words[] = {[GOOD] = "ok", [NOTE] = "note", [BAD] = "FAIL"};
	va_list arguments;
	va_start(arguments, format);
	printf("%-5s %-12s ", words[finding], subject);
	vprintf(format, arguments);
	putchar('\n');
	va_end(arguments);
	fflush(stdout); /* what comes next may take seconds */
	bad_findings += finding == BAD;
}

static void check_zones(void)
{
	struct zone_data zones;
	zone_data_look(instant_now(), &zones);
	const char *remedy = zone_data_remedy(&zones);
	const char *release = zones.release != NULL ? zones.release : "unknown";
	if (zone_find("America/New_York") == NULL || zone_find("Australia/Lord_Howe") == NULL)
		doctor_tell(BAD, "zone data", "there is none; install the package tzdata");
	else if (remedy != NULL && zones.age == ZONE_DATA_BEHIND_SYSTEM)
		doctor_tell(NOTE, "zone data", "release %s %s (%s)", release, remedy, zones.installed);
	else if (remedy != NULL)
		doctor_tell(NOTE, "zone data", "release %s %s", release, remedy);
	else
		doctor_tell(GOOD, "zone data", "release %s", release);
}

static void check_identity(const struct settings *settings, struct db *db)
{
	bool tokens = settings->auth_jwt_secret || settings->auth_jwt_public_key || settings->auth_jwks_url;
	if (!tokens && settings->auth_session_query == NULL)
		doctor_tell(NOTE, "identity",
			    "nobody can sign in; set AUTH_JWT_SECRET, AUTH_JWT_PUBLIC_KEY, "
			    "AUTH_JWKS_URL or AUTH_SESSION_QUERY");
	if (settings->auth_jwt_secret != NULL && strlen(settings->auth_jwt_secret) < SECRET_BYTES_MIN)
		doctor_tell(NOTE, "identity",
			    "AUTH_JWT_SECRET is shorter than %d bytes and may be guessed; "
			    "make one with openssl rand -base64 32",
			    SECRET_BYTES_MIN);
	else if (tokens)
		doctor_tell(GOOD, "identity", "bearer tokens");
	if (settings->auth_session_query == NULL || db == NULL)
		return;
	DB_ROWS rows = {0};
	enum db_result result = db_run_text(db, "auth_session_query", settings->auth_session_query,
					    DB_PARAMETERS(db_text("")), &rows);
	/* Class 22: the statement stands, but its $1 cannot be the empty text. */
	if (result != DB_OK && strncmp(db_failure(db)->state, "22", 2) != 0)
		doctor_tell(BAD, "identity", "AUTH_SESSION_QUERY: %s", db_failure(db)->detail);
	else if (result == DB_OK && db_column(&rows, "user_id") < 0)
		doctor_tell(BAD, "identity",
			    "AUTH_SESSION_QUERY gives no column user_id; write … AS user_id");
	else
		doctor_tell(GOOD, "identity", "AUTH_SESSION_QUERY can be run");
}

static void check_clock(struct db *db)
{
	DB_ROWS rows = {0};
	instant before = instant_now();
	if (db_run(db, QUERY_DOCTOR_CLOCK, DB_NO_PARAMETERS, &rows) != DB_OK) {
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

/* Whether the tables are there to be asked further. */
static bool check_schema(const struct settings *settings, struct db *db)
{
	struct migrate_report report;
	enum migrate_result result = migrate_check(settings->database_url, &report);
	if (result == MIGRATE_PENDING && settings->migrate)
		doctor_tell(NOTE, "schema",
			    "version %d of %d; the daemon brings it up to date when it starts", report.found,
			    report.known);
	else
		doctor_tell(result == MIGRATE_DONE ? GOOD : BAD, "schema", "%s", report.line);
	if (result != MIGRATE_DONE)
		return false;
	DB_ROWS rows = {0};
	if (db_run(db, QUERY_DOCTOR_COACHES, DB_NO_PARAMETERS, &rows) != DB_OK)
		doctor_tell(BAD, "coaches", "%s", db_failure(db)->detail);
	else if (db_get_int(&rows, 0, 0) == 0 && settings->coach_id == NULL)
		doctor_tell(NOTE, "coaches", "there is none; set COACH_ID and start the daemon");
	else if (db_get_int(&rows, 0, 0) == 0)
		doctor_tell(NOTE, "coaches", "%s will be made when the daemon starts", settings->coach_id);
	else
		doctor_tell(GOOD, "coaches", "%" PRId64, db_get_int(&rows, 0, 0));
	return true;
}

static void check_server(const struct settings *settings, struct db *db)
{
	DB_ROWS rows = {0};
	if (db_run(db, QUERY_DOCTOR_SERVER, DB_NO_PARAMETERS, &rows) != DB_OK) {
		doctor_tell(BAD, "database", "%s", db_failure(db)->detail);
		return;
	}
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
		CONNECTIONS_MAX,
		CONNECTIONS_NOW
	};
	if (db_get_int(&rows, 0, VERSION_NUMBER) < 150000)
		doctor_tell(BAD, "database", "PostgreSQL %s; 15 or newer is needed",
			    db_get_text(&rows, 0, VERSION));
	else
		doctor_tell(GOOD, "database", "PostgreSQL %s, as %s in %s", db_get_text(&rows, 0, VERSION),
			    db_get_text(&rows, 0, USER), db_get_text(&rows, 0, DATABASE));
	if (db_get_bool(&rows, 0, STANDBY))
		doctor_tell(BAD, "database",
			    "is a standby that takes no writes; name the primary in DATABASE_URL");
	if (db_get_bool(&rows, 0, GIST_INSTALLED))
		doctor_tell(GOOD, "btree_gist", "installed");
	else if (!db_get_bool(&rows, 0, GIST_AVAILABLE))
		doctor_tell(BAD, "btree_gist",
			    "not there; install PostgreSQL's contrib package on the database's machine");
	else if (!db_get_bool(&rows, 0, MAY_CREATE))
		doctor_tell(BAD, "btree_gist",
			    "not installed and %s may not; let an owner of the database run: "
			    "CREATE EXTENSION btree_gist",
			    db_get_text(&rows, 0, USER));
	else
		doctor_tell(GOOD, "btree_gist", "available");
	if (!db_get_bool(&rows, 0, SCHEMA) && !db_get_bool(&rows, 0, MAY_CREATE))
		doctor_tell(BAD, "schema",
			    "%s may not create it; let an owner of the database run: "
			    "CREATE SCHEMA bookingd AUTHORIZATION %s",
			    db_get_text(&rows, 0, USER), db_get_text(&rows, 0, USER));
	if (!db_get_bool(&rows, 0, SAFE_FILES) || !db_get_bool(&rows, 0, SAFE_COMMIT))
		doctor_tell(NOTE, "durability",
			    "fsync, full_page_writes or synchronous_commit is off: a power cut loses "
			    "bookings; switch them on");
	else
		doctor_tell(GOOD, "durability", "commits are on disk");
	int64_t wanted = settings->workers + settings->listing_workers + settings->calendar_workers +
			 CONNECTIONS_BESIDES;
	int64_t room = db_get_int(&rows, 0, CONNECTIONS_MAX) - db_get_int(&rows, 0, CONNECTIONS_NOW);
	if (room < wanted)
		doctor_tell(NOTE, "connections",
			    "a daemon may open %" PRId64 " and %" PRId64 " are left; raise "
			    "max_connections or lower WORKERS",
			    wanted, room);
	else
		doctor_tell(GOOD, "connections", "a daemon may open %" PRId64 ", %" PRId64 " are left",
			    wanted, room);
}

enum exit_code command_doctor(char *arguments[])
{
	(void)arguments;
	struct settings settings;
	if (config_load(&settings, environ, true, stderr) > 0) {
		config_wipe(&settings);
		return EXIT_USAGE;
	}
	check_zones();
	struct db *db = db_open(settings.database_url, STATEMENT_TIMEOUT);
	bool connected = db_connect(db) == DB_OK;
	if (connected) {
		check_server(&settings, db);
		check_clock(db);
	} else {
		doctor_tell(BAD, "database", "%s; see DATABASE_URL", db_failure(db)->detail);
	}
	bool migrated = connected && check_schema(&settings, db);
	check_identity(&settings, connected ? db : NULL);
	if (migrated)
		doctor_calendar(&settings, db);
	else
		doctor_tell(NOTE, "google", "is looked at once the schema is there: run bookingd migrate");
	db_close(db);
	config_wipe(&settings);
	return bad_findings > 0 ? EXIT_FAILED : EXIT_DONE;
}
