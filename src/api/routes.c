/*
 * THE table: every call of the contract, who may make it, where it runs, what it costs. The router, 405's
 * Allow, the OpenAPI document and the authority test read the same rows.
 */
#include "api/api.h"
#include "api/availability.h"
#include "api/booking.h"
#include "api/coach.h"
#include "api/credits.h"
#include "api/event.h"
#include "api/google.h"
#include "api/groups.h"
#include "api/notices.h"
#include "api/ops.h"
#include "api/session.h"
#include "api/series.h"
#include "api/profile.h"
#include "api/sources.h"
#include "api/user.h"
#include "api/waitlist.h"
#include "api/webhooks.h"
#include "assets.h"

enum { BODY_MAX = 64 * 1024 };

#define ENDPOINT(...) (&(const struct endpoint){__VA_ARGS__})

/* A call that asks who is calling. */
#define CALL(method, path, lane, body_limit, ...)                                                            \
	{                                                                                                    \
		HTTP_##method, path, LANE_##lane, 0, body_limit, ENDPOINT(__VA_ARGS__)                       \
	}

/* Read by monitors, also while the daemon stops. */
#define MONITOR(path, handler, what)                                                                         \
	{                                                                                                    \
		HTTP_GET, path, LANE_LOOP, ROUTE_DRAINING | ROUTE_QUIET | ROUTE_ANY_QUERY | ROUTE_UNLIMITED, \
			0,                                                                                   \
			ENDPOINT(.authority = AUTHORITY_ANYONE, .handle = handler, .summary = what,          \
				 .gives = "application/json")                                                \
	}

/* A file of src/web, for ASSET_ADDRESSES of the generated table. */
#define ASSET(path, file)                                                                                    \
	{HTTP_GET,  path,                                                                                    \
	 LANE_LOOP, ROUTE_ANY_QUERY | ROUTE_QUIET | ROUTE_UNLIMITED,                                         \
	 0,         ENDPOINT(.authority = AUTHORITY_ANYONE, .etag = true, .asset = file)},

/* An address that people type for that of a page. */
#define REDIRECT(path, to, what)                                                                             \
	{                                                                                                    \
		HTTP_GET, path, LANE_LOOP, ROUTE_ANY_QUERY | ROUTE_QUIET | ROUTE_UNLIMITED, 0,               \
			ENDPOINT(.authority = AUTHORITY_ANYONE, .handle = api_redirect, .redirect = to,      \
				 .statuses = "302", .summary = what)                                         \
	}

#define PICTURE_TYPES "image/png image/jpeg image/webp"

#define COACH_CALL AUTHORITY_COACH, TOLL_READ

/* How many rows of a list a client may ask for at once. */
#define PAGED      .limit_default = 50, .limit_max = 100
#define PAGED_LONG .limit_default = 100, .limit_max = 500

