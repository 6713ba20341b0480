#include "coach_read.h"

#include "app/coach_news.h"
#include "base/die.h"
#include "base/log.h"
#include "base/table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

enum {
	SNAPSHOT_MAX_AGE_MS = 15000, /* for bookings of a replica that died before it had told of them */
};

static const char erasures[] = "bookingd_erased"; /* QUERY_USER_ERASE tells it */
static const char *const channels[] = {COACH_NEWS_CHANNEL, erasures};

/* A coach that memory knows, or is being read. */
struct entry {
	UT_hash_handle hh; /* by id */
	TAILQ_ENTRY(entry) age;
	char *id;
	size_t bytes;               /* counted for it */
	struct snapshot *snapshot;  /* NULL: dropped */
	bool outdated;              /* there were bookings since: good for its schedule only */
	struct schedule_copy *copy; /* the last schedule seen */
	uint64_t drops;             /* a snapshot read before the last drop is outdated */
	uint64_t changes;           /* a snapshot read before the last of these drops is not kept */
	int readers;                /* reading from the database now */
	uint64_t reading;           /* what `drops` was when the last of them began */
};

struct coaches {
	pthread_mutex_t lock;
	pthread_cond_t read;                  /* a coach was read, or could not be */
	struct entry *entries;                /* a table */
	TAILQ_HEAD(entry_list, entry) by_age; /* all of them, the one that was read first at the head */
	size_t bytes;                         /* of all of them */
	char *only;                           /* id of the only coach; NULL: not known */
	int64_t only_ms;                      /* when that was read */
	uint64_t generation;

	struct database *database;
	void (*freed)(void *owner, const char *coach_id);
	void (*erased)(void *owner, const char *user_id);
	void *owner;
	struct listener *_Atomic listener;
	struct coach_news *news;
};

static char *copy_text(const char *text)
{
	char *copy = strdup(text);
	if (copy == NULL)
		die("out of memory");
	return copy;
}

void coach_release(const struct coach *coach)
{
	snapshot_drop((struct snapshot *)coach);
}

struct coaches *coaches_new(struct database *database, void (*freed)(void *owner, const char *coach_id),
			    void (*erased)(void *owner, const char *user_id), void *owner)
{
	struct coaches *coaches = calloc(1, sizeof(*coaches));
	if (coaches == NULL || pthread_mutex_init(&coaches->lock, NULL) != 0 ||
	    pthread_cond_init(&coaches->read, NULL) != 0)
		die("out of memory");
	TAILQ_INIT(&coaches->by_age);
	coaches->database = database;
	coaches->freed = freed;
	coaches->erased = erased;
	coaches->owner = owner;
	coaches->news = coach_news_new(database);
	return coaches;
}

static struct entry *entry_of(struct coaches *coaches, const char *id)
{
	struct entry *entry;
	HASH_FIND_STR(coaches->entries, id, entry);
	return entry;
}

/* Update the count of bytes after the entry has changed. */
static void entry_count(struct coaches *coaches, struct entry *entry)
{
	size_t bytes = sizeof(*entry) + strlen(entry->id);
	if (entry->snapshot != NULL)
		bytes += sizeof(*entry->snapshot) + entry->snapshot->mem.total;
	if (entry->copy != NULL)
		bytes += sizeof(*entry->copy) + entry->copy->mem.total;
	coaches->bytes += bytes - entry->bytes;
	entry->bytes = bytes;
}

static void entry_remove(struct coaches *coaches, struct entry *entry)
{
	HASH_DEL(coaches->entries, entry);
	TAILQ_REMOVE(&coaches->by_age, entry, age);
	coaches->bytes -= entry->bytes;
	snapshot_drop(entry->snapshot);
	schedule_copy_drop(entry->copy);
	free(entry->id);
	free(entry);
}

static struct entry *entry_new(struct coaches *coaches, const char *id)
{
	struct entry *entry = calloc(1, sizeof(*entry));
	if (entry == NULL)
		die("out of memory");
	entry->id = copy_text(id);
	HASH_ADD_KEYPTR(hh, coaches->entries, entry->id, strlen(entry->id), entry);
	TAILQ_INSERT_TAIL(&coaches->by_age, entry, age);
	entry_count(coaches, entry);
	return entry;
}

void coaches_free(struct coaches *coaches)
{
	if (coaches == NULL)
		return;
	struct entry *entry;
	struct entry *next;
	HASH_ITER(hh, coaches->entries, entry, next)
	{
		entry_remove(coaches, entry);
	}
	coach_news_free(coaches->news);
	free(coaches->only);
	pthread_cond_destroy(&coaches->read);
	pthread_mutex_destroy(&coaches->lock);
	free(coaches);
}

bool coaches_listening(const struct coaches *coaches)
{
	const struct listener *listener = atomic_load(&((struct coaches *)coaches)->listener);
	return listener != NULL && listener_up(listener);
}

