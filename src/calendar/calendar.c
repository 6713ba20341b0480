/* Making and ending, and what memory knows of each coach. */
#include "calendar_inside.h"

#include "base/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- making and ending ---- */

static struct shared_tokens *tokens_new(struct google_token_source *source)
{
	struct shared_tokens *tokens = calloc(1, sizeof(*tokens));
	if (tokens == NULL)
		abort();
	tokens->references = 1;
	tokens->source = source;
	return tokens;
}

/* Returns one sentence, or NULL when the key is good. */
static const char *read_service_account(struct calendars *calendars)
{
	const struct calendar_settings *settings = &calendars->settings;
	struct google_service_account account;
	const char *wrong =
		google_service_account_read(&calendars->mem, settings->service_account_key, &account);
	if (wrong != NULL)
		return wrong;
	calendars->service_tokens =
		tokens_new(google_token_source_service_account(&account, settings->impersonate));
	crypto_wipe((char *)account.private_key, strlen(account.private_key)); /* they have their own */
	calendars->service_account =
		settings->impersonate != NULL ? settings->impersonate : account.client_email;
	calendars->bare = settings->impersonate == NULL;
	return NULL;
}

/* "a, b" as "a,b": ids hold neither blanks nor commas. */
static const char *read_calendar_ids(struct arena *mem, const char *setting)
{
	if (setting == NULL)
		return NULL;
	char *ids = arena_strdup(mem, setting);
	char *end = ids;
	for (const char *c = setting; *c != '\0'; c++) {
		bool comma = *c == ',';
		if (*c != ' ' && !(comma && (end == ids || end[-1] == ',')))
			*end++ = *c;
	}
	if (end > ids && end[-1] == ',')
		end--;
	*end = '\0';
	return end > ids ? ids : NULL;
}

struct calendars *calendars_new(const struct calendar_settings *settings, const char **ret_reason)
{
	struct calendars *calendars = calloc(1, sizeof(*calendars));
	pthread_condattr_t monotonic;
	if (calendars == NULL)
		abort();
	calendars->settings = *settings;
	calendars->mem = ARENA_EMPTY;
	calendars->settings.calendar_id = read_calendar_ids(&calendars->mem, settings->calendar_id);
	calendars->on = settings->service_account_key != NULL || settings->oauth.id != NULL;
	pthread_rwlock_init(&calendars->coaches_lock, NULL);
	pthread_mutex_init(&calendars->wake_lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&calendars->payers_wake, &monotonic);
	pthread_cond_init(&calendars->keeper_wake, &monotonic);
	pthread_condattr_destroy(&monotonic);

	const char *wrong = NULL;
	if (settings->service_account_key != NULL)
		wrong = read_service_account(calendars);
	if (wrong == NULL && settings->oauth.id != NULL && settings->seal_keys == NULL)
		wrong = "TOKEN_ENCRYPTION_KEY is needed to keep coaches' consents";
	if (wrong != NULL) {
		/* The sentence lives in the arena that is about to go. */
		static _Thread_local char reason[300];
		snprintf(reason, sizeof(reason), "%s", wrong);
		*ret_reason = reason;
		calendars_free(calendars);
		return NULL;
	}
	if (settings->metrics != NULL) {
		calendars->debt_count = metrics_gauge(settings->metrics, "bookingd_calendar_debt",
						      "Appointments whose event Google is still owed.", NULL);
		calendars->debt_age = metrics_gauge(
			settings->metrics, "bookingd_calendar_debt_age_seconds",
			"Age of the oldest appointment whose event Google is still owed.", NULL);
	}
	*ret_reason = NULL;
	return calendars;
}

static void coach_free(struct calendar_coach *coach)
{
	link_release(coach->link);
	busy_memory_free(coach->busy);
	pthread_cond_destroy(&coach->asked);
	pthread_mutex_destroy(&coach->lock);
	free(coach->id);
	free(coach);
}

