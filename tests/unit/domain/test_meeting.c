#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "domain/meeting.h"

static void links_of_meeting_services_are_usable(void **state)
{
	(void)state;
	const char *const usable[] = {
		"https://zoom.us/j/123456789?pwd=abc-DEF_1.2~3",
		"https://meet.jit.si/coaching-{id}",
		"https://meet.example:8443/room/{id}/{id}#config.startWithAudioMuted=true",
		"https://teams.example/l/meetup-join/19%3ameeting%40thread.v2/0",
	};
	for (size_t i = 0; i < sizeof(usable) / sizeof(usable[0]); i++) {
		if (!meeting_url_is_usable(usable[i]))
			fail_msg("%s should be usable", usable[i]);
	}
}

static void what_is_no_safe_link_is_refused(void **state)
{
	(void)state;
	const char *const refused[] = {
		"",
		"https://",
		"https:///room",
		"https://:443/room",
		"http://meet.example/room",
		"HTTPS://meet.example/room",
		"javascript:alert(1)",
		"https://user@meet.example/room",
		"https://user:password@meet.example/room",
		"https://zoom.us@evil.example/j/1",
		"https://{id}.example/room",
		"https://meet.example/{room}",
		"https://meet.example/{id",
		"https://meet.example/id}",
		"https://meet.example/a b",
		"https://meet.example/\"onclick=",
		"https://meet.example/<script>",
		"https://meet.example/\n",
		"https://meet.example\\@evil.example/",
		"https://m\xC3\xBCnchen.example/",
	};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (meeting_url_is_usable(refused[i]))
			fail_msg("%s should be refused", refused[i]);
	}
	char text[MEETING_URL_BYTES_MAX + 2] = "https://meet.example/";
	memset(text + strlen(text), 'a', MEETING_URL_BYTES_MAX - strlen(text));
	text[MEETING_URL_BYTES_MAX] = '\0';
	assert_true(meeting_url_is_usable(text));
	text[MEETING_URL_BYTES_MAX] = 'a';
	text[MEETING_URL_BYTES_MAX + 1] = '\0';
	assert_false(meeting_url_is_usable(text));
}

static void clients_are_led_to_no_other_origin(void **state)
{
	(void)state;
	const char *const origins[] = {"https://site.example", "https://Other.example:8443", NULL};
	const char *const allowed[] = {
		"https://site.example",        "https://site.example/thanks?a=1#b", "https://SITE.example?x",
		"https://site.example#thanks", "https://other.example:8443/",
	};
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (!meeting_url_is_of(allowed[i], origins))
			fail_msg("%s should be allowed", allowed[i]);
		assert_false(meeting_url_is_of(allowed[i], NULL));
		assert_false(meeting_url_is_of(allowed[i], origins + 2));
	}
	const char *const refused[] = {
		"http://site.example/",
		"//site.example/",
		"javascript:alert(1)//https://site.example/",
		"https://site.example.evil.example/",
		"https://evil.example/https://site.example/",
		"https://site.example@evil.example/",
		"https://site.example:443@evil.example/",
		"https://evil.example\\@site.example/",
		"https://site.example\\.evil.example/",
		"https://evil.example#@site.example/",
		"https://evil.example?https://site.example",
		"https:///site.example/",
		"https:/site.example/",
		"https://site.example:8443/",
		"https://site.example:/",
		"https://site.example./",
		"https://other.example/",
		"https://other.example:84430/",
		"https://xsite.example/",
		"https://site%2eexample/",
		"https://site.example%2f.evil.example/",
		"https://s\xC3\xAFte.example/",
		("https://site\xE3\x80\x82"
		 "example/"),
		"https://xn--ste-1ma.example/",
		" https://site.example/",
		"https://site.example\t/",
	};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (meeting_url_is_of(refused[i], origins))
			fail_msg("%s should be refused", refused[i]);
	}
}

static void each_appointment_may_have_a_room_of_its_own(void **state)
{
	(void)state;
	struct arena mem = ARENA_EMPTY;
	assert_null(meeting_url_for(&mem, NULL, "7"));
	assert_string_equal(meeting_url_for(&mem, "https://a.example/x", "7"), "https://a.example/x");
	assert_string_equal(meeting_url_for(&mem, "https://a.example/{id}?room={id}", "7"),
			    "https://a.example/7?room=7");
	arena_clear(&mem);
}

static void parts_belong_to_their_kind(void **state)
{
	(void)state;
	const struct {
		struct meeting meeting;
		const char *field; /* NULL: whole */
	} cases[] = {
		{{.kind = MEETING_GOOGLE_MEET}, NULL},
		{{.kind = MEETING_NONE}, NULL},
		{{.kind = MEETING_PHONE}, NULL},
		{{.kind = MEETING_PHONE, .place = "+1 555 0100", .instructions = "Ask for Ann"}, NULL},
		{{.kind = MEETING_IN_PERSON, .place = "1 Main Street"}, NULL},
		{{.kind = MEETING_LINK, .url = "https://a.example/", .label = "A"}, NULL},
		{{.kind = MEETING_LINK}, "url"},
		{{.kind = MEETING_LINK, .url = "http://a.example/"}, "url"},
		{{.kind = MEETING_LINK, .url = "https://a.example/", .place = "there"}, "address"},
		{{.kind = MEETING_GOOGLE_MEET, .url = "https://a.example/"}, "url"},
		{{.kind = MEETING_PHONE, .label = "A"}, "label"},
		{{.kind = MEETING_NONE, .place = "there"}, "address"},
		{{.kind = MEETING_GOOGLE_MEET, .instructions = "Ring"}, "instructions"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *field = NULL;
		const char *sentence = NULL;
		bool whole = meeting_is_whole(&cases[i].meeting, &field, &sentence);
		assert_int_equal(whole, cases[i].field == NULL);
		if (!whole) {
			assert_string_equal(field, cases[i].field);
			assert_non_null(sentence);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_of_meeting_services_are_usable),
		cmocka_unit_test(what_is_no_safe_link_is_refused),
		cmocka_unit_test(clients_are_led_to_no_other_origin),
		cmocka_unit_test(each_appointment_may_have_a_room_of_its_own),
		cmocka_unit_test(parts_belong_to_their_kind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
