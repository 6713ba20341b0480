/*
 * ical_text - iCalendar text as a stranger sends it, cut into components, lines, parameters and values
 * (RFC 5545 section 3.1), read where it lies.
 *
 * Pure; allocates nothing; time and memory grow with the text alone. Names are compared in any letter case.
 */
#ifndef DOMAIN_ICAL_TEXT_H
#define DOMAIN_ICAL_TEXT_H

#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>

/* A stretch of the text, borrowed; not NUL-terminated. */
struct ical_span {
	const char *at;
	size_t length;
};

/* A content line: NAME;PARAMETER=value;...:value */
struct ical_line {
	struct ical_span name;
	struct ical_span parameters; /* without the first semicolon */
	struct ical_span value;
};

/*
 * Join folded lines, in place; a byte order mark and NULs are taken out, and lines end by LF alone, however
 * they did before. Returns the new length. To be called once, before anything else here.
 */
size_t ical_unfold(char *text, size_t length);

/* The next content line; lines without a colon are skipped. False at the end. `rest` moves on. */
bool ical_next_line(struct ical_span *rest, struct ical_line *ret_line);

enum ical_component { ICAL_COMPONENT, ICAL_COMPONENTS_END, ICAL_COMPONENT_CUT };

/*
 * The next component of that name among the direct children of a component's (or the text's) lines.
 * ICAL_COMPONENT_CUT: its END is missing. `rest` moves past it.
 */
enum ical_component ical_next_component(struct ical_span *rest, const char *name,
					struct ical_span *ret_inside);

/*
 * The next property of that name among a component's own lines, not those of components in it. False if there
 * is none. `rest` moves past it; begin with the whole component.
 */
bool ical_next_property(struct ical_span *rest, const char *name, struct ical_line *ret_line);

/* The first of that name; false without. */
bool ical_property(struct ical_span component, const char *name, struct ical_line *ret_line);

/* A parameter's (first) value without its quotes; false without. */
bool ical_parameter(const struct ical_line *line, const char *name, struct ical_span *ret_value);

/* Cut the next element of a comma-separated list. False at the end. */
bool ical_next_element(struct ical_span *list, struct ical_span *ret_element);

/* Whether it is that word, in any letter case, blanks around it left out. */
bool ical_is(struct ical_span span, const char *word);

struct ical_time {
	seconds local; /* wall clock since 1970-01-01T00:00; the instant if is_utc */
	bool is_date;
	bool is_utc;
};

/* Read a DATE or a DATE-TIME that exists, years 1 to 9999; second 60 is read as 59. */
bool ical_time_read(const char *text, size_t length, struct ical_time *ret_time);

/* A DURATION: `days` are nominal (weeks too), `time` is exact. False if it is malformed, negative or over 100
 * years. */
bool ical_duration_read(struct ical_span text, int64_t *ret_days, seconds *ret_time);

#endif
