#include "db/migrate.h"

#include "connection.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ISO C promises room for 4095 characters in a literal; every compiler we build with takes far more. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

struct migration {
	int version;
	const char *name;
	const char *checksum; /* SHA-256 of the file, hex */
	double seconds;       /* on a million appointments; below 0: not measured */
	const char *text;
};

static const struct migration migrations[] = {
#define MIGRATION(number, title, sha256, measured, sql)                                                      \
	{.version = (number), .name = (title), .checksum = (sha256), .seconds = (measured), .text = (sql)},
#include "migrations.h"
#undef MIGRATION
	{.version = 0},
};

enum { DURATION_BYTES = 32 };
enum { KNOWN = (int)(sizeof(migrations) / sizeof(migrations[0])) - 1 };

static const struct {
	const char *file;
	const char *text;
} functions[] = {
#define FUNCTIONS(name, sql) {.file = (name), .text = (sql)},
#define CHECKSUM(sha256)
#include "functions.h"
#undef FUNCTIONS
#undef CHECKSUM
};

/* SHA-256 of all the files, hex. */
static const char functions_checksum[] =
#define FUNCTIONS(name, sql)
#define CHECKSUM(sha256) sha256;
#include "functions.h"
#undef FUNCTIONS
#undef CHECKSUM

	static const char takeover_text[] =
#include "takeover.h"
	;

/*
 * The releases before kept their nine migrations in schema_migration. A database that has all of them, by the
 * digest of their checksums, is what our first migration makes, and is taken over as it is.
 */
enum { FORMER_COUNT = 9 };
#define FORMER_DIGEST "5b809a0a14110a232189c3c2cdb24eaa"

/* The number of our advisory lock; any will do that nobody else in the database uses ("bookingd"). */
#define TAKE_LOCK "SET lock_timeout = '5s'; SELECT pg_advisory_lock(7092451062087214692)"

static enum migrate_result report(struct migrate_report *report, enum migrate_result result,
				  const char *format, ...) __attribute__((format(printf, 3, 4)));

static enum migrate_result report(struct migrate_report *report, enum migrate_result result,
				  const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(report->line, sizeof(report->line), format, arguments);
	va_end(arguments);
	return result;
}

/*
 * Run SQL without parameters. On success MIGRATE_DONE and the rows, otherwise a line that begins with `what`.
 */
static enum migrate_result run(PGconn *connection, const char *sql, const char *what,
			       struct migrate_report *ret_report, PGresult **ret_rows)
{
	PGresult *result = PQsendQuery(connection, sql) ? connection_answer(connection, NULL, 0) : NULL;
	ExecStatusType status = PQresultStatus(result);
	enum migrate_result kind = MIGRATE_DONE;
	if (result == NULL) {
		kind = report(ret_report, MIGRATE_UNAVAILABLE, "%s: the connection to the database ended",
			      what);
	} else if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
		const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
		const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
		/* A lock not had, a deadlock. Shutting down, out of room, a standby: try again later. */
		bool busy = state != NULL && (strcmp(state, "55P03") == 0 || strcmp(state, "40P01") == 0);
		bool later = state == NULL || strncmp(state, "57P", 3) == 0 || strncmp(state, "53", 2) == 0 ||
			     strcmp(state, "25006") == 0;
		char line[256];
		connection_message(line, sizeof(line), message ? message : PQerrorMessage(connection));
		kind = report(ret_report,
			      busy    ? MIGRATE_BUSY
			      : later ? MIGRATE_UNAVAILABLE
				      : MIGRATE_FAILED,
			      "%s: %s %s", what, state ? state : "", line);
	}
	if (kind == MIGRATE_DONE && ret_rows != NULL)
		*ret_rows = result;
	else
		PQclear(result);
	return kind;
}

/* What the database has of ours. */
struct found {
	bool applied[KNOWN + 1];
	bool newer;     /* and migrations that this binary does not know */
	bool former;    /* nothing of ours, but the nine migrations of the releases before */
	bool functions; /* our functions were applied at some time */
	bool current;   /* and no other release's since */
	int lost;       /* objects of that record that are missing or differ; -1: it cannot even be asked */
};

