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
	.range_format = "{day}, {from} – {to}",
	.zone_format = "{place} time",

	.plural = plural_en,
	.minutes = {"{n} minute", "{n} minutes"},
	.hours = {"{n} hour", "{n} hours"},
	.credits = {"You have {n} credit left.", "You have {n} credits left."},
	.credits_until = "Some of them end {when}.",

	.client =
		{
			[NOTICE_KIND_CONFIRMED] = {"Booked: {type}, {when}", "You’re booked with {who}"},
			[NOTICE_KIND_MOVED] = {"New time: {type}, {when}", "Your session has a new time"},
			[NOTICE_KIND_CANCELLED] = {"Cancelled: {type}, {when}", "Your session was cancelled"},
			[NOTICE_KIND_REMINDER] = {"Reminder: {type}, {when}", "Your session is coming up"},
			[NOTICE_KIND_OFFER] = {"A time is free: {type}, {when}",
					       "A time has come free for you"},
			[NOTICE_KIND_CREDITS_LOW] = {"Few credits left with {who}",
						     "Few credits left with {who}"},
			[NOTICE_KIND_CREDITS_ENDING] = {"Credits with {who} end soon",
							"Some of your credits with {who} end soon"},
			[NOTICE_KIND_REQUESTED] = {"Request sent: {type}, {when}",
						   "Your request was sent to {who}"},
			[NOTICE_KIND_DECLINED] = {"Not possible: {type}, {when}",
						  "{who} cannot take this session"},
			[NOTICE_KIND_EXPIRED] = {"No answer: {type}, {when}",
						 "Your request was not answered in time"},
			[NOTICE_KIND_MEETING_CHANGED] = {"New meeting place: {type}, {when}",
							 "Your session has a new meeting place"},
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
			[NOTICE_KIND_OFFER] = {"A time is offered to {who}: {when}",
					       "A time was offered to {who}"},
			[NOTICE_KIND_CREDITS_LOW] = {"{who} has few credits left",
						     "{who} has few credits left"},
			[NOTICE_KIND_CREDITS_ENDING] = {"Credits of {who} end soon",
							"Credits of {who} end soon"},
			[NOTICE_KIND_REQUESTED] = {"Request: {who}, {when}", "{who} asks for a session"},
			[NOTICE_KIND_DECLINED] = {"Declined: {who}, {when}",
						  "You declined the request of {who}"},
			[NOTICE_KIND_EXPIRED] = {"Request ended: {who}, {when}",
						 "The request of {who} ended without an answer"},
			[NOTICE_KIND_MEETING_CHANGED] = {"New meeting place: {who}, {when}",
							 "The session with {who} has a new meeting place"},
		},
	.guest_invited = {"Invitation: {type}, {when}", "You’re invited to a session with {who}"},
	.guest_uninvited = {"No longer invited: {type}, {when}", "You don’t need to come to this session"},
	.cancelled_by_you_title = "You cancelled this session",
	.a_client = "a client",

	.with = "With {who}",
	.reason = "Reason: {reason}",
	.too_few_booked = "Too few people have booked it.",
	.was = "Before: {when}",
	.others_clock = "For {who}: {clock} in {place}",
	.video = "Video call",
	.video_follows = "Video call. The link will be on the booking’s page.",
	.by_phone = "By phone",
	.by_phone_at = "By phone: {phone}",
	.in_person = "In person",
	.no_place = "No meeting place is given any more.",
	.change_until = "You can reschedule or cancel until {when}.",
	.reschedule_until = "You can reschedule until {when}.",
	.cancel_until = "You can cancel until {when}.",
	.change = "Reschedule or cancel",
	.see = "See your booking",
	.join = "Join the video call",
	.invitation = "The invitation attached puts it into your calendar.",
	.offer_until = "It is held for you until {when}.",
	.take_offer = "Take this time",
	.asked = "The time is kept for you. {who} will answer by {when}.",
	.asked_of_you = "The time is kept until {when}. Without an answer the request ends then.",
	.decide = "Approve or decline",
	.why = "You get this mail because a session with {who} was booked with your address.",
	.why_coach = "You get this mail because sessions can be booked with you.",
	.why_guest = "You get this mail because {who} added your address to this session.",
	.stop_reminders = "Stop reminders",
	.stop_mails = "No more mails about this session",
	.email_label = "Email",
	.phone_label = "Phone",
	.guests_label = "Guests",

	.code_subject = "Your code: {code}",
	.code_title = "Here is your code",
	.code_lead = "Type it on the page where you asked for it.",
	.code_link = "Sign in",
	.code_ends = "It works for {minutes}, once, in the browser where you asked for it.",
	.code_ignore = "Did you not ask for it? Then you need do nothing.",
	.proof_lead =
		"Somebody is booking a session and gave this address. If it was you, type the code on that "
		"page.",
	.proof_ends = "It works for {minutes}, once.",
};
