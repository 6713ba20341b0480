/*
 * booking_body - what the calls that book share: the fields of their bodies, and how a result becomes a
 * reply.
 */
#ifndef API_BOOKING_BODY_H
#define API_BOOKING_BODY_H

#include "api/api.h"
#include "app/booking.h"
#include "base/json.h"

enum {
	NAME_MAX_CHARACTERS = 200,
	PHONE_MAX_CHARACTERS = 32,
	NOTES_MAX_CHARACTERS = 2000,
	SCOPE_MAX_CHARACTERS = 20,
	PROMO_CODE_MAX_CHARACTERS = 40,
	CREDITS_MAX_CHARACTERS = 20,
	GUEST_HOLD_MINUTES = 10, /* without a word of who they are, whatever HOLD_MINUTES is */
};

/* The person's fields of a body, besides what the call itself asks for. */
struct person_fields {
	const char *zone_name;
	const char *name;
	const char *email;
	const char *phone;
	const char *notes;
	const char *locale;
	const char *code; /* that was mailed to `email` */
};

#define PERSON_FIELDS(person)                                                                                \
	{"time_zone", JSON_FIELD_TEXT, false, 1, ZONE_NAME_MAX, &(person).zone_name, NULL},                  \
		{"name", JSON_FIELD_LINE, false, 1, NAME_MAX_CHARACTERS, &(person).name, NULL},              \
		{"email", JSON_FIELD_LINE, false, 1, EMAIL_MAX_CHARACTERS, &(person).email, NULL},           \
		{"phone", JSON_FIELD_LINE, false, 0, PHONE_MAX_CHARACTERS, &(person).phone, NULL},           \
		{"notes", JSON_FIELD_NOTE, false, 0, NOTES_MAX_CHARACTERS, &(person).notes, NULL},           \
		{"locale", JSON_FIELD_LINE, false, 1, LOCALE_MAX_CHARACTERS, &(person).locale, NULL},        \
	{                                                                                                    \
		"code", JSON_FIELD_TEXT, false, 1, CODE_MAX_CHARACTERS, &(person).code, NULL                 \
	}

#define PROMO_CODE_FIELD(wish)                                                                               \
	{                                                                                                    \
		"promo_code", JSON_FIELD_LINE, false, 0, PROMO_CODE_MAX_CHARACTERS, &(wish).promo_code, NULL \
	}

/* Check the person's fields and put them into the wish; faults are told as prefix + field. False: answered.
 */
bool booking_accept_person(struct call *call, const struct person_fields *person, const char *prefix,
			   struct booking_wish *wish);

/* Whom a coach books for: a user of the platform, else the person behind an address. False: answered. */
bool booking_read_client(struct call *call, const json_t *client, struct booking_wish *wish);

#define GUESTS_FIELD(list)                                                                                   \
	{                                                                                                    \
		"guests", JSON_FIELD_VALUE, false, 0, 0, &(list), NULL                                       \
	}

/* The guests of a body, each once; NULL: none. False: answered. */
bool booking_read_guests(struct call *call, const json_t *list, const char **ret_guests);

/* The rules that a coach overrides by name, as bits; NULL: none. False: answered. */
bool booking_read_overrides(struct call *call, const json_t *names, unsigned *ret_overridden);

/*
 * Whether a coach has a client's credits taken: "debit" (or NULL), or for "free" none, which is another word
 * for overriding credits_required. False: answered.
 */
bool booking_read_credits(struct call *call, const char *word, unsigned *overridden);

/* The use cases' view of the call. */
struct booking_call booking_use_case(struct call *call);

void booking_answer_appointment(struct call *call, unsigned status, const struct appointment *appointment);
void booking_count_outcome(struct call *call, const char *action);

/* 429: twenty others who are new here have booked or waited from their network today. */
void booking_refuse_newcomer(struct call *call);

/* The one place where a verdict becomes a reply. */
void booking_answer_call(struct call *call, const char *action, const struct booking_result *result);

#endif
