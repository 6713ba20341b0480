/*
 * series - the calls about sessions that are booked together, and what scope adds to cancelling and moving.
 */
#ifndef API_SERIES_H
#define API_SERIES_H

#include "api/api.h"
#include "app/booking.h"

void api_series_preview(struct call *call);
void api_series_create(struct call *call);

/*
 * Cancel or move the appointment in the path with others of its series. False: scope (NULL: not sent) is
 * `this`, so it is an ordinary call; else answered.
 */
bool api_series_cancel(struct call *call, const char *scope, const char *reason);
bool api_series_move(struct call *call, const char *scope, const struct booking_wish *wish);

#endif
