#include "exchange.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum {
	/*
	 * A body that is refused is read and thrown away up to here, so that the client gets to read the
	 * refusal; closing with unread bytes would reset the connection under it. Beyond, it is closed.
	 */
	DISCARD_MAX = 16 * 1024 * 1024,
	BODY_KEPT = 16 * 1024, /* memory for bodies that a spare exchange keeps */
	SPARE_MAX = 64,
	REQUEST_BLOCK = 1024, /* of a request's memory: there may be as many as connections */
};

static struct exchange *exchange_take(struct loop *loop)
{
	struct exchange *exchange = loop->spare;
	if (exchange != NULL) {
		loop->spare = exchange->next;
		loop->spare_count--;
		return exchange;
	}
	exchange = calloc(1, sizeof(*exchange));
	if (exchange == NULL)
		abort();
	exchange->mem = ARENA_OF_BLOCKS(REQUEST_BLOCK);
	return exchange;
}

void exchange_free(struct exchange *exchange)
{
	buffer_clear(&exchange->reply.body);
	buffer_clear(&exchange->incoming);
	arena_clear(&exchange->mem);
	free(exchange);
}

static void exchange_put_back(struct loop *loop, struct exchange *exchange)
{
	reply_reset(&exchange->reply);
	arena_reset(&exchange->mem);
	if (exchange->incoming.capacity > BODY_KEPT)
		buffer_clear(&exchange->incoming);
	else
		buffer_reset(&exchange->incoming);
	if (loop->spare_count == SPARE_MAX) {
		exchange_free(exchange);
		return;
	}
	exchange->next = loop->spare;
	loop->spare = exchange;
	loop->spare_count++;
}

static atomic_uint *connections_of(struct server *server, const struct address *address)
{
	uint64_t hash = siphash_64(server->address_secret, address->key, sizeof(address->key));
	return &server->connections_of[hash % ADDRESSES];
}