const struct route api_routes[] = {
	/* booking */
	CALL(GET, "/booking/availability", LISTING, 0, AUTHORITY_READER, TOLL_READ, .etag = true,
	     .handle = api_availability, .early = api_availability_early, .lane_of = api_availability_lane,
	     .summary = "Times that may be booked",
	     .query = "from to duration session_type tz coach rescheduling user_id", .reply = "Availability"),
	CALL(POST, "/booking/create", GOOGLE, BODY_MAX, AUTHORITY_CALLER, TOLL_BOOK, .idempotent = true,
	     .handle = api_booking_create, .statuses = "201 200", .summary = "Book a session",
	     .body = "Create", .reply = "Appointment"),
	CALL(GET, "/booking/series/preview", LISTING, 0, AUTHORITY_CALLER, TOLL_READ,
	     .handle = api_series_preview, .summary = "Which dates of a series may be booked",
	     .query = "start duration duration_minutes session_type coach every_weeks count",
	     .reply = "SeriesPreview"),
	CALL(POST, "/booking/series", GOOGLE, BODY_MAX, AUTHORITY_CALLER, TOLL_BOOK, .idempotent = true,
	     .handle = api_series_create, .retell = api_series_retell, .statuses = "201",
	     .summary = "Book sessions every week or every second one", .body = "CreateSeries",
	     .reply = "Series"),
	CALL(POST, "/booking/hold", GOOGLE, BODY_MAX, AUTHORITY_CALLER, TOLL_BOOK, .guests = true,
	     .idempotent = true, .handle = api_booking_hold, .statuses = "201",
	     .summary = "Hold a time while a form is filled in", .body = "Hold", .reply = "Appointment"),
	CALL(PUT, "/booking/:id/confirm", GOOGLE, BODY_MAX, AUTHORITY_CALLER, TOLL_BOOK, .idempotent = true,
	     .body_optional = true, .handle = api_booking_confirm, .summary = "Turn a hold into a booking",
	     .body = "Confirm", .reply = "Appointment"),
	CALL(POST, "/booking/:id/verify", DATABASE, BODY_MAX, AUTHORITY_CALLER, TOLL_BOOK,
	     .handle = api_booking_verify, .statuses = "202",
	     .summary = "Have a code mailed to the address that the appointment is to be confirmed with",
	     .body = "Address", .reply = "CodeSent"),
	CALL(PUT, "/booking/:id/cancel", GOOGLE, BODY_MAX, AUTHORITY_CALLER, TOLL_BOOK, .idempotent = true,
	     .body_optional = true, .handle = api_booking_cancel, .retell = api_series_retell_change,
	     .summary = "Cancel an appointment or release a hold", .body = "Cancel",
	     .reply = "AppointmentOrSeries"),
	CALL(PUT, "/booking/:id/reschedule", GOOGLE, BODY_MAX, AUTHORITY_CALLER, TOLL_BOOK,
	     .idempotent = true, .handle = api_booking_reschedule, .retell = api_series_retell_change,
	     .summary = "Move an appointment", .body = "Reschedule", .reply = "AppointmentOrSeries"),
	CALL(PUT, "/booking/:id/meeting", GOOGLE, BODY_MAX, AUTHORITY_STAFF, TOLL_BOOK, .idempotent = true,
	     .handle = api_booking_meeting, .summary = "Say where a session takes place", .body = "Meeting",
	     .reply = "Appointment"),
	CALL(PUT, "/booking/:id/approve", GOOGLE, BODY_MAX, AUTHORITY_STAFF, TOLL_BOOK, .idempotent = true,
	     .body_optional = true, .handle = api_booking_approve,
	     .summary = "Say yes to what a client has asked for", .body = "Approve", .reply = "Appointment"),
	CALL(PUT, "/booking/:id/decline", DATABASE, BODY_MAX, AUTHORITY_STAFF, TOLL_BOOK, .idempotent = true,
	     .body_optional = true, .handle = api_booking_decline,
	     .summary = "Say no to what a client has asked for", .body = "Decline", .reply = "Appointment"),
	CALL(PUT, "/booking/:id/guests", GOOGLE, BODY_MAX, AUTHORITY_CALLER, TOLL_BOOK, .idempotent = true,
	     .handle = api_booking_guests, .summary = "Say who else is invited to a session",
	     .body = "Guests", .reply = "Appointment"),
	CALL(PUT, "/booking/:id/status", DATABASE, BODY_MAX, AUTHORITY_STAFF, TOLL_BOOK,
	     .handle = api_booking_status, .summary = "Mark as completed or no-show", .body = "Status",
	     .reply = "Appointment"),
	CALL(PUT, "/booking/:id/answers", DATABASE, BODY_MAX, AUTHORITY_CALLER, TOLL_BOOK,
	     .handle = api_booking_answers, .summary = "Answer the session type's questions, until it starts",
	     .body = "Answers", .reply = "Appointment"),
	CALL(PUT, "/booking/:id/coach-notes", DATABASE, BODY_MAX, AUTHORITY_STAFF, TOLL_BOOK,
	     .handle = api_booking_coach_notes, .summary = "The coach's own notes, which no client sees",
	     .body = "CoachNotes", .reply = "Appointment"),
	CALL(POST, "/booking/:id/credit-return", DATABASE, BODY_MAX, AUTHORITY_STAFF, TOLL_BOOK,
	     .body_optional = true, .handle = api_credit_return,
	     .summary = "Give back what a late cancellation or a no-show kept", .body = "CreditReturn",
	     .reply = "Appointment"),
	CALL(POST, "/booking/waitlist", DATABASE, BODY_MAX, AUTHORITY_CALLER, TOLL_BOOK,
	     .handle = api_waitlist_join, .statuses = "201 200",
	     .summary = "Wait for a time that is not free: it is held for who is first in line",
	     .body = "WaitlistWish", .reply = "WaitlistEntry"),
	CALL(GET, "/booking/waitlist", DATABASE, 0, AUTHORITY_CALLER, TOLL_READ, .handle = api_waitlist,
	     .summary = "What the caller waits for, and what was offered", .reply = "Waitlist"),
	CALL(DELETE, "/booking/waitlist/:entry", DATABASE, 0, AUTHORITY_CALLER, TOLL_BOOK,
	     .handle = api_waitlist_leave, .statuses = "204",
	     .summary = "Wait no more; an offer goes on to the next in line"),
	CALL(GET, "/booking/:id", DATABASE, 0, AUTHORITY_CALLER, TOLL_READ, .handle = api_booking_get,
	     .page = "booking/booking.html", .summary = "One appointment", .reply = "Appointment"),
	CALL(GET, "/booking/coaches", DATABASE, 0, AUTHORITY_READER, TOLL_READ, .handle = api_coaches,
	     .summary = "The coaches a client may choose from", .reply = "Coaches"),
	CALL(GET, "/booking/:id/calendar.ics", DATABASE, 0, AUTHORITY_CALLER, TOLL_READ,
	     .handle = api_booking_ics, .summary = "One appointment as a calendar file",
	     .gives = "text/calendar"),
	CALL(GET, "/booking/user/:user_id", DATABASE, 0, AUTHORITY_SELF, TOLL_READ, .handle = api_user_list,
	     .summary = "A client's appointments", .query = "status limit cursor", PAGED,
	     .reply = "Appointments"),
	CALL(GET, "/booking/user/:user_id/credits", DATABASE, 0, AUTHORITY_SELF, TOLL_READ,
	     .handle = api_credits_of_user, .summary = "A client's credits, and what became of them",
	     .query = "coach limit cursor", PAGED_LONG, .reply = "Credits"),
	CALL(GET, "/booking/user/:user_id/export", DATABASE, 0, AUTHORITY_SELF, TOLL_READ,
	     .handle = api_user_export, .summary = "Everything kept about a client", .reply = "Export"),
	CALL(DELETE, "/booking/user/:user_id", DATABASE, 0, AUTHORITY_SELF, TOLL_BOOK,
	     .handle = api_user_erase, .summary = "Erase a client's personal fields", .reply = "Erasure"),

	/* signing in by mail, and sessions */
	CALL(GET, "/booking/sign-in", LOOP, 0, AUTHORITY_ANYONE, TOLL_NONE, .handle = api_sign_in_ways,
	     .summary = "How people sign in here", .reply = "SignInWays"),
	CALL(POST, "/booking/sign-in", DATABASE, BODY_MAX, AUTHORITY_ANYONE, TOLL_NONE, .handle = api_sign_in,
	     .statuses = "202", .summary = "Have a code mailed", .body = "SignIn", .reply = "SignInSent"),
	CALL(POST, "/booking/sign-in/verify", DATABASE, BODY_MAX, AUTHORITY_ANYONE, TOLL_NONE,
	     .handle = api_sign_in_verify, .summary = "Sign in by the code, or by the link's token",
	     .body = "Verify", .reply = "SignedIn"),
	CALL(POST, "/booking/session", DATABASE, BODY_MAX, AUTHORITY_ANYONE, TOLL_NONE,
	     .handle = api_manage_session, .summary = "A session for the appointment of a manage link",
	     .body = "Manage", .reply = "ManageSession"),
	CALL(GET, "/session", DATABASE, 0, AUTHORITY_CALLER, TOLL_READ, .of_session = true,
	     .handle = api_session_get, .summary = "Who is calling", .reply = "Session"),
	CALL(DELETE, "/session", DATABASE, 0, AUTHORITY_CALLER, TOLL_READ, .of_session = true,
	     .handle = api_session_delete, .statuses = "204", .summary = "Sign out"),
	CALL(GET, "/booking/user/:user_id/sessions", DATABASE, 0, AUTHORITY_SELF, TOLL_READ,
	     .handle = api_user_sessions, .summary = "Where a person is signed in", .reply = "Sessions"),
	CALL(DELETE, "/booking/user/:user_id/sessions/:session", DATABASE, 0, AUTHORITY_SELF, TOLL_READ,
	     .handle = api_user_session_end, .statuses = "204", .summary = "End one of these sessions"),

	CALL(POST, "/booking/user/:user_id/addresses", DATABASE, BODY_MAX, AUTHORITY_SELF, TOLL_BOOK,
	     .handle = api_user_address, .statuses = "202",
	     .summary = "Have a code mailed that proves a further address to be this person's",
	     .body = "Address", .reply = "CodeSent"),

	/* what people are told */
	CALL(GET, "/booking/:id/notices", DATABASE, 0, AUTHORITY_CALLER, TOLL_READ,
	     .handle = api_booking_notices, .page = "booking/type.html",
	     .summary = "What was told about an appointment, to whom, and what came of it",
	     .reply = "Notices"),
	CALL(POST, "/booking/:id/notices", DATABASE, BODY_MAX, AUTHORITY_CALLER, TOLL_BOOK,
	     .handle = api_booking_notices_again, .statuses = "202",
	     .summary = "Mail what stands now once more", .body = "NoticeAgain", .reply = "NoticeAccepted"),
	CALL(GET, "/booking/user/:user_id/notices", DATABASE, 0, AUTHORITY_SELF, TOLL_READ,
	     .handle = api_user_notices, .summary = "What a client is told in the application",
	     .query = "after limit", PAGED, .reply = "InAppNotices"),
	CALL(PUT, "/booking/user/:user_id/notices/read", DATABASE, BODY_MAX, AUTHORITY_SELF, TOLL_READ,
	     .handle = api_user_notices_read, .summary = "Mark notices as read", .body = "NoticesRead",
	     .reply = "Unread"),
	CALL(GET, "/booking/user/:user_id/preferences", DATABASE, 0, AUTHORITY_SELF, TOLL_READ,
	     .handle = api_user_preferences, .summary = "What a client wants to be told",
	     .reply = "Preferences"),
	CALL(PUT, "/booking/user/:user_id/preferences", DATABASE, BODY_MAX, AUTHORITY_SELF, TOLL_READ,
	     .handle = api_user_preferences_put, .summary = "Change it", .body = "Preferences",
	     .reply = "Preferences"),
	CALL(GET, "/booking/stop/:token", DATABASE, 0, AUTHORITY_ANYONE, TOLL_NONE, .handle = api_stop_page,
	     .summary = "Asks whether reminders, or a guest's mails, are to stop", .gives = "text/html"),
	{HTTP_POST, "/booking/stop/:token", LANE_DATABASE, ROUTE_ANY_TYPE, BODY_MAX,
	 ENDPOINT(.authority = AUTHORITY_ANYONE, .handle = api_stop,
		  .summary = "Stop reminders by one click, as RFC 8058 has it",
		  .takes = "application/x-www-form-urlencoded", .gives = "text/html")},

	CALL(DELETE, "/booking/:id/suppression", DATABASE, 0, AUTHORITY_STAFF, TOLL_READ,
	     .handle = api_suppression_end, .statuses = "204",
	     .summary = "Mail the client again, after a mail to them came back"),

	/* the coach's side */
	CALL(GET, "/coach/:coach/notices", DATABASE, 0, COACH_CALL, .handle = api_coach_notices,
	     .summary = "What could not be delivered", .reply = "Notices"),
	CALL(GET, "/coach/:coach/profile", DATABASE, 0, AUTHORITY_READER, TOLL_READ,
	     .handle = api_profile_get, .summary = "What clients see of a coach", .reply = "Profile"),
	CALL(PUT, "/coach/:coach/profile", DATABASE, BODY_MAX, COACH_CALL, .handle = api_profile_put,
	     .summary = "Replace what clients see of a coach", .body = "Profile", .reply = "Profile"),
	CALL(GET, "/coach/:coach/picture", DATABASE, 0, AUTHORITY_ANYONE, TOLL_NONE, .etag = true,
	     .handle = api_picture_get, .summary = "The coach's picture", .query = "v",
	     .gives = PICTURE_TYPES),
	{HTTP_PUT, "/coach/:coach/picture", LANE_DATABASE, ROUTE_ANY_TYPE, PICTURE_BYTES_MAX,
	 ENDPOINT(COACH_CALL, .handle = api_picture_put, .summary = "Replace the picture: PNG, JPEG or WebP",
		  .takes = PICTURE_TYPES, .reply = "Picture")},
	CALL(DELETE, "/coach/:coach/picture", DATABASE, 0, COACH_CALL, .handle = api_picture_delete,
	     .statuses = "204", .summary = "Remove the picture"),
	CALL(GET, "/coach/me", DATABASE, 0, AUTHORITY_STAFF, TOLL_READ, .handle = api_coach_me,
	     .summary = "Who is calling, and for which coach", .reply = "Me"),
	CALL(GET, "/coach/:coach/appointments", DATABASE, 0, COACH_CALL, .handle = api_coach_appointments,
	     .summary = "Who is coming", .query = "from to status limit cursor", PAGED,
	     .reply = "Appointments"),
	CALL(POST, "/coach/:coach/appointments", GOOGLE, BODY_MAX, AUTHORITY_COACH, TOLL_BOOK,
	     .idempotent = true, .handle = api_booking_create_for, .statuses = "201 200",
	     .summary = "Book a session for a client", .body = "CreateFor", .reply = "Appointment"),
	CALL(POST, "/coach/:coach/series", GOOGLE, BODY_MAX, AUTHORITY_COACH, TOLL_BOOK, .idempotent = true,
	     .handle = api_series_create_for, .retell = api_series_retell, .statuses = "201",
	     .summary = "Book sessions for a client every week or every second one",
	     .body = "CreateSeriesFor", .reply = "Series"),
	CALL(GET, "/coach/:coach/waitlist", DATABASE, 0, COACH_CALL, .handle = api_waitlist_of_coach,
	     .summary = "Who waits for a time", .reply = "Waitlist"),
	CALL(GET, "/coach/:coach/groups/:group_id", DATABASE, 0, COACH_CALL, .handle = api_group_get,
	     .summary = "A session that clients share, and who comes", .reply = "Group"),
	CALL(PUT, "/coach/:coach/groups/:group_id/cancel", GOOGLE, BODY_MAX, AUTHORITY_COACH, TOLL_BOOK,
	     .idempotent = true, .body_optional = true, .handle = api_group_cancel,
	     .retell = api_group_retell, .summary = "End such a session: every seat is cancelled",
	     .body = "GroupCancel", .reply = "Group"),
	CALL(PUT, "/coach/:coach/groups/:group_id/reschedule", GOOGLE, BODY_MAX, AUTHORITY_COACH, TOLL_BOOK,
	     .idempotent = true, .handle = api_group_reschedule, .retell = api_group_retell,
	     .summary = "Move such a session with all its seats", .body = "GroupReschedule",
	     .reply = "Group"),
	CALL(GET, "/coach/:coach/busy", GOOGLE, 0, COACH_CALL, .handle = api_coach_busy,
	     .summary = "Working hours, blocked time and busy times", .query = "from to", .reply = "Busy"),
	CALL(GET, "/coach/:coach/schedule", DATABASE, 0, COACH_CALL, .etag = true,
	     .handle = api_coach_schedule_get, .summary = "The schedule document", .reply = "Schedule"),
	CALL(PUT, "/coach/:coach/schedule", DATABASE, BODY_MAX, COACH_CALL, .etag = true,
	     .handle = api_coach_schedule_put, .statuses = "200 201",
	     .summary = "Replace the schedule document", .body = "Schedule", .reply = "Schedule"),
	CALL(GET, "/coach/:coach/explain", GOOGLE, 0, COACH_CALL, .handle = api_coach_explain,
	     .summary = "Why a time may not be booked", .query = "start duration session_type user_id",
	     .reply = "Explanation"),
	CALL(GET, "/coach/:coach/events", DATABASE, 0, COACH_CALL, .handle = api_events,
	     .summary = "What happened, in order: for other programs", .query = "after limit", PAGED,
	     .reply = "Events"),
	CALL(GET, "/coach/:coach/webhooks", DATABASE, 0, COACH_CALL, .handle = api_webhooks_list,
	     .summary = "Where events are sent to", .reply = "Webhooks"),
	CALL(POST, "/coach/:coach/webhooks", DATABASE, BODY_MAX, AUTHORITY_COACH, TOLL_BOOK,
	     .handle = api_webhooks_add, .statuses = "201",
	     .summary = "Have events sent to an address; its secret is shown once", .body = "WebhookWish",
	     .reply = "Webhook"),
	CALL(PUT, "/coach/:coach/webhooks/:id", DATABASE, BODY_MAX, COACH_CALL, .handle = api_webhooks_change,
	     .summary = "Change what is given; active switches it on again, or off", .body = "WebhookChange",
	     .reply = "Webhook"),
	CALL(DELETE, "/coach/:coach/webhooks/:id", DATABASE, 0, COACH_CALL, .handle = api_webhooks_remove,
	     .statuses = "204", .summary = "Send nothing there any more"),
	CALL(POST, "/coach/:coach/webhooks/:id/secret", DATABASE, BODY_MAX, AUTHORITY_COACH, TOLL_BOOK,
	     .body_optional = true, .handle = api_webhooks_renew,
	     .summary = "A new secret; the former one signs as well for a day", .reply = "Webhook"),
	CALL(POST, "/coach/:coach/webhooks/:id/test", DATABASE, BODY_MAX, AUTHORITY_COACH, TOLL_BOOK,
	     .body_optional = true, .handle = api_webhooks_test, .statuses = "202",
	     .summary = "Send a webhook.test; what comes of it stands among the deliveries",
	     .reply = "WebhookTest"),
	CALL(GET, "/coach/:coach/webhooks/:id/deliveries", DATABASE, 0, COACH_CALL,
	     .handle = api_webhooks_deliveries, .summary = "What was sent there, the latest first",
	     .query = "state limit cursor", PAGED, .reply = "Deliveries"),
	CALL(POST, "/coach/:coach/webhooks/:id/replay", DATABASE, BODY_MAX, AUTHORITY_COACH, TOLL_BOOK,
	     .body_optional = true, .handle = api_webhooks_replay, .statuses = "202",
	     .summary = "Send what failed, and what was missed while it was disabled", .reply = "Replayed"),
	CALL(POST, "/coach/:coach/webhooks/:id/deliveries/:event/retry", DATABASE, BODY_MAX, AUTHORITY_COACH,
	     TOLL_BOOK, .body_optional = true, .handle = api_webhooks_replay_event, .statuses = "202",
	     .summary = "Send one event once more", .reply = "Replayed"),
	CALL(GET, "/coach/:coach/feed", DATABASE, 0, COACH_CALL, .handle = api_coach_feed,
	     .summary = "Address of the calendar feed", .reply = "FeedLink"),
	CALL(POST, "/coach/:coach/feed", DATABASE, BODY_MAX, COACH_CALL, .handle = api_coach_feed_renew,
	     .summary = "A new address; the old one ends", .reply = "FeedLink"),
	CALL(GET, "/coach/:coach/feed.ics", DATABASE, 0, AUTHORITY_ANYONE, TOLL_NONE, .etag = true,
	     .handle = api_coach_feed_ics, .summary = "The calendar feed", .query = "token",
	     .gives = "text/calendar"),

	/* Google */
	CALL(GET, "/coach/:coach/google", DATABASE, 0, COACH_CALL, .handle = api_google_status,
	     .summary = "The connected calendar and what its credentials may do", .reply = "Google"),
	CALL(POST, "/coach/:coach/google/connect", DATABASE, BODY_MAX, COACH_CALL,
	     .handle = api_google_connect, .summary = "Where the coach consents", .reply = "Link"),
	CALL(DELETE, "/coach/:coach/google", GOOGLE, 0, COACH_CALL, .handle = api_google_disconnect,
	     .statuses = "204", .summary = "Disconnect the calendar and revoke the consent"),
	CALL(POST, "/coach/:coach/google/retry", DATABASE, BODY_MAX, COACH_CALL, .handle = api_google_retry,
	     .statuses = "202", .summary = "Try the failed events again", .reply = "Retried"),

	/* credits and promo codes */
	CALL(GET, "/coach/:coach/credits", DATABASE, 0, COACH_CALL, .handle = api_credits_list,
	     .summary = "What clients have been granted, the latest first", .query = "user_id limit cursor",
	     PAGED_LONG, .reply = "Grants"),
	CALL(POST, "/coach/:coach/credits", DATABASE, BODY_MAX, AUTHORITY_COACH, TOLL_BOOK,
	     .handle = api_credits_grant, .statuses = "201 200",
	     .summary = "Grant credits; the same external_ref grants once", .body = "GrantWish",
	     .reply = "Grant"),
	CALL(DELETE, "/coach/:coach/credits/:grant", DATABASE, 0, AUTHORITY_COACH, TOLL_BOOK,
	     .handle = api_credits_revoke, .summary = "Take back what is left of a grant", .reply = "Grant"),
	CALL(GET, "/coach/:coach/promo-codes", DATABASE, 0, COACH_CALL, .handle = api_promo_codes,
	     .summary = "The coach's promo codes", .reply = "PromoCodes"),
	CALL(POST, "/coach/:coach/promo-codes", DATABASE, BODY_MAX, AUTHORITY_COACH, TOLL_BOOK,
	     .handle = api_promo_code_make, .statuses = "201", .summary = "Make a promo code",
	     .body = "PromoCodeNew", .reply = "PromoCode"),
	CALL(PUT, "/coach/:coach/promo-codes/:code", DATABASE, BODY_MAX, AUTHORITY_COACH, TOLL_BOOK,
	     .handle = api_promo_code_change, .summary = "Change a promo code", .body = "PromoCodeChange",
	     .reply = "PromoCode"),
	CALL(DELETE, "/coach/:coach/promo-codes/:code", DATABASE, 0, AUTHORITY_COACH, TOLL_BOOK,
	     .handle = api_promo_code_end, .statuses = "204", .summary = "Withdraw a promo code"),

	/* further calendars */
	CALL(GET, "/coach/:coach/calendars", DATABASE, 0, COACH_CALL, .handle = api_sources_list,
	     .summary = "The coach's further calendars, which are read for busy times", .reply = "Calendars"),
	CALL(POST, "/coach/:coach/calendars", GOOGLE, BODY_MAX, AUTHORITY_COACH, TOLL_BOOK,
	     .handle = api_sources_add, .statuses = "201",
	     .summary = "Add a calendar by the address of its feed", .body = "CalendarWish",
	     .reply = "Calendar"),
	CALL(DELETE, "/coach/:coach/calendars/:id", DATABASE, 0, COACH_CALL, .handle = api_sources_remove,
	     .statuses = "204", .summary = "Remove a calendar; its busy times end"),
	CALL(POST, "/coach/:coach/calendars/:id/refresh", GOOGLE, BODY_MAX, AUTHORITY_COACH, TOLL_BOOK,
	     .handle = api_sources_refresh, .summary = "Read a calendar now", .reply = "Calendar"),
	{HTTP_GET, "/oauth/google/callback", LANE_GOOGLE, ROUTE_ANY_QUERY, 0,
	 ENDPOINT(.authority = AUTHORITY_ANYONE, .handle = api_google_callback, .statuses = "302",
		  .summary = "Where Google sends the coach back", .query = "state code error")},
	{HTTP_POST, "/hooks/mail", LANE_DATABASE, ROUTE_QUIET, BODY_MAX,
	 ENDPOINT(.authority = AUTHORITY_ANYONE, .uncalled = true, .handle = api_mail_hook, .statuses = "204",
		  .summary =
			  "A mail service tells what became of a mail; MAIL_HOOK_SECRET is its bearer token",
		  .body = "MailEvent")},
	{HTTP_POST, "/hooks/google-calendar", LANE_DATABASE, ROUTE_ANY_TYPE | ROUTE_QUIET, BODY_MAX,
	 ENDPOINT(.authority = AUTHORITY_ANYONE, .uncalled = true, .handle = api_google_hook,
		  .early = api_google_hook_early, .statuses = "204", .summary = "Google tells of a change")},

	/* operations */
	MONITOR("/health", api_health, "The state of each part"),
	MONITOR("/healthz", api_healthz, "Alive"),
	MONITOR("/readyz", api_readyz, "Ready to take requests"),
	{HTTP_GET, "/metrics", LANE_LOOP, ROUTE_DRAINING | ROUTE_QUIET | ROUTE_ANY_QUERY, 0,
	 ENDPOINT(.authority = AUTHORITY_ANYONE, .uncalled = true, .handle = api_metrics,
		  .summary = "Metrics for Prometheus", .gives = "text/plain")},
	MONITOR("/openapi.json", api_openapi, "This document"),

	/* pages */
	REDIRECT("/", "booking/", "Leads to the booking page"),
	REDIRECT("/booking", "booking/", "Leads to the booking page"),
	REDIRECT("/coach", "coach/", "Leads to the coach's page"),
	{HTTP_GET, "/booking/:coach/:session_type", LANE_LOOP,
	 ROUTE_ANY_QUERY | ROUTE_QUIET | ROUTE_UNLIMITED, 0,
	 ENDPOINT(.authority = AUTHORITY_ANYONE, .etag = true, .handle = api_no_such,
		  .page = "booking/type.html", .summary = "The booking page of one session type")},
	ASSET_ADDRESSES(ASSET)};

const size_t api_route_count = sizeof(api_routes) / sizeof(api_routes[0]);
