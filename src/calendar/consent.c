/*
 * The coach's consent: asked for, received, ended.
 *
 * Threats, and what stands against them:
 *  - a forged callback: the state is signed with a key derived from TOKEN_ENCRYPTION_KEY, names the coach it
 * was made for and when it ends; its nonce must be in the table, and goes with the first use;
 *  - a coach lured into the callback of somebody else's consent, or the other way round: the state holds the
 * digest of a random cookie, which only the browser that began the consent has (RFC 9700 section 4.7.1);
 *  - a stolen code: worth nothing without the PKCE verifier, which rests sealed and never leaves the daemon;
 *  - a stolen table: tokens and verifiers are sealed, and bound to their coach.
 */
#include "calendar/account.h"

#include "base/crypto.h"
#include "base/encode.h"
#include "base/log.h"
#include "calendar/events.h"
#include "channel.h"
#include "visit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	NONCE_BYTES = 16,
	BROWSER_BYTES = 32,
	STATE_MAX = 400,
	ERROR_MAX = 64,
	REVOKE_DEADLINE_MS = 5000,
};

/* ---- the state ---- */

static void sign_state(const struct seal_key *key, const char *payload,
		       unsigned char mac[static CRYPTO_SHA256_SIZE])
{
	static const char purpose[] = "bookingd: state of a Google consent";
	unsigned char derived[CRYPTO_SHA256_SIZE];
	crypto_hmac_sha256(key->secret, sizeof(key->secret), purpose, sizeof(purpose) - 1, derived);
	crypto_hmac_sha256(derived, sizeof(derived), payload, strlen(payload), mac);
	crypto_wipe(derived, sizeof(derived));
}

/* What a state says. */
struct state {
	const char *coach_id;
	const char *nonce;
	instant ends;
	const char *browser; /* the digest of the cookie, in base64url */
};

static const char *digest_of(struct arena *mem, const char *browser)
{
	unsigned char digest[CRYPTO_SHA256_SIZE];
	char *text = arena_alloc(mem, ENCODE_BASE64URL_SIZE(sizeof(digest)));
	crypto_sha256(browser, strlen(browser), digest);
	encode_base64url(digest, sizeof(digest), text);
	return text;
}

/* "coach nonce end browser", in base64url, a dot, and its signature. */
static char *write_state(const struct seal_keys *keys, struct arena *mem, const struct state *state)
{
	unsigned char mac[CRYPTO_SHA256_SIZE];
	char mac_text[ENCODE_BASE64URL_SIZE(CRYPTO_SHA256_SIZE)];
	char *payload = arena_printf(mem, "%s %s %" PRId64 " %s", state->coach_id, state->nonce, state->ends,
				     state->browser);
	char *payload_text = arena_alloc(mem, ENCODE_BASE64URL_SIZE(strlen(payload)));
	sign_state(&keys->keys[0], payload, mac);
	encode_base64url(payload, strlen(payload), payload_text);
	encode_base64url(mac, sizeof(mac), mac_text);
	return arena_printf(mem, "%s.%s", payload_text, mac_text);
}

static bool is_signed(const struct seal_keys *keys, const char *payload, const unsigned char *mac)
{
	unsigned char expected[CRYPTO_SHA256_SIZE];
	bool good = false;
	for (size_t i = 0; i < keys->count; i++) {
		sign_state(&keys->keys[i], payload, expected);
		good |= crypto_equal(expected, mac, sizeof(expected));
	}
	return good;
}

static bool read_state(const struct seal_keys *keys, struct arena *mem, const char *state, instant now,
		       struct state *ret_state)
{
	const char *dot = state != NULL ? strchr(state, '.') : NULL;
	unsigned char mac[CRYPTO_SHA256_SIZE];
	size_t size;
	if (dot == NULL || strlen(state) > STATE_MAX)
		return false;
	char *payload = arena_alloc(mem, ENCODE_DECODED_SIZE(dot - state) + 1);
	if (!encode_base64url_read(state, (size_t)(dot - state), payload, ENCODE_DECODED_SIZE(dot - state),
				   &size) ||
	    memchr(payload, '\0', size) != NULL)
		return false;
	payload[size] = '\0';
	if (!encode_base64url_read(dot + 1, strlen(dot + 1), mac, sizeof(mac), &size) ||
	    size != sizeof(mac) || !is_signed(keys, payload, mac))
		return false;
	/* Signed, so it is as we wrote it. */
	char *rest = payload;
	ret_state->coach_id = strsep(&rest, " ");
	ret_state->nonce = strsep(&rest, " ");
	const char *ends = strsep(&rest, " ");
	ret_state->browser = rest;
	if (ends == NULL || rest == NULL) /* by a former release */
		return false;
	ret_state->ends = strtoll(ends, NULL, 10);
	return ret_state->ends > now;
}

/* ---- connecting ---- */

static char *seal(struct calendars *calendars, struct arena *mem, const char *name, const char *secret)
{
	char *sealed = arena_alloc(mem, SEAL_TEXT_SIZE(strlen(secret)));
	seal_text(calendars->settings.seal_keys, name, secret, strlen(secret), sealed);
	return sealed;
}

