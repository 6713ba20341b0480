/* What a mail says: a list of parts, written once as plain text and once as HTML (paper.c). */
#include "notice/message.h"

#include "base/json.h"
#include "paper.h"
#include "words.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>

const char *notice_kind_name(enum notice_kind kind)
{
	static const char *const names[NOTICE_KINDS] = {
		[NOTICE_KIND_CONFIRMED] = "confirmed",
		[NOTICE_KIND_MOVED] = "moved",
		[NOTICE_KIND_CANCELLED] = "cancelled",
		[NOTICE_KIND_REMINDER] = "reminder",
		[NOTICE_KIND_OFFER] = "offer",
		[NOTICE_KIND_CREDITS_LOW] = "credits_low",
		[NOTICE_KIND_CREDITS_ENDING] = "credits_ending",
		[NOTICE_KIND_REQUESTED] = "requested",
		[NOTICE_KIND_DECLINED] = "declined",
		[NOTICE_KIND_EXPIRED] = "expired",
		[NOTICE_KIND_MEETING_CHANGED] = "meeting_changed",
	};
	return names[kind];
}

bool notice_kind_parse(const char *name, enum notice_kind *ret_kind)
{
	for (unsigned kind = 0; kind < NOTICE_KINDS; kind++) {
		if (strcmp(notice_kind_name((enum notice_kind)kind), name) == 0) {
			*ret_kind = (enum notice_kind)kind;
			return true;
		}
	}
	return false;
}

bool notice_kind_is_about_credits(enum notice_kind kind)
{
	return kind == NOTICE_KIND_CREDITS_LOW || kind == NOTICE_KIND_CREDITS_ENDING;
}

const char *notice_words_code(const struct notice_words *words)
{
	return words->code;
}

const char *notice_plain_name(struct arena *mem, const char *name)
{
	if (name == NULL || text_is_blank(name) || strstr(name, "://") != NULL ||
	    strcasestr(name, "www.") != NULL)
		return NULL;
	return text_without_links(mem, text_clean(mem, name, TEXT_LINE));
}

/* What somebody else wrote, as a part of a text of ours. */
static const char *shown(struct arena *mem, const char *text)
{
	return text_isolate(mem, text_without_links(mem, text_clean(mem, text, TEXT_LINE)));
}

/* ---- times ---- */

static char *day_text(const struct notice_words *words, const struct zone *zone, instant at,
		      struct arena *mem)
{
	return words_day(words, zone_day(zone, at), mem);
}

static char *clock_text(const struct notice_words *words, const struct zone *zone, instant at,
			struct arena *mem)
{
	int second = zone_civil(zone, at).second_of_day;
	return words->clock(mem, second / SECONDS_PER_HOUR, second / SECONDS_PER_MINUTE % 60);
}

static char *at_text(const struct notice_words *words, const struct zone *zone, instant at, struct arena *mem)
{
	return words_fill(mem, words->at_format, "day", day_text(words, zone, at, mem), "clock",
			  clock_text(words, zone, at, mem), NULL);
}

static bool has_place(const struct zone *zone)
{
	return strchr(zone_name(zone), '/') != NULL && strncmp(zone_name(zone), "Etc/", 4) != 0;
}

/* "New York" of America/New_York. */
static char *place_text(const struct zone *zone, struct arena *mem)
{
	const char *name = zone_name(zone);
	const char *slash = strrchr(name, '/');
	char *place = arena_strdup(mem, slash != NULL ? slash + 1 : name);
	for (char *c = place; *c != '\0'; c++) {
		if (*c == '_')
			*c = ' ';
	}
	return place;
}

/* "Toronto time (UTC−5)", "UTC". */
static char *zone_text(const struct notice_words *words, const struct zone *zone, instant at,
		       struct arena *mem)
{
	seconds offset = zone_offset(zone, at);
	seconds size = offset < 0 ? -offset : offset;
	const char *sign = offset < 0 ? "−" : "+";
	char *utc = offset == 0 ? arena_strdup(mem, "UTC")
		    : size % SECONDS_PER_HOUR == 0
			    ? arena_printf(mem, "UTC%s%d", sign, (int)(size / SECONDS_PER_HOUR))
			    : arena_printf(mem, "UTC%s%d:%02d", sign, (int)(size / SECONDS_PER_HOUR),
					   (int)(size / SECONDS_PER_MINUTE % 60));
	if (!has_place(zone))
		return utc;
	char *local = words_fill(mem, words->zone_format, "place", place_text(zone, mem), NULL);
	return arena_printf(mem, "%s (%s)", local, utc);
}

