#include "exchange.h"

#include "http/ready_body.h"

#include <stdlib.h>
#include <string.h>

enum { PORTION_BLOCK = 16 * 1024 }; /* how much libmicrohttpd takes of a portion at once */

/* Headers that every reply bears, unless a handler has set its own. */
static void complete_headers(struct exchange *exchange)
{
	struct reply *reply = &exchange->reply;
	const struct server_settings *settings = &exchange->peer->loop->server->settings;
	if (settings->finish != NULL)
		settings->finish(settings->owner, &exchange->request, reply);
	cors_apply(settings, &exchange->request, reply);
	reply_header_literal(reply, "X-Request-Id", exchange->request.id);
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
	loop_give_back(exchange);
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
	if (!work_queue_reserve(lane))
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

/*
 * The bytes are lent, not copied: the exchange holds them until libmicrohttpd says that the request is
 * completed, and nothing is sent after that.
 */
static struct MHD_Response *make_response(struct exchange *exchange)
{
	struct reply *reply = &exchange->reply;
	if (reply->portion != NULL) {
		struct MHD_Response *response = MHD_create_response_from_callback(
			MHD_SIZE_UNKNOWN, PORTION_BLOCK, next_bytes, exchange, NULL);
		/* libmicrohttpd 0.9.75 ends the head of a chunked reply with the last chunk, which is body.
		 */
		if (response != NULL && exchange->request.head)
			MHD_set_response_options(response, MHD_RF_HTTP_VERSION_1_0_RESPONSE, MHD_RO_END);
		return response;
	}
	const char *bytes = reply->body.bytes;
	size_t length = reply->body.length;
	if (reply->ready != NULL) {
		bytes = reply->ready->bytes;
		length = reply->ready->length;
		if (reply->ready_gzip)
			ready_body_gzip(reply->ready, &bytes, &length);
	}
	exchange->reply_bytes = exchange->request.head ? 0 : length;
	return MHD_create_response_from_buffer(length, (char *)bytes, MHD_RESPMEM_PERSISTENT);
}

enum MHD_Result exchange_send(struct exchange *exchange)
{
	struct reply *reply = &exchange->reply;
	struct peer *peer = exchange->peer;
	if (reply->body.overflowed)
		reply_problem(reply, &(struct problem){.status = 500,
						       .code = "internal_error",
						       .detail = "The answer is too large to be given."});
	if (exchange->stage != STAGE_WORKING)
		peer->loop->answering++;
	exchange->stage = STAGE_REPLYING;
	give_time(peer);
	complete_headers(exchange);
	exchange->reply_status = reply->status;
	struct MHD_Response *response = make_response(exchange);
	if (response == NULL)
		abort();
	for (size_t i = 0; i < reply->header_count; i++)
		MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
	enum MHD_Result queued = MHD_queue_response(exchange->connection, reply->status, response);
	MHD_destroy_response(response);
	return queued;
}
