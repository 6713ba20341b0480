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
	const char *text;
};

static const struct migration migrations[] = {
#define MIGRATION(number, title, sha256, sql)                                                                \
	{.version = (number), .name = (title), .checksum = (sha256), .text = (sql)},
#include "migrations.h"
#undef MIGRATION
	{.version = 0},
};

enum { KNOWN = (int)(sizeof(migrations) / sizeof(migrations[0])) - 1 };

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
	PGresult *result = PQsendQuery(connection, sql) ? connection_answer(connection, 0) : NULL;
	ExecStatusType status = PQresultStatus(result);
	enum migrate_result kind = MIGRATE_DONE;
	if (result == NULL) {
		kind = report(ret_report, MIGRATE_UNAVAILABLE, "%s: the connection to the database ended",
			      what);
	} else if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
		const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
		const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
		/* Shutting down, out of room, a standby: try again later. */
		bool busy = state != NULL && strcmp(state, "55P03") == 0;
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

/* Compare one applied migration with ours of the same version. */
static enum migrate_result check_applied(PGresult *rows, int row, bool applied[KNOWN + 1],
					 struct migrate_report *ret_report)
{
	int version = atoi(PQgetvalue(rows, row, 0));
	if (version > ret_report->found)
		ret_report->found = version;
	if (version < 1 || version > KNOWN)
		return report(ret_report, MIGRATE_REFUSED,
			      "the database has schema version %d, this bookingd knows versions up to %d: "
			      "use a newer bookingd",
			      version, KNOWN);
	const struct migration *ours = &migrations[version - 1];
	if (strcmp(PQgetvalue(rows, row, 1), ours->checksum) != 0)
		return report(ret_report, MIGRATE_REFUSED,
			      "migration %04d_%s differs from the one applied to this database: "
			      "use the bookingd that applied it, or a newer one",
			      version, ours->name);
	applied[version] = true;
	return MIGRATE_DONE;
}

/*
 * Which of our migrations the database has. MIGRATE_DONE when all, MIGRATE_PENDING when some are missing.
 */
static enum migrate_result look(PGconn *connection, bool ret_applied[KNOWN + 1],
				struct migrate_report *ret_report)
{
	PGresult *rows = NULL;
	memset(ret_applied, 0, sizeof(bool[KNOWN + 1]));
	ret_report->found = 0;
	enum migrate_result result =
		run(connection, "SELECT to_regclass('bookingd.schema_migration') IS NOT NULL",
		    "looking for the schema", ret_report, &rows);
	if (result != MIGRATE_DONE)
		return result;
	bool exists = PQgetvalue(rows, 0, 0)[0] == 't';
	PQclear(rows);
	rows = NULL;
	if (exists) {
		result = run(connection,
			     "SELECT version, checksum FROM bookingd.schema_migration ORDER BY version DESC",
			     "reading the schema's version", ret_report, &rows);
		for (int row = 0; result == MIGRATE_DONE && row < PQntuples(rows); row++)
			result = check_applied(rows, row, ret_applied, ret_report);
		PQclear(rows);
		if (result != MIGRATE_DONE)
			return result;
	}
	int missing = 0;
	for (int version = 1; version <= KNOWN; version++)
		missing += !ret_applied[version];
	if (missing > 0)
		return report(ret_report, MIGRATE_PENDING, "%d migration%s to apply: run bookingd migrate",
			      missing, missing == 1 ? "" : "s");
	return report(ret_report, MIGRATE_DONE, "the schema is up to date (version %d)", KNOWN);
}

static enum migrate_result apply(PGconn *connection, const struct migration *migration,
				 struct migrate_report *ret_report)
{
	char what[128];
	char record[512];
	snprintf(what, sizeof(what), "migration %04d_%s", migration->version, migration->name);
	/* Names are [a-z0-9_] and checksums hex: the build made sure. */
	snprintf(record, sizeof(record),
		 "INSERT INTO bookingd.schema_migration (version, name, checksum) VALUES (%d, '%s', '%s'); "
		 "COMMIT",
		 migration->version, migration->name, migration->checksum);
	enum migrate_result result = run(connection, "BEGIN", what, ret_report, NULL);
	if (result == MIGRATE_DONE)
		result = run(connection, migration->text, what, ret_report, NULL);
	if (result == MIGRATE_DONE)
		result = run(connection, record, what, ret_report, NULL);
	return result;
}

/* With the lock held: look again, since another daemon may have been faster, and apply what is missing. */
static enum migrate_result apply_missing(PGconn *connection, struct migrate_report *ret_report)
{
	bool applied[KNOWN + 1] = {false};
	/* CREATE SCHEMA IF NOT EXISTS asks for a right that a schema made beforehand by somebody else does
	 * not need. */
	enum migrate_result result = run(
		connection,
		"DO $$ BEGIN"
		" IF to_regnamespace('bookingd') IS NULL THEN CREATE SCHEMA bookingd; END IF;"
		" IF to_regclass('bookingd.schema_migration') IS NULL THEN"
		"  CREATE TABLE bookingd.schema_migration (version integer PRIMARY KEY, name text NOT NULL,"
		"   checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());"
		" END IF; END $$",
		"creating the schema \"bookingd\"", ret_report, NULL);
	if (result == MIGRATE_DONE)
		result = look(connection, applied, ret_report);
	if (result != MIGRATE_PENDING)
		return result;
	for (int version = 1; version <= KNOWN; version++) {
		if (applied[version])
			continue;
		result = apply(connection, &migrations[version - 1], ret_report);
		if (result != MIGRATE_DONE)
			return result;
		ret_report->applied++;
	}
	return report(ret_report, MIGRATE_DONE, "applied %d migration%s, the schema is at version %d",
		      ret_report->applied, ret_report->applied == 1 ? "" : "s", KNOWN);
}

static enum migrate_result migrate(const char *url, bool look_only, struct migrate_report *ret_report)
{
	*ret_report = (struct migrate_report){.known = KNOWN};
	char why[256];
	PGconn *connection = connection_open(url, 0, why, sizeof(why));
	if (connection == NULL)
		return report(ret_report, MIGRATE_UNAVAILABLE, "cannot connect to the database: %s", why);
	bool applied[KNOWN + 1];
	enum migrate_result result = look(connection, applied, ret_report);
	if (result == MIGRATE_PENDING && !look_only) {
		result = run(connection, TAKE_LOCK, "waiting for another daemon that migrates", ret_report,
			     NULL);
		if (result == MIGRATE_DONE)
			result = apply_missing(connection, ret_report);
	}
	PQfinish(connection); /* gives the lock back, and rolls back what failed */
	return result;
}

enum migrate_result migrate_run(const char *url, struct migrate_report *ret_report)
{
	return migrate(url, false, ret_report);
}

enum migrate_result migrate_check(const char *url, struct migrate_report *ret_report)
{
	return migrate(url, true, ret_report);
}
