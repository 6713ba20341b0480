/* What Google is told about one appointment, and what its answers mean. */
#include "payment_inside.h"

#include "event_change.h"
#include "inviter.h"

#include "base/log.h"

#include <string.h>

enum {
	CONFERENCE_WAIT_MAX_MS = 60000,
	CONFERENCE_POLLS_MAX = 40, /* about half an hour */
};

/* ---- who invites (inviter.c) ---- */

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
	payment_draft(debt, draft);
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
	if (payment_get(debt, &event, &answer) != GOOGLE_OK) {
		/* It was there a moment ago: Google's copies disagree for a while. */
		if (answer.outcome == GOOGLE_NOT_FOUND || answer.outcome == GOOGLE_GONE)
			payment_later(debt, visit_backoff_ms(debt->a.calendar_attempts, DEBT_WAIT_MAX_MS));
		else
			payment_failed(debt, &answer);
		return;
	}
	if (event.booking_id != NULL && strcmp(event.booking_id, debt->a.id) != 0) {
		payment_refused(debt, "Another event in the calendar has this appointment's id.");
		return;
	}
	if (event.status != GOOGLE_EVENT_CANCELLED) {
		payment_change(debt);
		return;
	}
	const unsigned parts = GOOGLE_PART_REVIVE | GOOGLE_PART_TEXT | GOOGLE_PART_TIME;
	const unsigned guests = draft->guest_count > 0 ? GOOGLE_PART_GUESTS : 0;
	const char *etag = event.etag;
	if (payment_patch(debt, parts | guests, draft, etag, &event, &answer) == GOOGLE_INVALID &&
	    leave_out_guest(debt, &answer, draft))
		payment_patch(debt, parts, draft, etag, &event, &answer);
	if (answer.outcome != GOOGLE_OK)
		payment_failed(debt, &answer);
	else
		payment_taken(debt, &event);
}

