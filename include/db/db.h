/*
 * db - one connection to PostgreSQL: run named statements, each a transaction of its own, and read rows.
 *
 * A `struct db` belongs to one thread. It connects when first needed, and again when the connection was lost
 * or leads to a host that is no longer the one that answers; and it prepares each statement of query.h the
 * first time a connection uses it. After a failure all connections of a database together try once in 100 ms,
 * the others answer DB_UNAVAILABLE at once, until one has connected.
 *
 * Every call that talks to the server blocks, but never without end: connecting takes at
 * most 3 s, a statement at most the connection's statement timeout, which the server keeps;
 * a server that is silent for a second more is given up. This layer never logs; what an
 * operator should read is in db_failure(), which never holds parameter values.
 *
 * Where the database is silent (db/database.h) every call ends within about a second with DB_UNAVAILABLE or
 * DB_UNKNOWN, and at once if another connection has found that out.
 *
 * Through a pooler in transaction mode nothing is left in a session: statements have no names there, and what
 * they need set goes along with each. Those that lock something in the session (query.h) run over a second
 * connection, the direct way.
 *
 * The schema "bookingd" comes first in the search path, then what the database's role has,
 * so our tables and a platform's own may share a database. The session's zone is UTC.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/instant.h"
#include "base/uuid.h"
#include "db/database.h"
#include "db/query.h"

enum db_result {
	DB_OK,        /* done; a `one` statement has its row */
	DB_NONE,      /* done; a `one` statement found no row */
	DB_DUPLICATE, /* a unique constraint said no (23505), see failure->constraint */
	DB_OVERLAP,   /* an exclusion constraint said no (23P01) */
	DB_INVALID,   /* a check, foreign key or not-null constraint said no (class 23) */
	DB_RAISED,    /* a function of ours raised a state of class BK, see failure->state */
	DB_BUSY, /* deadlocks, lost serialization races or a timeout, after all retries; nothing was done */
	DB_UNAVAILABLE, /* the server cannot be reached or takes no writes; nothing was done */
	DB_UNKNOWN,     /* the connection ended before the answer: done or not, nobody knows */
	DB_FAILED       /* anything else: a mistake in a statement, in the schema, or of ours */
};

/* Why the last call of a `struct db` did not return DB_OK or DB_NONE. */
struct db_failure {
	char state[6];       /* SQLSTATE, "" when the server did not answer */
	char constraint[64]; /* the constraint's name, or "" */
	char detail[256];    /* one line for the operator's log: statement, state, the server's message */
	/* What the statement names is not there, or not for this role; nothing was done, and detail has a
	 * remedy. */
	bool lost;
};

struct db;

/* What is wrong when prepared statements and notifications get lost between two statements. */
#define POOLER_REMEDY                                                                                        \
	"a pooler in transaction mode stands between bookingd and PostgreSQL: name PostgreSQL itself in "    \
	"DATABASE_DIRECT_URL, or use the pooler's session mode"

/* And when they do so although there is a direct way. */
#define DIRECT_REMEDY                                                                                        \
	"what is said through DATABASE_URL is not heard through DATABASE_DIRECT_URL: the second must name "  \
	"PostgreSQL itself, and the same database as the first"

/* What a statement came to must be looked at. */
#define MUST_USE __attribute__((warn_unused_result))

/*
 * Make a connection that is not connected yet. Does not block, does not fail.
 *
 * database           where to; borrowed for as long as the connection.
 * statement_timeout  milliseconds a statement may take, 0 for no limit (migrations).
 */
struct db *db_open(struct database *database, int statement_timeout);

/* Requests are worked on over it: db/database.h counts its connection as one that serves. */
void db_serve(struct db *db);

/* End the connection and free it. NULL is fine. */
void db_close(struct db *db);

/*
 * From now on what takes a coach's time (db/appointments.h) is answered DB_UNAVAILABLE on this connection
 * while `sound`, which is borrowed, is false: see db/schema_guard.h.
 */
void db_guard(struct db *db, const atomic_bool *sound);

/* Whether a coach's time may be taken now; if not, db_failure() says so. True without a guard. */
bool db_may_book(struct db *db);

