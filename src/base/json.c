#include "base/json.h"

#include "base/octets.h"
#include "base/text.h"

#include <inttypes.h>
#include <string.h>

enum { SHOWN_NAME_BYTES = 100 };

size_t utf8_length(const char *text)
{
	size_t count = 0;
	for (; *text != '\0'; text++)
		count += ((unsigned char)*text & 0xC0) != 0x80;
	return count;
}

/* Bytes of the valid sequence at `bytes`, 0 if there is none (RFC 3629). */
static size_t utf8_sequence(const unsigned char *bytes, size_t length)
{
	unsigned char first = bytes[0];
	if (first < 0x80)
		return 1;
	size_t size = first >= 0xC2 && first <= 0xDF   ? 2
		      : (first & 0xF0) == 0xE0         ? 3
		      : first >= 0xF0 && first <= 0xF4 ? 4
						       : 0;
	if (size == 0 || size > length)
		return 0;
	for (size_t i = 1; i < size; i++) {
		if ((bytes[i] & 0xC0) != 0x80)
			return 0;
	}
	if ((first == 0xE0 && bytes[1] < 0xA0) || (first == 0xED && bytes[1] > 0x9F) ||
	    (first == 0xF0 && bytes[1] < 0x90) || (first == 0xF4 && bytes[1] > 0x8F))
		return 0;
	return size;
}

bool utf8_valid(const char *bytes, size_t length)
{
	size_t at = 0;
	while (at < length) {
		size_t size = utf8_sequence((const unsigned char *)bytes + at, length - at);
		if (size == 0 || bytes[at] == '\0')
			return false;
		at += size;
	}
	return true;
}

const char *utf8_beginning(struct arena *mem, const char *text, size_t most)
{
	size_t length = strnlen(text, most);
	while (!utf8_valid(text, length))
		length--;
	return arena_strndup(mem, text, length);
}

static json_t *fail(struct json_fault *ret_fault, enum json_verdict verdict, const char *field,
		    const char *detail)
{
	*ret_fault = (struct json_fault){verdict, field, detail};
	return NULL;
}

/* RFC 8259 allows both, but what a repeated name means is anybody's guess, and PostgreSQL keeps no NUL. */
static const char *what_is_wrong(enum json_error_code code)
{
	return code == json_error_duplicate_key ? "The body has the same name twice"
	       : code == json_error_null_character
		       ? "The body has the character U+0000, which can't be stored"
	       : code == json_error_numeric_overflow ? "A number in the body is too large"
						     : "The body is not valid JSON";
}

json_t *json_parse_object(struct arena *mem, const char *bytes, size_t length, struct json_fault *ret_fault)
{
	/* Any value is read, so that one that is no object is told from what is no JSON. */
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
	json_error_t error;
	json_t *value = json_loadb(bytes, length, flags, &error);
	if (value == NULL && json_error_code(&error) == json_error_numeric_overflow) {
		/* 2^63 is valid JSON: read it as a real, so that its field is named. */
		value = json_loadb(bytes, length, flags | JSON_DECODE_INT_AS_REAL, &error);
	}
	if (value == NULL)
		return fail(ret_fault, JSON_MALFORMED, NULL,
			    arena_printf(mem, "%s (line %d, column %d).",
					 what_is_wrong(json_error_code(&error)), error.line, error.column));
	if (!json_is_object(value)) {
		json_decref(value);
		return fail(ret_fault, JSON_MALFORMED, NULL, "The body must be one JSON object.");
	}
	return value;
}

bool json_whole_number(const json_t *value, int64_t *ret_number)
{
	const double exact = 9007199254740992.0; /* from here on a double may stand for another number */
	if (json_is_integer(value)) {
		*ret_number = json_integer_value(value);
		return true;
	}
	double number = json_real_value(value);
	if (!json_is_real(value) || number <= -exact || number >= exact || number != (double)(int64_t)number)
		return false;
	*ret_number = (int64_t)number;
	return true;
}

static const struct json_field *field_named(const struct json_field fields[], size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	}
	return NULL;
}

static bool is_id(const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", *text) ==
		    NULL)
			return false;
	}
	return true;
}

static const char *read_length(struct arena *mem, const char *text, const struct json_field *field)
{
	int64_t length = (int64_t)utf8_length(text);
	if (length < field->min && field->min == 1)
		return arena_printf(mem, "%s must not be empty.", field->name);
	if (length < field->min)
		return arena_printf(mem, "%s must have at least %" PRId64 " characters.", field->name,
				    field->min);
	if (length > field->max)
		return arena_printf(mem, "%s must have at most %" PRId64 " character%s.", field->name,
				    field->max, field->max == 1 ? "" : "s");
	return NULL;
}

