/*
 * appointments - rows of the table `appointment` and the statements on them.
 *
 * Every function runs one statement on the caller's connection, blocks for it, and returns what
 * db_run() returns; *ret_ is filled only with DB_OK. Texts of an appointment live in the arena.
 */
#ifndef DB_APPOINTMENTS_H
#define DB_APPOINTMENTS_H

#include "base/arena.h"
#include "base/uuid.h"
#include "db/db.h"
#include "domain/appointment.h"
#include "domain/interval.h"
#include "domain/refusal.h"
#include "domain/schedule.h"

/* One row, columns as in sql/migrations. Texts are NULL where the column is. */
struct appointment {
	char id[UUID_TEXT_SIZE];
	const char *coach_id;
	const char *user_id;
	const char *session_type;
	enum appointment_status status;
	instant starts_at;
	instant ends_at;
	instant blocked_from;
	instant blocked_to;
	instant hold_expires_at; /* 0: none */
	const char *client_time_zone;
	const char *name;
	const char *email;
	const char *phone;
	const char *notes;
	enum meeting_kind meeting_kind;
	const char *meeting_url;
	const char *meeting_label;
	const char *meeting_place; /* the address, or the number */
	const char *meeting_instructions;
	int64_t cancel_notice_minutes;
	int64_t reschedule_notice_minutes;
	int64_t max_reschedules; /* -1: no limit */
	int64_t reschedule_count;
	const char *cancel_reason; /* while it is not cancelled: why the coach moved it last */
	instant cancelled_at;      /* 0: not */
	enum cancelled_by cancelled_by;
	instant created_at;
	instant updated_at;
	int64_t version;
	const char *calendar_id; /* NULL: no calendar is written */
	int64_t synced_version;
	int64_t refused_version;
	bool calendar_conflict;
	const char *calendar_detail;
	int64_t calendar_attempts;
	instant calendar_due_at;
	bool event_written;
	const char *event_etag;
	const char *event_link;
	int64_t conference_attempt;
	bool conference_pending;
	bool erased;
	bool offered;                   /* a hold that was made for who waited */
	char group_id[UUID_TEXT_SIZE];  /* the session that it is a seat in, or is; "": none */
	char series_id[UUID_TEXT_SIZE]; /* "": of no series */
	int64_t series_index;           /* from 0 */
	bool guest_refused;             /* Google does not take the client's address as a guest's */
	const char *guest_response;     /* accepted, declined, tentative, none */
	bool event_outdated;            /* the event's texts are of an earlier version */
	const char *created_by;         /* client, coach, admin */
	bool notify;                    /* false: the client is not told, the coach wanted it so */
	const char *locale;             /* of the client, BCP 47 */
	enum inviter invited_by;
	enum late_cancel late_cancel; /* as promised when booking */
	struct price price;           /* what it took, and what it is said to cost elsewhere */
	const char *promo_code;       /* NULL: none */
	enum payment_state payment;   /* of its credits and its code */
	bool requested;     /* the coach's approval is or was asked for, with the hold's end for it */
	const char *guests; /* whom the client invites besides: domain/appointment.h */
};

/*
 * As what it is shown at this time: a hold or a request that ran out has ended, whether or not somebody has
 * written that down yet.
 */
enum appointment_status appointment_shown(const struct appointment *appointment, instant now);

/* Whether anybody is to be invited to it, besides the coach. */
bool appointment_has_invited(const struct appointment *appointment);

/* Whether there is still something to tell Google. */
bool appointment_owes(const struct appointment *appointment);

/* What says whether it may be cancelled or moved. */
struct appointment_facts appointment_facts(const struct appointment *appointment);

/*
 * Read the appointment that is one value of the row. DB_NONE: it is null. DB_FAILED, told by db_failure(): it
 * is none that this program understands. *ret_appointment is filled with DB_OK only.
 */
