#include "api/availability.h"

#include "api/figures.h"

#include "app/availability.h"
#include "base/die.h"
#include "base/json.h"
#include "domain/schedule_json.h"
#include "base/uuid.h"
#include "http/ready_body.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	CACHE_PLACES = 256, /* bodies kept; a body of a month is about 17 KB, its compressed twin 1 KB */
	CACHE_BODY_MAX = 256 * 1024,
	CACHE_BYTES_MAX = 512 * 1024,
	CLOCK_SET_BACK = 60, /* seconds; less is a slow request */
};

struct availability_cache {
	pthread_mutex_t lock;
	instant now; /* the second that all bodies are of: no other can be asked for again */
	size_t bytes;
	struct {
		struct availability_mark mark;
		struct ready_body *body;
		size_t bytes; /* counted for it; a compressed twin that is made later is not */
	} places[CACHE_PLACES];
};

struct availability_cache *availability_cache_new(void)
{
	struct availability_cache *cache = calloc(1, sizeof(*cache));
	if (cache == NULL || pthread_mutex_init(&cache->lock, NULL) != 0)
		die("out of memory");
	return cache;
}

void availability_cache_free(struct availability_cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; i < CACHE_PLACES; i++)
		ready_body_drop(cache->places[i].body);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

static bool mark_equal(const struct availability_mark *a, const struct availability_mark *b)
{
	return a->generation == b->generation && a->busy_asked_at == b->busy_asked_at && a->now == b->now &&
	       a->from == b->from && a->to == b->to && a->zone == b->zone &&
	       a->duration_minutes == b->duration_minutes && a->type == b->type &&
	       a->knowledge == b->knowledge && a->exempt == b->exempt && a->limited == b->limited;
}

/* One place per question; the answer of this second takes the place of the last one's. */
static size_t place_of(const struct availability_mark *mark)
{
	uint64_t hash = mark->generation * 0x9E3779B97F4A7C15u;
	hash = (hash ^ (uint64_t)mark->from) * 0x9E3779B97F4A7C15u;
	hash = (hash ^ (uint64_t)mark->to ^ (uint64_t)(uintptr_t)mark->zone) * 0x9E3779B97F4A7C15u;
	hash ^= (uint64_t)mark->duration_minutes << 8 ^ (uint64_t)mark->type << 1 ^ (uint64_t)mark->limited;
	return (hash >> 32 ^ hash) % CACHE_PLACES;
}

static struct ready_body *cache_find(struct availability_cache *cache, const struct availability_mark *mark)
{
	struct ready_body *body = NULL;
	size_t place = place_of(mark);
	pthread_mutex_lock(&cache->lock);
	if (cache->places[place].body != NULL && mark_equal(&cache->places[place].mark, mark))
		body = ready_body_hold(cache->places[place].body);
	pthread_mutex_unlock(&cache->lock);
	return body;
}

/* Forget the bodies of former seconds. Returns how many are in `ret_old`, to be dropped without the lock. */
static size_t cache_turn(struct availability_cache *cache, instant now,
			 struct ready_body *ret_old[CACHE_PLACES])
{
	size_t count = 0;
	for (size_t i = 0; i < CACHE_PLACES; i++) {
		if (cache->places[i].body != NULL)
			ret_old[count++] = cache->places[i].body;
		cache->places[i].body = NULL;
	}
	cache->bytes = 0;
	cache->now = now;
	return count;
}

static void cache_store(struct availability_cache *cache, const struct availability_mark *mark,
			struct ready_body *body)
{
	size_t place = place_of(mark);
	struct ready_body *old[CACHE_PLACES];
	size_t old_count = 0;
	pthread_mutex_lock(&cache->lock);
	bool set_back = mark->now < cache->now - CLOCK_SET_BACK;
	if (mark->now > cache->now || set_back)
		old_count = cache_turn(cache, mark->now, old);
	size_t without = cache->bytes;
	if (cache->places[place].body != NULL)
		without -= cache->places[place].bytes;
	size_t bytes = ready_body_size(body);
	if (mark->now == cache->now && without + bytes <= CACHE_BYTES_MAX) {
		if (cache->places[place].body != NULL)
			old[old_count++] = cache->places[place].body;
		cache->places[place].mark = *mark;
		cache->places[place].body = ready_body_hold(body);
		cache->places[place].bytes = bytes;
		cache->bytes = without + bytes;
	}
	pthread_mutex_unlock(&cache->lock);
	for (size_t i = 0; i < old_count; i++)
		ready_body_drop(old[i]);
}

