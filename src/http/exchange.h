/*
 * exchange - one request and its reply on the way through the server. Private to src/http.
 *
 * Everything here runs on the loop thread that owns the connection; only what lies between lane_push and
 * loop_give_back runs on a worker, which then holds the exchange alone.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "http/reply.h"
#include "http/request.h"
#include "http/server.h"
#include "http/work_queue.h"

#include "base/siphash.h"

#include <microhttpd.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct server;

/* A TCP connection, from accept to close. In its loop's list, to be cut off when it is too slow. */
struct peer {
	struct peer *next;
	struct peer **previous; /* what points to this peer */
	struct loop *loop;
	int socket;
	bool idle;                 /* between two requests */
	bool unwanted;             /* one too many from its address, or refused by libmicrohttpd: shut down */
	struct exchange *exchange; /* the request that is being read or answered; NULL: none */
	unsigned ended_turn;       /* the loop's when the last request ended */
	int64_t cut_at_ms;         /* monotonic; INT64_MAX while a request is being worked on */
	struct address address;
	atomic_uint *of_address; /* how many there are from there */
};

/* Counters of connections. Two addresses may share one, and then its limit; nobody can know which. */
enum { ADDRESSES = 1024 };

enum { UNWANTED_BODY_MAX = 64 * 1024 }; /* bytes of body that a call which takes none lets pass */

enum stage {
	STAGE_TARGET,   /* the request line has come; libmicrohttpd still reads the target in it */
	STAGE_HEADERS,  /* the headers are being read */
	STAGE_BODY,     /* the headers have come; the body is being read, or thrown away */
	STAGE_WORKING,  /* a lane has it, or it has been given back and not yet been resumed */
	STAGE_REPLYING, /* libmicrohttpd has the reply */
	STAGE_OVER,     /* answered past libmicrohttpd, which closes the connection */
};

/*
 * What libmicrohttpd was given for a body that many replies share, or for a 304. Making one with its headers
 * costs more than anything else in an answer from memory, so the last one is kept, and sent again when the
 * next reply says the same but for the headers that are its alone.
 */
struct prepared {
	struct MHD_Response *response; /* NULL: none */
	const char *bytes;             /* its body; NULL: none */
	size_t length;
	struct ready_body *ready; /* whose bytes these are; holds a reference */
};

struct exchange {
	struct request request;
	struct reply reply;
	struct arena mem;
	struct buffer incoming; /* the body */
	struct work work;
	struct exchange *next; /* in the loop's lists of finished and of spare ones */
	bool took_room;        /* of the loop's */
	struct MHD_Connection *connection;
	struct peer *peer;
	enum stage stage;
	bool refused;       /* the reply is made already: the body is thrown away */
	bool delivered;     /* of STAGE_OVER */
	const char *target; /* where the request's target lies in libmicrohttpd's memory, and its length */
	size_t target_length;
	struct prepared prepared; /* what is being sent, if the next reply may use it */
	size_t discarded;         /* bytes of a body that nobody wants */
	size_t reply_bytes;
	size_t head_length; /* of the body that a HEAD leaves out, if it was written in portions */
	/* Of a body in portions: what the last one asked for came to, and how much of it has been sent. */
	enum reply_portion portion;
	size_t portion_sent;
	unsigned reply_status; /* as sent; 0 while nothing was */
	int64_t began_us;      /* when the headers had come */
	int64_t waited_us;     /* for a worker; negative: no lane was needed */
};

/* What a lane's workers are opened with. */
struct lane_owner {
	struct server *server;
	enum lane lane;
};

struct loop {
	struct server *server;
	struct MHD_Daemon *daemon;
	pthread_t thread;
	unsigned number;
	int epoll;
	int wake; /* eventfd: written when `finished` was empty before and the loop is asleep */
	struct exchange *_Atomic finished;
	atomic_bool asleep; /* or about to be: looks at `finished` once more before it is */
	sem_t room;         /* for large replies in `finished` */
	struct exchange *spare;
	unsigned spare_count;
	struct prepared prepared; /* by the last reply; nobody is sending it now */
	struct peer *peers;
	unsigned peer_count;
	unsigned turn;      /* counts them */
	int64_t now_ms;     /* monotonic, of this turn */
	unsigned answering; /* exchanges past STAGE_BODY */
};

