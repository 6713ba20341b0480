#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/json.h"

#include <string.h>

struct body {
	const char *name;
	int64_t minutes;
	instant start;
	bool has_name;
};

static enum json_verdict read(struct arena *mem, const char *text, struct body *body,
			      struct json_fault *fault)
{
	const struct json_field fields[] = {
		{"start", JSON_FIELD_INSTANT, true, 0, 0, &body->start, NULL},
		{"duration_minutes", JSON_FIELD_INTEGER, false, 5, 1440, &body->minutes, NULL},
		{"name", JSON_FIELD_TEXT, false, 1, 4, &body->name, &body->has_name},
	};
	*fault = (struct json_fault){0};
	return json_read_body(mem, text, strlen(text), fields, 3, fault) ? JSON_READ : fault->verdict;
}

static void a_good_body_fills_the_struct(void **state)
{
	(void)state;
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	struct body body = {0};
	struct json_fault fault;
	assert_int_equal(
		read(&mem,
		     "{\"start\":\"1970-01-01T01:00:00Z\",\"duration_minutes\":30,\"name\":\"Zo\\u00eb\"}",
		     &body, &fault),
		JSON_READ);
	assert_int_equal(body.start, 3600);
	assert_int_equal(body.minutes, 30);
	assert_string_equal(body.name, "Zo\xc3\xab");
	assert_true(body.has_name);
}

static void a_number_without_a_fraction_is_whole_however_it_is_written(void **state)
{
	(void)state;
	static const char *const texts[] = {"30", "30.0", "3e1", "0.3e2", "3000E-2"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
		struct body body = {0};
		struct json_fault fault;
		const char *text = arena_printf(
			&mem, "{\"start\":\"1970-01-01T01:00:00Z\",\"duration_minutes\":%s}", texts[i]);
		assert_int_equal(read(&mem, text, &body, &fault), JSON_READ);
		assert_int_equal(body.minutes, 30);
	}
}

