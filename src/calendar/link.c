/* How a coach stands with Google, read from the settings and the database. */
#include "calendar_inside.h"

#include "base/crypto.h"

#include <stdlib.h>
#include <string.h>

const char *seal_name_token(struct arena *mem, const char *coach_id)
{
	return arena_printf(mem, "google refresh token of %s", coach_id);
}

const char *seal_name_verifier(struct arena *mem, const char *coach_id)
{
	return arena_printf(mem, "google consent verifier of %s", coach_id);
}

/* ---- holding ---- */

static void tokens_release(struct shared_tokens *tokens)
{
	if (tokens == NULL || atomic_fetch_sub(&tokens->references, 1) > 1)
		return;
	google_token_source_free(tokens->source);
	free(tokens);
}

void link_release(struct link *link)
{
	if (link == NULL || atomic_fetch_sub(&link->references, 1) > 1)
		return;
	tokens_release(link->tokens);
	struct arena mem = link->mem;
	arena_clear(&mem); /* the link itself lives there */
}

static struct link *link_hold(struct link *link)
{
	if (link != NULL)
		atomic_fetch_add(&link->references, 1);
	return link;
}

struct link *link_peek(struct calendar_coach *coach)
{
	pthread_mutex_lock(&coach->lock);
	struct link *link = link_hold(coach->link);
	pthread_mutex_unlock(&coach->lock);
	return link;
}

void link_forget(struct calendar_coach *coach, bool all)
{
	pthread_mutex_lock(&coach->lock);
	struct link *old = coach->link;
	coach->link = NULL;
	coach->forgotten_at = monotonic_ms() + 1;
	if (all) {
		busy_memory_free(coach->busy);
		coach->busy = NULL;
		coach->failures = coach->refusals = coach->holds = 0;
		coach->closed_until = coach->writes_wait_until = coach->held_until = 0;
		coach->read_busy = coach->write_events = coach->invite_guests = coach->create_meet =
			ABILITY_UNKNOWN;
		memset(coach->trouble, 0, sizeof(coach->trouble));
		coach->announced = false;
	}
	pthread_mutex_unlock(&coach->lock);
	link_release(old);
}

/* ---- reading ---- */

/* Columns of calendar_grant. */
enum { GRANT_COACH, GRANT_SEALED, GRANT_ACCOUNT, GRANT_SCOPES, GRANT_NEEDS_CONSENT, GRANT_DETAIL };

/* The source of the link before, if it stands for the same consent: its access token serves on. */
static struct shared_tokens *tokens_again(struct calendar_coach *coach, const char *sealed)
{
	struct shared_tokens *tokens = NULL;
	pthread_mutex_lock(&coach->lock);
	if (coach->link != NULL && coach->link->sealed != NULL && strcmp(coach->link->sealed, sealed) == 0)
		tokens = coach->link->tokens;
	if (tokens != NULL)
		atomic_fetch_add(&tokens->references, 1);
	pthread_mutex_unlock(&coach->lock);
	return tokens;
}

static struct shared_tokens *tokens_open(struct calendars *calendars, struct calendar_coach *coach,
					 struct link *link)
{
	struct shared_tokens *tokens = tokens_again(coach, link->sealed);
	if (tokens != NULL)
		return tokens;
	char refresh_token[SEAL_PLAIN_MAX / 4];
	size_t size;
	switch (seal_open(calendars->settings.seal_keys, seal_name_token(&link->mem, coach->id), link->sealed,
			  refresh_token, sizeof(refresh_token), &size)) {
	case SEAL_OPENED:
		break;
	case SEAL_UNKNOWN_KEY:
		link->detail =
			"The coach's consent is sealed with another TOKEN_ENCRYPTION_KEY; put that key back.";
		return NULL;
	case SEAL_BROKEN:
		link->detail = "The coach's consent cannot be read any more; connect the calendar again.";
		return NULL;
	}
	tokens = calloc(1, sizeof(*tokens));
	if (tokens == NULL)
		abort();
	tokens->references = 1;
	tokens->source = google_token_source_consent(&calendars->settings.oauth, refresh_token);
	crypto_wipe(refresh_token, size);
	return tokens;
}

/* Ids of the settings belong to the coach of the settings; others have their own rows, at first the primary
 * one. */
static enum db_result read_calendars(struct calendars *calendars, struct worker *worker, struct link *link,
				     const char *coach_id)
{
	const struct calendar_settings *settings = &calendars->settings;
	bool of_settings = settings->coach_id == NULL || strcmp(settings->coach_id, coach_id) == 0;
	const char *wanted = of_settings && settings->calendar_id != NULL ? settings->calendar_id : "primary";
	for (int attempt = 0;; attempt++) {
		DB_ROWS rows = {0};
		enum db_result result =
			db_run(worker->db, QUERY_CALENDAR_LIST, DB_PARAMETERS(db_text(coach_id)), &rows);
		if (result != DB_OK && result != DB_NONE)
			return result;
		struct buffer found;
		buffer_init(&found, 1 << 20);
		link->calendar_ids = arena_array(&link->mem, rows.count, sizeof(char *));
		link->calendar_count = rows.count;
		bool one_writes = rows.count > 0 && db_get_bool(&rows, 0, 1);
		for (size_t i = 0; i < rows.count; i++) {
			link->calendar_ids[i] = db_copy_text(&rows, i, 0, &link->mem);
			buffer_printf(&found, "%s%s", i > 0 ? "," : "", link->calendar_ids[i]);
		}
		bool same = one_writes && (!of_settings || strcmp(buffer_text(&found), wanted) == 0);
		buffer_clear(&found);
		if (same || attempt > 0)
			return rows.count > 0 ? DB_OK : DB_FAILED;
		result = db_run(worker->db, QUERY_CALENDAR_SET,
				DB_PARAMETERS(db_text(coach_id), db_text(wanted)), NULL);
		if (result != DB_OK && result != DB_NONE && result != DB_DUPLICATE)
			return result;
	}
}

