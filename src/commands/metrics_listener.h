/*
 * metrics_listener - METRICS_ADDRESS: a port of its own on which only /metrics is, without limits by address,
 * for a network that clients do not reach.
 */
#ifndef COMMANDS_METRICS_LISTENER_H
#define COMMANDS_METRICS_LISTENER_H

#include "base/metrics.h"

#include <stdbool.h>
#include <stdint.h>

struct metrics_listener;

/*
 * Listen on `address` (an IP address) and `port`, and serve what is in `metrics` (borrowed). NULL with
 * *ret_reason set to one sentence if the port cannot be had. Runs a thread of its own.
 */
struct metrics_listener *metrics_listener_open(const char *address, uint16_t port, struct metrics *metrics,
					       const char **ret_reason);

/* End the thread; before what is rendered goes. NULL is fine. */
void metrics_listener_close(struct metrics_listener *listener);

#endif
