#include "config.h"

#include "config_names.h"
#include "config_value.h"

#include <string.h>

struct setting {
	const char *heading; /* of the group that begins here */
	const char *name;
	enum value_kind kind;
	size_t offset; /* in struct settings */
	int64_t min;
	int64_t max;
	const char *initial; /* the default, NULL for none */
	unsigned flags;
	const char *help;
};

enum {
	SECRET = 1,  /* may come from the file that NAME_FILE names, and is blanked in the environment */
	RELOADS = 2, /* SIGHUP reads it again */
};

#define AT(member) offsetof(struct settings, member)

/* clang-format off */
static const struct setting settings_table[] = {
{"Serving", "PORT", KIND_INTEGER, AT(port), 0, 65535, "8080", 0,
 "TCP port to listen on; 0 picks a free one"},
{NULL, "BIND_ADDRESS", KIND_ADDRESS, AT(bind_address), 0, 0, "127.0.0.1", 0,
 "address to listen on; 0.0.0.0 for all of IPv4, :: for all"},
{NULL, "PUBLIC_URL", KIND_BASE, AT(public_url), 0, 0, NULL, 0,
 "where clients reach this service, such as https://book.example.org"},
{NULL, "CORS_ALLOWED_ORIGINS", KIND_ORIGINS, AT(cors_allowed_origins), 0, 0, NULL, RELOADS,
 "comma-separated origins of pages that may call, such as https://example.org"},
{NULL, "FRAME_ALLOWED_ORIGINS", KIND_SITES, AT(frame_allowed_origins), 0, 0, NULL, 0,
 "comma-separated origins of pages that may show the booking page in a frame; unset: none"},
{NULL, "REDIRECT_ALLOWED_ORIGINS", KIND_SITES, AT(redirect_allowed_origins), 0, 0, NULL, 0,
 "comma-separated origins (https) that a session type may lead clients on to once they have booked; unset: none"},
{NULL, "METRICS_ADDRESS", KIND_LISTEN, AT(metrics_address), 0, 0, NULL, 0,
 "address and port of a listener of its own for /metrics, such as 127.0.0.1:9464; unset: /metrics is with the rest"},
{NULL, "TRUSTED_PROXY_HOPS", KIND_INTEGER, AT(trusted_proxy_hops), 0, 16, "0", 0,
 "how many proxies in front add to X-Forwarded-For"},
{NULL, "RATE_LIMIT_READ", KIND_INTEGER, AT(rate_limit_read), 0, 1000000, "240", RELOADS,
 "reading calls per identity, minute and process; 0 is no limit"},
{NULL, "RATE_LIMIT_BOOK", KIND_INTEGER, AT(rate_limit_book), 0, 1000000, "30", RELOADS,
 "booking calls per identity, minute and process; 0 is no limit"},
{NULL, "RATE_LIMIT_ADDRESS", KIND_INTEGER, AT(rate_limit_address), 0, 1000000, "1200", RELOADS,
 "calls per network address, minute and process; 0 is no limit"},
{NULL, "RATE_LIMIT_OTHER", KIND_INTEGER, AT(rate_limit_other), 0, 1000000, "600", RELOADS,
 "requests other than calls (pushes, /metrics, unknown paths, OPTIONS) per network address, minute and process; 0 is no limit"},
{NULL, "MAX_CONNECTIONS", KIND_INTEGER, AT(max_connections), 1, 100000, "4096", 0,
 "connections open at once; half of them, unless TRUSTED_PROXY_HOPS is set, for any one address"},
{NULL, "WORKERS", KIND_INTEGER, AT(workers), 0, 256, "0", 0,
 "threads, and database connections, for calls that need the database; 0: as many as leave this daemon 20 connections, 3 at least"},
{NULL, "LISTING_WORKERS", KIND_INTEGER, AT(listing_workers), 1, 256, "2", 0,
 "threads, and database connections, for listings not in memory"},
{NULL, "CALENDAR_WORKERS", KIND_INTEGER, AT(calendar_workers), 1, 256, "3", 0,
 "threads, and database connections, for calls that may wait for Google; without a calendar there are none"},

{"Database", "DATABASE_URL", KIND_DATABASE, AT(database_url), 1, 4096, NULL, SECRET,
 "PostgreSQL 15 or newer, such as postgresql://user:password@host:5432/name (required)"},
{NULL, "DATABASE_DIRECT_URL", KIND_DATABASE, AT(database_direct_url), 1, 4096, NULL, SECRET,
 "PostgreSQL itself, where DATABASE_URL names a pooler in transaction mode: for notifications, locks, migrations"},
{NULL, "MIGRATE", KIND_BOOLEAN, AT(migrate), 0, 0, "1", 0,
 "bring the schema up to date at start; with 0 wait until `bookingd migrate` has done it"},
{NULL, "RETENTION_DAYS", KIND_INTEGER, AT(retention_days), 0, 36500, "0", 0,
 "blank personal fields of appointments this many days after they end, and forget who did what; 0 keeps them"},

{"Who is calling", "AUTH_SESSION_QUERY", KIND_SQL, AT(auth_session_query), 1, 8192, NULL, 0,
 "SQL that finds the session $1 (X-Session-ID); columns: user_id, and optionally email, email_verified, "
 "name, role"},
{NULL, "AUTH_JWT_SECRET", KIND_SECRET, AT(auth_jwt_secret), 32, 4096, NULL, SECRET | RELOADS,
 "shared secret of bearer tokens signed with HS256: 32 random bytes or more (openssl rand -base64 32)"},
{NULL, "AUTH_JWT_PUBLIC_KEY", KIND_PEM, AT(auth_jwt_public_key), 0, 0, NULL, RELOADS,
 "public key of bearer tokens signed with RS256 or ES256: PEM text, that text in base64, or a path"},
{NULL, "AUTH_JWKS_URL", KIND_SECURE_URL, AT(auth_jwks_url), 0, 0, NULL, 0,
 "URL of the public keys of bearer tokens (JWKS); https but for a loopback address"},
{NULL, "AUTH_JWT_ISSUER", KIND_TEXT, AT(auth_jwt_issuer), 1, 1024, NULL, 0,
 "the `iss` that a bearer token must have"},
{NULL, "AUTH_JWT_AUDIENCE", KIND_TEXT, AT(auth_jwt_audience), 1, 1024, NULL, 0,
 "the `aud` that a bearer token must have"},
{NULL, "SESSION_CACHE_SECONDS", KIND_INTEGER, AT(session_cache_seconds), 0, 3600, "30", 0,
 "how long a session is cached before it is looked up again"},
{NULL, "PUBLIC_AVAILABILITY", KIND_BOOLEAN, AT(public_availability), 0, 0, "0", 0,
 "1: anybody may list free times without signing in"},
{NULL, "PUBLIC_BOOKING", KIND_BOOLEAN, AT(public_booking), 0, 0, "0", 0,
 "with 1 people book without an identity: they see free times, hold one, and confirm it by a code that is mailed"},

{"Coach", "COACH_ID", KIND_ID, AT(coach_id), 0, 0, NULL, 0,
 "coach to create at start if they do not exist yet"},
{NULL, "COACH_SCHEDULE", KIND_JSON, AT(coach_schedule), 0, 0, NULL, 0,
 "schedule of that new coach: a JSON file's path; default: weekdays 9 to 17"},
{NULL, "COACH_EMAIL", KIND_EMAIL, AT(coach_email), 3, 254, NULL, 0,
 "email address of that coach"},
{NULL, "HOLD_MINUTES", KIND_INTEGER, AT(hold_minutes), 1, 1440, "10", 0,
 "how long a hold keeps its slot"},

{"Mail", "MAIL_URL", KIND_MAIL_URL, AT(mail_url), 0, 0, NULL, 0,
 "mail server: smtp://host:587 or smtps://host:465, optionally with /NAME to use in EHLO; unset: no mail"},
{NULL, "MAIL_FROM", KIND_EMAIL, AT(mail_from), 3, 254, NULL, 0,
 "sender's address of all mail; replies to it should be read (required with MAIL_URL)"},
{NULL, "MAIL_USER", KIND_TEXT, AT(mail_user), 1, 254, NULL, 0,
 "user to sign in to the mail server with"},
{NULL, "MAIL_PASSWORD", KIND_TEXT, AT(mail_password), 1, 1024, NULL, SECRET,
 "that user's password"},
{NULL, "MAIL_TLS", KIND_MAIL_TLS, AT(mail_tls), 0, 0, "require", 0,
 "require: never without TLS; none: plain text passes, for a server on this machine"},
{NULL, "MAIL_PER_MINUTE", KIND_INTEGER, AT(mail_per_minute), 0, 100000, "60", 0,
 "most mails that each process sends a minute; 0 is no limit"},
{NULL, "MAIL_HOOK_SECRET", KIND_SECRET, AT(mail_hook_secret), 16, 256, NULL, SECRET,
 "marks the envelope's sender of each mail, so that what comes back is known: bookingd bounce, POST /hooks/mail"},
{NULL, "MANAGE_URL", KIND_PAGE, AT(manage_url), 0, 0, NULL, 0,
 "your page where a client moves or cancels, {id} standing for the appointment; default: our page, by a link in the mail"},
{NULL, "SIGN_IN_URL", KIND_URL, AT(sign_in_url), 0, 0, NULL, 0,
 "your page where people sign in; default: by a code sent by mail, if there is mail"},
{NULL, "ADMIN_EMAILS", KIND_EMAILS, AT(admin_emails), 0, 0, NULL, 0,
 "comma-separated addresses of those who are admins when signed in by mail"},

{"Text messages", "SMS_URL", KIND_SECURE_URL, AT(sms_url), 0, 0, NULL, 0,
 "where reminders are posted in Twilio's form (To, From, Body), to clients who said yes to them; unset: none"},
{NULL, "SMS_USER", KIND_TEXT, AT(sms_user), 1, 254, NULL, 0,
 "user for it, such as the account's SID (required with SMS_URL)"},
{NULL, "SMS_PASSWORD", KIND_TEXT, AT(sms_password), 1, 1024, NULL, SECRET,
 "that user's password, such as the account's token"},
{NULL, "SMS_FROM", KIND_TEXT, AT(sms_from), 1, 34, NULL, 0,
 "number or name that they come from, such as +15550100 (required with SMS_URL)"},

{"Other programs", "WEBHOOK_URL", KIND_ENDPOINT, AT(webhook_url), 0, 0, NULL, 0,
 "address that is told of every event of every coach, by Standard Webhooks; https:// unless WEBHOOK_ALLOW_PRIVATE=1"},
{NULL, "WEBHOOK_SECRET", KIND_WEBHOOK_KEYS, AT(webhook_secret), 0, 0, NULL, SECRET,
 "what it verifies them with: whsec_ and 32 bytes in base64; while it is being replaced the former one after a blank"},
{NULL, "WEBHOOK_ALLOW_PRIVATE", KIND_BOOLEAN, AT(webhook_allow_private), 0, 0, "0", 0,
 "1: webhooks, coaches' own too, may lead into private networks and to plain http"},

{"Google Calendar", "GOOGLE_SERVICE_ACCOUNT_KEY", KIND_ACCOUNT, AT(google_service_account_key), 0, 0, NULL, SECRET,
 "key of a service account: its JSON, that JSON in base64, or the path of a file with it"},
{NULL, "GOOGLE_IMPERSONATE", KIND_EMAIL, AT(google_impersonate), 3, 254, NULL, 0,
 "Workspace user the service account acts for (domain-wide delegation)"},
{NULL, "COACH_GOOGLE_CALENDAR_ID", KIND_TEXT, AT(coach_google_calendar_id), 1, 2000, "primary", 0,
 "calendar that is checked and written; after commas, others that are only checked"},
{NULL, "GOOGLE_OAUTH_CLIENT_ID", KIND_TEXT, AT(google_oauth_client_id), 1, 1024, NULL, 0,
 "OAuth client with which coaches connect their own account"},
{NULL, "GOOGLE_OAUTH_CLIENT_SECRET", KIND_TEXT, AT(google_oauth_client_secret), 1, 1024, NULL, SECRET,
 "that client's secret"},
{NULL, "TOKEN_ENCRYPTION_KEY", KIND_KEYS, AT(token_encryption_key), 0, 0, NULL, SECRET,
 "32 bytes in base64 that seal coaches' tokens (openssl rand -base64 32); old keys may follow after commas"},
{NULL, "GOOGLE_CALENDAR_API", KIND_SECURE_URL, AT(google_calendar_api), 0, 0, "https://www.googleapis.com/calendar/v3", 0,
 "base of the Calendar API"},
{NULL, "GOOGLE_OAUTH_AUTH_URL", KIND_SECURE_URL, AT(google_oauth_auth_url), 0, 0,
 "https://accounts.google.com/o/oauth2/v2/auth", 0,
 "OAuth consent page"},
{NULL, "GOOGLE_OAUTH_TOKEN_URL", KIND_SECURE_URL, AT(google_oauth_token_url), 0, 0, "https://oauth2.googleapis.com/token", 0,
 "OAuth token endpoint"},
{NULL, "GOOGLE_OAUTH_REVOKE_URL", KIND_SECURE_URL, AT(google_oauth_revoke_url), 0, 0, "https://oauth2.googleapis.com/revoke", 0,
 "OAuth revocation endpoint"},
{NULL, "CALENDAR_FRESH_SECONDS", KIND_INTEGER, AT(calendar_fresh_seconds), 0, 86400, "30", 0,
 "how long busy times serve a listing"},
{NULL, "CALENDAR_STALE_SECONDS", KIND_INTEGER, AT(calendar_stale_seconds), 0, 604800, "900", 0,
 "how long they serve when Google cannot be reached"},
{NULL, "CALENDAR_ALLOW_PRIVATE", KIND_BOOLEAN, AT(calendar_allow_private), 0, 0, "0", 0,
 "1: coaches' further calendars may lie in private networks and at plain http"},
{NULL, "CALENDAR_POLL_SECONDS", KIND_INTEGER, AT(calendar_poll_seconds), 0, 86400, "120", 0,
 "seconds between two looks for changes in the calendar; 0 is never"},

{"Log", "LOG_LEVEL", KIND_LEVEL, AT(log_level), 0, 0, "info", RELOADS,
 "debug, info, warning or error"},
{NULL, "LOG_FORMAT", KIND_FORMAT, AT(log_format), 0, 0, "json", RELOADS,
 "json or text"},
};
/* clang-format on */

