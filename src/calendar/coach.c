#include "coach.h"

#include "base/buffer.h"
#include "base/die.h"
#include "base/thread.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCKED_BYTES_MAX = 1 << 20 };

/* ---- the registry ---- */

static struct calendar_coach *find_coach(struct calendars *calendars, const char *coach_id)
{
	struct calendar_coach *coach;
	HASH_FIND_STR(calendars->coaches, coach_id, coach);
	return coach;
}

static struct calendar_coach *coach_new(const char *coach_id)
{
	struct calendar_coach *coach = calloc(1, sizeof(*coach));
	if (coach == NULL || (coach->id = strdup(coach_id)) == NULL)
		die("out of memory");
	pthread_mutex_init(&coach->lock, NULL);
	condition_init(&coach->asked);
	condition_init(&coach->left);
	coach->reach = GOOGLE_BUSY_DAYS_MAX * SECONDS_PER_DAY;
	return coach;
}

static void coach_free(struct calendar_coach *coach)
{
	link_release(coach->link);
	link_release(coach->former);
	busy_memory_free(coach->busy);
	pthread_cond_destroy(&coach->asked);
	pthread_cond_destroy(&coach->left);
	pthread_mutex_destroy(&coach->lock);
	free(coach->id);
	free(coach);
}

void coaches_init(struct calendars *calendars)
{
	pthread_rwlock_init(&calendars->coaches_lock, NULL);
}

void coaches_clear(struct calendars *calendars)
{
	struct calendar_coach *coach;
	struct calendar_coach *next;
	HASH_ITER(hh, calendars->coaches, coach, next)
	{
		/* The analyzer follows uthash's links from entries that were freed in an earlier turn, of
		 * which there are none: each has left the table first. NOLINTNEXTLINE(*unix.Malloc) */
		HASH_DEL(calendars->coaches, coach);
		coach_free(coach);
	}
	pthread_rwlock_destroy(&calendars->coaches_lock);
}

void calendars_account_seen(struct calendars *calendars)
{
	if (atomic_exchange(&calendars->accounts, true))
		return;
	bell_ring(&calendars->bell, BELL_PAYERS);
	bell_ring(&calendars->bell, BELL_KEEPER);
}

void calendars_await_account(struct calendars *calendars, enum bell_for who)
{
	enum { LOOK_MS = 60000 };
	uint64_t seen = 0;
	while (!atomic_load(&calendars->accounts) && !bell_stopped(&calendars->bell))
		bell_wait(&calendars->bell, who, &seen, LOOK_MS);
}

struct calendar_coach *coach_entry(struct calendars *calendars, const char *coach_id)
{
	pthread_rwlock_rdlock(&calendars->coaches_lock);
	struct calendar_coach *coach = find_coach(calendars, coach_id);
	pthread_rwlock_unlock(&calendars->coaches_lock);
	if (coach != NULL)
		return coach;
	pthread_rwlock_wrlock(&calendars->coaches_lock);
	coach = find_coach(calendars, coach_id);
	if (coach == NULL) {
		coach = coach_new(coach_id);
		HASH_ADD_KEYPTR(hh, calendars->coaches, coach->id, strlen(coach->id), coach);
	}
	pthread_rwlock_unlock(&calendars->coaches_lock);
	return coach;
}

void coaches_each(struct calendars *calendars, void (*each)(struct calendar_coach *coach, void *owner),
		  void *owner)
{
	pthread_rwlock_rdlock(&calendars->coaches_lock);
	for (struct calendar_coach *coach = calendars->coaches; coach != NULL; coach = coach->hh.next)
		each(coach, owner);
	pthread_rwlock_unlock(&calendars->coaches_lock);
}

/* ---- the link in force ---- */

struct link *coach_link_known(struct calendar_coach *coach)
{
	pthread_mutex_lock(&coach->lock);
	struct link *link = link_hold(coach->link);
	pthread_mutex_unlock(&coach->lock);
	return link;
}

/* What the credentials tell of themselves before any call is made. The lock is held. */
static void learn_from_link(struct abilities *can, const struct link *link)
{
	if (link->mode == LINK_CONSENT && link->connected) {
		if (!link->may_read_busy)
			can->read_busy = ABILITY_NO;
		if (!link->may_write_events)
			can->write_events = can->invite_guests = can->create_meet = ABILITY_NO;
		else if (can->invite_guests == ABILITY_UNKNOWN)
			can->invite_guests = ABILITY_YES; /* a person may always invite from their calendar */
	}
	if (link->undelegated)
		can->invite_guests = can->create_meet = ABILITY_NO;
}

