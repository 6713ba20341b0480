/*
 * The OpenAPI document, written from the route table, so that it cannot leave out a call. Schemas of bodies
 * are in openapi_schemas.json, embedded at build time.
 */
#include "api/ops.h"
#include "base/json.h"
#include "http/assets.h"

#include <inttypes.h>
#include <string.h>

extern const char openapi_schemas[];
extern const char openapi_schemas_end[];

/* Embedded as it is. */
__asm__(".section .rodata\n"
	".global openapi_schemas\n"
	"openapi_schemas:\n"
	".incbin \"src/api/openapi_schemas.json\"\n"
	".global openapi_schemas_end\n"
	"openapi_schemas_end:\n"
	".byte 0\n"
	".previous\n");

static const char *const authority_words[] = {
	[AUTHORITY_ANYONE] = "anyone",
	[AUTHORITY_CALLER] = "any signed-in caller",
	[AUTHORITY_READER] = "any signed-in caller, or anyone with PUBLIC_AVAILABILITY",
	[AUTHORITY_SELF] = "the user in the path, or an admin",
	[AUTHORITY_COACH] = "the coach in the path, or an admin",
	[AUTHORITY_STAFF] = "a coach or an admin",
};

/* "/booking/:id" as "/booking/{id}". */
static const char *path_template(const char *pattern, struct arena *mem)
{
	struct buffer out;
	buffer_init(&out, 256);
	for (const char *at = pattern; *at != '\0'; at++) {
		if (*at != ':') {
			buffer_append_char(&out, *at);
			continue;
		}
		size_t length = strcspn(at + 1, "/");
		buffer_printf(&out, "{%.*s}", (int)length, at + 1);
		at += length;
	}
	char *path = arena_strdup(mem, buffer_text(&out));
	buffer_clear(&out);
	return path;
}

/* What a parameter of this name must be; the same wherever it occurs, but for `limit` and `state`. */
static const char *parameter_schema(const char *name, const struct endpoint *endpoint, struct arena *mem)
{
	static const struct {
		const char *name;
		const char *schema;
	} schemas[] = {
		{"from", "{\"type\":\"string\",\"description\":\"A day or an instant.\"}"},
		{"to",
		 "{\"type\":\"string\",\"description\":\"A day (inclusive) or an instant (exclusive).\"}"},
		{"duration", "{\"type\":\"integer\",\"minimum\":1,\"description\":\"Minutes.\"}"},
		{"duration_minutes", "{\"type\":\"integer\",\"minimum\":1}"},
		{"every_weeks", "{\"type\":\"integer\",\"minimum\":1,\"maximum\":2,\"default\":1}"},
		{"count", "{\"type\":\"integer\",\"minimum\":2,\"maximum\":12}"},
		{"start", "{\"type\":\"string\",\"format\":\"date-time\"}"},
		{"tz", "{\"type\":\"string\",\"description\":\"The name of an IANA time zone.\"}"},
		{"rescheduling", "{\"type\":\"string\",\"format\":\"uuid\",\"description\":\"What is to be "
				 "moved; with coach=any "
				 "the times of all coaches it may go to.\"}"},
		{"id", "{\"type\":\"string\",\"format\":\"uuid\"}"},
		{"event", "{\"type\":\"string\",\"format\":\"uuid\"}"},
		{"grant", "{\"type\":\"string\",\"format\":\"uuid\"}"},
		{"session", "{\"type\":\"string\",\"format\":\"uuid\"}"},
		{"status",
		 "{\"type\":\"string\",\"enum\":[\"upcoming\",\"past\",\"cancelled\",\"requested\",\"all\"],"
		 "\"default\":\"upcoming\"}"},
		{"Idempotency-Key", "{\"type\":\"string\",\"minLength\":1,\"maxLength\":255}"},
		{"If-Match",
		 "{\"type\":\"string\",\"description\":\"Replace only what has one of these ETags, or * for "
		 "whatever there is; else 412.\"}"},
		{"If-None-Match",
		 "{\"type\":\"string\",\"description\":\"Read only what has another ETag, else "
		 "304; replace (with * alone) only what is not there, else 412.\"}"},
	};
	if (strcmp(name, "limit") == 0)
		return arena_printf(mem,
				    "{\"type\":\"integer\",\"minimum\":1,\"maximum\":%" PRId64
				    ",\"default\":%" PRId64 "}",
				    endpoint->limit_max, endpoint->limit_default);
	/* Google's own has the same name. */
	if (strcmp(name, "state") == 0 && endpoint->limit_max > 0)
		return "{\"type\":\"string\",\"enum\":[\"owed\",\"sending\",\"delivered\",\"failed\","
		       "\"missed\"]}";
	for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
		if (strcmp(schemas[i].name, name) == 0)
			return schemas[i].schema;
	}
	return "{\"type\":\"string\"}";
}

