/*
 * refusal - the rules that may say no, named as in the HTTP contract.
 *
 * Those of a slot stand in the order in which the contract ranks them: when several refuse
 * a start, the smallest is the reply's code.
 */
#ifndef DOMAIN_REFUSAL_H
#define DOMAIN_REFUSAL_H

enum refusal {
	REFUSAL_NONE = 0,

	/* about a start */
	REFUSAL_BAD_DURATION,
	REFUSAL_TOO_SOON, /* the past too */
	REFUSAL_TOO_FAR,
	REFUSAL_BLOCKED,
	REFUSAL_OUTSIDE_HOURS,
	REFUSAL_NOT_ALIGNED,
	REFUSAL_BOOKING_LIMIT,
	REFUSAL_DAY_FULL,
	REFUSAL_SLOT_TAKEN,
	REFUSAL_CALENDAR_BUSY,

	/* about an appointment */
	REFUSAL_CANCELLATION_CLOSED,
	REFUSAL_RESCHEDULE_CLOSED,
	REFUSAL_RESCHEDULE_LIMIT,
	REFUSAL_NOT_ACTIVE,
	REFUSAL_NOT_STARTED,
	REFUSAL_HOLD_EXPIRED,
};

/* The code of the contract ("too_soon"); NULL for REFUSAL_NONE. Static. */
const char *refusal_code(enum refusal refusal);

#endif
