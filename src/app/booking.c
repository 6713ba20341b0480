#include "offer.h"

#include "base/uuid.h"
#include "calendar/events.h"
#include "db/credits.h"
#include "domain/email.h"

#include <string.h>
#include <strings.h>

/* The identity's address, if Google would take it. */
static const char *good_email(const char *email)
{
	return email != NULL && email_is_usable(email) ? email : NULL;
}

bool booking_target(const struct booking_call *call, const char *coach_id, const char **ret_calendar_id,
		    struct booking_result *result)
{
	*ret_calendar_id = NULL;
	if (!calendars_on(call->calendars))
		return true;
	enum db_result failure =
		calendar_target(call->calendars, call->worker, coach_id, call->mem, ret_calendar_id);
	if (failure != DB_OK && failure != DB_NONE) {
		booking_fail(result, failure);
		return false;
	}
	return true;
}

/* Whether this very booking stands already. True: the result is complete. */
static bool find_same(const struct booking_call *call, const struct coach *coach, const char *client,
		      struct interval time, struct booking_result *result)
{
	enum db_result read =
		appointments_same(call->worker->db, call->mem, coach->id, client, time, &result->appointment);
	if (read == DB_OK)
		result->verdict = BOOKING_FINE;
	else if (read != DB_NONE)
		booking_fail(result, read);
	return read != DB_NONE;
}

/* The connection broke while the booking was being committed: look what became of it. */
static enum db_result look_again(const struct booking_call *call, const char *id, struct store_answer *answer)
{
	enum db_result read = appointments_by_id(call->worker->db, call->mem, id, &answer->appointment);
	answer->outcome = STORE_DONE;
	return read == DB_NONE ? DB_UNAVAILABLE : read;
}

/* The id of an appointment that is about to be made, in the call's memory. */
static const char *new_id(const struct booking_call *call)
{
	char *id = arena_alloc(call->mem, UUID_TEXT_SIZE);
	uuid_format(uuid_new(call->now), id);
	return id;
}

/* Whether this is known to be the caller's address; without one nobody is invited there. */
static bool is_own(const struct identity *caller, const char *email)
{
	return email == NULL ||
	       (caller->email != NULL && !caller->email_unverified && strcasecmp(email, caller->email) == 0);
}

bool booking_takes_guests(bool shared, const char *guests, struct booking_result *result)
{
	if (!shared || guests == NULL)
		return true;
	result->verdict = BOOKING_BAD_ANSWER;
	result->fault = (struct json_fault){
		.verdict = JSON_INVALID_FIELD,
		.field = "guests",
		.detail = "Guests can't be invited to a session that several clients share."};
	return false;
}

int64_t booking_max_guests(const struct booking_call *call, const char *coach_id, const char *email)
{
	if (identity_is_exempt(call->caller, coach_id))
		return -1;
	/* With mail a foreign address is proved before it is booked with. */
	return call->addresses_proved || is_own(call->caller, email) ? BOOKING_GUESTS_A_DAY
								     : BOOKING_ADDRESSES_A_DAY;
}

/* The person's part of a booking: what the wish says, else what the identity knows. */
static struct booking person_of(const struct booking_call *call, const struct booking_wish *wish,
				const struct coach *coach, const struct zone *zone)
{
	const struct identity *caller = call->caller;
	const bool bound = !identity_is_exempt(caller, coach->id);
	const char *email = wish->email != NULL ? wish->email : good_email(caller->email);
	const int64_t others = call->addresses_proved ? 0 : BOOKING_ADDRESSES_A_DAY;
	return (struct booking){
		.max_addresses = bound && !is_own(caller, email) ? others : -1,
		.max_changes = bound ? BOOKING_CHANGES_A_DAY : -1,
		.guests = wish->guests,
		.max_guests = booking_max_guests(call, coach->id, email),
		.user_id = call->caller->user_id,
		.client_time_zone = zone_name(zone),
		.name = wish->name != NULL ? wish->name : call->caller->name,
		.email = email,
		.phone = wish->phone,
		.notes = wish->notes,
		.created_by = "client",
		.locale = wish->locale,
		/* Forms send a field that was left empty. */
		.promo_code =
			wish->promo_code != NULL && wish->promo_code[0] != '\0' ? wish->promo_code : NULL,
		.lease_seconds = BOOKING_LEASE_SECONDS,
	};
}

