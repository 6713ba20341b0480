#include "app/coach_news.h"

#include "base/buffer.h"
#include "base/crypto.h"
#include "base/die.h"
#include "base/log.h"
#include "base/thread.h"
#include "db/db.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	PAUSE_MS = 20,       /* changes within this go out together */
	INSTANCE_BYTES = 17, /* 16 hexadecimal digits and NUL */
	STATEMENT_BYTES_MAX = 4 * 1024 * 1024,
};

/*
 * What stands before the coach in a payload: "0123456789abcdef+damian" from an instance that was booked at,
 * "0123456789abcdef-damian" if that freed time at Google, ":damian" from the database. A string.
 */
static const char marks[] = {
	[COACH_BOOKED] = '+', [COACH_FREED] = '-', [COACH_CHANGED] = ':', [COACH_CHANGED + 1] = '\0'};

struct told {
	char *coach_id;
	enum coach_news_kind kind;
};

struct coach_news {
	struct database *database;
	char instance[INSTANCE_BYTES];
	pthread_t thread;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t wake;
	bool running;
	struct told *pending;
	size_t count;
	size_t capacity;
};

struct coach_news *coach_news_new(struct database *database)
{
	struct coach_news *news = calloc(1, sizeof(*news));
	if (news == NULL || pthread_mutex_init(&news->lock, NULL) != 0 ||
	    pthread_cond_init(&news->wake, NULL) != 0)
		die("out of memory");
	news->database = database;
	uint64_t instance = 0;
	crypto_random(&instance, sizeof(instance));
	snprintf(news->instance, sizeof(news->instance), "%016llx", (unsigned long long)instance);
	return news;
}

static void told_free(struct told told[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(told[i].coach_id);
	free(told);
}

void coach_news_free(struct coach_news *news)
{
	if (news == NULL)
		return;
	told_free(news->pending, news->count);
	pthread_cond_destroy(&news->wake);
	pthread_mutex_destroy(&news->lock);
	free(news);
}

/* Under the lock. */
static void add(struct coach_news *news, const char *coach_id, enum coach_news_kind kind)
{
	for (size_t i = 0; i < news->count; i++) {
		struct told *told = &news->pending[i];
		if (strcmp(told->coach_id, coach_id) == 0) {
			if (kind > told->kind)
				told->kind = kind;
			return;
		}
	}
	if (news->count == news->capacity) {
		news->capacity = news->capacity * 2 + 16;
		news->pending = realloc(news->pending, news->capacity * sizeof(news->pending[0]));
		if (news->pending == NULL)
			die("out of memory");
	}
	char *copy = strdup(coach_id);
	if (copy == NULL)
		die("out of memory");
	news->pending[news->count++] = (struct told){copy, kind};
	if (news->count == 1)
		pthread_cond_signal(&news->wake);
}

void coach_news_tell(struct coach_news *news, const char *coach_id, enum coach_news_kind kind)
{
	pthread_mutex_lock(&news->lock);
	if (news->running)
		add(news, coach_id, kind);
	pthread_mutex_unlock(&news->lock);
}

bool coach_news_read(const struct coach_news *news, const char *payload, const char **ret_coach_id,
		     enum coach_news_kind *ret_kind)
{
	size_t length = strcspn(payload, marks);
	if (payload[length] == '\0' ||
	    (length == strlen(news->instance) && memcmp(payload, news->instance, length) == 0))
		return false;
	*ret_kind = (enum coach_news_kind)(strchr(marks, payload[length]) - marks);
	*ret_coach_id = payload + length + 1;
	return true;
}

static void send_all(const struct coach_news *news, struct db *db, const struct told told[], size_t count)
{
	__attribute__((cleanup(buffer_clear))) struct buffer payloads;
	buffer_init(&payloads, STATEMENT_BYTES_MAX);
	for (size_t i = 0; i < count; i++)
		buffer_printf(&payloads, "%s%s%c%s", i > 0 ? " " : "", news->instance, marks[told[i].kind],
			      told[i].coach_id);
	/* With the database away the others hear nothing either; they drop all when they are back. */
	enum db_result result =
		db_run(db, QUERY_COACH_NOTIFY, DB_PARAMETERS(db_text(buffer_text(&payloads))), NULL);
	if (result != DB_OK && result != DB_UNAVAILABLE)
		log_line(LOG_WARNING, "notify_failed", LOG_INTEGER_FIELD("coaches", (int64_t)count),
			 LOG_TEXT_FIELD("detail", db_failure(db)->detail));
}

static void *send_news(void *news_pointer)
{
	struct coach_news *news = news_pointer;
	struct db *db = db_open(news->database, 2000);
	pthread_mutex_lock(&news->lock);
	while (news->running || news->count > 0) {
		if (news->count == 0) {
			pthread_cond_wait(&news->wake, &news->lock);
			continue;
		}
		struct told *told = news->pending;
		size_t count = news->count;
		news->pending = NULL;
		news->count = 0;
		news->capacity = 0;
		pthread_mutex_unlock(&news->lock);
		send_all(news, db, told, count);
		told_free(told, count);
		const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
		pthread_mutex_lock(&news->lock);
	}
	pthread_mutex_unlock(&news->lock);
	db_close(db);
	return NULL;
}

void coach_news_start(struct coach_news *news)
{
	news->running = true;
	news->thread = thread_start("coach_news", send_news, news);
}

void coach_news_stop(struct coach_news *news)
{
	pthread_mutex_lock(&news->lock);
	bool was_running = news->running;
	news->running = false;
	pthread_cond_signal(&news->wake);
	pthread_mutex_unlock(&news->lock);
	if (was_running)
		thread_join(news->thread);
}