/* ---- the query ---- */

static bool parse_end(struct call *call, const char *name, struct window_end *ret_end)
{
	const char *text = request_query(call->request, name);
	if (text == NULL)
		return true;
	struct civil_date date;
	if (date_parse(text, strlen(text), &date))
		*ret_end = (struct window_end){.given = true, .is_day = true, .day = date_to_days(date)};
	else if (call_read_instant(call, text, &ret_end->at))
		ret_end->given = true;
	else {
		call_problem(
			call, PROBLEM_BAD_PARAMETER, name,
			arena_printf(call->mem,
				     "%s must be a day such as 2026-11-24 or a time with an offset such as "
				     "2026-11-24T14:00:00Z.",
				     name));
		return false;
	}
	return true;
}

static bool parse_query(struct call *call, struct availability_query *query)
{
	*query = (struct availability_query){
		.coach_id = request_query(call->request, "coach"),
		.session_type = request_query(call->request, "session_type"),
		.rescheduling = request_query(call->request, "rescheduling"),
		.client_id = request_query(call->request, "user_id"),
		.caller = call->caller,
		.now = call->request->now,
		.deadline = call_deadline(call),
	};
	const char *zone = request_query(call->request, "tz");
	if (zone != NULL && (query->zone = zone_find(zone)) == NULL) {
		call_problem(call, PROBLEM_BAD_PARAMETER, "tz",
			     "tz must be the name of a time zone such as America/New_York.");
		return false;
	}
	if (query->rescheduling != NULL &&
	    !uuid_parse(query->rescheduling, strlen(query->rescheduling), NULL)) {
		call_problem(call, PROBLEM_BAD_PARAMETER, "rescheduling",
			     "rescheduling must be the id of an appointment.");
		return false;
	}
	const bool any = query->coach_id != NULL && strcmp(query->coach_id, COACH_ANY) == 0;
	if (query->client_id != NULL && (any || query->rescheduling != NULL)) {
		call_problem(call, PROBLEM_BAD_PARAMETER, "user_id",
			     "user_id goes with one coach and a new session.");
		return false;
	}
	return call_query_integer(call, "duration", 1, DURATION_ASKED_MAX, &query->duration_minutes) &&
	       parse_end(call, "from", &query->from) && parse_end(call, "to", &query->to);
}

/* ---- the reply ---- */

static const char *knowledge_name(enum calendar_knowledge knowledge)
{
	switch (knowledge) {
	case CALENDAR_KNOWN_LIVE:
		return "live";
	case CALENDAR_KNOWN_STALE:
		return "stale";
	case CALENDAR_KNOWN_OFF:
	case CALENDAR_UNKNOWN:
		break;
	}
	return "off";
}

/* Some 300 slots of fixed width, written straight into the buffer. */
static void write_slots(struct buffer *out, const struct slots *slots, seconds duration)
{
	static const char head[] = "{\"start\":\"";
	static const char middle[] = "\",\"end\":\"";
	static const char tail[] = "\"},";
	const size_t item = sizeof(head) + sizeof(middle) + sizeof(tail) - 3 + 2 * (INSTANT_TEXT_BYTES - 1);
	buffer_append_char(out, '[');
	if (!buffer_reserve(out, slots->count * item + 1))
		return; /* it remembers that it overflowed */
	char *at = out->bytes + out->length;
	struct instant_day day = {0};
	const char *end = NULL; /* the text of the slot before */
	for (size_t i = 0; i < slots->count; i++) {
		at = mempcpy(at, head, sizeof(head) - 1);
		/* Mostly one slot begins where the one before ends. */
		if (end != NULL && slots->starts[i] - slots->starts[i - 1] == duration)
			memcpy(at, end, INSTANT_TEXT_BYTES - 1);
		else
			instant_put(&day, slots->starts[i], at);
		at = mempcpy(at + INSTANT_TEXT_BYTES - 1, middle, sizeof(middle) - 1);
		end = at;
		instant_put(&day, slots->starts[i] + duration, at);
		at = mempcpy(at + INSTANT_TEXT_BYTES - 1, tail, sizeof(tail) - 1);
	}
	if (slots->count > 0)
		at--; /* the last comma */
	*at++ = ']';
	*at = '\0';
	out->length = (size_t)(at - out->bytes);
}