static const char *random_text(struct arena *mem, size_t size)
{
	unsigned char random[64];
	char *text = arena_alloc(mem, ENCODE_BASE64URL_SIZE(size));
	crypto_random(random, size);
	encode_base64url(random, size, text);
	return text;
}

bool calendar_consent_possible(const struct calendars *calendars)
{
	const struct calendar_settings *settings = &calendars->settings;
	return settings->oauth.id != NULL && settings->oauth.redirect_url != NULL &&
	       settings->seal_keys != NULL;
}

enum db_result calendar_connect(struct calendars *calendars, struct worker *worker, const char *coach_id,
				instant now, struct arena *mem, struct calendar_consent *ret_consent)
{
	const char *nonce = random_text(mem, NONCE_BYTES);
	const char *browser = random_text(mem, BROWSER_BYTES);
	char verifier[GOOGLE_VERIFIER_BYTES];
	google_consent_verifier(verifier);
	enum db_result result = db_run(
		worker->db, QUERY_CALENDAR_CONSENT_BEGIN,
		DB_PARAMETERS(db_text(nonce), db_text(coach_id),
			      db_text(seal(calendars, mem, seal_name_verifier(mem, coach_id), verifier))),
		NULL);
	if (result == DB_OK) {
		struct state state = {.coach_id = coach_id,
				      .nonce = nonce,
				      .ends = now + CALENDAR_CONSENT_SECONDS,
				      .browser = digest_of(mem, browser)};
		char *text = write_state(calendars->settings.seal_keys, mem, &state);
		ret_consent->url = google_consent_url(mem, &calendars->settings.oauth, text, verifier);
		ret_consent->browser = browser;
	}
	crypto_wipe(verifier, sizeof(verifier));
	return result;
}

/* Google's own word for what went wrong, or ours if it is no word. */
static const char *error_word(struct arena *mem, const char *error)
{
	size_t length = strlen(error);
	if (length > ERROR_MAX || strspn(error, "abcdefghijklmnopqrstuvwxyz_") != length || length == 0)
		return "exchange_failed";
	return arena_strdup(mem, error);
}

/* The verifier of a consent under way, which is over with this. */
static enum db_result take_verifier(struct calendars *calendars, struct worker *worker, struct arena *mem,
				    const char *coach_id, const char *nonce,
				    char verifier[static 2 * GOOGLE_VERIFIER_BYTES])
{
	DB_ROWS rows = {0};
	size_t size;
	enum db_result result = db_run(worker->db, QUERY_CALENDAR_CONSENT_TAKE,
				       DB_PARAMETERS(db_text(nonce), db_text(coach_id)), &rows);
	if (result == DB_OK &&
	    seal_open(calendars->settings.seal_keys, seal_name_verifier(mem, coach_id),
		      db_get_text(&rows, 0, 0), verifier, 2 * GOOGLE_VERIFIER_BYTES, &size) != SEAL_OPENED)
		return DB_NONE;
	return result;
}

/* Everything that waited for the consent goes on. */
static void resume(struct calendars *calendars, struct worker *worker, struct arena *mem,
		   const char *coach_id)
{
	coach_forget(coach_entry(calendars, coach_id));
	/* This reads the link, which makes the rows of the calendars, which the keeper looks for; if it
	 * fails, the keeper does it, too. */
	(void)calendar_adopt(calendars, worker, coach_id, mem);
	coach_times_changed(calendars, coach_id);
	bell_ring(&calendars->bell, BELL_KEEPER);
	bell_ring(&calendars->bell, BELL_PAYERS);
}

/* Trade the code and keep what comes. Each of its seven values is of its own kind.
 * NOLINTNEXTLINE(readability-function-size) */
static const char *exchange(struct calendars *calendars, struct worker *worker, struct arena *mem,
			    const char *coach_id, const char *code, const char *verifier, int64_t deadline)
{
	struct google_grant grant;
	struct google_answer answer;
	if (google_consent_exchange(worker->fetcher, mem, &calendars->settings.oauth, code, verifier,
				    deadline, &grant, &answer) != GOOGLE_OK) {
		log_line(LOG_WARNING, "calendar_consent_failed", LOG_TEXT_FIELD("coach", coach_id),
			 LOG_TEXT_FIELD("reason", answer.reason), LOG_TEXT_FIELD("message", answer.message),
			 LOG_TEXT_FIELD("remedy", google_remedy(&answer)));
		return "exchange_failed";
	}
	char *scopes = arena_printf(mem, "%s%s%s", grant.write_events ? "calendar.events" : "",
				    grant.write_events && grant.read_busy ? " " : "",
				    grant.read_busy ? "calendar.freebusy" : "");
	char *sealed = seal(calendars, mem, seal_name_token(mem, coach_id), grant.refresh_token);
	crypto_wipe(grant.refresh_token, strlen(grant.refresh_token));
	crypto_wipe(grant.access_token, strlen(grant.access_token));
	if (db_run(worker->db, QUERY_CALENDAR_GRANT_PUT,
		   DB_PARAMETERS(db_text(coach_id), db_text(sealed), db_text(scopes)), NULL) != DB_OK) {
		log_line(LOG_ERROR, "calendar_consent_not_kept", LOG_TEXT_FIELD("coach", coach_id),
			 LOG_TEXT_FIELD("detail", db_failure(worker->db)->detail));
		return "exchange_failed";
	}
	log_line(LOG_INFO, "calendar_connected", LOG_TEXT_FIELD("coach", coach_id),
		 LOG_TEXT_FIELD("read_busy", grant.read_busy ? "yes" : "no"),
		 LOG_TEXT_FIELD("write_events", grant.write_events ? "yes" : "no"));
	resume(calendars, worker, mem, coach_id);
	return "connected";
}

