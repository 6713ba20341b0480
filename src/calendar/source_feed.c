#include "source_feed.h"

#include <string.h>
#include <strings.h>

#include "sources_inside.h"

enum { REDIRECTS_MAX = 3 };

bool feed_may_ask(const char *address, bool allow_private)
{
	return strncasecmp(address, "https://", 8) == 0 ||
	       (allow_private && strncasecmp(address, "http://", 7) == 0);
}

static void fail(struct feed *feed, const char *detail)
{
	feed->outcome = FEED_FAILED;
	feed->detail = detail;
}

const char *source_failure_sentence(enum fetch_failure failure)
{
	switch (failure) {
	case FETCH_REFUSED:
		return "The calendar's address leads to a network that is not public.";
	case FETCH_CONNECT:
		return "The calendar's server cannot be reached.";
	case FETCH_TLS:
		return "The calendar's server has no certificate that can be trusted.";
	case FETCH_TIMEOUT:
		return "The calendar's server takes too long to answer.";
	case FETCH_CUT:
		return "The calendar's server broke off.";
	case FETCH_TOO_BIG:
		return "The calendar is larger than 10 MB.";
	case FETCH_STOPPED:
	case FETCH_OK:
		break;
	}
	return "The calendar was not read.";
}

static const char *status_sentence(int status, struct arena *mem)
{
	if (status == 401 || status == 403)
		return arena_printf(
			mem, "The calendar's server does not let us in (%d): is its link still shared?",
			status);
	if (status == 404 || status == 410)
		return arena_printf(mem, "There is no calendar at this address any more (%d).", status);
	return arena_printf(mem, "The calendar's server answers with an error (%d).", status);
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

void feed_fetch(struct worker *worker, const struct feed_request *wanted, struct arena *mem,
		struct feed *ret_feed)
{
	const char *address = wanted->address;
	*ret_feed = (struct feed){.outcome = FEED_FAILED};
	for (int redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
		const struct fetch_request request = {
			.method = "GET",
			.url = address,
			.accept = "text/calendar, */*;q=0.1",
			.if_none_match = wanted->etag,
			.reply_max = wanted->reply_max,
			.deadline = wanted->deadline,
			.public_only = !wanted->allow_private,
			.may_be_repeated = true,
		};
		struct fetch_reply reply;
		if (!feed_may_ask(address, wanted->allow_private)) {
			fail(ret_feed, "The calendar's server redirects to an address that is not https.");
			return;
		}
		if (fetch(worker->fetcher, mem, &request, &reply) != FETCH_OK) {
			fail(ret_feed, source_failure_sentence(reply.failure));
			ret_feed->failure = reply.failure;
			return;
		}
		if (is_redirect(reply.status) && reply.location != NULL) {
			address = reply.location;
			continue;
		}
		if (reply.status == 304 && wanted->etag != NULL) {
			ret_feed->outcome = FEED_SAME;
			return;
		}
		if (reply.status != 200) {
			fail(ret_feed, status_sentence(reply.status, mem));
			return;
		}
		*ret_feed = (struct feed){.outcome = FEED_READ,
					  .body = reply.body,
					  .length = reply.body_length,
					  .etag = reply.etag};
		return;
	}
	fail(ret_feed, "The calendar's server redirects too often.");
}
