#include "offer.h"

#include "app/coach_sources.h"
#include "app/pseudonym.h"
#include "db/credits.h"

#include "base/crash_point.h"
#include "base/log.h"
#include "base/uuid.h"
#include "calendar/events.h"

#include <string.h>

enum { EXPLAINED_DAYS = 21 }; /* around a start that is explained */

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
	const enum appointment_status status = appointment_shown(appointment, now);
	return status == APPOINTMENT_HELD ? "This time is only being held. Please confirm the booking first."
	       : status == APPOINTMENT_REQUESTED ? "This session is waiting for the coach's approval."
	       : status == APPOINTMENT_DECLINED  ? "The coach has declined this request."
	       : status == APPOINTMENT_EXPIRED   ? "This has expired, and its time is no longer held."
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
		.user_id = caller->user_id,
		.pseudonym = pseudonym_of(call->pseudonym_keys, caller->user_id, call->mem),
		.coach_id = caller->coach,
		.further_coaches = caller->further_coaches,
		.all = caller->role == IDENTITY_ADMIN};
	enum db_result read =
		appointments_of_party(call->worker->db, call->mem, id, &party, &result->appointment);
	if (read == DB_NONE)
		result->verdict = BOOKING_UNKNOWN;
	else if (read != DB_OK)
		booking_fail(result, read);
	return read == DB_OK;
}

bool booking_find_as_staff(const struct booking_call *call, const char *id, struct booking_result *result)
{
	if (!booking_find(call, id, result))
		return false;
	if (identity_is_exempt(call->caller, result->appointment.coach_id))
		return true;
	result->verdict = BOOKING_FORBIDDEN;
	return false;
}

