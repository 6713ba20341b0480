/*
 * interval - stretches of time, half-open: start belongs to them, end does not.
 *
 * Pure and safe from any thread.
 */
#ifndef DOMAIN_INTERVAL_H
#define DOMAIN_INTERVAL_H

#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>

struct interval {
	instant start;
	instant end; /* empty when it is not after start */
};

/* A borrowed row of intervals. */
struct intervals {
	const struct interval *at;
	size_t count;
};

#define INTERVALS_NONE ((struct intervals){NULL, 0})

/* Whether the two share an instant. An empty interval shares none with anything. */
bool interval_overlaps(struct interval a, struct interval b);

/*
 * Sort in place, drop the empty ones, join those that touch or overlap. Returns how many are
 * left at the front of `at`: sorted and disjoint, which is what the slot engine takes.
 */
size_t intervals_normalize(struct interval at[], size_t count);

/*
 * Take one interval out of a sorted and disjoint row, such as a moved appointment's own old
 * time out of a calendar's busy times. `out` has room for from.count + 1. Returns how many
 * were written, sorted and disjoint.
 */
size_t intervals_without(struct intervals from, struct interval hole, struct interval out[]);

/*
 * Index of the first of a sorted and disjoint row that ends after `at`; `row.count` when none
 * does. O(log n).
 */
size_t intervals_first_ending_after(struct intervals row, instant at);

#endif
