/*
 * event_change - what has to change in an event that stands, so that it says what the appointment does and
 * keeps what the coach has put there by hand: guests, a title, words of their own, a conference.
 *
 * An event carries a trace: a short private property that says what we wrote last. It is written together
 * with what it tells of, so it is as true as the event itself after a lost reply, a crash or a race. What
 * differs from it was written by hand. An event without one is of an earlier release: all of it is ours.
 *
 * Pure.
 */
#ifndef CALENDAR_EVENT_CHANGE_H
#define CALENDAR_EVENT_CHANGE_H

#include "event.h"

/* The trace of a draft that is written whole, in mem. */
const char *event_trace(struct arena *mem, const struct google_event_draft *draft);

/*
 * Bring the draft to what is to be sent to this event, and say which parts those are: or-ed, 0: nothing
 * differs.
 *
 * with_guests  whether the provider invites: only then is its list looked at.
 *
 * Who leaves, who was invited by the coach's own hand, or before somebody else came to invite, may read the
 * event: the description is then one that is fit for guests.
 */
unsigned event_difference(struct arena *mem, const struct appointment *appointment,
			  const struct google_event *event, bool with_guests,
			  struct google_event_draft *draft);

/* Whether the event invites this address, or did until the coach took it off by hand. */
bool event_has_invited(struct arena *mem, const struct google_event *event, const char *email);

#endif
