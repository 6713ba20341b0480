#include "exchange.h"

#include "http/ready_body.h"

#include <stdlib.h>
#include <string.h>

enum {
	PORTION_BLOCK = 16 * 1024, /* how much libmicrohttpd takes of a portion at once */
	PREPARED_MAX = 64 * 1024,  /* a prepared reply keeps no longer body than this from being freed */
};

/* Headers that every reply bears, unless a handler has set its own. */
void exchange_complete_headers(struct exchange *exchange)
{
	struct reply *reply = &exchange->reply;
	const struct server_settings *settings = &exchange->peer->loop->server->settings;
	cors_apply(settings, &exchange->request, reply);
	reply_header_once(reply, "X-Request-Id", exchange->request.id);
	reply_header_literal(reply, "X-Content-Type-Options", "nosniff");
	if (reply_get_header(reply, "Cache-Control") == NULL)
		reply_header_literal(reply, "Cache-Control", "no-store");
	if (reply->close || server_draining(exchange->peer->loop->server))
		reply_header_literal(reply, "Connection", "close");
}

/* ---- bodies in portions ---- */

static void write_portion(struct work *work, void *resource)
{
	struct exchange *exchange = (struct exchange *)((char *)work - offsetof(struct exchange, work));
	struct reply *reply = &exchange->reply;
	exchange->portion = reply->portion(reply->portion_owner, resource);
	if (reply->body.overflowed)
		exchange->portion = REPLY_BROKEN;
	loop_give_reply(exchange);
}

static void refuse_portion(struct work *work)
{
	struct exchange *exchange = (struct exchange *)((char *)work - offsetof(struct exchange, work));
	exchange->portion = REPLY_BROKEN;
	loop_give_back(exchange);
}

static void give_time(struct peer *peer)
{
	peer->cut_at_ms = peer->loop->now_ms + peer->loop->server->settings.reply_seconds * (int64_t)1000;
}

/* Have a worker write the next portion; the connection sleeps meanwhile. False: no room in the lane. */
static bool ask_for_portion(struct exchange *exchange)
{
	struct work_queue *lane = exchange->peer->loop->server->lanes[exchange->request.lane];
	if (!work_queue_reserve(lane, exchange->peer->loop->now_ms, true))
		return false;
	buffer_reset(&exchange->reply.body);
	exchange->portion_sent = 0;
	exchange->peer->cut_at_ms = INT64_MAX;
	exchange->work = (struct work){.run = write_portion, .refuse = refuse_portion};
	MHD_suspend_connection(exchange->connection);
	work_queue_push(lane, &exchange->work);
	return true;
}

/* libmicrohttpd has room for so many bytes. */
static ssize_t next_bytes(void *exchange_pointer, uint64_t position, char *out, size_t room)
{
	(void)position;
	struct exchange *exchange = exchange_pointer;
	const struct buffer *body = &exchange->reply.body;
	if (exchange->portion == REPLY_BROKEN)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (exchange->portion_sent == body->length) {
		if (exchange->portion == REPLY_LAST)
			return MHD_CONTENT_READER_END_OF_STREAM;
		return ask_for_portion(exchange) ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
	}
	if (exchange->portion_sent == 0)
		give_time(exchange->peer);
	size_t length = body->length - exchange->portion_sent;
	if (length > room)
		length = room;
	memcpy(out, body->bytes + exchange->portion_sent, length);
	exchange->portion_sent += length;
	exchange->reply_bytes += length;
	return (ssize_t)length;
}

/* ---- */

static void add_headers(struct MHD_Response *response, const struct reply *reply, bool once)
{
	for (size_t i = 0; i < reply->header_count; i++)
		if (reply->headers[i].once == once)
			MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
}

/* In this order: see compare_header. */
static void add_all_headers(struct MHD_Response *response, const struct reply *reply)
{
	add_headers(response, reply, false);
	add_headers(response, reply, true);
}

/*
 * The bytes are lent, not copied: the exchange holds them until libmicrohttpd says that the request is
 * completed, and nothing is sent after that. NULL with a 304: libmicrohttpd sends no body with it, but says
 * how long the one of a 200 would be (RFC 9110 section 8.6).
 */
static struct MHD_Response *make_response(const char *bytes, size_t length, const struct reply *reply)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		length, bytes != NULL ? (char *)bytes : "", MHD_RESPMEM_PERSISTENT);
	if (response == NULL)
		abort();
	add_all_headers(response, reply);
	return response;
}

static struct MHD_Response *make_response_in_portions(struct exchange *exchange)
{
	struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PORTION_BLOCK,
									  next_bytes, exchange, NULL);
	if (response == NULL)
		abort();
	add_all_headers(response, &exchange->reply);
	return response;
}

/* ---- replies whose body many share ---- */

