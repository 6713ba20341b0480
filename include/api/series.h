/*
 * series - the calls about sessions that are booked together, and what scope adds to cancelling and moving.
 */
#ifndef API_SERIES_H
#define API_SERIES_H

#include "api/api.h"
#include "app/series.h"

void api_series_preview(struct call *call);
void api_series_create(struct call *call);
void api_series_create_for(struct call *call); /* the coach, for a client */

/* How a series, or what was cancelled or moved, stands, where the first reply was lost (api/api.h, retell).
 */
bool api_series_retell(struct call *call, const struct appointment *appointment, unsigned status);
bool api_series_retell_change(struct call *call, const struct appointment *appointment, unsigned status);

/* Which of a series are meant; NULL, which is not sent, is `this`. False: answered. */
bool series_read_scope(struct call *call, const char *word, enum series_scope *ret_scope);

/* Cancel or move the appointment in the path with others of its series, and answer. */
void series_answer_cancel(struct call *call, const struct booking_call *use, enum series_scope scope,
			  const char *reason);
void series_answer_move(struct call *call, const struct booking_call *use, enum series_scope scope,
			const struct booking_wish *wish);

#endif
