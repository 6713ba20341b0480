/*
 * What the head of a request decides alone: whether it is sound, who asks, which route it means, and whether
 * its body is to be read.
 */
#include "cors.h"
#include "exchange.h"

#include "base/octets.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEADERS_MAX = 64 };

/*
 * The headers as libmicrohttpd has cut them up where they came: a name, the colon and blanks, a value, the
 * line's end, the next name. `next` is where that must be; a header elsewhere, or less than the whole, means
 * that something between was lost: a NUL and what stands behind it, or a folded line, which it appends to the
 * name.
 */
struct header_reading {
	struct request_header *headers;
	size_t count;
	const char *next;
	size_t line_end; /* bytes: 2, or 1 for bare line feeds */
	bool too_many;
	bool sound;
};

/* Whether there is a control character but tab among the bytes. */
static bool has_control(const char *bytes, size_t length)
{
	uint64_t found = 0;
	size_t i = 0;
	for (; i + sizeof(uint64_t) <= length; i += sizeof(uint64_t)) {
		uint64_t word = octets_load(bytes + i);
		found |= octets_below(word, 0x20) | octets_equal(word, 0x7f);
	}
	if (OCTETS_ANY(found))
		i = 0; /* perhaps only a tab */
	for (; i < length; i++)
		if (((unsigned char)bytes[i] < 0x20 && bytes[i] != '\t') || bytes[i] == 0x7f)
			return true;
	return false;
}

/* RFC 9110 section 5.6.2. A name with a blank before the colon is read by some and not by others. */
static bool is_token(const char *text, size_t length)
{
	static const char others[] = "!#$%&'*+-.^_`|~";
	for (size_t i = 0; i < length; i++) {
		char c = text[i];
		bool is_alphanumeric =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!is_alphanumeric && (c == '\0' || strchr(others, c) == NULL))
			return false;
	}
	return length > 0;
}

static enum MHD_Result read_header(void *reading_pointer, enum MHD_ValueKind kind, const char *name,
				   size_t name_size, const char *value, size_t value_size)
{
	(void)kind;
	struct header_reading *reading = reading_pointer;
	if (reading->count == HEADERS_MAX) {
		reading->too_many = true;
		return MHD_NO;
	}
	if (name != reading->next || value == NULL || !is_token(name, name_size) ||
	    has_control(value, value_size)) {
		reading->sound = false;
		return MHD_NO;
	}
	reading->next = value + value_size + reading->line_end;
	reading->headers[reading->count++] = (struct request_header){name, value};
	return MHD_YES;
}

/*
 * Blanks behind a value are not part of it: RFC 9112 section 5.1. libmicrohttpd leaves them, and so does not
 * know "100-continue " in what it reads later: they are cut off in its own memory, where the values lie. A
 * Transfer-Encoding must be seen as it saw it before.
 */
static void cut_trailing_blanks(const struct request_header *header)
{
	char *end = strchr(header->value, '\0');
	if (strcasecmp(header->name, "Transfer-Encoding") == 0)
		return;
	while (end > header->value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
}

static const char malformed_headers[] = "The request's headers are malformed.";

/* `method` and `version` lie in libmicrohttpd's memory, as the headers behind them do. False: refused. */
static bool read_headers(struct exchange *exchange, const char *method, const char *version)
{
	struct request *request = &exchange->request;
	struct request_header headers[HEADERS_MAX];
	const char *version_end = version + strlen(version);
	size_t line_end = version_end[1] == '\0' ? 2 : 1;
	struct header_reading reading = {
		.headers = headers, .next = version_end + line_end, .line_end = line_end, .sound = true};
	MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, read_header, &reading);
	if (reading.too_many) {
		exchange_refuse(exchange, PROBLEM_HEADERS_TOO_LARGE, "The request has too many headers.",
				NULL);
		return false;
	}
	size_t head_bytes =
		MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)
			->header_size;
	if (!reading.sound || reading.next + line_end != method + head_bytes) {
		exchange_refuse(exchange, PROBLEM_BAD_REQUEST, malformed_headers, NULL);
		return false;
	}

	struct request_header *kept = arena_array(&exchange->mem, reading.count, sizeof(headers[0]));
	for (size_t i = 0; i < reading.count; i++) {
		kept[i] = headers[i];
		cut_trailing_blanks(&kept[i]);
	}
	request->headers = kept;
	request->header_count = reading.count;
	return true;
}

/* Whether it is a host that has a name or an address, with or without a port: RFC 9110 section 7.2. */
static bool is_authority(const char *text)
{
	static const char of_name[] = "-._~%!$&'()*+,;=";
	const char *c = text;
	if (*c == '[') {
		c += 1 + strspn(c + 1, "0123456789abcdefABCDEF:.");
		if (*c++ != ']')
			return false;
	} else {
		while ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
		       (*c != '\0' && strchr(of_name, *c) != NULL))
			c++;
	}
	if (c == text)
		return false;
	if (*c == ':')
		c += 1 + strspn(c + 1, "0123456789");
	return *c == '\0';
}

