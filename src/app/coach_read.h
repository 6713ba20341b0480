/*
 * coach_read - a coach out of the database, as coaches.h keeps it. For src/app/coach*.c only.
 */
#ifndef APP_COACH_READ_H
#define APP_COACH_READ_H

#include "app/coaches.h"

#include <stdatomic.h>

/* A schedule outlives the snapshots that a booking drops: reading it again costs more than all the rest. */
struct schedule_copy {
	atomic_int references;
	struct arena mem;
	const struct schedule *schedule;
	int64_t version;
};

struct snapshot {
	struct coach coach; /* first: a coach is its snapshot */
	atomic_int references;
	struct arena mem;
	struct schedule_copy *copy;
	int64_t read_ms;
};

/* Give one reference back. NULL is fine. Safe from any thread. */
void schedule_copy_drop(struct schedule_copy *copy);
void snapshot_drop(struct snapshot *snapshot);

/*
 * Read a coach by id, with the appointments that matter to questions about now and later, or about `from` and
 * later if that is earlier. `at_hand` (may be NULL) serves again if its version is the row's. Blocks on the
 * worker's connection. COACH_FOUND sets *ret_snapshot with one reference; else COACH_UNKNOWN, or
 * COACH_FAILURE where the database failed or the schedule cannot be read, which is logged.
 */
enum coach_found coach_read(struct worker *worker, const char *id, instant from,
			    struct schedule_copy *at_hand, struct snapshot **ret_snapshot);

#endif
