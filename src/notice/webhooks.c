#include "webhooks.h"

#include "base/die.h"
#include "base/instant.h"
#include "base/log.h"
#include "base/thread.h"
#include "db/db.h"

#include <stdlib.h>

enum {
	STATEMENT_TIMEOUT_MS = 10000,
	TICK_MS = 1000,
	PORTION = 500, /* events that are published at once */
};

struct webhooks {
	struct webhook_settings settings;
	pthread_t thread;
	pthread_mutex_t lock; /* what follows */
	pthread_cond_t wake;
	bool stopping;
	bool woken;
};

struct webhooks *webhooks_new(const struct webhook_settings *settings)
{
	struct webhooks *webhooks = calloc(1, sizeof(*webhooks));
	if (webhooks == NULL)
		die("no memory");
	webhooks->settings = *settings;
	die_unless(pthread_mutex_init(&webhooks->lock, NULL) == 0);
	condition_init(&webhooks->wake);
	return webhooks;
}

void webhooks_free(struct webhooks *webhooks)
{
	pthread_cond_destroy(&webhooks->wake);
	pthread_mutex_destroy(&webhooks->lock);
	free(webhooks);
}

void webhooks_wake(struct webhooks *webhooks)
{
	pthread_mutex_lock(&webhooks->lock);
	webhooks->woken = true;
	pthread_cond_signal(&webhooks->wake);
	pthread_mutex_unlock(&webhooks->lock);
}

/* Give what happened meanwhile its place in the order. */
static void publish(struct db *db)
{
	int64_t published = PORTION;
	while (published == PORTION) {
		DB_ROWS rows = {0};
		enum db_result result =
			db_run(db, QUERY_EVENT_PUBLISH, DB_PARAMETERS(db_int(PORTION)), &rows);
		if (result != DB_OK && result != DB_UNAVAILABLE)
			log_line(LOG_WARNING, "publish_failed",
				 LOG_TEXT_FIELD("detail", db_failure(db)->detail));
		published = result == DB_OK ? db_get_int(&rows, 0, 0) : 0;
	}
}

static bool wait_for_news(struct webhooks *webhooks)
{
	int64_t deadline = monotonic_ms() + TICK_MS;
	pthread_mutex_lock(&webhooks->lock);
	while (!webhooks->woken && !webhooks->stopping &&
	       condition_wait_until(&webhooks->wake, &webhooks->lock, deadline))
		continue;
	webhooks->woken = false;
	bool on = !webhooks->stopping;
	pthread_mutex_unlock(&webhooks->lock);
	return on;
}

static void *run(void *argument)
{
	struct webhooks *webhooks = argument;
	struct db *db = db_open(webhooks->settings.database, STATEMENT_TIMEOUT_MS);
	do
		publish(db);
	while (wait_for_news(webhooks));
	db_close(db);
	return NULL;
}

void webhooks_start(struct webhooks *webhooks)
{
	webhooks->thread = thread_start("webhooks", run, webhooks);
}

void webhooks_stop(struct webhooks *webhooks)
{
	pthread_mutex_lock(&webhooks->lock);
	webhooks->stopping = true;
	pthread_cond_signal(&webhooks->wake);
	pthread_mutex_unlock(&webhooks->lock);
	thread_join(webhooks->thread);
}
