#include "letter.h"

#include "base/crypto.h"
#include "base/encode.h"
#include "domain/ics.h"
#include "notice/bounce.h"

#include <string.h>

enum {
	STOP_TOKEN_BYTES = 16,
	STOP_SECONDS = 400 * SECONDS_PER_DAY,
};

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

bool letter_is_uninvited(const struct claim *claim, const struct appointment *a)
{
	return claim->guest[0] != '\0' && !appointment_invites(a->guests, claim->guest);
}

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
	facts->uninvited = a->status != APPOINTMENT_CANCELLED && letter_is_uninvited(claim, a);
	facts->client_email = facts->client_phone = facts->reason = NULL;
	facts->cancel_before = facts->reschedule_before = 0;
	facts->by_recipient = false;
}

/* In the coach's name, but not by their hand. */
static bool is_too_few(const struct appointment *a)
{
	return a->cancel_reason != NULL && strcmp(a->cancel_reason, NOTICE_TOO_FEW_BOOKED) == 0;
}

/* Why the coach moved or cancelled it, in the mail about that alone. */
static bool tells_reason(const struct claim *claim, const struct appointment *a)
{
	const bool over = a->status == APPOINTMENT_CANCELLED && a->cancelled_by != CANCELLED_BY_CLIENT;
	return (claim->recipient == NOTICE_CLIENT && (over || claim->kind == NOTICE_KIND_MOVED)) ||
	       is_too_few(a);
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
		.moved_from = to_client && claim->kind == NOTICE_KIND_MOVED ? subject->other_coach : NULL,
		.moved_to = to_client ? NULL : subject->other_coach,
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
		.by_recipient = a->cancelled_by == (to_client ? CANCELLED_BY_CLIENT : CANCELLED_BY_COACH) &&
				!is_too_few(a),
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

static const char *message_id(const struct sender *sender, const struct claim *claim,
			      const char *appointment_id, const char *about, const char *kind,
			      struct arena *mem)
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
	return arena_printf(mem, "%s.%s.%s.%s@%s", appointment_id, plain, kind, who, sender->notices->domain);
}

const struct letter *letter_leader(const struct letter *letters, size_t count)
{
	const struct letter *leader = &letters[0];
	for (size_t i = 1; i < count; i++) {
		if (letters[i].claim.id < leader->claim.id)
			leader = &letters[i];
	}
	return leader;
}

/* The invitations, or that they are withdrawn: one file for each appointment (RFC 5546: one UID in each). */
static void attach(struct sender *sender, const struct letter *letters, size_t count,
		   struct mail_message *message)
{
	struct mail_calendar *files = arena_array(&sender->mem, count, sizeof(*files));
	message->calendars = files;
	message->calendar_method = letters[0].facts.kind == NOTICE_KIND_CANCELLED ? "CANCEL" : "REQUEST";
	for (size_t i = 0; i < count; i++) {
		if (!letters[i].facts.invitation)
			continue;
		struct ics_text file =
			invitation_of(sender, &letters[i].facts, &letters[i].subject, message->to);
		files[message->calendar_count++] = (struct mail_calendar){file.bytes, file.length};
	}
}

struct mail_message letter_mail(struct sender *sender, const struct letter *letters, size_t count,
				instant now)
{
	struct arena *mem = &sender->mem;
	const struct letter *leader = letter_leader(letters, count);
	const struct claim *claim = &leader->claim;
	const struct subject *subject = &leader->subject;
	struct notice_facts *facts = arena_array(mem, count, sizeof(*facts));
	for (size_t i = 0; i < count; i++)
		facts[i] = letters[i].facts;
	facts[0].unsubscribe_url = stop_url(sender, claim, subject);
	bool to_client = claim->recipient == NOTICE_CLIENT;
	struct notice_text text = notice_text_make_all(facts, count, mem);
	const char *id = message_id(sender, claim, claim->appointment_id, claim->about,
				    notice_kind_name(claim->kind), mem);
	const char *first = subject->thread_about[0] != '\0'
				    ? message_id(sender, claim, subject->thread_appointment,
						 subject->thread_about, "confirmed", mem)
				    : NULL;
	struct mail_person client = {notice_plain_name(mem, subject->a.name), subject->a.email};
	struct mail_person guest = {NULL, claim->guest};
	struct mail_person coach = {facts[0].coach_name, subject->coach_email};
	struct mail_message message = {
		.from_name = facts[0].coach_name,
		.to = facts[0].to_guest ? guest
		      : to_client       ? client
					: coach,
		.reply_to = to_client ? coach : client,
		.subject = text.subject,
		.message_id = id,
		.thread_id = first != NULL && strcmp(first, id) != 0 ? first : NULL,
		.date = now,
		.language = notice_words_code(facts[0].words),
		.unsubscribe_url = facts[0].unsubscribe_url,
		.text = text.text,
		.html = text.html,
	};
	if (sender->notices->settings.hook_secret != NULL)
		message.envelope_from = bounce_sender(
			sender->notices->settings.mail.from,
			bounce_token(sender->notices->settings.hook_secret, claim->id, mem), mem);
	attach(sender, letters, count, &message);
	return message;
}

enum db_result letter_write(struct sender *sender, struct letter *letter, instant now)
{
	const struct notice_settings *settings = &sender->notices->settings;
	const struct claim *claim = &letter->claim;
	struct notice_facts *facts = &letter->facts;
	*facts = facts_of(claim, &letter->subject, now, &sender->mem);
	if (notice_kind_is_about_credits(claim->kind) && !read_credits(sender, claim, facts))
		return DB_NONE;
	if (claim->recipient == NOTICE_CLIENT && claim->guest[0] == '\0')
		return manage_link(&settings->links, sender->db, &sender->mem, letter->subject.a.id,
				   letter->subject.a.ends_at, now, &facts->manage_url);
	if (claim->recipient == NOTICE_COACH && settings->links.public_url != NULL)
		facts->manage_url = arena_printf(&sender->mem, "%s/coach/", settings->links.public_url);
	return DB_OK;
}
