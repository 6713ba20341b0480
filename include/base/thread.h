/*
 * thread - start, name and join threads, and wait by the clock that never jumps.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { THREAD_NAME_BYTES = 16 }; /* with the NUL: what Linux keeps of a name */

/*
 * Start a thread that runs run(argument). `name` is what ps, gdb and the log of a crash show; it is cut to
 * THREAD_NAME_BYTES. All signals are blocked in it: only the main thread handles them. If the system has no
 * thread left, the process dies: threads are started when it starts, and it cannot work without one of them.
 * Returns what thread_join takes. Any thread may call it.
 */
pthread_t thread_start(const char *name, void *(*run)(void *argument), void *argument);

/* Wait, however long it takes, until the thread has returned. Exactly once a thread, never by the thread
 * itself. */
void thread_join(pthread_t thread);

/* Initialise a condition whose timed waits follow CLOCK_MONOTONIC. pthread_cond_destroy ends it. */
void condition_init(pthread_cond_t *condition);

/*
 * Wait for a signal on `condition`, at most until `deadline_ms` (of monotonic_ms()). The caller holds `lock`,
 * again when this returns. False: the deadline has passed. As with every condition, a wait may also end
 * without a signal, so callers look at what they wait for in a loop.
 */
bool condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline_ms);

#endif
