/*
 * sources - a coach's further calendars, read for busy times: feeds that somebody publishes (iCalendar over
 * HTTP), and accounts on CalDAV servers, with all calendars in them that take events.
 *
 * What they say is kept in the table busy_time, so that every replica sees the same and a restart forgets
 * nothing; app/coach_sources.h joins it to what Google says. One daemon reads a source at a time; one large
 * file is in memory at a time. A source that was not read for SOURCE_STALE_SECONDS
 * (SOURCE_CALDAV_STALE_SECONDS), or not since the coach's zone changed, makes its coach unavailable: what is
 * not known is not free.
 *
 * The threat: the address and everything behind it are a stranger's. Addresses, names and passwords are
 * sealed at rest and never logged; each redirect and each resolved name is held against private ranges; size,
 * time and work are bounded.
 *
 * Functions with a worker block. Safe from any thread.
 */
#ifndef CALENDAR_SOURCES_H
#define CALENDAR_SOURCES_H

#include "db/database.h"
#include "base/seal.h"
#include "base/uuid.h"
#include "calendar/worker.h"

enum {
	SOURCES_PER_COACH_MAX = 20,
	SOURCE_NAME_MAX = 100,     /* characters */
	SOURCE_ADDRESS_MAX = 2000, /* bytes */
	SOURCE_USER_MAX = 300,     /* bytes, as of the password */
	SOURCE_SECRET_MAX = SOURCE_ADDRESS_MAX + 2 * SOURCE_USER_MAX + 2,
	SOURCE_STALE_SECONDS = 3600, /* of a feed */
	SOURCE_CALDAV_STALE_SECONDS = 300,
	SOURCE_FILE_BYTES_MAX = 10 * 1024 * 1024, /* inflated */
};

struct sources;

struct sources_settings {
	struct database *database;         /* borrowed, as is the rest */
	const struct seal_keys *seal_keys; /* NULL: no source can be added or read */
	bool allow_private;                /* CALENDAR_ALLOW_PRIVATE */
	const atomic_bool *stopping;
};

struct sources *sources_new(const struct sources_settings *settings);

void sources_free(struct sources *sources);

/* Begin to read, in a thread of its own, those that are slow, large, or failed the last time. */
void sources_start(struct sources *sources);

/* settings->stopping is set before. */
void sources_stop(struct sources *sources);

/*
 * Read the others that are due, for all coaches, one after the other until none is or `deadline` has passed;
 * one that has begun takes 4 s at most. While many hang at once each of them is given up sooner, after a
 * second at last, so that a hundred keep the others waiting for less than two minutes. Returns whether others
 * may be due. For housekeeping's thread.
 */
bool sources_read_due(struct sources *sources, struct worker *worker, int64_t deadline);

/* Whether addresses can be sealed: TOKEN_ENCRYPTION_KEY is set. */
bool sources_possible(const struct sources *sources);

/* How long after it was read a source of that kind may be relied on. */
seconds source_good_for(const char *kind);

/* A source as the coach sees it; texts in the caller's arena. */
struct source {
	char id[UUID_TEXT_SIZE];
	const char *kind;
	const char *name;
	bool blocks;
	bool writes;        /* appointments are written to it */
	const char *state;  /* pending, ok, degraded, failing */
	const char *detail; /* a sentence for the coach; NULL: nothing to say */
	int64_t events;
	instant last_success_at; /* 0: never */
};

enum db_result source_list(struct worker *worker, const char *coach_id, struct arena *mem,
			   struct source **ret_sources, size_t *ret_count);

/*
 * What an address must be to be added: http, https or webcal with a host and nothing secret before an @;
 * plain http only with allow_private. For CalDAV a server's name will do. Returns the address to ask (webcal
 * is https), in `mem`, or NULL with *ret_reason set to a sentence. *ret_host: its host, to show.
 */
const char *source_address(const struct sources *sources, const char *kind, const char *text,
			   struct arena *mem, const char **ret_host, const char **ret_reason);

/* What is to be added. */
struct source_wish {
	const char *kind; /* "ical", "caldav" */
	const char *name;
	const char *address; /* from source_address */
	const char *user;    /* for caldav only; neither it nor the password holds a line break */
	const char *password;
	bool blocks;
	const char *write_url; /* from source_writable; NULL: it is only read */
};

/*
 * The calendar of a CalDAV account that can be written: the one that the address names, else the first. In
 * mem; NULL with *ret_reason, a sentence for the coach. Blocks until `deadline`.
 */
const char *source_writable(const struct sources *sources, struct worker *worker,
			    const struct source_wish *wish, int64_t deadline, struct arena *mem,
			    const char **ret_reason);

/* Add one. DB_NONE: there are SOURCES_PER_COACH_MAX already; DB_DUPLICATE: another one is written to. */
enum db_result source_add(struct sources *sources, struct worker *worker, const char *coach_id,
			  const struct source_wish *wish, instant now, char ret_id[static UUID_TEXT_SIZE]);

/* Remove one with all it said, and find out whether it was written to. DB_NONE: the coach has no such source.
 */
enum db_result source_remove(struct worker *worker, const char *coach_id, const char *id, bool *ret_wrote);

/*
 * Read one now, or the one that is due longest (id NULL). Blocks until `deadline` at most. What came of it is
 * in its row: DB_NONE if there is none or another daemon is reading it, DB_OK whatever the feed said.
 */
enum db_result source_refresh(struct sources *sources, struct worker *worker, const char *coach_id,
			      const char *id, instant now, int64_t deadline);

/* Seal each address, with the name and password, with the current key; counts on in *count. For `bookingd
 * rekey`. */
enum db_result sources_rekey(struct db *db, const struct seal_keys *keys, size_t *count);

#endif
