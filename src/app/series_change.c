/*
 * What becomes of a series that stands: told, cancelled, moved.
 */
#include "series_plan.h"

#include "base/uuid.h"

#include <string.h>

bool series_scope_parse(const char *name, enum series_scope *ret_scope)
{
	static const char *const names[] = {
		[SERIES_THIS] = "this", [SERIES_FOLLOWING] = "following", [SERIES_ALL] = "all"};
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0) {
			*ret_scope = (enum series_scope)i;
			return true;
		}
	}
	return false;
}

/* Which of those that are meant: to be moved, to be cancelled, to be told of. */
enum meant { MEANT_SCHEDULED, MEANT_WANTED, MEANT_KNOWN };

static bool is_meant(const struct appointment *appointment, enum meant meant, instant now)
{
	const enum appointment_status status = appointment_shown(appointment, now);
	if (meant == MEANT_KNOWN)
		return true;
	return appointment->ends_at > now && (status == APPOINTMENT_SCHEDULED ||
					      (meant == MEANT_WANTED && status == APPOINTMENT_REQUESTED));
}

/* Those that are meant, by start. False: the result says why not. */
static bool find_meant(const struct booking_call *call, const char *id, enum series_scope scope,
		       enum meant meant, struct series_result *result)
{
	if (!booking_find(call, id, &result->whole))
		return false;
	/* Who holds the link to one appointment has nothing to do with the others. */
	if (call->caller->appointment_id != NULL && scope != SERIES_THIS) {
		result->whole = (struct booking_result){.verdict = BOOKING_FORBIDDEN};
		return false;
	}
	struct appointment seen = result->whole.appointment;
	memcpy(result->id, seen.series_id, sizeof(result->id));
	struct appointment_list list = {.items = &seen, .count = 1};
	if (seen.series_id[0] != '\0' && scope != SERIES_THIS) {
		enum db_result read = series_read(call->worker->db, call->mem, seen.series_id,
						  scope == SERIES_ALL ? 0 : seen.series_index, &list);
		if (read != DB_OK) {
			booking_fail(&result->whole, read);
			return false;
		}
	}
	result->occurrences = arena_array(call->mem, list.count, sizeof(*result->occurrences));
	for (size_t i = 0; i < list.count; i++) {
		if (is_meant(&list.items[i], meant, call->now))
			result->occurrences[result->count++] =
				(struct occurrence){.start = list.items[i].starts_at,
						    .end = list.items[i].ends_at,
						    .appointment = list.items[i]};
	}
	if (result->count > 0)
		return true;
	booking_refuse(&result->whole, REFUSAL_NOT_ACTIVE, refusal_sentence(REFUSAL_NOT_ACTIVE));
	return false;
}

/* What was answered of each; those that are refused stay as they are. */
static void take_changes(const struct booking_call *call, const struct store_answers *answers,
			 const struct booking_limits *limits, struct series_result *result)
{
	struct booking_result against = {.verdict = BOOKING_FINE};
	for (size_t i = 0; i < result->count && i < answers->count; i++)
		series_take(call, &answers->items[i], limits, &result->occurrences[i], &against);
	series_settle(call, result);
	result->whole.verdict = BOOKING_FINE;
	if (series_ends(answers, &against))
		result->whole = against;
}

void series_tell(const struct booking_call *call, const char *id, enum series_scope scope,
		 struct series_result *ret_result)
{
	*ret_result = (struct series_result){0};
	if (find_meant(call, id, scope, MEANT_KNOWN, ret_result))
		ret_result->whole.verdict = BOOKING_FINE;
}

