/* Making, waking and ending; the thread that keeps the ledger. */
#include "notice_inside.h"
#include "webhooks.h"

#include "base/die.h"
#include "base/log.h"
#include "base/thread.h"
#include "base/uuid.h"

#include <stdlib.h>
#include <string.h>

enum {
	STATEMENT_TIMEOUT_MS = 5000,
	TICK_MS = 1000,
	/* Changes are announced for so long. Then they come together for four times as long as that took: who
	 * books goes first. */
	ANNOUNCING_MS = 25,
	GATHERING_TIMES = 4,
	GATHERING_MIN_MS = 10,
	GATHERING_MAX_MS = 100,
	OFFERS = 20,  /* that are looked at in one go */
	CHANGES = 20, /* that are announced in one transaction, so that nobody waits long for their rows */
	REMINDERS_EVERY_MS = 10000,
	GAUGES_EVERY_MS = 5000,
};

struct notices *notices_new(const struct notice_settings *settings)
{
	struct notices *notices = calloc(1, sizeof(*notices));
	if (notices == NULL)
		die("no memory");
	notices->settings = *settings;
	const char *at = settings->mail.from != NULL ? strchr(settings->mail.from, '@') : NULL;
	notices->domain = at != NULL ? at + 1 : "bookingd.invalid";
	pthread_mutex_init(&notices->lock, NULL);
	condition_init(&notices->changed.raised);
	condition_init(&notices->due.raised);
	condition_init(&notices->stopping);
	notices->allowance = (double)settings->mails_per_minute;
	notices->allowance_at = monotonic_ms();
	notices->webhooks = webhooks_new(&settings->webhooks, settings->database, notices_mail_on(notices),
					 settings->metrics);
	if (settings->metrics != NULL) {
		notices->owed = metrics_gauge(settings->metrics, "bookingd_notices_owed",
					      "Mails that are owed and not out yet.", NULL);
		notices->owed_age = metrics_gauge(settings->metrics, "bookingd_notices_owed_age_seconds",
						  "How long the oldest of them is overdue.", NULL);
		notices->failed = metrics_gauge(settings->metrics, "bookingd_notices_failed",
						"Mails of the last day that a server refused.", NULL);
		notices->in_line =
			metrics_gauge(settings->metrics, "bookingd_waitlist",
				      "Entries of waiting lists, by state.", "state", "waiting", NULL);
		notices->offered =
			metrics_gauge(settings->metrics, "bookingd_waitlist",
				      "Entries of waiting lists, by state.", "state", "offered", NULL);
		for (unsigned i = 0; i <= MAIL_STOPPED; i++)
			notices->texted[i] =
				metrics_counter(settings->metrics, "bookingd_texts_total",
						"Text messages handed to the service, by outcome.", "outcome",
						mail_outcome_name((enum mail_outcome)i), NULL);
		for (unsigned i = 0; i <= MAIL_STOPPED; i++)
			notices->sent[i] =
				metrics_counter(settings->metrics, "bookingd_mails_total",
						"Mails handed to the server, by outcome.", "outcome",
						mail_outcome_name((enum mail_outcome)i), NULL);
	}
	return notices;
}

void notices_free(struct notices *notices)
{
	if (notices == NULL)
		return;
	while (notices->codes != NULL) {
		struct waiting_code *next = notices->codes->next;
		code_free(notices->codes);
		notices->codes = next;
	}
	webhooks_free(notices->webhooks);
	pthread_cond_destroy(&notices->stopping);
	pthread_cond_destroy(&notices->due.raised);
	pthread_cond_destroy(&notices->changed.raised);
	pthread_mutex_destroy(&notices->lock);
	free(notices);
}

void notices_wake(struct notices *notices)
{
	notices_raise(notices, &notices->changed);
}

static bool notices_send(const struct notices *notices)
{
	return notices_mail_on(notices) || notices_text_on(notices);
}

/* ---- the keeper ---- */

static void report(struct db *db, enum db_result result, const char *event)
{
	if (result != DB_OK && result != DB_NONE && result != DB_UNAVAILABLE)
		log_line(LOG_WARNING, event, LOG_TEXT_FIELD("detail", db_failure(db)->detail));
}

/* Put what changed into the ledger, as much as there is time for. Returns whether there was any. */
static bool announce(struct notices *notices, struct db *db)
{
	int64_t end_ms = monotonic_ms() + ANNOUNCING_MS;
	bool any = false;
	do {
		DB_ROWS rows = {0};
		enum db_result result =
			db_run(db, QUERY_NOTICE_ANNOUNCE,
			       DB_PARAMETERS(db_bool(notices_mail_on(notices)), db_int(CHANGES)), &rows);
		report(db, result, "announce_failed");
		if (result != DB_OK || db_get_int(&rows, 0, 0) == 0)
			return any;
		any = true;
	} while (monotonic_ms() < end_ms);
	return any;
}

/* Tell of an offer that stands, or take back what may not be booked: then nobody has lost their place in
 * line. */
static bool settle_offer(struct notices *notices, struct db *db, const char *id, bool overdue)
{
	const struct notice_settings *settings = &notices->settings;
	enum offer_verdict verdict =
		settings->judge_offer != NULL ? settings->judge_offer(settings->judge, db, id) : OFFER_STANDS;
	if (verdict == OFFER_UNCERTAIN && !overdue)
		return false;
	if (verdict == OFFER_STANDS) {
		report(db,
		       db_run(db, QUERY_OFFER_ANNOUNCE,
			      DB_PARAMETERS(db_uuid(id), db_bool(notices_mail_on(notices))), NULL),
		       "announce_offer_failed");
		return true;
	}
	DB_ROWS rows = {0};
	enum db_result result =
		db_run(db, QUERY_OFFER_WITHDRAW,
		       DB_PARAMETERS(db_uuid(id), db_bool(verdict == OFFER_OF_OTHERS)), &rows);
	report(db, result, "withdraw_offer_failed");
	if (result == DB_OK)
		log_line(LOG_INFO, "offer_withdrawn", LOG_TEXT_FIELD("appointment", id),
			 LOG_TEXT_FIELD("reason", verdict == OFFER_UNCERTAIN
							  ? "the calendar could not be asked"
							  : "a slot rule is against it"));
	return true;
}

