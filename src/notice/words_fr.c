/* French. A narrow no-break space (U+202F) stands before ; : ! ? and in "14 h 30". */
#include "words.h"

static char *clock_fr(struct arena *mem, int hour, int minute)
{
	return minute == 0 ? arena_printf(mem, "%d\u202Fh", hour)
			   : arena_printf(mem, "%d\u202Fh\u202F%02d", hour, minute);
}

static size_t plural_fr(int64_t number)
{
	return number < 2 ? 0 : 1;
}

const struct notice_words words_fr = {
	.code = "fr",
	.day_format = "{weekday} {day} {month} {year}",
	.first_day = "1er",
	.weekdays = {"lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"},
	.months = {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
		   "octobre", "novembre", "décembre"},
	.clock = clock_fr,
	.at_format = "{day} à {clock}",
	.range_format = "{from} – {to}",
	.zone_format = "heure de {place}",

	.plural = plural_fr,
	.minutes = {"{n} minute", "{n} minutes"},
	.hours = {"{n} heure", "{n} heures"},
	.credits = {"Il vous reste {n} crédit.", "Il vous reste {n} crédits."},
	.credits_until = "Une partie expire {when}.",

	.client =
		{
			[NOTICE_KIND_CONFIRMED] = {"Réservation\u202F: {type}, {when}",
						   "Votre séance avec {who} est réservée"},
			[NOTICE_KIND_MOVED] = {"Nouvel horaire\u202F: {type}, {when}",
					       "Votre séance change d’horaire"},
			[NOTICE_KIND_CANCELLED] = {"Annulation\u202F: {type}, {when}",
						   "Votre séance est annulée"},
			[NOTICE_KIND_REMINDER] = {"Rappel\u202F: {type}, {when}", "Votre séance approche"},
			[NOTICE_KIND_OFFER] = {"Un horaire s’est libéré\u202F: {type}, {when}",
					       "Un horaire s’est libéré pour vous"},
			[NOTICE_KIND_CREDITS_LOW] = {"Peu de crédits avec {who}",
						     "Peu de crédits avec {who}"},
			[NOTICE_KIND_CREDITS_ENDING] =
				{"Des crédits avec {who} expirent bientôt",
				 "Une partie de vos crédits avec {who} expire bientôt"},
			[NOTICE_KIND_REQUESTED] = {"Demande envoyée\u202F: {type}, {when}",
						   "Votre demande a été envoyée à {who}"},
			[NOTICE_KIND_DECLINED] = {"Demande refusée\u202F: {type}, {when}",
						  "{who} ne peut pas assurer cette séance"},
			[NOTICE_KIND_EXPIRED] = {"Sans réponse\u202F: {type}, {when}",
						 "Votre demande est restée sans réponse"},
			[NOTICE_KIND_MEETING_CHANGED] = {"Nouveau lieu\u202F: {type}, {when}",
							 "Votre séance a lieu ailleurs"},
			[HEADING_OTHER_COACH] = {"Désormais avec {who}\u202F: {type}, {when}",
						 "Votre séance a désormais lieu avec {who}"},
		},
	.coach =
		{
			[NOTICE_KIND_CONFIRMED] = {"Nouvelle réservation\u202F: {who}, {when}",
						   "{who} a réservé une séance"},
			[NOTICE_KIND_MOVED] = {"Nouvel horaire\u202F: {who}, {when}",
					       "La séance avec {who} change d’horaire"},
			[NOTICE_KIND_CANCELLED] = {"Annulation\u202F: {who}, {when}",
						   "La séance avec {who} est annulée"},
			[NOTICE_KIND_REMINDER] = {"Rappel\u202F: {who}, {when}",
						  "Votre séance avec {who} approche"},
			[NOTICE_KIND_OFFER] = {"Horaire proposé à {who}\u202F: {when}",
					       "Un horaire a été proposé à {who}"},
			[NOTICE_KIND_CREDITS_LOW] = {"Peu de crédits pour {who}",
						     "Il reste peu de crédits à {who}"},
			[NOTICE_KIND_CREDITS_ENDING] = {"Crédits bientôt expirés\u202F: {who}",
							"Crédits bientôt expirés\u202F: {who}"},
			[NOTICE_KIND_REQUESTED] = {"Demande\u202F: {who}, {when}",
						   "{who} demande une séance"},
			[NOTICE_KIND_DECLINED] = {"Demande refusée\u202F: {who}, {when}",
						  "Vous avez refusé cette demande\u202F: {who}"},
			[NOTICE_KIND_EXPIRED] = {"Demande expirée\u202F: {who}, {when}",
						 "Demande restée sans réponse\u202F: {who}"},
			[NOTICE_KIND_MEETING_CHANGED] = {"Nouveau lieu\u202F: {who}, {when}",
							 "La séance avec {who} a lieu ailleurs"},
			[HEADING_OTHER_COACH] = {"Confiée à {to}\u202F: {who}, {when}",
						 "La séance avec {who} est désormais confiée à {to}"},
		},
	.guest_invited = {"Invitation\u202F: {type}, {when}", "Une séance avec {who} vous est proposée"},
	.guest_uninvited = {"Invitation retirée\u202F: {type}, {when}",
			    "Votre présence à cette séance n’est plus attendue"},
	.cancelled_by_you_title = "Vous avez annulé cette séance",
	.series =
		{
			.client = {[NOTICE_KIND_CONFIRMED] =
					   {"Réservation\u202F: {type}, {n} séances à partir du {when}",
					    "Vos {n} séances avec {who} sont réservées"},
				   [NOTICE_KIND_MOVED] =
					   {"Nouveaux horaires\u202F: {type}, {n} séances à partir du {when}",
					    "{n} de vos séances changent d’horaire"},
				   [NOTICE_KIND_CANCELLED] =
					   {"Annulation\u202F: {type}, {n} séances à partir du {when}",
					    "{n} de vos séances sont annulées"},
				   [NOTICE_KIND_REQUESTED] =
					   {"Demande envoyée\u202F: {type}, {n} séances à partir du {when}",
					    "Votre demande de {n} séances a été envoyée à {who}"},
				   [NOTICE_KIND_DECLINED] =
					   {"Refus\u202F: {type}, {n} séances à partir du {when}",
					    "{who} ne peut pas assurer {n} de vos séances"},
				   [NOTICE_KIND_EXPIRED] =
					   {"Sans réponse\u202F: {type}, {n} séances à partir du {when}",
					    "Votre demande de {n} séances est restée sans réponse"},
				   [NOTICE_KIND_MEETING_CHANGED] =
					   {"Nouveau lieu\u202F: {type}, {n} séances à partir du {when}",
					    "{n} de vos séances ont un nouveau lieu de rendez-vous"}},
			.coach = {[NOTICE_KIND_CONFIRMED] = {"Nouvelle réservation\u202F: {who}, {n} séances "
							     "à partir du {when}",
							     "{who} a réservé {n} séances"},
				  [NOTICE_KIND_MOVED] =
					  {"Nouveaux horaires\u202F: {who}, {n} séances à partir du {when}",
					   "{n} séances avec {who} changent d’horaire"},
				  [NOTICE_KIND_CANCELLED] =
					  {"Annulation\u202F: {who}, {n} séances à partir du {when}",
					   "{n} séances avec {who} sont annulées"},
				  [NOTICE_KIND_REQUESTED] =
					  {"Demande\u202F: {who}, {n} séances à partir du {when}",
					   "{who} vous demande {n} séances"},
				  [NOTICE_KIND_DECLINED] =
					  {"Refus\u202F: {who}, {n} séances à partir du {when}",
					   "Vous avez refusé {n} séances avec {who}"},
				  [NOTICE_KIND_EXPIRED] =
					  {"Demande expirée\u202F: {who}, {n} séances à partir du {when}",
					   "La demande de {n} séances de {who} a expiré sans réponse"},
				  [NOTICE_KIND_MEETING_CHANGED] =
					  {"Nouveau lieu\u202F: {who}, {n} séances à partir du {when}",
					   "{n} séances avec {who} ont un nouveau lieu de rendez-vous"}},
			.guest_invited = {"Invitation\u202F: {type}, {n} séances à partir du {when}",
					  "Vous êtes invité à {n} séances avec {who}"},
			.guest_uninvited =
				{"Invitation retirée\u202F: {type}, {n} séances à partir du {when}",
				 "Votre présence à ces {n} séances n’est plus attendue"},
			.cancelled_by_you_title = "Vous avez annulé {n} séances",
			.invitation = "Les invitations jointes les ajoutent à votre agenda.",
			.asked = "Les horaires vous sont réservés. {who} vous répondra au plus tard le "
				 "{when}.",
			.asked_of_you = "Les horaires sont réservés jusqu’au {when}. Sans réponse d’ici là, "
					"les demandes expirent.",
		},
	.a_client = "un client",

	.with = "Avec {who}",
	.reason = "Motif\u202F: {reason}",
	.too_few_booked = "Trop peu de personnes l’ont réservée.",
	.was = "Avant\u202F: {when}",
	.was_with = "Avant\u202F: {when} avec {who}",
	.others_clock = "Pour {who}\u202F: {clock} à {place}",
	.others_utc = "Pour {who}\u202F: {clock} UTC",
	.colon = "\u202F:",
	.video = "Appel vidéo",
	.video_follows = "Appel vidéo. Le lien figurera sur la page de la réservation.",
	.by_phone = "Par téléphone",
	.by_phone_at = "Par téléphone\u202F: {phone}",
	.in_person = "Sur place",
	.no_place = "Il n’y a plus de lieu indiqué.",
	.change_until = "Vous pouvez déplacer ou annuler la séance jusqu’au {when}.",
	.reschedule_until = "Vous pouvez déplacer la séance jusqu’au {when}.",
	.cancel_until = "Vous pouvez annuler la séance jusqu’au {when}.",
	.change = "Déplacer ou annuler",
	.see = "Voir la réservation",
	.join = "Rejoindre l’appel vidéo",
	.invitation = "Ouvrez l’invitation jointe pour l’ajouter à votre agenda.",
	.offer_until = "Il vous est réservé jusqu’au {when}.",
	.take_offer = "Prendre cet horaire",
	.asked = "L’horaire vous est réservé. {who} vous répondra au plus tard le {when}.",
	.asked_of_you = "L’horaire est réservé jusqu’au {when}. Sans réponse d’ici là, la demande expire.",
	.decide = "Accepter ou refuser",
	.why = "Vous recevez ce message parce que votre adresse a été indiquée pour une séance avec {who}.",
	.why_coach = "Vous recevez ce message parce que des séances peuvent être réservées avec vous.",
	.why_guest =
		"Vous recevez ce message parce que votre adresse a été ajoutée à cette séance par {who}.",
	.stop_reminders = "Ne plus recevoir de rappels",
	.stop_mails = "Ne plus recevoir de messages sur cette séance",
	.stop_reminders_page =
		{
			.title = "Rappels",
			.rule = "Nous vous préviendrons toujours quand une séance est réservée, déplacée ou "
				"annulée.",
			.button = "Ne plus recevoir de rappels",
			.done = "Vous ne recevrez plus de rappels.",
		},
	.stop_mails_page =
		{
			.title = "E-mails sur cette séance",
			.rule = "Vous n’en aurez plus de nouvelles, même si elle est déplacée ou annulée.",
			.button = "Ne plus recevoir ces e-mails",
			.done = "Vous ne recevrez plus d’e-mails sur cette séance.",
		},
	.email_label = "E-mail",
	.phone_label = "Téléphone",
	.guests_label = "Invités",

	.alerts =
		{
			[NOTICE_ALERT_WEBHOOK] =
				{"Votre webhook a été désactivé",
				 "{name} n’a rien accepté pendant cinq jours, ou ne souhaite plus rien "
				 "recevoir. Une fois "
				 "que vous l’aurez réactivé, ce qu’il a manqué pourra lui être envoyé."},
			[NOTICE_ALERT_CALENDAR] = {"L’un de vos agendas est illisible",
						   "{name} n’a pas pu être lu depuis trois jours\u202F: les "
						   "heures qu’il bloquerait ne sont "
						   "pas connues."},
			[NOTICE_ALERT_GOOGLE] = {"Votre agenda Google n’est plus connecté",
						 "Google a mis fin à l’accès à {name}. Tant que vous ne le "
						 "reconnectez pas, vos "
						 "indisponibilités ne sont pas connues et les réservations "
						 "n’y sont pas inscrites."},
		},
	.alert_see = "Voir vos connexions",

	.code_subject = "Votre code\u202F: {code}",
	.code_title = "Voici votre code",
	.code_lead = "Saisissez-le sur la page où vous l’avez demandé.",
	.code_link = "Se connecter",
	.code_ends = "Il est valable {minutes}, une seule fois, dans le navigateur où vous l’avez demandé.",
	.code_ignore = "Vous n’avez rien demandé\u202F? Vous pouvez ignorer ce message.",
	.proof_lead = "Quelqu’un réserve une séance et a indiqué cette adresse. Si c’est vous, saisissez le "
		      "code sur "
		      "cette page.",
	.proof_ends = "Il est valable {minutes}, une seule fois.",
};