void exchange_on_connection(void *loop_pointer, struct MHD_Connection *connection, void **peer_pointer,
			    enum MHD_ConnectionNotificationCode code)
{
	struct loop *loop = loop_pointer;
	struct peer *peer = *peer_pointer;
	switch (code) {
	case MHD_CONNECTION_NOTIFY_STARTED:
		peer = calloc(1, sizeof(*peer));
		if (peer == NULL)
			abort();
		peer->loop = loop;
		peer->ended_turn = loop->turn - 1;
		peer->socket =
			MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		peer->address = address_of_peer(
			MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
		peer->of_address = connections_of(loop->server, &peer->address);
		unsigned others = atomic_fetch_add(peer->of_address, 1);
		unsigned limit = loop->server->settings.connections_per_address;
		peer->unwanted = limit > 0 && others >= limit;
		/* libmicrohttpd finds it at its end, and closes it. */
		if (peer->unwanted)
			shutdown(peer->socket, SHUT_RDWR);
		peer->cut_at_ms = loop->now_ms + loop->server->settings.header_seconds * (int64_t)1000;
		peer->next = loop->peers;
		peer->previous = &loop->peers;
		if (peer->next != NULL)
			peer->next->previous = &peer->next;
		loop->peers = peer;
		loop->peer_count++;
		tally_connection(loop->server->tally, 1);
		*peer_pointer = peer;
		break;
	case MHD_CONNECTION_NOTIFY_CLOSED:
		/* Not every way in which libmicrohttpd ends a request is told to exchange_on_completed. */
		if (peer->exchange != NULL)
			exchange_end(peer->exchange, peer->exchange->delivered);
		else
			refusal_of_silence(peer, connection);
		*peer->previous = peer->next;
		if (peer->next != NULL)
			peer->next->previous = peer->previous;
		loop->peer_count--;
		atomic_fetch_sub(peer->of_address, 1);
		tally_connection(loop->server->tally, -1);
		free(peer);
		*peer_pointer = NULL;
		break;
	}
}

static const struct problem overloaded = {
	.status = 503,
	.code = "overloaded",
	.title = "Busy",
	.detail = "The server is busy just now. Please try again in a moment.",
	.retry_after = 1,
};

/* A request begins on the connection. */
struct exchange *exchange_begin(struct peer *peer, struct MHD_Connection *connection)
{
	struct exchange *exchange = exchange_take(peer->loop);
	struct arena mem = exchange->mem;
	struct buffer incoming = exchange->incoming;
	struct reply reply = exchange->reply;
	*exchange = (struct exchange){.mem = mem, .incoming = incoming, .reply = reply};
	reply_init(&exchange->reply, &exchange->mem);
	exchange->connection = connection;
	exchange->peer = peer;
	exchange->waited_us = -1;
	exchange->request.mem = &exchange->mem;
	exchange->request.exchange = exchange;
	exchange->request.method = HTTP_METHODS;
	exchange->request.path = "";
	exchange->request.query_text = "";
	exchange->request.body = "";
	peer->exchange = exchange;
	return exchange;
}

/* It is over, however that came: count it, log it, and take it back. */
void exchange_end(struct exchange *exchange, bool delivered)
{
	struct peer *peer = exchange->peer;
	struct loop *loop = peer->loop;
	if (exchange->stage == STAGE_WORKING || exchange->stage == STAGE_REPLYING)
		loop->answering--;
	peer->idle = true;
	peer->exchange = NULL;
	peer->ended_turn = loop->turn;
	peer->cut_at_ms = loop->now_ms + loop->server->settings.idle_seconds * (int64_t)1000;
	if (exchange->prepared.response != NULL) {
		prepared_drop(&loop->prepared);
		loop->prepared = exchange->prepared;
		exchange->prepared = (struct prepared){0};
	}
	if (exchange->stage != STAGE_TARGET && exchange->stage != STAGE_HEADERS)
		tally_exchange(loop->server->tally, exchange, delivered);
	exchange_put_back(loop, exchange);
}

/*
 * The request line has come. The target is read by ourselves, because libmicrohttpd's decoding loses encoded
 * NULs and slashes, and copied, because it cuts it up in place.
 */
void *exchange_on_uri(void *loop, const char *uri, struct MHD_Connection *connection)
{
	(void)loop;
	struct peer *peer =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	if (peer->exchange != NULL)
		exchange_end(peer->exchange, false);
	struct exchange *exchange = exchange_begin(peer, connection);
	struct request *request = &exchange->request;
	exchange->target = uri;
	exchange->target_length = strlen(uri);
	char *path = arena_strndup(&exchange->mem, uri, exchange->target_length);
	/* RFC 9112 section 3.2.2: http://host/path is to be understood. */
	if (strncasecmp(path, "http://", 7) == 0) {
		path += 7;
		path += strcspn(path, "/?");
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
size_t exchange_on_unescape(void *loop, struct MHD_Connection *connection, char *text)
{
	(void)loop;
	const struct peer *peer =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	struct exchange *exchange = peer->exchange;
	if (exchange != NULL && exchange->stage == STAGE_TARGET && exchange->target == text)
		exchange->stage = STAGE_HEADERS;
	return strlen(text);
}

/* The headers have come. */
static enum MHD_Result begin(struct exchange *exchange, const char *method, const char *version)
{
	struct request *request = &exchange->request;
	struct peer *peer = exchange->peer;
	const struct server_settings *settings = &peer->loop->server->settings;
	exchange->began_us = monotonic_us();
	exchange->stage = STAGE_BODY;
	peer->idle = false;
	peer->cut_at_ms = exchange->began_us / 1000 + settings->body_seconds * (int64_t)1000;
	request->now = instant_now();
	exchange_admit(exchange, method, version);

	/* A client that waits for `100 Continue` gets the refusal instead; libmicrohttpd then closes. */
	if (exchange->refused && (exchange->reply.close || request_header(request, "Expect") != NULL))
		return exchange_send(exchange);
	return MHD_YES;
}

static enum MHD_Result take_body(struct exchange *exchange, const char *bytes, size_t size)
{
	size_t limit = exchange->request.route != NULL ? exchange->request.route->body_limit : 0;
	if (!exchange->refused && limit > 0) {
		if (buffer_append(&exchange->incoming, bytes, size))
			return MHD_YES;
		exchange_refuse(exchange, &(struct problem){
						  .status = 413,
						  .code = "body_too_large",
						  .detail = "The request's body is too large.",
					  });
	}
	exchange->discarded += size;
	if (!exchange->refused && exchange->discarded > UNWANTED_BODY_MAX)
		exchange_refuse(exchange, &(struct problem){
						  .status = 413,
						  .code = "body_too_large",
						  .detail = "This call takes no body.",
					  });
	return exchange->discarded <= DISCARD_MAX ? MHD_YES : MHD_NO;
}

/* HEAD: write what the body would be and keep its length only, so that the connection can be kept as well. */
static void measure_portions(struct exchange *exchange, void *resource)
{
	struct reply *reply = &exchange->reply;
	enum reply_portion written = REPLY_MORE;
	exchange->head_length = reply->body.length;
	while (written == REPLY_MORE) {
		buffer_reset(&reply->body);
		written = reply->portion(reply->portion_owner, resource);
		if (reply->body.overflowed)
			written = REPLY_BROKEN;
		exchange->head_length += reply->body.length;
	}
	buffer_reset(&reply->body);
	if (written == REPLY_BROKEN)
		reply_problem(reply, &(struct problem){.status = 500,
						       .code = "internal_error",
						       .detail = "Something went wrong on our side."});
}

static void run_on_worker(struct work *work, void *resource)
{
	struct exchange *exchange = (struct exchange *)((char *)work - offsetof(struct exchange, work));
	const struct server_settings *settings = &exchange->peer->loop->server->settings;
	exchange->waited_us += monotonic_us();
	settings->handle(settings->owner, &exchange->request, &exchange->reply, resource);
	if (exchange->request.head && exchange->reply.portion != NULL)
		measure_portions(exchange, resource);
	loop_give_reply(exchange);
}

static void refuse_on_worker(struct work *work)
{
	struct exchange *exchange = (struct exchange *)((char *)work - offsetof(struct exchange, work));
	exchange->waited_us += monotonic_us();
	reply_problem(&exchange->reply, &overloaded);
	loop_give_back(exchange);
}

/* The request is complete: answer here, or suspend it and give it to a lane. */
static enum MHD_Result dispatch(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	struct loop *loop = exchange->peer->loop;
	struct server *server = loop->server;
	if (exchange->refused)
		return exchange_send(exchange);
	request->complete_ms = exchange->began_us / 1000;
	if (exchange->incoming.length > 0) {
		request->complete_ms = monotonic_ms();
		request->body = exchange->incoming.bytes;
		request->body_length = exchange->incoming.length;
	}
	request->draining = server_draining(server);
	if (request->draining && (request->route->flags & ROUTE_DRAINING) == 0) {
		reply_problem(&exchange->reply, &overloaded);
		return exchange_send(exchange);
	}
	if (server->settings.early(server->settings.owner, request, &exchange->reply) == HANDLED)
		return exchange_send(exchange);

	struct work_queue *lane = server->lanes[request->lane];
	if (lane == NULL)
		abort(); /* a route of the loop was handed over */
	if (!work_queue_reserve(lane, loop->now_ms, false)) {
		reply_problem(&exchange->reply, &overloaded);
		return exchange_send(exchange);
	}
	exchange->stage = STAGE_WORKING;
	exchange->peer->cut_at_ms = INT64_MAX;
	loop->answering++;
	exchange->work = (struct work){.run = run_on_worker, .refuse = refuse_on_worker};
	exchange->waited_us = -monotonic_us();
	/* First suspended, then published: a worker may be done before the next line. */
	MHD_suspend_connection(exchange->connection);
	work_queue_push(lane, &exchange->work);
	return MHD_YES;
}

enum MHD_Result exchange_on_access(void *loop, struct MHD_Connection *connection, const char *url,
				   const char *method, const char *version, const char *upload,
				   size_t *upload_size, void **exchange_pointer)
{
	(void)loop;
	(void)connection;
	(void)url;
	struct exchange *exchange = *exchange_pointer;
	size_t size = *upload_size;
	switch (exchange->stage) {
	case STAGE_TARGET:
	case STAGE_HEADERS:
		/* What was sent before the connection was shut down can still be read. */
		return exchange->peer->unwanted ? MHD_NO : begin(exchange, method, version);
	case STAGE_BODY:
		if (size == 0)
			return dispatch(exchange);
		*upload_size = 0;
		return take_body(exchange, upload, size);
	case STAGE_WORKING:
		return exchange_send(exchange);
	case STAGE_REPLYING:
		break;
	case STAGE_OVER:
		return MHD_NO;
	}
	*upload_size = 0;
	return MHD_YES;
}

void exchange_on_completed(void *loop, struct MHD_Connection *connection, void **exchange_pointer,
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
