/*
 * serve - the daemon: compose the layers, start, drain, stop.
 */
#include "base/log.h"
#include "command.h"
#include "config.h"
#include "db/migrate.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DATABASE_PAUSE_SECONDS = 1 }; /* between two looks for a database that is away */

/* Wait for SIGTERM or SIGINT, at most so long; seconds < 0: for ever. True when asked to stop. */
static bool wait_for_stop(const sigset_t *stop, time_t seconds)
{
	if (seconds < 0)
		return sigwaitinfo(stop, NULL) > 0;
	return sigtimedwait(stop, NULL, &(struct timespec){.tv_sec = seconds}) > 0;
}

enum bring_up { UP, STOPPED, HOPELESS };

/*
 * Get the schema where this binary needs it, however long the database is away. Each reason to wait is told
 * once.
 */
static enum bring_up database_bring_up(const struct settings *settings, const sigset_t *stop)
{
	char told[sizeof(((struct migrate_report *)0)->line)] = "";
	for (;;) {
		struct migrate_report report;
		enum migrate_result result = settings->migrate
						     ? migrate_run(settings->database_url, &report)
						     : migrate_check(settings->database_url, &report);
		switch (result) {
		case MIGRATE_DONE:
			log_line(LOG_INFO, "database_ready", LOG_TEXT_FIELD("detail", report.line),
				 LOG_INTEGER_FIELD("schema", report.known));
			return UP;
		case MIGRATE_REFUSED:
		case MIGRATE_FAILED:
			log_line(LOG_ERROR, "database_refused", LOG_TEXT_FIELD("detail", report.line));
			return HOPELESS;
		case MIGRATE_PENDING:
		case MIGRATE_BUSY:
		case MIGRATE_UNAVAILABLE:
			if (strcmp(told, report.line) != 0)
				log_line(LOG_WARNING, "database_awaited",
					 LOG_TEXT_FIELD("detail", report.line));
			memcpy(told, report.line, sizeof(told));
			if (wait_for_stop(stop, DATABASE_PAUSE_SECONDS))
				return STOPPED;
		}
	}
}

enum exit_code command_serve(char *arguments[])
{
	(void)arguments;
	struct settings settings;
	if (config_load(&settings, environ, true, stderr) > 0) {
		config_wipe(&settings);
		return EXIT_USAGE;
	}
	config_hide_secrets(environ);
	log_setup(settings.log_level, settings.log_format);

	/* Blocked before there are threads, so that none of them is ever hit. */
	sigset_t stop;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);

	enum bring_up up = database_bring_up(&settings, &stop);
	if (up == UP)
		wait_for_stop(&stop, -1);
	log_line(LOG_INFO, "stopped", LOG_TEXT_FIELD("version", BOOKINGD_VERSION));
	config_wipe(&settings);
	return up == HOPELESS ? EXIT_FAILED : EXIT_DONE;
}