/* Compare one applied migration with ours of the same version. */
static enum migrate_result check_applied(PGresult *rows, int row, struct found *found,
					 struct migrate_report *ret_report)
{
	int version = atoi(PQgetvalue(rows, row, 0));
	if (version > ret_report->found)
		ret_report->found = version;
	if (version < 1 || version > KNOWN) {
		found->newer = true;
		return MIGRATE_DONE;
	}
	const struct migration *ours = &migrations[version - 1];
	if (strcmp(PQgetvalue(rows, row, 1), ours->checksum) != 0)
		return report(ret_report, MIGRATE_REFUSED,
			      "migration %04d_%s differs from the one applied to this database: "
			      "use the bookingd that applied it, or a newer one",
			      version, ours->name);
	found->applied[version] = true;
	return MIGRATE_DONE;
}

static enum migrate_result look_at_versions(PGconn *connection, struct found *found,
					    struct migrate_report *ret_report)
{
	PGresult *rows = NULL;
	enum migrate_result result =
		run(connection, "SELECT version, checksum FROM bookingd.migration ORDER BY version",
		    "reading the schema's version", ret_report, &rows);
	for (int row = 0; result == MIGRATE_DONE && row < PQntuples(rows); row++)
		result = check_applied(rows, row, found, ret_report);
	PQclear(rows);
	if (result != MIGRATE_DONE)
		return result;
	char sql[256];
	snprintf(sql, sizeof(sql),
		 "SELECT count(*) > 0, bool_or(applied_at = (SELECT max(applied_at) FROM "
		 "bookingd.function_set))"
		 " FROM bookingd.function_set WHERE checksum = '%s'",
		 functions_checksum);
	rows = NULL;
	result = run(connection, sql, "looking for the functions", ret_report, &rows);
	found->functions = result == MIGRATE_DONE && PQgetvalue(rows, 0, 0)[0] == 't';
	found->current = result == MIGRATE_DONE && PQgetvalue(rows, 0, 1)[0] == 't';
	PQclear(rows);
	return result;
}

/* A database of the releases before: all nine migrations, or it is not one that 0001 knows how to take over.
 */
static enum migrate_result look_at_former(PGconn *connection, struct found *found,
					  struct migrate_report *ret_report)
{
	PGresult *rows = NULL;
	enum migrate_result result =
		run(connection,
		    "SELECT count(*), md5(string_agg(checksum, ' ' ORDER BY version)) = '" FORMER_DIGEST "'"
		    " FROM bookingd.schema_migration",
		    "reading the former schema's version", ret_report, &rows);
	if (result == MIGRATE_DONE) {
		found->former = PQgetvalue(rows, 0, 1)[0] == 't';
		if (!found->former)
			result = report(
				ret_report, MIGRATE_REFUSED,
				"the database has %s of the %d migrations of the releases before: start "
				"the last of them once, so that it has all, then this bookingd",
				PQgetvalue(rows, 0, 0), FORMER_COUNT);
	}
	PQclear(rows);
	return result;
}

/*
 * What the database has. MIGRATE_DONE when nothing is to be done, MIGRATE_PENDING when something is missing.
 * A database that a newer bookingd has migrated is served as it is: what we call stays for one release.
 */
