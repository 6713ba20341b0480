/* Names in the environment that look like settings and are none: config_unknown of config.h. */
#include "config_names.h"

#include "config.h"

#include <ctype.h>
#include <string.h>

enum {
	NAME_BYTES = 64,
	SHORT_NAME = 8, /* below: PORT is one letter from SORT */
	SHORT_WORD = 4, /* of a word that was cut short, so much at least: MAIL_PASS */
};

/*
 * How many letters must be put in, left out, changed or swapped with their neighbour to make `b` of `a`
 * (optimal string alignment); more than two is 3. Names longer than NAME_BYTES resemble nothing.
 */
static size_t distance(const char *a, const char *b)
{
	size_t a_length = strlen(a);
	size_t b_length = strlen(b);
	if (a_length >= NAME_BYTES || b_length >= NAME_BYTES)
		return 3;
	size_t rows[NAME_BYTES][NAME_BYTES];
	for (size_t i = 0; i <= a_length; i++) {
		for (size_t j = 0; j <= b_length; j++) {
			if (i == 0 || j == 0) {
				rows[i][j] = i + j;
				continue;
			}
			size_t least = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (rows[i - 1][j] + 1 < least)
				least = rows[i - 1][j] + 1;
			if (rows[i][j - 1] + 1 < least)
				least = rows[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    rows[i - 2][j - 2] + 1 < least)
				least = rows[i - 2][j - 2] + 1;
			rows[i][j] = least;
		}
	}
	return rows[a_length][b_length] < 3 ? rows[a_length][b_length] : 3;
}

/* Beginnings that no other program's variables have. */
static bool begins_like_ours(const char *name)
{
	static const char *const beginnings[] = {
		"AUTH_JWT_",      "AUTH_JWKS",     "AUTH_SESSION_", "CALENDAR_",   "COACH_",      "CORS_",
		"FRAME_ALLOWED_", "GOOGLE_OAUTH_", "METRICS_ADDR",  "RATE_LIMIT_", "TRUSTED_PROX"};
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

/* Whether `name` is the beginning of `known`, two words at least, the last perhaps cut:
 * GOOGLE_SERVICE_ACCOUNT, MAIL_PASS. */
static bool is_cut_short(const char *name, const char *known)
{
	size_t length = strlen(name);
	const char *last = strrchr(name, '_');
	return last != NULL && strncmp(name, known, length) == 0 &&
	       (known[length] == '_' || strlen(last + 1) >= SHORT_WORD);
}

/* Whether `name` is one of ours; else *ret_meant is the one it is nearest to, or NULL. */
static bool is_known(const char *given, const char **ret_meant)
{
	char name[NAME_BYTES]; /* as we would write it */
	bool as_given = true;
	size_t at = 0;
	for (; given[at] != '\0' && at + 1 < sizeof(name); at++) {
		name[at] = (char)toupper((unsigned char)given[at]);
		as_given = as_given && name[at] == given[at];
	}
	name[at] = '\0';
	size_t nearest = 3;
	*ret_meant = NULL;
	for (size_t i = 0; i < config_name_count(); i++) {
		struct config_name known = config_name(i);
		size_t length = strlen(known.name);
		bool is_file = strncmp(name, known.name, length) == 0 && strcmp(name + length, "_FILE") == 0;
		bool exact = strcmp(name, known.name) == 0;
		if (as_given && (exact || (is_file && known.secret)))
			return true;
		size_t off = is_file || exact                 ? 0
			     : is_cut_short(name, known.name) ? 2
			     : length < SHORT_NAME            ? 3
							      : distance(name, known.name);
		if (off < nearest) {
			nearest = off;
			*ret_meant = known.name;
		}
	}
	return *ret_meant == NULL && !begins_like_ours(name);
}

size_t config_unknown(char *const environment[],
		      void (*tell)(void *owner, const char *name, const char *meant), void *owner)
{
	size_t count = 0;
	for (; *environment != NULL; environment++) {
		char name[NAME_BYTES];
		size_t length = strcspn(*environment, "=");
		if (length >= sizeof(name))
			continue;
		memcpy(name, *environment, length);
		name[length] = '\0';
		const char *meant = NULL;
		if (is_known(name, &meant))
			continue;
		tell(owner, name, meant);
		count++;
	}
	return count;
}
