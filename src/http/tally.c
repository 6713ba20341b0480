#include "tally.h"

#include "exchange.h"

#include "base/die.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The statuses that are counted by themselves; all others share the last place. */
static const struct {
	unsigned status;
	const char *text;
} statuses[] = {
	{200, "200"}, {201, "201"}, {202, "202"}, {204, "204"}, {302, "302"}, {304, "304"}, {400, "400"},
	{401, "401"}, {403, "403"}, {404, "404"}, {405, "405"}, {409, "409"}, {410, "410"}, {412, "412"},
	{413, "413"}, {414, "414"}, {415, "415"}, {422, "422"}, {429, "429"}, {431, "431"}, {500, "500"},
	{501, "501"}, {503, "503"}, {505, "505"}, {0, "other"},
};
enum { STATUSES = sizeof(statuses) / sizeof(statuses[0]) };

struct route_tally {
	struct counter *_Atomic requests[STATUSES];
	struct histogram *_Atomic seconds[STATUSES];
};

struct tally {
	const struct server_settings *settings;
	struct work_queue *const *queues;
	struct counter *cut;
	struct gauge *connections;
	struct gauge *resident_bytes;
	struct {
		struct gauge *waiting;
		struct gauge *running;
		struct histogram *wait;
	} lanes[LANES];
	struct route_tally routes[]; /* as settings.routes, and one more for requests without a route */
};

static int64_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	if (file == NULL)
		return 0;
	long total = 0, resident = 0;
	int read = fscanf(file, "%ld %ld", &total, &resident);
	fclose(file);
	return read == 2 ? resident * sysconf(_SC_PAGESIZE) : 0;
}

/* Before each rendering: what is read rather than counted. */
static void refresh(void *tally_pointer)
{
	struct tally *tally = tally_pointer;
	gauge_set(tally->resident_bytes, resident_bytes());
	for (enum lane lane = LANE_DATABASE; lane < LANES; lane++) {
		gauge_set(tally->lanes[lane].waiting, work_queue_waiting(tally->queues[lane]));
		gauge_set(tally->lanes[lane].running, work_queue_running(tally->queues[lane]));
	}
}

struct tally *tally_new(const struct server_settings *settings, struct work_queue *const lanes[LANES])
{
	size_t routes = settings->route_count + 1;
	struct tally *tally = calloc(1, sizeof(*tally) + routes * sizeof(tally->routes[0]));
	if (tally == NULL)
		die("out of memory");
	struct metrics *metrics = settings->metrics;
	tally->settings = settings;
	tally->queues = lanes;
	tally->connections = metrics_gauge(metrics, "bookingd_http_connections", "Open connections.", NULL);
	tally->cut = metrics_counter(metrics, "bookingd_http_cut_total",
				     "Connections cut off because the client was too slow.", NULL);
	tally->resident_bytes =
		metrics_gauge(metrics, "process_resident_memory_bytes", "Resident memory.", NULL);
	for (enum lane lane = LANE_DATABASE; lane < LANES; lane++) {
		const char *name = lane_name(lane);
		tally->lanes[lane].waiting =
			metrics_gauge(metrics, "bookingd_lane_waiting", "Requests waiting for a worker.",
				      "lane", name, NULL);
		tally->lanes[lane].running = metrics_gauge(
			metrics, "bookingd_lane_running", "Workers busy with a request.", "lane", name, NULL);
		tally->lanes[lane].wait =
			metrics_histogram(metrics, "bookingd_lane_wait_seconds",
					  "How long requests waited for a worker.", "lane", name, NULL);
	}
	metrics_on_render(metrics, refresh, tally);
	return tally;
}

void tally_free(struct tally *tally)
{
	free(tally);
}

void tally_cut(struct tally *tally)
{
	counter_add(tally->cut, 1);
}

void tally_connection(struct tally *tally, int change)
{
	gauge_add(tally->connections, change);
}

static const char *route_name(const struct route *route)
{
	return route != NULL ? route->pattern : "none";
}

static void count(struct tally *tally, const struct exchange *exchange, double took)
{
	const struct server_settings *settings = tally->settings;
	const struct route *route = exchange->request.route;
	struct route_tally *row =
		&tally->routes[route != NULL ? (size_t)(route - settings->routes) : settings->route_count];
	size_t status = 0;
	while (status < STATUSES - 1 && statuses[status].status != exchange->reply_status)
		status++;

	struct counter *requests = atomic_load_explicit(&row->requests[status], memory_order_acquire);
	struct histogram *latency = atomic_load_explicit(&row->seconds[status], memory_order_acquire);
	if (requests == NULL || latency == NULL) {
		const char *method = route != NULL ? http_method_name(route->method) : "any";
		requests = metrics_counter(settings->metrics, "bookingd_http_requests_total",
					   "Requests answered, by route and status code.", "method", method,
					   "route", route_name(route), "code", statuses[status].text, NULL);
		latency = metrics_histogram(
			settings->metrics, "bookingd_http_request_seconds",
			"From complete headers to the reply being sent, by route and status code.", "method",
			method, "route", route_name(route), "code", statuses[status].text, NULL);
		atomic_store_explicit(&row->requests[status], requests, memory_order_release);
		atomic_store_explicit(&row->seconds[status], latency, memory_order_release);
	}
	counter_add(requests, 1);
	histogram_observe(latency, took);
	if (exchange->waited_us >= 0)
		histogram_observe(tally->lanes[exchange->request.lane].wait,
				  (double)exchange->waited_us / 1e6);
}

void tally_exchange(struct tally *tally, const struct exchange *exchange, bool delivered)
{
	const struct request *request = &exchange->request;
	const struct route *route = request->route;
	double took = (double)(monotonic_us() - exchange->began_us) / 1e6;
	count(tally, exchange, took);

	enum log_level level = LOG_INFO;
	if (exchange->reply_status >= 500)
		level = LOG_WARNING;
	else if (route != NULL && (route->flags & ROUTE_QUIET) != 0)
		level = LOG_DEBUG;
	if (!log_enabled(level))
		return;
	bool waited = exchange->waited_us >= 0;
	const char *outcome = NULL;
	if (!delivered)
		outcome = exchange->stage == STAGE_OVER ? "closed" : "client_gone";
	log_line(level, "request", LOG_TEXT_FIELD("request_id", request->id),
		 LOG_TEXT_FIELD("method",
				request->method < HTTP_METHODS ? http_method_name(request->method) : NULL),
		 LOG_TEXT_FIELD("route", route_name(route)),
		 LOG_INTEGER_FIELD("status", exchange->reply_status),
		 LOG_TEXT_FIELD("code", exchange->reply.code), LOG_NUMBER_FIELD("ms", took * 1e3),
		 LOG_INTEGER_FIELD("bytes", (int64_t)exchange->reply_bytes),
		 LOG_TEXT_FIELD("lane", lane_name(waited ? request->lane : LANE_LOOP)),
		 LOG_NUMBER_FIELD("wait_ms", waited ? (double)exchange->waited_us / 1e3 : 0),
		 LOG_TEXT_FIELD("outcome", outcome));
}
