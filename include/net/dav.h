/*
 * dav - one request to a CalDAV server (RFC 4791, RFC 4918, RFC 6578), and what it answers.
 *
 * The server is a stranger: its address is held against private ranges as in net/fetch.h, redirects are
 * followed one by one, the name and password go to hosts of the address's own domain only, a document with a
 * DOCTYPE is refused before an entity in it means anything, and size, depth and number are bounded.
 *
 * Calls block until the deadline; one thread for one struct dav. It never logs.
 */
#ifndef NET_DAV_H
#define NET_DAV_H

#include "net/fetch.h"

enum {
	DAV_REPLY_MAX = 6 * 1024 * 1024,
	DAV_RESPONSES_MAX = 20000, /* in one reply */
	DAV_REDIRECTS_MAX = 3,
};

/* Whom to ask, and as whom. Borrowed. */
struct dav {
	struct fetch_client *fetcher;
	const char *address; /* absolute, what the coach gave: says which hosts may see the password */
	const char *user;
	const char *password;
	bool allow_private;
	int64_t deadline;            /* as monotonic_ms */
	int64_t answer_ms;           /* that each answer may take before that; 0: until the deadline */
	size_t reply_max;            /* bytes of one answer; 0: DAV_REPLY_MAX */
	enum fetch_failure *failure; /* how the last request failed is put here; NULL: nobody asks */
};

/* What a server says about one address. Texts are NULL where it does not say. */
struct dav_response {
	const char *href; /* as the server writes it */
	int status;       /* of all of it, 404 for what is gone, or of a property that the server fails to
			     give (5xx); 0: each property has its own */
	const char *etag;
	char *data; /* a calendar file */
	size_t data_length;
	const char *name;
	const char *sync_token;
	const char *principal; /* where the one who asks is described */
	const char *home;      /* where their calendars are */
	bool is_calendar;
	bool says_components; /* which kinds of entries it takes */
	bool takes_events;
	bool is_transparent; /* nothing in it makes its owner busy */
	bool says_privileges;
	bool may_write;
};

struct dav_answer {
	enum fetch_failure failure;
	bool sent;       /* see struct fetch_reply */
	int status;      /* 0 unless FETCH_OK */
	bool malformed;  /* 207, but not the XML that goes with it; nothing below is set */
	const char *url; /* that answered, after redirects */
	char *body;      /* where it is not 207 */
	size_t body_length;
	const char *etag;
	seconds retry_after;
	struct dav_response *responses;
	size_t count;
	const char *sync_token; /* of a sync-collection */
};

/* Whether the name and password may be sent there: https (or http with allow_private), a host of the
 * address's domain. */
bool dav_may_ask(const struct dav *dav, const char *url);

/* What `href` means where `base` was asked. NULL: nothing. In mem. */
const char *dav_resolve(struct arena *mem, const char *base, const char *href);

/* One path, however it is written: without host, percent signs decoded. NULL: not printable UTF-8. */
const char *dav_path(struct arena *mem, const char *base, const char *href);

/*
 * PROPFIND and REPORT: reads, sent again when a connection breaks. depth "0" or "1". Redirects are followed.
 * Everything in *ret_answer lies in mem.
 */
void dav_read(const struct dav *dav, struct arena *mem, const char *method, const char *url,
	      const char *depth, const char *body, struct dav_answer *ret_answer);

/* A multistatus came. */
bool dav_is_good(const struct dav_answer *answer);

/* What a server may say to a token it does not know any more, and some do to one they know. */
bool dav_is_token_trouble(const struct dav_answer *answer);

/* What changed in a calendar since `token`; NULL: all there is. One page, see RFC 6578 section 3.6. */
void dav_sync(const struct dav *dav, struct arena *mem, const char *url, const char *token,
	      struct dav_answer *ret_answer);

/* A calendar's files with their etags (depth "1"), or the calendar alone ("0"). */
void dav_list(const struct dav *dav, struct arena *mem, const char *url, const char *depth,
	      struct dav_answer *ret_answer);

/* Those files of a calendar, by their hrefs as the server writes them. */
void dav_multiget(const struct dav *dav, struct arena *mem, const char *url, const char *const hrefs[],
		  size_t count, struct dav_answer *ret_answer);

/* Conditions of a request for one file; with its quotes, or "*". NULL: none. */
struct dav_condition {
	const char *if_match;
	const char *if_none_match;
};

/* GET, PUT and DELETE of one calendar file; body NULL: none. */
void dav_file(const struct dav *dav, struct arena *mem, const char *method, const char *url,
	      struct dav_condition condition, const char *body, struct dav_answer *ret_answer);

/* Read a multistatus document into answer->responses. False: it is none, or too much. Pure. For tests, too.
 */
bool dav_multistatus_read(struct arena *mem, const char *body, size_t length, struct dav_answer *answer);

#endif
