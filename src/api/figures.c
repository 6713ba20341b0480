#include "api/figures.h"

#include "base/die.h"
#include "calendar/account.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const calendar_states[] = {"off", "ok", "backing_off", "needs_consent", "failing"};
enum {
	CALENDAR_STATES = sizeof(calendar_states) / sizeof(calendar_states[0]),
	TROUBLES = TROUBLE_DISK_FULL + 1
};

struct figures {
	struct api *api;
	struct gauge *up;
	struct gauge *sound;
	struct gauge *trouble[TROUBLES];
	struct gauge *calendar[CALENDAR_STATES];
	struct gauge *open;
	struct gauge *serving;
	struct counter *connected;
	struct counter *not_connected;
	struct counter *lost;
	struct counter *failed;
	struct counter *cache[CACHES][2];
};

/* A counter that is kept elsewhere: only what it has grown is added. */
static void follow(struct counter *counter, int64_t value)
{
	uint64_t told = counter_read(counter);
	if (value > 0 && (uint64_t)value > told)
		counter_add(counter, (uint64_t)value - told);
}

static void refresh(void *figures_pointer)
{
	struct figures *figures = figures_pointer;
	const struct api *api = figures->api;
	struct database_counts counts = database_counts(api->database);
	enum database_trouble trouble = database_trouble(api->database);
	bool up = coaches_listening(api->coaches) && atomic_load(&api->migrated);
	gauge_set(figures->up, up);
	gauge_set(figures->sound, atomic_load(api->schema_sound));
	for (int i = TROUBLE_NONE + 1; i < TROUBLES; i++)
		gauge_set(figures->trouble[i], (int)trouble == i);
	gauge_set(figures->open, counts.open);
	gauge_set(figures->serving, counts.serving);
	follow(figures->connected, counts.connected);
	follow(figures->not_connected, counts.not_connected);
	follow(figures->lost, counts.lost);
	follow(figures->failed, counts.failed);
	struct calendar_health calendar = calendars_health(api->calendars);
	for (size_t i = 0; i < CALENDAR_STATES; i++)
		gauge_set(figures->calendar[i], strcmp(calendar.state, calendar_states[i]) == 0);
}

static void register_database(struct figures *figures, struct metrics *metrics)
{
	figures->up = metrics_gauge(metrics, "bookingd_database_up",
				    "1: the database answers and its schema is there.", NULL);
	figures->sound =
		metrics_gauge(metrics, "bookingd_schema_sound",
			      "1: what keeps appointments apart is in force; else nothing is booked.", NULL);
	for (int i = TROUBLE_NONE + 1; i < TROUBLES; i++)
		figures->trouble[i] =
			metrics_gauge(metrics, "bookingd_database_trouble",
				      "1: the database answers and would serve no request.", "state",
				      database_trouble_name((enum database_trouble)i), NULL);
	figures->open = metrics_gauge(metrics, "bookingd_database_connections",
				      "Connections to the database that are open.", NULL);
	figures->serving = metrics_gauge(metrics, "bookingd_database_connections_serving",
					 "Those of them that requests are worked on over.", NULL);
	figures->connected = metrics_counter(metrics, "bookingd_database_connects_total",
					     "Connections to the database that were made: every two seconds "
					     "one that looks whether there is room.",
					     NULL);
	figures->not_connected = metrics_counter(metrics, "bookingd_database_connect_failures_total",
						 "Connections to the database that could not be made.", NULL);
	figures->lost = metrics_counter(
		metrics, "bookingd_database_lost_total",
		"Connections to the database that ended, or were given up, under a statement.", NULL);
	figures->failed =
		metrics_counter(metrics, "bookingd_database_errors_total",
				"Statements that the database refused although they are right.", NULL);
}

struct figures *figures_new(struct api *api)
{
	static const char *const caches[] = {
		[CACHE_AVAILABILITY] = "availability", [CACHE_IDENTITY] = "identity"};
	static const char cache_help[] = "Looks into a cache, by what was found.";
	struct figures *figures = calloc(1, sizeof(*figures));
	if (figures == NULL)
		die("out of memory");
	struct metrics *metrics = api->metrics;
	figures->api = api;
	gauge_set(metrics_gauge(metrics, "bookingd_build_info", "The release that runs.", "version",
				BOOKINGD_VERSION, NULL),
		  1);
	gauge_set(metrics_gauge(metrics, "process_start_time_seconds",
				"When the process began, in seconds since 1970.", NULL),
		  instant_now());
	register_database(figures, metrics);
	for (size_t i = 0; i < CALENDAR_STATES; i++)
		figures->calendar[i] =
			metrics_gauge(metrics, "bookingd_calendar_state",
				      "1: the state of the coaches' calendars, the worst of all.", "state",
				      calendar_states[i], NULL);
	for (size_t i = 0; i < CACHES; i++) {
		figures->cache[i][false] =
			metrics_counter(metrics, "bookingd_cache_lookups_total", cache_help, "cache",
					caches[i], "outcome", "miss", NULL);
		figures->cache[i][true] = metrics_counter(metrics, "bookingd_cache_lookups_total", cache_help,
							  "cache", caches[i], "outcome", "hit", NULL);
	}
	metrics_on_render(metrics, refresh, figures);
	return figures;
}

void figures_free(struct figures *figures)
{
	free(figures);
}

void figures_cache(struct figures *figures, enum cache cache, bool hit)
{
	counter_add(figures->cache[cache][hit], 1);
}
