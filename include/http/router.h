/*
 * router - which route a method and a path mean.
 *
 * The routes are one constant table that the caller owns (api/routes.c). Literal segments beat
 * parameters, whatever their order and the method: /booking/user/cancel is never a /booking/:id/cancel, and
 * GET /booking/create is a method that is not allowed, not an appointment called "create".
 * A router is immutable once made, so every thread may use it; nothing here blocks.
 */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

enum http_method {
	HTTP_GET, /* HEAD is served by the GET route */
	HTTP_POST,
	HTTP_PUT, /* answers POST too, where the path has no POST route of its own */
	HTTP_DELETE,
	HTTP_METHODS, /* how many there are */
};

/* Who answers a route. */
enum lane {
	LANE_LOOP,     /* the HTTP loop thread: memory only, must not block */
	LANE_DATABASE, /* a worker, for calls that only need PostgreSQL */
	LANE_LISTING,  /* a worker, for lookups of what memory does not have: whoever waits, waits for one
			  answer */
	LANE_GOOGLE,   /* a worker, for calls that may wait for Google */
	LANES,         /* how many there are */
};

enum route_flag {
	ROUTE_ANY_QUERY = 1 << 0, /* do not refuse malformed or repeated query parameters (pages) */
	ROUTE_ANY_TYPE = 1 << 1,  /* the body need not be application/json (push notifications) */
	ROUTE_DRAINING = 1 << 2,  /* answered on the loop even while the daemon stops (health) */
	ROUTE_QUIET = 1 << 3,     /* its log line is LOG_DEBUG (health checks, assets) */
	ROUTE_UNLIMITED = 1 << 4, /* for everybody, always: no limit by address (health checks, assets) */
};

enum {
	ROUTE_PARAMETERS_MAX = 4, /* parameters in one pattern */
	ROUTE_SEGMENTS_MAX = 8,   /* segments in one pattern */
};

struct route {
	enum http_method method;
	const char *pattern; /* "/booking/:id/cancel"; a trailing slash is part of it */
	enum lane lane;
	unsigned flags;       /* of enum route_flag */
	size_t body_limit;    /* most bytes of body; 0: the call takes none, a small one is thrown away */
	const void *endpoint; /* the caller's own row: handler, who may call */
};

/* The values of a pattern's parameters, percent-decoded, in the pattern's order. */
struct route_parameters {
	size_t count;
	struct {
		const char *name; /* without the colon */
		size_t name_length;
		const char *value; /* NUL-terminated UTF-8, never empty */
	} at[ROUTE_PARAMETERS_MAX];
};

enum route_verdict {
	ROUTE_FOUND,
	ROUTE_UNKNOWN_PATH,   /* 404 */
	ROUTE_UNKNOWN_METHOD, /* 405; the path exists: see router_allow */
	ROUTE_BAD_PARAMETER,  /* 400: a parameter is not percent-encoded UTF-8, or holds a NUL */
};

struct router;

/*
 * A router over `routes`, which are borrowed for its whole life. Dies on a table that makes no
 * sense (two routes with the same method and shape, too many segments): that is a bug of ours.
 */
struct router *router_new(const struct route routes[], size_t count);
void router_free(struct router *router);

/* "loop", "database", "google": for logs and metrics. */
const char *lane_name(enum lane lane);

/* The method's name ("GET"), and back. HEAD reads as HTTP_GET; an unknown name is HTTP_METHODS. */
const char *http_method_name(enum http_method method);
enum http_method http_method_parse(const char *name);

/*
 * Find the route for a path as it came on the request line, without query, still encoded.
 *
 * A path matches segment by segment; empty segments and a trailing slash count, so "/booking/"
 * is not "/booking". Decoded parameters are allocated in `mem`. *ret_route is set for all paths that
 * exist: to one of the path's routes when the method or a parameter is at fault.
 */
enum route_verdict router_find(const struct router *router, enum http_method method, const char *path,
			       struct arena *mem, const struct route **ret_route,
			       struct route_parameters *ret_parameters);

/* The value of Allow for a path that exists: "GET, HEAD, OPTIONS". NULL if no route has the path. */
const char *router_allow(const struct router *router, const char *path, struct arena *mem);

/*
 * Percent-decode `length` bytes into `mem`; with `plus_is_space`, as in a query. NULL if an escape
 * is malformed, a NUL comes out, or the result is not UTF-8.
 */
char *percent_decode(struct arena *mem, const char *text, size_t length, bool plus_is_space);

/* The same over the text itself, which has room for a NUL behind it. False where percent_decode says NULL. */
bool percent_decode_in_place(char *text, size_t length, bool plus_is_space);

#endif