/*
 * Connect now if not connected, whatever the pause after a failure says.
 * Returns DB_OK or DB_UNAVAILABLE.
 */
enum db_result db_connect(struct db *db);

/*
 * Whether statements may be expected to reach the server: there is a connection, or none was needed yet.
 * Without one it tries again, where the pause after the last failure has passed.
 */
bool db_usable(struct db *db);

/* Why the last call failed. Borrowed, and true until the next call on `db`. */
const struct db_failure *db_failure(const struct db *db);

/*
 * The server answered something that the caller does not know: a row or a word of a newer schema. Tells so in
 * db_failure(), names the value (NULL: none) and returns DB_FAILED. What the statement did stands. `value`
 * must hold nothing personal.
 */
enum db_result db_misunderstood(struct db *db, const char *what, const char *value);

/* ---- parameters ---- */

enum db_kind {
	DB_KIND_NULL,
	DB_KIND_TEXT,
	DB_KIND_INT,
	DB_KIND_BOOL,
	DB_KIND_INSTANT,
	DB_KIND_UUID,
	DB_KIND_BYTES
};

/* A parameter; pointers are borrowed until the statement returns. Made by the functions below. */
struct db_value {
	enum db_kind kind;
	size_t length; /* of `bytes` */
	union {
		const char *text;
		const void *bytes;
		int64_t number;
	};
};

/* No value. */
static inline struct db_value db_null(void)
{
	return (struct db_value){.kind = DB_KIND_NULL};
}

/* Text in UTF-8, or the text form of any other type (date, json, enum, interval). NULL becomes no value. */
static inline struct db_value db_text(const char *text)
{
	return (struct db_value){.kind = text ? DB_KIND_TEXT : DB_KIND_NULL, .text = text};
}

/* A JSON text for a json or jsonb parameter. NULL becomes no value. */
static inline struct db_value db_json(const char *json)
{
	return db_text(json);
}

/* An integer; for an int2 or int4 parameter it must fit, or the statement fails. */
static inline struct db_value db_int(int64_t number)
{
	return (struct db_value){.kind = DB_KIND_INT, .number = number};
}

static inline struct db_value db_bool(bool truth)
{
	return (struct db_value){.kind = DB_KIND_BOOL, .number = truth};
}

/* An instant for a timestamptz parameter. */
static inline struct db_value db_instant(instant when)
{
	return (struct db_value){.kind = DB_KIND_INSTANT, .number = when};
}

/* A UUID in its usual text form (36 characters); another text fails the statement. NULL becomes no value. */
static inline struct db_value db_uuid(const char *uuid)
{
	return (struct db_value){.kind = uuid ? DB_KIND_UUID : DB_KIND_NULL, .text = uuid};
}

/* Bytes for a bytea parameter. */
static inline struct db_value db_bytes(const void *bytes, size_t length)
{
	return (struct db_value){.kind = DB_KIND_BYTES, .length = length, .bytes = bytes};
}

/* Parameters and their count, for the calls below: DB_PARAMETERS(db_text(id), db_int(5)). */
#define DB_PARAMETERS(...)                                                                                   \
	(const struct db_value[]){__VA_ARGS__},                                                              \
		(sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value))
#define DB_NO_PARAMETERS NULL, 0

/* ---- running statements ---- */

/* What was read as what it is not, "" if nothing was. */
struct db_misread {
	char detail[96];
};

/* Rows of an answer; empty when zeroed. Declare with `DB_ROWS`, and they are cleared with the scope. */
struct db_rows {
	struct db_misread *misread; /* of the connection whose answer it is */
	void *result;               /* libpq's, owned */
	size_t count;               /* of an `exec` statement: how many rows it changed; none can be read */
};

/*
 * Run a named statement.
 *
 * count     must be what the statement takes; otherwise DB_FAILED and it is not run.
 * ret_rows  receives the rows with DB_OK, and is emptied first in any case; to be cleared by
 *           db_rows_clear(). May be NULL when the rows do not matter.
 *
 * A statement is a transaction of its own: lost races and deadlocks are tried again up to 5
 * times before DB_BUSY. A `many` answer of more than 100,000 rows is DB_FAILED.
 */
