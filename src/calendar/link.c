#include "link.h"

#include "base/crypto.h"
#include "base/die.h"
#include "sources_inside.h"

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

static struct shared_tokens *tokens_new(struct google_token_source *source)
{
	struct shared_tokens *tokens = calloc(1, sizeof(*tokens));
	if (tokens == NULL)
		die("out of memory");
	tokens->references = 1;
	tokens->source = source;
	return tokens;
}

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
	if (link->secret != NULL)
		crypto_wipe(link->secret, link->secret_size);
	struct arena mem = link->mem;
	arena_clear(&mem); /* the link itself lives there */
}

struct link *link_hold(struct link *link)
{
	if (link != NULL)
		atomic_fetch_add(&link->references, 1);
	return link;
}

/* ---- reading ---- */

/* Columns of calendar_grant. */
enum { GRANT_COACH, GRANT_SEALED, GRANT_ACCOUNT, GRANT_SCOPES, GRANT_NEEDS_CONSENT, GRANT_DETAIL };

/* The source of the former link, if it is of the same consent: its access token is used on. */
static struct shared_tokens *tokens_again(const struct link *before, const char *sealed)
{
	if (before == NULL || before->tokens == NULL || before->sealed == NULL ||
	    strcmp(before->sealed, sealed) != 0)
		return NULL;
	atomic_fetch_add(&before->tokens->references, 1);
	return before->tokens;
}

