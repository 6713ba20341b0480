/* An event that is there and has to change: what differs is sent, and nothing else. */
#include "payment_inside.h"

#include "event_change.h"
#include "inviter.h"

enum { TURNS_MAX = 4 }; /* of read, decide, write when others change the event meanwhile */

/* The provider does not take one of the new guests: the event is written without them. */
static bool leave_out_new_guests(struct debt *debt, const struct google_answer *answer, unsigned parts)
{
	if (answer->outcome != GOOGLE_INVALID || (parts & GOOGLE_PART_GUESTS) == 0 || debt->a.erased ||
	    debt->guests_left_out)
		return false;
	debt->guests_left_out = true;
	return true;
}

/* Of the draft's guests those whom the event has invited. */
static void keep_invited(struct debt *debt, const struct google_event *event,
			 struct google_event_draft *draft)
{
	struct google_guest *guests = arena_array(debt->mem, draft->guest_count, sizeof(*guests));
	size_t kept = 0;
	debt->invited = "";
	for (size_t i = 0; i < draft->guest_count; i++) {
		const char *email = draft->guests[i].email;
		if (!event_has_invited(debt->mem, event, email))
			continue;
		guests[kept++] = draft->guests[i];
		debt->invited = arena_printf(debt->mem, "%s%s%s", debt->invited, kept > 1 ? " " : "", email);
	}
	draft->guests = guests;
	draft->guest_count = kept;
}

/* What an event lacks that is neither emptied nor gone; `sent` comes to be that. */
static unsigned parts_changed(struct debt *debt, const struct google_event *event,
			      struct google_event_draft *sent)
{
	if (!debt->a.event_outdated)
		return event_same_time(event, &debt->a) ? 0 : GOOGLE_PART_TIME;
	if (debt->guests_left_out)
		keep_invited(debt, event, sent);
	return event_difference(debt->mem, &debt->a, event, payment_invites(debt), sent);
}

static bool gone(struct debt *debt)
{
	debt->payment = PAYMENT_GONE;
	return true;
}

/*
 * Read, decide, write, until the event is as it should be or is gone. What was only moved, or is to be
 * emptied, need not be read first: the row has the etag. False: it could not be done, see the answer.
 */
static bool change_in_turns(struct debt *debt, const struct google_event_draft *draft,
			    struct google_answer *answer)
{
	const bool erased = debt->a.erased;
	const char *etag = debt->a.event_outdated && !erased ? NULL : debt->a.event_etag;
	unsigned parts = GOOGLE_PART_TIME | (erased ? GOOGLE_PART_TEXT | payment_guests_part(debt) : 0);
	struct google_event_draft sent = *draft;
	struct google_event event;
	for (int turn = 0; turn < TURNS_MAX; turn++) {
		if (etag == NULL) {
			if (payment_get(debt, &event, answer) != GOOGLE_OK)
				return false;
			if (event.status == GOOGLE_EVENT_CANCELLED)
				return gone(debt);
			etag = event.etag;
			sent = *draft;
			if (!erased)
				parts = parts_changed(debt, &event, &sent);
		}
		/* Our own change, whose reply was lost; or somebody has made it by hand. */
		if (parts != 0 && payment_patch(debt, parts, &sent, etag, &event, answer) == GOOGLE_OK &&
		    event.status == GOOGLE_EVENT_CANCELLED)
			return gone(debt);
		if (parts == 0 || answer->outcome == GOOGLE_OK) {
			payment_taken(debt, &event);
			return true;
		}
		if (answer->outcome != GOOGLE_PRECONDITION_FAILED &&
		    !leave_out_new_guests(debt, answer, parts))
			return false;
		etag = NULL;
	}
	return false;
}

void payment_change(struct debt *debt)
{
	struct google_event_draft draft;
	struct google_answer answer;
	const bool outdated = debt->a.event_outdated && !debt->a.erased;
	bool claimed;
	if (outdated && !inviter_decide(debt, &claimed)) {
		payment_later(debt, visit_backoff_ms(debt->a.calendar_attempts, DEBT_WAIT_MAX_MS));
		return;
	}
	if (outdated)
		payment_make_link(debt);
	payment_draft(debt, &draft);
	if (change_in_turns(debt, &draft, &answer)) {
		if (debt->payment == PAYMENT_DONE && debt->guests_left_out && !inviter_take_over(debt))
			payment_later(debt, visit_backoff_ms(debt->a.calendar_attempts, DEBT_WAIT_MAX_MS));
		return;
	}
	if (answer.outcome == GOOGLE_GONE)
		debt->payment = PAYMENT_GONE;
	else if (answer.outcome == GOOGLE_NOT_FOUND && debt->a.erased)
		payment_removed(debt); /* nothing is left that could tell of the person */
	else
		payment_failed(debt, &answer);
	debt->lost = answer.outcome == GOOGLE_NOT_FOUND && !debt->a.erased;
}
