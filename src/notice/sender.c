/* The threads that mail: codes first, then what the ledger owes. */
#include "notice_inside.h"

#include "base/crash_point.h"
#include "base/crypto.h"
#include "base/encode.h"
#include "base/log.h"
#include "db/appointments.h"
#include "domain/appointment.h"
#include "domain/ics.h"
#include "domain/schedule_json.h"
#include "notice/bounce.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	STATEMENT_TIMEOUT_MS = 5000,
	IDLE_MS = 1000,
	SEND_MS = 30000,
	TEXT_MS = 15000,
	LEASE_SECONDS = 60,    /* longer than a mail and its statements may take */
	ANNOUNCED_SECONDS = 5, /* until a change is announced */
	UNKNOWN_TRIES_MAX = 5, /* so many copies at most, by a server that takes each and never says so */
	TRYING_SECONDS_MAX = SECONDS_PER_DAY,
	STOP_TOKEN_BYTES = 16,
	STOP_SECONDS = 400 * SECONDS_PER_DAY,
};

struct sender {
	struct notices *notices;
	struct db *db;
	struct mail_client *client;
	struct fetch_client *fetcher; /* for text messages */
	const char *channels;         /* that it may claim */
	struct arena mem;
};

/* A claimed row of the ledger. */
struct claim {
	int64_t id;
	char appointment_id[UUID_TEXT_SIZE];
	const char *recipient_name;
	const char
		*guest; /* the address of one of the client's guests; "": it is to the client or the coach */
	bool by_text;
	enum notice_recipient recipient;
	enum notice_kind kind;
	const char *about;
	int64_t attempts;
	int64_t unknowns; /* of the attempts: it is not known whether the mail went out */
	instant was_at;
	instant created_at;
};

/* What it is about, as it stands now. */
struct subject {
	struct appointment a;
	const char *coach_email;
	const struct schedule *schedule;
	const char *locale; /* the recipient's; NULL: not known */
	const char *coach_name;
	const char *phone;        /* as it is dialled from anywhere; NULL: there is none */
	const char *thread_about; /* of the mail that the thread began with; "": this one begins it */
	bool unannounced;         /* it has changed since, and who is told of that is not decided */
	bool told_later;          /* something later is told to the same person */
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
	instant now = instant_now();
	seconds wait = wait_after(claim->attempts);
	instant end = claim->created_at + TRYING_SECONDS_MAX;
	if (subject->a.starts_at < end && subject->a.starts_at > claim->created_at &&
	    claim->kind != NOTICE_KIND_CANCELLED)
		end = subject->a.starts_at;
	if (now + wait > end)
		done(sender, claim, "failed", answer->detail, 0);
	else
		done(sender, claim, "retry", answer->detail, wait);
}

static void note(struct sender *sender, struct claim *claim, const struct subject *subject,
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
		return;
	case MAIL_LATER:
		again(sender, claim, subject, answer);
		break;
	case MAIL_UNKNOWN:
		/* It may have gone out. A reminder is not worth a second one, a change is. */
		claim->unknowns++;
		if (claim->kind == NOTICE_KIND_REMINDER || claim->unknowns >= UNKNOWN_TRIES_MAX)
			done(sender, claim, "unknown", answer->detail, 0);
		else
			again(sender, claim, subject, answer);
		break;
	}
	log_line(answer->outcome == MAIL_ACCEPTED ? LOG_INFO : LOG_WARNING, claim->by_text ? "text" : "mail",
		 LOG_INTEGER_FIELD("notice", claim->id), LOG_TEXT_FIELD("appointment", claim->appointment_id),
		 LOG_TEXT_FIELD("kind", notice_kind_name(claim->kind)),
		 LOG_TEXT_FIELD("recipient", claim->recipient_name),
		 LOG_TEXT_FIELD("outcome", mail_outcome_name(answer->outcome)),
		 LOG_INTEGER_FIELD("attempt", claim->attempts), LOG_TEXT_FIELD("verb", answer->verb),
		 LOG_INTEGER_FIELD("code", answer->code));
}

/* ---- reading ---- */

