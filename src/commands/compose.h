/*
 * compose - what the commands make of the settings.
 */
#ifndef COMPOSE_H
#define COMPOSE_H

#include "calendar/calendar.h"
#include "config.h"
#include "notice/notice.h"

/*
 * Read TOKEN_ENCRYPTION_KEY. Returns `keys`, or NULL when it is not set; config_load() has checked it.
 * To be cleared with seal_keys_clear() in any case.
 */
const struct seal_keys *compose_seal_keys(const struct settings *settings, struct seal_keys *keys);

/*
 * The keys that tokens of feeds are sealed with: TOKEN_ENCRYPTION_KEY, else one made of AUTH_JWT_SECRET, else
 * NULL. To be cleared with seal_keys_clear() in any case.
 */
const struct seal_keys *compose_feed_keys(const struct settings *settings, struct seal_keys *keys);

/* The calendar's settings but database, metrics and hooks. Borrows all; keys may be NULL. For one thread at
 * start. */
struct calendar_settings compose_calendar_settings(const struct settings *settings,
						   const struct seal_keys *keys);

/*
 * How many workers the lane of calls to the database has: WORKERS, or by default as many as bring this daemon
 * to 20 connections, so that three replicas fit into PostgreSQL's 100 beside the platform. At least 3.
 */
int64_t compose_workers(const struct settings *settings);

/*
 * How many workers the lane of calls that may wait for Google has: none without a calendar, since no call
 * comes there (api_early).
 */
int64_t compose_calendar_workers(const struct settings *settings);

/*
 * How many connections to the database a daemon with these settings takes at most: one a worker, one each for
 * the listener, the teller, housekeeping and the keeper of notices, and those of the calendar's threads and
 * of the mail's, if they are configured. Behind a pooler in transaction mode who may lock something in a
 * session has a second one, the direct way, and the listener one through the pooler.
 */
int64_t compose_connections(const struct settings *settings);

/* Where the database is; to be freed with database_free(). Does not connect. */
struct database *compose_database(const struct settings *settings);

/* The settings of mail and notices but database and metrics. Borrows all. */
struct notice_settings compose_notice_settings(const struct settings *settings);

/*
 * What a coach begins with, in canonical form: COACH_SCHEDULE, or the default without it. The caller frees
 * *ret_schedule. False: it is bad, or there is no zone data; each is told on stderr, a fault with its path.
 * For one thread at start.
 */
bool compose_schedule(const struct settings *settings, char **ret_schedule);

#endif
