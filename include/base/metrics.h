/*
 * metrics - counters, gauges and histograms, and their text for Prometheus.
 *
 * Register once (a lock and a look-up), keep the pointer, and count with a relaxed atomic: some
 * nanoseconds, from any thread. Registering the same name and labels again gives the same
 * object. Objects live as long as the registry.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "base/buffer.h"

#include <stddef.h>
#include <stdint.h>

struct metrics;
struct counter;
struct gauge;
struct histogram;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);

/*
 * Find or make. `name` as Prometheus wants it ("bookingd_bookings_total"), `help` one sentence, both
 * borrowed for the registry's life. Then pairs of label name and value, copied, ending with NULL:
 *
 *     metrics_counter(metrics, "bookingd_bookings_total", "Bookings asked for, by outcome.",
 *                     "outcome", "slot_taken", NULL)
 *
 * At most 4 labels. Never hand in a value that a client chooses: each is kept for ever. Aborts if a
 * name is used with two kinds.
 */
struct counter *metrics_counter(struct metrics *metrics, const char *name, const char *help, ...)
	__attribute__((sentinel));
struct gauge *metrics_gauge(struct metrics *metrics, const char *name, const char *help, ...)
	__attribute__((sentinel));

/* A histogram of seconds with buckets from 0.5 ms to 10 s. */
struct histogram *metrics_histogram(struct metrics *metrics, const char *name, const char *help, ...)
	__attribute__((sentinel));

void counter_add(struct counter *counter, uint64_t amount);
uint64_t counter_read(const struct counter *counter);

void gauge_set(struct gauge *gauge, int64_t value);
void gauge_add(struct gauge *gauge, int64_t amount); /* may be negative */
int64_t gauge_read(const struct gauge *gauge);

void histogram_observe(struct histogram *histogram, double seconds);

/*
 * Call `refresh(owner)` before every rendering, to set gauges that are read rather than counted
 * (queue length, resident memory). It must not block and must not register. At most 8.
 */
void metrics_on_render(struct metrics *metrics, void (*refresh)(void *owner), void *owner);

/* Append everything in the text exposition format 0.0.4. */
void metrics_render(struct metrics *metrics, struct buffer *out);

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

#endif
