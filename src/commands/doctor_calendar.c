/*
 * doctor_calendar - what the Google credentials may really do, as Google says now.
 */
#include "calendar/account.h"
#include "calendar/keys.h"
#include "compose.h"
#include "doctor.h"

#include <stdatomic.h>
#include <string.h>

enum { DEADLINE_MS = 8000, COACHES_MAX = 20 };

/* `what` is a verb and its object ("invite guests"). */
static void tell_ability(const char *coach_id, struct calendar_ability ability, const char *what,
			 const char *remedy)
{
	if (!ability.known)
		doctor_tell(NOTE, "google", "%s: not known yet whether they may %s; the first event shows it",
			    coach_id, what);
	else if (ability.can)
		doctor_tell(GOOD, "google", "%s: may %s", coach_id, what);
	else
		doctor_tell(BAD, "google", "%s: may not %s; %s", coach_id, what, remedy);
}

static void check_coach(struct calendars *calendars, struct worker *worker, const char *coach_id)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	struct calendar_status status;
	calendar_probe(calendars, worker, coach_id, monotonic_ms() + DEADLINE_MS);
	if (calendar_status(calendars, worker, coach_id, &mem, &status) != DB_OK) {
		doctor_tell(BAD, "google", "%s: %s", coach_id, db_failure(worker->db)->detail);
		return;
	}
	if (strcmp(status.mode, "off") == 0) {
		doctor_tell(NOTE, "google", "%s: no calendar is connected", coach_id);
		return;
	}
	bool good = strcmp(status.state, "ok") == 0;
	doctor_tell(good ? GOOD : BAD, "google", "%s: %s%s%s, %s%s%s", coach_id, status.mode,
		    status.account ? " as " : "", status.account ? status.account : "", status.state,
		    status.detail ? ": " : "", status.detail ? status.detail : "");
	if (!good)
		return;
	bool alone = strcmp(status.mode, "service_account") == 0;
	tell_ability(coach_id, status.can.read_busy, "read busy times",
		     "share the calendar with the account, or connect again with both boxes ticked");
	tell_ability(
		coach_id, status.can.write_events, "write events",
		"share the calendar with the right to make changes, or connect again with both boxes ticked");
	tell_ability(coach_id, status.can.invite_guests, "invite guests",
		     alone ? "set GOOGLE_IMPERSONATE (Workspace), or let the coach connect their own account"
			   : "let the coach connect again");
	tell_ability(coach_id, status.can.create_meet, "make Meet links",
		     alone ? "set GOOGLE_IMPERSONATE (Workspace), or let the coach connect their own account"
			   : "allow Google Meet for this account, or choose another kind of meeting");
	if (status.failed > 0)
		doctor_tell(NOTE, "google", "%s: Google refused %lld events; see the coach's page", coach_id,
			    (long long)status.failed);
}

static void check_coaches(const struct settings *settings, struct calendars *calendars, struct db *db)
{
	atomic_bool stop = false;
	struct worker worker = {.db = db, .fetcher = fetch_client_new("bookingd/" BOOKINGD_VERSION, &stop)};
	DB_ROWS rows = {0};
	if (db_run(db, QUERY_CALENDAR_COACHES,
		   DB_PARAMETERS(db_text(settings->coach_id), db_text(""), db_int(COACHES_MAX + 1)),
		   &rows) != DB_OK)
		doctor_tell(BAD, "google", "%s", db_failure(db)->detail);
	else if (rows.count == 0 && settings->coach_id != NULL)
		check_coach(calendars, &worker, settings->coach_id); /* made when the daemon starts */
	else if (rows.count == 0)
		doctor_tell(NOTE, "google", "no coach has a calendar yet");
	for (size_t i = 0; i < rows.count && i < COACHES_MAX; i++)
		check_coach(calendars, &worker, db_get_text(&rows, i, 0));
	fetch_client_free(worker.fetcher);
}

void doctor_calendar(const struct settings *settings, struct db *db)
{
	char line[CALENDAR_LINE];
	struct seal_keys keys = {.count = 0};
	const struct seal_keys *given = compose_seal_keys(settings, &keys);
	if (calendar_check_keys(db, given, line) != CALENDAR_KEYS_GOOD)
		doctor_tell(BAD, "google", "%s", line);
	else if (given != NULL)
		doctor_tell(GOOD, "google", "TOKEN_ENCRYPTION_KEY opens every consent");
	struct calendar_settings calendar = compose_calendar_settings(settings, given);
	calendar.metrics = metrics_new();
	const char *reason = NULL;
	struct calendars *calendars = calendars_new(&calendar, &reason);
	if (calendars == NULL)
		doctor_tell(BAD, "google", "GOOGLE_SERVICE_ACCOUNT_KEY: %s", reason);
	else if (calendar.service_account_key == NULL && calendar.oauth.id == NULL)
		doctor_tell(NOTE, "google",
			    "no Google setting is given: appointments are not written to a calendar");
	else
		check_coaches(settings, calendars, db);
	calendars_free(calendars);
	metrics_free(calendar.metrics);
	seal_keys_clear(&keys);
}
