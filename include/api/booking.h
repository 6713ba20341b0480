/*
 * booking - the calls that make, move, cancel and show appointments.
 */
#ifndef API_BOOKING_H
#define API_BOOKING_H

#include "api/api.h"

/* The appointment in the path, if the caller may see it. False: answered. */
bool api_booking_find(struct call *call, struct appointment *ret_appointment);

void api_booking_create(struct call *call);
void api_booking_create_for(struct call *call);
void api_booking_hold(struct call *call);
void api_booking_verify(struct call *call); /* POST /booking/:id/verify */
void api_booking_confirm(struct call *call);
void api_booking_cancel(struct call *call);
void api_booking_reschedule(struct call *call);
void api_booking_meeting(struct call *call);
void api_booking_guests(struct call *call);
void api_booking_approve(struct call *call);
void api_booking_decline(struct call *call);
void api_booking_status(struct call *call);
void api_booking_get(struct call *call);
void api_booking_ics(struct call *call);
void api_booking_answers(struct call *call);
void api_booking_coach_notes(struct call *call);

#endif
