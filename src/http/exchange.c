#include "exchange.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	/*
	 * A body that is refused is read and thrown away up to here, so that the client gets to read the
	 * refusal; closing with unread bytes would reset the connection under it. Beyond, it is closed.
	 */
	DISCARD_MAX = 16 * 1024 * 1024,
	UNWANTED_BODY_MAX = 64 * 1024, /* of a call that takes none */
	BODY_KEPT = 16 * 1024,         /* memory for bodies that a spare exchange keeps */
	SPARE_MAX = 64,
	HEADERS_MAX = 64,
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
		peer->socket =
			MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		peer->address = address_of_peer(
			MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
		peer->cut_at_ms = monotonic_ms() + loop->server->settings.header_seconds * (int64_t)1000;
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
		*peer->previous = peer->next;
		if (peer->next != NULL)
			peer->next->previous = peer->previous;
		loop->peer_count--;
		tally_connection(loop->server->tally, -1);
		free(peer);
		*peer_pointer = NULL;
		break;
	}
}

/* Refuse before or instead of dispatching. The body, if one comes, is thrown away. */
static void refuse(struct exchange *exchange, const struct problem *problem)
{
	exchange->refused = true;
	reply_problem(&exchange->reply, problem);
}

static const struct problem overloaded = {
	.status = 503,
	.code = "overloaded",
	.title = "Busy",
	.detail = "The server is busy just now. Please try again in a moment.",
	.retry_after = 1,
};

/*
 * The request line has come. The URI is copied because libmicrohttpd cuts it up in place, and read by
 * ourselves because its own decoding loses encoded NULs and slashes.
 */
void *exchange_on_uri(void *loop_pointer, const char *uri, struct MHD_Connection *connection)
{
	struct loop *loop = loop_pointer;
	struct exchange *exchange = exchange_take(loop);
	struct arena mem = exchange->mem;
	struct buffer incoming = exchange->incoming;
	struct reply reply = exchange->reply;
	*exchange = (struct exchange){.mem = mem, .incoming = incoming, .reply = reply};
	reply_init(&exchange->reply, &exchange->mem);
	exchange->connection = connection;
	exchange->peer =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	exchange->waited_us = -1;

	struct request *request = &exchange->request;
	request->mem = &exchange->mem;
	request->exchange = exchange;
	request->body = "";
	char *path = arena_strdup(&exchange->mem, uri);
	/* RFC 9112 section 3.2.2: http://host/path is to be understood. */
	if (strncasecmp(path, "http://", 7) == 0) {
		path += 7;
		path += strcspn(path, "/?");
	}
	char *mark = strchr(path, '?');
	request->query_text = mark != NULL ? mark + 1 : "";
	if (mark != NULL)
		*mark = '\0';
	request->path = path;
	return exchange;
}

struct header_reading {
	struct request_header *headers;
	size_t count;
	bool sound;
};

static enum MHD_Result read_header(void *reading_pointer, enum MHD_ValueKind kind, const char *name,
				   size_t name_size, const char *value, size_t value_size)
{
	(void)kind;
	struct header_reading *reading = reading_pointer;
	if (value == NULL)
		value = "";
	if (reading->count == HEADERS_MAX || strlen(name) != name_size) {
		reading->sound = false;
		return MHD_NO;
	}
	for (size_t i = 0; i < value_size; i++)
		if (((unsigned char)value[i] < 0x20 && value[i] != '\t') || value[i] == 0x7f)
			reading->sound = false;
	reading->headers[reading->count++] = (struct request_header){name, value};
	return MHD_YES;
}

static size_t count_headers(const struct request *request, const char *name)
{
	size_t count = 0;
	for (size_t i = 0; i < request->header_count; i++)
		count += strcasecmp(request->headers[i].name, name) == 0;
	return count;
}

/* False for headers that are malformed, too many, or that let two servers see two different requests. */
static bool read_headers(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	struct request_header headers[HEADERS_MAX];
	struct header_reading reading = {.headers = headers, .sound = true};
	MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, read_header, &reading);
	struct request_header *kept = arena_array(&exchange->mem, reading.count, sizeof(headers[0]));
	memcpy(kept, headers, reading.count * sizeof(headers[0]));
	request->headers = kept;
	request->header_count = reading.count;

	size_t lengths = count_headers(request, "Content-Length");
	size_t encodings = count_headers(request, "Transfer-Encoding");
	return reading.sound && lengths + encodings <= 1;
}

