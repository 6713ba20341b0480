#include "http/reply.h"

#include "base/json.h"
#include "http/ready_body.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

/* A body's memory that is kept for the next request on the same struct; more is given back. */
enum { BODY_KEPT = 64 * 1024 };

void reply_init(struct reply *reply, struct arena *mem)
{
	struct buffer body = reply->body;
	*reply = (struct reply){.mem = mem, .status = 500, .body = body};
	if (body.max != REPLY_BODY_MAX)
		buffer_init(&reply->body, REPLY_BODY_MAX);
}

void reply_reset(struct reply *reply)
{
	ready_body_drop(reply->ready);
	reply->ready = NULL;
	if (reply->body.capacity > BODY_KEPT)
		buffer_clear(&reply->body);
	else
		buffer_reset(&reply->body);
}

static bool value_is_sane(const char *value)
{
	for (const unsigned char *c = (const unsigned char *)value; *c != '\0'; c++)
		if ((*c < 0x20 && *c != '\t') || *c == 0x7f)
			return false;
	return true;
}

static bool name_is_sane(const char *name)
{
	size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
	return length > 0 && name[length] == '\0';
}

static struct reply_header *find(struct reply *reply, const char *name)
{
	for (size_t i = 0; i < reply->header_count; i++)
		/* Most names differ in the first letter already. */
		if ((reply->headers[i].name[0] | 0x20) == (name[0] | 0x20) &&
		    strcasecmp(reply->headers[i].name, name) == 0)
			return &reply->headers[i];
	return NULL;
}

const char *reply_get_header(const struct reply *reply, const char *name)
{
	const struct reply_header *header = find((struct reply *)reply, name);
	return header != NULL ? header->value : NULL;
}

static void set(struct reply *reply, struct reply_header set)
{
	struct reply_header *header = find(reply, set.name);
	if (header == NULL) {
		if (reply->header_count == REPLY_HEADERS_MAX) {
			reply->body.overflowed = true; /* answered with a 500 */
			return;
		}
		header = &reply->headers[reply->header_count++];
	}
	*header = set;
}

void reply_header_literal(struct reply *reply, const char *name, const char *value)
{
	set(reply, (struct reply_header){.name = name, .value = value});
}

bool reply_header(struct reply *reply, const char *name, const char *value)
{
	if (!name_is_sane(name) || !value_is_sane(value))
		return false;
	reply_header_literal(reply, arena_strdup(reply->mem, name), arena_strdup(reply->mem, value));
	return true;
}

bool reply_header_printf(struct reply *reply, const char *name, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	const char *value = arena_vprintf(reply->mem, format, arguments);
	va_end(arguments);
	if (!name_is_sane(name) || !value_is_sane(value))
		return false;
	reply_header_literal(reply, arena_strdup(reply->mem, name), value);
	return true;
}

void reply_vary(struct reply *reply, const char *name)
{
	const char *before = reply_get_header(reply, "Vary");
	if (before == NULL)
		reply_header_literal(reply, "Vary", name);
	else if (strcasestr(before, name) == NULL)
		reply_header_literal(reply, "Vary", arena_printf(reply->mem, "%s, %s", before, name));
}

static void drop_body(struct reply *reply)
{
	buffer_reset(&reply->body);
	ready_body_drop(reply->ready);
	reply->ready = NULL;
	reply->ready_gzip = false;
	reply->portion = NULL;
	reply->json = false;
}

void reply_empty(struct reply *reply, unsigned status)
{
	drop_body(reply);
	reply->status = status;
}

struct buffer *reply_begin(struct reply *reply, unsigned status, const char *content_type)
{
	reply_empty(reply, status);
	reply_header_literal(reply, "Content-Type", content_type);
	return &reply->body;
}

static struct buffer *begin_json(struct reply *reply, unsigned status, const char *content_type)
{
	struct buffer *body = reply_begin(reply, status, content_type);
	reply->json = true;
	return body;
}

struct buffer *reply_begin_json(struct reply *reply, unsigned status)
{
	return begin_json(reply, status, "application/json");
}

void reply_continue(struct reply *reply, enum reply_portion (*portion)(void *owner, void *worker),
		    void *owner)
{
	reply->portion = portion;
	reply->portion_owner = owner;
}

static const char *status_phrase(unsigned status)
{
	static const struct {
		unsigned status;
		const char *phrase;
	} phrases[] = {
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{402, "Payment Required"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{409, "Conflict"},
		{410, "Gone"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{422, "Unprocessable Content"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{503, "Service Unavailable"},
		{505, "HTTP Version Not Supported"},
	};
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Error";
}

void reply_problem(struct reply *reply, const struct problem *problem)
{
	const struct problem_terms *terms = problem_terms(problem->code);
	unsigned status = problem->status != 0 ? problem->status : terms->status;
	struct buffer *out = begin_json(reply, status, "application/problem+json");
	reply->code = terms->code;

	unsigned retry_after = problem->retry_after;
	if (retry_after == 0 && (status == 429 || status == 503))
		retry_after = 1;
	if (retry_after > 0)
		reply_header_literal(reply, "Retry-After", arena_printf(reply->mem, "%u", retry_after));

	struct json_writer writer;
	json_writer_init(&writer, out);
	json_write_object(&writer, NULL);
	json_write_text(&writer, "type", arena_printf(reply->mem, "urn:bookingd:problem:%s", terms->code));
	json_write_text(&writer, "title", status_phrase(status));
	json_write_integer(&writer, "status", status);
	json_write_text(&writer, "detail", problem->detail != NULL ? problem->detail : terms->sentence);
	json_write_text(&writer, "code", terms->code);
	if (problem->field != NULL)
		json_write_text(&writer, "field", problem->field);
	if (retry_after > 0)
		json_write_integer(&writer, "retry_after", retry_after);
	if (problem->appointment_id != NULL)
		json_write_text(&writer, "appointment_id", problem->appointment_id);
	json_write_object_end(&writer);
}

void reply_problem_of(struct reply *reply, enum problem_code code, const char *detail, const char *field)
{
	reply_problem(reply, &(struct problem){.code = code, .detail = detail, .field = field});
}

void reply_ready(struct reply *reply, unsigned status, const struct request *request,
		 struct ready_body *ready)
{
	reply_empty(reply, status);
	bool gzip = false;
	if (request_accepts_gzip(request)) {
		const char *bytes = NULL;
		size_t length = 0;
		gzip = ready_body_gzip(ready, &bytes, &length);
	}
	reply_vary(reply, "Accept-Encoding");
	if (reply_get_header(reply, "Cache-Control") == NULL)
		reply_header_literal(reply, "Cache-Control", "private, no-cache");

	reply->ready = ready_body_hold(ready);
	reply->ready_gzip = gzip;
	reply_header_literal(reply, "ETag", gzip ? ready->gzip_etag : ready->etag);
	if (status == 200 &&
	    (request_none_match(request, ready->etag) || request_none_match(request, ready->gzip_etag))) {
		reply->status = 304;
		return;
	}
	reply_header_literal(reply, "Content-Type", ready->content_type);
	if (gzip)
		reply_header_literal(reply, "Content-Encoding", "gzip");
}
