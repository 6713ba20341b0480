/*
 * doctor_sources - coaches' further calendars: what came of reading each, as the coach's page has it.
 */
#include "doctor.h"

#include "base/instant.h"
#include "calendar/sources.h"

#include <string.h>

enum { LISTED_MAX = 200 };

/* By its id, since a name may be a part of the address. */
static void tell_source(const struct db_rows *rows, size_t row)
{
	const char *coach = db_get_text(rows, row, 0);
	const char *id = db_get_text(rows, row, 1);
	const char *kind = db_get_text(rows, row, 2);
	const char *state = db_get_text(rows, row, 3);
	const char *detail = db_get_text(rows, row, 4);
	const bool blocks = db_get_bool(rows, row, 7);
	const instant last = db_is_null(rows, row, 6) ? 0 : db_get_instant(rows, row, 6);
	const bool stale = last + source_good_for(kind) < instant_now();
	char read[INSTANT_TEXT_BYTES] = "never";
	if (last != 0)
		instant_format(last, read);
	doctor_tell(stale || strcmp(state, "ok") != 0 ? NOTE : GOOD, "calendars",
		    "%s: %s %s: %s, %lld events, last read %s%s%s%s", coach, kind, id, state,
		    (long long)db_get_int(rows, row, 5), read,
		    !stale   ? ""
		    : blocks ? ": too old, so nothing is offered"
			     : ": too old",
		    detail != NULL ? ": " : "", detail != NULL ? detail : "");
}

void doctor_sources(const struct settings *settings, struct db *db)
{
	DB_ROWS rows = {0};
	const enum db_result result =
		db_run(db, QUERY_DOCTOR_SOURCES, DB_PARAMETERS(db_int(LISTED_MAX)), &rows);
	if (result != DB_OK && result != DB_NONE)
		doctor_tell(BAD, "calendars", "%s", db_failure(db)->detail);
	else if (rows.count == 0)
		doctor_tell(GOOD, "calendars", "no coach has a calendar beside Google's");
	else if (settings->token_encryption_key == NULL)
		doctor_tell(
			BAD, "calendars",
			"TOKEN_ENCRYPTION_KEY is missing, and the calendars' addresses are sealed; set it to "
			"what it was");
	for (size_t row = 0; row < rows.count; row++)
		tell_source(&rows, row);
	if (rows.count > 0 && db_get_int(&rows, 0, 8) > LISTED_MAX)
		doctor_tell(NOTE, "calendars",
			    "%lld more, which are read as they should be or later than these",
			    (long long)(db_get_int(&rows, 0, 8) - LISTED_MAX));
}
