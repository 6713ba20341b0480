/* One stretch of talking to Google for one coach: may it be asked, what did it answer, what follows from
 * that. */
#include "calendar_inside.h"

#include "base/crypto.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FAILURES_TO_CLOSE = 3, /* in a row, until the breaker answers for Google */
	FAIR_MS = 1000,        /* Google may well take so long; whoever has less left cannot blame it */
	CLOSED_MS_MAX = 5000,  /* so a Google that is back is noticed within 5 s */
	PATIENCE_MS_MAX = 64000,
	HOLD_MS = 3600 * 1000,
	HOLD_MS_MAX = 6 * HOLD_MS,
};

/* ---- beginning and ending ---- */

void visit_begin(struct visit *visit, struct calendars *calendars, struct worker *worker,
		 const char *coach_id, struct arena *mem, int64_t deadline)
{
	*visit = (struct visit){
		.calendars = calendars,
		.coach = calendar_coach_of(calendars, coach_id),
		.worker = worker,
		.call = {.api = calendars->settings.api,
			 .fetcher = worker->fetcher,
			 .mem = mem,
			 .now = instant_now(),
			 .deadline = deadline},
		.started = monotonic_ms(),
	};
	visit->link = link_get(calendars, worker, visit->coach, &visit->result);
	if (visit->link != NULL && visit->link->tokens != NULL && !visit->link->needs_consent)
		visit->call.tokens = visit->link->tokens->source;
}

void visit_end(struct visit *visit)
{
	link_release(visit->link);
	visit->link = NULL;
}

static bool may_call(struct visit *visit, bool write)
{
	struct calendar_coach *coach = visit->coach;
	int64_t now = monotonic_ms();
	if (visit->call.tokens == NULL || now >= visit->call.deadline)
		return false;
	pthread_mutex_lock(&coach->lock);
	bool open = now >= coach->closed_until;
	if (write)
		open = open && now >= coach->writes_wait_until && now >= coach->held_until;
	pthread_mutex_unlock(&coach->lock);
	visit->started = now;
	return open;
}

bool visit_may_call(struct visit *visit)
{
	return may_call(visit, false);
}

bool visit_may_write(struct visit *visit)
{
	return may_call(visit, true);
}

/* ---- what an answer leads to ---- */

int64_t backoff_ms(int64_t attempt, int64_t longest_ms)
{
	int64_t full = attempt >= 20 ? longest_ms : 1000 * ((int64_t)1 << (attempt < 0 ? 0 : attempt));
	uint32_t random;
	if (full > longest_ms)
		full = longest_ms;
	crypto_random(&random, sizeof(random));
	return full - (int64_t)(random % (uint64_t)(full / 3 + 1));
}

const char *visit_detail(struct arena *mem, const struct google_answer *answer)
{
	const char *remedy = google_remedy(answer);
	const char *said = answer->message[0] != '\0'  ? answer->message
			   : answer->reason[0] != '\0' ? answer->reason
						       : "no reason given";
	if (remedy == NULL)
		return arena_printf(mem, "Google says: %s", said);
	if (answer->status == 0)
		return remedy;
	return arena_printf(mem, "Google says: %s%s %s", said, said[strlen(said) - 1] == '.' ? "" : ".",
			    remedy);
}

static void count(const struct visit *visit, const char *call, const struct google_answer *answer)
{
	struct metrics *metrics = visit->calendars->settings.metrics;
	if (metrics != NULL)
		counter_add(metrics_counter(metrics, "bookingd_google_calls_total",
					    "Calls to Google by kind and outcome.", "call", call, "outcome",
					    google_outcome_name(answer->outcome), NULL),
			    1);
}

/* Google could not be asked, or did not answer as an API does. The lock is held. */
static void note_failure(struct calendar_coach *coach, int64_t now)
{
	coach->failures++;
	if (coach->failures < FAILURES_TO_CLOSE)
		return;
	coach->closed_until = now + backoff_ms(coach->failures - FAILURES_TO_CLOSE, CLOSED_MS_MAX);
}

/* Google asks for patience. The lock is held. Returns true when it is news that we are held back. */
static bool note_patience(struct calendar_coach *coach, enum visit_kind kind,
			  const struct google_answer *answer, int64_t now)
{
	int64_t wait;
	if (answer->outcome == GOOGLE_QUOTA_EXCEEDED) {
		bool news = now >= coach->held_until;
		wait = coach->holds >= 3 ? HOLD_MS_MAX : (int64_t)HOLD_MS << coach->holds;
		if (news) {
			coach->holds++;
			coach->held_until = now + wait;
		}
		return news;
	}
	wait = backoff_ms(coach->refusals, PATIENCE_MS_MAX);
	if (coach->refusals < 16)
		coach->refusals++;
	if (wait < answer->retry_after * 1000)
		wait = answer->retry_after * 1000;
	if (kind == VISIT_WRITE)
		coach->writes_wait_until = now + wait;
	else
		coach->closed_until = now + wait;
	return false;
}