static const char *request_id(struct exchange *exchange)
{
	const char *sent = request_header(&exchange->request, "X-Request-Id");
	if (sent != NULL && request_id_is_sane(sent))
		return sent;
	struct server *server = exchange->peer->loop->server;
	/* A bijection of the counter (splitmix64), so ids never repeat within a process and look like
	 * nothing. */
	uint64_t id =
		server->id_seed +
		atomic_fetch_add_explicit(&server->id_count, 1, memory_order_relaxed) * 0x9e3779b97f4a7c15u;
	id = (id ^ id >> 30) * 0xbf58476d1ce4e5b9u;
	id = (id ^ id >> 27) * 0x94d049bb133111ebu;
	id ^= id >> 31;
	static const char digits[] = "0123456789abcdef";
	char *text = arena_alloc(&exchange->mem, 17);
	for (int i = 15; i >= 0; i--, id >>= 4)
		text[i] = digits[id & 15];
	return text;
}

static bool is_json(const char *content_type)
{
	static const char json[] = "application/json";
	const size_t length = sizeof(json) - 1;
	if (content_type == NULL || strncasecmp(content_type, json, length) != 0)
		return false;
	content_type += length + strspn(content_type + length, " \t");
	return *content_type == '\0' || *content_type == ';';
}

/* What the headers alone refuse about a body that is coming. */
static void check_body(struct exchange *exchange)
{
	const struct request *request = &exchange->request;
	const char *length_text = request_header(request, "Content-Length");
	bool chunked = request_header(request, "Transfer-Encoding") != NULL;
	uintmax_t length = 0;
	if (length_text != NULL)
		length = strtoumax(length_text, NULL, 10); /* libmicrohttpd has refused what is no number */
	if (length == 0 && !chunked)
		return;

	size_t limit = request->route->body_limit;
	exchange->incoming.max = limit;
	if (limit == 0)
		limit = UNWANTED_BODY_MAX;
	if (length > limit) {
		refuse(exchange, &(struct problem){
					 .status = 413,
					 .code = "body_too_large",
					 .detail = "The request's body is too large.",
				 });
	} else if (request->route->body_limit > 0 && (request->route->flags & ROUTE_ANY_TYPE) == 0 &&
		   !is_json(request_header(request, "Content-Type"))) {
		refuse(exchange, &(struct problem){
					 .status = 415,
					 .code = "unsupported_media_type",
					 .detail = "The request's body must be sent as application/json.",
				 });
	}
}

/* Find the route and refuse what has none. */
static void find_route(struct exchange *exchange, const char *method_name)
{
	struct request *request = &exchange->request;
	const struct server *server = exchange->peer->loop->server;
	request->head = strcmp(method_name, "HEAD") == 0;
	request->method = http_method_parse(method_name);

	if (strcmp(method_name, "OPTIONS") == 0) {
		const char *allow = router_allow(server->router, request->path, request->mem);
		if (allow == NULL) {
			refuse(exchange, &(struct problem){.status = 404,
							   .code = "not_found",
							   .detail = "There is nothing at this address."});
			return;
		}
		exchange->refused = true;
		reply_header(&exchange->reply, "Allow", allow);
		cors_preflight(&server->settings, request, allow, &exchange->reply);
		return;
	}

	const char *field = NULL;
	switch (router_find(server->router, request->method, request->path, request->mem, &request->route,
			    &request->parameters)) {
	case ROUTE_FOUND:
		request->method = request->route->method;
		request->lane = request->route->lane;
		if (!request_read_query(request, &field) && (request->route->flags & ROUTE_ANY_QUERY) == 0)
			refuse(exchange, &(struct problem){
						 .status = 400,
						 .code = "bad_parameter",
						 .detail = "A query parameter is malformed or given twice.",
						 .field = field,
					 });
		else
			check_body(exchange);
		break;
	case ROUTE_UNKNOWN_PATH:
		refuse(exchange, &(struct problem){.status = 404,
						   .code = "not_found",
						   .detail = "There is nothing at this address."});
		break;
	case ROUTE_UNKNOWN_METHOD:
		reply_header(&exchange->reply, "Allow",
			     router_allow(server->router, request->path, request->mem));
		refuse(exchange, &(struct problem){
					 .status = 405,
					 .code = "method_not_allowed",
					 .detail = "This address does not answer that method; see Allow.",
				 });
		break;
	case ROUTE_BAD_PARAMETER:
		refuse(exchange, &(struct problem){.status = 400,
						   .code = "bad_parameter",
						   .detail = "The address is malformed."});
		break;
	}
}

