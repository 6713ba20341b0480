/* How the calendar calls are sent; no business of other layers. */
#ifndef NET_GOOGLE_ASK_H
#define NET_GOOGLE_ASK_H

#include "base/buffer.h"
#include "net/google_calendar.h"

/*
 * Send a request of the Calendar API with an access token, and once more with a fresh one after a 401. Fills
 * in the request's bearer and deadline. True if the answer is GOOGLE_OK: then *reply holds the body.
 */
bool google_ask(const struct google_call *call, struct fetch_request *request, enum google_subject subject,
		struct fetch_reply *reply, struct google_answer *answer);

/* The same with a JSON body. One that does not fit its buffer is GOOGLE_INVALID, and nothing is sent. */
bool google_ask_json(const struct google_call *call, struct fetch_request *request, const struct buffer *body,
		     enum google_subject subject, struct fetch_reply *reply, struct google_answer *answer);

/* A reply that succeeded, but whose body is not what Google documents: GOOGLE_TEMPORARY, perhaps applied. */
enum google_outcome google_unreadable(const struct fetch_reply *reply, struct google_answer *answer);

#endif
