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

/* What an address is sealed for. */
const char *source_seal_name(struct arena *mem, const char *id);

#endif
