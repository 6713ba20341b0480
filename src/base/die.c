#include "base/die.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static void report_on_stderr(const char *file, int line, const char *reason)
{
	fprintf(stderr, "bookingd: %s:%d: %s\n", file, line, reason);
}

static void (*report_death)(const char *file, int line, const char *reason) = report_on_stderr;

void die_report_by(void (*report)(const char *file, int line, const char *reason))
{
	report_death = report;
}

void die_at(const char *file, int line, const char *reason)
{
	/* Reporting may itself die, of the same cause. */
	static _Thread_local bool dying;
	if (!dying) {
		dying = true;
		report_death(file, line, reason);
	}
	abort();
}