/* An event invites its guest, so with a calendar there must be an address. False: refused. */
static bool can_invite(const struct booking_call *call, const struct booking_wish *wish,
		       const char *calendar_id, struct booking_result *result)
{
	/* Of a guest nothing else is known. */
	const bool needed = calendar_id != NULL || call->caller->guest;
	if (!needed || wish->email != NULL || good_email(call->caller->email) != NULL)
		return true;
	result->verdict = BOOKING_EMAIL_MISSING;
	result->detail = call->caller->email == NULL
				 ? "Please enter your email address. The invitation is sent there."
				 : arena_printf(call->mem,
						"The invitation can't be sent to %s. Please enter another "
						"email address.",
						call->caller->email);
	return false;
}

bool booking_person(const struct booking_call *call, const struct booking_wish *wish,
		    const struct coach *coach, struct booking *ret_booking, struct booking_result *result)
{
	*ret_booking = person_of(call, wish, coach, wish->zone != NULL ? wish->zone : coach->schedule->zone);
	return booking_target(call, coach->id, &ret_booking->calendar_id, result) &&
	       can_invite(call, wish, ret_booking->calendar_id, result);
}

/* How many credits there were, now that they did not suffice. */
static void tell_credits(const struct booking_call *call, const struct booking *booking,
			 const struct session_type *type, struct booking_result *result)
{
	struct client_standing standing = {0};
	enum db_result read =
		client_standing(call->worker->db, booking->coach_id, booking->user_id, type, &standing);
	if (read != DB_OK) {
		booking_fail(result, read);
		return;
	}
	const bool to_coach = strcmp(booking->created_by, "client") != 0;
	result->credits = standing.credits;
	result->detail = booking_credits_sentence(call, booking->price.credits, standing.credits, to_coach);
	if (to_coach) /* who may book it all the same, by its name */
		told_reasons_add(&result->reasons, REFUSAL_CREDITS_REQUIRED, result->detail, call->mem);
}

void booking_insert(const struct booking_call *call, struct booking booking, const struct offer *offer,
		    struct booking_result *result)
{
	booking.coach_id = offer->coach->id;
	booking.session_type = offer->type->id;
	booking.starts_at = offer->start;
	booking.ends_at = offer->end;
	booking.blocked_from = offer->blocked.start;
	booking.blocked_to = offer->blocked.end;
	booking.meeting = offer->type->meeting;
	booking.meeting.url = meeting_url_for(call->mem, booking.meeting.url, booking.id);
	booking_take_terms(offer, &booking);
	booking.hold_minutes = call->hold_minutes;

	struct booking_limits limits = offer_limits(offer);
	struct store_answer answer = {0};
	struct db *db = call->worker->db;
	enum db_result done;
	if (booking.candidates != NULL)
		done = appointments_book_any(db, call->mem, &booking, &limits, &call->actor, call->pass,
					     &answer);
	else if (call->pass != NULL)
		done = appointments_hold_guest(db, call->mem, &booking, &limits, &call->actor, call->pass,
					       &answer);
	else
		done = appointments_book(db, call->mem, &booking, &limits, &call->actor, &answer);
	if (done == DB_UNKNOWN)
		done = look_again(call, booking.id, &answer);
	if (done != DB_OK) {
		booking_fail(result, done);
		return;
	}
	booking_answer(call, &answer, &limits, result);
	if (result->verdict == BOOKING_REFUSED && result->refusal == REFUSAL_CREDITS_REQUIRED)
		tell_credits(call, &booking, offer->type, result);
	if (result->moved_or_new)
		result->verdict = BOOKING_CREATED;
	if (answer.freed_coach != NULL)
		coaches_booked(call->coaches, answer.freed_coach);
}

