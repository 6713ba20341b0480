#include "http/server.h"

#include "exchange.h"
#include "library.h"
#include "tally.h"

#include "base/crypto.h"
#include "base/die.h"
#include "base/instant.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	BACKLOG = 4096,
	LEAVE_MS = 1000,      /* how long those who have just connected may take to ask */
	LEAVE_REST_MS = 5000, /* and those who have begun to, until they have said all of it */
	LEAVE_LOOK_MS = 5,    /* between two looks whether they have */
	OTHER_FILES = 128,    /* open files besides connections: databases, calendars, logs */
};

/* What a lane's workers are opened with. */
struct lane_owner {
	const struct server_settings *settings;
	enum lane lane;
};

struct server {
	struct common common;
	struct lane_owner lane_owners[LANES];
	uint16_t port;
	struct loop loops[];
};

/* One sentence on why the address cannot be had; ends with the process. */
static const char *listen_reason(const char *address, uint16_t port, int error)
{
	static char reason[160];
	if (error == EADDRINUSE)
		snprintf(reason, sizeof(reason), "port %u on %.60s is in use by another program", port,
			 address);
	else if (error == EACCES)
		snprintf(reason, sizeof(reason), "port %u may not be opened by this user", port);
	else
		snprintf(reason, sizeof(reason), "cannot listen on %.60s port %u: %.60s", address, port,
			 strerror(error));
	return reason;
}

static bool bind_listener(int fd, const struct addrinfo *address)
{
	const int on = 1, off = 0;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	return bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
}

/* The listening socket, or -1 with *ret_reason set. */
static int open_listener(const char *host, uint16_t port, const char **ret_reason)
{
	char service[8];
	snprintf(service, sizeof(service), "%u", port);
	const struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found = NULL;
	if (getaddrinfo(host, service, &hints, &found) != 0 || found == NULL) {
		*ret_reason = listen_reason(host, port, EADDRNOTAVAIL);
		return -1;
	}
	int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || !bind_listener(fd, found)) {
		*ret_reason = listen_reason(host, port, errno);
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

/* A socket that was handed in: it must listen, and nobody may be kept waiting by its accept. */
static int take_listener(int fd, const char **ret_reason)
{
	int listens = 0;
	socklen_t size = sizeof(listens);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens &&
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0)
		return fd;
	*ret_reason = "the socket that was passed does not listen for connections";
	return -1;
}

static uint16_t bound_port(int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t length = sizeof(address);
	getsockname(fd, (struct sockaddr *)&address, &length);
	struct sockaddr_in six_or_four; /* the port lies in the same place in both */
	memcpy(&six_or_four, &address, sizeof(six_or_four));
	return ntohs(six_or_four.sin_port);
}

/*
 * See that there may be as many open files as the connections need; else there are fewer connections, lest
 * these take the files that databases and calendars need.
 */
