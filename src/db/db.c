#include "db/db.h"

#include "base/die.h"
#include "base/instant.h"
#include "connection.h"
#include "parameter.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	SILENCE = 1000,         /* how much longer than its own timeout a server may be silent */
	TRIES = 6,              /* of a statement or transaction that loses races */
	ROWS_MAX = 100000,      /* of one answer */
	IDLE = 10,              /* milliseconds after which a connection may have been closed unnoticed */
	STATEMENTS_FOREIGN = 4, /* statements of db_run_text() on one connection */
};

/* A statement as the present connection knows it. */
struct prepared {
	bool ready;
	size_t parameters;
	Oid *types; /* one a parameter */
};

struct db {
	struct database *database; /* borrowed */
	enum way way;
	bool pooled;        /* the next transaction may get another server process */
	struct db *session; /* where statements of a session run, if pooled; NULL until the first */
	int statement_timeout;
	PGconn *connection;       /* NULL while there is none */
	bool not_connected;       /* the last attempt failed, and db->failure says why */
	int64_t last_answer;      /* of monotonic_ms() */
	const atomic_bool *sound; /* NULL: nobody guards it */
	struct db_misread misread;
	bool serves;    /* requests */
	bool lost_race; /* whether trying the statement again may help */
	struct prepared prepared[QUERY_COUNT + STATEMENTS_FOREIGN];
	const char *foreign[STATEMENTS_FOREIGN]; /* names, in the order of first use */
	struct db_failure failure;
};

/* Out of memory is the end (house rule), so what an allocation returns needs no look elsewhere. */
static void *must(void *memory)
{
	if (memory == NULL)
		die("out of memory");
	return memory;
}

static struct db *open_way(struct database *database, enum way way, int statement_timeout)
{
	struct db *db = must(calloc(1, sizeof(*db)));
	db->database = database;
	db->way = way;
	db->pooled = way == WAY_STATEMENTS && database_is_pooled(database);
	db->statement_timeout = statement_timeout;
	return db;
}

struct db *db_open(struct database *database, int statement_timeout)
{
	return open_way(database, WAY_STATEMENTS, statement_timeout);
}

static void disconnect(struct db *db)
{
	for (size_t i = 0; i < sizeof(db->prepared) / sizeof(db->prepared[0]); i++) {
		free(db->prepared[i].types);
		db->prepared[i] = (struct prepared){.ready = false};
	}
	if (db->connection != NULL && db->serves)
		database_count(db->database, COUNT_SERVING, -1);
	connection_close(db->database, db->connection);
	db->connection = NULL;
}

void db_serve(struct db *db)
{
	db->serves = true;
}

void db_close(struct db *db)
{
	for (struct db *next; db != NULL; db = next) {
		next = db->session;
		disconnect(db);
		free(db);
	}
}

const struct db_failure *db_failure(const struct db *db)
{
	return &db->failure;
}

const char *db_result_name(enum db_result result)
{
	switch (result) {
	case DB_OK:
		return "ok";
	case DB_NONE:
		return "none";
	case DB_DUPLICATE:
		return "duplicate";
	case DB_OVERLAP:
		return "overlap";
	case DB_INVALID:
		return "invalid";
	case DB_RAISED:
		return "raised";
	case DB_BUSY:
		return "busy";
	case DB_UNAVAILABLE:
		return "unavailable";
	case DB_UNKNOWN:
		return "unknown";
	case DB_FAILED:
		return "failed";
	}
	return "";
}

/* ---- failures ---- */

static enum db_result fail(struct db *db, enum db_result result, const char *state, const char *what,
			   const char *message)
{
	db->failure = (struct db_failure){.state = ""};
	snprintf(db->failure.state, sizeof(db->failure.state), "%s", state);
	char line[sizeof(db->failure.detail)];
	connection_message(line, sizeof(line), message);
	int length = snprintf(db->failure.detail, sizeof(db->failure.detail), "%.80s: %s%s", what, state,
			      *state ? " " : "");
	snprintf(db->failure.detail + length, sizeof(db->failure.detail) - (size_t)length, "%s", line);
	return result;
}