/* Whether an answer says something about the credentials or the calendar rather than about one event. */
static bool is_trouble(const struct google_answer *answer)
{
	switch (answer->outcome) {
	case GOOGLE_UNAUTHORIZED:
	case GOOGLE_RATE_LIMITED:
	case GOOGLE_QUOTA_EXCEEDED:
	case GOOGLE_DEAD_GRANT:
	case GOOGLE_TEMPORARY:
	case GOOGLE_OPERATOR:
		return true;
	case GOOGLE_FORBIDDEN:
		return strcmp(answer->reason, "requiredAccessLevel") == 0;
	case GOOGLE_OK:
	case GOOGLE_NOT_FOUND:
	case GOOGLE_GONE:
	case GOOGLE_DUPLICATE:
	case GOOGLE_PRECONDITION_FAILED:
	case GOOGLE_INVALID:
	case GOOGLE_FULL_SYNC_REQUIRED:
		break;
	}
	return false;
}

static void set_trouble(struct trouble *trouble, enum google_outcome outcome, const char *reason,
			const char *detail)
{
	trouble->outcome = outcome;
	snprintf(trouble->reason, sizeof(trouble->reason), "%s", reason);
	snprintf(trouble->detail, sizeof(trouble->detail), "%s", detail);
}

/* A call that was begun when its deadline was near, and met it. */
static bool is_hurry(const struct visit *visit, const struct google_answer *answer)
{
	return answer->outcome == GOOGLE_TEMPORARY && strcmp(answer->reason, "timeout") == 0 &&
	       visit->call.deadline - visit->started < FAIR_MS;
}

/* The lock is held. */
static void note_health(struct visit *visit, enum visit_kind kind, const struct google_answer *answer,
			bool *ret_held)
{
	struct calendar_coach *coach = visit->coach;
	int64_t now = monotonic_ms();
	*ret_held = false;
	if (is_hurry(visit, answer))
		return;
	if (is_trouble(answer))
		set_trouble(&coach->trouble[kind], answer->outcome, answer->reason,
			    visit_detail(visit->call.mem, answer));
	switch (answer->outcome) {
	case GOOGLE_OK:
		coach->last_success_at = instant_now();
		coach->trouble[kind].outcome = GOOGLE_OK;
		if (kind == VISIT_WRITE) {
			coach->refusals = coach->holds = 0;
			coach->held_until = 0;
		}
		break;
	case GOOGLE_RATE_LIMITED:
	case GOOGLE_QUOTA_EXCEEDED:
		*ret_held = note_patience(coach, kind, answer, now);
		break;
	case GOOGLE_UNAUTHORIZED:
	case GOOGLE_DEAD_GRANT:
	case GOOGLE_TEMPORARY:
	case GOOGLE_OPERATOR:
		note_failure(coach, now);
		return;
	case GOOGLE_FORBIDDEN:
		if (strcmp(answer->reason, "requiredAccessLevel") == 0)
			coach->write_events = ABILITY_NO;
		break;
	case GOOGLE_NOT_FOUND:
	case GOOGLE_GONE:
	case GOOGLE_DUPLICATE:
	case GOOGLE_PRECONDITION_FAILED:
	case GOOGLE_INVALID:
	case GOOGLE_FULL_SYNC_REQUIRED:
		break;
	}
	coach->failures = 0;
	if (answer->outcome != GOOGLE_RATE_LIMITED)
		coach->closed_until = 0;
}

/* The coach's consent has ended: nothing is sent any more until they consent again. */
static void end_consent(struct visit *visit, const struct google_answer *answer)
{
	const char *coach_id = visit->coach->id;
	enum db_result result = db_run(visit->worker->db, QUERY_CALENDAR_GRANT_DEAD,
				       DB_PARAMETERS(db_text(coach_id), db_text(visit->link->sealed),
						     db_text(visit_detail(visit->call.mem, answer))),
				       NULL);
	if (result != DB_NONE) /* else another call has met it at the same time, and told it */
		log_line(LOG_ERROR, "calendar_needs_consent", LOG_TEXT_FIELD("coach", coach_id),
			 LOG_TEXT_FIELD("reason", answer->reason),
			 LOG_TEXT_FIELD("remedy", google_remedy(answer)));
	visit->call.tokens = NULL;
	if (result == DB_OK || result == DB_NONE)
		link_forget(visit->coach, false);
}

/* Google has handed out another refresh token. */
static void keep_rotated(struct visit *visit)
{
	struct arena *mem = visit->call.mem;
	char *token = google_token_rotated(visit->call.tokens, mem);
	if (token == NULL)
		return;
	char *sealed = arena_alloc(mem, SEAL_TEXT_SIZE(strlen(token)));
	seal_text(visit->calendars->settings.seal_keys, seal_name_token(mem, visit->coach->id), token,
		  strlen(token), sealed);
	crypto_wipe(token, strlen(token));
	if (db_run(visit->worker->db, QUERY_CALENDAR_GRANT_ROTATE,
		   DB_PARAMETERS(db_text(visit->coach->id), db_text(visit->link->sealed), db_text(sealed)),
		   NULL) != DB_OK)
		log_line(LOG_ERROR, "calendar_token_not_kept", LOG_TEXT_FIELD("coach", visit->coach->id));
	link_forget(visit->coach, false);
}

