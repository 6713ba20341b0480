#include "metrics_listener.h"

#include "base/die.h"
#include "http/server.h"

#include <stdlib.h>

struct metrics_listener {
	struct server *server;
	struct metrics *own; /* the server counts its requests there; they are no client's */
	struct metrics *shown;
};

static const struct route routes[] = {{.method = HTTP_GET,
				       .pattern = "/metrics",
				       .lane = LANE_LOOP,
				       .flags = ROUTE_DRAINING | ROUTE_QUIET | ROUTE_ANY_QUERY}};

static enum handled render(void *owner, struct request *request, struct reply *reply)
{
	(void)request;
	struct metrics_listener *listener = owner;
	metrics_render(listener->shown, reply_begin(reply, 200, METRICS_CONTENT_TYPE));
	reply_header(reply, "Cache-Control", "no-store");
	return HANDLED;
}

struct metrics_listener *metrics_listener_open(const char *address, uint16_t port, struct metrics *metrics,
					       const char **ret_reason)
{
	enum { CONNECTIONS = 64 };
	struct metrics_listener *listener = calloc(1, sizeof(*listener));
	if (listener == NULL)
		die("out of memory");
	listener->own = metrics_new();
	listener->shown = metrics;
	struct server_settings settings = server_settings_default();
	settings.address = address;
	settings.port = port;
	settings.loops = 1;
	settings.connections = CONNECTIONS;
	for (enum lane lane = LANE_DATABASE; lane < LANES; lane++)
		settings.lanes[lane].workers = 0;
	settings.routes = routes;
	settings.route_count = sizeof(routes) / sizeof(routes[0]);
	settings.metrics = listener->own;
	settings.early = render;
	settings.owner = listener;
	listener->server = server_open(&settings, ret_reason);
	if (listener->server != NULL)
		return listener;
	metrics_listener_close(listener);
	return NULL;
}

void metrics_listener_close(struct metrics_listener *listener)
{
	if (listener == NULL)
		return;
	if (listener->server != NULL) {
		server_drain(listener->server); /* nobody waits for the last scrape */
		server_close(listener->server);
	}
	metrics_free(listener->own);
	free(listener);
}