/* Book or hold with one coach. `candidates`: out of whom they were chosen; NULL: the client named them. */
static void create_with(const struct booking_call *call, const struct booking_wish *wish, bool hold,
			const struct coach *coach, const char *candidates, struct booking_result *ret_result)
{
	const struct session_type *type = schedule_type_offered(coach->schedule, wish->session_type);
	if (type == NULL) {
		ret_result->verdict = BOOKING_UNKNOWN_TYPE;
		return;
	}
	if (!booking_takes_guests(session_type_shared(type), wish->guests, ret_result))
		return;
	int64_t minutes = wish->duration_minutes != 0 ? wish->duration_minutes : type->durations[0];
	const struct interval time = {wish->start, wish->start + minutes * SECONDS_PER_MINUTE};
	struct offer offer;
	offer_make(call, coach, type, wish->zone, time, &offer);
	COACH_LOCAL latest = NULL;
	if (session_type_shared(type)) {
		if (!booking_coach_now(call, coach->id, &latest, ret_result))
			return;
		availability_sessions(latest, call->caller->user_id, NULL, call->mem, &offer.question);
	}

	const char *calendar_id = NULL;
	struct booking_result refusal = {0};
	bool kept = offer_keeps_rules(call, &offer, &refusal);
	if (kept && !booking_target(call, coach->id, &calendar_id, ret_result))
		return;
	/* Our own event would make the calendar busy, and the notice may have run out since. */
	if (!hold && (!kept || calendar_id != NULL) && offer.end <= INSTANT_MAX &&
	    find_same(call, coach, call->caller->user_id, time, ret_result))
		return;
	if (!kept) {
		*ret_result = refusal;
		return;
	}
	struct booking booking = person_of(call, wish, coach, offer.zone);
	booking.id = new_id(call);
	booking.candidates = candidates;
	booking.hold = hold;
	booking.calendar_id = calendar_id;
	if (!hold &&
	    (!can_invite(call, wish, calendar_id, ret_result) ||
	     !booking_seal_answers(call, type, wish->answers, booking.id, &booking.answers, ret_result)))
		return;
	const bool has_calendar = calendar_id != NULL || coach->source_count > 0;
	if (has_calendar && !offer_joins(&offer) &&
	    !offer_is_free(call, &offer, call->caller->user_id, NULL, ret_result)) {
		/* Sent twice at once, the other may have been faster: then our own event is in the way. */
		if (!hold && ret_result->verdict == BOOKING_REFUSED)
			find_same(call, coach, call->caller->user_id, time, ret_result);
		return;
	}
	booking_insert(call, booking, &offer, ret_result);
	booking_settle(call, ret_result);
}

bool booking_candidates(const struct booking_call *call, struct booking_wish *wish,
			struct candidates *candidates, struct turn **ret_turns, size_t *ret_count,
			struct booking_result *result)
{
	candidates->type_id = wish->session_type;
	candidates->duration_minutes = wish->duration_minutes;
	result->verdict = BOOKING_DATABASE_UNAVAILABLE;
	if (!candidates_read(call->coaches, call->worker, true, call->mem, candidates) ||
	    !candidates_in_turn(candidates, call->worker, call->mem, ret_turns, ret_count))
		return false;
	result->verdict = BOOKING_UNKNOWN_TYPE;
	if (candidates->type_id != NULL)
		booking_refuse(result, REFUSAL_BAD_DURATION, refusal_sentence(REFUSAL_BAD_DURATION));
	wish->session_type = candidates->type_id;
	wish->duration_minutes = candidates->duration_minutes;
	return *ret_count > 0;
}

bool booking_next_may_serve(const struct booking_result *result)
{
	if (result->verdict == BOOKING_REFUSED)
		return result->refusal != REFUSAL_ADDRESS_NOT_VERIFIED;
	return result->verdict == BOOKING_CROWDED || result->verdict == BOOKING_UNKNOWN_TYPE ||
	       result->verdict == BOOKING_BAD_ANSWER || result->verdict == BOOKING_CALENDAR_UNAVAILABLE;
}

