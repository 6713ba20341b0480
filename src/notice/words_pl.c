/*
 * Polish. Names are not declined: they stand after a colon or in the nominative. Its plural forms are those
 * of 1, of 2-4 (but not 12-14), and of the rest.
 */
#include "words.h"

static char *clock_pl(struct arena *mem, int hour, int minute)
{
	return arena_printf(mem, "%d:%02d", hour, minute);
}

static size_t plural_pl(int64_t number)
{
	if (number == 1)
		return 0;
	int64_t last = number % 10;
	int64_t last_two = number % 100;
	return last >= 2 && last <= 4 && (last_two < 12 || last_two > 14) ? 1 : 2;
}

const struct notice_words words_pl = {
	.code = "pl",
	.day_format = "{weekday}, {day} {month} {year}",
	.weekdays = {"poniedziałek", "wtorek", "środa", "czwartek", "piątek", "sobota", "niedziela"},
	.months = {"stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia",
		   "września", "października", "listopada", "grudnia"},
	.clock = clock_pl,
	.at_format = "{day}, {clock}",
	.range_format = "{from} – {to}",
	.zone_format = "strefa czasowa: {place}",

	.plural = plural_pl,
	.minutes = {"{n} minuta", "{n} minuty", "{n} minut"},
	.hours = {"{n} godzina", "{n} godziny", "{n} godzin"},
	.credits = {"Pozostał Ci {n} kredyt.", "Pozostały Ci {n} kredyty.", "Pozostało Ci {n} kredytów."},
	.credits_until = "Część z nich wygasa: {when}.",

	.client =
		{
			[NOTICE_KIND_CONFIRMED] = {"Rezerwacja: {type}, {when}",
						   "Sesja zarezerwowana: {who}"},
			[NOTICE_KIND_MOVED] = {"Nowy termin: {type}, {when}", "Twoja sesja ma nowy termin"},
			[NOTICE_KIND_CANCELLED] = {"Odwołana: {type}, {when}",
						   "Twoja sesja została odwołana"},
			[NOTICE_KIND_REMINDER] = {"Przypomnienie: {type}, {when}", "Zbliża się Twoja sesja"},
			[NOTICE_KIND_OFFER] = {"Wolny termin: {type}, {when}",
					       "Zwolnił się termin dla Ciebie"},
			[NOTICE_KIND_CREDITS_LOW] = {"Mało kredytów: {who}",
						     "Zostało Ci mało kredytów: {who}"},
			[NOTICE_KIND_CREDITS_ENDING] = {"Kredyty wkrótce wygasną: {who}",
							"Część Twoich kredytów wkrótce wygaśnie: {who}"},
			[NOTICE_KIND_REQUESTED] = {"Prośba wysłana: {type}, {when}",
						   "Prośba o termin została wysłana: {who}"},
			[NOTICE_KIND_DECLINED] = {"Prośba odrzucona: {type}, {when}",
						  "{who} nie może poprowadzić tej sesji"},
			[NOTICE_KIND_EXPIRED] = {"Bez odpowiedzi: {type}, {when}",
						 "Twoja prośba pozostała bez odpowiedzi"},
			[NOTICE_KIND_MEETING_CHANGED] = {"Nowe miejsce: {type}, {when}",
							 "Twoja sesja odbędzie się gdzie indziej"},
			[HEADING_OTHER_COACH] = {"Teraz prowadzi {who}: {type}, {when}",
						 "Twoją sesję poprowadzi {who}"},
		},
	.coach =
		{
			[NOTICE_KIND_CONFIRMED] = {"Nowa rezerwacja: {who}, {when}",
						   "Nowa rezerwacja: {who}"},
			[NOTICE_KIND_MOVED] = {"Nowy termin: {who}, {when}", "Nowy termin sesji: {who}"},
			[NOTICE_KIND_CANCELLED] = {"Odwołana: {who}, {when}", "Sesja odwołana: {who}"},
			[NOTICE_KIND_REMINDER] = {"Przypomnienie: {who}, {when}", "Zbliża się sesja: {who}"},
			[NOTICE_KIND_OFFER] = {"Termin zaproponowany: {who}, {when}",
					       "Termin został zaproponowany: {who}"},
			[NOTICE_KIND_CREDITS_LOW] = {"Mało kredytów: {who}", "Zostało mało kredytów: {who}"},
			[NOTICE_KIND_CREDITS_ENDING] = {"Kredyty wkrótce wygasną: {who}",
							"Część kredytów wkrótce wygaśnie: {who}"},
			[NOTICE_KIND_REQUESTED] = {"Prośba: {who}, {when}", "{who} prosi o termin sesji"},
			[NOTICE_KIND_DECLINED] = {"Prośba odrzucona: {who}, {when}",
						  "Prośba odrzucona przez Ciebie: {who}"},
			[NOTICE_KIND_EXPIRED] = {"Prośba wygasła: {who}, {when}",
						 "Prośba pozostała bez odpowiedzi: {who}"},
			[NOTICE_KIND_MEETING_CHANGED] = {"Nowe miejsce: {who}, {when}",
							 "Sesja odbędzie się gdzie indziej: {who}"},
			[HEADING_OTHER_COACH] = {"Poprowadzi {to}: {who}, {when}",
						 "Sesję ({who}) poprowadzi teraz {to}"},
		},
	.guest_invited = {"Zaproszenie: {type}, {when}", "Zaproszenie na sesję: {who}"},
	.guest_uninvited = {"Zaproszenie wycofane: {type}, {when}", "Nie musisz przychodzić na tę sesję"},
	.cancelled_by_you_title = "Ta sesja została odwołana przez Ciebie",
	.series =
		{
			.client =
				{
					[NOTICE_KIND_CONFIRMED] =
						{"Rezerwacja: {type}, sesje: {n}, od: {when}",
						 "Zarezerwowane sesje: {n} – {who}"},
					[NOTICE_KIND_MOVED] = {"Nowe terminy: {type}, sesje: {n}, od: {when}",
							       "Sesje z nowym terminem: {n}"},
					[NOTICE_KIND_CANCELLED] = {"Odwołano: {type}, sesje: {n}, od: {when}",
								   "Odwołane sesje: {n}"},
					[NOTICE_KIND_REQUESTED] =
						{"Prośba wysłana: {type}, sesje: {n}, od: {when}",
						 "Prośba wysłana: {who}, sesje: {n}"},
					[NOTICE_KIND_DECLINED] = {"Odmowa: {type}, sesje: {n}, od: {when}",
								  "Odrzucone sesje: {n} – {who}"},
					[NOTICE_KIND_EXPIRED] =
						{"Brak odpowiedzi: {type}, sesje: {n}, od: {when}",
						 "Prośba bez odpowiedzi na czas, sesje: {n}"},
					[NOTICE_KIND_MEETING_CHANGED] =
						{"Nowe miejsce: {type}, sesje: {n}, od: {when}",
						 "Sesje z nowym miejscem spotkania: {n}"},
				},
			.coach =
				{
					[NOTICE_KIND_CONFIRMED] =
						{"Nowa rezerwacja: {who}, sesje: {n}, od: {when}",
						 "{who} rezerwuje sesje: {n}"},
					[NOTICE_KIND_MOVED] = {"Nowe terminy: {who}, sesje: {n}, od: {when}",
							       "Sesje z nowym terminem: {n} – {who}"},
					[NOTICE_KIND_CANCELLED] = {"Odwołano: {who}, sesje: {n}, od: {when}",
								   "Odwołane sesje: {n} – {who}"},
					[NOTICE_KIND_REQUESTED] = {"Prośba: {who}, sesje: {n}, od: {when}",
								   "{who} prosi o sesje: {n}"},
					[NOTICE_KIND_DECLINED] =
						{"Odmowa: {who}, sesje: {n}, od: {when}",
						 "Sesje odrzucone przez Ciebie: {n} – {who}"},
					[NOTICE_KIND_EXPIRED] =
						{"Prośba wygasła: {who}, sesje: {n}, od: {when}",
						 "Prośba wygasła bez odpowiedzi: {who}, sesje: {n}"},
					[NOTICE_KIND_MEETING_CHANGED] =
						{"Nowe miejsce: {who}, sesje: {n}, od: {when}",
						 "Sesje z nowym miejscem spotkania: {n} – {who}"},
				},
			.guest_invited = {"Zaproszenie: {type}, sesje: {n}, od: {when}",
					  "Zaproszenie na sesje: {n} – {who}"},
			.guest_uninvited = {"Zaproszenie odwołane: {type}, sesje: {n}, od: {when}",
					    "Nie musisz przychodzić na te sesje: {n}"},
			.cancelled_by_you_title = "Sesje odwołane przez Ciebie: {n}",
			.invitation = "Załączone zaproszenia dodadzą sesje do Twojego kalendarza.",
			.asked = "Terminy czekają na Ciebie. {who} odpowie najpóźniej: {when}.",
			.asked_of_you =
				"Terminy są trzymane do: {when}. Bez odpowiedzi prośby wtedy wygasną.",
		},
	.a_client = "klient",

	.with = "Prowadzi: {who}",
	.reason = "Powód: {reason}",
	.too_few_booked = "Zapisało się za mało osób.",
	.was = "Poprzednio: {when}",
	.was_with = "Poprzednio: {when}, {who}",
	.others_clock = "{who}: {clock}, {place}",
	.others_utc = "{who}: {clock} UTC",
	.colon = ":",
	.video = "Rozmowa wideo",
	.video_follows = "Rozmowa wideo. Link pojawi się na stronie rezerwacji.",
	.by_phone = "Przez telefon",
	.by_phone_at = "Przez telefon: {phone}",
	.in_person = "Na miejscu",
	.no_place = "Miejsce spotkania nie jest już podane.",
	.change_until = "Termin możesz zmienić lub odwołać do: {when}.",
	.reschedule_until = "Termin możesz zmienić do: {when}.",
	.cancel_until = "Sesję możesz odwołać do: {when}.",
	.change = "Zmień termin lub odwołaj",
	.see = "Zobacz rezerwację",
	.join = "Dołącz do rozmowy wideo",
	.invitation = "Otwórz załączone zaproszenie, aby dodać sesję do kalendarza.",
	.offer_until = "Czeka na Ciebie do: {when}.",
	.take_offer = "Wezmę ten termin",
	.asked = "Termin czeka na Ciebie. {who} odpowie najpóźniej: {when}.",
	.asked_of_you = "Termin jest trzymany do: {when}. Bez odpowiedzi prośba wtedy wygaśnie.",
	.decide = "Potwierdź lub odrzuć",
	.why = "Dostajesz ten e-mail, bo Twój adres podano przy sesji. Prowadzi: {who}.",
	.why_coach = "Dostajesz ten e-mail, bo można rezerwować sesje z Tobą.",
	.why_guest = "Dostajesz ten e-mail, bo {who} podaje Twój adres jako gościa tej sesji.",
	.stop_reminders = "Nie chcę przypomnień",
	.stop_mails = "Nie chcę e-maili o tej sesji",
	.stop_reminders_page =
		{
			.title = "Przypomnienia",
			.rule = "O rezerwacji, zmianie terminu i odwołaniu sesji nadal damy Ci znać.",
			.button = "Wyłącz przypomnienia",
			.done = "Nie będziemy już wysyłać przypomnień.",
		},
	.stop_mails_page =
		{
			.title = "E-maile o tej sesji",
			.rule = "Nie dostaniesz już żadnej wiadomości o tej sesji, nawet o zmianie terminu "
				"lub "
				"odwołaniu.",
			.button = "Wyłącz te e-maile",
			.done = "Nie będziemy już wysyłać e-maili o tej sesji.",
		},
	.email_label = "E-mail",
	.phone_label = "Telefon",
	.guests_label = "Goście",

	.alerts =
		{
			[NOTICE_ALERT_WEBHOOK] =
				{"Twój webhook został wyłączony",
				 "{name} od pięciu dni niczego nie przyjmuje albo nie chce już nic "
				 "otrzymywać. Po ponownym włączeniu można wysłać to, co zostało pominięte."},
			[NOTICE_ALERT_CALENDAR] = {"Nie można odczytać jednego z Twoich kalendarzy",
						   "{name}: od trzech dni nie udaje się go odczytać, więc "
						   "nie wiadomo, które terminy blokuje."},
			[NOTICE_ALERT_GOOGLE] =
				{"Twój Kalendarz Google nie jest już połączony",
				 "Google zakończył dostęp: {name}. Dopóki nie połączysz go ponownie, Twoje "
				 "zajęte terminy nie są znane, a rezerwacje nie są w nim zapisywane."},
		},
	.alert_see = "Zobacz połączenia",

	.code_subject = "Twój kod: {code}",
	.code_title = "Oto Twój kod",
	.code_lead = "Wpisz go na stronie, na której o niego poproszono.",
	.code_link = "Zaloguj się",
	.code_ends = "Działa jeden raz, przez {minutes}, w przeglądarce, w której o niego poproszono.",
	.code_ignore = "To nie Ty? Możesz zignorować tę wiadomość.",
	.proof_lead = "Ktoś rezerwuje sesję i podał ten adres. Jeśli to Ty, wpisz kod na tamtej stronie.",
	.proof_ends = "Działa jeden raz, przez {minutes}.",
};
