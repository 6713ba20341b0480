#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "domain/turn.h"

enum { COACHES = 4 };

static const char *const ids[COACHES] = {"ada", "ben", "cleo", "dan"};

/* Who is first, by the place they were given. */
static size_t first_of(const struct turn turns[], size_t count)
{
	struct turn sorted[COACHES];
	for (size_t i = 0; i < count; i++)
		sorted[i] = turns[i];
	turns_sort(sorted, count);
	return sorted[0].place;
}

static void whoever_waits_longest_is_first_among_equals_then_the_id(void **state)
{
	(void)state;
	struct turn turns[3];
	for (size_t i = 0; i < 3; i++)
		turns[i] = (struct turn){.coach_id = ids[2 - i], .weight = 1, .place = i};
	assert_int_equal(first_of(turns, 3), 2); /* ada */
	turns[2].chosen = turns[1].chosen = turns[0].chosen = 2;
	turns[2].last = 300;
	turns[1].last = 100;
	turns[0].last = 200;
	assert_int_equal(first_of(turns, 3), 1);
	turns[1].last = 0; /* not lately at all */
	assert_int_equal(first_of(turns, 3), 1);
	turns_sort(turns, 0);
}

static void the_furthest_behind_their_share_is_first_whoever_waited(void **state)
{
	(void)state;
	struct turn turns[] = {
		{.coach_id = "ada", .weight = 1, .chosen = 2, .last = 1, .place = 0},
		{.coach_id = "ben", .weight = 1, .chosen = 1, .last = 9, .place = 1},
		{.coach_id = "cleo", .weight = 3, .chosen = 3, .last = 9, .place = 2},
	};
	/* Of 6 choices the shares are 1.2, 1.2 and 3.6. */
	assert_int_equal(first_of(turns, 3), 2);
	turns[2].chosen = 4; /* of 7: 1.4, 1.4 and 4.2 */
	assert_int_equal(first_of(turns, 3), 1);
}

/* Nobody is ever more than two choices away from their share. */
static void choices_made_one_after_the_other_keep_to_the_weights(void **state)
{
	(void)state;
	struct turn turns[COACHES];
	const int64_t weights[COACHES] = {1, 2, 5, 12};
	for (size_t i = 0; i < COACHES; i++)
		turns[i] = (struct turn){.coach_id = ids[i], .weight = weights[i], .place = i};
	for (int64_t made = 1; made <= 2000; made++) {
		struct turn *turn = &turns[first_of(turns, COACHES)];
		turn->chosen++;
		turn->last = made;
		for (size_t i = 0; i < COACHES; i++) {
			int64_t off = turns[i].chosen * 20 - weights[i] * made;
			assert_in_range(off + 40, 0, 80); /* two choices at most, times 20 */
		}
	}
	for (size_t i = 0; i < COACHES; i++)
		assert_int_equal(turns[i].chosen, weights[i] * 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_waits_longest_is_first_among_equals_then_the_id),
		cmocka_unit_test(the_furthest_behind_their_share_is_first_whoever_waited),
		cmocka_unit_test(choices_made_one_after_the_other_keep_to_the_weights),
	};
	return cmocka_run_group_tests_name("turn", tests, NULL, NULL);
}
