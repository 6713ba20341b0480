/*
 * crash_point - named places where a test has the process die as by kill -9.
 *
 * Only in a binary built with -DCRASH_POINTS (make build/crash/bookingd): there CRASH_AT=name in the
 * environment ends the process when it comes to the place of that name. Elsewhere nothing is left of it.
 */
#ifndef BASE_CRASH_POINT_H
#define BASE_CRASH_POINT_H

#ifdef CRASH_POINTS

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Does not return if it is the one of CRASH_AT. Any thread. */
static inline void crash_point(const char *name)
{
	const char *wanted = getenv("CRASH_AT");
	if (wanted != NULL && strcmp(wanted, name) == 0)
		raise(SIGKILL);
}

#define CRASH_POINT(name) crash_point(name)
#else
#define CRASH_POINT(name) ((void)0)
#endif

#endif
