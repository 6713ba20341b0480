#include "loop.h"

#include "exchange.h"
#include "tally.h"

#include "base/die.h"
#include "base/instant.h"
#include "base/log.h"
#include "base/thread.h"

#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	TICK_MS = 250,          /* how often queues and slow connections are looked at */
	CROWDED_IDLE_MS = 1000, /* how long an idle connection may stay while the server is nearly full */
	FRUITLESS_TURNS =
		64, /* turns that nothing came of before it is asked why, and they are slowed down */
	FRUITLESS_WAIT_MS = 1,
};

/* Resume what the workers have finished, the oldest first. */
static void take_finished(struct loop *loop)
{
	for (struct letter *letter = mailbox_take(&loop->mailbox); letter != NULL;) {
		struct letter *next = letter->next;
		MHD_resume_connection(exchange_of_letter(letter)->connection);
		letter = next;
	}
}

/* How many of all connections it may have. */
static unsigned loop_share(const struct loop *loop)
{
	const struct server_settings *settings = &loop->common->settings;
	return settings->connections / settings->loops +
	       (loop->number < settings->connections % settings->loops);
}

/*
 * Cut off connections that are past their time. Closing is left to libmicrohttpd, which finds the socket at
 * its end. When the server is nearly full, idle connections go first.
 */
static void cut_slow(struct loop *loop, int64_t now_ms)
{
	const struct server_settings *settings = &loop->common->settings;
	bool crowded = loop->peer_count > loop_share(loop) / 10 * 9;
	int64_t idle_ms = settings->idle_seconds * (int64_t)1000;
	for (struct peer *peer = loop->peers; peer != NULL; peer = peer->next) {
		int64_t cut_at_ms = peer->cut_at_ms;
		if (peer->idle && crowded && idle_ms > CROWDED_IDLE_MS)
			cut_at_ms -= idle_ms - CROWDED_IDLE_MS;
		if (now_ms < cut_at_ms)
			continue;
		if (!peer->idle)
			tally_cut(loop->common->tally);
		peer->cut_at_ms = INT64_MAX; /* once is enough */
		shutdown(peer->socket, SHUT_RDWR);
	}
}

/*
 * A chunk's first line that does not fit into the connection's memory is neither read on nor refused by
 * libmicrohttpd 0.9.75: it asks to be run again at once, for as long as the connection lasts. What is seen
 * from here is bytes that wait, and still wait many turns later with no byte of the body read between.
 * Where the line just fills the memory none wait: the turns are slowed down until the connection is cut off.
 */
static void refuse_unread(struct loop *loop)
{
	for (struct peer *peer = loop->peers; peer != NULL; peer = peer->next) {
		const struct exchange *exchange = peer->exchange;
		int waiting = 0;
		if (exchange == NULL || exchange->stage != STAGE_BODY || peer->unwanted ||
		    ioctl(peer->socket, FIONREAD, &waiting) != 0 || waiting == 0) {
			peer->left_unread = false;
			continue;
		}
		const size_t read = exchange->incoming.length + exchange->discarded;
		if (!peer->left_unread || peer->unread_after != read) {
			peer->left_unread = true;
			peer->unread_turn = loop->turn;
			peer->unread_after = read;
		} else if (loop->turn - peer->unread_turn >= FRUITLESS_TURNS) {
			refusal_of_unread(peer->exchange);
		}
	}
}

static void tick(struct loop *loop, int64_t now_ms)
{
	struct common *common = loop->common;
	if (loop->number == 0)
		for (enum lane lane = LANE_DATABASE; lane < LANES; lane++)
			work_queue_expire(common->lanes[lane], now_ms);
	cut_slow(loop, now_ms);
	refuse_unread(loop);
}

/* How long to wait for events: 0 when libmicrohttpd has work left over. */
static int wait_ms(struct loop *loop, int64_t now_ms)
{
	int64_t wait = loop->next_tick_ms > now_ms ? loop->next_tick_ms - now_ms : 0;
	MHD_UNSIGNED_LONG_LONG wanted = 0;
	if (MHD_get_timeout(loop->daemon, &wanted) == MHD_YES && wanted < (MHD_UNSIGNED_LONG_LONG)wait)
		wait = (int64_t)wanted;
	return (int)wait;
}

