/*
 * Settings: what the environment may say, and what is told when it says something else.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define DATABASE         "DATABASE_URL=postgresql://booker@127.0.0.1/booking"
#define SECRET           "hush, hush: nobody may guess this"
#define FEW              "must be drawn, as by openssl rand -base64 32: it has fewer than four different characters\n"
#define ENVIRONMENT(...) ((char *[]){__VA_ARGS__, NULL})

static char complaints[4096];

static size_t load(struct settings *settings, char *environment[])
{
	FILE *out = fmemopen(complaints, sizeof(complaints), "w");
	size_t bad = config_load(settings, environment, true, out);
	fclose(out);
	return bad;
}

static void assert_refused(char *environment[], const char *line)
{
	struct settings settings;
	assert_int_equal(load(&settings, environment), 1);
	if (strcmp(complaints, line) != 0)
		fail_msg("expected: %sgot:      %s", line, complaints);
	config_wipe(&settings);
}

static void assert_good(char *environment[])
{
	struct settings settings;
	if (load(&settings, environment) != 0)
		fail_msg("%s", complaints);
	config_wipe(&settings);
}

/* A file of our own with this text; its path, to be unlinked and freed. */
static char *file_with(const char *text, size_t length)
{
	char *path = strdup("/tmp/bookingd-test-config-XXXXXX");
	int file = mkstemp(path);
	assert_true(file >= 0);
	assert_int_equal(write(file, text, length), length);
	close(file);
	return path;
}

static char *joined(const char *name, const char *value)
{
	char *pair = NULL;
	assert_true(asprintf(&pair, "%s=%s", name, value) > 0);
	return pair;
}

static void test_defaults_are_those_of_the_contract(void **state)
{
	(void)state;
	struct settings s;
	assert_int_equal(load(&s, ENVIRONMENT(DATABASE)), 0);
	assert_int_equal(s.port, 8080);
	assert_string_equal(s.bind_address, "127.0.0.1");
	assert_string_equal(s.coach_google_calendar_id, "primary");
	assert_string_equal(s.google_calendar_api, "https://www.googleapis.com/calendar/v3");
	assert_int_equal(s.calendar_fresh_seconds, 30);
	assert_int_equal(s.calendar_stale_seconds, 900);
	assert_int_equal(s.calendar_poll_seconds, 120);
	assert_int_equal(s.hold_minutes, 10);
	assert_int_equal(s.session_cache_seconds, 30);
	assert_int_equal(s.rate_limit_read, 240);
	assert_int_equal(s.rate_limit_book, 30);
	assert_int_equal(s.rate_limit_address, 1200);
	assert_int_equal(s.trusted_proxy_hops, 0);
	assert_true(s.migrate);
	assert_false(s.public_availability);
	assert_null(s.cors_allowed_origins);
	assert_null(s.coach_id);
	assert_null(s.auth_jwt_secret);
	assert_int_equal(s.log_level, LOG_INFO);
	assert_int_equal(s.log_format, LOG_JSON);
	config_wipe(&s);
	assert_null(s.database_url);
}

