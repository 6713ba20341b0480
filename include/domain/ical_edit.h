/*
 * ical_edit - an appointment's event as a file on a calendar server: written, and changed where it stands.
 *
 * Times are in UTC. There is neither METHOD nor ORGANIZER nor ATTENDEE, so no server mails anybody. Text is
 * escaped, lines are folded and end in CRLF.
 *
 * Pure. Results lie in the caller's arena.
 */
#ifndef DOMAIN_ICAL_EDIT_H
#define DOMAIN_ICAL_EDIT_H

#include "base/arena.h"
#include "base/instant.h"
#include "domain/ical_text.h"

#include <stdbool.h>
#include <stddef.h>

/* Texts are UTF-8 without control characters but "\n". */
struct ical_draft {
	const char *uid;
	const char *appointment_id; /* X-BOOKINGD-APPOINTMENT */
	const char *summary;
	const char *description; /* NULL or "": none */
	const char *location;    /* NULL or "": none */
	const char *trace;       /* X-BOOKINGD-TRACE; NULL: none */
	instant start, end;
	instant stamp;               /* now */
	const int *reminder_minutes; /* before the start */
	size_t reminder_count;
};

/* What is changed in an event that stands. */
enum ical_part {
	ICAL_PART_TITLE = 1,  /* summary */
	ICAL_PART_TIME = 2,   /* start, end */
	ICAL_PART_REVIVE = 4, /* it takes place: not cancelled */
	ICAL_PART_DESCRIPTION = 8,
	ICAL_PART_PLACE = 16, /* location */
	ICAL_PART_TRACE = 32,
};

/* A property's value without the escapes of text; NULL: there is none. `event` is what ical_unfold() left. */
const char *ical_text_of(struct ical_span event, const char *property, struct arena *mem);

/* A new file. */
const char *ical_draft_new(const struct ical_draft *draft, struct arena *mem);

/*
 * The file `text` with these parts as in the draft and all else, such as the coach's own alarms, as it is.
 * NULL: it is not one event that stands once, and has to be written anew. `text` is changed.
 */
const char *ical_draft_over(char *text, size_t length, const struct ical_draft *draft, unsigned parts,
			    struct arena *mem);

#endif
