/*
 * worker - what one worker thread owns: a database connection and a client for calls to Google.
 *
 * Made by the thread that uses it; never shared.
 */
#ifndef CALENDAR_WORKER_H
#define CALENDAR_WORKER_H

#include "db/db.h"
#include "net/fetch.h"

struct worker {
	struct db *db;
	struct fetch_client *fetcher;
	bool background; /* no client waits for it, and it keeps none from a lane's worker */
};

#endif
