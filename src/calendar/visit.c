#include "visit.h"

#include "base/crypto.h"
#include "base/log.h"
#include "base/thread.h"

#include <string.h>

enum { STATEMENT_TIMEOUT_MS = 5000 }; /* of background threads */

static struct moment moment_now(void)
{
	struct moment now = {.ms = monotonic_ms(), .at = instant_now()};
	crypto_random(&now.random, sizeof(now.random));
	return now;
}

int64_t visit_backoff_ms(int64_t attempt, int64_t longest_ms)
{
	return backoff_ms(attempt, longest_ms, moment_now().random);
}

/* ---- beginning and ending ---- */

struct worker worker_open(struct calendars *calendars)
{
	struct worker worker = {
		.db = db_open(calendars->settings.database, STATEMENT_TIMEOUT_MS),
		.fetcher = fetch_client_new("bookingd/" BOOKINGD_VERSION, &calendars->bell.stop),
		.background = true,
	};
	db_guard(worker.db, calendars->settings.schema_sound);
	return worker;
}

void worker_close(struct worker *worker)
{
	fetch_client_free(worker->fetcher);
	db_close(worker->db);
}

static void take_link(struct visit *visit)
{
	visit->link = coach_link(visit->calendars, visit->worker->db, visit->coach, &visit->result);
	if (visit->link == NULL || visit->link->needs_consent)
		return;
	if (visit->link->tokens != NULL)
		visit->call.tokens = visit->link->tokens->source;
	else if (visit->link->secret != NULL)
		visit->call.dav = &visit->link->dav;
}

void visit_begin(struct visit *visit, struct calendars *calendars, struct worker *worker,
		 const char *coach_id, struct arena *mem, int64_t deadline)
{
	*visit = (struct visit){
		.calendars = calendars,
		.coach = coach_entry(calendars, coach_id),
		.worker = worker,
		.call = {.api = calendars->settings.api,
			 .fetcher = worker->fetcher,
			 .mem = mem,
			 .now = instant_now(),
			 .deadline = deadline},
		.started = monotonic_ms(),
	};
	take_link(visit);
}

void visit_renew_link(struct visit *visit)
{
	coach_link_changed(visit->coach);
	link_release(visit->link);
	visit->call.tokens = NULL;
	visit->call.dav = NULL;
	take_link(visit);
}

void visit_end(struct visit *visit)
{
	struct calendar_coach *coach = visit->coach;
	link_release(visit->link);
	visit->link = NULL;
	if (!visit->visiting)
		return;
	pthread_mutex_lock(&coach->lock);
	coach->visitors--;
	visit->visiting = false;
	pthread_cond_broadcast(&coach->left);
	pthread_mutex_unlock(&coach->lock);
}

/* Become one of the coach's visitors, if need be when another has left. The lock is held. */
static bool come_in(struct visit *visit)
{
	struct calendar_coach *coach = visit->coach;
	if (visit->worker->background || visit->visiting)
		return true;
	while (coach->visitors >= visit->calendars->settings.requests_per_coach) {
		int64_t until = coach->heard_at + FAIR_MS;
		if (until > visit->call.deadline)
			until = visit->call.deadline;
		if (coach->health.failures > 0 || !condition_wait_until(&coach->left, &coach->lock, until))
			return false;
	}
	if (coach->visitors == 0)
		coach->heard_at = monotonic_ms();
	coach->visitors++;
	visit->visiting = true;
	return true;
}

static bool may_call(struct visit *visit, enum call_kind kind)
{
	struct calendar_coach *coach = visit->coach;
	if ((visit->call.tokens == NULL && visit->call.dav == NULL) || monotonic_ms() >= visit->call.deadline)
		return false;
	pthread_mutex_lock(&coach->lock);
	bool may = come_in(visit);
	int64_t now = monotonic_ms();
	may = may && (kind == CALL_WRITE ? health_may_write(&coach->health, now)
					 : health_may_call(&coach->health, now));
	pthread_mutex_unlock(&coach->lock);
	return may;
}

