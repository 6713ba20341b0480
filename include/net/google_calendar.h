/*
 * google_calendar - the calls of the Google Calendar API v3 that bookingd makes.
 *
 * Each is one request and its answer: https://developers.google.com/workspace/calendar/api/v3/reference. A
 * 401 is met by one fresh token and one repetition inside; nothing else is repeated here, for only the caller
 * knows what an unanswered request may have done (google_answer.may_be_applied).
 *
 * Every call blocks until its deadline at most, returns answer->outcome, and fills *ret_ only when that is
 * GOOGLE_OK. What comes back lives in call->mem. Calls may run in any thread, each thread with its own
 * fetch_client; the token source is shared. Nothing here logs.
 */
#ifndef NET_GOOGLE_CALENDAR_H
#define NET_GOOGLE_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/instant.h"
#include "domain/interval.h"
#include "net/fetch.h"
#include "net/google.h"
#include "net/google_auth.h"

struct dav;

/* What surrounds a call. Borrowed until it returns. */
struct google_call {
	const char *api; /* https://www.googleapis.com/calendar/v3, no slash at the end */
	struct fetch_client *fetcher;
	struct google_token_source *tokens;
	const struct dav *dav; /* of a CalDAV server, in place of tokens: whom to ask, as whom; NULL */
	struct arena *mem;
	instant now;
	int64_t deadline; /* as monotonic_ms, for everything together */
};

/* --- Busy times ----------------------------------------------------------------------------- */

enum {
	GOOGLE_BUSY_CALENDARS_MAX = 50, /* calendars in one request */
	GOOGLE_BUSY_DAYS_MAX = 60,      /* Google refuses about 90 days; no page says where it begins */
};

/* One calendar's busy times. */
struct google_busy {
	bool known;             /* false: unknown, never to be read as free */
	const char *problem;    /* why it is unknown: Google's reason ("notFound"), or "missing", "no_busy",
				   "malformed" */
	struct interval *items; /* ascending, disjoint, none empty; may reach beyond what was asked */
	size_t count;
};

/*
 * Ask when the calendars are busy in [from, to).
 *
 * calendars, count  ids ("primary", "x@group.calendar.google.com"); 1 or more, asked in portions.
 * from, to          from < to, any distance; asked in portions of 60 days.
 * ret_busy          `count` elements, in the order of `calendars`.
 *
 * GOOGLE_OK says that Google answered, not that every calendar is known: look at `known` of each. One portion
 * failing fails the whole. All-day and other events that count as busy are Google's decision.
 */
enum google_outcome google_busy_query(const struct google_call *call, const char *const calendars[],
				      size_t count, instant from, instant to, struct google_busy ret_busy[],
				      struct google_answer *answer);

/* --- Events --------------------------------------------------------------------------------- */

enum { GOOGLE_EVENT_ID_BYTES = 33 };

/*
 * The event id of an appointment: the 32 hexadecimal digits of its UUID in lower case, which are all letters
 * of the base32hex alphabet that Google asks for. False if `uuid` is none (8-4-4-4-12).
 */
bool google_event_id(const char *uuid, char out[static GOOGLE_EVENT_ID_BYTES]);

enum google_response {
	GOOGLE_RESPONSE_NEEDED,
	GOOGLE_RESPONSE_DECLINED,
	GOOGLE_RESPONSE_TENTATIVE,
	GOOGLE_RESPONSE_ACCEPTED,
};

struct google_guest {
	const char *email;
	const char *name; /* NULL: none */
	const char *json; /* as Google has them, to be sent back whole: a list that replaces Google's keeps
			     their answer and all else; NULL: by email and name */
};

/* Which parts of a draft a patch sends. */
enum google_event_part {
	GOOGLE_PART_TITLE = 1,      /* summary */
	GOOGLE_PART_TIME = 2,       /* start, end, time_zone */
	GOOGLE_PART_GUESTS = 4,     /* the whole list; replaces Google's, answers included */
	GOOGLE_PART_CONFERENCE = 8, /* a new conference request; without one the conference is taken away */
	GOOGLE_PART_REVIVE = 16,    /* status confirmed: brings a deleted event back */
	GOOGLE_PART_DESCRIPTION = 32,
	GOOGLE_PART_PLACE = 64,  /* location */
	GOOGLE_PART_TRACE = 128, /* trace */
	GOOGLE_PART_TEXT =
		GOOGLE_PART_TITLE | GOOGLE_PART_DESCRIPTION | GOOGLE_PART_PLACE | GOOGLE_PART_TRACE,
};

