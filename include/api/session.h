/*
 * session - signing in by mail, manage links, and sessions: one handler a call.
 */
#ifndef API_SESSION_H
#define API_SESSION_H

#include "api/api.h"

void api_sign_in_ways(struct call *call);     /* GET /booking/sign-in */
void api_sign_in(struct call *call);          /* POST /booking/sign-in */
void api_sign_in_verify(struct call *call);   /* POST /booking/sign-in/verify */
void api_manage_session(struct call *call);   /* POST /booking/session */
void api_session_get(struct call *call);      /* GET /session */
void api_session_delete(struct call *call);   /* DELETE /session */
void api_user_sessions(struct call *call);    /* GET /booking/user/:user_id/sessions */
void api_user_session_end(struct call *call); /* DELETE /booking/user/:user_id/sessions/:session */
void api_user_address(struct call *call);     /* POST /booking/user/:user_id/addresses */

/* Answer by mailing a code to the body's address, by which the user proves that it is theirs. Blocks for
 * statements. */
void api_prove_address(struct call *call, const char *user_id);

#endif