void series_cancel_from(const struct booking_call *call, const char *id, enum series_scope scope,
			const char *reason, struct series_result *ret_result)
{
	*ret_result = (struct series_result){0};
	if (!find_meant(call, id, scope, MEANT_WANTED, ret_result))
		return;
	const struct appointment *seen = &ret_result->whole.appointment;
	const struct cancellation cancellation = {
		.by = booking_canceller(call, seen),
		.exempt = identity_is_exempt(call->caller, seen->coach_id),
		.reason = reason,
		.lease_seconds = BOOKING_LEASE_SECONDS,
	};
	const char *ids = "";
	for (size_t i = 0; i < ret_result->count; i++)
		ids = arena_printf(call->mem, "%s%s%s", ids, i > 0 ? "," : "",
				   ret_result->occurrences[i].appointment.id);
	struct store_answers answers = {0};
	enum db_result done = series_cancel(call->worker->db, call->mem, arena_printf(call->mem, "{%s}", ids),
					    &cancellation, &call->actor, &answers);
	if (done != DB_OK)
		booking_fail(&ret_result->whole, done);
	else
		take_changes(call, &answers, NULL, ret_result);
}

/* The coach without the appointments that are about to be moved: they are not in each other's way. */
static struct coach without(const struct coach *coach, const struct series_result *moved, struct arena *mem)
{
	struct coach rest = *coach;
	struct busy_appointment *kept = arena_array(mem, coach->appointment_count, sizeof(*kept));
	struct uuid *ids = arena_array(mem, moved->count, sizeof(*ids));
	for (size_t i = 0; i < moved->count; i++) {
		const char *text = moved->occurrences[i].appointment.id;
		uuid_parse(text, strlen(text), &ids[i]);
	}
	rest.appointment_count = 0;
	for (size_t i = 0; i < coach->appointment_count; i++) {
		bool is_moved = false;
		for (size_t k = 0; k < moved->count && !is_moved; k++)
			is_moved = memcmp(ids[k].bytes, coach->appointments[i].id, sizeof(ids[k].bytes)) == 0;
		if (!is_moved)
			kept[rest.appointment_count++] = coach->appointments[i];
	}
	rest.appointments = kept;
	rest.occupied = NULL;
	return rest;
}

/* Where each goes, on the coach's clock: as many days later as the one that was named, at the same time of
 * day. False: the result says why not. */
static bool make_moves(struct plan *plan, const struct booking_wish *wish, struct series_result *result)
{
	const struct zone *zone = plan->coach->schedule->zone;
	const struct appointment *seen = &result->whole.appointment;
	const civil_day days = zone_day(zone, wish->start) - zone_day(zone, seen->starts_at);
	const int second = zone_civil(zone, wish->start).second_of_day;
	const struct zone *client = seen->client_time_zone != NULL ? zone_find(seen->client_time_zone) : NULL;
	plan->count = result->count;
	plan->offers = arena_array(plan->call->mem, plan->count, sizeof(*plan->offers));
	for (size_t i = 0; i < plan->count; i++) {
		const struct occurrence *old = &result->occurrences[i];
		const seconds duration = wish->duration_minutes != 0
						 ? wish->duration_minutes * SECONDS_PER_MINUTE
						 : old->end - old->start;
		const instant start = zone_instant(zone, zone_day(zone, old->start) + days, second);
		offer_make(plan->call, plan->coach, plan->type, client,
			   (struct interval){start, start + duration}, &plan->offers[i]);
		if (!offer_is_in_time(&plan->offers[i], &result->whole))
			return false;
	}
	return true;
}

/* What the cut-offs and the slot rules say of each move. False: the calendar cannot be asked. */
static bool judge_moves(struct plan *plan, const struct booking_wish *wish, struct series_result *result)
{
	const struct booking_call *call = plan->call;
	const struct coach rest = without(plan->coach, result, call->mem);
	plan->question = plan->offers[0].question;
	plan->question.day_binds = plan->question.exempt;
	plan->question.stays = true;
	plan->question.overridden = wish->overridden;
	if (!plan_find_busy(plan, true, &result->whole))
		return false;
	plan->question.calendar = offer_without_own_events(plan->coach, plan->question.calendar, call->mem);
	availability_facts(&rest, NULL, NULL, call->mem, &plan->question);
	for (size_t i = 0; i < plan->count; i++) {
		struct occurrence *occurrence = &result->occurrences[i];
		const struct appointment_facts facts = appointment_facts(&occurrence->appointment);
		const enum refusal refusal =
			appointment_terms(&facts, call->now, plan->question.exempt).reschedule;
		struct occurrence judged;
		plan->question.duration = plan->offers[i].end - plan->offers[i].start;
		plan_judge(plan, &plan->offers[i], &judged);
		occurrence->refusal = refusal != REFUSAL_NONE ? refusal : judged.refusal;
		occurrence->detail = refusal != REFUSAL_NONE ? refusal_sentence(refusal) : judged.detail;
	}
	return true;
}

