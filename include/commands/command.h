/*
 * command - the subcommands of bookingd, each in a file of its own. Only main.c calls them.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stddef.h>

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1, /* it was tried and did not work */
	EXIT_USAGE = 2,  /* wrong arguments or settings; nothing was tried */
	EXIT_LATER = 75, /* sysexits' EX_TEMPFAIL: a mail server hands the mail over again */
};

/* Where the settings came from, for who reads them again: set once by main. */
struct settings_source {
	const char *env_file; /* of --env-file; NULL: none */
	char **inherited;     /* the process's own environment */
};
extern struct settings_source settings_source;

/*
 * A subcommand: `arguments` are those after its name, NULL at the end. Returns an exit code, and has written
 * one line to stderr for each reason why it is not EXIT_DONE.
 */
typedef enum exit_code command_run(char *arguments[]);

command_run command_serve;
command_run command_migrate;
command_run command_grants;
command_run command_backup_check;
command_run command_doctor;
command_run command_rekey;
command_run command_slots;
command_run command_token;
command_run command_bounce;
command_run command_healthcheck;

/* The end of a command whose result is what it printed: a disk may have been full. */
enum exit_code command_printed(void);

/* What the daemon's statements need: for each table (or sequence) the privileges, "select, insert". */
struct grant {
	const char *table;
	const char *privileges;
};
extern const struct grant command_grant_list[];
extern const size_t command_grant_count;

#endif
