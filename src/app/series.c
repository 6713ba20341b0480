#include "app/series.h"

#include "app/coach_sources.h"
#include "base/json.h"
#include "base/uuid.h"
#include "db/credits.h"
#include "offer.h"

#include <string.h>

/* A series on its way: one coach, one type, and a time for each date. */
struct plan {
	const struct booking_call *call;
	const struct coach *coach;
	const struct session_type *type;
	struct offer *offers;
	size_t count;
	struct slot_question question; /* what all are judged by */
};

/* The same time of day on the coach's clock, so many days later. */
static instant later_by_days(const struct zone *zone, instant start, civil_day days)
{
	struct civil_time civil = zone_civil(zone, start);
	return zone_instant(zone, zone_day(zone, start) + days, civil.second_of_day);
}

static bool find_busy(struct plan *plan, bool afresh, struct booking_result *result)
{
	const struct booking_call *call = plan->call;
	const struct interval span = {plan->offers[0].blocked.start,
				      plan->offers[plan->count - 1].blocked.end};
	struct calendar_busy busy = {0};
	const struct calendar_question question = {
		.coach_id = plan->coach->id, .within = span, .now = call->now, .deadline = call->deadline};
	if (afresh)
		calendar_busy_booking(call->calendars, call->worker, &question, call->mem, &busy);
	else
		calendar_busy_listing(call->calendars, call->worker, &question, call->mem, &busy);
	coach_sources_join(plan->coach, span, call->now, call->mem, &busy);
	plan->question.calendar = busy.times;
	if (busy.knowledge == CALENDAR_UNKNOWN)
		result->verdict = BOOKING_CALENDAR_UNAVAILABLE;
	return busy.knowledge != CALENDAR_UNKNOWN;
}

static void judge(const struct plan *plan, const struct offer *offer, struct occurrence *ret_occurrence)
{
	const struct slot_verdict verdict = slot_judge(&plan->question, offer->start, plan->call->mem);
	const struct slot_listener listener = {.zone = offer->zone, .coach = plan->question.day_binds};
	*ret_occurrence = (struct occurrence){
		.start = offer->start,
		.end = offer->end,
		.reasons = offer_tell(plan->call, &plan->question, offer->start, &verdict, listener),
	};
	if (verdict.count == 0)
		return;
	ret_occurrence->refusal = ret_occurrence->reasons.items[0].rule;
	ret_occurrence->detail = ret_occurrence->reasons.items[0].detail;
}

/* The dates, and what the rules say of each. False: the result says why not. */
static bool make_plan(struct plan *plan, const struct series_wish *wish, bool afresh,
		      struct series_result *result)
{
	const struct booking_call *call = plan->call;
	plan->type = schedule_type_offered(plan->coach->schedule, wish->first.session_type);
	if (plan->type == NULL) {
		result->whole.verdict = BOOKING_UNKNOWN_TYPE;
		return false;
	}
	if (!booking_takes_guests(session_type_shared(plan->type), wish->first.guests, &result->whole))
		return false;
	const int64_t minutes =
		wish->first.duration_minutes != 0 ? wish->first.duration_minutes : plan->type->durations[0];
	plan->count = (size_t)wish->count;
	plan->offers = arena_array(call->mem, plan->count, sizeof(*plan->offers));
	for (size_t i = 0; i < plan->count; i++) {
		const instant start = later_by_days(plan->coach->schedule->zone, wish->first.start,
						    (civil_day)((int64_t)i * wish->every_weeks * 7));
		offer_make(call, plan->coach, plan->type, wish->first.zone,
			   (struct interval){start, start + minutes * SECONDS_PER_MINUTE}, &plan->offers[i]);
		if (!offer_is_in_time(&plan->offers[i], &result->whole))
			return false;
	}
	plan->question = plan->offers[0].question;
	availability_facts(plan->coach, call->caller->user_id, NULL, call->mem, &plan->question);
	if (!find_busy(plan, afresh, &result->whole))
		return false;
	result->zone = plan->coach->schedule->zone;
	result->count = plan->count;
	result->occurrences = arena_array(call->mem, plan->count, sizeof(*result->occurrences));
	for (size_t i = 0; i < plan->count; i++)
		judge(plan, &plan->offers[i], &result->occurrences[i]);
	return true;
}

/* Whether as many dates are good as the client wants: all, or any. */
static bool are_enough(const struct series_wish *wish, const struct series_result *result)
{
	size_t good = 0;
	for (size_t i = 0; i < result->count; i++)
		good += result->occurrences[i].refusal == REFUSAL_NONE;
	return good >= (wish->skip ? 1 : result->count);
}

/* The coach as the database has them now, by an id or as the only one there is. False: the result says why
 * not. */
