#include "net/fetch.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "base/buffer.h"
#include "base/die.h"
#include "curl_trust.h"
#include "net/public_address.h"

enum {
	CONNECT_MS_MAX = 5000,
	HEADER_BYTES_MAX = 64 * 1024,
	RETRY_AFTER_MAX = SECONDS_PER_DAY,
	ORIGIN_BYTES_MAX = 300,
	KEPT_BYTES_MAX = 64 * 1024, /* a reply buffer larger than this is not kept for the next call */
};

struct fetch_client {
	CURL *curl; /* NULL until the first call */
	char *user_agent;
	const atomic_bool *stop;
	struct buffer body;
	char digest_origin[ORIGIN_BYTES_MAX]; /* where only Digest was taken the last time; "": nowhere */
	/* of the running call */
	size_t header_bytes;
	bool unauthorized; /* the last status line says 401 */
	unsigned attempts; /* how often a connection was ready to carry the request */
	bool may_be_repeated;
	bool too_big;
	bool not_public;
};

bool fetch_global_begin(void)
{
	/* CURLOPT_NOSIGNAL leaves broken pipes to the process, and OpenSSL writes without MSG_NOSIGNAL. */
	signal(SIGPIPE, SIG_IGN);
	curl_trust_find();
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

void fetch_global_end(void)
{
	curl_global_cleanup();
}

struct fetch_client *fetch_client_new(const char *user_agent, const atomic_bool *stop)
{
	struct fetch_client *client = calloc(1, sizeof(*client));

	/* Google compresses only for those whose User-Agent says gzip, too. */
	if (!client || asprintf(&client->user_agent, "%s (gzip)", user_agent) < 0)
		die("out of memory");
	client->stop = stop;
	buffer_init(&client->body, 0);
	return client;
}

void fetch_client_free(struct fetch_client *client)
{
	if (!client)
		return;
	curl_easy_cleanup(client->curl);
	buffer_clear(&client->body);
	free(client->user_agent);
	free(client);
}

static bool stopped(const struct fetch_client *client)
{
	return client->stop && atomic_load_explicit(client->stop, memory_order_relaxed);
}

static size_t take_body(char *bytes, size_t size, size_t count, void *closure)
{
	struct fetch_client *client = closure;

	if (!buffer_append(&client->body, bytes, size * count)) {
		client->too_big = true;
		return 0;
	}
	return size * count;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *closure)
{
	struct fetch_client *client = closure;

	const size_t length = size * count;
	if (length > 12 && memcmp(bytes, "HTTP/", 5) == 0) {
		const char *status = memchr(bytes, ' ', length);
		client->unauthorized =
			status != NULL && bytes + length - status > 4 && memcmp(status, " 401", 4) == 0;
	}
	client->header_bytes += length;
	if (client->header_bytes > HEADER_BYTES_MAX) {
		client->too_big = true;
		return 0;
	}
	return length;
}

/*
 * Called whenever a connection is ready and the request is about to be written. libcurl writes a request
 * again when a kept connection dies before the first byte of the reply; for what must not be applied twice
 * that ends here. After a 401 nothing was applied.
 */
static int before_request(void *closure, char *to, char *from, int to_port, int from_port)
{
	struct fetch_client *client = closure;

	(void)to, (void)from, (void)to_port, (void)from_port;
	if (client->attempts > 0 && !client->may_be_repeated && !client->unauthorized)
		return CURL_PREREQFUNC_ABORT;
	client->unauthorized = false;
	client->attempts++;
	return CURL_PREREQFUNC_OK;
}

/*
 * For public_only: looks at the very address that is about to be connected to, so a name that resolves to
 * something else the second time gains nothing.
 */
static curl_socket_t open_public_socket(void *closure, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct fetch_client *client = closure;

	(void)purpose;
	if (!address_is_public(&address->addr)) {
		client->not_public = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int progress(void *closure, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	(void)down_total, (void)down, (void)up_total, (void)up;
	return stopped(closure);
}

/* No control characters, so that a value cannot add a header or end them. */
static bool header_value_sane(const char *value)
{
	for (const char *c = value; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	}
	return true;
}

static bool scheme_allowed(const char *url)
{
	return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

static void append_header(struct curl_slist **headers, struct arena *mem, const char *name, const char *value)
{
	struct curl_slist *longer;

	if (!value)
		return;
	longer = curl_slist_append(*headers, arena_printf(mem, "%s: %s", name, value));
	if (!longer)
		die("out of memory");
	*headers = longer;
}

static void headers_cleanup(struct curl_slist **headers)
{
	curl_slist_free_all(*headers);
}

static enum fetch_failure failure_of(CURLcode code, const struct fetch_client *client)
{
	if (client->too_big)
		return FETCH_TOO_BIG;
	if (client->not_public && code != CURLE_OK)
		return FETCH_REFUSED;
		/* libcurl has a hundred codes, and new ones come: the rest means that no whole reply arrived.
		 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"
	switch (code) {
	case CURLE_OK:
		return FETCH_OK;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
		return FETCH_REFUSED;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
		return FETCH_CONNECT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_ENGINE_INITFAILED:
		return FETCH_TLS;
	case CURLE_OPERATION_TIMEDOUT:
		return FETCH_TIMEOUT;
	case CURLE_ABORTED_BY_CALLBACK:
		return stopped(client) ? FETCH_STOPPED : FETCH_CUT;
	case CURLE_OUT_OF_MEMORY:
		die("out of memory");
	default:
		return FETCH_CUT;
	}
#pragma GCC diagnostic pop
}

static void set_method(CURL *curl, const struct fetch_request *request)
{
	bool is_get = strcmp(request->method, "GET") == 0;

	if (request->body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
	} else if (!is_get && strcmp(request->method, "DELETE") != 0) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
	}
	if (!is_get)
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
}

static void read_headers(CURL *curl, struct arena *mem, struct fetch_reply *reply)
{
	struct curl_header *etag;
	curl_off_t retry_after = 0;
	char *location = NULL;

	if (curl_easy_header(curl, "ETag", 0, CURLH_HEADER, -1, &etag) == CURLHE_OK)
		reply->etag = arena_strdup(mem, etag->value);
	curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &location);
	reply->location = arena_strdup(mem, location);
	curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after);
	if (retry_after > RETRY_AFTER_MAX)
		retry_after = RETRY_AFTER_MAX;
	reply->retry_after = retry_after > 0 ? retry_after : 0;
}

static void describe_failure(CURLcode code, const char *problem, struct fetch_reply *reply)
{
	const char *detail = problem[0] ? problem : curl_easy_strerror(code);

	/* libcurl only knows that a callback of ours said no. */
	if (reply->failure == FETCH_STOPPED)
		detail = "shutting down";
	else if (code == CURLE_ABORTED_BY_CALLBACK)
		detail = "the connection ended before the reply";
	else if (reply->failure == FETCH_REFUSED && code == CURLE_COULDNT_CONNECT)
		detail = "the name does not stand for a public address";
	else if (reply->failure == FETCH_TOO_BIG)
		detail = "the reply is larger than expected";
	snprintf(reply->detail, sizeof(reply->detail), "%s", detail);
}

static enum fetch_failure refuse(struct fetch_reply *reply, enum fetch_failure failure, const char *detail)
{
	reply->failure = failure;
	snprintf(reply->detail, sizeof(reply->detail), "%s", detail);
	return failure;
}

static void append_headers(struct curl_slist **headers, struct arena *mem,
			   const struct fetch_request *request)
{
	if (request->bearer)
		append_header(headers, mem, "Authorization", arena_printf(mem, "Bearer %s", request->bearer));
	append_header(headers, mem, "If-Match", request->if_match);
	append_header(headers, mem, "If-None-Match", request->if_none_match);
	append_header(headers, mem, "Accept", request->accept);
	append_header(headers, mem, "Content-Type", request->content_type);
	for (const char *const *line = request->headers; line != NULL && *line != NULL; line++) {
		struct curl_slist *longer = curl_slist_append(*headers, *line);
		if (!longer)
			die("out of memory");
		*headers = longer;
	}
}

static bool headers_sane(const struct fetch_request *request)
{
	const char *const values[] = {request->bearer, request->if_match, request->if_none_match,
				      request->accept, request->content_type};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (values[i] != NULL && !header_value_sane(values[i]))
			return false;
	}
	for (const char *const *line = request->headers; line != NULL && *line != NULL; line++) {
		if (!header_value_sane(*line))
			return false;
	}
	return true;
}

static size_t origin_length(const char *url)
{
	const char *host = strstr(url, "//") + 2;
	return (size_t)(host - url) + strcspn(host, "/?#");
}

static bool takes_digest_only(const struct fetch_client *client, const char *url)
{
	const size_t length = origin_length(url);
	return strlen(client->digest_origin) == length && strncmp(client->digest_origin, url, length) == 0;
}

/* Everything that is set for each request but its method and body. */
static void prepare(struct fetch_client *client, const struct fetch_request *request,
		    struct curl_slist *headers, int64_t left_ms, char problem[static CURL_ERROR_SIZE])
{
	CURL *curl = client->curl;
	curl_easy_reset(curl); /* keeps the connections */
	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	/* Otherwise a name server that is silent outlasts the deadline: its thread would be waited for. */
	curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_trust(curl);
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, request->uncompressed ? NULL : "gzip");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, client->user_agent);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)left_ms);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)(left_ms < CONNECT_MS_MAX ? left_ms : CONNECT_MS_MAX));
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, client);
	curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, before_request);
	curl_easy_setopt(curl, CURLOPT_PREREQDATA, client);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, client);
	if (request->user != NULL) {
		curl_easy_setopt(
			curl, CURLOPT_HTTPAUTH,
			(long)(takes_digest_only(client, request->url) ? CURLAUTH_DIGEST : CURLAUTH_BASIC));
		curl_easy_setopt(curl, CURLOPT_USERNAME, request->user);
		curl_easy_setopt(curl, CURLOPT_PASSWORD, request->password);
	}
	if (request->public_only) {
		curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_public_socket);
		curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, client);
		curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	}
	if (request->public_only || request->new_connection) {
		curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
		curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	}
}