static char *amount_text(const struct notice_words *words, const char *const forms[], int64_t number,
			 struct arena *mem)
{
	return words_fill(mem, forms[words->plural(number)], "n",
			  arena_printf(mem, "%lld", (long long)number), NULL);
}

/* "1 hour 30 minutes" */
static char *length_text(const struct notice_words *words, int64_t minutes, struct arena *mem)
{
	char *hours = minutes >= 60 ? amount_text(words, words->hours, minutes / 60, mem) : NULL;
	char *rest = minutes % 60 > 0 ? amount_text(words, words->minutes, minutes % 60, mem) : NULL;
	return hours != NULL && rest != NULL ? arena_printf(mem, "%s %s", hours, rest)
	       : hours != NULL               ? hours
					     : rest;
}

/* ---- the parts ---- */

static const char *who_text(const struct notice_facts *facts, struct arena *mem)
{
	const char *name = notice_plain_name(mem, facts->recipient == NOTICE_CLIENT ? facts->coach_name
										    : facts->client_name);
	return name != NULL                        ? text_isolate(mem, name)
	       : facts->recipient == NOTICE_CLIENT ? ""
						   : facts->words->a_client;
}

static void put_when(struct paper *paper, const struct notice_facts *facts, struct arena *mem)
{
	const struct notice_words *words = facts->words;
	bool one_day = zone_day(facts->zone, facts->start) == zone_day(facts->zone, facts->end);
	const char *end = one_day ? clock_text(words, facts->zone, facts->end, mem)
				  : at_text(words, facts->zone, facts->end, mem);
	const char *day = day_text(words, facts->zone, facts->start, mem);
	const char *clocks = words_fill(mem, words->range_format, "from",
					clock_text(words, facts->zone, facts->start, mem), "to", end, NULL);
	if (one_day)
		paper_day(paper, day, clocks);
	else
		paper_strong(paper, arena_printf(mem, "%s, %s", day, clocks));
	paper_quiet(paper, zone_text(words, facts->zone, facts->start, mem));
	if (facts->other_zone == NULL ||
	    zone_offset(facts->zone, facts->start) == zone_offset(facts->other_zone, facts->start))
		return;
	const char *line = has_place(facts->other_zone) ? words->others_clock : words->others_utc;
	bool same_day = zone_day(facts->zone, facts->start) == zone_day(facts->other_zone, facts->start);
	paper_quiet(paper, words_fill(mem, line, "who", who_text(facts, mem), "clock",
				      same_day ? clock_text(words, facts->other_zone, facts->start, mem)
					       : at_text(words, facts->other_zone, facts->start, mem),
				      "place", place_text(facts->other_zone, mem), NULL));
}

/* The coach's number, if they gave one, else the client's. */
static void put_phone(struct paper *paper, const struct notice_facts *facts, struct arena *mem)
{
	const struct notice_words *words = facts->words;
	const char *number = facts->meeting_place != NULL ? facts->meeting_place : facts->client_phone;
	paper_line(paper, number != NULL
				  ? words_fill(mem, words->by_phone_at, "phone", shown(mem, number), NULL)
				  : words->by_phone);
}

static void put_where(struct paper *paper, const struct notice_facts *facts, struct arena *mem)
{
	const struct notice_words *words = facts->words;
	switch (facts->meeting) {
	case MEETING_GOOGLE_MEET:
		if (facts->meeting_url != NULL)
			paper_link(paper, words->video, facts->meeting_url);
		else
			paper_line(paper, facts->to_guest ? words->video : words->video_follows);
		break;
	case MEETING_LINK:
		paper_link(paper, facts->meeting_label != NULL ? facts->meeting_label : words->video,
			   facts->meeting_url);
		break;
	case MEETING_PHONE:
		put_phone(paper, facts, mem);
		break;
	case MEETING_IN_PERSON:
		paper_line(paper, facts->meeting_place != NULL ? facts->meeting_place : words->in_person);
		break;
	case MEETING_NONE:
		if (facts->kind == NOTICE_KIND_MEETING_CHANGED)
			paper_line(paper, words->no_place);
		break;
	}
	if (facts->meeting_instructions != NULL)
		paper_line(paper, facts->meeting_instructions);
}

