/*
 * Pushes: Google tells us that something changed in a calendar.
 *
 * Threat: anybody can POST to the hook. A push is believed only if it names a channel of ours, carries the
 * channel's random token (compared as digests, in constant time) and Google's id of the resource; and all it
 * can bring about is a look that would have come a little later anyway.
 */
#include "calendar_inside.h"

#include "base/crypto.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/uuid.h"

#include <stdlib.h>
#include <string.h>

enum {
	WATCH_DEADLINE_MS = 10000,
	LIFETIME = 7 * SECONDS_PER_DAY, /* Google's default, and its longest for most */
	RENEW_EARLY_MAX = SECONDS_PER_DAY,
	CLAIM_SECONDS = 120,
	RETRY_SOON = 120,
	RETRY_LATE =
		6 *
		SECONDS_PER_HOUR, /* Google will not push to this address, until somebody changes something */
	TOKEN_BYTES = 32,
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
	google_channel_stop(&visit->call, id, resource, &answer);
	visit_note(visit, "channels.stop", VISIT_READ, &answer);
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
	unsigned char secret[TOKEN_BYTES];
	char token[ENCODE_BASE64URL_SIZE(TOKEN_BYTES)];
	char id[UUID_TEXT_SIZE];
	struct channel new = {.id = id};
	struct google_channel opened;
	struct google_answer answer;
	if (!read_old(visit, calendar_id, old) || !visit_may_call(visit))
		return now + RETRY_SOON;
	uuid_format(uuid_new(now), id);
	crypto_random(secret, sizeof(secret));
	encode_base64url(secret, sizeof(secret), token);
	crypto_sha256(token, strlen(token), new.digest);
	/* Google's first message may come before its reply, and is to find the channel known. */
	if (put_channel(visit, calendar_id, &new, now + RETRY_SOON) != DB_OK)
		return now + RETRY_SOON;
	google_events_watch(
		&visit->call, calendar_id, id, token,
		arena_printf(mem, "%s/hooks/google-calendar", visit->calendars->settings.public_url),
		LIFETIME, &opened, &answer);
	visit_note(visit, "events.watch", VISIT_READ, &answer);
	if (answer.outcome != GOOGLE_OK) {
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

bool push_renew_one(struct calendars *calendars, struct worker *worker, struct arena *mem)
{
	DB_ROWS rows = {0};
	const char *public_url = calendars->settings.public_url;
	if (public_url == NULL || strncmp(public_url, "https://", 8) != 0)
		return false;
	if (db_run(worker->db, QUERY_CALENDAR_CHANNEL_CLAIM,
		   DB_PARAMETERS(db_int(CLAIM_SECONDS), db_text(calendar_blocked(calendars, mem, false))),
		   &rows) != DB_OK)
		return false;
	VISIT visit;
	visit_begin(&visit, calendars, worker, db_get_text(&rows, 0, 0), mem,
		    monotonic_ms() + WATCH_DEADLINE_MS);
	if (visit.link == NULL || !visit.link->connected)
		return true;
	struct channel old = {.id = db_copy_text(&rows, 0, 2, mem),
			      .resource = db_copy_text(&rows, 0, 3, mem)};
	open_channel(&visit, db_copy_text(&rows, 0, 1, mem), &old);
	return true;
}

void push_stop_all(struct visit *visit)
{
	DB_ROWS rows = {0};
	if (db_run(visit->worker->db, QUERY_CALENDAR_CHANNELS, DB_PARAMETERS(db_text(visit->coach->id)),
		   &rows) != DB_OK)
		return;
	for (size_t i = 0; i < rows.count; i++)
		stop_channel(visit, db_get_text(&rows, i, 0), db_get_text(&rows, i, 1));
}

/* ---- what comes in ---- */

static enum push_verdict refuse(const char *coach_id, const char *reason, enum push_verdict verdict)
{
	log_line(LOG_WARNING, "calendar_push_refused", LOG_TEXT_FIELD("coach", coach_id),
		 LOG_TEXT_FIELD("reason", reason));
	return verdict;
}

enum push_verdict calendar_pushed(struct calendars *calendars, struct worker *worker, const struct push *push)
{
	enum { COACH, CALENDAR, RESOURCE, DIGEST, EXPIRES };
	DB_ROWS rows = {0};
	unsigned char digest[CRYPTO_SHA256_SIZE];
	size_t size;
	if (!calendars->on || push->channel_id == NULL ||
	    !uuid_parse(push->channel_id, strlen(push->channel_id), NULL))
		return refuse(NULL, "no_channel", PUSH_UNKNOWN);
	enum db_result result = db_run(worker->db, QUERY_CALENDAR_CHANNEL_GET,
				       DB_PARAMETERS(db_text(push->channel_id)), &rows);
	if (result == DB_NONE)
		return refuse(NULL, "unknown_channel", PUSH_UNKNOWN);
	if (result != DB_OK)
		return PUSH_UNAVAILABLE;
	const char *coach_id = db_get_text(&rows, 0, COACH);
	const void *expected = db_get_bytes(&rows, 0, DIGEST, &size);
	crypto_sha256(push->token != NULL ? push->token : "", push->token != NULL ? strlen(push->token) : 0,
		      digest);
	if (expected == NULL || size != sizeof(digest) || !crypto_equal(expected, digest, sizeof(digest)))
		return refuse(coach_id, "wrong_token", PUSH_REFUSED);
	const char *resource = db_get_text(&rows, 0, RESOURCE);
	if (resource != NULL && (push->resource_id == NULL || strcmp(resource, push->resource_id) != 0))
		return refuse(coach_id, "wrong_resource", PUSH_REFUSED);
	if (push->state != NULL && strcmp(push->state, "sync") == 0)
		return PUSH_ACCEPTED; /* says only that the channel is open */
	calendar_forget(calendars, coach_id);
	if (db_run(worker->db, QUERY_CALENDAR_PUSHED, DB_PARAMETERS(db_text(coach_id)), NULL) != DB_OK)
		return PUSH_UNAVAILABLE;
	keeper_wake(calendars);
	return PUSH_ACCEPTED;
}