enum { SETTINGS = sizeof(settings_table) / sizeof(settings_table[0]) };

size_t config_name_count(void)
{
	return SETTINGS;
}

struct config_name config_name(size_t place)
{
	return (struct config_name){settings_table[place].name, (settings_table[place].flags & SECRET) != 0};
}

static void *member(struct settings *settings, const struct setting *setting)
{
	return (char *)settings + setting->offset;
}

/* The value of `name` + `suffix` in the environment; NULL when it is not set or empty. */
static char *lookup(char *const environment[], const char *name, const char *suffix)
{
	size_t length = strlen(name);
	size_t suffix_length = strlen(suffix);
	for (; *environment != NULL; environment++) {
		char *rest = *environment;
		if (strncmp(rest, name, length) != 0 || strncmp(rest + length, suffix, suffix_length) != 0)
			continue;
		rest += length + suffix_length;
		if (*rest == '=' && rest[1] != '\0')
			return rest + 1;
	}
	return NULL;
}

/* Read one setting; false, and a line in `complaints`, if it is bad. */
static bool load(struct settings *settings, const struct setting *setting, char *const environment[],
		 FILE *complaints)
{
	const char *given = lookup(environment, setting->name, "");
	const char *path =
		(setting->flags & SECRET) != 0 ? lookup(environment, setting->name, "_FILE") : NULL;
	const char *why = NULL;
	char *value = NULL;
	if (given != NULL && path != NULL) {
		fprintf(complaints, "%s: set it or %s_FILE, not both\n", setting->name, setting->name);
		return false;
	}
	if (path != NULL) {
		value = value_read_file(path, &why);
		if (value == NULL) {
			fprintf(complaints, "%s_FILE: %s: %s\n", setting->name, path, why);
			return false;
		}
	} else if (given != NULL && strlen(given) > VALUE_MAX) {
		fprintf(complaints, "%s: must not be that long\n", setting->name);
		return false;
	} else if (given != NULL || setting->initial != NULL) {
		const char *text = given ? given : setting->initial;
		value = value_copy(text, strlen(text));
	}
	if (value == NULL)
		return true;
	why = value_store((struct value_rule){setting->kind, setting->min, setting->max}, value,
			  member(settings, setting));
	if (why != NULL)
		fprintf(complaints, "%s: %s\n", setting->name, why);
	return why == NULL;
}

