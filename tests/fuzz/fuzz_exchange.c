/*
 * libmicrohttpd and our callbacks together, as a loop runs them: whole requests on a connection, pipelined,
 * cut anywhere, and the client leaving anywhere. What comes back is well-formed HTTP, one reply to a request,
 * and at the end nothing is kept.
 *
 * An input is a sequence of steps: a byte that says how long the next piece is (0: let the loop run; 255: no
 * more is sent; 254: all is read), then its bytes. A hang, a leak and a crash are the sanitizers' to find.
 */
#include "../../src/http/exchange.h"
#include "../../src/http/library.h"
#include "../../src/http/tally.h"

#include "base/json.h"
#include "base/log.h"
#include "http/ready_body.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MAX = 4 * 1024 * 1024, TURNS_MAX = 2000 };

enum endpoint { OK, READY, ECHO, WORK, PORTIONS };
static const enum endpoint endpoints[] = {OK, READY, ECHO, WORK, PORTIONS};

static const struct route routes[] = {
	{HTTP_GET, "/", LANE_LOOP, ROUTE_ANY_QUERY, 0, &endpoints[OK]},
	{HTTP_GET, "/ready", LANE_LOOP, ROUTE_QUIET, 0, &endpoints[READY]},
	{HTTP_POST, "/echo", LANE_LOOP, 0, 1024, &endpoints[ECHO]},
	{HTTP_PUT, "/item/:id", LANE_DATABASE, ROUTE_ANY_TYPE, 1024, &endpoints[WORK]},
	{HTTP_GET, "/portions", LANE_DATABASE, 0, 0, &endpoints[PORTIONS]},
};

struct fuzzed {
	struct common common;
	struct loop loop;
	struct ready_body *ready;
	unsigned portions_left;
};

static enum endpoint endpoint_of(const struct request *request)
{
	return *(const enum endpoint *)request->route->endpoint;
}

/* What was sent does not begin the body: check_answer() would take "HTTP/1.1 " there for the next reply. */
static struct buffer *begin_text(struct reply *reply)
{
	struct buffer *out = reply_begin(reply, 200, "text/plain");
	buffer_append_text(out, "sent: ");
	return out;
}

static enum handled early(void *owner, struct request *request, struct reply *reply)
{
	const struct fuzzed *fuzzed = owner;
	switch (endpoint_of(request)) {
	case OK:
		buffer_append_text(reply_begin_json(reply, 200), "{\"ok\":true}");
		return HANDLED;
	case READY:
		reply_ready(reply, 200, request, fuzzed->ready);
		return HANDLED;
	case ECHO:
		buffer_append(begin_text(reply), request->body, request->body_length);
		return HANDLED;
	case WORK:
	case PORTIONS:
		break;
	}
	return HAND_OVER;
}

static enum reply_portion portion(void *owner, void *worker)
{
	(void)worker;
	struct request *request = owner;
	struct reply *reply = &request->exchange->reply;
	unsigned *left = request->caller;
	buffer_append_text(&reply->body, "and so on, and so forth\n");
	return --*left > 0 ? REPLY_MORE : REPLY_LAST;
}

static void handle(void *owner, struct request *request, struct reply *reply, void *worker)
{
	(void)owner;
	(void)worker;
	struct buffer *out = begin_text(reply);
	buffer_append_text(out, request->query_text);
	if (endpoint_of(request) == WORK) {
		buffer_append_text(out, request_parameter(request, "id"));
		return;
	}
	unsigned *left = arena_alloc(request->mem, sizeof(*left));
	*left = 3;
	request->caller = left;
	reply_continue(reply, portion, request);
}

static void expect(bool holds, const char *what, const char *answer)
{
	if (holds)
		return;
	fprintf(stderr, "%s:\n%.2000s\n", what, answer);
	abort();
}

/* The value of a header in a head that ends with an empty line, or NULL. */
static const char *header(const char *head, const char *name)
{
	size_t length = strlen(name);
	const char *line = strstr(head, "\r\n");
	const char *end = strstr(head, "\r\n\r\n");
	for (; line != NULL && line < end; line = strstr(line + 2, "\r\n"))
		if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':')
			return line + 2 + length + 1 + strspn(line + 2 + length + 1, " ");
	return NULL;
}

/* Behind the chunks of a body, or NULL if they do not end. */
static const char *skip_chunks(const char *body, const char *answer)
{
	for (;;) {
		char *end = NULL;
		unsigned long length = strtoul(body, &end, 16);
		if (*body == '\0' || *end == '\0')
			return NULL;
		expect(end > body && strncmp(end, "\r\n", 2) == 0, "no chunk", answer);
		body = end + 2;
		if (strlen(body) < length + 2)
			return NULL;
		expect(strncmp(body + length, "\r\n", 2) == 0, "a chunk without an end", answer);
		body += length + 2;
		if (length == 0)
			return body;
	}
}

/*
 * Reply by reply. No client can know of which ones the method was HEAD, so a body may be missing: then the
 * next reply comes at once.
 */
