/* What mails say. NOTICE_SAMPLES=folder keeps them as files, to be looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "notice/message.h"

#include "../../../src/notice/words.h"

static struct arena mem;

static instant at(const char *text)
{
	instant value = 0;
	assert_true(instant_parse(text, strlen(text), &value));
	return value;
}

static void keep(const char *name, const struct notice_text *text)
{
	const char *folder = getenv("NOTICE_SAMPLES");
	if (folder == NULL)
		return;
	FILE *html = fopen(arena_printf(&mem, "%s/%s.html", folder, name), "w");
	FILE *plain = fopen(arena_printf(&mem, "%s/%s.txt", folder, name), "w");
	assert_non_null(html);
	assert_non_null(plain);
	fputs(text->html, html);
	fprintf(plain, "Subject: %s\n\n%s", text->subject, text->text);
	fclose(html);
	fclose(plain);
}

static struct notice_facts sample(enum notice_kind kind, enum notice_recipient recipient, const char *locale)
{
	return (struct notice_facts){
		.kind = kind,
		.recipient = recipient,
		.words = notice_words_for(locale),
		.session_type = "Career strategy",
		.coach_name = "Robin",
		.client_name = "Ann Smith",
		.client_email = "ann@client.example",
		.start = at("2026-12-08T14:30:00-05:00"),
		.end = at("2026-12-08T15:00:00-05:00"),
		.old_start = at("2026-12-07T09:00:00-05:00"),
		.zone = zone_find("America/Toronto"),
		.other_zone = zone_find("Europe/Paris"),
		.meeting = MEETING_GOOGLE_MEET,
		.meeting_url = "https://meet.google.com/kff-mvke-eah",
		.cancel_before = at("2026-12-07T14:30:00-05:00"),
		.reschedule_before = at("2026-12-07T14:30:00-05:00"),
		.manage_url = "https://book.example/booking/#manage=abc",
	};
}

/* The same at three dates, a week apart. */
static void sample_three(struct notice_facts dates[static 3], enum notice_kind kind,
			 enum notice_recipient recipient, const char *locale)
{
	for (size_t date = 0; date < 3; date++) {
		dates[date] = sample(kind, recipient, locale);
		dates[date].start += (instant)date * 7 * SECONDS_PER_DAY;
		dates[date].end += (instant)date * 7 * SECONDS_PER_DAY;
	}
}

static void has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in:\n%s", part, text);
}

/* Where it has that for the first time. */
static const char *find(const char *text, const char *part)
{
	has(text, part);
	return strstr(text, part);
}

static void has_not(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("\"%s\" in:\n%s", part, text);
}

static void a_booking_is_told_with_everything_that_matters(void **state)
{
	(void)state;
	struct notice_facts facts = sample(NOTICE_KIND_CONFIRMED, NOTICE_CLIENT, "en-US");
	facts.invitation = true;
	struct notice_text text = notice_text_make(&facts, &mem);
	keep("confirmed-client-en", &text);
	assert_string_equal(text.subject, "Booked: Career strategy, Tuesday, December 8, 2026 at 2:30 PM");
	assert_string_equal(text.text,
			    "You’re booked with Robin\n\n"
			    "Career strategy\nWith Robin · 30 minutes\n\n"
			    "Tuesday, December 8, 2026, 2:30 PM – 3:00 PM\n"
			    "Toronto time (UTC−5)\n"
			    "For Robin: 8:30 PM in Paris\n"
			    "Video call: https://meet.google.com/kff-mvke-eah\n\n"
			    "Open the attached invitation to add it to your calendar.\n"
			    "You can move or cancel the session until Monday, December 7, 2026 at 2:30 PM.\n"
			    "Move or cancel:\nhttps://book.example/booking/#manage=abc\n\n"
			    "-- \nYou’re receiving this email because your address was given for a session "
			    "with Robin.\n");
	has(text.html,
	    "Tuesday, December 8, 2026, <span style=\"white-space:nowrap;\">2:30 PM – 3:00 PM</span>");
	has(text.html, "<html lang=\"en\" dir=\"ltr\">");
	has_not(text.html, "<img");
	has_not(text.html, "src=");
}