/* Few, and each with how many may still come. */
static void write_shared_slots(struct json_writer *writer, const struct availability *found)
{
	json_write_array(writer, "slots");
	for (size_t i = 0; i < found->slots.count; i++) {
		const instant start = found->slots.starts[i];
		json_write_object(writer, NULL);
		json_write_instant(writer, "start", start);
		json_write_instant(writer, "end", start + found->duration_minutes * SECONDS_PER_MINUTE);
		json_write_integer(writer, "seats_left", found->seats_left[i]);
		json_write_object_end(writer);
	}
	json_write_array_end(writer);
}

static void write_type(struct json_writer *writer, const struct session_type *type,
		       const char *const redirect_origins[])
{
	json_write_object(writer, NULL);
	json_write_text(writer, "id", type->id);
	json_write_text(writer, "name", type->name);
	if (type->description != NULL)
		json_write_text(writer, "description", type->description);
	/* The settings may have changed since the schedule was saved. */
	if (type->redirect_url != NULL && meeting_url_is_of(type->redirect_url, redirect_origins))
		json_write_text(writer, "redirect_url", type->redirect_url);
	json_write_array(writer, "durations");
	for (size_t k = 0; k < type->duration_count; k++)
		json_write_integer(writer, NULL, type->durations[k]);
	json_write_array_end(writer);
	json_write_text(writer, "meeting", meeting_kind_name(type->meeting.kind));
	schedule_write_price(writer, &type->price);
	if (type->approval)
		json_write_boolean(writer, "approval", true);
	if (session_type_shared(type)) {
		json_write_integer(writer, "seats", type->seats);
		json_write_integer(writer, "min_seats", type->min_seats);
	}
	if (type->question_count > 0)
		questions_write(writer, type->questions, type->question_count);
	json_write_integer(writer, "cancel_notice_minutes", type->policy.cancel_notice_minutes);
	json_write_integer(writer, "reschedule_notice_minutes", type->policy.reschedule_notice_minutes);
	if (type->policy.late_cancel != LATE_CANCEL_REFUSE)
		json_write_text(writer, "late_cancel",
				late_cancel_name((enum late_cancel)type->policy.late_cancel));
	if (type->policy.max_active_per_user != POLICY_NO_LIMIT)
		json_write_integer(writer, "max_active_per_user", type->policy.max_active_per_user);
	json_write_object_end(writer);
}

/* What may be booked at all, so that a page can offer the choice. */
static void write_types(struct json_writer *writer, const struct schedule *schedule,
			const char *const redirect_origins[])
{
	json_write_array(writer, "session_types");
	for (size_t i = 0; i < schedule->type_count; i++) {
		if (!schedule->types[i].draft)
			write_type(writer, &schedule->types[i], redirect_origins);
	}
	json_write_array_end(writer);
}

/* When the first time is, now that there is none. */
static void write_none(struct json_writer *writer, const struct availability *found)
{
	if (found->has_next)
		json_write_instant(writer, "next_available", found->next_available);
	else
		json_write_null(writer, "next_available");
}

static void write_refusal(struct json_writer *writer, const struct availability *found)
{
	if (found->refusal == REFUSAL_NONE)
		return;
	json_write_object(writer, "refusal");
	json_write_text(writer, "code", refusal_code(found->refusal));
	json_write_text(writer, "detail", found->refusal_detail);
	json_write_object_end(writer);
}

