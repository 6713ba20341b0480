#include "keeper.h"

#include "base/die.h"
#include "base/log.h"
#include "base/thread.h"
#include "calendar/account.h"
#include "calendar/events.h"
#include "channel.h"
#include "follow.h"

#include <stdlib.h>
#include <string.h>

enum {
	LOOKERS = 3,    /* threads that call providers: 1,000 coaches at a call of 200 ms take 67 s */
	TICK_MS = 1000, /* between two looks at what is due when nothing was */
	LINKS_EVERY_MS = 10000,
	GAUGES_EVERY_MS = 2000,
	COACHES_AT_ONCE = 500, /* read from the database */
	RETRY_SYNC_SECONDS = 10,
	UNPUSHED_SECONDS = 30,                      /* between two looks where nobody tells of changes */
	NEVER_SECONDS = 10 * 365 * SECONDS_PER_DAY, /* CALENDAR_POLL_SECONDS=0: only pushes */
	LOOK_DEADLINE_MS = 10000,
};

/* A thread with what it works with. */
struct hand {
	struct calendars *calendars;
	struct worker worker;
	struct arena mem;
};

struct looker {
	struct calendars *calendars;
	pthread_t thread;
	bool first;
};

struct keeper {
	pthread_t reader;
	struct looker lookers[LOOKERS];
};

static struct hand hand_open(struct calendars *calendars)
{
	return (struct hand){.calendars = calendars, .worker = worker_open(calendars), .mem = ARENA_EMPTY};
}

static void hand_close(struct hand *hand)
{
	arena_clear(&hand->mem);
	worker_close(&hand->worker);
}

/* Look at the coach's calendars soon. A failure costs the time until the next poll. */
static void look_soon(struct hand *hand, const char *coach_id, seconds within)
{
	enum db_result result = db_run(hand->worker.db, QUERY_CALENDAR_SYNC_SOON,
				       DB_PARAMETERS(db_text(coach_id), db_int(within)), NULL);
	if (result != DB_OK && result != DB_NONE)
		log_line(LOG_WARNING, "calendar_look_not_noted", LOG_TEXT_FIELD("coach", coach_id),
			 LOG_TEXT_FIELD("detail", db_failure(hand->worker.db)->detail));
}

/* ---- the reader: who has a calendar ---- */

/* The credentials as the database has them, against what memory believes. */
static void check_link(struct hand *hand, struct calendar_coach *coach, const char *consent,
		       const char *account, bool needs_consent)
{
	struct calendars *calendars = hand->calendars;
	struct link *link = coach_link_known(coach);
	if (link == NULL)
		return;
	const char *sealed = consent != NULL && calendars->settings.oauth.id != NULL ? consent : account;
	bool kept = sealed != NULL;
	bool changed = (link->sealed != NULL) != kept ||
		       (kept && link->sealed != NULL && strcmp(sealed, link->sealed) != 0);
	bool ended = link->mode == LINK_CONSENT && link->connected && link->needs_consent != needs_consent;
	link_release(link);
	if (changed) {
		coach_forget(coach);
		coach_times_changed(calendars, coach->id);
	} else if (ended) {
		coach_link_changed(coach);
	}
}

/* Once per coach and account: read the link, and owe to its calendar what was booked before. */
static void adopt(struct hand *hand, struct calendar_coach *coach)
{
	pthread_mutex_lock(&coach->lock);
	bool adopted = coach->adopted;
	coach->adopted = true;
	pthread_mutex_unlock(&coach->lock);
	if (adopted)
		return;
	if (calendar_adopt(hand->calendars, &hand->worker, coach->id, &hand->mem)) {
		look_soon(hand, coach->id, 0);
		return;
	}
	log_line(LOG_WARNING, "calendar_not_adopted", LOG_TEXT_FIELD("coach", coach->id),
		 LOG_TEXT_FIELD("detail", db_failure(hand->worker.db)->detail));
	pthread_mutex_lock(&coach->lock);
	coach->adopted = false; /* the next round tries again */
	pthread_mutex_unlock(&coach->lock);
}

/* Whose account the database does not name any more. */
struct unlisted {
	uint64_t round;
	struct calendar_coach *coach; /* the first; NULL: none */
};

static void choose_unlisted(struct calendar_coach *coach, void *owner)
{
	struct unlisted *unlisted = owner;
	pthread_mutex_lock(&coach->lock);
	const bool has_account = coach->link != NULL && coach->link->connected && coach->link->sealed != NULL;
	if (unlisted->coach == NULL && has_account && coach->listed != unlisted->round)
		unlisted->coach = coach;
	pthread_mutex_unlock(&coach->lock);
}

