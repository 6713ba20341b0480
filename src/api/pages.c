#include "api/pages.h"

#include "base/die.h"
#include "base/uuid.h"

#include <string.h>
#include <strings.h>

static bool is_opened(const struct request *request)
{
	static const char page[] = "text/html";
	const char *rest = request_header_list(request, "Accept");
	struct request_choice type;
	while (rest != NULL && request_choice_next(&rest, &type))
		if (type.length == sizeof(page) - 1 && strncasecmp(type.text, page, type.length) == 0)
			return type.quality > 0;
	return false;
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

/* Whether it is the page of a session type that has the name of a call that is none of GET:
 * /booking/robin/meeting. */
static bool names_type(const struct request *request)
{
	static const char of_one[] = "/booking/:id/";
	if (request->route == NULL || request->route->method == request->method ||
	    strncmp(request->route->pattern, of_one, strlen(of_one)) != 0 ||
	    strchr(request->route->pattern + strlen(of_one), '/') != NULL)
		return false;
	const char *named = request->path + strlen("/booking/");
	return !uuid_parse(named, strcspn(named, "/"), NULL);
}

bool pages_stray(const struct api *api, const struct request *request, struct reply *reply)
{
	if (request->method == HTTP_GET && is_opened(request) && names_type(request)) {
		answer_page(api, "booking/type.html", 200, request, reply);
		reply->code = NULL;
		return true;
	}
	if (request->route != NULL || request->method != HTTP_GET || !is_opened(request))
		return false;
	answer_missing(api, request, reply);
	return true;
}
