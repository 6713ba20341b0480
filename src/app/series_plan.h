/*
 * series_plan - what booking a series and changing one share. For src/app/series*.c only.
 */
#ifndef APP_SERIES_PLAN_H
#define APP_SERIES_PLAN_H

#include "app/series.h"
#include "base/json.h"
#include "offer.h"

/* A series on its way: one coach, one type, and a time for each date. */
struct plan {
	const struct booking_call *call;
	const struct coach *coach;
	const struct session_type *type;
	const char *client; /* whose series it is */
	struct offer *offers;
	size_t count;
	struct slot_question question; /* what all are judged by */
};

/*
 * Ask the coach's calendars for the time from the first date to the last, into the plan's question; afresh,
 * or as listings do. False: they cannot be asked, and the result says so. Blocks for Google.
 */
bool plan_find_busy(struct plan *plan, bool afresh, struct booking_result *result);

/* What the slot rules say of one date. */
void plan_judge(const struct plan *plan, const struct offer *offer, struct occurrence *ret_occurrence);

enum { TIMES_BYTES_MAX = 1024 * 1024 }; /* of what plan_write_time() has written of all dates */

/* One date as the database is given it. place: among those that are asked for. answers and meeting_url may be
 * NULL. */
void plan_write_time(struct json_writer *writer, const char *id, size_t place, const struct offer *offer,
		     const char *answers, const char *meeting_url);

/*
 * Take what the database answered of one date. Where that is no rule's refusal (too many changes today, say)
 * `against` gets it: it is the whole reply, unless another date was done.
 */
void series_take(const struct booking_call *call, const struct store_answer *answer,
		 const struct booking_limits *limits, struct occurrence *occurrence,
		 struct booking_result *against);

/* Whether `against`, if anything is, is the whole reply: nothing was done, or something broke. */
bool series_ends(const struct store_answers *answers, const struct booking_result *against);

/* Caches go, and Google is told for as long as the reply may wait; the rest follows by itself. */
void series_settle(const struct booking_call *call, struct series_result *result);

#endif
