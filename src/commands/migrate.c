/*
 * migrate - bring the schema up to date and exit.
 */
#include "db/migrate.h"
#include "commands/command.h"
#include "compose.h"
#include "config.h"

#include <stdio.h>
#include <unistd.h>

enum { TRIES = 60 }; /* of 5 s each, while another daemon migrates */

enum exit_code command_migrate(char *arguments[])
{
	(void)arguments;
	struct settings settings;
	enum exit_code code = EXIT_USAGE;
	if (config_load(&settings, environ, true, stderr) == 0) {
		struct migrate_report report;
		struct database *database = compose_database(&settings);
		enum migrate_result result = migrate_repair(database, &report);
		for (int tries = 1; result == MIGRATE_BUSY && tries < TRIES; tries++)
			result = migrate_repair(database, &report);
		database_free(database);
		code = result == MIGRATE_DONE ? EXIT_DONE : EXIT_FAILED;
		fprintf(code == EXIT_DONE ? stdout : stderr, "bookingd: %s\n", report.line);
	}
	config_wipe(&settings);
	return code;
}