void calendars_free(struct calendars *calendars)
{
	if (calendars == NULL)
		return;
	for (size_t i = 0; i < COACH_BUCKETS; i++) {
		for (struct calendar_coach *coach = calendars->coaches[i], *next; coach != NULL;
		     coach = next) {
			next = coach->next;
			coach_free(coach);
		}
	}
	if (calendars->service_tokens != NULL) {
		google_token_source_free(calendars->service_tokens->source);
		free(calendars->service_tokens);
	}
	pthread_cond_destroy(&calendars->payers_wake);
	pthread_cond_destroy(&calendars->keeper_wake);
	pthread_mutex_destroy(&calendars->wake_lock);
	pthread_rwlock_destroy(&calendars->coaches_lock);
	arena_clear(&calendars->mem);
	free(calendars);
}

bool calendars_on(const struct calendars *calendars)
{
	return calendars->on;
}

/* ---- coaches ---- */

static size_t bucket_of(const char *coach_id)
{
	size_t hash = 5381;
	for (const char *c = coach_id; *c != '\0'; c++)
		hash = hash * 33 + (unsigned char)*c;
	return hash % COACH_BUCKETS;
}

static struct calendar_coach *find_coach(struct calendars *calendars, const char *coach_id)
{
	struct calendar_coach *coach = calendars->coaches[bucket_of(coach_id)];
	while (coach != NULL && strcmp(coach->id, coach_id) != 0)
		coach = coach->next;
	return coach;
}

static struct calendar_coach *coach_new(const char *coach_id)
{
	struct calendar_coach *coach = calloc(1, sizeof(*coach));
	pthread_condattr_t monotonic;
	if (coach == NULL || (coach->id = strdup(coach_id)) == NULL)
		abort();
	pthread_mutex_init(&coach->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&coach->asked, &monotonic);
	pthread_condattr_destroy(&monotonic);
	coach->reach = GOOGLE_BUSY_DAYS_MAX * SECONDS_PER_DAY;
	return coach;
}

struct calendar_coach *calendar_coach_of(struct calendars *calendars, const char *coach_id)
{
	pthread_rwlock_rdlock(&calendars->coaches_lock);
	struct calendar_coach *coach = find_coach(calendars, coach_id);
	pthread_rwlock_unlock(&calendars->coaches_lock);
	if (coach != NULL)
		return coach;
	pthread_rwlock_wrlock(&calendars->coaches_lock);
	coach = find_coach(calendars, coach_id);
	if (coach == NULL) {
		struct calendar_coach **bucket = &calendars->coaches[bucket_of(coach_id)];
		coach = coach_new(coach_id);
		coach->next = *bucket;
		*bucket = coach;
	}
	pthread_rwlock_unlock(&calendars->coaches_lock);
	return coach;
}

void calendar_coaches_each(struct calendars *calendars,
			   void (*each)(struct calendars *calendars, struct calendar_coach *coach,
					void *owner),
			   void *owner)
{
	pthread_rwlock_rdlock(&calendars->coaches_lock);
	for (size_t i = 0; i < COACH_BUCKETS; i++) {
		for (struct calendar_coach *coach = calendars->coaches[i]; coach != NULL; coach = coach->next)
			each(calendars, coach, owner);
	}
	pthread_rwlock_unlock(&calendars->coaches_lock);
}

/* ---- the word for a reply ---- */

const char *calendar_state_of(const struct appointment *appointment)
{
	if (appointment->calendar_id == NULL)
		return "off";
	if (appointment->calendar_conflict)
		return "conflict";
	if (appointment->synced_version >= appointment->version)
		return "synced";
	return appointment->refused_version >= appointment->version ? "failed" : "pending";
}

enum db_result calendar_target(struct calendars *calendars, struct worker *worker, const char *coach_id,
			       struct arena *mem, const char **ret_calendar_id)
{
	*ret_calendar_id = NULL;
	if (!calendars->on)
		return DB_OK;
	enum db_result result;
	struct link *link = link_get(calendars, worker, calendar_coach_of(calendars, coach_id), &result);
	if (link == NULL)
		return result;
	if (link->connected)
		*ret_calendar_id = arena_strdup(mem, link->calendar_ids[0]);
	link_release(link);
	return DB_OK;
}
