/* sources - the handlers about a coach's further calendars (calendar/sources.h). */
#ifndef API_SOURCES_H
#define API_SOURCES_H

#include "api/api.h"

void api_sources_list(struct call *call);
void api_sources_add(struct call *call);
void api_sources_remove(struct call *call);
void api_sources_refresh(struct call *call);

#endif
