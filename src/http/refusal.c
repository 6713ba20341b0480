/*
 * What libmicrohttpd 0.9.75 refuses by itself, before or without asking us: a request line or headers that do
 * not fit into the connection's memory, cookies that do not, a header line without a colon, a Content-Length
 * that is no number, a version that it does not speak, a malformed chunk or trailer. It answers these with a
 * page of HTML, some with two heads, and offers no hook for it.
 *
 * But it queues that page as an application would, through its own MHD_queue_response, and the dynamic linker
 * finds ours first. So the client gets a problem like any other, with an id, a log line and a count. Our
 * own replies go to the library's function directly. Should a later libmicrohttpd not come by here any more,
 * its page is sent again, and tests/http says so.
 */
#include "exchange.h"

#include <dlfcn.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

enum {
	DRAIN_MAX = 256 * 1024, /* bytes that have come and that nobody will read, see drain */
	HEAD_MAX = 4 * 1024,
};

typedef enum MHD_Result queue_response(struct MHD_Connection *connection, unsigned int status,
				       struct MHD_Response *response);

static queue_response *library_queue_response;

bool refusal_init(void)
{
	/* The way POSIX has for a pointer to a function. */
	*(void **)&library_queue_response = dlsym(RTLD_NEXT, "MHD_queue_response");
	return library_queue_response != NULL;
}

enum MHD_Result queue_reply(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response)
{
	return library_queue_response(connection, status, response);
}

static const struct problem *problem_for(unsigned status)
{
	static const struct problem problems[] = {
		{.status = 413, .code = "body_too_large", .detail = "The request's body is too large."},
		{.status = 414, .code = "uri_too_long", .detail = "The request's address is too long."},
		{.status = 431,
		 .code = "headers_too_large",
		 .detail = "The request's headers are too large."},
		{.status = 505, .code = "not_implemented", .detail = "This server speaks HTTP/1.1 and 1.0."},
		{.status = 400, .code = "bad_request", .detail = "The request is malformed."},
	};
	enum { LAST = sizeof(problems) / sizeof(problems[0]) - 1 };
	size_t i = 0;
	while (i < LAST && problems[i].status != status)
		i++;
	return &problems[i];
}

static void put_head(struct buffer *out, const struct reply *reply, instant now)
{
	const time_t at = (time_t)now;
	struct tm utc;
	char date[sizeof("Sun, 06 Nov 1994 08:49:37 GMT")] = "";
	if (gmtime_r(&at, &utc) != NULL)
		strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
	buffer_printf(out, "HTTP/1.1 %u %s\r\nDate: %s\r\n", reply->status,
		      MHD_get_reason_phrase_for(reply->status), date);
	for (size_t i = 0; i < reply->header_count; i++)
		buffer_printf(out, "%s: %s\r\n", reply->headers[i].name, reply->headers[i].value);
	buffer_printf(out, "Content-Length: %zu\r\n\r\n", reply->body.length);
}

/* A socket that is closed over bytes that came and were not read is reset, and the reply may be lost with it.
 */
static void drain(int socket)
{
	char thrown_away[8 * 1024];
	ssize_t got = 0;
	for (size_t sum = 0; sum < DRAIN_MAX; sum += (size_t)got) {
		got = recv(socket, thrown_away, sizeof(thrown_away), MSG_DONTWAIT);
		if (got <= 0)
			return;
	}
}

/* All of it or nothing that counts: a client that takes no 600 bytes just now does without. */
static bool send_problem(struct exchange *exchange)
{
	char memory[HEAD_MAX];
	struct buffer head;
	buffer_init_over(&head, memory, sizeof(memory));
	put_head(&head, &exchange->reply, exchange->request.now);
	const struct buffer *body = &exchange->reply.body;
	if (head.overflowed)
		return false;
	struct iovec parts[] = {{head.bytes, head.length}, {body->bytes, body->length}};
	const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	ssize_t sent = sendmsg(exchange->peer->socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	exchange->reply_bytes = body->length;
	drain(exchange->peer->socket);
	return sent == (ssize_t)(head.length + body->length);
}

/*
 * Answer on the socket, past libmicrohttpd, which then hears that the reply could not be queued and closes
 * the connection. Not while it cuts up the target: there it would go on with memory that closing has freed.
 * So it gets its page queued, and finds the socket at its end.
 */
static enum MHD_Result refuse(struct MHD_Connection *connection, struct peer *peer, unsigned status,
			      struct MHD_Response *page)
{
	struct exchange *exchange = peer->exchange;
	bool unread = exchange == NULL; /* it has not even got a request line */
	if (unread)
		exchange = exchange_begin(peer, connection);
	bool in_target = !unread && exchange->stage == STAGE_TARGET;
	exchange->request.now = instant_now();
	if (exchange->began_us == 0)
		exchange->began_us = monotonic_us();
	if (exchange->request.id == NULL)
		exchange->request.id = exchange_id(exchange);
	exchange->reply.close = true;
	exchange_refuse(exchange, problem_for(in_target ? MHD_HTTP_URI_TOO_LONG : status));
	exchange_complete_headers(exchange);
	buffer_append_char(&exchange->reply.body, '\n');
	exchange->reply_status = exchange->reply.status;
	exchange->stage = STAGE_OVER;
	exchange->delivered = send_problem(exchange);
	peer->unwanted = true;
	if (unread)
		exchange_end(exchange, exchange->delivered);
	if (!in_target)
		return MHD_NO;
	shutdown(peer->socket, SHUT_RDWR);
	return library_queue_response(connection, status, page);
}

/*
 * A request line without a blank ends the connection without a reply, and nothing is told. What is left to
 * see is a connection that was closed by neither side's wish.
 */
void refusal_of_silence(struct peer *peer, struct MHD_Connection *connection)
{
	const struct loop *loop = peer->loop;
	char byte;
	bool client_left = recv(peer->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
	if (peer->unwanted || client_left || peer->ended_turn == loop->turn ||
	    atomic_load(&loop->server->ending))
		return;
	struct exchange *exchange = exchange_begin(peer, connection);
	exchange->began_us = monotonic_us();
	exchange->request.id = exchange_id(exchange);
	exchange->reply.code = "bad_request";
	exchange->stage = STAGE_OVER;
	exchange_end(exchange, false);
}

/* Only libmicrohttpd calls this. */
enum MHD_Result MHD_queue_response(struct MHD_Connection *connection, unsigned int status,
				   struct MHD_Response *response)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	if (info == NULL || info->socket_context == NULL)
		return library_queue_response(connection, status, response);
	return refuse(connection, info->socket_context, status, response);
}