MUST_USE enum db_result appointment_read(struct db *db, const struct db_rows *rows, size_t row, size_t column,
					 struct arena *mem, struct appointment *ret_appointment);

/* What the schema answers to an event that the coach deleted or moved, X(NAME, word). */
#define EVENT_OUTCOMES(X)                                                                                    \
	X(CANCELLED, "cancelled")                                                                            \
	X(MOVED, "moved")                                                                                    \
	X(CONFLICT, "conflict") /* the time is taken, seen for the first time */                             \
	X(KNOWN, "known")       /* the same, seen before */                                                  \
	X(OVER, "over")         /* the appointment is over or cancelled already */                           \
	X(CHANGED, "changed")   /* the row is no longer the version that was compared */

enum event_outcome {
#define OUTCOME(name, word) EVENT_##name,
	EVENT_OUTCOMES(OUTCOME)
#undef OUTCOME
};

/* Lay what happened to an event over its appointment, if the row still is `version`. */
MUST_USE enum db_result appointments_event_gone(struct db *db, const char *id, int64_t version,
						enum event_outcome *ret_outcome);
MUST_USE enum db_result appointments_event_moved(struct db *db, const struct appointment *row,
						 struct interval time, const char *etag,
						 enum event_outcome *ret_outcome);

/* Who acts, for the audit and the idempotency key. */
struct actor {
	const char *user_id;
	const char *role; /* user, coach, admin, calendar */
	const char *request_id;
	const char *idempotency_key;       /* NULL: none was sent */
	const unsigned char *request_hash; /* CRYPTO_SHA256_SIZE bytes; NULL without a key */
};

/* A booking whose slot rules have been checked. NULL and -1 as in struct appointment. */
struct booking {
	const char *id; /* a new UUID */
	const char *coach_id;
	const char *user_id;
	const char *session_type;
	bool hold;
	instant starts_at;
	instant ends_at;
	instant blocked_from;
	instant blocked_to;
	const char *client_time_zone;
	const char *name;
	const char *email;
	const char *phone;
	const char *notes;
	struct meeting meeting;
	int64_t cancel_notice_minutes;
	int64_t reschedule_notice_minutes;
	int64_t max_reschedules;
	int64_t hold_minutes;
	const char *calendar_id;
	const char *created_by; /* client, coach, admin */
	bool silent;            /* the client is not told */
	const char *answers;    /* sealed; NULL: none */
	int64_t lease_seconds;  /* in which the caller pays the debt to Google itself */
	/* How many addresses other than their own a client may use in a day; -1: it is their own, or no limit
	 */
	int64_t max_addresses;
	/* After so many cancellations and moves in a day they book and move no more; -1: no limit */
	int64_t max_changes;
	const char *locale; /* BCP 47; NULL: not known */
	const char *reason; /* of a move by the coach: what the client is told of it; NULL: nothing */
	bool exempt;        /* of a move: no cut-off and no limit of moves binds the actor */
	enum late_cancel late_cancel;
	struct price price;
	const char *promo_code;     /* NULL: none */
	int64_t max_total;          /* sessions of one client, ever; -1: no limit */
	const char *max_total_type; /* NULL where all types count */
	const char *guests;         /* domain/appointment.h */
	int64_t request_notice; /* minutes before the start by which the coach must approve it; -1: no need */
	int64_t max_guests;     /* addresses that the client may have invited in a day; -1: no limit */
	const char *candidates; /* ids of coaches in the order of their turn, blanks between; NULL: the
				   client named one */
	int64_t seats;          /* of a session that clients share; 0: the client has it alone */
	int64_t min_seats;
	bool joins; /* only a session that stands: nobody has asked whether the time is free */
};

/* Limits that the database counts; -1 is no limit. A type is NULL where all types count. */
struct booking_limits {
	int64_t max_active;
	const char *max_active_type;
	int64_t max_per_day;
	const char *max_per_day_type;
	instant day_from;
	instant day_to;
};

