/*
 * event - what other programs are told: the one payload of each type, sent to webhooks and listed for those
 * who ask.
 */
#ifndef API_EVENT_H
#define API_EVENT_H

#include "api/api.h"
#include "db/events.h"

/*
 * {"id", "type", "timestamp", "data"}; data of an appointment is what the API shows of it, less notes and
 * answers, with its version and, of a move, "previous". The same at every try. Pure.
 *
 * mail  whether mail is configured, as in struct viewer.
 */
void event_write(struct json_writer *writer, const struct event *event, bool mail);

/* The same as a whole: what a webhook is sent. */
void event_payload(const struct event *event, bool mail, struct buffer *out);

/* The types that an endpoint may ask for; NULL at the end. */
extern const char *const event_types[];

void api_events(struct call *call); /* GET /coach/:coach/events */

#endif
