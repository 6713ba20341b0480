/*
 * token - mint a bearer token with the configured secret, for curl and tests.
 */
#include "base/jwt.h"
#include "commands/command.h"
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TTL_DEFAULT = 3600, TTL_MAX = 366 * 86400 };

static bool read_ttl(const char *text, seconds *ret_ttl)
{
	char *end;
	long ttl = strtol(text, &end, 10);
	if (end == text || *end != '\0' || ttl < -TTL_MAX || ttl > TTL_MAX)
		return false;
	*ret_ttl = ttl;
	return true;
}

/* Read `--name value` and `--name=value`; false, told, when there is anything else. */
static bool read_arguments(char *arguments[], struct jwt_claims *claims, seconds *ttl)
{
	const char *ttl_text = NULL;
	const struct {
		const char *name;
		const char **place;
	} options[] = {{"--user", &claims->subject}, {"--role", &claims->role}, {"--coach", &claims->coach},
		       {"--email", &claims->email},  {"--name", &claims->name}, {"--ttl", &ttl_text}};
	for (; *arguments != NULL; arguments++) {
		size_t length = strcspn(*arguments, "=");
		const char **place = NULL;
		for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
			if (strlen(options[i].name) == length &&
			    strncmp(options[i].name, *arguments, length) == 0)
				place = options[i].place;
		}
		if (place == NULL) {
			fprintf(stderr, "bookingd: token does not know %s\n", *arguments);
			return false;
		}
		const char *value = (*arguments)[length] == '=' ? *arguments + length + 1 : *++arguments;
		if (value == NULL) {
			fprintf(stderr, "bookingd: %s needs a value\n", arguments[-1]);
			return false;
		}
		*place = value;
	}
	if (claims->subject == NULL || *claims->subject == '\0') {
		fputs("bookingd: token needs --user\n", stderr);
		return false;
	}
	if (ttl_text != NULL && !read_ttl(ttl_text, ttl)) {
		fputs("bookingd: --ttl must be a number of seconds, at most a year\n", stderr);
		return false;
	}
	return true;
}

enum exit_code command_token(char *arguments[])
{
	struct jwt_claims claims = {.subject = NULL};
	seconds ttl = TTL_DEFAULT;
	if (!read_arguments(arguments, &claims, &ttl))
		return EXIT_USAGE;
	struct settings settings;
	size_t bad = config_load(&settings, environ, false, stderr);
	if (bad == 0 && settings.auth_jwt_secret == NULL) {
		fputs("AUTH_JWT_SECRET: must be set to mint a token\n", stderr);
		bad = 1;
	}
	struct arena mem = ARENA_EMPTY;
	const char *token = NULL;
	if (bad == 0) {
		struct jwt_rules rules = {.secret = settings.auth_jwt_secret,
					  .issuer = settings.auth_jwt_issuer,
					  .audience = settings.auth_jwt_audience};
		instant now = instant_now();
		claims.expires = now + ttl;
		token = jwt_mint(&rules, &claims, now, &mem);
		if (token != NULL)
			puts(token);
		else
			fputs("bookingd: that is too much for one token\n", stderr);
	}
	arena_clear(&mem);
	config_wipe(&settings);
	return bad > 0 ? EXIT_USAGE : token != NULL ? command_printed() : EXIT_FAILED;
}
