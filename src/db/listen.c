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
	PAUSE = 500,        /* between two attempts to connect */
	PAUSE_DEAF = 5000,  /* the same, when what was told there is not heard here */
	NONCE_BYTES = 16,
	COMMAND_MAX = 1024,
};

/* Heard only while a listener makes sure that it hears. */
#define NONCE_CHANNEL "bookingd_nonce"

struct listener {
	char *url;
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

/* Ask something of the server; all that was notified before has arrived with the answer. */
static bool ask(struct listener *listener, PGconn *connection, const char *command)
{
	int64_t asked = monotonic_ms();
	PGresult *result =
		PQsendQuery(connection, command) ? connection_answer(connection, asked + FRESH) : NULL;
	bool good = PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK ||
		    PQresultStatus(result) == PGRES_EMPTY_QUERY;
	PQclear(result);
	if (!good)
		return false;
	hand_over(listener, connection);
	atomic_store_explicit(&listener->fresh_until, asked + FRESH, memory_order_release);
	return true;
}

/* Say the nonce from a connection of its own: through a pooler that may be another server process. */
static bool say(struct listener *listener, const char *nonce)
{
	char why[256];
	char command[128];
	PGconn *connection = connection_open(listener->url, FRESH, why, sizeof(why));
	if (connection == NULL)
		return false;
	snprintf(command, sizeof(command), "SELECT pg_notify('" NONCE_CHANNEL "', '%s')", nonce);
	PGresult *result = PQsendQuery(connection, command)
				   ? connection_answer(connection, monotonic_ms() + FRESH)
				   : NULL;
	bool said = PQresultStatus(result) == PGRES_TUPLES_OK;
	PQclear(result);
	PQfinish(connection);
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
		listener->told(deaf ? POOLER_REMEDY : NULL, listener->argument);
	}
	return hearing == HEARS;
}

/* Listen on one connection for as long as it lasts. False when it is time to stop. */
static bool listen_on(struct listener *listener, PGconn *connection)
{
	PGresult *result = PQsendQuery(connection, listener->command)
				   ? connection_answer(connection, monotonic_ms() + FRESH)
				   : NULL;
	bool listening = PQresultStatus(result) == PGRES_COMMAND_OK;
	PQclear(result);
	if (!listening)
		return true;
	if (!prove_hearing(listener, connection))
		return wait_for(listener, -1, listener->deaf ? PAUSE_DEAF : 0);
	/* From here on nothing is missed, so what was kept before goes now, and may be built again. */
	listener->notified(NULL, NULL, listener->argument);
	int64_t next_question = 0;
	for (;;) {
		int64_t now = monotonic_ms();
		if (now >= next_question) {
			if (!ask(listener, connection, ""))
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
		PGconn *connection = connection_open(listener->url, 0, why, sizeof(why));
		if (connection != NULL) {
			going = listen_on(listener, connection);
			atomic_store_explicit(&listener->fresh_until, 0, memory_order_release);
			PQfinish(connection);
		}
		going = going && wait_for(listener, -1, PAUSE);
	}
	return NULL;
}

struct listener *listener_start(const char *url, const char *const channels[], size_t count,
				const struct listener_calls *calls, void *argument)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	if (listener == NULL || (listener->url = strdup(url)) == NULL)
		die("out of memory");
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
	close(listener->stop);
	explicit_bzero(listener->url, strlen(listener->url));
	free(listener->url);
	free(listener);
}
