/*
 * Pay what an appointment owes to Google.
 *
 * What may go wrong, and what is done about it:
 *  - the process dies, or the reply is lost: the event's id is the appointment's, so the insert is sent again
 * and Google says duplicate; the event is read and compared. A patch names the etag it was decided on, so a
 * second one is refused, and the event is read and compared. A second delete finds nothing.
 *  - two want to pay: the lock of the appointment lets one do so; a lease keeps the background away
 * meanwhile.
 *  - the appointment changes while Google is being told: the row then says that Google has the older version,
 * and the rest is owed.
 */
#include "debt.h"

#include "base/crash_point.h"
#include "base/log.h"
#include "calendar/account.h"
#include "calendar/events.h"
#include "inviter.h"
#include "payment.h"

#include <string.h>
#include <time.h>

enum {
	BACKGROUND_DEADLINE_MS = 6000,
	MARGIN_MS = 100, /* less than this before the deadline nothing is begun */
	LOCK_PAUSE_MS = 30,
};

/* ---- the row ---- */

static enum db_result run_row(struct debt *debt, enum query query, const struct db_value parameters[],
			      size_t count, size_t column)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(debt->visit->worker->db, query, parameters, count, &rows);
	if (result != DB_OK)
		return result;
	return appointment_read(debt->visit->worker->db, &rows, 0, column, debt->mem, &debt->a);
}

static void log_refusal(const struct debt *debt)
{
	log_line(LOG_WARNING, "calendar_debt_failed", LOG_TEXT_FIELD("coach", debt->visit->coach->id),
		 LOG_TEXT_FIELD("appointment", debt->a.id), LOG_TEXT_FIELD("detail", debt->detail));
}

static enum db_result write_row(struct debt *debt)
{
	const struct appointment *a = &debt->a;
	switch (debt->payment) {
	case PAYMENT_DONE:
		return run_row(debt, QUERY_CALENDAR_PAID,
			       DB_PARAMETERS(db_uuid(a->id), db_int(a->version), db_bool(debt->written),
					     db_text(debt->etag), db_text(debt->link),
					     db_text(debt->meet_url), db_bool(debt->conference_pending),
					     db_int(debt->conference_attempt), db_text(debt->detail),
					     db_int(debt->wait_ms), db_bool(debt->guest_refused),
					     db_text(debt->guest_response)),
			       0);
	case PAYMENT_LATER:
		return run_row(debt, QUERY_CALENDAR_LATER,
			       DB_PARAMETERS(db_uuid(a->id), db_int(a->version), db_int(debt->wait_ms),
					     db_int(debt->conference_attempt)),
			       0);
	case PAYMENT_REFUSED:
		log_refusal(debt);
		return run_row(debt, QUERY_CALENDAR_REFUSED,
			       DB_PARAMETERS(db_uuid(a->id), db_int(a->version), db_text(debt->detail),
					     db_bool(inviter_other(debt) == INVITER_EMAIL)),
			       0);
	case PAYMENT_GONE:
		return run_row(debt, QUERY_CALENDAR_EVENT_GONE,
			       DB_PARAMETERS(db_uuid(a->id), db_int(a->version)), 1);
	}
	return DB_FAILED;
}

/* One try, and what it came to into the row. The lock of the appointment is held. */
static void try_to_pay(struct debt *debt)
{
	const struct appointment *a = &debt->a;
	struct calendars *calendars = debt->visit->calendars;
	bool scheduled = a->status == APPOINTMENT_SCHEDULED;
	bool frees = payment_frees(a);
	CRASH_POINT("before_google");
	payment_try(debt);
	CRASH_POINT("after_google");
	enum db_result result = write_row(debt);
	CRASH_POINT("noted");
	if (result != DB_OK && result != DB_NONE)
		log_line(LOG_ERROR, "calendar_debt_not_noted",
			 LOG_TEXT_FIELD("detail", db_failure(debt->visit->worker->db)->detail));
	if (debt->payment == PAYMENT_GONE && scheduled && debt->a.status == APPOINTMENT_CANCELLED) {
		log_line(LOG_INFO, "calendar_followed", LOG_TEXT_FIELD("coach", debt->a.coach_id),
			 LOG_TEXT_FIELD("appointment", debt->a.id), LOG_TEXT_FIELD("change", "cancelled"));
		frees = true;
	}
	/* What an insert takes is taken by its appointment, too: busy times asked for before are as good. */
	if (frees)
		coach_times_changed(calendars, debt->a.coach_id);
}

