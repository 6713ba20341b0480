#include "app/identity_cache.h"

#include "base/table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { CLOCKS_MAY_DIFFER = 5 /* seconds; requests do not end in the order in which they came */ };

struct entry {
	struct identity_cache_key key;
	UT_hash_handle hh;
	instant since;
	instant until;
	bool recently_used;
	struct identity_finding finding;
	size_t texts_length;
	char texts[]; /* what its identity points to */
};

struct identity_cache {
	pthread_mutex_t lock; /* guards all below */
	size_t capacity;
	struct entry *entries; /* a table, in the order in which make_room() looks at them */
};

struct identity_cache *identity_cache_new(size_t capacity)
{
	struct identity_cache *cache = calloc(1, sizeof(*cache));
	if (cache == NULL || pthread_mutex_init(&cache->lock, NULL) != 0)
		die("out of memory");
	cache->capacity = capacity;
	return cache;
}

static struct entry *find_entry(struct identity_cache *cache, const struct identity_cache_key *key)
{
	struct entry *entry;
	HASH_FIND(hh, cache->entries, key, sizeof(*key), entry);
	return entry;
}

static void drop(struct identity_cache *cache, struct entry *entry)
{
	/* Its neighbours in the table are not freed: each has left the table first, which the analyzer does
	 * not see. NOLINTNEXTLINE(*unix.Malloc) */
	HASH_DEL(cache->entries, entry);
	free(entry);
}

void identity_cache_free(struct identity_cache *cache)
{
	if (cache == NULL)
		return;
	struct entry *entry;
	struct entry *next;
	HASH_ITER(hh, cache->entries, entry, next)
	{
		drop(cache, entry);
	}
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

/* A text of the entry's in the copy that was made of all of them. */
static const char *moved(const struct entry *entry, const char *text, const char *copy)
{
	return text != NULL ? copy + (text - entry->texts) : NULL;
}

bool identity_cache_find(struct identity_cache *cache, const struct identity_cache_key *key, instant now,
			 struct arena *mem, struct identity_finding *ret_finding)
{
	pthread_mutex_lock(&cache->lock);
	struct entry *entry = find_entry(cache, key);
	/* Before `since` the clock was set back, and `until` means nothing. */
	bool found = entry != NULL && now < entry->until && now >= entry->since - CLOCKS_MAY_DIFFER;
	if (found) {
		const struct identity *identity = &entry->finding.identity;
		entry->recently_used = true;
		*ret_finding = entry->finding;
		const char *copy = arena_strndup(mem, entry->texts, entry->texts_length);
		ret_finding->identity.user_id = moved(entry, identity->user_id, copy);
		ret_finding->identity.email = moved(entry, identity->email, copy);
		ret_finding->identity.name = moved(entry, identity->name, copy);
		ret_finding->identity.coach = moved(entry, identity->coach, copy);
		ret_finding->identity.further_coaches = moved(entry, identity->further_coaches, copy);
		ret_finding->identity.appointment_id = moved(entry, identity->appointment_id, copy);
	}
	pthread_mutex_unlock(&cache->lock);
	return found;
}

static size_t room_for(const char *text)
{
	return text != NULL ? strlen(text) + 1 : 0;
}

/* Copy `text` to *at, which moves on. NULL stays NULL. */
static const char *append(char **at, const char *text)
{
	if (text == NULL)
		return NULL;
	char *copy = *at;
	*at = stpcpy(copy, text) + 1;
	return copy;
}

static struct entry *entry_new(const struct identity_cache_key *key, const struct identity_finding *finding,
			       instant now, instant until)
{
	const struct identity *identity = &finding->identity;
	size_t length = room_for(identity->user_id) + room_for(identity->email) + room_for(identity->name) +
			room_for(identity->coach) + room_for(identity->further_coaches) +
			room_for(identity->appointment_id);
	struct entry *entry = malloc(sizeof(*entry) + length);
	if (entry == NULL)
		die("out of memory");
	entry->texts_length = length;
	char *at = entry->texts;
	entry->key = *key;
	entry->since = now;
	entry->until = until;
	entry->recently_used = false;
	entry->finding = *finding;
	entry->finding.identity.user_id = append(&at, identity->user_id);
	entry->finding.identity.email = append(&at, identity->email);
	entry->finding.identity.name = append(&at, identity->name);
	entry->finding.identity.coach = append(&at, identity->coach);
	entry->finding.identity.further_coaches = append(&at, identity->further_coaches);
	entry->finding.identity.appointment_id = append(&at, identity->appointment_id);
	return entry;
}

/* Room for one more. Each entry that was used since it was last looked at gets a second chance. */
static void make_room(struct identity_cache *cache)
{
	while (HASH_COUNT(cache->entries) >= cache->capacity) {
		struct entry *oldest = cache->entries;
		if (!oldest->recently_used) {
			drop(cache, oldest);
			continue;
		}
		oldest->recently_used = false;
		HASH_DEL(cache->entries, oldest);
		HASH_ADD(hh, cache->entries, key, sizeof(oldest->key), oldest);
	}
}

void identity_cache_put(struct identity_cache *cache, const struct identity_cache_key *key,
			const struct identity_finding *finding, instant now, instant until)
{
	struct entry *entry = entry_new(key, finding, now, until);

	pthread_mutex_lock(&cache->lock);
	struct entry *old = find_entry(cache, key);
	if (old != NULL)
		drop(cache, old);
	make_room(cache);
	HASH_ADD(hh, cache->entries, key, sizeof(entry->key), entry);
	pthread_mutex_unlock(&cache->lock);
}

void identity_cache_forget(struct identity_cache *cache, const char *user_id)
{
	struct entry *entry;
	struct entry *next;

	pthread_mutex_lock(&cache->lock);
	HASH_ITER(hh, cache->entries, entry, next)
	{
		if (user_id == NULL || (entry->finding.outcome == IDENTITY_KNOWN &&
					strcmp(entry->finding.identity.user_id, user_id) == 0))
			drop(cache, entry);
	}
	pthread_mutex_unlock(&cache->lock);
}