/* Names after `name` may follow, behind a blank or a slash. */
static void write_parameter(struct json_writer *writer, const struct endpoint *endpoint, const char *in,
			    const char *name, struct arena *mem)
{
	const char *text = arena_strndup(mem, name, strcspn(name, " /"));
	const char *schema = parameter_schema(text, endpoint, mem);
	json_write_object(writer, NULL);
	json_write_text(writer, "name", text);
	json_write_text(writer, "in", in);
	json_write_boolean(writer, "required",
			   strcmp(in, "path") == 0 || strcmp(text, "start") == 0 ||
				   strcmp(text, "count") == 0);
	json_write_raw(writer, "schema", schema, strlen(schema));
	json_write_object_end(writer);
}

static void write_parameters(struct json_writer *writer, const struct route *route,
			     const struct endpoint *endpoint, struct arena *mem)
{
	json_write_array(writer, "parameters");
	for (const char *at = strchr(route->pattern, ':'); at != NULL; at = strchr(at + 1, ':'))
		write_parameter(writer, endpoint, "path", at + 1, mem);
	for (const char *at = endpoint->query; at != NULL && *at != '\0';) {
		write_parameter(writer, endpoint, "query", at, mem);
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	if (endpoint->idempotent)
		write_parameter(writer, endpoint, "header", "Idempotency-Key", mem);
	if (endpoint->etag && route->method == HTTP_PUT)
		write_parameter(writer, endpoint, "header", "If-Match", mem);
	if (endpoint->etag)
		write_parameter(writer, endpoint, "header", "If-None-Match", mem);
	json_write_array_end(writer);
}

static void write_content(struct json_writer *writer, const char *media_type, const char *schema,
			  struct arena *mem)
{
	json_write_object(writer, "content");
	json_write_object(writer, media_type);
	json_write_object(writer, "schema");
	json_write_text(writer, "$ref", arena_printf(mem, "#/components/schemas/%s", schema));
	json_write_object_end(writer);
	json_write_object_end(writer);
	json_write_object_end(writer);
}

/* Media types with blanks between, whose bodies have no schema. */
static void write_media(struct json_writer *writer, const char *types, struct arena *mem)
{
	json_write_object(writer, "content");
	for (const char *at = types; *at != '\0';) {
		size_t length = strcspn(at, " ");
		json_write_object(writer, arena_strndup(mem, at, length));
		json_write_object_end(writer);
		at += length + strspn(at + length, " ");
	}
	json_write_object_end(writer);
}

/* The same of a success; NULL: it has no body, or one with a schema. */
static const char *media_of(const struct endpoint *endpoint, struct arena *mem)
{
	const char *file = endpoint->asset != NULL ? endpoint->asset : endpoint->page;
	if (endpoint->gives != NULL || file == NULL)
		return endpoint->gives;
	const char *type = assets_content_type(file);
	return arena_strndup(mem, type, strcspn(type, ";"));
}

/* `always`: every reply of this status has it. */
static void write_header(struct json_writer *writer, const char *name, bool always, const char *schema)
{
	json_write_object(writer, name);
	json_write_boolean(writer, "required", always);
	json_write_raw(writer, "schema", schema, strlen(schema));
	json_write_object_end(writer);
}

/* The headers of a success that say more than how the body is sent. */
static void write_headers(struct json_writer *writer, const struct route *route,
			  const struct endpoint *endpoint, const char *status)
{
	/* What a PUT makes is at the address it was sent to. */
	bool made = route->method == HTTP_POST && strcmp(status, "201") == 0;
	json_write_object(writer, "headers");
	if (endpoint->etag)
		write_header(writer, "ETag", true, "{\"type\":\"string\"}");
	if (made || strcmp(status, "302") == 0)
		write_header(writer, "Location", true, "{\"type\":\"string\",\"format\":\"uri-reference\"}");
	if (endpoint->idempotent)
		write_header(writer, "Idempotent-Replayed", false,
			     "{\"type\":\"string\",\"enum\":[\"true\"]}");
	json_write_object_end(writer);
}

static void write_responses(struct json_writer *writer, const struct route *route,
			    const struct endpoint *endpoint, struct arena *mem)
{
	const char *media = media_of(endpoint, mem);
	json_write_object(writer, "responses");
	const char *statuses = endpoint->statuses != NULL ? endpoint->statuses : "200";
	for (const char *at = statuses; *at != '\0';) {
		size_t length = strcspn(at, " ");
		const char *status = arena_strndup(mem, at, length);
		json_write_object(writer, status);
		json_write_text(writer, "description", "Done");
		write_headers(writer, route, endpoint, status);
		if (endpoint->reply != NULL)
			write_content(writer, "application/json", endpoint->reply, mem);
		else if (media != NULL && strcmp(status, "204") != 0)
			write_media(writer, media, mem);
		json_write_object_end(writer);
		at += length + strspn(at + length, " ");
	}
	if (endpoint->etag && route->method == HTTP_GET) {
		json_write_object(writer, "304");
		json_write_text(writer, "description", "It still has the ETag of If-None-Match");
		write_headers(writer, route, endpoint, "304");
		json_write_object_end(writer);
	}
	json_write_object(writer, "default");
	json_write_text(writer, "description", "A problem, with a stable code");
	json_write_object(writer, "headers");
	write_header(writer, "Retry-After", false,
		     "{\"type\":\"integer\",\"description\":\"Seconds; with 429 and 503.\"}");
	json_write_object_end(writer);
	write_content(writer, "application/problem+json", "Problem", mem);
	json_write_object_end(writer);
	json_write_object_end(writer);
}

static void write_operation(struct json_writer *writer, const struct route *route, struct arena *mem)
{
	const struct endpoint *endpoint = route->endpoint;
	static const char *const methods[] = {
		[HTTP_GET] = "get", [HTTP_POST] = "post", [HTTP_PUT] = "put", [HTTP_DELETE] = "delete"};
	json_write_object(writer, methods[route->method]);
	json_write_text(writer, "summary", endpoint->summary != NULL ? endpoint->summary : endpoint->asset);
	json_write_text(writer, "x-who-may-call",
			endpoint->guests ? "any signed-in caller, or anyone with PUBLIC_BOOKING"
					 : authority_words[endpoint->authority]);
	json_write_array(writer, "security");
	if (endpoint->authority != AUTHORITY_ANYONE) {
		static const char *const schemes[] = {"bearer", "session"};
		for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
			json_write_object(writer, NULL);
			json_write_array(writer, schemes[i]);
			json_write_array_end(writer);
			json_write_object_end(writer);
		}
	}
	json_write_array_end(writer);
	write_parameters(writer, route, endpoint, mem);
	if (endpoint->body != NULL) {
		json_write_object(writer, "requestBody");
		json_write_boolean(writer, "required", !endpoint->body_optional);
		write_content(writer, "application/json", endpoint->body, mem);
		json_write_object_end(writer);
	} else if (endpoint->takes != NULL) {
		json_write_object(writer, "requestBody");
		write_media(writer, endpoint->takes, mem);
		json_write_object_end(writer);
	}
	write_responses(writer, route, endpoint, mem);
	json_write_object_end(writer);
}

