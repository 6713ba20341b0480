/*
 * letter - from claimed rows of the ledger to a mail: what is told of each appointment, and all of it as one
 * message.
 *
 * Everything lives in the sender's arena. For the sender's thread alone.
 */
#ifndef NOTICE_LETTER_H
#define NOTICE_LETTER_H

#include "notice_inside.h"

#include "db/appointments.h"

enum {
	SENDER_LEASE_SECONDS = 60, /* longer than a mail and its statements may take */
	SENDER_MAIL_MS = 30000,
	SENDER_UNKNOWN_TRIES_MAX = 5, /* copies at most, by a server that takes each and never says so */
};

/* The thread that mails. */
struct sender {
	struct notices *notices;
	struct db *db;
	struct mail_client *client;
	struct fetch_client *fetcher; /* for text messages */
	const char *channels;         /* that it may claim */
	struct arena mem;
};

/* A claimed row of the ledger. */
struct claim {
	int64_t id;
	char appointment_id[UUID_TEXT_SIZE];
	const char *recipient_name;
	/* The address of one of the client's guests; "": it is to the client or the coach. */
	const char *guest;
	/* The id of the coach whom it was moved away from; "": it is to no such coach. */
	const char *former_coach;
	bool by_text;
	enum notice_recipient recipient;
	enum notice_kind kind;
	const char *about;
	int64_t attempts;
	int64_t unknowns; /* of the attempts: it is not known whether the mail went out */
	instant was_at;
	instant created_at;
};

/* What it is about, as it stands now. */
struct subject {
	struct appointment a;
	const char *coach_email;
	const struct schedule *schedule;
	const char *locale; /* the recipient's; NULL: not known */
	const char *coach_name;
	const char *other_coach; /* the name of who has it now or, to others, had it before; NULL: it has not
				    moved */
	const char *phone;       /* as it is dialled from anywhere; NULL: there is none */
	/* Of the mail that the thread began with, which may have told of other dates first; about "": this
	 * one begins it. */
	const char *thread_about;
	char thread_appointment[UUID_TEXT_SIZE];
	bool unannounced; /* it has changed since, and who is told of that is not decided */
	bool told_later;  /* something later is told to the same person */
	instant now;      /* when all this was so, by PostgreSQL's clock */
};

/* One appointment of those that a mail tells of. */
struct letter {
	struct claim claim;
	struct subject subject;
	struct notice_facts facts;
};

/* Whether it is to somebody who was a guest of the appointment and is not any more. */
bool letter_is_uninvited(const struct claim *claim, const struct appointment *a);

/*
 * What a letter tells, by its claim and subject: into its facts. Blocks for a few statements. DB_NONE: there
 * is nothing to tell any more; else DB_OK, or why its link could not be made.
 */
enum db_result letter_write(struct sender *sender, struct letter *letter, instant now);

/*
 * Of those that are told together the one that came first, whatever their times are by now: its notice is in
 * the Message-ID, so that a second try is known as the same mail.
 */
const struct letter *letter_leader(const struct letter *letters, size_t count);

/*
 * The mail of letters that are told together, by start; one at least. Blocks for a statement.
 */
struct mail_message letter_mail(struct sender *sender, const struct letter *letters, size_t count,
				instant now);

#endif
