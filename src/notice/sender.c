/* The threads that mail: codes first, then what the ledger owes. */
#include "alert.h"
#include "letter.h"

#include "base/crash_point.h"
#include "base/log.h"
#include "domain/appointment.h"
#include "domain/schedule_json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	STATEMENT_TIMEOUT_MS = 5000,
	IDLE_MS = 1000,
	TEXT_MS = 15000,
	ANNOUNCED_SECONDS = 5, /* until a change is announced */
	TRYING_SECONDS_MAX = SECONDS_PER_DAY,
};

/* ---- outcomes ---- */

static void done(struct sender *sender, const struct claim *claim, const char *state, const char *detail,
		 seconds wait)
{
	enum db_result result =
		db_run(sender->db, QUERY_NOTICE_DONE,
		       DB_PARAMETERS(db_int(claim->id), db_int(claim->attempts), db_text(state),
				     db_text(detail), db_int(wait), db_int(claim->unknowns)),
		       NULL);
	/* The row stays claimed: when the lease has run out it counts as not known. */
	if (result != DB_OK)
		log_line(LOG_WARNING, "notice_not_noted", LOG_INTEGER_FIELD("notice", claim->id),
			 LOG_TEXT_FIELD("state", state),
			 LOG_TEXT_FIELD("detail", db_failure(sender->db)->detail));
}

static seconds wait_after(int64_t attempts)
{
	static const seconds waits[] = {60, 300, 900, 3600};
	size_t last = sizeof(waits) / sizeof(waits[0]) - 1;
	size_t place = attempts > 0 ? (size_t)attempts - 1 : 0;
	return waits[place < last ? place : last];
}

static void again(struct sender *sender, const struct claim *claim, const struct subject *subject,
		  const struct mail_answer *answer)
{
	seconds wait = wait_after(claim->attempts);
	instant end = claim->created_at + TRYING_SECONDS_MAX;
	if (subject->a.starts_at < end && subject->a.starts_at > claim->created_at &&
	    claim->kind != NOTICE_KIND_CANCELLED)
		end = subject->a.starts_at;
	if (subject->now + wait > end)
		done(sender, claim, "failed", answer->detail, 0);
	else
		done(sender, claim, "retry", answer->detail, wait);
}

static void note_one(struct sender *sender, struct claim *claim, const struct subject *subject,
		     const struct mail_answer *answer)
{
	switch (answer->outcome) {
	case MAIL_ACCEPTED:
		done(sender, claim, "sent", NULL, 0);
		break;
	case MAIL_REFUSED:
		done(sender, claim, "failed", answer->detail, 0);
		break;
	case MAIL_STOPPED:
		done(sender, claim, "owed", NULL, 0);
		break;
	case MAIL_LATER:
		again(sender, claim, subject, answer);
		break;
	case MAIL_UNKNOWN:
		/* It may have gone out. A reminder is not worth a second one, a change is. */
		claim->unknowns++;
		if (claim->kind == NOTICE_KIND_REMINDER || claim->unknowns >= SENDER_UNKNOWN_TRIES_MAX)
			done(sender, claim, "unknown", answer->detail, 0);
		else
			again(sender, claim, subject, answer);
		break;
	}
}

/* What came of one message, for all that it told of; of the leader last, so that whatever is sent again after
 * the end of this process has the same Message-ID. */
static void note(struct sender *sender, struct letter *letters, size_t count,
		 const struct mail_answer *answer)
{
	struct letter *leader = &letters[letter_leader(letters, count) - letters];
	for (size_t i = 0; i < count; i++) {
		if (&letters[i] != leader)
			note_one(sender, &letters[i].claim, &letters[i].subject, answer);
	}
	note_one(sender, &leader->claim, &leader->subject, answer);
	const struct claim *claim = &leader->claim;
	if (answer->outcome == MAIL_STOPPED)
		return;
	log_line(answer->outcome == MAIL_ACCEPTED ? LOG_INFO : LOG_WARNING, claim->by_text ? "text" : "mail",
		 LOG_INTEGER_FIELD("notice", claim->id), LOG_TEXT_FIELD("appointment", claim->appointment_id),
		 LOG_INTEGER_FIELD("appointments", (int64_t)count),
		 LOG_TEXT_FIELD("kind", notice_kind_name(claim->kind)),
		 LOG_TEXT_FIELD("recipient", claim->recipient_name),
		 LOG_TEXT_FIELD("outcome", mail_outcome_name(answer->outcome)),
		 LOG_INTEGER_FIELD("attempt", claim->attempts), LOG_TEXT_FIELD("verb", answer->verb),
		 LOG_INTEGER_FIELD("code", answer->code));
}

