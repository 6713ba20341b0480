#include "domain/tzif.h"

#include <string.h>

enum {
	HEADER_BYTES = 44,
	KINDS_MAX = 254, /* two places are left for the footer's */
	UNROLLED_YEARS = 401,
	OFFSET_MAX = 93599, /* RFC 9636 section 3.2: -25:59:59 .. +25:59:59 */
};

struct header {
	int version; /* 1, or 2 for 2 and later */
	size_t utc_flags, standard_flags, leaps, changes, kinds, letters;
};

/* The table while it grows. */
struct table {
	instant *changes;
	uint8_t *change_kinds;
	size_t change_count;
	struct tzif_kind *kinds;
	size_t kind_count;
};

static int64_t big_endian(const unsigned char *bytes, size_t size)
{
	uint64_t value = bytes[0] & 0x80 ? UINT64_MAX : 0;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | bytes[i];
	return (int64_t)value;
}

static bool read_header(const unsigned char *bytes, size_t length, struct header *ret_header)
{
	if (length < HEADER_BYTES || memcmp(bytes, "TZif", 4) != 0)
		return false;
	size_t counts[6];
	for (size_t i = 0; i < 6; i++) {
		int64_t count = big_endian(bytes + 20 + 4 * i, 4);
		if (count < 0 || count > TZIF_BYTES_MAX)
			return false;
		counts[i] = (size_t)count;
	}
	*ret_header = (struct header){
		bytes[4] == '\0' ? 1 : 2, counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]};
	return ret_header->kinds >= 1;
}

static size_t block_bytes(const struct header *header, size_t time_bytes)
{
	return header->changes * (time_bytes + 1) + header->kinds * 6 + header->letters +
	       header->leaps * (time_bytes + 4) + header->standard_flags + header->utc_flags;
}

/* Append a change, leaving out what changes nothing and stretches without length. */
static void add_change(struct table *table, instant at, uint8_t kind)
{
	if (table->change_count > 0 && table->changes[table->change_count - 1] >= at)
		table->change_count--;
	uint8_t before = table->change_count > 0 ? table->change_kinds[table->change_count - 1] : 0;
	if (memcmp(&table->kinds[before], &table->kinds[kind], sizeof(table->kinds[0])) == 0)
		return;
	table->changes[table->change_count] = at;
	table->change_kinds[table->change_count++] = kind;
}

/* The block's kinds and changes. The table has room for header->kinds and header->changes. */
static bool read_block(const unsigned char *block, const struct header *header, size_t time_bytes,
		       struct table *table)
{
	const unsigned char *change_kinds = block + header->changes * time_bytes;
	const unsigned char *kinds = change_kinds + header->changes;
	const char *letters = (const char *)(kinds + header->kinds * 6);

	for (size_t i = 0; i < header->kinds; i++) {
		int64_t offset = big_endian(kinds + 6 * i, 4);
		size_t first = kinds[6 * i + 5];
		if (offset < -OFFSET_MAX || offset > OFFSET_MAX || first >= header->letters)
			return false;
		struct tzif_kind *kind = &table->kinds[table->kind_count++];
		kind->offset = (int32_t)offset;
		kind->daylight = kinds[6 * i + 4] != 0;
		size_t length = strnlen(letters + first, header->letters - first);
		if (length >= TZIF_LETTERS_BYTES || first + length == header->letters)
			return false;
		memcpy(kind->letters, letters + first, length);
	}
	instant last = INT64_MIN;
	for (size_t i = 0; i < header->changes; i++) {
		instant at = big_endian(block + i * time_bytes, time_bytes);
		if (change_kinds[i] >= header->kinds || (i > 0 && at <= last))
			return false;
		add_change(table, at, change_kinds[i]);
		last = at;
	}
	return true;
}

/* ---------------------------------------------------------------- the footer's rule, POSIX TZ */

