/*
 * bell - wakes the threads behind the calendars, and tells them to stop.
 *
 * A ring is never lost: who was busy at that moment does not wait next time. Any thread.
 */
#ifndef CALENDAR_BELL_H
#define CALENDAR_BELL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum bell_for {
	BELL_PAYERS,
	BELL_KEEPER,
};

enum { BELLS = BELL_KEEPER + 1 };

struct bell {
	pthread_mutex_t lock;
	pthread_cond_t rung[BELLS]; /* CLOCK_MONOTONIC */
	uint64_t rings[BELLS];
	atomic_bool stop;
};

void bell_init(struct bell *bell);
void bell_clear(struct bell *bell);

void bell_ring(struct bell *bell, enum bell_for whom);

/* Wait for a ring since *seen (0 at first), for the stop, or for the time, and note it in *seen. */
void bell_wait(struct bell *bell, enum bell_for who, uint64_t *seen, int64_t milliseconds);

/* Everybody is to end: bell_stopped is true from now on. */
void bell_stop(struct bell *bell);
bool bell_stopped(struct bell *bell);

#endif
