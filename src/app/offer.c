#include "offer.h"

#include "base/uuid.h"
#include "calendar/events.h"

#include <string.h>

void booking_refuse(struct booking_result *result, enum refusal refusal, const char *detail)
{
	result->verdict = BOOKING_REFUSED;
	result->refusal = refusal;
	result->detail = detail;
}

void booking_fail(struct booking_result *result, enum db_result failure)
{
	bool away = failure == DB_UNAVAILABLE || failure == DB_UNKNOWN || failure == DB_BUSY;
	result->verdict = away ? BOOKING_DATABASE_UNAVAILABLE : BOOKING_FAILURE;
}

const char *booking_not_active(const struct appointment *appointment, instant now)
{
	bool held = appointment->status == APPOINTMENT_HELD && appointment->hold_expires_at > now;
	return held ? "This time is only held; it must be confirmed first."
		    : refusal_sentence(REFUSAL_NOT_ACTIVE);
}

bool booking_find(const struct booking_call *call, const char *id, struct booking_result *result)
{
	if (!uuid_parse(id, strlen(id), NULL)) {
		result->verdict = BOOKING_UNKNOWN;
		return false;
	}
	const struct identity *caller = call->caller;
	const struct appointment_party party = {
		.user_id = caller->user_id, .coach_id = caller->coach, .all = caller->role == IDENTITY_ADMIN};
	enum db_result read =
		appointments_of_party(call->worker->db, call->mem, id, &party, &result->appointment);
	if (read == DB_NONE)
		result->verdict = BOOKING_UNKNOWN;
	else if (read != DB_OK)
		booking_fail(result, read);
	return read == DB_OK;
}

bool booking_coach(const struct booking_call *call, const char *id, const struct coach **ret_coach,
		   struct booking_result *result)
{
	switch (coaches_find_schedule(call->coaches, call->worker, id, ret_coach)) {
	case COACH_FOUND:
		return true;
	case COACH_UNKNOWN:
		result->verdict = BOOKING_UNKNOWN_COACH;
		return false;
	case COACH_AMBIGUOUS:
		result->verdict = BOOKING_AMBIGUOUS_COACH;
		return false;
	case COACH_NOT_IN_MEMORY:
	case COACH_FAILURE:
		break;
	}
	result->verdict = BOOKING_DATABASE_UNAVAILABLE;
	return false;
}

void offer_make(const struct booking_call *call, const struct coach *coach, const struct session_type *type,
		const struct zone *zone, struct interval time, struct offer *ret_offer)
{
	const struct policy *policy = &type->policy;
	*ret_offer = (struct offer){
		.coach = coach,
		.type = type,
		.zone = zone != NULL ? zone : coach->schedule->zone,
		.start = time.start,
		.end = time.end,
		.blocked = {time.start - policy->buffer_before_minutes * SECONDS_PER_MINUTE,
			    time.end + policy->buffer_after_minutes * SECONDS_PER_MINUTE},
		.question = {.schedule = coach->schedule,
			     .type = type,
			     .duration = time.end - time.start,
			     .now = call->now,
			     .exempt = identity_is_exempt(call->caller, coach->id)},
	};
}

bool offer_keeps_rules(const struct booking_call *call, const struct offer *offer,
		       struct booking_result *result)
{
	if (offer->blocked.end > INSTANT_MAX) {
		booking_refuse(result, REFUSAL_TOO_FAR, "No calendar goes that far.");
		return false;
	}
	struct slot_verdict verdict = slot_judge(&offer->question, offer->start, call->mem);
	if (verdict.count == 0)
		return true;
	const struct slot_reason *reason = &verdict.reasons[0];
	booking_refuse(result, reason->rule,
		       slot_reason_detail(&offer->question, offer->start, reason,
					  (struct slot_listener){.zone = offer->zone}, call->mem));
	return false;
}

