/*
 * booking_server - the floor for a booking's processor time: libmicrohttpd on as many loops as the daemon
 * has, blocking workers with a connection each, one prepared statement for each request, and nothing else.
 *
 * booking_server <loops> <workers> <first> <statement>: the statement, a file, has one parameter, the number
 * of the request, counted from <first>. A request is answered with a body of 1,000 bytes, as 201 if the
 * statement gave a row whose first column is "booked", else as 409. The database is that of DATABASE_URL.
 * Prints its port; SIGTERM ends it.
 * What the daemon takes beyond this is its own: identity, JSON, rules, limits, log.
 */
#include <libpq-fe.h>
#include <microhttpd.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOOPS_MAX = 16, WORKERS_MAX = 256, REPLY_BYTES = 1000, STATEMENT_BYTES_MAX = 16 * 1024 };

struct job {
	struct job *next;
	struct MHD_Connection *connection;
	struct loop *loop;
	bool done;
	bool booked;
};

struct loop {
	int wake;
	struct job *_Atomic finished;
};

static volatile sig_atomic_t ended;
static int listener;
static char statement[STATEMENT_BYTES_MAX];
static struct MHD_Response *reply;
static atomic_long number;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came = PTHREAD_COND_INITIALIZER;
/* under the lock */
static struct job *first;
static struct job **last = &first;

static void end(int received)
{
	(void)received;
	ended = 1;
}

static bool book(PGconn *connection)
{
	char text[24];
	snprintf(text, sizeof(text), "%ld", atomic_fetch_add(&number, 1));
	const char *const values[] = {text};
	PGresult *result = PQexecPrepared(connection, "book", 1, values, NULL, NULL, 1);
	bool booked = PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), "booked") == 0;
	PQclear(result);
	return booked;
}

static void give_back(struct job *job)
{
	struct loop *loop = job->loop;
	struct job *others = atomic_load(&loop->finished);
	do {
		job->next = others;
	} while (!atomic_compare_exchange_weak(&loop->finished, &others, job));
	const uint64_t one = 1;
	if (others == NULL && write(loop->wake, &one, sizeof(one)) < 0)
		abort();
}

static void *work(void *connection)
{
	for (;;) {
		pthread_mutex_lock(&lock);
		while (first == NULL)
			pthread_cond_wait(&came, &lock);
		struct job *job = first;
		first = job->next;
		if (first == NULL)
			last = &first;
		pthread_mutex_unlock(&lock);
		job->booked = book(connection);
		job->done = true;
		give_back(job);
	}
	return NULL;
}

static enum MHD_Result answer(void *loop_pointer, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **job_pointer)
{
	(void)url;
	(void)method;
	(void)version;
	(void)upload;
	struct job *job = *job_pointer;
	if (job == NULL) {
		*job_pointer = calloc(1, sizeof(*job));
		return *job_pointer != NULL ? MHD_YES : MHD_NO;
	}
	if (*upload_size > 0) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (job->done)
		return MHD_queue_response(connection, job->booked ? MHD_HTTP_CREATED : MHD_HTTP_CONFLICT,
					  reply);
	job->connection = connection;
	job->loop = loop_pointer;
	MHD_suspend_connection(connection);
	pthread_mutex_lock(&lock);
	*last = job;
	last = &job->next;
	pthread_cond_signal(&came);
	pthread_mutex_unlock(&lock);
	return MHD_YES;
}

static void completed(void *loop, struct MHD_Connection *connection, void **job,
		      enum MHD_RequestTerminationCode how)
{
	(void)loop;
	(void)connection;
	(void)how;
	free(*job);
	*job = NULL;
}

static void watch(int epoll, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events};
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		abort();
}

/* As src/http/loop.c has it. It ends with the process: the workers are in the middle of something. */
static void *serve(void *unused)
{
	(void)unused;
	struct loop loop = {.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	struct MHD_Daemon *daemon =
		MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, answer, &loop,
				 MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_NOTIFY_COMPLETED, completed,
				 NULL, MHD_OPTION_CONNECTION_LIMIT, 4096U, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				 (size_t)16 * 1024, MHD_OPTION_END);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	if (daemon == NULL || epoll < 0 || loop.wake < 0)
		abort();
	watch(epoll, MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, EPOLLIN);
	watch(epoll, loop.wake, EPOLLIN | EPOLLET);
	while (!ended) {
		struct epoll_event events[2];
		MHD_UNSIGNED_LONG_LONG left = 0;
		int wait = MHD_get_timeout(daemon, &left) == MHD_YES && left < 250 ? (int)left : 250;
		epoll_wait(epoll, events, 2, wait);
		struct job *job = atomic_exchange(&loop.finished, NULL);
		while (job != NULL) {
			struct job *next = job->next;
			MHD_resume_connection(job->connection);
			job = next;
		}
		MHD_run(daemon);
	}
	return NULL;
}

static PGconn *connect_prepared(void)
{
	PGconn *connection = PQconnectdb(getenv("DATABASE_URL"));
	PGresult *prepared = PQprepare(connection, "book", statement, 0, NULL);
	if (PQresultStatus(prepared) != PGRES_COMMAND_OK) {
		fprintf(stderr, "%s\n", PQerrorMessage(connection));
		exit(1);
	}
	PQclear(prepared);
	return connection;
}

static bool read_statement(const char *path)
{
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return false;
	size_t length = fread(statement, 1, sizeof(statement) - 1, file);
	return fclose(file) == 0 && length > 0 && length < sizeof(statement) - 1;
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	int loops = atoi(argv[1]);
	int workers = atoi(argv[2]);
	atomic_store(&number, atol(argv[3]));
	if (loops < 1 || loops > LOOPS_MAX || workers < 1 || workers > WORKERS_MAX ||
	    !read_statement(argv[4]))
		return 2;
	signal(SIGPIPE, SIG_IGN);
	struct sigaction action = {.sa_handler = end};
	sigaction(SIGTERM, &action, NULL);

	static char body[REPLY_BYTES];
	memset(body, 'x', sizeof(body));
	reply = MHD_create_response_from_buffer(sizeof(body), body, MHD_RESPMEM_PERSISTENT);
	MHD_add_response_header(reply, "Content-Type", "application/json");

	struct sockaddr_in address = {.sin_family = AF_INET};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	socklen_t length = sizeof(address);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0 ||
	    listen(listener, 4096) != 0 || getsockname(listener, (struct sockaddr *)&address, &length) != 0)
		return 1;

	pthread_t thread;
	for (int i = 0; i < workers; i++)
		if (pthread_create(&thread, NULL, work, connect_prepared()) != 0)
			return 1;
	pthread_t threads[LOOPS_MAX];
	for (int i = 0; i < loops; i++)
		if (pthread_create(&threads[i], NULL, serve, NULL) != 0)
			return 1;
	printf("%u\n", ntohs(address.sin_port));
	fflush(stdout);
	for (int i = 0; i < loops; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
