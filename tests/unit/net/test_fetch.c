#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "net/fetch.h"
#include "net/jwks.h"

#include "tiny_server.h"

enum { PLENTY_MS = 20000 };

struct fixture {
	struct tiny_server server;
	struct fetch_client *client;
	atomic_bool stop;
	struct arena mem;
};

static void begin(struct fixture *fixture, tiny_answer *answer, void *closure)
{
	atomic_init(&fixture->stop, false);
	fixture->mem = ARENA_EMPTY;
	fixture->client = fetch_client_new("test/1", &fixture->stop);
	tiny_start(&fixture->server, answer, closure);
}

static void end(struct fixture *fixture)
{
	fetch_client_free(fixture->client);
	tiny_stop(&fixture->server);
	arena_clear(&fixture->mem);
}

static struct fetch_request asking(struct fixture *fixture, const char *method)
{
	return (struct fetch_request){
		.method = method,
		.url = fixture->server.url,
		.reply_max = 1000,
		.deadline = monotonic_ms() + PLENTY_MS,
	};
}

static enum fetch_failure run(struct fixture *fixture, const struct fetch_request *request,
			      struct fetch_reply *reply)
{
	return fetch(fixture->client, &fixture->mem, request, reply);
}

/* --- what is sent and what comes back ------------------------------------------------------------ */

static bool answer_by_checking(const struct tiny_request *request)
{
	bool good = strstr(request->head, "PATCH / HTTP/1.1\r\n") &&
		    strstr(request->head, "\r\nAuthorization: Bearer secret\r\n") &&
		    strstr(request->head, "\r\nIf-Match: \"7\"\r\n") &&
		    strstr(request->head, "\r\nContent-Type: application/json\r\n") &&
		    strstr(request->head, "\r\nUser-Agent: test/1 (gzip)\r\n") &&
		    strstr(request->head, "\r\nAccept-Encoding: gzip\r\n") &&
		    strcmp(request->body, "{\"a\":1}") == 0;

	tiny_reply(request->socket, good ? 418 : 500, "ETag: \"8\"\r\nRetry-After: 7\r\n", "hello");
	return true;
}

static void a_request_goes_out_as_asked_and_its_reply_comes_back(void **state)
{
	(void)state;
	struct fixture fixture;
	struct fetch_reply reply;

	begin(&fixture, answer_by_checking, NULL);
	struct fetch_request request = asking(&fixture, "PATCH");

	request.bearer = "secret";
	request.if_match = "\"7\"";
	request.content_type = "application/json";
	request.body = "{\"a\":1}";
	request.body_length = strlen(request.body);
	assert_int_equal(run(&fixture, &request, &reply), FETCH_OK);
	assert_int_equal(reply.status, 418);
	assert_string_equal(reply.body, "hello");
	assert_int_equal(reply.body_length, 5);
	assert_string_equal(reply.etag, "\"8\"");
	assert_int_equal(reply.retry_after, 7);
	assert_true(reply.sent);
	end(&fixture);
}

static bool answer_the_method(const struct tiny_request *request)
{
	char method[16] = "";

	sscanf(request->head, "%15s", method);
	/* A body or its length where none belongs makes the next request unreadable. */
	tiny_reply(request->socket, 200, "", method);
	return true;
}

static void the_connection_is_kept_whatever_the_methods(void **state)
{
	(void)state;
	static const char *const methods[] = {"GET", "DELETE", "POST", "PATCH", "GET", "PUT", "POST"};
	struct fixture fixture;
	struct fetch_reply reply;

	begin(&fixture, answer_the_method, NULL);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct fetch_request request = asking(&fixture, methods[i]);

		if (methods[i][0] == 'P') {
			request.body = "x";
			request.body_length = i == 6 ? 0 : 1;
			request.content_type = "text/plain";
		}
		assert_int_equal(run(&fixture, &request, &reply), FETCH_OK);
		assert_string_equal(reply.body, methods[i]);
	}
	assert_int_equal(atomic_load(&fixture.server.connections), 1);
	end(&fixture);
}

struct packed {
	unsigned char bytes[4096];
	size_t length;
};

static bool answer_packed(const struct tiny_request *request)
{
	const struct packed *packed = request->closure;
	char head[200];
	int length = snprintf(head, sizeof(head),
			      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
			      packed->length);

	tiny_send(request->socket, head, (size_t)length);
	tiny_send(request->socket, packed->bytes, packed->length);
	return true;
}

