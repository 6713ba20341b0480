/*
 * Reads `DTSTART FROM TO RRULE`, one a line (local times, 20261124T090000), and answers each with a line: how
 * accurate the expansion is (exact, readings, every_day, whole_days) and every instance of [FROM, TO],
 * DTSTART too, as local seconds.
 */
#include "domain/ical_busy.h"
#include "domain/ical_text.h"
#include "domain/recurrence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static seconds found[16 << 20];
static size_t found_count;

static void collect(void *unused, seconds local)
{
	(void)unused;
	if (found_count == sizeof(found) / sizeof(found[0]))
		abort();
	found[found_count++] = local;
}

static seconds local_of(const char *text)
{
	struct ical_time time = {0};
	return ical_time_read(text, strlen(text), &time) ? time.local : 0;
}

int main(void)
{
	static char text[8192];
	char start_text[32];
	char from_text[32];
	char to_text[32];
	while (scanf("%31s %31s %31s %8191s", start_text, from_text, to_text, text) == 4) {
		const seconds start = local_of(start_text);
		const seconds from = local_of(from_text);
		const seconds to = local_of(to_text);
		struct recurrence_rule rule;
		size_t budget = ICAL_BUSY_DAYS_MAX;
		recurrence_read(text, strlen(text), &rule);
		found_count = 0;
		const bool whole =
			recurrence_expand(&rule, start, rule.until, from, to, &budget, collect, NULL);
		if (!whole)
			recurrence_superset(&rule, start, rule.until, from, to, collect, NULL);
		fputs(whole             ? rule.accuracy == RECURRENCE_EXACT ? "exact" : "readings"
		      : rule.whole_days ? "whole_days"
					: "every_day",
		      stdout);
		if (start >= from && start <= to && (whole || !rule.whole_days))
			collect(NULL, start);
		for (size_t i = 0; i < found_count; i++)
			printf(" %" PRId64, found[i]);
		putchar('\n');
	}
	return 0;
}
