/*
 * housekeeping - what time takes away: kept replies after 24 hours, holds nobody came back for, personal
 * fields after RETENTION_DAYS, and memory that only a burst of requests needed. Between times it reads
 * coaches' further calendars that are due, and zone files that were replaced.
 *
 * One thread of its own, which looks once a minute and does its work in small portions. Every ten seconds it
 * gives memory back and asks for PostgreSQL's clock: when that was set back, what waits for its time is
 * brought forward, since it would wait as much longer. Several daemons on one database do not get into each
 * other's way.
 */
#ifndef APP_HOUSEKEEPING_H
#define APP_HOUSEKEEPING_H

#include "db/database.h"
#include "calendar/sources.h"

#include <stdint.h>

struct housekeeping;

/* Begin. Pointers are borrowed; retention_days 0: personal fields are kept; ends_calls: see fetch_client_new.
 */
struct housekeeping *housekeeping_start(struct database *database, int64_t retention_days,
					struct sources *sources, const atomic_bool *ends_calls);

/* End and join; blocks for the statement under way, and for a call to a calendar unless *ends_calls is true.
 * NULL is fine. */
void housekeeping_stop(struct housekeeping *housekeeping);

#endif
