/* The calls a payment is made of, and the ends of a try. */
#include "payment_inside.h"

#include "base/log.h"
#include "event_change.h"
#include "inviter.h"

enum { FIRST_POLL_MS = 1000 };

void payment_learn(struct debt *debt, enum ability *of_coach, enum ability learned)
{
	coach_learn(debt->visit->coach, of_coach, learned);
}

/* ---- ends of a try ---- */

void payment_later(struct debt *debt, int64_t wait_ms)
{
	debt->payment = PAYMENT_LATER;
	debt->wait_ms = wait_ms;
}

void payment_refused(struct debt *debt, const char *detail)
{
	debt->payment = PAYMENT_REFUSED;
	debt->detail = detail;
}

void payment_failed(struct debt *debt, const struct google_answer *answer)
{
	int64_t wait = visit_backoff_ms(debt->a.calendar_attempts, DEBT_WAIT_MAX_MS);
	switch (answer->outcome) {
	case GOOGLE_RATE_LIMITED:
		if (wait < answer->retry_after * 1000)
			wait = answer->retry_after * 1000;
		payment_later(debt, wait);
		return;
	case GOOGLE_QUOTA_EXCEEDED: /* health keeps the whole coach waiting for longer */
	case GOOGLE_TEMPORARY:
	case GOOGLE_UNAUTHORIZED:
	case GOOGLE_OPERATOR:
	case GOOGLE_DEAD_GRANT:
	case GOOGLE_PRECONDITION_FAILED:
	case GOOGLE_FULL_SYNC_REQUIRED:
		payment_later(debt, wait);
		return;
	case GOOGLE_NOT_FOUND:
	case GOOGLE_FORBIDDEN:
	case GOOGLE_INVALID:
	case GOOGLE_GONE:
	case GOOGLE_DUPLICATE:
	case GOOGLE_OK:
		break;
	}
	payment_refused(debt, visit_detail(debt->mem, answer));
}

const char *payment_limits_detail(struct debt *debt)
{
	const struct appointment *a = &debt->a;
	struct abilities can = coach_abilities(debt->visit->coach);
	bool no_guest = can.invite_guests == ABILITY_NO && a->invited_by == INVITER_NONE &&
			(a->email != NULL || a->guests != NULL);
	bool no_meet = can.create_meet == ABILITY_NO && a->meeting_kind == MEETING_GOOGLE_MEET;
	if (a->erased)
		return NULL;
	if (debt->guests_left_out)
		return inviter_other(debt) == INVITER_EMAIL
			       ? "Google does not take one of the guests' addresses, so everybody is told of "
				 "this session by mail from now on."
			       : "Google does not take one of the guests' addresses, so the guests were left "
				 "as they were.";
	if (no_guest && no_meet)
		return "The coach's calendar credentials can neither invite guests nor make a Meet link, so "
		       "the "
		       "event has neither; the calendar file has the details.";
	const char *guest =
		no_guest ? "The coach's calendar credentials cannot invite guests, so no invitation "
			   "was sent; the calendar file has the details."
		: debt->guest_refused && a->invited_by == INVITER_NONE
			? "Google does not take the client's address as a guest's, so no invitation "
			  "was sent; the calendar file has the details."
			: NULL;
	const char *meet =
		no_meet ? "The coach's calendar credentials cannot make a Meet link, so the event has none."
			: NULL;
	return guest != NULL && meet != NULL ? arena_printf(debt->mem, "%s %s", guest, meet)
	       : guest != NULL               ? guest
					     : meet;
}

bool payment_wants_meet(const struct debt *debt)
{
	return coach_abilities(debt->visit->coach).create_meet != ABILITY_NO && !debt->a.erased &&
	       debt->a.meeting_kind == MEETING_GOOGLE_MEET;
}

void payment_give_up_meet(struct debt *debt)
{
	debt->conference_pending = false;
	debt->detail = "Google could not make a Meet link for this appointment.";
}

