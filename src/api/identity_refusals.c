#include "api/identity_refusals.h"

#include "base/die.h"
#include "base/log.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { REASONS_MAX = 32 };

struct reason {
	const char *_Atomic name; /* NULL: not met yet, nor any behind it */
	struct counter *_Atomic counter;
	atomic_int_fast64_t next_ms;
	atomic_int_fast64_t untold;
};

struct identity_refusals {
	struct metrics *metrics;
	struct reason reasons[REASONS_MAX];
};

struct identity_refusals *identity_refusals_new(struct metrics *metrics)
{
	struct identity_refusals *refusals = calloc(1, sizeof(*refusals));
	if (refusals == NULL)
		die("out of memory");
	refusals->metrics = metrics;
	return refusals;
}

void identity_refusals_free(struct identity_refusals *refusals)
{
	free(refusals);
}

/* The place of a reason, taken now if it is new. NULL: there are more reasons than places. */
static struct reason *place_of(struct identity_refusals *refusals, const char *name)
{
	for (size_t i = 0; i < REASONS_MAX; i++) {
		const char *found = NULL;
		if (atomic_compare_exchange_strong(&refusals->reasons[i].name, &found, name) ||
		    strcmp(found, name) == 0)
			return &refusals->reasons[i];
	}
	return NULL;
}

void identity_refusals_add(struct identity_refusals *refusals, const char *reason, bool log,
			   const char *request_id, int64_t now_ms)
{
	struct reason *place = place_of(refusals, reason);
	if (place == NULL)
		return;
	struct counter *counter = atomic_load(&place->counter);
	if (counter == NULL) {
		counter = metrics_counter(refusals->metrics, "bookingd_identity_refused_total",
					  "Callers not let in, by reason.", "reason", reason, NULL);
		atomic_store(&place->counter, counter);
	}
	counter_add(counter, 1);
	if (!log)
		return;
	atomic_fetch_add(&place->untold, 1);
	int64_t next = atomic_load(&place->next_ms);
	if (now_ms < next ||
	    !atomic_compare_exchange_strong(&place->next_ms, &next, now_ms + IDENTITY_REFUSALS_PAUSE_MS))
		return;
	log_line(LOG_WARNING, "identity_refused", LOG_TEXT_FIELD("request_id", request_id),
		 LOG_TEXT_FIELD("reason", reason),
		 LOG_INTEGER_FIELD("count", atomic_exchange(&place->untold, 0)));
}