/* ---- reading ---- */

static bool read_claim(struct sender *sender, const struct db_rows *rows, size_t row, struct claim *claim)
{
	const char *recipient = db_copy_text(rows, row, 2, &sender->mem);
	const char *named = db_copy_text(rows, row, 10, &sender->mem);
	const bool to_coach = strcmp(recipient, "coach") == 0;
	*claim = (struct claim){
		.id = db_get_int(rows, row, 0),
		.recipient_name = recipient,
		.by_text = strcmp(db_get_text(rows, row, 3), "sms") == 0,
		.about = db_copy_text(rows, row, 5, &sender->mem),
		.attempts = db_get_int(rows, row, 6),
		.was_at = db_get_instant(rows, row, 7),
		.created_at = db_get_instant(rows, row, 8),
		.unknowns = db_get_int(rows, row, 9),
		.guest = to_coach ? "" : named,
		.former_coach = to_coach ? named : "",
		.recipient = to_coach ? NOTICE_COACH : NOTICE_CLIENT,
	};
	db_get_uuid(rows, row, 1, claim->appointment_id);
	if (notice_kind_parse(db_get_text(rows, row, 4), &claim->kind))
		return true;
	done(sender, claim, "failed", "This kind of notice is not known.", 0);
	return false;
}

/* The letters of the next message, of which only the claims are known yet; NULL: nothing is due. */
static struct letter *take_claims(struct sender *sender, size_t *ret_count)
{
	DB_ROWS rows = {0};
	*ret_count = 0;
	if (db_run(sender->db, QUERY_NOTICE_CLAIM,
		   DB_PARAMETERS(db_int(SENDER_LEASE_SECONDS), db_text(sender->channels)), &rows) != DB_OK)
		return NULL;
	struct letter *letters = arena_array(&sender->mem, rows.count, sizeof(*letters));
	for (size_t row = 0; row < rows.count; row++) {
		letters[*ret_count] = (struct letter){0};
		*ret_count += read_claim(sender, &rows, row, &letters[*ret_count].claim);
	}
	return *ret_count > 0 ? letters : NULL;
}

/* To a coach whom it was moved away from, an appointment is over, where it was. */
static void end_for_former(const struct claim *claim, struct appointment *a)
{
	if (claim->former_coach[0] == '\0')
		return;
	a->ends_at = claim->was_at + (a->ends_at - a->starts_at);
	a->starts_at = claim->was_at;
	a->status = APPOINTMENT_CANCELLED;
	a->cancelled_by = CANCELLED_BY_CLIENT;
}

static enum db_result read_subject(struct sender *sender, const struct claim *claim, struct subject *subject)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(
		sender->db, QUERY_NOTICE_FACTS,
		DB_PARAMETERS(db_uuid(claim->appointment_id), db_text(claim->recipient_name),
			      db_text(claim->recipient == NOTICE_COACH ? claim->former_coach : claim->guest),
			      db_int(claim->id)),
		&rows);
	if (result != DB_OK)
		return result;
	struct schedule_faults faults;
	const char *document = db_get_text(&rows, 0, 2);
	*subject = (struct subject){
		.coach_email = db_copy_text(&rows, 0, 1, &sender->mem),
		.schedule =
			schedule_read_text(document, strlen(document), &sender->mem, &sender->mem, &faults),
		.locale = db_copy_text(&rows, 0, 3, &sender->mem),
		.thread_about = db_copy_text(&rows, 0, 4, &sender->mem),
		.coach_name = db_copy_text(&rows, 0, 5, &sender->mem),
		.phone = db_copy_text(&rows, 0, 6, &sender->mem),
		.unannounced = db_get_bool(&rows, 0, 7),
		.told_later = db_get_bool(&rows, 0, 8),
	};
	db_get_uuid(&rows, 0, 9, subject->thread_appointment);
	subject->other_coach = notice_plain_name(&sender->mem, db_copy_text(&rows, 0, 10, &sender->mem));
	subject->now = db_get_instant(&rows, 0, 11);
	if (subject->schedule == NULL)
		return DB_FAILED;
	enum db_result read = appointment_read(sender->db, &rows, 0, 0, &sender->mem, &subject->a);
	if (read == DB_OK)
		end_for_former(claim, &subject->a);
	return read;
}

