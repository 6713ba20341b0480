#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/assets.h"
#include "http/ready_body.h"

#include <string.h>

struct asked {
	struct arena mem;
	struct request request;
	struct reply reply;
};

static bool ask(struct asked *asked, const struct assets *assets, const char *name, const char *version)
{
	memset(asked, 0, sizeof(*asked));
	asked->request.mem = &asked->mem;
	if (version != NULL)
		asked->request.query[asked->request.query_count++] = (struct query_parameter){"v", version};
	reply_init(&asked->reply, &asked->mem);
	return assets_reply(assets, name, 200, &asked->request, &asked->reply);
}

static const char *header(const struct asked *asked, const char *name)
{
	const char *value = reply_get_header(&asked->reply, name);
	return value != NULL ? value : "";
}

static void forget(struct asked *asked)
{
	reply_reset(&asked->reply);
	arena_clear(&asked->mem);
}

static void pages_run_nothing_inline_and_are_not_framed(void **state)
{
	(void)state;
	struct assets *assets = assets_new(NULL);
	struct asked asked;
	assert_true(ask(&asked, assets, "booking/booking.html", NULL));
	assert_string_equal(header(&asked, "Content-Type"), "text/html; charset=utf-8");
	assert_string_equal(header(&asked, "Cross-Origin-Opener-Policy"), "same-origin");
	const char *policy = header(&asked, "Content-Security-Policy");
	assert_non_null(strstr(policy, "default-src 'none'"));
	assert_non_null(strstr(policy, "frame-ancestors 'none'"));
	assert_null(strstr(policy, "unsafe"));
	assert_string_equal(header(&asked, "Cache-Control"), "public, max-age=300");
	assert_string_not_equal(header(&asked, "Referrer-Policy"), "");
	/* What an address has not today it may have in a moment. */
	assert_true(assets_reply(assets, "missing.html", 404, &asked.request, &asked.reply));
	assert_string_equal(header(&asked, "Cache-Control"), "no-store");
	assert_int_equal(asked.reply.status, 404);
	forget(&asked);
	assets_free(assets);
}

static void only_the_booking_page_is_framed_and_only_by_those_named(void **state)
{
	(void)state;
	const char *const origins[] = {"https://a.example", "https://b.example:8443", NULL};
	struct assets *assets = assets_new(origins);
	struct asked asked;
	assert_true(ask(&asked, assets, "booking/type.html", NULL));
	const char *policy = header(&asked, "Content-Security-Policy");
	assert_non_null(
		strstr(policy, "base-uri 'none'; frame-ancestors https://a.example https://b.example:8443"));
	assert_null(strstr(policy, "frame-ancestors 'none'"));
	forget(&asked);
	const char *const others[] = {"coach/coach.html", "missing.html"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_true(ask(&asked, assets, others[i], NULL));
		assert_non_null(strstr(header(&asked, "Content-Security-Policy"), "frame-ancestors 'none'"));
		forget(&asked);
	}
	assets_free(assets);
}

static void the_version_stands_in_the_page_and_makes_scripts_immutable(void **state)
{
	(void)state;
	struct assets *assets = assets_new(NULL);
	struct asked asked;
	assert_true(ask(&asked, assets, "booking/booking.html", NULL));
	assert_null(strstr(asked.reply.ready->bytes, "@VERSION@"));
	assert_non_null(strstr(asked.reply.ready->bytes, assets_version()));
	forget(&asked);
	assert_true(ask(&asked, assets, "widget.js", assets_version()));
	assert_string_equal(header(&asked, "Cache-Control"), "public, max-age=31536000, immutable");
	assert_string_equal(header(&asked, "Access-Control-Allow-Origin"), "*");
	forget(&asked);
	assert_true(ask(&asked, assets, "widget.js", "yesterday"));
	assert_string_equal(header(&asked, "Cache-Control"), "public, no-cache");
	forget(&asked);
	assets_free(assets);
}

static void twins_are_made_at_build_time(void **state)
{
	(void)state;
	struct assets *assets = assets_new(NULL);
	struct asked asked;
	assert_true(ask(&asked, assets, "widget.js", NULL));
	const char *gzip = NULL;
	size_t length = 0;
	assert_true(ready_body_gzip(asked.reply.ready, &gzip, &length));
	assert_true(length < asked.reply.ready->length / 2);
	assert_memory_equal(gzip, "\x1f\x8b", 2);
	forget(&asked);
	assets_free(assets);
}

static void other_names_are_not_found(void **state)
{
	(void)state;
	struct assets *assets = assets_new(NULL);
	struct asked asked;
	assert_false(ask(&asked, assets, "../Makefile", NULL));
	assert_false(ask(&asked, assets, "", NULL));
	assert_int_equal(asked.reply.header_count, 0);
	assets_free(assets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_run_nothing_inline_and_are_not_framed),
		cmocka_unit_test(only_the_booking_page_is_framed_and_only_by_those_named),
		cmocka_unit_test(the_version_stands_in_the_page_and_makes_scripts_immutable),
		cmocka_unit_test(twins_are_made_at_build_time),
		cmocka_unit_test(other_names_are_not_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
