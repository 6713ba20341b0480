#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/request.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static struct request with_header(const struct request_header *headers, size_t count)
{
	return (struct request){.headers = headers, .header_count = count};
}

static bool takes_gzip(const char *accept_encoding)
{
	const struct request_header header = {"accept-encoding", accept_encoding};
	struct request request = with_header(&header, 1);
	return request_accepts_gzip(&request);
}

static void gzip_is_taken_when_its_quality_is_above_zero(void **state)
{
	(void)state;
	assert_true(takes_gzip("gzip"));
	assert_true(takes_gzip("deflate, gzip;q=0.5"));
	assert_true(takes_gzip("br , GZIP ; q=1"));
	assert_true(takes_gzip("*"));
	assert_false(takes_gzip(""));
	assert_false(takes_gzip("br"));
	assert_false(takes_gzip("gzip;q=0"));
	assert_false(takes_gzip("gzip; q=0.000, *"));
	assert_false(takes_gzip("*;q=0"));
	assert_false(takes_gzip("gzipped"));
	struct request bare = {0};
	assert_false(request_accepts_gzip(&bare));
}

static bool matches(const char *if_none_match)
{
	const struct request_header header = {"If-None-Match", if_none_match};
	struct request request = with_header(&header, 1);
	return request_none_match(&request, "\"abc\"");
}

static void if_none_match_reads_lists_weak_tags_and_the_star(void **state)
{
	(void)state;
	assert_true(matches("\"abc\""));
	assert_true(matches("\"x\", W/\"abc\""));
	assert_true(matches("*"));
	assert_false(matches("abc"));
	assert_false(matches("\"ab\""));
	assert_false(matches(""));
}

static void a_list_in_several_lines_is_one(void **state)
{
	(void)state;
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	const struct request_header headers[] = {
		{"If-None-Match", "\"x\""}, {"Accept-Encoding", "br"},   {"Accept", "text/html"},
		{"if-none-match", "\"y\""}, {"ACCEPT-ENCODING", "gzip"}, {"If-None-Match", "\"abc\""},
	};
	struct request request = with_header(headers, 6);
	request.mem = &mem;
	assert_true(request_none_match(&request, "\"abc\""));
	assert_true(request_none_match(&request, "\"x\""));
	assert_false(request_none_match(&request, "\"z\""));
	assert_true(request_accepts_gzip(&request));
	assert_string_equal(request_header_list(&request, "If-None-Match"), "\"x\",\"y\",\"abc\"");
	assert_string_equal(request_header_list(&request, "accept"), "text/html");
	assert_null(request_header_list(&request, "Accept-Language"));
}

/* The choices of a list as "name quality name quality". */
static const char *choices(const char *list)
{
	static char text[256];
	char *end = text;
	struct request_choice choice;
	while (request_choice_next(&list, &choice))
		end += sprintf(end, "%.*s %u ", (int)choice.length, choice.text, choice.quality);
	*end = '\0';
	return text;
}

static void choices_are_read_with_their_quality(void **state)
{
	(void)state;
	assert_string_equal(choices("fr"), "fr 1000 ");
	assert_string_equal(choices("fr;q=0, en-GB ; Q=0.85,\t*;q=0.1"), "fr 0 en-GB 850 * 100 ");
	assert_string_equal(choices("a/b;level=1;q=0.5;x=y, c/d;quality=0"), "a/b 500 c/d 1000 ");
	assert_string_equal(choices("a;q=1.000,b;q=0.,c;q=.5,d;q=0.0009"), "a 1000 b 0 c 500 d 0 ");
	assert_string_equal(choices("a;q=,b;q=x,c;q=7,d;q=-1"), "a 0 b 0 c 1000 d 0 ");
	assert_string_equal(choices(""), "");
	assert_string_equal(choices(", ,"), "");
	assert_string_equal(choices(";q=1"), " 1000 ");
}

static bool read_query(struct request *request, const char *text, const char **field)
{
	request->query_text = text;
	request->query_count = 0;
	*field = "unset";
	return request_read_query(request, field);
}