/* Whether it tells how an appointment stands that is neither asked for nor offered, and not over. */
static bool is_announcement(const struct claim *claim, const struct appointment *a)
{
	return (claim->kind == NOTICE_KIND_CONFIRMED || claim->kind == NOTICE_KIND_MOVED ||
		claim->kind == NOTICE_KIND_MEETING_CHANGED || claim->kind == NOTICE_KIND_CANCELLED) &&
	       (a->status == APPOINTMENT_SCHEDULED || a->status == APPOINTMENT_CANCELLED);
}

/* Whether a change has to be announced first, which may take this notice's place. */
static bool must_wait(const struct claim *claim, const struct subject *subject)
{
	return is_announcement(claim, &subject->a) && subject->unannounced &&
	       strtoll(claim->about, NULL, 10) < subject->a.version;
}

/* Whether it is still true: NULL, or why it is not. */
static const char *outdated(const struct claim *claim, const struct subject *subject)
{
	const struct appointment *a = &subject->a;
	const char *about = strchr(claim->about, '@');
	if (notice_kind_is_about_credits(claim->kind))
		return NULL;
	if (claim->kind == NOTICE_KIND_REMINDER) {
		bool there = a->status == APPOINTMENT_SCHEDULED && about != NULL &&
			     strtoll(about + 1, NULL, 10) == a->starts_at;
		return !there                         ? "The session is no longer at that time."
		       : a->starts_at <= subject->now ? "It has begun."
						      : NULL;
	}
	bool cancelled = a->status == APPOINTMENT_CANCELLED || letter_is_uninvited(claim, a);
	/* A change of which this person is not told leaves it true; what was on its way meanwhile may have
	 * failed. */
	bool later = is_announcement(claim, a) ? subject->told_later
					       : strtoll(claim->about, NULL, 10) != a->version;
	return later || cancelled != (claim->kind == NOTICE_KIND_CANCELLED ||
				      claim->kind == NOTICE_KIND_DECLINED)
		       ? "Something later is to be told instead."
		       : NULL;
}

static void count_outcome(struct counter *const counters[], const struct mail_answer *answer)
{
	if (counters[answer->outcome] != NULL)
		counter_add(counters[answer->outcome], 1);
}

static const char *address_of(const struct claim *claim, const struct subject *subject)
{
	return claim->by_text                      ? subject->phone
	       : claim->guest[0] != '\0'           ? claim->guest
	       : claim->recipient == NOTICE_CLIENT ? subject->a.email
						   : subject->coach_email;
}

/* Whether this one is to be told now: then with all of its facts. Else what becomes of it is noted. */
static bool make_letter(struct sender *sender, struct letter *letter, instant now)
{
	const struct claim *claim = &letter->claim;
	const struct subject *subject = &letter->subject;
	enum db_result result = read_subject(sender, claim, &letter->subject);
	if (result != DB_OK) {
		/* Nothing was sent, so the row is simply owed again; or, with the database away, when its
		 * lease is over. */
		if (result != DB_UNAVAILABLE && result != DB_UNKNOWN)
			done(sender, claim, "retry", "What it is about could not be read.",
			     wait_after(claim->attempts));
		return false;
	}
	if (must_wait(claim, subject)) {
		done(sender, claim, "retry", "A change of it is announced first.", ANNOUNCED_SECONDS);
		return false;
	}
	const char *why = outdated(claim, subject);
	/* Of somebody who was erased the coach is told without a name: they need not wait for anybody. */
	const bool forgotten = subject->a.erased && claim->recipient != NOTICE_COACH;
	if (why == NULL && (address_of(claim, subject) == NULL || forgotten))
		why = "There is no address any more.";
	if (why == NULL && (result = letter_write(sender, letter, now)) == DB_NONE)
		why = "There is nothing left to tell of.";
	if (why != NULL)
		done(sender, claim, "skipped", why, 0);
	else if (result != DB_OK)
		done(sender, claim, "retry", "Its link could not be made.", wait_after(claim->attempts));
	return why == NULL && result == DB_OK;
}

