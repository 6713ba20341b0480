/*
 * doctor_finding - the lines that `bookingd doctor` prints.
 */
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>

static size_t bad_findings;

void doctor_tell(enum finding finding, const char *subject, const char *format, ...)
{
	static const char *const words[] = {[GOOD] = "ok", [NOTE] = "note", [BAD] = "FAIL"};
	va_list arguments;
	va_start(arguments, format);
	printf("%-5s %-12s ", words[finding], subject);
	vprintf(format, arguments);
	putchar('\n');
	va_end(arguments);
	fflush(stdout); /* what comes next may take seconds */
	bad_findings += finding == BAD;
}

size_t doctor_bad_findings(void)
{
	return bad_findings;
}
