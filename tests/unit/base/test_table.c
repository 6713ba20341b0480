#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"

struct coach {
	char id[32];
	int number;
	UT_hash_handle in_table;
};

enum { COACHES = 10000 };

static void what_was_put_in_is_found_until_it_is_taken_out(void **state)
{
	(void)state;
	struct coach *table = NULL;
	struct coach *all = calloc(COACHES, sizeof(*all));
	assert_non_null(all);
	for (int i = 0; i < COACHES; i++) {
		snprintf(all[i].id, sizeof(all[i].id), "coach-%d", i);
		all[i].number = i;
		HASH_ADD_KEYPTR(in_table, table, all[i].id, strlen(all[i].id), &all[i]);
	}
	for (int i = 0; i < COACHES; i += 2)
		HASH_DELETE(in_table, table, &all[i]);
	assert_int_equal(HASH_CNT(in_table, table), COACHES / 2);
	for (int i = 0; i < COACHES; i++) {
		char id[32];
		snprintf(id, sizeof(id), "coach-%d", i);
		struct coach *found = NULL;
		HASH_FIND(in_table, table, id, strlen(id), found);
		assert_ptr_equal(found, i % 2 == 0 ? NULL : &all[i]);
	}
	HASH_CLEAR(in_table, table);
	free(all);
}

static void the_hash_is_this_process_s_own_and_the_same_for_its_whole_life(void **state)
{
	(void)state;
	assert_int_equal(table_hash("ann", 3), table_hash("ann", 3));
	assert_int_not_equal(table_hash("ann", 3), table_hash("ben", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_in_is_found_until_it_is_taken_out),
		cmocka_unit_test(the_hash_is_this_process_s_own_and_the_same_for_its_whole_life),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
