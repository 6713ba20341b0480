#include "app/group.h"

#include "offer.h"

#include "base/uuid.h"

#include <string.h>

bool group_find(const struct booking_call *call, const char *coach_id, const char *id,
		struct group *ret_group, struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	enum db_result read = !uuid_parse(id, strlen(id), NULL)
				      ? DB_NONE
				      : group_read(call->worker->db, call->mem, coach_id, id, ret_group);
	if (read == DB_NONE)
		ret_result->verdict = BOOKING_UNKNOWN;
	else if (read != DB_OK)
		booking_fail(ret_result, read);
	return read == DB_OK;
}

void group_cancel(const struct booking_call *call, const struct group *group, const char *reason,
		  struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	struct store_answer answer = {0};
	const struct cancellation cancellation = {
		.id = group->session.id,
		.by = booking_canceller(call, &group->session),
		.exempt = true,
		.reason = reason,
		.lease_seconds = BOOKING_LEASE_SECONDS,
	};
	enum db_result done =
		appointments_cancel(call->worker->db, call->mem, &cancellation, &call->actor, &answer);
	if (done != DB_OK) {
		booking_fail(ret_result, done);
		return;
	}
	booking_answer(call, &answer, NULL, ret_result);
	booking_settle(call, ret_result);
}

/* The coach without this session: its seats do not stand in its own way. */
static struct coach without_session(const struct coach *coach, const struct group *group, struct arena *mem)
{
	struct busy_appointment *others = arena_array(mem, coach->appointment_count, sizeof(*others));
	struct coach rest = *coach;
	rest.appointment_count = 0;
	for (size_t i = 0; i < coach->appointment_count; i++) {
		const struct busy_appointment *appointment = &coach->appointments[i];
		if (!appointment->seat || appointment->start != group->session.starts_at)
			others[rest.appointment_count++] = *appointment;
	}
	rest.appointments = others;
	rest.occupied = NULL;
	rest.occupied_count = 0;
	return rest;
}

void group_move(const struct booking_call *call, const struct group *group, const struct booking_wish *wish,
		struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	const struct appointment *session = &group->session;
	COACH_LOCAL coach = NULL;
	if (!booking_coach_now(call, session->coach_id, &coach, ret_result))
		return;
	const struct session_type *type = schedule_type(coach->schedule, session->session_type);
	if (type == NULL) {
		ret_result->verdict = BOOKING_UNKNOWN_TYPE;
		return;
	}
	const seconds duration = wish->duration_minutes != 0 ? wish->duration_minutes * SECONDS_PER_MINUTE
							     : session->ends_at - session->starts_at;
	const struct coach rest = without_session(coach, group, call->mem);
	struct offer offer;
	offer_make(call, &rest, type, NULL, (struct interval){wish->start, wish->start + duration}, &offer);
	offer.question.day_binds = true;
	offer.question.overridden = wish->overridden;
	const bool elsewhere = offer.start != session->starts_at || offer.end != session->ends_at;
	if (session->status == APPOINTMENT_SCHEDULED && elsewhere &&
	    !offer_suits_coach(call, &offer, NULL, session, ret_result))
		return;
	struct booking booking = {
		.id = session->id,
		.coach_id = session->coach_id,
		.starts_at = offer.start,
		.ends_at = offer.end,
		.blocked_from = offer.blocked.start,
		.blocked_to = offer.blocked.end,
		.lease_seconds = BOOKING_LEASE_SECONDS,
		.max_changes = -1,
		.reason = wish->reason,
		.exempt = true,
	};
	struct booking_limits limits = offer_limits(&offer);
	struct store_answer answer = {0};
	enum db_result done =
		appointments_move(call->worker->db, call->mem, &booking, &limits, &call->actor, &answer);
	if (done != DB_OK) {
		booking_fail(ret_result, done);
		return;
	}
	booking_answer(call, &answer, &limits, ret_result);
	booking_settle(call, ret_result);
}