MUST_USE enum db_result db_run(struct db *db, enum query query, const struct db_value parameters[],
			       size_t count, struct db_rows *ret_rows);

/*
 * Run a statement that is not ours, such as an operator's AUTH_SESSION_QUERY: prepared under
 * `name` on first use (same name, same text, always), any number of rows. Else as db_run().
 */
MUST_USE enum db_result db_run_text(struct db *db, const char *name, const char *text,
				    const struct db_value parameters[], size_t count,
				    struct db_rows *ret_rows);

/* A short name for the result ("unavailable"), for logs and metrics; lives as long as the program. */
const char *db_result_name(enum db_result result);

/* The version of libpq at run time, such as "15.8". Static text. */
const char *db_library_version(void);

/* ---- reading rows ----
 *
 * row < rows->count; column counts from 0 in the order of the statement's list. A column that is not what it
 * is read as, or is not there, gives 0, false, "" or no value, and is noted until db_misread() is asked, as
 * stdio notes for ferror(): the schema may be another than this program knows. What is returned by pointer is
 * borrowed until the rows are cleared.
 */

/*
 * Whether anything was misread on this connection since this was last asked: then what came of it is not to
 * be used, and db_failure() says what it was, as after DB_FAILED.
 */
MUST_USE bool db_misread(struct db *db);

#define DB_ROWS __attribute__((cleanup(db_rows_clear))) struct db_rows

void db_rows_clear(struct db_rows *rows);

bool db_is_null(const struct db_rows *rows, size_t row, size_t column);

/*
 * text, varchar, name, enum, json, jsonb; NULL where the value is null.
 * In answers of db_run_text(), which come as text, a column of any type.
 */
const char *db_get_text(const struct db_rows *rows, size_t row, size_t column);

/* The same, copied to `mem`. */
char *db_copy_text(const struct db_rows *rows, size_t row, size_t column, struct arena *mem);

/* int2, int4, int8; 0 where the value is null. */
int64_t db_get_int(const struct db_rows *rows, size_t row, size_t column);

/* bool; false where the value is null. */
bool db_get_bool(const struct db_rows *rows, size_t row, size_t column);

/*
 * timestamptz, to the second below; 0 where the value is null.
 * Cut to INSTANT_MIN .. INSTANT_MAX, so infinity is INSTANT_MAX.
 */
instant db_get_instant(const struct db_rows *rows, size_t row, size_t column);

/* A uuid; all zeros where the value is null. */
struct uuid db_get_uuid_bytes(const struct db_rows *rows, size_t row, size_t column);

/* The same in lower-case text form; "" where the value is null. */
void db_get_uuid(const struct db_rows *rows, size_t row, size_t column, char ret_uuid[static 37]);

/* bytea; NULL and length 0 where the value is null. */
const void *db_get_bytes(const struct db_rows *rows, size_t row, size_t column, size_t *ret_length);

/*
 * A value of a row type, taken apart: `select appointment from appointment` has one column. Fields count from
 * 0 in the order of the type; reading one as what it is not is noted, as above. Texts are copied, since the
 * server sends them without an end.
 */
enum { DB_FIELDS_MAX = 96 };

struct db_field {
	struct db_misread *misread;
	const char *bytes; /* NULL: null */
	int length;
	unsigned type;
	size_t place; /* among the columns, or the fields */
};

struct db_record {
	struct db_misread *misread;
	size_t count;
	struct db_field fields[DB_FIELDS_MAX];
};

/* False if the value is null, or all its fields are. Borrowed from the rows. */
bool db_get_record(const struct db_rows *rows, size_t row, size_t column, struct db_record *ret_record);

bool db_field_is_null(const struct db_record *record, size_t field);
char *db_field_text(const struct db_record *record, size_t field, struct arena *mem);
int64_t db_field_int(const struct db_record *record, size_t field);
bool db_field_bool(const struct db_record *record, size_t field);
instant db_field_instant(const struct db_record *record, size_t field);
struct uuid db_field_uuid(const struct db_record *record, size_t field);

/* The place of the column called `name`, or -1: for statements that are not ours. */
int db_column(const struct db_rows *rows, const char *name);

#endif
