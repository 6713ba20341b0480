/*
 * backup_check - does a dump have everything that bookingd's schema is made of? The database is not asked:
 * the dump itself holds the record of what there was (schema_object), which is held against the statements
 * that make it again.
 */
#include "base/buffer.h"
#include "base/die.h"
#include "commands/command.h"
#include "db/migrate.h"
#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCHEMA "bookingd."

/* Texts like "index appointment_start"; what they stand for is looked up by going through them. */
struct names {
	char **items;
	size_t count;
	size_t room;
};

struct dump {
	struct names made;     /* what its statements make */
	struct names recorded; /* what there was */
	struct names filled;   /* tables with rows, or with none said so */
	struct names texts;    /* of what is made, as "kind text" */
	/* The same of what was recorded, each beside its name; NOT_COMPARED where the two may differ. */
	struct names recorded_texts;
	struct buffer function; /* what was read of one that makes a function; empty: none */
	char quote[64];         /* around its body; "": not reached yet */
	bool dollars;           /* those of bodies are dollars, not pg_dump --disable-dollar-quoting's */
	const char *copying;    /* the table whose rows are being read; NULL: none */
	char table[128];
	size_t appointments;
	int version;   /* the newest migration */
	bool complete; /* it has its end */
	bool inserts;  /* rows are statements, which are not read */
};

static void add(struct names *names, const char *kind, const char *name, size_t length)
{
	if (names->count == names->room) {
		names->room = names->room * 2 + 256;
		names->items = realloc(names->items, names->room * sizeof(names->items[0]));
		if (names->items == NULL)
			die("out of memory");
	}
	if (length > 1 && name[0] == '"') {
		name++;
		length -= 2;
	}
	if (asprintf(&names->items[names->count], "%s %.*s", kind, (int)length, name) < 0)
		die("out of memory");
	names->count++;
}

static bool has(const struct names *names, const char *item)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], item) == 0)
			return true;
	return false;
}

static void names_clear(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
}

/* Without what the record and a dump write differently: blanks, names of our schema, and `quote`. */
static char *plain_text(const char *text, const char *quote)
{
	static const char *const dropped[] = {SCHEMA, "OR REPLACE "};
	char *plain = malloc(strlen(text) + 1);
	if (plain == NULL)
		die("out of memory");
	size_t length = 0;
	while (*text != '\0') {
		size_t skipped = 0;
		if (quote[0] != '\0' && strncmp(text, quote, strlen(quote)) == 0)
			skipped = strlen(quote);
		for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++)
			if (strncmp(text, dropped[i], strlen(dropped[i])) == 0)
				skipped = strlen(dropped[i]);
		text += skipped;
		if (skipped > 0)
			continue;
		char c = *text++;
		if (c == '\n' || c == '\t')
			c = ' ';
		if (c != ' ' || (length > 0 && plain[length - 1] != ' '))
			plain[length++] = c;
	}
	while (length > 0 && strchr(" ;,", plain[length - 1]) != NULL)
		length--;
	plain[length] = '\0';
	return plain;
}

static void add_text(struct names *names, const char *item, const char *text, const char *quote)
{
	char *plain = plain_text(text, quote);
	add(names, item, plain, strlen(plain));
	free(plain);
}

/* What stands behind `beginning`; NULL: the line does not begin with it. */
static const char *behind(const char *line, const char *beginning)
{
	size_t length = strlen(beginning);
	return strncmp(line, beginning, length) == 0 ? line + length : NULL;
}

/* The head of a function of ours, or a line of it. */
static void read_function(struct dump *dump, const char *line)
{
	const char *body = behind(line, "    AS ");
	if (dump->function.length == 0)
		dump->quote[0] = '\0';
	if (dump->quote[0] == '\0' && strcmp(line, "--\n") == 0) {
		buffer_clear(&dump->function); /* written without one; none of ours is */
		return;
	}
	buffer_append_text(&dump->function, line);
	if (dump->quote[0] == '\0' && body != NULL) {
		size_t length = body[0] == '$' ? strcspn(body + 1, "$") + 2 : 1;
		snprintf(dump->quote, sizeof(dump->quote), "%.*s", (int)length, body);
		dump->dollars = dump->dollars || body[0] == '$';
	}
	size_t end = strlen(dump->quote) + strlen(";\n");
	size_t length = strlen(line);
	if (dump->quote[0] == '\0' || length < end ||
	    strncmp(line + length - end, dump->quote, end - 2) != 0 || strcmp(line + length - 2, ";\n") != 0)
		return;
	add_text(&dump->texts, "function", buffer_text(&dump->function), dump->quote);
	buffer_clear(&dump->function);
}