/* The headers have come. */
static enum MHD_Result begin(struct exchange *exchange, const char *method)
{
	struct request *request = &exchange->request;
	struct peer *peer = exchange->peer;
	const struct server_settings *settings = &peer->loop->server->settings;
	exchange->began_us = monotonic_us();
	exchange->stage = STAGE_BODY;
	peer->idle = false;
	peer->cut_at_ms = exchange->began_us / 1000 + settings->body_seconds * (int64_t)1000;
	request->now = instant_now();

	bool sound = read_headers(exchange);
	request->id = request_id(exchange);
	request->address = address_behind_proxies(request, &peer->address, settings->trusted_proxy_hops);
	if (!sound) {
		exchange->reply.close = true;
		refuse(exchange, &(struct problem){.status = 400,
						   .code = "bad_parameter",
						   .detail = "The request's headers are malformed."});
		return exchange_send(exchange);
	}
	find_route(exchange, method);

	/* A client that waits for `100 Continue` gets the refusal instead; libmicrohttpd then closes. */
	if (exchange->refused && request_header(request, "Expect") != NULL)
		return exchange_send(exchange);
	return MHD_YES;
}

static enum MHD_Result take_body(struct exchange *exchange, const char *bytes, size_t size)
{
	size_t limit = exchange->request.route != NULL ? exchange->request.route->body_limit : 0;
	if (!exchange->refused && limit > 0) {
		if (buffer_append(&exchange->incoming, bytes, size))
			return MHD_YES;
		refuse(exchange, &(struct problem){
					 .status = 413,
					 .code = "body_too_large",
					 .detail = "The request's body is too large.",
				 });
	}
	exchange->discarded += size;
	if (!exchange->refused && exchange->discarded > UNWANTED_BODY_MAX)
		refuse(exchange, &(struct problem){
					 .status = 413,
					 .code = "body_too_large",
					 .detail = "This call takes no body.",
				 });
	return exchange->discarded <= DISCARD_MAX ? MHD_YES : MHD_NO;
}

static void run_on_worker(struct work *work, void *resource)
{
	struct exchange *exchange = (struct exchange *)((char *)work - offsetof(struct exchange, work));
	const struct server_settings *settings = &exchange->peer->loop->server->settings;
	exchange->waited_us += monotonic_us();
	settings->handle(settings->owner, &exchange->request, &exchange->reply, resource);
	loop_give_back(exchange);
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
	if (exchange->incoming.length > 0) {
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
	if (!work_queue_reserve(lane)) {
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
	(void)version;
	struct exchange *exchange = *exchange_pointer;
	size_t size = *upload_size;
	switch (exchange->stage) {
	case STAGE_HEADERS:
		return begin(exchange, method);
	case STAGE_BODY:
		if (size == 0)
			return dispatch(exchange);
		*upload_size = 0;
		return take_body(exchange, upload, size);
	case STAGE_WORKING:
		return exchange_send(exchange);
	case STAGE_REPLYING:
		break;
	}
	*upload_size = 0;
	return MHD_YES;
}

void exchange_on_completed(void *loop_pointer, struct MHD_Connection *connection, void **exchange_pointer,
			   enum MHD_RequestTerminationCode code)
{
	(void)connection;
	struct loop *loop = loop_pointer;
	struct exchange *exchange = *exchange_pointer;
	struct peer *peer = exchange->peer;
	if (exchange->stage == STAGE_WORKING || exchange->stage == STAGE_REPLYING)
		loop->answering--;
	peer->idle = true;
	peer->cut_at_ms = monotonic_ms() + loop->server->settings.idle_seconds * (int64_t)1000;
	if (exchange->stage != STAGE_HEADERS)
		tally_exchange(loop->server->tally, exchange, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
	exchange_put_back(loop, exchange);
	*exchange_pointer = NULL;
}