static void every_kind_reads_well_for_both_in_every_language(void **state)
{
	(void)state;
	static const char *const subjects[3][NOTICE_RECIPIENTS][NOTICE_KINDS] = {
		{{"Booked: Career strategy, Tuesday, December 8, 2026 at 2:30 PM",
		  "New time: Career strategy, Tuesday, December 8, 2026 at 2:30 PM",
		  "Cancelled: Career strategy, Tuesday, December 8, 2026 at 2:30 PM",
		  "Reminder: Career strategy, Tuesday, December 8, 2026 at 2:30 PM",
		  "A time has opened up: Career strategy, Tuesday, December 8, 2026 at 2:30 PM",
		  "Few credits left with Robin", "Credits with Robin expire soon",
		  "Request sent: Career strategy, Tuesday, December 8, 2026 at 2:30 PM",
		  "Declined: Career strategy, Tuesday, December 8, 2026 at 2:30 PM",
		  "No answer: Career strategy, Tuesday, December 8, 2026 at 2:30 PM",
		  "New meeting place: Career strategy, Tuesday, December 8, 2026 at 2:30 PM"},
		 {"New booking: Ann Smith, Tuesday, December 8, 2026 at 2:30 PM",
		  "New time: Ann Smith, Tuesday, December 8, 2026 at 2:30 PM",
		  "Cancelled: Ann Smith, Tuesday, December 8, 2026 at 2:30 PM",
		  "Reminder: Ann Smith, Tuesday, December 8, 2026 at 2:30 PM",
		  "Time offered to Ann Smith: Tuesday, December 8, 2026 at 2:30 PM",
		  "Ann Smith has few credits left", "Ann Smith’s credits expire soon",
		  "Request: Ann Smith, Tuesday, December 8, 2026 at 2:30 PM",
		  "Declined: Ann Smith, Tuesday, December 8, 2026 at 2:30 PM",
		  "Request expired: Ann Smith, Tuesday, December 8, 2026 at 2:30 PM",
		  "New meeting place: Ann Smith, Tuesday, December 8, 2026 at 2:30 PM"}},
		{{"Réservation\u202F: Career strategy, mardi 8 décembre 2026 à 14\u202Fh\u202F30",
		  "Nouvel horaire\u202F: Career strategy, mardi 8 décembre 2026 à 14\u202Fh\u202F30",
		  "Annulation\u202F: Career strategy, mardi 8 décembre 2026 à 14\u202Fh\u202F30",
		  "Rappel\u202F: Career strategy, mardi 8 décembre 2026 à 14\u202Fh\u202F30",
		  "Un horaire s’est libéré\u202F: Career strategy, mardi 8 décembre 2026 à "
		  "14\u202Fh\u202F30",
		  "Peu de crédits avec Robin", "Des crédits avec Robin expirent bientôt",
		  "Demande envoyée\u202F: Career strategy, mardi 8 décembre 2026 à 14\u202Fh\u202F30",
		  "Demande refusée\u202F: Career strategy, mardi 8 décembre 2026 à 14\u202Fh\u202F30",
		  "Sans réponse\u202F: Career strategy, mardi 8 décembre 2026 à 14\u202Fh\u202F30",
		  "Nouveau lieu\u202F: Career strategy, mardi 8 décembre 2026 à 14\u202Fh\u202F30"},
		 {"Nouvelle réservation\u202F: Ann Smith, mardi 8 décembre 2026 à 14\u202Fh\u202F30",
		  "Nouvel horaire\u202F: Ann Smith, mardi 8 décembre 2026 à 14\u202Fh\u202F30",
		  "Annulation\u202F: Ann Smith, mardi 8 décembre 2026 à 14\u202Fh\u202F30",
		  "Rappel\u202F: Ann Smith, mardi 8 décembre 2026 à 14\u202Fh\u202F30",
		  "Horaire proposé à Ann Smith\u202F: mardi 8 décembre 2026 à 14\u202Fh\u202F30",
		  "Peu de crédits pour Ann Smith", "Crédits bientôt expirés\u202F: Ann Smith",
		  "Demande\u202F: Ann Smith, mardi 8 décembre 2026 à 14\u202Fh\u202F30",
		  "Demande refusée\u202F: Ann Smith, mardi 8 décembre 2026 à 14\u202Fh\u202F30",
		  "Demande expirée\u202F: Ann Smith, mardi 8 décembre 2026 à 14\u202Fh\u202F30",
		  "Nouveau lieu\u202F: Ann Smith, mardi 8 décembre 2026 à 14\u202Fh\u202F30"}},
		{{"Rezerwacja: Career strategy, wtorek, 8 grudnia 2026, 14:30",
		  "Nowy termin: Career strategy, wtorek, 8 grudnia 2026, 14:30",
		  "Odwołana: Career strategy, wtorek, 8 grudnia 2026, 14:30",
		  "Przypomnienie: Career strategy, wtorek, 8 grudnia 2026, 14:30",
		  "Wolny termin: Career strategy, wtorek, 8 grudnia 2026, 14:30", "Mało kredytów: Robin",
		  "Kredyty wkrótce wygasną: Robin",
		  "Prośba wysłana: Career strategy, wtorek, 8 grudnia 2026, 14:30",
		  "Prośba odrzucona: Career strategy, wtorek, 8 grudnia 2026, 14:30",
		  "Bez odpowiedzi: Career strategy, wtorek, 8 grudnia 2026, 14:30",
		  "Nowe miejsce: Career strategy, wtorek, 8 grudnia 2026, 14:30"},
		 {"Nowa rezerwacja: Ann Smith, wtorek, 8 grudnia 2026, 14:30",
		  "Nowy termin: Ann Smith, wtorek, 8 grudnia 2026, 14:30",
		  "Odwołana: Ann Smith, wtorek, 8 grudnia 2026, 14:30",
		  "Przypomnienie: Ann Smith, wtorek, 8 grudnia 2026, 14:30",
		  "Termin zaproponowany: Ann Smith, wtorek, 8 grudnia 2026, 14:30",
		  "Mało kredytów: Ann Smith", "Kredyty wkrótce wygasną: Ann Smith",
		  "Prośba: Ann Smith, wtorek, 8 grudnia 2026, 14:30",
		  "Prośba odrzucona: Ann Smith, wtorek, 8 grudnia 2026, 14:30",
		  "Prośba wygasła: Ann Smith, wtorek, 8 grudnia 2026, 14:30",
		  "Nowe miejsce: Ann Smith, wtorek, 8 grudnia 2026, 14:30"}},
	};
	static const char *const locales[] = {"en", "fr-CA", "pl-PL"};
	for (int language = 0; language < 3; language++) {
		for (unsigned who = 0; who < NOTICE_RECIPIENTS; who++) {
			for (unsigned kind = 0; kind < NOTICE_KINDS; kind++) {
				struct notice_facts facts =
					sample((enum notice_kind)kind, (enum notice_recipient)who,
					       locales[language]);
				facts.offer_until = facts.cancel_before;
				if (kind == NOTICE_KIND_REMINDER && who == NOTICE_CLIENT)
					facts.unsubscribe_url = "https://book.example/booking/stop/abc";
				struct notice_text text = notice_text_make(&facts, &mem);
				keep(arena_printf(&mem, "%s-%s-%s", notice_kind_name((enum notice_kind)kind),
						  notice_recipient_name((enum notice_recipient)who),
						  notice_words_code(facts.words)),
				     &text);
				assert_string_equal(text.subject, subjects[language][who][kind]);
				has_not(text.text, "{");
				has_not(text.html, "{type}");
				has(text.html, "#manage=abc");
			}
		}
	}
}

