/*
 * Reads `DTSTART FROM TO RRULE`, one a line (local times, 20261124T090000), and answers each with a line: how
 * accurate the expansion is (exact, both_readings, every_day, whole_days) and every instance of [FROM, TO],
 * DTSTART too, as local seconds.
 */
#include "domain/ical_text.h"
#include "domain/recurrence.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void print(void *unused, seconds local)
{
	(void)unused;
	printf(" %" PRId64, local);
}

static seconds local_of(const char *text)
{
	struct ical_time time = {0};
	return ical_time_read(text, strlen(text), &time) ? time.local : 0;
}

int main(void)
{
	static const char *const accuracies[] = {"exact", "both_readings", "every_day", "whole_days"};
	static char text[8192];
	char start_text[32];
	char from_text[32];
	char to_text[32];
	while (scanf("%31s %31s %31s %8191s", start_text, from_text, to_text, text) == 4) {
		const seconds start = local_of(start_text);
		const seconds from = local_of(from_text);
		const seconds to = local_of(to_text);
		struct recurrence_rule rule;
		size_t budget = RECURRENCE_DAYS_MAX;
		recurrence_read(text, strlen(text), &rule);
		const char *accuracy = accuracies[rule.accuracy];
		fputs(accuracy, stdout);
		if (start >= from && start <= to && rule.accuracy != RECURRENCE_WHOLE_DAYS)
			print(NULL, start);
		if (!recurrence_expand(&rule, start, rule.until, from, to, &budget, print, NULL)) {
			fputs(" over", stdout);
			recurrence_superset(&rule, start, rule.until, from, to, print, NULL);
		}
		putchar('\n');
	}
	return 0;
}
