#include "net/dav.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/buffer.h"
#include "base/die.h"
#include "base/json.h"

/* ---- addresses ---- */

static void url_cleanup(CURLU **url)
{
	curl_url_cleanup(*url);
}

#define URL_LOCAL __attribute__((cleanup(url_cleanup))) CURLU *

static CURLU *url_new(void)
{
	CURLU *url = curl_url();
	if (url == NULL)
		die("out of memory");
	return url;
}

/* A part in mem; NULL: there is none. */
static char *url_part(CURLU *url, CURLUPart part, unsigned flags, struct arena *mem)
{
	char *text = NULL;
	if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
		return NULL;
	char *copy = arena_strdup(mem, text);
	curl_free(text);
	return copy;
}

const char *dav_resolve(struct arena *mem, const char *base, const char *href)
{
	URL_LOCAL url = url_new();
	if (curl_url_set(url, CURLUPART_URL, base, 0) != CURLUE_OK ||
	    curl_url_set(url, CURLUPART_URL, href, 0) != CURLUE_OK ||
	    curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) != CURLUE_OK ||
	    curl_url_set(url, CURLUPART_USER, NULL, 0) != CURLUE_OK ||
	    curl_url_set(url, CURLUPART_PASSWORD, NULL, 0) != CURLUE_OK)
		return NULL;
	return url_part(url, CURLUPART_URL, 0, mem);
}

const char *dav_path(struct arena *mem, const char *base, const char *href)
{
	const char *whole = dav_resolve(mem, base, href);
	URL_LOCAL url = url_new();
	if (whole == NULL || curl_url_set(url, CURLUPART_URL, whole, 0) != CURLUE_OK)
		return NULL;
	const char *path = url_part(url, CURLUPART_PATH, CURLU_URLDECODE, mem);
	return path != NULL && utf8_valid(path, strlen(path)) ? path : NULL;
}

static const char *host_of(struct arena *mem, const char *address)
{
	URL_LOCAL url = url_new();
	return curl_url_set(url, CURLUPART_URL, address, 0) == CURLUE_OK
		       ? url_part(url, CURLUPART_HOST, 0, mem)
		       : NULL;
}

static bool ends_with_domain(const char *host, const char *domain)
{
	const size_t length = strlen(host);
	const size_t tail = strlen(domain);
	return length > tail && host[length - tail - 1] == '.' &&
	       strcasecmp(host + length - tail, domain) == 0;
}

/* The same host, one below it, or a sister of a host with three labels or more, such as
 * p42-caldav.example.com for caldav.example.com. */
static bool same_domain(const char *host, const char *given)
{
	if (strcasecmp(host, given) == 0 || ends_with_domain(host, given))
		return true;
	const char *parent = strchr(given, '.');
	const bool is_number = strspn(given, "0123456789.") == strlen(given) || *given == '[';
	return parent != NULL && strchr(parent + 1, '.') != NULL && !is_number &&
	       ends_with_domain(host, parent + 1);
}

bool dav_may_ask(const struct dav *dav, const char *url)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	const bool secure = strncasecmp(url, "https://", 8) == 0;
	const bool given_secure = strncasecmp(dav->address, "https://", 8) == 0;
	if (!secure && (given_secure || !dav->allow_private || strncasecmp(url, "http://", 7) != 0))
		return false;
	const char *host = host_of(&mem, url);
	const char *given = host_of(&mem, dav->address);
	return host != NULL && given != NULL && same_domain(host, given);
}

/* ---- requests ---- */

/* That the same request is to be sent elsewhere: 303 sends only those there who want to read. */
static bool is_redirect(int status, bool reads)
{
	return status == 301 || status == 302 || status == 307 || status == 308 || (status == 303 && reads);
}

/* By when the answer to a request that is sent now must be there. */
static int64_t answer_deadline(const struct dav *dav)
{
	const int64_t deadline = monotonic_ms() + dav->answer_ms;
	return dav->answer_ms > 0 && deadline < dav->deadline ? deadline : dav->deadline;
}

static struct fetch_request request_for(const struct dav *dav, const char *method, const char *url)
{
	return (struct fetch_request){
		.method = method,
		.url = url,
		.user = dav->user,
		.password = dav->password,
		.reply_max = dav->reply_max != 0 ? dav->reply_max : DAV_REPLY_MAX,
		.deadline = answer_deadline(dav),
		.public_only = !dav->allow_private,
	};
}

static void call(const struct dav *dav, struct arena *mem, const struct fetch_request *request,
		 struct dav_answer *ret_answer, const char **ret_location)
{
	struct fetch_reply reply;
	*ret_answer = (struct dav_answer){.failure = FETCH_REFUSED, .url = request->url};
	*ret_location = NULL;
	if (!dav_may_ask(dav, request->url))
		return;
	fetch(dav->fetcher, mem, request, &reply);
	ret_answer->failure = reply.failure;
	if (dav->failure != NULL)
		*dav->failure = reply.failure;
	ret_answer->sent = reply.sent;
	ret_answer->status = reply.status;
	ret_answer->body = reply.body;
	ret_answer->body_length = reply.body_length;
	ret_answer->etag = reply.etag;
	ret_answer->retry_after = reply.retry_after;
	*ret_location = reply.location;
	if (reply.status == 207)
		ret_answer->malformed = !dav_multistatus_read(mem, reply.body, reply.body_length, ret_answer);
}

