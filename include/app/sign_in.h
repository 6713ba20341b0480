/*
 * sign_in - signing in by mail, manage links, and the sessions they begin.
 *
 * A code of six digits and a link are mailed; either completes only together with the nonce that the asking
 * browser was given, so a program that opens every link, runs its scripts and presses its buttons signs
 * nobody in and uses up no try. What is asked for is answered alike whoever it is. A session is an opaque
 * bearer token of 256 random bits, kept as its digest: of a person for 30 days, of one appointment for 15
 * minutes.
 *
 * The same codes prove to this server that somebody who is signed in already reads a further address: it may
 * then be invited to what they book.
 *
 * All functions block for one statement on the worker's connection; safe from any thread with a worker of its
 * own.
 */
#ifndef APP_SIGN_IN_H
#define APP_SIGN_IN_H

#include "app/identity.h"
#include "db/appointments.h"
#include "notice/notice.h"

enum {
	SIGN_IN_CODE_MINUTES = 10,
	SIGN_IN_SESSION_SECONDS = 30 * SECONDS_PER_DAY,
	SIGN_IN_MANAGE_SECONDS = 900,
	SIGN_IN_GUEST_SECONDS = 1800,
};

/* Borrowed. */
struct sign_in_settings {
	const char *admin_emails; /* ADMIN_EMAILS; NULL: none */
	const char *public_url;   /* NULL: mails have a code and no link */
};

/* What is asked with. */
struct sign_in_call {
	const struct sign_in_settings *settings;
	struct notices *notices;
	struct worker *worker;
	struct arena *mem;
	const void *network; /* where the call comes from, of network_length bytes */
	size_t network_length;
};

enum sign_in_outcome {
	SIGN_IN_DONE,
	SIGN_IN_WRONG,     /* not this code, link or browser */
	SIGN_IN_EXPIRED,   /* too old, used, replaced by a newer one, or tried too often */
	SIGN_IN_TOO_OFTEN, /* asked for codes to too many addresses today */
	SIGN_IN_FAILED,    /* the database: see db_failure() */
};

/* A session that has begun; texts in the call's memory. */
struct signed_in {
	const char *token; /* for Authorization: Bearer */
	const char *user_id;
	const char *role;
	const char *coach; /* NULL: none */
	const char *email;
	const char *appointment_id; /* of a manage link */
	instant expires_at;
};

/*
 * Have a code mailed to an address that email_is_usable() takes; the answer does not tell whether it is known
 * here. page: "booking" or "coach". *ret_nonce is what the browser keeps. SIGN_IN_TOO_OFTEN: the network
 * asked for codes to a hundred addresses today.
 */
enum sign_in_outcome sign_in_begin(const struct sign_in_call *call, const char *email, const char *page,
				   const char *locale, const char **ret_nonce);

/* Complete it by the code for this address, blanks in it or not, or by the token of the link (the other
 * NULL). */
enum sign_in_outcome sign_in_complete(const struct sign_in_call *call, const char *email, const char *code,
				      const char *token, const char *nonce, struct signed_in *ret_session);

/*
 * Have a code mailed by which a user proves that an address, which email_is_usable() takes, is theirs.
 * Answers alike whether it is mailed: an address gets five in ten minutes and twenty a day.
 * SIGN_IN_TOO_OFTEN: the user asked for ten addresses today, or guests of their network for twenty.
 * ret_freed_coach: NULL unless the user is a guest, of whose network the address keeps this one time open;
 * receives the coach at whom another was, or NULL.
 */
enum sign_in_outcome sign_in_prove(const struct sign_in_call *call, const char *user_id, const char *email,
				   const char *locale, const char **ret_freed_coach);

/* Prove it by the newest code, blanks in it or not. Done as well if it was proved before. */
enum sign_in_outcome sign_in_proved(const struct sign_in_call *call, const char *user_id, const char *email,
				    const char *code);

/*
 * Make what a guest's hold is made with (app/booking.h): a user of its own and the session it is confirmed
 * with. network: `length` bytes that say where they come from. Does not block.
 */
struct guest_pass sign_in_guest(const void *network, size_t length, instant now, struct arena *mem);

/* Begin a session by the secret of a manage link. SIGN_IN_EXPIRED: no such link, or not any more. */
enum sign_in_outcome sign_in_manage(const struct sign_in_call *call, const char *secret,
				    struct signed_in *ret_session);

#endif
