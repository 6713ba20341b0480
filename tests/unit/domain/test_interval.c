#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "domain/interval.h"

static void half_open_intervals_that_touch_do_not_overlap(void **state)
{
	(void)state;
	assert_true(interval_overlaps((struct interval){0, 10}, (struct interval){9, 20}));
	assert_false(interval_overlaps((struct interval){0, 10}, (struct interval){10, 20}));
	assert_false(interval_overlaps((struct interval){10, 20}, (struct interval){0, 10}));
	assert_true(interval_overlaps((struct interval){0, 10}, (struct interval){4, 5}));
}

static void an_empty_interval_overlaps_nothing(void **state)
{
	(void)state;
	assert_false(interval_overlaps((struct interval){5, 5}, (struct interval){0, 10}));
	assert_false(interval_overlaps((struct interval){0, 10}, (struct interval){5, 5}));
	assert_false(interval_overlaps((struct interval){7, 3}, (struct interval){0, 10}));
}

static void normalizing_sorts_joins_and_drops_the_empty(void **state)
{
	(void)state;
	struct interval row[] = {{50, 60}, {10, 20}, {30, 30}, {15, 18}, {20, 25}, {70, 65}, {55, 58}};
	assert_int_equal(intervals_normalize(row, 7), 2);
	assert_int_equal(row[0].start, 10);
	assert_int_equal(row[0].end, 25);
	assert_int_equal(row[1].start, 50);
	assert_int_equal(row[1].end, 60);
	assert_int_equal(intervals_normalize(row, 0), 0);
	struct interval empty[] = {{5, 5}};
	assert_int_equal(intervals_normalize(empty, 1), 0);
}

static void a_hole_is_cut_out_and_leaves_both_sides(void **state)
{
	(void)state;
	const struct interval row[] = {{0, 10}, {20, 40}, {50, 60}};
	struct interval out[4];
	assert_int_equal(intervals_without((struct intervals){row, 3}, (struct interval){25, 30}, out), 4);
	assert_int_equal(out[1].end, 25);
	assert_int_equal(out[2].start, 30);
	assert_int_equal(intervals_without((struct intervals){row, 3}, (struct interval){5, 55}, out), 2);
	assert_int_equal(out[0].end, 5);
	assert_int_equal(out[1].start, 55);
	assert_int_equal(intervals_without((struct intervals){row, 3}, (struct interval){30, 30}, out), 3);
}

static void the_first_that_ends_after_is_found(void **state)
{
	(void)state;
	const struct interval row[] = {{0, 10}, {20, 40}, {50, 60}};
	const struct intervals all = {row, 3};
	assert_int_equal(intervals_first_ending_after(all, -5), 0);
	assert_int_equal(intervals_first_ending_after(all, 9), 0);
	assert_int_equal(intervals_first_ending_after(all, 10), 1);
	assert_int_equal(intervals_first_ending_after(all, 59), 2);
	assert_int_equal(intervals_first_ending_after(all, 60), 3);
	assert_int_equal(intervals_first_ending_after(INTERVALS_NONE, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_open_intervals_that_touch_do_not_overlap),
		cmocka_unit_test(an_empty_interval_overlaps_nothing),
		cmocka_unit_test(normalizing_sorts_joins_and_drops_the_empty),
		cmocka_unit_test(a_hole_is_cut_out_and_leaves_both_sides),
		cmocka_unit_test(the_first_that_ends_after_is_found),
	};
	return cmocka_run_group_tests_name("interval", tests, NULL, NULL);
}