static void insert(struct debt *debt)
{
	struct visit *visit = debt->visit;
	struct google_event_draft draft;
	struct google_event event;
	struct google_answer answer;
	bool claimed = false;
	if (!inviter_decide(debt, &claimed)) {
		payment_later(debt, visit_backoff_ms(debt->a.calendar_attempts, DEBT_WAIT_MAX_MS));
		return;
	}
	payment_make_link(debt);
	payment_draft(debt, &draft);
	for (;;) {
		visit_insert(visit, debt->a.calendar_id, &draft, &event, &answer);
		if (answer.outcome == GOOGLE_OK) {
			payment_taken(debt, &event);
			return;
		}
		if (answer.outcome == GOOGLE_DUPLICATE) {
			adopt(debt, &draft);
			return;
		}
		/* Nothing was written. What these credentials cannot do is left out from now on, and said. */
		if (google_refused_meet(&answer) && draft.conference_request != NULL) {
			payment_learn(debt, &visit->coach->health.can.create_meet, ABILITY_NO);
			draft.conference_request = NULL;
		} else if (google_refused_guests(&answer) && draft.guest_count > 0) {
			payment_learn(debt, &visit->coach->health.can.invite_guests, ABILITY_NO);
			uninvite(debt, &draft);
		} else if (leave_out_guest(debt, &answer, &draft)) {
			log_line(LOG_WARNING, "calendar_guest_refused",
				 LOG_TEXT_FIELD("coach", visit->coach->id),
				 LOG_TEXT_FIELD("appointment", debt->a.id),
				 LOG_TEXT_FIELD("reason", answer.reason));
			continue;
		} else {
			payment_failed(debt, &answer);
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

/* ---- the event has to go ---- */

/* Whether the event that is found is the one that is to stand. CalDAV's has no link, and names its calendar
 * by address. */
static bool is_to_stand(const struct debt *debt, const struct google_event *event)
{
	const struct appointment *stands = debt->stands;
	if (stands == NULL)
		return false;
	const enum event_links links = event_links_compare(debt->mem, event->html_link, stands->event_link);
	return links != EVENT_LINKS_UNKNOWN ? links == EVENT_LINKS_SAME
					    : strcmp(stands->calendar_id, debt->a.calendar_id) == 0;
}

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
	payment_draft(debt, &draft);
	if (payment_get(debt, &event, &answer) == GOOGLE_NOT_FOUND || answer.outcome == GOOGLE_GONE)
		return true;
	if (answer.outcome == GOOGLE_OK && is_to_stand(debt, &event)) {
		payment_removed(debt);
		return false;
	}
	if (answer.outcome == GOOGLE_OK) {
		bool deleted = event.status == GOOGLE_EVENT_CANCELLED;
		unsigned parts = GOOGLE_PART_TEXT | payment_guests_part(debt);
		draft.silent = deleted || debt->a.ends_at <= debt->visit->call.now;
		if (deleted)
			parts |= GOOGLE_PART_REVIVE;
		payment_patch(debt, parts, &draft, event.etag, &event, &answer);
		/* Remains that cannot be changed any more vanish from Google's bin by themselves. */
		if (deleted && !google_outcome_passes(answer.outcome) &&
		    answer.outcome != GOOGLE_PRECONDITION_FAILED)
			return true;
	}
	if (answer.outcome == GOOGLE_OK || answer.outcome == GOOGLE_GONE)
		return true;
	payment_failed(debt, &answer);
	return false;
}

/*
 * Whether the event invites people who have been told by somebody else since: the provider is not to tell
 * them of its end as well. What the coach's own hand has put into an event of ours is told by it. False: not
 * known, see debt->payment.
 */
static bool look_for_invited(struct debt *debt, bool *ret_invited)
{
	const struct appointment *a = &debt->a;
	const char *addresses[APPOINTMENT_GUESTS_MAX];
	struct google_event event;
	struct google_answer answer;
	*ret_invited = false;
	if (a->erased || a->invited_by != INVITER_EMAIL || payment_guests_part(debt) == 0)
		return true;
	if (payment_get(debt, &event, &answer) != GOOGLE_OK) {
		bool gone = answer.outcome == GOOGLE_NOT_FOUND || answer.outcome == GOOGLE_GONE;
		if (!gone)
			payment_failed(debt, &answer);
		return gone;
	}
	const size_t count = appointment_guests(a->guests, debt->mem, addresses);
	*ret_invited = a->email != NULL && event_has_invited(debt->mem, &event, a->email);
	for (size_t i = 0; i < count && !*ret_invited; i++)
		*ret_invited = event_has_invited(debt->mem, &event, addresses[i]);
	return true;
}

/* An event of ours that the calendar never had is in another account's, which tells its guests nothing. */
static void tell_guests(struct debt *debt)
{
	DB_ROWS rows = {0};
	if (inviter_other(debt) == INVITER_EMAIL &&
	    db_run(debt->visit->worker->db, QUERY_CALENDAR_TELL_INSTEAD,
		   DB_PARAMETERS(db_uuid(debt->a.id), db_int(debt->a.version)), &rows) == DB_FAILED)
		log_line(LOG_WARNING, "inviter_not_noted", LOG_TEXT_FIELD("appointment", debt->a.id),
			 LOG_TEXT_FIELD("detail", db_failure(debt->visit->worker->db)->detail));
}

static void take_away(struct debt *debt)
{
	struct google_answer answer;
	bool silent;
	if (debt->a.erased && !empty_event(debt))
		return;
	if (!look_for_invited(debt, &silent))
		return;
	visit_delete(debt->visit, debt->a.calendar_id, debt->event_id, silent, &answer);
	if (answer.outcome == GOOGLE_NOT_FOUND && debt->a.event_written && !debt->a.erased)
		tell_guests(debt);
	/* Deleted before, or never there: a lost insert was looked for as well. */
	if (answer.outcome == GOOGLE_OK || answer.outcome == GOOGLE_GONE ||
	    answer.outcome == GOOGLE_NOT_FOUND)
		payment_removed(debt);
	else
		payment_failed(debt, &answer);
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
		payment_give_up_meet(debt);
		return;
	}
	payment_draft(debt, &draft);
	if (draft.conference_request == NULL) {
		payment_later(debt, 1000);
		return;
	}
	payment_patch(debt, GOOGLE_PART_CONFERENCE, &draft, debt->etag, &event, &answer);
	if (answer.outcome == GOOGLE_OK) {
		payment_taken(debt, &event);
	} else if (google_refused_meet(&answer)) {
		payment_learn(debt, &debt->visit->coach->health.can.create_meet, ABILITY_NO);
		debt->conference_pending = false;
		debt->detail = payment_limits_detail(debt);
	} else if (google_outcome_passes(answer.outcome) || answer.outcome == GOOGLE_PRECONDITION_FAILED) {
		payment_later(debt, visit_backoff_ms(debt->a.calendar_attempts, DEBT_WAIT_MAX_MS));
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
	if (payment_get(debt, &event, &answer) == GOOGLE_NOT_FOUND || answer.outcome == GOOGLE_GONE) {
		debt->conference_pending = false; /* the sync finds out what became of the event */
		return;
	}
	if (answer.outcome != GOOGLE_OK) {
		payment_failed(debt, &answer);
		if (debt->payment == PAYMENT_REFUSED)
			payment_later(debt, CONFERENCE_WAIT_MAX_MS);
		return;
	}
	debt->etag = event.etag;
	if (event.status == GOOGLE_EVENT_CANCELLED || !payment_wants_meet(debt)) {
		debt->conference_pending = false;
		return;
	}
	switch (event.conference) {
	case GOOGLE_CONFERENCE_SUCCESS:
		payment_taken(debt, &event);
		return;
	case GOOGLE_CONFERENCE_PENDING:
		if (debt->a.calendar_attempts > CONFERENCE_POLLS_MAX) {
			payment_give_up_meet(debt);
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

/* ---- the event is in another account's calendar ---- */

/* The row says by now that the event is to be written into the calendar that is connected. False: it cannot
 * be. */
static bool start_anew(struct debt *debt)
{
	struct db *db = debt->visit->worker->db;
	DB_ROWS rows = {0};
	return db_run(db, QUERY_CALENDAR_EVENT_LOST,
		      DB_PARAMETERS(db_uuid(debt->a.id), db_int(debt->a.version),
				    db_text(debt->visit->link->calendar_ids[0])),
		      &rows) == DB_OK &&
	       appointment_read(db, &rows, 0, 0, debt->mem, &debt->a) == DB_OK;
}

/* What the event lacks; if it is not in the calendar, all of it. */
static void change(struct debt *debt)
{
	payment_change(debt);
	if (!debt->lost || !start_anew(debt))
		return;
	debt->detail = NULL;
	insert(debt);
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

/* Whether its event is, or would be, in a calendar that is not this link's: one calendar of CalDAV's is
 * connected at a time, and named by its address. */
static bool is_elsewhere(const struct debt *debt)
{
	const struct link *link = debt->visit->link;
	if (link->mode == LINK_CALDAV)
		return strcmp(debt->a.calendar_id, link->calendar_ids[0]) != 0;
	return strstr(debt->a.calendar_id, "://") != NULL;
}

/* Why it cannot be written by what is known to be connected; NULL: it can. */
static const char *want_of_calendar(const struct debt *debt)
{
	if (!debt->visit->link->connected)
		return "No calendar is connected any more.";
	return is_elsewhere(debt) ? "The calendar it was written to is no longer connected." : NULL;
}

void payment_try(struct debt *debt)
{
	const struct appointment *a = &debt->a;
	debt->etag = debt->link = debt->meet_url = debt->detail = NULL;
	debt->written = debt->conference_pending = debt->link_is_near = debt->lost = false;
	debt->conference_attempt = a->conference_attempt;
	debt->wait_ms = 0;
	debt->guest_refused = a->guest_refused;
	debt->guests_left_out = false;
	debt->guest_response = a->guest_response;
	google_event_id(a->id, debt->event_id);
	const char *want = want_of_calendar(debt);
	if (want != NULL) {
		visit_renew_link(debt->visit);
		want = debt->visit->link != NULL ? want_of_calendar(debt) : NULL;
	}
	if (want != NULL)
		payment_refused(debt, want);
	else if (debt->visit->link == NULL || !visit_may_write(debt->visit))
		payment_later(debt, visit_backoff_ms(a->calendar_attempts, DEBT_WAIT_MAX_MS));
	else if (!appointment_owes(a))
		poll_conference(debt);
	else if (!wants_event(a))
		take_away(debt);
	else if (a->event_written)
		change(debt);
	else if (a->erased)
		take_away(debt);
	else if (a->ends_at <= debt->visit->call.now)
		payment_refused(debt, "The appointment was over before its event could be written.");
	else
		insert(debt);
}
