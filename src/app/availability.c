#include "app/availability.h"

#include "app/coach_sources.h"
#include "base/uuid.h"
#include "db/credits.h"

#include <string.h>

enum {
	WINDOW_MAX_DAYS = 62,
	CALENDAR_DAYS_MAX = 366,
	LOOP_POINTS = 5000, /* of a slot_budget: some 1.5 ms, compressing the reply included */
};

static bool counts(const struct busy_appointment *appointment, instant now, const unsigned char *moving)
{
	return (appointment->hold_expires_at == 0 || appointment->hold_expires_at > now) &&
	       (moving == NULL || memcmp(appointment->id, moving, sizeof(appointment->id)) != 0);
}

/* Which type of the coach's that is. The question may be of another reading of the same schedule. */
static int type_in(const struct coach *coach, const struct session_type *type)
{
	const struct session_type *same = schedule_type(coach->schedule, type->id);
	return same == NULL ? -1 : (int)(same - coach->schedule->types);
}

/* Appointments come by start, so the days come in order too. */
static void count_days(const struct coach *coach, const struct slot_question *question,
		       const unsigned char *moving, struct arena *mem, struct day_count **ret_days,
		       size_t *ret_length)
{
	int type =
		session_type_owns(question->type, POLICY_MAX_PER_DAY) ? type_in(coach, question->type) : -1;
	struct day_count *days = arena_array(mem, coach->appointment_count, sizeof(*days));
	size_t length = 0;
	instant next_day = INT64_MIN;
	instant session = INT64_MIN; /* the last one counted: however many come, it is one */
	for (size_t i = 0; i < coach->appointment_count; i++) {
		const struct busy_appointment *appointment = &coach->appointments[i];
		if (!counts(appointment, question->now, moving) || (type >= 0 && appointment->type != type) ||
		    (appointment->seat && appointment->start == session))
			continue;
		if (appointment->seat)
			session = appointment->start;
		if (appointment->start >= next_day) {
			const struct zone *zone = coach->schedule->zone;
			civil_day day = zone_day(zone, appointment->start);
			if (length == 0 || days[length - 1].date != day)
				days[length++] = (struct day_count){day, 0};
			next_day = zone_instant(zone, day + 1, 0);
		}
		days[length - 1].count++;
	}
	*ret_days = days;
	*ret_length = length;
}

static bool is_active(const struct busy_appointment *appointment, uint64_t user, int type,
		      const unsigned char *moving, instant now)
{
	return appointment->user == user && appointment->live &&
	       busy_appointment_time(appointment).end > now && (type < 0 || appointment->type == type) &&
	       counts(appointment, now, moving);
}

/* Whether an active one of the same series comes before it: a series counts once. */
static bool is_later_of_series(const struct coach *coach, size_t index, uint64_t user, int type,
			       const unsigned char *moving, instant now)
{
	const uint64_t series = coach->appointments[index].series;
	for (size_t i = 0; series != 0 && i < index; i++) {
		if (coach->appointments[i].series == series &&
		    is_active(&coach->appointments[i], user, type, moving, now))
			return true;
	}
	return false;
}

/* How many of the client's appointments count for the limit. Without a limit that is nobody's question. */
static int64_t count_active(const struct coach *coach, const char *user_id, const unsigned char *moving,
			    const struct slot_question *question)
{
	if (user_id == NULL || question->type->policy.max_active_per_user == POLICY_NO_LIMIT)
		return 0;
	uint64_t user = coaches_user_hash(user_id);
	int type = session_type_owns(question->type, POLICY_MAX_ACTIVE_PER_USER)
			   ? type_in(coach, question->type)
			   : -1;
	int64_t count = 0;
	for (size_t i = 0; i < coach->appointment_count; i++) {
		if (is_active(&coach->appointments[i], user, type, moving, question->now) &&
		    !is_later_of_series(coach, i, user, type, moving, question->now))
			count++;
	}
	return count;
}

static struct intervals occupied_now(const struct coach *coach, const unsigned char *moving, instant now,
				     struct arena *mem)
{
	struct interval *busy = arena_array(mem, coach->appointment_count, sizeof(*busy));
	size_t count = 0;
	for (size_t i = 0; i < coach->appointment_count; i++) {
		const struct busy_appointment *appointment = &coach->appointments[i];
		if (counts(appointment, now, moving))
			busy[count++] = busy_appointment_blocked(appointment);
	}
	return (struct intervals){busy, intervals_normalize(busy, count)};
}

