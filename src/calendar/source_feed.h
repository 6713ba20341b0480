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
};

/*
 * Follows up to three redirects, each held against the same rules as the address itself. Blocks until
 * `deadline`. etag NULL: unconditional. Everything lives in `mem`.
 */
void feed_fetch(struct worker *worker, const char *address, const char *etag, bool allow_private,
		int64_t deadline, struct arena *mem, struct feed *ret_feed);

/* Whether an address may be asked at all: https, or http with allow_private. */
bool feed_may_ask(const char *address, bool allow_private);

#endif