bool visit_may_call(struct visit *visit)
{
	return may_call(visit, CALL_READ);
}

bool visit_may_write(struct visit *visit)
{
	return may_call(visit, CALL_WRITE);
}

/* ---- what an answer leads to ---- */

const char *visit_detail(struct arena *mem, const struct google_answer *answer)
{
	if (answer->is_sentence)
		return arena_strdup(mem, answer->message);
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
	if (metrics == NULL)
		return;
	if (visit->link->mode == LINK_CALDAV)
		counter_add(metrics_counter(metrics, "bookingd_caldav_calls_total",
					    "Calls to CalDAV servers by kind and outcome.", "call", call,
					    "outcome", google_outcome_name(answer->outcome), NULL),
			    1);
	else
		counter_add(metrics_counter(metrics, "bookingd_google_calls_total",
					    "Calls to Google by kind and outcome.", "call", call, "outcome",
					    google_outcome_name(answer->outcome), NULL),
			    1);
}

/* The call was begun shortly before its deadline and did not end in time, which is not the provider's fault.
 */
static bool was_cut_short(const struct visit *visit, const struct google_answer *answer)
{
	return answer->outcome == GOOGLE_TEMPORARY && strcmp(answer->reason, "timeout") == 0 &&
	       visit->call.deadline - visit->started < FAIR_MS;
}

/* The coach's consent has ended: no call is made until they consent again. */
static void end_consent(struct visit *visit, const struct google_answer *answer)
{
	const char *coach_id = visit->coach->id;
	enum db_result result = db_run(visit->worker->db, QUERY_CALENDAR_GRANT_DEAD,
				       DB_PARAMETERS(db_text(coach_id), db_text(visit->link->sealed),
						     db_text(visit_detail(visit->call.mem, answer)),
						     db_bool(visit->calendars->settings.mail)),
				       NULL);
	if (result != DB_NONE) /* none: another call has met it at the same time, and logged it */
		log_line(LOG_ERROR, "calendar_needs_consent", LOG_TEXT_FIELD("coach", coach_id),
			 LOG_TEXT_FIELD("reason", answer->reason),
			 LOG_TEXT_FIELD("remedy", google_remedy(answer)));
	visit->call.tokens = NULL;
	if (result == DB_OK || result == DB_NONE)
		coach_link_changed(visit->coach);
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
	coach_link_changed(visit->coach);
}

static bool note_health(struct visit *visit, enum call_kind kind, const struct google_answer *answer)
{
	struct calendar_coach *coach = visit->coach;
	const char *detail = visit_detail(visit->call.mem, answer);
	struct moment now = moment_now();
	bool held = false;
	pthread_mutex_lock(&coach->lock);
	coach->heard_at = now.ms;
	struct abilities *can = &coach->health.can;
	if (!was_cut_short(visit, answer))
		held = health_note(&coach->health, kind, answer, detail, now);
	/* A token was given for the user whom the service account impersonates, so the domain has delegated.
	 */
	if (answer->outcome == GOOGLE_OK && visit->link->mode == LINK_SERVICE_ACCOUNT &&
	    !visit->link->undelegated && can->invite_guests == ABILITY_UNKNOWN)
		can->invite_guests = ABILITY_YES;
	pthread_mutex_unlock(&coach->lock);
	return held;
}

