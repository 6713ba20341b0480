#include "database_inside.h"

#include "base/die.h"
#include "base/instant.h"

#include <libpq-fe.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	RETRY_MS = 500, /* between two tries while the server is silent, of all connections together */
	PAUSE_MS = 100, /* between two tries to connect that fail, of all together */
	HOSTS_MAX = 16, /* hosts behind these are left to libpq, which tries them one after the other */
};

/* libpq's, of a host without one where the list of ports has others. */
static const char default_port[] = "5432";

struct hosts {
	char *url;
	size_t count;
	char *lists[3]; /* host, hostaddr, port; cut up */
	const char *parts[3][HOSTS_MAX];
	atomic_size_t good;
	atomic_int_least64_t next_try_ms; /* of monotonic_ms(); 0: the last try connected */
};

struct database {
	struct hosts ways[WAY_COUNT]; /* without a pooler both ways are the first */
	bool pooled;
	atomic_bool watched;
	atomic_int_least64_t heard_ms;    /* of monotonic_ms() */
	atomic_int_least64_t next_try_ms; /* 0: it is not silent */
	atomic_int_least64_t counts[COUNTS];
	_Atomic enum database_trouble trouble;
	atomic_bool doubted;
};

static char *copy_text(const char *text)
{
	char *copy = strdup(text);
	if (copy == NULL)
		die("out of memory");
	return copy;
}

static void options_free(PQconninfoOption **options)
{
	PQconninfoFree(*options);
}

/* Cut a list at its commas; returns how many parts it has, 0 for no list. */
static size_t cut(char *list, const char *parts[HOSTS_MAX])
{
	size_t count = 0;
	for (char *rest = list; rest != NULL && count < HOSTS_MAX; count++)
		parts[count] = strsep(&rest, ",");
	return count;
}

static bool is_empty(const char *part)
{
	return part != NULL && part[0] == '\0';
}

/* What cannot be cut into hosts is one to us, and libpq does what it says. */
static void read_hosts(struct hosts *hosts, const char *url)
{
	static const char *const names[] = {"host", "hostaddr", "port"};
	size_t counts[3] = {0, 0, 0};
	hosts->url = copy_text(url);
	hosts->count = 1;
	__attribute__((cleanup(options_free))) PQconninfoOption *options = PQconninfoParse(url, NULL);
	for (const PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++) {
		for (size_t i = 0; i < 3; i++) {
			if (strcmp(option->keyword, names[i]) != 0 || option->val == NULL)
				continue;
			hosts->lists[i] = copy_text(option->val);
			counts[i] = cut(hosts->lists[i], hosts->parts[i]);
		}
	}
	size_t count = counts[0] > counts[1] ? counts[0] : counts[1];
	bool whole = count > 1 && count < HOSTS_MAX && (counts[0] == 0 || counts[0] == count) &&
		     (counts[1] == 0 || counts[1] == count) && (counts[2] <= 1 || counts[2] == count);
	/* An empty text changes nothing of the URL's, which is the whole list (connect_host()). */
	for (size_t i = 0; whole && i < count; i++)
		whole = !is_empty(hosts->parts[0][i]) && !is_empty(hosts->parts[1][i]);
	if (!whole)
		return;
	hosts->count = count;
	for (size_t i = 0; i < count; i++) {
		if (counts[2] == 1)
			hosts->parts[2][i] = hosts->parts[2][0];
		if (is_empty(hosts->parts[2][i]))
			hosts->parts[2][i] = default_port;
	}
}

struct database *database_new(const char *url, const char *direct)
{
	struct database *database = calloc(1, sizeof(*database));
	if (database == NULL)
		die("out of memory");
	database->pooled = direct != NULL;
	read_hosts(&database->ways[WAY_STATEMENTS], url);
	if (direct != NULL)
		read_hosts(&database->ways[WAY_SESSION], direct);
	return database;
}

void database_free(struct database *database)
{
	if (database == NULL)
		return;
	for (size_t way = 0; way < (database->pooled ? WAY_COUNT : 1); way++) {
		struct hosts *hosts = &database->ways[way];
		explicit_bzero(hosts->url, strlen(hosts->url));
		free(hosts->url);
		for (size_t i = 0; i < 3; i++)
			free(hosts->lists[i]);
	}
	free(database);
}

bool database_is_pooled(const struct database *database)
{
	return database->pooled;
}

static size_t place(const struct database *database, enum way way)
{
	return database->pooled ? way : WAY_STATEMENTS;
}

struct way_hosts database_hosts(const struct database *database, enum way way)
{
	const struct hosts *hosts = &database->ways[place(database, way)];
	return (struct way_hosts){hosts->url, hosts->count, hosts->parts[0], hosts->parts[1],
				  hosts->parts[2]};
}