/* What the booking functions of the schema answer. */
enum store_outcome {
	STORE_DONE,   /* booked, confirmed, cancelled, moved, marked */
	STORE_EXISTS, /* the very same stands already: exists, already, same */
	STORE_NOT_FOUND,
	STORE_CROWDED,         /* too many times are open for guests of this network, or at this coach */
	STORE_TOO_OFTEN,       /* the client has cancelled and moved too often in a day */
	STORE_TOO_MANY_PEOPLE, /* twenty others who are new here have booked from their network in a day */
	STORE_TOO_MANY_GUESTS, /* or the client has had too many addresses invited */
	STORE_TOO_MANY_CODES,  /* or tried too many wrong codes */
	STORE_TOTAL_REACHED,   /* this client has had as many sessions of the kind as one may ever have */
	STORE_REFUSED,         /* a rule said no: refusal is set */
};

/* The row is filled with STORE_DONE and STORE_EXISTS, and where one exists with the refusals too (id "" if
 * not). */
struct store_answer {
	enum store_outcome outcome;
	enum refusal refusal;
	struct appointment appointment;
	/* Another coach, whose time the caller's hold had kept, or whose the appointment was; NULL: none */
	const char *freed_coach;
};

MUST_USE enum db_result appointments_book(struct db *db, struct arena *mem, const struct booking *booking,
					  const struct booking_limits *limits, const struct actor *actor,
					  struct store_answer *ret_answer);

/* Confirm a hold of booking->user_id: uses id, user_id, the person's fields and the calendar's. */
MUST_USE enum db_result appointments_confirm(struct db *db, struct arena *mem, const struct booking *booking,
					     const struct actor *actor, struct store_answer *ret_answer);

/* Who holds without being known, and the session that the hold is confirmed with. */
struct guest_pass {
	const char *user_id;             /* "guest:" and a random id */
	const char *token;               /* of the session, for Authorization: Bearer */
	const unsigned char *token_hash; /* CRYPTO_SHA256_SIZE bytes, as the next */
	const unsigned char *network;    /* the digest of where they come from */
	instant expires_at;              /* of the session */
};

/* As appointments_book for a hold; STORE_CROWDED too. */
MUST_USE enum db_result appointments_hold_guest(struct db *db, struct arena *mem,
						const struct booking *booking,
						const struct booking_limits *limits,
						const struct actor *actor, const struct guest_pass *pass,
						struct store_answer *ret_answer);

/*
 * As either (pass NULL: nobody's) with one of booking->candidates, and record the choice. STORE_EXISTS also
 * where the client has that time with another of them.
 */
MUST_USE enum db_result appointments_book_any(struct db *db, struct arena *mem, const struct booking *booking,
					      const struct booking_limits *limits, const struct actor *actor,
					      const struct guest_pass *pass, struct store_answer *ret_answer);

/*
 * As appointments_confirm for a guest, whose booking becomes that of the person behind its address. Refused
 * with REFUSAL_ADDRESS_NOT_VERIFIED, REFUSAL_SIGN_IN_REQUIRED or a limit: max_active, and
 * the booking's own max_total and max_changes.
 */
MUST_USE enum db_result appointments_confirm_guest(struct db *db, struct arena *mem,
						   const struct booking *booking,
						   const struct booking_limits *limits,
						   const struct actor *actor,
						   struct store_answer *ret_answer);

struct cancellation {
	const char *id;
	enum cancelled_by by;
	bool exempt;        /* no cut-off binds the actor */
	const char *reason; /* may be NULL */
	int64_t lease_seconds;
};

MUST_USE enum db_result appointments_cancel(struct db *db, struct arena *mem,
					    const struct cancellation *cancellation,
					    const struct actor *actor, struct store_answer *ret_answer);

/* Move: uses id, coach_id, the times, lease_seconds, max_changes and exempt of the booking, and the day
 * limit. */
