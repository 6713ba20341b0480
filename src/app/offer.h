/*
 * offer - a time that somebody wants, what stands against it, and what the use cases of booking.h share. For
 * src/app/booking*.c only.
 */
#ifndef APP_OFFER_H
#define APP_OFFER_H

#include "app/booking.h"
#include "app/candidates.h"

/* While a request pays its own debt to Google, nobody else touches it; if it dies, the debt is free after
 * this. */
enum { BOOKING_LEASE_SECONDS = 10 };

/* What a client may do in a day, so that nobody sends strangers invitations through the coach's calendar. */
enum {
	BOOKING_ADDRESSES_A_DAY = 3, /* other than their own, while no code can be mailed to them */
	BOOKING_GUESTS_A_DAY = 20,   /* invited besides them, if their own address is known to be theirs */
	BOOKING_CHANGES_A_DAY = 30,  /* cancellations and moves, and changes of guests */
};

void booking_refuse(struct booking_result *result, enum refusal refusal, const char *detail);
void booking_fail(struct booking_result *result, enum db_result failure);

/* Why nothing can be done with an appointment that is not scheduled: a sentence for a person. Static text. */
const char *booking_not_active(const struct appointment *appointment, instant now);

/* Read the appointment for a party of it: client, coach, admin. False: the result says why not. */
bool booking_find(const struct booking_call *call, const char *id, struct booking_result *result);

/* The same for what its coach or an admin does; BOOKING_FORBIDDEN for its client. */
bool booking_find_as_staff(const struct booking_call *call, const char *id, struct booking_result *result);

/* The coach, to be released. False: the result says why not. */
bool booking_coach(const struct booking_call *call, const char *id, const struct coach **ret_coach,
		   struct booking_result *result);

/* The same as the database has it now, appointments and all. */
bool booking_coach_now(const struct booking_call *call, const char *id, const struct coach **ret_coach,
		       struct booking_result *result);

/*
 * Who may give what `wish` asks of any coach, in the order of their turn; candidates is {0}, to be cleared.
 * The wish gets the type and the duration that are meant. False: the result says why there is nobody.
 */
bool booking_candidates(const struct booking_call *call, struct booking_wish *wish,
			struct candidates *candidates, struct turn **ret_turns, size_t *ret_count,
			struct booking_result *result);

/* Whether what refused the client at one coach says nothing of another. Pure. */
bool booking_next_may_serve(const struct booking_result *result);

/*
 * Who is behind a wish that a coach has for a client: fills in wish->client_id where only an address is
 * given. False: the database failed, and the result says so. Blocks for it.
 */
bool booking_find_client(const struct booking_call *call, struct booking_wish *wish,
			 struct booking_result *result);

/*
 * The client's part of a coach's booking: what the wish says, else what the client last told this coach;
 * wish->client_id is set. False: the result says why not. Blocks for the database.
 */
bool booking_client(const struct booking_call *call, const struct booking_wish *wish,
		    const struct coach *coach, struct booking *ret_booking, struct booking_result *result);

/* A time that somebody wants, and all that is asked about it. Borrowed from the coach's snapshot. */
struct offer {
	const struct coach *coach;
	const struct session_type *type;
	const struct zone *zone; /* the booker's, for sentences */
	instant start;
	instant end;
	struct interval blocked; /* with the buffers */
	struct slot_question question;
};

/* The reasons of a verdict in sentences, in the call's memory. */
struct told_reasons offer_tell(const struct booking_call *call, const struct slot_question *question,
			       instant start, const struct slot_verdict *verdict,
			       struct slot_listener listener);

/* Add a rule that is no slot's. */
void told_reasons_add(struct told_reasons *reasons, enum refusal rule, const char *detail, struct arena *mem);

void offer_make(const struct booking_call *call, const struct coach *coach, const struct session_type *type,
		const struct zone *zone, struct interval time, struct offer *ret_offer);

/* Whether it is one more seat in a session that stands, which takes none of the coach's time. */
bool offer_joins(const struct offer *offer);

/* Whether all that is computed from it can be written down: dates end with the year 9999. False: refused. */
bool offer_is_in_time(const struct offer *offer, struct booking_result *result);

/* The rules that need nothing but the schedule; limits and overlaps are the database's. False: refused. */
bool offer_keeps_rules(const struct booking_call *call, const struct offer *offer,
		       struct booking_result *result);

