/*
 * housekeeping - what time takes away: kept replies after 24 hours, holds nobody came back for, personal
 * fields after RETENTION_DAYS, and memory that only a burst of requests needed.
 *
 * One thread of its own, which looks once a minute and does its work in small portions, and gives memory back
 * every ten seconds. Several daemons on one database do not get into each other's way.
 */
#ifndef APP_HOUSEKEEPING_H
#define APP_HOUSEKEEPING_H

#include <stdint.h>

struct housekeeping;

/* Begin. database_url is borrowed; retention_days 0: personal fields are kept. */
struct housekeeping *housekeeping_start(const char *database_url, int64_t retention_days);

/* End and join; blocks for the statement under way. NULL is fine. */
void housekeeping_stop(struct housekeeping *housekeeping);

#endif