static enum migrate_result look(PGconn *connection, struct found *ret_found,
				struct migrate_report *ret_report)
{
	PGresult *rows = NULL;
	*ret_found = (struct found){.newer = false};
	ret_report->found = 0;
	enum migrate_result result = run(connection,
					 "SELECT to_regclass('bookingd.migration') IS NOT NULL,"
					 " to_regclass('bookingd.schema_migration') IS NOT NULL,"
					 " getdatabaseencoding()",
					 "looking for the schema", ret_report, &rows);
	if (result != MIGRATE_DONE)
		return result;
	bool ours = PQgetvalue(rows, 0, 0)[0] == 't';
	bool former = PQgetvalue(rows, 0, 1)[0] == 't';
	/* What people write would be refused, or cut within a character. Where rows are already, doctor
	 * tells. */
	if (!ours && !former && strcmp(PQgetvalue(rows, 0, 2), "UTF8") != 0)
		result = report(ret_report, MIGRATE_REFUSED,
				"the database's encoding is %s, not UTF8: make it anew by createdb "
				"--encoding=UTF8 --template=template0",
				PQgetvalue(rows, 0, 2));
	PQclear(rows);
	if (result != MIGRATE_DONE)
		return result;
	if (ours)
		result = look_at_versions(connection, ret_found, ret_report);
	if (result == MIGRATE_DONE && former && ret_report->found == 0)
		result = look_at_former(connection, ret_found, ret_report);
	if (result != MIGRATE_DONE)
		return result;
	int missing = 0;
	for (int version = 1; version <= KNOWN; version++)
		missing += !ret_found->applied[version];
	if (missing > 0)
		return report(ret_report, MIGRATE_PENDING, "%d migration%s to apply: run bookingd migrate",
			      missing, missing == 1 ? "" : "s");
	if (ret_found->newer)
		return report(ret_report, MIGRATE_DONE,
			      "the schema is of a newer bookingd (version %d, this one knows %d) and is used "
			      "as it is",
			      ret_report->found, KNOWN);
	if (!ret_found->functions)
		return report(ret_report, MIGRATE_PENDING,
			      "the schema's functions are of another release: run bookingd migrate");
	return report(ret_report, MIGRATE_DONE, "the schema is up to date (version %d)", KNOWN);
}

/* How much was lost. The functions that tell may be what was replaced. */
static const char count_lost[] =
	"SELECT (SELECT count(*) FROM bookingd.lost_objects()) + count(*) FROM bookingd.schema_object"
	" WHERE kind = 'function' AND name IN ('live_objects()', 'lost_objects()', 'foreign_objects()')"
	" AND definition IS DISTINCT FROM pg_get_functiondef(to_regprocedure('bookingd.' || name))";

/* What was lost since the schema was last migrated: asked outside of a transaction, since it may fail. */
static enum migrate_result look_for_losses(PGconn *connection, struct found *found,
					   struct migrate_report *ret_report)
{
	PGresult *rows = NULL;
	enum migrate_result result =
		run(connection, count_lost, "looking for what is missing", ret_report, &rows);
	found->lost = result == MIGRATE_DONE ? atoi(PQgetvalue(rows, 0, 0)) : -1;
	PQclear(rows);
	return result == MIGRATE_FAILED ? MIGRATE_DONE : result;
}

/* Our own tables, without which nothing is known of the rest. */
static enum migrate_result create_records(PGconn *connection, struct migrate_report *ret_report)
{
	/* CREATE SCHEMA IF NOT EXISTS asks for a right that a schema made beforehand by somebody else does
	 * not need. */
	return run(connection,
		   "DO $$ BEGIN"
		   " IF to_regnamespace('bookingd') IS NULL THEN CREATE SCHEMA bookingd; END IF;"
		   " IF to_regclass('bookingd.migration') IS NULL THEN"
		   "  CREATE TABLE bookingd.migration (version integer PRIMARY KEY, name text NOT NULL,"
		   "   checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());"
		   "  CREATE TABLE bookingd.function_set (checksum text PRIMARY KEY,"
		   "   applied_at timestamptz NOT NULL DEFAULT now());"
		   " END IF;"
		   /* What the schema was made of when it was last migrated: functions/schema.sql. */
		   " IF to_regclass('bookingd.schema_object') IS NULL THEN"
		   "  CREATE TABLE bookingd.schema_object (kind text, relation text, name text,"
		   "   definition text NOT NULL, PRIMARY KEY (kind, relation, name));"
		   " END IF; END $$",
		   "creating the schema \"bookingd\"", ret_report, NULL);
}

