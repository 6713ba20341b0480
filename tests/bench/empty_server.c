/*
 * empty_server - the floor for HTTP: libmicrohttpd in external epoll mode on as many loops as the daemon has,
 * and nothing else.
 *
 * empty_server <loops> <bytes> [copy]: answers every request with the same body of that many bytes, made
 * once; with `copy`, with a copy of them made for each reply. Prints its port; SIGTERM ends it.
 * What it reaches is what any server on this library can reach on this machine; ratios are taken against it.
 */
#include <microhttpd.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void end(int received)
{
	(void)received;
	ended = 1;
}

enum { LOOPS_MAX = 16 };

static int listener;

struct content {
	char *bytes;
	size_t length;
	bool copied; /* for each reply */
	struct MHD_Response *shared;
};

static struct MHD_Response *make_response(const struct content *content)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		content->length, content->bytes,
		content->copied ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);
	MHD_add_response_header(response, "Content-Type", "application/json");
	return response;
}

static enum MHD_Result answer(void *content_pointer, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **seen)
{
	(void)url;
	(void)method;
	(void)version;
	(void)upload;
	static int once;
	if (*seen == NULL) {
		*seen = &once;
		return MHD_YES;
	}
	if (*upload_size > 0) {
		*upload_size = 0;
		return MHD_YES;
	}
	const struct content *content = content_pointer;
	if (!content->copied)
		return MHD_queue_response(connection, MHD_HTTP_OK, content->shared);
	struct MHD_Response *response = make_response(content);
	enum MHD_Result queued = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return queued;
}

/* As src/http/loop.c has it. */
static void *serve(void *content)
{
	struct MHD_Daemon *daemon =
		MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, answer, content,
				 MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT, 4096U,
				 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16 * 1024, MHD_OPTION_END);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	if (daemon == NULL || epoll < 0)
		abort();
	struct epoll_event event = {.events = EPOLLIN};
	epoll_ctl(epoll, EPOLL_CTL_ADD, MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
		  &event);
	while (!ended) {
		MHD_UNSIGNED_LONG_LONG left = 0;
		int wait = MHD_get_timeout(daemon, &left) == MHD_YES && left < 250 ? (int)left : 250;
		epoll_wait(epoll, &event, 1, wait);
		MHD_run(daemon);
	}
	MHD_quiesce_daemon(daemon);
	MHD_stop_daemon(daemon);
	close(epoll);
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	int loops = atoi(argv[1]);
	if (loops < 1 || loops > LOOPS_MAX)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	struct sigaction action = {.sa_handler = end};
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);

	struct content content = {.length = (size_t)atol(argv[2]), .copied = argc > 3};
	content.bytes = malloc(content.length);
	if (content.bytes == NULL)
		return 1;
	memset(content.bytes, 'x', content.length);
	content.shared = make_response(&content);

	struct sockaddr_in address = {.sin_family = AF_INET};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	socklen_t length = sizeof(address);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0 ||
	    listen(listener, 4096) != 0 || getsockname(listener, (struct sockaddr *)&address, &length) != 0)
		return 1;
	printf("%u\n", ntohs(address.sin_port));
	fflush(stdout);

	pthread_t threads[LOOPS_MAX];
	for (int i = 0; i < loops; i++)
		if (pthread_create(&threads[i], NULL, serve, &content) != 0)
			return 1;
	for (int i = 0; i < loops; i++)
		pthread_join(threads[i], NULL);
	close(listener);
	MHD_destroy_response(content.shared);
	free(content.bytes);
	return 0;
}