/*
 * Whom the request is for: the target's own word counts, whatever Host says (RFC 9112 section 3.2.2). An
 * empty Host is one that has none. False: nobody's.
 */
static bool settle_host(struct exchange *exchange)
{
	struct request_header *headers = (struct request_header *)exchange->request.headers;
	for (size_t i = 0; i < exchange->request.header_count; i++) {
		if (strcasecmp(headers[i].name, "Host") != 0)
			continue;
		if (*headers[i].value != '\0' && !is_authority(headers[i].value))
			return false;
		if (exchange->authority != NULL)
			headers[i].value = exchange->authority;
	}
	return exchange->authority == NULL || is_authority(exchange->authority);
}

/* Whether only blanks stand between method and target: behind a NUL libmicrohttpd takes the method for
 * another. */
static bool is_whole(const struct exchange *exchange, const char *method)
{
	const char *end = method + strlen(method) + 1;
	while (end < exchange->target && *end == ' ')
		end++;
	return end >= exchange->target;
}

static size_t count_headers(const struct request *request, const char *name)
{
	size_t count = 0;
	for (size_t i = 0; i < request->header_count; i++)
		count += strcasecmp(request->headers[i].name, name) == 0;
	return count;
}

/*
 * Whether two servers see one and the same request in it, from one caller: RFC 9112 sections 3.2, 6.1
 * and 6.3. False: refused.
 */
static bool check_framing(struct exchange *exchange, const char *method, const char *version)
{
	static const char *const once[] = {"Host",
					   "Content-Length",
					   "Transfer-Encoding",
					   "Content-Type",
					   "Authorization",
					   "X-Session-ID",
					   "Idempotency-Key",
					   "Content-Encoding",
					   "Origin",
					   "Access-Control-Request-Method"};
	const struct request *request = &exchange->request;
	bool old = strcmp(version, "HTTP/1.0") == 0;
	bool sound = is_whole(exchange, method) && (old || request_header(request, "Host") != NULL);
	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
		sound = sound && count_headers(request, once[i]) <= 1;
	const char *encoding = request_header(request, "Transfer-Encoding");
	if (encoding != NULL && (old || request_header(request, "Content-Length") != NULL))
		sound = false;
	if (!sound || !settle_host(exchange)) {
		exchange_refuse(exchange, PROBLEM_BAD_REQUEST, malformed_headers, NULL);
		return false;
	}
	if (encoding != NULL && strcasecmp(encoding, "chunked") != 0) {
		exchange_refuse(exchange, PROBLEM_NOT_IMPLEMENTED,
				"A request's body may be sent as it is or chunked.", NULL);
		return false;
	}
	return true;
}

/* Whether there is nothing in it that no target may hold. */
static bool is_target(const char *text)
{
	return !has_control(text, strlen(text)) && strpbrk(text, " \t") == NULL;
}

/* The request line. `version` lies behind the target, with one NUL between them. False: refused. */
static bool check_target(struct exchange *exchange, const char *version)
{
	const struct request *request = &exchange->request;
	if (exchange->target + exchange->target_length + 1 != version || !is_target(request->path) ||
	    !is_target(request->query_text)) {
		exchange_refuse(exchange, PROBLEM_BAD_REQUEST, "The request's address is malformed.", NULL);
		return false;
	}
	size_t parameters = 1;
	for (const char *c = strchr(request->query_text, '&'); c != NULL; c = strchr(c + 1, '&'))
		parameters++;
	if (parameters > REQUEST_QUERY_MAX) {
		exchange_refuse(exchange, PROBLEM_URI_TOO_LONG,
				"The request's address has too many parameters.", NULL);
		return false;
	}
	return true;
}

void exchange_name(struct exchange *exchange)
{
	const char *sent = request_header(&exchange->request, "X-Request-Id");
	if (sent != NULL && request_id_is_sane(sent)) {
		exchange->request.id = sent;
		return;
	}
	struct common *common = exchange->peer->loop->common;
	/* A bijection of the counter (splitmix64): ids never repeat within a process and look random. */
	uint64_t id =
		common->id_seed +
		atomic_fetch_add_explicit(&common->id_count, 1, memory_order_relaxed) * 0x9e3779b97f4a7c15u;
	id = (id ^ id >> 30) * 0xbf58476d1ce4e5b9u;
	id = (id ^ id >> 27) * 0x94d049bb133111ebu;
	id ^= id >> 31;
	static const char digits[] = "0123456789abcdef";
	char *text = arena_alloc(&exchange->mem, 17);
	for (int i = 15; i >= 0; i--, id >>= 4)
		text[i] = digits[id & 15];
	exchange->request.id = text;
}

