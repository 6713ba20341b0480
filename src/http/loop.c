#include "exchange.h"

#include "base/instant.h"
#include "base/log.h"
#include "http/ready_body.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	TICK_MS = 250,          /* how often queues and slow connections are looked at */
	LOG_MS = 20,            /* how long a line of the log may wait for others */
	CROWDED_IDLE_MS = 1000, /* how long an idle connection may stay while the server is nearly full */
	LARGE_REPLY = 4 * 1024, /* bytes; of such, this many may be ready before a loop takes them */
	LARGE_REPLIES_MAX = 16,
};

void loop_wake(struct loop *loop)
{
	const uint64_t one = 1;
	ssize_t written = write(loop->wake, &one, sizeof(one));
	(void)written; /* it can only fail when it is full, and then it is readable anyway */
}

void loop_give_back(struct exchange *exchange)
{
	struct loop *loop = exchange->peer->loop;
	struct exchange *first = atomic_load_explicit(&loop->finished, memory_order_relaxed);
	do {
		exchange->next = first;
	} while (!atomic_compare_exchange_weak(&loop->finished, &first, exchange));
	/* Whoever put the first one there has woken the loop, and it has not yet come to take them. */
	if (first == NULL && atomic_load(&loop->asleep))
		loop_wake(loop);
}

/*
 * With thousands of clients workers are faster than the loop. The listings they have ready would take more
 * memory than all else, so they wait, and with them the requests in the lane, which take little.
 */
void loop_give_reply(struct exchange *exchange)
{
	const struct reply *reply = &exchange->reply;
	size_t length = reply->ready != NULL ? reply->ready->length : reply->body.length;
	exchange->took_room = length >= LARGE_REPLY;
	if (exchange->took_room)
		while (sem_wait(&exchange->peer->loop->room) != 0)
			;
	loop_give_back(exchange);
}

/* Resume what the workers have finished, the oldest first. */
static void take_finished(struct loop *loop)
{
	struct exchange *newest = atomic_exchange_explicit(&loop->finished, NULL, memory_order_acquire);
	struct exchange *oldest = NULL;
	while (newest != NULL) {
		struct exchange *next = newest->next;
		newest->next = oldest;
		oldest = newest;
		newest = next;
	}
	while (oldest != NULL) {
		struct exchange *next = oldest->next;
		if (oldest->took_room)
			sem_post(&loop->room);
		oldest->took_room = false;
		MHD_resume_connection(oldest->connection);
		oldest = next;
	}
}

/* How many of all connections it may have. */
static unsigned loop_share(const struct loop *loop)
{
	const struct server_settings *settings = &loop->server->settings;
	return settings->connections / settings->loops +
	       (loop->number < settings->connections % settings->loops);
}

/*
 * Cut off connections that are past their time. Closing is left to libmicrohttpd, which finds the socket at
 * its end. When the server is nearly full, idle connections go first.
 */
static void cut_slow(struct loop *loop, int64_t now_ms)
{
	const struct server_settings *settings = &loop->server->settings;
	bool crowded = loop->peer_count > loop_share(loop) / 10 * 9;
	int64_t idle_ms = settings->idle_seconds * (int64_t)1000;
	for (struct peer *peer = loop->peers; peer != NULL; peer = peer->next) {
		int64_t cut_at_ms = peer->cut_at_ms;
		if (peer->idle && crowded && idle_ms > CROWDED_IDLE_MS)
			cut_at_ms -= idle_ms - CROWDED_IDLE_MS;
		if (now_ms < cut_at_ms)
			continue;
		if (!peer->idle)
			tally_cut(loop->server->tally);
		peer->cut_at_ms = INT64_MAX; /* once is enough */
		shutdown(peer->socket, SHUT_RDWR);
	}
}

static void tick(struct loop *loop, int64_t now_ms)
{
	struct server *server = loop->server;
	if (loop->number == 0)
		for (enum lane lane = LANE_DATABASE; lane < LANES; lane++)
			work_queue_expire(server->lanes[lane], now_ms);
	cut_slow(loop, now_ms);
}

/* How long to wait for events: 0 when libmicrohttpd has work left over. */
static int wait_ms(struct loop *loop, int64_t now_ms, int64_t until_ms)
{
	int64_t wait = until_ms > now_ms ? until_ms - now_ms : 0;
	MHD_UNSIGNED_LONG_LONG wanted = 0;
	if (MHD_get_timeout(loop->daemon, &wanted) == MHD_YES && wanted < (MHD_UNSIGNED_LONG_LONG)wait)
		wait = (int64_t)wanted;
	return (int)wait;
}

