/* Busy times: cached for listings, fetched for each booking, and never guessed. */
#include "calendar/busy.h"

#include "base/thread.h"
#include "moving.h"
#include "visit.h"

enum {
	RENEWER_MS = 1000, /* the listing that was sent to renew busy times has so long */
	REMEMBER_BEHIND = SECONDS_PER_DAY,
	STEP = GOOGLE_BUSY_DAYS_MAX * SECONDS_PER_DAY, /* by which the reach grows */
	/* So far ahead busy times are remembered. Who looks further has just that asked. */
	REACH_MAX = 8 * STEP,
};

/* ---- asking Google ---- */

enum asked {
	ASKED_KNOWN,
	ASKED_UNKNOWN, /* Google answered, but not what we need to know: not free */
	ASKED_FAILED,
};

static enum asked ask(struct visit *visit, struct interval within, struct busy_memory **ret_memory)
{
	size_t count = visit->link->calendar_count;
	struct google_answer answer;
	struct google_busy *busy = arena_array(visit->call.mem, count, sizeof(*busy));
	int64_t asked_at = monotonic_ms();
	instant as_of = instant_now();

	if (visit_busy(visit, within.start, within.end, busy, &answer) != GOOGLE_OK)
		return ASKED_FAILED;
	for (size_t i = 0; i < count; i++) {
		if (!busy[i].known) {
			visit_note_unknown(visit, busy[i].problem);
			return ASKED_UNKNOWN;
		}
	}
	coach_learn(visit->coach, &visit->coach->health.can.read_busy, ABILITY_YES);

	struct intervals others = INTERVALS_NONE;
	for (size_t i = 1; i < count; i++)
		others = row_join(others, (struct intervals){busy[i].items, busy[i].count}, visit->call.mem);
	*ret_memory = busy_memory_new(within, (struct intervals){busy[0].items, busy[0].count}, others, as_of,
				      asked_at);
	return ASKED_KNOWN;
}

/* ---- what memory may be used for ---- */

/* The past is of no interest, so a question that reaches there is cut. */
static struct interval cut_past(struct interval within, instant now)
{
	if (within.start < now - REMEMBER_BEHIND)
		within.start = now - REMEMBER_BEHIND;
	if (within.end < within.start)
		within.end = within.start;
	return within;
}

/*
 * Whether what is remembered is as good as an answer now, for a question that came at `arrival`. Asked before
 * an own write or a push is too old, but a write during the question is not. The lock is held.
 */
static bool is_fresh(const struct calendars *calendars, const struct calendar_coach *coach, int64_t arrival)
{
	int64_t oldest = arrival - calendars->settings.fresh_seconds * 1000;
	if (oldest < coach->forgotten_at)
		oldest = coach->forgotten_at;
	if (oldest > arrival)
		oldest = arrival;
	return coach->busy != NULL && coach->busy->asked_at >= oldest;
}

/*
 * Fresh, but not for long: one listing asks Google again while all others are still answered from memory, so
 * that nobody has to wait with them when it is too old. The lock is held.
 */
static bool is_due(const struct calendars *calendars, const struct calendar_coach *coach, int64_t now_ms)
{
	return !coach->asking &&
	       now_ms - coach->busy->asked_at > calendars->settings.fresh_seconds * 1000 * 2 / 3;
}

/* Whether this listing is the one to ask. The lock is held. */
static bool send_renewer(const struct calendars *calendars, struct calendar_coach *coach, int64_t now_ms)
{
	if (!is_due(calendars, coach, now_ms) || now_ms < coach->renewer_until)
		return false;
	coach->renewer_until = now_ms + RENEWER_MS;
	return true;
}

static bool is_usable_stale(const struct calendars *calendars, const struct calendar_coach *coach,
			    struct interval within)
{
	seconds stale = calendars->settings.stale_seconds;
	const struct busy_memory *busy = coach->busy;
	return busy != NULL && stale > 0 && busy_memory_covers(busy, within) &&
	       monotonic_ms() - busy->asked_at <= stale * 1000;
}

/* What a question is answered with; rows in the asker's arena. */
struct found {
	enum calendar_knowledge knowledge;
	instant as_of;
	int64_t asked_at;
	struct busy_rows rows;
};

static void find_in(const struct busy_memory *memory, struct interval within,
		    enum calendar_knowledge knowledge, struct arena *mem, struct found *ret_found)
{
	*ret_found = (struct found){
		.knowledge = knowledge,
		.as_of = memory->as_of,
		.asked_at = memory->asked_at,
		.rows = {.written = row_copy(row_part(memory->rows.written, within), mem),
			 .others = row_copy(row_part(memory->rows.others, within), mem),
			 .all = row_copy(row_part(memory->rows.all, within), mem)},
	};
}

