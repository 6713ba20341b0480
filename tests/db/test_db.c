/* It is over 600 lines: one table of statements and one proxy serve every test. */
/*
 * The database layer against a real PostgreSQL, with statements of its own (statements.sql). DATABASE_URL
 * names a database that it may do anything with; its schema "bookingd" is dropped.
 */
#include "db/db.h"
#include "db/listen.h"
#include "proxy.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const char *url;
static struct db *db;

/* As many as there are tests that open one; freed at the end. */
static struct database *databases[64];
static atomic_size_t database_count_opened;

static struct db *open_at(const char *where, int statement_timeout)
{
	struct database *database = database_new(where, NULL);
	databases[atomic_fetch_add(&database_count_opened, 1)] = database;
	return db_open(database, statement_timeout);
}

static void free_databases(void)
{
	for (size_t i = 0; i < database_count_opened; i++)
		database_free(databases[i]);
}

static void must(PGconn *connection, const char *sql)
{
	PGresult *result = PQexec(connection, sql);
	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s", PQerrorMessage(connection));
	PQclear(result);
}

static int setup(void **state)
{
	(void)state;
	static char sql[4096];
	FILE *file = fopen("tests/db/setup.sql", "r");
	assert_non_null(file);
	sql[fread(sql, 1, sizeof(sql) - 1, file)] = '\0';
	fclose(file);
	PGconn *connection = PQconnectdb(url);
	must(connection, "SET client_min_messages = error");
	must(connection, sql);
	PQfinish(connection);
	db = open_at(url, 5000);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(db);
	return 0;
}

#define assert_result(actual, expected)                                                                      \
	do {                                                                                                 \
		enum db_result got = (actual);                                                               \
		if (got != (expected))                                                                       \
			fail_msg("%s, expected %s: %s", db_result_name(got), db_result_name(expected),       \
				 db_failure(db)->detail);                                                    \
	} while (0)

static int64_t count_of(struct db *of)
{
	DB_ROWS rows = {0};
	assert_int_equal(db_run(of, QUERY_THING_COUNT, DB_NO_PARAMETERS, &rows), DB_OK);
	return db_get_int(&rows, 0, 0);
}

static enum db_result add(struct db *to, int64_t id)
{
	return db_run(to, QUERY_THING_ADD, DB_PARAMETERS(db_int(id), db_int(1)), NULL);
}

