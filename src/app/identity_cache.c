#include "app/identity_cache.h"
#include "base/die.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { NONE = -1 };

struct entry {
	struct identity_cache_key key;
	instant until;
	bool recently_used;
	long next; /* slot of the next entry in the same bucket, or NONE */
	struct identity_finding finding;
	size_t texts_length;
	char texts[]; /* what its identity points to */
};

struct identity_cache {
	pthread_mutex_t lock; /* guards all below */
	size_t capacity;
	size_t hand;          /* the slot that the clock looks at next */
	struct entry **slots; /* capacity of them; NULL: empty */
	long *buckets;        /* capacity of them: the first slot of each, or NONE */
};

struct identity_cache *identity_cache_new(size_t capacity)
{
	struct identity_cache *cache = calloc(1, sizeof(*cache));
	if (cache == NULL)
		die("out of memory");
	cache->capacity = capacity;
	cache->slots = calloc(capacity, sizeof(*cache->slots));
	cache->buckets = calloc(capacity, sizeof(*cache->buckets));
	if (cache->slots == NULL || cache->buckets == NULL || pthread_mutex_init(&cache->lock, NULL) != 0)
		die("out of memory");
	for (size_t i = 0; i < capacity; i++)
		cache->buckets[i] = NONE;
	return cache;
}

void identity_cache_free(struct identity_cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; i < cache->capacity; i++)
		free(cache->slots[i]);
	free(cache->slots);
	free(cache->buckets);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

static long *bucket_of(struct identity_cache *cache, const struct identity_cache_key *key)
{
	uint64_t number;
	memcpy(&number, key->bytes, sizeof(number));
	return &cache->buckets[number % cache->capacity];
}

/* Where the slot of this key is written down: in its bucket or in the entry before it. Holds NONE if there is
 * none. */
static long *link_to(struct identity_cache *cache, const struct identity_cache_key *key)
{
	long *link = bucket_of(cache, key);
	while (*link != NONE && memcmp(&cache->slots[*link]->key, key, sizeof(*key)) != 0)
		link = &cache->slots[*link]->next;
	return link;
}

static void drop(struct identity_cache *cache, long slot)
{
	struct entry *entry = cache->slots[slot];
	*link_to(cache, &entry->key) = entry->next;
	cache->slots[slot] = NULL;
	free(entry);
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
	long slot = *link_to(cache, key);
	bool found = slot != NONE && now < cache->slots[slot]->until;
	if (found) {
		struct entry *entry = cache->slots[slot];
		const struct identity *identity = &entry->finding.identity;
		entry->recently_used = true;
		*ret_finding = entry->finding;
		const char *copy = arena_strndup(mem, entry->texts, entry->texts_length);
		ret_finding->identity.user_id = moved(entry, identity->user_id, copy);
		ret_finding->identity.email = moved(entry, identity->email, copy);
		ret_finding->identity.name = moved(entry, identity->name, copy);
		ret_finding->identity.coach = moved(entry, identity->coach, copy);
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
			       instant until)
{
	const struct identity *identity = &finding->identity;
	size_t length = room_for(identity->user_id) + room_for(identity->email) + room_for(identity->name) +
			room_for(identity->coach) + room_for(identity->appointment_id);
	struct entry *entry = malloc(sizeof(*entry) + length);
	if (entry == NULL)
		die("out of memory");
	entry->texts_length = length;
	char *at = entry->texts;
	entry->key = *key;
	entry->until = until;
	entry->recently_used = false;
	entry->finding = *finding;
	entry->finding.identity.user_id = append(&at, identity->user_id);
	entry->finding.identity.email = append(&at, identity->email);
	entry->finding.identity.name = append(&at, identity->name);
	entry->finding.identity.coach = append(&at, identity->coach);
	entry->finding.identity.appointment_id = append(&at, identity->appointment_id);
	return entry;
}

/* An empty slot. The clock gives each entry that was used since its last round a second chance. */
static long make_room(struct identity_cache *cache)
{
	for (;;) {
		size_t slot = cache->hand;
		cache->hand = (slot + 1) % cache->capacity;
		struct entry *entry = cache->slots[slot];
		if (entry != NULL && entry->recently_used) {
			entry->recently_used = false;
			continue;
		}
		if (entry != NULL)
			drop(cache, (long)slot);
		return (long)slot;
	}
}

void identity_cache_put(struct identity_cache *cache, const struct identity_cache_key *key,
			const struct identity_finding *finding, instant until)
{
	struct entry *entry = entry_new(key, finding, until);

	pthread_mutex_lock(&cache->lock);
	long old = *link_to(cache, key);
	if (old != NONE)
		drop(cache, old);
	long slot = old != NONE ? old : make_room(cache);
	long *bucket = bucket_of(cache, key);
	entry->next = *bucket;
	*bucket = slot;
	cache->slots[slot] = entry;
	pthread_mutex_unlock(&cache->lock);
}

void identity_cache_forget(struct identity_cache *cache, const char *user_id)
{
	pthread_mutex_lock(&cache->lock);
	for (size_t slot = 0; slot < cache->capacity; slot++) {
		const struct entry *entry = cache->slots[slot];
		if (entry != NULL &&
		    (user_id == NULL || (entry->finding.outcome == IDENTITY_KNOWN &&
					 strcmp(entry->finding.identity.user_id, user_id) == 0)))
			drop(cache, (long)slot);
	}
	pthread_mutex_unlock(&cache->lock);
}
