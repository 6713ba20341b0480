/*
 * series - sessions every week or every second one: preview, book, cancel and move them together.
 *
 * An occurrence is an appointment of its own, at the same time of day on the coach's clock, whatever the
 * clocks do. Each is judged by all the slot rules; a client's limit counts the series once. What is booked,
 * cancelled or moved together is one transaction. All functions block on the call's worker; safe from any
 * thread with one of its own.
 */
#ifndef APP_SERIES_H
#define APP_SERIES_H

#include "app/booking.h"

enum {
	SERIES_WEEKS_MAX = 2,
	SERIES_COUNT_MIN = 2,
	SERIES_COUNT_MAX = 12,
};

struct series_wish {
	struct booking_wish first; /* the first occurrence, and who */
	int64_t every_weeks;       /* 1 to SERIES_WEEKS_MAX */
	int64_t count;             /* SERIES_COUNT_MIN to SERIES_COUNT_MAX */
	bool skip;                 /* book those that can be; else all or none */
	bool for_client;           /* by a coach or an admin, as booking_create_for() */
};

/* One date of a series. */
struct occurrence {
	instant start;
	instant end;
	enum refusal refusal;           /* REFUSAL_NONE: it can be booked, or was */
	const char *detail;             /* of a refusal; in the call's memory */
	struct told_reasons reasons;    /* of a preview or a new series: every rule that stands against it */
	struct appointment appointment; /* id "": there is none */
};

struct series_result {
	/* Of all together: BOOKING_CREATED or FINE, BOOKING_REFUSED (no date can be had, or not all), or a
	 * failure. */
	struct booking_result whole;
	char id[UUID_TEXT_SIZE];
	struct occurrence *occurrences; /* in order; NULL where `whole` failed before they were known */
	size_t count;
	const struct zone *zone; /* of the coach */
	const char *coach_id;    /* whose dates these are; in the call's memory */
};

/* What booking would say now. Nothing is written. */
void series_preview(const struct booking_call *call, const struct series_wish *wish,
		    struct series_result *ret_result);

/* With wish->for_client a refusal of all tells of each date every rule that stands against it. */
void series_create(const struct booking_call *call, const struct series_wish *asked,
		   struct series_result *ret_result);

/* Which of a series are meant, seen from one of them. */
enum series_scope { SERIES_THIS, SERIES_FOLLOWING, SERIES_ALL };

/* False: no such word. */
bool series_scope_parse(const char *name, enum series_scope *ret_scope);

/* How those that are meant stand, those that were cancelled among them. */
void series_tell(const struct booking_call *call, const char *id, enum series_scope scope,
		 struct series_result *ret_result);

/*
 * Cancel or move the appointment and others of its series. Each is under its own cut-off, so some may be
 * refused: `whole` is FINE then as well, and the occurrence tells. Only those that have not ended and are
 * scheduled are touched; what is only asked for can be cancelled too. A move shifts all by as many days and
 * to the same time of day on the coach's clock; with too many changes that day none is moved.
 */
void series_cancel_from(const struct booking_call *call, const char *id, enum series_scope scope,
			const char *reason, struct series_result *ret_result);
void series_move_from(const struct booking_call *call, const char *id, enum series_scope scope,
		      const struct booking_wish *wish, struct series_result *ret_result);

#endif
