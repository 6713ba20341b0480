/*
 * die - end the process where going on would be wrong and no caller could do better.
 *
 * For two things only: memory that cannot be had, and states that the code around them rules out. What comes
 * from outside (a row, an outcome of the database, a setting, a client, another server's reply) never leads
 * here: it is checked, refused or reported as a failure.
 */
#ifndef BASE_DIE_H
#define BASE_DIE_H

/*
 * Report file, line and `reason` and abort(3): the parent
 * sees SIGABRT, and with DEVELOPER=1 a core is left. Does not return. Any thread may call it, with any lock
 * held.
 */
#define die(reason) die_at(__FILE__, __LINE__, reason)

/* die() unless `condition` holds; the condition's text is the reason. */
#define die_unless(condition) ((condition) ? (void)0 : die_at(__FILE__, __LINE__, #condition))

_Noreturn void die_at(const char *file, int line, const char *reason);

/*
 * Who reports instead of the plain line on stderr; log_setup sets it. `report` must not wait for a lock that
 * its caller may hold. Call it before threads start.
 */
void die_report_by(void (*report)(const char *file, int line, const char *reason));

#endif
