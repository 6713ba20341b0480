/*
 * notice_inside - what the files of this layer share.
 */
#ifndef NOTICE_NOTICE_INSIDE_H
#define NOTICE_NOTICE_INSIDE_H

#include "notice/message.h"
#include "notice/notice.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
	SENDERS = 1,
	CODES_MAX = 1000,
};

/* A code that waits for its mail. */
struct waiting_code {
	struct waiting_code *next;
	char *address;
	char *link;
	char *locale;
	char code[8];
	int64_t minutes;
	bool proves;
	int64_t due_at;  /* as monotonic_ms: not before */
	int64_t ends_at; /* not after */
	int64_t attempts;
	uint64_t serial; /* for its Message-ID */
};

/* What threads wait for. */
struct signal {
	pthread_cond_t raised;
	uint64_t count;
};

struct webhooks;

struct notices {
	struct notice_settings settings;
	struct webhooks *webhooks;
	const char *domain; /* of the sender's address */
	atomic_bool stop;
	bool running;
	pthread_t keeper;
	pthread_t senders[SENDERS];
	pthread_mutex_t lock;  /* what follows */
	struct signal changed; /* something has: for the keeper */
	struct signal due;     /* something is: for the senders */
	pthread_cond_t stopping;
	struct waiting_code *codes;
	size_t code_count;
	double allowance; /* mails that may be sent just now */
	int64_t allowance_at;
	struct gauge *owed;
	struct gauge *owed_age;
	struct gauge *failed;
	struct gauge *in_line;
	struct gauge *offered;
	struct counter *sent[MAIL_STOPPED + 1];
	struct counter *texted[MAIL_STOPPED + 1];
};

/* Raise it. The caller does not hold the lock. */
void notices_raise(struct notices *notices, struct signal *signal);

/* Wait until it has been raised since its count was *seen, which is then set to it, or for `milliseconds`.
 * Returns whether it was. */
bool notices_wait(struct notices *notices, struct signal *signal, uint64_t *seen, int64_t milliseconds);

/* Whether text messages are configured. */
bool notices_text_on(const struct notices *notices);

/* Whether one more mail may be sent now by MAIL_PER_MINUTE; takes it. */
bool notices_may_send(struct notices *notices);

/* It was not needed. */
void notices_not_sent(struct notices *notices);

/* codes.c: take the next code that is due, or NULL; then give it back for another try, or free it. */
struct waiting_code *code_take(struct notices *notices, int64_t now_ms);
void code_again(struct notices *notices, struct waiting_code *code, int64_t now_ms);
void code_free(struct waiting_code *code);

/* reminders.c: put into the ledger which reminders are due, and which will not be sent. */
void reminders_derive(struct notices *notices, struct db *db);

/* sender.c: the thread that mails. */
void *run_sender(void *argument);

#endif