static void pack(struct packed *packed, const char *text, size_t length)
{
	z_stream stream = {0};

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	stream.next_in = (Bytef *)text;
	stream.avail_in = (uInt)length;
	stream.next_out = packed->bytes;
	stream.avail_out = sizeof(packed->bytes);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	packed->length = stream.total_out;
	deflateEnd(&stream);
}

static void a_compressed_reply_is_unpacked_and_measured_unpacked(void **state)
{
	(void)state;
	struct fixture fixture;
	struct fetch_reply reply;
	struct packed packed;
	char *text = calloc(1, 200001);

	memset(text, 'a', 200000);
	pack(&packed, text, 200000);
	begin(&fixture, answer_packed, &packed);
	struct fetch_request request = asking(&fixture, "GET");

	request.reply_max = 200000;
	assert_int_equal(run(&fixture, &request, &reply), FETCH_OK);
	assert_string_equal(reply.body, text);
	request.reply_max = 199999;
	assert_int_equal(run(&fixture, &request, &reply), FETCH_TOO_BIG);
	end(&fixture);
	free(text);
}

static bool answer_redirect(const struct tiny_request *request)
{
	tiny_reply(request->socket, 302, "Location: /elsewhere\r\n", "");
	return true;
}

static void a_redirect_is_not_followed(void **state)
{
	(void)state;
	struct fixture fixture;
	struct fetch_reply reply;

	begin(&fixture, answer_redirect, NULL);
	struct fetch_request request = asking(&fixture, "GET");

	assert_int_equal(run(&fixture, &request, &reply), FETCH_OK);
	assert_int_equal(reply.status, 302);
	assert_int_equal(atomic_load(&fixture.server.requests), 1);
	end(&fixture);
}

/* --- what goes wrong --------------------------------------------------------------------------------- */

static bool answer_ten_bytes(const struct tiny_request *request)
{
	tiny_reply(request->socket, 200, "", "0123456789");
	return true;
}

static void a_reply_over_its_limit_is_too_big_and_one_at_the_limit_is_not(void **state)
{
	(void)state;
	struct fixture fixture;
	struct fetch_reply reply;

	begin(&fixture, answer_ten_bytes, NULL);
	struct fetch_request request = asking(&fixture, "GET");

	request.reply_max = 10;
	assert_int_equal(run(&fixture, &request, &reply), FETCH_OK);
	request.reply_max = 9;
	assert_int_equal(run(&fixture, &request, &reply), FETCH_TOO_BIG);
	assert_true(reply.sent);
	assert_null(reply.body);
	request.reply_max = 10;
	assert_int_equal(run(&fixture, &request, &reply), FETCH_OK);
	end(&fixture);
}

static bool answer_endless_headers(const struct tiny_request *request)
{
	char line[1024] = "X: ";

	memset(line + 3, 'a', sizeof(line) - 5);
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	tiny_send(request->socket, "HTTP/1.1 200 OK\r\n", 17);
	for (int i = 0; i < 200; i++)
		tiny_send(request->socket, line, sizeof(line));
	return false;
}

static void endless_headers_are_too_big(void **state)
{
	(void)state;
	struct fixture fixture;
	struct fetch_reply reply;

	begin(&fixture, answer_endless_headers, NULL);
	struct fetch_request request = asking(&fixture, "GET");

	assert_int_equal(run(&fixture, &request, &reply), FETCH_TOO_BIG);
	end(&fixture);
}

static bool answer_half(const struct tiny_request *request)
{
	static const char half[] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";

	tiny_send(request->socket, half, strlen(half));
	return false;
}

static bool answer_nothing_and_cut(const struct tiny_request *request)
{
	(void)request;
	return false;
}

static void a_reply_that_is_cut_may_have_been_applied(void **state)
{
	(void)state;
	static tiny_answer *const answers[] = {answer_half, answer_nothing_and_cut};

	for (size_t i = 0; i < 2; i++) {
		struct fixture fixture;
		struct fetch_reply reply;

		begin(&fixture, answers[i], NULL);
		struct fetch_request request = asking(&fixture, "POST");

		assert_int_equal(run(&fixture, &request, &reply), FETCH_CUT);
		assert_true(reply.sent);
		assert_int_equal(reply.status, 0);
		assert_true(reply.detail[0]);
		assert_int_equal(atomic_load(&fixture.server.requests), 1);
		end(&fixture);
	}
}

