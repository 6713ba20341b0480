/*
 * coaches - what the daemon remembers of each coach: the schedule and what stands in the calendar.
 *
 * A snapshot is immutable and counted. It is dropped by own writes and by notifications of other replicas
 * and of the database, and read again by the next request that needs it. While the listener is down nothing
 * is served from memory. A snapshot that is a moment old can cost a client a 409, never a double booking: the
 * database decides.
 *
 * All functions are safe from any thread. Those with a worker block, and coaches_stop.
 */
#ifndef APP_COACHES_H
#define APP_COACHES_H

#include "calendar/worker.h"
#include "db/listen.h"
#include "domain/interval.h"
#include "domain/schedule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One row of what is booked, without anything personal. There are hundreds of thousands of them. */
struct busy_appointment {
	unsigned char id[16];
	uint64_t user;   /* coaches_user_hash() of the client's id */
	uint64_t series; /* the first bytes of its id; 0: of none */
	instant start;
	instant hold_expires_at; /* 0: no hold */
	uint32_t length;         /* seconds */
	uint32_t free_before;    /* seconds that are kept free as well */
	uint32_t free_after;
	int16_t type; /* index of the session type in the schedule; -1: one that is no more */
	bool live;    /* held or scheduled: counts for the client's limit */
	bool seat;    /* in a session that others may share */
};

static inline struct interval busy_appointment_time(const struct busy_appointment *appointment)
{
	return (struct interval){appointment->start, appointment->start + appointment->length};
}

/* With what is kept free around it. */
static inline struct interval busy_appointment_blocked(const struct busy_appointment *appointment)
{
	return (struct interval){appointment->start - appointment->free_before,
				 appointment->start + appointment->length + appointment->free_after};
}

/* A further calendar of the coach's (calendar/sources.h) that blocks time. */
struct coach_source {
	const char *name;
	instant read_at;              /* when it was last read; 0: never */
	seconds good_for;             /* after that it is too old */
	instant known_until;          /* what lies behind is not known, so not free */
	const struct interval *times; /* by start */
	size_t count;
};

/* A coach as of some moment. Immutable. */
struct coach {
	const char *id;
	const char *email;       /* NULL: none */
	const char *feed_token;  /* the digest of the token */
	const char *feed_sealed; /* the token, sealed; NULL: it cannot be shown */
	const char *profile;     /* what clients see of the coach, a JSON object; NULL: nothing was said */
	int64_t schedule_version;
	const struct schedule *schedule;
	/* By start. What can no longer matter to a question about now or later is left out: see coaches_read.
	 */
	const struct busy_appointment *appointments;
	size_t appointment_count;
	/* Their blocked times, sorted and disjoint, where no hold among them may run out; else NULL. */
	const struct interval *occupied;
	size_t occupied_count;
	const struct coach_source *sources; /* see app/coach_sources.h */
	size_t source_count;
	uint64_t generation; /* differs between any two snapshots of this process */
};

struct coaches;

/* What a client says who does not mind which coach they have. No coach's id. */
#define COACH_ANY "any"

enum { COACHES_BYTES_MAX = 8 * 1024 * 1024 }; /* more is forgotten, what was read first to begin with */

enum coach_found {
	COACH_FOUND,
	COACH_UNKNOWN,       /* no such coach */
	COACH_AMBIGUOUS,     /* none was named and there are several */
	COACH_NOT_IN_MEMORY, /* from coaches_peek only: ask coaches_find on a worker */
	COACH_FAILURE,       /* the database: see db_failure() of the worker's connection */
};

/*
 * The notifications are read from, and sent through, connections of their own to `database` (borrowed).
 * On the listener's thread `freed` is told when what is known of a coach's own calendar is too old (another
 * replica moved or deleted an event, or the coach's row changed), `erased` when any replica erased a client;
 * NULL as id means anyone, as something may have been missed. Both may be NULL and must not
 * block. coaches_start begins both threads, coaches_stop ends them.
 */
struct coaches *coaches_new(struct database *database, void (*freed)(void *owner, const char *coach_id),
			    void (*erased)(void *owner, const char *user_id), void *owner);
void coaches_start(struct coaches *coaches);
void coaches_stop(struct coaches *coaches);
void coaches_free(struct coaches *coaches);

/* From memory only, never blocks. id NULL: the only coach. *ret_coach is to be given to coach_release. */
enum coach_found coaches_peek(struct coaches *coaches, const char *id, const struct coach **ret_coach);

/* As peek, else from the database: read once for all who ask meanwhile. */
enum coach_found coaches_find(struct coaches *coaches, struct worker *worker, const char *id,
			      const struct coach **ret_coach);

/*
 * As coaches_find, for whoever only asks for the schedule: the appointments may be those of before a booking.
 * So that booking after booking with one coach does not read all of it each time, however old it is.
 */
enum coach_found coaches_find_schedule(struct coaches *coaches, struct worker *worker, const char *id,
				       const struct coach **ret_coach);

/*
 * Straight from the database, whatever memory says: for whoever must see the latest. As always, the
 * appointments are those whose time, with what is kept free around them, reached into the last 28 hours: a
 * date may have begun 25 hours ago, a slot's own buffer reaches back for 24 at most, and clocks may differ.
 */
enum coach_found coaches_read(struct coaches *coaches, struct worker *worker, const char *id,
			      const struct coach **ret_coach);

/* As coaches_find for questions about `at`, which may lie in the past: those are answered by the database. */
enum coach_found coaches_find_past(struct coaches *coaches, struct worker *worker, const char *id, instant at,
				   instant now, const struct coach **ret_coach);

/* Give a snapshot back. NULL is fine. For locals: COACH_LOCAL. */
void coach_release(const struct coach *coach);
static inline void coach_cleanup(const struct coach **coach)
{
	coach_release(*coach);
}
#define COACH_LOCAL __attribute__((cleanup(coach_cleanup))) const struct coach *

/*
 * Something was changed here: the snapshot is no longer used. After coaches_booked and coaches_freed, which
 * are about appointments only, it still serves coaches_find_schedule, and the other replicas are told; of a
 * coach's row they are told by the database. coaches_freed: Google has been told, too, and busy times that
 * were asked for before are too old.
 */
void coaches_booked(struct coaches *coaches, const char *id);
void coaches_freed(struct coaches *coaches, const char *id);
void coaches_changed(struct coaches *coaches, const char *id);

/* The hash by which busy_appointment.user is compared. */
uint64_t coaches_user_hash(const char *user_id);

/* Whether changes of other replicas are heard. */
bool coaches_listening(const struct coaches *coaches);

#endif
