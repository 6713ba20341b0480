/* source_feed - getting a calendar file from an address that a stranger gave us. */
#ifndef CALENDAR_SOURCE_FEED_H
#define CALENDAR_SOURCE_FEED_H

#include "calendar/worker.h"

enum feed_outcome {
	FEED_READ,   /* body, etag */
	FEED_SAME,   /* 304 */
	FEED_FAILED, /* detail says why, in a sentence for the coach */
};

struct feed {
	enum feed_outcome outcome;
	char *body; /* may be changed in place */
	size_t length;
	const char *etag; /* NULL: none */
	const char *detail;
	enum fetch_failure failure; /* of the request; FETCH_OK: it was answered */
};

/*
 * Follows up to three redirects, each held against the same rules as the address itself. Everything lives in
 * `mem`. Blocks until the deadline.
 */
struct feed_request {
	const char *address;
	const char *etag; /* NULL: unconditional */
	bool allow_private;
	size_t reply_max; /* bytes, inflated */
	int64_t deadline;
};
void feed_fetch(struct worker *worker, const struct feed_request *wanted, struct arena *mem,
		struct feed *ret_feed);

/* Whether an address may be asked at all: https, or http with allow_private. */
bool feed_may_ask(const char *address, bool allow_private);

#endif
