/*
 * Pushes: Google tells us that something changed in a calendar.
 *
 * Threat: anybody can POST to the hook. A push is believed only if its token is the keyed digest of its
 * channel's id (compared in constant time; the key is made of our credentials at Google, so every replica has
 * it), the channel is one of ours, and it names Google's id of the resource; and all it can bring about is a
 * look that would have come a little later anyway. What is refused costs no query and no line of the log.
 */
#include "calendar/push.h"

#include "base/crypto.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/uuid.h"
#include "calendar/busy.h"
#include "coach.h"
#include "push_token.h"

#include <string.h>

static enum push_verdict refuse(const char *coach_id, const char *reason, enum push_verdict verdict)
{
	log_line(LOG_DEBUG, "calendar_push_refused", LOG_TEXT_FIELD("coach", coach_id),
		 LOG_TEXT_FIELD("reason", reason));
	return verdict;
}

void push_key_make(struct calendars *calendars)
{
	static const char what[] = "bookingd push channels";
	const struct calendar_settings *settings = &calendars->settings;
	const char *secret = settings->service_account_key;
	if (secret != NULL) {
		crypto_hmac_sha256(secret, strlen(secret), what, strlen(what), calendars->push_key);
	} else if (settings->seal_keys != NULL) {
		const struct seal_key *key = &settings->seal_keys->keys[0];
		crypto_hmac_sha256(key->secret, sizeof(key->secret), what, strlen(what), calendars->push_key);
	} else {
		/* Without either no calendar is connected, and no channel opened. */
		crypto_random(calendars->push_key, sizeof(calendars->push_key));
	}
}

void push_token(const struct calendars *calendars, const char *channel_id,
		char ret_token[static PUSH_TOKEN_BYTES])
{
	unsigned char mac[CRYPTO_SHA256_SIZE];
	crypto_hmac_sha256(calendars->push_key, sizeof(calendars->push_key), channel_id, strlen(channel_id),
			   mac);
	encode_base64url(mac, sizeof(mac), ret_token);
}

bool push_is_genuine(const struct calendars *calendars, const struct push *push)
{
	char token[PUSH_TOKEN_BYTES];
	if (!calendars->on || push->channel_id == NULL || push->token == NULL ||
	    !uuid_parse(push->channel_id, strlen(push->channel_id), NULL))
		return false;
	push_token(calendars, push->channel_id, token);
	return crypto_equal_text(token, push->token);
}

enum push_verdict calendar_pushed(struct calendars *calendars, struct worker *worker, const struct push *push)
{
	enum { COACH, CALENDAR, RESOURCE, DIGEST, EXPIRES };
	DB_ROWS rows = {0};
	if (!push_is_genuine(calendars, push))
		return refuse(NULL, "wrong_token", PUSH_REFUSED);
	enum db_result result = db_run(worker->db, QUERY_CALENDAR_CHANNEL_GET,
				       DB_PARAMETERS(db_text(push->channel_id)), &rows);
	if (result == DB_NONE)
		return refuse(NULL, "unknown_channel", PUSH_UNKNOWN);
	if (result != DB_OK)
		return PUSH_UNAVAILABLE;
	const char *coach_id = db_get_text(&rows, 0, COACH);
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