/* Google cannot be asked: the last known times, or nothing. The lock is held. */
static void find_stale(const struct calendars *calendars, const struct calendar_coach *coach,
		       struct interval within, struct arena *mem, struct found *ret_found)
{
	if (is_usable_stale(calendars, coach, within))
		find_in(coach->busy, within, CALENDAR_KNOWN_STALE, mem, ret_found);
	else
		*ret_found = (struct found){.knowledge = CALENDAR_UNKNOWN};
}

/* True when the answer does not need Google: no calendar, or the database cannot say. */
static bool find_without(const struct visit *visit, instant now, struct found *ret_found)
{
	if (visit->link == NULL)
		*ret_found = (struct found){.knowledge = CALENDAR_UNKNOWN};
	else if (!link_tells_busy(visit->link))
		*ret_found = (struct found){.knowledge = CALENDAR_KNOWN_OFF, .as_of = now};
	else
		return false;
	return true;
}

/* ---- for a booking ---- */

static void find_booking(struct visit *visit, struct interval within, instant now, struct found *ret_found)
{
	struct calendar_coach *coach = visit->coach;
	struct busy_memory *memory = NULL;
	if (find_without(visit, now, ret_found))
		return;
	enum asked asked = visit_may_call(visit) ? ask(visit, within, &memory) : ASKED_FAILED;
	if (asked == ASKED_KNOWN) {
		find_in(memory, within, CALENDAR_KNOWN_LIVE, visit->call.mem, ret_found);
		busy_memory_free(memory);
		return;
	}
	pthread_mutex_lock(&coach->lock);
	if (asked == ASKED_UNKNOWN) {
		busy_memory_free(coach->busy);
		coach->busy = NULL;
	}
	find_stale(visit->calendars, coach, within, visit->call.mem, ret_found);
	pthread_mutex_unlock(&coach->lock);
}

/* ---- for a listing ---- */

/* The window to ask for: the same for every listing, so that one answer serves them all. The lock is held. */
static struct interval window_of(struct calendar_coach *coach, struct interval within, instant now)
{
	struct interval window = {now - REMEMBER_BEHIND, 0};
	while (window.start + coach->reach < within.end)
		coach->reach += STEP;
	window.end = window.start + coach->reach;
	return window;
}

/* Take the answer into memory. The lock is held on entry and on return. */
static enum asked ask_for_all(struct visit *visit, struct interval within, instant now)
{
	struct calendar_coach *coach = visit->coach;
	struct interval window = window_of(coach, within, now);
	struct busy_memory *memory = NULL;
	coach->asking = true;
	coach->asking_since = monotonic_ms();
	pthread_mutex_unlock(&coach->lock);
	enum asked asked = ask(visit, window, &memory);
	pthread_mutex_lock(&coach->lock);
	coach->asking = false;
	coach->asks++;
	coach->last_ask_failed = asked != ASKED_KNOWN;
	if (asked != ASKED_FAILED) { /* a calendar that has become unknown makes what was known worthless */
		busy_memory_free(coach->busy);
		coach->busy = memory;
	}
	pthread_cond_broadcast(&coach->asked);
	return asked;
}

/*
 * Wait for the request in flight. False: the deadline came first, it failed, or a healthy provider would have
 * answered by now, and this worker is wanted for the listings of other coaches. The lock is held.
 */
static bool wait_for_answer(struct calendar_coach *coach, int64_t deadline)
{
	uint64_t asks = coach->asks;
	if (deadline > coach->asking_since + FAIR_MS)
		deadline = coach->asking_since + FAIR_MS;
	while (coach->asks == asks) {
		if (!condition_wait_until(&coach->asked, &coach->lock, deadline))
			return false;
	}
	return !coach->last_ask_failed;
}

