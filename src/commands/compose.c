#include "compose.h"

#include "base/crypto.h"
#include "base/encode.h"
#include "domain/schedule_json.h"

#include <stdio.h>
#include <string.h>

const struct seal_keys *compose_seal_keys(const struct settings *settings, struct seal_keys *keys)
{
	if (settings->token_encryption_key == NULL || !seal_keys_init(keys, settings->token_encryption_key))
		return NULL;
	return keys;
}

const struct seal_keys *compose_feed_keys(const struct settings *settings, struct seal_keys *keys)
{
	static const char purpose[] = "bookingd: tokens of feeds";
	unsigned char made[CRYPTO_SHA256_SIZE];
	char text[ENCODE_BASE64_SIZE(CRYPTO_SHA256_SIZE)];
	const char *secret = settings->auth_jwt_secret;
	if (compose_seal_keys(settings, keys) != NULL)
		return keys;
	if (secret == NULL)
		return NULL;
	crypto_hmac_sha256(secret, strlen(secret), purpose, sizeof(purpose) - 1, made);
	encode_base64(made, sizeof(made), text);
	bool good = seal_keys_init(keys, text);
	crypto_wipe(made, sizeof(made));
	crypto_wipe(text, sizeof(text));
	return good ? keys : NULL;
}

struct calendar_settings compose_calendar_settings(const struct settings *settings,
						   const struct seal_keys *keys)
{
	static char redirect[2200];
	if (settings->public_url != NULL)
		snprintf(redirect, sizeof(redirect), "%s/oauth/google/callback", settings->public_url);
	return (struct calendar_settings){
		.api = settings->google_calendar_api,
		.service_account_key = settings->google_service_account_key,
		.impersonate = settings->google_impersonate,
		.calendar_id = settings->coach_google_calendar_id,
		.coach_id = settings->coach_id,
		.oauth = {.id = settings->google_oauth_client_id,
			  .secret = settings->google_oauth_client_secret,
			  .auth_url = settings->google_oauth_auth_url,
			  .token_url = settings->google_oauth_token_url,
			  .revoke_url = settings->google_oauth_revoke_url,
			  .redirect_url = settings->public_url != NULL ? redirect : NULL},
		.seal_keys = keys,
		.allow_private = settings->calendar_allow_private,
		.links = {.public_url = settings->public_url, .manage_url = settings->manage_url},
		.mail = settings->mail_url != NULL,
		.fresh_seconds = settings->calendar_fresh_seconds,
		.stale_seconds = settings->calendar_stale_seconds,
		.poll_seconds = settings->calendar_poll_seconds,
		.requests_per_coach =
			settings->calendar_workers > 1 ? (int)settings->calendar_workers - 1 : 1,
	};
}

static bool has_calendar(const struct settings *settings)
{
	return settings->google_service_account_key != NULL || settings->google_oauth_client_id != NULL ||
	       settings->token_encryption_key != NULL; /* CalDAV */
}

int64_t compose_calendar_workers(const struct settings *settings)
{
	return has_calendar(settings) ? settings->calendar_workers : 0;
}

/* How many connections are taken with so many workers of the lane of calls to the database. */
static int64_t connections_with(const struct settings *settings, int64_t workers)
{
	enum { LISTENER_TELLER_HOUSEKEEPING = 3 };
	bool pooled = settings->database_direct_url != NULL;
	int64_t lockers = workers + compose_calendar_workers(settings) +
			  (has_calendar(settings) ? CALENDAR_CONNECTIONS : 0);
	bool reads_sources = settings->token_encryption_key != NULL;
	return settings->listing_workers + LISTENER_TELLER_HOUSEKEEPING + reads_sources +
	       (settings->mail_url != NULL || settings->sms_url != NULL ? NOTICE_CONNECTIONS
									: NOTICE_CONNECTIONS - 1) +
	       (pooled ? 2 * lockers + 1 : lockers);
}

int64_t compose_workers(const struct settings *settings)
{
	enum { CONNECTIONS_WANTED = 20, WORKERS_MIN = 3 };
	if (settings->workers > 0)
		return settings->workers;
	int64_t left = CONNECTIONS_WANTED - connections_with(settings, 0);
	int64_t workers = settings->database_direct_url != NULL ? left / 2 : left;
	return workers > WORKERS_MIN ? workers : WORKERS_MIN;
}

int64_t compose_connections(const struct settings *settings)
{
	return connections_with(settings, compose_workers(settings));
}

struct database *compose_database(const struct settings *settings)
{
	return database_new(settings->database_url, settings->database_direct_url);
}

struct notice_settings compose_notice_settings(const struct settings *settings)
{
	return (struct notice_settings){
		.mail = {.url = settings->mail_url,
			 .user = settings->mail_user,
			 .password = settings->mail_password,
			 .from = settings->mail_from,
			 .require_tls = settings->mail_tls},
		.hook_secret = settings->mail_hook_secret,
		.mails_per_minute = settings->mail_per_minute,
		.links = {.public_url = settings->public_url, .manage_url = settings->manage_url},
		.text = {.url = settings->sms_url,
			 .user = settings->sms_user,
			 .password = settings->sms_password,
			 .from = settings->sms_from},
		.webhooks = {.url = settings->webhook_url,
			     .secret = settings->webhook_secret,
			     .allow_private = settings->webhook_allow_private},
	};
}

bool compose_schedule(const struct settings *settings, char **ret_schedule)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	const char *text = settings->coach_schedule;
	struct schedule_faults faults = {0};
	const struct schedule *schedule =
		text != NULL ? schedule_read_text(text, strlen(text), &mem, &mem, &faults)
			     : schedule_default(&mem);
	if (schedule == NULL && text == NULL) {
		fputs("bookingd: zone data: there is no America/New_York; install the package tzdata, or see "
		      "TZDIR\n",
		      stderr);
		return false;
	}
	if (schedule == NULL) {
		fprintf(stderr, "bookingd: COACH_SCHEDULE: %s: %s\n",
			faults.at[0].field != NULL ? faults.at[0].field : "document", faults.at[0].detail);
		return false;
	}
	struct buffer out;
	buffer_init(&out, 8 * 1024 * 1024);
	schedule_write(schedule, &out);
	*ret_schedule = out.bytes;
	return true;
}