enum db_result db_misunderstood(struct db *db, const char *what, const char *value)
{
	return fail(db, DB_FAILED, "", what, value != NULL ? value : "nothing");
}

bool db_misread(struct db *db)
{
	if (db->misread.detail[0] == '\0')
		return false;
	fail(db, DB_FAILED, "", "the schema is not of this release", db->misread.detail);
	db->misread.detail[0] = '\0';
	return true;
}

/* The connection is gone with a statement under way. */
static enum db_result fail_lost(struct db *db, const char *state, const char *what)
{
	const char *message = "the connection ended before the answer";
	if (*state == '\0' && PQstatus(db->connection) == CONNECTION_OK)
		message = "no answer in time, connection given up";
	disconnect(db);
	database_count(db->database, COUNT_LOST, 1);
	return fail(db, DB_UNKNOWN, state, what, message);
}

static bool state_is(const char *state, const char *wanted)
{
	return strncmp(state, wanted, strlen(wanted)) == 0;
}

static enum db_result result_of_state(const char *state)
{
	if (state_is(state, "23505"))
		return DB_DUPLICATE;
	if (state_is(state, "23P01"))
		return DB_OVERLAP;
	if (state_is(state, "23"))
		return DB_INVALID;
	if (state_is(state, "BK"))
		return DB_RAISED;
	/* Lost races, a lock not had, a statement that ran into its timeout. */
	if (state_is(state, "40") || state_is(state, "55P03") || state_is(state, "57014"))
		return DB_BUSY;
	/* No room, not now, or a standby that takes no writes. */
	if (state_is(state, "53") || state_is(state, "25006"))
		return DB_UNAVAILABLE;
	return DB_FAILED;
}

/* The server said no. */
static enum db_result fail_server(struct db *db, const PGresult *result, const char *what)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
	if (state == NULL)
		state = "";
	/* A server that shuts down may say so after it has committed. */
	if (PQstatus(db->connection) != CONNECTION_OK || state_is(state, "57P") || state_is(state, "25P03"))
		return fail_lost(db, state, what);
	/* A statement that this connection has prepared is another's, or is gone. */
	bool mixed_up = state_is(state, "42P05") || state_is(state, "26000");
	if (mixed_up)
		message = POOLER_REMEDY;
	/* "invalid input syntax for type uuid: "…"" and its like quote the value. */
	if (message == NULL || state_is(state, "22"))
		message = "(the message is left out, it may quote a value)";
	enum db_result kind = fail(db, result_of_state(state), state, what, message);
	snprintf(db->failure.constraint, sizeof(db->failure.constraint), "%s", constraint ? constraint : "");
	db->lost_race = state_is(state, "40001") || state_is(state, "40P01");
	if (kind == DB_FAILED || kind == DB_UNAVAILABLE)
		database_count(db->database, COUNT_FAILED, 1);
	/* The schema changed under a prepared plan, or somebody forgot our statements: start afresh. */
	if (state_is(state, "0A000") || mixed_up) {
		disconnect(db);
		db->lost_race = true;
		return DB_BUSY;
	}
	/* Look for a server that takes writes, should the URL name several. */
	if (state_is(state, "25006"))
		disconnect(db);
	return kind;
}

/* ---- the guard ---- */

void db_guard(struct db *db, const atomic_bool *sound)
{
	db->sound = sound;
}

bool db_may_book(struct db *db)
{
	if (db->sound == NULL || atomic_load_explicit(db->sound, memory_order_acquire))
		return true;
	fail(db, DB_UNAVAILABLE, "", "booking is stopped", "the schema is not sound");
	return false;
}

/* ---- connecting ---- */

