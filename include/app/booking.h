/*
 * booking - create, hold, confirm, move, cancel and mark appointments.
 *
 * Each use case reads top to bottom: what is asked, the slot rules, Google's busy times for just that range,
 * one statement that books, then the debt to Google, for which the reply waits until the deadline at most.
 * All block, each on its worker's connection; safe from any thread with a worker of its own.
 */
#ifndef APP_BOOKING_H
#define APP_BOOKING_H

#include "app/availability.h"
#include "calendar/busy.h"
#include "app/coaches.h"
#include "app/identity.h"
#include "app/private_part.h"
#include "db/appointments.h"
#include "domain/refusal.h"

/* What the use cases stand on, and who asks when. Everything is borrowed. */
struct booking_call {
	struct coaches *coaches;
	struct calendars *calendars;
	struct worker *worker;
	struct arena *mem;
	const struct identity *caller;
	struct actor actor;                /* the same caller, with the request's id and idempotency key */
	const struct seal_keys *seal_keys; /* the operator's; NULL: none */
	const struct seal_keys *pseudonym_keys; /* of who was erased (app/pseudonym.h); NULL: none */
	int64_t hold_minutes;
	bool addresses_proved; /* a code can be mailed, so only addresses that were proved are invited */
	const struct guest_pass *pass; /* of a hold by nobody known; NULL: the caller is */
	instant now;
	int64_t deadline; /* as monotonic_ms: how long the reply may wait for Google in all */
};

enum booking_verdict {
	BOOKING_CREATED, /* 201 */
	BOOKING_FINE,    /* 200: done, or it stood like that already */
	BOOKING_REFUSED, /* a rule said no: refusal and detail are set */
	BOOKING_UNKNOWN, /* no such appointment, or not this caller's: 404, all alike */
	BOOKING_FORBIDDEN,
	BOOKING_CROWDED,         /* guests hold too many times: 429 */
	BOOKING_TOO_OFTEN,       /* cancelled and moved too often today: 429 */
	BOOKING_TOO_MANY_PEOPLE, /* too many others, new here, have booked from their network today: 429 */
	BOOKING_TOO_MANY_GUESTS, /* has had too many addresses invited today: 429 */
	BOOKING_TOO_MANY_CODES,  /* tried too many wrong codes today: 429 */
	BOOKING_UNKNOWN_COACH,
	BOOKING_AMBIGUOUS_COACH,
	BOOKING_UNKNOWN_TYPE,
	BOOKING_EMAIL_MISSING, /* neither sent nor known, and the invitation needs one; detail is set */
	BOOKING_BAD_ANSWER, /* to a question of the session type, or guests where there are none: fault is set
			     */
	BOOKING_CALENDAR_UNAVAILABLE,
	BOOKING_DATABASE_UNAVAILABLE, /* nothing was done, or it is not known (the detail says so) */
	BOOKING_FAILURE,              /* the database refused what it should not: see db_failure() */
};

/* A rule that stands against a start, told: nothing here is borrowed from a coach. */
struct told_reason {
	enum refusal rule;
	const char *detail;
	bool has_span; /* it is a stretch of time */
	struct interval span;
	const char *source; /* CALENDAR_BUSY: the calendars that are busy then, by name; NULL: not told */
};

struct told_reasons {
	struct told_reason *items; /* in the contract's order */
	size_t count;
};

struct booking_result {
	enum booking_verdict verdict;
	enum refusal refusal;
	const char *detail; /* one sentence for a person; NULL: the verdict says it all */
	/* CREATED, FINE; with REFUSED the one that it is about. id is "" otherwise */
	struct appointment appointment;
	bool moved_or_new;           /* the appointment was changed by this call */
	struct json_fault fault;     /* BAD_ANSWER */
	int64_t credits;             /* REFUSED for want of credits: how many there are */
	struct told_reasons reasons; /* REFUSED by a start's rules, for a coach: all that stand against it */
};

/* A new appointment or hold. NULL and 0 where the client sent none. */
struct booking_wish {
	const char *coach_id;
	const char *session_type;
	instant start;
	int64_t duration_minutes; /* 0: the type's, or the appointment's own when it is moved */
	const struct zone *zone;  /* the booker's; NULL: the coach's */
	const char *name;
	const char *email;
	const char *phone;
	const char *notes;
	const char *locale;    /* BCP 47 */
	const json_t *answers; /* to the session type's questions, by id */
	const char *promo_code;
	const char *guests; /* domain/appointment.h */
	/* A coach's: whom it is for (NULL: whoever is behind `email`), which rules do not stand against it,
	 * whether to tell. */
	const char *client_id;
	unsigned overridden; /* 1u << enum refusal */
	bool silent;
	const char *reason; /* why it moves; NULL: not said */
};

