/*
 * What becomes of an appointment that stands: moved, cancelled, marked, shown.
 */
#include "offer.h"

#include "calendar/events.h"

#include <string.h>

/*
 * Whether the schema would move it at all, asked before the slot rules: whoever may not need not hear about
 * the new time.
 */
static bool may_move(const struct booking_call *call, const struct appointment *appointment,
		     const struct booking_wish *wish, struct booking_result *result)
{
	const struct appointment_facts facts = appointment_facts(appointment);
	const bool exempt = identity_is_exempt(call->caller, appointment->coach_id);
	const enum refusal refusal = appointment_terms(&facts, call->now, exempt).reschedule;
	if (refusal != REFUSAL_NONE) {
		booking_refuse(result, refusal,
			       refusal == REFUSAL_NOT_ACTIVE ? booking_not_active(appointment, call->now)
							     : refusal_sentence(refusal));
		return false;
	}
	if (exempt || (wish->overridden == 0 && wish->reason == NULL))
		return true;
	result->verdict = BOOKING_FORBIDDEN; /* a coach's to say */
	return false;
}

/* Sent twice at once, the other may have been faster: then the appointment's own event is in the way. */
static void find_moved(const struct booking_call *call, const struct offer *offer, const char *id,
		       struct booking_result *result)
{
	struct booking_result latest = {.verdict = BOOKING_FINE};
	if (result->verdict == BOOKING_REFUSED && booking_find(call, id, &latest) &&
	    latest.appointment.status == APPOINTMENT_SCHEDULED &&
	    latest.appointment.starts_at == offer->start && latest.appointment.ends_at == offer->end)
		*result = latest;
}

/* Whether the appointment, or the session that it is a seat in, has an event. */
static bool has_calendar(const struct booking_call *call, const struct appointment *appointment)
{
	return appointment->calendar_id != NULL ||
	       (appointment->group_id[0] != '\0' && calendars_on(call->calendars));
}

/* Whether the appointment may stand at the offer's time: by the coach's word, or by the rules and the
 * calendar. */
static bool may_be_at(const struct booking_call *call, struct offer *offer, const struct appointment *old,
		      unsigned overridden, struct booking_result *result)
{
	if (identity_is_exempt(call->caller, old->coach_id)) {
		offer->question.day_binds = true;
		offer->question.overridden = overridden;
		if (offer_suits_coach(call, offer, old->user_id, old, result))
			return true;
	} else if (!offer_keeps_rules(call, offer, result)) {
		return false;
	} else if ((!has_calendar(call, old) && offer->coach->source_count == 0) || offer_joins(offer) ||
		   offer_is_free(call, offer, old->user_id, old, result)) {
		return true;
	}
	find_moved(call, offer, old->id, result);
	return false;
}

/* What the schema is given of a move. */
static struct booking moved_booking(const struct offer *offer, const struct appointment *old,
				    const char *reason)
{
	const bool exempt = offer->question.exempt;
	return (struct booking){
		.id = old->id,
		.coach_id = offer->coach->id,
		.starts_at = offer->start,
		.ends_at = offer->end,
		.blocked_from = offer->blocked.start,
		.blocked_to = offer->blocked.end,
		.lease_seconds = BOOKING_LEASE_SECONDS,
		.max_changes = exempt ? -1 : BOOKING_CHANGES_A_DAY,
		.reason = reason,
		.exempt = exempt,
		.seats = offer->type->seats,
		.min_seats = session_type_shared(offer->type) ? offer->type->min_seats : 0,
		.joins = offer_joins(offer),
	};
}

static seconds moved_duration(const struct booking_wish *wish, const struct appointment *old)
{
	return wish->duration_minutes != 0 ? wish->duration_minutes * SECONDS_PER_MINUTE
					   : old->ends_at - old->starts_at;
}

static void make_moved_offer(const struct booking_call *call, const struct booking_wish *wish,
			     const struct appointment *old, const struct coach *coach,
			     const struct session_type *type, struct offer *ret_offer)
{
	const struct zone *zone = old->client_time_zone != NULL ? zone_find(old->client_time_zone) : NULL;
	offer_make(call, coach, type, zone,
		   (struct interval){wish->start, wish->start + moved_duration(wish, old)}, ret_offer);
}

/* Move it and leave it with its coach. */
static void move_within(const struct booking_call *call, const struct booking_wish *wish,
			const struct appointment *old, struct booking_result *result)
{
	COACH_LOCAL coach = NULL;
	const bool exempt = identity_is_exempt(call->caller, old->coach_id);
	if (!(exempt ? booking_coach_now(call, old->coach_id, &coach, result)
		     : booking_coach(call, old->coach_id, &coach, result)))
		return;
	const struct session_type *type = schedule_type(coach->schedule, old->session_type);
	if (type == NULL) {
		result->verdict = BOOKING_UNKNOWN_TYPE;
		return;
	}
	struct offer offer;
	make_moved_offer(call, wish, old, coach, type, &offer);
	offer.question.stays = true;
	COACH_LOCAL latest = NULL;
	if (session_type_shared(type)) {
		if (!booking_coach_now(call, coach->id, &latest, result))
			return;
		availability_sessions(latest, old->user_id, NULL, call->mem, &offer.question);
	}
	if (!may_be_at(call, &offer, old, wish->overridden, result))
		return;
	const struct booking booking = moved_booking(&offer, old, wish->reason);
	struct booking_limits limits = offer_limits(&offer);
	struct store_answer answer = {0};
	enum db_result done =
		appointments_move(call->worker->db, call->mem, &booking, &limits, &call->actor, &answer);
	booking_conclude(call, done, &answer, &limits, result);
}

