#include "app/booking.h"

#include "base/uuid.h"
#include "domain/appointment.h"

#include <string.h>

/* While a request pays its own debt to Google, nobody else touches it; if it dies, the debt is free after
 * this. */
enum { LEASE_SECONDS = 10 };

bool booking_email_good(const char *email)
{
	const char *at = strchr(email, '@');
	if (at == NULL || at == email || strchr(at + 1, '@') != NULL || strchr(at + 1, '.') == NULL ||
	    at[1] == '.' || at[strlen(at) - 1] == '.')
		return false;
	for (const char *c = email; *c != '\0'; c++) {
		if ((unsigned char)*c <= 0x20 || *c == 0x7F || strchr("<>,;:\\\"()[]", *c) != NULL)
			return false;
	}
	return true;
}

/* The identity's address, if Google would take it. */
static const char *good_email(const char *email)
{
	return email != NULL && booking_email_good(email) ? email : NULL;
}

static void refuse(struct booking_result *result, enum refusal refusal, const char *detail)
{
	result->verdict = BOOKING_REFUSED;
	result->refusal = refusal;
	result->detail = detail;
}

static void fail_database(struct booking_result *result, enum db_result failure)
{
	result->verdict = failure == DB_UNAVAILABLE || failure == DB_UNKNOWN || failure == DB_BUSY
				  ? BOOKING_DATABASE_UNAVAILABLE
				  : BOOKING_FAILURE;
}

/* Whether this caller may see the appointment. */
static bool is_party(const struct identity *caller, const struct appointment *appointment)
{
	return strcmp(appointment->user_id, caller->user_id) == 0 ||
	       identity_is_exempt(caller, appointment->coach_id);
}

/* Read the appointment for a party of it. False: the result says why not. */
static bool find_for_party(const struct booking_call *call, const char *id, struct booking_result *result)
{
	if (!uuid_parse(id, strlen(id), NULL)) {
		result->verdict = BOOKING_UNKNOWN;
		return false;
	}
	enum db_result read = appointments_by_id(call->worker->db, call->mem, id, &result->appointment);
	if (read != DB_OK && read != DB_NONE) {
		fail_database(result, read);
		return false;
	}
	if (read == DB_NONE || !is_party(call->caller, &result->appointment)) {
		result->appointment = (struct appointment){0};
		result->verdict = BOOKING_UNKNOWN;
		return false;
	}
	return true;
}

