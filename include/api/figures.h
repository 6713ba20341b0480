/*
 * figures - what /metrics tells besides what is counted where it happens: the release, the database, the
 * calendar, the caches.
 */
#ifndef API_FIGURES_H
#define API_FIGURES_H

#include "api/api.h"

struct figures;

/* Register with api->metrics, and read everything before each rendering. `api` is borrowed. Never NULL. */
struct figures *figures_new(struct api *api);

/* Not before the last rendering. NULL is fine. */
void figures_free(struct figures *figures);

/* A look into a cache. Any thread; some nanoseconds. */
enum cache { CACHE_AVAILABILITY, CACHE_IDENTITY, CACHES };
void figures_cache(struct figures *figures, enum cache cache, bool hit);

#endif
