#include "sources_inside.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/die.h"
#include "base/log.h"
#include "base/thread.h"
#include "net/public_address.h"
#include "source_feed.h"

enum {
	PATIENT_PAUSE_MS = 5000,
	STATEMENT_TIMEOUT_MS = 30000,
	ANSWER_MS_MAX = 4000,
	ANSWER_MS_MIN = 1000,
};

struct sources *sources_new(const struct sources_settings *settings)
{
	struct sources *sources = calloc(1, sizeof(*sources));
	if (sources == NULL)
		die("out of memory");
	sources->settings = *settings;
	sources->answer_ms = ANSWER_MS_MAX;
	if (pthread_mutex_init(&sources->lock, NULL) != 0)
		die("out of memory");
	condition_init(&sources->changed);
	return sources;
}

static void *run_patiently(void *argument)
{
	struct sources *sources = argument;
	struct worker worker = {
		.db = db_open(sources->settings.database, STATEMENT_TIMEOUT_MS),
		.fetcher = fetch_client_new("bookingd/" BOOKINGD_VERSION, sources->settings.stopping),
		.background = true,
	};
	pthread_mutex_lock(&sources->lock);
	while (!atomic_load(sources->settings.stopping)) {
		pthread_mutex_unlock(&sources->lock);
		const bool more = source_read_patiently(sources, &worker);
		pthread_mutex_lock(&sources->lock);
		const int64_t until = monotonic_ms() + PATIENT_PAUSE_MS;
		while (!more && !atomic_load(sources->settings.stopping) &&
		       condition_wait_until(&sources->changed, &sources->lock, until))
			;
	}
	pthread_mutex_unlock(&sources->lock);
	fetch_client_free(worker.fetcher);
	db_close(worker.db);
	return NULL;
}

void sources_start(struct sources *sources)
{
	if (!sources_possible(sources))
		return;
	sources->patient = thread_start("patient sources", run_patiently, sources);
	sources->runs = true;
}

void sources_stop(struct sources *sources)
{
	if (sources == NULL || !sources->runs)
		return;
	pthread_mutex_lock(&sources->lock);
	pthread_cond_broadcast(&sources->changed);
	pthread_mutex_unlock(&sources->lock);
	thread_join(sources->patient);
	sources->runs = false;
}

void sources_free(struct sources *sources)
{
	if (sources == NULL)
		return;
	pthread_cond_destroy(&sources->changed);
	pthread_mutex_destroy(&sources->lock);
	free(sources);
}

bool sources_possible(const struct sources *sources)
{
	return sources->settings.seal_keys != NULL;
}

seconds source_good_for(const char *kind)
{
	return strcmp(kind, "caldav") == 0 ? SOURCE_CALDAV_STALE_SECONDS : SOURCE_STALE_SECONDS;
}

bool sources_read_due(struct sources *sources, struct worker *worker, int64_t deadline)
{
	enum db_result result = sources_possible(sources) ? DB_OK : DB_NONE;
	while (result == DB_OK && monotonic_ms() < deadline && !atomic_load(sources->settings.stopping)) {
		enum left left = LEFT_NOT;
		result = source_read_next(sources, worker, READING_QUICK, sources->answer_ms, &left);
		if (left == LEFT_SLOW && sources->answer_ms > ANSWER_MS_MIN)
			sources->answer_ms /= 2;
	}
	if (result != DB_OK)
		sources->answer_ms = ANSWER_MS_MAX;
	if (result != DB_NONE && result != DB_OK && result != DB_UNAVAILABLE)
		log_line(LOG_WARNING, "sources_failed",
			 LOG_TEXT_FIELD("detail", db_failure(worker->db)->detail));
	return result == DB_OK;
}

/* ---- the coach's list ---- */

enum db_result source_list(struct worker *worker, const char *coach_id, struct arena *mem,
			   struct source **ret_sources, size_t *ret_count)
{
	DB_ROWS rows = {0};
	*ret_count = 0;
	enum db_result result =
		db_run(worker->db, QUERY_SOURCE_LIST, DB_PARAMETERS(db_text(coach_id)), &rows);
	if (result != DB_OK)
		return result == DB_NONE ? DB_OK : result;
	struct source *list = arena_array(mem, rows.count, sizeof(*list));
	for (size_t i = 0; i < rows.count; i++) {
		db_get_uuid(&rows, i, 0, list[i].id);
		list[i].kind = db_copy_text(&rows, i, 1, mem);
		list[i].name = db_copy_text(&rows, i, 2, mem);
		list[i].blocks = db_get_bool(&rows, i, 3);
		list[i].state = db_copy_text(&rows, i, 4, mem);
		list[i].detail = db_copy_text(&rows, i, 5, mem);
		list[i].events = db_get_int(&rows, i, 6);
		list[i].last_success_at = db_get_instant(&rows, i, 7);
		list[i].writes = db_get_bool(&rows, i, 8);
	}
	*ret_sources = list;
	*ret_count = rows.count;
	return DB_OK;
}

