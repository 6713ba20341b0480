/*
 * migrate - bring the schema up to date and exit.
 */
#include "db/migrate.h"
#include "base/die.h"
#include "base/instant.h"
#include "base/thread.h"
#include "commands/command.h"
#include "compose.h"
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	TRIES = 60, /* of 5 s each, while another daemon migrates */
	TELL_EVERY_MS = 5000,
};

/* The step under way; told again by a thread while it lasts. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	char step[128]; /* "": the thread is to end */
	int64_t since_ms;
} under_way = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void tell_step(const char *step)
{
	printf("would apply: %s\n", step);
}

static void begin_step(const char *step)
{
	pthread_mutex_lock(&under_way.lock);
	snprintf(under_way.step, sizeof(under_way.step), "%s", step);
	under_way.since_ms = monotonic_ms();
	pthread_cond_signal(&under_way.wake);
	pthread_mutex_unlock(&under_way.lock);
}

static void tell_progress(const char *step)
{
	printf("bookingd: applying %s\n", step);
	fflush(stdout); /* what comes may take long */
	begin_step(step);
}

static void *tell_waiting(void *argument)
{
	(void)argument;
	pthread_mutex_lock(&under_way.lock);
	while (under_way.step[0] != '\0') {
		const int64_t since = under_way.since_ms;
		const int64_t told = (monotonic_ms() - since) / TELL_EVERY_MS;
		if (condition_wait_until(&under_way.wake, &under_way.lock,
					 since + (told + 1) * TELL_EVERY_MS) ||
		    under_way.since_ms != since)
			continue;
		printf("bookingd: applying %s, %" PRId64 " s so far\n", under_way.step,
		       (monotonic_ms() - since) / 1000);
		fflush(stdout);
	}
	pthread_mutex_unlock(&under_way.lock);
	return NULL;
}

/* Waits while another daemon migrates. */
static enum migrate_result apply(struct database *database, struct migrate_report *ret_report)
{
	condition_init(&under_way.wake);
	begin_step("what is missing");
	const pthread_t waiting = thread_start("migrate waiting", tell_waiting, NULL);
	enum migrate_result result = migrate_repair(database, tell_progress, ret_report);
	for (int tries = 1; result == MIGRATE_BUSY && tries < TRIES; tries++)
		result = migrate_repair(database, tell_progress, ret_report);
	begin_step("");
	thread_join(waiting);
	die_unless(pthread_cond_destroy(&under_way.wake) == 0);
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
