#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/ready_body.h"
#include "http/reply.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct fixture {
	struct arena mem;
	struct reply reply;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	reply_init(&fixture->reply, &fixture->mem);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	reply_reset(&fixture->reply);
	buffer_clear(&fixture->reply.body);
	arena_clear(&fixture->mem);
	free(fixture);
	return 0;
}

static void headers_cannot_be_injected(void **state)
{
	struct reply *reply = &((struct fixture *)*state)->reply;
	assert_false(reply_header(reply, "Location", "/x\r\nSet-Cookie: a=b"));
	assert_false(reply_header(reply, "Location", "/x\nb"));
	assert_false(reply_header(reply, "Bad Name", "x"));
	assert_false(reply_header(reply, "", "x"));
	assert_false(reply_header_printf(reply, "Location", "/%s", "\r"));
	assert_int_equal(reply->header_count, 0);
	assert_true(reply_header(reply, "Location", "/booking/1"));
	assert_true(reply_header(reply, "location", "/booking/2"));
	assert_int_equal(reply->header_count, 1);
	assert_string_equal(reply_get_header(reply, "LOCATION"), "/booking/2");
}

static void every_problem_is_titled_by_its_status(void **state)
{
	struct reply *reply = &((struct fixture *)*state)->reply;
	for (int code = 0; code < PROBLEM_COUNT; code++) {
		reply_problem_of(reply, (enum problem_code)code, NULL, NULL);
		assert_non_null(strstr(buffer_text(&reply->body), "\"title\":\""));
		assert_null(strstr(buffer_text(&reply->body), "\"title\":\"Error\""));
	}
}

static void a_problem_says_what_applies_and_nothing_else(void **state)
{
	struct reply *reply = &((struct fixture *)*state)->reply;
	buffer_append_text(reply_begin_json(reply, 200), "{\"half\":");
	reply_problem(reply, &(struct problem){
				     .code = PROBLEM_SLOT_TAKEN,
				     .detail = "Somebody was \"faster\".",
			     });
	assert_int_equal(reply->status, 409);
	assert_string_equal(reply->code, "slot_taken");
	assert_string_equal(reply_get_header(reply, "Content-Type"), "application/problem+json");
	assert_null(reply_get_header(reply, "Retry-After"));
	assert_string_equal(
		buffer_text(&reply->body),
		"{\"type\":\"urn:bookingd:problem:slot_taken\",\"title\":\"Conflict\",\"status\":409,"
		"\"detail\":\"Somebody was \\\"faster\\\".\",\"code\":\"slot_taken\"}");
}

static void unavailable_always_says_when_to_come_back(void **state)
{
	struct reply *reply = &((struct fixture *)*state)->reply;
	reply_problem(reply, &(struct problem){.code = PROBLEM_OVERLOADED});
	assert_string_equal(reply_get_header(reply, "Retry-After"), "1");
	reply_problem(reply, &(struct problem){.code = PROBLEM_RATE_LIMITED, .retry_after = 17});
	assert_string_equal(reply_get_header(reply, "Retry-After"), "17");
	assert_non_null(strstr(buffer_text(&reply->body), "\"retry_after\":17"));
}

static struct ready_body *some_body(char fill)
{
	char bytes[20000];
	memset(bytes, fill, sizeof(bytes));
	return ready_body_new(bytes, sizeof(bytes), "application/json");
}

static void a_ready_body_is_sent_compressed_to_those_who_take_it(void **state)
{
	struct reply *reply = &((struct fixture *)*state)->reply;
	struct ready_body *ready = some_body('a');
	struct request request = {.mem = reply->mem};
	reply_ready(reply, 200, &request, ready);
	assert_int_equal(reply->status, 200);
	assert_false(reply->ready_gzip);
	assert_string_equal(reply_get_header(reply, "ETag"), ready->etag);
	assert_string_equal(reply_get_header(reply, "Vary"), "Accept-Encoding");
	assert_null(reply_get_header(reply, "Content-Encoding"));

	const struct request_header header = {"Accept-Encoding", "gzip"};
	request.headers = &header;
	request.header_count = 1;
	reply_ready(reply, 200, &request, ready);
	assert_true(reply->ready_gzip);
	assert_string_equal(reply_get_header(reply, "ETag"), ready->gzip_etag);
	assert_string_equal(reply_get_header(reply, "Content-Encoding"), "gzip");
	ready_body_drop(ready);
	/* The reply's own reference keeps it. */
	assert_int_equal(reply->ready->bytes[19999], 'a');
}

static void the_twin_is_the_same_bytes_compressed(void **state)
{
	(void)state;
	struct ready_body *ready = some_body('b');
	size_t before = ready_body_size(ready);
	const char *gzip = NULL;
	size_t length = 0;
	assert_true(ready_body_gzip(ready, &gzip, &length));
	assert_true(length < 200);
	assert_true(ready_body_size(ready) > before);
	char back[20001];
	z_stream stream = {.next_in = (unsigned char *)gzip,
			   .avail_in = (unsigned)length,
			   .next_out = (unsigned char *)back,
			   .avail_out = sizeof(back)};
	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.total_out, 20000);
	inflateEnd(&stream);
	assert_memory_equal(back, ready->bytes, 20000);

	const char *again = NULL;
	assert_true(ready_body_gzip(ready, &again, &length));
	assert_ptr_equal(gzip, again);
	ready_body_drop(ready);

	struct ready_body *tiny = ready_body_new("{}", 2, "application/json");
	assert_false(ready_body_gzip(tiny, &gzip, &length));
	ready_body_drop(tiny);
}

static void a_client_that_has_the_body_gets_304(void **state)
{
	struct reply *reply = &((struct fixture *)*state)->reply;
	struct ready_body *ready = some_body('c');
	const struct request_header headers[] = {{"If-None-Match", ready->gzip_etag}};
	struct request request = {.mem = reply->mem, .headers = headers, .header_count = 1};
	reply_ready(reply, 200, &request, ready);
	assert_int_equal(reply->status, 304);
	assert_ptr_equal(reply->ready, ready); /* held, not sent: for its length */
	assert_string_equal(reply_get_header(reply, "ETag"), ready->etag);

	struct ready_body *other = some_body('d');
	assert_string_not_equal(other->etag, ready->etag);
	reply_ready(reply, 200, &request, other);
	assert_int_equal(reply->status, 200);
	ready_body_drop(other);

	/* Whose condition is for what succeeds. */
	reply_ready(reply, 404, &request, ready);
	assert_int_equal(reply->status, 404);
	assert_string_equal(reply_get_header(reply, "Content-Type"), "application/json");
	ready_body_drop(ready);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(headers_cannot_be_injected, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_problem_is_titled_by_its_status, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_problem_says_what_applies_and_nothing_else, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(unavailable_always_says_when_to_come_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_ready_body_is_sent_compressed_to_those_who_take_it, set_up,
						tear_down),
		cmocka_unit_test(the_twin_is_the_same_bytes_compressed),
		cmocka_unit_test_setup_teardown(a_client_that_has_the_body_gets_304, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