void availability_sessions(const struct coach *coach, const char *user_id, const unsigned char *moving,
			   struct arena *mem, struct slot_question *question)
{
	if (!session_type_shared(question->type))
		return;
	const int type = type_in(coach, question->type);
	const uint64_t user = user_id != NULL ? coaches_user_hash(user_id) : 0;
	struct slot_session *sessions = arena_array(mem, coach->appointment_count, sizeof(*sessions));
	size_t count = 0;
	for (size_t i = 0; i < coach->appointment_count; i++) {
		const struct busy_appointment *seat = &coach->appointments[i];
		if (!seat->seat || seat->type != type || seat->length != question->duration || !seat->live ||
		    !counts(seat, question->now, moving))
			continue;
		if (count == 0 || sessions[count - 1].start != seat->start)
			sessions[count++] = (struct slot_session){.start = seat->start};
		sessions[count - 1].taken += user_id == NULL || seat->user != user;
	}
	question->sessions = sessions;
	question->session_count = count;
}

/* The times that are taken, and how many a day where that is limited. */
static void find_occupied(const struct coach *coach, const unsigned char *moving, struct arena *mem,
			  struct slot_question *question)
{
	if (moving == NULL && coach->occupied != NULL)
		question->appointments = (struct intervals){coach->occupied, coach->occupied_count};
	else
		question->appointments = occupied_now(coach, moving, question->now, mem);
	availability_sessions(coach, NULL, moving, mem, question);
	if (question->type->policy.max_per_day != POLICY_NO_LIMIT) {
		struct day_count *days = NULL;
		count_days(coach, question, moving, mem, &days, &question->day_counts_length);
		question->day_counts = days;
	}
}

void availability_facts(const struct coach *coach, const char *user_id, const unsigned char *moving,
			struct arena *mem, struct slot_question *question)
{
	question->active_count = count_active(coach, user_id, moving, question);
	find_occupied(coach, moving, mem, question);
}

/* The window's ends as instants. False: it makes no sense. */
static bool resolve_window(const struct availability_query *query, const struct zone *zone, seconds horizon,
			   instant *ret_from, instant *ret_to)
{
	instant from = query->now;
	if (query->from.given)
		from = query->from.is_day ? zone_instant(zone, query->from.day, 0) : query->from.at;
	instant to = query->now + horizon + 1; /* the horizon itself may be booked, `to` is exclusive */
	if (query->to.given) {
		to = query->to.is_day ? zone_instant(zone, query->to.day + 1, 0) : query->to.at;
		bool backwards =
			query->from.is_day && query->to.is_day ? query->to.day < query->from.day : to < from;
		if (backwards || to > INSTANT_MAX)
			return false;
	} else {
		if (to < from)
			to = from;
		if (to - from > WINDOW_MAX_DAYS * SECONDS_PER_DAY)
			to = from + WINDOW_MAX_DAYS * SECONDS_PER_DAY;
	}
	/* A window that ends with a day is an hour longer where the clocks go back. */
	bool ends_with_day = query->to.given && query->to.is_day;
	if (to - from > WINDOW_MAX_DAYS * SECONDS_PER_DAY + (ends_with_day ? SECONDS_PER_HOUR : 0))
		return false;
	*ret_from = from;
	*ret_to = to;
	return true;
}

static enum availability_outcome outcome_of(enum coach_found found)
{
	switch (found) {
	case COACH_FOUND:
		return AVAILABILITY_OK;
	case COACH_UNKNOWN:
		return AVAILABILITY_UNKNOWN_COACH;
	case COACH_AMBIGUOUS:
		return AVAILABILITY_AMBIGUOUS_COACH;
	case COACH_NOT_IN_MEMORY:
		return AVAILABILITY_NOT_IN_MEMORY;
	case COACH_FAILURE:
		return AVAILABILITY_FAILURE;
	}
	return AVAILABILITY_FAILURE;
}

