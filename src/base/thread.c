#include "base/thread.h"

#include "base/die.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

pthread_t thread_start(const char *name, void *(*run)(void *argument), void *argument)
{
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_t thread;
	int failure = pthread_create(&thread, NULL, run, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failure != 0)
		die("the system has no thread left for us (ulimit -u, pids.max)");
	char kept[THREAD_NAME_BYTES];
	snprintf(kept, sizeof(kept), "%s", name);
	pthread_setname_np(thread, kept);
	return thread;
}

void thread_join(pthread_t thread)
{
	die_unless(pthread_join(thread, NULL) == 0);
}

void condition_init(pthread_cond_t *condition)
{
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	die_unless(pthread_cond_init(condition, &monotonic) == 0);
	pthread_condattr_destroy(&monotonic);
}

bool condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline_ms)
{
	struct timespec until = {.tv_sec = deadline_ms / 1000, .tv_nsec = deadline_ms % 1000 * 1000000};
	return pthread_cond_timedwait(condition, lock, &until) != ETIMEDOUT;
}