/* "Email: ann@example.com" */
static const char *label_text(const struct notice_words *words, const char *label, const char *value,
			      struct arena *mem)
{
	return arena_printf(mem, "%s%s %s", label, words->colon, value);
}

static void put_contact(struct paper *paper, const struct notice_facts *facts, struct arena *mem)
{
	const struct notice_words *words = facts->words;
	if (facts->recipient != NOTICE_COACH)
		return;
	if (facts->client_email != NULL)
		paper_line(paper, label_text(words, words->email_label, facts->client_email, mem));
	if (facts->client_phone != NULL && facts->meeting != MEETING_PHONE)
		paper_line(paper,
			   label_text(words, words->phone_label, shown(mem, facts->client_phone), mem));
}

static void put_guests(struct paper *paper, const struct notice_facts *facts, struct arena *mem)
{
	if (facts->guests != NULL && !facts->to_guest)
		paper_line(paper, label_text(facts->words, facts->words->guests_label, facts->guests, mem));
}

static void put_deadlines(struct paper *paper, const struct notice_facts *facts, struct arena *mem)
{
	const struct notice_words *words = facts->words;
	if (facts->cancel_before != 0 && facts->cancel_before == facts->reschedule_before) {
		paper_small(paper, words_fill(mem, words->change_until, "when",
					      at_text(words, facts->zone, facts->cancel_before, mem), NULL));
		return;
	}
	if (facts->reschedule_before != 0)
		paper_small(paper,
			    words_fill(mem, words->reschedule_until, "when",
				       at_text(words, facts->zone, facts->reschedule_before, mem), NULL));
	if (facts->cancel_before != 0)
		paper_small(paper, words_fill(mem, words->cancel_until, "when",
					      at_text(words, facts->zone, facts->cancel_before, mem), NULL));
}

/* Whether there is no session, or no longer one. */
static bool is_over(enum notice_kind kind)
{
	return kind == NOTICE_KIND_CANCELLED || kind == NOTICE_KIND_DECLINED || kind == NOTICE_KIND_EXPIRED;
}

static enum paper_mark mark_of(const struct notice_facts *facts)
{
	const enum notice_kind kind = facts->kind;
	if (notice_kind_is_about_credits(kind) || facts->moved_to != NULL)
		return PAPER_ACCENT;
	return is_over(kind) ? PAPER_BAD
	       : kind == NOTICE_KIND_REMINDER || kind == NOTICE_KIND_OFFER || kind == NOTICE_KIND_REQUESTED
		       ? PAPER_ACCENT
		       : PAPER_GOOD;
}

/* What the coach wrote, or what stands for one of our own reasons. */
static void put_reason(struct paper *paper, const struct notice_facts *facts, struct arena *mem)
{
	const struct notice_words *words = facts->words;
	if (facts->reason == NULL)
		return;
	const char *reason =
		strcmp(facts->reason, NOTICE_TOO_FEW_BOOKED) == 0 ? words->too_few_booked : facts->reason;
	paper_line(paper, words_fill(mem, words->reason, "reason", reason, NULL));
}

static void put_was(struct paper *paper, const struct notice_facts *facts, struct arena *mem)
{
	const struct notice_words *words = facts->words;
	if (facts->kind != NOTICE_KIND_MOVED || facts->old_start == 0 || facts->old_start == facts->start)
		return;
	const char *when = at_text(words, facts->zone, facts->old_start, mem);
	paper_struck(paper, facts->moved_from != NULL ? words_fill(mem, words->was_with, "when", when, "who",
								   text_isolate(mem, facts->moved_from), NULL)
						      : words_fill(mem, words->was, "when", when, NULL));
}

static void put_card(struct paper *paper, const struct notice_facts *facts, struct arena *mem)
{
	const struct notice_words *words = facts->words;
	const char *minutes = length_text(words, (facts->end - facts->start) / SECONDS_PER_MINUTE, mem);
	const char *who = who_text(facts, mem);
	const char *with = words_fill(mem, words->with, "who", who, NULL);
	paper_card(paper, shown(mem, facts->session_type),
		   *who != '\0' ? arena_printf(mem, "%s · %s", with, minutes) : minutes);
	put_when(paper, facts, mem);
	put_was(paper, facts, mem);
	if (!is_over(facts->kind))
		put_where(paper, facts, mem);
	put_reason(paper, facts, mem);
	put_contact(paper, facts, mem);
	put_guests(paper, facts, mem);
	paper_card_end(paper);
}