/* The same, wherever the server says that it is to be asked. */
static void call_following(const struct dav *dav, struct arena *mem, struct fetch_request *request,
			   bool reads, struct dav_answer *ret_answer)
{
	for (int redirects = 0;; redirects++) {
		const char *location = NULL;
		call(dav, mem, request, ret_answer, &location);
		if (ret_answer->failure != FETCH_OK || !is_redirect(ret_answer->status, reads) ||
		    location == NULL || redirects == DAV_REDIRECTS_MAX)
			return;
		request->url = location;
		request->deadline = answer_deadline(dav);
	}
}

/* Whom to ask, what, and the answer. NOLINTNEXTLINE(readability-function-size) */
void dav_read(const struct dav *dav, struct arena *mem, const char *method, const char *url,
	      const char *depth, const char *body, struct dav_answer *ret_answer)
{
	char depth_line[16];
	snprintf(depth_line, sizeof(depth_line), "Depth: %s", depth);
	const char *const headers[] = {depth_line, NULL};
	struct fetch_request request = request_for(dav, method, url);
	request.content_type = "application/xml; charset=utf-8";
	request.headers = headers;
	request.body = body;
	request.body_length = strlen(body);
	request.may_be_repeated = true;
	call_following(dav, mem, &request, true, ret_answer);
}

/* `text` as the content of an XML element. */
static void put_text(struct buffer *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '&')
			buffer_append_text(out, "&amp;");
		else if (*text == '<')
			buffer_append_text(out, "&lt;");
		else if (*text == '>')
			buffer_append_text(out, "&gt;");
		else
			buffer_append_char(out, *text);
	}
}

#define XML "<?xml version=\"1.0\" encoding=\"utf-8\"?>"

bool dav_is_good(const struct dav_answer *answer)
{
	return answer->failure == FETCH_OK && answer->status == 207 && !answer->malformed;
}

bool dav_is_token_trouble(const struct dav_answer *answer)
{
	return answer->failure == FETCH_OK && answer->status != 401 && answer->status != 429 &&
	       (answer->status / 100 == 4 || answer->status == 500 || answer->status == 501 ||
		answer->status == 507 || (dav_is_good(answer) && answer->sync_token == NULL));
}

void dav_sync(const struct dav *dav, struct arena *mem, const char *url, const char *token,
	      struct dav_answer *ret_answer)
{
	__attribute__((cleanup(buffer_clear))) struct buffer body;
	buffer_init(&body, DAV_REPLY_MAX);
	buffer_append_text(&body, XML "<sync-collection xmlns=\"DAV:\"><sync-token>");
	put_text(&body, token != NULL ? token : "");
	buffer_append_text(&body, "</sync-token><sync-level>1</sync-level><prop><getetag/></prop>"
				  "</sync-collection>");
	dav_read(dav, mem, "REPORT", url, "0", buffer_text(&body), ret_answer);
}

void dav_list(const struct dav *dav, struct arena *mem, const char *url, const char *depth,
	      struct dav_answer *ret_answer)
{
	static const char body[] = XML "<propfind xmlns=\"DAV:\"><prop><getetag/></prop></propfind>";
	dav_read(dav, mem, "PROPFIND", url, depth, body, ret_answer);
}

void dav_multiget(const struct dav *dav, struct arena *mem, const char *url, const char *const hrefs[],
		  size_t count, struct dav_answer *ret_answer)
{
	__attribute__((cleanup(buffer_clear))) struct buffer body;
	buffer_init(&body, DAV_REPLY_MAX);
	buffer_append_text(&body, XML "<C:calendar-multiget xmlns=\"DAV:\" "
				      "xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><prop><getetag/>"
				      "<C:calendar-data/></prop>");
	for (size_t i = 0; i < count; i++) {
		buffer_append_text(&body, "<href>");
		put_text(&body, hrefs[i]);
		buffer_append_text(&body, "</href>");
	}
	buffer_append_text(&body, "</C:calendar-multiget>");
	dav_read(dav, mem, "REPORT", url, "1", buffer_text(&body), ret_answer);
}

/* What a multistatus says of one file. */
static int status_within(const struct dav_answer *answer)
{
	const int status = dav_is_good(answer) && answer->count > 0 ? answer->responses[0].status : 0;
	return status != 0 ? status : 502;
}

/* Whom to ask, what, and the answer. NOLINTNEXTLINE(readability-function-size) */
void dav_file(const struct dav *dav, struct arena *mem, const char *method, const char *url,
	      struct dav_condition condition, const char *body, struct dav_answer *ret_answer)
{
	struct fetch_request request = request_for(dav, method, url);
	request.if_match = condition.if_match;
	request.if_none_match = condition.if_none_match;
	request.may_be_repeated = strcmp(method, "GET") == 0;
	request.uncompressed = true;
	if (body != NULL) {
		request.content_type = "text/calendar; charset=utf-8";
		request.body = body;
		request.body_length = strlen(body);
	}
	call_following(dav, mem, &request, request.may_be_repeated, ret_answer);
	if (ret_answer->status == 207)
		ret_answer->status = status_within(ret_answer);
}
