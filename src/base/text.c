#include "base/text.h"

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The code point at `text`, which is valid UTF-8 and not at its end, and how many bytes it takes. */
static uint32_t code_point(const char *text, size_t *ret_size)
{
	const unsigned char *bytes = (const unsigned char *)text;
	if (bytes[0] < 0x80) {
		*ret_size = 1;
		return bytes[0];
	}
	size_t size = bytes[0] < 0xE0 ? 2 : bytes[0] < 0xF0 ? 3 : 4;
	uint32_t point = bytes[0] & (0x7Fu >> size);
	for (size_t i = 1; i < size; i++)
		point = point << 6 | (bytes[i] & 0x3Fu);
	*ret_size = size;
	return point;
}

static bool is_white_space(uint32_t point)
{
	return (point >= 0x09 && point <= 0x0D) || point == 0x20 || point == 0x85 || point == 0xA0 ||
	       point == 0x1680 || (point >= 0x2000 && point <= 0x200A) || point == 0x2028 ||
	       point == 0x2029 || point == 0x202F || point == 0x205F || point == 0x3000 || point == 0xFEFF;
}

/* Characters of no width, or without a shape, that are good between others, but are nothing to read by
 * themselves. */
static bool is_unseen(uint32_t point)
{
	static const struct {
		uint32_t first;
		uint32_t last;
	} unseen[] = {
		{0xAD, 0xAD},       {0x34F, 0x34F},   {0x61C, 0x61C},     {0x115F, 0x1160},
		{0x17B4, 0x17B5},   {0x180B, 0x180F}, {0x200B, 0x200F},   {0x2060, 0x206F},
		{0x2800, 0x2800},   {0x3164, 0x3164}, {0xFE00, 0xFE0F},   {0xFFA0, 0xFFA0},
		{0xFFF0, 0xFFFB},   {0xFFFE, 0xFFFF}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},
		{0xE0000, 0xE0FFF},
	};
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++) {
		if (point >= unseen[i].first && point <= unseen[i].last)
			return true;
	}
	return false;
}

static enum text_fault fault_of(uint32_t point, enum text_kind kind)
{
	if ((point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x206F))
		return TEXT_DIRECTION;
	/* Annotations, and what Unicode has no characters at. */
	if ((point >= 0xFFF9 && point <= 0xFFFB) || (point >= 0xFDD0 && point <= 0xFDEF) ||
	    (point & 0xFFFE) == 0xFFFE)
		return TEXT_CONTROL;
	bool breaks = point == '\n' || point == '\r' || point == '\t' || point == 0x2028 || point == 0x2029;
	if (breaks)
		return kind == TEXT_LINE ? TEXT_LINE_BREAK : TEXT_GOOD;
	return point < 0x20 || (point >= 0x7F && point < 0xA0) ? TEXT_CONTROL : TEXT_GOOD;
}

enum text_fault text_check(const char *text, enum text_kind kind)
{
	size_t size = 0;
	for (; *text != '\0'; text += size) {
		enum text_fault fault = fault_of(code_point(text, &size), kind);
		if (fault != TEXT_GOOD)
			return fault;
	}
	return TEXT_GOOD;
}

const char *text_clean(struct arena *mem, const char *text, enum text_kind kind)
{
	if (text_check(text, kind) == TEXT_GOOD)
		return text;
	char *out = arena_alloc(mem, strlen(text) + 1);
	char *end = out;
	size_t size = 0;
	for (; *text != '\0'; text += size) {
		if (fault_of(code_point(text, &size), kind) == TEXT_GOOD)
			end = mempcpy(end, text, size);
		else
			*end++ = ' ';
	}
	*end = '\0';
	return out;
}

const char *text_fault_detail(enum text_fault fault)
{
	static const char *const details[] = {
		[TEXT_GOOD] = "",
		[TEXT_CONTROL] = "must not contain control characters.",
		[TEXT_LINE_BREAK] = "must be one line, without line breaks and tabs.",
		[TEXT_DIRECTION] = "must not contain characters that change the direction of writing.",
	};
	return details[fault];
}

const char *text_trim(struct arena *mem, const char *text)
{
	size_t size = 0;
	while (*text != '\0' && is_white_space(code_point(text, &size)))
		text += size;
	size_t length = 0;
	for (const char *at = text; *at != '\0'; at += size) {
		if (!is_white_space(code_point(at, &size)))
			length = (size_t)(at - text) + size;
	}
	return text[length] == '\0' ? text : arena_strndup(mem, text, length);
}

bool text_is_blank(const char *text)
{
	size_t size = 0;
	for (; *text != '\0'; text += size) {
		uint32_t point = code_point(text, &size);
		if (!is_white_space(point) && !is_unseen(point))
			return false;
	}
	return true;
}