MUST_USE enum db_result appointments_move(struct db *db, struct arena *mem, const struct booking *booking,
					  const struct booking_limits *limits, const struct actor *actor,
					  struct store_answer *ret_answer);

/*
 * Move to another coach than the appointment has, who was chosen out of booking->candidates: uses besides the
 * calendar, the meeting, max_total and all limits. Refused as a booking may be, too.
 */
MUST_USE enum db_result appointments_move_any(struct db *db, struct arena *mem, const struct booking *booking,
					      const struct booking_limits *limits, const struct actor *actor,
					      struct store_answer *ret_answer);

/*
 * Give an appointment another place to meet. STORE_DONE, or STORE_REFUSED with REFUSAL_NOT_ACTIVE where it is
 * not scheduled or over.
 */
MUST_USE enum db_result appointments_set_meeting(struct db *db, struct arena *mem, const char *id,
						 const struct meeting *meeting, int64_t lease_seconds,
						 const struct actor *actor, struct store_answer *ret_answer);

/*
 * Make a session of a client's request, with its event in `calendar_id`; or refuse it. STORE_EXISTS: that was
 * done before; STORE_REFUSED with REFUSAL_NOT_ACTIVE: it is no request, or no longer one.
 */
MUST_USE enum db_result appointments_approve(struct db *db, struct arena *mem, const struct booking *booking,
					     const struct actor *actor, struct store_answer *ret_answer);
MUST_USE enum db_result appointments_decline(struct db *db, struct arena *mem,
					     const struct cancellation *cancellation,
					     const struct actor *actor, struct store_answer *ret_answer);

/*
 * Give an appointment other guests: uses id, guests, max_guests, max_changes and lease_seconds.
 * STORE_EXISTS: they are its guests already; STORE_REFUSED with REFUSAL_NOT_ACTIVE: it is not scheduled, or
 * over.
 */
MUST_USE enum db_result appointments_set_guests(struct db *db, struct arena *mem,
						const struct booking *booking, const struct actor *actor,
						struct store_answer *ret_answer);

/* status: completed or no_show. */
MUST_USE enum db_result appointments_mark(struct db *db, struct arena *mem, const char *id,
					  enum appointment_status status, const struct actor *actor,
					  struct store_answer *ret_answer);

/*
 * Give back the credits and the code that a late cancellation or a no-show has kept; `note` may be NULL.
 * STORE_EXISTS: they were returned before; STORE_REFUSED with REFUSAL_NOT_ACTIVE: nothing was kept.
 */
MUST_USE enum db_result appointments_give_back(struct db *db, struct arena *mem, const char *id,
					       const char *note, const struct actor *actor,
					       struct store_answer *ret_answer);

/* DB_NONE: no such row. */
MUST_USE enum db_result appointments_by_id(struct db *db, struct arena *mem, const char *id,
					   struct appointment *ret_appointment);

/*
 * The appointment that has the event of this one in the coach's calendar: itself, or the session that it is a
 * seat in. *ret_bearer lies in `mem`, or is `appointment`.
 */
MUST_USE enum db_result appointments_in_calendar(struct db *db, struct arena *mem,
						 const struct appointment *appointment,
						 const struct appointment **ret_bearer);

/* Whose appointments somebody may see: a client's, a coach's (NULL: nobody's), or all. */
struct appointment_party {
	const char *user_id;
	const char *pseudonym; /* what the client is once erased; NULL: nobody */
	const char *coach_id;
	const char *further_coaches; /* as in struct identity */
	bool all;
};

/*
 * The same for such a party. DB_NONE: no such row, or not for them; which of the two cannot be told by the
 * time it takes either.
 */
MUST_USE enum db_result appointments_of_party(struct db *db, struct arena *mem, const char *id,
					      const struct appointment_party *party,
					      struct appointment *ret_appointment);