static bool find_coach(const struct booking_call *call, const char *id, const struct coach **ret_coach,
		       struct booking_result *result)
{
	COACH_LOCAL named = NULL;
	return booking_coach(call, id, &named, result) &&
	       booking_coach_now(call, named->id, ret_coach, result);
}

static void refuse_occurrence(struct occurrence *occurrence, enum refusal refusal, const char *detail,
			      struct arena *mem)
{
	told_reasons_add(&occurrence->reasons, refusal, detail, mem);
	occurrence->refusal = refusal;
	occurrence->detail = detail;
}

/*
 * What the client has left is spent on the dates that are free, one after the other; the rest cannot be
 * booked. False: the database failed.
 */
static bool judge_standing(const struct plan *plan, struct series_result *result)
{
	const struct booking_call *call = plan->call;
	const struct session_type *type = plan->type;
	struct client_standing standing = {0};
	if (plan->question.exempt || !session_type_asks_standing(type))
		return true;
	if (client_standing(call->worker->db, plan->coach->id, call->caller->user_id, type, &standing) !=
	    DB_OK)
		return false;
	for (size_t i = 0; i < result->count; i++) {
		struct occurrence *occurrence = &result->occurrences[i];
		if (occurrence->refusal != REFUSAL_NONE)
			continue;
		if (client_total_reached(&standing, type))
			refuse_occurrence(occurrence, REFUSAL_BOOKING_LIMIT, client_total_sentence,
					  call->mem);
		if (standing.credits < type->price.credits)
			refuse_occurrence(
				occurrence, REFUSAL_CREDITS_REQUIRED,
				booking_credits_sentence(call, type->price.credits, standing.credits, false),
				call->mem);
		if (occurrence->refusal != REFUSAL_NONE)
			continue;
		standing.total++;
		standing.credits -= type->price.credits;
	}
	return true;
}

void series_preview(const struct booking_call *call, const struct series_wish *wish,
		    struct series_result *ret_result)
{
	*ret_result = (struct series_result){0};
	COACH_LOCAL coach = NULL;
	if (!find_coach(call, wish->first.coach_id, &coach, &ret_result->whole))
		return;
	struct plan plan = {.call = call, .coach = coach};
	if (!make_plan(&plan, wish, false, ret_result))
		return;
	ret_result->whole.verdict =
		judge_standing(&plan, ret_result) ? BOOKING_FINE : BOOKING_DATABASE_UNAVAILABLE;
}

/* ---- what all of them are given to the database as ---- */

static void write_time(struct json_writer *writer, const char *id, const struct offer *offer,
		       const char *answers, const char *meeting_url)
{
	const struct zone *zone = offer->coach->schedule->zone;
	const civil_day day = zone_day(zone, offer->start);
	json_write_object(writer, NULL);
	json_write_text(writer, "id", id);
	json_write_instant(writer, "starts_at", offer->start);
	json_write_instant(writer, "ends_at", offer->end);
	json_write_instant(writer, "blocked_from", offer->blocked.start);
	json_write_instant(writer, "blocked_to", offer->blocked.end);
	json_write_instant(writer, "day_from", zone_instant(zone, day, 0));
	json_write_instant(writer, "day_to", zone_instant(zone, day + 1, 0));
	if (answers != NULL)
		json_write_text(writer, "answers", answers);
	if (meeting_url != NULL)
		json_write_text(writer, "meeting_url", meeting_url);
	json_write_object_end(writer);
}

enum { TIMES_BYTES_MAX = 1024 * 1024 };

/* The dates that can be booked, each with a new id and the answers sealed for it. NULL: the result says why
 * not. */
static const char *times_of(const struct plan *plan, const struct series_wish *wish,
			    struct series_result *result)
{
	const struct booking_call *call = plan->call;
	__attribute__((cleanup(buffer_clear))) struct buffer text;
	struct json_writer writer;
	buffer_init(&text, TIMES_BYTES_MAX);
	json_writer_init(&writer, &text);
	json_write_array(&writer, NULL);
	for (size_t i = 0; i < plan->count; i++) {
		char id[UUID_TEXT_SIZE];
		const char *answers = NULL;
		if (result->occurrences[i].refusal != REFUSAL_NONE)
			continue;
		uuid_format(uuid_new(call->now), id);
		if (!booking_seal_answers(call, plan->type, wish->first.answers, id, &answers,
					  &result->whole))
			return NULL;
		write_time(&writer, id, &plan->offers[i], answers,
			   meeting_url_for(call->mem, plan->type->meeting.url, id));
	}
	json_write_array_end(&writer);
	return arena_strdup(call->mem, buffer_text(&text));
}