/* A setting that another one needs. */
static size_t require(bool wanted, const void *value, FILE *complaints, const char *line)
{
	if (!wanted || value != NULL)
		return 0;
	fprintf(complaints, "%s\n", line);
	return 1;
}

size_t config_load(struct settings *ret_settings, char *const environment[], bool with_database,
		   FILE *complaints)
{
	*ret_settings = (struct settings){.port = 0};
	size_t bad = 0;
	for (size_t i = 0; i < SETTINGS; i++)
		bad += !load(ret_settings, &settings_table[i], environment, complaints);
	if (bad > 0)
		return bad;
	const struct settings *s = ret_settings;
	bool oauth = s->google_oauth_client_id != NULL;
	bad += require(with_database, s->database_url, complaints,
		       "DATABASE_URL: must be set, such as postgresql://user:password@host:5432/name");
	bad += require(oauth, s->google_oauth_client_secret, complaints,
		       "GOOGLE_OAUTH_CLIENT_SECRET: must be set when GOOGLE_OAUTH_CLIENT_ID is");
	bad += require(s->google_oauth_client_secret != NULL, s->google_oauth_client_id, complaints,
		       "GOOGLE_OAUTH_CLIENT_ID: must be set when GOOGLE_OAUTH_CLIENT_SECRET is");
	bad += require(
		oauth, s->token_encryption_key, complaints,
		"TOKEN_ENCRYPTION_KEY: must be set when GOOGLE_OAUTH_CLIENT_ID is: it seals coaches' tokens");
	bad += require(s->google_impersonate != NULL, s->google_service_account_key, complaints,
		       "GOOGLE_SERVICE_ACCOUNT_KEY: must be set when GOOGLE_IMPERSONATE is");
	bad += require(s->mail_url != NULL, s->mail_from, complaints,
		       "MAIL_FROM: must be set when MAIL_URL is");
	bad += require(s->mail_user != NULL, s->mail_password, complaints,
		       "MAIL_PASSWORD: must be set when MAIL_USER is");
	bad += require(s->mail_password != NULL, s->mail_user, complaints,
		       "MAIL_USER: must be set when MAIL_PASSWORD is");
	bad += require(s->sms_url != NULL, s->sms_from, complaints, "SMS_FROM: must be set when SMS_URL is");
	bad += require(s->sms_url != NULL, s->sms_user, complaints, "SMS_USER: must be set when SMS_URL is");
	bad += require(s->sms_url != NULL, s->sms_password, complaints,
		       "SMS_PASSWORD: must be set when SMS_URL is");
	bad += require(s->webhook_url != NULL, s->webhook_secret, complaints,
		       "WEBHOOK_SECRET: must be set when WEBHOOK_URL is");
	if (s->webhook_url != NULL && !s->webhook_allow_private &&
	    strncmp(s->webhook_url, "https://", 8) != 0) {
		fputs("WEBHOOK_URL: must begin with https:// unless WEBHOOK_ALLOW_PRIVATE is 1\n",
		      complaints);
		bad++;
	}
	bad += require(s->public_booking, s->mail_url, complaints,
		       "MAIL_URL: must be set when PUBLIC_BOOKING is: it is by mail that guests prove their "
		       "address");
	bad += require(s->coach_schedule != NULL, s->coach_id, complaints,
		       "COACH_ID: must be set when COACH_SCHEDULE is");
	return bad;
}