static bool is_json(const char *content_type)
{
	static const char json[] = "application/json";
	const size_t length = sizeof(json) - 1;
	if (content_type == NULL || strncasecmp(content_type, json, length) != 0)
		return false;
	content_type += length + strspn(content_type + length, " \t");
	return *content_type == '\0' || *content_type == ';';
}

/* What the headers alone refuse about a body that is coming. */
static void check_body(struct exchange *exchange)
{
	const struct request *request = &exchange->request;
	const char *length_text = request_header(request, "Content-Length");
	const char *encoding = request_header(request, "Content-Encoding");
	bool chunked = request_header(request, "Transfer-Encoding") != NULL;
	uintmax_t length = 0;
	if (length_text != NULL)
		length = strtoumax(length_text, NULL, 10); /* libmicrohttpd has refused what is no number */
	if (length == 0 && !chunked)
		return;

	size_t limit = request->route->body_limit;
	exchange->incoming.max = limit;
	if (limit == 0)
		limit = UNWANTED_BODY_MAX;
	bool wanted = request->route->body_limit > 0;
	if (length > limit)
		exchange_refuse(exchange, PROBLEM_BODY_TOO_LARGE, NULL, NULL);
	else if (wanted && (request->route->flags & ROUTE_ANY_TYPE) == 0 &&
		 !is_json(request_header(request, "Content-Type")))
		exchange_refuse(exchange, PROBLEM_UNSUPPORTED_MEDIA_TYPE, NULL, NULL);
	else if (wanted && encoding != NULL && strcasecmp(encoding, "identity") != 0)
		exchange_refuse(exchange, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
				"The request's body must be sent uncompressed.", NULL);
}

static const char nothing_here[] = "There is nothing at this address.";

static void answer_options(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	const struct common *common = exchange->peer->loop->common;
	const char *allow = strcmp(request->path, "*") == 0
				    ? "GET, HEAD, POST, PUT, DELETE, OPTIONS" /* of the whole server */
				    : router_allow(common->router, request->path, request->mem);
	if (allow == NULL) {
		exchange_refuse(exchange, PROBLEM_NOT_FOUND, nothing_here, NULL);
		return;
	}
	exchange->refused = true;
	reply_header(&exchange->reply, "Allow", allow);
	cors_preflight(&common->settings, request, allow, &exchange->reply);
}

/* Find the route and refuse what has none. */
static void find_route(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	const struct router *router = exchange->peer->loop->common->router;
	const char *field = NULL;
	switch (router_find(router, request->method, request->path, request->mem, &request->route,
			    &request->parameters)) {
	case ROUTE_FOUND:
		request->method = request->route->method;
		request->lane = request->route->lane;
		if (!request_read_query(request, &field) && (request->route->flags & ROUTE_ANY_QUERY) == 0)
			exchange_refuse(exchange, PROBLEM_BAD_PARAMETER,
					"A query parameter is malformed or given twice.", field);
		else
			check_body(exchange);
		break;
	case ROUTE_UNKNOWN_PATH:
		exchange_refuse(exchange, PROBLEM_NOT_FOUND, nothing_here, NULL);
		break;
	case ROUTE_UNKNOWN_METHOD:
		reply_header(&exchange->reply, "Allow", router_allow(router, request->path, request->mem));
		exchange_refuse(exchange, PROBLEM_METHOD_NOT_ALLOWED, NULL, NULL);
		break;
	case ROUTE_BAD_PARAMETER:
		exchange_refuse(exchange, PROBLEM_BAD_PARAMETER, "The address is malformed.", NULL);
		break;
	}
}

void exchange_admit(struct exchange *exchange, const char *method, const char *version)
{
	struct request *request = &exchange->request;
	const struct peer *peer = exchange->peer;
	bool sound = read_headers(exchange, method, version) && check_framing(exchange, method, version) &&
		     check_target(exchange, version);
	exchange_name(exchange);
	request->address = address_behind_proxies(request, &peer->address,
						  peer->loop->common->settings.trusted_proxy_hops);
	request->head = strcmp(method, "HEAD") == 0;
	request->method = http_method_parse(method);
	if (!sound)
		exchange->reply.close = true;
	else if (strcmp(method, "OPTIONS") == 0)
		answer_options(exchange);
	else
		find_route(exchange);
	const struct server_settings *settings = &peer->loop->common->settings;
	if (sound && settings->allow != NULL && !settings->allow(settings->owner, request, &exchange->reply))
		exchange->refused = true;
}
