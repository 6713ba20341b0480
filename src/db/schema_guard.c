#include "db/schema_guard.h"

#include "database_inside.h"

#include "base/die.h"
#include "base/instant.h"
#include "base/thread.h"
#include "db/migrate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	PAUSE_SOUND_MS = 60000,
	PAUSE_UNSOUND_MS = 5000, /* somebody mends it and waits, or nobody knows */
	PAUSE_WELL_MS = 2000,    /* between two looks for trouble of the server's */
	PAUSE_TROUBLE_MS = 250,  /* while there is any: nothing is served until a look finds none */
	STATEMENT_TIMEOUT_MS = 5000,
};

struct schema_guard {
	struct database *database;
	struct schema_guard_calls calls;
	enum database_trouble trouble;
	atomic_bool sound;
	bool looked;
	bool seen;  /* the last look at everything was taken */
	bool blind; /* the last look could not be taken; told */
	bool running;
	bool stopping;
	pthread_mutex_t lock; /* of stopping */
	pthread_cond_t wake;
	pthread_t thread;
};

static enum db_result ask_for_faults(struct db *db, struct db_rows *rows)
{
	return db_run(db, QUERY_SCHEMA_FAULTS,
		      DB_PARAMETERS(db_text(migrate_functions_checksum()), db_int(migrate_known())), rows);
}

static bool is_answer(enum db_result result)
{
	return result != DB_BUSY && result != DB_UNAVAILABLE && result != DB_UNKNOWN;
}

enum db_result schema_look(struct db *db, struct arena *mem, struct schema_faults *ret_faults)
{
	*ret_faults = (struct schema_faults){.count = 0};
	DB_ROWS first = {0};
	DB_ROWS rows = {0};
	/* pg_get_functiondef() sees what has been committed since, the record is as the statement found it: a
	 * look that a migration overtakes takes its changes for faults, and a second one does not. */
	enum db_result result = ask_for_faults(db, &first);
	if (result != DB_NONE && is_answer(result))
		result = ask_for_faults(db, &rows);
	if (!is_answer(result))
		return result;
	bool asked = result == DB_OK || result == DB_NONE;
	ret_faults->count = asked ? rows.count : 1;
	ret_faults->items = arena_array(mem, ret_faults->count + 1, sizeof(*ret_faults->items));
	if (!asked)
		ret_faults->items[0] = arena_strdup(mem, db_failure(db)->detail);
	for (size_t i = 0; asked && i < rows.count; i++)
		ret_faults->items[i] = db_copy_text(&rows, i, 0, mem);
	return DB_OK;
}

const atomic_bool *schema_guard_sound(const struct schema_guard *guard)
{
	return &guard->sound;
}

static void look(struct schema_guard *guard, struct db *db)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	struct schema_faults faults;
	enum db_result result = schema_look(db, &mem, &faults);
	/* A server that is not reached is told of by those who wait for it. */
	bool blind = result != DB_OK && !(result == DB_UNAVAILABLE && db_failure(db)->state[0] == '\0');
	if (blind && !guard->blind)
		guard->calls.blind(atomic_load(&guard->sound), db_failure(db)->detail);
	guard->blind = blind;
	guard->seen = result == DB_OK;
	if (result != DB_OK)
		return;
	bool sound = faults.count == 0;
	bool was_sound = atomic_exchange_explicit(&guard->sound, sound, memory_order_acq_rel);
	if (guard->looked && sound == was_sound)
		return;
	if (!sound || guard->looked)
		guard->calls.told(sound, sound ? NULL : faults.items[0]);
	guard->looked = true;
}

static void look_for_trouble(struct schema_guard *guard)
{
	char said[DATABASE_SAID];
	database_look_for_trouble(guard->database, said);
	enum database_trouble trouble = database_trouble(guard->database);
	if (trouble != guard->trouble)
		guard->calls.troubled(trouble, said);
	guard->trouble = trouble;
}

static bool is_untouched(struct db *db)
{
	return db_run(db, QUERY_SCHEMA_UNTOUCHED,
		      DB_PARAMETERS(db_text(migrate_functions_checksum()), db_int(migrate_known())),
		      NULL) == DB_OK;
}

static void *run(void *guard_pointer)
{
	struct schema_guard *guard = guard_pointer;
	int64_t looked = monotonic_ms() - PAUSE_SOUND_MS; /* the quick look says nothing of sequences */
	int64_t pause_ms = PAUSE_TROUBLE_MS;
	pthread_mutex_lock(&guard->lock);
	while (!guard->stopping) {
		const int64_t until = monotonic_ms() + pause_ms;
		while (!guard->stopping && condition_wait_until(&guard->wake, &guard->lock, until))
			continue;
		if (guard->stopping)
			break;
		pthread_mutex_unlock(&guard->lock);
		look_for_trouble(guard);
		pause_ms = guard->trouble == TROUBLE_NONE ? PAUSE_WELL_MS : PAUSE_TROUBLE_MS;
		const bool sound = atomic_load(&guard->sound);
		const int64_t look_every_ms = sound && guard->seen ? PAUSE_SOUND_MS : PAUSE_UNSOUND_MS;
		const bool doubted = sound && database_doubted(guard->database);
		if (doubted || monotonic_ms() - looked >= look_every_ms) {
			looked = monotonic_ms();
			/* A connection for each look: one a minute costs less than one that is kept. */
			struct db *db = db_open(guard->database, STATEMENT_TIMEOUT_MS);
			look(guard, db);
			db_close(db);
		}
		pthread_mutex_lock(&guard->lock);
	}
	pthread_mutex_unlock(&guard->lock);
	return NULL;
}

struct schema_guard *schema_guard_new(struct database *database, const struct schema_guard_calls *calls)
{
	struct schema_guard *guard = calloc(1, sizeof(*guard));
	if (guard == NULL)
		die("out of memory");
	guard->database = database;
	guard->calls = *calls;
	die_unless(pthread_mutex_init(&guard->lock, NULL) == 0);
	condition_init(&guard->wake);
	return guard;
}

void schema_guard_start(struct schema_guard *guard, struct db *db)
{
	guard->looked = is_untouched(db);
	atomic_store(&guard->sound, guard->looked);
	if (!guard->looked)
		look(guard, db);
	guard->running = true;
	guard->thread = thread_start("schema_guard", run, guard);
}

void schema_guard_stop(struct schema_guard *guard)
{
	if (!guard->running)
		return;
	pthread_mutex_lock(&guard->lock);
	guard->stopping = true;
	pthread_cond_signal(&guard->wake);
	pthread_mutex_unlock(&guard->lock);
	thread_join(guard->thread);
	guard->running = false;
}

void schema_guard_free(struct schema_guard *guard)
{
	if (guard == NULL)
		return;
	pthread_cond_destroy(&guard->wake);
	pthread_mutex_destroy(&guard->lock);
	free(guard);
}
