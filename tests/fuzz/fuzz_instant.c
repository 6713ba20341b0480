/* Times and dates: what is read is in range, and what is written is read back as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"

static void check_instant(instant at)
{
	char text[INSTANT_TEXT_BYTES];
	instant again = -1;
	if (at < INSTANT_MIN || at > INSTANT_MAX)
		abort();
	instant_format(at, text);
	if (!instant_parse(text, strlen(text), &again) || again != at)
		abort();
}

static void check_date(struct civil_date date)
{
	char text[DATE_TEXT_BYTES];
	struct civil_date again;
	date_format(date, text);
	if (!date_parse(text, strlen(text), &again) || date_compare(date, again) != 0 ||
	    date_compare(date_from_days(date_to_days(date)), date) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes;
	instant strict = -1, loose = -1;
	struct civil_date date;

	if (instant_parse(text, size, &strict)) {
		check_instant(strict);
		if (!instant_parse_loose(text, size, &loose) || loose != strict)
			abort();
	}
	if (instant_parse_loose(text, size, &loose))
		check_instant(loose);
	if (date_parse(text, size, &date))
		check_date(date);
	return 0;
}
