/*
 * query - every SQL statement of the daemon, by name.
 *
 * The statements live in sql/queries/<subject>.sql, each under a header line
 *
 *	-- name: appointment_insert one
 *
 * with a shape: `one` (a row or none), `many` (any number of rows), `exec` (no rows). A further
 * `session` says that the statement takes or gives back a lock of the session, and so must not go
 * through a pooler that gives each transaction another one. The
 * build turns them into the table "queries.h" (sql/queries.awk), and this header turns
 * the table into an enum: a statement that does not exist does not compile. `make test`
 * prepares each of them against a freshly migrated database.
 *
 * Pure; safe from any thread.
 */
#ifndef DB_QUERY_H
#define DB_QUERY_H

#include <stdbool.h>
#include <stddef.h>

enum query {
#define QUERY(upper, lower, shape, session, parameters, text) QUERY_##upper,
#include "queries.h"
#undef QUERY
	QUERY_COUNT
};

enum query_shape {
	QUERY_SHAPE_ONE,  /* a row or none; more than one is a mistake */
	QUERY_SHAPE_MANY, /* any number of rows, bounded by a LIMIT of its own */
	QUERY_SHAPE_EXEC  /* no rows are looked at */
};

struct query_entry {
	const char *name; /* as in the .sql file; also the prepared statement's name */
	enum query_shape shape;
	bool session;      /* runs in the session that stays: db.h */
	size_t parameters; /* the highest $n */
	const char *text;
};

/* The entry of `query`, which must be below QUERY_COUNT. Lives as long as the program. */
const struct query_entry *query_entry(enum query query);

#endif
