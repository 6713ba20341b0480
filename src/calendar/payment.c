/* What Google is told about one appointment, and what its answers mean. */
#include "payment.h"

#include "inviter.h"

#include "base/log.h"

#include <string.h>

enum {
	CONFERENCE_WAIT_MAX_MS = 60000,
	CONFERENCE_POLLS_MAX = 40, /* about half an hour */
	FIRST_POLL_MS = 1000,
	CONFERENCE_ATTEMPTS_MAX = 4, /* requests for one Meet link */
	TURNS_MAX = 4,               /* of read, decide, write when others change the event meanwhile */
};

static void learn(struct debt *debt, enum ability *of_coach, enum ability learned)
{
	coach_learn(debt->visit->coach, of_coach, learned);
}

/* ---- ends of a try ---- */

static void later(struct debt *debt, int64_t wait_ms)
{
	debt->payment = PAYMENT_LATER;
	debt->wait_ms = wait_ms;
}

static void refused(struct debt *debt, const char *detail)
{
	debt->payment = PAYMENT_REFUSED;
	debt->detail = detail;
}

/* An answer that is neither success nor something to be looked into. */
static void failed(struct debt *debt, const struct google_answer *answer)
{
	int64_t wait = visit_backoff_ms(debt->a.calendar_attempts, DEBT_WAIT_MAX_MS);
	switch (answer->outcome) {
	case GOOGLE_RATE_LIMITED:
		if (wait < answer->retry_after * 1000)
			wait = answer->retry_after * 1000;
		later(debt, wait);
		return;
	case GOOGLE_QUOTA_EXCEEDED: /* health keeps the whole coach waiting for longer */
	case GOOGLE_TEMPORARY:
	case GOOGLE_UNAUTHORIZED:
	case GOOGLE_OPERATOR:
	case GOOGLE_DEAD_GRANT:
	case GOOGLE_PRECONDITION_FAILED:
	case GOOGLE_FULL_SYNC_REQUIRED:
		later(debt, wait);
		return;
	case GOOGLE_NOT_FOUND:
	case GOOGLE_FORBIDDEN:
	case GOOGLE_INVALID:
	case GOOGLE_GONE:
	case GOOGLE_DUPLICATE:
	case GOOGLE_OK:
		break;
	}
	refused(debt, visit_detail(debt->mem, answer));
}