size_t database_good_host(const struct database *database, enum way way)
{
	return atomic_load_explicit(&database->ways[place(database, way)].good, memory_order_relaxed);
}

void database_set_good_host(struct database *database, enum way way, size_t host)
{
	atomic_store_explicit(&database->ways[place(database, way)].good, host, memory_order_relaxed);
}

/* ---- silence ---- */

void database_watch(struct database *database, bool watched)
{
	atomic_store(&database->heard_ms, monotonic_ms());
	atomic_store(&database->watched, watched);
}

void database_heard(struct database *database)
{
	atomic_store_explicit(&database->heard_ms, monotonic_ms(), memory_order_relaxed);
	if (atomic_load_explicit(&database->next_try_ms, memory_order_relaxed) != 0)
		atomic_store_explicit(&database->next_try_ms, 0, memory_order_relaxed);
}

bool database_gives_up(struct database *database, int64_t since)
{
	int64_t now = monotonic_ms();
	int64_t heard = atomic_load_explicit(&database->heard_ms, memory_order_relaxed);
	if (!atomic_load_explicit(&database->watched, memory_order_relaxed) || now - heard < SILENT_MS ||
	    now - since < WAITED_MS)
		return false;
	int64_t expected = 0;
	atomic_compare_exchange_strong(&database->next_try_ms, &expected, now + RETRY_MS);
	return true;
}

/* Whether the time for a try has not come, or another took it. Who gets false has put the next one off. */
static bool is_not_due(atomic_int_least64_t *next_try_ms, int64_t pause_ms)
{
	int64_t next = atomic_load_explicit(next_try_ms, memory_order_relaxed);
	if (next == 0)
		return false;
	int64_t now = monotonic_ms();
	return now < next || !atomic_compare_exchange_strong(next_try_ms, &next, now + pause_ms);
}

bool database_is_silent(struct database *database)
{
	return is_not_due(&database->next_try_ms, RETRY_MS);
}

void database_tried(struct database *database, enum way way, bool connected)
{
	atomic_store_explicit(&database->ways[place(database, way)].next_try_ms,
			      connected ? 0 : monotonic_ms() + PAUSE_MS, memory_order_relaxed);
}

bool database_pauses(struct database *database, enum way way)
{
	return is_not_due(&database->ways[place(database, way)].next_try_ms, PAUSE_MS);
}

/* ---- figures ---- */

void database_count(struct database *database, enum database_count count, int64_t more)
{
	atomic_fetch_add_explicit(&database->counts[count], more, memory_order_relaxed);
}

static int64_t figure(const struct database *database, enum database_count count)
{
	return atomic_load_explicit(&database->counts[count], memory_order_relaxed);
}

/* ---- trouble ---- */

enum database_trouble database_trouble(const struct database *database)
{
	return atomic_load_explicit(&database->trouble, memory_order_relaxed);
}

const char *database_trouble_name(enum database_trouble trouble)
{
	static const char *const names[] = {[TROUBLE_NONE] = "ok",
					    [TROUBLE_NO_CONNECTION] = "no_connection",
					    [TROUBLE_READ_ONLY] = "read_only",
					    [TROUBLE_DISK_FULL] = "disk_full"};
	return names[trouble];
}

const char *database_trouble_remedy(enum database_trouble trouble)
{
	static const char *const remedies[] = {
		[TROUBLE_NONE] = "",
		[TROUBLE_NO_CONNECTION] =
			("PostgreSQL, or a pooler in front of it, refuses connections, in the "
			 "words of detail: where there are too many, raise max_connections "
			 "(a pooler's max_client_conn and default_pool_size), or end what "
			 "holds them (pg_stat_activity); else see to the role, its password "
			 "and the database of DATABASE_URL"),
		[TROUBLE_READ_ONLY] = ("PostgreSQL takes no writes: name the primary in DATABASE_URL, or all "
				       "hosts with target_session_attrs=read-write"),
		[TROUBLE_DISK_FULL] = "the database's disk is full: make room on it"};
	return remedies[trouble];
}

void database_doubt(struct database *database)
{
	atomic_store_explicit(&database->doubted, true, memory_order_relaxed);
}

bool database_doubted(struct database *database)
{
	return atomic_exchange_explicit(&database->doubted, false, memory_order_relaxed);
}

void database_set_trouble(struct database *database, enum database_trouble trouble)
{
	atomic_store_explicit(&database->trouble, trouble, memory_order_relaxed);
}

struct database_counts database_counts(const struct database *database)
{
	return (struct database_counts){
		.serving = figure(database, COUNT_SERVING),
		.open = figure(database, COUNT_OPEN),
		.connected = figure(database, COUNT_CONNECTED),
		.not_connected = figure(database, COUNT_NOT_CONNECTED),
		.lost = figure(database, COUNT_LOST),
		.failed = figure(database, COUNT_FAILED),
	};
}