/* The blocks of scripts that are written from right to left. */
static bool is_right_to_left(uint32_t point)
{
	return (point >= 0x0590 && point <= 0x08FF) || point == 0x200F ||
	       (point >= 0xFB1D && point <= 0xFDFF) || (point >= 0xFE70 && point <= 0xFEFF) ||
	       (point >= 0x10800 && point <= 0x10FFF) || (point >= 0x1E800 && point <= 0x1EFFF);
}

const char *text_isolate(struct arena *mem, const char *text)
{
	size_t size = 0;
	for (const char *at = text; *at != '\0'; at += size) {
		if (is_right_to_left(code_point(at, &size)))
			return arena_printf(mem, "\u2068%s\u2069", text);
	}
	return text;
}

/* Of any script: all of them have top-level domains. */
static bool is_letter(char byte)
{
	return isalpha((unsigned char)byte) || (unsigned char)byte >= 0x80;
}

/* The dot that may part a name, of whatever width (RFC 3490 section 3.1): its bytes, or 0. */
static size_t dot_at(const char *text, size_t length)
{
	static const char *const dots[] = {".", "\u3002", "\uFF0E", "\uFF61"};
	for (size_t i = 0; i < sizeof(dots) / sizeof(dots[0]); i++) {
		size_t size = strlen(dots[i]);
		if (size <= length && memcmp(text, dots[i], size) == 0)
			return size;
	}
	return 0;
}

/* Whether mail programs take a word for a link: "x://y", "www.x", or "name.tld" of letters and hyphens. */
static bool is_link(const char *word, size_t length)
{
	if (memmem(word, length, "://", 3) != NULL || (length > 4 && strncasecmp(word, "www.", 4) == 0))
		return true;
	for (size_t i = 1; i < length; i++) {
		size_t dot = dot_at(word + i, length - i);
		/* A wide dot ends the sentences of scripts that have no blanks: there it parts ASCII names
		 * only. */
		if (dot > 0 && i + dot + 1 < length && is_letter(word[i + dot]) &&
		    is_letter(word[i + dot + 1]) &&
		    (isalnum((unsigned char)word[i - 1]) || (dot == 1 && is_letter(word[i - 1]))))
			return true;
	}
	return false;
}

/* A link as words: what stands before "://" goes, and its dots and slashes become blanks. Returns the length.
 */
static size_t put_words(const char *word, size_t length, char *out)
{
	const char *scheme = memmem(word, length, "://", 3);
	if (scheme != NULL) {
		length -= (size_t)(scheme + 3 - word);
		word = scheme + 3;
	}
	char *end = out;
	for (size_t i = 0; i < length;) {
		size_t dot = dot_at(word + i, length - i);
		*end++ = (char)(dot > 0 || strchr("/:@?&#", word[i]) != NULL ? ' ' : word[i]);
		i += dot > 0 ? dot : 1;
	}
	return (size_t)(end - out);
}

/* A word with the wide forms of ASCII as ASCII, but for the full stop, which is_link tells apart. */
static const char *narrow(struct arena *mem, const char *word, size_t *length)
{
	enum { WIDE_FIRST = 0xFF01, WIDE_LAST = 0xFF5E, WIDE_STOP = 0xFF0E, WIDE_LESS = 0xFEE0 };
	char *out = arena_strndup(mem, word, *length);
	char *end = out;
	for (size_t i = 0, size = 0; i < *length; i += size) {
		uint32_t point = code_point(word + i, &size);
		if (point >= WIDE_FIRST && point <= WIDE_LAST && point != WIDE_STOP)
			*end++ = (char)(point - WIDE_LESS);
		else
			end = mempcpy(end, word + i, size);
	}
	*length = (size_t)(end - out);
	return out;
}

const char *text_without_links(struct arena *mem, const char *text)
{
	char *out = arena_alloc(mem, strlen(text) + 1);
	char *end = out;
	for (const char *at = text; *at != '\0';) {
		size_t length = strcspn(at, " \n\t");
		size_t narrowed = length;
		const char *word = narrow(mem, at, &narrowed);
		if (is_link(word, narrowed))
			end += put_words(word, narrowed, end);
		else
			end = mempcpy(end, at, length);
		at += length;
		if (*at != '\0')
			*end++ = *at++;
	}
	*end = '\0';
	return out;
}

bool text_has_word(const char *words, const char *word)
{
	size_t length = strlen(word);
	for (const char *at = words; at != NULL && *at != '\0';) {
		size_t next = strcspn(at, " ");
		if (next == length && memcmp(at, word, length) == 0)
			return true;
		at += next + (at[next] == ' ');
	}
	return false;
}
