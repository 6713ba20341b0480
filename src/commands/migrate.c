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

/* With --plan nothing is changed, and the exit code is 1 when something is to be done, so that a script can
 * ask. */
static enum exit_code plan(void)
{
	struct settings settings;
	enum exit_code code = EXIT_USAGE;
	if (config_load(&settings, environ, true, stderr) == 0) {
		struct migrate_report report;
		struct database *database = compose_database(&settings);
		enum migrate_result result = migrate_plan(database, tell_step, &report);
		database_free(database);
		code = result == MIGRATE_DONE ? EXIT_DONE : EXIT_FAILED;
		fprintf(result == MIGRATE_DONE || result == MIGRATE_PENDING ? stdout : stderr,
			"bookingd: %s\n", report.line);
	}
	config_wipe(&settings);
	return code;
}

enum exit_code command_migrate(char *arguments[])
{
	if (arguments[0] != NULL && (strcmp(arguments[0], "--plan") != 0 || arguments[1] != NULL)) {
		fputs("bookingd: migrate knows --plan\n", stderr);
		return EXIT_USAGE;
	}
	if (arguments[0] != NULL)
		return plan();
	struct settings settings;
	enum exit_code code = EXIT_USAGE;
	if (config_load(&settings, environ, true, stderr) == 0) {
		struct migrate_report report;
		struct database *database = compose_database(&settings);
		enum migrate_result result = migrate_repair(database, tell_progress, &report);
		for (int tries = 1; result == MIGRATE_BUSY && tries < TRIES; tries++)
			result = migrate_repair(database, tell_progress, &report);
		database_free(database);
		code = result == MIGRATE_DONE ? EXIT_DONE : EXIT_FAILED;
		fprintf(code == EXIT_DONE ? stdout : stderr, "bookingd: %s\n", report.line);
	}
	config_wipe(&settings);
	return code;
}