static void another_coach_is_named_to_both_in_every_language(void **state)
{
	(void)state;
	static const char *const starts[3][2] = {
		{"Now with Robin: Career strategy, ", "Moved to Cleo: Ann Smith, "},
		{"Désormais avec Robin\u202F: Career strategy, ", "Confiée à Cleo\u202F: Ann Smith, "},
		{"Teraz prowadzi Robin: Career strategy, ", "Poprowadzi Cleo: Ann Smith, "},
	};
	static const char *const locales[] = {"en", "fr", "pl"};
	for (int i = 0; i < 6; i++) {
		const bool to_client = i % 2 == 0;
		struct notice_facts facts = sample(to_client ? NOTICE_KIND_MOVED : NOTICE_KIND_CANCELLED,
						   to_client ? NOTICE_CLIENT : NOTICE_COACH, locales[i / 2]);
		facts.moved_from = to_client ? "Cleo" : NULL;
		facts.moved_to = to_client ? NULL : "Cleo";
		struct notice_text text = notice_text_make(&facts, &mem);
		keep(arena_printf(&mem, "other-coach-%s-%s", to_client ? "client" : "coach", locales[i / 2]),
		     &text);
		const char *expected = starts[i / 2][i % 2];
		assert_int_equal(strncmp(text.subject, expected, strlen(expected)), 0);
		has(text.text, "Cleo");
		has(text.html, "Cleo");
		has_not(text.text, "{");
	}
}