/* What is left, and until when. */
static void put_credits(struct paper *paper, const struct notice_facts *facts, struct arena *mem)
{
	const struct notice_words *words = facts->words;
	paper_strong(paper, amount_text(words, words->credits, facts->credits, mem));
	if (facts->credits_until != 0)
		paper_line(paper, words_fill(mem, words->credits_until, "when",
					     at_text(words, facts->zone, facts->credits_until, mem), NULL));
	if (facts->manage_url != NULL)
		paper_button(paper, words->see, facts->manage_url);
}

/* Until when what is asked for is held, and answered: one time or, of a series, several. */
static void put_held_until(struct paper *paper, const struct notice_facts *facts, bool several,
			   struct arena *mem)
{
	const struct notice_words *words = facts->words;
	const char *line = facts->recipient == NOTICE_CLIENT ? several ? words->series.asked : words->asked
			   : several                         ? words->series.asked_of_you
							     : words->asked_of_you;
	paper_small(paper, words_fill(mem, line, "who", who_text(facts, mem), "when",
				      at_text(words, facts->zone, facts->offer_until, mem), NULL));
}

/* The button where there is nothing to change. */
static const char *see_text(const struct notice_facts *facts)
{
	const bool decides = facts->recipient == NOTICE_COACH && facts->kind == NOTICE_KIND_REQUESTED;
	return decides ? facts->words->decide : facts->words->see;
}

static void put_actions(struct paper *paper, const struct notice_facts *facts, struct arena *mem)
{
	const struct notice_words *words = facts->words;
	if (is_over(facts->kind)) {
		if (facts->manage_url != NULL)
			paper_button(paper, words->see, facts->manage_url);
		return;
	}
	if (facts->kind == NOTICE_KIND_REQUESTED) {
		put_held_until(paper, facts, false, mem);
		if (facts->manage_url != NULL)
			paper_button(paper, see_text(facts), facts->manage_url);
		return;
	}
	if (facts->invitation)
		paper_small(paper, words->invitation);
	if (facts->kind == NOTICE_KIND_OFFER) {
		paper_small(paper, words_fill(mem, words->offer_until, "when",
					      at_text(words, facts->zone, facts->offer_until, mem), NULL));
		if (facts->manage_url != NULL)
			paper_button(paper, words->take_offer, facts->manage_url);
		return;
	}
	if (facts->recipient == NOTICE_CLIENT)
		put_deadlines(paper, facts, mem);
	if (facts->kind == NOTICE_KIND_REMINDER && facts->meeting_url != NULL)
		paper_button(paper, words->join, facts->meeting_url);
	bool open = facts->cancel_before != 0 || facts->reschedule_before != 0;
	if (facts->manage_url != NULL)
		paper_button(paper, open ? words->change : words->see, facts->manage_url);
}

/* In the tables of words. */
static size_t heading_place(const struct notice_facts *facts)
{
	return facts->moved_from != NULL || facts->moved_to != NULL ? HEADING_OTHER_COACH : facts->kind;
}

static const struct heading_words *heading_of(const struct notice_facts *facts)
{
	const struct notice_words *words = facts->words;
	if (facts->to_guest && facts->kind == NOTICE_KIND_CONFIRMED)
		return &words->guest_invited;
	if (facts->uninvited)
		return &words->guest_uninvited;
	return facts->recipient == NOTICE_CLIENT ? &words->client[heading_place(facts)]
						 : &words->coach[heading_place(facts)];
}

/* A subject or a title; `count` dates it is about. What stands for a client's name may begin it. */
static const char *heading_text(const char *template, const struct notice_facts *facts, size_t count,
				struct arena *mem)
{
	const struct notice_words *words = facts->words;
	const char *who = who_text(facts, mem);
	char *text = words_fill(mem, template, "type", shown(mem, facts->session_type), "who", who, "to",
				facts->moved_to != NULL ? text_isolate(mem, facts->moved_to) : "", "n",
				arena_printf(mem, "%zu", count), "when",
				at_text(words, facts->zone, facts->start, mem), NULL);
	if (who == words->a_client && strncmp(text, who, strlen(who)) == 0)
		text[0] = (char)toupper((unsigned char)text[0]);
	return text;
}

