/*
 * offer_judge - whether what the waiting list offers may be booked at all.
 *
 * Whatever frees a time offers it in the same transaction (sql/functions/waitlist.sql), which knows neither
 * working hours nor calendars. So nobody is told of an offer before it was judged here, by the slot rules
 * that bind whoever books.
 */
#ifndef APP_OFFER_JUDGE_H
#define APP_OFFER_JUDGE_H

#include "app/coaches.h"
#include "notice/notice.h"

/* All borrowed. */
struct offer_judge {
	struct coaches *coaches;
	struct calendars *calendars;
	struct fetch_client *fetcher; /* the judging thread's alone */
};

/* A notice_settings.judge_offer, whose owner is a struct offer_judge. Blocks for some seconds at most. */
enum offer_verdict offer_judge(void *owner, struct db *db, const char *id);

#endif