/* Send the request and take what comes. */
static CURLcode perform(struct fetch_client *client, const struct fetch_request *request,
			struct curl_slist *headers, int64_t left_ms, char problem[static CURL_ERROR_SIZE])
{
	buffer_reset(&client->body);
	client->body.max = request->reply_max;
	client->header_bytes = 0;
	client->attempts = 0;
	client->unauthorized = false;
	client->too_big = false;
	client->not_public = false;
	prepare(client, request, headers, left_ms, problem);
	set_method(client->curl, request);
	const CURLcode code = curl_easy_perform(client->curl);
	curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, NULL);
	return code;
}

/* Whether the server turned the password away for being sent as Basic; remembered for its next request. */
static bool wants_digest(struct fetch_client *client, const struct fetch_request *request)
{
	long status = 0;
	long offered = 0;
	const size_t length = origin_length(request->url);
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(client->curl, CURLINFO_HTTPAUTH_AVAIL, &offered);
	if (request->user == NULL || status != 401 || takes_digest_only(client, request->url) ||
	    (offered & (long)CURLAUTH_DIGEST) == 0 || (offered & (long)CURLAUTH_BASIC) != 0 ||
	    length >= sizeof(client->digest_origin))
		return false;
	snprintf(client->digest_origin, sizeof(client->digest_origin), "%.*s", (int)length, request->url);
	return true;
}

