/*
 * notices - what people are told about their appointments, and when reminders are due.
 *
 * The typed form of the schedule document's `notices`. Pure: no clock, no I/O; safe from any thread.
 */
#ifndef DOMAIN_NOTICES_H
#define DOMAIN_NOTICES_H

#include "base/instant.h"
#include "domain/zone.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	REMINDERS_MAX = 10,
	REMINDER_BEFORE_MAX_MINUTES = 20160, /* two weeks */
	REMINDER_NEAR_SECONDS =
		3 * 3600, /* of two reminders that fall closer together only the later is sent */
};

/* Who is told. */
enum notice_recipient { NOTICE_CLIENT, NOTICE_COACH, NOTICE_RECIPIENTS };

/* What they are told when an appointment changes. */
enum notice_change { NOTICE_CONFIRMED, NOTICE_MOVED, NOTICE_CANCELLED, NOTICE_CHANGES };

/* How. */
enum notice_way {
	NOTICE_AUTO,     /* the client: by mail unless the calendar invites them; the coach: by mail */
	NOTICE_EMAIL,    /* by mail in any case */
	NOTICE_CALENDAR, /* never by mail: the calendar has to do */
	NOTICE_OFF,      /* not at all, in-app neither */
};

/* "auto" and so on, "confirmed" and so on, "client" and "coach"; static. */
const char *notice_way_name(enum notice_way way);
const char *notice_change_name(enum notice_change change);
const char *notice_recipient_name(enum notice_recipient recipient);

struct reminder {
	int before_minutes; /* elapsed minutes before the start, 1 .. REMINDER_BEFORE_MAX_MINUTES */
	bool to[NOTICE_RECIPIENTS];
};

/* Hours of the wall clock in which nobody is reminded; minutes since 00:00. */
struct quiet_hours {
	bool on;
	int from; /* 0 .. 1439 */
	int to;   /* 0 .. 1440; at or before `from`: on the next date */
};

struct notice_rules {
	enum notice_way ways[NOTICE_RECIPIENTS][NOTICE_CHANGES];
	struct reminder reminders[REMINDERS_MAX];
	size_t reminder_count;
	struct quiet_hours quiet;
};

/* Everything auto, a reminder to the client a day and an hour before, to the coach an hour before, no quiet
 * hours. */
extern const struct notice_rules notice_rules_default;

/*
 * When a reminder is due: `before_minutes` of elapsed time before the start; within quiet hours of the
 * recipient's zone at their beginning, so always earlier, never later.
 */
instant reminder_due(const struct quiet_hours *quiet, const struct zone *zone, instant start,
		     int before_minutes);

/* What is to be done about one reminder to one recipient. */
enum reminder_verdict {
	REMINDER_NOT_YET,
	REMINDER_NOW,
	REMINDER_TOO_LATE,     /* less than half of its time is left: the daemon was down, say */
	REMINDER_BOOKED_LATER, /* the appointment was booked, or moved to where it is, after that time */
	REMINDER_NEAR_ANOTHER, /* a later reminder follows within REMINDER_NEAR_SECONDS */
	REMINDER_NONE,         /* not for this recipient */
};

/*
 * Decide about rules->reminders[index] for one recipient of an appointment that is scheduled.
 *
 * zone     the recipient's.
 * known    since when the appointment has been where it is: booked or moved last.
 * now      at or after `start`: REMINDER_TOO_LATE.
 */
enum reminder_verdict reminder_judge(const struct notice_rules *rules, size_t index,
				     enum notice_recipient recipient, const struct zone *zone, instant start,
				     instant known, instant now);

#endif
