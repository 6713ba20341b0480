#include "app/calendar.h"

#include <stdlib.h>

struct calendars {
	struct calendar_settings settings;
};

struct calendars *calendars_new(const struct calendar_settings *settings, const char **ret_reason)
{
	struct calendars *calendars = calloc(1, sizeof(*calendars));
	if (calendars == NULL)
		abort();
	calendars->settings = *settings;
	*ret_reason = NULL;
	return calendars;
}

void calendars_start(struct calendars *calendars)
{
	(void)calendars;
}

void calendars_stop(struct calendars *calendars)
{
	(void)calendars;
}

void calendars_free(struct calendars *calendars)
{
	free(calendars);
}

bool calendars_on(const struct calendars *calendars)
{
	(void)calendars;
	return false;
}

static void answer_off(instant now, struct calendar_busy *ret_busy)
{
	*ret_busy = (struct calendar_busy){.knowledge = CALENDAR_KNOWN_OFF, .as_of = now};
}

bool calendar_busy_peek(struct calendars *calendars, const char *coach_id, struct interval within,
			instant now, struct arena *mem, struct calendar_busy *ret_busy)
{
	(void)calendars, (void)coach_id, (void)within, (void)mem;
	answer_off(now, ret_busy);
	return true;
}

void calendar_busy_listing(struct calendars *calendars, struct worker *worker, const char *coach_id,
			   struct interval within, instant now, int64_t deadline, struct arena *mem,
			   struct calendar_busy *ret_busy)
{
	(void)calendars, (void)worker, (void)coach_id, (void)within, (void)deadline, (void)mem;
	answer_off(now, ret_busy);
}

void calendar_busy_booking(struct calendars *calendars, struct worker *worker, const char *coach_id,
			   struct interval within, const struct appointment *moving, instant now,
			   int64_t deadline, struct arena *mem, struct calendar_busy *ret_busy)
{
	(void)moving;
	calendar_busy_listing(calendars, worker, coach_id, within, now, deadline, mem, ret_busy);
}

void calendar_busy_moving(struct calendars *calendars, struct worker *worker, const char *coach_id,
			  struct interval within, const struct appointment *moving, instant now,
			  int64_t deadline, struct arena *mem, struct calendar_busy *ret_busy)
{
	(void)moving;
	calendar_busy_listing(calendars, worker, coach_id, within, now, deadline, mem, ret_busy);
}

void calendar_forget(struct calendars *calendars, const char *coach_id)
{
	(void)calendars, (void)coach_id;
}

enum db_result calendar_target(struct calendars *calendars, struct worker *worker, const char *coach_id,
			       struct arena *mem, const char **ret_calendar_id)
{
	(void)calendars, (void)worker, (void)coach_id, (void)mem;
	*ret_calendar_id = NULL;
	return DB_OK;
}

void calendar_pay(struct calendars *calendars, struct worker *worker, struct arena *mem, int64_t deadline,
		  struct appointment *appointment)
{
	(void)calendars, (void)worker, (void)mem, (void)deadline, (void)appointment;
}

const char *calendar_state_of(const struct appointment *appointment)
{
	if (appointment->calendar_id == NULL)
		return "off";
	if (appointment->calendar_conflict)
		return "conflict";
	if (appointment->synced_version >= appointment->version)
		return "synced";
	return appointment->refused_version >= appointment->version ? "failed" : "pending";
}

enum db_result calendar_status(struct calendars *calendars, struct worker *worker, const char *coach_id,
			       struct arena *mem, struct calendar_status *ret_status)
{
	(void)calendars, (void)worker, (void)coach_id, (void)mem;
	*ret_status = (struct calendar_status){.mode = "off", .state = "ok"};
	return DB_OK;
}

const char *calendars_health(struct calendars *calendars)
{
	(void)calendars;
	return "off";
}
