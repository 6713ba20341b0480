/*
 * load - sends prepared requests over keep-alive connections and measures the replies.
 *
 *	load <port> <connections> <seconds> <requests> [wrap|once|paced:<rate>] [trace] >result.json
 *	load <port> <connections> <rounds> <requests> barrier >result.json
 *
 * `requests` is a file: for each request one line with its length in bytes, then its bytes. Each
 * connection asks again as soon as it has its reply (a closed loop); the requests are taken in turn
 * by whichever connection is free. `once` ends when the file does, `wrap` begins it again. `barrier` sends
 * on all connections at once and waits for all replies before the next round.
 *
 * `paced` is an open loop: so many requests a second are due at fixed times, however late the replies are,
 *and latency counts from the time a request was due. One that is due while every connection waits for a reply
 *is sent late; one that could not be sent before the end is counted as unsent. When the file has ended, those
 * refused with 503 come again, then all.
 *
 * `trace` is a file that gets a line for each reply: when it was asked for (or due), how long it took, both
 *in microseconds of the monotonic clock, and its status.
 *
 * Ours and not a common one, because it must send a different token and body each time at the cost of
 * a pointer, or it would be the bottleneck of what it measures.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	HEAD_MAX = 4096,
	STATUS_MAX = 600,
	SUB_BUCKETS = 64, /* a bucket is at most 1/64 wide: 1.6 % */
	BUCKETS = 32 * SUB_BUCKETS,
	EVENTS = 256,
	LAST_REPLIES_US = 10000000,
};

struct request {
	const char *bytes;
	size_t length;
};

struct connection {
	int socket;
	const struct request *request;
	size_t sent;
	char head[HEAD_MAX];
	size_t head_length;
	bool in_body;
	bool closing; /* the server said so */
	bool waiting; /* for a reply */
	size_t body_left;
	unsigned status;
	int64_t asked_us;
};

struct histogram {
	uint64_t count;
	uint64_t max;
	uint64_t in[BUCKETS];
};

