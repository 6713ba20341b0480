#include "db/listen.h"

#include "base/crypto.h"
#include "base/die.h"
#include "base/encode.h"
#include "base/instant.h"
#include "base/thread.h"
#include "connection.h"
#include "db/db.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	SIGN_OF_LIFE = 500, /* milliseconds between two questions to the server */
	FRESH = 2000,       /* how long an answered question proves that nothing was missed */
	PAUSE = 100,        /* between two attempts to connect */
	PAUSE_DEAF = 5000,  /* the same, when what was told there is not heard here */
	NONCE_BYTES = 16,
	COMMAND_MAX = 1024,
};

/* Heard only while a listener makes sure that it hears. */
#define NONCE_CHANNEL "bookingd_nonce"

struct listener {
	struct database *database;
	PGconn *statements; /* the way of statements, if it is another; NULL while it is not connected */
	char command[COMMAND_MAX]; /* LISTEN a; LISTEN b */
	void (*notified)(const char *channel, const char *payload, void *argument);
	void (*told)(const char *trouble, void *argument);
	bool deaf; /* the last try to hear failed, and was told */
	void *argument;
	int stop; /* eventfd: readable once listener_stop() was called */
	pthread_t thread;
	atomic_int_least64_t fresh_until; /* of monotonic_ms() */
};

bool listener_up(const struct listener *listener)
{
	return monotonic_ms() < atomic_load_explicit(&listener->fresh_until, memory_order_acquire);
}

/* Wait for the socket (-1: none), the stop sign, or the time. True unless it is time to stop. */
static bool wait_for(struct listener *listener, int socket, int64_t milliseconds)
{
	struct pollfd waits[] = {{.fd = listener->stop, .events = POLLIN}, {.fd = socket, .events = POLLIN}};
	poll(waits, 2, milliseconds > 0 ? (int)milliseconds : 0);
	return waits[0].revents == 0;
}

static void hand_over(struct listener *listener, PGconn *connection)
{
	PGnotify *notification;
	while ((notification = PQnotifies(connection)) != NULL) {
		if (strcmp(notification->relname, NONCE_CHANNEL) != 0)
			listener->notified(notification->relname, notification->extra, listener->argument);
		PQfreemem(notification);
	}
}

static bool answers(struct listener *listener, PGconn *connection, const char *command, int64_t deadline)
{
	PGresult *result = PQsendQuery(connection, command)
				   ? connection_answer(connection, listener->database, deadline)
				   : NULL;
	bool good = PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK ||
		    PQresultStatus(result) == PGRES_EMPTY_QUERY;
	PQclear(result);
	return good;
}

static void close_statements(struct listener *listener)
{
	connection_close(listener->database, listener->statements);
	listener->statements = NULL;
}

/* Whether statements get an answer, too, where they go another way. */
static bool statements_answer(struct listener *listener, int64_t deadline)
{
	char why[256];
	if (!database_is_pooled(listener->database))
		return true;
	if (listener->statements == NULL)
		listener->statements =
			connection_open(listener->database, WAY_STATEMENTS, FRESH, why, sizeof(why));
	if (listener->statements == NULL)
		return false;
	/* An empty query would be answered by the pooler itself. */
	if (answers(listener, listener->statements, "SELECT 1", deadline))
		return true;
	close_statements(listener);
	return false;
}

/* Ask for a sign of life; all that was notified before has arrived with the answer. */
static bool ask(struct listener *listener, PGconn *connection)
{
	int64_t asked = monotonic_ms();
	if (!answers(listener, connection, "", asked + FRESH))
		return false;
	hand_over(listener, connection);
	if (!statements_answer(listener, asked + FRESH))
		return true; /* what is notified arrives, but it does not count as up */
	database_heard(listener->database);
	atomic_store_explicit(&listener->fresh_until, asked + FRESH, memory_order_release);
	return true;
}

/* Say the nonce from a connection of its own: through a pooler that may be another server process. */
static bool say(struct listener *listener, const char *nonce)
{
	char why[256];
	char command[128];
	PGconn *connection = connection_open(listener->database, WAY_STATEMENTS, FRESH, why, sizeof(why));
	if (connection == NULL)
		return false;
	snprintf(command, sizeof(command), "SELECT pg_notify('" NONCE_CHANNEL "', '%s')", nonce);
	bool said = answers(listener, connection, command, monotonic_ms() + FRESH);
	connection_close(listener->database, connection);
	return said;
}

enum hearing { HEARS, DEAF, GONE }; /* GONE: the connection, or it is time to stop */