static enum migrate_result apply(PGconn *connection, const struct migration *migration, const char *text,
				 struct migrate_report *ret_report)
{
	char what[128];
	char record[512];
	snprintf(what, sizeof(what), "migration %04d_%s", migration->version, migration->name);
	/* Names are [a-z0-9_] and checksums hex: the build made sure. */
	snprintf(record, sizeof(record),
		 "INSERT INTO bookingd.migration (version, name, checksum) VALUES (%d, '%s', '%s')",
		 migration->version, migration->name, migration->checksum);
	if (ret_report->progress != NULL)
		ret_report->progress(what);
	enum migrate_result result = run(connection, text, what, ret_report, NULL);
	if (result == MIGRATE_DONE)
		result = run(connection, record, what, ret_report, NULL);
	ret_report->applied += result == MIGRATE_DONE;
	return result;
}

/*
 * A text in SQL may name a function of a later file, so bodies are not looked at here; tests/db prepares
 * every statement that calls them.
 */
static enum migrate_result apply_functions(PGconn *connection, struct migrate_report *ret_report)
{
	char what[128];
	char record[256];
	snprintf(record, sizeof(record),
		 "INSERT INTO bookingd.function_set (checksum) VALUES ('%s') ON CONFLICT DO NOTHING",
		 functions_checksum);
	if (ret_report->progress != NULL)
		ret_report->progress("the functions of this release");
	enum migrate_result result =
		run(connection, "SET LOCAL check_function_bodies = off", "functions", ret_report, NULL);
	for (size_t i = 0; result == MIGRATE_DONE && i < sizeof(functions) / sizeof(functions[0]); i++) {
		snprintf(what, sizeof(what), "functions/%s", functions[i].file);
		result = run(connection, functions[i].text, what, ret_report, NULL);
	}
	if (result == MIGRATE_DONE)
		result = run(connection, record, "functions", ret_report, NULL);
	return result;
}

static enum migrate_result repair(PGconn *connection, struct migrate_report *ret_report)
{
	return run(connection, "SELECT bookingd.repair_objects()", "putting back what is missing", ret_report,
		   NULL);
}

/*
 * Mark what is in the schema and was not recorded, which the new record would take for ours: where its owner
 * drops it one day, nothing of ours is missing.
 */
static enum migrate_result mark_foreign(PGconn *connection, struct migrate_report *ret_report)
{
	return run(connection,
		   "INSERT INTO bookingd.schema_object"
		   " SELECT 'foreign ' || kind, relation, name, definition FROM bookingd.live_objects() l"
		   " WHERE NOT EXISTS (SELECT FROM bookingd.schema_object o"
		   "  WHERE (o.kind, o.relation, o.name) = (l.kind, l.relation, l.name))",
		   "looking for what is not of bookingd", ret_report, NULL);
}

/* Whether a release that kept the record has migrated before. */
static enum migrate_result is_recorded(PGconn *connection, bool *ret_recorded,
				       struct migrate_report *ret_report)
{
	PGresult *rows = NULL;
	enum migrate_result result = run(connection, "SELECT EXISTS (SELECT FROM bookingd.schema_object)",
					 "looking for the record of the schema", ret_report, &rows);
	*ret_recorded = result == MIGRATE_DONE && PQgetvalue(rows, 0, 0)[0] == 't';
	PQclear(rows);
	return result;
}

/* Inside the transaction. What was lost is put back first, so that the new record does not bless the loss. */
static enum migrate_result apply_all(PGconn *connection, const struct found *found,
				     struct migrate_report *ret_report)
{
	bool recorded = false;
	enum migrate_result result = is_recorded(connection, &recorded, ret_report);
	if (result == MIGRATE_DONE && recorded)
		result = repair(connection, ret_report);
	if (result == MIGRATE_DONE && recorded)
		result = mark_foreign(connection, ret_report);
	for (int version = 1; result == MIGRATE_DONE && version <= KNOWN; version++) {
		const struct migration *migration = &migrations[version - 1];
		if (!found->applied[version])
			result = apply(connection, migration,
				       version == 1 && found->former ? takeover_text : migration->text,
				       ret_report);
	}
	if (result == MIGRATE_DONE && !found->newer && !found->functions)
		result = apply_functions(connection, ret_report);
	if (result == MIGRATE_DONE)
		result = run(connection, "SELECT bookingd.record_objects()", "recording the schema",
			     ret_report, NULL);
	return result;
}

