#include "exchange.h"
#include "tally.h"

#include "base/die.h"
#include "base/log.h"

#include <stdlib.h>

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
		loop->spare = exchange->next_spare;
		loop->spare_count--;
		return exchange;
	}
	exchange = calloc(1, sizeof(*exchange));
	if (exchange == NULL)
		die("out of memory");
	exchange->mem = ARENA_OF_BLOCKS(REQUEST_BLOCK);
	return exchange;
}

static void exchange_free(struct exchange *exchange)
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
	exchange->next_spare = loop->spare;
	loop->spare = exchange;
	loop->spare_count++;
}

void exchange_free_spare(struct loop *loop)
{
	while (loop->spare != NULL) {
		struct exchange *next = loop->spare->next_spare;
		exchange_free(loop->spare);
		loop->spare = next;
	}
}

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

void exchange_end(struct exchange *exchange, bool delivered)
{
	struct peer *peer = exchange->peer;
	struct loop *loop = peer->loop;
	if (exchange->stage == STAGE_WORKING || exchange->stage == STAGE_REPLYING)
		loop->answering--;
	peer_await(peer, AWAIT_NOTHING);
	peer->idle = true;
	peer->exchange = NULL;
	peer->ended_turn = loop->turn;
	peer->cut_at_ms = loop->now_ms + loop->common->settings.idle_seconds * (int64_t)1000;
	if (exchange->stage != STAGE_TARGET && exchange->stage != STAGE_HEADERS)
		tally_exchange(loop->common->tally, exchange, delivered);
	exchange_put_back(loop, exchange);
}

/* The headers have come. */
static enum MHD_Result begin(struct exchange *exchange, const char *method, const char *version)
{
	struct request *request = &exchange->request;
	struct peer *peer = exchange->peer;
	const struct server_settings *settings = &peer->loop->common->settings;
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
		exchange_refuse(exchange, PROBLEM_BODY_TOO_LARGE, NULL, NULL);
	}
	exchange->discarded += size;
	if (!exchange->refused && exchange->discarded > UNWANTED_BODY_MAX)
		exchange_refuse(exchange, PROBLEM_BODY_TOO_LARGE, "This call takes no body.", NULL);
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
		reply_problem_of(reply, PROBLEM_INTERNAL_ERROR, NULL, NULL);
}

static void run_on_worker(struct work *work, void *resource)
{
	struct exchange *exchange = exchange_of_work(work);
	const struct server_settings *settings = &exchange->peer->loop->common->settings;
	exchange->waited_us += monotonic_us();
	settings->handle(settings->owner, &exchange->request, &exchange->reply, resource);
	if (exchange->request.head && exchange->reply.portion != NULL)
		measure_portions(exchange, resource);
	exchange_give_back(exchange);
}

static void refuse_on_worker(struct work *work)
{
	struct exchange *exchange = exchange_of_work(work);
	exchange->waited_us += monotonic_us();
	reply_problem_of(&exchange->reply, PROBLEM_OVERLOADED, NULL, NULL);
	exchange_give_back(exchange);
}

/* The request is complete: answer here, or suspend it and give it to a lane. */
static enum MHD_Result dispatch(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	struct loop *loop = exchange->peer->loop;
	const struct server_settings *settings = &loop->common->settings;
	if (exchange->refused)
		return exchange_send(exchange);
	request->complete_ms = exchange->began_us / 1000;
	if (exchange->incoming.length > 0) {
		request->complete_ms = monotonic_ms();
		request->body = exchange->incoming.bytes;
		request->body_length = exchange->incoming.length;
	}
	request->draining = loop_draining(loop);
	if (request->draining && (request->route->flags & ROUTE_DRAINING) == 0) {
		reply_problem_of(&exchange->reply, PROBLEM_OVERLOADED, NULL, NULL);
		return exchange_send(exchange);
	}
	if (settings->early(settings->owner, request, &exchange->reply) == HANDLED)
		return exchange_send(exchange);

	struct work_queue *lane = loop->common->lanes[request->lane];
	if (lane == NULL) {
		log_line(LOG_ERROR, "handed_over_without_lane", LOG_TEXT_FIELD("request_id", request->id),
			 LOG_TEXT_FIELD("route", request->route->pattern));
		reply_problem_of(&exchange->reply, PROBLEM_INTERNAL_ERROR, NULL, NULL);
		return exchange_send(exchange);
	}
	if (!work_queue_reserve(lane, loop->now_ms, false)) {
		reply_problem_of(&exchange->reply, PROBLEM_OVERLOADED, NULL, NULL);
		return exchange_send(exchange);
	}
	exchange->stage = STAGE_WORKING;
	exchange->peer->cut_at_ms = INT64_MAX;
	peer_await(exchange->peer, AWAIT_NOTHING); /* its place in the lane is sure */
	loop->answering++;
	exchange->work = (struct work){.run = run_on_worker, .refuse = refuse_on_worker};
	exchange->waited_us = -monotonic_us();
	/* First suspended, then published: a worker may be done before the next line. */
	MHD_suspend_connection(exchange->connection);
	work_queue_push(lane, &exchange->work);
	return MHD_YES;
}

enum MHD_Result exchange_advance(struct exchange *exchange, const char *method, const char *version,
				 const char *upload, size_t *upload_size)
{
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