bool offer_is_free(const struct booking_call *call, struct offer *offer, const char *client,
		   const struct appointment *moving, struct booking_result *result)
{
	struct calendar_busy busy = {0};
	calendar_busy_booking(call->calendars, call->worker, offer->coach->id, offer->blocked, moving,
			      call->now, call->deadline, call->mem, &busy);
	if (busy.knowledge == CALENDAR_UNKNOWN) {
		result->verdict = BOOKING_CALENDAR_UNAVAILABLE;
		return false;
	}
	offer->question.calendar = busy.times;
	if (offer_keeps_rules(call, offer, result))
		return true;
	/*
	 * The calendar says no. The contract ranks limits and taken slots before that, so look at everything
	 * the database has before choosing the code.
	 */
	struct uuid moving_id;
	if (moving != NULL)
		uuid_parse(moving->id, strlen(moving->id), &moving_id);
	COACH_LOCAL latest = NULL;
	if (coaches_read(call->coaches, call->worker, offer->coach->id, &latest) == COACH_FOUND &&
	    latest->schedule_version == offer->coach->schedule_version) {
		availability_facts(call->coaches, latest, client, moving != NULL ? moving_id.bytes : NULL,
				   call->mem, &offer->question);
		offer_keeps_rules(call, offer, result);
	}
	return false;
}

struct booking_limits offer_limits(const struct offer *offer)
{
	const struct session_type *type = offer->type;
	const struct zone *zone = offer->coach->schedule->zone;
	civil_day day = zone_day(zone, offer->start);
	bool exempt = offer->question.exempt;
	return (struct booking_limits){
		.max_active = exempt ? -1 : type->policy.max_active_per_user,
		.max_active_type = session_type_owns(type, POLICY_MAX_ACTIVE_PER_USER) ? type->id : NULL,
		.max_per_day = exempt ? -1 : type->policy.max_per_day,
		.max_per_day_type = session_type_owns(type, POLICY_MAX_PER_DAY) ? type->id : NULL,
		.day_from = zone_instant(zone, day, 0),
		.day_to = zone_instant(zone, day + 1, 0),
	};
}

/* What to do about a limit that is reached, with the one that stands, if the database told it. */
static const char *limit_sentence(const struct booking_call *call, const struct store_answer *answer,
				  const struct booking_limits *limits)
{
	if (limits->max_active != 1)
		return arena_printf(
			call->mem, "You already have %d sessions booked. Move or cancel one to book another.",
			(int)limits->max_active);
	return answer->appointment.id[0] == '\0'
		       ? "A time is already being held for you. Confirm or release it to book another."
		       : refusal_sentence(REFUSAL_BOOKING_LIMIT);
}

void booking_answer(const struct booking_call *call, const struct store_answer *answer,
		    const struct booking_limits *limits, struct booking_result *result)
{
	result->appointment = answer->appointment;
	switch (answer->outcome) {
	case STORE_DONE:
		result->verdict = BOOKING_FINE;
		result->moved_or_new = true;
		return;
	case STORE_EXISTS:
		result->verdict = BOOKING_FINE;
		return;
	case STORE_NOT_FOUND:
		result->verdict = BOOKING_UNKNOWN;
		return;
	case STORE_TOO_OFTEN:
		result->verdict = BOOKING_TOO_OFTEN;
		return;
	case STORE_REFUSED:
		break;
	}
	const char *detail = refusal_sentence(answer->refusal);
	if (answer->refusal == REFUSAL_BOOKING_LIMIT && limits != NULL)
		detail = limit_sentence(call, answer, limits);
	else if (answer->refusal == REFUSAL_NOT_ACTIVE)
		detail = booking_not_active(&result->appointment, call->now);
	booking_refuse(result, answer->refusal, detail);
}

void booking_settle(const struct booking_call *call, struct booking_result *result)
{
	if (!result->moved_or_new)
		return;
	coaches_booked(call->coaches, result->appointment.coach_id);
	if (appointment_owes(&result->appointment))
		calendar_pay(call->calendars, call->worker, call->mem, call->deadline, &result->appointment);
}
