/*
 * What the connections of src/db share through their database. Any thread; nothing here blocks. Not for other
 * layers.
 */
#ifndef DB_DATABASE_INSIDE_H
#define DB_DATABASE_INSIDE_H

#include "db/database.h"

enum {
	SILENT_MS = 1200, /* nothing was heard from the server for so long */
	WAITED_MS = 800,  /* and one connection has waited for so long: it is silent */
};

/* One of the two ways to the server. */
enum way {
	WAY_STATEMENTS, /* DATABASE_URL */
	WAY_SESSION,    /* DATABASE_DIRECT_URL, if there is one */
	WAY_COUNT
};

/* The hosts of a way, each of which is tried by itself, so that one that is silent does not use up the time.
 */
struct way_hosts {
	const char *url;
	size_t count; /* at least 1 */
	/* Of each host; NULL: as the URL says. */
	const char *const *host;
	const char *const *address;
	const char *const *port;
};

struct way_hosts database_hosts(const struct database *database, enum way way);

/* The host that answered last, to be tried first. */
size_t database_good_host(const struct database *database, enum way way);
void database_set_good_host(struct database *database, enum way way, size_t host);

/* Somebody listens to this server and asks it for a sign of life twice a second, from now on; or no more. */
void database_watch(struct database *database, bool watched);

/* The server has said something, on any connection. */
void database_heard(struct database *database);

/*
 * Whether who has waited since `since` (monotonic_ms) may give up: the server is silent. Tells all others.
 * False while nobody watches the database: long work of one connection is silent by nature.
 */
bool database_gives_up(struct database *database, int64_t since);

/* Whether a statement or a connection need not be tried. False for one caller each half second, who tries. */
bool database_is_silent(struct database *database);

/* Somebody tried to connect by `way`, and did or did not. */
void database_tried(struct database *database, enum way way, bool connected);

/*
 * Whether connecting by `way` failed a moment ago, so that it need not be tried now. False for one caller
 * each tenth of a second, who tries, and for everybody as soon as one has connected.
 */
bool database_pauses(struct database *database, enum way way);

/* A statement met what the schema should not be; database_doubted() is true once afterwards. */
void database_doubt(struct database *database);
bool database_doubted(struct database *database);

void database_set_trouble(struct database *database, enum database_trouble trouble);

enum { DATABASE_SAID = 256 };

/*
 * Look for trouble over a connection made for it, as a request's would be. The former finding stays while the
 * server cannot be reached. `ret_said` is one line of what failed, with the server's words, or "". Blocks for
 * the connection and one statement of some milliseconds.
 */
void database_look_for_trouble(struct database *database, char ret_said[static DATABASE_SAID]);

/* COUNT_SERVING: connections open now of those who work on requests. */
enum database_count {
	COUNT_SERVING,
	COUNT_OPEN,
	COUNT_CONNECTED,
	COUNT_NOT_CONNECTED,
	COUNT_LOST,
	COUNT_FAILED,
	COUNTS
};

void database_count(struct database *database, enum database_count count, int64_t more);

#endif
