#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/rate_limit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static struct rate_verdict take(struct rate_limit *limit, const char *key, int64_t now_ms)
{
	return rate_limit_take(limit, key, strlen(key), now_ms);
}

static void a_full_bucket_gives_a_minutes_worth_at_once(void **state)
{
	(void)state;
	struct rate_limit *limit = rate_limit_new("book", 30, 1000);
	for (unsigned i = 0; i < 30; i++) {
		struct rate_verdict verdict = take(limit, "u1", 5000);
		assert_true(verdict.allowed);
		assert_int_equal(verdict.remaining, 29 - i);
		assert_int_equal(verdict.limit, 30);
		assert_int_equal(verdict.retry_after, 0);
	}
	struct rate_verdict verdict = take(limit, "u1", 5000);
	assert_false(verdict.allowed);
	assert_int_equal(verdict.remaining, 0);
	assert_int_equal(verdict.retry_after, 2);
	assert_int_equal(verdict.reset, 60);
	assert_true(take(limit, "u2", 5000).allowed);
	rate_limit_free(limit);
}

static void tokens_come_back_at_the_stated_rate(void **state)
{
	(void)state;
	struct rate_limit *limit = rate_limit_new("book", 30, 1000);
	while (take(limit, "u1", 0).allowed)
		;
	assert_false(take(limit, "u1", 1999).allowed);
	assert_true(take(limit, "u1", 2000).allowed);
	assert_false(take(limit, "u1", 2000).allowed);
	unsigned given = 0;
	while (take(limit, "u1", 12000).allowed)
		given++;
	assert_int_equal(given, 5);
	assert_int_equal(take(limit, "u1", 600000).remaining, 29);
	rate_limit_free(limit);
}

static void a_refused_caller_is_not_punished_for_trying(void **state)
{
	(void)state;
	struct rate_limit *limit = rate_limit_new("book", 1, 1000);
	assert_true(take(limit, "u1", 0).allowed);
	for (int64_t now = 1; now < 60000; now += 100)
		assert_false(take(limit, "u1", now).allowed);
	assert_true(take(limit, "u1", 60000).allowed);
	rate_limit_free(limit);
}

static void nought_turns_a_limit_off(void **state)
{
	(void)state;
	struct rate_limit *limit = rate_limit_new("read", 0, 1000);
	for (int i = 0; i < 10000; i++)
		assert_true(take(limit, "u1", 0).allowed);
	struct arena mem = ARENA_EMPTY;
	struct reply reply = {0};
	reply_init(&reply, &mem);
	rate_limit_headers(limit, take(limit, "u1", 0), &reply);
	assert_int_equal(reply.header_count, 0);
	rate_limit_free(limit);
}

static void many_keys_forget_but_never_refuse_strangers(void **state)
{
	(void)state;
	struct rate_limit *limit = rate_limit_new("address", 2, 64);
	char key[16];
	for (int i = 0; i < 100000; i++) {
		int length = snprintf(key, sizeof(key), "k%d", i);
		assert_true(rate_limit_take(limit, key, (size_t)length, 0).allowed);
	}
	rate_limit_free(limit);
}

static void a_busy_key_outlives_a_flood_of_others(void **state)
{
	(void)state;
	struct rate_limit *limit = rate_limit_new("address", 10, 64);
	while (take(limit, "busy", 0).allowed)
		;
	char key[16];
	for (int i = 0; i < 10000; i++) {
		int length = snprintf(key, sizeof(key), "k%d", i);
		rate_limit_take(limit, key, (size_t)length, 0);
	}
	assert_false(take(limit, "busy", 0).allowed);
	rate_limit_free(limit);
}

static void a_refusal_says_when_to_come_back(void **state)
{
	(void)state;
	struct rate_limit *limit = rate_limit_new("book", 6, 64);
	struct arena mem = ARENA_EMPTY;
	struct reply reply = {0};
	reply_init(&reply, &mem);
	struct rate_verdict verdict;
	do
		verdict = take(limit, "u1", 0);
	while (verdict.allowed);
	rate_limit_refuse(limit, verdict, &reply);
	assert_int_equal(reply.status, 429);
	assert_string_equal(reply.code, "rate_limited");
	assert_string_equal(reply_get_header(&reply, "Retry-After"), "10");
	assert_string_equal(reply_get_header(&reply, "RateLimit-Policy"), "\"book\";q=6;w=60");
	assert_string_equal(reply_get_header(&reply, "RateLimit"), "\"book\";r=0;t=60");
	buffer_clear(&reply.body);
	arena_clear(&mem);
	rate_limit_free(limit);
}

enum { THREADS = 4, TRIES = 1000 };
static atomic_uint given_in_all;

static void *take_much(void *limit)
{
	for (int i = 0; i < TRIES; i++)
		given_in_all += take(limit, "shared", 0).allowed;
	return NULL;
}

static void threads_share_one_bucket(void **state)
{
	(void)state;
	struct rate_limit *limit = rate_limit_new("book", 100, 64);
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_much, limit), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(given_in_all, 100);
	rate_limit_free(limit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_bucket_gives_a_minutes_worth_at_once),
		cmocka_unit_test(tokens_come_back_at_the_stated_rate),
		cmocka_unit_test(a_refused_caller_is_not_punished_for_trying),
		cmocka_unit_test(nought_turns_a_limit_off),
		cmocka_unit_test(many_keys_forget_but_never_refuse_strangers),
		cmocka_unit_test(a_busy_key_outlives_a_flood_of_others),
		cmocka_unit_test(a_refusal_says_when_to_come_back),
		cmocka_unit_test(threads_share_one_bucket),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
