#include "payers.h"

#include "base/die.h"
#include "base/thread.h"
#include "debt.h"
#include "visit.h"

#include <stdlib.h>

enum {
	PAYERS = 2,
	LEASE_SECONDS = 20, /* of a claimed debt; longer than one try may take */
	IDLE_MS = 1000,     /* between two looks for debts when there was none */
};

struct payer {
	struct calendars *calendars;
	pthread_t thread;
	bool first;
};

struct payers {
	struct payer at[PAYERS];
};

static void count_payers(struct calendar_coach *coach, int change)
{
	pthread_mutex_lock(&coach->lock);
	coach->payers += change;
	pthread_mutex_unlock(&coach->lock);
}

typedef void pay_debt(struct calendars *calendars, struct worker *worker, const char *coach_id,
		      const char *appointment_id);

/* Claim one debt by this statement and pay it. False: there was none, or the database is away. */
static bool pay_claimed(struct calendars *calendars, struct worker *worker, struct arena *mem,
			enum query claim, pay_debt *pay)
{
	DB_ROWS rows = {0};
	char id[UUID_TEXT_SIZE];
	if (db_run(worker->db, claim,
		   DB_PARAMETERS(db_int(LEASE_SECONDS), db_text(coaches_blocked(calendars, mem, CALL_WRITE))),
		   &rows) != DB_OK)
		return false;
	db_get_uuid(&rows, 0, 0, id);
	const char *coach_id = db_copy_text(&rows, 0, 1, mem);
	struct calendar_coach *coach = coach_entry(calendars, coach_id);
	count_payers(coach, 1);
	pay(calendars, worker, coach_id, id);
	count_payers(coach, -1);
	return true;
}

static bool pay_one(struct calendars *calendars, struct worker *worker, struct arena *mem)
{
	return pay_claimed(calendars, worker, mem, QUERY_CALENDAR_CLAIM, debt_pay) ||
	       pay_claimed(calendars, worker, mem, QUERY_CALENDAR_LEFT_CLAIM, debt_leave);
}

static void *run_payer(void *argument)
{
	const struct payer *payer = argument;
	struct calendars *calendars = payer->calendars;
	struct worker worker = worker_open(calendars);
	struct arena mem = ARENA_EMPTY;
	uint64_t seen = 0;
	calendars_await_account(calendars, BELL_PAYERS);
	while (!bell_stopped(&calendars->bell)) {
		if (pay_one(calendars, &worker, &mem)) {
			/* Where there is one there may be more: the others sleep longer. */
			if (payer->first)
				bell_ring(&calendars->bell, BELL_PAYERS);
		} else {
			bell_wait(&calendars->bell, BELL_PAYERS, &seen,
				  payer->first ? IDLE_MS : 10 * IDLE_MS);
		}
		arena_reset(&mem);
	}
	arena_clear(&mem);
	worker_close(&worker);
	return NULL;
}

struct payers *payers_start(struct calendars *calendars)
{
	struct payers *payers = calloc(1, sizeof(*payers));
	if (payers == NULL)
		die("out of memory");
	for (size_t i = 0; i < PAYERS; i++) {
		payers->at[i] = (struct payer){.calendars = calendars, .first = i == 0};
		payers->at[i].thread = thread_start("calendar payer", run_payer, &payers->at[i]);
	}
	return payers;
}

void payers_stop(struct payers *payers)
{
	if (payers == NULL)
		return;
	for (size_t i = 0; i < PAYERS; i++)
		thread_join(payers->at[i].thread);
	free(payers);
}
