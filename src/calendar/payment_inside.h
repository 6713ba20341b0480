/*
 * payment_inside - what the files of a payment share: the calls it is made of, and the ends of a try.
 */
#ifndef CALENDAR_PAYMENT_INSIDE_H
#define CALENDAR_PAYMENT_INSIDE_H

#include "payment.h"

/* Bring an event that is there to what the appointment says by now (payment_change.c). Ends the try. */
void payment_change(struct debt *debt);

enum { CONFERENCE_ATTEMPTS_MAX = 4 }; /* requests for one Meet link */

/* ---- ends of a try (payment_calls.c) ---- */

/* The provider has the event as we want it. */
void payment_taken(struct debt *debt, const struct google_event *event);

/* It has no event, as we want it. */
void payment_removed(struct debt *debt);

/* Nothing is decided: try again. */
void payment_later(struct debt *debt, int64_t wait_ms);

/* An answer that is neither success nor something to be looked into. */
void payment_failed(struct debt *debt, const struct google_answer *answer);

/* The provider will never take this version: `detail` says why. */
void payment_refused(struct debt *debt, const char *detail);

/* No Meet link comes any more; the detail says so. */
void payment_give_up_meet(struct debt *debt);

/* ---- what it is made of (payment_calls.c) ---- */

/* What the credentials proved able to do. */
void payment_learn(struct debt *debt, enum ability *of_coach, enum ability learned);

/* What the event lacks, which is said once it is there; NULL: nothing. */
const char *payment_limits_detail(struct debt *debt);

bool payment_wants_meet(const struct debt *debt);

enum google_outcome payment_get(struct debt *debt, struct google_event *event, struct google_answer *answer);

/* etag  of what the change was decided on; NULL: whatever the event is by now. */
enum google_outcome payment_patch(struct debt *debt, unsigned parts, const struct google_event_draft *draft,
				  const char *etag, struct google_event *event, struct google_answer *answer);

/* The part of a patch that empties the list: credentials that cannot invite may not even send an empty one.
 */
unsigned payment_guests_part(const struct debt *debt);

/* Whether the provider is to invite the client: this is decided here alone. */
bool payment_invites(const struct debt *debt);

/* The link by which the client moves or cancels. Without one the event is written all the same. */
void payment_make_link(struct debt *debt);

/* The event as it should be now, with its trace. */
void payment_draft(struct debt *debt, struct google_event_draft *ret_draft);

#endif