static const char *const scope_busy = "calendar.freebusy";
static const char *const scope_events = "calendar.events";

static bool granted(const char *scopes, const char *scope)
{
	size_t length = strlen(scope);
	for (const char *at = scopes; (at = strstr(at, scope)) != NULL; at += length) {
		if (at[length] == ' ' || at[length] == '\0')
			return true;
	}
	return false;
}

static void fill_consent(struct calendars *calendars, struct calendar_coach *coach, struct link *link,
			 const struct db_rows *rows)
{
	link->mode = LINK_CONSENT;
	link->connected = true;
	link->sealed = db_copy_text(rows, 0, GRANT_SEALED, &link->mem);
	link->account = db_copy_text(rows, 0, GRANT_ACCOUNT, &link->mem);
	link->detail = db_copy_text(rows, 0, GRANT_DETAIL, &link->mem);
	link->needs_consent = db_get_bool(rows, 0, GRANT_NEEDS_CONSENT);
	link->may_read_busy = granted(db_get_text(rows, 0, GRANT_SCOPES), scope_busy);
	link->may_write_events = granted(db_get_text(rows, 0, GRANT_SCOPES), scope_events);
	link->tokens = tokens_open(calendars, coach, link);
}

static void fill_service_account(struct calendars *calendars, struct link *link)
{
	link->mode = LINK_SERVICE_ACCOUNT;
	link->connected = true;
	link->bare = calendars->bare;
	link->account = calendars->service_account;
	link->may_read_busy = link->may_write_events = true;
	link->tokens = calendars->service_tokens;
	atomic_fetch_add(&link->tokens->references, 1);
}

/* The service account serves the coach of the settings, and others who were given calendars by hand. */
static bool served_by_service_account(struct calendars *calendars, struct worker *worker,
				      const char *coach_id)
{
	const char *own = calendars->settings.coach_id;
	if (calendars->service_tokens == NULL)
		return false;
	if (own == NULL || strcmp(own, coach_id) == 0)
		return true;
	DB_ROWS rows = {0};
	return db_run(worker->db, QUERY_CALENDAR_LIST, DB_PARAMETERS(db_text(coach_id)), &rows) == DB_OK &&
	       rows.count > 0;
}

static enum db_result link_read(struct calendars *calendars, struct worker *worker,
				struct calendar_coach *coach, struct link **ret_link)
{
	DB_ROWS rows = {0};
	struct arena mem = ARENA_EMPTY;
	enum db_result result =
		db_run(worker->db, QUERY_CALENDAR_GRANT, DB_PARAMETERS(db_text(coach->id)), &rows);
	if (result != DB_OK && result != DB_NONE)
		return result;
	struct link *link = arena_alloc(&mem, sizeof(*link));
	link->mem = mem;
	link->references = 1;
	if (result == DB_NONE)
		link->mode = LINK_OFF; /* no such coach */
	else if (!db_is_null(&rows, 0, GRANT_SEALED) && calendars->settings.oauth.id != NULL &&
		 calendars->settings.seal_keys != NULL)
		fill_consent(calendars, coach, link, &rows);
	else if (served_by_service_account(calendars, worker, coach->id))
		fill_service_account(calendars, link);
	else if (calendars->settings.oauth.id != NULL)
		*link = (struct link){
			.mem = link->mem, .references = 1, .mode = LINK_CONSENT, .needs_consent = true};
	result = link->connected ? read_calendars(calendars, worker, link, coach->id) : DB_OK;
	if (result == DB_OK)
		*ret_link = link;
	else
		link_release(link);
	return result;
}

/* What the credentials tell of themselves, before Google was asked anything. The lock is held. */
static void learn_from_link(struct calendar_coach *coach, const struct link *link)
{
	if (link->mode == LINK_CONSENT && link->connected) {
		if (!link->may_read_busy)
			coach->read_busy = ABILITY_NO;
		if (!link->may_write_events)
			coach->write_events = coach->invite_guests = coach->create_meet = ABILITY_NO;
		else if (coach->invite_guests == ABILITY_UNKNOWN)
			coach->invite_guests =
				ABILITY_YES; /* a person may always invite from their own calendar */
	}
	if (link->bare)
		coach->invite_guests = coach->create_meet = ABILITY_NO;
}

struct link *link_get(struct calendars *calendars, struct worker *worker, struct calendar_coach *coach,
		      enum db_result *ret_result)
{
	struct link *link = link_peek(coach);
	*ret_result = DB_OK;
	if (link != NULL)
		return link;
	*ret_result = link_read(calendars, worker, coach, &link);
	if (*ret_result != DB_OK || link == NULL)
		return NULL;
	pthread_mutex_lock(&coach->lock);
	struct link *old = coach->link;
	coach->link = link_hold(link);
	learn_from_link(coach, link);
	pthread_mutex_unlock(&coach->lock);
	link_release(old);
	return link;
}