/* The address that is meant. */
static const char *address_meant(const char *kind, const char *text, struct arena *mem)
{
	if (strcmp(kind, "caldav") == 0)
		return strstr(text, "://") == NULL ? arena_printf(mem, "https://%s", text) : text;
	if (strncasecmp(text, "webcal://", 9) == 0)
		return arena_printf(mem, "https://%s", text + 9);
	if (strncasecmp(text, "webcals://", 10) == 0)
		return arena_printf(mem, "https://%s", text + 10);
	return text;
}

/* What was given, and what is made of it. NOLINTNEXTLINE(readability-function-size) */
const char *source_address(const struct sources *sources, const char *kind, const char *text,
			   struct arena *mem, const char **ret_host, const char **ret_reason)
{
	const char *address = address_meant(kind, text, mem);
	if (!feed_may_ask(address, sources->settings.allow_private)) {
		*ret_reason = strcmp(kind, "caldav") == 0
				      ? "url must be a server's name or begin with https://."
				      : "url must begin with https:// or webcal://.";
		return NULL;
	}
	const char *fault = address_fault(address, true);
	if (fault != NULL) {
		*ret_reason = arena_printf(mem, "url %s", fault);
		return NULL;
	}
	const char *host = strstr(address, "//") + 2;
	const size_t length = strcspn(host, "/?#");
	*ret_host = arena_strndup(mem, host, length);
	return address;
}

/* Commas part calendars in a list of them. */
static const char *without_commas(struct arena *mem, const char *url)
{
	const char *comma;
	while ((comma = strchr(url, ',')) != NULL)
		url = arena_printf(mem, "%.*s%%2C%s", (int)(comma - url), url, comma + 1);
	return url;
}

/* Whom to ask, what was wished, by when, and the result. NOLINTNEXTLINE(readability-function-size) */
const char *source_writable(const struct sources *sources, struct worker *worker,
			    const struct source_wish *wish, int64_t deadline, struct arena *mem,
			    const char **ret_reason)
{
	const struct dav dav = {.fetcher = worker->fetcher,
				.address = wish->address,
				.user = wish->user,
				.password = wish->password,
				.allow_private = sources->settings.allow_private,
				.deadline = deadline};
	size_t count = 0;
	const struct collection *list = source_discover(&dav, mem, &count, ret_reason);
	if (list == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (list[i].may_write && strlen(list[i].url) <= SOURCE_ADDRESS_MAX)
			return without_commas(mem, list[i].url);
	}
	*ret_reason = "None of the account's calendars can be written to.";
	return NULL;
}

enum db_result source_add(struct sources *sources, struct worker *worker, const char *coach_id,
			  const struct source_wish *wish, instant now, char ret_id[static UUID_TEXT_SIZE])
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	char *secret = wish->user != NULL
			       ? arena_printf(&mem, "%s\n%s\n%s", wish->address, wish->user, wish->password)
			       : arena_strdup(&mem, wish->address);
	const size_t size = strlen(secret);
	char *sealed = arena_alloc(&mem, SEAL_TEXT_SIZE(size));
	uuid_format(uuid_new(now), ret_id);
	seal_text(sources->settings.seal_keys, source_seal_name(&mem, ret_id), secret, size, sealed);
	crypto_wipe(secret, size);
	return db_run(worker->db, QUERY_SOURCE_ADD,
		      DB_PARAMETERS(db_uuid(ret_id), db_text(coach_id), db_text(wish->kind),
				    db_text(wish->name), db_text(sealed), db_bool(wish->blocks),
				    db_int(SOURCES_PER_COACH_MAX), db_text(wish->write_url)),
		      NULL);
}

enum db_result source_remove(struct worker *worker, const char *coach_id, const char *id, bool *ret_wrote)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(
		worker->db, QUERY_SOURCE_REMOVE,
		DB_PARAMETERS(db_uuid(id), db_text(coach_id), db_text("The calendar was disconnected.")),
		&rows);
	*ret_wrote = result == DB_OK && db_get_bool(&rows, 0, 0);
	return result;
}

enum db_result sources_rekey(struct db *db, const struct seal_keys *keys, size_t *count)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	DB_ROWS rows = {0};
	enum db_result result = db_run(db, QUERY_SOURCE_SECRETS, DB_NO_PARAMETERS, &rows);
	for (size_t i = 0; i < rows.count && result == DB_OK; i++) {
		char id[UUID_TEXT_SIZE];
		db_get_uuid(&rows, i, 0, id);
		const char *old = db_get_text(&rows, i, 1);
		const char *sealed = seal_again(keys, source_seal_name(&mem, id), old, &mem);
		if (sealed == NULL)
			continue;
		result = db_run(db, QUERY_SOURCE_RESEAL,
				DB_PARAMETERS(db_uuid(id), db_text(old), db_text(sealed)), NULL);
		*count += result == DB_OK;
	}
	return result == DB_NONE ? DB_OK : result;
}
