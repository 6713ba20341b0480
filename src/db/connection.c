#include "connection.h"

#include "base/instant.h"
#include "db/db.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

/*
 * Everything that can be asked for in one round trip. The search path keeps what the role has behind our
 * schema; an open transaction may not outlive a daemon that hangs; definitions are compared as text, so all
 * are quoted alike; JIT only ever costs at our sizes. A plan serves all parameters: made for each statement
 * it took as long as the statement itself, and tests/db/plans.test.mjs knows these only.
 */
#define SETUP(local)                                                                                         \
	"SELECT set_config('search_path',"                                                                   \
	" concat_ws(', ', 'bookingd', nullif(current_setting('search_path'), '')), " local "),"              \
	" set_config('TimeZone', 'UTC', " local "), set_config('DateStyle', 'ISO', " local "),"              \
	" set_config('idle_in_transaction_session_timeout', '10s', " local "),"                              \
	" set_config('quote_all_identifiers', 'off', " local "),"                                            \
	" set_config('jit', 'off', " local "), set_config('plan_cache_mode', 'force_generic_plan', " local   \
	"), set_config('statement_timeout', '%d', " local ")"

static const char session_setup[] =
	SETUP("false") ", set_config('default_transaction_isolation', 'read committed', false)";
/* The isolation of a transaction cannot be set by a statement of it. */
static const char local_setup[] = SETUP("true");
_Static_assert(sizeof(session_setup) + sizeof("-2147483648") < CONNECTION_SETUP, "a setup has room");

