/*
 * doctor_webhooks - who is to be told of events, and takes none.
 */
#include "doctor.h"

#include "base/instant.h"

void doctor_webhooks(const struct settings *settings, struct db *db)
{
	DB_ROWS rows = {0};
	if (db_run(db, QUERY_WEBHOOK_TROUBLED, DB_NO_PARAMETERS, &rows) != DB_OK) {
		doctor_tell(BAD, "webhooks", "%s", db_failure(db)->detail);
		return;
	}
	for (size_t row = 0; row < rows.count; row++) {
		const char *coach = db_get_text(&rows, row, 0);
		const char *who = coach != NULL ? coach : "WEBHOOK_URL";
		char since[INSTANT_TEXT_BYTES] = "";
		if (!db_is_null(&rows, row, 3))
			instant_format(db_get_instant(&rows, row, 3), since);
		if (db_is_null(&rows, row, 2))
			doctor_tell(NOTE, "webhooks",
				    "%s: has taken nothing since %s; its deliveries say why", who, since);
		else
			doctor_tell(coach == NULL ? BAD : NOTE, "webhooks",
				    "%s: is told nothing any more: %s %s", who, db_get_text(&rows, row, 2),
				    coach == NULL ? "mend the receiver and restart bookingd"
						  : "the coach can switch it on again");
	}
	if (rows.count == 0)
		doctor_tell(GOOD, "webhooks", "%s",
			    settings->webhook_url != NULL
				    ? "all that there are take what they are told"
				    : "none of the settings; none of a coach's is in trouble");
}
