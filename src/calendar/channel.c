#include "channel.h"

#include "base/crypto.h"
#include "base/log.h"
#include "base/uuid.h"
#include "push_token.h"

#include <string.h>

enum {
	WATCH_DEADLINE_MS = 10000,
	LIFETIME = 7 * SECONDS_PER_DAY, /* Google's default, and its longest for most */
	RENEW_EARLY_MAX = SECONDS_PER_DAY,
	CLAIM_SECONDS = 120,
	RETRY_SOON = 120,
	/* Google does not push to this address, until somebody changes something. */
	RETRY_LATE = 6 * SECONDS_PER_HOUR,
};

/* A row's channel. id NULL: none. */
struct channel {
	const char *id;
	const char *resource;
	unsigned char digest[CRYPTO_SHA256_SIZE];
	instant expires;
};

static enum db_result put_channel(struct visit *visit, const char *calendar_id, const struct channel *channel,
				  instant due)
{
	return db_run(visit->worker->db, QUERY_CALENDAR_CHANNEL_PUT,
		      DB_PARAMETERS(db_text(visit->coach->id), db_text(calendar_id), db_text(channel->id),
				    db_text(channel->resource),
				    channel->id != NULL ? db_bytes(channel->digest, sizeof(channel->digest))
							: db_null(),
				    channel->expires != 0 ? db_instant(channel->expires) : db_null(),
				    db_instant(due)),
		      NULL);
}

static void stop_channel(struct visit *visit, const char *id, const char *resource)
{
	struct google_answer answer;
	if (id == NULL || resource == NULL || !visit_may_call(visit))
		return;
	visit_stop(visit, id, resource, &answer); /* one that is not stopped ends by itself within a week */
}

/* Fill in what the claim does not tell of the channel there is. */
static bool read_old(struct visit *visit, const char *calendar_id, struct channel *old)
{
	DB_ROWS rows = {0};
	size_t size;
	if (old->id == NULL)
		return true;
	if (db_run(visit->worker->db, QUERY_CALENDAR_CHANNEL_ROW,
		   DB_PARAMETERS(db_text(visit->coach->id), db_text(calendar_id)), &rows) != DB_OK)
		return false;
	const void *digest = db_get_bytes(&rows, 0, 0, &size);
	if (digest == NULL || size != sizeof(old->digest))
		return false;
	memcpy(old->digest, digest, size);
	old->expires = db_get_instant(&rows, 0, 1);
	return true;
}

/* Open a new channel, then stop the old one. Returns when the next one is due. */
static instant open_channel(struct visit *visit, const char *calendar_id, struct channel *old)
{
	struct arena *mem = visit->call.mem;
	instant now = visit->call.now;
	char token[PUSH_TOKEN_BYTES];
	char id[UUID_TEXT_SIZE];
	struct channel new = {.id = id};
	struct google_channel opened;
	struct google_answer answer;
	if (!read_old(visit, calendar_id, old) || !visit_may_call(visit))
		return now + RETRY_SOON;
	uuid_format(uuid_new(now), id);
	push_token(visit->calendars, id, token);
	crypto_sha256(token, strlen(token), new.digest);
	/* Google's first message may come before its reply, and is to find the channel known. */
	if (put_channel(visit, calendar_id, &new, now + RETRY_SOON) != DB_OK)
		return now + RETRY_SOON;
	struct visit_watch watch = {.calendar = calendar_id,
				    .channel_id = id,
				    .token = token,
				    .address = arena_printf(mem, "%s/hooks/google-calendar",
							    visit->calendars->settings.links.public_url),
				    .lifetime = LIFETIME};
	if (visit_watch(visit, &watch, &opened, &answer) != GOOGLE_OK) {
		bool passes = google_outcome_passes(answer.outcome);
		instant due = now + (passes ? RETRY_SOON : RETRY_LATE);
		log_line(passes ? LOG_INFO : LOG_WARNING, "calendar_watch_failed",
			 LOG_TEXT_FIELD("coach", visit->coach->id), LOG_TEXT_FIELD("reason", answer.reason),
			 LOG_TEXT_FIELD("message", answer.message));
		put_channel(visit, calendar_id, old, due);
		return due;
	}
	seconds early = (opened.expires - now) / 4;
	new.resource = opened.resource_id;
	new.expires = opened.expires;
	instant due = opened.expires - (early < RENEW_EARLY_MAX ? early : RENEW_EARLY_MAX);
	put_channel(visit, calendar_id, &new, due);
	stop_channel(visit, old->id, old->resource);
	return due;
}

bool channel_renew_one(struct calendars *calendars, struct worker *worker, struct arena *mem)
{
	DB_ROWS rows = {0};
	const char *public_url = calendars->settings.links.public_url;
	if (public_url == NULL || strncmp(public_url, "https://", 8) != 0)
		return false;
	if (db_run(worker->db, QUERY_CALENDAR_CHANNEL_CLAIM,
		   DB_PARAMETERS(db_int(CLAIM_SECONDS), db_text(coaches_blocked(calendars, mem, CALL_READ))),
		   &rows) != DB_OK)
		return false;
	VISIT visit;
	visit_begin(&visit, calendars, worker, db_get_text(&rows, 0, 0), mem,
		    monotonic_ms() + WATCH_DEADLINE_MS);
	if (visit.link == NULL || !visit.link->connected)
		return true;
	if (visit.link->provider->watch == NULL) {
		const struct channel none = {.id = NULL};
		put_channel(&visit, db_copy_text(&rows, 0, 1, mem), &none, visit.call.now + LIFETIME);
		return true;
	}
	struct channel old = {.id = db_copy_text(&rows, 0, 2, mem),
			      .resource = db_copy_text(&rows, 0, 3, mem)};
	open_channel(&visit, db_copy_text(&rows, 0, 1, mem), &old);
	return true;
}

void channels_stop(struct visit *visit)
{
	DB_ROWS rows = {0};
	if (db_run(visit->worker->db, QUERY_CALENDAR_CHANNELS, DB_PARAMETERS(db_text(visit->coach->id)),
		   &rows) != DB_OK)
		return;
	for (size_t i = 0; i < rows.count; i++)
		stop_channel(visit, db_get_text(&rows, i, 0), db_get_text(&rows, i, 1));
}
