#include "cors.h"
#include "exchange.h"
#include "library.h"

#include "base/die.h"
#include "http/ready_body.h"

#include <string.h>

enum {
	PORTION_BLOCK = 16 * 1024, /* how much libmicrohttpd takes of a portion at once */
	LARGE_REPLY = 4 * 1024,    /* bytes; of such, few may be ready before a loop takes them */
};

void exchange_refuse(struct exchange *exchange, enum problem_code code, const char *detail, const char *field)
{
	exchange->refused = true;
	reply_problem_of(&exchange->reply, code, detail, field);
}

void exchange_give_back(struct exchange *exchange)
{
	struct mailbox *mailbox = &exchange->peer->loop->mailbox;
	const struct reply *reply = &exchange->reply;
	size_t length = reply->ready != NULL ? reply->ready->length : reply->body.length;
	if (length >= LARGE_REPLY)
		mailbox_put_large(mailbox, &exchange->letter);
	else
		mailbox_put(mailbox, &exchange->letter);
}

void exchange_complete_headers(struct exchange *exchange)
{
	struct reply *reply = &exchange->reply;
	const struct server_settings *settings = &exchange->peer->loop->common->settings;
	cors_apply(settings, &exchange->request, reply);
	reply_header_literal(reply, "X-Request-Id", exchange->request.id);
	reply_header_literal(reply, "X-Content-Type-Options", "nosniff");
	if (reply_get_header(reply, "Cache-Control") == NULL)
		reply_header_literal(reply, "Cache-Control", "no-store");
	if (reply->close || loop_leaving(exchange->peer->loop))
		reply_header_literal(reply, "Connection", "close");
}

/* ---- bodies in portions ---- */

static void write_portion(struct work *work, void *resource)
{
	struct exchange *exchange = exchange_of_work(work);
	struct reply *reply = &exchange->reply;
	exchange->portion = reply->portion(reply->portion_owner, resource);
	if (reply->body.overflowed)
		exchange->portion = REPLY_BROKEN;
	exchange_give_back(exchange);
}

static void refuse_portion(struct work *work)
{
	struct exchange *exchange = exchange_of_work(work);
	exchange->portion = REPLY_BROKEN;
	exchange_give_back(exchange);
}

static void give_time(struct peer *peer)
{
	peer->cut_at_ms = peer->loop->now_ms + peer->loop->common->settings.reply_seconds * (int64_t)1000;
}

/* Have a worker write the next portion; the connection sleeps meanwhile. False: no room in the lane. */
static bool ask_for_portion(struct exchange *exchange)
{
	struct work_queue *lane = exchange->peer->loop->common->lanes[exchange->request.lane];
	if (!work_queue_reserve(lane, exchange->peer->loop->now_ms, true))
		return false;
	buffer_reset(&exchange->reply.body);
	exchange->portion_sent = 0;
	exchange->peer->cut_at_ms = INT64_MAX;
	exchange->work = (struct work){.run = write_portion, .refuse = refuse_portion, .begun = true};
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

static void add_headers(struct MHD_Response *response, const struct reply *reply)
{
	for (size_t i = 0; i < reply->header_count; i++)
		MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
}

/*
 * The bytes are lent, not copied: the exchange holds them until libmicrohttpd says that the request is
 * completed, and nothing is sent after that.
 */
static struct MHD_Response *make_response(const char *bytes, size_t length, const struct reply *reply)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		length, bytes != NULL ? (char *)bytes : "", MHD_RESPMEM_PERSISTENT);
	if (response == NULL)
		die("out of memory");
	add_headers(response, reply);
	return response;
}

/*
 * Of a 304, or a HEAD of a body in portions, libmicrohttpd only says how long the body of a 200 would be (RFC
 * 9110 section 8.6). Whatever libmicrohttpd takes the method for, it gets no byte of it.
 */
static ssize_t no_bytes(void *nothing, uint64_t position, char *out, size_t room)
{
	(void)nothing;
	(void)position;
	(void)out;
	(void)room;
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static struct MHD_Response *make_response_unsent(size_t length, const struct reply *reply)
{
	struct MHD_Response *response = MHD_create_response_from_callback(length, 1, no_bytes, NULL, NULL);
	if (response == NULL)
		die("out of memory");
	add_headers(response, reply);
	return response;
}

static struct MHD_Response *make_response_in_portions(struct exchange *exchange)
{
	struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PORTION_BLOCK,
									  next_bytes, exchange, NULL);
	if (response == NULL)
		die("out of memory");
	add_headers(response, &exchange->reply);
	return response;
}

static struct MHD_Response *response_for(struct exchange *exchange)
{
	const struct reply *reply = &exchange->reply;
	if (reply->portion != NULL) {
		if (!exchange->request.head)
			return make_response_in_portions(exchange);
		/* libmicrohttpd 0.9.75 ends the head of a chunked reply with the last chunk, which is body.
		 */
		return make_response_unsent(exchange->head_length, reply);
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
	return reply->status == 304 ? make_response_unsent(length, reply)
				    : make_response(bytes, length, reply);
}

enum MHD_Result exchange_send(struct exchange *exchange)
{
	struct reply *reply = &exchange->reply;
	struct peer *peer = exchange->peer;
	if (reply->body.overflowed)
		reply_problem_of(reply, PROBLEM_INTERNAL_ERROR, "The answer is too large to be given.", NULL);
	if (reply->json && reply->portion == NULL)
		buffer_append_char(&reply->body, '\n');
	if (exchange->stage != STAGE_WORKING)
		peer->loop->answering++;
	exchange->stage = STAGE_REPLYING;
	peer_await(peer, AWAIT_NOTHING);
	give_time(peer);
	exchange_complete_headers(exchange);
	exchange->reply_status = reply->status;
	struct MHD_Response *response = response_for(exchange);
	enum MHD_Result queued = library_queue_response(exchange->connection, reply->status, response);
	MHD_destroy_response(response);
	return queued;
}