enum fetch_failure fetch(struct fetch_client *client, struct arena *mem, const struct fetch_request *request,
			 struct fetch_reply *reply)
{
	__attribute__((cleanup(headers_cleanup))) struct curl_slist *headers = NULL;
	char problem[CURL_ERROR_SIZE] = "";
	int64_t left = request->deadline - monotonic_ms();
	long status = 0;
	CURL *curl;
	CURLcode code;

	*reply = (struct fetch_reply){.failure = FETCH_REFUSED};
	if (!scheme_allowed(request->url))
		return refuse(reply, FETCH_REFUSED, "the address is neither http nor https");
	if (!headers_sane(request))
		return refuse(reply, FETCH_REFUSED, "a control character in a header");
	if (stopped(client))
		return refuse(reply, FETCH_STOPPED, "shutting down");
	if (left <= 0)
		return refuse(reply, FETCH_TIMEOUT, "no time was left to ask");

	if (!client->curl && !(client->curl = curl_easy_init()))
		die("out of memory");
	curl = client->curl;
	client->may_be_repeated = request->may_be_repeated;
	append_headers(&headers, mem, request);
	code = perform(client, request, headers, left, problem);
	if (code == CURLE_OK && wants_digest(client, request) &&
	    (left = request->deadline - monotonic_ms()) > 0)
		code = perform(client, request, headers, left, problem);

	reply->failure = failure_of(code, client);
	reply->sent = client->attempts > 0;
	if (reply->failure == FETCH_OK) {
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
		reply->status = (int)status;
		reply->body_length = client->body.length;
		reply->body = arena_strndup(mem, buffer_text(&client->body), client->body.length);
		read_headers(curl, mem, reply);
	} else {
		describe_failure(code, problem, reply);
	}
	if (client->body.capacity > KEPT_BYTES_MAX)
		buffer_clear(&client->body);
	return reply->failure;
}

const char *fetch_failure_name(enum fetch_failure failure)
{
	switch (failure) {
	case FETCH_OK:
		return "ok";
	case FETCH_REFUSED:
		return "refused";
	case FETCH_CONNECT:
		return "connect";
	case FETCH_TLS:
		return "tls";
	case FETCH_TIMEOUT:
		return "timeout";
	case FETCH_CUT:
		return "cut";
	case FETCH_TOO_BIG:
		return "too_big";
	case FETCH_STOPPED:
		return "stopped";
	}
	return "unknown";
}

char *fetch_encode(struct arena *mem, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	char *encoded = arena_array(mem, strlen(text) + 1, 3);
	char *out = encoded;

	for (const char *c = text; *c; c++) {
		if (strchr(unreserved, *c)) {
			*out++ = *c;
		} else {
			*out++ = '%';
			*out++ = hex[(unsigned char)*c >> 4];
			*out++ = hex[(unsigned char)*c & 15];
		}
	}
	*out = '\0';
	return encoded;
}

const char *fetch_library_version(void)
{
	return curl_version();
}
