/*
 * turn - whose turn it is when a client does not mind which coach they have.
 *
 * Pure and safe from any thread.
 */
#ifndef DOMAIN_TURN_H
#define DOMAIN_TURN_H

#include "base/instant.h"

#include <stddef.h>
#include <stdint.h>

/* How far back a choice counts: else whoever is new would have every client until they have caught up. */
enum { TURN_DAYS = 30 };

/* A coach who could have the client. */
struct turn {
	const char *coach_id;
	int64_t weight; /* 1 .. SCHEDULE_WEIGHT_MAX: how large a share of the choices is theirs */
	int64_t chosen; /* how often they were chosen lately */
	instant last;   /* when they were chosen last; 0: not lately */
	size_t place;   /* the caller's own */
};

/*
 * Sort in place: first whoever is furthest behind their weighted share of all choices, then whoever waits
 * longest, then by id.
 */
void turns_sort(struct turn turns[], size_t count);

#endif
