/*
 * Every statement of sql/queries against a freshly migrated database (DATABASE_URL): it can be prepared,
 * takes as many parameters as the table says, and returns columns if its shape says so.
 */
#include "db/query.h"

#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_every_statement_can_be_prepared(void **state)
{
	(void)state;
	PGconn *connection = PQconnectdb(getenv("DATABASE_URL"));
	PGresult *result = PQexec(connection, "SET search_path = bookingd, public");
	assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
	PQclear(result);
	size_t wrong = 0;
	for (int query = 0; query < QUERY_COUNT; query++) {
		const struct query_entry *entry = query_entry((enum query)query);
		result = PQprepare(connection, entry->name, entry->text, 0, NULL);
		if (PQresultStatus(result) != PGRES_COMMAND_OK) {
			fprintf(stderr, "%s: %s", entry->name, PQerrorMessage(connection));
			wrong++;
		}
		PQclear(result);
		result = PQdescribePrepared(connection, entry->name);
		bool bad = PQresultStatus(result) == PGRES_COMMAND_OK &&
			   ((size_t)PQnparams(result) != entry->parameters ||
			    (PQnfields(result) == 0 && entry->shape != QUERY_SHAPE_EXEC));
		if (bad) {
			fprintf(stderr, "%s: takes %d parameters and returns %d columns\n", entry->name,
				PQnparams(result), PQnfields(result));
			wrong++;
		}
		PQclear(result);
	}
	PQfinish(connection);
	assert_int_equal(wrong, 0);
	assert_true(QUERY_COUNT > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_statement_can_be_prepared)};
	if (getenv("DATABASE_URL") == NULL) {
		fputs("DATABASE_URL must name a migrated database\n", stderr);
		return 2;
	}
	return cmocka_run_group_tests_name("statements", tests, NULL, NULL);
}