struct link *coach_link(struct calendars *calendars, struct db *db, struct calendar_coach *coach,
			enum db_result *ret_result)
{
	struct link *link = coach_link_known(coach);
	*ret_result = DB_OK;
	if (link != NULL)
		return link;
	pthread_mutex_lock(&coach->lock);
	struct link *before = link_hold(coach->former);
	pthread_mutex_unlock(&coach->lock);
	*ret_result = link_read(&calendars->links, db, coach->id, before, &link);
	link_release(before);
	if (*ret_result != DB_OK)
		return NULL;
	pthread_mutex_lock(&coach->lock);
	struct link *old = coach->link;
	struct link *former = coach->former;
	coach->link = link_hold(link);
	coach->former = NULL;
	learn_from_link(&coach->health.can, link);
	pthread_mutex_unlock(&coach->lock);
	link_release(old);
	link_release(former);
	return link;
}

/* ---- what has changed ---- */

void coach_link_changed(struct calendar_coach *coach)
{
	struct link *old = NULL;
	pthread_mutex_lock(&coach->lock);
	if (coach->link != NULL) {
		old = coach->former;
		coach->former = coach->link;
		coach->link = NULL;
	}
	coach->forgotten_at = monotonic_ms() + 1;
	pthread_mutex_unlock(&coach->lock);
	link_release(old);
}

void coach_forget(struct calendar_coach *coach)
{
	pthread_mutex_lock(&coach->lock);
	struct link *old = coach->link;
	struct link *former = coach->former;
	instant last_success_at = coach->health.last_success_at;
	coach->link = coach->former = NULL;
	coach->forgotten_at = monotonic_ms() + 1;
	busy_memory_free(coach->busy);
	coach->busy = NULL;
	coach->health = (struct health){.last_success_at = last_success_at};
	coach->account++;
	coach->adopted = coach->announced = false;
	pthread_mutex_unlock(&coach->lock);
	link_release(old);
	link_release(former);
}

void coach_times_changed(struct calendars *calendars, const char *coach_id)
{
	struct calendar_coach *coach = coach_entry(calendars, coach_id);
	pthread_mutex_lock(&coach->lock);
	coach->forgotten_at = monotonic_ms() + 1;
	pthread_mutex_unlock(&coach->lock);
	if (calendars->settings.freed != NULL)
		calendars->settings.freed(calendars->settings.owner, coach_id);
}

void coach_learn(struct calendar_coach *coach, enum ability *of_coach, enum ability learned)
{
	pthread_mutex_lock(&coach->lock);
	*of_coach = learned;
	pthread_mutex_unlock(&coach->lock);
}

struct abilities coach_abilities(struct calendar_coach *coach)
{
	pthread_mutex_lock(&coach->lock);
	struct abilities can = coach->health.can;
	pthread_mutex_unlock(&coach->lock);
	return can;
}

/* ---- whom not to call now ---- */

struct blocked {
	struct buffer ids;
	enum call_kind kind;
	int64_t now_ms;
};

static void add_blocked(struct calendar_coach *coach, void *owner)
{
	struct blocked *blocked = owner;
	pthread_mutex_lock(&coach->lock);
	bool wait = !health_may_call(&coach->health, blocked->now_ms) ||
		    (coach->link != NULL && coach->link->connected && coach->link->needs_consent);
	if (blocked->kind == CALL_WRITE)
		wait = wait || !health_may_write(&coach->health, blocked->now_ms) ||
		       coach->payers >= PAYERS_PER_COACH;
	pthread_mutex_unlock(&coach->lock);
	if (wait)
		buffer_printf(&blocked->ids, "%s%s", blocked->ids.length > 0 ? "," : "", coach->id);
}

char *coaches_blocked(struct calendars *calendars, struct arena *mem, enum call_kind kind)
{
	struct blocked blocked = {.kind = kind, .now_ms = monotonic_ms()};
	buffer_init(&blocked.ids, BLOCKED_BYTES_MAX);
	coaches_each(calendars, add_blocked, &blocked);
	char *ids = arena_strdup(mem, buffer_text(&blocked.ids));
	buffer_clear(&blocked.ids);
	return ids;
}
