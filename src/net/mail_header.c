#include "net/mail_header.h"

#include <string.h>

#include "base/buffer.h"
#include "base/encode.h"

enum {
	LINE_OCTETS = 76,
	WORD_OCTETS =
		42, /* of text in one encoded word: 12 + 56 characters with its marks, a blank before it */
	FIELD_OCTETS_MAX = 16384,
};

/* Control characters, line ends among them, become blanks. */
static char *one_line(struct arena *mem, const char *text)
{
	char *line = arena_strdup(mem, text != NULL ? text : "");

	for (char *c = line; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	}
	return line;
}

static bool is_ascii(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text >= 0x80)
			return false;
	}
	return true;
}

/* How many octets of `text` make whole characters and are at most `most`. */
static size_t whole_characters(const char *text, size_t most)
{
	size_t length = strnlen(text, most + 1);

	if (length <= most)
		return length;
	length = most;
	while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
		length--;
	return length > 0 ? length : most; /* no UTF-8: cut anywhere */
}

static void put_encoded(struct buffer *out, const char *text)
{
	char word[ENCODE_BASE64_SIZE(WORD_OCTETS)];
	bool first = true;

	while (*text) {
		size_t length = whole_characters(text, WORD_OCTETS);
		encode_base64(text, length, word);
		/* A blank between two encoded words is not part of the text (RFC 2047 section 6.2). */
		buffer_append_text(out, first ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
		buffer_append_text(out, word);
		buffer_append_text(out, "?=");
		text += length;
		first = false;
	}
}

/* ASCII, with a line end before each word that would not fit. A line is never made of blanks alone. */
static void put_folded(struct buffer *out, const char *text)
{
	size_t column = out->length;

	while (*text) {
		size_t blanks = strspn(text, " ");
		size_t word = strcspn(text + blanks, " ");
		if (blanks > 0 && word > 0 && column + blanks + word > LINE_OCTETS) {
			buffer_append_text(out, "\r\n");
			column = 0;
		}
		if (word > 0 || text[blanks] != '\0')
			buffer_append(out, text, blanks + word);
		column += blanks + word;
		text += blanks + word;
	}
}

static char *finish(struct buffer *out, struct arena *mem)
{
	char *field = arena_strndup(mem, buffer_text(out), out->length);

	buffer_clear(out);
	return field;
}

char *mail_header_text(struct arena *mem, const char *name, const char *text)
{
	struct buffer out;
	const char *line = one_line(mem, text);

	buffer_init(&out, FIELD_OCTETS_MAX);
	buffer_printf(&out, "%s: ", name);
	/* What looks like an encoded word would be read as one. */
	if (is_ascii(line) && strstr(line, "=?") == NULL)
		put_folded(&out, line);
	else
		put_encoded(&out, line);
	return finish(&out, mem);
}

/* Letters, digits and blanks need no quotes; everything else in ASCII does (RFC 5322 section 3.2.4). */
static void put_quoted(struct buffer *out, const char *name)
{
	buffer_append_char(out, '"');
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			buffer_append_char(out, '\\');
		buffer_append_char(out, *name);
	}
	buffer_append_char(out, '"');
}

char *mail_header_person(struct arena *mem, const char *name, const char *display_name, const char *address)
{
	enum { QUOTED_OCTETS = 60 };
	struct buffer out;
	const char *line = one_line(mem, display_name);

	line += strspn(line, " ");
	buffer_init(&out, FIELD_OCTETS_MAX);
	buffer_printf(&out, "%s: ", name);
	if (*line == '\0') {
		buffer_append_text(&out, address);
		return finish(&out, mem);
	}
	/* A quoted string cannot be folded within a word, encoded words can. */
	if (is_ascii(line) && strlen(line) <= QUOTED_OCTETS && strstr(line, "=?") == NULL)
		put_quoted(&out, line);
	else
		put_encoded(&out, line);
	buffer_printf(&out, "\r\n <%s>", address);
	return finish(&out, mem);
}

char *mail_header_date(struct arena *mem, instant at)
{
	static const char days[][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct civil_time civil = civil_from_instant(at, 0);

	return arena_printf(mem, "Date: %s, %d %s %04d %02d:%02d:%02d +0000",
			    days[date_weekday(date_to_days(civil.date))], civil.date.day,
			    months[civil.date.month - 1], civil.date.year,
			    civil.second_of_day / SECONDS_PER_HOUR,
			    civil.second_of_day / SECONDS_PER_MINUTE % 60, civil.second_of_day % 60);
}

bool mail_address_good(const char *address)
{
	const char *at = strchr(address, '@');

	if (at == NULL || at == address || at[1] == '\0' || strchr(at + 1, '@') != NULL ||
	    strlen(address) > MAIL_ADDRESS_MAX)
		return false;
	for (; *address; address++) {
		if ((unsigned char)*address <= 0x20 || *address == 0x7f || strchr("<>()[]\\,;:\"", *address))
			return false;
	}
	return true;
}
