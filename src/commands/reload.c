#include "reload.h"

#include "base/die.h"
#include "base/log.h"
#include "commands/command.h"
#include "env_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct settings_source settings_source;

/* One log line for each complaint. */
static void log_complaints(char *lines)
{
	char *rest = NULL;
	for (char *line = strtok_r(lines, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		log_line(LOG_ERROR, "reload_refused", LOG_TEXT_FIELD("detail", line));
}

static void swap_texts(char **left, char **right)
{
	char *kept = *left;
	*left = *right;
	*right = kept;
}

/* Whether the process was started with it: then it was wiped there (config_hide_secrets) and cannot be read
 * again. */
static bool was_inherited(const char *name)
{
	size_t length = strlen(name);
	char *const *at = settings_source.inherited != NULL ? settings_source.inherited : environ;
	while (*at != NULL && !(strncmp(*at, name, length) == 0 && (*at)[length] == '='))
		at++;
	return *at != NULL;
}

/*
 * What was taken out of the file is trusted no more. False: the public key is none. The former texts are in
 * `fresh` afterwards.
 */
static bool take_token_keys(struct reload *reload, struct settings *fresh)
{
	struct settings *settings = reload->settings;
	bool keep = fresh->auth_jwt_secret == NULL && was_inherited("AUTH_JWT_SECRET");
	if (!identity_source_renew(reload->api->identities,
				   keep ? settings->auth_jwt_secret : fresh->auth_jwt_secret,
				   fresh->auth_jwt_public_key))
		return false;
	if (!keep)
		swap_texts(&settings->auth_jwt_secret, &fresh->auth_jwt_secret);
	swap_texts(&settings->auth_jwt_public_key, &fresh->auth_jwt_public_key);
	return true;
}

/* A loop may be reading the former list at this moment, so it is kept. */
static void take_origins(struct reload *reload, struct settings *fresh)
{
	struct settings *settings = reload->settings;
	char **former = settings->cors_allowed_origins;
	settings->cors_allowed_origins = fresh->cors_allowed_origins;
	fresh->cors_allowed_origins = NULL;
	if (reload->server != NULL)
		server_allow_origins(reload->server, (const char *const *)settings->cors_allowed_origins);
	if (former == NULL)
		return;
	char ***longer =
		realloc(reload->past_origins, (reload->past_count + 1) * sizeof(*reload->past_origins));
	if (longer == NULL)
		die("out of memory");
	reload->past_origins = longer;
	reload->past_origins[reload->past_count++] = former;
}

static void take_limits(struct reload *reload, const struct settings *fresh)
{
	struct settings *settings = reload->settings;
	settings->rate_limit_read = fresh->rate_limit_read;
	settings->rate_limit_book = fresh->rate_limit_book;
	settings->rate_limit_address = fresh->rate_limit_address;
	settings->rate_limit_other = fresh->rate_limit_other;
	rate_limit_change(reload->api->read_limit, (unsigned)fresh->rate_limit_read);
	rate_limit_change(reload->api->book_limit, (unsigned)fresh->rate_limit_book);
	rate_limit_change(reload->api->address_limit, (unsigned)fresh->rate_limit_address);
	rate_limit_change(reload->api->other_limit, (unsigned)fresh->rate_limit_other);
}

void reload_settings(struct reload *reload)
{
	char *complaints = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&complaints, &length);
	if (out == NULL)
		die("out of memory");
	struct settings fresh = {.port = 0};
	struct env_file file = {NULL, 0};
	bool good = settings_source.env_file == NULL ||
		    env_file_read(&file, settings_source.env_file, settings_source.inherited, out);
	good = good && config_reload(&fresh, file.environment != NULL ? file.environment : environ, out) == 0;
	env_file_wipe(&file);
	if (good && !take_token_keys(reload, &fresh)) {
		fputs("AUTH_JWT_PUBLIC_KEY: not a usable public key\n", out);
		good = false;
	}
	fclose(out);
	if (good) {
		take_origins(reload, &fresh);
		take_limits(reload, &fresh);
		log_setup(fresh.log_level, fresh.log_format);
		log_line(LOG_INFO, "reloaded", LOG_TEXT_FIELD("version", BOOKINGD_VERSION));
	} else {
		log_complaints(complaints);
	}
	config_wipe(&fresh);
	free(complaints);
}

void reload_clear(struct reload *reload)
{
	for (size_t i = 0; i < reload->past_count; i++) {
		for (char **origin = reload->past_origins[i]; *origin != NULL; origin++)
			free(*origin);
		free(reload->past_origins[i]);
	}
	free(reload->past_origins);
}