/* The appointment that is to be moved, if this caller may move it. */
static enum availability_outcome find_moving(const struct availability_query *query, struct worker *worker,
					     struct arena *mem, struct appointment *ret_moving)
{
	const struct identity *caller = query->caller;
	if (caller == NULL || !uuid_parse(query->rescheduling, strlen(query->rescheduling), NULL))
		return AVAILABILITY_UNKNOWN_APPOINTMENT;
	enum db_result result =
		appointments_of_party(worker->db, mem, query->rescheduling,
				      &(struct appointment_party){.user_id = caller->user_id,
								  .coach_id = caller->coach,
								  .further_coaches = caller->further_coaches,
								  .all = caller->role == IDENTITY_ADMIN},
				      ret_moving);
	if (result != DB_OK)
		return result == DB_NONE ? AVAILABILITY_UNKNOWN_APPOINTMENT : AVAILABILITY_FAILURE;
	if (ret_moving->status != APPOINTMENT_SCHEDULED ||
	    (query->coach_id != NULL && strcmp(ret_moving->coach_id, query->coach_id) != 0))
		return AVAILABILITY_UNKNOWN_APPOINTMENT;
	return AVAILABILITY_OK;
}

/* A query whose coach is known: everything but what the calendar says. */
struct listing {
	const struct availability_query *query;
	const struct appointment *moving; /* NULL: none */
	struct uuid moving_id;
	const char *client; /* whose limits count; NULL: nobody's */
	struct slot_question question;
	struct interval asked; /* what must be known of the calendar */
	bool none;             /* the client has had all that one may have of the type */
	struct availability answer;
};

static const unsigned char *moving_bytes(const struct listing *listing)
{
	return listing->moving != NULL ? listing->moving_id.bytes : NULL;
}

/* Of which kind and length: as the query says, else as the moved appointment is. */
static enum availability_outcome find_type(struct listing *listing)
{
	const struct availability_query *query = listing->query;
	const struct appointment *moving = listing->moving;
	struct availability *answer = &listing->answer;
	const char *type = query->session_type;
	if (type == NULL && moving != NULL)
		type = moving->session_type;
	const bool drafts = moving != NULL || (query->client_id != NULL && type != NULL);
	answer->type = drafts ? schedule_type(answer->coach->schedule, type)
			      : schedule_type_offered(answer->coach->schedule, type);
	if (answer->type == NULL)
		return AVAILABILITY_UNKNOWN_TYPE;
	answer->duration_minutes = query->duration_minutes;
	if (query->duration_minutes == 0)
		answer->duration_minutes =
			moving != NULL && strcmp(moving->session_type, answer->type->id) == 0
				? (moving->ends_at - moving->starts_at) / SECONDS_PER_MINUTE
				: answer->type->durations[0];
	return session_type_offers(answer->type, answer->duration_minutes) ? AVAILABILITY_OK
									   : AVAILABILITY_BAD_DURATION;
}

/*
 * What must be known of the calendar: from now to the horizon, for `next_available` too. Widened to whole
 * hours and days, so that the cached times serve the requests of the next hours; a year ahead at most, since
 * Google is asked in portions of 60 days. Whoever looks further (a long horizon, a coach) has just that
 * window asked. Beyond the horizon a client can book nothing, so for them Google is asked nothing about it:
 * else anybody could spend the coach's quota.
 */
static struct interval calendar_window(const struct slot_question *question, instant from, instant to)
{
	const struct policy *policy = &question->type->policy;
	seconds reach = policy->horizon_days * SECONDS_PER_DAY;
	if (reach > CALENDAR_DAYS_MAX * SECONDS_PER_DAY)
		reach = CALENDAR_DAYS_MAX * SECONDS_PER_DAY;
	instant start = question->now;
	instant end = question->now + reach;
	instant horizon = question->now + policy->horizon_days * SECONDS_PER_DAY + 1;
	if (!question->exempt && to > horizon)
		to = horizon;
	if (from > to)
		from = to;
	if (to > end + 1) {
		start = from > end ? from : start;
		end = to;
	}
	start -= policy->buffer_before_minutes * SECONDS_PER_MINUTE;
	end += question->duration + policy->buffer_after_minutes * SECONDS_PER_MINUTE;
	end = (end / SECONDS_PER_DAY + 2) * SECONDS_PER_DAY;
	return (struct interval){
		start / SECONDS_PER_HOUR * SECONDS_PER_HOUR,
		end < INSTANT_MAX ? end : INSTANT_MAX,
	};
}

/* No start from here on is known to be free, its buffer behind it included. */
static instant last_start(const struct slot_question *question, struct interval asked)
{
	return asked.end - question->duration -
	       question->type->policy.buffer_after_minutes * SECONDS_PER_MINUTE;
}