static void log_failure(const struct debt *debt, const char *id)
{
	log_line(LOG_ERROR, "calendar_debt_not_noted", LOG_TEXT_FIELD("appointment", id),
		 LOG_TEXT_FIELD("detail", db_failure(debt->visit->worker->db)->detail));
}

/* A lock that is not given back goes with the connection, and until then nobody writes this event. */
static void unlock_row(struct debt *debt, const char *id)
{
	enum db_result result =
		db_run(debt->visit->worker->db, QUERY_CALENDAR_UNLOCK, DB_PARAMETERS(db_uuid(id)), NULL);
	if (result != DB_OK && result != DB_UNAVAILABLE && result != DB_UNKNOWN)
		log_failure(debt, id);
}

enum lock { LOCKED, LOCK_BUSY, LOCK_FAILED };

/* Take the appointment's lock, read the row as it is then (id "" if it is gone) and what its event needs. */
static enum lock lock_row(struct debt *debt, const char *id)
{
	DB_ROWS rows = {0};
	if (db_run(debt->visit->worker->db, QUERY_CALENDAR_LOCK, DB_PARAMETERS(db_uuid(id)), &rows) != DB_OK)
		return LOCK_FAILED;
	if (!db_get_bool(&rows, 0, 0))
		return LOCK_BUSY;
	debt->a.id[0] = '\0'; /* the row may be gone */
	enum db_result result = appointment_read(debt->visit->worker->db, &rows, 0, 1, debt->mem, &debt->a);
	if (result == DB_OK) {
		debt->words = (struct event_words){.session_type = db_copy_text(&rows, 0, 2, debt->mem),
						   .time_zone = db_copy_text(&rows, 0, 3, debt->mem)};
		debt->leaves_first = db_get_bool(&rows, 0, 4);
	} else if (result != DB_NONE) {
		log_failure(debt, id);
		unlock_row(debt, id);
		return LOCK_FAILED;
	}
	return LOCKED;
}

/* Whether there is something to pay, now. */
static bool may_pay(struct debt *debt)
{
	return debt->a.id[0] != '\0' && payment_is_owed(&debt->a) && !debt->leaves_first;
}

/*
 * To this calendar it is as if the appointment had been cancelled, with nothing of its client to stay: it is
 * another coach's.
 */
static void take_out(struct debt *debt, const struct db_rows *row)
{
	const char *coach_id = debt->visit->coach->id;
	struct db *db = debt->visit->worker->db;
	const char *id = debt->a.id;
	struct appointment *now = arena_alloc(debt->mem, sizeof(*now));
	*now = debt->a;
	if (now->event_written && !now->erased)
		debt->stands = now;
	debt->a.calendar_id = db_copy_text(row, 0, 0, debt->mem);
	debt->a.calendar_attempts = db_get_int(row, 0, 1);
	debt->a.status = APPOINTMENT_CANCELLED;
	debt->a.erased = debt->a.event_written = true;
	debt->a.synced_version = debt->a.refused_version = 0;
	payment_try(debt);
	if (debt->payment == PAYMENT_REFUSED)
		log_refusal(debt);
	const bool left = debt->payment == PAYMENT_DONE;
	const struct db_value wait = debt->payment == PAYMENT_LATER ? db_int(debt->wait_ms) : db_null();
	const enum db_result result =
		left ? db_run(db, QUERY_CALENDAR_LEFT_DONE, DB_PARAMETERS(db_uuid(id), db_text(coach_id)),
			      NULL)
		     : db_run(db, QUERY_CALENDAR_LEFT_LATER,
			      DB_PARAMETERS(db_uuid(id), db_text(coach_id), wait), NULL);
	if (result != DB_OK)
		log_failure(debt, id);
	if (left)
		coach_times_changed(debt->visit->calendars, coach_id);
	if (debt->payment != PAYMENT_LATER)
		bell_ring(&debt->visit->calendars->bell, BELL_PAYERS); /* now it may be written elsewhere */
}

