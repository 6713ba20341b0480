/*
 * The threads behind the calendar: payers take one debt after the other; the keeper looks for changes in
 * Google's calendars, keeps channels open, notices what other replicas changed, and sets the gauges.
 *
 * Each thread has a database connection and a client for calls of its own. What is to be done is always read
 * from the database, so any number of daemons share the work, and nothing is lost with one of them.
 */
#include "calendar_inside.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	STATEMENT_TIMEOUT_MS = 5000,
	LEASE_SECONDS = 20, /* of a claimed debt; longer than one try may take */
	IDLE_MS = 1000,     /* between two looks for debts when there was none */
	TICK_MS = 1000,     /* of the keeper */
	LINKS_EVERY_MS = 10000,
	GAUGES_EVERY_MS = 2000,
	RETRY_SYNC_SECONDS = 10,
	NEVER_SECONDS = 10 * 365 * SECONDS_PER_DAY, /* CALENDAR_POLL_SECONDS=0: only pushes */
	PROBE_DEADLINE_MS = 10000,
};

/* ---- waking ---- */

static void wake(struct calendars *calendars, pthread_cond_t *condition, uint64_t *signals)
{
	pthread_mutex_lock(&calendars->wake_lock);
	(*signals)++;
	pthread_cond_broadcast(condition);
	pthread_mutex_unlock(&calendars->wake_lock);
}

void payers_wake(struct calendars *calendars)
{
	wake(calendars, &calendars->payers_wake, &calendars->pay_signals);
}

void keeper_wake(struct calendars *calendars)
{
	wake(calendars, &calendars->keeper_wake, &calendars->keep_signals);
}

/* Wait for a signal since *seen, or the time. */
static void wait_for(struct calendars *calendars, pthread_cond_t *condition, const uint64_t *signals,
		     uint64_t *seen, int64_t milliseconds)
{
	int64_t end = monotonic_ms() + milliseconds;
	struct timespec until = {.tv_sec = end / 1000, .tv_nsec = end % 1000 * 1000000};
	pthread_mutex_lock(&calendars->wake_lock);
	while (*signals == *seen && !atomic_load(&calendars->stop)) {
		if (pthread_cond_timedwait(condition, &calendars->wake_lock, &until) == ETIMEDOUT)
			break;
	}
	*seen = *signals;
	pthread_mutex_unlock(&calendars->wake_lock);
}

static struct worker worker_open(struct calendars *calendars)
{
	return (struct worker){
		.db = db_open(calendars->settings.database_url, STATEMENT_TIMEOUT_MS),
		.fetcher = fetch_client_new("bookingd/" BOOKINGD_VERSION, &calendars->stop),
	};
}

static void worker_close(struct worker *worker)
{
	fetch_client_free(worker->fetcher);
	db_close(worker->db);
}

/* ---- payers ---- */

static void count_payers(struct calendar_coach *coach, int change)
{
	pthread_mutex_lock(&coach->lock);
	coach->payers += change;
	pthread_mutex_unlock(&coach->lock);
}

/* Claim one debt and pay it. False: there was none, or the database is away. */
static bool pay_one(struct calendars *calendars, struct worker *worker, struct arena *mem)
{
	DB_ROWS rows = {0};
	char id[UUID_TEXT_SIZE];
	if (db_run(worker->db, QUERY_CALENDAR_CLAIM,
		   DB_PARAMETERS(db_int(LEASE_SECONDS), db_text(calendar_blocked(calendars, mem, true))),
		   &rows) != DB_OK)
		return false;
	db_get_uuid(&rows, 0, 0, id);
	const char *coach_id = db_copy_text(&rows, 0, 1, mem);
	struct calendar_coach *coach = calendar_coach_of(calendars, coach_id);
	count_payers(coach, 1);
	debt_pay(calendars, worker, coach_id, id);
	count_payers(coach, -1);
	return true;
}

static void *run_payer(void *argument)
{
	struct calendars *calendars = argument;
	struct worker worker = worker_open(calendars);
	struct arena mem = ARENA_EMPTY;
	uint64_t seen = 0;
	pthread_mutex_lock(&calendars->wake_lock); /* payers[] is whole */
	bool first = pthread_equal(pthread_self(), calendars->payers[0]);
	pthread_mutex_unlock(&calendars->wake_lock);
	while (!atomic_load(&calendars->stop)) {
		if (pay_one(calendars, &worker, &mem)) {
			/* Where there is one there may be more: the others sleep longer. */
			if (first)
				payers_wake(calendars);
		} else {
			wait_for(calendars, &calendars->payers_wake, &calendars->pay_signals, &seen,
				 first ? IDLE_MS : 10 * IDLE_MS);
		}
		arena_reset(&mem);
	}
	arena_clear(&mem);
	worker_close(&worker);
	return NULL;
}

