#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/router.h"

#include <string.h>

static const struct route routes[] = {
	{.method = HTTP_GET, .pattern = "/booking/:id"},
	{.method = HTTP_PUT, .pattern = "/booking/:id/cancel"},
	{.method = HTTP_GET, .pattern = "/booking/"},
	{.method = HTTP_GET, .pattern = "/booking/availability"},
	{.method = HTTP_POST, .pattern = "/booking/create"},
	{.method = HTTP_GET, .pattern = "/booking/user/:user_id"},
	{.method = HTTP_DELETE, .pattern = "/booking/user/:user_id"},
	{.method = HTTP_GET, .pattern = "/coach/:coach/feed"},
	{.method = HTTP_POST, .pattern = "/coach/:coach/feed"},
	{.method = HTTP_PUT, .pattern = "/coach/:coach/feed"},
};

struct found {
	enum route_verdict verdict;
	const char *pattern;
	enum http_method method;
	char parameter[64]; /* the first */
};

static struct found find(enum http_method method, const char *path)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	struct router *router = router_new(routes, sizeof(routes) / sizeof(routes[0]));
	const struct route *route = NULL;
	struct route_parameters parameters = {0};
	struct found found = {.verdict = router_find(router, method, path, &mem, &route, &parameters)};
	if (route != NULL) {
		found.pattern = route->pattern;
		found.method = route->method;
	}
	if (parameters.count > 0)
		strncpy(found.parameter, parameters.at[0].value, sizeof(found.parameter) - 1);
	router_free(router);
	return found;
}

static void assert_found(enum http_method method, const char *path, const char *pattern,
			 const char *parameter)
{
	struct found found = find(method, path);
	assert_int_equal(found.verdict, ROUTE_FOUND);
	assert_string_equal(found.pattern, pattern);
	assert_string_equal(found.parameter, parameter);
}

static void literal_segments_beat_parameters(void **state)
{
	(void)state;
	assert_found(HTTP_GET, "/booking/availability", "/booking/availability", "");
	assert_found(HTTP_GET, "/booking/7", "/booking/:id", "7");
	assert_found(HTTP_GET, "/booking/user/u1", "/booking/user/:user_id", "u1");
	assert_int_equal(find(HTTP_GET, "/booking/create").verdict, ROUTE_UNKNOWN_METHOD);
	assert_int_equal(find(HTTP_PUT, "/booking/user/cancel").verdict, ROUTE_UNKNOWN_METHOD);
}

static void a_slash_at_the_end_is_part_of_the_path(void **state)
{
	(void)state;
	assert_found(HTTP_GET, "/booking/", "/booking/", "");
	assert_int_equal(find(HTTP_GET, "/booking").verdict, ROUTE_UNKNOWN_PATH);
	assert_int_equal(find(HTTP_GET, "/booking/7/").verdict, ROUTE_UNKNOWN_PATH);
	assert_int_equal(find(HTTP_PUT, "/booking//cancel").verdict, ROUTE_UNKNOWN_PATH);
	assert_int_equal(find(HTTP_GET, "").verdict, ROUTE_UNKNOWN_PATH);
	assert_int_equal(find(HTTP_GET, "*").verdict, ROUTE_UNKNOWN_PATH);
	assert_int_equal(find(HTTP_GET, "/a/b/c/d/e/f/g/h/i/j/k").verdict, ROUTE_UNKNOWN_PATH);
}

static void parameters_are_decoded_once(void **state)
{
	(void)state;
	assert_found(HTTP_GET, "/booking/a%20b", "/booking/:id", "a b");
	assert_found(HTTP_GET, "/booking/a+b", "/booking/:id", "a+b");
	assert_found(HTTP_GET, "/booking/%2e%2E%2Fx", "/booking/:id", "../x");
	assert_found(HTTP_GET, "/booking/%2541", "/booking/:id", "%41");
	assert_found(HTTP_GET, "/booking/Zo%C3%AB", "/booking/:id", "Zo\xc3\xab");
}

static void malformed_parameters_are_refused(void **state)
{
	(void)state;
	assert_int_equal(find(HTTP_GET, "/booking/%00").verdict, ROUTE_BAD_PARAMETER);
	assert_int_equal(find(HTTP_GET, "/booking/a%").verdict, ROUTE_BAD_PARAMETER);
	assert_int_equal(find(HTTP_GET, "/booking/a%4").verdict, ROUTE_BAD_PARAMETER);
	assert_int_equal(find(HTTP_GET, "/booking/%zz").verdict, ROUTE_BAD_PARAMETER);
	assert_int_equal(find(HTTP_GET, "/booking/%ff").verdict, ROUTE_BAD_PARAMETER);
	assert_int_equal(find(HTTP_GET, "/booking/%c0%80").verdict, ROUTE_BAD_PARAMETER);
}

static void post_reaches_put_endpoints_unless_it_has_its_own(void **state)
{
	(void)state;
	struct found found = find(HTTP_POST, "/booking/7/cancel");
	assert_int_equal(found.verdict, ROUTE_FOUND);
	assert_int_equal(found.method, HTTP_PUT);
	found = find(HTTP_POST, "/coach/damian/feed");
	assert_int_equal(found.verdict, ROUTE_FOUND);
	assert_int_equal(found.method, HTTP_POST);
	assert_int_equal(find(HTTP_POST, "/booking/user/u1").verdict, ROUTE_UNKNOWN_METHOD);
}

static void assert_allow(const char *path, const char *allow)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	struct router *router = router_new(routes, sizeof(routes) / sizeof(routes[0]));
	const char *said = router_allow(router, path, &mem);
	if (allow == NULL)
		assert_null(said);
	else
		assert_string_equal(said, allow);
	router_free(router);
}

static void other_methods_are_told_what_is_allowed(void **state)
{
	(void)state;
	assert_int_equal(find(HTTP_DELETE, "/booking/7/cancel").verdict, ROUTE_UNKNOWN_METHOD);
	assert_int_equal(find(HTTP_METHODS, "/booking/7/cancel").verdict, ROUTE_UNKNOWN_METHOD);
	assert_int_equal(find(HTTP_METHODS, "/nothing").verdict, ROUTE_UNKNOWN_PATH);
	assert_allow("/booking/7/cancel", "POST, PUT, OPTIONS");
	assert_allow("/booking/user/u1", "GET, HEAD, DELETE, OPTIONS");
	assert_allow("/booking/create", "POST, OPTIONS"); /* not GET, though it might be a /booking/:id */
	assert_allow("/booking/user/cancel", "GET, HEAD, DELETE, OPTIONS");
	assert_allow("/nothing", NULL);
}

static void method_names_are_read_with_their_case(void **state)
{
	(void)state;
	assert_int_equal(http_method_parse("HEAD"), HTTP_GET);
	assert_int_equal(http_method_parse("DELETE"), HTTP_DELETE);
	assert_int_equal(http_method_parse("get"), HTTP_METHODS);
	assert_int_equal(http_method_parse("PATCH"), HTTP_METHODS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literal_segments_beat_parameters),
		cmocka_unit_test(a_slash_at_the_end_is_part_of_the_path),
		cmocka_unit_test(parameters_are_decoded_once),
		cmocka_unit_test(malformed_parameters_are_refused),
		cmocka_unit_test(post_reaches_put_endpoints_unless_it_has_its_own),
		cmocka_unit_test(other_methods_are_told_what_is_allowed),
		cmocka_unit_test(method_names_are_read_with_their_case),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