/* The reply. Returns a tag of what of it makes a difference: not from, to and as_of, which move with the
 * clock. */
static uint64_t render(const struct availability *found, const char *const redirect_origins[],
		       struct buffer *out)
{
	struct json_writer writer;
	json_writer_init(&writer, out);
	json_write_object(&writer, NULL);
	json_write_text(&writer, "coach", found->coach->id);
	json_write_text(&writer, "session_type", found->type->id);
	json_write_integer(&writer, "duration_minutes", found->duration_minutes);
	json_write_text(&writer, "time_zone", zone_name(found->zone));
	json_write_text(&writer, "coach_time_zone", zone_name(found->coach->schedule->zone));
	uint64_t tag = ready_body_hash(0, out->bytes, out->length);
	json_write_instant(&writer, "from", found->from);
	json_write_instant(&writer, "to", found->to);
	/* Nobody but a coach may book a start after this. */
	json_write_instant(&writer, "horizon",
			   found->mark.now + found->type->policy.horizon_days * SECONDS_PER_DAY);
	/* The starts stand for their text; the duration came before. */
	tag = ready_body_hash(tag, (const char *)found->slots.starts,
			      found->slots.count * sizeof(found->slots.starts[0]));
	if (found->seats_left != NULL) {
		tag = ready_body_hash(tag, (const char *)found->seats_left,
				      found->slots.count * sizeof(found->seats_left[0]));
		write_shared_slots(&writer, found);
	} else {
		json_write_name(&writer, "slots");
		write_slots(out, &found->slots, found->duration_minutes * SECONDS_PER_MINUTE);
	}
	size_t rest = out->length;
	if (found->slots.count == 0)
		write_none(&writer, found);
	write_refusal(&writer, found);
	if (found->credits >= 0) {
		json_write_object(&writer, "credits");
		json_write_integer(&writer, "required", found->type->price.credits);
		json_write_integer(&writer, "balance", found->credits);
		json_write_object_end(&writer);
	}
	write_types(&writer, found->coach->schedule, redirect_origins);
	if (found->coach->profile != NULL)
		json_write_raw(&writer, "profile", found->coach->profile, strlen(found->coach->profile));
	else
		json_write_null(&writer, "profile");
	json_write_object(&writer, "calendar");
	json_write_text(&writer, "state", knowledge_name(found->busy.knowledge));
	tag = ready_body_hash(tag, out->bytes + rest, out->length - rest);
	json_write_instant(&writer, "as_of", found->busy.as_of);
	json_write_object_end(&writer);
	json_write_object_end(&writer);
	buffer_append_char(out, '\n');
	return tag;
}

/* Asked by availability_find before it computes. */
struct lookup {
	struct call *call;
	struct ready_body *body;
};

static bool have_body(void *owner, const struct availability_mark *mark)
{
	struct lookup *lookup = owner;
	if (mark->plain)
		lookup->body = cache_find(lookup->call->api->availability, mark);
	figures_cache(lookup->call->api->figures, CACHE_AVAILABILITY, lookup->body != NULL);
	return lookup->body != NULL;
}

static void answer(struct call *call, const struct availability *found, struct ready_body *body)
{
	if (body == NULL) {
		__attribute__((cleanup(buffer_clear))) struct buffer text;
		buffer_init(&text, REPLY_BODY_MAX);
		uint64_t tag = render(found, call->api->redirect_origins, &text);
		body = ready_body_take_tagged(&text, "application/json", tag);
		if (found->mark.plain && body->length <= CACHE_BODY_MAX)
			cache_store(call->api->availability, &found->mark, body);
	}
	reply_ready(call->reply, 200, call->request, body);
	ready_body_drop(body);
}

/* Whether the coach was asked for by the name in the address of their page; the query then has the id. */
static bool named_in_address(struct call *call, struct availability_query *query)
{
	if (call->worker == NULL || query->coach_id == NULL)
		return false;
	DB_ROWS rows = {0};
	enum db_result result = db_run(call->worker->db, QUERY_COACH_BY_ADDRESS,
				       DB_PARAMETERS(db_text(query->coach_id)), &rows);
	if (result != DB_OK) {
		if (result != DB_NONE)
			call_log_failure(call, result);
		return false;
	}
	query->coach_id =
		arena_strndup(call->mem, db_get_text(&rows, 0, 0), strlen(db_get_text(&rows, 0, 0)));
	return true;
}

