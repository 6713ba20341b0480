/*
 * payment - what the provider is told about one appointment, and what its answers mean.
 *
 * debt.c says who may pay, and notes what came of it.
 */
#ifndef CALENDAR_PAYMENT_H
#define CALENDAR_PAYMENT_H

#include "event.h"
#include "visit.h"

/* How a try ended: what is to be written into the row. */
enum payment {
	PAYMENT_DONE,    /* Google has this version */
	PAYMENT_LATER,   /* try again after `wait` */
	PAYMENT_REFUSED, /* Google will never take this version */
	PAYMENT_GONE,    /* the coach has deleted the event */
};

struct debt {
	struct visit *visit;
	struct arena *mem;
	struct appointment a;
	struct event_words words;
	char event_id[GOOGLE_EVENT_ID_BYTES];
	bool leaves_first; /* another coach's calendar, before it may be written here */
	/* Where its event has to go: the appointment as another coach's calendar has it by now, which may be
	 * this one by another name. NULL: none has. */
	const struct appointment *stands;

	enum payment payment;
	bool lost; /* the event that was written is not in the calendar, and was not deleted there */
	bool written;
	const char *etag;
	const char *link;
	const char *meet_url;
	bool conference_pending;
	int64_t conference_attempt;
	bool link_is_near; /* Google is making it: worth waiting for */
	const char *guest_response;
	bool guest_refused;   /* the provider does not take the client's address, or a guest's */
	bool guests_left_out; /* nor one of those who were added since */
	const char *invited;  /* then: whom the event has invited, addresses with a blank between */
	const char *detail;
	int64_t wait_ms;
};

enum { DEBT_WAIT_MAX_MS = 20000 }; /* between two tries while Google fails */

/*
 * One try at Google for debt->a: fills what is below `event_id`. The lock of the appointment is held. Blocks
 * until the visit's deadline at most.
 */
void payment_try(struct debt *debt);

/* Whether there is anything to do at Google for this row. */
bool payment_is_owed(const struct appointment *appointment);

/* Whether paying it may give time back in the coach's calendar. */
bool payment_frees(const struct appointment *appointment);

#endif