static const char *subject_of(const struct notice_facts *facts, struct arena *mem)
{
	return heading_text(heading_of(facts)->subject, facts, 1, mem);
}

/* Why this mail came. */
static const char *why_text(const struct notice_facts *facts, struct arena *mem)
{
	const struct notice_words *words = facts->words;
	const char *client = notice_plain_name(mem, facts->client_name);
	if (facts->to_guest)
		return words_fill(mem, words->why_guest, "who",
				  client != NULL ? text_isolate(mem, client) : words->a_client, NULL);
	return facts->recipient == NOTICE_CLIENT
		       ? words_fill(mem, words->why, "who", who_text(facts, mem), NULL)
		       : words->why_coach;
}

struct notice_text notice_text_make(const struct notice_facts *facts, struct arena *mem)
{
	const struct notice_words *words = facts->words;
	const char *title = facts->kind == NOTICE_KIND_CANCELLED && facts->by_recipient
				    ? words->cancelled_by_you_title
				    : heading_text(heading_of(facts)->title, facts, 1, mem);
	struct paper paper;
	paper_begin(&paper, words, title, mark_of(facts), mem);
	if (notice_kind_is_about_credits(facts->kind)) {
		put_credits(&paper, facts, mem);
	} else {
		put_card(&paper, facts, mem);
		put_actions(&paper, facts, mem);
	}
	paper_foot(&paper, why_text(facts, mem));
	if (facts->unsubscribe_url != NULL)
		paper_small_link(&paper, facts->to_guest ? words->stop_mails : words->stop_reminders,
				 facts->unsubscribe_url);
	return paper_end(&paper, subject_of(facts, mem));
}

/* ---- several dates ---- */

static const struct heading_words *heading_of_all(const struct notice_facts *facts)
{
	const struct series_words *words = &facts->words->series;
	if (facts->to_guest && facts->kind == NOTICE_KIND_CONFIRMED)
		return &words->guest_invited;
	if (facts->uninvited)
		return &words->guest_uninvited;
	return facts->recipient == NOTICE_CLIENT ? &words->client[facts->kind] : &words->coach[facts->kind];
}

/* When and where one date is, and the way to change it. */
static void put_date(struct paper *paper, const struct notice_facts *facts, struct arena *mem)
{
	const struct notice_words *words = facts->words;
	const bool to_client = facts->recipient == NOTICE_CLIENT && !facts->to_guest;
	const bool stands = !is_over(facts->kind) && facts->kind != NOTICE_KIND_REQUESTED;
	const bool open = facts->cancel_before != 0 || facts->reschedule_before != 0;
	put_when(paper, facts, mem);
	put_was(paper, facts, mem);
	if (!is_over(facts->kind))
		put_where(paper, facts, mem);
	if (to_client && stands)
		put_deadlines(paper, facts, mem);
	if (to_client && facts->manage_url != NULL)
		paper_small_link(paper, open && stands ? words->change : words->see, facts->manage_url);
}

/* Those that changed for one reason have it once, below the last of them. */
static bool has_reason_of(const struct notice_facts *facts, const struct notice_facts *next)
{
	return facts->reason == NULL ? next->reason == NULL
				     : next->reason != NULL && strcmp(facts->reason, next->reason) == 0;
}

/* What is held equally long says so once, below the last of them. */
static void put_held_until_of(struct paper *paper, const struct notice_facts facts[], size_t count, size_t i,
			      struct arena *mem)
{
	const bool like_before = i > 0 && facts[i - 1].offer_until == facts[i].offer_until;
	const bool like_next = i + 1 < count && facts[i + 1].offer_until == facts[i].offer_until;
	if (facts->kind == NOTICE_KIND_REQUESTED && !like_next)
		put_held_until(paper, &facts[i], like_before, mem);
}

