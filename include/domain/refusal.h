/*
 * refusal - the rules that may say no, as the HTTP contract names them.
 */
#ifndef DOMAIN_REFUSAL_H
#define DOMAIN_REFUSAL_H

/*
 * X(NAME, code, status, sentence): the code of the contract, the HTTP status that belongs to it, and one
 * sentence for a person, said where the rule has no numbers to tell (slot_reason_detail tells those of a
 * start). The rules about a start come first, in the order in which the contract ranks them: when several
 * refuse a start, the first one is the reply's code.
 */
#define REFUSALS(X)                                                                                          \
	X(BAD_DURATION, bad_duration, 422, "This length isn't offered. Please choose another one.")          \
	X(TOO_SOON, too_soon, 422,                                                                           \
	  "It's too late to book this time. Please choose a later one.") /* the past too */                  \
	X(TOO_FAR, too_far, 422, "This time can't be booked yet. Please choose an earlier one.")             \
	X(BLOCKED, blocked, 422, "There are no sessions on this day. Please choose another one.")            \
	X(OUTSIDE_HOURS, outside_hours, 422,                                                                 \
	  "This time is outside working hours. Please choose another one.")                                  \
	X(NOT_ALIGNED, not_aligned, 422, "No session starts at this time. Please choose another one.")       \
	X(BOOKING_LIMIT, booking_limit, 409,                                                                 \
	  "You already have a session booked. Move or cancel it to book another.")                           \
	X(DAY_FULL, day_full, 409, "This day is fully booked. Please choose another one.")                   \
	X(SESSION_FULL, session_full, 409,                                                                   \
	  "All seats of this session are taken. Please choose another one.")                                 \
	X(SLOT_TAKEN, slot_taken, 409, "This time has just been taken. Please choose another one.")          \
	X(CALENDAR_BUSY, calendar_busy, 409, "The coach is busy at this time. Please choose another one.")   \
	/* what a booking takes */                                                                           \
	X(CREDITS_REQUIRED, credits_required, 402, "There aren't enough credits for this session.")          \
	X(PROMO_CODE_INVALID, promo_code_invalid, 422, "This code isn't valid for this session.")            \
	/* about an appointment */                                                                           \
	X(CANCELLATION_CLOSED, cancellation_closed, 409, "It's too late to cancel this session.")            \
	X(RESCHEDULE_CLOSED, reschedule_closed, 409, "It's too late to move this session.")                  \
	X(RESCHEDULE_LIMIT, reschedule_limit, 409,                                                           \
	  "This session has already been moved as often as possible.")                                       \
	X(NOT_ACTIVE, not_active, 409, "This session is over or has been cancelled.")                        \
	X(NOT_STARTED, not_started, 409, "This session hasn't started yet.")                                 \
	X(ADDRESS_NOT_VERIFIED, address_not_verified, 403,                                                   \
	  "You've already used several other email addresses today. Please use your own.")                   \
	X(SIGN_IN_REQUIRED, sign_in_required, 403,                                                           \
	  "This email address has an account. Please sign in to book with it.")                              \
	X(HOLD_EXPIRED, hold_expired, 410, "This time is no longer held for you. Please choose a time again.")

enum refusal {
	REFUSAL_NONE = 0,
#define REFUSAL_ENUM(name, code, status, sentence) REFUSAL_##name,
	REFUSALS(REFUSAL_ENUM)
#undef REFUSAL_ENUM
};

/* The code of the contract ("too_soon"); NULL for REFUSAL_NONE. Static. */
const char *refusal_code(enum refusal refusal);

/* The sentence of the table; NULL for REFUSAL_NONE. Static. */
const char *refusal_sentence(enum refusal refusal);

#endif
