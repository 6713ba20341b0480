/*
 * mail - one message handed to the operator's mail server (SMTP, RFC 5321, by libcurl).
 *
 * A mail_client keeps its connection open between messages. It belongs to one thread for life; calls block
 * until their deadline at most. It never logs. Messages are made by libcurl's MIME API out of ready texts:
 * plain text and HTML as quoted-printable, and, where there is an invitation, the same bytes as text/calendar
 * beside them and as invite.ics attached (RFC 6047; Outlook wants that name).
 *
 * Exactly once is not to be had over SMTP. So the outcome says what is known: MAIL_UNKNOWN means that all was
 * sent and the server's answer never came.
 */
#ifndef NET_MAIL_H
#define NET_MAIL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/instant.h"

/* Borrowed for the life of the client. */
struct mail_settings {
	const char *url;      /* MAIL_URL: smtp://host[:port][/helo-name] (STARTTLS) or smtps://... */
	const char *user;     /* NULL: no AUTH */
	const char *password; /* NULL with user NULL */
	const char *from;     /* the address mail comes from, also in the envelope */
	bool require_tls;     /* false: plain text passes, for servers on the same machine and for tests */
};

struct mail_person {
	const char *name; /* UTF-8; NULL: none */
	const char *address;
};

/* An iCalendar file. */
struct mail_calendar {
	const char *bytes;
	size_t length;
};

/* Texts are UTF-8 with "\n" between lines; NULL where there is none. Everything is borrowed until mail_send
 * returns. */
struct mail_message {
	const char *from_name; /* stands before settings->from */
	const char
		*envelope_from; /* where it comes back to if it cannot be delivered; NULL: settings->from */
	struct mail_person to;  /* address required */
	struct mail_person reply_to; /* address NULL: none */
	const char *subject;
	const char *message_id; /* without its brackets; the same at every try of the same message */
	const char *thread_id;  /* the Message-ID that the thread began with; NULL: this one begins it */
	instant date;
	const char *language;        /* BCP 47, for Content-Language */
	const char *unsubscribe_url; /* https, ASCII; NULL: none. RFC 8058: one click, by POST */
	const char *text;
	const char *html;
	const struct mail_calendar *calendars;
	size_t calendar_count;
	const char *calendar_method; /* REQUEST or CANCEL, as in the files */
};

enum mail_outcome {
	MAIL_ACCEPTED,
	MAIL_REFUSED, /* for good: the server does not take this message, or not for this recipient */
	MAIL_LATER,   /* nothing was accepted: the server is away, busy, or does not let us in */
	MAIL_UNKNOWN, /* everything was sent and no answer came: it may have been accepted */
	MAIL_STOPPED, /* the client was told to stop before anything was accepted */
};

struct mail_answer {
	enum mail_outcome outcome;
	int code;      /* the server's last reply code; 0: it said nothing */
	char verb[12]; /* the command it answered: "EHLO", "RCPT", "DATA"...; "" before the first */
	/* One line for an operator: the server's words or libcurl's. May hold the recipient's address: not
	 * for logs. */
	char detail[256];
};

struct mail_client;

/*
 * A client for one thread; no connection is made yet. `stop` ends a running call within a second when it
 * becomes true and may be NULL; it must outlive the client. fetch_global_begin must have been called.
 */
struct mail_client *mail_client_new(const struct mail_settings *settings, const atomic_bool *stop);

/* NULL is fine. */
void mail_client_free(struct mail_client *client);

/*
 * Send one message to one recipient; takes at most the time until `deadline` (monotonic_ms) and fills
 * *ret_answer whatever happens. MAIL_REFUSED without a word to the server if the recipient's address is
 * malformed.
 */
enum mail_outcome mail_send(struct mail_client *client, const struct mail_message *message, int64_t deadline,
			    struct mail_answer *ret_answer);

/*
 * Greet the server and sign in, without sending anything: EHLO, STARTTLS, AUTH, NOOP. MAIL_ACCEPTED if all
 * that went well; else verb and detail say where it ended. For `bookingd doctor`.
 */
enum mail_outcome mail_check(struct mail_client *client, int64_t deadline, struct mail_answer *ret_answer);

/* "accepted", "refused", "later", "unknown", "stopped": for metrics and log lines. */
const char *mail_outcome_name(enum mail_outcome outcome);

#endif
