/*
 * request - what a handler sees of an HTTP request.
 *
 * The server makes it, routes it and reads the body before any handler runs, so a handler never
 * sees a body that is too big, of the wrong type, or a malformed path. All pointers live in
 * `mem` or in the connection until the reply has gone out: copy what must outlive that. One thread
 * at a time holds a request: first the loop thread, then perhaps one worker. Nothing here blocks.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/arena.h"
#include "base/instant.h"
#include "http/address.h"
#include "http/router.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	REQUEST_QUERY_MAX = 32, /* query parameters in one request */
	REQUEST_ID_BYTES = 65,  /* the longest X-Request-Id we take over, with its NUL */
	REQUEST_QUALITY_MAX = 1000,
};

struct query_parameter {
	const char *name;  /* percent-decoded, NUL-terminated UTF-8 */
	const char *value; /* likewise; "" when there was no `=` */
};

struct request_header {
	const char *name;  /* in the letter case it was sent in */
	const char *value; /* "" if empty */
};

struct exchange; /* the server's own */

struct request {
	struct arena *mem;         /* for whatever the handler needs; freed after the reply */
	const struct route *route; /* its endpoint says who may call */
	enum http_method method;   /* the route's: PUT also when POST was sent for it */
	bool draining;             /* the daemon is stopping; only ROUTE_DRAINING routes see it */
	bool head;                 /* HEAD: answer as for GET, the server leaves the body out */
	enum lane lane;            /* where it goes when it is handed over; the early hook decides */
	const char *path;          /* as sent, still encoded, without the query */
	const char *query_text;    /* as sent, after the `?`; "" without */
	const char *id;            /* X-Request-Id: the client's if sane, else a new one */
	struct address address; /* who connected, to the outermost of the trusted proxies if there are any */
	instant now;            /* read once, when the headers had come */
	int64_t complete_ms;    /* monotonic, when all of it had come; read once too */
	struct route_parameters parameters;
	struct query_parameter query[REQUEST_QUERY_MAX];
	size_t query_count;
	const struct request_header *headers;
	size_t header_count;
	const char *body; /* NUL-terminated after body_length bytes; "" without a body */
	size_t body_length;
	void *caller; /* for the api layer: whom it found to be calling; the server never looks */
	struct exchange *exchange;
};

/* The value of the route's parameter `name` ("id" for ":id"). Dies if the pattern has none. */
const char *request_parameter(const struct request *request, const char *name);

/*
 * The value of a query parameter, NULL when it was not sent. Repeated and malformed ones were
 * refused with 400 bad_parameter before (but on a ROUTE_ANY_QUERY route: the first counts, malformed ones are
 * left out).
 */
const char *request_query(const struct request *request, const char *name);

/*
 * The first header of that name, in any letter case; NULL without. Values hold no control
 * characters but tab: a request with others was refused.
 */
const char *request_header(const struct request *request, const char *name);

/* All headers of that name as one list, in the order they came (RFC 9110 section 5.3); NULL without. */
const char *request_header_list(const struct request *request, const char *name);

/*
 * The value of the first cookie of that name (RFC 6265 section 4.2.1), in `mem`; NULL without. Cookies are
 * the client's word for something: never take one for more than it proves.
 */
const char *request_cookie(const struct request *request, const char *name, struct arena *mem);

/* Whether the client takes gzip (Accept-Encoding with a quality above 0; RFC 9110 section 12.5.3). */
bool request_accepts_gzip(const struct request *request);

/* Whether If-None-Match names this strong ETag (quotes included), or is `*`. RFC 9110 section 13.1.2. */
bool request_none_match(const struct request *request, const char *etag);

/*
 * Cut the next element of a comma-separated header value, blanks around it left out, empty ones skipped.
 * *rest moves on. False at the end, outputs untouched.
 */
bool request_list_next(const char **rest, const char **ret_text, size_t *ret_length);

/* One of what a client would take: "fr-CA;q=0.8". */
struct request_choice {
	const char *text; /* without parameters */
	size_t length;
	unsigned quality; /* in thousandths; 0: not wanted (RFC 9110 section 12.4.2) */
};

/* As request_list_next. */
bool request_choice_next(const char **rest, struct request_choice *ret_choice);

/* For the server: whether an X-Request-Id of the client's is fit to be sent back and logged. */
bool request_id_is_sane(const char *id);

/*
 * For the server: read `query_text` into `query`. False if a parameter is malformed, repeated or
 * one too many; *ret_field is then the first such one's name, NULL if it has none. The sound ones are there
 * in any case.
 */
bool request_read_query(struct request *request, const char **ret_field);

#endif
