/*
 * grants - the SQL that makes a role for the daemon with just the rights it needs.
 *
 * The list comes from the statements themselves (sql/grants.awk), so it is never behind them.
 */
#include "commands/command.h"

#include <stdio.h>
#include <string.h>

enum { ROLE_BYTES_MAX = 63 };

const struct grant command_grant_list[] = {
#include "grants.h"
};
const size_t command_grant_count = sizeof(command_grant_list) / sizeof(command_grant_list[0]);

/* `text` with each `quote` in it doubled, between two of them. */
static void put_quoted(const char *text, char quote)
{
	putchar(quote);
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == quote)
			putchar(quote);
		putchar(*c);
	}
	putchar(quote);
}

static void put_statement(const char *what, const char *role)
{
	fputs(what, stdout);
	put_quoted(role, '"');
	puts(";");
}

static void print(const char *role)
{
	puts("-- A role for the daemon with the rights it needs and no others. For the owner of the schema, "
	     "after each\n"
	     "-- `bookingd migrate`; the daemon then runs as this role with MIGRATE=0. Its password: "
	     "\\password in psql.\n"
	     "-- The tables of AUTH_SESSION_QUERY are the platform's: grant SELECT on them yourself.\n"
	     "begin;\n"
	     "select set_config('bookingd.role', role, true) from (values (");
	put_quoted(role, '\'');
	puts(")) as given (role);\n"
	     "do $$\n"
	     "declare role text := current_setting('bookingd.role');\n"
	     "begin\n"
	     "  if not exists (select from pg_roles where rolname = role) then\n"
	     "    execute format('create role %I login', role);\n"
	     "  end if;\n"
	     "  execute format('grant connect on database %I to %I', current_database(), role);\n"
	     "end $$;");
	put_statement("revoke all on schema bookingd from ", role);
	put_statement("revoke all on all tables in schema bookingd from ", role);
	put_statement("revoke all on all sequences in schema bookingd from ", role);
	put_statement("grant usage on schema bookingd to ", role);
	for (size_t i = 0; i < command_grant_count; i++) {
		printf("grant %s on bookingd.%s", command_grant_list[i].privileges,
		       command_grant_list[i].table);
		put_statement(" to ", role);
	}
	/* Whether they are behind the rows of their tables (behind_sequences). */
	put_statement("grant select on all sequences in schema bookingd to ", role);
	/* Everybody may, unless somebody has taken that away. */
	put_statement("grant execute on all functions in schema bookingd to ", role);
	puts("commit;");
}

enum exit_code command_grants(char *arguments[])
{
	const char *role = arguments[0] != NULL ? arguments[0] : "bookingd_daemon";
	if (role[0] == '\0' || role[0] == '-' || strlen(role) > ROLE_BYTES_MAX ||
	    (arguments[0] != NULL && arguments[1] != NULL)) {
		fputs("bookingd: grants takes the name of one role\n", stderr);
		return EXIT_USAGE;
	}
	print(role);
	return command_printed();
}