/* Move it to another coach. False: another one may still do. `candidates`: out of whom they were chosen. */
static bool move_over(const struct booking_call *call, const struct booking_wish *wish,
		      const struct appointment *old, const struct coach *coach, const char *candidates,
		      struct booking_result *result)
{
	const struct session_type *type = candidates_type(coach, old->session_type);
	struct offer offer;
	const char *calendar_id = NULL;
	make_moved_offer(call, wish, old, coach, type, &offer);
	offer.question.day_binds = offer.question.exempt;
	if (!booking_target(call, coach->id, &calendar_id, result))
		return true;
	if (!offer_keeps_rules(call, &offer, result) ||
	    ((calendar_id != NULL || coach->source_count > 0) &&
	     !offer_is_free(call, &offer, old->user_id, old, result)))
		return !booking_next_may_serve(result);
	struct booking booking = moved_booking(&offer, old, wish->reason);
	booking.candidates = candidates;
	booking.calendar_id = calendar_id;
	booking.meeting = type->meeting;
	booking.meeting.url = meeting_url_for(call->mem, booking.meeting.url, old->id);
	booking.max_total = offer.question.exempt ? -1 : type->policy.max_total_per_user;
	booking.max_total_type = session_type_owns(type, POLICY_MAX_TOTAL_PER_USER) ? type->id : NULL;
	/* Of its cut-offs the former coach is the master; of hours and limits the one who takes it over. */
	booking.exempt = identity_is_exempt(call->caller, old->coach_id);
	booking.max_changes = booking.exempt ? -1 : BOOKING_CHANGES_A_DAY;
	struct booking_limits limits = offer_limits(&offer);
	struct store_answer answer = {0};
	enum db_result done =
		appointments_move_any(call->worker->db, call->mem, &booking, &limits, &call->actor, &answer);
	if (done == DB_OK && answer.freed_coach != NULL) {
		coaches_booked(call->coaches, answer.freed_coach);
		calendar_leave(call->calendars, call->worker, call->mem, call->deadline, answer.freed_coach,
			       old->id);
	}
	booking_conclude(call, done, &answer, &limits, result);
	return !booking_next_may_serve(result);
}

/* With its own coach, if they have the time; else with whoever's turn it is of those who do. */
static void move_to_any(const struct booking_call *call, const struct booking_wish *wish,
			const struct appointment *old, struct booking_result *result)
{
	move_within(call, wish, old, result);
	if (!booking_next_may_serve(result) || wish->start == old->starts_at)
		return;
	CANDIDATES_LOCAL candidates = {.type_id = old->session_type,
				       .duration_minutes = moved_duration(wish, old) / SECONDS_PER_MINUTE};
	struct turn *turns = NULL;
	size_t count = 0;
	if (!candidates_read(call->coaches, call->worker, true, call->mem, &candidates) ||
	    !candidates_in_turn(&candidates, call->worker, call->mem, &turns, &count)) {
		result->verdict = BOOKING_DATABASE_UNAVAILABLE;
		return;
	}
	const char *names = candidates_names(turns, count, call->mem);
	for (size_t i = 0; i < count; i++) {
		const struct coach *coach = candidates.coaches[turns[i].place];
		struct booking_result one = {0};
		if (candidates_may_take_over(coach, old, identity_is_exempt(call->caller, coach->id)) &&
		    move_over(call, wish, old, coach, names, &one)) {
			*result = one;
			return;
		}
	}
}

void booking_reschedule(const struct booking_call *call, const char *id, const struct booking_wish *wish,
			struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	if (!booking_find(call, id, ret_result))
		return;
	const struct appointment old = ret_result->appointment;
	/* Sent again, it may have been the last move that is allowed, or one to a time too near to leave. */
	if (old.status == APPOINTMENT_SCHEDULED && old.ends_at > call->now && wish->start == old.starts_at &&
	    moved_duration(wish, &old) == old.ends_at - old.starts_at) {
		ret_result->verdict = BOOKING_FINE;
		return;
	}
	if (!may_move(call, &old, wish, ret_result))
		return;
	if (wish->coach_id != NULL && strcmp(wish->coach_id, COACH_ANY) == 0)
		move_to_any(call, wish, &old, ret_result);
	else
		move_within(call, wish, &old, ret_result);
}

