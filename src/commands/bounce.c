/*
 * bounce - read a mail that came back (from a mail server's pipe, on stdin), and note whose address takes
 * none.
 */
#include "commands/command.h"
#include "config.h"
#include "compose.h"
#include "domain/dsn.h"
#include "notice/bounce.h"

#include <stdio.h>
#include <unistd.h>

enum {
	MAIL_BYTES_MAX = 1024 * 1024, /* what matters stands before the mail that is sent back */
	STATEMENT_TIMEOUT_MS = 30000,
};

static enum exit_code note(const struct settings *settings, int64_t notice, const struct dsn *dsn)
{
	char detail[64];
	struct database *database = compose_database(settings);
	struct db *db = db_open(database, STATEMENT_TIMEOUT_MS);
	snprintf(detail, sizeof(detail), "The mail came back (%s).", dsn->status);
	enum db_result result = bounce_note(db, notice, BOUNCE_BOUNCED, true, detail);
	bool good = result == DB_OK || result == DB_NONE;
	if (!good)
		fprintf(stderr, "bookingd: %s\n", db_failure(db)->detail);
	db_close(db);
	database_free(database);
	if (good)
		return EXIT_DONE;
	return result == DB_FAILED ? EXIT_FAILED : EXIT_LATER;
}

/* What is no bounce of ours is nobody's business: it ends well, so that the mail server sends nothing about
 * it. */
static enum exit_code read_mail(const struct settings *settings)
{
	static char mail[MAIL_BYTES_MAX];
	struct dsn dsn;
	int64_t notice = 0;
	size_t length = fread(mail, 1, sizeof(mail), stdin);
	if (settings->mail_hook_secret == NULL) {
		fputs("MAIL_HOOK_SECRET: must be set: by it mails that come back are known\n", stderr);
		return EXIT_USAGE;
	}
	if (!dsn_read(mail, length, &dsn) ||
	    !bounce_token_read(settings->mail_hook_secret, dsn.token, &notice)) {
		puts("bookingd: nothing that came back for good");
		return EXIT_DONE;
	}
	return note(settings, notice, &dsn);
}

enum exit_code command_bounce(char *arguments[])
{
	(void)arguments;
	struct settings settings;
	enum exit_code code =
		config_load(&settings, environ, true, stderr) == 0 ? read_mail(&settings) : EXIT_USAGE;
	config_wipe(&settings);
	return code;
}