static struct shared_tokens *tokens_open(const struct link_settings *links, const char *coach_id,
					 const struct link *before, struct link *link)
{
	struct shared_tokens *tokens = tokens_again(before, link->sealed);
	if (tokens != NULL)
		return tokens;
	char refresh_token[SEAL_PLAIN_MAX / 4];
	size_t size;
	switch (seal_open(links->seal_keys, seal_name_token(&link->mem, coach_id), link->sealed,
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
	tokens = tokens_new(google_token_source_consent(links->oauth, refresh_token));
	crypto_wipe(refresh_token, size);
	return tokens;
}

static enum db_result list_calendars(struct db *db, const char *coach_id, struct link *link,
				     bool *ret_written)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(db, QUERY_CALENDAR_LIST, DB_PARAMETERS(db_text(coach_id)), &rows);
	if (result != DB_OK && result != DB_NONE)
		return result;
	link->calendar_ids = arena_array(&link->mem, rows.count, sizeof(char *));
	link->calendar_count = rows.count;
	for (size_t i = 0; i < rows.count; i++)
		link->calendar_ids[i] = db_copy_text(&rows, i, 0, &link->mem);
	*ret_written = rows.count > 0 && db_get_bool(&rows, 0, 1);
	return DB_OK;
}

/* Whether the rows are the calendars that the settings name, in that order. */
static bool are_calendars(const struct link *link, const char *wanted)
{
	for (size_t i = 0; i < link->calendar_count; i++) {
		size_t length = strlen(link->calendar_ids[i]);
		bool last = i + 1 == link->calendar_count;
		if (strncmp(wanted, link->calendar_ids[i], length) != 0 ||
		    wanted[length] != (last ? '\0' : ','))
			return false;
		wanted += length + 1;
	}
	return link->calendar_count > 0;
}

/* The calendars of the settings belong to the coach of the settings; another coach has rows of their own, at
 * first the primary calendar. */
static enum db_result read_calendars(const struct link_settings *links, struct db *db, struct link *link,
				     const char *coach_id)
{
	bool of_settings = links->coach_id == NULL || strcmp(links->coach_id, coach_id) == 0;
	const char *wanted = of_settings && links->calendar_ids != NULL ? links->calendar_ids : "primary";
	bool written = false;
	enum db_result result = list_calendars(db, coach_id, link, &written);
	if (result != DB_OK || (written && (!of_settings || are_calendars(link, wanted))))
		return result;
	result = db_run(db, QUERY_CALENDAR_SET, DB_PARAMETERS(db_text(coach_id), db_text(wanted)), NULL);
	if (result != DB_OK && result != DB_NONE && result != DB_DUPLICATE)
		return result;
	result = list_calendars(db, coach_id, link, &written);
	return result == DB_OK && link->calendar_count == 0 ? DB_FAILED : result;
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

static void fill_consent(const struct link_settings *links, const char *coach_id, const struct link *before,
			 struct link *link, const struct db_rows *rows)
{
	link->mode = LINK_CONSENT;
	link->connected = true;
	link->sealed = db_copy_text(rows, 0, GRANT_SEALED, &link->mem);
	link->account = db_copy_text(rows, 0, GRANT_ACCOUNT, &link->mem);
	link->detail = db_copy_text(rows, 0, GRANT_DETAIL, &link->mem);
	link->needs_consent = db_get_bool(rows, 0, GRANT_NEEDS_CONSENT);
	link->may_read_busy = granted(db_get_text(rows, 0, GRANT_SCOPES), scope_busy);
	link->may_write_events = granted(db_get_text(rows, 0, GRANT_SCOPES), scope_events);
	link->tokens = tokens_open(links, coach_id, before, link);
}

static void fill_service_account(const struct link_settings *links, struct link *link)
{
	link->mode = LINK_SERVICE_ACCOUNT;
	link->connected = true;
	link->undelegated = !links->delegated;
	link->account = links->service_account;
	link->may_read_busy = link->may_write_events = true;
	link->tokens = links->service_tokens;
	atomic_fetch_add(&link->tokens->references, 1);
}

/* Columns of source_written. */
enum { WRITTEN_ID, WRITTEN_SEALED, WRITTEN_URL };

/* The CalDAV account that the coach's appointments are written to. */
static enum db_result fill_caldav(const struct link_settings *links, struct db *db, const char *coach_id,
				  struct link *link, const struct db_rows *rows)
{
	char secret[SOURCE_SECRET_MAX + 1];
	size_t size = 0;
	char id[UUID_TEXT_SIZE];
	const char *calendar_id = db_copy_text(rows, 0, WRITTEN_URL, &link->mem);
	bool written = false;
	db_get_uuid(rows, 0, WRITTEN_ID, id);
	link->mode = LINK_CALDAV;
	link->provider = &provider_caldav;
	link->connected = link->may_read_busy = link->may_write_events = true;
	link->undelegated = true; /* the server invites nobody, and makes no Meet link */
	link->sealed = db_copy_text(rows, 0, WRITTEN_SEALED, &link->mem);
	if (seal_open(links->seal_keys, source_seal_name(&link->mem, id), link->sealed, secret,
		      sizeof(secret), &size) == SEAL_OPENED) {
		link->secret = arena_strndup(&link->mem, secret, size);
		link->secret_size = size;
		crypto_wipe(secret, sizeof(secret));
	}
	link->dav.allow_private = links->allow_private;
	if (link->secret == NULL ||
	    !source_secret_cut(link->secret, &link->dav.address, &link->dav.user, &link->dav.password)) {
		link->secret = NULL;
		link->detail =
			"The calendar's address cannot be opened: TOKEN_ENCRYPTION_KEY is another one.";
	} else {
		link->account = link->dav.user;
	}
	enum db_result result = list_calendars(db, coach_id, link, &written);
	if (result == DB_OK && (link->calendar_count != 1 || !are_calendars(link, calendar_id) || !written))
		result = db_run(db, QUERY_CALENDAR_SET,
				DB_PARAMETERS(db_text(coach_id), db_text(calendar_id)), NULL);
	link->calendar_ids = arena_array(&link->mem, 1, sizeof(char *));
	link->calendar_ids[0] = calendar_id;
	link->calendar_count = 1;
	return result == DB_NONE || result == DB_DUPLICATE ? DB_OK : result;
}

/* The service account serves the coach of the settings, and others who were given calendars by hand. */
static enum db_result is_served(const struct link_settings *links, struct db *db, const char *coach_id,
				bool *ret_served)
{
	DB_ROWS rows = {0};
	*ret_served = false;
	if (links->service_tokens == NULL)
		return DB_OK;
	*ret_served = links->coach_id == NULL || strcmp(links->coach_id, coach_id) == 0;
	if (*ret_served)
		return DB_OK;
	enum db_result result = db_run(db, QUERY_CALENDAR_LIST, DB_PARAMETERS(db_text(coach_id)), &rows);
	*ret_served = result == DB_OK && rows.count > 0;
	return result == DB_NONE ? DB_OK : result;
}

static enum db_result fill(const struct link_settings *links, struct db *db, const char *coach_id,
			   const struct link *before, struct link *link)
{
	DB_ROWS rows = {0};
	DB_ROWS written = {0};
	bool served;
	enum db_result result = db_run(db, QUERY_CALENDAR_GRANT, DB_PARAMETERS(db_text(coach_id)), &rows);
	if (result == DB_NONE)
		return DB_OK; /* no such coach */
	if (result == DB_OK)
		result = db_run(db, QUERY_SOURCE_WRITTEN, DB_PARAMETERS(db_text(coach_id)), &written);
	if (result == DB_OK || result == DB_NONE)
		result = is_served(links, db, coach_id, &served);
	if (result != DB_OK)
		return result;
	if (!db_is_null(&rows, 0, GRANT_SEALED) && links->oauth->id != NULL && links->seal_keys != NULL) {
		fill_consent(links, coach_id, before, link, &rows);
	} else if (written.count > 0 && links->seal_keys != NULL) {
		return fill_caldav(links, db, coach_id, link, &written);
	} else if (served) {
		fill_service_account(links, link);
	} else if (links->oauth->id != NULL) {
		link->mode = LINK_CONSENT;
		link->needs_consent = true;
	}
	return link->connected ? read_calendars(links, db, link, coach_id) : DB_OK;
}

enum db_result link_read(const struct link_settings *links, struct db *db, const char *coach_id,
			 const struct link *before, struct link **ret_link)
{
	struct arena mem = ARENA_EMPTY;
	struct link *link = arena_alloc(&mem, sizeof(*link));
	link->mem = mem;
	link->references = 1;
	link->mode = LINK_OFF;
	link->provider = &provider_google;
	enum db_result result = fill(links, db, coach_id, before, link);
	if (result == DB_OK && db_misread(db))
		result = DB_FAILED;
	if (result == DB_OK)
		*ret_link = link;
	else
		link_release(link);
	return result;
}

/* ---- settings ---- */

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

static const char *read_service_account(struct link_settings *links, struct arena *mem,
					const struct calendar_settings *settings)
{
	struct google_service_account account;
	const char *wrong = google_service_account_read(mem, settings->service_account_key, &account);
	if (wrong != NULL)
		return wrong;
	links->service_tokens =
		tokens_new(google_token_source_service_account(&account, settings->impersonate));
	crypto_wipe((char *)account.private_key, strlen(account.private_key)); /* the source has a copy */
	links->delegated = settings->impersonate != NULL;
	links->service_account = links->delegated ? settings->impersonate : account.client_email;
	return NULL;
}

const char *link_settings_read(struct link_settings *links, struct arena *mem,
			       const struct calendar_settings *settings)
{
	*links = (struct link_settings){
		.oauth = &settings->oauth,
		.seal_keys = settings->seal_keys,
		.coach_id = settings->coach_id,
		.calendar_ids = read_calendar_ids(mem, settings->calendar_id),
		.allow_private = settings->allow_private,
	};
	const char *wrong = NULL;
	if (settings->service_account_key != NULL)
		wrong = read_service_account(links, mem, settings);
	if (wrong == NULL && settings->oauth.id != NULL && settings->seal_keys == NULL)
		wrong = "TOKEN_ENCRYPTION_KEY is needed to keep coaches' consents";
	return wrong;
}

void link_settings_clear(struct link_settings *links)
{
	tokens_release(links->service_tokens);
	links->service_tokens = NULL;
}
