/*
 * Why a start can be booked or cannot, for its coach.
 */
#include "offer.h"

#include "app/coach_sources.h"
#include "db/credits.h"

#include <string.h>

/* Which calendars are busy in that time, as a text of `mem`. */
static const char *busy_calendars(const struct coach *coach, struct intervals google, struct interval span,
				  struct arena *mem)
{
	const char *others = coach_sources_busy(coach, span, mem);
	for (size_t i = 0; i < google.count; i++) {
		if (interval_overlaps(google.at[i], span))
			return others != NULL ? arena_printf(mem, "Google Calendar, %s", others)
					      : "Google Calendar";
	}
	return others;
}

/* What stands against a client whatever the start: no credits left, or no more sessions of the kind. */
static bool explain_standing(const struct booking_call *call, const struct coach *coach,
			     const struct session_type *type, const char *user_id,
			     struct told_reasons *reasons)
{
	struct client_standing standing = {0};
	if (user_id == NULL || !session_type_asks_standing(type))
		return true;
	if (client_standing(call->worker->db, coach->id, user_id, type, &standing) != DB_OK)
		return false;
	if (client_total_reached(&standing, type))
		told_reasons_add(
			reasons, REFUSAL_BOOKING_LIMIT,
			"This client has already booked as many sessions of this kind as one person can.",
			call->mem);
	if (standing.credits < type->price.credits)
		told_reasons_add(reasons, REFUSAL_CREDITS_REQUIRED,
				 booking_credits_sentence(call, type->price.credits, standing.credits, true),
				 call->mem);
	return true;
}

/* What keeps a time that is not booked: `kind` as in appointment.hold_kind. */
static const char *hold_sentence(const struct booking_call *call, const struct zone *zone, const char *kind,
				 instant until)
{
	const char *clock = slot_clock_text(until, zone, zone_day(zone, call->now), call->now, call->mem);
	if (strcmp(kind, "request") == 0)
		return arena_printf(call->mem, "A client has asked for it. You can approve it until %s.",
				    clock);
	if (strcmp(kind, "offer") == 0)
		return arena_printf(call->mem, "It's held until %s for the first person on the waiting list.",
				    clock);
	return arena_printf(call->mem, "A client is about to book it, and it's held until %s.", clock);
}

enum { TAKING_KIND, TAKING_UNTIL, TAKING_FROM, TAKING_TO, TAKING_SEAT };

/* Whether nothing but this row takes the span. */
static bool takes_alone(const struct db_rows *rows, size_t row, struct interval span)
{
	size_t others = 0;
	for (size_t i = 0; i < rows->count; i++) {
		const struct interval time = {db_get_instant(rows, i, TAKING_FROM),
					      db_get_instant(rows, i, TAKING_TO)};
		others += i != row && interval_overlaps(time, span);
	}
	return others == 0;
}

/*
 * Tell of a time that is taken what it is held for, if it is only held, and that this client has a seat
 * there already. False: the database failed.
 */
static bool explain_taken(const struct booking_call *call, const struct offer *offer, const char *user_id,
			  struct told_reasons *reasons)
{
	DB_ROWS rows = {0};
	bool asked = offer_joins(offer);
	for (size_t i = 0; i < reasons->count; i++)
		asked = asked || reasons->items[i].rule == REFUSAL_SLOT_TAKEN;
	if (!asked)
		return true;
	const enum db_result read =
		db_run(call->worker->db, QUERY_APPOINTMENTS_TAKING,
		       DB_PARAMETERS(db_text(offer->coach->id), db_instant(offer->blocked.start),
				     db_instant(offer->blocked.end), db_text(user_id),
				     db_instant(offer->start), db_text(offer->type->id)),
		       &rows);
	if (read != DB_OK && read != DB_NONE)
		return false;
	for (size_t row = 0; row < rows.count; row++) {
		const struct interval time = {db_get_instant(&rows, row, TAKING_FROM),
					      db_get_instant(&rows, row, TAKING_TO)};
		for (size_t i = 0; i < reasons->count && !db_is_null(&rows, row, TAKING_KIND); i++) {
			struct told_reason *reason = &reasons->items[i];
			if (reason->rule == REFUSAL_SLOT_TAKEN && interval_overlaps(time, reason->span) &&
			    takes_alone(&rows, row, reason->span))
				reason->detail =
					arena_printf(call->mem, "%s %s", reason->detail,
						     hold_sentence(call, offer->coach->schedule->zone,
								   db_get_text(&rows, row, TAKING_KIND),
								   db_get_instant(&rows, row, TAKING_UNTIL)));
		}
		if (db_get_bool(&rows, row, TAKING_SEAT))
			told_reasons_add(reasons, REFUSAL_SLOT_TAKEN,
					 "This client already has a seat in this session.", call->mem);
	}
	return true;
}

enum availability_outcome booking_explain(const struct booking_call *call, const struct booking_wish *wish,
					  const char *user_id, struct explanation *ret_explanation)
{
	const struct coach *found = NULL;
	*ret_explanation = (struct explanation){0};
	switch (coaches_find_past(call->coaches, call->worker, wish->coach_id, wish->start, call->now,
				  &found)) {
	case COACH_FOUND:
		break;
	case COACH_UNKNOWN:
		return AVAILABILITY_UNKNOWN_COACH;
	case COACH_AMBIGUOUS:
		return AVAILABILITY_AMBIGUOUS_COACH;
	case COACH_NOT_IN_MEMORY:
	case COACH_FAILURE:
		return AVAILABILITY_FAILURE;
	}
	COACH_LOCAL coach = found;
	const struct session_type *type = schedule_type(coach->schedule, wish->session_type);
	if (type == NULL)
		return AVAILABILITY_UNKNOWN_TYPE;
	int64_t minutes = wish->duration_minutes != 0 ? wish->duration_minutes : type->durations[0];
	struct offer offer;
	offer_make(call, coach, type, NULL,
		   (struct interval){wish->start, wish->start + minutes * SECONDS_PER_MINUTE}, &offer);
	offer.question.exempt = false; /* the coach asks for their clients */
	availability_facts(coach, user_id, NULL, call->mem, &offer.question);
	struct intervals google = INTERVALS_NONE;
	ret_explanation->knowledge = offer_busy_around(call, &offer, &google);
	const struct slot_verdict verdict = slot_judge(&offer.question, wish->start, call->mem);
	ret_explanation->reasons = offer_tell(call, &offer.question, wish->start, &verdict,
					      (struct slot_listener){coach->schedule->zone, true});
	for (size_t i = 0; i < ret_explanation->reasons.count; i++) {
		struct told_reason *reason = &ret_explanation->reasons.items[i];
		if (reason->rule == REFUSAL_CALENDAR_BUSY)
			reason->source = busy_calendars(coach, google, reason->span, call->mem);
	}
	if (!explain_taken(call, &offer, user_id, &ret_explanation->reasons) ||
	    !explain_standing(call, coach, type, user_id, &ret_explanation->reasons))
		return AVAILABILITY_FAILURE;
	ret_explanation->draft = type->draft;
	ret_explanation->approval = type->approval;
	const struct coach_source *stale = coach_sources_stale(coach, call->now);
	if (stale != NULL)
		ret_explanation->stale_calendar = arena_strdup(call->mem, stale->name);
	return AVAILABILITY_OK;
}
