/*
 * webhook_secret - what an endpoint's messages are signed with, sealed and bound to the endpoint.
 */
#ifndef NOTICE_WEBHOOK_SECRET_H
#define NOTICE_WEBHOOK_SECRET_H

#include "base/arena.h"
#include "base/seal.h"
#include "base/webhook_key.h"
#include "db/db.h"

/*
 * Make a secret for the endpoint. Returns it sealed, in `mem`; ret_secret gets the text to be shown once, to
 * be wiped by the caller. Pure but for random bytes.
 */
const char *webhook_secret_make(const struct seal_keys *keys, const char *endpoint_id, struct arena *mem,
				char ret_secret[static WEBHOOK_SECRET_SIZE]);

/* Open a sealed secret; the caller wipes it. False: no key opens it, or it is another endpoint's. */
bool webhook_secret_open(const struct seal_keys *keys, const char *endpoint_id, const char *sealed,
			 struct webhook_key *ret_key);

/* Seal every secret with the first key; *count grows by how many. Blocks on the database. */
enum db_result webhook_secrets_rekey(struct db *db, const struct seal_keys *keys, size_t *count);

#endif
