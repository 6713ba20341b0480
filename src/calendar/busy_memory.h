/*
 * busy_memory - what the calendars said about a coach's busy times, and rows of them.
 *
 * Pure but for memory. A busy_memory is immutable once made; who replaces it frees it.
 */
#ifndef CALENDAR_BUSY_MEMORY_H
#define CALENDAR_BUSY_MEMORY_H

#include "base/arena.h"
#include "domain/interval.h"

/* Rows are sorted and disjoint. */
struct busy_rows {
	struct intervals written; /* of the calendar events are written to */
	struct intervals others;  /* of all others together */
	struct intervals all;
};

struct busy_memory {
	struct arena mem;
	struct interval within; /* what was asked about */
	struct busy_rows rows;
	instant as_of;
	int64_t asked_at; /* as monotonic_ms, before the request was sent */
};

/* Copies the rows. Never NULL. */
struct busy_memory *busy_memory_new(struct interval within, struct intervals written, struct intervals others,
				    instant as_of, int64_t asked_at);
void busy_memory_free(struct busy_memory *memory);

/* Whether the memory answers for all of `within`. NULL: no. Nothing is covered by anything. */
bool busy_memory_covers(const struct busy_memory *memory, struct interval within);

/* The part of a row that reaches into `within`, borrowed from it. */
struct intervals row_part(struct intervals row, struct interval within);

struct intervals row_copy(struct intervals row, struct arena *mem);

/* Both rows as one sorted, disjoint row. */
struct intervals row_join(struct intervals a, struct intervals b, struct arena *mem);

#endif
