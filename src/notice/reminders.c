/* Which reminders are due now, by the appointments as they stand. */
#include "notice_inside.h"

#include "base/log.h"
#include "domain/schedule_json.h"

#include <stdio.h>
#include <string.h>

/* One appointment that may have a reminder due. */
struct remindable {
	char id[UUID_TEXT_SIZE];
	instant starts_at;
	instant known; /* since when it has been there */
	const struct zone *zones[NOTICE_RECIPIENTS];
	const char *told; /* "client 1440@1764000000,coach 60@..." */
};

static const char *why_not(enum reminder_verdict verdict)
{
	switch (verdict) {
	case REMINDER_TOO_LATE:
		return "There was no time left for it.";
	case REMINDER_BOOKED_LATER:
		return "The appointment was made after its time.";
	case REMINDER_NEAR_ANOTHER:
		return "Another reminder follows soon.";
	case REMINDER_NOT_YET:
	case REMINDER_NOW:
	case REMINDER_NONE:
		break;
	}
	return NULL;
}

/* Whether the ledger has it already. */
static bool is_told(const char *told, const char *recipient, const char *about)
{
	char entry[64];
	int length = snprintf(entry, sizeof(entry), "%s %s", recipient, about);
	for (const char *at = told; (at = strstr(at, entry)) != NULL; at += length) {
		char after = at[length];
		if ((at == told || at[-1] == ',') && (after == ',' || after == '\0'))
			return true;
	}
	return false;
}

static void remind(struct notices *notices, struct db *db, const struct remindable *what,
		   const struct notice_rules *rules, instant now)
{
	for (size_t i = 0; i < rules->reminder_count; i++) {
		char about[48];
		snprintf(about, sizeof(about), "%d@%lld", rules->reminders[i].before_minutes,
			 (long long)what->starts_at);
		for (unsigned who = 0; who < NOTICE_RECIPIENTS; who++) {
			const char *recipient = notice_recipient_name((enum notice_recipient)who);
			enum reminder_verdict verdict =
				reminder_judge(rules, i, (enum notice_recipient)who, what->zones[who],
					       what->starts_at, what->known, now);
			if (verdict == REMINDER_NONE || verdict == REMINDER_NOT_YET ||
			    is_told(what->told, recipient, about))
				continue;
			enum db_result result = db_run(
				db, QUERY_NOTICE_REMIND,
				DB_PARAMETERS(db_uuid(what->id), db_instant(what->starts_at),
					      db_text(recipient), db_text(about), db_text(why_not(verdict)),
					      db_bool(notices_mail_on(notices)),
					      db_bool(notices_text_on(notices))),
				NULL);
			if (result != DB_OK && result != DB_UNAVAILABLE)
				log_line(LOG_WARNING, "remind_failed",
					 LOG_TEXT_FIELD("appointment", what->id),
					 LOG_TEXT_FIELD("detail", db_failure(db)->detail));
		}
	}
}

void reminders_derive(struct notices *notices, struct db *db)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	DB_ROWS rows = {0};
	char coach[128] = "";
	const struct schedule *schedule = NULL;
	if (db_run(db, QUERY_NOTICE_REMINDABLE, DB_NO_PARAMETERS, &rows) != DB_OK)
		return;
	for (size_t row = 0; row < rows.count && !atomic_load(&notices->stop); row++) {
		const char *coach_id = db_get_text(&rows, row, 1);
		if (strcmp(coach, coach_id) != 0) {
			struct schedule_faults faults;
			const char *document = db_get_text(&rows, row, 3);
			arena_reset(&mem);
			schedule = schedule_read_text(document, strlen(document), &mem, &mem, &faults);
			snprintf(coach, sizeof(coach), "%s", coach_id);
		}
		if (schedule == NULL)
			continue;
		const struct session_type *type = schedule_type(schedule, db_get_text(&rows, row, 2));
		const char *zone_text = db_get_text(&rows, row, 6);
		const struct zone *zone = zone_text != NULL ? zone_find(zone_text) : NULL;
		struct remindable what = {
			.starts_at = db_get_instant(&rows, row, 4),
			.known = db_get_instant(&rows, row, 5),
			.zones = {[NOTICE_CLIENT] = zone != NULL ? zone : schedule->zone,
				  [NOTICE_COACH] = schedule->zone},
			.told = db_get_text(&rows, row, 7),
		};
		db_get_uuid(&rows, row, 0, what.id);
		/* By PostgreSQL's clock, as holds and cut-offs: what is noted as too late stays so. */
		remind(notices, db, &what, type != NULL ? &type->notices : &schedule->notices,
		       db_get_instant(&rows, row, 8));
	}
}