struct person {
	const char *name;
	const char *email;
	const char *phone;
	const char *time_zone;
	const char *locale;
};

/* What a client last told this coach of themselves. DB_NONE: nothing that is still kept. */
MUST_USE enum db_result appointments_person(struct db *db, struct arena *mem, const char *coach_id,
					    const char *user_id, struct person *ret_person);

/* The scheduled appointment of this client at exactly this time. DB_NONE: none. */
MUST_USE enum db_result appointments_same(struct db *db, struct arena *mem, const char *coach_id,
					  const char *user_id, struct interval time,
					  struct appointment *ret_appointment);

struct appointment_page_query {
	const char *user_id;  /* either this */
	const char *coach_id; /* or this */
	const char *status;   /* upcoming, past, cancelled, all */
	instant after_start; /* the last one of the page before; INSTANT_MIN and the nil UUID for the first */
	const char *after_id;
	int64_t limit;
	instant from; /* a coach's list only: those that end after this */
	instant to;   /* and start before this */
};

struct appointment_list {
	struct appointment *items;
	size_t count;
};

/* By start, then id. */
MUST_USE enum db_result appointments_list(struct db *db, struct arena *mem,
					  const struct appointment_page_query *query,
					  struct appointment_list *ret_list);

/* The seats of a session, in the order in which they were booked. */
MUST_USE enum db_result appointments_of_group(struct db *db, struct arena *mem, const char *group_id,
					      struct appointment_list *ret_list);

/*
 * For the export: rows of a user, whatever their status, that were last changed from query->from on and
 * before query->to. By start, then id, as in a page; no status and no coach.
 */
MUST_USE enum db_result appointments_export(struct db *db, struct arena *mem,
					    const struct appointment_page_query *query,
					    struct appointment_list *ret_list);

/*
 * For a coach's feed: what is no hold and ends by query->to, in the same order. No appointment of the coach
 * ends after *ret_end of appointments_feed_state; *ret_state, in `mem`, differs when what the feed shows from
 * `begin` on does.
 */
MUST_USE enum db_result appointments_feed_state(struct db *db, struct arena *mem, const char *coach_id,
						instant begin, instant *ret_end, const char **ret_state);
MUST_USE enum db_result appointments_feed(struct db *db, struct arena *mem,
					  const struct appointment_page_query *query,
					  struct appointment_list *ret_list);

/* ---- series: each function is one transaction ---- */

/* What the occurrences have in common, and their times. */
struct series_booking {
	const char *id;        /* a new UUID; of a move: not used */
	struct booking common; /* all but id and times; of a move: coach_id, lease, max_changes, exempt */
	/* JSON, an array of objects with id, starts_at, ends_at, blocked_from, blocked_to, day_from, day_to,
	 * and, of a new one, answers and meeting_url. */
	const char *times;
	struct booking_limits limits; /* without the day */
	bool all;                     /* all of them or none */
};

struct store_answers {
	struct store_answer *items; /* in the order of the times */
	size_t count;
};

/* As appointments_book and appointments_move for each; see book_series() for what one refusal means. */
MUST_USE enum db_result series_book(struct db *db, struct arena *mem, const struct series_booking *series,
				    const struct actor *actor, struct store_answers *ret_answers);

/* The scheduled and cancelled ones from that index on, by start. */
MUST_USE enum db_result series_read(struct db *db, struct arena *mem, const char *series_id,
				    int64_t from_index, struct appointment_list *ret_list);

/* ids: "{uuid,uuid}". */
MUST_USE enum db_result series_cancel(struct db *db, struct arena *mem, const char *ids,
				      const struct cancellation *cancellation, const struct actor *actor,
				      struct store_answers *ret_answers);

/* Those that are refused stay where they are. */
MUST_USE enum db_result series_move(struct db *db, struct arena *mem, const struct series_booking *series,
				    const struct actor *actor, struct store_answers *ret_answers);

#endif
