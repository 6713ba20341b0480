#include "app/housekeeping.h"

#include "base/die.h"
#include "base/instant.h"
#include "base/log.h"
#include "base/thread.h"
#include "db/db.h"
#include "domain/zone.h"

#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
	PAUSE_SECONDS = 10,
	TIDY_EVERY = 6, /* pauses: a minute */
	STATEMENT_TIMEOUT_MS = 30000,
	CLOCK_SET_SECONDS = 10, /* or more: no drift, it was set */
	SOURCES_MS = 10000,     /* of a turn for coaches' further calendars */
};

/* PostgreSQL's clock, and ours that is never set before and after it was asked; all 0: not asked yet. */
struct clock_seen {
	instant clock;
	int64_t asked_ms;
	int64_t answered_ms;
};

struct housekeeping {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool stopping;
	struct database *database;
	int64_t retention_days;
	struct sources *sources;
	const atomic_bool *ends_calls;
	struct clock_seen clock;
};

static void report(struct db *db, enum db_result result)
{
	if (result != DB_OK && result != DB_NONE && result != DB_UNAVAILABLE)
		log_line(LOG_WARNING, "housekeeping_failed",
			 LOG_TEXT_FIELD("detail", db_failure(db)->detail));
}

static bool is_stopping(struct housekeeping *housekeeping)
{
	pthread_mutex_lock(&housekeeping->lock);
	bool stopping = housekeeping->stopping;
	pthread_mutex_unlock(&housekeeping->lock);
	return stopping;
}

/* Run a statement that does one portion of its work until nothing is left; returns how many rows that were.
 */
static int64_t repeat(struct housekeeping *housekeeping, struct db *db, enum query query,
		      const struct db_value parameters[], size_t count)
{
	int64_t total = 0;
	size_t done = 1;
	while (done > 0 && !is_stopping(housekeeping)) {
		DB_ROWS rows = {0};
		enum db_result result = db_run(db, query, parameters, count, &rows);
		report(db, result);
		done = result == DB_OK ? rows.count : 0;
		total += (int64_t)done;
	}
	return total;
}

static void tidy(struct housekeeping *housekeeping, struct db *db)
{
	report(db, db_run(db, QUERY_IDEMPOTENCY_EXPIRE, DB_NO_PARAMETERS, NULL));
	report(db, db_run(db, QUERY_CLIENT_USE_EXPIRE, DB_NO_PARAMETERS, NULL));
	report(db, db_run(db, QUERY_HOLD_EXPIRE, DB_NO_PARAMETERS, NULL));
	report(db, db_run(db, QUERY_SESSION_EXPIRE, DB_NO_PARAMETERS, NULL));
	report(db, db_run(db, QUERY_TOKEN_EXPIRE, DB_NO_PARAMETERS, NULL));
	(void)repeat(housekeeping, db, QUERY_GROUP_JUDGE, DB_NO_PARAMETERS);
	(void)repeat(housekeeping, db, QUERY_EVENT_EXPIRE, DB_NO_PARAMETERS);
	if (housekeeping->retention_days == 0)
		return;
	const struct db_value days = db_int(housekeeping->retention_days);
	int64_t total = repeat(housekeeping, db, QUERY_APPOINTMENT_RETIRE, DB_PARAMETERS(days));
	report(db, db_run(db, QUERY_PERSON_RETIRE, DB_PARAMETERS(days), NULL));
	(void)repeat(housekeeping, db, QUERY_AUDIT_RETIRE, DB_PARAMETERS(days));
	if (total > 0)
		log_line(LOG_INFO, "personal_fields_erased", LOG_INTEGER_FIELD("appointments", total));
}

/* A new package of zone data is used without a restart. What is kept of a coach is in instants or asks the
 * zone; what is kept of their further calendars is made anew. */
static void look_at_zones(struct db *db)
{
	bool new_release = false;
	size_t changed = zone_reload(&new_release);
	if (changed == 0 && !new_release)
		return;
	const char *release = zone_release();
	log_line(LOG_INFO, "zone_data_changed",
		 LOG_TEXT_FIELD("release", release != NULL ? release : "unknown"),
		 LOG_INTEGER_FIELD("zones_that_differ", (int64_t)changed));
	report(db, db_run(db, QUERY_SOURCE_EXPAND_AGAIN, DB_NO_PARAMETERS, NULL));
}

