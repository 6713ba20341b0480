#include "connection.h"

#include "base/instant.h"
#include "db/db.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

/*
 * Everything that can be asked for in one round trip. The search path keeps what the role has behind our
 * schema; an open transaction may not outlive a daemon that hangs; JIT only ever costs at our sizes. A plan
 * serves all parameters: made for each anew it took as long as its statement, and tests/db/plans.test.mjs
 * knows these only.
 */
static const char session_setup[] =
	"SELECT set_config('search_path', 'bookingd, ' || current_setting('search_path'), false),"
	" set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO', false),"
	" set_config('default_transaction_isolation', 'read committed', false),"
	" set_config('idle_in_transaction_session_timeout', '10s', false), set_config('jit', 'off', false),"
	" set_config('plan_cache_mode', 'force_generic_plan', false),"
	" set_config('statement_timeout', '%d', false)";

enum {
	SETUP_DEADLINE = 3000, /* milliseconds */
};

static void notice_dropped(void *argument, const PGresult *notice)
{
	(void)argument;
	(void)notice;
}

void connection_message(char *ret_line, size_t size, const char *message)
{
	size_t length = 0;
	for (; *message && length + 1 < size; message++) {
		unsigned char c = (unsigned char)*message;
		if (c < ' ')
			c = ' ';
		if (c == ' ' && length > 0 && ret_line[length - 1] == ' ')
			continue;
		ret_line[length++] = (char)c;
	}
	while (length > 0 && ret_line[length - 1] == ' ')
		length--;
	ret_line[length] = '\0';
}

PGconn *connection_open(const char *url, int statement_timeout, char *ret_why, size_t why_size)
{
	/*
	 * What stands before dbname is a default that the URL may change, what stands behind is ours. Looking
	 * for Kerberos tickets costs each connection milliseconds, and the process 1 MiB of library.
	 */
	const char *const names[] = {"fallback_application_name", "gssencmode",
				     "connect_timeout",           "keepalives_idle",
				     "keepalives_interval",       "keepalives_count",
				     "tcp_user_timeout",          "dbname",
				     "client_encoding",           NULL};
	const char *const values[] = {"bookingd", "disable", "3", "10", "5", "3", "10000", url, "UTF8", NULL};
	PGconn *connection = PQconnectdbParams(names, values, 1);
	if (PQstatus(connection) != CONNECTION_OK || PQsetnonblocking(connection, 1) != 0) {
		connection_message(ret_why, why_size, PQerrorMessage(connection));
		PQfinish(connection);
		return NULL;
	}
	PQsetNoticeReceiver(connection, notice_dropped, NULL);

	char setup[sizeof(session_setup) + 16];
	snprintf(setup, sizeof(setup), session_setup, statement_timeout);
	PGresult *result = NULL;
	if (PQsendQuery(connection, setup))
		result = connection_answer(connection, monotonic_ms() + SETUP_DEADLINE);
	if (PQresultStatus(result) != PGRES_TUPLES_OK) {
		connection_message(ret_why, why_size,
				   result ? PQresultErrorMessage(result) : "no answer to the session setup");
		PQclear(result);
		PQfinish(connection);
		return NULL;
	}
	PQclear(result);
	return connection;
}

bool connection_alive(PGconn *connection)
{
	struct pollfd wait = {.fd = PQsocket(connection), .events = POLLIN};
	while (poll(&wait, 1, 0) > 0) {
		if (!PQconsumeInput(connection))
			return false;
	}
	return PQstatus(connection) == CONNECTION_OK;
}

/* Wait until the socket can be read (or written, if asked); false when the deadline passed. */
static bool socket_wait(PGconn *connection, bool to_write, int64_t deadline)
{
	for (;;) {
		int timeout = -1;
		if (deadline > 0) {
			int64_t left = deadline - monotonic_ms();
			if (left <= 0)
				return false;
			timeout = (int)left;
		}
		struct pollfd wait = {.fd = PQsocket(connection), .events = POLLIN};
		if (to_write)
			wait.events |= POLLOUT;
		if (poll(&wait, 1, timeout) > 0)
			return true;
	}
}

/* One PGresult, or NULL when the answer is over; *ret_lost when it will never be. */
static PGresult *next_result(PGconn *connection, int64_t deadline, bool *ret_lost)
{
	int unsent;
	while ((unsent = PQflush(connection)) != 0) {
		/* What the server says meanwhile must be read, or both sides wait for each other. */
		if (unsent < 0 || !socket_wait(connection, true, deadline) || !PQconsumeInput(connection)) {
			*ret_lost = true;
			return NULL;
		}
	}
	while (PQisBusy(connection)) {
		if (!socket_wait(connection, false, deadline) || !PQconsumeInput(connection)) {
			*ret_lost = true;
			return NULL;
		}
	}
	return PQgetResult(connection);
}

PGresult *connection_answer(PGconn *connection, int64_t deadline)
{
	bool lost = false;
	PGresult *kept = NULL;
	for (;;) {
		PGresult *result = next_result(connection, deadline, &lost);
		if (result == NULL)
			break;
		if (kept != NULL && PQresultStatus(kept) == PGRES_FATAL_ERROR) {
			PQclear(result);
			continue;
		}
		PQclear(kept);
		kept = result;
		/* COPY would wait for us; no statement of ours copies, but an operator's may try. */
		if (PQresultStatus(kept) == PGRES_COPY_IN || PQresultStatus(kept) == PGRES_COPY_OUT) {
			lost = true;
			break;
		}
	}
	if (lost && kept != NULL && PQresultStatus(kept) != PGRES_FATAL_ERROR) {
		PQclear(kept);
		return NULL;
	}
	return kept;
}

const char *db_library_version(void)
{
	static char text[16];
	int number = PQlibVersion();
	snprintf(text, sizeof(text), "%d.%d", number / 10000, number % 10000);
	return text;
}