struct server {
	struct server_settings settings;
	struct router *router;
	struct work_queue *lanes[LANES]; /* none for LANE_LOOP */
	struct lane_owner lane_owners[LANES];
	int listener;
	uint16_t port;
	atomic_bool draining; /* no new work */
	atomic_bool ending;   /* the lanes are empty: finish the replies, then end the loops */
	uint64_t id_seed;
	atomic_uint_fast64_t id_count;
	struct tally *tally;
	struct siphash_key address_secret;
	atomic_uint connections_of[ADDRESSES];
	struct loop loops[];
};

/*
 * loop.c: start the loop's thread, wait for its end once `ending` is set, wake it, and give it a finished
 * exchange from any thread; or, from a worker, one whose reply may be large: then it waits while there are
 * many.
 */
void loop_start(struct loop *loop);
void loop_join(struct loop *loop);
void loop_wake(struct loop *loop);
void loop_give_back(struct exchange *exchange);
void loop_give_reply(struct exchange *exchange);

/* exchange.c: libmicrohttpd's callbacks. */
void *exchange_on_uri(void *loop, const char *uri, struct MHD_Connection *connection);
enum MHD_Result exchange_on_access(void *loop, struct MHD_Connection *connection, const char *url,
				   const char *method, const char *version, const char *upload,
				   size_t *upload_size, void **exchange);
void exchange_on_completed(void *loop, struct MHD_Connection *connection, void **exchange,
			   enum MHD_RequestTerminationCode code);
void exchange_on_connection(void *loop, struct MHD_Connection *connection, void **peer,
			    enum MHD_ConnectionNotificationCode code);
size_t exchange_on_unescape(void *loop, struct MHD_Connection *connection, char *text);
struct exchange *exchange_begin(struct peer *peer, struct MHD_Connection *connection);
void exchange_end(struct exchange *exchange, bool delivered);
void exchange_free(struct exchange *exchange);

/*
 * refusal.c: what libmicrohttpd refuses by itself is answered by us. refusal_init once, before any daemon:
 * false if the library's MHD_queue_response cannot be found. queue_reply is that function.
 * refusal_of_silence: at the end of a connection without a request.
 */
bool refusal_init(void);
void refusal_of_silence(struct peer *peer, struct MHD_Connection *connection);
enum MHD_Result queue_reply(struct MHD_Connection *connection, unsigned status,
			    struct MHD_Response *response);

/*
 * admission.c: read the headers, find the route; a request that is refused by its head alone has its reply
 * made and `refused` set, and its body is thrown away.
 */
void exchange_admit(struct exchange *exchange, const char *method, const char *version);
const char *exchange_id(struct exchange *exchange);
void exchange_refuse(struct exchange *exchange, const struct problem *problem);

/* send.c: set the headers that every reply bears; hand the reply to libmicrohttpd. */
void exchange_complete_headers(struct exchange *exchange);
enum MHD_Result exchange_send(struct exchange *exchange);
void prepared_drop(struct prepared *prepared);

/* cors.c: the headers a browser asks for before it lets a page of another origin see the reply. */
void cors_apply(const struct server_settings *settings, const struct request *request, struct reply *reply);
void cors_preflight(const struct server_settings *settings, const struct request *request, const char *allow,
		    struct reply *reply);

/* tally.c: counting and logging what was answered. */
struct tally *tally_new(struct server *server);
void tally_free(struct tally *tally);
void tally_exchange(struct tally *tally, const struct exchange *exchange, bool delivered);
void tally_cut(struct tally *tally);
void tally_connection(struct tally *tally, int change); /* 1 or -1 */

#endif
