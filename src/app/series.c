#include "series_plan.h"

#include "app/coach_sources.h"
#include "base/uuid.h"
#include "db/credits.h"

#include <string.h>

/* The same time of day on the coach's clock, so many days later. */
static instant later_by_days(const struct zone *zone, instant start, civil_day days)
{
	struct civil_time civil = zone_civil(zone, start);
	return zone_instant(zone, zone_day(zone, start) + days, civil.second_of_day);
}

bool plan_find_busy(struct plan *plan, bool afresh, struct booking_result *result)
{
	const struct booking_call *call = plan->call;
	const struct interval span = {plan->offers[0].blocked.start,
				      plan->offers[plan->count - 1].blocked.end};
	struct calendar_busy busy = {0};
	if ((plan->question.overridden & 1u << REFUSAL_CALENDAR_BUSY) != 0)
		return true;
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

void plan_judge(const struct plan *plan, const struct offer *offer, struct occurrence *ret_occurrence)
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

static void refuse_occurrence(struct occurrence *occurrence, enum refusal refusal, const char *detail,
			      struct arena *mem)
{
	told_reasons_add(&occurrence->reasons, refusal, detail, mem);
	occurrence->refusal = refusal;
	occurrence->detail = detail;
}

/* Whether the client has a seat in the session that stands there, or holds one. */
static bool has_seat(const struct plan *plan, const struct offer *offer)
{
	const uint64_t client = coaches_user_hash(plan->client);
	for (size_t i = 0; i < plan->coach->appointment_count; i++) {
		const struct busy_appointment *seat = &plan->coach->appointments[i];
		if (seat->seat && seat->live && seat->user == client && seat->start == offer->start &&
		    seat->length == offer->end - offer->start &&
		    (seat->hold_expires_at == 0 || seat->hold_expires_at > plan->call->now))
			return true;
	}
	return false;
}

/* What the rules say of each date. A session that the client has a seat in is taken, though it has others. */
static void judge_dates(struct plan *plan, struct series_result *result)
{
	const struct booking_call *call = plan->call;
	availability_sessions(plan->coach, plan->client, NULL, call->mem, &plan->question);
	for (size_t i = 0; i < plan->count; i++) {
		struct occurrence *occurrence = &result->occurrences[i];
		plan_judge(plan, &plan->offers[i], occurrence);
		if (occurrence->refusal == REFUSAL_NONE && has_seat(plan, &plan->offers[i]))
			refuse_occurrence(occurrence, REFUSAL_SLOT_TAKEN,
					  plan->question.day_binds
						  ? "This client already has a seat in this session."
						  : "You already have a seat in this session.",
					  call->mem);
	}
}

/* The dates, and what the rules say of each. False: the result says why not. */
static bool make_plan(struct plan *plan, const struct series_wish *wish, bool afresh,
		      struct series_result *result)
{
	const struct booking_call *call = plan->call;
	const struct schedule *schedule = plan->coach->schedule;
	plan->client = wish->for_client ? wish->first.client_id : call->caller->user_id;
	plan->type = wish->for_client ? schedule_type(schedule, wish->first.session_type)
				      : schedule_type_offered(schedule, wish->first.session_type);
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
		const instant start = later_by_days(schedule->zone, wish->first.start,
						    (civil_day)((int64_t)i * wish->every_weeks * 7));
		offer_make(call, plan->coach, plan->type, wish->first.zone,
			   (struct interval){start, start + minutes * SECONDS_PER_MINUTE}, &plan->offers[i]);
		plan->offers[i].question.day_binds = wish->for_client;
		plan->offers[i].question.overridden = wish->first.overridden;
		if (!offer_is_in_time(&plan->offers[i], &result->whole))
			return false;
	}
	plan->question = plan->offers[0].question;
	availability_facts(plan->coach, plan->client, NULL, call->mem, &plan->question);
	if (!plan_find_busy(plan, afresh, &result->whole))
		return false;
	/* Who is told why: an appointment, not its event, is in the way. */
	plan->question.calendar = offer_without_own_events(plan->coach, plan->question.calendar, call->mem);
	result->zone = schedule->zone;
	result->coach_id = arena_strdup(call->mem, plan->coach->id);
	result->count = plan->count;
	result->occurrences = arena_array(call->mem, plan->count, sizeof(*result->occurrences));
	judge_dates(plan, result);
	return true;
}

