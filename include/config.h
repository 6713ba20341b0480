/*
 * config - every setting of the daemon, from one table.
 *
 * The table in config.c (name, type, range, default, secret?, help) is what reads and checks the
 * environment, prints `--help`, and writes config/bookingd.env.example; a test compares.
 * A secret NAME may also come from the file named by NAME_FILE (its last line end is cut).
 * An empty value counts as not set, and a file wins over nothing: NAME and NAME_FILE together are refused.
 * The daemon passes over unknown variables; `bookingd doctor` names those that look like settings.
 *
 * Read once at start by main, then immutable and safe from any thread. Only main.c sees
 * `struct settings`; the layers get what they need as plain parameters.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Texts are NULL when not set; all of it belongs to the struct. Named as the variables are. */
struct settings {
	/* serving */
	int64_t port;                 /* 0 .. 65535; 0 picks a free one */
	char *bind_address;           /* an IPv4 or IPv6 address */
	char *public_url;             /* http(s)://…, no slash at the end */
	char **cors_allowed_origins;  /* scheme://host[:port] each, or "*" alone; NULL at the end; NULL when
					 none */
	char **frame_allowed_origins; /* as those before, but never "*"; so the next */
	char **redirect_allowed_origins;
	char *metrics_address; /* address:port of a listener of its own for /metrics; NULL: it is with the
				  rest */
	int64_t trusted_proxy_hops;
	int64_t max_connections;
	int64_t workers;            /* threads for calls that need the database; 0: compose_workers() */
	int64_t listing_workers;    /* threads for listings not in memory */
	int64_t calendar_workers;   /* threads for calls that may wait for Google */
	int64_t rate_limit_read;    /* per identity and minute; 0 is off */
	int64_t rate_limit_book;    /* per identity and minute; 0 is off */
	int64_t rate_limit_address; /* per address and minute; 0 is off */
	int64_t rate_limit_other;   /* the same, for what is no call */

	/* database */
	char *database_url;
	char *database_direct_url; /* the same without the pooler in front; NULL: there is none */
	bool migrate;
	int64_t retention_days; /* 0: personal fields are kept */

	/* who is calling */
	char *auth_session_query;
	char *auth_jwt_secret;
	char *auth_jwt_public_key; /* PEM text */
	char *auth_jwks_url;
	char *auth_jwt_issuer;
	char *auth_jwt_audience;
	int64_t session_cache_seconds;
	bool public_availability;
	bool public_booking;
	bool calendar_allow_private;

	/* coach */
	char *coach_id;
	char *coach_schedule; /* the schedule document, JSON text */
	char *coach_email;
	int64_t hold_minutes;

	/* mail and signing in */
	char *mail_url; /* smtp[s]://host[:port][/helo-name]; NULL: no mail */
	char *mail_user;
	char *mail_password;
	char *mail_from;
	bool mail_tls; /* required */
	int64_t mail_per_minute;
	char *mail_hook_secret;
	char *manage_url; /* may hold {id} */
	char *sign_in_url;
	char *admin_emails; /* with commas between */

	/* text messages */
	char *sms_url; /* NULL: none are sent */
	char *sms_user;
	char *sms_password;
	char *sms_from;

	/* other programs */
	char *webhook_url;    /* NULL: only coaches' own endpoints are told */
	char *webhook_secret; /* one key, or two with a blank between */
	bool webhook_allow_private;

	/* Google */
	char *google_service_account_key; /* JSON text */
	char *google_impersonate;
	char *coach_google_calendar_id;
	char *google_oauth_client_id;
	char *google_oauth_client_secret;
	char *google_calendar_api;
	char *google_oauth_auth_url;
	char *google_oauth_token_url;
	char *google_oauth_revoke_url;
	char *token_encryption_key; /* keys of 32 bytes in base64 with commas between, for seal_keys_init() */
	int64_t calendar_fresh_seconds;
	int64_t calendar_stale_seconds;
	int64_t calendar_poll_seconds;

	/* log */
	enum log_level log_level;
	enum log_format log_format;
};

enum { CONFIG_HOST_BYTES = 64 };

/*
 * Take "127.0.0.1:9464" or "[::1]:9464" apart. False, and what is returned is not to be used, if it is
 * anything else. Pure.
 */
bool config_split_address(const char *value, char ret_host[static CONFIG_HOST_BYTES], uint16_t *ret_port);

/*
 * Fill `ret_settings` from `environment` ("NAME=value" strings, NULL at the end).
 *
 * with_database  whether DATABASE_URL must be set.
 *
 * Returns how many settings are bad or missing; for each, one line that names it is written
 * to `complaints` (never the value of a secret). With 0 the settings are complete.
 * Reads the files that NAME_FILE, GOOGLE_SERVICE_ACCOUNT_KEY, AUTH_JWT_PUBLIC_KEY and
 * COACH_SCHEDULE name, each at most 64 KiB. `ret_settings` is to be wiped in any case.
 */
size_t config_load(struct settings *ret_settings, char *const environment[], bool with_database,
		   FILE *complaints);

/*
 * Read again, while the daemon runs, those settings that it may change without a restart: the limits of
 * rates, CORS_ALLOWED_ORIGINS, LOG_LEVEL, LOG_FORMAT, AUTH_JWT_SECRET and AUTH_JWT_PUBLIC_KEY. All others
 * stay empty in `ret_settings`, and so does a secret that the environment no longer shows (see
 * config_hide_secrets). Returns and complains as config_load does; to be wiped in any case.
 */
size_t config_reload(struct settings *ret_settings, char *const environment[], FILE *complaints);

/* Whether what a URL leads to goes over a network in clear: http://, and not to a loopback address. */
bool config_url_is_plain(const char *url);

/*
 * Report each name in `environment` that looks like a setting and is none: one or two letters off
 * (RATELIMIT_BOOK), a NAME_FILE of what is no secret, or with a beginning that only settings have
 * (AUTH_JWT_). `meant` is the setting it resembles, NULL when there is none. Returns how many.
 */
size_t config_unknown(char *const environment[],
		      void (*tell)(void *owner, const char *name, const char *meant), void *owner);

/*
 * Blank the values of secrets in `environment` itself, so that they are not in
 * /proc/<pid>/environ any longer. Call it after config_load().
 */
void config_hide_secrets(char *environment[]);

/*
 * Overwrite the keys that were taken over by who uses them, in another form (GOOGLE_SERVICE_ACCOUNT_KEY,
 * TOKEN_ENCRYPTION_KEY): they are "" afterwards, or NULL as before.
 */
void config_wipe_keys(struct settings *settings);

/* Overwrite the secrets and free everything; the struct is empty afterwards. */
void config_wipe(struct settings *settings);

/* Write the settings' part of `--help`. */
void config_print_help(FILE *out);

/* Write config/bookingd.env.example: what `bookingd settings` prints. */
void config_print_example(FILE *out);

#endif