/*
 * Of two coaches' answers the one to tell: first what may be over in a moment, then what came closest to a
 * booking, as refusals stand in the order in which they are looked at.
 */
static bool tells_more(const struct booking_result *result, const struct booking_result *than)
{
	const bool may_pass = result->verdict == BOOKING_CALENDAR_UNAVAILABLE;
	if (may_pass || than->verdict == BOOKING_CALENDAR_UNAVAILABLE)
		return may_pass;
	if (result->verdict != BOOKING_REFUSED || than->verdict != BOOKING_REFUSED)
		return result->verdict != BOOKING_REFUSED;
	return result->refusal > than->refusal;
}

/* With whoever's turn it is; where that cannot be, or somebody else was faster, with the next. */
static void create_with_any(const struct booking_call *call, const struct booking_wish *asked, bool hold,
			    struct booking_result *ret_result)
{
	CANDIDATES_LOCAL candidates = {0};
	struct turn *turns = NULL;
	size_t count = 0;
	struct booking_wish wish = *asked;
	if (!booking_candidates(call, &wish, &candidates, &turns, &count, ret_result))
		return;
	const char *text = candidates_names(turns, count, call->mem);
	for (size_t i = 0; i < count; i++) {
		struct booking_result result = {0};
		create_with(call, &wish, hold, candidates.coaches[turns[i].place], text, &result);
		const bool last = !booking_next_may_serve(&result);
		if (i == 0 || last || tells_more(&result, ret_result))
			*ret_result = result;
		if (last)
			return;
	}
}

void booking_create(const struct booking_call *call, const struct booking_wish *wish, bool hold,
		    struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	if (wish->coach_id != NULL && strcmp(wish->coach_id, COACH_ANY) == 0) {
		create_with_any(call, wish, hold, ret_result);
		return;
	}
	COACH_LOCAL coach = NULL;
	if (booking_coach(call, wish->coach_id, &coach, ret_result))
		create_with(call, wish, hold, coach, NULL, ret_result);
}

bool booking_find_client(const struct booking_call *call, struct booking_wish *wish,
			 struct booking_result *result)
{
	if (wish->client_id != NULL)
		return true;
	enum db_result read = identity_of_address(call->worker->db, wish->email, call->mem, &wish->client_id);
	if (read != DB_OK)
		booking_fail(result, read);
	return read == DB_OK;
}

bool booking_client(const struct booking_call *call, const struct booking_wish *wish,
		    const struct coach *coach, struct booking *ret_booking, struct booking_result *result)
{
	struct person known = {0};
	enum db_result read =
		appointments_person(call->worker->db, call->mem, coach->id, wish->client_id, &known);
	if (read != DB_OK && read != DB_NONE) {
		booking_fail(result, read);
		return false;
	}
	const char *zone = wish->zone != NULL        ? zone_name(wish->zone)
			   : known.time_zone != NULL ? known.time_zone
						     : zone_name(coach->schedule->zone);
	*ret_booking = (struct booking){
		.user_id = wish->client_id,
		.client_time_zone = zone,
		.name = wish->name != NULL ? wish->name : known.name,
		.email = wish->email != NULL ? wish->email : known.email,
		.phone = wish->phone != NULL ? wish->phone : known.phone,
		.notes = wish->notes,
		.created_by = call->actor.role,
		.locale = wish->locale != NULL ? wish->locale : known.locale,
		.silent = wish->silent,
		.lease_seconds = BOOKING_LEASE_SECONDS,
		.max_addresses = -1,
		.max_changes = -1,
		.guests = wish->guests,
		.max_guests = -1,
	};
	return booking_target(call, coach->id, &ret_booking->calendar_id, result);
}