static size_t count_good(const struct series_result *result)
{
	size_t good = 0;
	for (size_t i = 0; i < result->count; i++)
		good += result->occurrences[i].refusal == REFUSAL_NONE;
	return good;
}

/* Whether as many dates are good as the client wants: all, or any. */
static bool are_enough(const struct series_wish *wish, const struct series_result *result)
{
	return count_good(result) >= (wish->skip ? 1 : result->count);
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

/*
 * What the client has left is spent on the dates that are free, one after the other; the rest cannot be
 * booked. False: the database failed.
 */
static bool judge_standing(const struct plan *plan, struct series_result *result)
{
	const struct booking_call *call = plan->call;
	const struct session_type *type = plan->type;
	struct client_standing standing = {0};
	const bool to_coach = plan->question.day_binds;
	const bool free = plan->question.exempt &&
			  (!to_coach || (plan->question.overridden & 1u << REFUSAL_CREDITS_REQUIRED) != 0);
	if (free || !session_type_asks_standing(type))
		return true;
	if (client_standing(call->worker->db, plan->coach->id, plan->client, type, &standing) != DB_OK)
		return false;
	for (size_t i = 0; i < result->count; i++) {
		struct occurrence *occurrence = &result->occurrences[i];
		if (occurrence->refusal != REFUSAL_NONE)
			continue;
		if (!plan->question.exempt && client_total_reached(&standing, type))
			refuse_occurrence(occurrence, REFUSAL_BOOKING_LIMIT, client_total_sentence,
					  call->mem);
		if (standing.credits < type->price.credits)
			refuse_occurrence(occurrence, REFUSAL_CREDITS_REQUIRED,
					  booking_credits_sentence(call, type->price.credits,
								   standing.credits, to_coach),
					  call->mem);
		if (occurrence->refusal != REFUSAL_NONE)
			continue;
		standing.total++;
		standing.credits -= type->price.credits;
	}
	return true;
}

static void tell_preview(const struct plan *plan, struct series_result *result)
{
	result->whole.verdict = judge_standing(plan, result) ? BOOKING_FINE : BOOKING_DATABASE_UNAVAILABLE;
}

/* ---- what all of them are given to the database as ---- */

void plan_write_time(struct json_writer *writer, const char *id, size_t place, const struct offer *offer,
		     const char *answers, const char *meeting_url)
{
	const struct zone *zone = offer->coach->schedule->zone;
	const civil_day day = zone_day(zone, offer->start);
	json_write_object(writer, NULL);
	json_write_text(writer, "id", id);
	json_write_integer(writer, "place", (int64_t)place);
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
		/* A coach is asked nothing: the client answers until it starts. */
		if (!wish->for_client && !booking_seal_answers(call, plan->type, wish->first.answers, id,
							       &answers, &result->whole))
			return NULL;
		plan_write_time(&writer, id, i, &plan->offers[i], answers,
				meeting_url_for(call->mem, plan->type->meeting.url, id));
	}
	json_write_array_end(&writer);
	return arena_strdup(call->mem, buffer_text(&text));
}

void series_take(const struct booking_call *call, const struct store_answer *answer,
		 const struct booking_limits *limits, struct occurrence *occurrence,
		 struct booking_result *against)
{
	struct booking_result one = {0};
	booking_answer(call, answer, limits, &one);
	if (one.verdict == BOOKING_FINE) {
		occurrence->appointment = one.appointment;
		return;
	}
	if (one.verdict != BOOKING_REFUSED || one.refusal == REFUSAL_ADDRESS_NOT_VERIFIED)
		*against = one;
	if (one.verdict != BOOKING_REFUSED)
		booking_refuse(&one, REFUSAL_BOOKING_LIMIT,
			       "No more can be booked or changed today. Please try again tomorrow.");
	occurrence->refusal = one.refusal;
	occurrence->detail = one.detail;
}

bool series_ends(const struct store_answers *answers, const struct booking_result *against)
{
	bool done = false;
	for (size_t i = 0; i < answers->count; i++)
		done = done || (answers->items[i].outcome == STORE_DONE &&
				answers->items[i].appointment.id[0] != '\0');
	return against->verdict == BOOKING_FAILURE || (against->verdict != BOOKING_FINE && !done);
}

