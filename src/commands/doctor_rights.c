/*
 * doctor_rights - whether the role may do what the daemon's statements do, and no more.
 */
#include "commands/command.h"
#include "doctor.h"

#include "base/buffer.h"

#include <inttypes.h>

enum {
	RIGHT,
	TOO_MUCH,
};

enum { NAMED = 3 /* of many rights, so many are told by name */ };

static const char *needs(struct arena *mem)
{
	const char *text = "";
	for (size_t i = 0; i < command_grant_count; i++)
		text = arena_printf(mem, "%s%s%s %s", text, i > 0 ? "\n" : "", command_grant_list[i].table,
				    command_grant_list[i].privileges);
	return text;
}

/* The rights of one kind in a line; NULL: none. */
static const char *list(const struct db_rows *rows, bool too_much, struct arena *mem)
{
	const char *text = NULL;
	size_t count = 0;
	for (size_t i = 0; i < rows->count; i++) {
		if (db_get_bool(rows, i, TOO_MUCH) != too_much || ++count > NAMED)
			continue;
		text = text == NULL ? db_copy_text(rows, i, RIGHT, mem)
				    : arena_printf(mem, "%s, %s", text, db_get_text(rows, i, RIGHT));
	}
	return count > NAMED ? arena_printf(mem, "%s and %zu more", text, count - NAMED) : text;
}

/* Whether whoever gets into it may do more than a daemon does. */
static void tell_more(const struct settings *settings, const struct doctor_role *role, const char *more)
{
	if (role->superuser)
		doctor_tell(NOTE, "role",
			    "%s is a superuser, who may do anything in every database; give the daemon a "
			    "role of its own: bookingd grants",
			    role->name);
	else if (settings->migrate && (role->owner || (!role->schema && role->may_create)))
		doctor_tell(GOOD, "role", "%s may change the schema, as MIGRATE=1 needs", role->name);
	else if (settings->migrate && role->schema)
		doctor_tell(BAD, "role",
			    "%s may not change the schema, as MIGRATE=1 needs, so the next upgrade would "
			    "fail; set MIGRATE=0 and let the owner run bookingd migrate",
			    role->name);
	else if (settings->migrate)
		return; /* told where the database is looked at */
	else if (role->owner || role->may_create || role->more || more != NULL)
		doctor_tell(NOTE, "role",
			    "%s may do more than a daemon with MIGRATE=0 needs (%s); give it a role of its "
			    "own: bookingd grants",
			    role->name,
			    role->owner        ? "the schema is its own"
			    : role->may_create ? "CREATE on the database"
			    : role->more       ? "CREATE on the schema, or rights over roles"
					       : more);
	else
		doctor_tell(GOOD, "role", "%s may read and write, and no more", role->name);
}

void doctor_rights(const struct settings *settings, struct db *db, const struct doctor_role *role)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	DB_ROWS rows = {0};
	enum db_result result = db_run(db, QUERY_DOCTOR_RIGHTS, DB_PARAMETERS(db_text(needs(&mem))), &rows);
	if (result != DB_OK && result != DB_NONE) {
		doctor_tell(BAD, "role", "%s", db_failure(db)->detail);
		return;
	}
	const char *lacks = list(&rows, false, &mem);
	if (lacks != NULL)
		doctor_tell(BAD, "role",
			    "%s lacks %s; let the schema's owner run what bookingd grants prints", role->name,
			    lacks);
	else
		tell_more(settings, role, list(&rows, true, &mem));
}
