/*
 * render - appointments as the contract writes them. Pure.
 */
#ifndef API_RENDER_H
#define API_RENDER_H

#include "app/booking.h"
#include "base/json.h"
#include "db/appointments.h"
#include "domain/slot.h"

/* Who reads the reply, and when: what they may still do depends on both. */
struct viewer {
	const struct identity *caller;
	instant now;
	bool mail;                               /* whether mail is sent at all */
	const struct private_part *private_part; /* shown as well; NULL: not in this reply */
	bool without_notes;
	const char *notices;           /* as JSON, what the client was told; NULL: not in this reply */
	const struct guest_pass *pass; /* told to the guest who has just got it; else NULL */
};

/* One appointment as an object; `name` as in json_write_object. */
void render_appointment(struct json_writer *writer, const char *name, const struct appointment *appointment,
			struct viewer viewer);

/* Its members alone, inside an object that is open. */
void render_members(struct json_writer *writer, const struct appointment *appointment, struct viewer viewer);

/* "meeting" and "calendar", inside an object that is open. */
void render_where(struct json_writer *writer, const struct appointment *appointment);

/* One rule that stands against a start: "rule", "detail", and "start" and "end" of a stretch of time. */
void render_reason(struct json_writer *writer, const struct told_reason *reason);

/* A page of appointments with its cursor; more: there are others after the last one. */
void render_appointments(struct buffer *out, const struct appointment_list *list, bool more,
			 struct viewer viewer, struct arena *mem);

/* Read a cursor made by render_appointments. False: it is none. */
bool cursor_read(const char *cursor, struct arena *mem, instant *ret_start, const char **ret_id);

#endif
