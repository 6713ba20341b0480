#include "db/pooler.h"

#include "base/instant.h"
#include "connection.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MS = 3000, HEARD_MS = 1000 };

#define CHANNEL "bookingd_pooler"

/* Run one statement; its first value in *ret_value if there is one. */
static bool ask(PGconn *connection, const char *sql, char *ret_value, size_t size)
{
	PGresult *result = PQsendQuery(connection, sql)
				   ? connection_answer(connection, NULL, monotonic_ms() + ANSWER_MS)
				   : NULL;
	ExecStatusType status = PQresultStatus(result);
	bool good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
	if (good && ret_value != NULL && PQntuples(result) == 1)
		connection_message(ret_value, size, PQgetvalue(result, 0, 0));
	PQclear(result);
	return good;
}

/* Nothing is asked meanwhile: an answer might bring it along by chance. */
static bool hears(PGconn *connection)
{
	const int64_t until = monotonic_ms() + HEARD_MS;
	for (int64_t left = HEARD_MS; left > 0; left = until - monotonic_ms()) {
		struct pollfd wait = {.fd = PQsocket(connection), .events = POLLIN};
		PGnotify *notification = NULL;
		if (poll(&wait, 1, (int)left) < 0 || !PQconsumeInput(connection))
			return false;
		notification = PQnotifies(connection);
		if (notification != NULL) {
			PQfreemem(notification);
			return true;
		}
	}
	return false;
}

static enum pooler_finding look(struct database *database, PGconn *first, PGconn *second, PGconn *session)
{
	static const char backend[] = "SELECT pg_backend_pid()";
	char one[32] = "";
	char other[32] = "";
	if (first == NULL || second == NULL || session == NULL || !ask(first, backend, one, sizeof(one)) ||
	    !ask(second, backend, other, sizeof(other)))
		return POOLER_UNKNOWN;
	if (!database_is_pooled(database) && strcmp(one, other) == 0)
		return POOLER_SHARES;
	if (!ask(session, "LISTEN " CHANNEL, NULL, 0) ||
	    !ask(first, "SELECT pg_notify('" CHANNEL "', '')", NULL, 0))
		return POOLER_UNKNOWN;
	bool heard = hears(session);
	return heard ? POOLER_KEEPS_SESSIONS : POOLER_DEAF;
}

enum pooler_finding pooler_look(struct database *database, char ret_why[static POOLER_WHY])
{
	PGconn *connections[3] = {NULL};
	ret_why[0] = '\0';
	for (size_t i = 0; i < 3 && (i == 0 || connections[i - 1] != NULL); i++)
		connections[i] = connection_open(database, i == 2 ? WAY_SESSION : WAY_STATEMENTS, ANSWER_MS,
						 ret_why, POOLER_WHY);
	enum pooler_finding finding = look(database, connections[0], connections[1], connections[2]);
	/* LISTEN is the one thing left behind, should a pooler hand this session on. */
	if (connections[2] != NULL)
		(void)ask(connections[2], "UNLISTEN " CHANNEL, NULL, 0);
	for (size_t i = 0; i < 3; i++)
		connection_close(database, connections[i]);
	return finding;
}