static void a_number_that_is_not_held_exactly_is_not_whole(void **state)
{
	(void)state;
	static const struct {
		double number;
		bool whole;
	} cases[] = {
		{9007199254740991.0, true},
		{-9007199254740991.0, true},
		{9007199254740992.0, false},
		{1e308, false},
		{-1e308, false},
		{30.5, false},
		{-0.5, false},
		{-0.0, true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		__attribute__((cleanup(json_cleanup))) json_t *value = json_real(cases[i].number);
		int64_t number = 0;
		assert_int_equal(json_whole_number(value, &number), cases[i].whole);
		if (cases[i].whole)
			assert_int_equal(number, (int64_t)cases[i].number);
	}
}

static void each_bad_body_has_its_verdict_and_field(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum json_verdict verdict;
		const char *field;
	} cases[] = {
		{"", JSON_MALFORMED, NULL},
		{"[]", JSON_MALFORMED, NULL},
		{"{\"start\":\"x\",\"start\":\"y\"}", JSON_MALFORMED, NULL},
		{"{\"name\":\"\xff\"}", JSON_MALFORMED, NULL},
		{"{\"name\":\"a\\u0000b\"}", JSON_MALFORMED, NULL},
		{"{} x", JSON_MALFORMED, NULL},
		{"{}", JSON_INVALID_FIELD, "start"},
		{"{\"start\":null}", JSON_INVALID_FIELD, "start"},
		{"{\"start\":5}", JSON_INVALID_FIELD, "start"},
		{"{\"start\":\"2026-02-30T00:00:00Z\"}", JSON_INVALID_FIELD, "start"},
		{"{\"start\":\"2026-02-20T00:00:00Z\",\"duration\":30}", JSON_UNKNOWN_FIELD, "duration"},
		{"{\"start\":\"2026-02-20T00:00:00Z\",\"duration_minutes\":30.5}", JSON_INVALID_FIELD,
		 "duration_minutes"},
		{"{\"start\":\"2026-02-20T00:00:00Z\",\"duration_minutes\":\"30\"}", JSON_INVALID_FIELD,
		 "duration_minutes"},
		{"{\"start\":\"2026-02-20T00:00:00Z\",\"duration_minutes\":9223372036854775808}",
		 JSON_INVALID_FIELD, "duration_minutes"},
		{"{\"start\":\"2026-02-20T00:00:00Z\",\"duration_minutes\":1e400}", JSON_MALFORMED, NULL},
		{"{\"start\":\"2026-02-20T00:00:00Z\",\"duration_minutes\":1e308}", JSON_INVALID_FIELD,
		 "duration_minutes"},
		{"{\"start\":\"2026-02-20T00:00:00Z\",\"name\":\"12345\"}", JSON_INVALID_FIELD, "name"},
		{"{\"start\":\"2026-02-20T00:00:00Z\",\"name\":\"\"}", JSON_INVALID_FIELD, "name"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
		struct body body = {0};
		struct json_fault fault;
		enum json_verdict verdict = read(&mem, cases[i].text, &body, &fault);
		if (verdict != cases[i].verdict)
			fail_msg("%s: verdict %d", cases[i].text, (int)verdict);
		if (cases[i].field == NULL)
			assert_null(fault.field);
		else
			assert_string_equal(fault.field, cases[i].field);
	}
}

static void a_hundred_thousand_brackets_are_malformed_not_a_crash(void **state)
{
	(void)state;
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	char *text = arena_alloc(&mem, 100001);
	memset(text, '[', 100000);
	struct body body = {0};
	struct json_fault fault;
	assert_int_equal(read(&mem, text, &body, &fault), JSON_MALFORMED);
}

static void written_text_is_valid_json_whatever_the_bytes(void **state)
{
	(void)state;
	__attribute__((cleanup(buffer_clear))) struct buffer out;
	buffer_init(&out, 1000);
	struct json_writer writer;
	json_writer_init(&writer, &out);
	json_write_object(&writer, NULL);
	json_write_text(&writer, "a", "q\"b\\c\n\x01\x7f\xff</script>\xc3\xab");
	json_write_array(&writer, "b");
	json_write_integer(&writer, NULL, 1);
	json_write_null(&writer, NULL);
	json_write_array_end(&writer);
	json_write_instant(&writer, "c", 0);
	json_write_object_end(&writer);
	assert_string_equal(buffer_text(&out),
			    "{\"a\":\"q\\\"b\\\\c\\n\\u0001\\u007f\\ufffd</script>\xc3\xab\",\"b\":[1,null],"
			    "\"c\":\"1970-01-01T00:00:00Z\"}");
}

static void a_finished_object_takes_further_members(void **state)
{
	(void)state;
	__attribute__((cleanup(buffer_clear))) struct buffer out;
	struct json_writer writer;
	buffer_init(&out, 1000);
	json_writer_init(&writer, &out);
	json_write_object(&writer, NULL);
	json_write_integer(&writer, "a", 1);
	json_write_object_end(&writer);
	json_writer_reopen(&writer, &out);
	json_write_array(&writer, "b");
	json_write_integer(&writer, NULL, 2);
	json_write_object(&writer, NULL);
	json_write_object_end(&writer);
	json_write_array_end(&writer);
	json_write_null(&writer, "c");
	json_write_object_end(&writer);
	assert_string_equal(buffer_text(&out), "{\"a\":1,\"b\":[2,{}],\"c\":null}");
}

static void every_character_comes_back_wherever_it_stands(void **state)
{
	(void)state;
	for (int c = 1; c < 0x80; c++) {
		for (size_t at = 0; at < 20; at++) {
			char text[21] = "abcdefghijklmnopqrst";
			text[at] = (char)c;
			__attribute__((cleanup(buffer_clear))) struct buffer out;
			buffer_init(&out, 1000);
			json_put_text(&out, text);
			json_t *read = json_loads(buffer_text(&out), JSON_DECODE_ANY, NULL);
			assert_string_equal(json_string_value(read), text);
			json_decref(read);
		}
	}
}

static void a_buffer_past_its_maximum_says_so_and_keeps_what_it_had(void **state)
{
	(void)state;
	__attribute__((cleanup(buffer_clear))) struct buffer out;
	buffer_init(&out, 5);
	assert_true(buffer_append_text(&out, "abcde"));
	assert_false(buffer_append_text(&out, "f"));
	assert_true(out.overflowed);
	assert_string_equal(buffer_text(&out), "abcde");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_body_fills_the_struct),
		cmocka_unit_test(a_number_without_a_fraction_is_whole_however_it_is_written),
		cmocka_unit_test(a_number_that_is_not_held_exactly_is_not_whole),
		cmocka_unit_test(each_bad_body_has_its_verdict_and_field),
		cmocka_unit_test(a_hundred_thousand_brackets_are_malformed_not_a_crash),
		cmocka_unit_test(written_text_is_valid_json_whatever_the_bytes),
		cmocka_unit_test(a_finished_object_takes_further_members),
		cmocka_unit_test(every_character_comes_back_wherever_it_stands),
		cmocka_unit_test(a_buffer_past_its_maximum_says_so_and_keeps_what_it_had),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
