/*
 * ical_event - one VEVENT of a stranger's file: when it begins, how long it takes, what it replaces and
 * leaves out.
 *
 * For domain/ical_busy.c. Spans lie in the file's text. Pure but for zone_find; one thread at a time for one
 * reader.
 */
#ifndef DOMAIN_ICAL_EVENT_H
#define DOMAIN_ICAL_EVENT_H

#include "base/uuid.h"
#include "domain/ical_zone.h"

/* What all events of a file share. */
struct ical_reader {
	struct ical_zones zones;
	struct ical_zone floating; /* of floating and all-day times */
	struct arena *mem;
	size_t budget;          /* days that rules may look at still */
	size_t in_unknown_zone; /* see struct ical_busy */
	const char *unknown_zone;
};

/* The reader must not move afterwards. `zone` and `mem` are borrowed for its life. */
void ical_reader_init(struct ical_reader *reader, const struct zone *zone, struct interval window,
		      struct arena *mem);

struct ical_event {
	struct ical_span uid; /* empty without */
	struct ical_time start;
	const struct ical_zone *zone; /* whose wall clock `start.local` is */
	bool is_date;
	seconds nominal; /* how long on the wall clock */
	seconds exact;   /* how long in elapsed time */
	bool inexact;    /* its end could not be read: a day is assumed */
};

/* Whether it takes time at all. addresses: the owner's, NULL at the end, or NULL. */
bool ical_event_is_busy(struct ical_span component, const char *const *addresses);

/* False: its DTSTART is missing or cannot be read. */
bool ical_event_read(struct ical_reader *reader, struct ical_span component, struct ical_event *ret_event);

/*
 * Set an event's start (and, of a period, its length) to one element of a property such as RDATE or FREEBUSY.
 * False: it cannot be read.
 */
bool ical_date_read(struct ical_reader *reader, const struct ical_line *line, struct ical_span element,
		    struct ical_event *event);

/* The time of the instance that begins at that wall clock time. Empty for an event without length. */
struct interval ical_event_time(const struct ical_reader *reader, const struct ical_event *event,
				seconds local);

/* The wall clock of an event's zone at an instant. */
seconds ical_reader_local(const struct ical_reader *reader, const struct ical_zone *zone, instant at);

/* EXDATEs: instances by their instant, and all of a date. */
struct ical_exceptions {
	instant *instants; /* ascending */
	size_t instant_count;
	int64_t *days; /* ascending, since 1970-01-01 in the event's zone */
	size_t day_count;
};

/*
 * Read them; the rows lie in `mem`. True: some were left out (unreadable, an EXRULE, over
 * ICAL_BUSY_DATES_MAX), so that the event takes more time than it means.
 */
bool ical_exceptions_read(struct ical_reader *reader, struct ical_span component,
			  const struct ical_event *event, struct arena *mem,
			  struct ical_exceptions *ret_exceptions);

bool ical_is_exception(const struct ical_exceptions *exceptions, instant start, seconds local);

/* A VEVENT with RECURRENCE-ID: in the place of one instance, or of that and all later ones. */
struct ical_override {
	struct ical_span uid;
	instant instance;
	bool and_future;
	bool busy;
	seconds shift; /* of later instances */
	seconds nominal, exact;
	const struct ical_override
		*future; /* the last THISANDFUTURE up to this one, for the caller to find; NULL */
};

/* False: it has no RECURRENCE-ID, or none that can be read. */
bool ical_override_read(struct ical_reader *reader, struct ical_span component,
			struct ical_override *ret_override);

/* How far outside the window an instance may lie that it moves into it; 0 unless it is for all that follow.
 */
seconds ical_override_shift(const struct ical_override *override);

/* Whether a UID has the form of ours; then the appointment's id. */
bool ical_uid_is_ours(struct ical_span uid, char ret_id[static UUID_TEXT_SIZE]);

#endif