size_t config_reload(struct settings *ret_settings, char *const environment[], FILE *complaints)
{
	*ret_settings = (struct settings){.port = 0};
	size_t bad = 0;
	for (size_t i = 0; i < SETTINGS; i++)
		if ((settings_table[i].flags & RELOADS) != 0)
			bad += !load(ret_settings, &settings_table[i], environment, complaints);
	return bad;
}

void config_hide_secrets(char *environment[])
{
	for (size_t i = 0; i < SETTINGS; i++) {
		char *value = (settings_table[i].flags & SECRET) != 0
				      ? lookup(environment, settings_table[i].name, "")
				      : NULL;
		if (value != NULL)
			explicit_bzero(value, strlen(value));
	}
}

void config_wipe_keys(struct settings *settings)
{
	char *const keys[] = {settings->google_service_account_key, settings->token_encryption_key};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i] != NULL)
			explicit_bzero(keys[i], strlen(keys[i]));
}

void config_wipe(struct settings *settings)
{
	for (size_t i = 0; i < SETTINGS; i++)
		value_free(settings_table[i].kind, member(settings, &settings_table[i]));
	*settings = (struct settings){.port = 0};
}

/* Write `text` folded at blanks to lines of at most 96 characters that begin with `prefix`. */
static void print_folded(FILE *out, const char *prefix, const char *text)
{
	size_t room = 96 - strlen(prefix);
	while (*text) {
		size_t length = strlen(text);
		if (length > room) {
			length = room;
			while (length > 0 && text[length] != ' ')
				length--;
		}
		fprintf(out, "%s%.*s\n", prefix, (int)length, text);
		text += length + (text[length] == ' ');
	}
}