/* What people wrote, trimmed; else the sentence that says what is wrong. */
static const char *read_written(struct arena *mem, const char *text, const struct json_field *field,
				const char **ret_text)
{
	const enum text_kind kind = field->kind == JSON_FIELD_LINE ? TEXT_LINE : TEXT_NOTE;
	const enum text_fault fault = text_check(text, kind);
	if (fault != TEXT_GOOD)
		return arena_printf(mem, "%s %s", field->name, text_fault_detail(fault));
	*ret_text = text_is_blank(text) ? "" : text_trim(mem, text);
	if (kind == TEXT_LINE && **ret_text == '\0' && *text != '\0')
		return arena_printf(mem, "%s can't be empty.", field->name);
	return NULL;
}

/* NULL if the value was read, else the sentence that says what is wrong. */
static const char *read_text(struct arena *mem, const json_t *value, const struct json_field *field)
{
	if (!json_is_string(value))
		return arena_printf(mem, "%s must be a string.", field->name);
	const char *text = json_string_value(value);
	const char *wrong = NULL;
	if (field->kind == JSON_FIELD_LINE || field->kind == JSON_FIELD_NOTE)
		wrong = read_written(mem, json_string_value(value), field, &text);
	if (wrong == NULL)
		wrong = read_length(mem, text, field);
	if (wrong == NULL && field->kind == JSON_FIELD_ID && !is_id(text))
		wrong = arena_printf(mem, "%s can only have letters, digits, '.', '_' and '-'.", field->name);
	if (wrong == NULL)
		*(const char **)field->out = arena_strdup(mem, text);
	return wrong;
}

const char *json_fraction_fault(struct arena *mem, const char *name, const char *text)
{
	instant rounded = 0;
	if (!instant_parse_rounded(text, strlen(text), &rounded))
		return NULL;
	const char *fraction = strchr(text, '.');
	return arena_printf(mem, "%s must be a whole second: leave out the fraction %.*s.", name,
			    (int)strspn(fraction, ".0123456789"), fraction);
}

/* As read_text. */
static const char *read_instant(struct arena *mem, const json_t *value, const struct json_field *field)
{
	const char *text = json_is_string(value) ? json_string_value(value) : "";
	if (instant_parse(text, strlen(text), field->out))
		return NULL;
	const char *fault = json_fraction_fault(mem, field->name, text);
	return fault != NULL
		       ? fault
		       : arena_printf(mem, "%s must be a time with an offset such as 2026-11-24T14:00:00Z.",
				      field->name);
}

static const char *read_field(struct arena *mem, const json_t *value, const struct json_field *field)
{
	int64_t number = 0;
	switch (field->kind) {
	case JSON_FIELD_TEXT:
	case JSON_FIELD_LINE:
	case JSON_FIELD_NOTE:
	case JSON_FIELD_ID:
		return read_text(mem, value, field);
	case JSON_FIELD_INTEGER:
		if (!json_whole_number(value, &number))
			return arena_printf(mem, "%s must be a whole number.", field->name);
		if (number < field->min || number > field->max)
			return arena_printf(mem, "%s must be from %" PRId64 " to %" PRId64 ".", field->name,
					    field->min, field->max);
		*(int64_t *)field->out = number;
		return NULL;
	case JSON_FIELD_BOOLEAN:
		if (!json_is_boolean(value))
			return arena_printf(mem, "%s must be true or false.", field->name);
		*(bool *)field->out = json_is_true(value);
		return NULL;
	case JSON_FIELD_VALUE:
		*(json_t **)field->out = json_incref((json_t *)value);
		return NULL;
	case JSON_FIELD_INSTANT:
		return read_instant(mem, value, field);
	}
	return "This field can't be read.";
}

bool json_read_fields(struct arena *mem, const json_t *object, const struct json_field fields[], size_t count,
		      struct json_fault *ret_fault)
{
	const char *name = NULL;
	json_t *value = NULL;
	json_object_foreach((json_t *)object, name, value)
	{
		if (field_named(fields, count, name) == NULL) {
			const char *shown = utf8_beginning(mem, name, SHOWN_NAME_BYTES);
			fail(ret_fault, JSON_UNKNOWN_FIELD, shown,
			     arena_printf(mem, "The body has a field \"%s\" that isn't known here.", shown));
			return false;
		}
	}
	for (size_t i = 0; i < count; i++) {
		value = json_object_get(object, fields[i].name);
		if (value == NULL || json_is_null(value)) {
			if (!fields[i].required)
				continue;
			fail(ret_fault, JSON_INVALID_FIELD, fields[i].name,
			     arena_printf(mem, "%s is required.", fields[i].name));
			return false;
		}
		const char *detail = read_field(mem, value, &fields[i]);
		if (detail != NULL) {
			fail(ret_fault, JSON_INVALID_FIELD, fields[i].name, detail);
			return false;
		}
		if (fields[i].present != NULL)
			*fields[i].present = true;
	}
	return true;
}

bool json_read_body(struct arena *mem, const char *bytes, size_t length, const struct json_field fields[],
		    size_t count, struct json_fault *ret_fault)
{
	__attribute__((cleanup(json_cleanup))) json_t *object =
		json_parse_object(mem, bytes, length, ret_fault);
	return object != NULL && json_read_fields(mem, object, fields, count, ret_fault);
}