void visit_note(struct visit *visit, const char *call, enum visit_kind kind,
		const struct google_answer *answer)
{
	struct calendar_coach *coach = visit->coach;
	bool held;
	count(visit, call, answer);
	if (log_enabled(LOG_DEBUG))
		log_line(LOG_DEBUG, "google_call", LOG_TEXT_FIELD("call", call),
			 LOG_TEXT_FIELD("coach", coach->id),
			 LOG_TEXT_FIELD("outcome", google_outcome_name(answer->outcome)),
			 LOG_INTEGER_FIELD("status", answer->status),
			 LOG_TEXT_FIELD("reason", answer->reason),
			 LOG_INTEGER_FIELD("ms", monotonic_ms() - visit->started));
	pthread_mutex_lock(&coach->lock);
	note_health(visit, kind, answer, &held);
	/* A token was given for the user we speak for, so the domain has delegated to us. */
	if (answer->outcome == GOOGLE_OK && visit->link->mode == LINK_SERVICE_ACCOUNT && !visit->link->bare &&
	    coach->invite_guests == ABILITY_UNKNOWN)
		coach->invite_guests = ABILITY_YES;
	pthread_mutex_unlock(&coach->lock);
	if (held)
		log_line(LOG_ERROR, "calendar_quota_exceeded", LOG_TEXT_FIELD("coach", coach->id),
			 LOG_TEXT_FIELD("message", answer->message),
			 LOG_TEXT_FIELD("remedy", google_remedy(answer)));
	if (visit->link->mode == LINK_CONSENT && visit->call.tokens != NULL) {
		if (answer->outcome == GOOGLE_DEAD_GRANT)
			end_consent(visit, answer);
		else if (answer->outcome == GOOGLE_OK)
			keep_rotated(visit);
	}
	visit->started = monotonic_ms();
}

void visit_note_unknown(struct visit *visit, const char *problem)
{
	struct calendar_coach *coach = visit->coach;
	struct google_answer answer;
	google_answer_set(&answer, GOOGLE_NOT_FOUND, problem);
	answer.status = 200;
	pthread_mutex_lock(&coach->lock);
	coach->read_busy = ABILITY_NO;
	set_trouble(&coach->trouble[VISIT_READ], GOOGLE_NOT_FOUND, problem,
		    visit_detail(visit->call.mem, &answer));
	pthread_mutex_unlock(&coach->lock);
	log_line(LOG_WARNING, "calendar_busy_unknown", LOG_TEXT_FIELD("coach", coach->id),
		 LOG_TEXT_FIELD("reason", problem));
}

void visit_learn(struct visit *visit, enum ability *of_coach, enum ability learned)
{
	pthread_mutex_lock(&visit->coach->lock);
	*of_coach = learned;
	pthread_mutex_unlock(&visit->coach->lock);
}

void visit_hope(struct calendar_coach *coach)
{
	pthread_mutex_lock(&coach->lock);
	bool bare = coach->link != NULL && coach->link->bare;
	bool denied = coach->link != NULL && !coach->link->may_write_events;
	coach->failures = coach->refusals = coach->holds = 0;
	coach->closed_until = coach->writes_wait_until = coach->held_until = 0;
	if (!bare && !denied)
		coach->write_events = coach->invite_guests = coach->create_meet = ABILITY_UNKNOWN;
	memset(&coach->trouble[VISIT_WRITE], 0, sizeof(coach->trouble[VISIT_WRITE]));
	pthread_mutex_unlock(&coach->lock);
}

/* ---- whom not to ask now ---- */

struct blocked {
	struct buffer ids;
	bool writes;
	int64_t now;
};

static void add_blocked(struct calendars *calendars, struct calendar_coach *coach, void *owner)
{
	struct blocked *blocked = owner;
	(void)calendars;
	pthread_mutex_lock(&coach->lock);
	bool wait = blocked->now < coach->closed_until ||
		    (coach->link != NULL && coach->link->connected && coach->link->needs_consent);
	if (blocked->writes)
		wait = wait || blocked->now < coach->writes_wait_until || blocked->now < coach->held_until ||
		       coach->payers >= PAYERS_PER_COACH;
	pthread_mutex_unlock(&coach->lock);
	if (wait)
		buffer_printf(&blocked->ids, "%s%s", blocked->ids.length > 0 ? "," : "", coach->id);
}

char *calendar_blocked(struct calendars *calendars, struct arena *mem, bool writes)
{
	struct blocked blocked = {.writes = writes, .now = monotonic_ms()};
	buffer_init(&blocked.ids, 1 << 20);
	calendar_coaches_each(calendars, add_blocked, &blocked);
	char *ids = arena_strdup(mem, buffer_text(&blocked.ids));
	buffer_clear(&blocked.ids);
	return ids;
}
