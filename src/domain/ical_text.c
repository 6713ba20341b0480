#include "domain/ical_text.h"

#include <string.h>
#include <strings.h>

enum { DAYS_MAX = 36525 };

/* Without what marks the encoding, and without NULs: what remains of UTF-16 says the same, since all that
 * counts is ASCII. */
static size_t only_bytes(char *text, size_t length)
{
	static const char *const marks[] = {"\xEF\xBB\xBF", "\xFF\xFE", "\xFE\xFF"};
	size_t from = 0;
	for (size_t i = 0; from == 0 && i < sizeof(marks) / sizeof(marks[0]); i++) {
		const size_t size = strlen(marks[i]);
		from = length >= size && memcmp(text, marks[i], size) == 0 ? size : 0;
	}
	size_t to = 0;
	for (; from < length; from++) {
		if (text[from] != '\0')
			text[to++] = text[from];
	}
	return to;
}

size_t ical_unfold(char *text, size_t length)
{
	size_t from = 0;
	size_t to = 0;
	length = only_bytes(text, length);
	while (from < length) {
		/* A line break, CRLF or as others write it: CR or LF alone, or CR twice. */
		size_t after = from;
		while (after < length && text[after] == '\r')
			after++;
		if (after < length && text[after] == '\n')
			after++;
		if (after == from) {
			text[to++] = text[from++];
			continue;
		}
		/* It is not there if a blank follows. */
		if (after < length && (text[after] == ' ' || text[after] == '\t'))
			after++;
		else
			text[to++] = '\n';
		from = after;
	}
	return to;
}

static struct ical_span trim(struct ical_span span)
{
	while (span.length > 0 && (span.at[0] == ' ' || span.at[0] == '\t')) {
		span.at++;
		span.length--;
	}
	while (span.length > 0 && (span.at[span.length - 1] == ' ' || span.at[span.length - 1] == '\t' ||
				   span.at[span.length - 1] == '\r'))
		span.length--;
	return span;
}

bool ical_is(struct ical_span span, const char *word)
{
	span = trim(span);
	return span.length == strlen(word) && strncasecmp(span.at, word, span.length) == 0;
}

/* Where `stop` or `other` comes first outside double quotes; the length if nowhere. */
static size_t unquoted(struct ical_span span, char stop, char other)
{
	bool quoted = false;
	size_t i = 0;
	for (; i < span.length; i++) {
		if (span.at[i] == '"')
			quoted = !quoted;
		else if (!quoted && (span.at[i] == stop || span.at[i] == other))
			break;
	}
	return i;
}

static struct ical_span after(struct ical_span span, size_t count)
{
	return count < span.length ? (struct ical_span){span.at + count, span.length - count}
				   : (struct ical_span){span.at + span.length, 0};
}

/* Where the value begins: after the colon, or after the last one if there is a zone: names such as GMT+01:00
 * come without their quotes, and no time has a colon. The length if there is none. */
static size_t value_begin(struct ical_span tail)
{
	struct ical_span zone;
	size_t colon = unquoted(tail, ':', ':');
	/* A quote that is never closed swallows the colon: then the first one counts. */
	const char *first = colon == tail.length ? memchr(tail.at, ':', tail.length) : tail.at + colon;
	if (first == NULL)
		return tail.length;
	colon = (size_t)(first - tail.at);
	const struct ical_line line = {.parameters = after((struct ical_span){tail.at, colon}, 1)};
	const char *last = memrchr(tail.at, ':', tail.length);
	return last != first && ical_parameter(&line, "TZID", &zone) ? (size_t)(last - tail.at) : colon;
}

bool ical_next_line(struct ical_span *rest, struct ical_line *ret_line)
{
	while (rest->length > 0) {
		const char *end = memchr(rest->at, '\n', rest->length);
		const size_t length = end != NULL ? (size_t)(end - rest->at) : rest->length;
		struct ical_span line = trim((struct ical_span){rest->at, length});
		*rest = after(*rest, length + 1);
		const size_t name = unquoted(line, ';', ':');
		if (name == 0 || name == line.length)
			continue;
		ret_line->name = (struct ical_span){line.at, name};
		const struct ical_span tail = after(line, name);
		const size_t colon = value_begin(tail);
		if (colon == tail.length)
			continue;
		ret_line->parameters = colon > 0 ? (struct ical_span){tail.at + 1, colon - 1}
						 : (struct ical_span){tail.at, 0};
		ret_line->value = after(tail, colon + 1);
		return true;
	}
	return false;
}

/* Move past the END that belongs to a BEGIN just read. False: there is none. */
static bool skip_component(struct ical_span *rest, const char **ret_end)
{
	struct ical_line line;
	for (size_t depth = 1; depth > 0;) {
		*ret_end = rest->at;
		if (!ical_next_line(rest, &line))
			return false;
		if (ical_is(line.name, "BEGIN"))
			depth++;
		else if (ical_is(line.name, "END"))
			depth--;
	}
	return true;
}

enum ical_component ical_next_component(struct ical_span *rest, const char *name,
					struct ical_span *ret_inside)
{
	struct ical_line line;
	while (ical_next_line(rest, &line)) {
		if (!ical_is(line.name, "BEGIN"))
			continue;
		const char *begin = rest->at;
		const char *end = NULL;
		if (!skip_component(rest, &end))
			return ICAL_COMPONENT_CUT;
		if (ical_is(line.value, name)) {
			*ret_inside = (struct ical_span){begin, (size_t)(end - begin)};
			return ICAL_COMPONENT;
		}
	}
	return ICAL_COMPONENTS_END;
}

