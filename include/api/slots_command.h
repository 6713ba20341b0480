/*
 * slots_command - the slot rules by themselves: `bookingd slots < case.json`.
 *
 * A case is {"schedule","session_type","duration_minutes","busy":[{"start","end"}],"now","from","to"}. Each
 * may be left out (or null): the default schedule, its first session type, the type's first duration, no busy
 * times, the clock's now, now, the booking horizon. `from` and `to` are instants, or days of the coach's
 * zone, `to` then inclusive. A busy time may be empty, but not end before it starts; a window that is empty
 * or ends before it starts has no slots.
 */
#ifndef API_SLOTS_COMMAND_H
#define API_SLOTS_COMMAND_H

#include <stdio.h>

/*
 * Read one case or an array of cases from `in`, write {"slots":[...]} or {"error":{"code","field","detail"}},
 * or an array of such answers, to `out`. Returns the exit code: 0, or 1 if a single case or the whole input
 * is at fault, or `out` failed. Input over 64 MiB is refused.
 */
int slots_command(FILE *in, FILE *out);

#endif