enum db_result db_connect(struct db *db)
{
	if (db->connection != NULL) {
		if (connection_is_current(db->database, db->way, db->connection) &&
		    (monotonic_ms() - db->last_answer < IDLE || connection_alive(db->connection)))
			return DB_OK;
		disconnect(db);
	}
	char why[sizeof(db->failure.detail)];
	db->connection = connection_open(db->database, db->way, db->statement_timeout, why, sizeof(why));
	db->not_connected = db->connection == NULL;
	if (db->connection != NULL) {
		database_count(db->database, COUNT_SERVING, db->serves);
		return DB_OK;
	}
	return fail(db, DB_UNAVAILABLE, "", "connect", why);
}

static enum db_result connect_if_due(struct db *db)
{
	/* Who waits for a silent server waits for nothing: one waits for all. */
	if (database_is_silent(db->database))
		return fail(db, DB_UNAVAILABLE, "", "connect", "the server is silent");
	if (db->connection == NULL && database_pauses(db->database, db->way))
		return db->not_connected
			       ? DB_UNAVAILABLE /* the failure told stays that of the last attempt */
			       : fail(db, DB_UNAVAILABLE, "", "connect", "another could not a moment ago");
	return db_connect(db);
}

bool db_usable(struct db *db)
{
	return (db->connection == NULL && !db->not_connected) || connect_if_due(db) == DB_OK;
}

/* ---- statements ---- */

static int64_t answer_deadline(const struct db *db)
{
	return db->statement_timeout > 0 ? monotonic_ms() + db->statement_timeout + SILENCE : 0;
}

/* What came of an answer, which is handed on. */
static PGresult *heard(struct db *db, PGresult *result)
{
	db->last_answer = monotonic_ms();
	if (result != NULL)
		database_heard(db->database);
	return result;
}

static PGresult *answer(struct db *db, int sent)
{
	return sent ? heard(db, connection_answer(db->connection, db->database, answer_deadline(db))) : NULL;
}

/*
 * Through a pooler what a statement needs of its session goes along with it, in the transaction that all
 * statements up to one synchronisation are. False: it could not be sent.
 */
static bool pipeline_begin(struct db *db)
{
	char setup[CONNECTION_SETUP];
	connection_setup_local(db->statement_timeout, setup);
	return PQenterPipelineMode(db->connection) == 1 &&
	       PQsendQueryParams(db->connection, setup, 0, NULL, NULL, NULL, NULL, 0) == 1;
}

static PGresult *pipeline_answer(struct db *db, bool sent)
{
	if (!sent || PQpipelineSync(db->connection) != 1)
		return NULL;
	return heard(db, connection_pipeline_answer(db->connection, db->database, answer_deadline(db)));
}

void db_adopt(struct db *db, PGconn *connection)
{
	disconnect(db);
	db->connection = connection;
	database_count(db->database, COUNT_SERVING, db->serves);
	char sql[64];
	snprintf(sql, sizeof(sql), "SET statement_timeout = %d", db->statement_timeout);
	PGresult *result = db->pooled ? NULL : answer(db, PQsendQuery(connection, sql));
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		disconnect(db); /* the next statement connects */
	PQclear(result);
}

/* What prepare-time failures mean: nothing has been done, whatever else they say. */
static enum db_result before_anything(enum db_result result)
{
	return result == DB_UNKNOWN ? DB_UNAVAILABLE : result;
}

/* Prepare under `name` and describe it. The last answer, or the first that is not good. */
static PGresult *prepare_and_describe(struct db *db, const char *name, const char *text)
{
	PGresult *result = answer(db, PQsendPrepare(db->connection, name, text, 0, NULL));
	if (PQresultStatus(result) == PGRES_COMMAND_OK) {
		PQclear(result);
		result = answer(db, PQsendDescribePrepared(db->connection, name));
	}
	return result;
}

/* The same without a name, which is gone with the next statement: only to learn the types. */
static PGresult *describe_pooled(struct db *db, const char *text)
{
	bool sent = pipeline_begin(db) && PQsendPrepare(db->connection, "", text, 0, NULL) == 1 &&
		    PQsendDescribePrepared(db->connection, "") == 1;
	return pipeline_answer(db, sent);
}

/*
 * Prepare on this connection, and learn the types the server takes the parameters for: so a value is sent
 * in binary only as what the server reads it as.
 */
