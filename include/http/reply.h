/*
 * reply - what a handler answers.
 *
 * Starts as an empty 500; a handler sets the status and either writes a body into a bounded buffer (or
 * portion by portion, see reply_continue) or lends a ready body that many replies share. The server adds
 * Date, Content-Length, X-Request-Id, CORS headers, nosniff and (unless the handler sets another)
 * `Cache-Control: no-store`, and leaves the body out for HEAD. Belongs to the thread that holds the request;
 * nothing here blocks.
 */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "base/buffer.h"
#include "http/problem.h"
#include "http/request.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	REPLY_BODY_MAX = 8 * 1024 * 1024, /* the most bytes a written body may have */
	REPLY_HEADERS_MAX = 20,
	REPLY_ECHO_MAX = 4 * 1024, /* of the request's address, in one of the reply's headers */
};

struct ready_body;

/* What came of writing one more portion of a long body. */
enum reply_portion {
	REPLY_MORE,   /* there is more to come */
	REPLY_LAST,   /* that was all */
	REPLY_BROKEN, /* the rest cannot be had */
};

struct reply_header {
	const char *name;
	const char *value;
};

struct reply {
	struct arena *mem; /* the request's */
	unsigned status;
	const char *code; /* the problem's code, for logs and metrics; NULL when all is well */
	struct buffer body;
	bool json; /* the body is, and ends with a newline when it is sent: terminals like it */
	struct ready_body *ready; /* sent instead of `body` when set, but with a 304; holds a reference */
	bool ready_gzip;          /* send its compressed twin */
	enum reply_portion (*portion)(void *owner, void *worker); /* see reply_continue; NULL: none */
	void *portion_owner;
	bool close; /* end the connection after this reply */
	struct reply_header headers[REPLY_HEADERS_MAX];
	size_t header_count;
};

/*
 * Set a header; the same name again replaces the value. Name and value are copied. A value that
 * holds CR, LF or another control character is an attempt at header injection: the header is left
 * out and the call returns false.
 */
bool reply_header(struct reply *reply, const char *name, const char *value);
bool reply_header_printf(struct reply *reply, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* As reply_header for a name and a sane value that live as long as the reply: literals, the request's arena.
 */
void reply_header_literal(struct reply *reply, const char *name, const char *value);

/* The value set so far, or NULL. */
const char *reply_get_header(const struct reply *reply, const char *name);

/* Add a name, a literal, to Vary. */
void reply_vary(struct reply *reply, const char *name);

/* Set a status without a body: 204, 302. */
void reply_empty(struct reply *reply, unsigned status);

/*
 * Begin a body of that media type and return the buffer to write it into, empty. A body that
 * overflows REPLY_BODY_MAX is answered by the server with a 500 problem.
 */
struct buffer *reply_begin(struct reply *reply, unsigned status, const char *content_type);

/* As reply_begin with application/json. */
struct buffer *reply_begin_json(struct reply *reply, unsigned status);

/*
 * The body that was begun is only the first portion: once the client has taken it, `portion` is called with
 * `owner` and the worker's resource, to write the next one into the same buffer, emptied, and so on until it
 * says REPLY_LAST. So a body of any length never lies in memory whole, and a slow client costs one portion.
 *
 * For routes of a lane, from the handle hook; `portion` runs on a worker of that lane and may block. The body
 * goes out chunked. A client whose body ends early (REPLY_BROKEN, a full lane, a daemon that stops) finds the
 * connection closed without the end that chunks have, so it cannot take the part for the whole.
 */
void reply_continue(struct reply *reply, enum reply_portion (*portion)(void *owner, void *worker),
		    void *owner);

/* What an RFC 9457 problem says. Leave out (zero) what does not apply. */
struct problem {
	enum problem_code code;
	unsigned status;      /* 0: the code's own */
	const char *detail;   /* one sentence for a person; NULL: the code's own */
	const char *field;    /* the body's or query's name at fault */
	unsigned retry_after; /* seconds; sent as Retry-After too */
	const char *appointment_id;
};

/*
 * Answer with application/problem+json. `type` is made of the code, `title` is the status's phrase. Whatever
 * body was begun is dropped, headers set before stay. 429 and 503 without retry_after say 1 second.
 */
void reply_problem(struct reply *reply, const struct problem *problem);

/* The same for a code and what belongs to it. `detail` NULL: the code's sentence; `field` may be NULL. */
void reply_problem_of(struct reply *reply, enum problem_code code, const char *detail, const char *field);

/*
 * Answer with a ready body: `status`, or in place of 200 a 304 when the request's If-None-Match names its
 * ETag (whose conditions are for what succeeds, RFC 9110, 13.2.1). Takes a reference of its own. Sends the
 * compressed twin if there is one and the client takes gzip; sets Content-Type, ETag, Content-Encoding and
 * Vary, and Cache-Control to "private, no-cache" if the handler has not set it.
 */
void reply_ready(struct reply *reply, unsigned status, const struct request *request,
		 struct ready_body *ready);

/*
 * For the server and for tests: make a reply that is zeroed, or that was reset, an empty 500; and let go of
 * what it holds, but for memory that the next one will use.
 */
void reply_init(struct reply *reply, struct arena *mem);
void reply_reset(struct reply *reply);

#endif