/* With all or none: whether it became none, for the sake of those that could not be booked. */
static bool is_undone(const struct store_answers *answers, bool all)
{
	bool undone = false;
	for (size_t i = 0; i < answers->count; i++)
		undone = undone || (all && answers->items[i].outcome != STORE_DONE);
	return undone;
}

void series_settle(const struct booking_call *call, struct series_result *result)
{
	for (size_t i = 0; i < result->count; i++) {
		struct occurrence *occurrence = &result->occurrences[i];
		struct booking_result one = {.appointment = occurrence->appointment, .moved_or_new = true};
		if (occurrence->refusal != REFUSAL_NONE || occurrence->appointment.id[0] == '\0')
			continue;
		booking_settle(call, &one);
		occurrence->appointment = one.appointment;
	}
}

/* Answers come in the order of the dates, for those that were good until then. */
static void take_answers(const struct booking_call *call, const struct store_answers *answers,
			 const struct series_booking *series, struct series_result *result)
{
	struct booking_result against = {.verdict = BOOKING_FINE};
	const bool undone = is_undone(answers, series->all);
	size_t next = 0;
	size_t without_code = 0;
	for (size_t i = 0; i < result->count && next < answers->count; i++) {
		if (result->occurrences[i].refusal != REFUSAL_NONE)
			continue;
		const struct store_answer *answer = &answers->items[next++];
		if (undone && answer->outcome == STORE_DONE)
			continue; /* it could have been had */
		series_take(call, answer, &series->limits, &result->occurrences[i], &against);
		without_code += result->occurrences[i].refusal == REFUSAL_PROMO_CODE_INVALID;
	}
	if (series_ends(answers, &against))
		result->whole = against;
	/* Of no use for any of them it is a wrong code, as for one booking. */
	if (without_code > 0 && without_code == next)
		booking_refuse(&result->whole, REFUSAL_PROMO_CODE_INVALID,
			       refusal_sentence(REFUSAL_PROMO_CODE_INVALID));
}

/* `candidates`: out of whom the coach was chosen; NULL: the client named them. */
static void book_plan(const struct plan *plan, const struct series_wish *wish, const char *candidates,
		      struct series_result *result)
{
	const struct booking_call *call = plan->call;
	struct series_booking series = {
		.id = result->id, .all = !wish->skip, .limits = offer_limits(&plan->offers[0])};
	if (!(wish->for_client ? booking_client : booking_person)(call, &wish->first, plan->coach,
								  &series.common, &result->whole))
		return;
	series.common.coach_id = plan->coach->id;
	series.common.candidates = candidates;
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
	take_answers(call, &answers, &series, result);
	series_settle(call, result);
	if (result->whole.verdict == BOOKING_CREATED && !are_enough(wish, result))
		result->whole.verdict = BOOKING_REFUSED;
}

static void book_if_enough(const struct plan *plan, const struct series_wish *wish, const char *candidates,
			   struct series_result *result)
{
	if (are_enough(wish, result))
		book_plan(plan, wish, candidates, result);
	else
		result->whole.verdict = BOOKING_REFUSED;
}

/* ---- with any coach ---- */

/* One of those who may give all of it, and what the rules say of each date with them. */
struct chance {
	const struct coach *coach; /* to be released */
	struct plan plan;
	struct series_result result;
	size_t good; /* dates that can be had */
	bool planned;
	bool tried;
};

struct chances {
	struct chance *items; /* in the order of their turn */
	size_t count;
	const char *names; /* of all candidates */
};

static void chances_clear(struct chances *chances)
{
	for (size_t i = 0; i < chances->count; i++)
		coach_release(chances->items[i].coach);
}