static struct request *requests;
static size_t request_count, next_request;
static bool wraps;
static struct sockaddr_in server;
static int epoll;
static uint64_t statuses[STATUS_MAX];
static uint64_t errors, bytes_received;
static struct histogram served, refused; /* below 400, and from 400 */
static const struct request **returned;  /* refused with 503, to be sent again; NULL: that is not wanted */
static size_t returned_count;
static FILE *trace;

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static size_t bucket_of(uint64_t us)
{
	if (us < SUB_BUCKETS)
		return us;
	unsigned shift = 63U - (unsigned)__builtin_clzll(us) - 6;
	size_t bucket = (size_t)(shift + 1) * SUB_BUCKETS + ((us >> shift) - SUB_BUCKETS);
	return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static uint64_t bucket_value(size_t bucket)
{
	if (bucket < SUB_BUCKETS)
		return bucket;
	return (SUB_BUCKETS + bucket % SUB_BUCKETS) << (bucket / SUB_BUCKETS - 1);
}

static void record(struct histogram *histogram, int64_t us)
{
	uint64_t value = us > 0 ? (uint64_t)us : 0;
	histogram->in[bucket_of(value)]++;
	histogram->count++;
	if (value > histogram->max)
		histogram->max = value;
}

static uint64_t quantile(const struct histogram *histogram, double part)
{
	uint64_t wanted = (uint64_t)((double)histogram->count * part), seen = 0;
	for (size_t i = 0; i < BUCKETS; i++) {
		seen += histogram->in[i];
		if (seen > wanted)
			return bucket_value(i);
	}
	return histogram->max;
}

static void read_requests(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	if (file < 0 || fstat(file, &stat) != 0)
		fail(path);
	size_t size = (size_t)stat.st_size;
	const char *at = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
	if (at == MAP_FAILED)
		fail("mmap");
	size_t room = 0;
	for (const char *end = at + size; at < end;) {
		char *after = NULL;
		size_t length = strtoul(at, &after, 10);
		if (request_count == room) {
			room = room == 0 ? 1024 : room * 2;
			requests = realloc(requests, room * sizeof(requests[0]));
			if (requests == NULL)
				fail("realloc");
		}
		requests[request_count++] = (struct request){after + 1, length};
		at = after + 1 + length;
	}
}

static void connect_to(struct connection *connection)
{
	connection->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int on = 1;
	if (connection->socket < 0 ||
	    connect(connection->socket, (struct sockaddr *)&server, sizeof(server)) != 0)
		fail("connect");
	setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	fcntl(connection->socket, F_SETFL, O_NONBLOCK);
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
	epoll_ctl(epoll, EPOLL_CTL_ADD, connection->socket, &event);
	connection->closing = false;
}

static void send_rest(struct connection *connection)
{
	const struct request *request = connection->request;
	while (connection->sent < request->length) {
		ssize_t sent = send(connection->socket, request->bytes + connection->sent,
				    request->length - connection->sent, MSG_NOSIGNAL);
		if (sent < 0) /* requests are small and the server reads: a full socket is an error here */
			break;
		connection->sent += (size_t)sent;
	}
	if (connection->sent < request->length)
		errors++;
}

/* NULL: there are no more. */
static const struct request *take_request(void)
{
	if (next_request < request_count)
		return &requests[next_request++];
	if (returned_count > 0)
		return returned[--returned_count];
	if (!wraps)
		return NULL;
	next_request = 0;
	return &requests[next_request++];
}

static void ask_at(struct connection *connection, int64_t asked_us)
{
	connection->request = take_request();
	if (connection->request == NULL)
		return;
	connection->sent = 0;
	connection->head_length = 0;
	connection->in_body = false;
	connection->waiting = true;
	connection->asked_us = asked_us;
	send_rest(connection);
}

static void ask(struct connection *connection)
{
	ask_at(connection, now_us());
}

/* Read status and length from a complete head; what follows it is body. */
static void read_head(struct connection *connection, const char *end)
{
	const char *head = connection->head;
	connection->status = (unsigned)strtoul(head + 9, NULL, 10) % STATUS_MAX;
	connection->body_left = 0;
	for (const char *line = head; line < end; line = strstr(line, "\r\n") + 2) {
		if (strncasecmp(line, "content-length:", 15) == 0)
			connection->body_left = strtoul(line + 15, NULL, 10);
		else if (strncasecmp(line, "connection: close", 17) == 0)
			connection->closing = true;
	}
	if (connection->status == 304 || connection->status == 204)
		connection->body_left = 0;
	size_t beyond = connection->head_length - (size_t)(end + 4 - head);
	connection->body_left -= beyond < connection->body_left ? beyond : connection->body_left;
	connection->in_body = true;
}

/* One reply is there. */
static void replied(struct connection *connection)
{
	int64_t took_us = now_us() - connection->asked_us;
	connection->waiting = false;
	statuses[connection->status]++;
	record(connection->status < 400 ? &served : &refused, took_us);
	if (trace != NULL)
		fprintf(trace, "%ld %ld %u\n", connection->asked_us, took_us, connection->status);
	if (connection->status == 503 && returned != NULL && returned_count < request_count)
		returned[returned_count++] = connection->request;
	if (connection->closing) {
		close(connection->socket);
		connect_to(connection);
	}
}

static void receive(struct connection *connection)
{
	static char rubbish[256 * 1024];
	for (;;) {
		char *into = rubbish;
		size_t room = sizeof(rubbish);
		if (!connection->in_body) {
			into = connection->head + connection->head_length;
			room = HEAD_MAX - 1 - connection->head_length;
		}
		ssize_t got = recv(connection->socket, into, room, 0);
		if (got <= 0) {
			if (got < 0 && errno == EAGAIN)
				return;
			errors++;
			close(connection->socket);
			connect_to(connection);
			connection->waiting = false;
			return;
		}
		bytes_received += (size_t)got;
		if (connection->in_body) {
			connection->body_left -=
				(size_t)got < connection->body_left ? (size_t)got : connection->body_left;
		} else {
			connection->head_length += (size_t)got;
			connection->head[connection->head_length] = '\0';
			const char *end = strstr(connection->head, "\r\n\r\n");
			if (end == NULL)
				continue;
			read_head(connection, end);
		}
		if (connection->body_left == 0) {
			replied(connection);
			return;
		}
	}
}

static void print_histogram(const char *name, const struct histogram *histogram)
{
	printf(",\"%s\":{\"count\":%lu,\"p50_us\":%lu,\"p90_us\":%lu,\"p99_us\":%lu,\"p999_us\":%lu,\"max_"
	       "us\":%lu}",
	       name, histogram->count, quantile(histogram, 0.5), quantile(histogram, 0.9),
	       quantile(histogram, 0.99), quantile(histogram, 0.999), histogram->max);
}

static double cpu_seconds(void)
{
	struct timespec used;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static double cpu_before;

static void print_result(int64_t began, int64_t ended)
{
	uint64_t all = served.count + refused.count;
	double took = (double)(ended - began) / 1e6;
	printf("{\"requests\":%lu,\"seconds\":%.6f,\"rate\":%.1f,\"bytes\":%lu,\"errors\":%lu", all, took,
	       (double)all / took, bytes_received, errors);
	printf(",\"began_us\":%ld,\"ended_us\":%ld,\"cpu_seconds\":%.3f", began, ended,
	       cpu_seconds() - cpu_before);
	print_histogram("served", &served);
	print_histogram("refused", &refused);
	printf(",\"statuses\":{");
	const char *comma = "";
	for (unsigned status = 0; status < STATUS_MAX; status++) {
		if (statuses[status] == 0)
			continue;
		printf("%s\"%u\":%lu", comma, status, statuses[status]);
		comma = ",";
	}
	printf("}");
}

static size_t wait_and_receive(int64_t wait_us, struct connection *done[static EVENTS])
{
	struct epoll_event events[EVENTS];
	const struct timespec wait = {.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000};
	int count = epoll_pwait2(epoll, events, EVENTS, &wait, NULL);
	size_t replies = 0;
	for (int i = 0; i < count; i++) {
		struct connection *connection = events[i].data.ptr;
		if (!connection->waiting) { /* the server has closed an idle connection */
			close(connection->socket);
			connect_to(connection);
			continue;
		}
		receive(connection);
		if (!connection->waiting)
			done[replies++] = connection;
	}
	return replies;
}

static void run_loop(struct connection connections[], size_t count, double duration)
{
	int64_t started = now_us(), end = started + (int64_t)(duration * 1e6);
	size_t waiting = 0;
	for (size_t i = 0; i < count; i++) {
		ask(&connections[i]);
		waiting += connections[i].waiting;
	}
	struct connection *done[EVENTS];
	while (waiting > 0 && now_us() < end) {
		size_t replies = wait_and_receive(100000, done);
		for (size_t i = 0; i < replies; i++) {
			ask(done[i]);
			waiting -= !done[i]->waiting;
		}
	}
	print_result(started, now_us());
	/* What is still being answered would take time from whatever is measured next. */
	while (waiting > 0 && now_us() < end + LAST_REPLIES_US)
		waiting -= wait_and_receive(100000, done);
}

/* The connections that wait for nothing, longest first: so none is left idle for long. */
struct idle {
	struct connection **ring;
	size_t size, first, count;
};

static void idle_put(struct idle *idle, struct connection *connection)
{
	idle->ring[(idle->first + idle->count++) % idle->size] = connection;
}

static struct connection *idle_take(struct idle *idle)
{
	struct connection *connection = idle->ring[idle->first];
	idle->first = (idle->first + 1) % idle->size;
	idle->count--;
	return connection;
}

static void run_paced(struct connection connections[], size_t count, double duration, double rate)
{
	enum { BURST = 64 };
	struct idle idle = {calloc(count, sizeof(struct connection *)), count, 0, 0};
	returned = calloc(request_count, sizeof(*returned));
	if (idle.ring == NULL || returned == NULL)
		fail("calloc");
	for (size_t i = 0; i < count; i++)
		idle_put(&idle, &connections[i]);
	const uint64_t wanted = (uint64_t)(rate * duration);
	const int64_t started = now_us(), end = started + (int64_t)(duration * 1e6);
	uint64_t sent = 0;
	for (;;) {
		int64_t now = now_us(), due = started;
		for (int burst = 0; sent < wanted && now < end && idle.count > 0; burst++) {
			due = started + (int64_t)((double)sent * 1e6 / rate);
			if (due > now || burst == BURST)
				break;
			ask_at(idle_take(&idle), due);
			sent++;
		}
		bool sending = now < end && sent < wanted;
		if (!sending && (idle.count == count || now > end + LAST_REPLIES_US))
			break;
		int64_t wait = sending && idle.count > 0 ? due - now : 10000;
		struct connection *done[EVENTS];
		size_t replies = wait_and_receive(wait > 0 ? wait : 0, done);
		for (size_t i = 0; i < replies; i++)
			idle_put(&idle, done[i]);
	}
	print_result(started, end);
	printf(",\"offered\":%lu,\"unsent\":%lu,\"unanswered\":%zu", wanted, wanted - sent,
	       count - idle.count);
}

static void run_barrier(struct connection connections[], size_t count, unsigned rounds)
{
	int64_t started = now_us(), worst = 0;
	for (unsigned round = 0; round < rounds; round++) {
		int64_t began = now_us();
		for (size_t i = 0; i < count; i++)
			ask(&connections[i]);
		for (size_t waiting = count; waiting > 0;) {
			struct connection *done[EVENTS];
			waiting -= wait_and_receive(10000000, done);
			if (now_us() - began > 60000000)
				exit(1);
		}
		if (now_us() - began > worst)
			worst = now_us() - began;
	}
	print_result(started, now_us());
	printf(",\"worst_round_us\":%ld", worst);
}

int main(int argc, char **argv)
{
	if (argc < 5) {
		fputs("load <port> <connections> <seconds or rounds> <requests> "
		      "[wrap|once|barrier|paced:<rate>] [trace]\n",
		      stderr);
		return 2;
	}
	const char *mode = argc > 5 ? argv[5] : "wrap";
	wraps = strcmp(mode, "once") != 0;
	size_t count = strtoul(argv[2], NULL, 10);
	struct rlimit files = {count + 64, count + 64};
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	read_requests(argv[4]);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	struct connection *connections = calloc(count, sizeof(*connections));
	if (connections == NULL || request_count == 0)
		fail("nothing to do");
	for (size_t i = 0; i < count; i++)
		connect_to(&connections[i]);
	if (argc > 6 && (trace = fopen(argv[6], "we")) == NULL)
		fail(argv[6]);
	cpu_before = cpu_seconds();
	if (strcmp(mode, "barrier") == 0)
		run_barrier(connections, count, (unsigned)atoi(argv[3]));
	else if (strncmp(mode, "paced:", 6) == 0)
		run_paced(connections, count, atof(argv[3]), atof(mode + 6));
	else
		run_loop(connections, count, atof(argv[3]));
	printf("}\n");
	return trace != NULL && fclose(trace) != 0;
}