void config_print_help(FILE *out)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *setting = &settings_table[i];
		if (setting->heading != NULL)
			fprintf(out, "%s%s:\n", i ? "\n" : "", setting->heading);
		fprintf(out, "  %s%s%s%s%s\n", setting->name, setting->initial ? " (" : "",
			setting->initial ? setting->initial : "", setting->initial ? ")" : "",
			(setting->flags & SECRET) != 0 ? ", or _FILE" : "");
		print_folded(out, "      ", setting->help);
	}
	fputs("\nSIGHUP reads again, without a restart:\n", out);
	char names[512] = "";
	size_t used = 0;
	for (size_t i = 0; i < SETTINGS && used < sizeof(names); i++)
		if ((settings_table[i].flags & RELOADS) != 0)
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
						 used > 0 ? " " : "", settings_table[i].name);
	print_folded(out, "  ", names);
}

void config_print_example(FILE *out)
{
	fputs("# Settings of bookingd, for a systemd EnvironmentFile or `docker run --env-file`. A line that "
	      "is\n"
	      "# commented out shows the default, or nothing where there is none. A secret NAME may be given "
	      "as\n"
	      "# NAME_FILE instead, the path of a file that holds it. This file is written by\n"
	      "# `bookingd settings`.\n",
	      out);
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *setting = &settings_table[i];
		if (setting->heading != NULL)
			fprintf(out, "\n# ---- %s ----\n", setting->heading);
		fputc('\n', out);
		print_folded(out, "# ", setting->help);
		fprintf(out, "#%s=%s\n", setting->name, setting->initial ? setting->initial : "");
	}
}