static enum db_result prepare(struct db *db, struct prepared *prepared, const char *name, const char *text)
{
	PGresult *result = db->pooled ? describe_pooled(db, text) : prepare_and_describe(db, name, text);
	enum db_result kind = DB_OK;
	if (result == NULL) {
		kind = before_anything(fail_lost(db, "", name));
	} else if (PQresultStatus(result) != PGRES_COMMAND_OK) {
		kind = before_anything(fail_server(db, result, name));
	} else {
		prepared->parameters = (size_t)PQnparams(result);
		prepared->types = must(calloc(prepared->parameters + 1, sizeof(*prepared->types)));
		for (size_t i = 0; i < prepared->parameters; i++)
			prepared->types[i] = PQparamtype(result, (int)i);
		prepared->ready = true;
	}
	PQclear(result);
	return kind;
}

/* Look at an answer and hand it over. */
static enum db_result take(struct db *db, PGresult *result, const char *name, enum query_shape shape,
			   struct db_rows *ret_rows)
{
	if (result == NULL)
		return fail_lost(db, "", name);
	ExecStatusType status = PQresultStatus(result);
	enum db_result kind = DB_OK;
	size_t count = (size_t)PQntuples(result);
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		kind = fail_server(db, result, name);
	else if (shape == QUERY_SHAPE_EXEC)
		count = (size_t)strtoul(PQcmdTuples(result), NULL, 10);
	else if (shape == QUERY_SHAPE_ONE && count > 1)
		kind = fail(db, DB_FAILED, "", name, "more than one row where at most one was expected");
	else if (count > ROWS_MAX)
		kind = fail(db, DB_FAILED, "", name, "the answer has too many rows");
	else if (shape == QUERY_SHAPE_ONE && count == 0)
		kind = DB_NONE;
	if (kind != DB_OK || ret_rows == NULL || shape == QUERY_SHAPE_EXEC) {
		PQclear(result);
		result = NULL;
	}
	if (kind == DB_OK && ret_rows != NULL)
		*ret_rows = (struct db_rows){.misread = &db->misread, .result = result, .count = count};
	return kind;
}

struct statement {
	const char *name;
	const char *text;
	enum query_shape shape;
	size_t slot;   /* of db->prepared */
	int in_binary; /* the answer's format, as libpq wants it */
};

/* Send a statement whose types are known, and wait for its answer. */
static PGresult *ask(struct db *db, const struct statement *statement, const struct prepared *prepared,
		     const struct parameters *wire, int count)
{
	if (!db->pooled)
		return answer(db, PQsendQueryPrepared(db->connection, statement->name, count, wire->values,
						      wire->lengths, wire->formats, statement->in_binary));
	bool sent = pipeline_begin(db) &&
		    PQsendQueryParams(db->connection, statement->text, count, prepared->types, wire->values,
				      wire->lengths, wire->formats, statement->in_binary) == 1;
	return pipeline_answer(db, sent);
}

static enum db_result run_once(struct db *db, const struct statement *statement,
			       const struct db_value parameters[], size_t count, struct db_rows *ret_rows)
{
	struct prepared *prepared = &db->prepared[statement->slot];
	if (!prepared->ready) {
		enum db_result result = prepare(db, prepared, statement->name, statement->text);
		if (result != DB_OK)
			return result;
	}
	if (prepared->parameters != count || count > PARAMETERS_MAX)
		return fail(db, DB_FAILED, "", statement->name, "called with a wrong number of parameters");
	struct parameters wire;
	size_t wrong = parameters_encode(&wire, parameters, prepared->types, count);
	if (wrong > 0) {
		char message[64];
		snprintf(message, sizeof(message), "the value of $%zu is not of its type", wrong);
		return fail(db, DB_FAILED, "", statement->name, message);
	}
	return take(db, ask(db, statement, prepared, &wire, (int)count), statement->name, statement->shape,
		    ret_rows);
}