/* A limit that is reached leaves no time at all: say so instead of an empty list. */
static void explain_limit(struct availability *answer, const struct slot_question *question,
			  struct arena *mem)
{
	int64_t limit = question->type->policy.max_active_per_user;
	if (question->exempt || question->stays || limit == POLICY_NO_LIMIT || question->active_count < limit)
		return;
	struct slot_reason reason = {
		.rule = REFUSAL_BOOKING_LIMIT, .needed = limit, .actual = question->active_count};
	answer->refusal = REFUSAL_BOOKING_LIMIT;
	answer->refusal_detail = slot_reason_detail(question, answer->from, &reason,
						    (struct slot_listener){.zone = answer->zone}, mem);
}

/* Whatever the query, its coach and the moved appointment settle. */
static enum availability_outcome prepare(struct listing *listing)
{
	const struct availability_query *query = listing->query;
	struct availability *answer = &listing->answer;
	const struct appointment *moving = listing->moving;
	const bool exempt = identity_is_exempt(query->caller, answer->coach->id);
	const bool for_client = moving != NULL || query->client_id != NULL;
	if (query->client_id != NULL && !exempt)
		return AVAILABILITY_FORBIDDEN;
	if (moving != NULL)
		uuid_parse(moving->id, strlen(moving->id), &listing->moving_id);
	enum availability_outcome outcome = find_type(listing);
	if (outcome != AVAILABILITY_OK)
		return outcome;
	answer->zone = query->zone != NULL ? query->zone : answer->coach->schedule->zone;
	if (!resolve_window(query, answer->zone, answer->type->policy.horizon_days * SECONDS_PER_DAY,
			    &answer->from, &answer->to))
		return AVAILABILITY_BAD_WINDOW;
	listing->question = (struct slot_question){
		.schedule = answer->coach->schedule,
		.type = answer->type,
		.duration = answer->duration_minutes * SECONDS_PER_MINUTE,
		.now = query->now,
		.exempt = exempt,
		.day_binds = for_client && exempt, /* as it does when the coach books or moves it */
		.stays = moving != NULL && strcmp(moving->coach_id, answer->coach->id) == 0,
	};
	answer->credits = -1;
	/* A moved appointment is counted for its own client, whoever asks. */
	listing->client = moving != NULL             ? moving->user_id
			  : query->client_id != NULL ? query->client_id
			  : query->caller != NULL    ? query->caller->user_id
						     : NULL;
	listing->asked = calendar_window(&listing->question, answer->from, answer->to);
	return AVAILABILITY_OK;
}

/* Whether the answer rests on what this client has left, which only the database knows. */
static bool asks_standing(const struct listing *listing)
{
	return listing->client != NULL && listing->moving == NULL &&
	       (!listing->question.exempt || listing->query->client_id != NULL) &&
	       session_type_asks_standing(listing->answer.type);
}

static bool read_standing(struct listing *listing, struct worker *worker)
{
	struct availability *answer = &listing->answer;
	struct client_standing standing = {0};
	if (client_standing(worker->db, answer->coach->id, listing->client, answer->type, &standing) != DB_OK)
		return false;
	if (answer->type->price.credits > 0)
		answer->credits = standing.credits;
	if (!listing->question.exempt && client_total_reached(&standing, answer->type)) {
		answer->refusal = REFUSAL_BOOKING_LIMIT;
		answer->refusal_detail = client_total_sentence;
		listing->none = true;
	}
	return true;
}

/* How many seats each slot has, where clients are to know. */
static void count_seats(struct availability *answer, const struct slot_question *question, struct arena *mem)
{
	if (!session_type_shared(answer->type) || !answer->type->shows_seats_left)
		return;
	int64_t *left = arena_array(mem, answer->slots.count, sizeof(*left));
	for (size_t i = 0; i < answer->slots.count; i++)
		left[i] = slot_seats_left(question, answer->slots.starts[i]);
	answer->seats_left = left;
}

