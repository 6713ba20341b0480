/*
 * Pushes: Google tells us that something changed in a calendar.
 *
 * Threat: anybody can POST to the hook. A push is believed only if it names a channel of ours, carries the
 * channel's random token (compared as digests, in constant time) and Google's id of the resource; and all it
 * can bring about is a look that would have come a little later anyway.
 */
#include "calendar/push.h"

#include "base/crypto.h"
#include "base/log.h"
#include "base/uuid.h"
#include "calendar/busy.h"
#include "coach.h"

#include <string.h>

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
	bell_ring(&calendars->bell, BELL_KEEPER);
	return PUSH_ACCEPTED;
}