/*
 * Ask Google afresh for just this time. False: refused, or unavailable. moving: the appointment that is being
 * moved; NULL: none.
 */
bool offer_is_free(const struct booking_call *call, struct offer *offer, const char *client,
		   const struct appointment *moving, struct booking_result *result);

/*
 * Ask for the busy times around the offer, into its question: a busy time is told whole, though it began days
 * ago, and our own events are left out, since their appointments are told. What is remembered while Google
 * cannot be reached begins now, so then just the time itself is asked for. Any duration may be asked about,
 * but Google answers for some weeks only. *ret_google, unless NULL: what Google says, without the coach's
 * further calendars.
 */
enum calendar_knowledge offer_busy_around(const struct booking_call *call, struct offer *offer,
					  struct intervals *ret_google);

/*
 * The busy times but those that are nothing but our own appointments: an appointment and its event are one
 * cause.
 */
struct intervals offer_without_own_events(const struct coach *coach, struct intervals busy,
					  struct arena *mem);

/*
 * As both above, for a coach who books or moves for a client (NULL: nobody in particular): everything is
 * judged at once, and the result tells every rule that stands against the offer. Blocks for the database and
 * Google.
 */
bool offer_suits_coach(const struct booking_call *call, struct offer *offer, const char *client,
		       const struct appointment *moving, struct booking_result *result);

/*
 * Whether what was offered to who waited may be booked, by every rule that binds clients. False: the result
 * says why not; CALENDAR_UNAVAILABLE: it cannot be known now. Blocks for the database and Google.
 */
bool offer_stands(const struct booking_call *call, const struct appointment *held,
		  struct booking_result *result);

/* Whether whoever waited was told of it, so that it was judged and is a promise. */
bool offer_was_told(const struct booking_call *call, const struct appointment *held);

/* Who cancels: the client, their coach or an admin. */
enum cancelled_by booking_canceller(const struct booking_call *call, const struct appointment *appointment);

/*
 * The person's part of a booking by the caller, and where its event goes. False: the database failed, or
 * there is no address for the invitation, and the result says so.
 */
bool booking_person(const struct booking_call *call, const struct booking_wish *wish,
		    const struct coach *coach, struct booking *ret_booking, struct booking_result *result);

/*
 * How many addresses the caller may have invited in a day besides their own, which is `email`; -1: no limit,
 * for who is exempt.
 */
int64_t booking_max_guests(const struct booking_call *call, const char *coach_id, const char *email);

/* Whether there may be such guests: a shared session has none but its clients. False: refused. */
bool booking_takes_guests(bool shared, const char *guests, struct booking_result *result);

/* Where the events of this coach go; NULL: nowhere. False: the database failed, and the result says so. */
bool booking_target(const struct booking_call *call, const char *coach_id, const char **ret_calendar_id,
		    struct booking_result *result);

/*
 * One statement: limits, overlap, row, audit, key. `booking` has the person's part; the rest is the offer's.
 * A hold if booking->hold.
 */
void booking_insert(const struct booking_call *call, struct booking booking, const struct offer *offer,
		    struct booking_result *result);

/* The terms that the client is promised when booking: the type's, and what it takes from this caller. */
void booking_take_terms(const struct offer *offer, struct booking *booking);

/* Why a client's credits do not suffice, with what they have, in the call's memory. */
const char *booking_credits_sentence(const struct booking_call *call, int64_t price, int64_t credits,
				     bool to_coach);

/*
 * Check a wish's answers to the questions of the type and seal them for the appointment `id`; NULL where
 * nothing was answered. False: the result says why not.
 */
bool booking_seal_answers(const struct booking_call *call, const struct session_type *type,
			  const json_t *answers, const char *id, const char **ret_sealed,
			  struct booking_result *result);

/* The limits that the database counts under its locks; none for those who are exempt. */
struct booking_limits offer_limits(const struct offer *offer);

/* What the database's answer means for the caller; limits may be NULL where none were given. */
void booking_answer(const struct booking_call *call, const struct store_answer *answer,
		    const struct booking_limits *limits, struct booking_result *result);

/* If the appointment was changed, caches go, and Google is told for as long as the reply may wait. */
void booking_settle(const struct booking_call *call, struct booking_result *result);

/* What came of a statement that changes one appointment: booking_answer() and booking_settle(), or why it
 * failed. */
void booking_conclude(const struct booking_call *call, enum db_result done, const struct store_answer *answer,
		      const struct booking_limits *limits, struct booking_result *result);

#endif
