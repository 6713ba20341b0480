/*
 * fetch - one HTTP call to a server elsewhere, finished before a deadline.
 *
 * A fetch_client keeps its connections open between calls. It belongs to one thread for
 * life: each worker owns one, none is ever shared, so nothing here locks. Calls block.
 *
 * What holds for every call: http and https only, the server's certificate and name are
 * verified, HTTP/2 where the server offers it, replies may come compressed, redirects
 * are not followed (an API that redirects is not the API we were told about), the reply
 * has a size limit, and everything together ends before the deadline: looking up the
 * name, connecting (5 s at most), TLS, waiting and reading. Proxy variables of the
 * environment are honoured as curl does.
 *
 * It never logs.
 */
#ifndef NET_FETCH_H
#define NET_FETCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/instant.h"

/* How a call ended. Only FETCH_OK brought a whole reply; its status may be anything. */
enum fetch_failure {
	FETCH_OK,
	FETCH_REFUSED, /* not sent: no such scheme, a malformed address, a line break in a header, or not a
			  public address */
	FETCH_CONNECT, /* no such name, or nobody answers there */
	FETCH_TLS,     /* no trust in the certificate, or no common protocol */
	FETCH_TIMEOUT, /* the deadline, or the connect limit, came first */
	FETCH_CUT,     /* the connection ended before the reply did */
	FETCH_TOO_BIG, /* the reply is larger than its limit */
	FETCH_STOPPED, /* the client was told to stop */
};

/* What to send. Everything is borrowed until fetch returns. */
struct fetch_request {
	const char *method;         /* "GET", "POST", "PATCH", "PUT" or "DELETE" */
	const char *url;            /* absolute, already percent-encoded */
	const char *bearer;         /* sent as `Authorization: Bearer ...`; NULL: none */
	const char *if_match;       /* sent as If-Match, with its quotes; NULL: none */
	const char *if_none_match;  /* sent as If-None-Match, with its quotes; NULL: none */
	const char *accept;         /* sent as Accept; NULL: anything */
	const char *content_type;   /* of the body; NULL when there is none */
	const char *const *headers; /* further ones, each "Name: value", NULL behind the last; NULL: none */
	const char *user;           /* sent as `Authorization: Basic ...` with password, or as Digest to a
				       server that takes nothing else (RFC 7616); NULL: not */
	const char *password;
	const char *body; /* NULL: none */
	size_t body_length;
	size_t reply_max;     /* largest reply in bytes, after decompression; > 0 */
	int64_t deadline;     /* as monotonic_ms; in the past: FETCH_TIMEOUT, nothing sent */
	bool public_only;     /* a stranger gave us the address: FETCH_REFUSED, nothing sent, if what its name
				 resolves to when the connection is made is not public (net/public_address.h).
				 The connection is a new one, and goes through no proxy */
	bool new_connection;  /* what cannot be repeated is not risked on a kept connection, which the server
				 may be ending just now; public_only has one anyway */
	bool uncompressed;    /* the reply is not to come compressed: who compresses it on the way makes its
				 ETag a weak one, which If-Match does not take */
	bool may_be_repeated; /* harmless if it is applied twice: a kept connection that turns
				 out dead is replaced and the request sent again. Otherwise
				 that ends as FETCH_CUT. */
};

struct fetch_reply {
	enum fetch_failure failure;
	bool sent;  /* the request may have reached the server. With a failure: it may have been applied */
	int status; /* HTTP status; 0 unless FETCH_OK */
	char *body; /* in the arena, NUL-terminated, "" if empty; NULL unless FETCH_OK */
	size_t body_length;  /* the body may hold NULs */
	char *location;      /* of a redirect: where to, absolute, in the arena; NULL: none */
	char *etag;          /* the ETag header with its quotes, in the arena; NULL: none */
	seconds retry_after; /* Retry-After, a date turned into seconds from now; 0: none. 0 .. 86400 */
	char detail[256];    /* with a failure: one line for the operator; never part of a request */
};

struct fetch_client;

/*
 * Set the library up for the process. Call once in main before the first thread starts;
 * false if that fails. fetch_global_end frees it after the last client is gone.
 */
bool fetch_global_begin(void);
void fetch_global_end(void);

/*
 * A client for one thread. No connection is made yet.
 *
 * user_agent  "bookingd/1.0"; copied.
 * stop        when it becomes true, a running call ends with FETCH_STOPPED within about a
 *             second and later ones at once; any thread may set it. NULL: never.
 *             Must outlive the client.
 */
struct fetch_client *fetch_client_new(const char *user_agent, const atomic_bool *stop);

/* Close its connections. NULL is fine. */
void fetch_client_free(struct fetch_client *client);

/*
 * Make the call and wait for its end. Fills *reply whatever happens; what it points to lives in
 * `mem`. Returns reply->failure.
 */
enum fetch_failure fetch(struct fetch_client *client, struct arena *mem, const struct fetch_request *request,
			 struct fetch_reply *reply);

/* "ok", "connect", "timeout"...: for metrics and log lines. */
const char *fetch_failure_name(enum fetch_failure failure);

/*
 * `text` percent-encoded but for the unreserved characters of RFC 3986 section 2.3, so
 * that it is one path segment, one query value or one form value.
 */
char *fetch_encode(struct arena *mem, const char *text);

/* The version of libcurl and what it was built on, as it puts it. Static text. */
const char *fetch_library_version(void);

#endif
