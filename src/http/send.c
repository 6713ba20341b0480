#include "exchange.h"

#include "http/ready_body.h"

#include <stdlib.h>
#include <string.h>

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

/*
 * The bytes are lent, not copied: the exchange holds them until libmicrohttpd says that the request is
 * completed, and nothing is sent after that.
 */
static struct MHD_Response *make_response(struct exchange *exchange)
{
	struct reply *reply = &exchange->reply;
	const char *bytes = reply->body.bytes;
	size_t length = reply->body.length;
	if (reply->ready != NULL) {
		bytes = reply->ready->bytes;
		length = reply->ready->length;
		if (reply->ready_gzip)
			ready_body_gzip(reply->ready, &bytes, &length);
	}
	exchange->reply_bytes = exchange->request.head ? 0 : length;
	struct MHD_Response *response =
		MHD_create_response_from_buffer(length, (char *)bytes, MHD_RESPMEM_PERSISTENT);
	if (response == NULL)
		abort();
	for (size_t i = 0; i < reply->header_count; i++)
		MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
	return response;
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
	peer->cut_at_ms = peer->loop->now_ms + peer->loop->server->settings.reply_seconds * (int64_t)1000;
	complete_headers(exchange);
	exchange->reply_status = reply->status;
	struct MHD_Response *response = make_response(exchange);
	enum MHD_Result queued = MHD_queue_response(exchange->connection, reply->status, response);
	MHD_destroy_response(response);
	return queued;
}
