/*
 * payers - the threads that pay what appointments owe to a provider.
 *
 * What is owed is read from the database, so any number of daemons share the work, and nothing is lost with
 * one of them. Each thread has a connection to the database and a client for calls of its own.
 */
#ifndef CALENDAR_PAYERS_H
#define CALENDAR_PAYERS_H

#include "coach.h"

struct payers *payers_start(struct calendars *calendars);

/* Join and free, after bell_stop. NULL is fine. */
void payers_stop(struct payers *payers);

#endif