/* An event as we want it. Everything is borrowed. */
struct google_event_draft {
	const char *id;         /* from google_event_id; insert only */
	const char *booking_id; /* the appointment's UUID, private property `bookingId` */
	const char *trace;   /* private property `bookingdTrace`, at most 1024 characters; NULL: not sent */
	const char *summary; /* NULL is sent as "" */
	const char *description; /* NULL is sent as "" */
	const char *location;    /* NULL: not sent */
	instant start;
	instant end;           /* > start */
	const char *time_zone; /* IANA name, for display; NULL: UTC */
	const struct google_guest *guests;
	bool guests_apart;              /* they do not see each other's addresses */
	size_t guest_count;             /* 0: no `attendees` on insert, an empty list on patch */
	const char *conference_request; /* id of the Meet request: the same on a retry, a new one after
					   `failure`; NULL: no conference is asked for */
	const int *popup_reminders;     /* minutes before, 0 .. 40320; at most 5 */
	size_t popup_reminder_count;    /* 0: the calendar's own reminders; insert only */
	bool silent;                    /* sendUpdates=none: nobody is written to, for erasure and where
					   somebody else tells them; otherwise Google does (all) */
};

enum google_event_status {
	GOOGLE_EVENT_CONFIRMED,
	GOOGLE_EVENT_TENTATIVE,
	GOOGLE_EVENT_CANCELLED, /* deleted: only the id is sure to be there */
};

enum google_conference {
	GOOGLE_CONFERENCE_NONE,
	GOOGLE_CONFERENCE_PENDING, /* no link yet: get the event again in a moment */
	GOOGLE_CONFERENCE_SUCCESS,
	GOOGLE_CONFERENCE_FAILURE, /* ask again with a new conference_request */
};

struct google_attendee {
	const char *email; /* NULL if Google keeps it back */
	enum google_response response;
	bool self; /* the calendar this copy lies in */
	bool organizer;
	const char *json; /* all of it; NULL in a list of events */
};

/* An event as Google has it. Strings in the arena; NULL where Google sent none. */
struct google_event {
	const char *id;
	enum google_event_status status;
	const char *etag; /* with its quotes, as If-Match wants it */
	bool has_time;    /* false: start and end are 0 (a cancelled event may come bare) */
	bool all_day; /* start_date and end_date hold; start and end are those dates' midnights in time_zone,
			 or, where that is NULL or no zone we know, in UTC */
	instant start;
	instant end;
	struct civil_date start_date;
	struct civil_date end_date; /* exclusive */
	const char *time_zone;      /* start.timeZone, else, in a list, the calendar's; NULL: not said */
	bool transparent;           /* does not count as busy */
	const char *meet_url;       /* https only; from the video entry point, else hangoutLink */
	enum google_conference conference;
	const char *html_link;
	instant updated;        /* 0: not said */
	const char *booking_id; /* our private extended properties */
	const char *trace;
	const char *title; /* these three are not asked for in a list */
	const char *description;
	const char *location;
	const char *conference_request; /* id of the request that the conference was made by */
	bool recurring;                 /* an instance of a series */
	const struct google_attendee *attendees;
	size_t attendee_count;
};

/*
 * Insert. conferenceDataVersion=1, sendUpdates=all unless silent. GOOGLE_DUPLICATE when the id was ever used
 * in this calendar, by a deleted event too: get it and compare booking_id and status.
 */
enum google_outcome google_event_insert(const struct google_call *call, const char *calendar,
					const struct google_event_draft *draft,
					struct google_event *ret_event, struct google_answer *answer);

/* Read one event. A deleted one is GOOGLE_OK with status GOOGLE_EVENT_CANCELLED. */
enum google_outcome google_event_get(const struct google_call *call, const char *calendar,
				     const char *event_id, struct google_event *ret_event,
				     struct google_answer *answer);

