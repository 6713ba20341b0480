/*
 * doctor_schema - whether the schema keeps appointments apart, and whether it always has.
 */
#include "db/schema_guard.h"
#include "doctor.h"

/* What others hung on our tables may be meant so, but nobody who is refused by it learns why. */
static void doctor_additions(struct db *db)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(db, QUERY_DOCTOR_ADDITIONS, DB_NO_PARAMETERS, &rows);
	if (result != DB_OK && result != DB_NONE)
		doctor_tell(BAD, "additions", "%s", db_failure(db)->detail);
	for (size_t i = 0; i < rows.count; i++)
		doctor_tell(NOTE, "additions",
			    "%s is not of bookingd: a client whom it refuses is told of an error, not why",
			    db_get_text(&rows, i, 0));
}

void doctor_schema(struct db *db)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	struct schema_faults faults;
	if (schema_look(db, &mem, &faults) != DB_OK) {
		doctor_tell(BAD, "guarantee", "%s", db_failure(db)->detail);
		return;
	}
	for (size_t i = 0; i < faults.count; i++)
		doctor_tell(BAD, "guarantee", "%s, so nothing is booked: " SCHEMA_REMEDY, faults.items[i]);
	if (faults.count > 0)
		return;
	doctor_tell(GOOD, "guarantee", "what keeps appointments apart is in force");
	doctor_additions(db);
}

void doctor_overlaps(struct db *db)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(db, QUERY_DOCTOR_OVERLAPS, DB_NO_PARAMETERS, &rows);
	if (result != DB_OK && result != DB_NONE) {
		doctor_tell(BAD, "overlaps", "%s", db_failure(db)->detail);
		return;
	}
	for (size_t i = 0; i < rows.count; i++)
		doctor_tell(BAD, "overlaps",
			    "%s overlaps %s of the same coach, %s; cancel or move one of them",
			    db_get_text(&rows, i, 0), db_get_text(&rows, i, 1), db_get_text(&rows, i, 2));
	if (rows.count == 0)
		doctor_tell(GOOD, "overlaps", "no two appointments of a coach overlap");
}
