/*
 * notices - what people were told about appointments, and what they want to be told: one handler a call.
 */
#ifndef API_NOTICES_H
#define API_NOTICES_H

#include "api/api.h"

void api_booking_notices(struct call *call);       /* GET /booking/:id/notices */
void api_booking_notices_again(struct call *call); /* POST /booking/:id/notices */
void api_user_notices(struct call *call);          /* GET /booking/user/:user_id/notices */
void api_user_notices_read(struct call *call);     /* PUT /booking/user/:user_id/notices/read */
void api_user_preferences(struct call *call);      /* GET /booking/user/:user_id/preferences */
void api_user_preferences_put(struct call *call);  /* PUT */
void api_coach_notices(struct call *call);         /* GET /coach/:coach/notices */
void api_stop_page(struct call *call);             /* GET /booking/stop/:token: asks, does nothing */
void api_stop(struct call *call);                  /* POST: one click, RFC 8058 */

void api_mail_hook(struct call *call);       /* POST /hooks/mail */
void api_suppression_end(struct call *call); /* DELETE /booking/:id/suppression */

#endif