/* Whether the nonce comes in by itself. Nothing is asked meanwhile: a reply might bring it along by chance.
 */
static enum hearing hear(struct listener *listener, PGconn *connection, const char *nonce)
{
	const int64_t until = monotonic_ms() + FRESH;
	while (monotonic_ms() < until) {
		PGnotify *notification;
		bool heard = false;
		if (!wait_for(listener, PQsocket(connection), until - monotonic_ms()) ||
		    !PQconsumeInput(connection))
			return GONE;
		while ((notification = PQnotifies(connection)) != NULL) {
			heard = heard || (strcmp(notification->relname, NONCE_CHANNEL) == 0 &&
					  strcmp(notification->extra, nonce) == 0);
			PQfreemem(notification);
		}
		if (heard)
			return HEARS;
	}
	return DEAF;
}

/*
 * Behind a pooler that gives each transaction another server process, LISTEN succeeds and nothing is ever
 * heard, so caches would stay as they are.
 */
static bool prove_hearing(struct listener *listener, PGconn *connection)
{
	unsigned char bytes[NONCE_BYTES];
	char nonce[ENCODE_HEX_SIZE(NONCE_BYTES)];
	crypto_random(bytes, sizeof(bytes));
	encode_hex(bytes, sizeof(bytes), nonce);
	if (!say(listener, nonce))
		return false;
	enum hearing hearing = hear(listener, connection, nonce);
	bool deaf = hearing == DEAF;
	if (hearing != GONE && deaf != listener->deaf) {
		listener->deaf = deaf;
		const char *remedy = database_is_pooled(listener->database) ? DIRECT_REMEDY : POOLER_REMEDY;
		listener->told(deaf ? remedy : NULL, listener->argument);
	}
	return hearing == HEARS;
}

/* Listen on one connection for as long as it lasts. False when it is time to stop. */
static bool listen_on(struct listener *listener, PGconn *connection)
{
	if (!answers(listener, connection, listener->command, monotonic_ms() + FRESH))
		return true;
	if (!prove_hearing(listener, connection))
		return wait_for(listener, -1, listener->deaf ? PAUSE_DEAF : 0);
	/* From here on nothing is missed, so what was kept before goes now, and may be built again. */
	listener->notified(NULL, NULL, listener->argument);
	int64_t next_question = 0;
	for (;;) {
		int64_t now = monotonic_ms();
		if (now >= next_question) {
			if (!ask(listener, connection))
				return true;
			next_question = now + SIGN_OF_LIFE;
		}
		if (!wait_for(listener, PQsocket(connection), next_question - monotonic_ms()))
			return false;
		if (!PQconsumeInput(connection))
			return true;
		hand_over(listener, connection);
	}
}

static void *listener_main(void *argument)
{
	struct listener *listener = argument;
	bool going = true;
	while (going) {
		char why[256];
		PGconn *connection = connection_open(listener->database, WAY_SESSION, 0, why, sizeof(why));
		if (connection != NULL) {
			going = listen_on(listener, connection);
			atomic_store_explicit(&listener->fresh_until, 0, memory_order_release);
			connection_close(listener->database, connection);
			close_statements(listener);
		}
		going = going && wait_for(listener, -1, PAUSE);
	}
	return NULL;
}

struct listener *listener_start(struct database *database, const char *const channels[], size_t count,
				const struct listener_calls *calls, void *argument)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	if (listener == NULL)
		die("out of memory");
	listener->database = database;
	size_t length = 0;
	for (size_t i = 0; i < count; i++) {
		length += (size_t)snprintf(listener->command + length, COMMAND_MAX - length, "LISTEN %s;",
					   channels[i]);
		die_unless(length < COMMAND_MAX);
	}
	listener->notified = calls->notified;
	listener->told = calls->told;
	length += (size_t)snprintf(listener->command + length, COMMAND_MAX - length, "LISTEN " NONCE_CHANNEL);
	die_unless(length < COMMAND_MAX);
	listener->argument = argument;
	listener->stop = eventfd(0, EFD_CLOEXEC);
	die_unless(listener->stop >= 0);
	database_watch(database, true);
	listener->thread = thread_start("listener", listener_main, listener);
	return listener;
}

void listener_stop(struct listener *listener)
{
	if (listener == NULL)
		return;
	uint64_t one = 1;
	die_unless(write(listener->stop, &one, sizeof(one)) == sizeof(one));
	thread_join(listener->thread);
	database_watch(listener->database, false);
	close(listener->stop);
	free(listener);
}
