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

/*
 * The words of the database and of replies, X(NAME, word); each enum has a _name (static) and a _parse
 * (false: no such word).
 */
#define APPOINTMENT_STATUSES(X)                                                                              \
	X(HELD, "held")                                                                                      \
	X(SCHEDULED, "scheduled")                                                                            \
	X(CANCELLED, "cancelled")                                                                            \
	X(COMPLETED, "completed")                                                                            \
	X(NO_SHOW, "no_show")                                                                                \
	X(EXPIRED, "expired") /* a hold that ran out or was replaced, a request that nobody answered */      \
	/* how a request is shown: it is kept as a hold */                                                   \
	X(REQUESTED, "requested") /* it waits for the coach */                                               \
	X(DECLINED, "declined")

enum appointment_status {
#define STATUS(name, word) APPOINTMENT_##name,
	APPOINTMENT_STATUSES(STATUS)
#undef STATUS
};

/* Who cancelled. */
#define CANCELLED_BY(X)                                                                                      \
	X(CLIENT, "client")                                                                                  \
	X(COACH, "coach")                                                                                    \
	X(ADMIN, "admin")                                                                                    \
	X(CALENDAR, "calendar")

enum cancelled_by {
	CANCELLED_BY_NOBODY, /* it is not cancelled; its name is NULL */
#define WHO(name, word) CANCELLED_BY_##name,
	CANCELLED_BY(WHO)
#undef WHO
};

/* Who sends the invitation to an appointment; decided once. */
enum inviter {
	INVITER_OPEN, /* not decided yet; its name is NULL */
	INVITER_GOOGLE,
	INVITER_EMAIL,
	INVITER_NONE, /* there is no address, or nobody who could */
};

const char *inviter_name(enum inviter inviter);
bool inviter_parse(const char *name, enum inviter *ret_inviter);
const char *appointment_status_name(enum appointment_status status);
bool appointment_status_parse(const char *name, enum appointment_status *ret_status);
const char *cancelled_by_name(enum cancelled_by who);
bool cancelled_by_parse(const char *name, enum cancelled_by *ret_who);

/* What became of the credits and the code that an appointment took. */
#define PAYMENT_STATES(X)                                                                                    \
	X(PAID, "paid")                                                                                      \
	X(RETURNED, "returned")                                                                              \
	X(KEPT, "kept")

enum payment_state {
	PAYMENT_NONE, /* it took nothing; its name is NULL */
#define STATE(name, word) PAYMENT_##name,
	PAYMENT_STATES(STATE)
#undef STATE
};

const char *payment_state_name(enum payment_state state);
bool payment_state_parse(const char *name, enum payment_state *ret_state);

/* What says whether an appointment may be cancelled or moved. */
struct appointment_facts {
	enum appointment_status status;
	instant start;
	instant end;
	instant hold_expires_at; /* of a held one */
	/* What the client was promised when booking. */
	int64_t cancel_notice_minutes;
	int64_t reschedule_notice_minutes;
	int64_t max_reschedules; /* or POLICY_NO_LIMIT */
	int64_t reschedule_count;
	enum late_cancel late_cancel;
};

/*
 * What the schema's functions cancel_appointment and move_appointment will answer, as far as it rests on the
 * appointment itself: for replies that say so beforehand. The schema decides; tests/api/terms.test.mjs holds
 * the two together.
 */
struct appointment_terms {
	instant cancel_before; /* the last instant at which the client may cancel, and move */
	instant reschedule_before;
	enum refusal cancel; /* REFUSAL_NONE: it may be cancelled now */
	enum refusal reschedule;
	bool keeps; /* cancelled now, what it took is kept */
};

/* exempt: whoever asks is bound by no cut-off and no limit of moves (a coach, an admin). */
struct appointment_terms appointment_terms(const struct appointment_facts *facts, instant now, bool exempt);

/*
 * The guests of an appointment are one text: addresses in lower case with a blank between, NULL if there are
 * none. Whether this address is one of them; and the same as people read it, in `mem`, or NULL.
 */
enum { APPOINTMENT_GUESTS_MAX = 10 };
bool appointment_invites(const char *guests, const char *address);
const char *appointment_guests_text(const char *guests, struct arena *mem);

/* The guests one by one, in `mem`. Returns how many: APPOINTMENT_GUESTS_MAX at most. */
size_t appointment_guests(const char *guests, struct arena *mem,
			  const char *ret_addresses[static APPOINTMENT_GUESTS_MAX]);

/*
 * The iCalendar UID of an appointment, for life, in `mem`: what Google gives its event (iCalUID), so that a
 * calendar that gets both the event and a file of ours keeps one entry. `id` must be a UUID.
 */
const char *appointment_uid(const char *id, struct arena *mem);

#endif
