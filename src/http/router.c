#include "http/router.h"

#include "base/die.h"
#include "base/json.h"
#include "base/octets.h"

#include <stdlib.h>
#include <string.h>

struct segment {
	const char *text; /* of a parameter: its name, without the colon */
	size_t length;
	bool parameter;
};

struct shape {
	const struct route *route;
	size_t count;
	struct segment at[ROUTE_SEGMENTS_MAX];
};

struct router {
	size_t count;
	struct shape shapes[]; /* the most literal first */
};

static const char *const method_names[HTTP_METHODS] = {
	[HTTP_GET] = "GET",
	[HTTP_POST] = "POST",
	[HTTP_PUT] = "PUT",
	[HTTP_DELETE] = "DELETE",
};

const char *lane_name(enum lane lane)
{
	static const char *const names[LANES] = {
		[LANE_LOOP] = "loop",
		[LANE_DATABASE] = "database",
		[LANE_LISTING] = "listing",
		[LANE_GOOGLE] = "google",
	};
	return names[lane];
}

const char *http_method_name(enum http_method method)
{
	return method_names[method];
}

enum http_method http_method_parse(const char *name)
{
	if (strcmp(name, "HEAD") == 0)
		return HTTP_GET;
	enum http_method method = HTTP_GET;
	while (method < HTTP_METHODS && strcmp(name, method_names[method]) != 0)
		method++;
	return method;
}

/*
 * Cut a path at its slashes. "/a/b" has two segments, "/a/" has "a" and "". Returns how many, which may
 * exceed `max`; 0 if it does not begin with a slash.
 */
static size_t split(const char *path, struct segment out[], size_t max)
{
	size_t count = 0;
	while (*path == '/') {
		size_t length = strcspn(++path, "/");
		if (count < max)
			out[count] = (struct segment){path, length, false};
		count++;
		path += length;
	}
	return *path == '\0' ? count : 0;
}

static int segment_compare(const struct segment *a, const struct segment *b)
{
	if (a->parameter != b->parameter)
		return a->parameter ? 1 : -1;
	if (a->parameter)
		return 0;
	size_t least = a->length < b->length ? a->length : b->length;
	int order = memcmp(a->text, b->text, least);
	if (order != 0)
		return order;
	return (a->length > b->length) - (a->length < b->length);
}

/* By path only: 0 for two routes that match the same paths. */
static int shape_compare(const struct shape *a, const struct shape *b)
{
	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	for (size_t i = 0; i < a->count; i++) {
		int order = segment_compare(&a->at[i], &b->at[i]);
		if (order != 0)
			return order;
	}
	return 0;
}

static int order_shapes(const void *a, const void *b)
{
	return shape_compare(a, b);
}

static void shape_init(struct shape *shape, const struct route *route)
{
	shape->route = route;
	shape->count = split(route->pattern, shape->at, ROUTE_SEGMENTS_MAX);
	die_unless(shape->count > 0 && shape->count <= ROUTE_SEGMENTS_MAX);
	size_t parameters = 0;
	for (size_t i = 0; i < shape->count; i++) {
		struct segment *segment = &shape->at[i];
		if (segment->length < 2 || segment->text[0] != ':')
			continue;
		segment->parameter = true;
		segment->text++;
		segment->length--;
		parameters++;
	}
	die_unless(parameters <= ROUTE_PARAMETERS_MAX);
}

struct router *router_new(const struct route routes[], size_t count)
{
	struct router *router = calloc(1, sizeof(*router) + count * sizeof(router->shapes[0]));
	if (router == NULL)
		die("out of memory");
	router->count = count;
	for (size_t i = 0; i < count; i++)
		shape_init(&router->shapes[i], &routes[i]);
	qsort(router->shapes, count, sizeof(router->shapes[0]), order_shapes);
	for (size_t i = 0; i < count; i++)
		for (size_t j = i + 1; j < count; j++)
			if (router->shapes[i].route->method == router->shapes[j].route->method &&
			    shape_compare(&router->shapes[i], &router->shapes[j]) == 0)
				die("two routes have the same method and path");
	return router;
}

void router_free(struct router *router)
{
	free(router);
}

static bool shape_matches(const struct shape *shape, const struct segment path[], size_t count)
{
	if (shape->count != count)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct segment *segment = &shape->at[i];
		if (segment->parameter) {
			if (path[i].length == 0)
				return false;
		} else if (segment->length != path[i].length ||
			   memcmp(segment->text, path[i].text, segment->length) != 0) {
			return false;
		}
	}
	return true;
}

