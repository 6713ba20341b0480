#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "domain/email.h"

static void addresses_that_people_have_are_usable(void **state)
{
	(void)state;
	const char *const usable[] = {
		"ann@client.example",
		"a@b.co",
		"ann.lee+booking@mail.client.example",
		"o'brien@client.example",
		"ann_lee-1@client-2.example",
		"1234@client.example",
		"ann@1client.example",
		"ann@xn--mller-kva.example",
		"!#$%&'*+-/=?^_`{|}~@client.example",
	};
	for (size_t i = 0; i < sizeof(usable) / sizeof(usable[0]); i++) {
		if (!email_is_usable(usable[i]))
			fail_msg("%s should be usable", usable[i]);
	}
}

static void what_google_refuses_is_refused(void **state)
{
	(void)state;
	const char *const refused[] = {
		"",
		"@",
		"ann",
		"ann@",
		"@client.example",
		"ann@client",
		"ann@client..example",
		"ann@.client.example",
		"ann@client.example.",
		".ann@client.example",
		"ann.@client.example",
		"ann..lee@client.example",
		"ann@-client.example",
		"ann@client-.example",
		"ann@client.-example",
		"ann@cli_ent.example",
		"ann@lee@client.example",
		"ann lee@client.example",
		" ann@client.example",
		"ann@client.example ",
		"ann@client.example\n",
		"ann\r\nBcc: x@client.example",
		"ann@client.example,bob@client.example",
		"Ann <ann@client.example>",
		"\"ann\"@client.example",
		"ann(work)@client.example",
		"ann@[192.0.2.1]",
		"ann@192.0.2.1",
		"ann;@client.example",
		"ann\\@client.example",
		"ann\x7F@client.example",
		"j\xC3\xBCrgen@client.example",
		"ann@m\xC3\xBCller.example",
	};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (email_is_usable(refused[i]))
			fail_msg("%s should be refused", refused[i]);
	}
}

/* `count` letters, then `rest`. */
static bool letters_then(size_t count, const char *rest)
{
	char text[400];
	memset(text, 'a', count);
	strcpy(text + count, rest);
	return email_is_usable(text);
}

static void lengths_are_those_of_the_standards(void **state)
{
	(void)state;
	assert_true(letters_then(64, "@client.example"));
	assert_false(letters_then(65, "@client.example"));
	char text[400] = "ann@";
	size_t end = 4;
	for (int label = 0; label < 3; label++) {
		memset(text + end, 'b', 63);
		text[end + 63] = '.';
		end += 64;
	}
	memset(text + end, 'c', 58);
	text[end + 58] = '\0';
	assert_int_equal(strlen(text), EMAIL_BYTES_MAX);
	assert_true(email_is_usable(text));
	strcat(text, "c");
	assert_false(email_is_usable(text));
	assert_false(
		email_is_usable("ann@"
				"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.example"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_that_people_have_are_usable),
		cmocka_unit_test(what_google_refuses_is_refused),
		cmocka_unit_test(lengths_are_those_of_the_standards),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