/* Let the others go first: 1 to 8 ms, longer with each try, not the same for everybody. */
static void step_back(int tries)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	long nanoseconds = 1000000L * tries + now.tv_nsec % (1000000L * tries);
	nanosleep(&(struct timespec){.tv_nsec = nanoseconds}, NULL);
}

/*
 * What a statement of ours names is there, or the schema was changed under us, or a pooler gave it a session
 * that has not our search path: say which it may be, and have the guard look.
 */
static void note_loss(struct db *db)
{
	static const char *const gone[] = {"42P01", "42883", "3F000", "42703", "42704", "42P10"};
	struct db_failure *failure = &db->failure;
	const char *remedy = strcmp(failure->state, "42501") == 0
				     ? "let the schema's owner run what bookingd grants prints"
				     : NULL;
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		if (strcmp(failure->state, gone[i]) == 0)
			remedy = database_is_pooled(db->database)
					 ? "the schema was changed (bookingd migrate)"
					 : "the schema was changed (bookingd migrate), or a pooler in "
					   "transaction mode is between (DATABASE_DIRECT_URL)";
	/* must_be_apart() says 53000 of a constraint that is gone. */
	if (remedy != NULL || strcmp(failure->state, "53000") == 0)
		database_doubt(db->database);
	if (remedy == NULL)
		return;
	failure->lost = true;
	const size_t length = strlen(failure->detail);
	const size_t end = sizeof(failure->detail) - strlen(remedy) - 3;
	snprintf(failure->detail + (length < end ? length : end), strlen(remedy) + 3, "; %s", remedy);
}

static enum db_result run(struct db *db, const struct statement *statement,
			  const struct db_value parameters[], size_t count, struct db_rows *ret_rows)
{
	if (ret_rows != NULL)
		db_rows_clear(ret_rows);
	for (int tries = 1;; tries++) {
		enum db_result result = connect_if_due(db);
		if (result == DB_OK) {
			db->lost_race = false;
			result = run_once(db, statement, parameters, count, ret_rows);
			if (statement->slot < QUERY_COUNT &&
			    (result == DB_FAILED || result == DB_UNAVAILABLE))
				note_loss(db);
		}
		if (result != DB_BUSY || !db->lost_race || tries == TRIES)
			return result;
		step_back(tries);
	}
}

/* Over a connection of its own, which no pooler hands on. */
static enum db_result run_in_session(struct db *db, const struct statement *statement,
				     const struct db_value parameters[], size_t count,
				     struct db_rows *ret_rows)
{
	if (db->session == NULL)
		db->session = open_way(db->database, WAY_SESSION, db->statement_timeout);
	enum db_result result = run(db->session, statement, parameters, count, ret_rows);
	db->failure = db->session->failure;
	if (ret_rows != NULL && result == DB_OK)
		ret_rows->misread = &db->misread;
	return result;
}

enum db_result db_run(struct db *db, enum query query, const struct db_value parameters[], size_t count,
		      struct db_rows *ret_rows)
{
	const struct query_entry *entry = query_entry(query);
	struct statement statement = {.name = entry->name,
				      .text = entry->text,
				      .shape = entry->shape,
				      .slot = (size_t)query,
				      .in_binary = 1};
	if (db->pooled && entry->session)
		return run_in_session(db, &statement, parameters, count, ret_rows);
	return run(db, &statement, parameters, count, ret_rows);
}

enum db_result db_run_text(struct db *db, const char *name, const char *text,
			   const struct db_value parameters[], size_t count, struct db_rows *ret_rows)
{
	size_t slot = 0;
	while (slot < STATEMENTS_FOREIGN && db->foreign[slot] != NULL && strcmp(db->foreign[slot], name) != 0)
		slot++;
	die_unless(slot < STATEMENTS_FOREIGN);
	db->foreign[slot] = name;
	struct statement statement = {.name = name,
				      .text = text,
				      .shape = QUERY_SHAPE_MANY,
				      .slot = QUERY_COUNT + slot,
				      .in_binary = 0};
	return run(db, &statement, parameters, count, ret_rows);
}
