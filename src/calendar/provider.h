/*
 * provider - what a calendar must be able to do. Google is the first row, CalDAV the second.
 *
 * Busy times are read, an event is written, read, changed and deleted, changes are listed, and pushes are
 * opened and closed. The shapes are Google's (an etag, a sync token, one outcome for each answer); a provider
 * that has others maps its own to them. Each function is one request, described in net/google_calendar.h.
 * Only visit.c calls these, so that no answer goes unnoticed.
 */
#ifndef CALENDAR_PROVIDER_H
#define CALENDAR_PROVIDER_H

#include "net/google_calendar.h"

struct provider {
	const char *name;
	/* NULL: busy times are read as those of one of the coach's further calendars (calendar/sources.h). */
	enum google_outcome (*busy)(const struct google_call *call, const char *const calendars[],
				    size_t count, instant from, instant to, struct google_busy ret_busy[],
				    struct google_answer *answer);
	enum google_outcome (*insert)(const struct google_call *call, const char *calendar,
				      const struct google_event_draft *draft, struct google_event *ret_event,
				      struct google_answer *answer);
	enum google_outcome (*get)(const struct google_call *call, const char *calendar, const char *event_id,
				   struct google_event *ret_event, struct google_answer *answer);
	enum google_outcome (*patch)(const struct google_call *call, const char *calendar,
				     const char *event_id, unsigned parts,
				     const struct google_event_draft *draft, const char *if_match,
				     struct google_event *ret_event, struct google_answer *answer);
	enum google_outcome (*remove)(const struct google_call *call, const char *calendar,
				      const char *event_id, bool silent, const char *if_match,
				      struct google_answer *answer);
	enum google_outcome (*list)(const struct google_call *call, const char *calendar,
				    const struct google_event_query *query,
				    struct google_event_page *ret_page, struct google_answer *answer);
	/* NULL, both: no pushes, changes are found by polling. */
	enum google_outcome (*watch)(const struct google_call *call, const char *calendar,
				     const char *channel_id, const char *token, const char *address,
				     seconds lifetime, struct google_channel *ret_channel,
				     struct google_answer *answer);
	enum google_outcome (*stop)(const struct google_call *call, const char *channel_id,
				    const char *resource_id, struct google_answer *answer);
};

extern const struct provider provider_google;
extern const struct provider provider_caldav;

#endif
