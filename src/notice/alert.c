#include "alert.h"

#include "base/log.h"

#include <string.h>

enum {
	AGAIN_SECONDS = 900,
	TRIES_MAX = 96, /* for a day */
};

struct alert {
	int64_t id;
	int64_t attempts;
	const char *email; /* NULL: the coach has none any more */
	const char *coach_name;
	const char *locale;
	const char *kind; /* NULL: it is not lost any more */
	const char *name;
};

static void done(struct sender *sender, const struct alert *alert, const char *state, seconds wait)
{
	enum db_result result = db_run(
		sender->db, QUERY_ALERT_DONE,
		DB_PARAMETERS(db_int(alert->id), db_int(alert->attempts), db_text(state), db_int(wait)),
		NULL);
	/* The row stays claimed, and is sent again when its lease is over. */
	if (result != DB_OK)
		log_line(LOG_WARNING, "alert_not_noted", LOG_INTEGER_FIELD("alert", alert->id),
			 LOG_TEXT_FIELD("state", state),
			 LOG_TEXT_FIELD("detail", db_failure(sender->db)->detail));
}

static bool claim(struct sender *sender, struct alert *alert)
{
	DB_ROWS rows = {0};
	if (db_run(sender->db, QUERY_ALERT_CLAIM, DB_PARAMETERS(db_int(SENDER_LEASE_SECONDS)), &rows) !=
	    DB_OK)
		return false;
	*alert = (struct alert){
		.id = db_get_int(&rows, 0, 0),
		.attempts = db_get_int(&rows, 0, 1),
		.email = db_copy_text(&rows, 0, 2, &sender->mem),
		.coach_name = db_copy_text(&rows, 0, 3, &sender->mem),
		.locale = db_copy_text(&rows, 0, 4, &sender->mem),
		.kind = db_copy_text(&rows, 0, 5, &sender->mem),
		.name = db_copy_text(&rows, 0, 6, &sender->mem),
	};
	return true;
}

static void mail(struct sender *sender, const struct alert *alert, enum notice_alert_kind kind,
		 struct mail_answer *answer)
{
	const struct notices *notices = sender->notices;
	const char *base = notices->settings.links.public_url;
	const struct notice_words *words = notice_words_for(alert->locale);
	const char *url = base != NULL ? arena_printf(&sender->mem, "%s/coach/#google", base) : NULL;
	struct notice_text text = notice_text_alert(words, kind, alert->name, url, &sender->mem);
	const struct mail_message message = {
		.to = {alert->coach_name, alert->email},
		.subject = text.subject,
		.message_id =
			arena_printf(&sender->mem, "%lld.alert@%s", (long long)alert->id, notices->domain),
		.date = instant_now(),
		.language = notice_words_code(words),
		.text = text.text,
		.html = text.html,
	};
	mail_send(sender->client, &message, monotonic_ms() + SENDER_MAIL_MS, answer);
}

bool alert_send(struct sender *sender)
{
	struct alert alert;
	enum notice_alert_kind kind;
	struct mail_answer answer;
	if (!claim(sender, &alert))
		return false;
	if (alert.email == NULL || alert.kind == NULL || !notice_alert_parse(alert.kind, &kind)) {
		done(sender, &alert, "skipped", 0);
		return true;
	}
	mail(sender, &alert, kind, &answer);
	if (answer.outcome == MAIL_ACCEPTED)
		done(sender, &alert, "sent", 0);
	else if (answer.outcome == MAIL_STOPPED)
		done(sender, &alert, "owed", 0);
	else if (answer.outcome == MAIL_REFUSED ||
		 alert.attempts >= (answer.outcome == MAIL_UNKNOWN ? SENDER_UNKNOWN_TRIES_MAX : TRIES_MAX))
		done(sender, &alert, "failed", 0);
	else
		done(sender, &alert, "owed", AGAIN_SECONDS);
	log_line(answer.outcome == MAIL_ACCEPTED ? LOG_INFO : LOG_WARNING, "mail",
		 LOG_TEXT_FIELD("kind", "alert"), LOG_TEXT_FIELD("about", alert.kind),
		 LOG_TEXT_FIELD("outcome", mail_outcome_name(answer.outcome)),
		 LOG_TEXT_FIELD("verb", answer.verb), LOG_INTEGER_FIELD("code", answer.code));
	return true;
}