static void nobody_there_means_nothing_was_sent(void **state)
{
	(void)state;
	struct fixture fixture;
	struct fetch_reply reply;

	begin(&fixture, answer_ten_bytes, NULL);
	struct fetch_request request = asking(&fixture, "POST");
	char *url = arena_strdup(&fixture.mem, fixture.server.url);

	tiny_stop(&fixture.server);
	request.url = url;
	assert_int_equal(run(&fixture, &request, &reply), FETCH_CONNECT);
	assert_false(reply.sent);
	request.url = "http://nobody.invalid/";
	assert_int_equal(run(&fixture, &request, &reply), FETCH_CONNECT);
	assert_false(reply.sent);
	fetch_client_free(fixture.client);
	arena_clear(&fixture.mem);
}

/* Wait until the other side gives up. */
static bool answer_with_silence(const struct tiny_request *request)
{
	char byte;

	while (recv(request->socket, &byte, 1, 0) > 0)
		;
	return false;
}

static void silence_ends_at_the_deadline(void **state)
{
	(void)state;
	struct fixture fixture;
	struct fetch_reply reply;

	begin(&fixture, answer_with_silence, NULL);
	struct fetch_request request = asking(&fixture, "POST");

	request.deadline = monotonic_ms() + 200;
	assert_int_equal(run(&fixture, &request, &reply), FETCH_TIMEOUT);
	assert_true(reply.sent);
	request.deadline = monotonic_ms();
	assert_int_equal(run(&fixture, &request, &reply), FETCH_TIMEOUT);
	assert_false(reply.sent);
	assert_int_equal(atomic_load(&fixture.server.requests), 1);
	end(&fixture);
}

static bool answer_by_stopping(const struct tiny_request *request)
{
	struct fixture *fixture = request->closure;

	atomic_store(&fixture->stop, true);
	return answer_with_silence(request);
}

static void a_running_call_ends_when_told_to_stop_and_none_begins_after(void **state)
{
	(void)state;
	struct fixture fixture;
	struct fetch_reply reply;

	begin(&fixture, answer_by_stopping, &fixture);
	struct fetch_request request = asking(&fixture, "POST");

	assert_int_equal(run(&fixture, &request, &reply), FETCH_STOPPED);
	assert_true(reply.sent);
	assert_int_equal(run(&fixture, &request, &reply), FETCH_STOPPED);
	assert_false(reply.sent);
	end(&fixture);
}

/* Good once on each connection; the second request is read, and the connection ends without a word. */
static bool answer_once_then_cut(const struct tiny_request *request)
{
	if (request->on_connection > 1)
		return false;
	tiny_reply(request->socket, 200, "", "ok");
	return true;
}

static void a_kept_connection_that_dies_repeats_only_what_may_be_repeated(void **state)
{
	(void)state;
	static const char *const methods[] = {"POST", "PATCH", "DELETE", "GET"};

	for (size_t i = 0; i < 4; i++) {
		struct fixture fixture;
		struct fetch_reply reply;

		begin(&fixture, answer_once_then_cut, NULL);
		struct fetch_request request = asking(&fixture, methods[i]);

		assert_int_equal(run(&fixture, &request, &reply), FETCH_OK);
		assert_int_equal(run(&fixture, &request, &reply), FETCH_CUT);
		assert_true(reply.sent);
		assert_string_equal(reply.detail, "the connection ended before the reply");
		assert_int_equal(atomic_load(&fixture.server.requests), 2);
		request.may_be_repeated = true;
		assert_int_equal(run(&fixture, &request, &reply), FETCH_OK);
		assert_int_equal(run(&fixture, &request, &reply), FETCH_OK);
		assert_int_equal(atomic_load(&fixture.server.requests), 5);
		end(&fixture);
	}
}

static void what_is_no_http_request_is_refused_unsent(void **state)
{
	(void)state;
	struct fixture fixture;
	struct fetch_reply reply;

	begin(&fixture, answer_ten_bytes, NULL);
	struct fetch_request request = asking(&fixture, "GET");

	request.url = "file:///etc/passwd";
	assert_int_equal(run(&fixture, &request, &reply), FETCH_REFUSED);
	request.url = "ftp://127.0.0.1/";
	assert_int_equal(run(&fixture, &request, &reply), FETCH_REFUSED);
	request.url = "http://127.0.0.1:99999999/";
	assert_int_equal(run(&fixture, &request, &reply), FETCH_REFUSED);
	request.url = arena_printf(&fixture.mem, "%s/a b\r\nX: y", fixture.server.url);
	assert_int_equal(run(&fixture, &request, &reply), FETCH_REFUSED);
	request.url = fixture.server.url;
	request.bearer = "a\r\nX-Evil: 1";
	assert_int_equal(run(&fixture, &request, &reply), FETCH_REFUSED);
	request.bearer = NULL;
	request.if_match = "a\nb";
	assert_int_equal(run(&fixture, &request, &reply), FETCH_REFUSED);
	assert_false(reply.sent);
	assert_int_equal(atomic_load(&fixture.server.requests), 0);
	end(&fixture);
}