static void check_answer(const char *answer)
{
	const char *rest = answer;
	while (*rest != '\0') {
		if (strncmp(rest, "HTTP/1.1 100 ", 13) == 0) {
			rest = strstr(rest, "\r\n\r\n") + 4;
			continue;
		}
		const char *end = strstr(rest, "\r\n\r\n");
		if (end == NULL)
			return; /* the client left before */
		expect(strncmp(rest, "HTTP/1.1 ", 9) == 0, "no status line", rest);
		long status = strtol(rest + 9, NULL, 10);
		expect(status >= 200 && status < 600, "no status", rest);
		expect(header(rest, "X-Request-Id") != NULL, "no id", rest);
		const char *type = header(rest, "Content-Type");
		expect(status < 400 || (type != NULL && strncmp(type, "application/problem+json", 24) == 0),
		       "a page that is not ours", rest);
		const char *length = header(rest, "Content-Length");
		bool chunked = header(rest, "Transfer-Encoding") != NULL;
		const char *connection = header(rest, "Connection");
		if (length == NULL && !chunked && status != 204 && status != 304) {
			expect(connection != NULL && strncasecmp(connection, "close", 5) == 0, "no framing",
			       rest);
			return; /* HTTP/1.0: the body ends with the connection */
		}
		expect(length == NULL || !chunked, "two framings", rest);
		rest = end + 4;
		if (strncmp(rest, "HTTP/1.1 ", 9) == 0 || status == 304 || status == 204)
			continue;
		if (chunked) {
			rest = skip_chunks(rest, answer);
			if (rest == NULL)
				return;
			continue;
		}
		size_t wanted = strtoul(length, NULL, 10);
		if (strlen(rest) < wanted)
			return;
		rest += wanted;
	}
}

static size_t read_answer(int client, char *answer, size_t length)
{
	ssize_t got;
	while (length < ANSWER_MAX - 1 &&
	       (got = recv(client, answer + length, ANSWER_MAX - 1 - length, MSG_DONTWAIT)) > 0)
		for (ssize_t i = 0; i < got; i++, length++)
			if (answer[length] == '\0')
				answer[length] = '0'; /* a body may hold what was sent */
	answer[length] = '\0';
	return length;
}

/* Until nothing more happens: nobody works, and no turn changes anything. */
static void settle(struct loop *loop)
{
	unsigned quiet = 0;
	for (unsigned i = 0; i < TURNS_MAX && quiet < 3; i++) {
		loop_turn(loop, loop->answering > 0 ? 1 : 0);
		quiet = loop->answering > 0 ? 0 : quiet + 1;
	}
}

static struct fuzzed *start(void)
{
	static struct fuzzed fuzzed;
	struct common *common = &fuzzed.common;
	signal(SIGPIPE, SIG_IGN);
	log_setup(LOG_ERROR, LOG_JSON);
	library_init(refusal_of_library);
	fuzzed.ready = ready_body_new("0123456789", 10, "text/plain");
	common->settings = server_settings_default();
	common->settings.loops = 1;
	common->settings.connections = 64;
	common->settings.header_seconds = common->settings.body_seconds = 3600;
	common->settings.routes = routes;
	common->settings.route_count = sizeof(routes) / sizeof(routes[0]);
	common->settings.metrics = metrics_new();
	common->settings.early = early;
	common->settings.handle = handle;
	common->settings.owner = &fuzzed;
	common->router = router_new(routes, common->settings.route_count);
	for (enum lane lane = LANE_DATABASE; lane < LANES; lane++)
		common->lanes[lane] = work_queue_open(&(struct work_queue_settings){.name = lane_name(lane),
										    .workers = 1,
										    .capacity = 64,
										    .flood_capacity = 64,
										    .patience_ms = 60000});
	common->tally = tally_new(&common->settings, common->lanes);
	common->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (listen(common->listener, 1) != 0)
		abort();
	fuzzed.loop.common = common;
	loop_open(&fuzzed.loop);
	return &fuzzed;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct fuzzed *fuzzed;
	static char answer[ANSWER_MAX];
	if (fuzzed == NULL)
		fuzzed = start();
	struct loop *loop = &fuzzed->loop;
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0)
		abort();
	const struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(0x7f000001)}};
	if (MHD_add_connection(loop->daemon, ends[1], (const struct sockaddr *)&address, sizeof(address)) !=
	    MHD_YES)
		abort();
	size_t length = 0;
	bool sending = true;
	for (size_t i = 0; i < size && sending;) {
		size_t piece = bytes[i++];
		if (piece == 0 || piece == 254)
			settle(loop);
		if (piece == 254)
			length = read_answer(ends[0], answer, length);
		if (piece == 255)
			sending = shutdown(ends[0], SHUT_WR) != 0;
		if (piece == 0 || piece >= 254)
			continue;
		if (piece > size - i)
			piece = size - i;
		if (send(ends[0], bytes + i, piece, MSG_NOSIGNAL) < 0)
			break; /* refused, or nobody read */
		i += piece;
	}
	settle(loop);
	length = read_answer(ends[0], answer, length);
	check_answer(answer);
	close(ends[0]);
	for (unsigned i = 0; i < TURNS_MAX && loop->peer_count > 0; i++)
		loop_turn(loop, i < 10 ? 0 : 1);
	expect(loop->peer_count == 0 && loop->answering == 0, "something is kept", answer);
	return 0;
}