/* What the database answered of one date. */
static void take_answer(const struct booking_call *call, const struct store_answer *answer,
			const struct booking_limits *limits, struct occurrence *occurrence,
			struct booking_result *whole)
{
	struct booking_result one = {0};
	booking_answer(call, answer, limits, &one);
	occurrence->refusal = one.refusal;
	occurrence->detail = one.detail;
	if (one.verdict == BOOKING_FINE)
		occurrence->appointment = one.appointment;
	else if (one.verdict != BOOKING_REFUSED || one.refusal == REFUSAL_ADDRESS_NOT_VERIFIED)
		*whole = one; /* it stands against all of them */
}

/* Caches go, and Google is told for as long as the reply may wait; the rest follows by itself. */
static void settle(const struct booking_call *call, struct series_result *result)
{
	for (size_t i = 0; i < result->count; i++) {
		struct occurrence *occurrence = &result->occurrences[i];
		struct booking_result one = {.appointment = occurrence->appointment, .moved_or_new = true};
		if (occurrence->appointment.id[0] == '\0')
			continue;
		booking_settle(call, &one);
		occurrence->appointment = one.appointment;
	}
}

/* Answers come in the order of the dates, for those that were good until then. */
static void take_answers(const struct booking_call *call, const struct store_answers *answers,
			 const struct booking_limits *limits, struct series_result *result)
{
	size_t next = 0;
	size_t without_code = 0;
	for (size_t i = 0; i < result->count && next < answers->count; i++) {
		if (result->occurrences[i].refusal != REFUSAL_NONE)
			continue;
		take_answer(call, &answers->items[next++], limits, &result->occurrences[i], &result->whole);
		without_code += result->occurrences[i].refusal == REFUSAL_PROMO_CODE_INVALID;
	}
	/* Of no use for any of them it is a wrong code, as for one booking. */
	if (without_code > 0 && without_code == next)
		booking_refuse(&result->whole, REFUSAL_PROMO_CODE_INVALID,
			       refusal_sentence(REFUSAL_PROMO_CODE_INVALID));
}

static void book_plan(const struct plan *plan, const struct series_wish *wish, struct series_result *result)
{
	const struct booking_call *call = plan->call;
	struct series_booking series = {
		.id = result->id, .all = !wish->skip, .limits = offer_limits(&plan->offers[0])};
	if (!booking_person(call, &wish->first, plan->coach, &series.common, &result->whole))
		return;
	series.common.coach_id = plan->coach->id;
	series.common.session_type = plan->type->id;
	series.common.meeting = plan->type->meeting;
	booking_take_terms(&plan->offers[0], &series.common);
	series.times = times_of(plan, wish, result);
	if (series.times == NULL)
		return;
	struct store_answers answers = {0};
	enum db_result done = series_book(call->worker->db, call->mem, &series, &call->actor, &answers);
	if (done != DB_OK) {
		booking_fail(&result->whole, done);
		return;
	}
	result->whole.verdict = BOOKING_CREATED;
	take_answers(call, &answers, &series.limits, result);
	if (result->whole.verdict != BOOKING_CREATED)
		return;
	if (!are_enough(wish, result))
		result->whole.verdict = BOOKING_REFUSED;
	else
		settle(call, result);
}

void series_create(const struct booking_call *call, const struct series_wish *wish,
		   struct series_result *ret_result)
{
	*ret_result = (struct series_result){0};
	uuid_format(uuid_new(call->now), ret_result->id);
	COACH_LOCAL coach = NULL;
	if (!find_coach(call, wish->first.coach_id, &coach, &ret_result->whole))
		return;
	struct plan plan = {.call = call, .coach = coach};
	if (!make_plan(&plan, wish, true, ret_result))
		return;
	if (!are_enough(wish, ret_result)) {
		ret_result->whole.verdict = BOOKING_REFUSED;
		return;
	}
	book_plan(&plan, wish, ret_result);
}

/* ---- of those that stand ---- */

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

/* As take_answers, for appointments that stay where they are refused. */
static void take_changes(const struct booking_call *call, const struct store_answers *answers,
			 const struct booking_limits *limits, struct series_result *result)
{
	result->whole.verdict = BOOKING_FINE;
	for (size_t i = 0; i < result->count && i < answers->count; i++) {
		const struct appointment before = result->occurrences[i].appointment;
		struct booking_result one = {0};
		booking_answer(call, &answers->items[i], limits, &one);
		result->occurrences[i].refusal = one.refusal;
		result->occurrences[i].detail = one.detail;
		result->occurrences[i].appointment = one.verdict == BOOKING_FINE ? one.appointment : before;
		if (one.verdict != BOOKING_FINE && one.verdict != BOOKING_REFUSED)
			result->whole = one;
	}
	if (result->whole.verdict == BOOKING_FINE)
		settle(call, result);
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
	plan->question.overridden = wish->overridden;
	if (!find_busy(plan, true, &result->whole))
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
		judge(plan, &plan->offers[i], &judged);
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
			write_time(&writer, result->occurrences[at].appointment.id, &plan->offers[at], NULL,
				   NULL);
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
