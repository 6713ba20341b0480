/*
 * inviter - who invites people to an appointment: the provider, our mail, or nobody. Decided once, in the
 * row, by whoever asks first. Each blocks for one statement at most; for src/calendar/payment.c only.
 */
#ifndef CALENDAR_INVITER_H
#define CALENDAR_INVITER_H

#include "payment.h"

/* Who does where the provider does not. Pure. */
enum inviter inviter_other(const struct debt *debt);

/*
 * Before a guest is written it must be sure that nobody else invites them. Where the event stands already and
 * nobody was invited by it, the provider does not begin to. *ret_claimed: it is the provider, by this call.
 * False: the database failed, try again later.
 */
bool inviter_decide(struct debt *debt, bool *ret_claimed);

/* The provider has not written the guest: somebody else invites, or (INVITER_OPEN) it is open again. */
void inviter_change(struct debt *debt, enum inviter inviter);

/*
 * The provider has written the event, but not all of its guests: where mail goes out, from now on we tell
 * everybody of this appointment, beginning with those whom the event has not invited (debt->invited says who
 * it has). False: the database failed, try again later.
 */
bool inviter_take_over(struct debt *debt);

#endif
