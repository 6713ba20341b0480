/*
 * tzif - reading a compiled time zone file (RFC 9636).
 *
 * Of a version 2 file or later the 64-bit block and the footer are read; the footer's rule is unrolled for
 * 401 years after the table, which is a whole turn of the Gregorian calendar, so later years repeat these.
 * Pure.
 */
#ifndef DOMAIN_TZIF_H
#define DOMAIN_TZIF_H

#include "base/arena.h"
#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TZIF_BYTES_MAX = 64 * 1024, TZIF_LETTERS_BYTES = 16 };

/* What the clock shows between two changes. */
struct tzif_kind {
	int32_t offset; /* local time minus UTC, seconds */
	bool daylight;
	char letters[TZIF_LETTERS_BYTES];
};

struct tzif {
	const instant *changes;      /* ascending */
	const uint8_t *change_kinds; /* index into kinds, from the change on */
	size_t change_count;
	const struct tzif_kind *kinds; /* kinds[0] is in force before the first change */
	bool repeats;                  /* after the last change: as 400 years before */
};

/*
 * Read a file's bytes. False if they are damaged, use leap seconds (the `right/` files) or hold a
 * rule that is not of RFC 9636 section 3.3. The result lives in `mem`.
 */
bool tzif_read(const unsigned char *bytes, size_t length, struct arena *mem, struct tzif *ret_tzif);

#endif