static void query_parameters_are_decoded(void **state)
{
	(void)state;
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	struct request request = {.mem = &mem};
	const char *field = NULL;
	assert_true(read_query(&request, "a=1&b=x+y%2Bz&flag&&c=%26%3D&d=", &field));
	assert_string_equal(request_query(&request, "a"), "1");
	assert_string_equal(request_query(&request, "b"), "x y+z");
	assert_string_equal(request_query(&request, "flag"), "");
	assert_string_equal(request_query(&request, "c"), "&=");
	assert_string_equal(request_query(&request, "d"), "");
	assert_null(request_query(&request, "e"));
	assert_true(
		read_query(&request, "long=2026-11-24T14:00:00%2B01:00&wide=12345678%c3%abxy+z&x", &field));
	assert_string_equal(request_query(&request, "long"), "2026-11-24T14:00:00+01:00");
	assert_string_equal(request_query(&request, "wide"), "12345678\xc3\xabxy z");
	assert_string_equal(request_query(&request, "x"), "");
}

static void a_repeated_or_malformed_query_parameter_is_named(void **state)
{
	(void)state;
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	struct request request = {.mem = &mem};
	const char *field = NULL;
	assert_false(read_query(&request, "from=1&to=2&from=3", &field));
	assert_string_equal(field, "from");
	assert_string_equal(request_query(&request, "from"), "1");
	assert_false(read_query(&request, "from=%00", &field));
	assert_string_equal(field, "from");
	assert_false(read_query(&request, "%ff=1", &field));
	assert_null(field);
	assert_false(read_query(&request, "a=12345678901234%ff", &field));
	assert_string_equal(field, "a");
	assert_false(read_query(&request, "a=1&%61=2", &field));
	assert_string_equal(field, "a");
}

static void too_many_query_parameters_are_refused(void **state)
{
	(void)state;
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	struct request request = {.mem = &mem};
	char text[512] = "";
	for (int i = 0; i <= REQUEST_QUERY_MAX; i++)
		strcat(text, (const char[]){(char)('A' + i), '=', '1', '&', '\0'});
	const char *field = NULL;
	assert_false(read_query(&request, text, &field));
	assert_int_equal(request.query_count, REQUEST_QUERY_MAX);
}

static void only_plain_request_ids_are_taken_over(void **state)
{
	(void)state;
	assert_true(request_id_is_sane("0f8fad5b-d9cb-469f-a165-70867728950e"));
	assert_false(request_id_is_sane(""));
	assert_false(request_id_is_sane("a b"));
	assert_false(request_id_is_sane("a\"b"));
	assert_false(request_id_is_sane("<script>"));
	char long_one[REQUEST_ID_BYTES + 1];
	memset(long_one, 'a', sizeof(long_one));
	long_one[REQUEST_ID_BYTES] = '\0';
	assert_false(request_id_is_sane(long_one));
	long_one[REQUEST_ID_BYTES - 1] = '\0';
	assert_true(request_id_is_sane(long_one));
}

static struct address behind(const char *first, const char *second, unsigned hops)
{
	const struct request_header headers[] = {
		{"X-Forwarded-For", first},
		{"Other", "192.0.2.99"},
		{"x-forwarded-for", second},
	};
	struct request request = with_header(headers, second != NULL ? 3 : first != NULL ? 1 : 0);
	struct address peer;
	assert_true(address_parse("127.0.0.1", 9, &peer));
	return address_behind_proxies(&request, &peer, hops);
}

static void only_the_trusted_hops_of_x_forwarded_for_count(void **state)
{
	(void)state;
	assert_string_equal(behind("203.0.113.7", NULL, 0).text, "127.0.0.1");
	assert_string_equal(behind(NULL, NULL, 1).text, "127.0.0.1");
	assert_string_equal(behind("6.6.6.6, 203.0.113.7", NULL, 1).text, "203.0.113.7");
	assert_string_equal(behind("6.6.6.6, 203.0.113.7, 198.51.100.1", NULL, 2).text, "203.0.113.7");
	assert_string_equal(behind("6.6.6.6, 203.0.113.7", "198.51.100.1", 2).text, "203.0.113.7");
	assert_string_equal(behind("203.0.113.7", NULL, 2).text, "203.0.113.7");
	assert_string_equal(behind("6.6.6.6, nonsense", NULL, 1).text, "127.0.0.1");
	assert_string_equal(behind("", NULL, 1).text, "127.0.0.1");
	assert_string_equal(behind("1.1.1.1,2.2.2.2,3.3.3.3,4.4.4.4,5.5.5.5", NULL, 3).text, "3.3.3.3");
}

