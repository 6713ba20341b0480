#include "api/pages.h"

#include "app/coaches.h"
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

static const char missing_page[] = "missing.html";
static const char type_page[] = "booking/type.html";

static void answer_missing(const struct api *api, const struct request *request, struct reply *reply)
{
	answer_page(api, missing_page, 404, request, reply);
	reply->code = "not_found";
}

bool pages_missing(struct call *call)
{
	if (!is_opened(call->request))
		return false;
	answer_missing(call->api, call->request, call->reply);
	return true;
}

/* Whether it is the first word of calls under /booking/, so that what begins with it is no coach's page. */
static bool is_call(const struct api *api, const char *name)
{
	static const char booking[] = "/booking/";
	for (size_t i = 0; i < api->route_count; i++) {
		const char *path = api->routes[i].pattern;
		if (strncmp(path, booking, strlen(booking)) != 0)
			continue;
		const char *word = path + strlen(booking);
		if (strcspn(word, "/") == strlen(name) && strncmp(word, name, strlen(name)) == 0)
			return true;
	}
	return false;
}

bool coach_name_is_reserved(const struct api *api, const char *slug)
{
	static const char *const kept[] = {"groups", "packages", "manage", COACH_ANY};
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (strcmp(slug, kept[i]) == 0)
			return true;
	return is_call(api, slug) || uuid_parse(slug, strlen(slug), NULL);
}

/* Whether the word behind /booking/ may be a coach's name: none of an appointment's, none that calls begin
 * with. */
static bool may_be_coach(const struct api *api, const struct request *request)
{
	static const char folder[] = "/booking/";
	if (strncmp(request->path, folder, strlen(folder)) != 0)
		return false;
	const char *named = request->path + strlen(folder);
	const char *coach = percent_decode(request->mem, named, strcspn(named, "/"), false);
	return coach != NULL && coach[0] != '\0' && !uuid_parse(coach, strlen(coach), NULL) &&
	       !is_call(api, coach);
}

/* Whether it is the page of a session type that has the name of a call that is none of GET:
 * /booking/robin/meeting. */
static bool names_type(const struct api *api, const struct request *request)
{
	static const char of_one[] = "/booking/:id/";
	return request->route != NULL && request->route->method != request->method &&
	       strncmp(request->route->pattern, of_one, strlen(of_one)) == 0 &&
	       strchr(request->route->pattern + strlen(of_one), '/') == NULL && may_be_coach(api, request);
}

/* Whether it is a coach's page with a slash behind: /booking/robin/. */
static bool names_coach(const struct api *api, const struct request *request)
{
	if (!may_be_coach(api, request))
		return false;
	const char *named = request->path + strlen("/booking/");
	return strcmp(named + strcspn(named, "/"), "/") == 0;
}

/* Whether a parameter that says what the page is of is there, and cannot be read. */
static bool is_cut(const struct request *request)
{
	static const char *const names[] = {"coach", "session_type", "type"};
	for (const char *rest = request->query_text; *rest != '\0'; rest += *rest == '&') {
		const size_t length = strcspn(rest, "=&");
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			if (strlen(names[i]) == length && memcmp(rest, names[i], length) == 0 &&
			    request_query(request, names[i]) == NULL)
				return true;
		}
		rest += strcspn(rest, "&");
	}
	return false;
}

/* The page for who opens it, where a call of the address's own has none or was refused. NULL: there is one.
 */
static const char *stray_page(const struct api *api, const struct request *request, bool refused)
{
	const struct route *route = request->route;
	if (route == NULL)
		return names_coach(api, request) ? type_page : missing_page;
	if (names_type(api, request))
		return type_page;
	const struct endpoint *endpoint = route->endpoint;
	const char *page = endpoint->page != NULL ? endpoint->page : endpoint->asset;
	if (route->method != HTTP_GET || page == NULL)
		return NULL;
	const char *named = request->parameters.at[0].value;
	/* The path cannot be read, or begins with a call's word: /booking/coaches/robin. */
	if (endpoint->page != NULL && (named == NULL || is_call(api, named)))
		return missing_page;
	if (is_cut(request))
		return missing_page;
	/* What others hang on to a link says nothing about the page. */
	return refused && named != NULL && !uuid_parse(named, strlen(named), NULL) ? page : NULL;
}

bool pages_stray(const struct api *api, const struct request *request, struct reply *reply)
{
	if (request->method != HTTP_GET || !is_opened(request))
		return false;
	const char *page = stray_page(api, request, reply->code != NULL);
	if (page == NULL)
		return false;
	if (page == missing_page) {
		answer_missing(api, request, reply);
		return true;
	}
	answer_page(api, page, 200, request, reply);
	reply->code = NULL;
	return true;
}
