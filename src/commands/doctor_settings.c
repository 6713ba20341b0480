/*
 * doctor_settings - settings that would be taken as they are and are probably not meant so.
 */
#include "doctor.h"

#include "commands/command.h"
#include "net/fetch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OWN_REPLY_MS = 2000, OWN_REPLY_MAX = 64 * 1024 };

static void tell_unknown(void *owner, const char *name, const char *meant)
{
	(void)owner;
	if (meant != NULL)
		doctor_tell(BAD, "settings", "%s is not a setting; did you mean %s?", name, meant);
	else
		doctor_tell(BAD, "settings", "%s is not a setting; see bookingd --help", name);
}

/* Who changes the one that does not count, a secret say, sees nothing come of it. */
static void tell_set_twice(void)
{
	for (char *const *at = settings_source.inherited; at != NULL && *at != NULL; at++) {
		size_t name = strcspn(*at, "=");
		for (char *const *pair = environ; *pair != NULL; pair++)
			if (strncmp(*pair, *at, name + 1) == 0 && strcmp(*pair, *at) != 0)
				doctor_tell(
					NOTE, "settings",
					"%.*s is set in the environment, and otherwise in %s, which counts; "
					"take one away",
					(int)name, *at, settings_source.env_file);
	}
}

static void tell_sites(char *const sites[], const char *what)
{
	for (; sites != NULL && *sites != NULL; sites++)
		doctor_tell(GOOD, "origins", "%s %s", *sites, what);
}

/* An origin that was forgotten reads, on that site's page, as if there were no connection. */
static void tell_origins(const struct settings *settings)
{
	char *const *origins = settings->cors_allowed_origins;
	if (origins == NULL || origins[0] == NULL) {
		doctor_tell(NOTE, "origins",
			    "CORS_ALLOWED_ORIGINS is empty: no page of another site can show the widget");
		return;
	}
	for (; *origins != NULL; origins++)
		doctor_tell(GOOD, "origins", "pages of %s may show the widget (CORS_ALLOWED_ORIGINS)",
			    *origins);
}

/* A place where the daemon listens, and the settings that say where. */
struct place {
	const char *address; /* IPv4 or IPv6 */
	uint16_t port;
	const char *path; /* what a bookingd answers there */
	const char *mark; /* and what that reply has in it */
	const char *settings;
};

/* Where to listen, as the daemon would. */
static socklen_t own_address(const struct place *place, struct sockaddr_storage *ret_address)
{
	memset(ret_address, 0, sizeof(*ret_address));
	struct sockaddr_in *four = (struct sockaddr_in *)ret_address;
	if (inet_pton(AF_INET, place->address, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(place->port);
		return sizeof(*four);
	}
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret_address;
	inet_pton(AF_INET6, place->address, &six->sin6_addr);
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(place->port);
	return sizeof(*six);
}

/* 0 when the daemon could listen there, else an errno. */
static int try_listen(const struct place *place)
{
	struct sockaddr_storage address;
	socklen_t length = own_address(place, &address);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	int on = 1;
	int failure = 0;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 1) != 0)
		failure = errno;
	close(fd);
	return failure;
}

static bool is_everywhere(const char *address)
{
	return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
}

/* Whether it is a bookingd that listens there. */
static bool bookingd_answers(const struct place *place)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	const char *host = is_everywhere(place->address) ? "localhost" : place->address;
	bool six = strchr(host, ':') != NULL;
	struct fetch_client *fetcher = fetch_client_new("bookingd/" BOOKINGD_VERSION, NULL);
	struct fetch_reply reply;
	struct fetch_request request = {
		.method = "GET",
		.url = arena_printf(&mem, "http://%s%s%s:%u%s", six ? "[" : "", host, six ? "]" : "",
				    place->port, place->path),
		.reply_max = 16 * OWN_REPLY_MAX,
		.deadline = monotonic_ms() + OWN_REPLY_MS,
	};
	bool ours = fetch(fetcher, &mem, &request, &reply) == FETCH_OK && reply.status == 200 &&
		    strstr(reply.body, place->mark) != NULL;
	fetch_client_free(fetcher);
	return ours;
}