/*
 * Sleep until something is to be done. Nothing is read from the eventfd: being edge-triggered, it wakes once
 * for each time that it is written. False: nothing has woken it.
 */
static bool wait_for_work(struct loop *loop, int wait)
{
	struct epoll_event events[2];
	const bool letters = !mailbox_asleep(&loop->mailbox);
	const int count = epoll_wait(loop->epoll, events, 2, letters ? 0 : wait);
	mailbox_awake(&loop->mailbox);
	return letters || count > 0;
}

bool loop_turn(struct loop *loop, int most_ms)
{
	struct common *common = loop->common;
	int64_t now_ms = monotonic_ms();
	if (now_ms >= loop->next_tick_ms) {
		tick(loop, now_ms);
		loop->next_tick_ms = now_ms + TICK_MS;
	}
	if (!loop->quiesced && atomic_load(&common->leaving)) {
		/* The listening socket is the server's, which closes it when all loops have let go of it. */
		MHD_quiesce_daemon(loop->daemon);
		loop->quiesced = true;
		atomic_fetch_add(&common->deaf, 1);
	}
	if (atomic_load(&common->ending)) {
		if (loop->give_up_ms == 0)
			loop->give_up_ms = now_ms + common->settings.reply_seconds * (int64_t)1000;
		bool all_back = !mailbox_has_letter(&loop->mailbox);
		if ((loop->answering == 0 && all_back) || now_ms >= loop->give_up_ms)
			return false;
	}
	int wait = wait_ms(loop, now_ms);
	const bool asked = wait == 0;
	if (asked && loop->fruitless >= FRUITLESS_TURNS)
		wait = FRUITLESS_WAIT_MS;
	const bool woken = wait_for_work(loop, wait < most_ms ? wait : most_ms);
	loop->now_ms = monotonic_ms();
	atomic_store_explicit(&loop->turned_ms, loop->now_ms, memory_order_relaxed);
	loop->turn++;
	loop->called = false;
	take_finished(loop);
	MHD_run(loop->daemon);
	loop->fruitless = asked && !woken && !loop->called ? loop->fruitless + 1 : 0;
	if (loop->fruitless == FRUITLESS_TURNS)
		refuse_unread(loop);
	log_flush();
	return true;
}

static void *loop_main(void *loop_pointer)
{
	struct loop *loop = loop_pointer;
	struct log_batch batch = {0};
	log_gather(&batch);
	while (loop_turn(loop, TICK_MS))
		;
	/* Here, because the callbacks that this leads to belong to this thread. */
	loop_stop(loop);
	log_gather(NULL);
	return NULL;
}

static struct MHD_Daemon *start_daemon(struct loop *loop)
{
	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, connection_on_access, loop,
		MHD_OPTION_LISTEN_SOCKET, loop->common->listener, MHD_OPTION_URI_LOG_CALLBACK,
		connection_on_uri, loop, MHD_OPTION_UNESCAPE_CALLBACK, connection_on_unescape, loop,
		MHD_OPTION_NOTIFY_COMPLETED, connection_on_completed, loop, MHD_OPTION_NOTIFY_CONNECTION,
		connection_on_change, loop, MHD_OPTION_CONNECTION_LIMIT, loop_share(loop),
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}

static void watch(int epoll, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events};
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		die("epoll_ctl failed");
}

void loop_open(struct loop *loop)
{
	loop->daemon = start_daemon(loop);
	if (loop->daemon == NULL)
		die("libmicrohttpd could not start");
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0 || !mailbox_open(&loop->mailbox))
		die("no file descriptor is left");
	watch(loop->epoll, MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, EPOLLIN);
	watch(loop->epoll, loop->mailbox.wake, EPOLLIN | EPOLLET);
}

void loop_stop(struct loop *loop)
{
	MHD_stop_daemon(loop->daemon);
	exchange_free_spare(loop);
}

void loop_start(struct loop *loop)
{
	loop_open(loop);
	char name[THREAD_NAME_BYTES];
	snprintf(name, sizeof(name), "loop-%u", loop->number % 1000);
	loop->thread = thread_start(name, loop_main, loop);
}

void loop_close(struct loop *loop)
{
	close(loop->epoll);
	mailbox_close(&loop->mailbox);
}

void loop_join(struct loop *loop)
{
	thread_join(loop->thread);
	loop_close(loop);
}
