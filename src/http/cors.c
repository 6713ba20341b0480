#include "cors.h"

#include <string.h>

/* What to say in Access-Control-Allow-Origin, or NULL. */
static const char *allowed_origin(const struct server_settings *settings, const struct request *request)
{
	const char *origin = request_header(request, "Origin");
	const char *const *allowed = settings->cors_origins;
	if (origin == NULL || allowed == NULL)
		return NULL;
	for (; *allowed != NULL; allowed++) {
		if (strcmp(*allowed, "*") == 0)
			return "*";
		if (strcmp(*allowed, origin) == 0)
			return origin;
	}
	return NULL;
}

void cors_apply(const struct server_settings *settings, const struct request *request, struct reply *reply)
{
	const char *const *origins = settings->cors_origins;
	if (origins == NULL || origins[0] == NULL ||
	    reply_get_header(reply, "Access-Control-Allow-Origin") != NULL)
		return;
	const char *origin = allowed_origin(settings, request);
	if (origin == NULL || strcmp(origin, "*") != 0)
		reply_vary(reply, "Origin");
	if (origin == NULL)
		return;
	reply_header_literal(reply, "Access-Control-Allow-Origin", origin);
	if (strcmp(origin, "*") != 0)
		reply_header_literal(reply, "Access-Control-Allow-Credentials", "true");
	reply_header_literal(
		reply, "Access-Control-Expose-Headers",
		"Date, ETag, Idempotent-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, "
		"X-Request-Id");
}

void cors_preflight(const struct server_settings *settings, const struct request *request, const char *allow,
		    struct reply *reply)
{
	reply_empty(reply, 204);
	if (allowed_origin(settings, request) == NULL ||
	    request_header(request, "Access-Control-Request-Method") == NULL)
		return;
	reply_header_literal(reply, "Access-Control-Allow-Methods", allow);
	reply_header_literal(
		reply, "Access-Control-Allow-Headers",
		"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id, "
		"X-Session-ID");
	reply_header_literal(reply, "Access-Control-Max-Age", "600");
}