/* ---- the keeper ---- */

struct keeper {
	struct calendars *calendars;
	struct worker worker;
	struct arena mem;
	int64_t links_at; /* when to do what next, as monotonic_ms */
	int64_t gauges_at;
};

static const char *yes_no(enum ability ability)
{
	return ability == ABILITY_YES ? "yes" : ability == ABILITY_NO ? "no" : "unknown";
}

/* Once per coach and connection: what we may do, for the operator. */
static void announce(struct keeper *keeper, struct calendar_coach *coach)
{
	struct calendar_status status;
	pthread_mutex_lock(&coach->lock);
	bool announced = coach->announced;
	enum ability abilities[] = {coach->read_busy, coach->write_events, coach->invite_guests,
				    coach->create_meet};
	coach->announced = true;
	pthread_mutex_unlock(&coach->lock);
	if (announced ||
	    calendar_status(keeper->calendars, &keeper->worker, coach->id, &keeper->mem, &status) != DB_OK)
		return;
	bool good = strcmp(status.state, "ok") == 0;
	log_line(good ? LOG_INFO : LOG_WARNING, "calendar_ready", LOG_TEXT_FIELD("coach", coach->id),
		 LOG_TEXT_FIELD("mode", status.mode), LOG_TEXT_FIELD("state", status.state),
		 LOG_TEXT_FIELD("read_busy", yes_no(abilities[0])),
		 LOG_TEXT_FIELD("write_events", yes_no(abilities[1])),
		 LOG_TEXT_FIELD("invite_guests", yes_no(abilities[2])),
		 LOG_TEXT_FIELD("create_meet", yes_no(abilities[3])),
		 LOG_TEXT_FIELD("detail", status.detail));
}

void calendar_probe(struct calendars *calendars, struct worker *worker, const char *coach_id,
		    int64_t deadline)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	instant now = instant_now();
	struct calendar_busy busy;
	if (!calendars->on)
		return;
	calendar_busy_listing(calendars, worker, coach_id, (struct interval){now, now + SECONDS_PER_DAY}, now,
			      deadline, &mem, &busy);
	VISIT visit;
	visit_begin(&visit, calendars, worker, coach_id, &mem, deadline);
	if (visit.link == NULL || !visit.link->connected || !visit_may_call(&visit))
		return;
	struct google_event_query query = {.from = now, .to = now + SECONDS_PER_MINUTE};
	struct google_event_page page;
	struct google_answer answer;
	google_events_page(&visit.call, visit.link->calendar_ids[0], &query, &page, &answer);
	visit_note(&visit, "events.list", VISIT_READ, &answer);
	if (answer.outcome == GOOGLE_OK && page.access_role != NULL && visit.link->may_write_events)
		visit_learn(&visit, &visit.coach->write_events,
			    strcmp(page.access_role, "owner") == 0 || strcmp(page.access_role, "writer") == 0
				    ? ABILITY_YES
				    : ABILITY_NO);
}

/* A coach's credentials as the database has them, against what memory believes. */
static void check_link(struct keeper *keeper, const char *coach_id, const char *sealed, bool needs_consent)
{
	struct calendars *calendars = keeper->calendars;
	struct calendar_coach *coach = calendar_coach_of(calendars, coach_id);
	struct link *link = link_peek(coach);
	bool consent = link != NULL && link->mode == LINK_CONSENT;
	bool changed = link != NULL &&
		       ((link->sealed != NULL) != (sealed != NULL && calendars->settings.oauth.id != NULL) ||
			(sealed != NULL && link->sealed != NULL && strcmp(sealed, link->sealed) != 0));
	bool ended = consent && link->connected && link->needs_consent != needs_consent;
	link_release(link);
	if (changed || ended)
		link_forget(coach, changed);
	if (changed)
		sync_changed(calendars, coach_id);
	pthread_mutex_lock(&coach->lock);
	bool announced = coach->announced;
	pthread_mutex_unlock(&coach->lock);
	if (announced)
		return;
	calendar_probe(calendars, &keeper->worker, coach_id, monotonic_ms() + PROBE_DEADLINE_MS);
	if (!calendar_adopt(calendars, &keeper->worker, coach_id, &keeper->mem)) {
		/* Not announced, so the next round looks at the coach again. */
		log_line(LOG_WARNING, "calendar_not_adopted", LOG_TEXT_FIELD("coach", coach_id),
			 LOG_TEXT_FIELD("detail", db_failure(keeper->worker.db)->detail));
		return;
	}
	announce(keeper, coach);
	db_run(keeper->worker.db, QUERY_CALENDAR_SYNC_SOON, DB_PARAMETERS(db_text(coach_id), db_int(0)),
	       NULL);
}