static bool take_claim(struct sender *sender, struct claim *claim)
{
	DB_ROWS rows = {0};
	if (db_run(sender->db, QUERY_NOTICE_CLAIM,
		   DB_PARAMETERS(db_int(LEASE_SECONDS), db_text(sender->channels)), &rows) != DB_OK)
		return false;
	*claim = (struct claim){
		.id = db_get_int(&rows, 0, 0),
		.recipient_name = db_copy_text(&rows, 0, 2, &sender->mem),
		.by_text = strcmp(db_get_text(&rows, 0, 3), "sms") == 0,
		.about = db_copy_text(&rows, 0, 5, &sender->mem),
		.attempts = db_get_int(&rows, 0, 6),
		.was_at = db_get_instant(&rows, 0, 7),
		.created_at = db_get_instant(&rows, 0, 8),
		.unknowns = db_get_int(&rows, 0, 9),
		.guest = db_copy_text(&rows, 0, 10, &sender->mem),
	};
	db_get_uuid(&rows, 0, 1, claim->appointment_id);
	claim->recipient = strcmp(claim->recipient_name, "coach") == 0 ? NOTICE_COACH : NOTICE_CLIENT;
	if (!notice_kind_parse(db_get_text(&rows, 0, 4), &claim->kind)) {
		done(sender, claim, "failed", "This kind of notice is not known.", 0);
		return false;
	}
	return true;
}