void payment_taken(struct debt *debt, const struct google_event *event)
{
	struct visit *visit = debt->visit;
	debt->payment = PAYMENT_DONE;
	debt->written = true;
	debt->etag = event->etag;
	debt->link = event->html_link;
	debt->guest_response = event_guest_response(event, &debt->a);
	debt->wait_ms = 0;
	debt->conference_pending = false;
	debt->detail = payment_limits_detail(debt);
	payment_learn(debt, &visit->coach->health.can.write_events, ABILITY_YES);
	if (!payment_wants_meet(debt))
		return;
	if (event->conference == GOOGLE_CONFERENCE_SUCCESS) {
		debt->meet_url = event->meet_url;
		payment_learn(debt, &visit->coach->health.can.create_meet, ABILITY_YES);
	} else if (debt->a.meeting_url == NULL) {
		/* Pending, failed, or not asked for yet: all three are for the polling. */
		debt->conference_pending = true;
		if (event->conference == GOOGLE_CONFERENCE_PENDING)
			debt->wait_ms = FIRST_POLL_MS;
		else if (event->conference == GOOGLE_CONFERENCE_FAILURE)
			debt->wait_ms = visit_backoff_ms(debt->conference_attempt - 1, DEBT_WAIT_MAX_MS);
		if (event->conference == GOOGLE_CONFERENCE_FAILURE &&
		    debt->conference_attempt >= CONFERENCE_ATTEMPTS_MAX)
			payment_give_up_meet(debt);
	}
	debt->link_is_near = event->conference == GOOGLE_CONFERENCE_PENDING;
}

void payment_removed(struct debt *debt)
{
	debt->payment = PAYMENT_DONE;
	debt->written = false;
	debt->etag = NULL;
	debt->conference_pending = false;
	debt->detail = NULL;
	debt->wait_ms = 0;
}

unsigned payment_guests_part(const struct debt *debt)
{
	return coach_abilities(debt->visit->coach).invite_guests != ABILITY_NO ? GOOGLE_PART_GUESTS : 0;
}

/* ---- calls ---- */

enum google_outcome payment_get(struct debt *debt, struct google_event *event, struct google_answer *answer)
{
	return visit_get(debt->visit, CALL_WRITE, debt->a.calendar_id, debt->event_id, event, answer);
}

enum google_outcome payment_patch(struct debt *debt, unsigned parts, const struct google_event_draft *draft,
				  const char *etag, struct google_event *event, struct google_answer *answer)
{
	struct visit_change change = {.calendar = debt->a.calendar_id,
				      .event_id = debt->event_id,
				      .parts = parts,
				      .draft = draft,
				      .etag = etag};
	return visit_patch(debt->visit, &change, event, answer);
}

bool payment_invites(const struct debt *debt)
{
	return debt->a.invited_by == INVITER_GOOGLE &&
	       coach_abilities(debt->visit->coach).invite_guests != ABILITY_NO && !debt->guest_refused;
}

void payment_draft(struct debt *debt, struct google_event_draft *ret_draft)
{
	event_draft(debt->mem, &debt->a, &debt->words, payment_invites(debt),
		    coach_abilities(debt->visit->coach).create_meet != ABILITY_NO, ret_draft);
	/* Whom somebody else has invited, Google is not to write to. */
	ret_draft->silent = ret_draft->silent || debt->a.invited_by != INVITER_GOOGLE;
	ret_draft->trace = event_trace(debt->mem, ret_draft);
}

void payment_make_link(struct debt *debt)
{
	const struct appointment *a = &debt->a;
	if (a->email == NULL || a->erased)
		return;
	enum db_result result =
		manage_link(&debt->visit->calendars->settings.links, debt->visit->worker->db, debt->mem,
			    a->id, a->ends_at, debt->visit->call.now, &debt->words.manage_url);
	if (result != DB_OK)
		log_line(LOG_WARNING, "link_not_made", LOG_TEXT_FIELD("appointment", a->id),
			 LOG_TEXT_FIELD("detail", db_failure(debt->visit->worker->db)->detail));
}