static void a_client_without_a_name_begins_a_sentence_as_one_does(void **state)
{
	(void)state;
	struct notice_facts facts = sample(NOTICE_KIND_CONFIRMED, NOTICE_COACH, "en");
	facts.client_name = NULL;
	has(notice_text_make(&facts, &mem).text, "A client booked a session\n");
	has(notice_text_make(&facts, &mem).subject, "New booking: a client, ");
	facts.client_name = "ann";
	has(notice_text_make(&facts, &mem).text, "ann booked a session\n");
}

static void several_dates_read_well_for_everybody_in_every_language(void **state)
{
	(void)state;
	static const enum notice_kind kinds[] = {NOTICE_KIND_CONFIRMED, NOTICE_KIND_MOVED,
						 NOTICE_KIND_CANCELLED, NOTICE_KIND_MEETING_CHANGED,
						 NOTICE_KIND_REQUESTED, NOTICE_KIND_DECLINED,
						 NOTICE_KIND_EXPIRED};
	static const char *const readers[] = {"client", "coach", "guest", "uninvited"};
	static const char *const languages[] = {"en", "fr", "pl"};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) * 12; i++) {
		const char *language = languages[i % 3];
		const size_t reader = i / 3 % 4;
		struct notice_facts dates[3];
		sample_three(dates, kinds[i / 12], reader == 1 ? NOTICE_COACH : NOTICE_CLIENT, language);
		for (size_t date = 0; date < 3; date++) {
			dates[date].to_guest = reader >= 2;
			dates[date].uninvited = reader == 3;
			dates[date].invitation = reader != 1;
		}
		struct notice_text text = notice_text_make_all(dates, 3, &mem);
		keep(arena_printf(&mem, "series-%s-%s-%s", notice_kind_name(kinds[i / 12]), readers[reader],
				  language),
		     &text);
		has_not(text.subject, "{");
		has_not(text.text, "{");
		has(text.subject, i % 3 == 2 ? "sesje: 3" : "3 s");
		has(text.text, "22");
		has(text.html, "22");
	}
	struct notice_facts one = sample(NOTICE_KIND_CONFIRMED, NOTICE_CLIENT, "en");
	assert_string_equal(notice_text_make_all(&one, 1, &mem).text, notice_text_make(&one, &mem).text);
}