/* Of a line that makes something of ours. Names of ours are letters, digits and _. */
static void read_statement(struct dump *dump, const char *line)
{
	static const struct {
		const char *beginning;
		const char *kind;
	} statements[] = {
		{"CREATE EXTENSION IF NOT EXISTS ", "extension"},
		{"CREATE TABLE " SCHEMA, "table"},
		{"CREATE UNLOGGED TABLE " SCHEMA, "(not permanent)"},
		{"CREATE INDEX ", "index"},
		{"CREATE UNIQUE INDEX ", "index"},
		{"CREATE TRIGGER ", "trigger"},
		{"CREATE CONSTRAINT TRIGGER ", "trigger"},
		{"CREATE FUNCTION " SCHEMA, "function"},
		{"CREATE SEQUENCE " SCHEMA, "sequence"},
		{"    SEQUENCE NAME " SCHEMA, "sequence"},
		{"    ADD CONSTRAINT ", "constraint"},
		{"    CONSTRAINT ", "constraint"},
	};
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		const char *name = behind(line, statements[i].beginning);
		if (name == NULL)
			continue;
		add(&dump->made, statements[i].kind, name, strcspn(name, " (;\n"));
		if (strcmp(statements[i].kind, "function") == 0)
			read_function(dump, line);
		else
			add_text(&dump->texts, statements[i].kind, line[0] == ' ' ? name : line, "");
	}
	const char *table = behind(line, "COPY " SCHEMA);
	if (table == NULL && (table = behind(line, "INSERT INTO " SCHEMA)) != NULL)
		dump->inserts = true;
	if (table == NULL)
		return;
	size_t length = strcspn(table, " (");
	snprintf(dump->table, sizeof(dump->table), "table %.*s", (int)length, table);
	if (!has(&dump->filled, dump->table))
		add(&dump->filled, "table", table, length);
	dump->copying = line[0] == 'C' ? dump->table + strlen("table ") : NULL;
}

