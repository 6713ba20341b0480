/*
 * ical_busy - when an iCalendar file says that its owner is busy.
 *
 * Understood: VEVENT with DTEND or DURATION, RRULE, RDATE (periods too), EXDATE, RECURRENCE-ID (THISANDFUTURE
 * too), all-day and floating times, and VFREEBUSY. Left out: what is transparent, cancelled, free to Outlook
 * (X-MICROSOFT-CDO-BUSYSTATUS) or declined by the owner.
 *
 * Never less: what cannot be followed exactly takes all the time that it could mean, and `inexact` counts it.
 * An instance's end is the later of its exact and its nominal one.
 *
 * Pure but for zone_find; safe from any thread. Time and memory are bounded by the constants below, whatever
 * the file says; the text is changed in place.
 */
#ifndef DOMAIN_ICAL_BUSY_H
#define DOMAIN_ICAL_BUSY_H

#include "base/arena.h"
#include "base/uuid.h"
#include "domain/interval.h"
#include "domain/zone.h"

enum {
	ICAL_BUSY_TIMES_MAX = 100000,              /* disjoint times of one file in the window */
	ICAL_BUSY_OWN_MAX = 20000,                 /* events of ours in one file */
	ICAL_BUSY_OVERRIDES_MAX = 50000,           /* RECURRENCE-IDs */
	ICAL_BUSY_INSTANCES_MAX = 2 * 1000 * 1000, /* of all events, in and around the window */
	ICAL_BUSY_DATES_MAX = 20000,               /* EXDATEs and RDATEs of one event */
	ICAL_BUSY_DAYS_MAX =
		20 * 1000 * 1000, /* days that all rules of one file may look at; then supersets */
};

struct ical_busy_question {
	const struct zone *zone;      /* of floating and all-day times, and of unknown TZIDs */
	struct interval window;       /* at most ICAL_BUSY_WINDOW_MAX; times that touch it are found */
	const char *const *addresses; /* the owner's, NULL at the end; NULL: none are known */
};

#define ICAL_BUSY_WINDOW_MAX ((seconds)1200 * SECONDS_PER_DAY)

/* A time of an event whose UID is of the form of ours (appointment_uid): the caller finds out whether it is.
 */
struct ical_busy_own {
	char appointment_id[UUID_TEXT_SIZE];
	struct interval time;
};

struct ical_busy {
	struct intervals times; /* sorted and disjoint */
	const struct ical_busy_own *own;
	size_t own_count;
	size_t events;            /* VEVENTs and VFREEBUSYs in the file */
	size_t inexact;           /* that take more time than they may mean */
	size_t unreadable;        /* that have no start we can read */
	size_t in_unknown_zone;   /* that were read in the question's zone for want of theirs */
	seconds refresh_seconds;  /* how often it wants to be read (REFRESH-INTERVAL, X-PUBLISHED-TTL); 0: not
				     said */
	const char *unknown_zone; /* the first such TZID, printable, in the arena; NULL */
};

enum ical_busy_result {
	ICAL_BUSY_READ,
	ICAL_BUSY_NO_CALENDAR, /* there is no BEGIN:VCALENDAR: a web page, an error, nothing */
	ICAL_BUSY_CUT,         /* it breaks off */
	ICAL_BUSY_TOO_MUCH,    /* more than the constants allow */
};

/* Read a file. *ret_busy lies in `mem`; it is written for ICAL_BUSY_READ only. */
enum ical_busy_result ical_busy_read(char *text, size_t length, const struct ical_busy_question *question,
				     struct arena *mem, struct ical_busy *ret_busy);

#endif