/*
 * Change some parts.
 *
 * parts     enum google_event_part, or-ed.
 * if_match  the etag the decision was based on: GOOGLE_PRECONDITION_FAILED if the event changed
 *           since, a guest's answer included. NULL: whatever it is now.
 */
enum google_outcome google_event_patch(const struct google_call *call, const char *calendar,
				       const char *event_id, unsigned parts,
				       const struct google_event_draft *draft, const char *if_match,
				       struct google_event *ret_event, struct google_answer *answer);

/*
 * Delete, mailing the guests unless `silent`. GOOGLE_GONE (deleted before) and GOOGLE_NOT_FOUND mean that it
 * is not there. if_match as for patch.
 */
enum google_outcome google_event_delete(const struct google_call *call, const char *calendar,
					const char *event_id, bool silent, const char *if_match,
					struct google_answer *answer);

/* Which events to list: by window, by sync token, or (neither) all of them. */
struct google_event_query {
	instant from;           /* only events that end after this; 0: no bound */
	instant to;             /* only events that start before this; 0: no bound */
	const char *sync_token; /* what changed since that token was given; from and to must be 0 then */
	const char *page_token; /* from the page before, with all else unchanged; NULL: the first page */
};

struct google_event_page {
	struct google_event *events; /* instances of series, not series; deleted ones too */
	size_t count;                /* may be 0 with more pages to come */
	const char *next_page;       /* NULL: this is the last page */
	const char *next_sync;       /* on the last page only; NULL before, and where Google gives none */
	const char *time_zone;       /* of the calendar; NULL: not said */
	const char *title;           /* of the calendar; for a primary one usually the account's address */
	const char *access_role;     /* "owner", "writer", "reader", "freeBusyReader"; NULL: not said */
};

/*
 * List one page of at most 250. Process pages in turn; store next_sync only after the last.
 * GOOGLE_FULL_SYNC_REQUIRED: the token is dead. Titles, descriptions and places of the coach's events are not
 * asked for.
 */
enum google_outcome google_events_page(const struct google_call *call, const char *calendar,
				       const struct google_event_query *query,
				       struct google_event_page *ret_page, struct google_answer *answer);

/* --- Push ------------------------------------------------------------------------------------ */

struct google_channel {
	const char *resource_id; /* to be compared with X-Goog-Resource-ID, and to stop the channel */
	instant expires;         /* what Google granted, which may be less than asked */
};

/*
 * Ask to be told of changes in a calendar.
 *
 * channel_id  1 .. 64 characters, never used before in this project (a UUID).
 * token       comes back in X-Goog-Channel-Token; at most 256 characters.
 * address     https with a certificate that Google trusts.
 * lifetime    wanted; Google's default is a week.
 *
 * The first message (`sync`) may arrive before this call returns. Never repeat with the same channel_id.
 */
enum google_outcome google_events_watch(const struct google_call *call, const char *calendar,
					const char *channel_id, const char *token, const char *address,
					seconds lifetime, struct google_channel *ret_channel,
					struct google_answer *answer);

/* Stop a channel. GOOGLE_NOT_FOUND: it has ended by itself. */
enum google_outcome google_channel_stop(const struct google_call *call, const char *channel_id,
					const char *resource_id, struct google_answer *answer);

/* --- Exposed for tests ------------------------------------------------------------------------ */

/* Readers of a 200 reply's body; false: it is not what Google documents. Pure. */
bool google_event_read(struct arena *mem, const char *body, size_t length, struct google_event *ret_event);
bool google_event_page_read(struct arena *mem, const char *body, size_t length,
			    struct google_event_page *ret_page);
bool google_channel_read(struct arena *mem, const char *body, size_t length,
			 struct google_channel *ret_channel);

/*
 * Add one freeBusy reply's intervals to `busy`, each element of which starts as known and empty. What is not
 * certain makes a calendar unknown. False: the body is no freeBusy reply.
 */
bool google_busy_read(struct arena *mem, const char *body, size_t length, const char *const calendars[],
		      size_t count, struct google_busy busy[]);

/* Append the JSON body of an insert (parts == 0) or a patch; look at body->overflowed afterwards. */
void google_event_write(struct buffer *body, const struct google_event_draft *draft, unsigned parts);

#endif