/* The busy times of the answer are known: find the slots, unless whoever asks has them. */
static void list_slots(struct listing *listing, struct arena *mem)
{
	const struct availability_query *query = listing->query;
	struct availability *answer = &listing->answer;
	struct slot_question *question = &listing->question;
	const unsigned char *moving = moving_bytes(listing);
	question->calendar = answer->busy.times;
	question->active_count = count_active(answer->coach, listing->client, moving, question);
	explain_limit(answer, question, mem);
	answer->mark = (struct availability_mark){
		.generation = answer->coach->generation,
		.busy_asked_at = answer->busy.asked_at,
		.now = query->now,
		.from = answer->from,
		.to = answer->to,
		.zone = answer->zone,
		.duration_minutes = answer->duration_minutes,
		.type = (int)(answer->type - answer->coach->schedule->types),
		.knowledge = (int)answer->busy.knowledge,
		.exempt = question->exempt,
		.limited = answer->refusal != REFUSAL_NONE ? question->active_count : -1,
		.plain = !question->day_binds && listing->moving == NULL && !asks_standing(listing),
	};
	if (query->known != NULL && query->known(query->known_owner, &answer->mark))
		return;
	if (listing->none)
		return;
	find_occupied(answer->coach, moving, mem, question);
	answer->slots = slot_list(question, answer->from, answer->to, mem);
	count_seats(answer, question, mem);
	if (answer->slots.count == 0)
		answer->has_next = slot_next(question, answer->from, last_start(question, listing->asked),
					     mem, &answer->next_available);
}

enum availability_outcome availability_recall(struct coaches *coaches, struct calendars *calendars,
					      const struct availability_query *query, struct arena *mem,
					      struct availability *ret_availability)
{
	*ret_availability = (struct availability){0};
	if (query->rescheduling != NULL)
		return AVAILABILITY_NOT_IN_MEMORY;
	struct listing listing = {.query = query};
	struct availability *answer = &listing.answer;
	enum availability_outcome outcome =
		outcome_of(coaches_peek(coaches, query->coach_id, &answer->coach));
	ret_availability->coach = answer->coach;
	if (outcome == AVAILABILITY_OK)
		outcome = prepare(&listing);
	if (outcome != AVAILABILITY_OK)
		return outcome;
	if (asks_standing(&listing))
		return AVAILABILITY_NOT_IN_MEMORY;
	if (!calendar_busy_peek(calendars, answer->coach->id, listing.asked, query->now, mem, &answer->busy))
		return AVAILABILITY_NOT_IN_MEMORY;
	coach_sources_join(answer->coach, listing.asked, query->now, mem, &answer->busy);
	if (answer->busy.knowledge == CALENDAR_UNKNOWN)
		return AVAILABILITY_NOT_IN_MEMORY;
	struct slot_budget budget = {.left = LOOP_POINTS};
	listing.question.budget = &budget;
	list_slots(&listing, mem);
	if (budget.spent)
		return AVAILABILITY_NOT_IN_MEMORY;
	*ret_availability = *answer;
	return AVAILABILITY_OK;
}

/* The answer for a coach who is known, with what the database and Google say. Blocks. */
static enum availability_outcome list_coach(struct listing *listing, struct calendars *calendars,
					    struct worker *worker, struct arena *mem)
{
	struct availability *answer = &listing->answer;
	enum availability_outcome outcome = prepare(listing);
	if (outcome != AVAILABILITY_OK)
		return outcome;
	const struct availability_query *query = listing->query;
	const struct appointment *moving = listing->moving;
	if (moving != NULL && appointments_in_calendar(worker->db, mem, moving, &moving) != DB_OK)
		return AVAILABILITY_FAILURE;
	struct calendar_question question = {.coach_id = answer->coach->id,
					     .within = listing->asked,
					     .moving = moving,
					     .now = query->now,
					     .deadline = query->deadline};
	calendar_busy_listing(calendars, worker, &question, mem, &answer->busy);
	coach_sources_join(answer->coach, listing->asked, query->now, mem, &answer->busy);
	if (answer->busy.knowledge == CALENDAR_UNKNOWN)
		return AVAILABILITY_CALENDAR_UNAVAILABLE;
	if (asks_standing(listing) && !read_standing(listing, worker))
		return AVAILABILITY_FAILURE;
	list_slots(listing, mem);
	return AVAILABILITY_OK;
}

enum availability_outcome availability_find(struct coaches *coaches, struct calendars *calendars,
					    struct worker *worker, const struct availability_query *query,
					    struct arena *mem, struct availability *ret_availability)
{
	*ret_availability = (struct availability){0};
	struct listing listing = {.query = query};
	struct availability *answer = &listing.answer;
	struct appointment moving;
	const char *coach_id = query->coach_id;
	if (query->rescheduling != NULL) {
		enum availability_outcome read = find_moving(query, worker, mem, &moving);
		if (read != AVAILABILITY_OK)
			return read;
		listing.moving = &moving;
		coach_id = moving.coach_id;
	}
	enum availability_outcome outcome =
		outcome_of(coaches_find(coaches, worker, coach_id, &answer->coach));
	ret_availability->coach = answer->coach;
	if (outcome == AVAILABILITY_OK)
		outcome = list_coach(&listing, calendars, worker, mem);
	if (outcome == AVAILABILITY_OK)
		*ret_availability = *answer;
	return outcome;
}

