#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "base/instant.h"
#include "base/thread.h"

struct seen {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool go;
	sigset_t blocked;
};

static void *look(void *argument)
{
	struct seen *seen = argument;
	pthread_mutex_lock(&seen->lock);
	while (!seen->go)
		pthread_cond_wait(&seen->changed, &seen->lock);
	pthread_sigmask(SIG_SETMASK, NULL, &seen->blocked);
	pthread_mutex_unlock(&seen->lock);
	return NULL;
}

static void a_thread_has_its_name_and_leaves_signals_to_main(void **state)
{
	(void)state;
	struct seen seen = {.lock = PTHREAD_MUTEX_INITIALIZER};
	condition_init(&seen.changed);
	pthread_t thread = thread_start("a-name-longer-than-kept", look, &seen);
	char name[THREAD_NAME_BYTES];
	assert_int_equal(pthread_getname_np(thread, name, sizeof(name)), 0);
	assert_string_equal(name, "a-name-longer-t");

	pthread_mutex_lock(&seen.lock);
	seen.go = true;
	pthread_cond_signal(&seen.changed);
	pthread_mutex_unlock(&seen.lock);
	thread_join(thread);
	assert_true(sigismember(&seen.blocked, SIGTERM));
	assert_true(sigismember(&seen.blocked, SIGHUP));

	sigset_t here;
	pthread_sigmask(SIG_SETMASK, NULL, &here);
	assert_false(sigismember(&here, SIGTERM));
	pthread_cond_destroy(&seen.changed);
}

static void a_wait_ends_no_sooner_than_its_deadline(void **state)
{
	(void)state;
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t never;
	condition_init(&never);
	pthread_mutex_lock(&lock);
	int64_t deadline_ms = monotonic_ms() + 20;
	while (condition_wait_until(&never, &lock, deadline_ms))
		;
	assert_true(monotonic_ms() >= deadline_ms);
	assert_false(condition_wait_until(&never, &lock, 0));
	pthread_mutex_unlock(&lock);
	pthread_cond_destroy(&never);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_has_its_name_and_leaves_signals_to_main),
		cmocka_unit_test(a_wait_ends_no_sooner_than_its_deadline),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
