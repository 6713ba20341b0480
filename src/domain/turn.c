#include "domain/turn.h"

#include <stdlib.h>
#include <string.h>

/* What all have together. */
struct sums {
	int64_t weight;
	int64_t chosen;
};

/* How many choices a coach is behind their share, times the sum of the weights. */
static int64_t behind(const struct turn *turn, const struct sums *sums)
{
	return turn->weight * sums->chosen - turn->chosen * sums->weight;
}

static int by_turn(const void *left, const void *right, void *argument)
{
	const struct turn *a = left;
	const struct turn *b = right;
	const int64_t behind_a = behind(a, argument);
	const int64_t behind_b = behind(b, argument);
	if (behind_a != behind_b)
		return behind_a > behind_b ? -1 : 1;
	if (a->last != b->last)
		return a->last < b->last ? -1 : 1;
	return strcmp(a->coach_id, b->coach_id);
}

void turns_sort(struct turn turns[], size_t count)
{
	struct sums sums = {0, 0};
	for (size_t i = 0; i < count; i++) {
		sums.weight += turns[i].weight;
		sums.chosen += turns[i].chosen;
	}
	qsort_r(turns, count, sizeof(*turns), by_turn, &sums);
}
