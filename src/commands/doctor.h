/*
 * doctor - findings of `bookingd doctor`, and the checks that have a file of their own.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include "config.h"
#include "db/db.h"

enum finding {
	GOOD,
	NOTE, /* worth knowing, and perhaps meant so */
	BAD,  /* makes the exit code 1 */
};

/* Print one line: state, subject (at most 12 characters), and a sentence that has the remedy if it is BAD. */
void doctor_tell(enum finding finding, const char *subject, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Ask Google what the credentials may really do, coach by coach. `db` is connected and migrated. Blocks for
 * some seconds a coach when Google is away.
 */
void doctor_calendar(const struct settings *settings, struct db *db);

#endif