/* Of two coaches' calendars what is to be said of both: the one that is known worse. */
static void join_busy(struct calendar_busy *all, const struct calendar_busy *one)
{
	const bool worse = all->knowledge == CALENDAR_KNOWN_OFF ||
			   (all->knowledge == CALENDAR_KNOWN_LIVE && one->knowledge == CALENDAR_KNOWN_STALE);
	if (one->knowledge != CALENDAR_KNOWN_OFF && worse)
		*all = *one;
}

/* What one more coach offers, beside those before. */
static void join_coach(struct joint_availability *joint, const struct availability *one, size_t before,
		       instant now)
{
	struct availability *all = &joint->first;
	const instant horizon = now + one->type->policy.horizon_days * SECONDS_PER_DAY;
	if (before == 0) {
		*all = *one;
		joint->horizon = horizon;
		joint->one_zone = true;
		return;
	}
	if (horizon > joint->horizon)
		joint->horizon = horizon;
	if (one->to > all->to)
		all->to = one->to;
	if (one->has_next && (!all->has_next || one->next_available < all->next_available)) {
		all->has_next = true;
		all->next_available = one->next_available;
	}
	joint->one_zone = joint->one_zone && one->coach->schedule->zone == all->coach->schedule->zone;
	if (one->refusal == REFUSAL_NONE)
		all->refusal = REFUSAL_NONE;
	join_busy(&all->busy, &one->busy);
}

enum availability_outcome availability_find_any(struct coaches *coaches, struct calendars *calendars,
						struct worker *worker, const struct availability_query *query,
						struct arena *mem, struct joint_availability *ret_joint)
{
	*ret_joint = (struct joint_availability){
		.candidates = {.type_id = query->session_type, .duration_minutes = query->duration_minutes}};
	struct candidates *candidates = &ret_joint->candidates;
	struct availability_query each = *query;
	struct appointment moving;
	const struct appointment *moved = NULL;
	each.coach_id = NULL;
	if (query->rescheduling != NULL) {
		enum availability_outcome read = find_moving(&each, worker, mem, &moving);
		if (read != AVAILABILITY_OK)
			return read;
		moved = &moving;
		candidates->type_id = moving.session_type;
		if (candidates->duration_minutes == 0)
			candidates->duration_minutes =
				(moving.ends_at - moving.starts_at) / SECONDS_PER_MINUTE;
	}
	if (!candidates_read(coaches, worker, false, mem, candidates))
		return AVAILABILITY_FAILURE;
	if (!candidates->any && moved == NULL)
		return candidates->type_id == NULL ? AVAILABILITY_UNKNOWN_TYPE : AVAILABILITY_BAD_DURATION;
	each.session_type = moved != NULL ? moved->session_type : candidates->type_id;
	each.duration_minutes = candidates->duration_minutes;
	each.known = NULL;
	struct slots *lists = arena_array(mem, candidates->count, sizeof(*lists));
	size_t listed = 0;
	for (size_t i = 0; i < candidates->count; i++) {
		if (!candidates_can_have(candidates, i, moved, query->caller))
			continue;
		struct listing listing = {
			.query = &each, .moving = moved, .answer.coach = candidates->coaches[i]};
		if (each.zone == NULL)
			each.zone = candidates->coaches[i]->schedule->zone;
		enum availability_outcome outcome = list_coach(&listing, calendars, worker, mem);
		/* A type or a duration that its own coach no longer has may be another's. */
		if (outcome == AVAILABILITY_CALENDAR_UNAVAILABLE ||
		    (moved != NULL &&
		     (outcome == AVAILABILITY_UNKNOWN_TYPE || outcome == AVAILABILITY_BAD_DURATION)))
			continue;
		if (outcome != AVAILABILITY_OK)
			return outcome;
		join_coach(ret_joint, &listing.answer, listed, query->now);
		lists[listed++] = listing.answer.slots;
	}
	ret_joint->first.credits = -1;
	ret_joint->slots = slots_join(lists, listed, mem);
	return listed > 0 ? AVAILABILITY_OK : AVAILABILITY_CALENDAR_UNAVAILABLE;
}