static bool find_coach(const struct booking_call *call, const char *id, const struct coach **ret_coach,
		       struct booking_result *result)
{
	switch (coaches_find(call->coaches, call->worker, id, ret_coach)) {
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

/* The sentence for a rule whose numbers the database knows best. */
static void refuse_by_rule(const struct booking_call *call, const struct slot_question *question,
			   instant start, const struct slot_reason *reason, const struct zone *zone,
			   struct booking_result *result)
{
	refuse(result, reason->rule, slot_reason_detail(question, start, reason, zone, call->mem));
}

/*
 * The calendar says no. The contract ranks limits and taken slots before that, so look at everything the
 * database has before choosing the code.
 */
static void refuse_busy(const struct booking_call *call, const struct coach *coach,
			struct slot_question question, instant start, const char *user_id,
			const unsigned char *moving, const struct zone *zone, struct booking_result *result)
{
	COACH_LOCAL latest = NULL;
	if (coaches_read(call->coaches, call->worker, coach->id, &latest) == COACH_FOUND &&
	    latest->schedule_version == coach->schedule_version)
		availability_facts(call->coaches, latest, user_id, moving, call->mem, &question);
	struct slot_verdict verdict = slot_judge(&question, start, call->mem);
	if (verdict.count > 0)
		refuse_by_rule(call, &question, start, &verdict.reasons[0], zone, result);
}

static struct interval with_buffers(const struct session_type *type, instant start, instant end)
{
	return (struct interval){start - type->policy.buffer_before_minutes * SECONDS_PER_MINUTE,
				 end + type->policy.buffer_after_minutes * SECONDS_PER_MINUTE};
}

/* The limits that the database counts under its locks; none for those who are exempt. */
static struct booking_limits limits_of(const struct coach *coach, const struct session_type *type,
				       instant start, bool exempt)
{
	const struct zone *zone = coach->schedule->zone;
	civil_day day = zone_day(zone, start);
	return (struct booking_limits){
		.max_active = exempt ? -1 : type->policy.max_active_per_user,
		.max_active_type = session_type_owns(type, POLICY_MAX_ACTIVE_PER_USER) ? type->id : NULL,
		.max_per_day = exempt ? -1 : type->policy.max_per_day,
		.max_per_day_type = session_type_owns(type, POLICY_MAX_PER_DAY) ? type->id : NULL,
		.day_from = zone_instant(zone, day, 0),
		.day_to = zone_instant(zone, day + 1, 0),
	};
}

/* What a booking outcome of the database means for the caller. */
static void answer_outcome(const struct booking_call *call, const struct slot_question *question,
			   const struct booking *booking, const struct booking_limits *limits,
			   const struct zone *zone, const struct booking_answer *answer,
			   struct booking_result *result)
{
	struct slot_reason reason = {.span = {booking->starts_at, booking->ends_at}};
	result->appointment = answer->appointment;
	switch (answer->outcome) {
	case BOOKING_DONE:
		result->verdict = BOOKING_FINE;
		result->moved_or_new = true;
		return;
	case BOOKING_EXISTS:
		result->verdict = BOOKING_FINE;
		return;
	case BOOKING_NOT_FOUND:
		result->verdict = BOOKING_UNKNOWN;
		return;
	case BOOKING_LIMIT:
		reason.rule = REFUSAL_BOOKING_LIMIT;
		reason.needed = reason.actual = limits->max_active;
		break;
	case BOOKING_DAY_FULL:
		reason.rule = REFUSAL_DAY_FULL;
		reason.needed = reason.actual = limits->max_per_day;
		break;
	case BOOKING_SLOT_TAKEN:
		refuse(result, REFUSAL_SLOT_TAKEN,
		       "This time has just been taken; please choose another one.");
		return;
	case BOOKING_HOLD_EXPIRED:
		refuse(result, REFUSAL_HOLD_EXPIRED,
		       "The hold on this time has ended; please choose a time again.");
		return;
	case BOOKING_NOT_ACTIVE:
		refuse(result, REFUSAL_NOT_ACTIVE, "This appointment is no longer active.");
		return;
	case BOOKING_NOT_STARTED:
		refuse(result, REFUSAL_NOT_STARTED, "This appointment has not started yet.");
		return;
	case BOOKING_CANCELLATION_CLOSED:
		refuse(result, REFUSAL_CANCELLATION_CLOSED, "It is too late to cancel this appointment.");
		return;
	case BOOKING_RESCHEDULE_CLOSED:
		refuse(result, REFUSAL_RESCHEDULE_CLOSED, "It is too late to move this appointment.");
		return;
	case BOOKING_RESCHEDULE_LIMIT:
		refuse(result, REFUSAL_RESCHEDULE_LIMIT,
		       "This appointment has been moved as often as is allowed.");
		return;
	}
	refuse_by_rule(call, question, booking->starts_at, &reason, zone, result);
}

/* The appointment was changed: caches go, and Google is told for as long as the reply may wait. */
static void settle(const struct booking_call *call, struct booking_result *result)
{
	if (!result->moved_or_new)
		return;
	coaches_changed(call->coaches, result->appointment.coach_id);
	if (appointment_owes(&result->appointment))
		calendar_pay(call->calendars, call->worker, call->mem, call->deadline, &result->appointment);
}

/* Where the events of this coach go. False: the database failed. */
static bool find_target(const struct booking_call *call, const char *coach_id, const char **ret_calendar_id,
			struct booking_result *result)
{
	*ret_calendar_id = NULL;
	if (!calendars_on(call->calendars))
		return true;
	enum db_result failure =
		calendar_target(call->calendars, call->worker, coach_id, call->mem, ret_calendar_id);
	if (failure != DB_OK && failure != DB_NONE) {
		fail_database(result, failure);
		return false;
	}
	return true;
}

/* Whether this very booking stands already. True: the result is complete. */
static bool find_same(const struct booking_call *call, const struct coach *coach, instant start, instant end,
		      struct booking_result *result)
{
	enum db_result read = appointments_same(call->worker->db, call->mem, coach->id, call->caller->user_id,
						start, end, &result->appointment);
	if (read == DB_OK)
		result->verdict = BOOKING_FINE;
	else if (read != DB_NONE)
		fail_database(result, read);
	return read != DB_NONE;
}

/* The connection broke while the booking was being committed: look what became of it. */
static enum db_result look_again(const struct booking_call *call, const char *id,
				 struct booking_answer *answer)
{
	enum db_result read = appointments_by_id(call->worker->db, call->mem, id, &answer->appointment);
	answer->outcome = BOOKING_DONE;
	return read == DB_NONE ? DB_UNAVAILABLE : read;
}

void booking_create(const struct booking_call *call, const struct booking_wish *wish, bool hold,
		    struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	COACH_LOCAL coach = NULL;
	if (!find_coach(call, wish->coach_id, &coach, ret_result))
		return;
	const struct session_type *type = schedule_type(coach->schedule, wish->session_type);
	if (type == NULL) {
		ret_result->verdict = BOOKING_UNKNOWN_TYPE;
		return;
	}
	const struct zone *zone = wish->zone != NULL ? wish->zone : coach->schedule->zone;
	int64_t minutes = wish->duration_minutes != 0 ? wish->duration_minutes : type->durations[0];
	instant end = wish->start + minutes * SECONDS_PER_MINUTE;
	bool exempt = identity_is_exempt(call->caller, coach->id);
	const char *calendar_id = NULL;

	/* The rules that need nothing but the schedule; limits and overlaps are the database's to decide. */
	struct slot_question question = {.schedule = coach->schedule,
					 .type = type,
					 .duration = minutes * SECONDS_PER_MINUTE,
					 .now = call->now,
					 .exempt = exempt};
	struct slot_verdict verdict = slot_judge(&question, wish->start, call->mem);
	bool refused = verdict.count > 0;
	if (!refused && !find_target(call, coach->id, &calendar_id, ret_result))
		return;
	/* Our own event would make the calendar busy, and the notice may have run out since. */
	if (!hold && (refused || calendar_id != NULL) && find_same(call, coach, wish->start, end, ret_result))
		return;
	if (refused) {
		refuse_by_rule(call, &question, wish->start, &verdict.reasons[0], zone, ret_result);
		return;
	}

	struct interval blocked = with_buffers(type, wish->start, end);
	struct calendar_busy busy = {0};
	if (calendar_id != NULL) {
		calendar_busy_booking(call->calendars, call->worker, coach->id, blocked, NULL, call->now,
				      call->deadline, call->mem, &busy);
		if (busy.knowledge == CALENDAR_UNKNOWN) {
			ret_result->verdict = BOOKING_CALENDAR_UNAVAILABLE;
			return;
		}
		question.calendar = busy.times;
		if (slot_judge(&question, wish->start, call->mem).count > 0) {
			refuse_busy(call, coach, question, wish->start, call->caller->user_id, NULL, zone,
				    ret_result);
			return;
		}
	}

	char id[UUID_TEXT_SIZE];
	uuid_format(uuid_new(), id);
	struct booking booking = {
		.id = id,
		.coach_id = coach->id,
		.user_id = call->caller->user_id,
		.session_type = type->id,
		.hold = hold,
		.starts_at = wish->start,
		.ends_at = end,
		.blocked_from = blocked.start,
		.blocked_to = blocked.end,
		.client_time_zone = zone_name(zone),
		.name = wish->name != NULL ? wish->name : call->caller->name,
		.email = wish->email != NULL ? wish->email : good_email(call->caller->email),
		.phone = wish->phone,
		.notes = wish->notes,
		.meeting_kind = meeting_kind_name(type->meeting),
		.cancel_notice_minutes = type->policy.cancel_notice_minutes,
		.reschedule_notice_minutes = type->policy.reschedule_notice_minutes,
		.max_reschedules = type->policy.max_reschedules,
		.hold_minutes = call->hold_minutes,
		.calendar_id = calendar_id,
		.lease_seconds = LEASE_SECONDS,
	};
	struct booking_limits limits = limits_of(coach, type, wish->start, exempt);
	struct booking_answer answer = {0};
	enum db_result done =
		appointments_book(call->worker->db, call->mem, &booking, &limits, &call->actor, &answer);
	if (done == DB_UNKNOWN)
		done = look_again(call, id, &answer);
	if (done != DB_OK) {
		fail_database(ret_result, done);
		return;
	}
	answer_outcome(call, &question, &booking, &limits, zone, &answer, ret_result);
	if (ret_result->moved_or_new)
		ret_result->verdict = BOOKING_CREATED;
	settle(call, ret_result);
}

void booking_confirm(const struct booking_call *call, const char *id, const struct booking_wish *wish,
		     struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	if (!find_for_party(call, id, ret_result))
		return;
	const struct appointment held = ret_result->appointment;
	const char *calendar_id = NULL;
	if (!find_target(call, held.coach_id, &calendar_id, ret_result))
		return;
	COACH_LOCAL coach = NULL;
	if (!find_coach(call, held.coach_id, &coach, ret_result))
		return;
	const struct zone *zone = wish->zone != NULL ? wish->zone : coach->schedule->zone;
	struct booking booking = {
		.id = held.id,
		.user_id = call->caller->user_id,
		.starts_at = held.starts_at,
		.ends_at = held.ends_at,
		.client_time_zone = zone_name(zone),
		.name = wish->name != NULL ? wish->name : call->caller->name,
		.email = wish->email != NULL ? wish->email : good_email(call->caller->email),
		.phone = wish->phone,
		.notes = wish->notes,
		.calendar_id = calendar_id,
		.lease_seconds = LEASE_SECONDS,
	};
	struct booking_limits limits = {0};
	struct booking_answer answer = {0};
	struct slot_question question = {0};
	enum db_result done =
		appointments_confirm(call->worker->db, call->mem, &booking, &call->actor, &answer);
	if (done != DB_OK) {
		fail_database(ret_result, done);
		return;
	}
	answer_outcome(call, &question, &booking, &limits, zone, &answer, ret_result);
	settle(call, ret_result);
}

/* What the client was promised when booking, as a policy for the domain's rules. */
static struct policy promised(const struct appointment *appointment)
{
	struct policy policy = policy_default;
	policy.cancel_notice_minutes = appointment->cancel_notice_minutes;
	policy.reschedule_notice_minutes = appointment->reschedule_notice_minutes;
	policy.max_reschedules = appointment->max_reschedules;
	return policy;
}

/* The cut-offs, asked before the slot rules: whoever may not move at all need not hear about the new time. */
static bool may_move(const struct booking_call *call, const struct appointment *appointment, bool exempt,
		     struct booking_result *result)
{
	struct appointment_facts facts = {
		.start = appointment->starts_at,
		.hold_expires_at = appointment->hold_expires_at,
		.reschedule_count = appointment->reschedule_count,
	};
	/* An expired hold has no status of the domain's; it is as inactive as a cancelled appointment. */
	if (!appointment_status_parse(appointment->status, &facts.status))
		facts.status = APPOINTMENT_CANCELLED;
	struct policy policy = promised(appointment);
	enum refusal refusal = appointment_reschedule(&facts, &policy, call->now, exempt);
	if (refusal == REFUSAL_NONE)
		return true;
	const char *detail = refusal == REFUSAL_NOT_ACTIVE ? "This appointment is no longer active."
			     : refusal == REFUSAL_RESCHEDULE_LIMIT
				     ? "This appointment has been moved as often "
				       "as is allowed."
				     : "It is too late to move this appointment.";
	refuse(result, refusal, detail);
	return false;
}

void booking_reschedule(const struct booking_call *call, const char *id, const struct booking_wish *wish,
			struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	if (!find_for_party(call, id, ret_result))
		return;
	const struct appointment old = ret_result->appointment;
	bool exempt = identity_is_exempt(call->caller, old.coach_id);
	if (!may_move(call, &old, exempt, ret_result))
		return;
	seconds duration = wish->duration_minutes != 0 ? wish->duration_minutes * SECONDS_PER_MINUTE
						       : old.ends_at - old.starts_at;
	instant end = wish->start + duration;
	if (wish->start == old.starts_at && end == old.ends_at) {
		ret_result->verdict = BOOKING_FINE;
		return;
	}
	COACH_LOCAL coach = NULL;
	if (!find_coach(call, old.coach_id, &coach, ret_result))
		return;
	const struct session_type *type = schedule_type(coach->schedule, old.session_type);
	if (type == NULL) {
		ret_result->verdict = BOOKING_UNKNOWN_TYPE;
		return;
	}
	const struct zone *zone = old.client_time_zone != NULL ? zone_find(old.client_time_zone) : NULL;
	if (zone == NULL)
		zone = coach->schedule->zone;

	struct slot_question question = {.schedule = coach->schedule,
					 .type = type,
					 .duration = duration,
					 .now = call->now,
					 .exempt = exempt};
	struct slot_verdict verdict = slot_judge(&question, wish->start, call->mem);
	if (verdict.count > 0) {
		refuse_by_rule(call, &question, wish->start, &verdict.reasons[0], zone, ret_result);
		return;
	}
	struct interval blocked = with_buffers(type, wish->start, end);
	struct calendar_busy busy = {0};
	if (old.calendar_id != NULL) {
		struct uuid moving;
		uuid_parse(old.id, strlen(old.id), &moving);
		calendar_busy_booking(call->calendars, call->worker, coach->id, blocked, &old, call->now,
				      call->deadline, call->mem, &busy);
		if (busy.knowledge == CALENDAR_UNKNOWN) {
			ret_result->verdict = BOOKING_CALENDAR_UNAVAILABLE;
			return;
		}
		question.calendar = busy.times;
		if (slot_judge(&question, wish->start, call->mem).count > 0) {
			refuse_busy(call, coach, question, wish->start, old.user_id, moving.bytes, zone,
				    ret_result);
			return;
		}
	}

	struct booking booking = {
		.id = old.id,
		.coach_id = coach->id,
		.starts_at = wish->start,
		.ends_at = end,
		.blocked_from = blocked.start,
		.blocked_to = blocked.end,
		.lease_seconds = LEASE_SECONDS,
	};
	struct booking_limits limits = limits_of(coach, type, wish->start, exempt);
	struct booking_answer answer = {0};
	enum db_result done = appointments_move(call->worker->db, call->mem, &booking, exempt, &limits,
						&call->actor, &answer);
	if (done != DB_OK) {
		fail_database(ret_result, done);
		return;
	}
	answer_outcome(call, &question, &booking, &limits, zone, &answer, ret_result);
	settle(call, ret_result);
}

void booking_cancel(const struct booking_call *call, const char *id, const char *reason,
		    struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	if (!find_for_party(call, id, ret_result))
		return;
	const struct appointment old = ret_result->appointment;
	const char *by = strcmp(old.user_id, call->caller->user_id) == 0 ? "client"
			 : call->caller->role == IDENTITY_ADMIN          ? "admin"
									 : "coach";
	struct booking booking = {.starts_at = old.starts_at, .ends_at = old.ends_at};
	struct booking_limits limits = {0};
	struct slot_question question = {0};
	struct booking_answer answer = {0};
	enum db_result done = appointments_cancel(call->worker->db, call->mem, old.id, by,
						  identity_is_exempt(call->caller, old.coach_id), reason,
						  LEASE_SECONDS, &call->actor, &answer);
	if (done != DB_OK) {
		fail_database(ret_result, done);
		return;
	}
	answer_outcome(call, &question, &booking, &limits, NULL, &answer, ret_result);
	settle(call, ret_result);
}

void booking_mark(const struct booking_call *call, const char *id, const char *status,
		  struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	if (!find_for_party(call, id, ret_result))
		return;
	const struct appointment old = ret_result->appointment;
	if (!identity_is_exempt(call->caller, old.coach_id)) {
		ret_result->verdict = BOOKING_FORBIDDEN;
		return;
	}
	struct booking booking = {.starts_at = old.starts_at, .ends_at = old.ends_at};
	struct booking_limits limits = {0};
	struct slot_question question = {0};
	struct booking_answer answer = {0};
	enum db_result done =
		appointments_mark(call->worker->db, call->mem, old.id, status, &call->actor, &answer);
	if (done != DB_OK) {
		fail_database(ret_result, done);
		return;
	}
	answer_outcome(call, &question, &booking, &limits, NULL, &answer, ret_result);
	settle(call, ret_result);
}

void booking_get(const struct booking_call *call, const char *id, struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	if (find_for_party(call, id, ret_result))
		ret_result->verdict = BOOKING_FINE;
}

enum availability_outcome booking_explain(const struct booking_call *call, const struct booking_wish *wish,
					  const char *user_id, const struct coach **ret_coach,
					  struct slot_question *ret_question,
					  struct slot_verdict *ret_verdict,
					  enum calendar_knowledge *ret_knowledge)
{
	*ret_coach = NULL;
	switch (coaches_find(call->coaches, call->worker, wish->coach_id, ret_coach)) {
	case COACH_FOUND:
		break;
	case COACH_UNKNOWN:
		return AVAILABILITY_UNKNOWN_COACH;
	case COACH_AMBIGUOUS:
		return AVAILABILITY_AMBIGUOUS_COACH;
	case COACH_NOT_IN_MEMORY:
	case COACH_FAILURE:
		return AVAILABILITY_FAILURE;
	}
	const struct coach *coach = *ret_coach;
	const struct session_type *type = schedule_type(coach->schedule, wish->session_type);
	if (type == NULL)
		return AVAILABILITY_UNKNOWN_TYPE;
	int64_t minutes = wish->duration_minutes != 0 ? wish->duration_minutes : type->durations[0];
	*ret_question = (struct slot_question){
		.schedule = coach->schedule,
		.type = type,
		.duration = minutes * SECONDS_PER_MINUTE,
		.now = call->now,
	};
	availability_facts(call->coaches, coach, user_id, NULL, call->mem, ret_question);
	struct interval blocked = with_buffers(type, wish->start, wish->start + minutes * SECONDS_PER_MINUTE);
	struct calendar_busy busy = {0};
	calendar_busy_booking(call->calendars, call->worker, coach->id, blocked, NULL, call->now,
			      call->deadline, call->mem, &busy);
	*ret_knowledge = busy.knowledge;
	ret_question->calendar = busy.times;
	*ret_verdict = slot_judge(ret_question, wish->start, call->mem);
	return AVAILABILITY_OK;
}