void visit_note(struct visit *visit, const char *call, enum call_kind kind,
		const struct google_answer *answer)
{
	const char *coach_id = visit->coach->id;
	count(visit, call, answer);
	if (log_enabled(LOG_DEBUG))
		log_line(LOG_DEBUG, "google_call", LOG_TEXT_FIELD("call", call),
			 LOG_TEXT_FIELD("coach", coach_id),
			 LOG_TEXT_FIELD("outcome", google_outcome_name(answer->outcome)),
			 LOG_INTEGER_FIELD("status", answer->status),
			 LOG_TEXT_FIELD("reason", answer->reason),
			 LOG_INTEGER_FIELD("ms", monotonic_ms() - visit->started));
	if (note_health(visit, kind, answer))
		log_line(LOG_ERROR, "calendar_quota_exceeded", LOG_TEXT_FIELD("coach", coach_id),
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
	const char *detail = visit_detail(visit->call.mem, &answer);
	pthread_mutex_lock(&coach->lock);
	health_note_unknown(&coach->health, problem, detail);
	pthread_mutex_unlock(&coach->lock);
	log_line(LOG_WARNING, "calendar_busy_unknown", LOG_TEXT_FIELD("coach", coach->id),
		 LOG_TEXT_FIELD("reason", problem));
}

void visit_note_role(struct visit *visit, const char *access_role)
{
	if (access_role == NULL || !visit->link->may_write_events)
		return;
	bool writes = strcmp(access_role, "owner") == 0 || strcmp(access_role, "writer") == 0;
	coach_learn(visit->coach, &visit->coach->health.can.write_events, writes ? ABILITY_YES : ABILITY_NO);
}

/* ---- the calls ---- */

static const struct provider *begin_call(struct visit *visit)
{
	visit->started = monotonic_ms();
	return visit->link->provider;
}

static enum google_outcome end_call(struct visit *visit, const char *call, enum call_kind kind,
				    const struct google_answer *answer)
{
	visit_note(visit, call, kind, answer);
	return answer->outcome;
}

enum google_outcome visit_busy(struct visit *visit, instant from, instant to, struct google_busy ret_busy[],
			       struct google_answer *answer)
{
	begin_call(visit)->busy(&visit->call, visit->link->calendar_ids, visit->link->calendar_count, from,
				to, ret_busy, answer);
	return end_call(visit, "freebusy.query", CALL_READ, answer);
}

enum google_outcome visit_insert(struct visit *visit, const char *calendar,
				 const struct google_event_draft *draft, struct google_event *ret_event,
				 struct google_answer *answer)
{
	begin_call(visit)->insert(&visit->call, calendar, draft, ret_event, answer);
	return end_call(visit, "events.insert", CALL_WRITE, answer);
}

enum google_outcome visit_get(struct visit *visit, enum call_kind kind, const char *calendar,
			      const char *event_id, struct google_event *ret_event,
			      struct google_answer *answer)
{
	begin_call(visit)->get(&visit->call, calendar, event_id, ret_event, answer);
	return end_call(visit, "events.get", kind, answer);
}

enum google_outcome visit_patch(struct visit *visit, const struct visit_change *change,
				struct google_event *ret_event, struct google_answer *answer)
{
	begin_call(visit)->patch(&visit->call, change->calendar, change->event_id, change->parts,
				 change->draft, change->etag, ret_event, answer);
	return end_call(visit, "events.patch", CALL_WRITE, answer);
}

enum google_outcome visit_delete(struct visit *visit, const char *calendar, const char *event_id, bool silent,
				 struct google_answer *answer)
{
	begin_call(visit)->remove(&visit->call, calendar, event_id, silent, NULL, answer);
	return end_call(visit, "events.delete", CALL_WRITE, answer);
}

enum google_outcome visit_list(struct visit *visit, const char *calendar,
			       const struct google_event_query *query, struct google_event_page *ret_page,
			       struct google_answer *answer)
{
	begin_call(visit)->list(&visit->call, calendar, query, ret_page, answer);
	return end_call(visit, "events.list", CALL_READ, answer);
}

enum google_outcome visit_watch(struct visit *visit, const struct visit_watch *watch,
				struct google_channel *ret_channel, struct google_answer *answer)
{
	begin_call(visit)->watch(&visit->call, watch->calendar, watch->channel_id, watch->token,
				 watch->address, watch->lifetime, ret_channel, answer);
	return end_call(visit, "events.watch", CALL_READ, answer);
}

enum google_outcome visit_stop(struct visit *visit, const char *channel_id, const char *resource_id,
			       struct google_answer *answer)
{
	begin_call(visit)->stop(&visit->call, channel_id, resource_id, answer);
	return end_call(visit, "channels.stop", CALL_READ, answer);
}
