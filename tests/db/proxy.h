/*
 * A TCP proxy in front of PostgreSQL that can go silent, or cut the line when the client says a word: for
 * tests of what a connection does then. One client at a time and one server; runs on a thread of its own.
 */
#ifndef TESTS_DB_PROXY_H
#define TESTS_DB_PROXY_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum proxy_mode {
	PROXY_PASS,
	PROXY_SILENT,     /* nothing gets through any more, the line stays up */
	PROXY_CUT_BEFORE, /* cut instead of passing the word on */
	PROXY_CUT_AFTER,  /* pass the word on, and cut before the answer */
};

struct proxy {
	int listening;
	int target_port;
	char url[128];
	_Atomic enum proxy_mode mode;
	const char *word;
	atomic_bool stop;
	atomic_int accepted; /* clients so far */
	pthread_t thread;
};

static int proxy_socket(int port, bool to_listen)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int result = to_listen ? bind(fd, (struct sockaddr *)&address, sizeof(address))
			       : connect(fd, (struct sockaddr *)&address, sizeof(address));
	if (result != 0 || (to_listen && listen(fd, 8) != 0))
		abort();
	return fd;
}

/* Move what came from one side to the other. False when the line ends. */
static bool proxy_move(struct proxy *proxy, int from, int to, bool is_client)
{
	static char bytes[65536];
	ssize_t length = recv(from, bytes, sizeof(bytes), 0);
	if (length <= 0)
		return false;
	enum proxy_mode mode = atomic_load(&proxy->mode);
	bool said =
		is_client && proxy->word && memmem(bytes, (size_t)length, proxy->word, strlen(proxy->word));
	if (mode == PROXY_SILENT)
		return true;
	if (said && mode == PROXY_CUT_BEFORE)
		return false;
	if (send(to, bytes, (size_t)length, MSG_NOSIGNAL) != length)
		return false;
	if (said && mode == PROXY_CUT_AFTER) {
		/* Until the server has answered, so that it has surely done it. */
		return recv(to, bytes, sizeof(bytes), 0) > 0 && false;
	}
	return true;
}

static void *proxy_main(void *argument)
{
	struct proxy *proxy = argument;
	while (!atomic_load(&proxy->stop)) {
		struct pollfd waiting = {.fd = proxy->listening, .events = POLLIN};
		if (poll(&waiting, 1, 50) <= 0)
			continue;
		int client = accept(proxy->listening, NULL, NULL);
		atomic_fetch_add(&proxy->accepted, 1);
		int server = proxy_socket(proxy->target_port, false);
		bool going = true;
		while (going && !atomic_load(&proxy->stop)) {
			struct pollfd both[] = {{.fd = client, .events = POLLIN},
						{.fd = server, .events = POLLIN}};
			if (poll(both, 2, 50) <= 0)
				continue;
			if (both[0].revents)
				going = proxy_move(proxy, client, server, true);
			if (going && both[1].revents)
				going = proxy_move(proxy, server, client, false);
		}
		close(client);
		close(server);
	}
	return NULL;
}

/* `url` is that of the server, postgresql://user@127.0.0.1:port/name; proxy->url is the way through the
 * proxy. */
static void proxy_start(struct proxy *proxy, const char *url)
{
	char user[32];
	char name[64];
	*proxy = (struct proxy){.mode = PROXY_PASS};
	if (sscanf(url, "postgresql://%31[^@]@127.0.0.1:%d/%63s", user, &proxy->target_port, name) != 3)
		abort();
	proxy->listening = proxy_socket(0, true);
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	getsockname(proxy->listening, (struct sockaddr *)&address, &length);
	snprintf(proxy->url, sizeof(proxy->url), "postgresql://%s@127.0.0.1:%d/%s", user,
		 ntohs(address.sin_port), name);
	if (pthread_create(&proxy->thread, NULL, proxy_main, proxy) != 0)
		abort();
}

static void proxy_stop(struct proxy *proxy)
{
	atomic_store(&proxy->stop, true);
	pthread_join(proxy->thread, NULL);
	close(proxy->listening);
}

#endif
