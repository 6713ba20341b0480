/*
 * What libmicrohttpd 0.9.75 refuses by itself is answered by us (library.h says how it gets here):
 *
 *     target, headers or trailers that do not fit into the connection's memory    414, 431
 *     cookies, or arguments hidden behind a NUL, whose records do not fit         431, 414
 *     a header or trailer without a colon, a version that is none                 400
 *     a version that it does not speak                                            505
 *     a Content-Length or a chunk's length that is no number, or beyond numbers   400, 413
 *     a chunk that does not end where it should                                   400
 *     a chunk's first line that does not fit: not refused at all, see loop.c      400
 *     a head or trailers that leave no room for the head of a reply: closed
 *     over the reply, when what was asked for is done, see refusal_without_room   414, 431
 *     a request line without a blank                                              closed, see
 * refusal_of_silence
 *
 * The other ends of a request come through connection_on_completed, or not at all where the client left
 * in the middle of a head: connection_on_change gives back whatever is left.
 */
#include "exchange.h"
#include "library.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

enum {
	DRAIN_MAX = 256 * 1024, /* bytes that have come and that nobody will read, see drain */
	HEAD_MAX = 4 * 1024,
	REPLY_HEAD_MAX = 2 * 1024, /* of a reply that goes through libmicrohttpd, but for REPLY_ECHO_MAX */
	RECORD_BYTES = 64, /* what libmicrohttpd keeps of a header, cookie or trailer beside its text */
	LINE_BYTES = 4,    /* of a trailer beside its name and value: colon, blank and line end */
};

static void say_why(struct exchange *exchange, unsigned status)
{
	static const struct problem version = {
		.status = MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED,
		.code = PROBLEM_NOT_IMPLEMENTED,
		.detail = "The server speaks HTTP/1.1 and HTTP/1.0.",
	};
	switch (status) {
	case MHD_HTTP_CONTENT_TOO_LARGE:
		exchange_refuse(exchange, PROBLEM_BODY_TOO_LARGE, NULL, NULL);
		break;
	case MHD_HTTP_URI_TOO_LONG:
		exchange_refuse(exchange, PROBLEM_URI_TOO_LONG, NULL, NULL);
		break;
	case MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE:
		exchange_refuse(exchange, PROBLEM_HEADERS_TOO_LARGE, NULL, NULL);
		break;
	case MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED:
		reply_problem(&exchange->reply, &version);
		break;
	default:
		exchange_refuse(exchange, PROBLEM_BAD_REQUEST, NULL, NULL);
		break;
	}
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

/* Answer on the socket, past libmicrohttpd. */
static void answer(struct exchange *exchange, unsigned status)
{
	exchange->request.now = instant_now();
	if (exchange->began_us == 0)
		exchange->began_us = monotonic_us();
	if (exchange->request.id == NULL)
		exchange_name(exchange);
	exchange->reply.close = true;
	if (!exchange->refused)
		say_why(exchange, status);
	exchange_complete_headers(exchange);
	buffer_append_char(&exchange->reply.body, '\n');
	exchange->reply_status = exchange->reply.status;
	exchange->stage = STAGE_OVER;
	exchange->peer->unwanted = true;
	peer_await(exchange->peer, AWAIT_NOTHING);
	exchange->delivered = send_problem(exchange);
}

/*
 * libmicrohttpd gets its page queued all the same, and finds that the socket takes no more. Told that this
 * failed it would close at once, and go on, behind arguments and cookies, with memory that closing has freed.
 */
enum MHD_Result refusal_of_library(struct MHD_Connection *connection, unsigned status,
				   struct MHD_Response *page)
{
	struct peer *peer =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	struct exchange *exchange = peer->exchange;
	if (exchange != NULL) {
		answer(exchange, exchange->stage == STAGE_TARGET ? MHD_HTTP_URI_TOO_LONG : status);
	} else {
		/* It has not even got a request line. */
		exchange = exchange_begin(peer, connection);
		answer(exchange, status);
		exchange_end(exchange, exchange->delivered);
	}
	shutdown(peer->socket, SHUT_RDWR);
	return library_queue_response(connection, status, page);
}

void refusal_of_unread(struct exchange *exchange)
{
	const struct peer *peer = exchange->peer;
	answer(exchange, MHD_HTTP_BAD_REQUEST);
	shutdown(peer->socket, SHUT_RDWR);
}

static enum MHD_Result add_record(void *used_pointer, enum MHD_ValueKind kind, const char *name,
				  size_t name_size, const char *value, size_t value_size)
{
	(void)name;
	(void)value;
	size_t *used = used_pointer;
	*used += RECORD_BYTES;
	if (kind != MHD_HEADER_KIND)
		*used += name_size + value_size + LINE_BYTES;
	return MHD_YES;
}

bool refusal_without_room(struct exchange *exchange)
{
	size_t used = MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)
			      ->header_size;
	MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND | MHD_COOKIE_KIND | MHD_FOOTER_KIND,
				    add_record, &used);
	used += exchange->target_length < REPLY_ECHO_MAX ? exchange->target_length : REPLY_ECHO_MAX;
	if (used + REPLY_HEAD_MAX <= CONNECTION_BYTES)
		return false;
	answer(exchange, exchange->target_length > CONNECTION_BYTES / 2
				 ? MHD_HTTP_URI_TOO_LONG
				 : MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE);
	shutdown(exchange->peer->socket, SHUT_RDWR);
	return true;
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
	    atomic_load(&loop->common->ending))
		return;
	struct exchange *exchange = exchange_begin(peer, connection);
	exchange->began_us = monotonic_us();
	exchange_name(exchange);
	exchange->reply.code = problem_terms(PROBLEM_BAD_REQUEST)->code;
	exchange->stage = STAGE_OVER;
	exchange_end(exchange, false);
}
