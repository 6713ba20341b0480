/* Whose calendar the link to an event leads to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../src/calendar/event.h"

#include "base/encode.h"

#include <string.h>

static struct arena mem;

static const char *link_to(const char *calendar)
{
	const char *name = arena_printf(&mem, "0123456789abcdef0123456789abcdef %s", calendar);
	char *text = arena_alloc(&mem, ENCODE_BASE64URL_SIZE(strlen(name)));
	encode_base64url(name, strlen(name), text);
	return arena_printf(&mem, "https://www.google.com/calendar/event?eid=%s", text);
}

static enum event_links compare(const char *one, const char *two)
{
	return event_links_compare(&mem, one, two);
}

static void a_calendar_is_the_same_in_short_and_in_full(void **state)
{
	(void)state;
	assert_int_equal(compare(link_to("ann@gmail.com"), link_to("ann@m")), EVENT_LINKS_SAME);
	assert_int_equal(compare(link_to("x1@g"), link_to("x1@group.calendar.google.com")), EVENT_LINKS_SAME);
	assert_int_equal(compare(link_to("Ann@Example.com"), link_to("ann@example.com")), EVENT_LINKS_SAME);
	assert_int_equal(compare(link_to("ann@m"), link_to("ann@example.com")), EVENT_LINKS_DIFFER);
	assert_int_equal(compare(link_to("ann@m"), link_to("bob@m")), EVENT_LINKS_DIFFER);
	arena_clear(&mem);
}

static void a_link_that_names_no_calendar_tells_nothing(void **state)
{
	(void)state;
	static const char *const strange[] = {NULL,
					      "",
					      "https://calendar.google.com/",
					      "https://calendar.google.com/?eid=",
					      "https://calendar.google.com/?eid=%",
					      "https://calendar.google.com/?eid=YQ",
					      "https://calendar.google.com/?eid=!!!!"};
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		assert_int_equal(compare(link_to("ann@m"), strange[i]), EVENT_LINKS_UNKNOWN);
		assert_int_equal(compare(strange[i], strange[i]), EVENT_LINKS_UNKNOWN);
	}
	arena_clear(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_calendar_is_the_same_in_short_and_in_full),
		cmocka_unit_test(a_link_that_names_no_calendar_tells_nothing),
	};
	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