bool ical_next_property(struct ical_span *rest, const char *name, struct ical_line *ret_line)
{
	struct ical_line line;
	while (ical_next_line(rest, &line)) {
		const char *end = NULL;
		if (ical_is(line.name, "BEGIN") && !skip_component(rest, &end))
			return false;
		if (ical_is(line.name, name)) {
			*ret_line = line;
			return true;
		}
	}
	return false;
}

bool ical_property(struct ical_span component, const char *name, struct ical_line *ret_line)
{
	return ical_next_property(&component, name, ret_line);
}

bool ical_parameter(const struct ical_line *line, const char *name, struct ical_span *ret_value)
{
	struct ical_span rest = line->parameters;
	while (rest.length > 0) {
		const size_t length = unquoted(rest, ';', ';');
		const struct ical_span one = {rest.at, length};
		const char *equals = memchr(one.at, '=', one.length);
		rest = after(rest, length + 1);
		if (equals == NULL || !ical_is((struct ical_span){one.at, (size_t)(equals - one.at)}, name))
			continue;
		struct ical_span value = trim(after(one, (size_t)(equals - one.at) + 1));
		if (value.length >= 2 && value.at[0] == '"' && value.at[value.length - 1] == '"')
			value = (struct ical_span){value.at + 1, value.length - 2};
		*ret_value = value;
		return true;
	}
	return false;
}

bool ical_next_element(struct ical_span *list, struct ical_span *ret_element)
{
	if (list->length == 0)
		return false;
	const char *comma = memchr(list->at, ',', list->length);
	const size_t length = comma != NULL ? (size_t)(comma - list->at) : list->length;
	*ret_element = trim((struct ical_span){list->at, length});
	*list = after(*list, length + 1);
	return true;
}

static bool digits(const char *text, size_t count, int *ret_number)
{
	int number = 0;
	for (size_t i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		number = number * 10 + (text[i] - '0');
	}
	*ret_number = number;
	return true;
}

bool ical_time_read(const char *text, size_t length, struct ical_time *ret_time)
{
	enum { DATE = 8, SHORT_TIME = 13, TIME = 15 }; /* some write no seconds */
	struct ical_span all = trim((struct ical_span){text, length});
	struct civil_date date;
	int hour = 0;
	int minute = 0;
	int second = 0;
	const bool is_utc =
		all.length > DATE && (all.at[all.length - 1] == 'Z' || all.at[all.length - 1] == 'z');
	all.length -= is_utc;
	if ((all.length != DATE && all.length != SHORT_TIME && all.length != TIME) ||
	    (all.length == DATE && is_utc) || !digits(all.at, 4, &date.year) ||
	    !digits(all.at + 4, 2, &date.month) || !digits(all.at + 6, 2, &date.day))
		return false;
	if (all.length > DATE &&
	    ((all.at[DATE] != 'T' && all.at[DATE] != 't') || !digits(all.at + 9, 2, &hour) ||
	     !digits(all.at + 11, 2, &minute) || (all.length == TIME && !digits(all.at + 13, 2, &second))))
		return false;
	if (date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1 || hour > 23 || minute > 59 ||
	    second > 60)
		return false;
	const int64_t day = date_to_days(date);
	if (date_compare(date_from_days(day), date) != 0)
		return false;
	*ret_time = (struct ical_time){
		.local = day * SECONDS_PER_DAY + hour * SECONDS_PER_HOUR + minute * SECONDS_PER_MINUTE +
			 (second > 59 ? 59 : second),
		.is_date = all.length == DATE,
		.is_utc = is_utc,
	};
	return true;
}

bool ical_duration_read(struct ical_span text, int64_t *ret_days, seconds *ret_time)
{
	struct ical_span rest = trim(text);
	int64_t days = 0;
	seconds time = 0;
	bool in_time = false;
	bool any = false;
	if (rest.length > 0 && rest.at[0] == '+')
		rest = after(rest, 1);
	if (rest.length < 2 || (rest.at[0] != 'P' && rest.at[0] != 'p'))
		return false;
	for (rest = after(rest, 1); rest.length > 0;) {
		int64_t number = 0;
		size_t count = 0;
		if (!in_time && (rest.at[0] == 'T' || rest.at[0] == 't')) {
			in_time = true;
			rest = after(rest, 1);
			continue;
		}
		while (count < rest.length && count < 9 && rest.at[count] >= '0' && rest.at[count] <= '9')
			number = number * 10 + (rest.at[count++] - '0');
		if (count == 0 || count == rest.length)
			return false;
		switch (rest.at[count] | 0x20) {
		case 'w':
			days += number * 7;
			break;
		case 'd':
			days += number;
			break;
		case 'h':
			time += number * SECONDS_PER_HOUR;
			break;
		case 'm':
			time += number * SECONDS_PER_MINUTE;
			break;
		case 's':
			time += number;
			break;
		default:
			return false;
		}
		any = true;
		rest = after(rest, count + 1);
	}
	if (!any || days > DAYS_MAX || time / SECONDS_PER_DAY > DAYS_MAX)
		return false;
	*ret_days = days;
	*ret_time = time;
	return true;
}