/* The lock is held. NULL: not in memory. */
static struct entry *find_entry(struct coaches *coaches, const char *id, int64_t now_ms)
{
	if (id == NULL && coaches->only != NULL && now_ms - coaches->only_ms < SNAPSHOT_MAX_AGE_MS)
		id = coaches->only;
	return id != NULL ? entry_of(coaches, id) : NULL;
}

/* The lock is held. */
static bool is_usable(const struct entry *entry, bool schedule_only, int64_t now_ms)
{
	return entry != NULL && entry->snapshot != NULL &&
	       (schedule_only ||
		(!entry->outdated && now_ms - entry->snapshot->read_ms < SNAPSHOT_MAX_AGE_MS));
}

/*
 * From memory. `patient`: where somebody is reading this coach, and began after the last booking, what they
 * read is waited for.
 */
static enum coach_found peek(struct coaches *coaches, const char *id, bool schedule_only, bool patient,
			     const struct coach **ret_coach)
{
	if (!coaches_listening(coaches))
		return COACH_NOT_IN_MEMORY;
	enum coach_found found = COACH_NOT_IN_MEMORY;
	pthread_mutex_lock(&coaches->lock);
	for (;;) {
		int64_t now_ms = monotonic_ms();
		struct entry *entry = find_entry(coaches, id, now_ms);
		if (is_usable(entry, schedule_only, now_ms)) {
			atomic_fetch_add(&entry->snapshot->references, 1);
			*ret_coach = &entry->snapshot->coach;
			found = COACH_FOUND;
			break;
		}
		if (!patient || entry == NULL || entry->readers == 0 || entry->reading != entry->drops)
			break;
		pthread_cond_wait(&coaches->read, &coaches->lock);
	}
	pthread_mutex_unlock(&coaches->lock);
	return found;
}

enum coach_found coaches_peek(struct coaches *coaches, const char *id, const struct coach **ret_coach)
{
	return peek(coaches, id, false, false, ret_coach);
}

/* Forget what was read first while all of it takes too much. */
static void make_room(struct coaches *coaches)
{
	while (coaches->bytes > COACHES_BYTES_MAX) {
		struct entry *oldest = TAILQ_FIRST(&coaches->by_age);
		/* The analyzer does not see that what was removed is no longer the first.
		 * NOLINTNEXTLINE(*unix.Malloc) */
		if (oldest->readers > 0)
			return;
		entry_remove(coaches, oldest);
	}
}

enum coach_found coaches_read(struct coaches *coaches, struct worker *worker, const char *id,
			      const struct coach **ret_coach)
{
	/* The entry stands before the reading starts, so that a drop in between is seen. */
	pthread_mutex_lock(&coaches->lock);
	struct entry *entry = entry_of(coaches, id);
	if (entry == NULL)
		entry = entry_new(coaches, id);
	entry->readers++;
	uint64_t drops = entry->drops;
	uint64_t changes = entry->changes;
	entry->reading = drops;
	struct schedule_copy *at_hand = entry->copy;
	if (at_hand != NULL)
		atomic_fetch_add(&at_hand->references, 1);
	pthread_mutex_unlock(&coaches->lock);

	struct snapshot *snapshot = NULL;
	enum coach_found found = coach_read(worker, id, INSTANT_MAX, at_hand, &snapshot);
	schedule_copy_drop(at_hand);

	pthread_mutex_lock(&coaches->lock);
	entry->readers--;
	if (found == COACH_FOUND) {
		snapshot->coach.generation = ++coaches->generation;
		if (entry->changes == changes) {
			snapshot_drop(entry->snapshot);
			/* Not freed above: the entry holds a reference of its own.
			 * NOLINTNEXTLINE(*unix.Malloc) */
			schedule_copy_drop(entry->copy);
			entry->snapshot = snapshot;
			entry->copy = snapshot->copy;
			entry->outdated = entry->drops != drops;
			atomic_fetch_add(&snapshot->references, 1);
			atomic_fetch_add(&snapshot->copy->references, 1);
			TAILQ_REMOVE(&coaches->by_age, entry, age);
			TAILQ_INSERT_TAIL(&coaches->by_age, entry, age);
			entry_count(coaches, entry);
			make_room(coaches);
		}
		*ret_coach = &snapshot->coach;
	} else if (entry->readers == 0 && entry->snapshot == NULL) {
		entry_remove(coaches, entry);
	}
	pthread_cond_broadcast(&coaches->read);
	pthread_mutex_unlock(&coaches->lock);
	return found;
}

enum coach_found coaches_find_past(struct coaches *coaches, struct worker *worker, const char *id, instant at,
				   instant now, const struct coach **ret_coach)
{
	if (at >= now)
		return coaches_find(coaches, worker, id, ret_coach);
	struct snapshot *snapshot = NULL;
	enum coach_found found = coach_read(worker, id, at, NULL, &snapshot);
	if (found == COACH_FOUND)
		*ret_coach = &snapshot->coach;
	return found;
}

