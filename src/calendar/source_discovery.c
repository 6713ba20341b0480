/* From a server's name to the coach's calendars on it (RFC 6764 section 6, RFC 5397, RFC 4791 section 6.2.1).
 */
#include "sources_inside.h"

#include <string.h>

#include "net/service.h"

static const char properties[] =
	"<?xml version=\"1.0\" encoding=\"utf-8\"?><propfind xmlns=\"DAV:\" "
	"xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><prop><resourcetype/><displayname/>"
	"<current-user-principal/><current-user-privilege-set/><C:calendar-home-set/>"
	"<C:supported-calendar-component-set/><C:schedule-calendar-transp/></prop></propfind>";

static const char *status_sentence(const struct dav_answer *answer, struct arena *mem)
{
	if (answer->failure != FETCH_OK)
		return source_failure_sentence(answer->failure);
	if (answer->status == 401 || answer->status == 403)
		return arena_printf(mem,
				    "The calendar's server does not take this name and password (%d). Many "
				    "servers want an app password.",
				    answer->status);
	if (answer->status == 207)
		return "The calendar's server does not answer as a CalDAV server does.";
	return arena_printf(mem, "There is no CalDAV server at this address (%d).", answer->status);
}

/* One step: what the server says about `url`. False: nothing, and *ret_detail why. */
static bool ask(const struct dav *dav, struct arena *mem, const char *url, const char *depth,
		struct dav_answer *answer, const char **ret_detail)
{
	dav_read(dav, mem, "PROPFIND", url, depth, properties, answer);
	if (answer->failure == FETCH_OK && answer->status == 207 && !answer->malformed && answer->count > 0)
		return true;
	*ret_detail = status_sentence(answer, mem);
	return false;
}

static bool is_for_events(const struct dav_response *response)
{
	return response->is_calendar && (!response->says_components || response->takes_events);
}

static struct collection collection_of(const struct dav_answer *answer, const struct dav_response *response,
				       struct arena *mem)
{
	return (struct collection){.url = dav_resolve(mem, answer->url, response->href),
				   .name = response->name,
				   .may_write = !response->says_privileges || response->may_write};
}

static struct collection *list_home(const struct dav *dav, struct arena *mem, const char *home,
				    size_t *ret_count, const char **ret_detail)
{
	struct dav_answer answer;
	if (!ask(dav, mem, home, "1", &answer, ret_detail))
		return NULL;
	struct collection *list = arena_array(mem, COLLECTIONS_MAX, sizeof(*list));
	for (size_t i = 0; i < answer.count; i++) {
		if (!is_for_events(&answer.responses[i]) || answer.responses[i].is_transparent)
			continue;
		if (*ret_count == COLLECTIONS_MAX) {
			*ret_detail = "The account has more calendars than can be read; give the address of "
				      "one of them.";
			return NULL;
		}
		list[*ret_count] = collection_of(&answer, &answer.responses[i], mem);
		*ret_count += list[*ret_count].url != NULL && dav_may_ask(dav, list[*ret_count].url);
	}
	if (*ret_count > 0)
		return list;
	*ret_detail = "The account has no calendar on this server.";
	return NULL;
}

/* What leads on from `url`. NULL without *ret_found: the next address is worth a try. */
static struct collection *follow(const struct dav *dav, struct arena *mem, const char *url, size_t *ret_count,
				 bool *ret_found, const char **ret_detail)
{
	struct dav_answer answer;
	const char *home = NULL;
	const char *at = url;
	/* The address itself, then who asks. */
	for (int step = 0; step < 2 && home == NULL && at != NULL; step++) {
		if (!ask(dav, mem, at, "0", &answer, ret_detail))
			return NULL;
		const struct dav_response *first = &answer.responses[0];
		if (step == 0 && is_for_events(first)) {
			struct collection *one = arena_alloc(mem, sizeof(*one));
			*one = collection_of(&answer, first, mem);
			*ret_found = true;
			*ret_count = one->url != NULL;
			return one;
		}
		at = first->principal != NULL ? dav_resolve(mem, answer.url, first->principal) : NULL;
		home = first->home != NULL ? dav_resolve(mem, answer.url, first->home) : NULL;
	}
	if (home == NULL) {
		*ret_detail = "The calendar's server does not say where the account's calendars are.";
		return NULL;
	}
	*ret_found = true;
	return list_home(dav, mem, home, ret_count, ret_detail);
}

/*
 * Where the domain's own records say that its calendars are (RFC 6764 section 6). NULL: they say nothing, or
 * lead to another domain: records are not signed, so whether that one may have the password is for the coach
 * to say, and *ret_detail asks.
 */
static const char *place_by_records(const struct dav *dav, struct arena *mem, const char **ret_detail)
{
	const char *host = strstr(dav->address, "//") + 2;
	const size_t length = strcspn(host, "/?#");
	const char *domain = arena_strndup(mem, host, length);
	struct service service;
	if (strchr(domain, ':') != NULL || strchr(domain, '.') == NULL ||
	    domain[strspn(domain, "0123456789.")] == '\0' ||
	    !service_find(mem, "_caldavs._tcp", domain, dav->deadline, &service))
		return NULL;
	const char *port = service.port != 443 ? arena_printf(mem, ":%u", (unsigned)service.port) : "";
	const char *place = arena_printf(mem, "https://%s%s%s", service.host, port,
					 service.path != NULL ? service.path : "/.well-known/caldav");
	if (dav_may_ask(dav, place))
		return place;
	*ret_detail =
		arena_printf(mem,
			     "%s says that its calendars are on another server. If you trust it with your "
			     "password, give its name instead: %s%s",
			     domain, service.host, port);
	return NULL;
}

struct collection *source_discover(const struct dav *dav, struct arena *mem, size_t *ret_count,
				   const char **ret_detail)
{
	const char *host = strstr(dav->address, "//") + 2;
	const char *path = host + strcspn(host, "/?#");
	const bool bare = path[0] != '/' || path[1] == '\0';
	const char *first_detail = NULL;
	const char *const places[] = {
		bare ? place_by_records(dav, mem, &first_detail) : dav->address,
		dav_resolve(mem, dav->address, "/.well-known/caldav"),
		dav_resolve(mem, dav->address, "/"),
	};
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		bool found = false;
		*ret_count = 0;
		if (places[i] == NULL)
			continue;
		struct collection *list = follow(dav, mem, places[i], ret_count, &found, ret_detail);
		if (list != NULL && *ret_count > 0)
			return list;
		if (found)
			return NULL;
		/* Whoever gives an address wants to read about that one. */
		if (first_detail == NULL || strstr(first_detail, "(404)") != NULL)
			first_detail = *ret_detail;
	}
	*ret_detail = first_detail;
	return NULL;
}