static const char *parse(const char *text)
{
	static struct address address;
	return address_parse(text, strlen(text), &address) ? address.text : NULL;
}

static void addresses_are_read_with_and_without_ports(void **state)
{
	(void)state;
	assert_string_equal(parse("203.0.113.7:5123"), "203.0.113.7");
	assert_string_equal(parse("2001:DB8::1"), "2001:db8::1");
	assert_string_equal(parse("[2001:db8::1]:443"), "2001:db8::1");
	assert_string_equal(parse("::ffff:203.0.113.7"), "203.0.113.7");
	assert_null(parse(""));
	assert_null(parse("unknown"));
	assert_null(parse("[2001:db8::1"));
	assert_null(parse("203.0.113.7.9"));
	assert_null(parse("2001:db8:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:1"));
}

static void an_ipv4_address_behind_nat64_has_a_rate_limit_of_its_own(void **state)
{
	(void)state;
	struct address a, b, same;
	assert_true(address_parse("64:ff9b::203.0.113.7", 20, &a));
	assert_true(address_parse("64:ff9b::cb00:7108", 18, &b));
	assert_true(address_parse("203.0.113.7", 11, &same));
	assert_memory_not_equal(a.key, b.key, ADDRESS_KEY_BYTES);
	assert_memory_equal(a.key, same.key, ADDRESS_KEY_BYTES);
	assert_string_equal(a.text, "203.0.113.7");
	/* Not of the well-known prefix (RFC 6052 section 2.1), whose bits up to the last 32 are zero. */
	assert_string_equal(parse("64:ff9b:1::203.0.113.7"), "64:ff9b:1::cb00:7107");
}

static void ipv6_neighbours_share_a_rate_limit(void **state)
{
	(void)state;
	struct address a, b, c;
	assert_true(address_parse("2001:db8:0:1::1", 15, &a));
	assert_true(address_parse("2001:db8:0:1::2", 15, &b));
	assert_true(address_parse("2001:db8:0:2::1", 15, &c));
	assert_memory_equal(a.key, b.key, ADDRESS_KEY_BYTES);
	assert_memory_not_equal(a.key, c.key, ADDRESS_KEY_BYTES);

	struct sockaddr_in six = {.sin_family = AF_INET};
	assert_int_equal(inet_pton(AF_INET, "203.0.113.7", &six.sin_addr), 1);
	struct address peer = address_of_peer((const struct sockaddr *)&six);
	struct address parsed;
	assert_true(address_parse("203.0.113.7", 11, &parsed));
	assert_memory_equal(peer.key, parsed.key, ADDRESS_KEY_BYTES);
	assert_string_equal(peer.text, "203.0.113.7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gzip_is_taken_when_its_quality_is_above_zero),
		cmocka_unit_test(if_none_match_reads_lists_weak_tags_and_the_star),
		cmocka_unit_test(a_list_in_several_lines_is_one),
		cmocka_unit_test(choices_are_read_with_their_quality),
		cmocka_unit_test(query_parameters_are_decoded),
		cmocka_unit_test(a_repeated_or_malformed_query_parameter_is_named),
		cmocka_unit_test(too_many_query_parameters_are_refused),
		cmocka_unit_test(only_plain_request_ids_are_taken_over),
		cmocka_unit_test(only_the_trusted_hops_of_x_forwarded_for_count),
		cmocka_unit_test(addresses_are_read_with_and_without_ports),
		cmocka_unit_test(an_ipv4_address_behind_nat64_has_a_rate_limit_of_its_own),
		cmocka_unit_test(ipv6_neighbours_share_a_rate_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
