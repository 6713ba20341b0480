/*
 * libmicrohttpd's callbacks: from a connection and what came on it to a peer and its exchange.
 */
#include "exchange.h"
#include "tally.h"

#include "base/die.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static struct peer *peer_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static atomic_uint *connections_of(struct common *common, const struct address *address)
{
	uint64_t hash = siphash_64(common->address_secret, address->key, sizeof(address->key));
	return &common->connections_of[hash % ADDRESSES];
}

static struct peer *peer_open(struct loop *loop, struct MHD_Connection *connection)
{
	struct common *common = loop->common;
	struct peer *peer = calloc(1, sizeof(*peer));
	if (peer == NULL)
		die("out of memory");
	peer->loop = loop;
	peer->ended_turn = loop->turn - 1;
	peer->socket = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	peer->address = address_of_peer(
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
	peer->of_address = connections_of(common, &peer->address);
	unsigned others = atomic_fetch_add(peer->of_address, 1);
	unsigned limit = common->settings.connections_per_address;
	peer->unwanted = limit > 0 && others >= limit;
	/* libmicrohttpd finds it at its end, and closes it. */
	if (peer->unwanted)
		shutdown(peer->socket, SHUT_RDWR);
	peer->cut_at_ms = loop->now_ms + common->settings.header_seconds * (int64_t)1000;
	peer->next = loop->peers;
	peer->previous = &loop->peers;
	if (peer->next != NULL)
		peer->next->previous = &peer->next;
	loop->peers = peer;
	loop->peer_count++;
	peer_await(peer, peer->unwanted ? AWAIT_NOTHING : AWAIT_REQUEST);
	tally_connection(common->tally, 1);
	return peer;
}

static void peer_close(struct peer *peer)
{
	struct loop *loop = peer->loop;
	peer_await(peer, AWAIT_NOTHING);
	*peer->previous = peer->next;
	if (peer->next != NULL)
		peer->next->previous = peer->previous;
	loop->peer_count--;
	atomic_fetch_sub(peer->of_address, 1);
	tally_connection(loop->common->tally, -1);
	free(peer);
}

void connection_on_change(void *loop, struct MHD_Connection *connection, void **peer_pointer,
			  enum MHD_ConnectionNotificationCode code)
{
	struct peer *peer = *peer_pointer;
	switch (code) {
	case MHD_CONNECTION_NOTIFY_STARTED:
		*peer_pointer = peer_open(loop, connection);
		break;
	case MHD_CONNECTION_NOTIFY_CLOSED:
		/* Not every way in which libmicrohttpd ends a request is told to connection_on_completed. */
		if (peer->exchange != NULL)
			exchange_end(peer->exchange, peer->exchange->delivered);
		else
			refusal_of_silence(peer, connection);
		peer_close(peer);
		*peer_pointer = NULL;
		break;
	}
}

/*
 * The request line has come. The target is read by ourselves, because libmicrohttpd's decoding loses encoded
 * NULs and slashes, and copied, because it cuts it up in place.
 */
void *connection_on_uri(void *loop, const char *uri, struct MHD_Connection *connection)
{
	((struct loop *)loop)->called = true;
	struct peer *peer = peer_of(connection);
	if (peer->exchange != NULL)
		exchange_end(peer->exchange, false);
	struct exchange *exchange = exchange_begin(peer, connection);
	peer_await(peer, peer->unwanted ? AWAIT_NOTHING : AWAIT_REST);
	struct request *request = &exchange->request;
	exchange->target = uri;
	exchange->target_length = strlen(uri);
	char *path = arena_strndup(&exchange->mem, uri, exchange->target_length);
	/* RFC 9112 section 3.2.2: http://host/path is to be understood. */
	size_t scheme = strncasecmp(path, "http://", 7) == 0    ? 7
			: strncasecmp(path, "https://", 8) == 0 ? 8
								: 0;
	if (scheme > 0) {
		path += scheme;
		size_t length = strcspn(path, "/?");
		exchange->authority = arena_strndup(&exchange->mem, path, length);
		path += length;
		if (*path != '/')
			path = arena_printf(&exchange->mem, "/%s", path);
	}
	char *mark = strchr(path, '?');
	if (mark != NULL) {
		request->query_text = mark + 1;
		*mark = '\0';
	}
	request->path = path;
	/*
	 * libmicrohttpd would now make a record of each argument, and where they do not fit into the
	 * connection's memory it loses the request. It has none to read if they begin with a NUL. The text is
	 * its own, const or not, and is cut up by it next.
	 */
	char *arguments = strchr(uri, '?');
	if (arguments != NULL)
		arguments[1] = '\0';
	return exchange;
}

/* Names, values and the target, the last of them, are decoded by ourselves: leave them as they are. */
size_t connection_on_unescape(void *loop, struct MHD_Connection *connection, char *text)
{
	(void)loop;
	struct exchange *exchange = peer_of(connection)->exchange;
	if (exchange != NULL && exchange->stage == STAGE_TARGET && exchange->target == text)
		exchange->stage = STAGE_HEADERS;
	return strlen(text);
}

/* Whether there is now more in libmicrohttpd's memory than the last time: the headers, and then the trailers.
 */
static bool has_grown(const struct exchange *exchange, size_t upload_size)
{
	if (exchange->stage == STAGE_BODY)
		return upload_size == 0 && request_header(&exchange->request, "Transfer-Encoding") != NULL;
	return (exchange->stage == STAGE_TARGET || exchange->stage == STAGE_HEADERS) &&
	       !exchange->peer->unwanted;
}

/* The parameters are what libmicrohttpd passes. NOLINTNEXTLINE(readability-function-size) */
enum MHD_Result connection_on_access(void *loop, struct MHD_Connection *connection, const char *url,
				     const char *method, const char *version, const char *upload,
				     size_t *upload_size, void **exchange)
{
	((struct loop *)loop)->called = true;
	(void)connection;
	(void)url;
	if (has_grown(*exchange, *upload_size) && refusal_without_room(*exchange))
		return MHD_NO;
	return exchange_advance(*exchange, method, version, upload, upload_size);
}

void connection_on_completed(void *loop, struct MHD_Connection *connection, void **exchange_pointer,
			     enum MHD_RequestTerminationCode code)
{
	(void)loop;
	(void)connection;
	struct exchange *exchange = *exchange_pointer;
	if (exchange == NULL)
		return;
	*exchange_pointer = NULL;
	exchange_end(exchange, code == MHD_REQUEST_TERMINATED_COMPLETED_OK || exchange->delivered);
}