static void test_values_are_read(void **state)
{
	(void)state;
	struct settings s;
	char **environment = ENVIRONMENT(
		DATABASE, "PORT=0", "BIND_ADDRESS=::", "PUBLIC_URL=https://book.example.org/",
		"CORS_ALLOWED_ORIGINS=https://a.example, http://localhost:3000,https://[::1]:8443",
		"MIGRATE=no", "PUBLIC_AVAILABILITY=1", "LOG_LEVEL=DEBUG", "LOG_FORMAT=text",
		"CALENDAR_FRESH_SECONDS=0", "AUTH_SESSION_QUERY=SELECT user_id\nFROM sessions WHERE id = $1",
		"COACH_ID=damian.x-1_", "COACH_SCHEDULE= {\"time_zone\":\"UTC\"}",
		"COACH_EMAIL=damian@example.org",
		"AUTH_JWT_PUBLIC_KEY=-----BEGIN PUBLIC KEY-----\\nMIIB\\n-----END PUBLIC KEY-----\\n",
		"TOKEN_ENCRYPTION_KEY=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
	assert_int_equal(load(&s, environment), 0);
	assert_int_equal(s.port, 0);
	assert_string_equal(s.public_url, "https://book.example.org");
	assert_string_equal(s.cors_allowed_origins[0], "https://a.example");
	assert_string_equal(s.cors_allowed_origins[1], "http://localhost:3000");
	assert_string_equal(s.cors_allowed_origins[2], "https://[::1]:8443");
	assert_null(s.cors_allowed_origins[3]);
	assert_false(s.migrate);
	assert_true(s.public_availability);
	assert_int_equal(s.log_level, LOG_DEBUG);
	assert_int_equal(s.log_format, LOG_TEXT);
	assert_int_equal(s.calendar_fresh_seconds, 0);
	assert_string_equal(s.auth_jwt_public_key,
			    "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n");
	config_wipe(&s);
}

static void test_an_empty_value_counts_as_not_set(void **state)
{
	(void)state;
	struct settings s;
	assert_int_equal(
		load(&s, ENVIRONMENT(DATABASE, "PORT=", "AUTH_JWT_SECRET=", "AUTH_JWT_SECRET_FILE=")), 0);
	assert_int_equal(s.port, 8080);
	assert_null(s.auth_jwt_secret);
	config_wipe(&s);
}

static void test_unknown_variables_and_longer_names_do_not_matter(void **state)
{
	(void)state;
	struct settings s;
	assert_int_equal(load(&s, ENVIRONMENT("PORTAL=1", "PORT_FILE=/nowhere", "POR=1", DATABASE)), 0);
	assert_int_equal(s.port, 8080);
	config_wipe(&s);
}

static void test_a_missing_setting_is_named(void **state)
{
	(void)state;
	assert_refused(ENVIRONMENT("PORT=1"),
		       "DATABASE_URL: must be set, such as postgresql://user:password@host:5432/name\n");
	assert_refused(ENVIRONMENT(DATABASE, "COACH_SCHEDULE={}"),
		       "COACH_ID: must be set when COACH_SCHEDULE is\n");
	assert_refused(ENVIRONMENT(DATABASE, "GOOGLE_OAUTH_CLIENT_SECRET=s"),
		       "GOOGLE_OAUTH_CLIENT_ID: must be set when GOOGLE_OAUTH_CLIENT_SECRET is\n");
	assert_refused(ENVIRONMENT(DATABASE, "GOOGLE_OAUTH_CLIENT_ID=i", "GOOGLE_OAUTH_CLIENT_SECRET=s"),
		       "TOKEN_ENCRYPTION_KEY: must be set when GOOGLE_OAUTH_CLIENT_ID is: it seals coaches' "
		       "tokens\n");
}

static void test_a_token_needs_no_database(void **state)
{
	(void)state;
	struct settings s;
	assert_int_equal(config_load(&s, ENVIRONMENT("AUTH_JWT_SECRET=" SECRET), false, stderr), 0);
	assert_null(s.database_url);
	config_wipe(&s);
}

static void test_a_bad_value_is_refused_in_one_line_that_names_it(void **state)
{
	(void)state;
	static const struct {
		const char *pair;
		const char *why;
	} bad[] = {
		{"PORT=65536", "PORT: must be a whole number from 0 to 65535\n"},
		{"PORT=80x", "PORT: must be a whole number from 0 to 65535\n"},
		{"PORT=+80", "PORT: must be a whole number from 0 to 65535\n"},
		{"PORT= 80", "PORT: must be a whole number from 0 to 65535\n"},
		{"PORT=99999999999999999999", "PORT: must be a whole number from 0 to 65535\n"},
		{"CALENDAR_FRESH_SECONDS=-1",
		 "CALENDAR_FRESH_SECONDS: must be a whole number from 0 to 86400\n"},
		{"HOLD_MINUTES=0", "HOLD_MINUTES: must be a whole number from 1 to 1440\n"},
		{"BIND_ADDRESS=localhost", "BIND_ADDRESS: must be an IPv4 or IPv6 address\n"},
		{"BIND_ADDRESS=1.2.3", "BIND_ADDRESS: must be an IPv4 or IPv6 address\n"},
		{"MIGRATE=2", "MIGRATE: must be 1 or 0\n"},
		{"LOG_LEVEL=loud", "LOG_LEVEL: must be debug, info, warning or error\n"},
		{"LOG_FORMAT=xml", "LOG_FORMAT: must be json or text\n"},
		{"DATABASE_URL=mysql://x/y",
		 "DATABASE_URL: must begin with postgresql:// (or be keyword=value pairs)\n"},
		{"DATABASE_URL=postgresql://u:geheim@h/d?schema=public",
		 "DATABASE_URL: invalid URI query parameter: \"schema\"\n"},
		{"DATABASE_URL=postgresql://u:geheim@h/d?sslmode=no-verify",
		 "DATABASE_URL: invalid sslmode value\n"},
		{"DATABASE_URL=postgresql://u:ge%heim@h/d",
		 "DATABASE_URL: has a % that two hexadecimal digits do not follow; write a % in user or "
		 "password as %25\n"},
		{"DATABASE_URL=postgresql://u:ge@heim@h/d",
		 "DATABASE_URL: host: has an @ in it; write an @ in user or password as %40\n"},
		{"DATABASE_URL=postgresql://u:geheim@@h/d",
		 "DATABASE_URL: host: has an @ in it; write an @ in user or password as %40\n"},
		{"DATABASE_URL=postgresql://u:ge@@heim@h/d",
		 "DATABASE_URL: host: has an @ in it; write an @ in user or password as %40\n"},
		{"DATABASE_URL=postgresql://h/d?sslmode=", "DATABASE_URL: sslmode: has no value\n"},
		{"DATABASE_URL=postgresql://h,i/d?target_session_attrs=",
		 "DATABASE_URL: target_session_attrs: has no value\n"},
		{"DATABASE_URL=host=h channel_binding=''", "DATABASE_URL: channel_binding: has no value\n"},
		{"DATABASE_URL=postgresql://u:ge/heim@h/d",
		 "DATABASE_URL: invalid integer value for connection option \"port\"; write a / in user or "
		 "password as %2F\n"},
		{"DATABASE_URL=postgresql://u:ge/he?im=x@h/d", "DATABASE_URL: invalid URI query parameter\n"},
		{"DATABASE_URL=postgresql://u:geheim@h/d?connect_timeout=soon",
		 "DATABASE_URL: connect_timeout: is not a whole number\n"},
		{"DATABASE_URL=host=a,b port=1,2,3",
		 "DATABASE_URL: could not match 3 port numbers to 2 hosts\n"},
		{"DATABASE_URL=service=geheim", "DATABASE_URL: definition of service not found\n"},
		{"DATABASE_URL=postgresql:///d?service=geheim",
		 "DATABASE_URL: definition of service not found\n"},
		{"DATABASE_URL=postgresql://u:geheim@h/d?sslmode=verify-full&sslrootcert=/geheim",
		 "DATABASE_URL: sslrootcert: names a file that cannot be read\n"},
		{"DATABASE_URL=postgresql://u:geheim@h,i/d?target_session_attrs=standby",
		 "DATABASE_URL: target_session_attrs: leads to a server that takes no writes\n"},
		{"DATABASE_URL=host=h password='geheim",
		 "DATABASE_URL: unterminated quoted string in connection info string\n"},
		{"AUTH_JWT_SECRET=thirty-one-bytes-are-not-enough",
		 "AUTH_JWT_SECRET: must be 32 bytes or more\n"},
		{"AUTH_JWT_SECRET=                                 ", "AUTH_JWT_SECRET: " FEW},
		{"AUTH_JWT_SECRET=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "AUTH_JWT_SECRET: " FEW},
		{"MAIL_HOOK_SECRET=1212121212121212", "MAIL_HOOK_SECRET: " FEW},
		{"TOKEN_ENCRYPTION_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		 "TOKEN_ENCRYPTION_KEY: " FEW},
		{"WEBHOOK_SECRET=whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=", "WEBHOOK_SECRET: " FEW},
		{"AUTH_JWKS_URL=http://keys.example/jwks.json",
		 "AUTH_JWKS_URL: must begin with https://: what comes by http:// may be anybody's\n"},
		{"AUTH_JWKS_URL=http://localhost.example/jwks.json",
		 "AUTH_JWKS_URL: must begin with https://: what comes by http:// may be anybody's\n"},
		{"GOOGLE_OAUTH_TOKEN_URL=http://tokens.example/",
		 "GOOGLE_OAUTH_TOKEN_URL: must begin with https://: what comes by http:// may be "
		 "anybody's\n"},
		{"AUTH_SESSION_QUERY=SELECT 1",
		 "AUTH_SESSION_QUERY: must have $1, the session's id, in it\n"},
		{"COACH_ID=a b", "COACH_ID: must be 1 to 64 letters, digits, dots, dashes and underscores\n"},
		{"COACH_EMAIL=damian", "COACH_EMAIL: must be an email address\n"},
		{"COACH_EMAIL=a@b@c", "COACH_EMAIL: must be an email address\n"},
		{"AUTH_JWT_ISSUER=a\x01", "AUTH_JWT_ISSUER: must have no control characters in it\n"},
		{"TOKEN_ENCRYPTION_KEY=c2hvcnQ=", "TOKEN_ENCRYPTION_KEY: must be 32 bytes in base64, as "
						  "`openssl rand -base64 32` prints them\n"},
		{"COACH_SCHEDULE=/nowhere/at-all", "COACH_SCHEDULE: is not a JSON object, nor the path of a "
						   "file with it (No such file or directory)\n"},
		{"AUTH_JWT_PUBLIC_KEY=/nowhere/at-all", "AUTH_JWT_PUBLIC_KEY: is not PEM text, nor the path "
							"of a file with it (No such file or directory)\n"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		/* The last of two equal names is never read, so the bad one stands first. */
		char *pair = strdup(bad[i].pair);
		assert_refused(ENVIRONMENT(pair, DATABASE), bad[i].why);
		free(pair);
	}
}

static void test_a_poor_key_may_stand_behind_the_one_that_replaces_it(void **state)
{
	(void)state;
	assert_good(ENVIRONMENT(DATABASE, "TOKEN_ENCRYPTION_KEY=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=,"
					  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
	assert_good(ENVIRONMENT(DATABASE, "WEBHOOK_SECRET=whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY= "
					  "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
}

static void test_what_libpq_adds_to_a_database_url_counts(void **state)
{
	(void)state;
	setenv("PGHOST", "a,b", 1);
	setenv("PGPORT", "1,2", 1);
	assert_good(ENVIRONMENT("DATABASE_URL=postgresql:///d"));
	assert_refused(ENVIRONMENT("DATABASE_URL=postgresql:///d?sslmode=verify-ca&sslrootcert=/nowhere"),
		       "DATABASE_URL: sslrootcert: names a file that cannot be read\n");
	unsetenv("PGHOST");
	unsetenv("PGPORT");
	/* Sockets have no TLS, and an empty name is the file that is taken by default. */
	assert_good(ENVIRONMENT("DATABASE_URL=postgresql:///d?sslmode=verify-ca&sslrootcert=/nowhere"));
	assert_good(ENVIRONMENT("DATABASE_URL=host=@abstract sslmode=verify-ca sslrootcert=/nowhere"));
	assert_good(ENVIRONMENT("DATABASE_URL=postgresql://h/d?sslmode=verify-full&sslrootcert="));
}

static void test_a_service_is_read_as_libpq_reads_it(void **state)
{
	(void)state;
	static const char services[] = "[good]\nhost=a,b\nport=1,2\n[odd]\nsslmode=no-verify\n";
	char *path = file_with(services, sizeof(services) - 1);
	setenv("PGSERVICEFILE", path, 1);
	assert_good(ENVIRONMENT("DATABASE_URL=service=good"));
	assert_good(ENVIRONMENT("DATABASE_URL=postgresql:///d?service=good"));
	assert_good(ENVIRONMENT("DATABASE_URL=service=good port=3,4"));
	assert_refused(ENVIRONMENT("DATABASE_URL=service=odd"), "DATABASE_URL: invalid sslmode value\n");
	setenv("PGSERVICE", "good", 1);
	assert_good(ENVIRONMENT("DATABASE_URL=postgresql:///d"));
	unsetenv("PGSERVICE");
	unsetenv("PGSERVICEFILE");
	unlink(path);
	free(path);
}

static void test_urls_and_origins_are_checked(void **state)
{
	(void)state;
	static const char *const bad_urls[] = {"example.org",        "ftp://example.org", "https://",
					       "https://u:p@host/x", "https://a b/",      "https://a:99999/",
					       "https://a/\x7f",     "https://[::1/x",    "https://a/#x"};
	static const char url_line[] = "AUTH_JWKS_URL: must be a URL that begins with http:// or https://, "
				       "without user, blank or #\n";
	for (size_t i = 0; i < sizeof(bad_urls) / sizeof(bad_urls[0]); i++) {
		char *pair = joined("AUTH_JWKS_URL", bad_urls[i]);
		assert_refused(ENVIRONMENT(DATABASE, pair), url_line);
		free(pair);
	}
	assert_good(ENVIRONMENT(DATABASE, "AUTH_JWKS_URL=http://127.0.0.1:9/.well-known/jwks.json?x=1"));
	assert_good(ENVIRONMENT(DATABASE, "AUTH_JWKS_URL=https://[::1]:9/keys"));

	static const char *const bad_origins[] = {"https://a/", "https://a/b", "*,https://a",
						  "a.example",  ",",           "null"};
	static const char origin_line[] = "CORS_ALLOWED_ORIGINS: must be a list of origins such as "
					  "https://example.org (no path, no slash at the end), or * alone\n";
	for (size_t i = 0; i < sizeof(bad_origins) / sizeof(bad_origins[0]); i++) {
		char *pair = joined("CORS_ALLOWED_ORIGINS", bad_origins[i]);
		assert_refused(ENVIRONMENT(DATABASE, pair), origin_line);
		free(pair);
	}
	assert_good(ENVIRONMENT(DATABASE, "CORS_ALLOWED_ORIGINS=*"));

	static const char site_line[] =
		"REDIRECT_ALLOWED_ORIGINS: must be a list of origins such as "
		"https://example.org (no path, no slash at the end), of 4096 characters at "
		"most\n";
	static const char *const bad_sites[] = {
		"*",         "https://a/",          "https://a;script-src *",
		"https://*", "https://u@a.example", "https://b\xC3\xBC.example"};
	for (size_t i = 0; i < sizeof(bad_sites) / sizeof(bad_sites[0]); i++) {
		char *pair = joined("REDIRECT_ALLOWED_ORIGINS", bad_sites[i]);
		assert_refused(ENVIRONMENT(DATABASE, pair), site_line);
		free(pair);
	}
	assert_good(ENVIRONMENT(DATABASE, "FRAME_ALLOWED_ORIGINS=https://a.example, http://localhost:3000"));
}

static void test_every_bad_setting_is_told_at_once(void **state)
{
	(void)state;
	struct settings settings;
	assert_int_equal(load(&settings, ENVIRONMENT(DATABASE, "PORT=x", "MIGRATE=maybe")), 2);
	assert_non_null(strstr(complaints, "PORT: "));
	assert_non_null(strstr(complaints, "MIGRATE: "));
	config_wipe(&settings);
}

static void test_a_secret_may_come_from_a_file(void **state)
{
	(void)state;
	char *path = file_with(SECRET "\n", sizeof(SECRET));
	char *pair = joined("AUTH_JWT_SECRET_FILE", path);
	struct settings s;
	assert_int_equal(load(&s, ENVIRONMENT(DATABASE, pair)), 0);
	assert_string_equal(s.auth_jwt_secret, SECRET);
	config_wipe(&s);
	assert_refused(ENVIRONMENT(DATABASE, pair, "AUTH_JWT_SECRET=" SECRET),
		       "AUTH_JWT_SECRET: set it or AUTH_JWT_SECRET_FILE, not both\n");
	unlink(path);
	assert_int_equal(load(&s, ENVIRONMENT(DATABASE, pair)), 1);
	assert_non_null(strstr(complaints, "AUTH_JWT_SECRET_FILE: "));
	config_wipe(&s);
	free(pair);
	free(path);
}

static void test_files_that_cannot_be_a_value_are_refused(void **state)
{
	(void)state;
	static char big[64 * 1024 + 2];
	memset(big, 'x', sizeof(big));
	const struct {
		const char *text;
		size_t length;
		const char *why;
	} files[] = {
		{"", 0, "is empty"}, {"\n", 1, "is empty"}, {"a\0b", 3, "NUL"}, {big, sizeof(big), "64 KiB"}};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *path = file_with(files[i].text, files[i].length);
		char *pair = joined("AUTH_JWT_SECRET_FILE", path);
		struct settings s;
		assert_int_equal(load(&s, ENVIRONMENT(DATABASE, pair)), 1);
		assert_non_null(strstr(complaints, files[i].why));
		config_wipe(&s);
		unlink(path);
		free(pair);
		free(path);
	}
}

static void test_json_may_be_given_as_a_path(void **state)
{
	(void)state;
	char *path = file_with("{\"a\":1}\n", 8);
	char *pair = joined("GOOGLE_SERVICE_ACCOUNT_KEY", path);
	struct settings s;
	assert_int_equal(load(&s, ENVIRONMENT(DATABASE, pair)), 0);
	assert_string_equal(s.google_service_account_key, "{\"a\":1}");
	config_wipe(&s);
	unlink(path);
	free(pair);
	free(path);
}

/* Platforms hand a service account's key on in these forms. */
static void test_a_key_of_an_account_is_taken_as_platforms_hand_it_on(void **state)
{
	(void)state;
	static const char wanted_key[] = "{\"private_key\": \"-----BEGIN\\nAAAA\\n\"}";
	static const char *const given[] = {
		wanted_key,
		"eyJwcml2YXRlX2tleSI6ICItLS0tLUJFR0lOXG5BQUFBXG4ifQ==",
		"eyJwcml2YXRlX2tleSI6ICItLS0tLUJF\nR0lOXG5BQUFBXG4ifQ==\n",
		"{\"private_key\": \"-----BEGIN\nAAAA\n\"}",
		"{\"private_key\": \"-----BEGIN\r\nAAAA\r\n\"}",
		"{\"private_key\": \"-----BEGIN\\\\nAAAA\\\\n\"}",
	};
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		char *pair = joined("GOOGLE_SERVICE_ACCOUNT_KEY", given[i]);
		char *path = file_with(given[i], strlen(given[i]));
		char *by_path = joined("GOOGLE_SERVICE_ACCOUNT_KEY_FILE", path);
		char *const both[] = {pair, by_path};
		for (size_t way = 0; way < 2; way++) {
			struct settings s;
			assert_int_equal(load(&s, ENVIRONMENT(DATABASE, both[way])), 0);
			assert_string_equal(s.google_service_account_key, wanted_key);
			config_wipe(&s);
		}
		unlink(path);
		free(path);
		free(by_path);
		free(pair);
	}
}

static void test_pem_may_come_in_base64_or_with_its_line_ends_escaped(void **state)
{
	(void)state;
	static const char pem[] = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----";
	static const char *const given[] = {
		pem,
		"-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----",
		"LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0KQUFBQQotLS0tLUVORCBQVUJMSUMgS0VZLS0tLS0=",
		"LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0KQUFBQQotLS0tLUVORCBQVUJMSUMgS0VZLS0tLS0", /* no padding
												*/
		"-----BEGIN PUBLIC KEY-----\\\\nAAAA\\\\n-----END PUBLIC KEY-----",
		"-----BEGIN PUBLIC KEY-----\\r\\nAAAA\\r\\n-----END PUBLIC KEY-----",
		/* An env file's quotes, and an editor's byte order mark. */
		"\"-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----\"",
		"'-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'",
		"\xEF\xBB\xBF-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
		"\"LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0KQUFBQQotLS0tLUVORCBQVUJMSUMgS0VZLS0tLS0=\"\n",
	};
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		char *pair = joined("AUTH_JWT_PUBLIC_KEY", given[i]);
		struct settings s;
		assert_int_equal(load(&s, ENVIRONMENT(DATABASE, pair)), 0);
		assert_string_equal(s.auth_jwt_public_key, pem);
		config_wipe(&s);
		free(pair);
	}
}

static void test_a_complaint_never_shows_a_secret(void **state)
{
	(void)state;
	struct settings s;
	assert_true(load(&s, ENVIRONMENT("DATABASE_URL=hunter2", "TOKEN_ENCRYPTION_KEY=hunter2",
					 "GOOGLE_SERVICE_ACCOUNT_KEY=hunter2",
					 "AUTH_JWT_SECRET=hunter2\x01")) >= 3);
	assert_null(strstr(complaints, "hunter2"));
	config_wipe(&s);
}

static void test_secrets_are_blanked_in_the_environment(void **state)
{
	(void)state;
	char secret[] = "AUTH_JWT_SECRET=" SECRET;
	char port[] = "PORT=81";
	char database[] = DATABASE;
	char *environment[] = {secret, port, database, NULL};
	struct settings s;
	assert_int_equal(load(&s, environment), 0);
	config_hide_secrets(environment);
	static const char blank[sizeof(SECRET)] = "";
	assert_memory_equal(secret + strlen("AUTH_JWT_SECRET="), blank, sizeof(blank));
	assert_string_equal(database, "DATABASE_URL=");
	assert_string_equal(port, "PORT=81");
	assert_string_equal(s.auth_jwt_secret, SECRET);
	config_wipe(&s);
}

static void test_the_example_file_in_the_tree_is_current(void **state)
{
	(void)state;
	static char ours[64 * 1024];
	static char theirs[64 * 1024];
	FILE *out = fmemopen(ours, sizeof(ours), "w");
	config_print_example(out);
	fclose(out);
	FILE *file = fopen("config/bookingd.env.example", "r");
	assert_non_null(file);
	theirs[fread(theirs, 1, sizeof(theirs) - 1, file)] = '\0';
	fclose(file);
	if (strcmp(ours, theirs) != 0)
		fail_msg("run: bookingd settings > config/bookingd.env.example");
}

static void test_help_names_every_setting_of_the_example(void **state)
{
	(void)state;
	static char help[64 * 1024];
	static char example[64 * 1024];
	FILE *out = fmemopen(help, sizeof(help), "w");
	config_print_help(out);
	fclose(out);
	out = fmemopen(example, sizeof(example), "w");
	config_print_example(out);
	fclose(out);
	size_t names = 0;
	for (char *line = strtok(example, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		if (line[0] != '#' || line[1] == ' ')
			continue;
		char name[64];
		snprintf(name, sizeof(name), "  %.*s", (int)strcspn(line + 1, "="), line + 1);
		assert_non_null(strstr(help, name));
		names++;
	}
	assert_true(names > 30);
}

static void test_the_man_page_tells_every_setting_and_its_default(void **state)
{
	(void)state;
	static char page[64 * 1024];
	static char example[64 * 1024];
	FILE *file = fopen("config/bookingd.1", "r");
	assert_non_null(file);
	page[fread(page, 1, sizeof(page) - 1, file)] = '\0';
	fclose(file);
	FILE *out = fmemopen(example, sizeof(example), "w");
	config_print_example(out);
	fclose(out);
	for (char *line = strtok(example, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		if (line[0] != '#' || line[1] == ' ')
			continue;
		char wanted[256];
		size_t name = strcspn(line, "=");
		bool has_default = line[name + 1] != '\0';
		snprintf(wanted, sizeof(wanted), "\n.It Ev %.*s%s%s\n", (int)name - 1, line + 1,
			 has_default ? " Pq " : "", has_default ? line + name + 1 : "");
		if (strstr(page, wanted) == NULL)
			fail_msg("config/bookingd.1 lacks: %s", wanted + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_are_those_of_the_contract),
		cmocka_unit_test(test_values_are_read),
		cmocka_unit_test(test_an_empty_value_counts_as_not_set),
		cmocka_unit_test(test_unknown_variables_and_longer_names_do_not_matter),
		cmocka_unit_test(test_a_missing_setting_is_named),
		cmocka_unit_test(test_a_token_needs_no_database),
		cmocka_unit_test(test_a_bad_value_is_refused_in_one_line_that_names_it),
		cmocka_unit_test(test_a_poor_key_may_stand_behind_the_one_that_replaces_it),
		cmocka_unit_test(test_what_libpq_adds_to_a_database_url_counts),
		cmocka_unit_test(test_a_service_is_read_as_libpq_reads_it),
		cmocka_unit_test(test_urls_and_origins_are_checked),
		cmocka_unit_test(test_every_bad_setting_is_told_at_once),
		cmocka_unit_test(test_a_secret_may_come_from_a_file),
		cmocka_unit_test(test_files_that_cannot_be_a_value_are_refused),
		cmocka_unit_test(test_json_may_be_given_as_a_path),
		cmocka_unit_test(test_a_key_of_an_account_is_taken_as_platforms_hand_it_on),
		cmocka_unit_test(test_pem_may_come_in_base64_or_with_its_line_ends_escaped),
		cmocka_unit_test(test_a_complaint_never_shows_a_secret),
		cmocka_unit_test(test_secrets_are_blanked_in_the_environment),
		cmocka_unit_test(test_the_example_file_in_the_tree_is_current),
		cmocka_unit_test(test_help_names_every_setting_of_the_example),
		cmocka_unit_test(test_the_man_page_tells_every_setting_and_its_default),
	};
	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
