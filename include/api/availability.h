/*
 * availability - GET /booking/availability, from memory on the HTTP loop where that is possible.
 */
#ifndef API_AVAILABILITY_H
#define API_AVAILABILITY_H

#include "api/api.h"

/* Finished bodies by mark, in bounded memory. Safe from any thread. */
struct availability_cache *availability_cache_new(void);
void availability_cache_free(struct availability_cache *cache);

enum lane api_availability_lane(const struct call *call);
bool api_availability_early(struct call *call);
void api_availability(struct call *call);

#endif