/* Why there are no times to list. */
static void answer_outcome(struct call *call, enum availability_outcome outcome)
{
	switch (outcome) {
	case AVAILABILITY_OK:
	case AVAILABILITY_NOT_IN_MEMORY:
		break;
	case AVAILABILITY_UNKNOWN_COACH:
		call_problem(call, PROBLEM_UNKNOWN_COACH, "coach", NULL);
		break;
	case AVAILABILITY_AMBIGUOUS_COACH:
		call_problem(call, PROBLEM_BAD_PARAMETER, "coach",
			     "There are several coaches. Please choose one.");
		break;
	case AVAILABILITY_UNKNOWN_TYPE:
		call_problem(call, PROBLEM_UNKNOWN_SESSION_TYPE, "session_type", NULL);
		break;
	case AVAILABILITY_BAD_DURATION:
		call_problem(call, PROBLEM_BAD_DURATION, "duration", NULL);
		break;
	case AVAILABILITY_BAD_WINDOW:
		call_problem(call, PROBLEM_BAD_PARAMETER, "to",
			     "to must not be before from, nor more than 62 days after it.");
		break;
	case AVAILABILITY_UNKNOWN_APPOINTMENT:
		call_problem(call, PROBLEM_NOT_FOUND, "rescheduling",
			     "The session to move couldn't be found.");
		break;
	case AVAILABILITY_FORBIDDEN:
		call_problem(call, call->caller == NULL ? PROBLEM_UNAUTHENTICATED : PROBLEM_FORBIDDEN,
			     "user_id", NULL);
		break;
	case AVAILABILITY_CALENDAR_UNAVAILABLE:
		call_problem(call, PROBLEM_CALENDAR_UNAVAILABLE, NULL, NULL);
		break;
	case AVAILABILITY_FAILURE:
		call_database_failure(call, DB_UNAVAILABLE);
		break;
	}
}

/* Whether somebody who comes before in the list of coaches offers that type too. */
static bool is_told(const struct candidates *candidates, size_t before, const char *type_id)
{
	for (size_t i = 0; i < before; i++) {
		if (candidates_type(candidates->coaches[i], type_id) != NULL)
			return true;
	}
	return false;
}

/* What can be booked with some coach, each type once, in the words of the first who has it. */
static void write_joint_types(struct json_writer *writer, const struct candidates *candidates,
			      const char *const redirect_origins[])
{
	json_write_array(writer, "session_types");
	for (size_t i = 0; i < candidates->count; i++) {
		const struct schedule *schedule = candidates->coaches[i]->schedule;
		for (size_t k = 0; k < schedule->type_count; k++) {
			const char *id = schedule->types[k].id;
			const struct session_type *type = candidates_type(candidates->coaches[i], id);
			if (type != NULL && !is_told(candidates, i, id))
				write_type(writer, type, redirect_origins);
		}
	}
	json_write_array_end(writer);
}

