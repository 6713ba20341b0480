/*
 * text_message - one text message posted in Twilio's form: To, From and Body, form-encoded, with basic auth.
 */
#ifndef NET_TEXT_MESSAGE_H
#define NET_TEXT_MESSAGE_H

#include "net/fetch.h"
#include "net/mail.h"

/* Borrowed. */
struct text_settings {
	const char *url; /* SMS_URL; NULL: none are sent */
	const char *user;
	const char *password;
	const char *from;
};

/*
 * Post `body` to the number `to`. Blocks until `deadline` (monotonic_ms) at most. The answer is as for a
 * mail: refused for good, later, or unknown where it was sent and no answer came; its detail is a sentence of
 * ours and never has the number in it.
 */
void text_send(struct fetch_client *fetcher, const struct text_settings *settings, const char *to,
	       const char *body, int64_t deadline, struct mail_answer *ret_answer);

#endif
