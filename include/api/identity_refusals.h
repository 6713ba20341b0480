/*
 * identity_refusals - why callers were not let in, for the operator: counted by reason, and logged now and
 * then.
 *
 * Neither names who was refused nor shows a part of what they sent.
 */
#ifndef API_IDENTITY_REFUSALS_H
#define API_IDENTITY_REFUSALS_H

#include "base/metrics.h"

#include <stdbool.h>
#include <stdint.h>

enum { IDENTITY_REFUSALS_PAUSE_MS = 10000 }; /* between two lines for one reason */

struct identity_refusals;

/* `metrics` is borrowed until identity_refusals_free. */
struct identity_refusals *identity_refusals_new(struct metrics *metrics);

/* NULL is fine. */
void identity_refusals_free(struct identity_refusals *refusals);

/*
 * Count a refusal in bookingd_identity_refused_total by its `reason` (of identity_find, a constant text);
 * with `log`, also write the line `identity_refused`, unless one with this reason was written less than
 * IDENTITY_REFUSALS_PAUSE_MS before `now_ms`: then the next line says how many it stands for. Does not block;
 * any thread.
 */
void identity_refusals_add(struct identity_refusals *refusals, const char *reason, bool log,
			   const char *request_id, int64_t now_ms);

#endif