/* What is offered to who waits, once it was judged: the transaction that offers it knows neither hours nor
 * calendars. Returns whether there was any to be told of, or taken back. */
static bool settle_offers(struct notices *notices, struct db *db)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(db, QUERY_OFFER_UNTOLD, DB_PARAMETERS(db_int(OFFERS)), &rows);
	report(db, result, "announce_offers_failed");
	bool any = false;
	for (size_t i = 0; result == DB_OK && i < rows.count && !atomic_load(&notices->stop); i++) {
		char id[UUID_TEXT_SIZE];
		/* Others' news need not wait for more than one calendar. */
		if (i > 0 && announce(notices, db)) {
			any = true;
			notices_raise(notices, &notices->due);
		}
		db_get_uuid(&rows, i, 0, id);
		any = settle_offer(notices, db, id, db_get_bool(&rows, i, 1)) || any;
	}
	return any;
}

/* What is to be told about clients' credits, which no change of an appointment brings about. */
static void announce_credits(struct notices *notices, struct db *db)
{
	report(db,
	       db_run(db, QUERY_NOTICE_ANNOUNCE_CREDITS, DB_PARAMETERS(db_bool(notices_mail_on(notices))),
		      NULL),
	       "announce_credits_failed");
}

static void announce_losses(struct notices *notices, struct db *db)
{
	if (notices_mail_on(notices))
		report(db, db_run(db, QUERY_ALERT_ANNOUNCE, DB_NO_PARAMETERS, NULL),
		       "announce_losses_failed");
}

static void set_gauges(struct notices *notices, struct db *db)
{
	DB_ROWS rows = {0};
	if (notices->owed == NULL || db_run(db, QUERY_NOTICE_COUNTS, DB_NO_PARAMETERS, &rows) != DB_OK)
		return;
	int64_t age = db_get_int(&rows, 0, 1);
	gauge_set(notices->owed, db_get_int(&rows, 0, 0));
	gauge_set(notices->owed_age, age > 0 ? age : 0);
	gauge_set(notices->failed, db_get_int(&rows, 0, 2));
	gauge_set(notices->in_line, db_get_int(&rows, 0, 3));
	gauge_set(notices->offered, db_get_int(&rows, 0, 4));
}

/* Let more changes come together, after a look at them that took so long. */
static void gather(struct notices *notices, int64_t took_ms)
{
	int64_t wait_ms = took_ms * GATHERING_TIMES;
	if (wait_ms < GATHERING_MIN_MS)
		wait_ms = GATHERING_MIN_MS;
	if (wait_ms > GATHERING_MAX_MS)
		wait_ms = GATHERING_MAX_MS;
	int64_t deadline = monotonic_ms() + wait_ms;
	pthread_mutex_lock(&notices->lock);
	while (!atomic_load(&notices->stop) &&
	       condition_wait_until(&notices->stopping, &notices->lock, deadline))
		continue;
	pthread_mutex_unlock(&notices->lock);
}

static void *run_keeper(void *argument)
{
	struct notices *notices = argument;
	struct db *db = db_open(notices->settings.database, STATEMENT_TIMEOUT_MS);
	uint64_t seen = 0;
	bool news = true;
	int64_t reminders_at = 0;
	int64_t gauges_at = 0;
	while (!atomic_load(&notices->stop)) {
		int64_t now_ms = monotonic_ms();
		if (news)
			webhooks_wake(notices->webhooks);
		bool any = announce(notices, db);
		any = settle_offers(notices, db) || any;
		if (now_ms >= reminders_at) {
			reminders_derive(notices, db);
			announce_credits(notices, db);
			reminders_at = now_ms + REMINDERS_EVERY_MS;
			any = true;
		}
		if (now_ms >= gauges_at) {
			announce_losses(notices, db);
			set_gauges(notices, db);
			gauges_at = now_ms + GAUGES_EVERY_MS;
		}
		if (news || any) {
			notices_raise(notices, &notices->due);
			gather(notices, monotonic_ms() - now_ms);
		}
		news = notices_wait(notices, &notices->changed, &seen, any ? 0 : TICK_MS);
	}
	db_close(db);
	return NULL;
}

void notices_start(struct notices *notices)
{
	notices->running = true;
	notices->keeper = thread_start("notices", run_keeper, notices);
	for (size_t i = 0; notices_send(notices) && i < SENDERS; i++)
		notices->senders[i] = thread_start("mail", run_sender, notices);
	webhooks_start(notices->webhooks);
}

void notices_stop(struct notices *notices)
{
	if (notices == NULL || !notices->running)
		return;
	atomic_store(&notices->stop, true);
	pthread_mutex_lock(&notices->lock);
	pthread_cond_broadcast(&notices->changed.raised);
	pthread_cond_broadcast(&notices->due.raised);
	pthread_cond_broadcast(&notices->stopping);
	pthread_mutex_unlock(&notices->lock);
	webhooks_stop(notices->webhooks);
	thread_join(notices->keeper);
	for (size_t i = 0; notices_send(notices) && i < SENDERS; i++)
		thread_join(notices->senders[i]);
	notices->running = false;
}