/*
 * Sleep until something is to be done. Nothing is read from the eventfd: being edge-triggered, it wakes once
 * for each time that it is written.
 */
static void wait_for_work(struct loop *loop, int wait)
{
	struct epoll_event events[2];
	/* In this order, and sequentially consistent: who finishes now either sees us asleep or is seen. */
	atomic_store(&loop->asleep, true);
	if (atomic_load(&loop->finished) != NULL)
		wait = 0;
	epoll_wait(loop->epoll, events, 2, wait);
	atomic_store(&loop->asleep, false);
}

static void run(struct loop *loop)
{
	struct server *server = loop->server;
	bool quiesced = false;
	int64_t next_tick_ms = 0;
	int64_t flush_ms = INT64_MAX;
	log_hold();
	int64_t give_up_ms = INT64_MAX;
	for (;;) {
		int64_t now_ms = monotonic_ms();
		if (now_ms >= next_tick_ms) {
			tick(loop, now_ms);
			next_tick_ms = now_ms + TICK_MS;
		}
		if (!quiesced && atomic_load(&server->draining)) {
			/* The listening socket is the server's, which closes it when all loops have let go of
			 * it. */
			MHD_quiesce_daemon(loop->daemon);
			quiesced = true;
		}
		if (atomic_load(&server->ending)) {
			if (give_up_ms == INT64_MAX)
				give_up_ms = now_ms + server->settings.reply_seconds * (int64_t)1000;
			bool all_back = atomic_load(&loop->finished) == NULL;
			if ((loop->answering == 0 && all_back) || now_ms >= give_up_ms)
				return;
		}
		wait_for_work(loop, wait_ms(loop, now_ms, next_tick_ms < flush_ms ? next_tick_ms : flush_ms));
		loop->now_ms = monotonic_ms();
		loop->turn++;
		take_finished(loop);
		MHD_run(loop->daemon);
		if (log_holds() && flush_ms == INT64_MAX)
			flush_ms = loop->now_ms + LOG_MS;
		if (loop->now_ms >= flush_ms) {
			log_flush();
			flush_ms = INT64_MAX;
		}
	}
}

static void *loop_main(void *loop_pointer)
{
	struct loop *loop = loop_pointer;
	run(loop);
	MHD_stop_daemon(loop->daemon);
	log_flush();
	prepared_drop(&loop->prepared);
	while (loop->spare != NULL) {
		struct exchange *next = loop->spare->next;
		exchange_free(loop->spare);
		loop->spare = next;
	}
	return NULL;
}

static struct MHD_Daemon *start_daemon(struct loop *loop)
{
	enum { CONNECTION_BYTES = 16 * 1024 }; /* headers of a request and of its reply; more is 431 */
	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, exchange_on_access, loop,
		MHD_OPTION_LISTEN_SOCKET, loop->server->listener, MHD_OPTION_URI_LOG_CALLBACK,
		exchange_on_uri, loop, MHD_OPTION_UNESCAPE_CALLBACK, exchange_on_unescape, loop,
		MHD_OPTION_NOTIFY_COMPLETED, exchange_on_completed, loop, MHD_OPTION_NOTIFY_CONNECTION,
		exchange_on_connection, loop, MHD_OPTION_CONNECTION_LIMIT, loop_share(loop),
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}

void loop_join(struct loop *loop)
{
	pthread_join(loop->thread, NULL);
	close(loop->epoll);
	close(loop->wake);
	sem_destroy(&loop->room);
}

static void watch(int epoll, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events};
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		abort();
}

void loop_start(struct loop *loop)
{
	loop->daemon = start_daemon(loop);
	if (loop->daemon == NULL)
		abort();
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->epoll < 0 || loop->wake < 0 || sem_init(&loop->room, 0, LARGE_REPLIES_MAX) != 0)
		abort();
	watch(loop->epoll, MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, EPOLLIN);
	watch(loop->epoll, loop->wake, EPOLLIN | EPOLLET);

	/* Signals are main's business. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool started = pthread_create(&loop->thread, NULL, loop_main, loop) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!started)
		abort();
	char name[16];
	snprintf(name, sizeof(name), "loop-%u", loop->number % 1000);
	pthread_setname_np(loop->thread, name);
}