/*
 * With the lock held: look again, since another daemon may have been faster, and apply what is missing, all
 * of it in one transaction. So no statement of a daemon that goes on meanwhile meets half of a change.
 */
static enum migrate_result apply_missing(PGconn *connection, struct migrate_report *ret_report)
{
	struct found found = {.newer = false};
	enum migrate_result result = run(connection, "BEGIN", "migrating", ret_report, NULL);
	if (result == MIGRATE_DONE)
		result = create_records(connection, ret_report);
	if (result == MIGRATE_DONE)
		result = look(connection, &found, ret_report);
	if (result != MIGRATE_PENDING)
		return result;
	result = apply_all(connection, &found, ret_report);
	if (result == MIGRATE_DONE)
		result = run(connection, "COMMIT", "migrating", ret_report, NULL);
	if (result != MIGRATE_DONE)
		return result;
	if (ret_report->applied == 0)
		return report(ret_report, MIGRATE_DONE,
			      "applied the functions of this release, the schema is at version %d", KNOWN);
	return report(ret_report, MIGRATE_DONE, "applied %d migration%s, the schema is at version %d",
		      ret_report->applied, ret_report->applied == 1 ? "" : "s", KNOWN);
}

/* With the lock held: our functions once more, which may be what is lost, and all else by the record. */
static enum migrate_result put_back(PGconn *connection, const struct found *found,
				    struct migrate_report *ret_report)
{
	enum migrate_result result = run(connection, "BEGIN", "migrating", ret_report, NULL);
	if (result == MIGRATE_DONE && !found->newer && found->current)
		result = apply_functions(connection, ret_report);
	if (result == MIGRATE_DONE)
		result = repair(connection, ret_report);
	if (result == MIGRATE_DONE)
		result = run(connection, "COMMIT", "migrating", ret_report, NULL);
	if (result != MIGRATE_DONE)
		return result;
	return report(ret_report, MIGRATE_DONE,
		      "put back what was missing or changed, the schema is at version %d", KNOWN);
}

/* "about 12 s" in words for what was measured or reckoned. */
static void duration_text(double seconds, char ret_text[static DURATION_BYTES])
{
	if (seconds < 0)
		snprintf(ret_text, DURATION_BYTES, "not measured");
	else if (seconds < 1)
		snprintf(ret_text, DURATION_BYTES, "under a second");
	else
		snprintf(ret_text, DURATION_BYTES, "about %.0f s", seconds);
}

/* What the steps take of a processor, all together, by how many appointments there are. */
static enum migrate_result tell_duration(PGconn *connection, double seconds, void (*tell)(const char *step),
					 struct migrate_report *ret_report)
{
	PGresult *rows = NULL;
	enum migrate_result result = run(connection,
					 "SELECT greatest(reltuples, 0)::bigint FROM pg_class"
					 " WHERE oid = to_regclass('bookingd.appointment')",
					 "counting appointments", ret_report, &rows);
	if (result == MIGRATE_DONE && PQntuples(rows) == 1) {
		char line[128];
		char duration[DURATION_BYTES];
		duration_text(seconds * atof(PQgetvalue(rows, 0, 0)) / 1e6, duration);
		snprintf(line, sizeof(line), "all of it on the %s appointments here: %s",
			 PQgetvalue(rows, 0, 0), duration);
		tell(line);
	}
	PQclear(rows);
	return result;
}

