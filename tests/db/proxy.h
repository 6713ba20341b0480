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

enum { PROXY_LINES = 8 };

static void proxy_hang_up(struct pollfd line[2])
{
	close(line[0].fd);
	close(line[1].fd);
	line[0].fd = line[1].fd = -1;
}

static void *proxy_main(void *argument)
{
	struct proxy *proxy = argument;
	struct pollfd lines[PROXY_LINES][2]; /* client and server; -1: free */
	memset(lines, -1, sizeof(lines));
	while (!atomic_load(&proxy->stop)) {
		struct pollfd waiting[1 + 2 * PROXY_LINES] = {{.fd = proxy->listening, .events = POLLIN}};
		for (int i = 0; i < PROXY_LINES; i++) {
			waiting[1 + 2 * i] = (struct pollfd){.fd = lines[i][0].fd, .events = POLLIN};
			waiting[2 + 2 * i] = (struct pollfd){.fd = lines[i][1].fd, .events = POLLIN};
		}
		if (poll(waiting, 1 + 2 * PROXY_LINES, 50) <= 0)
			continue;
		for (int i = 0; i < PROXY_LINES; i++) {
			bool going = true;
			if (waiting[1 + 2 * i].revents != 0 && lines[i][0].fd >= 0)
				going = proxy_move(proxy, lines[i][0].fd, lines[i][1].fd, true);
			if (going && waiting[2 + 2 * i].revents != 0 && lines[i][1].fd >= 0)
				going = proxy_move(proxy, lines[i][1].fd, lines[i][0].fd, false);
			if (!going)
				proxy_hang_up(lines[i]);
		}
		for (int i = 0; i < PROXY_LINES && waiting[0].revents != 0; i++) {
			if (lines[i][0].fd >= 0)
				continue;
			lines[i][0].fd = accept(proxy->listening, NULL, NULL);
			lines[i][1].fd = proxy_socket(proxy->target_port, false);
			atomic_fetch_add(&proxy->accepted, 1);
			break;
		}
	}
	for (int i = 0; i < PROXY_LINES; i++)
		proxy_hang_up(lines[i]);
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