/* The rules that a coach may override by name; of these the past and other appointments are none. */
bool booking_may_override(enum refusal rule);

void booking_create(const struct booking_call *call, const struct booking_wish *wish, bool hold,
		    struct booking_result *ret_result);

/*
 * Book for a client, as a coach or an admin: asked->client_id or asked->email is set. What the wish does not
 * say of the client is taken from what they last told this coach. Hours, blocked dates, the grid, durations,
 * full days, the calendar and credits stand against it unless they are overridden; a refusal tells every rule
 * that does.
 */
void booking_create_for(const struct booking_call *call, const struct booking_wish *asked,
			struct booking_result *ret_result);

/* Turn the caller's hold into a booking; uses the person's fields of the wish. */
void booking_confirm(const struct booking_call *call, const char *id, const struct booking_wish *wish,
		     struct booking_result *ret_result);

/*
 * Uses start, duration, overridden and reason of the wish, the last two for a coach or an admin only: else
 * FORBIDDEN. With coach_id COACH_ANY, where its own coach does not have the time, to whoever's turn it is of
 * those who give the type for the same price and have it: their rules and limits bind, without overrides. A
 * seat, a date of a series and what a promo code was used for stay with their coach.
 */
void booking_reschedule(const struct booking_call *call, const char *id, const struct booking_wish *wish,
			struct booking_result *ret_result);

void booking_cancel(const struct booking_call *call, const char *id, const char *reason,
		    struct booking_result *ret_result);

/* The coach, or an admin, says where a session takes place; its event and all who are told follow. */
void booking_set_meeting(const struct booking_call *call, const char *id, const struct meeting *meeting,
			 struct booking_result *ret_result);

/*
 * The coach, or an admin, says yes or no to what a client has asked for; `reason`, why not, may be NULL.
 * REFUSED with NOT_ACTIVE where it is no request, or no longer one.
 */
void booking_approve(const struct booking_call *call, const char *id, struct booking_result *ret_result);
void booking_decline(const struct booking_call *call, const char *id, const char *reason,
		     struct booking_result *ret_result);

/*
 * Replace the guests (NULL: none), for whoever may see the appointment: who is new is invited, who is missing
 * is told that they need not come. REFUSED with NOT_ACTIVE where it is not scheduled, or over.
 */
void booking_set_guests(const struct booking_call *call, const char *id, const char *guests,
			struct booking_result *ret_result);

/* status: completed or no_show; for the coach and admins. */
void booking_mark(const struct booking_call *call, const char *id, enum appointment_status status,
		  struct booking_result *ret_result);

/*
 * The coach, or an admin, gives back what a late cancellation or a no-show has kept; `note`, why, may be
 * NULL. REFUSED with NOT_ACTIVE where nothing was.
 */
void booking_give_back(const struct booking_call *call, const char *id, const char *note,
		       struct booking_result *ret_result);

/* One appointment for whoever may see it: its client, its coach, an admin. */
void booking_get(const struct booking_call *call, const char *id, struct booking_result *ret_result);

/*
 * What only its client and its coach may read of an appointment that the caller may see; of the coach's notes
 * the client sees nothing. False: the result says why not.
 */
bool booking_private(const struct booking_call *call, const struct appointment *appointment,
		     struct private_part *ret_part, struct booking_result *result);

/* Replace the answers, until the session starts, for its client or its coach. */
void booking_answers(const struct booking_call *call, const char *id, const json_t *answers,
		     struct booking_result *ret_result);

/* Replace the coach's notes (NULL: none), for the coach and admins. */
void booking_coach_notes(const struct booking_call *call, const char *id, const char *notes,
			 struct booking_result *ret_result);

/* What stands against a start. */
struct explanation {
	struct told_reasons reasons;
	enum calendar_knowledge knowledge;
	bool draft;                 /* clients do not see this type at all */
	bool approval;              /* what a client books waits for the coach */
	const char *stale_calendar; /* the further calendar that was not read for too long; NULL: none */
};

/* Every rule that stands against a start, for the coach: as for a client (user_id NULL: nobody in
 * particular).
 */
enum availability_outcome booking_explain(const struct booking_call *call, const struct booking_wish *wish,
					  const char *user_id, struct explanation *ret_explanation);

#endif