/* What another replica has disconnected is not to be called from here either. */
static void forget_unlisted(struct hand *hand, uint64_t round)
{
	for (;;) {
		struct unlisted unlisted = {.round = round};
		coaches_each(hand->calendars, choose_unlisted, &unlisted);
		if (unlisted.coach == NULL)
			return;
		coach_forget(unlisted.coach);
		coach_times_changed(hand->calendars, unlisted.coach->id);
	}
}

static void note_listed(struct calendar_coach *coach, uint64_t round)
{
	pthread_mutex_lock(&coach->lock);
	coach->listed = round;
	pthread_mutex_unlock(&coach->lock);
}

/* False: the database failed; the next round begins again. */
static bool check_coaches(struct hand *hand, uint64_t round)
{
	struct calendars *calendars = hand->calendars;
	const char *after = "";
	for (;;) {
		DB_ROWS rows = {0};
		enum db_result result = db_run(hand->worker.db, QUERY_CALENDAR_COACHES,
					       DB_PARAMETERS(db_text(calendars->settings.coach_id),
							     db_text(after), db_int(COACHES_AT_ONCE)),
					       &rows);
		if (result == DB_NONE)
			forget_unlisted(hand, round);
		if (result != DB_OK)
			return result == DB_NONE;
		for (size_t i = 0; i < rows.count && !bell_stopped(&calendars->bell); i++) {
			struct calendar_coach *coach = coach_entry(calendars, db_get_text(&rows, i, 0));
			note_listed(coach, round);
			if (!db_is_null(&rows, i, 3))
				calendars_account_seen(calendars);
			check_link(hand, coach, db_get_text(&rows, i, 1), db_get_text(&rows, i, 3),
				   db_get_bool(&rows, i, 2));
			adopt(hand, coach);
			after = coach->id;
			arena_reset(&hand->mem);
		}
		bell_ring(&calendars->bell, BELL_KEEPER);
		if (bell_stopped(&calendars->bell))
			return true;
		if (rows.count < COACHES_AT_ONCE) {
			forget_unlisted(hand, round);
			return true;
		}
	}
}

static void set_gauges(struct hand *hand)
{
	DB_ROWS rows = {0};
	struct calendars *calendars = hand->calendars;
	if (calendars->debt_count == NULL ||
	    db_run(hand->worker.db, QUERY_CALENDAR_DEBT, DB_NO_PARAMETERS, &rows) != DB_OK)
		return; /* the gauges keep their value; the database's failure shows elsewhere */
	gauge_set(calendars->debt_count, db_get_int(&rows, 0, 0));
	gauge_set(calendars->debt_age, db_get_int(&rows, 0, 1));
	gauge_set(calendars->sources_failing, db_get_int(&rows, 0, 2));
}

static void *run_reader(void *argument)
{
	struct calendars *calendars = argument;
	struct hand hand = hand_open(calendars);
	uint64_t seen = 0;
	int64_t links_at = 0;
	int64_t gauges_at = 0;
	uint64_t round = 0;
	while (!bell_stopped(&calendars->bell)) {
		int64_t now = monotonic_ms();
		if (now >= gauges_at) {
			set_gauges(&hand);
			gauges_at = now + GAUGES_EVERY_MS;
		}
		if (now >= links_at && check_coaches(&hand, ++round))
			links_at = now + LINKS_EVERY_MS;
		arena_reset(&hand.mem);
		bell_wait(&calendars->bell, BELL_KEEPER, &seen, TICK_MS);
	}
	hand_close(&hand);
	return NULL;
}

/* ---- the lookers: calls to providers ---- */

/* Look for changes in one calendar that is due. False: none was. */
static bool look_at_one(struct hand *hand)
{
	struct calendars *calendars = hand->calendars;
	struct arena *mem = &hand->mem;
	seconds every =
		calendars->settings.poll_seconds > 0 ? calendars->settings.poll_seconds : NEVER_SECONDS;
	DB_ROWS rows = {0};
	if (db_run(hand->worker.db, QUERY_CALENDAR_SYNC_CLAIM,
		   DB_PARAMETERS(db_int(every), db_text(coaches_blocked(calendars, mem, CALL_READ))),
		   &rows) != DB_OK)
		return false;
	const char *coach_id = db_copy_text(&rows, 0, 0, mem);
	VISIT visit;
	visit_begin(&visit, calendars, &hand->worker, coach_id, mem, monotonic_ms() + LOOK_DEADLINE_MS);
	if (visit.link == NULL || !visit.link->connected)
		return true;
	if (visit.link->provider->watch == NULL)
		look_soon(hand, coach_id, UNPUSHED_SECONDS);
	if (!follow_calendar(&visit, db_get_text(&rows, 0, 1), db_get_text(&rows, 0, 2),
			     db_get_instant(&rows, 0, 3)))
		look_soon(hand, coach_id, RETRY_SYNC_SECONDS);
	return true;
}

