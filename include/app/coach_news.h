/*
 * coach_news - tells the other replicas that a coach was booked, and reads what they tell.
 *
 * What is in the coach's row, the database tells by itself, with the change (trigger coach_tell). Bookings
 * gather for some milliseconds and go out in one statement of a connection of their own: NOTIFY inside the
 * booking's transaction would make all commits queue behind one lock of the whole database, and one commit
 * per coach would double what the disk has to do. Safe from any thread; only coach_news_stop blocks.
 */
#ifndef APP_COACH_NEWS_H
#define APP_COACH_NEWS_H

#include "db/database.h"
#include <stdbool.h>
#include <stddef.h>

enum coach_news_kind {
	COACH_BOOKED,  /* appointments came, moved or went; the schedule is as it was */
	COACH_FREED,   /* the same, and the coach's own calendar has changed: busy times known before are too
			  old */
	COACH_CHANGED, /* the coach's row: the schedule, the feed's token, the address */
};

struct coach_news;

/* `database` is borrowed. Nothing is sent before coach_news_start. */
struct coach_news *coach_news_new(struct database *database);
void coach_news_start(struct coach_news *news);

/* Sends what is left and ends the thread. */
void coach_news_stop(struct coach_news *news);
void coach_news_free(struct coach_news *news);

/*
 * Soon, tell the others of COACH_BOOKED or COACH_FREED. Before start and after stop nobody listens, so it is
 * forgotten.
 */
void coach_news_tell(struct coach_news *news, const char *coach_id, enum coach_news_kind kind);

/*
 * Read a notification. False if it is our own booking or none of ours; else *ret_coach_id points into
 * `payload`.
 */
bool coach_news_read(const struct coach_news *news, const char *payload, const char **ret_coach_id,
		     enum coach_news_kind *ret_kind);

#define COACH_NEWS_CHANNEL "bookingd_coach"

#endif
