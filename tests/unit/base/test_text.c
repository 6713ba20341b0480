#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"

static void a_line_holds_no_controls_no_breaks_and_no_directions(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum text_fault line;
		enum text_fault note;
	} cases[] = {
		{"", TEXT_GOOD, TEXT_GOOD},
		{"Ann O'Neil-Müller", TEXT_GOOD, TEXT_GOOD},
		{"\u05D3\u05E0\u05D9 \u200F\U0001F600", TEXT_GOOD, TEXT_GOOD},
		{"Bob\nEmail: boss@example.com", TEXT_LINE_BREAK, TEXT_GOOD},
		{"Bob\rx", TEXT_LINE_BREAK, TEXT_GOOD},
		{"Bob\tx", TEXT_LINE_BREAK, TEXT_GOOD},
		{"Bob\u2028x", TEXT_LINE_BREAK, TEXT_GOOD},
		{"Bob\u2029x", TEXT_LINE_BREAK, TEXT_GOOD},
		{"Bob\x1b[2J", TEXT_CONTROL, TEXT_CONTROL},
		{"Bob\x7f", TEXT_CONTROL, TEXT_CONTROL},
		{"Bob\x01", TEXT_CONTROL, TEXT_CONTROL},
		{"Bob\xc2\x85x", TEXT_CONTROL, TEXT_CONTROL},
		{"Bob\xc2\x9fx", TEXT_CONTROL, TEXT_CONTROL},
		{"Bob\u202E", TEXT_DIRECTION, TEXT_DIRECTION},
		{"Bob\u202A", TEXT_DIRECTION, TEXT_DIRECTION},
		{"Bob\u2066", TEXT_DIRECTION, TEXT_DIRECTION},
		{"Bob\u2069", TEXT_DIRECTION, TEXT_DIRECTION},
		{"Bob\u206A", TEXT_DIRECTION, TEXT_DIRECTION},
		{"Bob\u206F", TEXT_DIRECTION, TEXT_DIRECTION},
		{"Bob\uFFF9x\uFFFAy\uFFFB", TEXT_CONTROL, TEXT_CONTROL},
		{"Bob\uFFFE", TEXT_CONTROL, TEXT_CONTROL},
		{"Bob\uFDD0", TEXT_CONTROL, TEXT_CONTROL},
		{"Bob\U0010FFFF", TEXT_CONTROL, TEXT_CONTROL},
		{"Bob\uFFFC\uFFFD\uFDF0\u200D\u200F\u061C", TEXT_GOOD, TEXT_GOOD},
	};
	struct arena mem = ARENA_EMPTY;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(text_check(cases[i].text, TEXT_LINE), cases[i].line);
		assert_int_equal(text_check(cases[i].text, TEXT_NOTE), cases[i].note);
		assert_int_equal(text_check(text_clean(&mem, cases[i].text, TEXT_LINE), TEXT_LINE),
				 TEXT_GOOD);
	}
	assert_string_equal(text_clean(&mem, "Bob\nEmail: x\u202E", TEXT_LINE), "Bob Email: x ");
	arena_clear(&mem);
}

static void what_cannot_be_seen_is_blank_and_blanks_at_the_ends_go(void **state)
{
	(void)state;
	struct arena mem = ARENA_EMPTY;
	assert_true(text_is_blank(""));
	assert_true(text_is_blank(" \t\u00A0\u3000\u200B\uFEFF\u2060\u3164"));
	assert_true(text_is_blank("\u180E\u206A\uFFA0\uFFF9\uFFFE\u17B4\U000E0041\U000E0100\U0001D173"));
	assert_false(text_is_blank("\u200Bx"));
	assert_false(text_is_blank("\U0001F3F4\U000E0067\U000E007F"));
	assert_false(text_is_blank("\U0001F600"));
	assert_string_equal(text_trim(&mem, " \u00A0Ann  B \u3000"), "Ann  B");
	assert_string_equal(text_trim(&mem, "Ann"), "Ann");
	assert_string_equal(text_trim(&mem, "   "), "");
	arena_clear(&mem);
}

static void right_to_left_is_isolated_and_nothing_else(void **state)
{
	(void)state;
	struct arena mem = ARENA_EMPTY;
	assert_string_equal(text_isolate(&mem, "Ann"), "Ann");
	assert_string_equal(text_isolate(&mem, "\u05D3\u05E0\u05D9 (2)"),
			    "\u2068\u05D3\u05E0\u05D9 (2)\u2069");
	assert_string_equal(text_isolate(&mem, "A \u0645"), "\u2068A \u0645\u2069");
	arena_clear(&mem);
}

static void links_become_words(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"WIN https://evil.example/x?y=1", "WIN evil example x y=1"},
		{"www.evil.example", "www evil example"},
		{"go to Evil.Example now", "go to Evil Example now"},
		{"ann@evil.example", "ann evil example"},
		{"(http://a.b)", "a b)"},
		{"javascript://x", "x"},
		{"xn--80ak6aa92e.com", "xn--80ak6aa92e com"},
		{"пример.рф", "пример рф"},
		{"müller.de/x", "müller de x"},
		{"evil\uFF0Eexample evil\u3002example", "evil example evil example"},
		{"\u4F60\u597D\u3002\u6211\u662F", "\u4F60\u597D\u3002\u6211\u662F"},
		{"Ł. Nowak", "Ł. Nowak"},
		{"J. R. Smith Jr.", "J. R. Smith Jr."},
		{"St.-Pierre, 3.5 h", "St.-Pierre, 3.5 h"},
		{"+1 555.010.0199", "+1 555.010.0199"},
		{"", ""},
		{"\uFF45\uFF56\uFF49\uFF4C\uFF0E\uFF43\uFF4F\uFF4D", "evil com"},
		{"WIN \uFF57\uFF57\uFF57.evil", "WIN www evil"},
		{"https\uFF1A\uFF0F\uFF0Fevil", "evil"},
		{"\uFF48\uFF54\uFF54\uFF50://evil\uFF0Fx", "evil x"},
		{"boss\uFF20evil.com", "boss evil com"},
		{"\uFF21\uFF22\uFF23 \u6F22\u5B57\uFF0E\u6F22\u5B57 3\uFF1A00",
		 "\uFF21\uFF22\uFF23 \u6F22\u5B57\uFF0E\u6F22\u5B57 3\uFF1A00"},
	};
	struct arena mem = ARENA_EMPTY;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(text_without_links(&mem, cases[i][0]), cases[i][1]);
	arena_clear(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_holds_no_controls_no_breaks_and_no_directions),
		cmocka_unit_test(what_cannot_be_seen_is_blank_and_blanks_at_the_ends_go),
		cmocka_unit_test(right_to_left_is_isolated_and_nothing_else),
		cmocka_unit_test(links_become_words),
	};
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
