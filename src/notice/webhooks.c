#include "webhooks.h"

#include "base/crypto.h"
#include "base/die.h"
#include "base/log.h"
#include "base/thread.h"
#include "courier.h"
#include "notice/webhook_secret.h"

#include <stdlib.h>
#include <string.h>

enum {
	STATEMENT_TIMEOUT_MS = 10000,
	TICK_MS = 1000,
	GAUGES_EVERY_MS = 5000,
	PORTION = 500,      /* events that are published at once */
	LEASE_SECONDS = 60, /* longer than a message and its statements may take */
	FOR_THE_SLOW = COURIERS / 2,
	EVENT_COLUMN = 7, /* of webhook_claim: where the event begins */
	BODY_MAX = 256 * 1024,
	SIGNATURES_MAX = 256,
};

enum outcome { DELIVERED, AGAIN, FAILED, OUTCOMES };

static const char *const outcome_names[OUTCOMES] = {
	[DELIVERED] = "delivered", [AGAIN] = "again", [FAILED] = "failed"};

struct webhooks {
	struct webhook_settings settings;
	struct database *database;
	bool mail;
	struct counter *counted[OUTCOMES];
	struct gauge *owed;
	struct gauge *owed_age;
	struct gauge *disabled;
	atomic_bool stop;
	pthread_t thread;
	struct couriers *couriers; /* of the thread, as what follows */
	struct db *db;
	bool global_known; /* the database knows WEBHOOK_URL */
	int64_t gauges_at;
	pthread_mutex_t lock; /* what follows */
	pthread_cond_t wake;
	bool woken;
};

struct webhooks *webhooks_new(const struct webhook_settings *settings, struct database *database, bool mail,
			      struct metrics *metrics)
{
	struct webhooks *webhooks = calloc(1, sizeof(*webhooks));
	if (webhooks == NULL)
		die("no memory");
	webhooks->settings = *settings;
	webhooks->database = database;
	webhooks->mail = mail;
	die_unless(pthread_mutex_init(&webhooks->lock, NULL) == 0);
	condition_init(&webhooks->wake);
	if (metrics == NULL)
		return webhooks;
	for (unsigned i = 0; i < OUTCOMES; i++)
		webhooks->counted[i] = metrics_counter(
			metrics, "bookingd_webhook_messages_total",
			"Messages sent to webhooks, by outcome: again is one that failed and is sent once "
			"more later.",
			"outcome", outcome_names[i], NULL);
	webhooks->owed = metrics_gauge(metrics, "bookingd_webhook_messages_owed",
				       "Messages that are owed to webhooks.", NULL);
	webhooks->owed_age = metrics_gauge(metrics, "bookingd_webhook_owed_age_seconds",
					   "How long the oldest of them is overdue.", NULL);
	webhooks->disabled =
		metrics_gauge(metrics, "bookingd_webhooks_disabled",
			      "Webhooks that are told nothing any more because they took nothing.", NULL);
	return webhooks;
}

void webhooks_free(struct webhooks *webhooks)
{
	pthread_cond_destroy(&webhooks->wake);
	pthread_mutex_destroy(&webhooks->lock);
	free(webhooks);
}

void webhooks_wake(struct webhooks *webhooks)
{
	pthread_mutex_lock(&webhooks->lock);
	webhooks->woken = true;
	pthread_cond_signal(&webhooks->wake);
	pthread_mutex_unlock(&webhooks->lock);
}

static void wake(void *owner)
{
	webhooks_wake(owner);
}

/* Whether a statement went well; if not, that is told. */
static bool good(struct webhooks *webhooks, enum db_result result)
{
	if (result != DB_OK && result != DB_NONE && result != DB_UNAVAILABLE)
		log_line(LOG_WARNING, "webhooks_failed",
			 LOG_TEXT_FIELD("detail", db_failure(webhooks->db)->detail));
	return result == DB_OK;
}

/* Give what happened meanwhile its place in the order. */
static void publish(struct webhooks *webhooks)
{
	int64_t published = PORTION;
	while (published == PORTION) {
		DB_ROWS rows = {0};
		published = good(webhooks, db_run(webhooks->db, QUERY_EVENT_PUBLISH,
						  DB_PARAMETERS(db_int(PORTION)), &rows))
				    ? db_get_int(&rows, 0, 0)
				    : 0;
	}
}

/* ---- what came of it ---- */

/* Seconds until the next try after so many; 0: no more. Three days and some in all; a tenth of each is
 * chance, so that those who failed together do not come again together. */
static seconds wait_after(int64_t attempts)
{
	static const seconds waits[] = {5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400};
	if (attempts < 1 || (size_t)attempts > sizeof(waits) / sizeof(waits[0]))
		return 0;
	uint32_t chance = 0;
	crypto_random(&chance, sizeof(chance));
	seconds wait = waits[attempts - 1];
	return wait + (seconds)(chance % (uint64_t)(wait / 10 + 1));
}

