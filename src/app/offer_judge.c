#include "app/offer_judge.h"

#include "offer.h"

#include "base/uuid.h"
#include "db/credits.h"

#include <string.h>

enum { JUDGING_MS = 3000 };

/* What the calendar says may be of before, while an event of the coach's is still to be taken out of it. */
static bool calendar_is_owed(const struct booking_call *call, const char *coach_id)
{
	DB_ROWS rows = {0};
	return db_run(call->worker->db, QUERY_CALENDAR_IS_OWED, DB_PARAMETERS(db_text(coach_id)), &rows) !=
		       DB_OK ||
	       db_get_bool(&rows, 0, 0);
}

/* Whether the client may ever have one more. They may have been offered two at once. */
static bool may_have_another(const struct booking_call *call, const struct appointment *held,
			     const struct session_type *type, struct booking_result *result)
{
	struct client_standing standing = {0};
	if (type->policy.max_total_per_user == POLICY_NO_LIMIT)
		return true;
	enum db_result read =
		client_standing(call->worker->db, held->coach_id, held->user_id, type, &standing);
	standing.total--; /* the offer itself */
	if (read != DB_OK)
		booking_fail(result, read);
	else if (client_total_reached(&standing, type))
		booking_refuse(result, REFUSAL_BOOKING_LIMIT, client_total_sentence);
	else
		return true;
	return false;
}

bool offer_stands(const struct booking_call *call, const struct appointment *held,
		  struct booking_result *result)
{
	COACH_LOCAL coach = NULL;
	if (!booking_coach_now(call, held->coach_id, &coach, result))
		return false;
	const struct session_type *type = schedule_type_offered(coach->schedule, held->session_type);
	if (type == NULL) {
		result->verdict = BOOKING_UNKNOWN_TYPE;
		return false;
	}
	if (!may_have_another(call, held, type, result))
		return false;
	struct uuid id;
	uuid_parse(held->id, strlen(held->id), &id);
	struct offer offer;
	offer_make(call, coach, type, NULL, (struct interval){held->starts_at, held->ends_at}, &offer);
	offer.question.exempt = false; /* whoever waits, the rules are those of clients */
	availability_facts(coach, held->user_id, id.bytes, call->mem, &offer.question);
	if (!offer_keeps_rules(call, &offer, result) || offer_joins(&offer))
		return result->verdict != BOOKING_REFUSED;
	if (calendars_on(call->calendars) && calendar_is_owed(call, coach->id)) {
		result->verdict = BOOKING_CALENDAR_UNAVAILABLE;
		return false;
	}
	return offer_is_free(call, &offer, held->user_id, held, result);
}

bool offer_was_told(const struct booking_call *call, const struct appointment *held)
{
	DB_ROWS rows = {0};
	return db_run(call->worker->db, QUERY_OFFER_TOLD, DB_PARAMETERS(db_uuid(held->id)), &rows) == DB_OK &&
	       db_get_bool(&rows, 0, 0);
}

enum offer_verdict offer_judge(void *owner, struct db *db, const char *id)
{
	const struct offer_judge *judge = owner;
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	struct worker worker = {.db = db, .fetcher = judge->fetcher, .background = true};
	struct appointment held;
	if (appointments_by_id(db, &mem, id, &held) != DB_OK)
		return OFFER_UNCERTAIN;
	const struct identity client = {.user_id = held.user_id, .role = IDENTITY_USER};
	const struct booking_call call = {
		.coaches = judge->coaches,
		.calendars = judge->calendars,
		.worker = &worker,
		.mem = &mem,
		.caller = &client,
		.now = instant_now(),
		.deadline = monotonic_ms() + JUDGING_MS,
	};
	struct booking_result result = {0};
	if (offer_stands(&call, &held, &result))
		return OFFER_STANDS;
	if (result.verdict == BOOKING_REFUSED && result.refusal == REFUSAL_BOOKING_LIMIT)
		return OFFER_OF_OTHERS;
	return result.verdict == BOOKING_REFUSED || result.verdict == BOOKING_UNKNOWN_TYPE ||
			       result.verdict == BOOKING_UNKNOWN_COACH
		       ? OFFER_FALLS
		       : OFFER_UNCERTAIN;
}
