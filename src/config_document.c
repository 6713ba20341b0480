/*
 * config_document - values as they come: copied, read from files, and JSON objects and PEM text as platforms
 * hand them on.
 */
#include "config_value.h"

#include "base/die.h"
#include "base/encode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void value_wipe(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

char *value_copy(const char *text, size_t length)
{
	char *bytes = calloc(1, length + 1);
	if (bytes == NULL)
		die("out of memory");
	memcpy(bytes, text, length);
	return bytes;
}

/* The file's text without the line end at its end, or NULL and why not. */
char *value_read_file(const char *path, const char **ret_why)
{
	FILE *file = fopen(path, "re");
	if (file == NULL) {
		*ret_why = strerror(errno);
		return NULL;
	}
	char *text = calloc(1, VALUE_MAX + 2);
	if (text == NULL)
		die("out of memory");
	setvbuf(file, NULL, _IONBF, 0); /* no second copy of a secret in a buffer */
	size_t length = fread(text, 1, VALUE_MAX + 1, file);
	*ret_why = ferror(file)             ? "cannot be read"
		   : length > VALUE_MAX     ? "is longer than 64 KiB"
		   : strlen(text) != length ? "has a NUL byte in it"
					    : NULL;
	fclose(file);
	while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
		text[--length] = '\0';
	if (*ret_why == NULL && length == 0)
		*ret_why = "is empty";
	char *fitting = *ret_why == NULL ? value_copy(text, length) : NULL;
	explicit_bzero(text, length);
	free(text);
	return fitting;
}

static bool begins_with(const char *text, const char *mark)
{
	return strncmp(text + strspn(text, " \t\r\n"), mark, strlen(mark)) == 0;
}

/*
 * What `value` says in base64 or base64url, padded or not, whose lines may be broken, if that begins with
 * `mark`; else NULL.
 */
static char *decoded(const char *value, const char *mark)
{
	enum { PADDING_MAX = 3 };
	size_t length = strlen(value) + PADDING_MAX;
	char *packed = calloc(1, length + 1);
	if (packed == NULL)
		die("out of memory");
	size_t used = 0;
	for (const char *c = value; *c != '\0'; c++)
		if (strchr(" \t\r\n=", *c) == NULL)
			packed[used++] = (char)(*c == '-' ? '+' : *c == '_' ? '/' : *c);
	while (used % 4 != 0 && used < length)
		packed[used++] = '=';
	char *text = calloc(1, used + 1);
	if (text == NULL)
		die("out of memory");
	size_t size = 0;
	bool good = used > 0 && encode_base64_read(packed, used, text, used, &size) && strlen(text) == size &&
		    begins_with(text, mark);
	explicit_bzero(packed, length);
	free(packed);
	if (good)
		return text;
	explicit_bzero(text, used);
	free(text);
	return NULL;
}

/* Takes away what editors and env files leave around a text: a byte order mark, and one pair of quotes. */
static void bare(char *value)
{
	static const char order_mark[] = "\xEF\xBB\xBF";
	size_t first = strncmp(value, order_mark, 3) == 0 ? 3 : 0;
	first += strspn(value + first, " \t\r\n");
	size_t length = strlen(value);
	while (length > first && strchr(" \t\r\n", value[length - 1]) != NULL)
		length--;
	const char quote = value[first];
	if (length > first + 1 && (quote == '"' || quote == '\'') && value[length - 1] == quote) {
		first++;
		length--;
	}
	if (first == 0)
		return;
	memmove(value, value + first, length - first);
	explicit_bzero(value + length - first, first);
}

/*
 * Text as it is if it begins with `mark`, or what it says in base64, or else the file it names, which may be
 * in base64 as well. Takes `value` over, in any case.
 */
static char *text_or_file(char *value, const char *mark, const char **ret_why)
{
	bare(value);
	char *text = begins_with(value, mark) ? NULL : decoded(value, mark);
	if (text != NULL) {
		value_wipe(value);
		return text;
	}
	text = value;
	if (!begins_with(value, mark)) {
		static char line[128];
		text = value_read_file(value, ret_why);
		value_wipe(value);
		if (text == NULL) {
			snprintf(line, sizeof(line), "is not %s, nor the path of a file with it (%s)",
				 *mark == '{' ? "a JSON object" : "PEM text", *ret_why);
			*ret_why = line;
		}
	}
	if (text != NULL)
		bare(text);
	if (text != NULL && !begins_with(text, mark)) {
		char *inside = decoded(text, mark);
		value_wipe(text);
		text = inside;
	}
	if (text == NULL && *ret_why == NULL) {
		*ret_why = *mark == '{' ? "must be a JSON object or the path of a file with one"
					: "must be PEM text or the path of a file with it";
	}
	return text;
}

/*
 * A service account's key as platforms hand it on: line ends of the private key as they are, or escaped
 * twice. Both become what JSON has. Takes `json` over.
 */
static char *mend_line_ends(char *json)
{
	char *mended = calloc(1, 2 * strlen(json) + 1);
	if (mended == NULL)
		die("out of memory");
	char *out = mended;
	bool inside = false;
	for (const char *in = json; *in != '\0'; in++) {
		if (*in == '"' && (in == json || in[-1] != '\\'))
			inside = !inside;
		if (inside && *in == '\n') {
			*out++ = '\\';
			*out++ = 'n';
		} else if (inside && strncmp(in, "\\\\n", 3) == 0) {
			*out++ = '\\'; /* the n follows */
			in++;
		} else if (!inside || *in != '\r') {
			*out++ = *in;
		}
	}
	value_wipe(json);
	return mended;
}

/* Environments of one line write line ends as \n, and what writes those once more as \\n. */
static void unescape_lines(char *pem)
{
	char *out = pem;
	for (char *in = pem; *in; in++) {
		size_t slashes = strspn(in, "\\");
		if (slashes > 0 && strchr("nr", in[slashes]) != NULL && in[slashes] != '\0') {
			if (in[slashes] == 'n')
				*out++ = '\n';
			in += slashes;
		} else {
			*out++ = *in;
		}
	}
	*out = '\0';
}

char *value_document(enum value_kind kind, char *value, const char **ret_why)
{
	char *text = text_or_file(value, kind == KIND_PEM ? "-----BEGIN" : "{", ret_why);
	if (text != NULL && kind == KIND_PEM)
		unescape_lines(text);
	return text != NULL && kind == KIND_ACCOUNT ? mend_line_ends(text) : text;
}
