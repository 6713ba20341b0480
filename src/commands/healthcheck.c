/*
 * healthcheck - ask the daemon on this host whether it is alive; for HEALTHCHECK of a container, which has no
 * curl.
 */
#include "commands/command.h"
#include "config.h"
#include "net/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 4000, REPLY_MAX = 4096 };

/* Where the daemon with these settings can be reached from here: on every address means on the loopback, too.
 */
static void own_url(const struct settings *settings, char *ret_url, size_t size)
{
	const char *address = settings->bind_address;
	if (strcmp(address, "0.0.0.0") == 0)
		address = "127.0.0.1";
	else if (strcmp(address, "::") == 0)
		address = "::1";
	bool bracketed = strchr(address, ':') != NULL;
	snprintf(ret_url, size, "http://%s%s%s:%lld/healthz", bracketed ? "[" : "", address,
		 bracketed ? "]" : "", (long long)settings->port);
}

static enum exit_code ask(const char *url)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	struct fetch_client *fetcher = fetch_client_new("bookingd/" BOOKINGD_VERSION, NULL);
	struct fetch_request request = {.method = "GET",
					.url = url,
					.reply_max = REPLY_MAX,
					.deadline = monotonic_ms() + PATIENCE_MS};
	struct fetch_reply reply;
	enum fetch_failure failure = fetch(fetcher, &mem, &request, &reply);
	fetch_client_free(fetcher);
	if (failure == FETCH_OK && reply.status == 200)
		return EXIT_DONE;
	if (failure == FETCH_OK)
		fprintf(stderr, "bookingd: %s answered %d\n", url, reply.status);
	else
		fprintf(stderr, "bookingd: %s: %s\n", url, reply.detail);
	return EXIT_FAILED;
}

enum exit_code command_healthcheck(char *arguments[])
{
	(void)arguments;
	char url[128];
	struct settings settings;
	size_t bad = config_load(&settings, environ, false, stderr);
	if (bad == 0)
		own_url(&settings, url, sizeof(url));
	config_wipe(&settings);
	if (bad > 0)
		return EXIT_USAGE;
	/* It is this host: no proxy of the environment stands between. */
	setenv("no_proxy", "*", 1);
	if (!fetch_global_begin()) {
		fputs("bookingd: libcurl cannot be set up\n", stderr);
		return EXIT_FAILED;
	}
	enum exit_code code = ask(url);
	fetch_global_end();
	return code;
}