static int64_t milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void nap(int ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

/* The backend of a connection. */
static int64_t backend_of(struct db *of)
{
	DB_ROWS rows = {0};
	assert_int_equal(db_run(of, QUERY_SESSION, DB_NO_PARAMETERS, &rows), DB_OK);
	return db_get_int(&rows, 0, 4);
}

/* Returns once it is gone, and its connection has been idle for so long that it is looked at before it is
 * used. */
static void terminate(int64_t backend)
{
	enum { LOOKED_AT_MS = 20 };
	struct db *other = open_at(url, 5000);
	assert_int_equal(db_run(other, QUERY_TERMINATE, DB_PARAMETERS(db_int(backend)), NULL), DB_OK);
	db_close(other);
	nap(LOOKED_AT_MS);
}

/* ---- values ---- */

static void test_every_type_comes_back_as_it_went(void **state)
{
	(void)state;
	const unsigned char bytes[] = {0, 1, 255, '\\'};
	DB_ROWS rows = {0};
	assert_result(
		db_run(db, QUERY_TYPES,
		       DB_PARAMETERS(db_int(-32768), db_int(INT32_MIN), db_int(INT64_MIN), db_bool(true),
				     db_text("näh 'x' \\"), db_uuid("01234567-89ab-CDEF-0123-456789abcdef"),
				     db_instant(1795528800), db_bytes(bytes, sizeof(bytes)),
				     db_json("{ \"a\": 1}"), db_json("{\"b\":2}"), db_text("hurried"),
				     db_text("2026-11-24")),
		       &rows),
		DB_OK);
	assert_int_equal(rows.count, 1);
	assert_int_equal(db_get_int(&rows, 0, 0), -32768);
	assert_int_equal(db_get_int(&rows, 0, 1), INT32_MIN);
	assert_true(db_get_int(&rows, 0, 2) == INT64_MIN);
	assert_true(db_get_bool(&rows, 0, 3));
	assert_string_equal(db_get_text(&rows, 0, 4), "näh 'x' \\");
	char uuid[37];
	db_get_uuid(&rows, 0, 5, uuid);
	assert_string_equal(uuid, "01234567-89ab-cdef-0123-456789abcdef");
	assert_int_equal(db_get_instant(&rows, 0, 6), 1795528800);
	size_t length;
	const void *read = db_get_bytes(&rows, 0, 7, &length);
	assert_int_equal(length, sizeof(bytes));
	assert_memory_equal(read, bytes, sizeof(bytes));
	assert_string_equal(db_get_text(&rows, 0, 8), "{ \"a\": 1}");
	assert_string_equal(db_get_text(&rows, 0, 9), "{\"b\": 2}");
	assert_string_equal(db_get_text(&rows, 0, 10), "hurried");
	assert_string_equal(db_get_text(&rows, 0, 11), "2026-11-24");
}

static void test_a_row_in_one_value_comes_back_as_it_went(void **state)
{
	(void)state;
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	DB_ROWS rows = {0};
	struct db_record record;
	const char *id = "0f8fad5b-d9cb-469f-a165-70867728950e";
	assert_result(db_run(db, QUERY_RECORDS,
			     DB_PARAMETERS(db_int(-7), db_int(INT64_C(1) << 40), db_text("Zo\xc3\xab"),
					   db_uuid(id), db_instant(1795528800)),
			     &rows),
		      DB_OK);
	assert_true(db_get_record(&rows, 0, 0, &record));
	assert_int_equal(record.count, 8);
	assert_int_equal(db_field_int(&record, 0), -7);
	assert_true(db_field_int(&record, 1) == INT64_C(1) << 40);
	assert_true(db_field_bool(&record, 2));
	assert_string_equal(db_field_text(&record, 3, &mem), "Zo\xc3\xab");
	char text[UUID_TEXT_SIZE];
	uuid_format(db_field_uuid(&record, 4), text);
	assert_string_equal(text, id);
	assert_int_equal(db_field_instant(&record, 5), 1795528800);
	assert_string_equal(db_field_text(&record, 6, &mem), "hurried");
	assert_string_equal(db_field_text(&record, 7, &mem), "");
	assert_false(db_field_is_null(&record, 7));

	assert_true(db_get_record(&rows, 0, 1, &record));
	assert_int_equal(db_field_int(&record, 0), 1);
	assert_true(db_field_is_null(&record, 1));
	assert_int_equal(db_field_int(&record, 1), 0);
	assert_false(db_field_bool(&record, 2));
	assert_string_equal(db_field_text(&record, 3, &mem), "x");
	assert_int_equal(db_field_instant(&record, 5), 0);
	assert_null(db_field_text(&record, 7, &mem));

	assert_false(db_get_record(&rows, 0, 2, &record));
	assert_false(db_get_record(&rows, 0, 3, &record));
}

static void test_no_value_stays_no_value(void **state)
{
	(void)state;
	struct db_value none = db_null();
	DB_ROWS rows = {0};
	assert_result(db_run(db, QUERY_TYPES,
			     DB_PARAMETERS(none, none, none, none, db_text(NULL), db_uuid(NULL), none, none,
					   db_json(NULL), none, none, none),
			     &rows),
		      DB_OK);
	for (size_t column = 0; column < 12; column++)
		assert_true(db_is_null(&rows, 0, column));
	assert_int_equal(db_get_int(&rows, 0, 0), 0);
	assert_false(db_get_bool(&rows, 0, 3));
	assert_null(db_get_text(&rows, 0, 4));
	char uuid[37] = "x";
	db_get_uuid(&rows, 0, 5, uuid);
	assert_string_equal(uuid, "");
	assert_int_equal(db_get_instant(&rows, 0, 6), 0);
	size_t length = 1;
	assert_null(db_get_bytes(&rows, 0, 7, &length));
	assert_int_equal(length, 0);
}

static void test_empty_bytes_are_not_null(void **state)
{
	(void)state;
	struct db_value none = db_null();
	DB_ROWS rows = {0};
	assert_result(db_run(db, QUERY_TYPES,
			     DB_PARAMETERS(none, none, none, none, db_text(""), none, none, db_bytes(NULL, 0),
					   none, none, none, none),
			     &rows),
		      DB_OK);
	assert_false(db_is_null(&rows, 0, 7));
	assert_string_equal(db_get_text(&rows, 0, 4), "");
}

static void test_instants_are_cut_to_seconds_and_to_our_range(void **state)
{
	(void)state;
	DB_ROWS rows = {0};
	assert_result(db_run(db, QUERY_INFINITIES, DB_NO_PARAMETERS, &rows), DB_OK);
	assert_true(db_get_instant(&rows, 0, 0) == INSTANT_MAX);
	assert_true(db_get_instant(&rows, 0, 1) == INSTANT_MIN);
	assert_int_equal(db_get_instant(&rows, 0, 2), 946684799);
	assert_int_equal(db_get_instant(&rows, 0, 3), 1795528800);
}

static void test_values_for_text_parameters_are_written_as_text(void **state)
{
	(void)state;
	DB_ROWS rows = {0};
	assert_result(db_run(db, QUERY_AS_TEXT,
			     DB_PARAMETERS(db_int(-7), db_bool(false), db_instant(1795528800),
					   db_uuid("01234567-89ab-cdef-0123-456789abcdef"), db_int(41)),
			     &rows),
		      DB_OK);
	assert_string_equal(db_get_text(&rows, 0, 0), "-7");
	assert_string_equal(db_get_text(&rows, 0, 1), "false");
	assert_string_equal(db_get_text(&rows, 0, 2), "2026-11-24T14:00:00Z");
	assert_string_equal(db_get_text(&rows, 0, 3), "01234567-89ab-cdef-0123-456789abcdef");
	assert_string_equal(db_get_text(&rows, 0, 4), "42");
}

static void test_a_value_out_of_its_type_fails_and_runs_nothing(void **state)
{
	(void)state;
	assert_result(db_run(db, QUERY_THING_ADD, DB_PARAMETERS(db_int(INT64_C(1) << 31), db_int(1)), NULL),
		      DB_FAILED);
	struct db_value none = db_null();
	assert_result(db_run(db, QUERY_TYPES,
			     DB_PARAMETERS(none, none, none, none, none, db_uuid("not-a-uuid"), none, none,
					   none, none, none, none),
			     NULL),
		      DB_FAILED);
	assert_result(db_run(db, QUERY_TYPES,
			     DB_PARAMETERS(none, none, none, none, none, none, db_instant(INSTANT_MAX + 1),
					   none, none, none, none, none),
			     NULL),
		      DB_FAILED);
	assert_int_equal(count_of(db), 0);
}

static void test_a_wrong_number_of_parameters_fails(void **state)
{
	(void)state;
	assert_result(db_run(db, QUERY_THING_ADD, DB_PARAMETERS(db_int(1)), NULL), DB_FAILED);
	assert_result(db_run(db, QUERY_THING_COUNT, DB_PARAMETERS(db_int(1)), NULL), DB_FAILED);
	assert_result(add(db, 1), DB_OK);
}

/* ---- shapes ---- */

static void test_shapes_are_kept(void **state)
{
	(void)state;
	DB_ROWS rows = {0};
	assert_result(db_run(db, QUERY_SERIES_AS_ONE, DB_PARAMETERS(db_int(0)), &rows), DB_NONE);
	assert_int_equal(rows.count, 0);
	assert_result(db_run(db, QUERY_SERIES_AS_ONE, DB_PARAMETERS(db_int(1)), &rows), DB_OK);
	assert_int_equal(rows.count, 1);
	assert_result(db_run(db, QUERY_SERIES_AS_ONE, DB_PARAMETERS(db_int(2)), &rows), DB_FAILED);
	assert_int_equal(rows.count, 0);
	assert_result(db_run(db, QUERY_SERIES, DB_PARAMETERS(db_int(0)), &rows), DB_OK);
	assert_int_equal(rows.count, 0);
	assert_result(db_run(db, QUERY_THING_ADD_MANY, DB_PARAMETERS(db_int(3)), &rows), DB_OK);
	assert_int_equal(rows.count, 3);
}

static void test_an_answer_without_end_is_refused(void **state)
{
	(void)state;
	DB_ROWS rows = {0};
	assert_result(db_run(db, QUERY_SERIES, DB_PARAMETERS(db_int(100000)), &rows), DB_OK);
	assert_int_equal(db_get_int(&rows, 99999, 0), 100000);
	assert_result(db_run(db, QUERY_SERIES, DB_PARAMETERS(db_int(100001)), &rows), DB_FAILED);
}

static void test_copies_outlive_the_rows(void **state)
{
	(void)state;
	struct arena mem = ARENA_EMPTY;
	struct db_rows rows = {0};
	assert_result(db_run(db, QUERY_SESSION, DB_NO_PARAMETERS, &rows), DB_OK);
	char *zone = db_copy_text(&rows, 0, 0, &mem);
	db_rows_clear(&rows);
	assert_string_equal(zone, "UTC");
	arena_clear(&mem);
}

static void test_foreign_statements_answer_in_text_and_by_name(void **state)
{
	(void)state;
	static const char sql[] = "select $1 || '!' as greeting, 7 as number, null::uuid as nothing";
	for (int round = 0; round < 2; round++) {
		DB_ROWS rows = {0};
		assert_result(db_run_text(db, "greet", sql, DB_PARAMETERS(db_text("hi")), &rows), DB_OK);
		assert_int_equal(db_column(&rows, "greeting"), 0);
		assert_int_equal(db_column(&rows, "number"), 1);
		assert_int_equal(db_column(&rows, "Number"), -1);
		assert_string_equal(db_get_text(&rows, 0, 0), "hi!");
		assert_string_equal(db_get_text(&rows, 0, 1), "7");
		assert_null(db_get_text(&rows, 0, 2));
	}
	/* One statement only: nobody appends a second one. */
	assert_result(db_run_text(db, "two", "select 1; select 2", DB_NO_PARAMETERS, NULL), DB_FAILED);
}

/* ---- what the server refuses ---- */

static void test_refusals_are_told_apart(void **state)
{
	(void)state;
	assert_result(add(db, 1), DB_OK);
	assert_result(add(db, 1), DB_DUPLICATE);
	assert_string_equal(db_failure(db)->constraint, "thing_pkey");
	assert_string_equal(db_failure(db)->state, "23505");
	assert_result(db_run(db, QUERY_THING_ADD, DB_PARAMETERS(db_int(2), db_int(0)), NULL), DB_INVALID);
	assert_string_equal(db_failure(db)->constraint, "amount_positive");
	assert_result(db_run(db, QUERY_THING_ADD, DB_PARAMETERS(db_int(2), db_null()), NULL), DB_INVALID);
	assert_result(db_run(db, QUERY_SPAN_ADD, DB_PARAMETERS(db_instant(1000), db_instant(2000)), NULL),
		      DB_OK);
	assert_result(db_run(db, QUERY_SPAN_ADD, DB_PARAMETERS(db_instant(2000), db_instant(3000)), NULL),
		      DB_OK);
	assert_result(db_run(db, QUERY_SPAN_ADD, DB_PARAMETERS(db_instant(1999), db_instant(2001)), NULL),
		      DB_OVERLAP);
	assert_string_equal(db_failure(db)->constraint, "span_overlap");
	assert_result(db_run(db, QUERY_RAISE, DB_PARAMETERS(db_text("BK001"), db_text("day is full")), NULL),
		      DB_RAISED);
	assert_string_equal(db_failure(db)->state, "BK001");
	assert_string_equal(db_failure(db)->constraint, "");
	assert_string_equal(db_failure(db)->detail, "raise: BK001 day is full");
	assert_result(db_run(db, QUERY_WRONG, DB_NO_PARAMETERS, NULL), DB_FAILED);
	assert_string_equal(db_failure(db)->state, "42P01");
	assert_result(db_run(db, QUERY_RAISE, DB_PARAMETERS(db_text("53100"), db_text("disk full")), NULL),
		      DB_UNAVAILABLE);
	assert_int_equal(count_of(db), 1);
}

static void test_a_failure_never_quotes_a_value(void **state)
{
	(void)state;
	struct db_value none = db_null();
	assert_result(
		db_run(db, QUERY_AS_TEXT, DB_PARAMETERS(none, none, none, none, db_text("hunter2")), NULL),
		DB_FAILED);
	assert_null(strstr(db_failure(db)->detail, "hunter2"));
	assert_string_equal(db_failure(db)->state, "22P02");
}

static void test_a_statement_that_takes_too_long_is_busy(void **state)
{
	(void)state;
	struct db *hasty = open_at(url, 200);
	int64_t begun = milliseconds();
	assert_int_equal(db_run(hasty, QUERY_WAIT, DB_PARAMETERS(db_int(30)), NULL), DB_BUSY);
	assert_true(milliseconds() - begun < 3000);
	assert_int_equal(db_run(hasty, QUERY_WAIT, DB_PARAMETERS(db_int(0)), NULL), DB_OK);
	db_close(hasty);
}

/* ---- lost races ---- */

static int64_t tries(void)
{
	DB_ROWS rows = {0};
	assert_result(db_run(db, QUERY_TRIES, DB_NO_PARAMETERS, &rows), DB_OK);
	return db_get_int(&rows, 0, 0);
}

static void test_lost_races_are_run_again_but_not_for_ever(void **state)
{
	(void)state;
	assert_result(db_run(db, QUERY_LOSE_RACES, DB_PARAMETERS(db_int(3)), NULL), DB_OK);
	assert_int_equal(tries(), 4);
	assert_int_equal(count_of(db), 1);
	assert_result(db_run(db, QUERY_RAISE, DB_PARAMETERS(db_text("40P01"), db_text("deadlock")), NULL),
		      DB_BUSY);
	assert_string_equal(db_failure(db)->state, "40P01");
}

struct crossing {
	int64_t one;
	int64_t other;
	enum db_result result;
};

static void *cross(void *argument)
{
	struct crossing *crossing = argument;
	struct db *own = open_at(url, 60000);
	crossing->result = db_run(own, QUERY_THING_CROSS,
				  DB_PARAMETERS(db_int(crossing->one), db_int(crossing->other)), NULL);
	db_close(own);
	return NULL;
}

static void test_both_sides_of_a_deadlock_get_done(void **state)
{
	(void)state;
	assert_result(db_run(db, QUERY_THING_ADD_MANY, DB_PARAMETERS(db_int(2)), NULL), DB_OK);
	struct crossing crossings[] = {{.one = 1, .other = 2}, {.one = 2, .other = 1}};
	pthread_t threads[2];
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, cross, &crossings[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(crossings[0].result, DB_OK);
	assert_int_equal(crossings[1].result, DB_OK);
	/* One has lost, or on a busy machine both, now and then. */
	assert_true(tries() >= 3);
	DB_ROWS rows = {0};
	assert_result(db_run(db, QUERY_THING_ALL, DB_NO_PARAMETERS, &rows), DB_OK);
	assert_int_equal(db_get_int(&rows, 0, 1), 3);
	assert_int_equal(db_get_int(&rows, 1, 1), 3);
}

/* ---- connections ---- */

static void test_the_session_is_what_the_header_promises(void **state)
{
	(void)state;
	DB_ROWS rows = {0};
	assert_result(db_run(db, QUERY_SESSION, DB_NO_PARAMETERS, &rows), DB_OK);
	assert_string_equal(db_get_text(&rows, 0, 0), "UTC");
	assert_string_equal(db_get_text(&rows, 0, 1), "bookingd, \"$user\", public");
	assert_string_equal(db_get_text(&rows, 0, 2), "bookingd");
	assert_string_equal(db_get_text(&rows, 0, 3), "read committed");
}

static void test_a_connection_lost_while_idle_is_replaced_unnoticed(void **state)
{
	(void)state;
	terminate(backend_of(db));
	assert_result(add(db, 1), DB_OK);
	terminate(backend_of(db));
	assert_result(add(db, 2), DB_OK);
	assert_int_equal(count_of(db), 2);
}

static void test_a_lone_statement_lost_on_its_way_is_unknown(void **state)
{
	(void)state;
	struct proxy proxy;
	proxy_start(&proxy, url);
	proxy.word = "thing_add";
	struct db *through = open_at(proxy.url, 5000);
	assert_int_equal(add(through, 1), DB_OK);
	atomic_store(&proxy.mode, PROXY_CUT_AFTER);
	assert_int_equal(add(through, 2), DB_UNKNOWN);
	assert_int_equal(count_of(db), 2);
	/* While preparing, nothing can have been done yet. */
	assert_int_equal(add(through, 3), DB_UNAVAILABLE);
	assert_int_equal(count_of(db), 2);
	db_close(through);
	proxy_stop(&proxy);
}

static void test_a_server_that_falls_silent_is_given_up(void **state)
{
	(void)state;
	struct proxy proxy;
	proxy_start(&proxy, url);
	struct db *through = open_at(proxy.url, 300);
	assert_int_equal(add(through, 1), DB_OK);
	atomic_store(&proxy.mode, PROXY_SILENT);
	int64_t begun = milliseconds();
	assert_int_equal(add(through, 2), DB_UNKNOWN);
	assert_true(milliseconds() - begun < 4000);
	assert_non_null(strstr(db_failure(through)->detail, "no answer in time"));
	db_close(through);
	proxy_stop(&proxy);
}

static void test_a_server_that_is_away_is_asked_now_and_then_only(void **state)
{
	(void)state;
	struct proxy proxy;
	proxy_start(&proxy, url);
	proxy.word = "user"; /* how a connection begins */
	atomic_store(&proxy.mode, PROXY_CUT_BEFORE);
	struct db *away = open_at(proxy.url, 5000);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(add(away, 1), DB_UNAVAILABLE);
	assert_true(db_failure(away)->detail[0] != '\0');
	int asked = atomic_load(&proxy.accepted);
	assert_in_range(asked, 1, 9);
	/* Who must know asks at once all the same. */
	assert_int_equal(db_connect(away), DB_UNAVAILABLE);
	assert_true(atomic_load(&proxy.accepted) > asked);
	atomic_store(&proxy.mode, PROXY_PASS);
	assert_int_equal(db_connect(away), DB_OK);
	assert_int_equal(add(away, 1), DB_OK);
	db_close(away);
	proxy_stop(&proxy);
}

static void test_a_changed_schema_and_forgotten_statements_do_not_show(void **state)
{
	(void)state;
	DB_ROWS rows = {0};
	assert_result(add(db, 1), DB_OK);
	assert_result(db_run(db, QUERY_THING_ALL, DB_NO_PARAMETERS, &rows), DB_OK);
	struct db *other = open_at(url, 5000);
	assert_int_equal(db_run(other, QUERY_WIDEN, DB_NO_PARAMETERS, NULL), DB_OK);
	db_close(other);
	assert_result(db_run(db, QUERY_THING_ALL, DB_NO_PARAMETERS, &rows), DB_OK);
	assert_string_equal(db_get_text(&rows, 0, 2), "more");
	assert_result(db_run(db, QUERY_FORGET, DB_NO_PARAMETERS, NULL), DB_OK);
	assert_result(db_run(db, QUERY_THING_ALL, DB_NO_PARAMETERS, &rows), DB_OK);
}

/* ---- listening ---- */

static pthread_mutex_t heard_lock = PTHREAD_MUTEX_INITIALIZER;
static char heard[256];

static void hear(const char *channel, const char *payload, void *argument)
{
	assert_ptr_equal(argument, heard);
	pthread_mutex_lock(&heard_lock);
	size_t length = strlen(heard);
	snprintf(heard + length, sizeof(heard) - length, "%s %s;", channel ? channel : "all",
		 payload ? payload : "");
	pthread_mutex_unlock(&heard_lock);
}

static bool heard_is(const char *wanted)
{
	for (int i = 0; i < 300; i++) {
		pthread_mutex_lock(&heard_lock);
		bool same = strcmp(heard, wanted) == 0;
		pthread_mutex_unlock(&heard_lock);
		if (same)
			return true;
		nap(10);
	}
	return false;
}

static bool up_becomes(const struct listener *listener, bool wanted)
{
	for (int i = 0; i < 500 && listener_up(listener) != wanted; i++)
		nap(10);
	return listener_up(listener) == wanted;
}

static void told(const char *trouble, void *argument)
{
	(void)argument;
	assert_null(trouble);
}

static struct listener *listen_through(const char *to)
{
	static const char *const channels[] = {"coach_changed", "session_ended"};
	heard[0] = '\0';
	static const struct listener_calls calls = {.notified = hear, .told = told};
	struct database *database = database_new(to, NULL);
	databases[atomic_fetch_add(&database_count_opened, 1)] = database;
	return listener_start(database, channels, 2, &calls, heard);
}

static void tell(const char *channel, const char *payload)
{
	assert_result(db_run(db, QUERY_TELL, DB_PARAMETERS(db_text(channel), db_text(payload)), NULL), DB_OK);
}

static void test_notifications_are_heard_in_order(void **state)
{
	(void)state;
	struct listener *listener = listen_through(url);
	assert_true(up_becomes(listener, true));
	assert_true(heard_is("all ;"));
	tell("coach_changed", "damian");
	tell("somebody_elses", "x");
	tell("session_ended", "");
	assert_true(heard_is("all ;coach_changed damian;session_ended ;"));
	listener_stop(listener);
}

static void test_a_lost_listener_comes_back_and_says_so(void **state)
{
	(void)state;
	struct proxy proxy;
	proxy_start(&proxy, url);
	proxy.word = "Q"; /* a question: every sign of life */
	struct listener *listener = listen_through(proxy.url);
	assert_true(up_becomes(listener, true));
	atomic_store(&proxy.mode, PROXY_CUT_BEFORE);
	assert_true(up_becomes(listener, false));
	atomic_store(&proxy.mode, PROXY_PASS);
	assert_true(up_becomes(listener, true));
	tell("coach_changed", "again");
	assert_true(heard_is("all ;all ;coach_changed again;"));
	listener_stop(listener);
	proxy_stop(&proxy);
}

static void test_a_listener_behind_a_dead_line_is_down(void **state)
{
	(void)state;
	struct proxy proxy;
	proxy_start(&proxy, url);
	struct listener *listener = listen_through(proxy.url);
	assert_true(up_becomes(listener, true));
	atomic_store(&proxy.mode, PROXY_SILENT);
	assert_true(up_becomes(listener, false));
	listener_stop(listener);
	proxy_stop(&proxy);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_every_type_comes_back_as_it_went),
		TEST(test_a_row_in_one_value_comes_back_as_it_went),
		TEST(test_no_value_stays_no_value),
		TEST(test_empty_bytes_are_not_null),
		TEST(test_instants_are_cut_to_seconds_and_to_our_range),
		TEST(test_values_for_text_parameters_are_written_as_text),
		TEST(test_a_value_out_of_its_type_fails_and_runs_nothing),
		TEST(test_a_wrong_number_of_parameters_fails),
		TEST(test_shapes_are_kept),
		TEST(test_an_answer_without_end_is_refused),
		TEST(test_copies_outlive_the_rows),
		TEST(test_foreign_statements_answer_in_text_and_by_name),
		TEST(test_refusals_are_told_apart),
		TEST(test_a_failure_never_quotes_a_value),
		TEST(test_a_statement_that_takes_too_long_is_busy),
		TEST(test_lost_races_are_run_again_but_not_for_ever),
		TEST(test_both_sides_of_a_deadlock_get_done),
		TEST(test_the_session_is_what_the_header_promises),
		TEST(test_a_connection_lost_while_idle_is_replaced_unnoticed),
		TEST(test_a_lone_statement_lost_on_its_way_is_unknown),
		TEST(test_a_server_that_falls_silent_is_given_up),
		TEST(test_a_server_that_is_away_is_asked_now_and_then_only),
		TEST(test_a_changed_schema_and_forgotten_statements_do_not_show),
		TEST(test_notifications_are_heard_in_order),
		TEST(test_a_lost_listener_comes_back_and_says_so),
		TEST(test_a_listener_behind_a_dead_line_is_down),
	};
	url = getenv("DATABASE_URL");
	if (url == NULL) {
		fputs("DATABASE_URL must name a database to play with\n", stderr);
		return 2;
	}
	int failed = cmocka_run_group_tests_name("db", tests, NULL, NULL);
	free_databases();
	return failed;
}
