/*
 * credits - the calls about what clients have been granted, and about promo codes: one handler a call.
 */
#ifndef API_CREDITS_H
#define API_CREDITS_H

#include "api/api.h"

void api_credits_grant(struct call *call);     /* POST /coach/:coach/credits */
void api_credits_list(struct call *call);      /* GET */
void api_credits_revoke(struct call *call);    /* DELETE /coach/:coach/credits/:grant */
void api_credits_of_user(struct call *call);   /* GET /booking/user/:user_id/credits */
void api_credit_return(struct call *call);     /* POST /booking/:id/credit-return */
void api_promo_codes(struct call *call);       /* GET /coach/:coach/promo-codes */
void api_promo_code_make(struct call *call);   /* POST */
void api_promo_code_change(struct call *call); /* PUT /coach/:coach/promo-codes/:code */
void api_promo_code_end(struct call *call);    /* DELETE */

/*
 * Write "credits": what a client has and had, all of it, for their export. What db_run() returns; nothing is
 * written unless it is DB_OK. Blocks for the database.
 */
MUST_USE enum db_result credits_export(struct db *db, const char *user_id, instant now,
				       struct json_writer *writer);

/*
 * The session types of a body as the text of a PostgreSQL array, in the call's memory; NULL for null. False:
 * answered.
 */
bool credits_read_types(struct call *call, const json_t *types, const char **ret_array);

#endif