/* Which bookingd it is cannot be asked: it may be this one, or another's. */
static void check_place(const struct place *place)
{
	int failure = try_listen(place);
	if (failure == 0)
		doctor_tell(GOOD, "port", "%s port %u is free", place->address, place->port);
	else if (failure == EADDRINUSE && bookingd_answers(place))
		doctor_tell(GOOD, "port",
			    "%s port %u: bookingd is running there; a second one needs another %s",
			    place->address, place->port, place->settings);
	else if (failure == EADDRINUSE)
		doctor_tell(BAD, "port", "%s port %u is taken by another program; set %s", place->address,
			    place->port, place->settings);
	else
		doctor_tell(BAD, "port", "%s port %u: %s; see %s", place->address, place->port,
			    strerror(failure), place->settings);
}

static void check_ports(const struct settings *settings)
{
	const struct place own = {.address = settings->bind_address,
				  .port = (uint16_t)settings->port,
				  .path = "/openapi.json",
				  .mark = "bookingd",
				  .settings = "PORT or BIND_ADDRESS"};
	struct place figures = {.path = "/metrics", .mark = "bookingd_", .settings = "METRICS_ADDRESS"};
	char host[CONFIG_HOST_BYTES];
	if (own.port != 0)
		check_place(&own);
	if (settings->metrics_address == NULL ||
	    !config_split_address(settings->metrics_address, host, &figures.port) || figures.port == 0)
		return;
	figures.address = host;
	bool one_host = strcmp(host, own.address) == 0 || is_everywhere(host) || is_everywhere(own.address);
	if (figures.port == own.port && one_host)
		doctor_tell(BAD, "port", "METRICS_ADDRESS and PORT are both port %u; change one", own.port);
	else
		check_place(&figures);
}

/* Whether only this machine or a private network (RFC 1918, RFC 4193, RFC 6598) can reach the address. */
static bool is_private(const char *text)
{
	struct in_addr four;
	struct in6_addr six;
	if (inet_pton(AF_INET, text, &four) == 1) {
		uint32_t address = ntohl(four.s_addr);
		return address >> 24 == 127 || address >> 24 == 10 || address >> 20 == 0xac1 ||
		       address >> 16 == 0xc0a8 || address >> 22 == (0x64400000u >> 22);
	}
	return inet_pton(AF_INET6, text, &six) == 1 &&
	       (IN6_IS_ADDR_LOOPBACK(&six) || IN6_IS_ADDR_LINKLOCAL(&six) || (six.s6_addr[0] & 0xfe) == 0xfc);
}

/* Behind a proxy that is not counted, all clients have one address and share its limits. */
static void check_proxies(const struct settings *settings)
{
	bool tls_in_front = settings->public_url != NULL && strncmp(settings->public_url, "https://", 8) == 0;
	if (settings->trusted_proxy_hops > 0)
		doctor_tell(GOOD, "proxies", "%" PRId64 " in front", settings->trusted_proxy_hops);
	else if (tls_in_front)
		doctor_tell(BAD, "proxies",
			    "PUBLIC_URL is https, so a proxy is in front, and TRUSTED_PROXY_HOPS is 0: all "
			    "clients share one address and its rate limit; set it to 1");
	else if (!is_private(settings->bind_address))
		doctor_tell(BAD, "proxies",
			    "%s can be reached from outside, and no proxy with TLS is counted; listen on "
			    "127.0.0.1, or set TRUSTED_PROXY_HOPS to how many proxies are in front",
			    settings->bind_address);
	else
		doctor_tell(GOOD, "proxies", "none in front of %s", settings->bind_address);
}

/* What is mailed, and the feed, have links with secrets in them. */
static void check_links(const struct settings *settings)
{
	const struct {
		const char *name;
		const char *url;
	} links[] = {{"PUBLIC_URL", settings->public_url},
		     {"MANAGE_URL", settings->manage_url},
		     {"SIGN_IN_URL", settings->sign_in_url}};
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (links[i].url != NULL && config_url_is_plain(links[i].url))
			doctor_tell(
				NOTE, "links",
				"%s begins with http://: manage links, feeds and codes go over the network "
				"in clear; put TLS in front and begin it with https://",
				links[i].name);
}

void doctor_settings(const struct settings *settings)
{
	if (config_unknown(environ, tell_unknown, NULL) == 0)
		doctor_tell(GOOD, "settings", "every name is known");
	tell_set_twice();
	check_ports(settings);
	check_links(settings);
	check_proxies(settings);
	tell_origins(settings);
	tell_sites(settings->frame_allowed_origins,
		   "may show the booking page in a frame (FRAME_ALLOWED_ORIGINS)");
	tell_sites(settings->redirect_allowed_origins,
		   "may be led to once a session is booked (REDIRECT_ALLOWED_ORIGINS)");
}