static void find_listing(struct visit *visit, struct interval within, instant now, struct found *ret_found)
{
	struct calendars *calendars = visit->calendars;
	struct calendar_coach *coach = visit->coach;
	struct arena *mem = visit->call.mem;
	int64_t arrival = monotonic_ms();
	if (find_without(visit, now, ret_found))
		return;
	within = cut_past(within, now);
	if (within.end > now + REACH_MAX) {
		find_booking(visit, within, now, ret_found);
		return;
	}
	pthread_mutex_lock(&coach->lock);
	for (bool tried = false;; tried = true) {
		bool fresh = is_fresh(calendars, coach, arrival) && busy_memory_covers(coach->busy, within);
		if (fresh && (tried || !is_due(calendars, coach, arrival))) {
			find_in(coach->busy, within, CALENDAR_KNOWN_LIVE, mem, ret_found);
			break;
		}
		if (coach->asking) {
			if (wait_for_answer(coach, visit->call.deadline))
				continue;
			find_stale(calendars, coach, within, mem, ret_found);
			break;
		}
		pthread_mutex_unlock(&coach->lock);
		bool may_ask = visit_may_call(visit);
		pthread_mutex_lock(&coach->lock);
		if (coach->asking)
			continue;
		if (!may_ask || ask_for_all(visit, within, now) != ASKED_KNOWN) {
			if (is_fresh(calendars, coach, arrival) && busy_memory_covers(coach->busy, within))
				continue;
			find_stale(calendars, coach, within, mem, ret_found);
			break;
		}
		/* Our own answer, even if a write meanwhile makes it too old for others. */
		if (coach->busy != NULL && busy_memory_covers(coach->busy, within)) {
			find_in(coach->busy, within, CALENDAR_KNOWN_LIVE, mem, ret_found);
			break;
		}
	}
	pthread_mutex_unlock(&coach->lock);
}

bool calendar_busy_peek(struct calendars *calendars, const char *coach_id, struct interval within,
			instant now, struct arena *mem, struct calendar_busy *ret_busy)
{
	if (!calendars->on) {
		*ret_busy = (struct calendar_busy){.knowledge = CALENDAR_KNOWN_OFF, .as_of = now};
		return true;
	}
	struct calendar_coach *coach = coach_entry(calendars, coach_id);
	int64_t now_ms = monotonic_ms();
	bool known = false;
	within = cut_past(within, now);
	pthread_mutex_lock(&coach->lock);
	if (coach->link != NULL && !link_tells_busy(coach->link)) {
		*ret_busy = (struct calendar_busy){.knowledge = CALENDAR_KNOWN_OFF, .as_of = now};
		known = true;
	} else if (coach->link != NULL && is_fresh(calendars, coach, now_ms) &&
		   busy_memory_covers(coach->busy, within) && !send_renewer(calendars, coach, now_ms)) {
		*ret_busy = (struct calendar_busy){
			.knowledge = CALENDAR_KNOWN_LIVE,
			.as_of = coach->busy->as_of,
			.asked_at = coach->busy->asked_at,
			.times = row_copy(row_part(coach->busy->rows.all, within), mem),
		};
		known = true;
	}
	pthread_mutex_unlock(&coach->lock);
	return known;
}

static void answer_found(const struct found *found, struct calendar_busy *ret_busy)
{
	*ret_busy = (struct calendar_busy){
		.knowledge = found->knowledge,
		.as_of = found->as_of,
		.asked_at = found->asked_at,
		.times = found->rows.all,
	};
}

static void answer_off(instant now, struct calendar_busy *ret_busy)
{
	*ret_busy = (struct calendar_busy){.knowledge = CALENDAR_KNOWN_OFF, .as_of = now};
}

/* ---- with or without the event that is being moved ---- */

static void leave_out(struct visit *visit, const struct appointment *moving, struct found *found)
{
	if (moving != NULL && found->knowledge == CALENDAR_KNOWN_LIVE && found->rows.all.count > 0)
		moving_leave_out(visit, moving, &found->rows);
}

void calendar_busy_listing(struct calendars *calendars, struct worker *worker,
			   const struct calendar_question *question, struct arena *mem,
			   struct calendar_busy *ret_busy)
{
	struct found found;
	if (!calendars->on) {
		answer_off(question->now, ret_busy);
		return;
	}
	VISIT visit;
	visit_begin(&visit, calendars, worker, question->coach_id, mem, question->deadline);
	find_listing(&visit, question->within, question->now, &found);
	leave_out(&visit, question->moving, &found);
	answer_found(&found, ret_busy);
}

void calendar_busy_booking(struct calendars *calendars, struct worker *worker,
			   const struct calendar_question *question, struct arena *mem,
			   struct calendar_busy *ret_busy)
{
	struct found found;
	if (!calendars->on) {
		answer_off(question->now, ret_busy);
		return;
	}
	VISIT visit;
	visit_begin(&visit, calendars, worker, question->coach_id, mem, question->deadline);
	find_booking(&visit, question->within, question->now, &found);
	leave_out(&visit, question->moving, &found);
	answer_found(&found, ret_busy);
}

void calendar_forget(struct calendars *calendars, const char *coach_id)
{
	if (!calendars->on)
		return;
	struct calendar_coach *coach = coach_entry(calendars, coach_id);
	pthread_mutex_lock(&coach->lock);
	coach->forgotten_at = monotonic_ms() + 1;
	pthread_mutex_unlock(&coach->lock);
}
