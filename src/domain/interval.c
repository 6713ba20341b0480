#include "domain/interval.h"

#include <stdlib.h>

bool interval_overlaps(struct interval a, struct interval b)
{
	return a.start < b.end && b.start < a.end && a.start < a.end && b.start < b.end;
}

static int by_start(const void *left, const void *right)
{
	const struct interval *a = left;
	const struct interval *b = right;
	return (a->start > b->start) - (a->start < b->start);
}

static bool is_sorted(const struct interval at[], size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (at[i].start < at[i - 1].start)
			return false;
	}
	return true;
}

size_t intervals_normalize(struct interval at[], size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (at[i].start < at[i].end)
			at[kept++] = at[i];
	}
	if (kept == 0)
		return 0;
	/* Appointments without buffers come in order already; sorting them would cost more than all else
	 * here. */
	if (!is_sorted(at, kept))
		qsort(at, kept, sizeof(at[0]), by_start);
	size_t last = 0;
	for (size_t i = 1; i < kept; i++) {
		if (at[i].start > at[last].end)
			at[++last] = at[i];
		else if (at[i].end > at[last].end)
			at[last].end = at[i].end;
	}
	return last + 1;
}

size_t intervals_without(struct intervals from, struct interval hole, struct interval out[])
{
	size_t count = 0;
	for (size_t i = 0; i < from.count; i++) {
		struct interval whole = from.at[i];
		if (!interval_overlaps(whole, hole)) {
			out[count++] = whole;
			continue;
		}
		if (whole.start < hole.start)
			out[count++] = (struct interval){whole.start, hole.start};
		if (hole.end < whole.end)
			out[count++] = (struct interval){hole.end, whole.end};
	}
	return count;
}

size_t intervals_first_ending_after(struct intervals row, instant at)
{
	size_t low = 0;
	size_t high = row.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (row.at[middle].end <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