/* Each step that migrating would take, told one by one. */
static enum migrate_result tell_plan(PGconn *connection, const struct found *found,
				     void (*tell)(const char *step), struct migrate_report *ret_report)
{
	char line[160];
	char duration[DURATION_BYTES];
	double seconds = 0;
	for (int version = 1; version <= KNOWN; version++) {
		const struct migration *migration = &migrations[version - 1];
		if (found->applied[version])
			continue;
		duration_text(migration->seconds, duration);
		snprintf(line, sizeof(line), "migration %04d_%s%s (%s on a million appointments)", version,
			 migration->name,
			 version == 1 && found->former
				 ? ", which takes over the tables of the releases before,"
				 : "",
			 duration);
		tell(line);
		seconds += migration->seconds > 0 ? migration->seconds : 0;
	}
	if (!found->newer && !found->functions)
		tell("the functions of this release (under a second)");
	return tell_duration(connection, seconds, tell, ret_report);
}

enum migrate_result migrate_plan(struct database *database, void (*tell)(const char *step),
				 struct migrate_report *ret_report)
{
	*ret_report = (struct migrate_report){.known = KNOWN};
	char why[256];
	PGconn *connection = connection_open(database, WAY_SESSION, 0, why, sizeof(why));
	if (connection == NULL)
		return report(ret_report, MIGRATE_UNAVAILABLE, "cannot connect to the database: %s", why);
	struct found found;
	enum migrate_result result = look(connection, &found, ret_report);
	if (result == MIGRATE_PENDING) {
		struct migrate_report pending = *ret_report;
		enum migrate_result told = tell_plan(connection, &found, tell, ret_report);
		if (told == MIGRATE_DONE)
			*ret_report = pending;
		else
			result = told;
	}
	connection_close(database, connection);
	return result;
}

enum purpose { TO_LOOK, TO_APPLY, TO_REPAIR };

static enum migrate_result migrate(struct database *database, enum purpose purpose, struct db *heir,
				   void (*progress)(const char *step), struct migrate_report *ret_report)
{
	*ret_report = (struct migrate_report){.known = KNOWN, .progress = progress};
	char why[256];
	PGconn *connection = connection_open(database, WAY_SESSION, 0, why, sizeof(why));
	if (connection == NULL)
		return report(ret_report, MIGRATE_UNAVAILABLE, "cannot connect to the database: %s", why);
	struct found found;
	enum migrate_result result = look(connection, &found, ret_report);
	if (result == MIGRATE_DONE && heir != NULL) {
		db_adopt(heir, connection);
		return result;
	}
	struct migrate_report up_to_date = *ret_report;
	bool lost = false;
	if (result == MIGRATE_DONE && purpose == TO_REPAIR) {
		result = look_for_losses(connection, &found, ret_report);
		lost = found.lost != 0;
		if (result == MIGRATE_DONE && !lost)
			*ret_report = up_to_date;
	}
	if ((result == MIGRATE_PENDING && purpose != TO_LOOK) || (result == MIGRATE_DONE && lost)) {
		result = run(connection, TAKE_LOCK, "waiting for another daemon that migrates", ret_report,
			     NULL);
		if (result == MIGRATE_DONE)
			result = lost ? put_back(connection, &found, ret_report)
				      : apply_missing(connection, ret_report);
	}
	connection_close(database, connection); /* gives the lock back, and rolls back what failed */
	return result;
}

enum migrate_result migrate_run(struct database *database, struct db *heir,
				void (*progress)(const char *step), struct migrate_report *ret_report)
{
	return migrate(database, TO_APPLY, heir, progress, ret_report);
}

enum migrate_result migrate_repair(struct database *database, void (*progress)(const char *step),
				   struct migrate_report *ret_report)
{
	return migrate(database, TO_REPAIR, NULL, progress, ret_report);
}

enum migrate_result migrate_check(struct database *database, struct db *heir,
				  struct migrate_report *ret_report)
{
	return migrate(database, TO_LOOK, heir, NULL, ret_report);
}

const char *migrate_functions_checksum(void)
{
	return functions_checksum;
}

int migrate_known(void)
{
	return KNOWN;
}