/* Send one message that tells all of these. */
static void send_letters(struct sender *sender, struct letter *letters, size_t claimed)
{
	instant now = instant_now();
	size_t count = 0;
	for (size_t i = 0; i < claimed; i++) {
		letters[count] = letters[i];
		count += make_letter(sender, &letters[count], now);
	}
	if (count == 0)
		return;
	struct mail_answer answer;
	if (letters[0].claim.by_text) {
		text_send(sender->fetcher, &sender->notices->settings.text,
			  address_of(&letters[0].claim, &letters[0].subject),
			  notice_text_short(&letters[0].facts, &sender->mem), monotonic_ms() + TEXT_MS,
			  &answer);
		count_outcome(sender->notices->texted, &answer);
	} else {
		struct mail_message message = letter_mail(sender, letters, count, now);
		CRASH_POINT("before_mail");
		mail_send(sender->client, &message, monotonic_ms() + SENDER_MAIL_MS, &answer);
		CRASH_POINT("after_mail");
		count_outcome(sender->notices->sent, &answer);
	}
	note(sender, letters, count, &answer);
}

/* ---- codes ---- */

static void send_code(struct sender *sender, struct waiting_code *code)
{
	struct notices *notices = sender->notices;
	const struct notice_words *words = notice_words_for(code->locale);
	struct notice_text text = notice_text_code(words,
						   &(struct notice_code){.code = code->code,
									 .link = code->link,
									 .minutes = code->minutes,
									 .proves = code->proves},
						   &sender->mem);
	struct mail_message message = {
		.to = {NULL, code->address},
		.subject = text.subject,
		.message_id =
			arena_printf(&sender->mem, "%016" PRIx64 ".code@%s", code->serial, notices->domain),
		.date = instant_now(),
		.language = notice_words_code(words),
		.text = text.text,
		.html = text.html,
	};
	struct mail_answer answer;
	mail_send(sender->client, &message, monotonic_ms() + SENDER_MAIL_MS, &answer);
	count_outcome(notices->sent, &answer);
	log_line(answer.outcome == MAIL_ACCEPTED ? LOG_INFO : LOG_WARNING, "mail",
		 LOG_TEXT_FIELD("kind", "code"), LOG_TEXT_FIELD("outcome", mail_outcome_name(answer.outcome)),
		 LOG_TEXT_FIELD("verb", answer.verb), LOG_INTEGER_FIELD("code", answer.code));
	if (answer.outcome == MAIL_LATER || answer.outcome == MAIL_UNKNOWN)
		code_again(notices, code, monotonic_ms());
	else
		code_free(code);
}

void *run_sender(void *argument)
{
	struct notices *notices = argument;
	struct sender sender = {
		.notices = notices,
		.db = db_open(notices->settings.database, STATEMENT_TIMEOUT_MS),
		.client = mail_client_new(&notices->settings.mail, &notices->stop),
		.fetcher = fetch_client_new("bookingd/" BOOKINGD_VERSION, &notices->stop),
		.channels = !notices_mail_on(notices)   ? "sms"
			    : !notices_text_on(notices) ? "email"
							: "email,sms",
		.mem = ARENA_EMPTY,
	};
	uint64_t seen = 0;
	while (!atomic_load(&notices->stop)) {
		struct waiting_code *code = NULL;
		struct letter *letters = NULL;
		size_t count = 0;
		bool may = notices_may_send(notices);
		if (may && (code = code_take(notices, monotonic_ms())) != NULL)
			send_code(&sender, code);
		else if (may && (letters = take_claims(&sender, &count)) != NULL)
			send_letters(&sender, letters, count);
		else if (!may || !notices_mail_on(notices) || !alert_send(&sender)) {
			if (may)
				notices_not_sent(notices);
			notices_wait(notices, &notices->due, &seen, IDLE_MS);
		}
		arena_reset(&sender.mem);
	}
	arena_clear(&sender.mem);
	fetch_client_free(sender.fetcher);
	mail_client_free(sender.client);
	db_close(sender.db);
	return NULL;
}
