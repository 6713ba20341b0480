#include "inviter.h"

#include "base/log.h"

enum inviter inviter_other(const struct debt *debt)
{
	return debt->visit->calendars->settings.mail && appointment_has_invited(&debt->a) ? INVITER_EMAIL
											  : INVITER_NONE;
}

bool inviter_decide(struct debt *debt, bool *ret_claimed)
{
	struct abilities can = coach_abilities(debt->visit->coach);
	bool able = can.invite_guests != ABILITY_NO && !debt->guest_refused && !debt->a.event_written &&
		    appointment_has_invited(&debt->a) && !debt->a.erased;
	enum inviter wanted = able ? INVITER_GOOGLE : inviter_other(debt);
	DB_ROWS rows = {0};
	*ret_claimed = false;
	if (debt->a.invited_by != INVITER_OPEN)
		return true;
	if (db_run(debt->visit->worker->db, QUERY_INVITER_DECIDE,
		   DB_PARAMETERS(db_uuid(debt->a.id), db_text(inviter_name(wanted))), &rows) != DB_OK ||
	    !inviter_parse(db_get_text(&rows, 0, 0), &debt->a.invited_by))
		return false;
	*ret_claimed = debt->a.invited_by == INVITER_GOOGLE;
	return true;
}

void inviter_change(struct debt *debt, enum inviter inviter)
{
	enum db_result result =
		db_run(debt->visit->worker->db, QUERY_INVITER_CHANGE,
		       DB_PARAMETERS(db_uuid(debt->a.id), db_text(inviter_name(inviter))), NULL);
	if (result == DB_OK)
		debt->a.invited_by = inviter;
	else if (result != DB_NONE)
		log_line(LOG_WARNING, "inviter_not_noted", LOG_TEXT_FIELD("appointment", debt->a.id),
			 LOG_TEXT_FIELD("detail", db_failure(debt->visit->worker->db)->detail));
}

bool inviter_take_over(struct debt *debt)
{
	const struct appointment *a = &debt->a;
	if (inviter_other(debt) != INVITER_EMAIL)
		return true;
	enum db_result result =
		db_run(debt->visit->worker->db, QUERY_INVITER_TAKE_OVER,
		       DB_PARAMETERS(db_uuid(a->id), db_int(a->version), db_text(debt->invited)), NULL);
	if (result != DB_OK)
		log_line(LOG_WARNING, "inviter_not_noted", LOG_TEXT_FIELD("appointment", a->id),
			 LOG_TEXT_FIELD("detail", db_failure(debt->visit->worker->db)->detail));
	return result == DB_OK;
}