static void a_server_without_tls_is_a_tls_failure_and_gets_nothing(void **state)
{
	(void)state;
	struct fixture fixture;
	struct fetch_reply reply;

	begin(&fixture, answer_half, NULL);
	struct fetch_request request = asking(&fixture, "POST");

	request.url = arena_printf(&fixture.mem, "https://127.0.0.1:%d/", fixture.server.port);
	request.deadline = monotonic_ms() + 1000;
	/* The tiny server waits for the end of a header that a TLS greeting does not have. */
	enum fetch_failure failure = run(&fixture, &request, &reply);

	assert_true(failure == FETCH_TLS || failure == FETCH_TIMEOUT);
	assert_false(reply.sent);
	assert_int_equal(atomic_load(&fixture.server.requests), 0);
	end(&fixture);
}

/* --- the rest ----------------------------------------------------------------------------------------- */

static void text_is_percent_encoded(void **state)
{
	(void)state;
	struct arena mem = ARENA_EMPTY;

	assert_string_equal(fetch_encode(&mem, "aZ09-._~"), "aZ09-._~");
	assert_string_equal(fetch_encode(&mem, "c_1@group.calendar.google.com"),
			    "c_1%40group.calendar.google.com");
	assert_string_equal(fetch_encode(&mem, "a/b?c#d&e=f+g h%"), "a%2Fb%3Fc%23d%26e%3Df%2Bg%20h%25");
	assert_string_equal(fetch_encode(&mem, "\xc3\xa9\n"), "%C3%A9%0A");
	assert_string_equal(fetch_encode(&mem, ""), "");
	arena_clear(&mem);
}

static bool answer_keys_once(const struct tiny_request *request)
{
	tiny_reply(request->socket, request->number == 1 ? 200 : 503, "", "{\"keys\":[]}");
	return true;
}

static void a_key_set_is_handed_over_and_its_absence_explained(void **state)
{
	(void)state;
	struct fixture fixture;
	const char *detail = NULL;
	size_t length = 0;

	begin(&fixture, answer_keys_once, NULL);
	assert_string_equal(jwks_fetch(fixture.client, &fixture.mem, fixture.server.url,
				       monotonic_ms() + PLENTY_MS, &length, &detail),
			    "{\"keys\":[]}");
	assert_int_equal(length, 11);
	assert_null(jwks_fetch(fixture.client, &fixture.mem, fixture.server.url, monotonic_ms() + PLENTY_MS,
			       &length, &detail));
	assert_string_equal(detail, "status 503");
	assert_null(jwks_fetch(fixture.client, &fixture.mem, "gopher://x", monotonic_ms() + PLENTY_MS,
			       &length, &detail));
	assert_non_null(strstr(detail, "refused"));
	end(&fixture);
}

static int set_up(void **state)
{
	(void)state;
	return fetch_global_begin() ? 0 : 1;
}

static int tear_down(void **state)
{
	(void)state;
	fetch_global_end();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_goes_out_as_asked_and_its_reply_comes_back),
		cmocka_unit_test(the_connection_is_kept_whatever_the_methods),
		cmocka_unit_test(a_compressed_reply_is_unpacked_and_measured_unpacked),
		cmocka_unit_test(a_redirect_is_not_followed),
		cmocka_unit_test(a_reply_over_its_limit_is_too_big_and_one_at_the_limit_is_not),
		cmocka_unit_test(endless_headers_are_too_big),
		cmocka_unit_test(a_reply_that_is_cut_may_have_been_applied),
		cmocka_unit_test(nobody_there_means_nothing_was_sent),
		cmocka_unit_test(silence_ends_at_the_deadline),
		cmocka_unit_test(a_running_call_ends_when_told_to_stop_and_none_begins_after),
		cmocka_unit_test(a_kept_connection_that_dies_repeats_only_what_may_be_repeated),
		cmocka_unit_test(what_is_no_http_request_is_refused_unsent),
		cmocka_unit_test(a_server_without_tls_is_a_tls_failure_and_gets_nothing),
		cmocka_unit_test(text_is_percent_encoded),
		cmocka_unit_test(a_key_set_is_handed_over_and_its_absence_explained),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
