/*
 * tiny_server - an HTTP server on the loopback that answers as a test tells it, down to the byte.
 *
 * For tests only. One thread a connection; the test's function gets each request and writes what it likes to
 * the socket. It returns whether the connection stays open.
 */
#ifndef TESTS_TINY_SERVER_H
#define TESTS_TINY_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TINY_CONNECTIONS_MAX = 64, TINY_REQUEST_MAX = 64 * 1024 };

struct tiny_request {
	int number;        /* of all the server got, from 1 */
	int on_connection; /* on this connection, from 1 */
	const char *head;  /* request line and headers */
	const char *body;
	int socket;
	void *closure;
};

typedef bool tiny_answer(const struct tiny_request *request);

struct tiny_server {
	int listener;
	int port;
	char url[64]; /* http://127.0.0.1:port */
	atomic_int requests;
	atomic_int connections;
	tiny_answer *answer;
	void *closure;
	pthread_t acceptor;
	pthread_t threads[TINY_CONNECTIONS_MAX];
	int sockets[TINY_CONNECTIONS_MAX];
};

struct tiny_connection {
	struct tiny_server *server;
	int socket;
};

static inline void tiny_send(int socket, const void *bytes, size_t length)
{
	const char *rest = bytes;

	while (length > 0) {
		ssize_t sent = send(socket, rest, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		rest += sent;
		length -= (size_t)sent;
	}
}

/* A whole reply. `headers` are lines that end with \r\n, "" for none. */
static inline void tiny_reply(int socket, int status, const char *headers, const char *body)
{
	char *reply;
	int length = asprintf(&reply, "HTTP/1.1 %d Status\r\n%sContent-Length: %zu\r\n\r\n%s", status,
			      headers, strlen(body), body);

	tiny_send(socket, reply, (size_t)length);
	free(reply);
}

/* One request, its body included; false at the end of the connection. */
static inline bool tiny_read(int socket, char *head, char **body)
{
	size_t used = 0;
	size_t wanted = 0;
	char *end;

	for (;;) {
		ssize_t got = recv(socket, head + used, TINY_REQUEST_MAX - 1 - used, 0);

		if (got <= 0)
			return false;
		used += (size_t)got;
		head[used] = '\0';
		end = strstr(head, "\r\n\r\n");
		if (!end)
			continue;
		const char *length = strcasestr(head, "content-length:");

		wanted = length && length < end ? strtoul(length + strlen("content-length:"), NULL, 10) : 0;
		if (used >= (size_t)(end + 4 - head) + wanted)
			break;
	}
	end[2] = '\0';
	*body = end + 4;
	return true;
}

static inline void *tiny_serve(void *argument)
{
	struct tiny_connection *connection = argument;
	struct tiny_server *server = connection->server;
	char *head = malloc(TINY_REQUEST_MAX);
	char *body;
	int count = 0;

	while (tiny_read(connection->socket, head, &body)) {
		struct tiny_request request = {
			.number = atomic_fetch_add(&server->requests, 1) + 1,
			.on_connection = ++count,
			.head = head,
			.body = body,
			.socket = connection->socket,
			.closure = server->closure,
		};

		if (!server->answer(&request))
			break;
	}
	shutdown(connection->socket, SHUT_RDWR);
	free(head);
	free(connection);
	return NULL;
}

static inline void *tiny_accept(void *argument)
{
	struct tiny_server *server = argument;

	for (int i = 0; i < TINY_CONNECTIONS_MAX; i++) {
		struct tiny_connection *connection;
		int socket = accept(server->listener, NULL, NULL);

		if (socket < 0)
			break;
		connection = malloc(sizeof(*connection));
		*connection = (struct tiny_connection){server, socket};
		server->sockets[i] = socket;
		pthread_create(&server->threads[i], NULL, tiny_serve, connection);
		atomic_fetch_add(&server->connections, 1);
	}
	return NULL;
}

static inline void tiny_start(struct tiny_server *server, tiny_answer *answer, void *closure)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	memset(server, 0, sizeof(*server));
	server->answer = answer;
	server->closure = closure;
	server->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(server->listener, (struct sockaddr *)&address, size) != 0 ||
	    listen(server->listener, 64) != 0 ||
	    getsockname(server->listener, (struct sockaddr *)&address, &size) != 0)
		abort();
	server->port = ntohs(address.sin_port);
	snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d", server->port);
	pthread_create(&server->acceptor, NULL, tiny_accept, server);
}

static inline void tiny_stop(struct tiny_server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->acceptor, NULL);
	for (int i = 0; i < atomic_load(&server->connections); i++) {
		shutdown(server->sockets[i], SHUT_RDWR);
		pthread_join(server->threads[i], NULL);
		close(server->sockets[i]);
	}
	close(server->listener);
}

#endif
