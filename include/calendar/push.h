/*
 * push - Google's messages that something changed in a calendar.
 */
#ifndef CALENDAR_PUSH_H
#define CALENDAR_PUSH_H

#include "calendar/calendar.h"
#include "calendar/worker.h"

/* Headers of a push, https://developers.google.com/workspace/calendar/api/guides/push. NULL: not sent. */
struct push {
	const char *channel_id;  /* X-Goog-Channel-ID */
	const char *token;       /* X-Goog-Channel-Token */
	const char *resource_id; /* X-Goog-Resource-ID */
	const char *state;       /* X-Goog-Resource-State */
};

enum push_verdict {
	PUSH_ACCEPTED,    /* a look for changes follows */
	PUSH_UNKNOWN,     /* no such channel (any more) */
	PUSH_REFUSED,     /* the token or the resource is not the channel's: nothing done */
	PUSH_UNAVAILABLE, /* the database; Google tries again */
};

/*
 * Whether the push carries the token of a channel of ours: every token is a keyed digest of its channel's id,
 * so forged pushes are told without the database. From any thread; does not block.
 */
bool push_is_genuine(const struct calendars *calendars, const struct push *push);

/* A refusal is logged at debug, since anybody can cause one. Blocks on the database. */
enum push_verdict calendar_pushed(struct calendars *calendars, struct worker *worker,
				  const struct push *push);

#endif
