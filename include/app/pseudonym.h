/*
 * pseudonym - what stands for a person's identity once they are erased: an identity may itself be an address.
 *
 * Made by a key that is not in the database, so whoever has the database alone cannot try identities. Pure,
 * but for pseudonym_new.
 */
#ifndef APP_PSEUDONYM_H
#define APP_PSEUDONYM_H

#include "base/arena.h"
#include "base/seal.h"

/*
 * Always the same for a user, so that they can still ask for an appointment whose id they know. With the
 * first of the keys; NULL: without keys. In `mem`.
 */
const char *pseudonym_of(const struct seal_keys *keys, const char *user_id, struct arena *mem);

/* One that belongs to nobody. In `mem`. */
const char *pseudonym_new(struct arena *mem);

#endif