static const char *detail_of(const struct fetch_reply *reply)
{
	switch (reply->failure) {
	case FETCH_OK:
		return reply->status >= 300 && reply->status < 400
			       ? "The receiver redirects, which is not followed."
			       : "The receiver did not answer with 2xx.";
	case FETCH_REFUSED:
		return "The address leads to a network that is not public, or is none.";
	case FETCH_CONNECT:
		return "The receiver cannot be reached.";
	case FETCH_TLS:
		return "The receiver has no certificate that can be trusted.";
	case FETCH_TIMEOUT:
		return "The receiver did not answer within 15 seconds.";
	case FETCH_CUT:
		return "The receiver broke off.";
	case FETCH_TOO_BIG:
		return "The receiver's answer is too long.";
	case FETCH_STOPPED:
		break;
	}
	return NULL;
}

static void note(struct webhooks *webhooks, const struct errand *errand)
{
	const struct fetch_reply *reply = &errand->reply;
	bool stopped = reply->failure == FETCH_STOPPED;
	bool taken = reply->failure == FETCH_OK && reply->status >= 200 && reply->status < 300;
	seconds wait = taken || stopped ? 0 : wait_after(errand->attempts);
	enum outcome outcome = taken ? DELIVERED : wait > 0 ? AGAIN : FAILED;
	DB_ROWS rows = {0};
	if (outcome == AGAIN && reply->retry_after > wait)
		wait = reply->retry_after;
	const char *state = stopped ? "back" : taken ? "delivered" : outcome == AGAIN ? "owed" : "failed";
	enum db_result result = db_run(
		webhooks->db, QUERY_WEBHOOK_FINISH,
		DB_PARAMETERS(db_uuid(errand->endpoint_id), db_int(errand->event), db_int(errand->attempts),
			      db_text(state), reply->status != 0 ? db_int(reply->status) : db_null(),
			      db_int(errand->milliseconds), db_text(taken ? NULL : detail_of(reply)),
			      db_int(wait), db_bool(reply->status == 410)),
		&rows);
	if (stopped)
		return;
	log_line(taken ? LOG_INFO : LOG_WARNING, "webhook", LOG_TEXT_FIELD("endpoint", errand->endpoint_id),
		 LOG_TEXT_FIELD("event_id", errand->event_id), LOG_TEXT_FIELD("type", errand->type),
		 LOG_TEXT_FIELD("outcome", outcome_names[outcome]),
		 LOG_INTEGER_FIELD("status", reply->status), LOG_INTEGER_FIELD("attempt", errand->attempts),
		 LOG_INTEGER_FIELD("ms", errand->milliseconds));
	if (webhooks->counted[outcome] != NULL)
		counter_add(webhooks->counted[outcome], 1);
	if (good(webhooks, result) && db_get_bool(&rows, 0, 0))
		log_line(LOG_ERROR, "webhook_disabled", LOG_TEXT_FIELD("endpoint", errand->endpoint_id));
}

/* ---- sending ---- */

static void sign(const struct webhook_key *key, const struct errand *errand, instant now,
		 struct buffer *signatures)
{
	if (signatures->length > 0)
		buffer_append_char(signatures, ' ');
	webhook_sign(key, errand->event_id, now, errand->body, errand->body_length, signatures);
}

/* By every secret that is good now: the settings' or the endpoint's own. False: there is none. */
static bool sign_all(const struct webhooks *webhooks, const struct db_rows *rows, const struct errand *errand,
		     instant now, struct buffer *signatures)
{
	struct webhook_key key;
	if (db_is_null(rows, 0, 1)) {
		for (const char *at = webhooks->settings.secret; at != NULL && *at != '\0';) {
			size_t length = strcspn(at, " ");
			if (webhook_key_read(at, length, &key))
				sign(&key, errand, now, signatures);
			at += length + strspn(at + length, " ");
		}
	}
	for (size_t column = 3; column <= 4; column++) {
		if (!db_is_null(rows, 0, column) &&
		    webhook_secret_open(webhooks->settings.seal_keys, errand->endpoint_id,
					db_get_text(rows, 0, column), &key))
			sign(&key, errand, now, signatures);
	}
	crypto_wipe(&key, sizeof(key));
	return signatures->length > 0;
}

