/* What the files of calendar/sources.h share. */
#ifndef CALENDAR_SOURCES_INSIDE_H
#define CALENDAR_SOURCES_INSIDE_H

#include "calendar/sources.h"

#include <pthread.h>

struct sources {
	struct sources_settings settings;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* the turn is free */
	bool reading;           /* somebody has the turn: one file is in memory at a time */
};

/* Wait for the turn to read, until `deadline`. False: it did not come. */
bool sources_take_turn(struct sources *sources, int64_t deadline);
void sources_end_turn(struct sources *sources);

/* What an address is sealed for. */
const char *source_seal_name(struct arena *mem, const char *id);

#endif
