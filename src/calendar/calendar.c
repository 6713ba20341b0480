/* Making, starting, stopping and freeing. */
#include "calendar/calendar.h"

#include "base/die.h"
#include "coach.h"
#include "keeper.h"
#include "payers.h"
#include "push_token.h"

#include <stdio.h>
#include <stdlib.h>

struct calendars *calendars_new(const struct calendar_settings *settings, const char **ret_reason)
{
	struct calendars *calendars = calloc(1, sizeof(*calendars));
	if (calendars == NULL)
		die("out of memory");
	calendars->settings = *settings;
	calendars->mem = ARENA_EMPTY;
	const bool google = settings->service_account_key != NULL || settings->oauth.id != NULL;
	atomic_init(&calendars->accounts, google);
	calendars->on = google || settings->seal_keys != NULL;
	push_key_make(calendars);
	coaches_init(calendars);
	bell_init(&calendars->bell);
	const char *wrong = link_settings_read(&calendars->links, &calendars->mem, &calendars->settings);
	if (wrong != NULL) {
		/* The sentence lives in the arena that is about to go. */
		static _Thread_local char reason[300];
		snprintf(reason, sizeof(reason), "%s", wrong);
		*ret_reason = reason;
		calendars_free(calendars);
		return NULL;
	}
	if (settings->metrics != NULL) {
		calendars->debt_count = metrics_gauge(settings->metrics, "bookingd_calendar_debt",
						      "Appointments whose event Google is still owed.", NULL);
		calendars->debt_age = metrics_gauge(
			settings->metrics, "bookingd_calendar_debt_age_seconds",
			"Age of the oldest appointment whose event Google is still owed.", NULL);
		calendars->sources_failing = metrics_gauge(
			settings->metrics, "bookingd_busy_sources_failing",
			"Further calendars of coaches that could not be read the last time.", NULL);
	}
	*ret_reason = NULL;
	return calendars;
}

void calendars_free(struct calendars *calendars)
{
	if (calendars == NULL)
		return;
	coaches_clear(calendars);
	link_settings_clear(&calendars->links);
	bell_clear(&calendars->bell);
	arena_clear(&calendars->mem);
	free(calendars);
}

bool calendars_on(const struct calendars *calendars)
{
	return calendars->on;
}

void calendars_start(struct calendars *calendars)
{
	if (!calendars->on)
		return;
	calendars->payers = payers_start(calendars);
	calendars->keeper = keeper_start(calendars);
}

void calendars_stop(struct calendars *calendars)
{
	bell_stop(&calendars->bell);
	payers_stop(calendars->payers);
	keeper_stop(calendars->keeper);
	calendars->payers = NULL;
	calendars->keeper = NULL;
}
