#include "api/pages.h"

#include "base/die.h"
#include "base/uuid.h"

#include <string.h>

static bool is_opened(const struct request *request)
{
	const char *accept = request_header(request, "Accept");
	return accept != NULL && strstr(accept, "text/html") != NULL;
}

static void answer_page(const struct api *api, const char *page, unsigned status,
			const struct request *request, struct reply *reply)
{
	if (!assets_reply(api->assets, page, status, request, reply))
		die("a page that routes.c names is not embedded");
	reply_vary(reply, "Accept");
}

bool pages_opened(struct call *call)
{
	if (call->endpoint->page == NULL || !is_opened(call->request))
		return false;
	const char *named = call->request->parameters.at[0].value; /* an appointment, or a coach */
	if (uuid_parse(named, strlen(named), NULL))
		return false;
	answer_page(call->api, call->endpoint->page, 200, call->request, call->reply);
	return true;
}

static void answer_missing(const struct api *api, const struct request *request, struct reply *reply)
{
	answer_page(api, "missing.html", 404, request, reply);
	reply->code = "not_found";
}

bool pages_missing(struct call *call)
{
	if (!is_opened(call->request))
		return false;
	answer_missing(call->api, call->request, call->reply);
	return true;
}

bool pages_stray(const struct api *api, const struct request *request, struct reply *reply)
{
	if (request->route != NULL || request->method != HTTP_GET || !is_opened(request))
		return false;
	answer_missing(api, request, reply);
	return true;
}
