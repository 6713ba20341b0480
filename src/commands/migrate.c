/*
 * migrate - bring the schema up to date and exit.
 */
#include "db/migrate.h"
#include "commands/command.h"
#include "compose.h"
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TRIES = 60 }; /* of 5 s each, while another daemon migrates */

static void tell_step(const char *step)
{
	printf("would apply: %s\n", step);
}

static void tell_progress(const char *step)
{
	printf("bookingd: applying %s\n", step);
	fflush(stdout); /* what comes may take long */
}

/* Waits while another daemon migrates. */
static enum migrate_result apply(struct database *database, struct migrate_report *ret_report)
{
	enum migrate_result result = migrate_repair(database, tell_progress, ret_report);
	for (int tries = 1; result == MIGRATE_BUSY && tries < TRIES; tries++)
		result = migrate_repair(database, tell_progress, ret_report);
	return result;
}

/* With --plan nothing is changed, and the exit code is 1 when something is to be done, so that a script can
 * ask. */
enum exit_code command_migrate(char *arguments[])
{
	const bool plan = arguments[0] != NULL;
	if (plan && (strcmp(arguments[0], "--plan") != 0 || arguments[1] != NULL)) {
		fputs("bookingd: migrate knows --plan\n", stderr);
		return EXIT_USAGE;
	}
	struct settings settings;
	enum exit_code code = EXIT_USAGE;
	if (config_load(&settings, environ, true, stderr) == 0) {
		struct migrate_report report;
		struct database *database = compose_database(&settings);
		enum migrate_result result =
			plan ? migrate_plan(database, tell_step, &report) : apply(database, &report);
		database_free(database);
		const bool good = result == MIGRATE_DONE || (plan && result == MIGRATE_PENDING);
		code = result == MIGRATE_DONE ? EXIT_DONE : EXIT_FAILED;
		fprintf(good ? stdout : stderr, "bookingd: %s\n", report.line);
	}
	config_wipe(&settings);
	return code;
}