/* The moves that may be made, in an order in which each finds its time free. */
static const char *moves_of(const struct plan *plan, const struct series_result *result, bool backwards)
{
	__attribute__((cleanup(buffer_clear))) struct buffer text;
	struct json_writer writer;
	buffer_init(&text, TIMES_BYTES_MAX);
	json_writer_init(&writer, &text);
	json_write_array(&writer, NULL);
	for (size_t i = 0; i < plan->count; i++) {
		const size_t at = backwards ? plan->count - 1 - i : i;
		if (result->occurrences[at].refusal == REFUSAL_NONE)
			plan_write_time(&writer, result->occurrences[at].appointment.id, at,
					&plan->offers[at], NULL, NULL);
	}
	json_write_array_end(&writer);
	return arena_strdup(plan->call->mem, buffer_text(&text));
}

void series_move_from(const struct booking_call *call, const char *id, enum series_scope scope,
		      const struct booking_wish *wish, struct series_result *ret_result)
{
	*ret_result = (struct series_result){0};
	COACH_LOCAL coach = NULL;
	if (!find_meant(call, id, scope, MEANT_SCHEDULED, ret_result) ||
	    !booking_coach_now(call, ret_result->whole.appointment.coach_id, &coach, &ret_result->whole))
		return;
	const struct appointment seen = ret_result->whole.appointment;
	struct plan plan = {.call = call, .coach = coach};
	plan.type = schedule_type(coach->schedule, seen.session_type);
	const bool exempt = identity_is_exempt(call->caller, seen.coach_id);
	if (plan.type == NULL || ((wish->overridden != 0 || wish->reason != NULL) && !exempt)) {
		ret_result->whole.verdict = plan.type == NULL ? BOOKING_UNKNOWN_TYPE : BOOKING_FORBIDDEN;
		return;
	}
	if (!make_moves(&plan, wish, ret_result) || !judge_moves(&plan, wish, ret_result))
		return;
	struct offer limited = plan.offers[0];
	limited.question = plan.question;
	const bool backwards = wish->start > seen.starts_at;
	const struct series_booking series = {
		.common = {.coach_id = coach->id,
			   .lease_seconds = BOOKING_LEASE_SECONDS,
			   .max_changes = exempt ? -1 : BOOKING_CHANGES_A_DAY,
			   .reason = wish->reason,
			   .exempt = exempt},
		.times = moves_of(&plan, ret_result, backwards),
		.limits = offer_limits(&limited),
	};
	struct store_answers answers = {0};
	enum db_result done = series_move(call->worker->db, call->mem, &series, &call->actor, &answers);
	if (done != DB_OK) {
		booking_fail(&ret_result->whole, done);
		return;
	}
	/* Back into the order of the dates, with an answer for each that was asked. */
	struct store_answers all = {arena_array(call->mem, ret_result->count, sizeof(*all.items)),
				    ret_result->count};
	size_t next = 0;
	for (size_t i = 0; i < all.count; i++) {
		const size_t at = backwards ? all.count - 1 - i : i;
		const struct occurrence *occurrence = &ret_result->occurrences[at];
		if (occurrence->refusal == REFUSAL_NONE && next < answers.count)
			all.items[at] = answers.items[next++];
		else
			all.items[at] = (struct store_answer){.outcome = STORE_REFUSED,
							      .refusal = occurrence->refusal,
							      .appointment = occurrence->appointment};
	}
	take_changes(call, &all, &series.limits, ret_result);
}