static bool decode_parameters(const struct shape *shape, const struct segment path[], struct arena *mem,
			      struct route_parameters *ret_parameters)
{
	struct route_parameters parameters = {0};
	for (size_t i = 0; i < shape->count; i++) {
		if (!shape->at[i].parameter)
			continue;
		const char *value = percent_decode(mem, path[i].text, path[i].length, false);
		if (value == NULL)
			return false;
		size_t at = parameters.count++;
		parameters.at[at].name = shape->at[i].text;
		parameters.at[at].name_length = shape->at[i].length;
		parameters.at[at].value = value;
	}
	*ret_parameters = parameters;
	return true;
}

/*
 * The most literal of the shapes that the path has; those equal to it follow. NULL: none. So /booking/create
 * is that call whatever the method, and never the appointment named "create".
 */
static const struct shape *find_shape(const struct router *router, const char *path,
				      struct segment segments[static ROUTE_SEGMENTS_MAX])
{
	size_t count = split(path, segments, ROUTE_SEGMENTS_MAX);
	if (count == 0 || count > ROUTE_SEGMENTS_MAX)
		return NULL;
	for (size_t i = 0; i < router->count; i++) {
		if (shape_matches(&router->shapes[i], segments, count))
			return &router->shapes[i];
	}
	return NULL;
}

/* The route of that shape with that method. NULL: none. */
static const struct shape *find_method(const struct router *router, const struct shape *first,
				       enum http_method method)
{
	const struct shape *end = router->shapes + router->count;
	for (const struct shape *shape = first; shape < end && shape_compare(shape, first) == 0; shape++) {
		if (shape->route->method == method)
			return shape;
	}
	return NULL;
}

enum route_verdict router_find(const struct router *router, enum http_method method, const char *path,
			       struct arena *mem, const struct route **ret_route,
			       struct route_parameters *ret_parameters)
{
	struct segment segments[ROUTE_SEGMENTS_MAX];
	const struct shape *first = find_shape(router, path, segments);
	if (first == NULL)
		return ROUTE_UNKNOWN_PATH;
	const struct shape *found = find_method(router, first, method);
	/* Clients that only have GET and POST reach PUT endpoints by POST. */
	if (found == NULL && method == HTTP_POST)
		found = find_method(router, first, HTTP_PUT);
	*ret_route = found != NULL ? found->route : first->route;
	if (found == NULL)
		return ROUTE_UNKNOWN_METHOD;
	return decode_parameters(found, segments, mem, ret_parameters) ? ROUTE_FOUND : ROUTE_BAD_PARAMETER;
}

const char *router_allow(const struct router *router, const char *path, struct arena *mem)
{
	struct segment segments[ROUTE_SEGMENTS_MAX];
	const struct shape *first = find_shape(router, path, segments);
	if (first == NULL)
		return NULL;
	bool get = find_method(router, first, HTTP_GET) != NULL;
	bool put = find_method(router, first, HTTP_PUT) != NULL;
	bool post = put || find_method(router, first, HTTP_POST) != NULL;
	bool delete = find_method(router, first, HTTP_DELETE) != NULL;
	return arena_printf(mem, "%s%s%s%sOPTIONS", get ? "GET, HEAD, " : "", post ? "POST, " : "",
			    put ? "PUT, " : "", delete ? "DELETE, " : "");
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Whether these eight bytes are ASCII that stands for itself. False for some that is. */
static inline bool are_verbatim(const char *bytes)
{
	uint64_t word = octets_load(bytes);
	return !OCTETS_ANY(octets_equal(word, '%') | octets_equal(word, '+') | octets_not_ascii(word));
}

bool percent_decode_in_place(char *text, size_t length, bool plus_is_space)
{
	size_t used = 0;
	while (length - used >= 8 && are_verbatim(text + used))
		used += 8;
	bool ascii = true;
	for (size_t i = used; i < length; i++) {
		char c = text[i];
		if (c == '+' && plus_is_space) {
			c = ' ';
		} else if (c == '%') {
			if (length - i < 3)
				return false;
			int high = hex_digit(text[i + 1]);
			int low = hex_digit(text[i + 2]);
			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		ascii = ascii && c > 0;
		text[used++] = c;
	}
	text[used] = '\0';
	return ascii || utf8_valid(text, used);
}

char *percent_decode(struct arena *mem, const char *text, size_t length, bool plus_is_space)
{
	char *decoded = arena_strndup(mem, text, length);
	return percent_decode_in_place(decoded, length, plus_is_space) ? decoded : NULL;
}