/* The reply for any coach, and its tag, as of render(). */
static uint64_t render_joint(const struct joint_availability *joint, const char *const redirect_origins[],
			     struct buffer *out)
{
	const struct availability *first = &joint->first;
	struct json_writer writer;
	json_writer_init(&writer, out);
	json_write_object(&writer, NULL);
	json_write_text(&writer, "coach", COACH_ANY);
	json_write_text(&writer, "session_type", first->type->id);
	json_write_integer(&writer, "duration_minutes", first->duration_minutes);
	json_write_text(&writer, "time_zone", zone_name(first->zone));
	json_write_text(&writer, "coach_time_zone",
			joint->one_zone ? zone_name(first->coach->schedule->zone) : NULL);
	uint64_t tag = ready_body_hash(0, out->bytes, out->length);
	json_write_instant(&writer, "from", first->from);
	json_write_instant(&writer, "to", first->to);
	json_write_instant(&writer, "horizon", joint->horizon);
	size_t rest = out->length;
	json_write_array(&writer, "slots");
	for (size_t i = 0; i < joint->slots.count; i++) {
		const instant start = joint->slots.starts[i];
		json_write_object(&writer, NULL);
		json_write_instant(&writer, "start", start);
		json_write_instant(&writer, "end", start + first->duration_minutes * SECONDS_PER_MINUTE);
		json_write_integer(&writer, "coaches", joint->slots.offers[i]);
		json_write_object_end(&writer);
	}
	json_write_array_end(&writer);
	if (joint->slots.count == 0)
		write_none(&writer, first);
	write_refusal(&writer, first);
	write_joint_types(&writer, &joint->candidates, redirect_origins);
	json_write_null(&writer, "profile");
	json_write_object(&writer, "calendar");
	json_write_text(&writer, "state", knowledge_name(first->busy.knowledge));
	tag = ready_body_hash(tag, out->bytes + rest, out->length - rest);
	json_write_instant(&writer, "as_of", first->busy.as_of);
	json_write_object_end(&writer);
	json_write_object_end(&writer);
	buffer_append_char(out, '\n');
	return tag;
}

/* On a worker: the coaches there are, only the database knows. */
static void answer_any(struct call *call, const struct availability_query *query)
{
	__attribute__((cleanup(arena_cleanup))) struct arena work = ARENA_EMPTY;
	struct joint_availability joint;
	enum availability_outcome outcome = availability_find_any(call->api->coaches, call->api->calendars,
								  call->worker, query, &work, &joint);
	if (outcome == AVAILABILITY_OK) {
		__attribute__((cleanup(buffer_clear))) struct buffer text;
		buffer_init(&text, REPLY_BODY_MAX);
		uint64_t tag = render_joint(&joint, call->api->redirect_origins, &text);
		struct ready_body *body = ready_body_take_tagged(&text, "application/json", tag);
		reply_ready(call->reply, 200, call->request, body);
		ready_body_drop(body);
	} else {
		answer_outcome(call, outcome);
	}
	candidates_clear(&joint.candidates);
}

/* False: not from memory. */
static bool find_and_answer(struct call *call)
{
	struct availability_query query;
	if (!parse_query(call, &query))
		return true;
	const bool any = query.coach_id != NULL && strcmp(query.coach_id, COACH_ANY) == 0;
	if (any) {
		if (call->worker != NULL)
			answer_any(call, &query);
		return call->worker != NULL;
	}
	struct lookup lookup = {.call = call};
	query.known = have_body;
	query.known_owner = &lookup;
	struct availability found;
	/* The request's memory lasts until the reply is sent, and there may be thousands of them. */
	__attribute__((cleanup(arena_cleanup))) struct arena work = ARENA_EMPTY;
	enum availability_outcome outcome =
		call->worker == NULL
			? availability_recall(call->api->coaches, call->api->calendars, &query, &work, &found)
			: availability_find(call->api->coaches, call->api->calendars, call->worker, &query,
					    &work, &found);
	if (outcome == AVAILABILITY_UNKNOWN_COACH && named_in_address(call, &query))
		outcome = availability_find(call->api->coaches, call->api->calendars, call->worker, &query,
					    &work, &found);
	if (outcome == AVAILABILITY_OK)
		answer(call, &found, lookup.body);
	else
		answer_outcome(call, outcome);
	coach_release(found.coach);
	return outcome != AVAILABILITY_NOT_IN_MEMORY;
}

enum lane api_availability_lane(const struct call *call)
{
	/* Google is asked for that one appointment's event, an answer that serves nobody else. */
	bool asks_google =
		request_query(call->request, "rescheduling") != NULL && calendars_on(call->api->calendars);
	return asks_google ? LANE_GOOGLE : LANE_LISTING;
}

bool api_availability_early(struct call *call)
{
	return find_and_answer(call);
}

void api_availability(struct call *call)
{
	find_and_answer(call);
}