static enum db_result read_subject(struct sender *sender, const struct claim *claim, struct subject *subject)
{
	DB_ROWS rows = {0};
	enum db_result result =
		db_run(sender->db, QUERY_NOTICE_FACTS,
		       DB_PARAMETERS(db_uuid(claim->appointment_id), db_text(claim->recipient_name),
				     db_text(claim->guest), db_int(claim->id)),
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
	if (subject->schedule == NULL)
		return DB_FAILED;
	return appointment_read(sender->db, &rows, 0, 0, &sender->mem, &subject->a);
}

/* Fills what a notice about credits tells. What it names first is the grant. False: that is gone, or cannot
 * be read. */
static bool read_credits(struct sender *sender, const struct claim *claim, struct notice_facts *facts)
{
	DB_ROWS rows = {0};
	const char *grant = arena_strndup(&sender->mem, claim->about, strcspn(claim->about, "@"));
	if (db_run(sender->db, QUERY_NOTICE_CREDITS,
		   DB_PARAMETERS(db_uuid(claim->appointment_id), db_uuid(grant)), &rows) != DB_OK)
		return false;
	facts->credits = db_get_int(&rows, 0, 0);
	if (claim->kind == NOTICE_KIND_CREDITS_ENDING)
		facts->credits_until = db_get_instant(&rows, 0, 1);
	return claim->kind == NOTICE_KIND_CREDITS_LOW || db_get_int(&rows, 0, 2) > 0;
}

/* Whether it is to somebody who was a guest of the appointment and is not any more. */
static bool is_uninvited(const struct claim *claim, const struct appointment *a)
{
	return claim->guest[0] != '\0' && !appointment_invites(a->guests, claim->guest);
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
static const char *outdated(const struct claim *claim, const struct subject *subject, instant now)
{
	const struct appointment *a = &subject->a;
	const char *about = strchr(claim->about, '@');
	if (notice_kind_is_about_credits(claim->kind))
		return NULL;
	if (claim->kind == NOTICE_KIND_REMINDER) {
		bool there = a->status == APPOINTMENT_SCHEDULED && about != NULL &&
			     strtoll(about + 1, NULL, 10) == a->starts_at;
		return !there                ? "The session is no longer at that time."
		       : a->starts_at <= now ? "It has begun."
					     : NULL;
	}
	bool cancelled = a->status == APPOINTMENT_CANCELLED || is_uninvited(claim, a);
	/* A change of which this person is not told leaves it true; what was on its way meanwhile may have
	 * failed. */
	bool later = is_announcement(claim, a) ? subject->told_later
					       : strtoll(claim->about, NULL, 10) != a->version;
	return later || cancelled != (claim->kind == NOTICE_KIND_CANCELLED ||
				      claim->kind == NOTICE_KIND_DECLINED)
		       ? "Something later is to be told instead."
		       : NULL;
}

/* ---- writing ---- */

/* One click to stop reminders, for mails that remind; and all that a guest is told of the booking. */
static const char *stop_url(struct sender *sender, const struct claim *claim, const struct subject *subject)
{
	const char *base = sender->notices->settings.links.public_url;
	const bool to_guest = claim->guest[0] != '\0';
	unsigned char token[STOP_TOKEN_BYTES];
	unsigned char hash[CRYPTO_SHA256_SIZE];
	char text[ENCODE_BASE64URL_SIZE(STOP_TOKEN_BYTES)];
	if ((!to_guest && claim->kind != NOTICE_KIND_REMINDER &&
	     !notice_kind_is_about_credits(claim->kind)) ||
	    base == NULL || strncmp(base, "https://", 8) != 0)
		return NULL;
	crypto_random(token, sizeof(token));
	crypto_sha256(text, encode_base64url(token, sizeof(token), text), hash);
	const struct db_value key = db_bytes(hash, sizeof(hash));
	const char *person = claim->recipient == NOTICE_CLIENT ? subject->a.user_id : subject->a.coach_id;
	enum db_result result =
		to_guest ? db_run(sender->db, QUERY_TOKEN_PUT_GUEST,
				  DB_PARAMETERS(key, db_uuid(subject->a.id), db_text(claim->guest),
						db_int(STOP_SECONDS)),
				  NULL)
			 : db_run(sender->db, QUERY_TOKEN_PUT,
				  DB_PARAMETERS(key, db_text("stop"), db_null(), db_text(person),
						db_int(STOP_SECONDS),
						claim->recipient == NOTICE_COACH ? db_text("coach")
										 : db_null()),
				  NULL);
	return result == DB_OK ? arena_printf(&sender->mem, "%s/booking/stop/%s", base, text) : NULL;
}

static instant open_until(instant until, instant now)
{
	return until > now ? until : 0;
}

/* A guest is told when and where, and by whom they are invited: not how to reach or change anything. */
static void tell_guest(const struct claim *claim, const struct appointment *a, struct notice_facts *facts)
{
	facts->to_guest = true;
	facts->uninvited = a->status != APPOINTMENT_CANCELLED && is_uninvited(claim, a);
	facts->client_email = facts->client_phone = facts->reason = NULL;
	facts->cancel_before = facts->reschedule_before = 0;
	facts->by_recipient = false;
}

/* Why the coach moved or cancelled it, in the mail about that alone. */
static bool tells_reason(const struct claim *claim, const struct appointment *a)
{
	const bool over = a->status == APPOINTMENT_CANCELLED && a->cancelled_by != CANCELLED_BY_CLIENT;
	return claim->recipient == NOTICE_CLIENT && (over || claim->kind == NOTICE_KIND_MOVED);
}

static struct notice_facts facts_of(const struct claim *claim, const struct subject *subject, instant now,
				    struct arena *mem)
{
	const struct appointment *a = &subject->a;
	const struct session_type *type = schedule_type(subject->schedule, a->session_type);
	const struct zone *zone = a->client_time_zone != NULL ? zone_find(a->client_time_zone) : NULL;
	const struct zone *zones[NOTICE_RECIPIENTS] = {
		[NOTICE_CLIENT] = zone != NULL ? zone : subject->schedule->zone,
		[NOTICE_COACH] = subject->schedule->zone,
	};
	bool to_client = claim->recipient == NOTICE_CLIENT;
	bool moves_left = a->max_reschedules < 0 || a->reschedule_count < a->max_reschedules;
	struct notice_facts facts = {
		.kind = claim->kind,
		.recipient = claim->recipient,
		.words = notice_words_for(subject->locale),
		.session_type = type != NULL ? type->name : a->session_type,
		.coach_name = subject->coach_name,
		.client_name = a->name,
		.client_email = a->email,
		.client_phone = a->phone,
		.guests = appointment_guests_text(a->guests, mem),
		.start = a->starts_at,
		.end = a->ends_at,
		.old_start = claim->was_at,
		.offer_until = a->hold_expires_at,
		.zone = zones[claim->recipient],
		.other_zone = zones[to_client ? NOTICE_COACH : NOTICE_CLIENT],
		.meeting_label = a->meeting_label,
		.meeting_place = a->meeting_place,
		.meeting_instructions = a->meeting_instructions,
		.meeting_url = a->meeting_url,
		.cancel_before =
			open_until(a->starts_at - a->cancel_notice_minutes * SECONDS_PER_MINUTE, now),
		.reschedule_before = moves_left ? open_until(a->starts_at - a->reschedule_notice_minutes *
										    SECONDS_PER_MINUTE,
							     now)
						: 0,
		.by_recipient = a->cancelled_by == (to_client ? CANCELLED_BY_CLIENT : CANCELLED_BY_COACH),
		.reason = tells_reason(claim, a) ? a->cancel_reason : NULL,
		.invitation = to_client && claim->kind != NOTICE_KIND_REMINDER &&
			      !notice_kind_is_about_credits(claim->kind) && a->invited_by == INVITER_EMAIL,
		.meeting = a->meeting_kind,
	};
	if (claim->guest[0] != '\0')
		tell_guest(claim, a, &facts);
	/* Without a calendar nobody makes the link to a video call. */
	if (facts.meeting == MEETING_GOOGLE_MEET && a->calendar_id == NULL && a->meeting_url == NULL)
		facts.meeting = MEETING_NONE;
	return facts;
}

/* What a calendar makes of it: the same UID for life, SEQUENCE by version. */
static struct ics_text invitation_of(struct sender *sender, const struct notice_facts *facts,
				     const struct subject *subject, struct mail_person attendee)
{
	const struct appointment *a = &subject->a;
	bool cancelled = facts->kind == NOTICE_KIND_CANCELLED;
	const struct ics_event event = {
		.uid = appointment_uid(a->id, &sender->mem),
		.sequence = a->version - 1,
		.cancelled = cancelled,
		.stamp = a->updated_at,
		.created = a->created_at,
		.modified = a->updated_at,
		.start = a->starts_at,
		.end = a->ends_at,
		.summary = arena_printf(&sender->mem, "%s: %s", facts->session_type, facts->coach_name),
		.description = facts->manage_url,
		.location = a->meeting_place,
		.meeting_url = a->meeting_url,
		.organizer_name = facts->coach_name,
		.organizer_email = sender->notices->settings.mail.from,
		.attendee_name = attendee.name,
		.attendee_email = attendee.address,
	};
	return ics_appointment(&event, cancelled ? ICS_CANCEL : ICS_REQUEST, facts->zone, &sender->mem);
}

static const char *message_id(const struct sender *sender, const struct claim *claim, const char *about,
			      const char *kind, struct arena *mem)
{
	char *plain = arena_strdup(mem, about);
	for (char *c = plain; *c != '\0'; c++) {
		if (*c == '@')
			*c = '-';
	}
	const char *who = claim->recipient_name;
	if (claim->guest[0] != '\0') { /* a name for each, which tells nobody the address */
		unsigned char digest[CRYPTO_SHA256_SIZE];
		char text[ENCODE_HEX_SIZE(CRYPTO_SHA256_SIZE)];
		crypto_sha256(claim->guest, strlen(claim->guest), digest);
		encode_hex(digest, sizeof(digest), text);
		who = arena_printf(mem, "guest-%.16s", text);
	}
	return arena_printf(mem, "%s.%s.%s.%s@%s", claim->appointment_id, plain, kind, who,
			    sender->notices->domain);
}

static struct mail_message message_of(struct sender *sender, const struct claim *claim,
				      const struct subject *subject, const struct notice_facts *facts,
				      instant now)
{
	const struct appointment *a = &subject->a;
	struct arena *mem = &sender->mem;
	bool to_client = claim->recipient == NOTICE_CLIENT;
	struct notice_text text = notice_text_make(facts, mem);
	const char *id = message_id(sender, claim, claim->about, notice_kind_name(claim->kind), mem);
	const char *first = subject->thread_about[0] != '\0'
				    ? message_id(sender, claim, subject->thread_about, "confirmed", mem)
				    : NULL;
	struct mail_person client = {notice_plain_name(a->name), a->email};
	struct mail_person guest = {NULL, claim->guest};
	struct mail_person coach = {facts->coach_name, subject->coach_email};
	struct mail_message message = {
		.from_name = facts->coach_name,
		.to = facts->to_guest ? guest
		      : to_client     ? client
				      : coach,
		.reply_to = to_client ? coach : client,
		.subject = text.subject,
		.message_id = id,
		.thread_id = first != NULL && strcmp(first, id) != 0 ? first : NULL,
		.date = now,
		.language = notice_words_code(facts->words),
		.unsubscribe_url = facts->unsubscribe_url,
		.text = text.text,
		.html = text.html,
	};
	if (sender->notices->settings.hook_secret != NULL)
		message.envelope_from = bounce_sender(
			sender->notices->settings.mail.from,
			bounce_token(sender->notices->settings.hook_secret, claim->id, mem), mem);
	if (facts->invitation) {
		struct ics_text file = invitation_of(sender, facts, subject, message.to);
		message.calendar = file.bytes;
		message.calendar_length = file.length;
		message.calendar_method = facts->kind == NOTICE_KIND_CANCELLED ? "CANCEL" : "REQUEST";
	}
	return message;
}

static void count(struct counter *const counters[], const struct mail_answer *answer)
{
	if (counters[answer->outcome] != NULL)
		counter_add(counters[answer->outcome], 1);
}

static void send_notice(struct sender *sender, struct claim *claim)
{
	struct subject subject;
	instant now = instant_now();
	enum db_result result = read_subject(sender, claim, &subject);
	if (result != DB_OK) {
		/* Nothing was sent, so the row is simply owed again; or, with the database away, when its
		 * lease is over. */
		if (result != DB_UNAVAILABLE && result != DB_UNKNOWN)
			done(sender, claim, "retry", "What it is about could not be read.",
			     wait_after(claim->attempts));
		return;
	}
	if (must_wait(claim, &subject)) {
		done(sender, claim, "retry", "A change of it is announced first.", ANNOUNCED_SECONDS);
		return;
	}
	const char *why = outdated(claim, &subject, now);
	const char *address = claim->by_text                      ? subject.phone
			      : claim->guest[0] != '\0'           ? claim->guest
			      : claim->recipient == NOTICE_CLIENT ? subject.a.email
								  : subject.coach_email;
	if (why == NULL && (address == NULL || subject.a.erased))
		why = "There is no address any more.";
	if (why != NULL) {
		done(sender, claim, "skipped", why, 0);
		return;
	}
	struct notice_facts facts = facts_of(claim, &subject, now, &sender->mem);
	if (notice_kind_is_about_credits(claim->kind) && !read_credits(sender, claim, &facts)) {
		done(sender, claim, "skipped", "There is nothing left to tell of.", 0);
		return;
	}
	if (claim->recipient == NOTICE_CLIENT && claim->guest[0] == '\0')
		result = manage_link(&sender->notices->settings.links, sender->db, &sender->mem, subject.a.id,
				     subject.a.ends_at, now, &facts.manage_url);
	else if (claim->recipient == NOTICE_COACH && sender->notices->settings.links.public_url != NULL)
		facts.manage_url =
			arena_printf(&sender->mem, "%s/coach/", sender->notices->settings.links.public_url);
	if (result != DB_OK) {
		done(sender, claim, "retry", "Its link could not be made.", wait_after(claim->attempts));
		return;
	}
	struct mail_answer answer;
	if (claim->by_text) {
		text_send(sender->fetcher, &sender->notices->settings.text, address,
			  notice_text_short(&facts, &sender->mem), monotonic_ms() + TEXT_MS, &answer);
		count(sender->notices->texted, &answer);
		note(sender, claim, &subject, &answer);
		return;
	}
	facts.unsubscribe_url = stop_url(sender, claim, &subject);
	struct mail_message message = message_of(sender, claim, &subject, &facts, now);
	CRASH_POINT("before_mail");
	mail_send(sender->client, &message, monotonic_ms() + SEND_MS, &answer);
	CRASH_POINT("after_mail");
	count(sender->notices->sent, &answer);
	note(sender, claim, &subject, &answer);
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
	mail_send(sender->client, &message, monotonic_ms() + SEND_MS, &answer);
	count(sender->notices->sent, &answer);
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
		struct claim claim;
		bool may = notices_may_send(notices);
		if (may && (code = code_take(notices, monotonic_ms())) != NULL)
			send_code(&sender, code);
		else if (may && take_claim(&sender, &claim))
			send_notice(&sender, &claim);
		else {
			if (may)
				notices_not_sent(notices);
			notices_wait(notices, &seen, IDLE_MS);
		}
		arena_reset(&sender.mem);
	}
	arena_clear(&sender.mem);
	fetch_client_free(sender.fetcher);
	mail_client_free(sender.client);
	db_close(sender.db);
	return NULL;
}