enum {
	SETUP_DEADLINE = 3000, /* milliseconds */
	CONNECT_MS = 3000,     /* for the only host */
	HOSTS_MS = 1500,       /* for several together */
	HOST_MS = 250,         /* but at least for each */
	SLICE_MS = 100,        /* between two looks whether the server is silent */
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

/* Poll the socket; false when the time is over or the server is silent. */
static bool socket_wait(PGconn *connection, short events, struct database *database, int64_t since,
			int64_t deadline)
{
	for (;;) {
		int64_t timeout = database != NULL ? SLICE_MS : -1;
		if (deadline > 0) {
			int64_t left = deadline - monotonic_ms();
			if (left <= 0)
				return false;
			if (timeout < 0 || left < timeout)
				timeout = left;
		}
		struct pollfd wait = {.fd = PQsocket(connection), .events = events};
		if (poll(&wait, 1, (int)timeout) > 0)
			return true;
		if (database != NULL && database_gives_up(database, since))
			return false;
	}
}

/* Connect to one host of the way. NULL: *ret_why says why, *ret_silent whether nobody answered. */
static PGconn *connect_host(struct database *database, const struct way_hosts *hosts, size_t host,
			    bool *ret_silent, char *ret_why, size_t why_size)
{
	/*
	 * What stands before dbname is a default that the URL may change, what stands behind is ours; NULL
	 * changes nothing. Looking for Kerberos tickets costs each connection milliseconds, and the process
	 * 1 MiB of library.
	 */
	const bool several = hosts->count > 1;
	const char *const names[] = {"fallback_application_name",
				     "gssencmode",
				     "keepalives_idle",
				     "keepalives_interval",
				     "keepalives_count",
				     "tcp_user_timeout",
				     "dbname",
				     "client_encoding",
				     "host",
				     "hostaddr",
				     "port",
				     NULL};
	const char *const values[] = {"bookingd",
				      "disable",
				      "10",
				      "5",
				      "3",
				      "10000",
				      hosts->url,
				      "UTF8",
				      several ? hosts->host[host] : NULL,
				      several ? hosts->address[host] : NULL,
				      several ? hosts->port[host] : NULL,
				      NULL};
	PGconn *connection = PQconnectStartParams(names, values, 1);
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;
	const int64_t share = HOSTS_MS / (int64_t)hosts->count;
	const int64_t since = monotonic_ms();
	const int64_t deadline = since + (!several ? CONNECT_MS : share < HOST_MS ? HOST_MS : share);
	*ret_silent = false;
	while (PQstatus(connection) != CONNECTION_BAD && state != PGRES_POLLING_OK &&
	       state != PGRES_POLLING_FAILED && !*ret_silent) {
		short events = state == PGRES_POLLING_WRITING ? POLLOUT : POLLIN;
		*ret_silent = !socket_wait(connection, events, several ? NULL : database, since, deadline);
		if (!*ret_silent)
			state = PQconnectPoll(connection);
	}
	if (PQstatus(connection) == CONNECTION_OK && PQsetnonblocking(connection, 1) == 0)
		return connection;
	connection_message(ret_why, why_size, *ret_silent ? "no answer in time" : PQerrorMessage(connection));
	PQfinish(connection);
	return NULL;
}

bool connection_server_said(const char *why)
{
	return strstr(why, "FATAL: ") != NULL;
}

/* The host that answered last first, then the others. */
static PGconn *connect_any(struct database *database, enum way way, char *ret_why, size_t why_size)
{
	const struct way_hosts hosts = database_hosts(database, way);
	const size_t first = database_good_host(database, way);
	const int64_t since = monotonic_ms();
	bool any_silent = false;
	for (size_t i = 0; i < hosts.count; i++) {
		size_t host = (first + i) % hosts.count;
		bool silent = false;
		PGconn *connection = connect_host(database, &hosts, host, &silent, ret_why, why_size);
		if (connection != NULL) {
			database_set_good_host(database, way, host);
			return connection;
		}
		any_silent = any_silent || silent;
	}
	if (!any_silent && connection_server_said(ret_why))
		database_heard(database);
	else if (any_silent)
		database_gives_up(database, since);
	return NULL;
}

void connection_setup_local(int statement_timeout, char ret_sql[static CONNECTION_SETUP])
{
	snprintf(ret_sql, CONNECTION_SETUP, local_setup, statement_timeout);
}

/* NULL, and the connection ended, when the session could not be set up. */
static PGconn *set_up(PGconn *connection, struct database *database, int statement_timeout, char *ret_why,
		      size_t why_size)
{
	char setup[CONNECTION_SETUP];
	snprintf(setup, sizeof(setup), session_setup, statement_timeout);
	PGresult *result = NULL;
	if (PQsendQuery(connection, setup))
		result = connection_answer(connection, database, monotonic_ms() + SETUP_DEADLINE);
	bool good = PQresultStatus(result) == PGRES_TUPLES_OK;
	if (!good)
		connection_message(ret_why, why_size,
				   result ? PQresultErrorMessage(result) : "no answer to the session setup");
	PQclear(result);
	if (good)
		return connection;
	PQfinish(connection);
	return NULL;
}

PGconn *connection_open(struct database *database, enum way way, int statement_timeout, char *ret_why,
			size_t why_size)
{
	PGconn *connection = connect_any(database, way, ret_why, why_size);
	if (connection != NULL)
		PQsetNoticeReceiver(connection, notice_dropped, NULL);
	if (connection != NULL && !(way == WAY_STATEMENTS && database_is_pooled(database)))
		connection = set_up(connection, database, statement_timeout, ret_why, why_size);
	database_tried(database, way, connection != NULL);
	database_count(database, connection != NULL ? COUNT_CONNECTED : COUNT_NOT_CONNECTED, 1);
	if (connection != NULL) {
		database_heard(database);
		database_count(database, COUNT_OPEN, 1);
	}
	return connection;
}

void connection_close(struct database *database, PGconn *connection)
{
	if (connection == NULL)
		return;
	PQfinish(connection);
	database_count(database, COUNT_OPEN, -1);
}

/* `wanted` may be NULL: the same for all hosts. */
static bool is_same(const char *said, const char *wanted)
{
	return wanted == NULL || strcmp(said, wanted) == 0;
}

bool connection_is_current(struct database *database, enum way way, PGconn *connection)
{
	const struct way_hosts hosts = database_hosts(database, way);
	if (hosts.count == 1)
		return true;
	const size_t good = database_good_host(database, way);
	const char *host = hosts.host[good] != NULL ? hosts.host[good] : hosts.address[good];
	return is_same(PQhost(connection), host) && is_same(PQport(connection), hosts.port[good]);
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

/* Until when, and for whose silence, to wait for an answer. */
struct patience {
	struct database *database;
	int64_t since;
	int64_t deadline;
};

/* One PGresult, or NULL when the answer is over; *ret_lost when it will never be. */
static PGresult *next_result(PGconn *connection, const struct patience *patience, bool *ret_lost)
{
	int unsent;
	while ((unsent = PQflush(connection)) != 0) {
		/* What the server says meanwhile must be read, or both sides wait for each other. */
		if (unsent < 0 ||
		    !socket_wait(connection, POLLIN | POLLOUT, patience->database, patience->since,
				 patience->deadline) ||
		    !PQconsumeInput(connection)) {
			*ret_lost = true;
			return NULL;
		}
	}
	while (PQisBusy(connection)) {
		if (!socket_wait(connection, POLLIN, patience->database, patience->since,
				 patience->deadline) ||
		    !PQconsumeInput(connection)) {
			*ret_lost = true;
			return NULL;
		}
	}
	return PQgetResult(connection);
}

PGresult *connection_answer(PGconn *connection, struct database *database, int64_t deadline)
{
	const struct patience patience = {database, monotonic_ms(), deadline};
	bool lost = false;
	PGresult *kept = NULL;
	for (;;) {
		PGresult *result = next_result(connection, &patience, &lost);
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

PGresult *connection_pipeline_answer(PGconn *connection, struct database *database, int64_t deadline)
{
	const struct patience patience = {database, monotonic_ms(), deadline};
	bool lost = false;
	bool synchronised = false;
	PGresult *kept = NULL;
	while (!lost && !synchronised) {
		PGresult *result = next_result(connection, &patience, &lost);
		ExecStatusType status = PQresultStatus(result);
		bool failed = kept != NULL && PQresultStatus(kept) == PGRES_FATAL_ERROR;
		synchronised = result != NULL && status == PGRES_PIPELINE_SYNC;
		/* Each statement's results end with a NULL, and so does what a lost connection answers. */
		lost = lost || (result == NULL && PQstatus(connection) != CONNECTION_OK);
		if (result == NULL || synchronised || failed) {
			PQclear(result);
			continue;
		}
		PQclear(kept);
		kept = result;
		lost = lost || status == PGRES_COPY_IN || status == PGRES_COPY_OUT;
	}
	bool failed = kept != NULL && PQresultStatus(kept) == PGRES_FATAL_ERROR;
	if (!lost && PQexitPipelineMode(connection) == 1)
		return kept;
	if (failed)
		return kept;
	PQclear(kept);
	return NULL;
}

const char *db_library_version(void)
{
	static char text[16];
	int number = PQlibVersion();
	snprintf(text, sizeof(text), "%d.%d", number / 10000, number % 10000);
	return text;
}