void booking_create_for(const struct booking_call *call, const struct booking_wish *asked,
			struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	struct booking_wish wished = *asked;
	const struct booking_wish *wish = &wished;
	COACH_LOCAL coach = NULL;
	if (!booking_find_client(call, &wished, ret_result) ||
	    !booking_coach_now(call, wish->coach_id, &coach, ret_result))
		return;
	const struct session_type *type = schedule_type(coach->schedule, wish->session_type);
	struct booking booking;
	if (type == NULL) {
		ret_result->verdict = BOOKING_UNKNOWN_TYPE;
		return;
	}
	if (!booking_takes_guests(session_type_shared(type), wish->guests, ret_result) ||
	    !booking_client(call, wish, coach, &booking, ret_result))
		return;
	booking.id = new_id(call);
	int64_t minutes = wish->duration_minutes != 0 ? wish->duration_minutes : type->durations[0];
	const struct interval time = {wish->start, wish->start + minutes * SECONDS_PER_MINUTE};
	struct offer offer;
	offer_make(call, coach, type, zone_find(booking.client_time_zone), time, &offer);
	offer.question.day_binds = true;
	offer.question.overridden = wish->overridden;
	struct booking_result refusal = {0};
	if (!offer_suits_coach(call, &offer, wish->client_id, NULL, &refusal)) {
		/* Sent again, it stands in its own way. */
		if (offer.end > INSTANT_MAX || !find_same(call, coach, wish->client_id, time, ret_result))
			*ret_result = refusal;
		return;
	}
	booking_insert(call, booking, &offer, ret_result);
	booking_settle(call, ret_result);
}

/* Confirm in the store: a guest becomes the person behind the address they proved, under that person's
 * limits. */
static enum db_result confirm(const struct booking_call *call, const struct booking *booking,
			      const struct booking_limits *limits, struct store_answer *ret_answer)
{
	struct db *db = call->worker->db;
	return call->caller->guest
		       ? appointments_confirm_guest(db, call->mem, booking, limits, &call->actor, ret_answer)
		       : appointments_confirm(db, call->mem, booking, &call->actor, ret_answer);
}

void booking_confirm(const struct booking_call *call, const char *id, const struct booking_wish *wish,
		     struct booking_result *ret_result)
{
	*ret_result = (struct booking_result){0};
	const char *calendar_id = NULL;
	COACH_LOCAL coach = NULL;
	if (!booking_find(call, id, ret_result) ||
	    !booking_target(call, ret_result->appointment.coach_id, &calendar_id, ret_result) ||
	    !booking_coach(call, ret_result->appointment.coach_id, &coach, ret_result))
		return;
	const struct appointment held = ret_result->appointment;
	if (!booking_takes_guests(held.group_id[0] != '\0', wish->guests, ret_result))
		return;
	if (held.offered && held.status == APPOINTMENT_HELD && held.hold_expires_at > call->now &&
	    !offer_was_told(call, &held) && !offer_stands(call, &held, ret_result))
		return;
	if (held.status == APPOINTMENT_HELD && !can_invite(call, wish, calendar_id, ret_result))
		return;
	struct booking booking =
		person_of(call, wish, coach, wish->zone != NULL ? wish->zone : coach->schedule->zone);
	booking.id = held.id;
	booking.calendar_id = calendar_id;
	const struct session_type *type = schedule_type(coach->schedule, held.session_type);
	if (held.status == APPOINTMENT_HELD && type != NULL &&
	    !booking_seal_answers(call, type, wish->answers, booking.id, &booking.answers, ret_result))
		return;
	struct booking_limits limits = {.max_active = -1};
	booking.max_total = -1;
	booking.request_notice = -1;
	if (type != NULL) {
		struct offer offer;
		offer_make(call, coach, type, wish->zone, (struct interval){held.starts_at, held.ends_at},
			   &offer);
		limits = offer_limits(&offer);
		booking_take_terms(&offer, &booking);
	}
	struct store_answer answer = {0};
	enum db_result done = confirm(call, &booking, &limits, &answer);
	booking_conclude(call, done, &answer, &limits, ret_result);
}