/* Fill an errand from a claimed row. False: its reply says why it cannot be sent. */
static bool fill(struct webhooks *webhooks, const struct db_rows *rows, struct errand *errand)
{
	struct arena *mem = &errand->mem;
	struct event event;
	struct buffer body;
	struct buffer signatures;
	char signature_bytes[SIGNATURES_MAX];
	instant now = instant_now();
	errand->reply = (struct fetch_reply){.failure = FETCH_REFUSED};
	errand->milliseconds = 0;
	errand->event = db_get_int(rows, 0, 5);
	errand->attempts = db_get_int(rows, 0, 6);
	errand->event_id = errand->type = "";
	db_get_uuid(rows, 0, 0, errand->endpoint_id);
	if (event_read(webhooks->db, rows, 0, EVENT_COLUMN, mem, &event) != DB_OK)
		return false;
	errand->event_id = arena_strdup(mem, event.id);
	errand->type = event.type;
	errand->url = db_copy_text(rows, 0, 2, mem);
	buffer_init(&body, BODY_MAX);
	webhooks->settings.write_event(&event, webhooks->mail, &body);
	errand->body_length = body.length;
	errand->body = arena_strndup(mem, buffer_text(&body), body.length);
	buffer_clear(&body);
	buffer_init_over(&signatures, signature_bytes, sizeof(signature_bytes));
	if (!sign_all(webhooks, rows, errand, now, &signatures))
		return false;
	errand->headers[0] = arena_printf(mem, "webhook-id: %s", errand->event_id);
	errand->headers[1] = arena_printf(mem, "webhook-timestamp: %lld", (long long)now);
	errand->headers[2] = arena_printf(mem, "webhook-signature: %s", buffer_text(&signatures));
	errand->headers[3] = NULL;
	return true;
}

/* Claim and send one. False: nothing is due, or nobody is free to take it. */
static bool send_next(struct webhooks *webhooks)
{
	size_t idle = couriers_idle(webhooks->couriers);
	struct errand *errand = couriers_errand(webhooks->couriers);
	DB_ROWS rows = {0};
	if (errand == NULL ||
	    !good(webhooks,
		  db_run(webhooks->db, QUERY_WEBHOOK_CLAIM,
			 DB_PARAMETERS(db_int(LEASE_SECONDS), db_bool(idle <= FOR_THE_SLOW)), &rows)))
		return false;
	if (fill(webhooks, &rows, errand)) {
		couriers_send(webhooks->couriers, errand);
	} else {
		log_line(LOG_ERROR, "webhook_not_made", LOG_TEXT_FIELD("endpoint", errand->endpoint_id),
			 LOG_TEXT_FIELD("remedy",
					"if the key that sealed its secret is gone, give it a new secret"));
		note(webhooks, errand);
		couriers_drop(webhooks->couriers, errand);
	}
	return true;
}

static void take_back(struct webhooks *webhooks)
{
	struct errand *errand = NULL;
	while ((errand = couriers_done(webhooks->couriers)) != NULL) {
		note(webhooks, errand);
		couriers_drop(webhooks->couriers, errand);
	}
}

/* ---- the thread ---- */

static void set_gauges(struct webhooks *webhooks)
{
	DB_ROWS rows = {0};
	if (webhooks->owed == NULL || monotonic_ms() < webhooks->gauges_at)
		return;
	webhooks->gauges_at = monotonic_ms() + GAUGES_EVERY_MS;
	if (!good(webhooks, db_run(webhooks->db, QUERY_WEBHOOK_COUNTS, DB_NO_PARAMETERS, &rows)))
		return;
	int64_t age = db_get_int(&rows, 0, 1);
	gauge_set(webhooks->owed, db_get_int(&rows, 0, 0));
	gauge_set(webhooks->owed_age, age > 0 ? age : 0);
	gauge_set(webhooks->disabled, db_get_int(&rows, 0, 2));
}

static void wait_for_news(struct webhooks *webhooks)
{
	int64_t deadline = monotonic_ms() + TICK_MS;
	pthread_mutex_lock(&webhooks->lock);
	while (!webhooks->woken && condition_wait_until(&webhooks->wake, &webhooks->lock, deadline))
		continue;
	webhooks->woken = false;
	pthread_mutex_unlock(&webhooks->lock);
}

static void *run(void *argument)
{
	struct webhooks *webhooks = argument;
	webhooks->db = db_open(webhooks->database, STATEMENT_TIMEOUT_MS);
	webhooks->couriers =
		couriers_start(webhooks->settings.allow_private, wake, webhooks, &webhooks->stop);
	while (!atomic_load(&webhooks->stop)) {
		if (!webhooks->global_known)
			webhooks->global_known =
				good(webhooks, db_run(webhooks->db, QUERY_WEBHOOK_GLOBAL,
						      DB_PARAMETERS(db_text(webhooks->settings.url)), NULL));
		publish(webhooks);
		take_back(webhooks);
		while (webhooks->global_known && !atomic_load(&webhooks->stop) && send_next(webhooks))
			continue;
		set_gauges(webhooks);
		wait_for_news(webhooks);
	}
	/* What is still under way ends as stopped, and is owed again at once rather than when its lease is
	 * over. */
	while (couriers_idle(webhooks->couriers) < COURIERS) {
		take_back(webhooks);
		wait_for_news(webhooks);
	}
	couriers_stop(webhooks->couriers);
	db_close(webhooks->db);
	return NULL;
}

void webhooks_start(struct webhooks *webhooks)
{
	webhooks->thread = thread_start("webhooks", run, webhooks);
}

void webhooks_stop(struct webhooks *webhooks)
{
	atomic_store(&webhooks->stop, true);
	webhooks_wake(webhooks);
	thread_join(webhooks->thread);
}
