/*
 * Strangers' calendar files, and rules by themselves: whatever they say, what is found is in order, lies in
 * the window and comes within the budget.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "domain/ical_busy.h"
#include "domain/recurrence.h"

static const struct interval window = {1793491200, 1793491200 + 120 * SECONDS_PER_DAY};

static void check_file(const uint8_t *bytes, size_t size)
{
	static const char *const addresses[] = {"damian@example.org", NULL};
	static const struct zone *zone;
	struct arena mem = ARENA_EMPTY;
	struct ical_busy busy;
	if (zone == NULL)
		zone = zone_find("America/New_York");
	const struct ical_busy_question question = {.zone = zone, .window = window, .addresses = addresses};
	char *text = arena_alloc(&mem, size + 1);
	if (size > 0)
		memcpy(text, bytes, size);
	if (zone != NULL && ical_busy_read(text, size, &question, &mem, &busy) == ICAL_BUSY_READ) {
		for (size_t i = 0; i < busy.times.count; i++) {
			const struct interval time = busy.times.at[i];
			if (time.start >= time.end || time.start < window.start || time.end > window.end ||
			    (i > 0 && time.start <= busy.times.at[i - 1].end))
				abort();
		}
		for (size_t i = 0; i < busy.own_count; i++) {
			if (!uuid_parse(busy.own[i].appointment_id, UUID_TEXT_SIZE - 1, NULL))
				abort();
		}
	}
	arena_clear(&mem);
}

struct check {
	seconds start, from, to, until, last;
	bool in_order;
};

static void check_found(void *owner, seconds local)
{
	struct check *check = owner;
	if (local < check->from || local > check->to || local > check->until ||
	    (check->in_order && local <= check->last))
		abort();
	check->last = local;
}

static void check_rule(const uint8_t *bytes, size_t size)
{
	struct recurrence_rule rule;
	recurrence_read((const char *)bytes, size, &rule);
	size_t budget = 50000;
	struct check check = {
		.start = window.start - (int64_t)size * 86400 * 30 + 34200,
		.from = window.start,
		.to = window.end,
		.until = rule.until_form == RECURRENCE_FOREVER ? INT64_MAX : rule.until,
		.last = INT64_MIN,
		.in_order = rule.accuracy == RECURRENCE_EXACT,
	};
	if (!recurrence_expand(&rule, check.start, rule.until, check.from, check.to, &budget, check_found,
			       &check)) {
		check.last = INT64_MIN;
		recurrence_superset(&rule, check.start, rule.until, check.from, check.to, check_found,
				    &check);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size > 4 && memcmp(bytes, "FREQ", 4) == 0)
		check_rule(bytes, size);
	else
		check_file(bytes, size);
	return 0;
}