static void check_links(struct keeper *keeper)
{
	DB_ROWS rows = {0};
	if (db_run(keeper->worker.db, QUERY_CALENDAR_COACHES,
		   DB_PARAMETERS(db_text(keeper->calendars->settings.coach_id)), &rows) != DB_OK)
		return;
	for (size_t i = 0; i < rows.count && !atomic_load(&keeper->calendars->stop); i++)
		check_link(keeper, db_get_text(&rows, i, 0), db_get_text(&rows, i, 1),
			   db_get_bool(&rows, i, 2));
}

/* Look for changes in one calendar that is due. False: none was. */
static bool sync_one(struct keeper *keeper)
{
	struct calendars *calendars = keeper->calendars;
	struct worker *worker = &keeper->worker;
	struct arena *mem = &keeper->mem;
	seconds every =
		calendars->settings.poll_seconds > 0 ? calendars->settings.poll_seconds : NEVER_SECONDS;
	DB_ROWS rows = {0};
	if (db_run(worker->db, QUERY_CALENDAR_SYNC_CLAIM,
		   DB_PARAMETERS(db_int(every), db_text(calendar_blocked(calendars, mem, false))),
		   &rows) != DB_OK)
		return false;
	const char *coach_id = db_copy_text(&rows, 0, 0, mem);
	VISIT visit;
	visit_begin(&visit, calendars, worker, coach_id, mem, monotonic_ms() + PROBE_DEADLINE_MS);
	if (visit.link == NULL || !visit.link->connected)
		return true;
	if (!sync_calendar(&visit, db_get_text(&rows, 0, 1), db_get_text(&rows, 0, 2)))
		db_run(worker->db, QUERY_CALENDAR_SYNC_SOON,
		       DB_PARAMETERS(db_text(coach_id), db_int(RETRY_SYNC_SECONDS)), NULL);
	return true;
}

static void set_gauges(struct keeper *keeper)
{
	DB_ROWS rows = {0};
	struct calendars *calendars = keeper->calendars;
	if (calendars->debt_count == NULL ||
	    db_run(keeper->worker.db, QUERY_CALENDAR_DEBT, DB_NO_PARAMETERS, &rows) != DB_OK)
		return;
	gauge_set(calendars->debt_count, db_get_int(&rows, 0, 0));
	gauge_set(calendars->debt_age, db_get_int(&rows, 0, 1));
}

static void keep(struct keeper *keeper)
{
	struct calendars *calendars = keeper->calendars;
	int64_t now = monotonic_ms();
	if (now >= keeper->gauges_at) {
		set_gauges(keeper);
		keeper->gauges_at = now + GAUGES_EVERY_MS;
	}
	if (now >= keeper->links_at) {
		check_links(keeper);
		keeper->links_at = now + LINKS_EVERY_MS;
	}
	while (!atomic_load(&calendars->stop) && sync_one(keeper))
		arena_reset(&keeper->mem);
	while (!atomic_load(&calendars->stop) && push_renew_one(calendars, &keeper->worker, &keeper->mem))
		arena_reset(&keeper->mem);
}

static void *run_keeper(void *argument)
{
	struct calendars *calendars = argument;
	struct keeper keeper = {.calendars = calendars, .worker = worker_open(calendars), .mem = ARENA_EMPTY};
	uint64_t seen = 0;
	while (!atomic_load(&calendars->stop)) {
		keep(&keeper);
		arena_reset(&keeper.mem);
		wait_for(calendars, &calendars->keeper_wake, &calendars->keep_signals, &seen, TICK_MS);
	}
	arena_clear(&keeper.mem);
	worker_close(&keeper.worker);
	return NULL;
}

/* ---- starting and stopping ---- */

void calendars_start(struct calendars *calendars)
{
	if (!calendars->on)
		return;
	calendars->running = true;
	pthread_mutex_lock(&calendars->wake_lock); /* until payers[] is whole */
	for (size_t i = 0; i < PAYERS; i++) {
		if (pthread_create(&calendars->payers[i], NULL, run_payer, calendars) != 0)
			abort();
	}
	if (pthread_create(&calendars->keeper, NULL, run_keeper, calendars) != 0)
		abort();
	pthread_mutex_unlock(&calendars->wake_lock);
}

void calendars_stop(struct calendars *calendars)
{
	atomic_store(&calendars->stop, true);
	if (!calendars->running)
		return;
	payers_wake(calendars);
	keeper_wake(calendars);
	for (size_t i = 0; i < PAYERS; i++)
		pthread_join(calendars->payers[i], NULL);
	pthread_join(calendars->keeper, NULL);
	calendars->running = false;
}
