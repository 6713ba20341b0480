/*
 * toy_server - the HTTP layer by itself, with a few routes that do nothing useful, to be loaded,
 * raced and abused: toy_server <port, 0 for any> <loops>. Prints the port; SIGTERM ends it.
 */
#include "http/ready_body.h"
#include "http/server.h"

#include "base/json.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SLOTS_BYTES = 17 * 1024 };

struct toy {
	struct metrics *metrics;
	struct ready_body *ready;
};

enum endpoint { OK, READY, COMPUTED, TASK, LARGE, SLEEP, ECHO, CANCEL, METRICS, HEALTH };
static const enum endpoint endpoints[] = {OK,    READY, COMPUTED, TASK,    LARGE,
					  SLEEP, ECHO,  CANCEL,   METRICS, HEALTH};

static const struct route routes[] = {
	{HTTP_GET, "/ok", LANE_LOOP, ROUTE_QUIET, 0, &endpoints[OK]},
	{HTTP_GET, "/ready", LANE_LOOP, ROUTE_QUIET, 0, &endpoints[READY]},
	{HTTP_GET, "/computed", LANE_LOOP, ROUTE_QUIET, 0, &endpoints[COMPUTED]},
	{HTTP_GET, "/task", LANE_DATABASE, ROUTE_QUIET, 0, &endpoints[TASK]},
	{HTTP_GET, "/large", LANE_DATABASE, ROUTE_QUIET, 0, &endpoints[LARGE]},
	{HTTP_GET, "/sleep/:ms", LANE_GOOGLE, ROUTE_QUIET, 0, &endpoints[SLEEP]},
	{HTTP_POST, "/echo", LANE_DATABASE, 0, 64 * 1024, &endpoints[ECHO]},
	{HTTP_PUT, "/item/:id/cancel", LANE_DATABASE, 0, 64 * 1024, &endpoints[CANCEL]},
	{HTTP_GET, "/metrics", LANE_LOOP, ROUTE_QUIET, 0, &endpoints[METRICS]},
	{HTTP_GET, "/health", LANE_LOOP, ROUTE_QUIET | ROUTE_DRAINING, 0, &endpoints[HEALTH]},
};

static enum endpoint endpoint_of(const struct request *request)
{
	return *(const enum endpoint *)request->route->endpoint;
}

static enum handled early(void *owner, struct request *request, struct reply *reply)
{
	struct toy *toy = owner;
	switch (endpoint_of(request)) {
	case OK:
		buffer_append_text(reply_begin_json(reply, 200), "{\"ok\":true}");
		return HANDLED;
	case READY:
		reply_ready(reply, 200, request, toy->ready);
		return HANDLED;
	case COMPUTED:
		buffer_append(reply_begin_json(reply, 200), toy->ready->bytes, toy->ready->length);
		return HANDLED;
	case METRICS:
		metrics_render(toy->metrics, reply_begin(reply, 200, METRICS_CONTENT_TYPE));
		return HANDLED;
	case HEALTH:
		reply_empty(reply, request->draining ? 503 : 200);
		return HANDLED;
	case TASK:
	case LARGE:
	case SLEEP:
	case ECHO:
	case CANCEL:
		break;
	}
	return HAND_OVER;
}

static void handle(void *owner, struct request *request, struct reply *reply, void *worker)
{
	const struct toy *toy = owner;
	(void)worker;
	if (endpoint_of(request) == LARGE) {
		buffer_append(reply_begin(reply, 200, "text/plain"), toy->ready->bytes, toy->ready->length);
		return;
	}
	if (endpoint_of(request) == SLEEP) {
		long ms = strtol(request_parameter(request, "ms"), NULL, 10);
		const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
		nanosleep(&pause, NULL);
	}
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(reply, 200));
	json_write_object(&writer, NULL);
	json_write_text(&writer, "method", http_method_name(request->method));
	if (endpoint_of(request) == CANCEL)
		json_write_text(&writer, "id", request_parameter(request, "id"));
	json_write_text(&writer, "query", request_query(request, "q"));
	json_write_text(&writer, "address", request->address.text);
	json_write_text(&writer, "body", request->body);
	json_write_object_end(&writer);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	sigset_t ends;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);

	char *bytes = malloc(SLOTS_BYTES);
	for (size_t i = 0; i < SLOTS_BYTES; i++)
		bytes[i] = (char)('0' + (i * i + i / 7) % 10);
	struct toy toy = {.metrics = metrics_new()};
	toy.ready = ready_body_new(bytes, SLOTS_BYTES, "application/json");
	free(bytes);

	static const char *const origins[] = {"https://friend.example", NULL};
	struct server_settings settings = server_settings_default();
	settings.port = (uint16_t)atoi(argv[1]);
	settings.loops = (unsigned)atoi(argv[2]);
	settings.header_seconds = 2;
	settings.body_seconds = 2;
	settings.reply_seconds = 5;
	settings.idle_seconds = 10;
	settings.trusted_proxy_hops = getenv("HOPS") != NULL ? 1 : 0;
	settings.cors_origins = origins;
	settings.routes = routes;
	settings.route_count = sizeof(routes) / sizeof(routes[0]);
	settings.metrics = toy.metrics;
	settings.early = early;
	settings.handle = handle;
	settings.owner = &toy;
	const char *reason = NULL;
	struct server *server = server_open(&settings, &reason);
	if (server == NULL) {
		fprintf(stderr, "%s\n", reason);
		return 1;
	}
	printf("%u\n", server_port(server));
	fflush(stdout);
	int received = 0;
	sigwait(&ends, &received);
	server_close(server);
	ready_body_drop(toy.ready);
	metrics_free(toy.metrics);
	return 0;
}
