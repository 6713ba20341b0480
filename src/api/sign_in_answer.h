/*
 * sign_in_answer - what handlers of sign-in and of bookings share: the use case's call, and what a refusal is
 * in a reply.
 */
#ifndef API_SIGN_IN_ANSWER_H
#define API_SIGN_IN_ANSWER_H

#include "api/api.h"

/* A call of app/sign_in.h for this request; borrows it. */
struct sign_in_call sign_in_use_case(struct call *call);

/* Answer with what a sign-in came to; not for SIGN_IN_DONE. */
void sign_in_refuse(struct call *call, enum sign_in_outcome outcome);

/*
 * Take the code that came with an address: from now on the address is the caller's. NULL of either: nothing
 * to take. False: answered 401 wrong_code, 410 code_expired or 503.
 */
bool api_take_code(struct call *call, const char *email, const char *code);

#endif