/* ---- entries ---- */

void calendar_leave(struct calendars *calendars, struct worker *worker, struct arena *mem, int64_t deadline,
		    const char *coach_id, const char *appointment_id)
{
	DB_ROWS left = {0};
	if (!calendars->on)
		return;
	VISIT visit;
	visit_begin(&visit, calendars, worker, coach_id, mem, deadline - MARGIN_MS);
	struct debt debt = {.visit = &visit, .mem = mem};
	if (visit.link == NULL || lock_row(&debt, appointment_id) != LOCKED)
		return;
	/* It may be this coach's again. */
	if (debt.a.id[0] != '\0' &&
	    db_run(worker->db, QUERY_CALENDAR_LEFT, DB_PARAMETERS(db_uuid(appointment_id), db_text(coach_id)),
		   &left) == DB_OK)
		take_out(&debt, &left);
	unlock_row(&debt, appointment_id);
}

void debt_leave(struct calendars *calendars, struct worker *worker, const char *coach_id,
		const char *appointment_id)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	calendar_leave(calendars, worker, &mem, monotonic_ms() + BACKGROUND_DEADLINE_MS, coach_id,
		       appointment_id);
}

void debt_pay(struct calendars *calendars, struct worker *worker, const char *coach_id,
	      const char *appointment_id)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	VISIT visit;
	visit_begin(&visit, calendars, worker, coach_id, &mem, monotonic_ms() + BACKGROUND_DEADLINE_MS);
	struct debt debt = {.visit = &visit, .mem = &mem};
	if (visit.link == NULL || lock_row(&debt, appointment_id) != LOCKED)
		return;
	if (may_pay(&debt))
		try_to_pay(&debt);
	unlock_row(&debt, appointment_id);
}

static void pause_ms(int64_t milliseconds)
{
	nanosleep(&(struct timespec){.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000},
		  NULL);
}

/* The settings name no calendars any more: what is owed waits, and whom Google has invited is told by us. */
static void tell_instead(const struct calendars *calendars, struct worker *worker,
			 const struct appointment *appointment)
{
	DB_ROWS rows = {0};
	if (!calendars->settings.mail)
		return;
	enum db_result result =
		db_run(worker->db, QUERY_CALENDAR_TELL_INSTEAD,
		       DB_PARAMETERS(db_uuid(appointment->id), db_int(appointment->version)), &rows);
	if (result != DB_OK && result != DB_NONE)
		log_line(LOG_WARNING, "inviter_not_noted", LOG_TEXT_FIELD("appointment", appointment->id),
			 LOG_TEXT_FIELD("detail", db_failure(worker->db)->detail));
}

void calendar_pay(struct calendars *calendars, struct worker *worker, struct arena *mem, int64_t deadline,
		  struct appointment *appointment)
{
	const char *id = arena_strdup(mem, appointment->id);
	enum lock lock;
	if (appointment->calendar_id == NULL)
		return;
	if (!calendars->on) {
		tell_instead(calendars, worker, appointment);
		return;
	}
	deadline -= MARGIN_MS;
	VISIT visit;
	visit_begin(&visit, calendars, worker, appointment->coach_id, mem, deadline);
	struct debt debt = {.visit = &visit, .mem = mem, .a = *appointment};
	if (visit.link == NULL)
		return;
	/* Whoever pays an older version has the lock; the row then says what is still owed. */
	while ((lock = lock_row(&debt, id)) == LOCK_BUSY && monotonic_ms() + LOCK_PAUSE_MS < deadline)
		pause_ms(LOCK_PAUSE_MS);
	if (lock != LOCKED) {
		bell_ring(&calendars->bell, BELL_PAYERS);
		return;
	}
	if (may_pay(&debt))
		try_to_pay(&debt);
	/* Where no Meet link can be made another place stands in, which the event has yet to say. */
	if (debt.payment == PAYMENT_DONE && debt.written && appointment_owes(&debt.a) &&
	    monotonic_ms() + MARGIN_MS < deadline)
		try_to_pay(&debt);
	/* A Meet link usually takes a second or two, and the client would like to see it. */
	for (int64_t pause = 200; debt.link_is_near && debt.a.conference_pending && payment_is_owed(&debt.a);
	     pause *= 2) {
		if (monotonic_ms() + pause + MARGIN_MS >= deadline)
			break;
		pause_ms(pause);
		try_to_pay(&debt);
		if (debt.payment != PAYMENT_DONE)
			break;
	}
	unlock_row(&debt, id);
	if (debt.a.id[0] != '\0')
		*appointment = debt.a;
	if (payment_is_owed(appointment))
		bell_ring(&calendars->bell, BELL_PAYERS);
}