/* Whether these eight bytes stand for themselves in a JSON text. False for some that do. */
static inline bool are_plain(const unsigned char *bytes)
{
	uint64_t word = octets_load(bytes);
	return !OCTETS_ANY(octets_below(word, 0x20) | octets_equal(word, '"') | octets_equal(word, '\\') |
			   octets_equal(word, 0x7F) | octets_not_ascii(word));
}

void json_put_text(struct buffer *out, const char *text)
{
	if (text == NULL) {
		buffer_append_text(out, "null");
		return;
	}
	const size_t length = strlen(text);
	const unsigned char *at = (const unsigned char *)text;
	const unsigned char *end = at + length;
	const unsigned char *plain = at; /* start of the run that needs no escape */
	buffer_reserve(out, length + 2); /* mostly all it takes; a buffer remembers that it overflowed */
	buffer_append_char(out, '"');
	while (at < end) {
		if (end - at >= 8 && are_plain(at)) {
			at += 8;
			continue;
		}
		if (*at >= 0x20 && *at < 0x7F && *at != '"' && *at != '\\') {
			at++;
			continue;
		}
		size_t size = utf8_sequence(at, (size_t)(end - at));
		if (size > 1) {
			at += size;
			continue;
		}
		buffer_append(out, plain, (size_t)(at - plain));
		if (size == 0)
			buffer_append_text(out, "\\ufffd");
		else if (*at == '"' || *at == '\\')
			buffer_printf(out, "\\%c", *at);
		else if (*at == '\n')
			buffer_append_text(out, "\\n");
		else
			buffer_printf(out, "\\u%04x", *at);
		plain = ++at;
	}
	buffer_append(out, plain, (size_t)(at - plain));
	buffer_append_char(out, '"');
}

void json_writer_init(struct json_writer *writer, struct buffer *out)
{
	*writer = (struct json_writer){.out = out};
}

void json_writer_reopen(struct json_writer *writer, struct buffer *out)
{
	out->length--; /* the closing brace */
	*writer = (struct json_writer){.out = out, .depth = 1, .filled = {[1] = true}};
}

static void put_name(struct json_writer *writer, const char *name)
{
	const bool further = writer->filled[writer->depth];
	writer->filled[writer->depth] = true;
	if (name == NULL) {
		if (further)
			buffer_append_char(writer->out, ',');
		return;
	}
	/* Names are literals of ours: nothing in them needs an escape. */
	const size_t length = strlen(name);
	struct buffer *out = writer->out;
	if (!buffer_reserve(out, length + 4))
		return; /* it remembers that it overflowed */
	char *at = out->bytes + out->length;
	if (further)
		*at++ = ',';
	*at++ = '"';
	at = mempcpy(at, name, length);
	at = mempcpy(at, "\":", 3);
	out->length = (size_t)(at - 1 - out->bytes);
}

static void open_bracket(struct json_writer *writer, const char *name, char bracket)
{
	put_name(writer, name);
	buffer_append_char(writer->out, bracket);
	/* Nesting is fixed by our own code; past the limit the commas would be wrong, so stop. */
	if (++writer->depth >= sizeof(writer->filled) / sizeof(writer->filled[0]))
		__builtin_trap();
	writer->filled[writer->depth] = false;
}

static void close_bracket(struct json_writer *writer, char bracket)
{
	writer->depth--;
	buffer_append_char(writer->out, bracket);
}

void json_write_object(struct json_writer *writer, const char *name)
{
	open_bracket(writer, name, '{');
}

void json_write_array(struct json_writer *writer, const char *name)
{
	open_bracket(writer, name, '[');
}

void json_write_object_end(struct json_writer *writer)
{
	close_bracket(writer, '}');
}

void json_write_array_end(struct json_writer *writer)
{
	close_bracket(writer, ']');
}

void json_write_text(struct json_writer *writer, const char *name, const char *text)
{
	put_name(writer, name);
	json_put_text(writer->out, text);
}

void json_write_integer(struct json_writer *writer, const char *name, int64_t value)
{
	put_name(writer, name);
	buffer_append_integer(writer->out, value);
}

void json_write_boolean(struct json_writer *writer, const char *name, bool value)
{
	put_name(writer, name);
	buffer_append_text(writer->out, value ? "true" : "false");
}

void json_write_null(struct json_writer *writer, const char *name)
{
	put_name(writer, name);
	buffer_append_text(writer->out, "null");
}

void json_write_instant(struct json_writer *writer, const char *name, instant at)
{
	char text[1 + INSTANT_TEXT_BYTES];
	text[0] = '"';
	instant_format(at, text + 1);
	text[INSTANT_TEXT_BYTES] = '"';
	json_write_raw(writer, name, text, sizeof(text));
}

void json_write_name(struct json_writer *writer, const char *name)
{
	put_name(writer, name);
}

void json_write_raw(struct json_writer *writer, const char *name, const char *json, size_t length)
{
	put_name(writer, name);
	buffer_append(writer->out, json, length);
}