static const char *yes_no(enum ability ability)
{
	return ability == ABILITY_YES ? "yes" : ability == ABILITY_NO ? "no" : "unknown";
}

/* For the operator: what we may do. */
static void announce(struct hand *hand, struct calendar_coach *coach)
{
	struct calendar_status status;
	struct abilities can = coach_abilities(coach);
	if (calendar_status(hand->calendars, &hand->worker, coach->id, &hand->mem, &status) != DB_OK)
		return;
	bool good = strcmp(status.state, "ok") == 0;
	log_line(good ? LOG_INFO : LOG_WARNING, "calendar_ready", LOG_TEXT_FIELD("coach", coach->id),
		 LOG_TEXT_FIELD("mode", status.mode), LOG_TEXT_FIELD("state", status.state),
		 LOG_TEXT_FIELD("read_busy", yes_no(can.read_busy)),
		 LOG_TEXT_FIELD("write_events", yes_no(can.write_events)),
		 LOG_TEXT_FIELD("invite_guests", yes_no(can.invite_guests)),
		 LOG_TEXT_FIELD("create_meet", yes_no(can.create_meet)),
		 LOG_TEXT_FIELD("detail", status.detail));
}

/* The first coach who was adopted and not yet probed. */
static void choose_unprobed(struct calendar_coach *coach, void *owner)
{
	struct calendar_coach **chosen = owner;
	if (*chosen != NULL)
		return;
	pthread_mutex_lock(&coach->lock);
	if (coach->adopted && !coach->announced && !coach->probing) {
		coach->probing = true;
		*chosen = coach;
	}
	pthread_mutex_unlock(&coach->lock);
}

/* Find out what one coach's credentials may do, once per account. False: nobody is left to be probed. */
static bool probe_one(struct hand *hand)
{
	struct calendar_coach *coach = NULL;
	coaches_each(hand->calendars, choose_unprobed, &coach);
	if (coach == NULL)
		return false;
	pthread_mutex_lock(&coach->lock);
	uint64_t account = coach->account;
	pthread_mutex_unlock(&coach->lock);
	calendar_probe(hand->calendars, &hand->worker, coach->id, monotonic_ms() + LOOK_DEADLINE_MS);
	pthread_mutex_lock(&coach->lock);
	coach->probing = false;
	coach->announced = account == coach->account; /* else another account was connected meanwhile */
	pthread_mutex_unlock(&coach->lock);
	announce(hand, coach);
	return true;
}

/* Changes first, since appointments depend on them. */
static bool do_one(struct hand *hand)
{
	return look_at_one(hand) || channel_renew_one(hand->calendars, &hand->worker, &hand->mem) ||
	       probe_one(hand);
}

static void *run_looker(void *argument)
{
	const struct looker *looker = argument;
	struct calendars *calendars = looker->calendars;
	struct hand hand = hand_open(calendars);
	uint64_t seen = 0;
	calendars_await_account(calendars, BELL_KEEPER);
	while (!bell_stopped(&calendars->bell)) {
		if (!do_one(&hand))
			bell_wait(&calendars->bell, BELL_KEEPER, &seen,
				  looker->first ? TICK_MS : 10 * TICK_MS);
		else if (looker->first)
			bell_ring(&calendars->bell,
				  BELL_KEEPER); /* there may be more: the others sleep longer */
		arena_reset(&hand.mem);
	}
	hand_close(&hand);
	return NULL;
}

/* ---- starting and stopping ---- */

struct keeper *keeper_start(struct calendars *calendars)
{
	struct keeper *keeper = calloc(1, sizeof(*keeper));
	if (keeper == NULL)
		die("out of memory");
	keeper->reader = thread_start("calendar reader", run_reader, calendars);
	for (size_t i = 0; i < LOOKERS; i++) {
		keeper->lookers[i] = (struct looker){.calendars = calendars, .first = i == 0};
		keeper->lookers[i].thread = thread_start("calendar looker", run_looker, &keeper->lookers[i]);
	}
	return keeper;
}

void keeper_stop(struct keeper *keeper)
{
	if (keeper == NULL)
		return;
	thread_join(keeper->reader);
	for (size_t i = 0; i < LOOKERS; i++)
		thread_join(keeper->lookers[i].thread);
	free(keeper);
}