static bool is_found(enum coach_found found, struct booking_result *result)
{
	switch (found) {
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

bool booking_coach(const struct booking_call *call, const char *id, const struct coach **ret_coach,
		   struct booking_result *result)
{
	return is_found(coaches_find_schedule(call->coaches, call->worker, id, ret_coach), result);
}

bool booking_coach_now(const struct booking_call *call, const char *id, const struct coach **ret_coach,
		       struct booking_result *result)
{
	return is_found(coaches_read(call->coaches, call->worker, id, ret_coach), result);
}

struct told_reasons offer_tell(const struct booking_call *call, const struct slot_question *question,
			       instant start, const struct slot_verdict *verdict,
			       struct slot_listener listener)
{
	struct told_reasons told = {arena_array(call->mem, verdict->count, sizeof(*told.items)),
				    verdict->count};
	for (size_t i = 0; i < told.count; i++) {
		const struct slot_reason *reason = &verdict->reasons[i];
		told.items[i] = (struct told_reason){
			.rule = reason->rule,
			.detail = slot_reason_detail(question, start, reason, listener, call->mem),
			.has_span = slot_reason_has_span(reason),
			.span = reason->span,
		};
	}
	return told;
}

void told_reasons_add(struct told_reasons *reasons, enum refusal rule, const char *detail, struct arena *mem)
{
	struct told_reason *items = arena_array(mem, reasons->count + 1, sizeof(*items));
	if (reasons->count > 0)
		memcpy(items, reasons->items, reasons->count * sizeof(*items));
	items[reasons->count] = (struct told_reason){.rule = rule, .detail = detail};
	reasons->items = items;
	reasons->count++;
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

bool offer_is_in_time(const struct offer *offer, struct booking_result *result)
{
	/* The day around it is counted too, on a clock up to a day ahead. */
	if (offer->blocked.end <= INSTANT_MAX - 2 * SECONDS_PER_DAY)
		return true;
	booking_refuse(result, REFUSAL_TOO_FAR, "This date is too far in the future.");
	return false;
}

bool offer_keeps_rules(const struct booking_call *call, const struct offer *offer,
		       struct booking_result *result)
{
	if (!offer_is_in_time(offer, result))
		return false;
	struct slot_verdict verdict = slot_judge(&offer->question, offer->start, call->mem);
	if (verdict.count == 0)
		return true;
	const struct slot_reason *reason = &verdict.reasons[0];
	booking_refuse(result, reason->rule,
		       slot_reason_detail(&offer->question, offer->start, reason,
					  (struct slot_listener){.zone = offer->zone}, call->mem));
	return false;
}

static struct calendar_question asked_about(const struct booking_call *call, const struct offer *offer,
					    struct interval within, const struct appointment *moving)
{
	/* Without its event, what the calendar has there is in its way, so nothing is sold twice. */
	if (moving != NULL && appointments_in_calendar(call->worker->db, call->mem, moving, &moving) != DB_OK)
		moving = NULL;
	return (struct calendar_question){.coach_id = offer->coach->id,
					  .within = within,
					  .moving = moving,
					  .now = call->now,
					  .deadline = call->deadline};
}

/* What the coach's calendars say of just this time, into its question. False: they cannot be asked. */
static bool ask_calendar(const struct booking_call *call, struct offer *offer,
			 const struct appointment *moving, struct booking_result *result)
{
	struct calendar_busy busy = {0};
	struct calendar_question question = asked_about(call, offer, offer->blocked, moving);
	calendar_busy_booking(call->calendars, call->worker, &question, call->mem, &busy);
	coach_sources_join(offer->coach, offer->blocked, call->now, call->mem, &busy);
	offer->question.calendar = busy.times;
	if (busy.knowledge == CALENDAR_UNKNOWN)
		result->verdict = BOOKING_CALENDAR_UNAVAILABLE;
	return busy.knowledge != CALENDAR_UNKNOWN;
}

bool offer_is_free(const struct booking_call *call, struct offer *offer, const char *client,
		   const struct appointment *moving, struct booking_result *result)
{
	if (!ask_calendar(call, offer, moving, result))
		return false;
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
		availability_facts(latest, client, moving != NULL ? moving_id.bytes : NULL, call->mem,
				   &offer->question);
		/* Somebody may just have begun the session, whose event is what makes the coach busy. */
		return offer_keeps_rules(call, offer, result);
	}
	return false;
}

struct intervals offer_without_own_events(const struct coach *coach, struct intervals busy, struct arena *mem)
{
	struct interval *kept = arena_array(mem, busy.count, sizeof(*kept));
	size_t count = 0;
	for (size_t i = 0; i < busy.count; i++) {
		instant covered = busy.at[i].start;
		for (size_t k = 0; k < coach->appointment_count && covered < busy.at[i].end; k++) {
			struct interval own = busy_appointment_time(&coach->appointments[k]);
			if (coach->appointments[k].hold_expires_at == 0 && own.start <= covered &&
			    own.end > covered)
				covered = own.end;
		}
		if (covered < busy.at[i].end)
			kept[count++] = busy.at[i];
	}
	return (struct intervals){kept, count};
}

enum calendar_knowledge offer_busy_around(const struct booking_call *call, struct offer *offer,
					  struct intervals *ret_google)
{
	struct calendar_busy busy = {0};
	const seconds around = EXPLAINED_DAYS * SECONDS_PER_DAY;
	const struct interval wide = {
		offer->start - around > INSTANT_MIN ? offer->start - around : INSTANT_MIN,
		offer->start + around < INSTANT_MAX ? offer->start + around : INSTANT_MAX};
	struct interval narrow = offer->blocked;
	if (narrow.end - narrow.start > around)
		narrow.end = narrow.start + around;
	struct calendar_question question = asked_about(call, offer, wide, NULL);
	calendar_busy_booking(call->calendars, call->worker, &question, call->mem, &busy);
	if (busy.knowledge == CALENDAR_UNKNOWN) {
		question.within = narrow;
		calendar_busy_booking(call->calendars, call->worker, &question, call->mem, &busy);
	}
	if (ret_google != NULL)
		*ret_google = busy.times;
	coach_sources_join(offer->coach, offer->blocked, call->now, call->mem, &busy);
	offer->question.calendar = offer_without_own_events(offer->coach, busy.times, call->mem);
	return busy.knowledge;
}

bool booking_may_override(enum refusal rule)
{
	return rule >= REFUSAL_BAD_DURATION && rule <= REFUSAL_CREDITS_REQUIRED &&
	       rule != REFUSAL_SLOT_TAKEN && rule != REFUSAL_SESSION_FULL;
}

bool offer_joins(const struct offer *offer)
{
	return slot_session_at(&offer->question, offer->start) != NULL;
}

static bool is_busy(const struct slot_verdict *verdict)
{
	return verdict->count > 0 && verdict->reasons[verdict->count - 1].rule == REFUSAL_CALENDAR_BUSY;
}

bool offer_suits_coach(const struct booking_call *call, struct offer *offer, const char *client,
		       const struct appointment *moving, struct booking_result *result)
{
	struct uuid moving_id;
	if (moving != NULL)
		uuid_parse(moving->id, strlen(moving->id), &moving_id);
	if (!offer_is_in_time(offer, result))
		return false;
	availability_facts(offer->coach, client, moving != NULL ? moving_id.bytes : NULL, call->mem,
			   &offer->question);
	const bool asked =
		!offer_joins(offer) && (offer->question.overridden & 1u << REFUSAL_CALENDAR_BUSY) == 0;
	if (asked && !ask_calendar(call, offer, moving, result))
		return false;
	struct slot_verdict verdict = slot_judge(&offer->question, offer->start, call->mem);
	if (moving == NULL && is_busy(&verdict)) {
		/* Now that somebody will read of it, the busy time whole. */
		if (offer_busy_around(call, offer, NULL) == CALENDAR_UNKNOWN) {
			result->verdict = BOOKING_CALENDAR_UNAVAILABLE;
			return false;
		}
		verdict = slot_judge(&offer->question, offer->start, call->mem);
	}
	if (verdict.count == 0)
		return true;
	result->reasons = offer_tell(call, &offer->question, offer->start, &verdict,
				     (struct slot_listener){offer->coach->schedule->zone, true});
	booking_refuse(result, result->reasons.items[0].rule, result->reasons.items[0].detail);
	return false;
}

struct booking_limits offer_limits(const struct offer *offer)
{
	const struct session_type *type = offer->type;
	const struct zone *zone = offer->coach->schedule->zone;
	civil_day day = zone_day(zone, offer->start);
	const bool exempt = offer->question.exempt;
	const bool day_binds = exempt ? offer->question.day_binds &&
						(offer->question.overridden & 1u << REFUSAL_DAY_FULL) == 0
				      : true;
	return (struct booking_limits){
		.max_active = exempt ? -1 : type->policy.max_active_per_user,
		.max_active_type = session_type_owns(type, POLICY_MAX_ACTIVE_PER_USER) ? type->id : NULL,
		.max_per_day = day_binds ? type->policy.max_per_day : -1,
		.max_per_day_type = session_type_owns(type, POLICY_MAX_PER_DAY) ? type->id : NULL,
		.day_from = zone_instant(zone, day, 0),
		.day_to = zone_instant(zone, day + 1, 0),
	};
}

void booking_take_terms(const struct offer *offer, struct booking *booking)
{
	const struct session_type *type = offer->type;
	const struct slot_question *question = &offer->question;
	/* Staff book for themselves for nothing, and for a client where they say so. */
	const bool free = question->exempt && (!question->day_binds ||
					       (question->overridden & 1u << REFUSAL_CREDITS_REQUIRED) != 0);
	booking->cancel_notice_minutes = type->policy.cancel_notice_minutes;
	booking->reschedule_notice_minutes = type->policy.reschedule_notice_minutes;
	booking->max_reschedules = type->policy.max_reschedules;
	booking->late_cancel = (enum late_cancel)type->policy.late_cancel;
	booking->price = type->price;
	if (free)
		booking->price.credits = 0;
	booking->max_total = question->exempt ? -1 : type->policy.max_total_per_user;
	booking->request_notice = type->approval && !question->exempt ? type->policy.min_notice_minutes : -1;
	booking->max_total_type = session_type_owns(type, POLICY_MAX_TOTAL_PER_USER) ? type->id : NULL;
	booking->seats = type->seats;
	booking->min_seats = session_type_shared(type) ? type->min_seats : 0;
	booking->joins = offer_joins(offer);
}

const char *booking_credits_sentence(const struct booking_call *call, int64_t price, int64_t credits,
				     bool to_coach)
{
	const char *who = to_coach ? "this client has" : "you have";
	return arena_printf(call->mem, "This session costs %d %s, and %s %s.", (int)price,
			    price == 1 ? "credit" : "credits", who,
			    credits == 0 ? "none" : arena_printf(call->mem, "%d", (int)credits));
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
	const bool stands = answer->outcome == STORE_DONE || answer->outcome == STORE_EXISTS;
	result->appointment = answer->appointment;
	/* Nobody is told of an appointment that is not there: that is a fault of ours. */
	if (stands && answer->appointment.id[0] == '\0') {
		log_line(LOG_ERROR, "appointment_missing",
			 LOG_TEXT_FIELD("request_id", call->actor.request_id));
		result->verdict = BOOKING_FAILURE;
		return;
	}
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
	case STORE_CROWDED:
		result->verdict = BOOKING_CROWDED;
		return;
	case STORE_TOO_OFTEN:
		result->verdict = BOOKING_TOO_OFTEN;
		return;
	case STORE_TOO_MANY_PEOPLE:
		result->verdict = BOOKING_TOO_MANY_PEOPLE;
		return;
	case STORE_TOO_MANY_GUESTS:
		result->verdict = BOOKING_TOO_MANY_GUESTS;
		return;
	case STORE_TOO_MANY_CODES:
		result->verdict = BOOKING_TOO_MANY_CODES;
		return;
	case STORE_TOTAL_REACHED:
		booking_refuse(result, REFUSAL_BOOKING_LIMIT, client_total_sentence);
		return;
	case STORE_REFUSED:
		break;
	}
	const char *detail = refusal_sentence(answer->refusal);
	if (answer->refusal == REFUSAL_BOOKING_LIMIT && limits != NULL)
		detail = limit_sentence(call, answer, limits);
	else if (answer->refusal == REFUSAL_ADDRESS_NOT_VERIFIED && call->addresses_proved)
		detail = "We don't know yet that this email address is yours. Please enter the code we send "
			 "to it, or use your own address.";
	else if (answer->refusal == REFUSAL_NOT_ACTIVE)
		detail = booking_not_active(&result->appointment, call->now);
	booking_refuse(result, answer->refusal, detail);
}

void booking_settle(const struct booking_call *call, struct booking_result *result)
{
	if (!result->moved_or_new)
		return;
	CRASH_POINT("committed");
	coaches_booked(call->coaches, result->appointment.coach_id);
	if (appointment_owes(&result->appointment))
		calendar_pay(call->calendars, call->worker, call->mem, call->deadline, &result->appointment);
}

void booking_conclude(const struct booking_call *call, enum db_result done, const struct store_answer *answer,
		      const struct booking_limits *limits, struct booking_result *result)
{
	if (done != DB_OK) {
		booking_fail(result, done);
		return;
	}
	booking_answer(call, answer, limits, result);
	booking_settle(call, result);
}
