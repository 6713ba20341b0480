#include "domain/dsn.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A line of the mail, without its end. */
struct line {
	const char *text;
	size_t length;
};

/* The next line at *at; false: there is none. */
static bool next_line(const char **at, const char *end, struct line *ret_line)
{
	if (*at >= end)
		return false;
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));
	const char *stop = newline != NULL ? newline : end;
	*ret_line = (struct line){*at, (size_t)(stop - *at)};
	if (ret_line->length > 0 && ret_line->text[ret_line->length - 1] == '\r')
		ret_line->length--;
	*at = newline != NULL ? newline + 1 : end;
	return true;
}

/* The value of the line if it is this field, without blanks around it; false: it is another. */
static bool field(const struct line *line, const char *name, struct line *ret_value)
{
	size_t length = strlen(name);
	if (line->length <= length || strncasecmp(line->text, name, length) != 0 || line->text[length] != ':')
		return false;
	const char *from = line->text + length + 1;
	const char *to = line->text + line->length;
	while (from < to && (*from == ' ' || *from == '\t'))
		from++;
	while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
		to--;
	*ret_value = (struct line){from, (size_t)(to - from)};
	return true;
}

static bool contains(const struct line *line, const char *word)
{
	size_t length = strlen(word);
	for (size_t i = 0; i + length <= line->length; i++) {
		if (strncasecmp(line->text + i, word, length) == 0)
			return true;
	}
	return false;
}

static bool is_folded(const struct line *line)
{
	return line->length > 0 && (line->text[0] == ' ' || line->text[0] == '\t');
}

/* The first word of a field's value: "failed" of "failed (no such user)". */
static struct line first_word(const struct line *value)
{
	struct line word = {value->text, 0};
	while (word.length < value->length && strchr(" \t(;", value->text[word.length]) == NULL)
		word.length++;
	return word;
}

/* "+token@" in a header of addresses, whatever names stand before it. */
static void find_token(const struct line *line, char ret_token[static DSN_TOKEN_SIZE])
{
	const char *end = line->text + line->length;
	const char *from = line->text; /* behind the last character that is in no token */
	for (const char *at = line->text; at < end && ret_token[0] == '\0'; at++) {
		if (*at == '@' && from > line->text && from[-1] == '+' && at > from &&
		    at - from < DSN_TOKEN_SIZE)
			snprintf(ret_token, DSN_TOKEN_SIZE, "%.*s", (int)(at - from), from);
		const char c = (char)(*at | 0x20);
		if (*at != '-' && (c < 'a' || c > 'z') && (*at < '0' || *at > '9'))
			from = at + 1;
	}
}

/* The headers, up to the empty line: whether the mail is a report, and whom it was sent to. */
static bool read_headers(const char **at, const char *end, struct dsn *dsn)
{
	static const char *const addresses[] = {"To", "Delivered-To", "X-Original-To"};
	bool report = false;
	bool status = false;
	bool of_type = false;
	bool of_address = false;
	struct line line;
	struct line value;
	while (next_line(at, end, &line) && line.length > 0) {
		if (!is_folded(&line)) {
			of_type = field(&line, "Content-Type", &value);
			of_address = false;
			for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
				of_address = of_address || field(&line, addresses[i], &value);
		}
		report = report || (of_type && contains(&line, "multipart/report"));
		status = status || (of_type && contains(&line, "delivery-status"));
		if (of_address)
			find_token(&line, dsn->token);
	}
	return report && status;
}

/* "message/delivery-status", or "message/global-delivery-status" (RFC 6533). */
static bool is_of_status(const struct line *line)
{
	return contains(line, "message/") && contains(line, "delivery-status");
}

bool dsn_read(const char *mail, size_t length, struct dsn *ret_dsn)
{
	const char *at = mail;
	const char *end = mail + length;
	bool of_type = false;
	bool in_status = false;
	bool failed = false;
	struct line line;
	struct line value;
	*ret_dsn = (struct dsn){.token = ""};
	if (!read_headers(&at, end, ret_dsn))
		return false;
	while (next_line(&at, end, &line)) {
		of_type = is_folded(&line) ? of_type : field(&line, "Content-Type", &value);
		if (of_type)
			in_status = (is_folded(&line) && in_status) || is_of_status(&line);
		else if (line.length >= 2 && memcmp(line.text, "--", 2) == 0)
			in_status = false;
		if (!in_status)
			continue;
		if (line.length == 0) { /* the next recipient's fields */
			failed = false;
			ret_dsn->status[0] = '\0';
		} else if (field(&line, "Action", &value)) {
			value = first_word(&value);
			failed = value.length == 6 && strncasecmp(value.text, "failed", 6) == 0;
		} else if (field(&line, "Status", &value)) {
			value = first_word(&value);
			if (value.length < DSN_STATUS_SIZE)
				snprintf(ret_dsn->status, sizeof(ret_dsn->status), "%.*s", (int)value.length,
					 value.text);
		}
		if (failed && ret_dsn->status[0] == '5' && ret_dsn->status[1] == '.')
			return true;
	}
	return false;
}