static void put_dates(struct paper *paper, const struct notice_facts facts[], size_t count, struct arena *mem)
{
	const struct notice_words *words = facts->words;
	const char *who = who_text(facts, mem);
	paper_card(paper, shown(mem, facts->session_type),
		   *who != '\0' ? words_fill(mem, words->with, "who", who, NULL) : "");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			paper_gap(paper);
		put_date(paper, &facts[i], mem);
		if (i + 1 == count || !has_reason_of(&facts[i], &facts[i + 1]))
			put_reason(paper, &facts[i], mem);
		put_held_until_of(paper, facts, count, i, mem);
	}
	put_contact(paper, facts, mem);
	put_guests(paper, facts, mem);
	paper_card_end(paper);
}

static bool all_by_recipient(const struct notice_facts facts[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!facts[i].by_recipient)
			return false;
	}
	return true;
}

struct notice_text notice_text_make_all(const struct notice_facts facts[], size_t count, struct arena *mem)
{
	if (count == 1)
		return notice_text_make(facts, mem);
	const struct notice_words *words = facts->words;
	const struct heading_words *heading = heading_of_all(facts);
	const char *title = facts->kind == NOTICE_KIND_CANCELLED && all_by_recipient(facts, count)
				    ? words->series.cancelled_by_you_title
				    : heading->title;
	struct paper paper;
	paper_begin(&paper, words, heading_text(title, facts, count, mem), mark_of(facts), mem);
	put_dates(&paper, facts, count, mem);
	if (facts->invitation && !is_over(facts->kind))
		paper_small(&paper, words->series.invitation);
	if (facts->recipient == NOTICE_COACH && facts->manage_url != NULL)
		paper_button(&paper, see_text(facts), facts->manage_url);
	paper_foot(&paper, why_text(facts, mem));
	if (facts->unsubscribe_url != NULL)
		paper_small_link(&paper, words->stop_mails, facts->unsubscribe_url);
	return paper_end(&paper, heading_text(heading->subject, facts, count, mem));
}

const char *notice_text_short(const struct notice_facts *facts, struct arena *mem)
{
	enum { LINE_BYTES_MAX = 200 };
	const char *line = arena_printf(mem, "%s, %s", subject_of(facts, mem),
					zone_text(facts->words, facts->zone, facts->start, mem));
	line = utf8_beginning(mem, line, LINE_BYTES_MAX);
	return facts->manage_url != NULL ? arena_printf(mem, "%s %s", line, facts->manage_url) : line;
}

struct notice_text notice_text_code(const struct notice_words *words, const struct notice_code *mail,
				    struct arena *mem)
{
	struct paper paper;
	const char *spaced = arena_printf(mem, "%.3s %s", mail->code, mail->code + 3);
	paper_begin(&paper, words, words->code_title, PAPER_ACCENT, mem);
	paper_small(&paper, mail->proves ? words->proof_lead : words->code_lead);
	paper_code(&paper, spaced);
	if (mail->link != NULL)
		paper_button(&paper, words->code_link, mail->link);
	paper_small(&paper, words_fill(mem, mail->proves ? words->proof_ends : words->code_ends, "minutes",
				       amount_text(words, words->minutes, mail->minutes, mem), NULL));
	paper_foot(&paper, words->code_ignore);
	return paper_end(&paper, words_fill(mem, words->code_subject, "code", spaced, NULL));
}

bool notice_alert_parse(const char *name, enum notice_alert_kind *ret_kind)
{
	static const char *const names[NOTICE_ALERTS] = {
		[NOTICE_ALERT_WEBHOOK] = "webhook",
		[NOTICE_ALERT_CALENDAR] = "calendar",
		[NOTICE_ALERT_GOOGLE] = "google",
	};
	for (unsigned kind = 0; kind < NOTICE_ALERTS; kind++) {
		if (strcmp(names[kind], name) == 0) {
			*ret_kind = (enum notice_alert_kind)kind;
			return true;
		}
	}
	return false;
}

struct notice_text notice_text_alert(const struct notice_words *words, enum notice_alert_kind kind,
				     const char *name, const char *url, struct arena *mem)
{
	const struct alert_words *alert = &words->alerts[kind];
	struct paper paper;
	paper_begin(&paper, words, alert->title, PAPER_BAD, mem);
	paper_small(&paper, words_fill(mem, alert->lead, "name", text_isolate(mem, name), NULL));
	if (url != NULL)
		paper_button(&paper, words->alert_see, url);
	paper_foot(&paper, words->why_coach);
	return paper_end(&paper, alert->title);
}