/* A field as COPY writes it becomes what it was, in its place. */
static void unescape(char *field)
{
	char *to = field;
	for (const char *from = field; *from != '\0' && *from != '\n'; from++) {
		if (*from == '\\' && from[1] != '\0') {
			from++;
			*to++ = (char)(*from == 'n' ? '\n' : *from == 't' ? '\t' : *from);
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

#define NOT_COMPARED " "

/*
 * Whether what the record says of something can be held against the statement that makes it. A text of
 * several lines is for functions alone: where another ends the dump does not say.
 */
static bool is_compared(const char *kind, const char *definition)
{
	static const char *const in_a_line[] = {"constraint", "index", "trigger"};
	bool compared = strcmp(kind, "function") == 0;
	for (size_t i = 0; i < sizeof(in_a_line) / sizeof(in_a_line[0]); i++)
		compared = compared || (strcmp(kind, in_a_line[i]) == 0 && strchr(definition, '\n') == NULL);
	return compared;
}

static void add_recorded(struct dump *dump, const char *kind, const char *name, char *definition)
{
	add(&dump->recorded, kind, name, strcspn(name, "("));
	unescape(definition);
	if (!is_compared(kind, definition)) {
		add(&dump->recorded_texts, "", "", 0);
	} else if (strcmp(kind, "constraint") == 0) {
		char *remark = strstr(definition, " (not valid)");
		if (remark != NULL)
			*remark = '\0';
		char *text = NULL;
		if (asprintf(&text, "%s %s", name, definition) < 0)
			die("out of memory");
		add_text(&dump->recorded_texts, kind, text, "");
		free(text);
	} else {
		add_text(&dump->recorded_texts, kind, definition, "$function$");
	}
}

/* A row as COPY writes it: fields with tabs between. */
static void read_row(struct dump *dump, char *line)
{
	char *rest = line;
	if (strcmp(line, "\\.\n") == 0) {
		dump->copying = NULL;
	} else if (strcmp(dump->copying, "appointment") == 0) {
		dump->appointments++;
	} else if (strcmp(dump->copying, "migration") == 0) {
		int version = atoi(line);
		dump->version = version > dump->version ? version : dump->version;
	} else if (strcmp(dump->copying, "schema_object") == 0) {
		const char *kind = strsep(&rest, "\t");
		(void)strsep(&rest, "\t");
		const char *name = strsep(&rest, "\t");
		if (name != NULL && rest != NULL)
			add_recorded(dump, kind, name, rest);
	}
}

static void read_dump(struct dump *dump, FILE *file)
{
	char *line = NULL;
	size_t size = 0;
	while (getline(&line, &size, file) > 0) {
		if (dump->copying != NULL)
			read_row(dump, line);
		else if (strcmp(line, "-- PostgreSQL database dump complete\n") == 0)
			dump->complete = true;
		else if (dump->function.length > 0)
			read_function(dump, line);
		else
			read_statement(dump, line);
	}
	free(line);
}

/* ---- the file ---- */

/* pg_restore's text of an archive, and its process; NULL: it could not be started, errno says why. */
static FILE *unpack(const char *path, pid_t *ret_process)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return NULL;
	char *const arguments[] = {"pg_restore", "--file=-", "--", (char *)path, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	int failure = posix_spawnp(ret_process, "pg_restore", &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (failure != 0) {
		close(ends[0]);
		errno = failure;
		return NULL;
	}
	return fdopen(ends[0], "r");
}

/* Whether the file is an archive of pg_dump's (--format=custom, tar or directory), not its text. */
static bool is_archive(FILE *file)
{
	char magic[263] = "";
	size_t length = fread(magic, 1, sizeof(magic) - 1, file);
	rewind(file);
	return length == 0 || memcmp(magic, "PGDMP", 5) == 0 ||
	       (length > 261 && memcmp(magic + 257, "ustar", 5) == 0);
}

/*
 * Whether a tar archive goes on to its end, which is a block of zeros: pg_restore reads one that was cut off
 * for ever.
 */
static bool is_whole_tar(FILE *file)
{
	enum { BLOCK = 512, MAGIC = 257, SIZE = 124, SIZE_DIGITS = 11 };
	char block[BLOCK];
	for (;;) {
		char size[SIZE_DIGITS + 1] = "";
		if (fread(block, 1, BLOCK, file) != BLOCK)
			return false;
		if (block[0] == '\0')
			return true;
		memcpy(size, block + SIZE, SIZE_DIGITS);
		unsigned long long blocks = (strtoull(size, NULL, 8) + BLOCK - 1) / BLOCK;
		if (memcmp(block + MAGIC, "ustar", 5) != 0 ||
		    fseeko(file, (off_t)(blocks * BLOCK), SEEK_CUR) != 0)
			return false;
	}
}

/* The program that unpacks what another one than pg_dump has compressed; NULL: the file is not so. */
static const char *unpacker(FILE *file)
{
	static const struct {
		const char *magic;
		const char *program;
	} packers[] = {{"\x1f\x8b", "gzip -d"},
		       {"BZh", "bzip2 -d"},
		       {"\xfd\x37zXZ", "xz -d"},
		       {"\x28\xb5\x2f\xfd", "zstd -d"}};
	char magic[8] = "";
	(void)!fread(magic, 1, sizeof(magic) - 1, file);
	rewind(file);
	for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++)
		if (behind(magic, packers[i].magic) != NULL)
			return packers[i].program;
	return NULL;
}

static bool is_readable(FILE *file, bool archive)
{
	struct stat status;
	const char *program = unpacker(file);
	if (program != NULL) {
		doctor_tell(BAD, "file", "it is compressed: unpack it first (%s)", program);
		return false;
	}
	int first = archive ? getc(file) : EOF;
	rewind(file);
	bool tar = archive && first != EOF && first != 'P' && fstat(fileno(file), &status) == 0 &&
		   S_ISREG(status.st_mode);
	if (tar && !is_whole_tar(file)) {
		doctor_tell(BAD, "file", "it has no end: the dump was cut off; make it again");
		return false;
	}
	return true;
}

/* Read the dump at `path`. False: told why it cannot be. */
static bool read_file(struct dump *dump, const char *path)
{
	FILE *file = fopen(path, "re");
	if (file == NULL) {
		doctor_tell(BAD, "file", "%s: %s", path, strerror(errno));
		return false;
	}
	bool archive = is_archive(file);
	if (!is_readable(file, archive)) {
		fclose(file);
		return false;
	}
	if (!archive) {
		read_dump(dump, file);
		fclose(file);
		if (!dump->complete)
			doctor_tell(
				BAD, "file",
				"it has no end: the dump was cut off, or is no dump of pg_dump's; make it "
				"again");
		return dump->complete;
	}
	fclose(file);
	pid_t process = 0;
	int status = 0;
	FILE *text = unpack(path, &process);
	if (text == NULL) {
		doctor_tell(BAD, "file", "pg_restore: %s; install postgresql-client", strerror(errno));
		return false;
	}
	read_dump(dump, text);
	fclose(text);
	bool good = waitpid(process, &status, 0) == process && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (!good)
		doctor_tell(BAD, "file", "pg_restore cannot read it to its end; make the dump again");
	return good;
}

/* ---- what it has ---- */

/* Whether what was recorded is made, but otherwise; told. */
static bool differs(const struct dump *dump, size_t recorded)
{
	const char *item = dump->recorded.items[recorded];
	const char *text = dump->recorded_texts.items[recorded];
	if (strcmp(text, NOT_COMPARED) == 0 || !has(&dump->made, item) || has(&dump->texts, text) ||
	    (behind(item, "function ") != NULL && !dump->dollars))
		return false;
	doctor_tell(BAD, "differs", "%s", item);
	return true;
}

static void check_recorded(const struct dump *dump)
{
	size_t missing = 0;
	size_t differing = 0;
	for (size_t i = 0; i < dump->recorded.count; i++) {
		const char *item = dump->recorded.items[i];
		if (strncmp(item, "column ", 7) == 0) /* comes and goes with its table */
			continue;
		if (!has(&dump->made, item)) {
			doctor_tell(BAD, "missing", "%s", item);
			missing++;
		}
		if (strncmp(item, "table ", 6) == 0 && !has(&dump->filled, item)) {
			doctor_tell(BAD, "missing", "the rows of %s", item);
			missing++;
		}
	}
	for (size_t i = 0; i < dump->recorded.count; i++)
		differing += differs(dump, i);
	if (differing > 0)
		doctor_tell(
			BAD, "objects",
			"%zu are not what bookingd made them: run bookingd migrate on the database, and make "
			"the dump again",
			differing);
	else if (missing == 0)
		doctor_tell(GOOD, "objects", "all %zu of the record", dump->recorded.count);
	if (missing > 0)
		doctor_tell(BAD, "objects",
			    "%zu are missing: make the dump by pg_dump --schema=bookingd "
			    "--extension=btree_gist, without --schema-only, --data-only or --exclude-…",
			    missing);
}

static void check(const struct dump *dump)
{
	if (dump->recorded.count == 0 && dump->inserts)
		doctor_tell(BAD, "record",
			    "rows written as INSERT are not read: make the dump without --inserts");
	else if (dump->recorded.count == 0)
		doctor_tell(BAD, "record",
			    "the rows of bookingd.schema_object are not in it, so it is no backup of "
			    "bookingd, or "
			    "one without its rows; make it without --schema-only and without "
			    "--quote-all-identifiers");
	else
		check_recorded(dump);
	if (dump->recorded.count == 0)
		return;
	if (dump->version > migrate_known())
		doctor_tell(NOTE, "version",
			    "its schema is at version %d, this bookingd knows %d: restore it "
			    "with the release that made it, or a newer one",
			    dump->version, migrate_known());
	else
		doctor_tell(GOOD, "version", "its schema is at version %d", dump->version);
	doctor_tell(GOOD, "appointments", "%zu", dump->appointments);
}

enum exit_code command_backup_check(char *arguments[])
{
	if (arguments[0] == NULL || arguments[1] != NULL) {
		fputs("bookingd: backup-check needs the path of one dump\n", stderr);
		return EXIT_USAGE;
	}
	enum { FUNCTION_MAX = 1 << 20 };
	struct dump dump = {.copying = NULL};
	buffer_init(&dump.function, FUNCTION_MAX);
	if (read_file(&dump, arguments[0]))
		check(&dump);
	names_clear(&dump.made);
	names_clear(&dump.recorded);
	names_clear(&dump.filled);
	names_clear(&dump.texts);
	names_clear(&dump.recorded_texts);
	buffer_clear(&dump.function);
	return doctor_bad_findings() > 0 ? EXIT_FAILED : EXIT_DONE;
}
