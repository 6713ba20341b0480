/*
 * rekey - seal every coach's tokens, and answers and notes, with the first key of TOKEN_ENCRYPTION_KEY, so
 * that the others can go.
 */
#include "app/private_part.h"
#include "calendar/keys.h"
#include "calendar/sources.h"
#include "commands/command.h"
#include "compose.h"
#include "config.h"
#include "notice/webhook_secret.h"

#include <stdio.h>
#include <unistd.h>

enum { STATEMENT_TIMEOUT = 30000 }; /* milliseconds */

static enum exit_code rekey(struct database *database, const struct seal_keys *keys)
{
	char line[CALENDAR_LINE];
	size_t count = 0;
	struct db *db = db_open(database, STATEMENT_TIMEOUT);
	size_t private_count = 0;
	bool good = calendar_rekey(db, keys, &count, line) == CALENDAR_KEYS_GOOD;
	if (good &&
	    (sources_rekey(db, keys, &count) != DB_OK || webhook_secrets_rekey(db, keys, &count) != DB_OK ||
	     private_rekey(db, keys, &private_count) != DB_OK)) {
		snprintf(line, sizeof(line), "%s", db_failure(db)->detail);
		good = false;
	}
	db_close(db);
	if (!good) {
		fprintf(stderr, "bookingd: %s\n", line);
		return EXIT_FAILED;
	}
	char id[ENCODE_HEX_SIZE(SEAL_KEY_ID_SIZE)];
	seal_keys_describe(keys, id);
	printf("bookingd: %zu secret%s sealed again; all use the key %s now, the others can be removed\n",
	       count, count == 1 ? "" : "s", id);
	if (private_count > 0)
		printf("bookingd: answers and notes of %zu appointment%s sealed again\n", private_count,
		       private_count == 1 ? "" : "s");
	return EXIT_DONE;
}

enum exit_code command_rekey(char *arguments[])
{
	(void)arguments;
	struct settings settings;
	struct seal_keys keys = {.count = 0};
	enum exit_code code = EXIT_USAGE;
	if (config_load(&settings, environ, true, stderr) == 0) {
		struct database *database = compose_database(&settings);
		if (compose_seal_keys(&settings, &keys) != NULL)
			code = rekey(database, &keys);
		else
			fputs("TOKEN_ENCRYPTION_KEY: must be set, the new key first, the old ones behind "
			      "it\n",
			      stderr);
		database_free(database);
	}
	seal_keys_clear(&keys);
	config_wipe(&settings);
	return code;
}
