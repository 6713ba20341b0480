#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "app/identity_cache.h"

enum { CAPACITY = 8 };

static struct identity_cache_key key_of(unsigned number)
{
	struct identity_cache_key key = {{0}};
	memcpy(key.bytes, &number, sizeof(number));
	return key;
}

static void put(struct identity_cache *cache, unsigned number, const char *user_id, instant until)
{
	struct identity_cache_key key = key_of(number);
	const struct identity_finding finding = {.outcome = IDENTITY_KNOWN, .identity = {.user_id = user_id}};
	identity_cache_put(cache, &key, &finding, 0, until);
}

static bool holds(struct identity_cache *cache, unsigned number, const char *user_id, instant now)
{
	struct identity_cache_key key = key_of(number);
	struct identity_finding finding;
	struct arena mem = ARENA_EMPTY;
	bool found = identity_cache_find(cache, &key, now, &mem, &finding) &&
		     strcmp(finding.identity.user_id, user_id) == 0;
	arena_clear(&mem);
	return found;
}

static void entries_do_not_hide_each_other(void **state)
{
	(void)state;
	struct identity_cache *cache = identity_cache_new(CAPACITY);
	put(cache, 1, "a", 10);
	put(cache, 2, "b", 10);
	put(cache, 3, "c", 10);
	put(cache, 2, "b again", 10);
	assert_true(holds(cache, 1, "a", 0));
	assert_true(holds(cache, 2, "b again", 0));
	assert_true(holds(cache, 3, "c", 0));
	identity_cache_forget(cache, "b again");
	assert_true(holds(cache, 1, "a", 0));
	assert_false(holds(cache, 2, "b again", 0));
	assert_true(holds(cache, 3, "c", 0));
	identity_cache_free(cache);
}

static void what_was_put_before_the_clock_was_set_back_is_not_found(void **state)
{
	(void)state;
	enum { HOUR = 3600 };
	struct identity_cache *cache = identity_cache_new(CAPACITY);
	struct identity_cache_key key = key_of(1);
	const struct identity_finding finding = {.outcome = IDENTITY_KNOWN, .identity = {.user_id = "a"}};
	identity_cache_put(cache, &key, &finding, 10 * HOUR, 10 * HOUR + 30);
	assert_true(holds(cache, 1, "a", 10 * HOUR + 29));
	assert_true(holds(cache, 1, "a", 10 * HOUR - 1)); /* a request that came a little earlier */
	assert_false(holds(cache, 1, "a", 9 * HOUR));
	assert_false(holds(cache, 1, "a", 11 * HOUR));
	identity_cache_free(cache);
}

static void nothing_is_found_at_or_after_its_end(void **state)
{
	(void)state;
	struct identity_cache *cache = identity_cache_new(CAPACITY);
	put(cache, 1, "a", 10);
	assert_true(holds(cache, 1, "a", 9));
	assert_false(holds(cache, 1, "a", 10));
	identity_cache_free(cache);
}

static void a_full_cache_keeps_what_is_asked_for(void **state)
{
	(void)state;
	struct identity_cache *cache = identity_cache_new(CAPACITY);
	put(cache, 0, "kept", 1000);
	for (unsigned number = 1; number < 1000; number++) {
		assert_true(holds(cache, 0, "kept", 0));
		put(cache, number, "passing", 1000);
	}
	unsigned left = 0;
	for (unsigned number = 1; number < 1000; number++)
		left += holds(cache, number, "passing", 0);
	assert_int_equal(left, CAPACITY - 1);
	identity_cache_free(cache);
}

static void refusals_are_kept_with_their_reason(void **state)
{
	(void)state;
	struct identity_cache *cache = identity_cache_new(CAPACITY);
	struct identity_cache_key key = key_of(1);
	struct identity_finding finding = {.outcome = IDENTITY_REFUSED,
					   .reason = {"expired", "It has expired."}};
	struct arena mem = ARENA_EMPTY;
	identity_cache_put(cache, &key, &finding, 0, 10);
	memset(&finding, 0, sizeof(finding));
	assert_true(identity_cache_find(cache, &key, 0, &mem, &finding));
	assert_int_equal(finding.outcome, IDENTITY_REFUSED);
	assert_string_equal(finding.reason.name, "expired");
	identity_cache_forget(cache, "anybody");
	assert_true(identity_cache_find(cache, &key, 0, &mem, &finding));
	arena_clear(&mem);
	identity_cache_free(cache);
}

static void *work(void *argument)
{
	struct identity_cache *cache = argument;
	struct arena mem = ARENA_EMPTY;
	for (unsigned i = 0; i < 20000; i++) {
		char user_id[16];
		struct identity_finding finding;
		struct identity_cache_key key = key_of(i % 13);
		snprintf(user_id, sizeof(user_id), "user %u", i % 13);
		if (identity_cache_find(cache, &key, 0, &mem, &finding))
			assert_string_equal(finding.identity.user_id, user_id);
		else
			put(cache, i % 13, user_id, 10);
		if (i % 1000 == 0)
			identity_cache_forget(cache, user_id);
		arena_reset(&mem);
	}
	arena_clear(&mem);
	return NULL;
}

static void threads_never_see_each_others_half_done_work(void **state)
{
	(void)state;
	struct identity_cache *cache = identity_cache_new(CAPACITY);
	pthread_t threads[4];
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, cache), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	identity_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_do_not_hide_each_other),
		cmocka_unit_test(nothing_is_found_at_or_after_its_end),
		cmocka_unit_test(what_was_put_before_the_clock_was_set_back_is_not_found),
		cmocka_unit_test(a_full_cache_keeps_what_is_asked_for),
		cmocka_unit_test(refusals_are_kept_with_their_reason),
		cmocka_unit_test(threads_never_see_each_others_half_done_work),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
