/*
 * busy_times ZONE FROM TO FILE...: what is busy in each file, in a line of its own: the result, then
 * `start-end` pairs (seconds since 1970), then what was told.
 */
#include "domain/ical_busy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_file(const char *path, size_t *ret_length)
{
	FILE *file = fopen(path, "rbe");
	char *text = malloc(16 << 20);
	if (file == NULL || text == NULL)
		abort();
	*ret_length = fread(text, 1, 16 << 20, file);
	fclose(file);
	return text;
}

int main(int count, char **arguments)
{
	static const char *const results[] = {"read", "no_calendar", "cut", "too_much"};
	static const char *const addresses[] = {"damian@example.org", NULL};
	if (count < 5)
		return 2;
	struct ical_busy_question question = {
		.zone = zone_find(arguments[1]),
		.window = {strtoll(arguments[2], NULL, 10), strtoll(arguments[3], NULL, 10)},
		.addresses = addresses,
	};
	for (int i = 4; i < count; i++) {
		size_t length = 0;
		char *text = read_file(arguments[i], &length);
		struct arena mem = ARENA_EMPTY;
		struct ical_busy busy = {0};
		enum ical_busy_result result = ical_busy_read(text, length, &question, &mem, &busy);
		fputs(results[result], stdout);
		for (size_t at = 0; at < busy.times.count; at++)
			printf(" %" PRId64 "-%" PRId64, busy.times.at[at].start, busy.times.at[at].end);
		printf(" | events=%zu inexact=%zu unreadable=%zu unknown_zone=%s own=%zu\n", busy.events,
		       busy.inexact, busy.unreadable, busy.unknown_zone != NULL ? busy.unknown_zone : "-",
		       busy.own_count);
		arena_clear(&mem);
		free(text);
	}
	return 0;
}
