/*
 * notice - what people are owed to be told about their appointments, and the telling.
 *
 * What is owed is never queued: it is the difference between appointments and the ledger in the table
 * `notice` (sql/functions/notice.sql). So a cancelled or moved session has no reminder at its old time,
 * whoever changed it, and nothing is lost with a process. One `struct notices` serves the daemon; its threads
 * work on what the database says, so any number of daemons share the work.
 *
 * Mail is at least once for what changed, at most once for reminders; the same notice has the same Message-ID
 * at each try. Codes are kept in memory only, by the process that was asked for them: whoever waits for one
 * that was lost asks again.
 */
#ifndef NOTICE_NOTICE_H
#define NOTICE_NOTICE_H

#include "base/buffer.h"
#include "db/database.h"
#include "base/metrics.h"
#include "base/seal.h"
#include "db/events.h"
#include "db/manage_link.h"
#include "net/mail.h"
#include "net/text_message.h"
#include "notice/message.h"

#include <stdbool.h>
#include <stdint.h>

struct notices;

/* Connections to the database, at most, that started notices use; one fewer without mail. */
enum { NOTICE_CONNECTIONS = 3 };

/* How events are sent to other programs. */
struct webhook_settings {
	const char *url;                   /* WEBHOOK_URL; NULL: only coaches' own endpoints are told */
	const char *secret;                /* WEBHOOK_SECRET: one key, or two with a blank between */
	bool allow_private;                /* plain http and private addresses pass */
	const struct seal_keys *seal_keys; /* for the secrets of coaches' endpoints; NULL: there are none */
	/* Write the payload of an event. mail: whether mail is configured. */
	void (*write_event)(const struct event *event, bool mail, struct buffer *out);
};

/* Whether whoever waited may have the time that they are offered. */
enum offer_verdict {
	OFFER_STANDS,
	OFFER_FALLS,     /* a rule is against it, whoever waits */
	OFFER_OF_OTHERS, /* they have as many sessions as they may: the next in line may have it */
	OFFER_UNCERTAIN, /* not to be known now: nobody is told */
};

/* Borrowed for the life of the notices. */
struct notice_settings {
	struct mail_settings mail; /* url NULL: no mail is sent and none is owed */
	const char *hook_secret;   /* MAIL_HOOK_SECRET; NULL: what comes back is not known */
	int64_t mails_per_minute;  /* by this process, text messages too; 0: no limit */
	struct text_settings text; /* url NULL: no text messages are sent and none are owed */
	struct database *database;
	struct manage_settings links;
	struct webhook_settings webhooks;
	struct metrics *metrics;
	/* Called by the keeper's thread, with its connection, of each offer before anybody is told. NULL:
	 * they all stand. */
	enum offer_verdict (*judge_offer)(void *judge, struct db *db, const char *appointment_id);
	void *judge;
};

struct notices *notices_new(const struct notice_settings *settings);
void notices_free(struct notices *notices);

/* Begin and end the threads; stop waits for a mail that is just being sent, some seconds at most. */
void notices_start(struct notices *notices);
void notices_stop(struct notices *notices);

/* Whether mail is configured. */
bool notices_mail_on(const struct notices *notices);

/* Something may be owed since now: the threads look at it within a tenth of a second. Any thread; does not
 * block. */
void notices_wake(struct notices *notices);

/*
 * Have a code mailed, in the background and before all else. False if too many wait already (a thousand), or
 * mail is off: it is not sent. Texts are copied. Any thread; does not block.
 */
bool notices_send_code(struct notices *notices, const struct notice_code *code);

#endif