enum db_result calendar_target(struct calendars *calendars, struct worker *worker, const char *coach_id,
			       struct arena *mem, const char **ret_calendar_id)
{
	*ret_calendar_id = NULL;
	if (!calendars->on)
		return DB_OK;
	enum db_result result;
	struct link *link = coach_link(calendars, worker->db, coach_entry(calendars, coach_id), &result);
	if (link == NULL)
		return result;
	if (link->connected)
		*ret_calendar_id = arena_strdup(mem, link->calendar_ids[0]);
	link_release(link);
	return DB_OK;
}

bool calendar_adopt(struct calendars *calendars, struct worker *worker, const char *coach_id,
		    struct arena *mem)
{
	const char *calendar_id;
	DB_ROWS rows = {0};
	if (calendar_target(calendars, worker, coach_id, mem, &calendar_id) != DB_OK)
		return false;
	if (calendar_id == NULL)
		return true;
	enum db_result result = db_run(worker->db, QUERY_CALENDAR_ADOPT,
				       DB_PARAMETERS(db_text(coach_id), db_text(calendar_id)), &rows);
	if (result != DB_OK)
		return result == DB_NONE;
	log_line(LOG_INFO, "calendar_adopted", LOG_TEXT_FIELD("coach", coach_id),
		 LOG_INTEGER_FIELD("appointments", (int64_t)rows.count));
	bell_ring(&calendars->bell, BELL_PAYERS);
	return true;
}

void calendar_account_changed(struct calendars *calendars, const char *coach_id)
{
	if (!calendars->on)
		return;
	calendars_account_seen(calendars);
	coach_forget(coach_entry(calendars, coach_id));
	coach_times_changed(calendars, coach_id);
}

const char *calendar_state_of(const struct appointment *appointment)
{
	if (appointment->calendar_id == NULL)
		return "off";
	if (appointment->calendar_conflict)
		return "conflict";
	if (appointment->synced_version >= appointment->version)
		return "synced";
	return appointment->refused_version >= appointment->version ? "failed" : "pending";
}

enum db_result calendar_retry(struct calendars *calendars, struct worker *worker, const char *coach_id,
			      int64_t *ret_retried)
{
	DB_ROWS rows = {0};
	*ret_retried = 0;
	if (!calendars->on)
		return DB_OK;
	enum db_result result =
		db_run(worker->db, QUERY_CALENDAR_RETRY, DB_PARAMETERS(db_text(coach_id)), &rows);
	if (result != DB_OK)
		return result;
	*ret_retried = db_get_int(&rows, 0, 0);
	struct calendar_coach *coach = coach_entry(calendars, coach_id);
	pthread_mutex_lock(&coach->lock);
	const struct link *link = coach->link;
	/* Whoever asks for this has changed something. */
	health_retry(&coach->health, link != NULL && link->undelegated,
		     link != NULL && !link->may_write_events);
	pthread_mutex_unlock(&coach->lock);
	bell_ring(&calendars->bell, BELL_PAYERS);
	return DB_OK;
}
