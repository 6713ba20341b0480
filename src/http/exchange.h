/*
 * exchange - one request and its reply on the way through the server. Private to src/http.
 *
 * Everything here runs on the loop thread that owns the connection; only what lies between work_queue_push
 * and mailbox_put runs on a worker, which then holds the exchange alone.
 *
 *     target -> headers -> body -> [working ->] replying -> end
 *                  any of these -> over: answered past libmicrohttpd (refusal.c)
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "loop.h"
#include "peer.h"

#include "http/problem.h"
#include "http/reply.h"
#include "http/request.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UNWANTED_BODY_MAX = 64 * 1024 }; /* bytes of body that a call which takes none lets pass */

enum stage {
	STAGE_TARGET,   /* the request line has come; libmicrohttpd still reads the target in it */
	STAGE_HEADERS,  /* the headers are being read */
	STAGE_BODY,     /* the headers have come; the body is being read, or thrown away */
	STAGE_WORKING,  /* a lane has it, or it has been given back and not yet been resumed */
	STAGE_REPLYING, /* libmicrohttpd has the reply */
	STAGE_OVER,     /* answered past libmicrohttpd, which closes the connection */
};

struct exchange {
	struct request request;
	struct reply reply;
	struct arena mem;
	struct buffer incoming; /* the body */
	struct work work;
	struct letter letter;
	struct exchange *next_spare;
	struct MHD_Connection *connection;
	struct peer *peer;
	enum stage stage;
	bool refused;       /* the reply is made already: the body is thrown away */
	bool delivered;     /* of STAGE_OVER */
	const char *target; /* where the request's target lies in libmicrohttpd's memory, and its length */
	size_t target_length;
	const char *authority; /* of a target that has one, http://authority/path; otherwise NULL */
	size_t discarded;      /* bytes of a body that nobody wants */
	size_t reply_bytes;
	size_t head_length; /* of the body that a HEAD leaves out, if it was written in portions */
	/* Of a body in portions: what the last one asked for came to, and how much of it has been sent. */
	enum reply_portion portion;
	size_t portion_sent;
	unsigned reply_status; /* as sent; 0 while nothing was */
	int64_t began_us;      /* when the headers had come */
	int64_t waited_us;     /* for a worker; negative: no lane was needed */
};

/* ---- exchange.c: its life ---- */

/* A request begins on the connection: an exchange for it, which the peer then has. */
struct exchange *exchange_begin(struct peer *peer, struct MHD_Connection *connection);

/* libmicrohttpd's access handler, as long as the request lasts. MHD_NO closes the connection. */
enum MHD_Result exchange_advance(struct exchange *exchange, const char *method, const char *version,
				 const char *upload, size_t *upload_size);

/* It is over, however that came: count it, log it, and take it back. */
void exchange_end(struct exchange *exchange, bool delivered);

/* Free the exchanges that a loop has spare, at its end. */
void exchange_free_spare(struct loop *loop);

/* ---- admission.c: what the head decides ---- */

/*
 * Read the headers and find the route. A request that is refused by its head alone has its reply made and
 * `refused` set. `method` and `version` are libmicrohttpd's own pointers: the headers lie behind them.
 */
void exchange_admit(struct exchange *exchange, const char *method, const char *version);

/* Give the exchange the client's X-Request-Id if that is sane, else one of its own. */
void exchange_name(struct exchange *exchange);

/* ---- send.c: the reply ---- */

/* Refuse; `detail` and `field` may be NULL. */
void exchange_refuse(struct exchange *exchange, enum problem_code code, const char *detail,
		     const char *field);

/* Set the headers that every reply bears, unless a handler has set its own. */
void exchange_complete_headers(struct exchange *exchange);

/* Hand the reply to libmicrohttpd. */
enum MHD_Result exchange_send(struct exchange *exchange);

/* From a worker: give the exchange back to its loop. Blocks while many large replies wait there. */
void exchange_give_back(struct exchange *exchange);

static inline struct exchange *exchange_of_work(struct work *work)
{
	return (struct exchange *)((char *)work - offsetof(struct exchange, work));
}

static inline struct exchange *exchange_of_letter(struct letter *letter)
{
	return (struct exchange *)((char *)letter - offsetof(struct exchange, letter));
}

/* ---- refusal.c: what libmicrohttpd refuses by itself ---- */

/* See library.h. */
enum MHD_Result refusal_of_library(struct MHD_Connection *connection, unsigned status,
				   struct MHD_Response *page);

/* Answer a request of which libmicrohttpd will read no more, and shut the connection down. */
void refusal_of_unread(struct exchange *exchange);

/*
 * Refuse a request that takes so much of the connection's memory that libmicrohttpd could not send a reply.
 * True: it is answered, and the connection shut down.
 */
bool refusal_without_room(struct exchange *exchange);

/* At the end of a connection that has no request: log it if libmicrohttpd closed it for what it was sent. */
void refusal_of_silence(struct peer *peer, struct MHD_Connection *connection);

/* ---- connection.c: libmicrohttpd's callbacks; `loop` is what they were registered with ---- */

void *connection_on_uri(void *loop, const char *uri, struct MHD_Connection *connection);
size_t connection_on_unescape(void *loop, struct MHD_Connection *connection, char *text);
enum MHD_Result connection_on_access(void *loop, struct MHD_Connection *connection, const char *url,
				     const char *method, const char *version, const char *upload,
				     size_t *upload_size, void **exchange);
void connection_on_completed(void *loop, struct MHD_Connection *connection, void **exchange,
			     enum MHD_RequestTerminationCode code);
void connection_on_change(void *loop, struct MHD_Connection *connection, void **peer,
			  enum MHD_ConnectionNotificationCode code);

#endif
