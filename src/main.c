/*
 * main - the command line.
 */
#include "base/crypto.h"
#include "commands/command.h"
#include "config.h"
#include "db/db.h"
#include "domain/ics.h"
#include "domain/zone.h"
#include "env_file.h"
#include "http/ready_body.h"
#include "http/server.h"
#include "net/fetch.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static command_run command_help;
static command_run command_version;
static command_run command_settings;

static const struct command {
	const char *name;
	command_run *run;
	const char *arguments;
	const char *help;
} commands[] = {
	{"serve", command_serve, "", "run the daemon (also without any argument)"},
	{"migrate", command_migrate, " [--plan]",
	 "bring the database's schema up to date; --plan only says what would be done"},
	{"grants", command_grants, " [ROLE]",
	 "print the SQL that gives a role just what the daemon needs (with MIGRATE=0); default: "
	 "bookingd_daemon"},
	{"doctor", command_doctor, " [--deep | --mail ADDRESS]",
	 "check database, zone data, credentials and mail, one line a check; --deep reads all appointments, "
	 "--mail sends one mail"},
	{"backup-check", command_backup_check, " FILE",
	 "whether a dump of pg_dump's has everything that bookingd needs, without a database"},
	{"slots", command_slots, "",
	 "the slot rules by themselves: a JSON case on stdin, its slots on stdout"},
	{"rekey", command_rekey, "", "seal coaches' tokens with the first key of TOKEN_ENCRYPTION_KEY"},
	{"bounce", command_bounce, "",
	 "read a mail that came back on stdin (from a mail server's pipe): its address gets no more"},
	{"token", command_token, " --user U [--role R] [--coach C] [--email E] [--name N] [--ttl S]",
	 "mint a bearer token with AUTH_JWT_SECRET"},
	{"healthcheck", command_healthcheck, "",
	 "ask the daemon on this host whether it is alive; exit 1 if not"},
	{"settings", command_settings, "", "print a file of all settings and their defaults"},
	{"--version", command_version, "", "print the versions of bookingd and its libraries"},
	{"--help", command_help, "", "print this"},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static enum exit_code command_help(char *arguments[])
{
	(void)arguments;
	puts("bookingd - a booking server: free times, appointments, Google Calendar\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  bookingd %s%s\n      %s\n", commands[i].name, commands[i].arguments,
		       commands[i].help);
	puts("\nSettings are environment variables, here with their defaults. A secret NAME may also be "
	     "given\n"
	     "as NAME_FILE, the path of a file that holds it. --env-file FILE, after any command, reads\n"
	     "NAME=value lines over the environment.\n");
	config_print_help(stdout);
	puts("\nExit codes: 0 done, 1 failed, 2 wrong arguments or settings; of bounce 75: the database is "
	     "away.");
	return command_printed();
}

static enum exit_code command_version(char *arguments[])
{
	(void)arguments;
	printf("bookingd %s\n", BOOKINGD_VERSION);
	printf("%s\n", crypto_version());
	printf("libpq %s\n", db_library_version());
	printf("libmicrohttpd %s\n", server_library_version());
	printf("%s\n", fetch_library_version());
	printf("jansson %s\n", jansson_version_str());
	printf("libical %s\n", ics_library_version());
	printf("zlib %s\n", ready_body_library_version());
	printf("tzdata %s\n", zone_release() ? zone_release() : "unknown");
	return command_printed();
}

static enum exit_code command_settings(char *arguments[])
{
	(void)arguments;
	config_print_example(stdout);
	return command_printed();
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

/* On a developer's machine, with no client's data, a crash is worth a core and gdb may attach. */
static bool is_developer(void)
{
	const char *value = getenv("DEVELOPER");
	return value != NULL && strcmp(value, "1") == 0;
}

/*
 * Memory holds keys and clients' data: no other process of this user may read it, and no core file is
 * written, whatever the shell allows. The limit alone does not bind a core that is piped to a program
 * (core(5)); a process that is not dumpable makes none at all.
 */
static void keep_memory_private(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	prctl(PR_SET_DUMPABLE, 0);
}

/*
 * Take --env-file FILE out of the arguments, wherever it stands; the last one counts. False: it has no FILE,
 * and a line on stderr says so.
 */
static bool take_env_file(char *arguments[], const char **ret_path)
{
	while (*arguments != NULL) {
		if (strcmp(*arguments, "--env-file") != 0) {
			arguments++;
			continue;
		}
		if (arguments[1] == NULL) {
			fputs("bookingd: --env-file: needs the path of a file\n", stderr);
			return false;
		}
		*ret_path = arguments[1];
		for (char **at = arguments; (*at = at[2]) != NULL; at++)
			;
	}
	return true;
}

int main(int argc, char *argv[])
{
	if (!is_developer())
		keep_memory_private();

	struct env_file file = {NULL, 0};
	const char *path = NULL;
	if (!take_env_file(argv + (argc > 0), &path))
		return EXIT_USAGE;
	const char *name = argv[argc > 0];
	const struct command *command = find(name != NULL ? name : "serve");
	char **arguments = argv + (argc > 0) + (name != NULL);
	if (command == NULL) {
		fprintf(stderr, "bookingd: there is no command %s; see bookingd --help\n", name);
		return EXIT_USAGE;
	}
	if (*arguments != NULL && *command->arguments == '\0') {
		fprintf(stderr, "bookingd: %s takes no arguments\n", command->name);
		return EXIT_USAGE;
	}
	if (path != NULL) {
		if (!env_file_read(&file, path, environ, stderr))
			return EXIT_USAGE;
		settings_source = (struct settings_source){path, environ};
		environ = file.environment;
	}
	enum exit_code code = command->run(arguments);
	if (path != NULL)
		environ = NULL;
	env_file_wipe(&file);
	return (int)code;
}