struct comparison {
	const struct reply *reply;
	size_t next; /* of the reply's headers */
	struct reply_header stale[REPLY_HEADERS_MAX];
	size_t stale_count;
};

/* First come the headers that both must have, then those that were the former reply's alone. */
static enum MHD_Result compare_header(void *comparison_pointer, enum MHD_ValueKind kind, const char *name,
				      const char *value)
{
	(void)kind;
	struct comparison *comparison = comparison_pointer;
	const struct reply *reply = comparison->reply;
	while (comparison->next < reply->header_count && reply->headers[comparison->next].once)
		comparison->next++;
	if (comparison->next < reply->header_count) {
		const struct reply_header *header = &reply->headers[comparison->next];
		if (strcmp(header->name, name) != 0 || strcmp(header->value, value) != 0)
			return MHD_NO;
		comparison->next++;
		return MHD_YES;
	}
	comparison->stale[comparison->stale_count++] =
		(struct reply_header){arena_strdup(reply->mem, name), arena_strdup(reply->mem, value), true};
	return MHD_YES;
}

/* Whether the prepared response says what the reply says; if so, now with the reply's own headers. */
static bool fits(const struct prepared *prepared, const char *bytes, size_t length, const struct reply *reply)
{
	if (prepared->response == NULL || prepared->bytes != bytes || prepared->length != length)
		return false;
	struct comparison comparison = {.reply = reply};
	MHD_get_response_headers(prepared->response, compare_header, &comparison);
	while (comparison.next < reply->header_count && reply->headers[comparison.next].once)
		comparison.next++;
	if (comparison.next < reply->header_count)
		return false;
	for (size_t i = 0; i < comparison.stale_count; i++)
		MHD_del_response_header(prepared->response, comparison.stale[i].name,
					comparison.stale[i].value);
	add_headers(prepared->response, reply, true);
	return true;
}

void prepared_drop(struct prepared *prepared)
{
	if (prepared->response != NULL)
		MHD_destroy_response(prepared->response);
	ready_body_drop(prepared->ready);
	*prepared = (struct prepared){0};
}

/* Only one reply at a time has the prepared response; it comes back with exchange_on_completed. */
static struct MHD_Response *prepare(struct exchange *exchange, const char *bytes, size_t length)
{
	const struct reply *reply = &exchange->reply;
	struct prepared *last = &exchange->peer->loop->prepared;
	if (fits(last, bytes, length, reply)) {
		exchange->prepared = *last;
		*last = (struct prepared){0};
	} else {
		exchange->prepared.response = make_response(bytes, length, reply);
		exchange->prepared.bytes = bytes;
		exchange->prepared.length = length;
		exchange->prepared.ready = bytes != NULL ? ready_body_hold(reply->ready) : NULL;
	}
	return exchange->prepared.response;
}

/* ---- */

static struct MHD_Response *response_for(struct exchange *exchange)
{
	const struct reply *reply = &exchange->reply;
	if (reply->portion != NULL) {
		if (!exchange->request.head)
			return make_response_in_portions(exchange);
		/* libmicrohttpd 0.9.75 ends the head of a chunked reply with the last chunk, which is body.
		 */
		return make_response(NULL, exchange->head_length, reply);
	}
	const char *bytes = reply->body.bytes;
	size_t length = reply->body.length;
	if (reply->ready != NULL) {
		bytes = reply->ready->bytes;
		length = reply->ready->length;
		if (reply->ready_gzip)
			ready_body_gzip(reply->ready, &bytes, &length);
	}
	bool unsent = exchange->request.head || reply->status == 304;
	exchange->reply_bytes = unsent ? 0 : length;
	if (reply->status == 304)
		return prepare(exchange, NULL, length);
	if (reply->ready != NULL && reply->ready->length <= PREPARED_MAX)
		return prepare(exchange, bytes, length);
	return make_response(bytes, length, reply);
}

enum MHD_Result exchange_send(struct exchange *exchange)
{
	struct reply *reply = &exchange->reply;
	struct peer *peer = exchange->peer;
	if (reply->body.overflowed)
		reply_problem(reply, &(struct problem){.status = 500,
						       .code = "internal_error",
						       .detail = "The answer is too large to be given."});
	if (reply->json && reply->portion == NULL)
		buffer_append_char(&reply->body, '\n');
	if (exchange->stage != STAGE_WORKING)
		peer->loop->answering++;
	exchange->stage = STAGE_REPLYING;
	give_time(peer);
	exchange_complete_headers(exchange);
	exchange->reply_status = reply->status;
	struct MHD_Response *response = response_for(exchange);
	enum MHD_Result queued = queue_reply(exchange->connection, reply->status, response);
	if (response != exchange->prepared.response)
		MHD_destroy_response(response);
	return queued;
}