static bool take_char(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool take_number(const char **at, int max, int *ret_value)
{
	int value = 0;
	const char *first = *at;
	while (**at >= '0' && **at <= '9' && *at - first < 3)
		value = value * 10 + (*(*at)++ - '0');
	if (*at == first || value > max)
		return false;
	*ret_value = value;
	return true;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(const char **at, int max_hours, seconds *ret_time)
{
	int hours = 0;
	int minutes = 0;
	int second = 0;
	bool negative = take_char(at, '-');
	if (!negative)
		take_char(at, '+');
	if (!take_number(at, max_hours, &hours))
		return false;
	if (take_char(at, ':') && !take_number(at, 59, &minutes))
		return false;
	if (take_char(at, ':') && !take_number(at, 59, &second))
		return false;
	*ret_time = hours * SECONDS_PER_HOUR + minutes * SECONDS_PER_MINUTE + second;
	if (negative)
		*ret_time = -*ret_time;
	return true;
}

static bool take_letters(const char **at, char letters[static TZIF_LETTERS_BYTES])
{
	bool quoted = take_char(at, '<');
	size_t length = quoted ? strcspn(*at, ">")
			       : strspn(*at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
	if (length < 3 || length >= TZIF_LETTERS_BYTES)
		return false;
	memcpy(letters, *at, length);
	*at += length;
	return !quoted || take_char(at, '>');
}

static bool take_day(const char **at, struct tzif_rule_day *day)
{
	*day = (struct tzif_rule_day){.at = 2 * SECONDS_PER_HOUR};
	if (!take_char(at, ','))
		return false;
	if (take_char(at, 'M')) {
		day->form = TZIF_WEEKDAY_OF_MONTH;
		if (!take_number(at, 12, &day->month) || !take_char(at, '.') ||
		    !take_number(at, 5, &day->week) || !take_char(at, '.') ||
		    !take_number(at, 6, &day->weekday) || day->month < 1 || day->week < 1)
			return false;
	} else {
		day->form = take_char(at, 'J') ? TZIF_DAY_WITHOUT_LEAP : TZIF_DAY_WITH_LEAP;
		if (!take_number(at, 365, &day->day) || (day->form == TZIF_DAY_WITHOUT_LEAP && day->day < 1))
			return false;
	}
	return !take_char(at, '/') || take_time(at, 167, &day->at);
}

/* *ret_changes: whether there is daylight saving time at all. */
static bool read_rule(const char *text, struct tzif_rule *rule, bool *ret_changes)
{
	seconds west = 0;
	*rule = (struct tzif_rule){.daylight.daylight = true};
	*ret_changes = false;
	if (!take_letters(&text, rule->standard.letters) || !take_time(&text, 24, &west))
		return false;
	rule->standard.offset = (int32_t)-west;
	if (*text == '\0')
		return true;

	*ret_changes = true;
	if (!take_letters(&text, rule->daylight.letters))
		return false;
	rule->daylight.offset = rule->standard.offset + SECONDS_PER_HOUR;
	if (*text != ',') {
		if (!take_time(&text, 24, &west))
			return false;
		rule->daylight.offset = (int32_t)-west;
	}
	return take_day(&text, &rule->start) && take_day(&text, &rule->end) && *text == '\0';
}

seconds tzif_rule_local(const struct tzif_rule_day *day, int year)
{
	int64_t date = 0;
	if (day->form == TZIF_WEEKDAY_OF_MONTH) {
		int64_t first = date_to_days((struct civil_date){year, day->month, 1});
		/* date_weekday counts from Monday, the rule from Sunday. */
		int ahead = (day->weekday + 6 - date_weekday(first) + 7) % 7;
		date = first + ahead + 7 * (day->week - 1);
		while (date_from_days(date).month != day->month)
			date -= 7;
	} else {
		date = date_to_days((struct civil_date){year, 1, 1}) + day->day;
		if (day->form == TZIF_DAY_WITHOUT_LEAP) {
			bool leap = date_to_days((struct civil_date){year, 3, 1}) -
					    date_to_days((struct civil_date){year, 2, 1}) ==
				    29;
			/* J60 is 1 March in every year. */
			date += leap && day->day >= 60 ? 0 : -1;
		}
	}
	return date * SECONDS_PER_DAY + day->at;
}

static uint8_t kind_index(struct table *table, const struct tzif_kind *kind)
{
	for (size_t i = 0; i < table->kind_count; i++) {
		if (memcmp(&table->kinds[i], kind, sizeof(*kind)) == 0)
			return (uint8_t)i;
	}
	table->kinds[table->kind_count] = *kind;
	return (uint8_t)table->kind_count++;
}

static void unroll(struct table *table, const struct tzif_rule *rule)
{
	uint8_t standard = kind_index(table, &rule->standard);
	uint8_t daylight = kind_index(table, &rule->daylight);
	instant last = table->change_count > 0 ? table->changes[table->change_count - 1] : INT64_MIN;
	if (last > INSTANT_MAX)
		return; /* the table reaches past every year that is served */
	int first_year = last > 0 ? civil_from_instant(last, rule->standard.offset).date.year : 1970;

	for (int year = first_year; year <= first_year + UNROLLED_YEARS; year++) {
		instant start = tzif_rule_local(&rule->start, year) - rule->standard.offset;
		instant end = tzif_rule_local(&rule->end, year) - rule->daylight.offset;
		instant early = start < end ? start : end;
		instant late = start < end ? end : start;
		if (early > last)
			add_change(table, early, start < end ? daylight : standard);
		if (late > last)
			add_change(table, late, start < end ? standard : daylight);
	}
}

/* The rule between two newlines; empty if there is none. */
static bool read_footer(const unsigned char *footer, size_t length, struct tzif_rule *rule, bool *ret_changes)
{
	char text[128] = "";
	const unsigned char *end = length > 1 ? memchr(footer + 1, '\n', length - 1) : NULL;
	if (end == NULL || footer[0] != '\n' || (size_t)(end - footer) > sizeof(text))
		return false;
	memcpy(text, footer + 1, (size_t)(end - footer - 1));
	return text[0] == '\0' || read_rule(text, rule, ret_changes);
}

bool tzif_read(const unsigned char *bytes, size_t length, struct arena *mem, struct tzif *ret_tzif)
{
	struct header header;
	size_t time_bytes = 4;
	if (length > TZIF_BYTES_MAX || !read_header(bytes, length, &header))
		return false;
	size_t at = HEADER_BYTES;
	if (header.version >= 2) {
		at += block_bytes(&header, 4);
		if (at > length || !read_header(bytes + at, length - at, &header))
			return false;
		at += HEADER_BYTES;
		time_bytes = 8;
	}
	size_t size = block_bytes(&header, time_bytes);
	if (header.leaps > 0 || header.kinds > KINDS_MAX || size > length - at)
		return false;

	struct tzif_rule rule;
	bool changes = false;
	if (header.version >= 2 && !read_footer(bytes + at + size, length - at - size, &rule, &changes))
		return false;

	size_t room = header.changes + (changes ? 2 * (UNROLLED_YEARS + 1) : 0);
	struct table table = {
		.changes = arena_array(mem, room, sizeof(instant)),
		.change_kinds = arena_array(mem, room, 1),
		.kinds = arena_array(mem, header.kinds + 2, sizeof(struct tzif_kind)),
	};
	if (!read_block(bytes + at, &header, time_bytes, &table))
		return false;
	if (changes)
		unroll(&table, &rule);

	struct tzif_rule *kept = NULL;
	if (changes) {
		kept = arena_alloc(mem, sizeof(*kept));
		*kept = rule;
	}
	*ret_tzif = (struct tzif){
		.changes = table.changes,
		.change_kinds = table.change_kinds,
		.change_count = table.change_count,
		.kinds = table.kinds,
		.rule = kept,
	};
	return true;
}

size_t tzif_changes_until(const struct tzif *tzif, instant at)
{
	size_t low = 0;
	size_t high = tzif->change_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (tzif->changes[middle] <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool tzif_equal(const struct tzif *a, const struct tzif *b)
{
	if (a->change_count != b->change_count || (a->rule != NULL) != (b->rule != NULL))
		return false;
	if (memcmp(&a->kinds[0], &b->kinds[0], sizeof(a->kinds[0])) != 0)
		return false;
	for (size_t i = 0; i < a->change_count; i++) {
		if (a->changes[i] != b->changes[i] ||
		    memcmp(&a->kinds[a->change_kinds[i]], &b->kinds[b->change_kinds[i]],
			   sizeof(a->kinds[0])) != 0)
			return false;
	}
	return true;
}