/* What the event lacks is said once it is there. */
static const char *limits_detail(struct debt *debt)
{
	const struct appointment *a = &debt->a;
	struct abilities can = coach_abilities(debt->visit->coach);
	bool no_guest = can.invite_guests == ABILITY_NO && a->invited_by == INVITER_NONE &&
			(a->email != NULL || a->guests != NULL);
	bool no_meet = can.create_meet == ABILITY_NO && a->meeting_kind == MEETING_GOOGLE_MEET;
	if (a->erased)
		return NULL;
	if (debt->guests_left_out)
		return "Google does not take one of the guests' addresses, so the guests were left as they "
		       "were.";
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

static bool wants_meet(const struct debt *debt)
{
	return coach_abilities(debt->visit->coach).create_meet != ABILITY_NO && !debt->a.erased &&
	       debt->a.meeting_kind == MEETING_GOOGLE_MEET;
}

static void give_up_meet(struct debt *debt)
{
	debt->conference_pending = false;
	debt->detail = "Google could not make a Meet link for this appointment.";
}

/* Google has the event as we want it. */
static void taken(struct debt *debt, const struct google_event *event)
{
	struct visit *visit = debt->visit;
	debt->payment = PAYMENT_DONE;
	debt->written = true;
	debt->etag = event->etag;
	debt->link = event->html_link;
	debt->guest_response = event_guest_response(event, &debt->a);
	debt->wait_ms = 0;
	debt->conference_pending = false;
	debt->detail = limits_detail(debt);
	learn(debt, &visit->coach->health.can.write_events, ABILITY_YES);
	if (!wants_meet(debt))
		return;
	if (event->conference == GOOGLE_CONFERENCE_SUCCESS) {
		debt->meet_url = event->meet_url;
		learn(debt, &visit->coach->health.can.create_meet, ABILITY_YES);
	} else if (debt->a.meeting_url == NULL) {
		/* Pending, failed, or not asked for yet: all three are for the polling. */
		debt->conference_pending = true;
		if (event->conference == GOOGLE_CONFERENCE_PENDING)
			debt->wait_ms = FIRST_POLL_MS;
		else if (event->conference == GOOGLE_CONFERENCE_FAILURE)
			debt->wait_ms = visit_backoff_ms(debt->conference_attempt - 1, DEBT_WAIT_MAX_MS);
		if (event->conference == GOOGLE_CONFERENCE_FAILURE &&
		    debt->conference_attempt >= CONFERENCE_ATTEMPTS_MAX)
			give_up_meet(debt);
	}
	debt->link_is_near = event->conference == GOOGLE_CONFERENCE_PENDING;
}

/* Google has no event, as we want it. */
static void removed(struct debt *debt)
{
	debt->payment = PAYMENT_DONE;
	debt->written = false;
	debt->etag = NULL;
	debt->conference_pending = false;
	debt->detail = NULL;
	debt->wait_ms = 0;
}

/* Credentials that cannot invite may not even send an empty list of guests. */
static unsigned guests_part(const struct debt *debt)
{
	return coach_abilities(debt->visit->coach).invite_guests != ABILITY_NO ? GOOGLE_PART_GUESTS : 0;
}

/* ---- calls ---- */

static enum google_outcome get_event(struct debt *debt, struct google_event *event,
				     struct google_answer *answer)
{
	return visit_get(debt->visit, CALL_WRITE, debt->a.calendar_id, debt->event_id, event, answer);
}

static enum google_outcome patch_event(struct debt *debt, unsigned parts,
				       const struct google_event_draft *draft, const char *etag,
				       struct google_event *event, struct google_answer *answer)
{
	struct visit_change change = {.calendar = debt->a.calendar_id,
				      .event_id = debt->event_id,
				      .parts = parts,
				      .draft = draft,
				      .etag = etag};
	return visit_patch(debt->visit, &change, event, answer);
}

/* Whether the provider is to invite the client: this is decided here alone. */
static bool invites(const struct debt *debt)
{
	return debt->a.invited_by == INVITER_GOOGLE &&
	       coach_abilities(debt->visit->coach).invite_guests != ABILITY_NO && !debt->guest_refused;
}

static void draft_event(struct debt *debt, struct google_event_draft *ret_draft)
{
	event_draft(debt->mem, &debt->a, &debt->words, invites(debt),
		    coach_abilities(debt->visit->coach).create_meet != ABILITY_NO, ret_draft);
	/* Whom somebody else has invited, Google is not to write to. */
	ret_draft->silent = ret_draft->silent || debt->a.invited_by != INVITER_GOOGLE;
}

/* ---- who invites (inviter.c) ---- */

/* The link by which the client moves or cancels. Without one the event is written all the same. */
static void make_link(struct debt *debt)
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

/* Whether the event may be there all the same. A server's error leaves that open, a refusal does not. */
static bool may_be_written(const struct google_answer *answer)
{
	bool refused = answer->outcome == GOOGLE_RATE_LIMITED || answer->outcome == GOOGLE_QUOTA_EXCEEDED ||
		       answer->outcome == GOOGLE_UNAUTHORIZED || answer->outcome == GOOGLE_OPERATOR ||
		       answer->outcome == GOOGLE_DEAD_GRANT;
	return answer->may_be_applied && !refused;
}

/* Nothing was written, since Google takes no such guest: the event is written without, and somebody else
 * invites. */
static void uninvite(struct debt *debt, struct google_event_draft *draft)
{
	inviter_change(debt, inviter_other(debt));
	/* The whole draft: what the event says rests on who reads it. */
	const char *conference_request = draft->conference_request;
	draft_event(debt, draft);
	draft->conference_request = conference_request;
	draft->guest_count = 0;
	draft->silent = true;
}

/*
 * Whether the answer may be due to the guest: one address that the provider does not take fails the whole
 * request, which is then worth sending once without guests. Nobody was invited by a request that was refused.
 */
static bool leave_out_guest(struct debt *debt, const struct google_answer *answer,
			    struct google_event_draft *draft)
{
	if (answer->outcome != GOOGLE_INVALID || draft->guest_count == 0)
		return false;
	debt->guest_refused = true;
	uninvite(debt, draft);
	return true;
}

/* ---- the event is not there yet ---- */

/* Our id exists: from our own lost attempt, or as the remains of a deleted event. */
static void adopt(struct debt *debt, struct google_event_draft *draft)
{
	struct google_event event;
	struct google_answer answer;
	if (get_event(debt, &event, &answer) != GOOGLE_OK) {
		/* It was there a moment ago: Google's copies disagree for a while. */
		if (answer.outcome == GOOGLE_NOT_FOUND || answer.outcome == GOOGLE_GONE)
			later(debt, visit_backoff_ms(debt->a.calendar_attempts, DEBT_WAIT_MAX_MS));
		else
			failed(debt, &answer);
		return;
	}
	if (event.booking_id != NULL && strcmp(event.booking_id, debt->a.id) != 0) {
		refused(debt, "Another event in the calendar has this appointment's id.");
		return;
	}
	unsigned parts = 0;
	if (event.status == GOOGLE_EVENT_CANCELLED)
		parts = GOOGLE_PART_REVIVE | GOOGLE_PART_TEXT | GOOGLE_PART_TIME |
			(draft->guest_count > 0 ? GOOGLE_PART_GUESTS : 0);
	else if (!event_same_time(&event, &debt->a))
		parts = GOOGLE_PART_TIME;
	const char *etag = event.etag;
	if (parts != 0 && patch_event(debt, parts, draft, etag, &event, &answer) == GOOGLE_INVALID &&
	    leave_out_guest(debt, &answer, draft))
		patch_event(debt, parts & ~(unsigned)GOOGLE_PART_GUESTS, draft, etag, &event, &answer);
	if (parts != 0 && answer.outcome != GOOGLE_OK)
		failed(debt, &answer);
	else
		taken(debt, &event);
}

static void insert(struct debt *debt)
{
	struct visit *visit = debt->visit;
	struct google_event_draft draft;
	struct google_event event;
	struct google_answer answer;
	bool claimed = false;
	if (!inviter_decide(debt, &claimed)) {
		later(debt, visit_backoff_ms(debt->a.calendar_attempts, DEBT_WAIT_MAX_MS));
		return;
	}
	make_link(debt);
	draft_event(debt, &draft);
	for (;;) {
		visit_insert(visit, debt->a.calendar_id, &draft, &event, &answer);
		if (answer.outcome == GOOGLE_OK) {
			taken(debt, &event);
			return;
		}
		if (answer.outcome == GOOGLE_DUPLICATE) {
			adopt(debt, &draft);
			return;
		}
		/* Nothing was written. What these credentials cannot do is left out from now on, and said. */
		if (google_refused_meet(&answer) && draft.conference_request != NULL) {
			learn(debt, &visit->coach->health.can.create_meet, ABILITY_NO);
			draft.conference_request = NULL;
		} else if (google_refused_guests(&answer) && draft.guest_count > 0) {
			learn(debt, &visit->coach->health.can.invite_guests, ABILITY_NO);
			uninvite(debt, &draft);
		} else if (leave_out_guest(debt, &answer, &draft)) {
			log_line(LOG_WARNING, "calendar_guest_refused",
				 LOG_TEXT_FIELD("coach", visit->coach->id),
				 LOG_TEXT_FIELD("appointment", debt->a.id),
				 LOG_TEXT_FIELD("reason", answer.reason));
			continue;
		} else {
			failed(debt, &answer);
			/* Open again only if this very try claimed it: an earlier one may have written the
			 * guest. Where nobody else invites, the coach's retry still may. */
			if (debt->payment == PAYMENT_REFUSED && inviter_other(debt) != INVITER_NONE)
				inviter_change(debt, inviter_other(debt));
			else if (claimed && !may_be_written(&answer))
				inviter_change(debt, INVITER_OPEN);
			return;
		}
		log_line(LOG_WARNING, "calendar_cannot", LOG_TEXT_FIELD("coach", visit->coach->id),
			 LOG_TEXT_FIELD("reason", answer.reason),
			 LOG_TEXT_FIELD("remedy", google_remedy(&answer)));
	}
}

/* ---- the event is there and has to change ---- */

/* The provider does not take one of the new guests: the event stays as it is for the others. */
static bool leave_out_new_guests(struct debt *debt, const struct google_answer *answer, unsigned *parts)
{
	if (answer->outcome != GOOGLE_INVALID || (*parts & GOOGLE_PART_GUESTS) == 0 || debt->a.erased)
		return false;
	*parts &= ~(unsigned)GOOGLE_PART_GUESTS;
	debt->guests_left_out = true;
	return true;
}

/* Google replaces the list whole, so it is sent only where it differs from the event's. */
static unsigned parts_with_guests(const struct debt *debt, unsigned parts, const struct google_event *event,
				  struct google_event_draft *draft)
{
	parts &= ~(unsigned)GOOGLE_PART_GUESTS;
	if (debt->guests_left_out || !event_renew_guests(debt->mem, &debt->a, event, draft))
		return parts;
	return parts | GOOGLE_PART_GUESTS;
}

/* What has changed besides the time. outdated: where it takes place, or for whom. */
static unsigned parts_changed(const struct debt *debt, bool outdated, struct google_event_draft *draft)
{
	unsigned parts = GOOGLE_PART_TIME;
	if (debt->a.erased)
		parts |= GOOGLE_PART_TEXT | guests_part(debt);
	if (!outdated)
		return parts;
	draft->location = draft->location != NULL ? draft->location : ""; /* the former place goes */
	/* A Meet link that is there stays: it is still the place. */
	bool stays = debt->a.meeting_kind == MEETING_GOOGLE_MEET && debt->a.meeting_url != NULL;
	return parts | GOOGLE_PART_TEXT | (stays ? 0 : GOOGLE_PART_CONFERENCE);
}

static void change(struct debt *debt)
{
	struct google_event_draft draft;
	struct google_event event;
	struct google_answer answer;
	const char *etag = debt->a.event_etag;
	bool outdated = debt->a.event_outdated && !debt->a.erased;
	bool claimed;
	if (outdated && !inviter_decide(debt, &claimed)) {
		later(debt, visit_backoff_ms(debt->a.calendar_attempts, DEBT_WAIT_MAX_MS));
		return;
	}
	bool guests_outdated = outdated && invites(debt);
	if (guests_outdated)
		etag = NULL; /* it has to be read first */
	if (outdated)
		make_link(debt);
	draft_event(debt, &draft);
	unsigned parts = parts_changed(debt, outdated, &draft);
	for (int turn = 0; turn < TURNS_MAX; turn++) {
		if (etag == NULL) {
			if (get_event(debt, &event, &answer) != GOOGLE_OK)
				break;
			if (event.status == GOOGLE_EVENT_CANCELLED) {
				debt->payment = PAYMENT_GONE;
				return;
			}
			/* Our own change, whose reply was lost; or somebody has put it there. */
			if (!debt->a.erased && !outdated && event_same_time(&event, &debt->a)) {
				taken(debt, &event);
				return;
			}
			etag = event.etag;
			if (guests_outdated)
				parts = parts_with_guests(debt, parts, &event, &draft);
		}
		patch_event(debt, parts, &draft, etag, &event, &answer);
		if (leave_out_new_guests(debt, &answer, &parts))
			continue;
		if (answer.outcome == GOOGLE_OK && event.status != GOOGLE_EVENT_CANCELLED) {
			taken(debt, &event);
			return;
		}
		if (answer.outcome == GOOGLE_GONE || answer.outcome == GOOGLE_OK) {
			debt->payment = PAYMENT_GONE;
			return;
		}
		if (answer.outcome != GOOGLE_PRECONDITION_FAILED)
			break;
		etag = NULL;
	}
	if (answer.outcome == GOOGLE_GONE)
		debt->payment = PAYMENT_GONE;
	else if (answer.outcome == GOOGLE_NOT_FOUND && debt->a.erased)
		removed(debt); /* nothing is left that could tell of the person */
	else
		failed(debt, &answer);
}

/* ---- the event has to go ---- */

/*
 * A person is erased: nothing of theirs may stay, not even in the remains of the deleted event. An event that
 * stands is emptied first, which tells the guest of the cancellation if it lies ahead, and then deleted. One
 * that was deleted is brought back for a moment, in silence. False: not done, see debt->payment.
 */
static bool empty_event(struct debt *debt)
{
	struct google_event_draft draft;
	struct google_event event;
	struct google_answer answer;
	draft_event(debt, &draft);
	if (get_event(debt, &event, &answer) == GOOGLE_NOT_FOUND || answer.outcome == GOOGLE_GONE)
		return true;
	if (answer.outcome == GOOGLE_OK) {
		bool deleted = event.status == GOOGLE_EVENT_CANCELLED;
		unsigned parts = GOOGLE_PART_TEXT | guests_part(debt);
		draft.silent = deleted || debt->a.ends_at <= debt->visit->call.now;
		if (deleted)
			parts |= GOOGLE_PART_REVIVE;
		patch_event(debt, parts, &draft, event.etag, &event, &answer);
		/* Remains that cannot be changed any more vanish from Google's bin by themselves. */
		if (deleted && !google_outcome_passes(answer.outcome) &&
		    answer.outcome != GOOGLE_PRECONDITION_FAILED)
			return true;
	}
	if (answer.outcome == GOOGLE_OK || answer.outcome == GOOGLE_GONE)
		return true;
	failed(debt, &answer);
	return false;
}

static void take_away(struct debt *debt)
{
	struct google_answer answer;
	if (debt->a.erased && !empty_event(debt))
		return;
	visit_delete(debt->visit, debt->a.calendar_id, debt->event_id, &answer);
	/* Deleted before, or never there: a lost insert was looked for as well. */
	if (answer.outcome == GOOGLE_OK || answer.outcome == GOOGLE_GONE ||
	    answer.outcome == GOOGLE_NOT_FOUND)
		removed(debt);
	else
		failed(debt, &answer);
}

/* ---- the Meet link is not there yet ---- */

static void request_conference(struct debt *debt, bool again)
{
	struct google_event_draft draft;
	struct google_event event;
	struct google_answer answer;
	debt->conference_attempt += again;
	debt->a.conference_attempt = debt->conference_attempt;
	if (debt->conference_attempt > CONFERENCE_ATTEMPTS_MAX) {
		give_up_meet(debt);
		return;
	}
	draft_event(debt, &draft);
	if (draft.conference_request == NULL) {
		later(debt, 1000);
		return;
	}
	patch_event(debt, GOOGLE_PART_CONFERENCE, &draft, NULL, &event, &answer);
	if (answer.outcome == GOOGLE_OK) {
		taken(debt, &event);
	} else if (google_refused_meet(&answer)) {
		learn(debt, &debt->visit->coach->health.can.create_meet, ABILITY_NO);
		debt->conference_pending = false;
		debt->detail = limits_detail(debt);
	} else if (google_outcome_passes(answer.outcome)) {
		later(debt, visit_backoff_ms(debt->a.calendar_attempts, DEBT_WAIT_MAX_MS));
	} else {
		debt->conference_pending = false;
		debt->detail = visit_detail(debt->mem, &answer);
	}
}

static void poll_conference(struct debt *debt)
{
	struct google_event event;
	struct google_answer answer;
	debt->payment = PAYMENT_DONE;
	debt->written = true;
	debt->etag = debt->a.event_etag;
	debt->detail = debt->a.calendar_detail;
	debt->conference_pending = true;
	if (get_event(debt, &event, &answer) == GOOGLE_NOT_FOUND || answer.outcome == GOOGLE_GONE) {
		debt->conference_pending = false; /* the sync finds out what became of the event */
		return;
	}
	if (answer.outcome != GOOGLE_OK) {
		failed(debt, &answer);
		if (debt->payment == PAYMENT_REFUSED)
			later(debt, CONFERENCE_WAIT_MAX_MS);
		return;
	}
	debt->etag = event.etag;
	if (event.status == GOOGLE_EVENT_CANCELLED || !wants_meet(debt)) {
		debt->conference_pending = false;
		return;
	}
	switch (event.conference) {
	case GOOGLE_CONFERENCE_SUCCESS:
		taken(debt, &event);
		return;
	case GOOGLE_CONFERENCE_PENDING:
		if (debt->a.calendar_attempts > CONFERENCE_POLLS_MAX) {
			give_up_meet(debt);
		}
		debt->link_is_near = true;
		debt->wait_ms = visit_backoff_ms(debt->a.calendar_attempts - 1, CONFERENCE_WAIT_MAX_MS);
		return;
	case GOOGLE_CONFERENCE_NONE:
	case GOOGLE_CONFERENCE_FAILURE:
		request_conference(debt, event.conference == GOOGLE_CONFERENCE_FAILURE);
		return;
	}
}

/* ---- one try ---- */

static bool wants_event(const struct appointment *a)
{
	return a->status == APPOINTMENT_SCHEDULED || a->status == APPOINTMENT_COMPLETED ||
	       a->status == APPOINTMENT_NO_SHOW;
}

bool payment_is_owed(const struct appointment *appointment)
{
	return appointment_owes(appointment) ||
	       (appointment->calendar_id != NULL && appointment->conference_pending &&
		appointment->version == appointment->synced_version);
}

bool payment_frees(const struct appointment *appointment)
{
	return appointment_owes(appointment) && (!wants_event(appointment) || appointment->event_written);
}

void payment_try(struct debt *debt)
{
	const struct appointment *a = &debt->a;
	debt->etag = debt->link = debt->meet_url = debt->detail = NULL;
	debt->written = debt->conference_pending = debt->link_is_near = false;
	debt->conference_attempt = a->conference_attempt;
	debt->wait_ms = 0;
	debt->guest_refused = a->guest_refused;
	debt->guests_left_out = false;
	debt->guest_response = a->guest_response;
	google_event_id(a->id, debt->event_id);
	if (debt->visit->link != NULL && !debt->visit->link->connected)
		refused(debt, "No calendar is connected any more.");
	else if (!visit_may_write(debt->visit))
		later(debt, visit_backoff_ms(a->calendar_attempts, DEBT_WAIT_MAX_MS));
	else if (!appointment_owes(a))
		poll_conference(debt);
	else if (!wants_event(a))
		take_away(debt);
	else if (a->event_written)
		change(debt);
	else if (a->erased)
		take_away(debt);
	else if (a->ends_at <= debt->visit->call.now)
		refused(debt, "The appointment was over before its event could be written.");
	else
		insert(debt);
}
