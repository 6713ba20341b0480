/*
 * What only a client and their coach may read: answers to the questions of a session type, the coach's notes.
 */
#include "offer.h"

#include "domain/question.h"

#include <string.h>

bool booking_seal_answers(const struct booking_call *call, const struct session_type *type,
			  const json_t *answers, const char *id, const char **ret_sealed,
			  struct booking_result *result)
{
	const char *text = NULL;
	*ret_sealed = NULL;
	if (!answers_read(answers, type->questions, type->question_count, true, call->mem, &text,
			  &result->fault)) {
		result->verdict = BOOKING_BAD_ANSWER;
		return false;
	}
	if (text == NULL)
		return true;
	struct seal_keys keys;
	enum db_result done = private_keys(call->worker->db, call->seal_keys, &keys);
	if (done == DB_OK)
		*ret_sealed = private_seal_answers(&keys, id, text, call->mem);
	else
		booking_fail(result, done);
	seal_keys_clear(&keys);
	return done == DB_OK;
}

bool booking_private(const struct booking_call *call, const struct appointment *appointment,
		     struct private_part *ret_part, struct booking_result *result)
{
	struct seal_keys keys;
	*ret_part = (struct private_part){0};
	enum db_result done = private_keys(call->worker->db, call->seal_keys, &keys);
	if (done == DB_OK)
		done = private_read(call->worker->db, &keys, appointment->id, call->mem, ret_part);
	seal_keys_clear(&keys);
	if (done != DB_OK)
		booking_fail(result, done);
	if (!identity_is_exempt(call->caller, appointment->coach_id))
		ret_part->coach_notes = NULL;
	return done == DB_OK;
}

void booking_answers(const struct booking_call *call, const char *id, const json_t *answers,
		     struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	COACH_LOCAL coach = NULL;
	if (!booking_find(call, id, ret_result) ||
	    !booking_coach(call, ret_result->appointment.coach_id, &coach, ret_result))
		return;
	const struct appointment *appointment = &ret_result->appointment;
	if (appointment->status != APPOINTMENT_SCHEDULED || appointment->starts_at <= call->now) {
		booking_refuse(ret_result, REFUSAL_NOT_ACTIVE,
			       appointment->status == APPOINTMENT_SCHEDULED
				       ? "This session has started, so its answers can't be changed any more."
				       : booking_not_active(appointment, call->now));
		return;
	}
	const struct session_type *type = schedule_type(coach->schedule, appointment->session_type);
	const char *text = NULL;
	if (!answers_read(answers, type != NULL ? type->questions : NULL,
			  type != NULL ? type->question_count : 0, true, call->mem, &text,
			  &ret_result->fault)) {
		ret_result->verdict = BOOKING_BAD_ANSWER;
		return;
	}
	struct seal_keys keys;
	enum db_result done = private_keys(call->worker->db, call->seal_keys, &keys);
	if (done == DB_OK)
		done = private_put_answers(call->worker->db, &keys, appointment->id, text, call->mem);
	seal_keys_clear(&keys);
	if (done != DB_OK && done != DB_NONE)
		booking_fail(ret_result, done);
	else
		ret_result->verdict = BOOKING_FINE;
}

void booking_coach_notes(const struct booking_call *call, const char *id, const char *notes,
			 struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	if (!booking_find_as_staff(call, id, ret_result))
		return;
	struct seal_keys keys;
	enum db_result done = private_keys(call->worker->db, call->seal_keys, &keys);
	if (done == DB_OK)
		done = private_put_notes(call->worker->db, &keys, ret_result->appointment.id, notes,
					 call->mem);
	seal_keys_clear(&keys);
	if (done != DB_OK && done != DB_NONE)
		booking_fail(ret_result, done);
	else
		ret_result->verdict = BOOKING_FINE;
}