/*
 * Debts, leases and holds go by PostgreSQL's clock. Set forward, they end too soon, which none of them minds;
 * set back, what waits for its time would wait as much longer. Between two looks it has gone as far as ours
 * has, which is never set, give or take what the answers took.
 */
static void look_at_database_clock(struct housekeeping *housekeeping, struct db *db)
{
	const struct clock_seen last = housekeeping->clock;
	struct clock_seen seen = {.asked_ms = monotonic_ms()};
	DB_ROWS rows = {0};
	enum db_result result = db_run(db, QUERY_DATABASE_CLOCK, DB_NO_PARAMETERS, &rows);
	report(db, result);
	if (result != DB_OK)
		return;
	seen.answered_ms = monotonic_ms();
	seen.clock = db_get_instant(&rows, 0, 0);
	const int64_t earliest = last.clock + (seen.asked_ms - last.answered_ms) / 1000;
	const int64_t latest = last.clock + (seen.answered_ms - last.asked_ms) / 1000;
	const bool set_back = seen.clock < earliest - CLOCK_SET_SECONDS;
	if (last.clock != 0 && (set_back || seen.clock > latest + CLOCK_SET_SECONDS)) {
		log_line(LOG_WARNING, "database_clock_set", LOG_INTEGER_FIELD("seconds", seen.clock - latest),
			 LOG_TEXT_FIELD("remedy", "run NTP on the database's machine: holds and cut-offs go "
						  "by its clock"));
		result = set_back ? db_run(db, QUERY_DATABASE_CLOCK_SET_BACK, DB_NO_PARAMETERS, NULL) : DB_OK;
		report(db, result);
	}
	/* Looked at again where it could not be mended. */
	if (result == DB_OK)
		housekeeping->clock = seen;
}

static void *run(void *argument)
{
	struct housekeeping *housekeeping = argument;
	struct db *db = db_open(housekeeping->database, STATEMENT_TIMEOUT_MS);
	struct worker worker = {
		.db = db,
		.fetcher = fetch_client_new("bookingd/" BOOKINGD_VERSION, housekeeping->ends_calls)};
	pthread_mutex_lock(&housekeeping->lock);
	for (unsigned turn = 0; !housekeeping->stopping; turn++) {
		pthread_mutex_unlock(&housekeeping->lock);
		look_at_database_clock(housekeeping, db);
		if (turn % TIDY_EVERY == 0)
			tidy(housekeeping, db);
		look_at_zones(db);
		const bool more =
			sources_read_due(housekeeping->sources, &worker, monotonic_ms() + SOURCES_MS);
		malloc_trim(0); /* after a burst of requests its pages go back to the system */
		pthread_mutex_lock(&housekeeping->lock);
		const int64_t until = monotonic_ms() + (more ? 0 : PAUSE_SECONDS * 1000);
		while (!housekeeping->stopping &&
		       condition_wait_until(&housekeeping->wake, &housekeeping->lock, until))
			continue;
	}
	pthread_mutex_unlock(&housekeeping->lock);
	fetch_client_free(worker.fetcher);
	db_close(db);
	return NULL;
}

struct housekeeping *housekeeping_start(struct database *database, int64_t retention_days,
					struct sources *sources, const atomic_bool *ends_calls)
{
	struct housekeeping *housekeeping = calloc(1, sizeof(*housekeeping));
	if (housekeeping == NULL)
		die("out of memory");
	housekeeping->database = database;
	housekeeping->retention_days = retention_days;
	housekeeping->sources = sources;
	housekeeping->ends_calls = ends_calls;
	die_unless(pthread_mutex_init(&housekeeping->lock, NULL) == 0);
	condition_init(&housekeeping->wake);
	housekeeping->thread = thread_start("housekeeping", run, housekeeping);
	return housekeeping;
}

void housekeeping_stop(struct housekeeping *housekeeping)
{
	if (housekeeping == NULL)
		return;
	pthread_mutex_lock(&housekeeping->lock);
	housekeeping->stopping = true;
	pthread_cond_signal(&housekeeping->wake);
	pthread_mutex_unlock(&housekeeping->lock);
	thread_join(housekeeping->thread);
	pthread_cond_destroy(&housekeeping->wake);
	pthread_mutex_destroy(&housekeeping->lock);
	free(housekeeping);
}
