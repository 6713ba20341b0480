/*
 * schema_guard - whether the schema still is what keeps appointments apart.
 *
 * Double bookings are kept out by a constraint, and with it by an extension, functions and triggers. A
 * restore that fails half-way loses them, and so does a hand; nothing else would notice. The guard holds what
 * there is against what was recorded when the schema was last migrated: before the first booking, or just
 * after it where the catalog's rows are still the very ones that were recorded, and once a minute, within two
 * seconds of a statement that did not find what it names, and every five seconds while something is wrong or
 * the last look could not be taken. While something is wrong nobody books (db_may_book); what frees a time
 * goes on.
 *
 * It also looks every two seconds whether the server would serve a request, four times a second while it
 * would not: db/database.h, database_trouble().
 */
#ifndef DB_SCHEMA_GUARD_H
#define DB_SCHEMA_GUARD_H

#include "base/arena.h"
#include "db/db.h"

#include <stdbool.h>

/* What to do about a fault. */
#define SCHEMA_REMEDY                                                                                        \
	"run bookingd migrate, which puts back what is missing, then bookingd doctor --deep, which lists "   \
	"appointments that overlap"

/* What is wrong, one text each ("constraint appointment.appointment_overlap is missing"); at most 20. */
struct schema_faults {
	const char **items;
	size_t count;
};

/*
 * Look once, over `db`; texts in `mem`. DB_OK with any number of faults; a schema that cannot even be asked
 * has one. What seems wrong is looked at a second time, or a migration that overtakes the first look would be
 * taken for a fault. Otherwise DB_UNAVAILABLE, DB_BUSY or DB_UNKNOWN. Blocks for the statements.
 */
MUST_USE enum db_result schema_look(struct db *db, struct arena *mem, struct schema_faults *ret_faults);

struct schema_guard;

/* Called on each change, by the guard's thread or the one that starts it. */
struct schema_guard_calls {
	void (*told)(bool sound, const char *detail);
	/* A look could not be taken, the first of several; `sound` as the last one found. */
	void (*blind)(bool sound, const char *detail);
	void (*troubled)(enum database_trouble trouble, const char *detail); /* "" for none */
};

/* Not sound until it has looked. `database` is borrowed. */
struct schema_guard *schema_guard_new(struct database *database, const struct schema_guard_calls *calls);

/*
 * Ask over `db` whether anything was touched since the schema was recorded, look at everything if so, and go
 * on looking on a thread of its own, which looks at everything first. Blocks for these statements.
 */
void schema_guard_start(struct schema_guard *guard, struct db *db);

/* End the thread; blocks for the statement under way. */
void schema_guard_stop(struct schema_guard *guard);

/* NULL is fine. */
void schema_guard_free(struct schema_guard *guard);

/*
 * What the last look found, with the database away what the one before found: for db_guard(). Lives as long
 * as the guard; any thread may read it.
 */
const atomic_bool *schema_guard_sound(const struct schema_guard *guard);

#endif