/* What the series would be with each who offers such sessions. False: the result says why there is none. */
static bool find_chances(const struct booking_call *call, struct series_wish *wish, bool afresh,
			 struct chances *chances, struct series_result *result)
{
	CANDIDATES_LOCAL candidates = {0};
	struct turn *turns = NULL;
	size_t count = 0;
	if (!booking_candidates(call, &wish->first, &candidates, &turns, &count, &result->whole))
		return false;
	chances->names = candidates_names(turns, count, call->mem);
	chances->items = arena_array(call->mem, count, sizeof(*chances->items));
	for (size_t i = 0; i < count; i++) {
		struct chance *chance = &chances->items[chances->count++];
		*chance = (struct chance){.plan.call = call};
		if (!booking_coach_now(call, turns[i].coach_id, &chance->coach, &chance->result.whole)) {
			result->whole = chance->result.whole;
			if (result->whole.verdict == BOOKING_DATABASE_UNAVAILABLE)
				return false;
			continue; /* just removed */
		}
		chance->plan.coach = chance->coach;
		chance->planned = make_plan(&chance->plan, wish, afresh, &chance->result);
		chance->good = chance->planned ? count_good(&chance->result) : 0;
	}
	return true;
}

/* Who can give most of it, and among equals whose turn it is. NULL: all were tried. */
static struct chance *best_chance(const struct chances *chances)
{
	struct chance *best = NULL;
	for (size_t i = 0; i < chances->count; i++) {
		struct chance *one = &chances->items[i];
		if (!one->tried &&
		    (best == NULL || (one->planned && !best->planned) || one->good > best->good))
			best = one;
	}
	return best;
}

static void preview_any(const struct booking_call *call, const struct series_wish *asked,
			struct series_result *result)
{
	struct series_wish wish = *asked;
	__attribute__((cleanup(chances_clear))) struct chances chances = {0};
	if (!find_chances(call, &wish, false, &chances, result))
		return;
	for (size_t i = 0; i < chances.count; i++) {
		struct chance *chance = &chances.items[i];
		if (!chance->planned)
			continue;
		tell_preview(&chance->plan, &chance->result);
		chance->good = count_good(&chance->result);
	}
	*result = best_chance(&chances)->result;
}

/* With who can give most of it; where somebody else is faster, with the next. */
static void create_any(const struct booking_call *call, const struct series_wish *asked,
		       struct series_result *result)
{
	struct series_wish wish = *asked;
	__attribute__((cleanup(chances_clear))) struct chances chances = {0};
	if (!find_chances(call, &wish, true, &chances, result))
		return;
	bool first = true;
	for (struct chance *best = best_chance(&chances); best != NULL; best = best_chance(&chances)) {
		struct series_result tried = best->result;
		best->tried = true;
		memcpy(tried.id, result->id, sizeof(tried.id));
		if (best->planned)
			book_if_enough(&best->plan, &wish, chances.names, &tried);
		const bool last = best->planned && !booking_next_may_serve(&tried.whole);
		if (first || last)
			*result = tried;
		if (last)
			return;
		first = false;
	}
}

static bool wants_any(const struct series_wish *wish)
{
	return wish->first.coach_id != NULL && strcmp(wish->first.coach_id, COACH_ANY) == 0;
}

void series_preview(const struct booking_call *call, const struct series_wish *wish,
		    struct series_result *ret_result)
{
	*ret_result = (struct series_result){0};
	COACH_LOCAL coach = NULL;
	if (wants_any(wish)) {
		preview_any(call, wish, ret_result);
		return;
	}
	if (!find_coach(call, wish->first.coach_id, &coach, &ret_result->whole))
		return;
	struct plan plan = {.call = call, .coach = coach};
	if (make_plan(&plan, wish, false, ret_result))
		tell_preview(&plan, ret_result);
}

void series_create(const struct booking_call *call, const struct series_wish *asked,
		   struct series_result *ret_result)
{
	*ret_result = (struct series_result){0};
	uuid_format(uuid_new(call->now), ret_result->id);
	struct series_wish wish = *asked;
	COACH_LOCAL coach = NULL;
	if (wish.for_client && !booking_find_client(call, &wish.first, &ret_result->whole))
		return;
	if (!wish.for_client && wants_any(&wish)) {
		create_any(call, &wish, ret_result);
		return;
	}
	if (!find_coach(call, wish.first.coach_id, &coach, &ret_result->whole))
		return;
	struct plan plan = {.call = call, .coach = coach};
	if (!make_plan(&plan, &wish, true, ret_result))
		return;
	if (wish.for_client && !judge_standing(&plan, ret_result))
		ret_result->whole.verdict = BOOKING_DATABASE_UNAVAILABLE;
	else
		book_if_enough(&plan, &wish, NULL, ret_result);
}