enum cancelled_by booking_canceller(const struct booking_call *call, const struct appointment *appointment)
{
	if (strcmp(appointment->user_id, call->caller->user_id) == 0)
		return CANCELLED_BY_CLIENT;
	return call->caller->role == IDENTITY_ADMIN ? CANCELLED_BY_ADMIN : CANCELLED_BY_COACH;
}

void booking_cancel(const struct booking_call *call, const char *id, const char *reason,
		    struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	if (!booking_find(call, id, ret_result))
		return;
	const struct appointment *old = &ret_result->appointment;
	struct store_answer answer = {0};
	const struct cancellation cancellation = {
		.id = old->id,
		.by = booking_canceller(call, old),
		.exempt = identity_is_exempt(call->caller, old->coach_id),
		.reason = reason,
		.lease_seconds = BOOKING_LEASE_SECONDS,
	};
	enum db_result done =
		appointments_cancel(call->worker->db, call->mem, &cancellation, &call->actor, &answer);
	booking_conclude(call, done, &answer, NULL, ret_result);
}

void booking_set_meeting(const struct booking_call *call, const char *id, const struct meeting *meeting,
			 struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	if (!booking_find_as_staff(call, id, ret_result))
		return;
	struct store_answer answer = {0};
	struct meeting own = *meeting;
	own.url = meeting_url_for(call->mem, own.url, ret_result->appointment.id);
	enum db_result done =
		appointments_set_meeting(call->worker->db, call->mem, ret_result->appointment.id, &own,
					 BOOKING_LEASE_SECONDS, &call->actor, &answer);
	booking_conclude(call, done, &answer, NULL, ret_result);
}

void booking_approve(const struct booking_call *call, const char *id, struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	struct booking booking = {.lease_seconds = BOOKING_LEASE_SECONDS};
	if (!booking_find_as_staff(call, id, ret_result) ||
	    !booking_target(call, ret_result->appointment.coach_id, &booking.calendar_id, ret_result))
		return;
	booking.id = ret_result->appointment.id;
	struct store_answer answer = {0};
	enum db_result done =
		appointments_approve(call->worker->db, call->mem, &booking, &call->actor, &answer);
	booking_conclude(call, done, &answer, NULL, ret_result);
}

void booking_decline(const struct booking_call *call, const char *id, const char *reason,
		     struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	if (!booking_find_as_staff(call, id, ret_result))
		return;
	const struct cancellation cancellation = {.id = ret_result->appointment.id,
						  .by = booking_canceller(call, &ret_result->appointment),
						  .reason = reason};
	struct store_answer answer = {0};
	enum db_result done =
		appointments_decline(call->worker->db, call->mem, &cancellation, &call->actor, &answer);
	booking_conclude(call, done, &answer, NULL, ret_result);
	const struct appointment *now = &ret_result->appointment;
	if (ret_result->verdict == BOOKING_REFUSED && now->status == APPOINTMENT_SCHEDULED &&
	    now->starts_at > call->now)
		ret_result->detail = "This session is booked already. Please cancel it instead.";
}

void booking_set_guests(const struct booking_call *call, const char *id, const char *guests,
			struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	if (!booking_find(call, id, ret_result))
		return;
	const struct appointment *seen = &ret_result->appointment;
	if (!booking_takes_guests(seen->group_id[0] != '\0', guests, ret_result))
		return;
	const bool exempt = identity_is_exempt(call->caller, seen->coach_id);
	const struct booking booking = {
		.id = seen->id,
		.guests = guests,
		.max_guests = booking_max_guests(call, seen->coach_id, seen->email),
		.max_changes = exempt ? -1 : BOOKING_CHANGES_A_DAY,
		.lease_seconds = BOOKING_LEASE_SECONDS,
	};
	struct store_answer answer = {0};
	enum db_result done =
		appointments_set_guests(call->worker->db, call->mem, &booking, &call->actor, &answer);
	booking_conclude(call, done, &answer, NULL, ret_result);
}

void booking_mark(const struct booking_call *call, const char *id, enum appointment_status status,
		  struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	if (!booking_find_as_staff(call, id, ret_result))
		return;
	struct store_answer answer = {0};
	enum db_result done = appointments_mark(call->worker->db, call->mem, ret_result->appointment.id,
						status, &call->actor, &answer);
	booking_conclude(call, done, &answer, NULL, ret_result);
}

void booking_give_back(const struct booking_call *call, const char *id, const char *note,
		       struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	if (!booking_find_as_staff(call, id, ret_result))
		return;
	struct store_answer answer = {0};
	enum db_result done = appointments_give_back(call->worker->db, call->mem, ret_result->appointment.id,
						     note, &call->actor, &answer);
	if (done != DB_OK) {
		booking_fail(ret_result, done);
		return;
	}
	booking_answer(call, &answer, NULL, ret_result);
	ret_result->moved_or_new = false; /* the time is as it was */
	if (ret_result->verdict == BOOKING_REFUSED)
		ret_result->detail = "No credits were kept for this session.";
}

void booking_get(const struct booking_call *call, const char *id, struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	if (booking_find(call, id, ret_result))
		ret_result->verdict = BOOKING_FINE;
}
