#include "app/provider_keys.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/die.h"
#include "base/log.h"
#include "net/jwks.h"

struct provider_keys {
	const char *url;
	struct jwt_key_set *none; /* an empty set, for as long as there are no usable keys */

	pthread_rwlock_t set_lock; /* guards `set`: held for reading while keys are borrowed */
	struct jwt_key_set *set;   /* NULL: nothing fetched yet */

	pthread_mutex_t lock; /* guards the rest */
	pthread_cond_t finished;
	unsigned long generation; /* 0: nothing fetched yet */
	instant fetched_at;
	instant tried_at;  /* when the last fetch began */
	instant sought_at; /* when the last fetch for a missing key began */
	bool fetching;
	bool failed; /* the last fetch */
};

struct provider_keys *provider_keys_new(const char *url)
{
	static const char empty[] = "{\"keys\":[]}";
	struct provider_keys *keys = calloc(1, sizeof(*keys));

	if (keys == NULL || pthread_rwlock_init(&keys->set_lock, NULL) != 0 ||
	    pthread_mutex_init(&keys->lock, NULL) != 0 || pthread_cond_init(&keys->finished, NULL) != 0)
		die("out of memory");
	keys->url = url;
	keys->none = jwt_key_set_read(empty, sizeof(empty) - 1);
	keys->tried_at = keys->sought_at = -PROVIDER_KEYS_STALE_SECONDS;
	return keys;
}

void provider_keys_free(struct provider_keys *keys)
{
	if (keys == NULL)
		return;
	jwt_key_set_free(keys->set);
	jwt_key_set_free(keys->none);
	pthread_rwlock_destroy(&keys->set_lock);
	pthread_mutex_destroy(&keys->lock);
	pthread_cond_destroy(&keys->finished);
	free(keys);
}

const struct jwt_key_set *provider_keys_borrow(struct provider_keys *keys, instant now,
					       unsigned long *ret_generation)
{
	pthread_mutex_lock(&keys->lock);
	*ret_generation = keys->generation;
	bool usable = keys->generation > 0 && now - keys->fetched_at < PROVIDER_KEYS_STALE_SECONDS;
	pthread_mutex_unlock(&keys->lock);
	pthread_rwlock_rdlock(&keys->set_lock);
	return usable ? keys->set : keys->none;
}

void provider_keys_return(struct provider_keys *keys)
{
	pthread_rwlock_unlock(&keys->set_lock);
}

/* NULL, with a line in the log, if the provider gives no key set. */
static struct jwt_key_set *download(const struct provider_keys *keys, struct fetch_client *fetcher)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	const char *detail = "This is no JSON Web Key Set.";
	size_t length = 0;
	const char *json = jwks_fetch(fetcher, &mem, keys->url, monotonic_ms() + PROVIDER_KEYS_DEADLINE_MS,
				      &length, &detail);
	struct jwt_key_set *set = json != NULL ? jwt_key_set_read(json, length) : NULL;

	if (set != NULL)
		log_line(LOG_INFO, "jwks_fetched",
			 LOG_INTEGER_FIELD("keys", (int64_t)jwt_key_set_count(set)));
	else
		log_line(LOG_WARNING, "jwks_fetch_failed", LOG_TEXT_FIELD("detail", detail));
	return set;
}

/* Fetch. Called with the lock held while nobody fetches; lets go of it in between. */
static void fetch_set(struct provider_keys *keys, struct fetch_client *fetcher, instant now)
{
	keys->fetching = true;
	keys->tried_at = now;
	pthread_mutex_unlock(&keys->lock);

	struct jwt_key_set *set = download(keys, fetcher);
	if (set != NULL) {
		pthread_rwlock_wrlock(&keys->set_lock);
		struct jwt_key_set *old = keys->set;
		keys->set = set;
		pthread_rwlock_unlock(&keys->set_lock);
		jwt_key_set_free(old);
	}

	pthread_mutex_lock(&keys->lock);
	keys->fetching = false;
	keys->failed = set == NULL;
	if (set != NULL) {
		keys->generation++;
		keys->fetched_at = now;
	}
	pthread_cond_broadcast(&keys->finished);
}

/* How long ago. What lies ahead was noted before the clock was set back, and is as good as long ago. */
static seconds age_of(instant then, instant now)
{
	enum { REQUESTS_OVERTAKE = 60 }; /* seconds by which a request's `now` may be behind another's */
	return now < then - REQUESTS_OVERTAKE ? PROVIDER_KEYS_STALE_SECONDS : now - then;
}

void provider_keys_renew(struct provider_keys *keys, struct fetch_client *fetcher, instant now)
{
	pthread_mutex_lock(&keys->lock);
	bool fresh = keys->generation > 0 && age_of(keys->fetched_at, now) < PROVIDER_KEYS_FRESH_SECONDS;
	seconds pause = keys->generation > 0 ? PROVIDER_KEYS_PAUSE_SECONDS : PROVIDER_KEYS_RETRY_SECONDS;
	if (!fresh && !keys->fetching && age_of(keys->tried_at, now) >= pause)
		fetch_set(keys, fetcher, now);
	pthread_mutex_unlock(&keys->lock);
}

enum provider_keys_outcome provider_keys_seek(struct provider_keys *keys, struct fetch_client *fetcher,
					      instant now, unsigned long missed)
{
	enum provider_keys_outcome outcome;

	pthread_mutex_lock(&keys->lock);
	/* Whoever fetches has a deadline, so this wait ends. */
	while (keys->fetching && keys->generation == missed)
		pthread_cond_wait(&keys->finished, &keys->lock);
	bool due = keys->generation > 0 ? age_of(keys->sought_at, now) >= PROVIDER_KEYS_PAUSE_SECONDS
					: age_of(keys->tried_at, now) >= PROVIDER_KEYS_RETRY_SECONDS;
	if (keys->generation == missed && due) {
		keys->sought_at = now;
		fetch_set(keys, fetcher, now);
	}
	if (keys->generation != missed)
		outcome = PROVIDER_KEYS_NEW;
	else
		outcome = keys->failed ? PROVIDER_KEYS_FAILED : PROVIDER_KEYS_CURRENT;
	pthread_mutex_unlock(&keys->lock);
	return outcome;
}
