/*
 * tally - count and log what was answered. Private to src/http. All functions are safe from any thread.
 */
#ifndef HTTP_TALLY_H
#define HTTP_TALLY_H

#include "http/settings.h"
#include "http/work_queue.h"

struct exchange;
struct tally;

/* Borrows all, until tally_free. Registers with settings->metrics, which must not be rendered after that. */
struct tally *tally_new(const struct server_settings *settings, struct work_queue *const lanes[LANES]);
void tally_free(struct tally *tally);

/* A request is over. `delivered`: the client got the reply, as far as can be known. */
void tally_exchange(struct tally *tally, const struct exchange *exchange, bool delivered);

/* A connection was cut off because it was too slow; opened (1) or closed (-1). */
void tally_cut(struct tally *tally);
void tally_connection(struct tally *tally, int change);

#endif