static bool is_first_of_path(const struct route routes[], size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (strcmp(routes[i].pattern, routes[index].pattern) == 0)
			return false;
	}
	return true;
}

/* The embedded schemas, and before them the one that the table of problems makes. */
static void write_schemas(struct json_writer *writer)
{
#define CODE(name, code, status, sentence) "\"" #code "\","
	static const char codes[] = PROBLEMS(CODE) REFUSALS(CODE);
#undef CODE
	json_write_name(writer, "schemas");
	buffer_append_text(writer->out, "{\"ProblemCode\":{\"type\":\"string\",\"enum\":[");
	buffer_append(writer->out, codes, sizeof(codes) - 2); /* without the last comma */
	buffer_append_text(writer->out, "]},");
	buffer_append(writer->out, openapi_schemas + 1, (size_t)(openapi_schemas_end - openapi_schemas) - 1);
}

static void write_document(const struct route routes[], size_t count, struct buffer *out, struct arena *mem)
{
	struct json_writer writer;
	json_writer_init(&writer, out);
	json_write_object(&writer, NULL);
	json_write_text(&writer, "openapi", "3.1.0");
	json_write_object(&writer, "info");
	json_write_text(&writer, "title", "bookingd");
	json_write_text(&writer, "version", BOOKINGD_VERSION);
	json_write_text(&writer, "description",
			"Free times, holds, appointments and calendars. Instants are RFC 3339 with an "
			"offset; replies "
			"give UTC.");
	json_write_object_end(&writer);
	json_write_object(&writer, "paths");
	for (size_t i = 0; i < count; i++) {
		if (!is_first_of_path(routes, i))
			continue;
		json_write_object(&writer, path_template(routes[i].pattern, mem));
		for (size_t j = i; j < count; j++) {
			if (strcmp(routes[j].pattern, routes[i].pattern) == 0)
				write_operation(&writer, &routes[j], mem);
		}
		json_write_object_end(&writer);
	}
	json_write_object_end(&writer);
	json_write_object(&writer, "components");
	json_write_object(&writer, "securitySchemes");
	json_write_object(&writer, "bearer");
	json_write_text(&writer, "type", "http");
	json_write_text(&writer, "scheme", "bearer");
	json_write_text(&writer, "bearerFormat", "JWT");
	json_write_object_end(&writer);
	json_write_object(&writer, "session");
	json_write_text(&writer, "type", "apiKey");
	json_write_text(&writer, "in", "header");
	json_write_text(&writer, "name", "X-Session-ID");
	json_write_object_end(&writer);
	json_write_object_end(&writer);
	write_schemas(&writer);
	json_write_object_end(&writer);
	json_write_object_end(&writer);
}

void api_openapi(struct call *call)
{
	write_document(call->api->routes, call->api->route_count, reply_begin_json(call->reply, 200),
		       call->mem);
	reply_header(call->reply, "Cache-Control", "no-cache");
	reply_header(call->reply, "Access-Control-Allow-Origin", "*");
}
