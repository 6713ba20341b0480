/*
 * database - where PostgreSQL is, and what all connections to it know together.
 *
 * Everybody who talks to PostgreSQL opens connections (db.h, listen.h, migrate.h) of one `struct database`.
 * It knows two ways: the one of DATABASE_URL, which may lead through a pooler that gives each transaction
 * another server process, and, if there is such a pooler, the direct one of DATABASE_DIRECT_URL for what
 * needs a session: notifications, session locks, migrations.
 *
 * It also knows whether the server is silent. When one connection has waited for a while and nobody has heard
 * anything, nobody else waits: all statements fail at once (DB_UNAVAILABLE) until somebody hears the server
 * again. The listener asks twice a second; without one, one connection at a time tries.
 */
#ifndef DB_DATABASE_H
#define DB_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct database;

/* What came of connecting and asking since the start. */
struct database_counts {
	int64_t serving;       /* connections open now of workers on requests */
	int64_t open;          /* connections that workers and threads hold now */
	int64_t connected;     /* connections made */
	int64_t not_connected; /* tries that failed */
	int64_t lost;          /* connections that ended under a statement, or were given up */
	/* statements that the server refused for a reason of class 53, 57 or 58, or for a mistake */
	int64_t failed;
};

/*
 * url     libpq's, as database_url_check() takes it; copied.
 * direct  the same database without the pooler that `url` leads through; NULL: there is no such pooler.
 * Does not connect. Never NULL. To be freed when no connection of it is open.
 */
struct database *database_new(const char *url, const char *direct);

/* NULL is fine. The texts are wiped. */
void database_free(struct database *database);

/* Whether statements go through a pooler, so that nothing may be left in a session. */
bool database_is_pooled(const struct database *database);

/* Why a request would not be served although the server answers. */
enum database_trouble {
	TROUBLE_NONE,
	TROUBLE_NO_CONNECTION, /* it refuses connections, and no worker has one */
	TROUBLE_READ_ONLY,     /* a standby, or made read-only */
	TROUBLE_DISK_FULL      /* its disk takes no more */
};

/* As the last look found it (db/schema_guard.h looks every two seconds, sooner while there is any). Any
 * thread. */
enum database_trouble database_trouble(const struct database *database);

/* One word for /health: "ok", "no_connection", "read_only", "disk_full". Static. */
const char *database_trouble_name(enum database_trouble trouble);

/* What to do about it, one sentence; "" for none. Static. */
const char *database_trouble_remedy(enum database_trouble trouble);

/* Any thread. The figures are each true, not all of one moment. */
struct database_counts database_counts(const struct database *database);

#endif