/* The id of the only coach, in `mem`. */
static enum coach_found only_coach(struct coaches *coaches, struct worker *worker, struct arena *mem,
				   const char **ret_id)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(worker->db, QUERY_COACH_IDS, DB_NO_PARAMETERS, &rows);
	if (result != DB_OK && result != DB_NONE)
		return COACH_FAILURE;
	if (rows.count != 1)
		return rows.count == 0 ? COACH_UNKNOWN : COACH_AMBIGUOUS;
	*ret_id = db_copy_text(&rows, 0, 0, mem);
	pthread_mutex_lock(&coaches->lock);
	free(coaches->only);
	coaches->only = copy_text(*ret_id);
	coaches->only_ms = monotonic_ms();
	pthread_mutex_unlock(&coaches->lock);
	return COACH_FOUND;
}

static enum coach_found find(struct coaches *coaches, struct worker *worker, const char *id,
			     bool schedule_only, const struct coach **ret_coach)
{
	if (peek(coaches, id, schedule_only, true, ret_coach) == COACH_FOUND)
		return COACH_FOUND;
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_OF_BLOCKS(128);
	if (id == NULL) {
		enum coach_found found = only_coach(coaches, worker, &mem, &id);
		if (found != COACH_FOUND)
			return found;
		if (peek(coaches, id, schedule_only, true, ret_coach) == COACH_FOUND)
			return COACH_FOUND;
	}
	return coaches_read(coaches, worker, id, ret_coach);
}

enum coach_found coaches_find(struct coaches *coaches, struct worker *worker, const char *id,
			      const struct coach **ret_coach)
{
	return find(coaches, worker, id, false, ret_coach);
}

enum coach_found coaches_find_schedule(struct coaches *coaches, struct worker *worker, const char *id,
				       const struct coach **ret_coach)
{
	return find(coaches, worker, id, true, ret_coach);
}

static void entry_forget(struct coaches *coaches, struct entry *entry)
{
	entry->drops++;
	entry->changes++;
	snapshot_drop(entry->snapshot);
	entry->snapshot = NULL;
	entry_count(coaches, entry);
}

/* After a booking the snapshot stays for its schedule. */
static void drop(struct coaches *coaches, const char *id, enum coach_news_kind kind)
{
	pthread_mutex_lock(&coaches->lock);
	struct entry *entry = entry_of(coaches, id);
	if (entry != NULL) {
		entry->drops++;
		entry->outdated = true;
		if (kind == COACH_CHANGED)
			entry_forget(coaches, entry);
	}
	if (coaches->only != NULL && strcmp(coaches->only, id) != 0)
		coaches->only_ms = INT64_MIN / 2; /* perhaps there are two now */
	pthread_mutex_unlock(&coaches->lock);
}

static void drop_all(struct coaches *coaches)
{
	pthread_mutex_lock(&coaches->lock);
	for (struct entry *entry = coaches->entries; entry != NULL; entry = entry->hh.next)
		entry_forget(coaches, entry);
	coaches->only_ms = INT64_MIN / 2;
	pthread_mutex_unlock(&coaches->lock);
}

void coaches_changed(struct coaches *coaches, const char *id)
{
	drop(coaches, id, COACH_CHANGED);
}

void coaches_booked(struct coaches *coaches, const char *id)
{
	drop(coaches, id, COACH_BOOKED);
	coach_news_tell(coaches->news, id, COACH_BOOKED);
}

void coaches_freed(struct coaches *coaches, const char *id)
{
	drop(coaches, id, COACH_FREED);
	coach_news_tell(coaches->news, id, COACH_FREED);
}

/* What another replica or the database told, or (channel NULL) anything. */
static void heard(const char *channel, const char *payload, void *argument)
{
	struct coaches *coaches = argument;
	const char *id = NULL;
	enum coach_news_kind kind = COACH_CHANGED;
	bool erasure = channel != NULL && strcmp(channel, erasures) == 0;
	if (coaches->erased != NULL && (channel == NULL || erasure))
		coaches->erased(coaches->owner, payload);
	if (erasure)
		return;
	if (channel == NULL)
		drop_all(coaches);
	else if (coach_news_read(coaches->news, payload, &id, &kind))
		drop(coaches, id, kind);
	else
		return;
	if (coaches->freed != NULL && kind != COACH_BOOKED)
		coaches->freed(coaches->owner, id);
}

static void log_hearing(const char *trouble, void *coaches)
{
	(void)coaches;
	if (trouble != NULL)
		log_line(LOG_ERROR, "database_not_heard", LOG_TEXT_FIELD("detail", trouble));
	else
		log_line(LOG_INFO, "database_heard", LOG_TEXT_FIELD("detail", "notifications arrive again"));
}

void coaches_start(struct coaches *coaches)
{
	coach_news_start(coaches->news);
	const size_t count = sizeof(channels) / sizeof(channels[0]);
	atomic_store(&coaches->listener,
		     listener_start(coaches->database, channels, count,
				    &(struct listener_calls){.notified = heard, .told = log_hearing},
				    coaches));
}

void coaches_stop(struct coaches *coaches)
{
	coach_news_stop(coaches->news);
	struct listener *listener = atomic_exchange(&coaches->listener, NULL);
	if (listener != NULL)
		listener_stop(listener);
}