static void what_is_asked_for_says_how_long_it_is_held(void **state)
{
	(void)state;
	struct notice_facts dates[3];
	sample_three(dates, NOTICE_KIND_REQUESTED, NOTICE_CLIENT, "en");
	for (size_t date = 0; date < 3; date++)
		dates[date].offer_until = dates[0].start - SECONDS_PER_DAY;
	const char *text = notice_text_make_all(dates, 3, &mem).text;
	has(text, "Your request for 3 sessions was sent to");
	has_not(text, "You can ");
	assert_true(find(text, "December 22") < find(text, "The times are held for you."));
	dates[0].offer_until -= SECONDS_PER_DAY;
	text = notice_text_make_all(dates, 3, &mem).text;
	assert_true(find(text, "The time is held for you.") < find(text, "December 15"));
	assert_true(find(text, "December 22") < find(text, "The times are held for you."));
	for (size_t date = 0; date < 3; date++)
		dates[date].recipient = NOTICE_COACH;
	has(notice_text_make_all(dates, 3, &mem).text, "Approve or decline");
}

static void several_dates_have_each_its_own_reason(void **state)
{
	(void)state;
	struct notice_facts dates[3];
	sample_three(dates, NOTICE_KIND_CANCELLED, NOTICE_CLIENT, "en");
	for (size_t date = 0; date < 3; date++)
		dates[date].reason = "I am ill.";
	const char *text = notice_text_make_all(dates, 3, &mem).text;
	assert_ptr_equal(find(text, "Reason:"), find(text, "Reason: I am ill.\n\n--"));
	/* The client cancelled the first by themselves. */
	dates[0].reason = NULL;
	dates[0].by_recipient = true;
	dates[2].reason = "The room is taken.";
	text = notice_text_make_all(dates, 3, &mem).text;
	has(text, "3 of your sessions were cancelled");
	assert_true(find(text, "December 15") < find(text, "Reason: I am ill."));
	assert_true(find(text, "Reason: I am ill.") < find(text, "December 22"));
	assert_true(find(text, "December 22") < find(text, "Reason: The room is taken."));
}

static void what_a_coach_has_lost_is_told_with_its_name_and_the_way_to_mend_it(void **state)
{
	(void)state;
	static const char *const names[] = {"webhook", "calendar", "google"};
	static const char *const languages[] = {"en", "fr", "pl"};
	for (unsigned i = 0; i < NOTICE_ALERTS * 3; i++) {
		enum notice_alert_kind kind = NOTICE_ALERTS;
		const char *language = languages[i % 3];
		assert_true(notice_alert_parse(names[i / 3], &kind));
		struct notice_text text = notice_text_alert(notice_words_for(language), kind, "hooks.example",
							    "https://book.example/coach/#google", &mem);
		keep(arena_printf(&mem, "alert-%s-%s", names[i / 3], language), &text);
		has(text.text, "hooks.example");
		has(text.html, "https://book.example/coach/#google");
		has_not(text.text, "{");
	}
	assert_false(notice_alert_parse("mail", &(enum notice_alert_kind){0}));
}

static void a_guest_reads_when_and_where_and_nothing_else_of_the_client(void **state)
{
	(void)state;
	for (unsigned kind = NOTICE_KIND_CONFIRMED; kind <= NOTICE_KIND_CANCELLED; kind++) {
		struct notice_facts facts = sample((enum notice_kind)kind, NOTICE_CLIENT, "en");
		facts.to_guest = true;
		facts.manage_url = facts.client_email = facts.client_phone = NULL;
		facts.cancel_before = facts.reschedule_before = 0;
		facts.guests = "eve@example.com";
		struct notice_text text = notice_text_make(&facts, &mem);
		has(text.text, "Ann Smith added your address");
		has_not(text.text, "eve@example.com");
		has_not(text.html, "eve@example.com");
		has_not(text.html, "#manage");
		facts.unsubscribe_url = "https://book.example/booking/stop/abc";
		has(notice_text_make(&facts, &mem).text, "No more emails about this session:");
		facts.uninvited = kind == NOTICE_KIND_CANCELLED;
		text = notice_text_make(&facts, &mem);
		if (facts.uninvited)
			has(text.subject, "No longer invited: ");
	}
}

