/* Reads names of zones, one a line; writes a calendar for each, which has nothing but its VTIMEZONE. */
#include "domain/ics.h"

#include <stdio.h>
#include <string.h>

int main(void)
{
	char name[256];
	while (fgets(name, sizeof(name), stdin) != NULL) {
		struct arena mem = ARENA_EMPTY;
		name[strcspn(name, "\n")] = '\0';
		const struct zone *zone = zone_find(name);
		if (zone == NULL) {
			fprintf(stderr, "no zone: %s\n", name);
			return 1;
		}
		fputs(ics_feed_begin("Zone", zone, &mem).bytes, stdout);
		fputs(ICS_FEED_END, stdout);
		arena_clear(&mem);
	}
	return 0;
}
