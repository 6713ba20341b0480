/*
 * ics - appointments as iCalendar files (RFC 5545, by libical).
 *
 * Times are written in a zone, with a VTIMEZONE made from domain/zone.h's table, so that they are right
 * in every program whatever zone data it has. Its text depends on the zone alone, never on the appointment.
 * Lines end in CRLF and are folded; text is escaped, and control characters are dropped. libical is used
 * under a lock of this module's own (its globals are not safe across threads); safe from any thread, does no
 * I/O.
 */
#ifndef DOMAIN_ICS_H
#define DOMAIN_ICS_H

#include "base/arena.h"
#include "base/instant.h"
#include "domain/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ics_method { ICS_PUBLISH, ICS_REQUEST, ICS_CANCEL };

/* One appointment. Texts are UTF-8, borrowed; NULL or "" where there is none. */
struct ics_event {
	const char *uid;  /* the same for the appointment's whole life */
	int64_t sequence; /* grows with every change, 0 at first */
	bool cancelled;   /* STATUS:CANCELLED, else CONFIRMED */
	bool tentative;   /* STATUS:TENTATIVE, unless cancelled */
	instant stamp;    /* DTSTAMP: when this version came to be */
	instant created;  /* 0: not written */
	instant modified; /* 0: not written */
	instant start;
	instant end;
	const char *summary;
	const char *description; /* "\n" between lines */
	const char *location;    /* NULL: meeting_url, if any */
	const char *meeting_url; /* URL, CONFERENCE (RFC 7986), and at the end of the description */
	const char *organizer_name;
	const char *organizer_email;
	const char *attendee_name;
	const char *attendee_email;
};

struct ics_text {
	const char *bytes; /* NUL-terminated, in the caller's arena */
	size_t length;
};

/*
 * One appointment as a file.
 *
 * method  ICS_REQUEST and ICS_CANCEL need both an organizer and an attendee, and become ICS_PUBLISH without
 *         (RFC 5546); ICS_CANCEL makes the status cancelled. Published ones name no attendee.
 * zone    the wall clock it is written in; UTC where that clock alone would not tell the instant.
 */
struct ics_text ics_appointment(const struct ics_event *event, enum ics_method method,
				const struct zone *zone, struct arena *mem);

/*
 * Many, to subscribe to: what begins the file (METHOD:PUBLISH, a name, REFRESH-INTERVAL of RFC 7986, the
 * zone), then any number of events, then ICS_FEED_END. Cancelled events are kept.
 */
struct ics_text ics_feed_begin(const char *name, const struct zone *zone, struct arena *mem);
struct ics_text ics_feed_event(const struct ics_event *event, const struct zone *zone, struct arena *mem);
#define ICS_FEED_END "END:VCALENDAR\r\n"

/* The version of libical, such as "3.0.16". Static text. */
const char *ics_library_version(void);

#endif
