/*
 * appointment - the words for what becomes of an appointment, and its cut-offs. Pure.
 */
#ifndef DOMAIN_APPOINTMENT_H
#define DOMAIN_APPOINTMENT_H

#include "base/arena.h"
#include "base/instant.h"
#include "domain/policy.h"
#include "domain/refusal.h"

#include <stdbool.h>

/* As written in the database and in replies; each has a _name (static) and a _parse (false: no such word). */
enum appointment_status {
	APPOINTMENT_HELD,
	APPOINTMENT_SCHEDULED,
	APPOINTMENT_CANCELLED,
	APPOINTMENT_COMPLETED,
	APPOINTMENT_NO_SHOW,
};

/* How an appointment stands in the coach's calendar. */
enum calendar_state {
	CALENDAR_SYNCED,   /* Google has what we have, a deletion included */
	CALENDAR_PENDING,  /* safe in the database; the event follows */
	CALENDAR_FAILED,   /* Google refused for good */
	CALENDAR_CONFLICT, /* moved by hand onto another appointment; ours keeps its time */
	CALENDAR_OFF,      /* no calendar connected */
};

/* Who cancelled. */
enum cancelled_by { CANCELLED_BY_CLIENT, CANCELLED_BY_COACH, CANCELLED_BY_ADMIN, CANCELLED_BY_CALENDAR };

const char *appointment_status_name(enum appointment_status status);
bool appointment_status_parse(const char *name, enum appointment_status *ret_status);
const char *calendar_state_name(enum calendar_state state);
bool calendar_state_parse(const char *name, enum calendar_state *ret_state);
const char *cancelled_by_name(enum cancelled_by who);
bool cancelled_by_parse(const char *name, enum cancelled_by *ret_who);

/* What the rules below look at. */
struct appointment_facts {
	enum appointment_status status;
	instant start;
	instant hold_expires_at; /* of a held one */
	int64_t reschedule_count;
};

/* The last instant at which a client may cancel or move: `cancel_before`, `reschedule_before`. */
instant appointment_cancel_before(const struct policy *policy, instant start);
instant appointment_reschedule_before(const struct policy *policy, instant start);

/*
 * Each answers REFUSAL_NONE or the rule that stands against it. `exempt`: a coach or an admin asks, who is
 * bound by no cut-off and no limit, but by the past.
 *
 * cancel      NOT_ACTIVE, CANCELLATION_CLOSED. A hold may always be released. An appointment that is
 * cancelled already is for the caller to answer (200), not asked here. reschedule  NOT_ACTIVE (a hold too),
 * RESCHEDULE_CLOSED, RESCHEDULE_LIMIT. confirm     NOT_ACTIVE, HOLD_EXPIRED (from hold_expires_at on). A
 * scheduled one gives REFUSAL_NONE. mark        as completed or no_show: NOT_ACTIVE, NOT_STARTED. One may be
 * changed into the other.
 */
enum refusal appointment_cancel(const struct appointment_facts *facts, const struct policy *policy,
				instant now, bool exempt);
enum refusal appointment_reschedule(const struct appointment_facts *facts, const struct policy *policy,
				    instant now, bool exempt);
enum refusal appointment_confirm(const struct appointment_facts *facts, instant now);
enum refusal appointment_mark(const struct appointment_facts *facts, instant now);

/*
 * The iCalendar UID of an appointment, for life, in `mem`: what Google gives its event (iCalUID), so that a
 * calendar that gets both the event and a file of ours keeps one entry. `id` must be a UUID.
 */
const char *appointment_uid(const char *id, struct arena *mem);

#endif