/* Why the callback is refused, for the log; NULL: it is from the browser that began this consent. */
static const char *refusal_of(struct calendars *calendars, struct arena *mem,
			      const struct calendar_callback *callback, instant now, struct state *ret_state)
{
	if (!calendar_consent_possible(calendars) ||
	    !read_state(calendars->settings.seal_keys, mem, callback->state, now, ret_state)) {
		ret_state->coach_id = NULL;
		return "forged_or_expired";
	}
	if (callback->browser == NULL ||
	    !crypto_equal_text(digest_of(mem, callback->browser), ret_state->browser))
		return "other_browser";
	return NULL;
}

const char *calendar_consent_received(struct calendars *calendars, struct worker *worker,
				      const struct calendar_callback *callback, instant now, int64_t deadline,
				      struct arena *mem)
{
	struct state state = {0};
	char verifier[2 * GOOGLE_VERIFIER_BYTES] = "";
	enum db_result result = DB_NONE;
	const char *refusal = refusal_of(calendars, mem, callback, now, &state);
	const char *coach_id = state.coach_id;
	if (refusal == NULL)
		result = take_verifier(calendars, worker, mem, coach_id, state.nonce, verifier);
	if (result == DB_NONE) {
		/* A state that we never signed comes from anybody, as often as they like. */
		log_line(coach_id != NULL ? LOG_WARNING : LOG_DEBUG, "calendar_consent_refused",
			 LOG_TEXT_FIELD("coach", coach_id),
			 LOG_TEXT_FIELD("reason", refusal != NULL ? refusal : "used_before"));
		return "bad_state";
	}
	if (result != DB_OK)
		return "exchange_failed";
	const char *word = "exchange_failed";
	if (callback->error != NULL) {
		word = error_word(mem, callback->error);
		log_line(LOG_INFO, "calendar_consent_denied", LOG_TEXT_FIELD("coach", coach_id),
			 LOG_TEXT_FIELD("reason", word));
	} else if (callback->code != NULL && *callback->code != '\0') {
		word = exchange(calendars, worker, mem, coach_id, callback->code, verifier, deadline);
	}
	crypto_wipe(verifier, sizeof(verifier));
	return word;
}

/* ---- disconnecting ---- */

static void revoke(struct visit *visit)
{
	struct calendars *calendars = visit->calendars;
	struct arena *mem = visit->call.mem;
	char token[SEAL_PLAIN_MAX / 4];
	size_t size;
	struct google_answer answer;
	if (seal_open(calendars->settings.seal_keys, seal_name_token(mem, visit->coach->id),
		      visit->link->sealed, token, sizeof(token), &size) != SEAL_OPENED)
		return;
	google_consent_revoke(visit->worker->fetcher, mem, &calendars->settings.oauth, token,
			      monotonic_ms() + REVOKE_DEADLINE_MS, &answer);
	crypto_wipe(token, sizeof(token));
	visit_note(visit, "oauth.revoke", CALL_READ, &answer);
	if (answer.outcome != GOOGLE_OK)
		log_line(LOG_WARNING, "calendar_not_revoked", LOG_TEXT_FIELD("coach", visit->coach->id),
			 LOG_TEXT_FIELD("reason", answer.reason),
			 LOG_TEXT_FIELD("remedy",
					"The coach can remove the app at myaccount.google.com/permissions."));
}

enum db_result calendar_disconnect(struct calendars *calendars, struct worker *worker, const char *coach_id,
				   int64_t deadline, struct arena *mem)
{
	if (!calendars->on)
		return DB_OK;
	VISIT visit;
	visit_begin(&visit, calendars, worker, coach_id, mem, deadline);
	if (visit.link == NULL)
		return visit.result;
	if (visit.link->mode != LINK_CONSENT || visit.link->sealed == NULL)
		return DB_OK;
	channels_stop(&visit);
	enum db_result result =
		db_run(worker->db, QUERY_CALENDAR_GRANT_DELETE,
		       DB_PARAMETERS(db_text(coach_id),
				     db_text("The calendar was disconnected before this was written."),
				     db_bool(calendars->settings.mail)),
		       NULL);
	if (result != DB_OK)
		return result;
	revoke(&visit);
	coach_forget(visit.coach);
	coach_times_changed(calendars, coach_id);
	log_line(LOG_INFO, "calendar_disconnected", LOG_TEXT_FIELD("coach", coach_id));
	return DB_OK;
}