static void amounts_and_days_are_as_in_their_language(void **state)
{
	(void)state;
	static const struct {
		const char *locale;
		int minutes;
		const char *text;
	} cases[] = {
		{"en", 1, "Robin · 1 minute\n"},   {"en", 45, "Robin · 45 minutes\n"},
		{"en", 60, "Robin · 1 hour\n"},    {"en", 121, "Robin · 2 hours 1 minute\n"},
		{"fr", 60, "Robin · 1 heure\n"},   {"fr", 90, "Robin · 1 heure 30 minutes\n"},
		{"fr", 120, "Robin · 2 heures\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct notice_facts facts = sample(NOTICE_KIND_CONFIRMED, NOTICE_CLIENT, cases[i].locale);
		facts.end = facts.start + cases[i].minutes * SECONDS_PER_MINUTE;
		has(notice_text_make(&facts, &mem).text, cases[i].text);
	}
	const civil_day first = date_to_days((struct civil_date){2026, 12, 1});
	assert_string_equal(words_day(&words_fr, first, &mem), "mardi 1er décembre 2026");
	assert_string_equal(words_day(&words_pl, first, &mem), "wtorek, 1 grudnia 2026");
}

static void the_other_side_s_clock_is_shown_only_where_it_differs_with_its_date_where_that_does(void **state)
{
	(void)state;
	struct notice_facts facts = sample(NOTICE_KIND_CONFIRMED, NOTICE_CLIENT, "en");
	facts.other_zone = zone_find("America/New_York");
	has_not(notice_text_make(&facts, &mem).text, "For Robin");
	facts.other_zone = zone_find("Pacific/Auckland");
	has(notice_text_make(&facts, &mem).text,
	    "For Robin: Wednesday, December 9, 2026 at 8:30 AM in Auckland\n");
	facts.zone = zone_find("Asia/Kathmandu");
	has(notice_text_make(&facts, &mem).text, "Kathmandu time (UTC+5:45)\n");
	facts.zone = zone_find("UTC");
	has(notice_text_make(&facts, &mem).text, "\nUTC\n");
	/* Over midnight. */
	facts.end = facts.start + 6 * SECONDS_PER_HOUR;
	has(notice_text_make(&facts, &mem).text,
	    "Tuesday, December 8, 2026, 7:30 PM – Wednesday, December 9, 2026 at 1:30 AM\n");
}

static void what_people_typed_stays_text(void **state)
{
	(void)state;
	struct notice_facts facts = sample(NOTICE_KIND_CONFIRMED, NOTICE_COACH, "en");
	facts.client_name = "<script>alert(1)</script>\r\nBcc: x";
	facts.session_type = "A & \"B\" <b>";
	struct notice_text text = notice_text_make(&facts, &mem);
	has_not(text.html, "<script");
	has(text.html, "&lt;script&gt;");
	has(text.html, "A &amp; &quot;B&quot; &lt;b&gt;");
	has_not(text.text, "\nBcc");
	facts.client_name = "Win at https://evil.example now";
	text = notice_text_make(&facts, &mem);
	has_not(text.text, "evil");
	assert_string_equal(text.subject, "New booking: a client, Tuesday, December 8, 2026 at 2:30 PM");
	facts.client_name = "WIN evil.example/now";
	facts.client_phone = "see https://phone.example/x";
	facts.session_type = "Talk type.example";
	text = notice_text_make(&facts, &mem);
	has(text.text, "WIN evil example now");
	has(text.text, "see phone example x");
	has(text.text, "Talk type example");
	for (const char *const *link =
		     (const char *const[]){"evil.example", "phone.example", "type.example", NULL};
	     *link != NULL; link++) {
		has_not(text.text, *link);
		has_not(text.html, *link);
		has_not(text.subject, *link);
	}
	assert_null(notice_plain_name(&mem, "  "));
	assert_null(notice_plain_name(&mem, "\u3164"));
	assert_string_equal(notice_plain_name(&mem, "שרה כהן"), "שרה כהן");
}

static void deadlines_are_told_each_where_they_differ_and_not_once_they_are_over(void **state)
{
	(void)state;
	struct notice_facts facts = sample(NOTICE_KIND_CONFIRMED, NOTICE_CLIENT, "en");
	facts.reschedule_before = at("2026-12-06T14:30:00-05:00");
	struct notice_text text = notice_text_make(&facts, &mem);
	has(text.text, "You can move the session until Sunday, December 6, 2026 at 2:30 PM.\n"
		       "You can cancel the session until Monday, December 7, 2026 at 2:30 PM.\n");
	facts.reschedule_before = facts.cancel_before = 0;
	text = notice_text_make(&facts, &mem);
	has_not(text.text, "until");
	has(text.text, "See your booking:\n");
}

/* U+2068 and U+2069 around it: what stands after the name keeps its place. */
static void a_name_from_right_to_left_does_not_turn_the_sentence(void **state)
{
	(void)state;
	struct notice_facts facts = sample(NOTICE_KIND_CONFIRMED, NOTICE_COACH, "en");
	facts.client_name = "\u05E9\u05E8\u05D4 (2)";
	facts.session_type = "\u0627\u0633\u062A\u0634\u0627\u0631\u0629";
	struct notice_text text = notice_text_make(&facts, &mem);
	has(text.subject, "\u2068\u05E9\u05E8\u05D4 (2)\u2069");
	has(text.text, "\u2068\u05E9\u05E8\u05D4 (2)\u2069 booked a session");
	has(text.html, "\u2068\u05E9\u05E8\u05D4 (2)\u2069");
	has(text.html, "\u2068\u0627\u0633\u062A\u0634\u0627\u0631\u0629\u2069");
	facts = sample(NOTICE_KIND_CONFIRMED, NOTICE_CLIENT, "en");
	has_not(notice_text_make(&facts, &mem).text, "\u2068");
}

static void a_code_is_easy_to_read_and_says_how_long_it_lasts(void **state)
{
	(void)state;
	struct notice_code mail = {
		.code = "012345", .link = "https://book.example/booking/#sign-in=x", .minutes = 10};
	struct notice_text text = notice_text_code(notice_words_for("en"), &mail, &mem);
	keep("code-en", &text);
	assert_string_equal(text.subject, "Your code: 012 345");
	has(text.text, "\n012 345\n");
	has(text.text, "10 minutes");
	mail.link = NULL;
	text = notice_text_code(notice_words_for("fr"), &mail, &mem);
	keep("code-fr", &text);
	has_not(text.html, "href");
	mail.proves = true;
	text = notice_text_code(notice_words_for("en"), &mail, &mem);
	keep("proof-en", &text);
	has(text.text, "Somebody is booking a session and gave this address.");
	has(text.text, "It works once, for 10 minutes.\n");
	text = notice_text_code(notice_words_for("fr"), &mail, &mem);
	keep("proof-fr", &text);
	has(text.text, "Il est valable 10 minutes");
}

static void a_label_and_a_zone_without_a_place_read_well_in_every_language(void **state)
{
	(void)state;
	static const struct {
		const char *language;
		const char *label;
		const char *clock;
	} cases[] = {
		{"en", "Email: ann@client.example\n", "For Ann Smith: 7:30 PM UTC\n"},
		{"fr", "E-mail\u202F: ann@client.example\n", "Pour Ann Smith\u202F: 19\u202Fh\u202F30 UTC\n"},
		{"pl", "E-mail: ann@client.example\n", "Ann Smith: 19:30 UTC\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct notice_facts facts = sample(NOTICE_KIND_CONFIRMED, NOTICE_COACH, cases[i].language);
		facts.other_zone = zone_find("UTC");
		struct notice_text text = notice_text_make(&facts, &mem);
		has(text.text, cases[i].label);
		has(text.text, cases[i].clock);
	}
}

static void polish_counts_in_its_three_forms(void **state)
{
	(void)state;
	static const struct {
		int64_t credits;
		const char *told;
	} cases[] = {
		{1, "Pozostał Ci 1 kredyt."},        {2, "Pozostały Ci 2 kredyty."},
		{5, "Pozostało Ci 5 kredytów."},     {12, "Pozostało Ci 12 kredytów."},
		{14, "Pozostało Ci 14 kredytów."},   {22, "Pozostały Ci 22 kredyty."},
		{112, "Pozostało Ci 112 kredytów."},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct notice_facts facts = sample(NOTICE_KIND_CREDITS_LOW, NOTICE_CLIENT, "pl");
		facts.credits = cases[i].credits;
		has(notice_text_make(&facts, &mem).text, cases[i].told);
	}
}

static bool has_word(const struct notice_words *words, size_t place)
{
	uintptr_t word;
	memcpy(&word, (const char *)words + place * sizeof(word), sizeof(word));
	return word != 0;
}

/* A struct notice_words is nothing but pointers. */
static void every_language_has_every_word_of_english(void **state)
{
	(void)state;
	static const char *const languages[] = {"fr", "pl"};
	const struct notice_words *english = notice_words_for("en");
	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
		const struct notice_words *words = notice_words_for(languages[i]);
		assert_string_equal(notice_words_code(words), languages[i]);
		for (size_t place = 0; place < sizeof(*words) / sizeof(uintptr_t); place++) {
			if (has_word(english, place) && !has_word(words, place))
				fail_msg("%s lacks the word at byte %zu of struct notice_words", languages[i],
					 place * sizeof(uintptr_t));
		}
	}
	struct notice_facts facts = sample(NOTICE_KIND_CANCELLED, NOTICE_CLIENT, "pl");
	facts.reason = "too_few_booked";
	has(notice_text_make(&facts, &mem).text, "Powód: Zapisało się za mało osób.");
}

static void other_languages_are_english_for_now(void **state)
{
	(void)state;
	assert_string_equal(notice_words_code(notice_words_for(NULL)), "en");
	assert_string_equal(notice_words_code(notice_words_for("de-CH")), "en");
	assert_string_equal(notice_words_code(notice_words_for("FR")), "fr");
	assert_string_equal(notice_words_code(notice_words_for("fr_CA")), "fr");
	assert_string_equal(notice_words_code(notice_words_for("fro")), "en");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_booking_is_told_with_everything_that_matters),
		cmocka_unit_test(every_kind_reads_well_for_both_in_every_language),
		cmocka_unit_test(another_coach_is_named_to_both_in_every_language),
		cmocka_unit_test(a_client_without_a_name_begins_a_sentence_as_one_does),
		cmocka_unit_test(a_label_and_a_zone_without_a_place_read_well_in_every_language),
		cmocka_unit_test(several_dates_read_well_for_everybody_in_every_language),
		cmocka_unit_test(what_is_asked_for_says_how_long_it_is_held),
		cmocka_unit_test(several_dates_have_each_its_own_reason),
		cmocka_unit_test(what_a_coach_has_lost_is_told_with_its_name_and_the_way_to_mend_it),
		cmocka_unit_test(a_guest_reads_when_and_where_and_nothing_else_of_the_client),
		cmocka_unit_test(amounts_and_days_are_as_in_their_language),
		cmocka_unit_test(
			the_other_side_s_clock_is_shown_only_where_it_differs_with_its_date_where_that_does),
		cmocka_unit_test(what_people_typed_stays_text),
		cmocka_unit_test(deadlines_are_told_each_where_they_differ_and_not_once_they_are_over),
		cmocka_unit_test(a_name_from_right_to_left_does_not_turn_the_sentence),
		cmocka_unit_test(a_code_is_easy_to_read_and_says_how_long_it_lasts),
		cmocka_unit_test(polish_counts_in_its_three_forms),
		cmocka_unit_test(every_language_has_every_word_of_english),
		cmocka_unit_test(other_languages_are_english_for_now),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_clear(&mem);
	return failed;
}
