/*
 * The request line, query and headers that we read ourselves: line by line method, target, X-Forwarded-For,
 * Accept-Encoding, If-None-Match, X-Request-Id. What comes out is UTF-8 without NULs, within its bounds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "http/request.h"

enum { LINES = 6 };

static const struct route routes[] = {
	{HTTP_GET, "/booking/availability", LANE_DATABASE, 0, 0, NULL},
	{HTTP_POST, "/booking/create", LANE_DATABASE, 0, 65536, NULL},
	{HTTP_GET, "/booking/:id", LANE_DATABASE, 0, 0, NULL},
	{HTTP_PUT, "/booking/:id/cancel", LANE_DATABASE, 0, 65536, NULL},
	{HTTP_GET, "/booking/user/:user_id", LANE_DATABASE, 0, 0, NULL},
	{HTTP_GET, "/coach/:coach/feed.ics", LANE_DATABASE, 0, 0, NULL},
	{HTTP_GET, "/booking/", LANE_LOOP, ROUTE_ANY_QUERY, 0, NULL},
};

/* Cut `text` into lines, in place; what is missing is "". */
static void cut(char *text, char *lines[LINES])
{
	for (size_t i = 0; i < LINES; i++) {
		lines[i] = text;
		text += strcspn(text, "\n");
		if (*text != '\0')
			*text++ = '\0';
	}
}

static void check_text(const char *text)
{
	if (!utf8_valid(text, strlen(text)))
		abort();
}

static void check_target(const struct router *router, const char *method, char *target,
			 struct request *request)
{
	char *query = strchr(target, '?');
	const char *field = NULL;
	request->query_text = "";
	if (query != NULL) {
		*query = '\0';
		request->query_text = query + 1;
	}
	enum http_method known = http_method_parse(method);
	if (known != HTTP_METHODS && router_find(router, known, target, request->mem, &request->route,
						 &request->parameters) == ROUTE_FOUND) {
		if (request->parameters.count > ROUTE_PARAMETERS_MAX)
			abort();
		for (size_t i = 0; i < request->parameters.count; i++) {
			if (*request->parameters.at[i].value == '\0')
				abort();
			check_text(request->parameters.at[i].value);
		}
	}
	router_allow(router, target, request->mem);
	if (!request_read_query(request, &field) && field != NULL)
		check_text(field);
	for (size_t i = 0; i < request->query_count; i++) {
		check_text(request->query[i].name);
		check_text(request->query[i].value);
		if (request_query(request, request->query[i].name) != request->query[i].value)
			abort();
	}
}

static void check_address(const struct request *request)
{
	const struct address peer = {.text = "203.0.113.7"};
	for (unsigned hops = 0; hops < 4; hops++) {
		struct address found = address_behind_proxies(request, &peer, hops), again;
		if (!address_parse(found.text, strlen(found.text), &again) ||
		    strcmp(found.text, again.text) != 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct router *router;
	if (router == NULL)
		router = router_new(routes, sizeof(routes) / sizeof(routes[0]));
	struct arena mem = ARENA_EMPTY;
	char *lines[LINES];
	cut(arena_strndup(&mem, (const char *)bytes, size), lines);
	const struct request_header headers[] = {
		{"X-Forwarded-For", lines[2]}, {"Accept-Encoding", lines[3]}, {"If-None-Match", lines[4]}};
	struct request request = {.mem = &mem, .headers = headers, .header_count = 3};

	check_target(router, lines[0], lines[1], &request);
	check_address(&request);
	request_accepts_gzip(&request);
	if (request_none_match(&request, "\"0123456789abcdef\"") && strpbrk(lines[4], "*\"") == NULL)
		abort();
	if (request_id_is_sane(lines[5]) &&
	    (strlen(lines[5]) >= REQUEST_ID_BYTES || strpbrk(lines[5], "\r \t\"<>")))
		abort();
	arena_clear(&mem);
	return 0;
}
