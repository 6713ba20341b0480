/* English, as in the United States. */
#include "words.h"

static char *clock_en(struct arena *mem, int hour, int minute)
{
	return arena_printf(mem, "%d:%02d %s", hour % 12 == 0 ? 12 : hour % 12, minute,
			    hour < 12 ? "AM" : "PM");
}

static size_t plural_en(int64_t number)
{
	return number == 1 ? 0 : 1;
}

const struct notice_words words_en = {
	.code = "en",
	.day_format = "{weekday}, {month} {day}, {year}",
	.weekdays = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"},
	.months = {"January", "February", "March", "April", "May", "June", "July", "August", "September",
		   "October", "November", "December"},
	.clock = clock_en,
	.at_format = "{day} at {clock}",
	.range_format = "{from} – {to}",
	.zone_format = "{place} time",

	.plural = plural_en,
	.minutes = {"{n} minute", "{n} minutes"},
	.hours = {"{n} hour", "{n} hours"},
	.credits = {"You have {n} credit left.", "You have {n} credits left."},
	.credits_until = "Some of them expire {when}.",

	.client =
		{
			[NOTICE_KIND_CONFIRMED] = {"Booked: {type}, {when}", "You’re booked with {who}"},
			[NOTICE_KIND_MOVED] = {"New time: {type}, {when}", "Your session has a new time"},
			[NOTICE_KIND_CANCELLED] = {"Cancelled: {type}, {when}", "Your session was cancelled"},
			[NOTICE_KIND_REMINDER] = {"Reminder: {type}, {when}", "Your session is coming up"},
			[NOTICE_KIND_OFFER] = {"A time has opened up: {type}, {when}",
					       "A time has opened up for you"},
			[NOTICE_KIND_CREDITS_LOW] = {"Few credits left with {who}",
						     "Few credits left with {who}"},
			[NOTICE_KIND_CREDITS_ENDING] = {"Credits with {who} expire soon",
							"Some of your credits with {who} expire soon"},
			[NOTICE_KIND_REQUESTED] = {"Request sent: {type}, {when}",
						   "Your request was sent to {who}"},
			[NOTICE_KIND_DECLINED] = {"Declined: {type}, {when}",
						  "{who} can’t take this session"},
			[NOTICE_KIND_EXPIRED] = {"No answer: {type}, {when}",
						 "Your request wasn’t answered in time"},
			[NOTICE_KIND_MEETING_CHANGED] = {"New meeting place: {type}, {when}",
							 "Your session has a new meeting place"},
			[HEADING_OTHER_COACH] = {"Now with {who}: {type}, {when}",
						 "Your session is now with {who}"},
		},
	.coach =
		{
			[NOTICE_KIND_CONFIRMED] = {"New booking: {who}, {when}", "{who} booked a session"},
			[NOTICE_KIND_MOVED] = {"New time: {who}, {when}",
					       "The session with {who} has a new time"},
			[NOTICE_KIND_CANCELLED] = {"Cancelled: {who}, {when}",
						   "The session with {who} was cancelled"},
			[NOTICE_KIND_REMINDER] = {"Reminder: {who}, {when}",
						  "Your session with {who} is coming up"},
			[NOTICE_KIND_OFFER] = {"Time offered to {who}: {when}",
					       "A time was offered to {who}"},
			[NOTICE_KIND_CREDITS_LOW] = {"{who} has few credits left",
						     "{who} has few credits left"},
			[NOTICE_KIND_CREDITS_ENDING] = {"{who}’s credits expire soon",
							"{who}’s credits expire soon"},
			[NOTICE_KIND_REQUESTED] = {"Request: {who}, {when}", "{who} has asked for a session"},
			[NOTICE_KIND_DECLINED] = {"Declined: {who}, {when}", "You declined {who}’s request"},
			[NOTICE_KIND_EXPIRED] = {"Request expired: {who}, {when}",
						 "{who}’s request expired without an answer"},
			[NOTICE_KIND_MEETING_CHANGED] = {"New meeting place: {who}, {when}",
							 "The session with {who} has a new meeting place"},
			[HEADING_OTHER_COACH] = {"Moved to {to}: {who}, {when}",
						 "The session with {who} has moved to {to}"},
		},
	.guest_invited = {"Invitation: {type}, {when}", "You’re invited to a session with {who}"},
	.guest_uninvited = {"No longer invited: {type}, {when}", "You’re no longer invited to this session"},
	.cancelled_by_you_title = "You cancelled this session",
	.series =
		{
			.client = {[NOTICE_KIND_CONFIRMED] = {"Booked: {type}, {n} sessions from {when}",
							      "You’re booked with {who} for {n} sessions"},
				   [NOTICE_KIND_MOVED] = {"New times: {type}, {n} sessions from {when}",
							  "{n} of your sessions have new times"},
				   [NOTICE_KIND_CANCELLED] = {"Cancelled: {type}, {n} sessions from {when}",
							      "{n} of your sessions were cancelled"},
				   [NOTICE_KIND_REQUESTED] =
					   {"Request sent: {type}, {n} sessions from {when}",
					    "Your request for {n} sessions was sent to {who}"},
				   [NOTICE_KIND_DECLINED] = {"Declined: {type}, {n} sessions from {when}",
							     "{who} can’t take {n} of your sessions"},
				   [NOTICE_KIND_EXPIRED] =
					   {"No answer: {type}, {n} sessions from {when}",
					    "Your request for {n} sessions wasn’t answered in time"},
				   [NOTICE_KIND_MEETING_CHANGED] =
					   {"New meeting place: {type}, {n} sessions from {when}",
					    "{n} of your sessions have a new meeting place"}},
			.coach = {[NOTICE_KIND_CONFIRMED] = {"New booking: {who}, {n} sessions from {when}",
							     "{who} booked {n} sessions"},
				  [NOTICE_KIND_MOVED] = {"New times: {who}, {n} sessions from {when}",
							 "{n} sessions with {who} have new times"},
				  [NOTICE_KIND_CANCELLED] = {"Cancelled: {who}, {n} sessions from {when}",
							     "{n} sessions with {who} were cancelled"},
				  [NOTICE_KIND_REQUESTED] = {"Request: {who}, {n} sessions from {when}",
							     "{who} has asked for {n} sessions"},
				  [NOTICE_KIND_DECLINED] = {"Declined: {who}, {n} sessions from {when}",
							    "You declined {n} sessions with {who}"},
				  [NOTICE_KIND_EXPIRED] =
					  {"Request expired: {who}, {n} sessions from {when}",
					   "{who}’s request for {n} sessions expired without an answer"},
				  [NOTICE_KIND_MEETING_CHANGED] =
					  {"New meeting place: {who}, {n} sessions from {when}",
					   "{n} sessions with {who} have a new meeting place"}},
			.guest_invited = {"Invitation: {type}, {n} sessions from {when}",
					  "You’re invited to {n} sessions with {who}"},
			.guest_uninvited = {"No longer invited: {type}, {n} sessions from {when}",
					    "You don’t need to come to these {n} sessions"},
			.cancelled_by_you_title = "You cancelled {n} sessions",
			.invitation = "The invitations attached put them into your calendar.",
			.asked = "The times are held for you. {who} will answer by {when}.",
			.asked_of_you = "The times are held until {when}. Without an answer by then, the "
					"requests expire.",
		},
	.a_client = "a client",

	.with = "With {who}",
	.reason = "Reason: {reason}",
	.too_few_booked = "Too few people have booked it.",
	.was = "Before: {when}",
	.was_with = "Before: {when} with {who}",
	.others_clock = "For {who}: {clock} in {place}",
	.others_utc = "For {who}: {clock} UTC",
	.colon = ":",
	.video = "Video call",
	.video_follows = "Video call. The link will be on the booking’s page.",
	.by_phone = "By phone",
	.by_phone_at = "By phone: {phone}",
	.in_person = "In person",
	.no_place = "No meeting place is given any more.",
	.change_until = "You can move or cancel the session until {when}.",
	.reschedule_until = "You can move the session until {when}.",
	.cancel_until = "You can cancel the session until {when}.",
	.change = "Move or cancel",
	.see = "See your booking",
	.join = "Join the video call",
	.invitation = "Open the attached invitation to add it to your calendar.",
	.offer_until = "It’s held for you until {when}.",
	.take_offer = "Take this time",
	.asked = "The time is held for you. {who} will answer by {when}.",
	.asked_of_you = "The time is held until {when}. Without an answer by then, the request expires.",
	.decide = "Approve or decline",
	.why = "You’re receiving this email because your address was given for a session with {who}.",
	.why_coach = "You’re receiving this email because sessions can be booked with you.",
	.why_guest = "You’re receiving this email because {who} added your address to this session.",
	.stop_reminders = "Stop reminders",
	.stop_mails = "No more emails about this session",
	.stop_reminders_page =
		{
			.title = "Reminders",
			.rule = "You’ll still be told when a session is booked, moved or cancelled.",
			.button = "Stop reminders",
			.done = "You won’t get any more reminders.",
		},
	.stop_mails_page =
		{
			.title = "Emails about this session",
			.rule = "You won’t hear of it any more, not even when it is moved or cancelled.",
			.button = "Stop these emails",
			.done = "You won’t get any more emails about this session.",
		},
	.email_label = "Email",
	.phone_label = "Phone",
	.guests_label = "Guests",

	.alerts =
		{
			[NOTICE_ALERT_WEBHOOK] = {"Your webhook has been turned off",
						  "{name} has taken nothing for five days, or said that it "
						  "wants no more. Once you "
						  "turn it on again, what it missed can be sent."},
			[NOTICE_ALERT_CALENDAR] = {"One of your calendars can’t be read",
						   "{name} couldn’t be read for three days, so the times it "
						   "would block aren’t known."},
			[NOTICE_ALERT_GOOGLE] = {"Your Google Calendar is no longer connected",
						 "Google has ended the access to {name}. Until you connect "
						 "it again your busy times "
						 "aren’t known, and bookings aren’t written into it."},
		},
	.alert_see = "See your connections",

	.code_subject = "Your code: {code}",
	.code_title = "Here’s your code",
	.code_lead = "Enter it on the page where you asked for it.",
	.code_link = "Sign in",
	.code_ends = "It works once, for {minutes}, in the browser where you asked for it.",
	.code_ignore = "If you didn’t ask for it, you can ignore this email.",
	.proof_lead =
		"Somebody is booking a session and gave this address. If it was you, enter the code on that "
		"page.",
	.proof_ends = "It works once, for {minutes}.",
};