static void allow_open_files(struct server_settings *settings)
{
	struct rlimit limit;
	const unsigned connections = settings->connections;
	const rlim_t wanted = (rlim_t)connections + OTHER_FILES;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if ((setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == wanted) ||
	    getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	const rlim_t files = limit.rlim_cur;
	const rlim_t left = files > (rlim_t)2 * OTHER_FILES ? files - OTHER_FILES : files / 2 + 1;
	settings->connections = left < connections ? (unsigned)left : connections;
	const unsigned half = (settings->connections + 1) / 2; /* one address may not shut all others out */
	if (settings->connections_per_address > half)
		settings->connections_per_address = half;
	log_line(LOG_WARNING, "open_files_limited", LOG_INTEGER_FIELD("files", (int64_t)files),
		 LOG_INTEGER_FIELD("connections", settings->connections));
}

static void *worker_open(void *owner_pointer, unsigned number)
{
	const struct lane_owner *owner = owner_pointer;
	const struct server_settings *settings = owner->settings;
	return settings->worker_open != NULL ? settings->worker_open(settings->owner, owner->lane, number)
					     : NULL;
}

static void worker_close(void *owner_pointer, void *worker)
{
	const struct lane_owner *owner = owner_pointer;
	const struct server_settings *settings = owner->settings;
	if (settings->worker_close != NULL)
		settings->worker_close(settings->owner, worker);
}

static bool worker_fit(void *owner_pointer, void *worker)
{
	const struct lane_owner *owner = owner_pointer;
	const struct server_settings *settings = owner->settings;
	return settings->worker_fit == NULL || settings->worker_fit(settings->owner, worker);
}

static void open_lanes(struct server *server)
{
	for (enum lane lane = LANE_DATABASE; lane < LANES; lane++) {
		const struct lane_settings *lane_settings = &server->common.settings.lanes[lane];
		server->lane_owners[lane] = (struct lane_owner){&server->common.settings, lane};
		server->common.lanes[lane] = work_queue_open(&(struct work_queue_settings){
			.name = lane_name(lane),
			.workers = lane_settings->workers,
			.capacity = lane_settings->capacity,
			.flood_capacity = lane_settings->flood_capacity,
			.patience_ms = lane_settings->patience_ms,
			.open = worker_open,
			.close = worker_close,
			.fit = worker_fit,
			.owner = &server->lane_owners[lane],
		});
	}
}

struct server *server_open(const struct server_settings *settings, const char **ret_reason)
{
	if (!library_init(refusal_of_library)) {
		*ret_reason = "libmicrohttpd has no function MHD_queue_response";
		return NULL;
	}
	int listener = settings->listener >= 0 ? take_listener(settings->listener, ret_reason)
					       : open_listener(settings->address, settings->port, ret_reason);
	if (listener < 0)
		return NULL;

	struct server *server = calloc(1, sizeof(*server) + settings->loops * sizeof(server->loops[0]));
	if (server == NULL)
		die("out of memory");
	server->common.settings = *settings;
	allow_open_files(&server->common.settings);
	if (server->common.settings.loops > server->common.settings.connections)
		server->common.settings.loops = server->common.settings.connections;
	server->common.listener = listener;
	server->port = bound_port(listener);
	crypto_random(&server->common.id_seed, sizeof(server->common.id_seed));
	crypto_random(&server->common.address_secret, sizeof(server->common.address_secret));
	server->common.router = router_new(settings->routes, settings->route_count);
	open_lanes(server);
	server->common.tally = tally_new(&server->common.settings, server->common.lanes);
	for (unsigned i = 0; i < server->common.settings.loops; i++) {
		server->loops[i].common = &server->common;
		server->loops[i].number = i;
		atomic_store(&server->loops[i].turned_ms, monotonic_ms());
		loop_start(&server->loops[i]);
	}
	return server;
}

uint16_t server_port(const struct server *server)
{
	return server->port;
}

static void wake_all(struct server *server)
{
	for (unsigned i = 0; i < server->common.settings.loops; i++)
		mailbox_wake(&server->loops[i].mailbox);
}

void server_allow_origins(struct server *server, const char *const origins[])
{
	server->common.settings.cors_origins = origins;
}

static void leave(struct server *server)
{
	atomic_store(&server->common.leaving, true);
	/*
	 * Who connects from now on is refused, not left waiting for an accept that never comes. A socket that
	 * was handed in stays open: who connects waits there for the next process.
	 */
	if (server->common.settings.listener < 0)
		shutdown(server->common.listener, SHUT_RD);
	wake_all(server);
}

void server_drain(struct server *server)
{
	leave(server);
	atomic_store(&server->common.draining, true);
	wake_all(server);
}

/*
 * Whoever was accepted and has not asked yet, or is about to say all of it, is still served: closing now
 * would look like a refusal.
 */
static void serve_the_last(struct server *server)
{
	struct common *common = &server->common;
	leave(server);
	const int64_t began_ms = monotonic_ms();
	for (int64_t waited_ms = 0; waited_ms < LEAVE_REST_MS; waited_ms = monotonic_ms() - began_ms) {
		nanosleep(&(struct timespec){.tv_nsec = LEAVE_LOOK_MS * 1000000}, NULL);
		if (atomic_load(&common->deaf) == common->settings.loops &&
		    (waited_ms >= LEAVE_MS || atomic_load(&common->awaited[AWAIT_REQUEST]) == 0) &&
		    atomic_load(&common->awaited[AWAIT_REST]) == 0)
			return;
	}
}

int64_t server_stuck_ms(struct server *server)
{
	int64_t now_ms = monotonic_ms();
	int64_t longest = 0;
	for (unsigned i = 0; i < server->common.settings.loops; i++) {
		int64_t still =
			now_ms - atomic_load_explicit(&server->loops[i].turned_ms, memory_order_relaxed);
		if (still > longest)
			longest = still;
	}
	for (enum lane lane = LANE_DATABASE; lane < LANES; lane++) {
		int64_t runs = work_queue_longest_ms(server->common.lanes[lane], now_ms);
		if (runs > longest)
			longest = runs;
	}
	return longest;
}

void server_close(struct server *server)
{
	if (server == NULL)
		return;
	if (!atomic_load(&server->common.draining))
		serve_the_last(server);
	server_drain(server);
	/* The loops still run, and send what the lanes finish. */
	for (enum lane lane = LANE_DATABASE; lane < LANES; lane++)
		work_queue_stop(server->common.lanes[lane]);
	atomic_store(&server->common.ending, true);
	wake_all(server);
	for (unsigned i = 0; i < server->common.settings.loops; i++)
		loop_join(&server->loops[i]);
	for (enum lane lane = LANE_DATABASE; lane < LANES; lane++)
		work_queue_free(server->common.lanes[lane]);
	close(server->common.listener);
	tally_free(server->common.tally);
	router_free(server->common.router);
	free(server);
}

const char *server_library_version(void)
{
	return MHD_get_version();
}
