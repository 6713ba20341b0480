/*
 * event - what an appointment looks like as an event in the coach's calendar.
 *
 * Pure.
 */
#ifndef CALENDAR_EVENT_H
#define CALENDAR_EVENT_H

#include "base/arena.h"
#include "db/appointments.h"
#include "net/google_calendar.h"

/* What an event is made of besides the appointment. */
struct event_words {
	const char *session_type; /* its name */
	const char *time_zone;    /* the coach's */
	const char *manage_url;   /* by which the client moves or cancels; NULL: none */
};

/*
 * The event as it should be now, in mem.
 *
 * invite  whether the client and their guests are its guests, whom the provider then mails. What these
 *         guests read says nothing of the client but the name.
 * meet    whether the provider is asked for a Meet link, if the appointment is to have one.
 *
 * An erased appointment has neither, nor anything that the client wrote.
 */
void event_draft(struct arena *mem, const struct appointment *appointment, const struct event_words *words,
		 bool invite, bool meet, struct google_event_draft *ret_draft);

/* The description that is fit for guests to read, in mem. */
const char *event_shared_description(struct arena *mem, const struct appointment *appointment);

/* Text as HTML that shows it, in mem; NULL: NULL. */
const char *event_html(struct arena *mem, const char *text);

/* What the client wrote, as it stands in a description that is not fit for guests; NULL: nothing. In mem. */
const char *event_notes(struct arena *mem, const struct appointment *appointment);

/* What the lines of ours in a description begin with, each with another letter; NULL ends them. */
extern const char *const event_labels[];
enum { EVENT_MANAGE_LABEL = 'M' }; /* of the line with manage_url, which is another one at each writing */

/* Whether the event lies where the appointment does. */
bool event_same_time(const struct google_event *event, const struct appointment *appointment);

/* Whether two links to an event lead to the same calendar, however they are written; UNKNOWN: one of them
 * does not tell, or is NULL. */
enum event_links { EVENT_LINKS_UNKNOWN, EVENT_LINKS_SAME, EVENT_LINKS_DIFFER };
enum event_links event_links_compare(struct arena *mem, const char *one, const char *two);

/* What the client answered to the invitation: "accepted", "declined", "tentative", or "none" (yet). */
const char *event_guest_response(const struct google_event *event, const struct appointment *appointment);

#endif
