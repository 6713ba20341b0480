/*
 * coaches - what the daemon remembers of each coach: the schedule and what stands in the calendar.
 *
 * A snapshot is immutable and counted; it is dropped by own writes and by notifications of other replicas,
 * and read anew by the next request that needs it. While the listener is down nothing is served from memory.
 * A snapshot that is a moment old can cost a client a 409, never a double booking: the database decides.
 */
#ifndef APP_COACHES_H
#define APP_COACHES_H

#include "app/worker.h"
#include "db/listen.h"
#include "domain/schedule.h"
#include "domain/slot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One row of what is booked, without anything personal. */
struct busy_appointment {
	unsigned char id[16];
	uint64_t user; /* hash of the client's id under a secret of this process */
	int type;      /* index of the session type in the schedule; -1: one that is no more */
	bool live;     /* held or scheduled: counts for the client's limit */
	bool hold;
	instant start;
	instant end;
	instant blocked_from;
	instant blocked_to;
	instant hold_expires_at; /* 0: no hold */
};

/* A coach with the schedule. Immutable. */
struct coach {
	const char *id;
	const char *email; /* NULL: none */
	int64_t schedule_version;
	const struct schedule *schedule;
	const char *feed_token;
	const struct busy_appointment *appointments; /* by start; only those that did not end days ago */
	size_t appointment_count;
	uint64_t generation; /* differs between any two snapshots */
};

struct coaches;

enum coach_find {
	COACH_FOUND,
	COACH_UNKNOWN,       /* no such coach */
	COACH_AMBIGUOUS,     /* none was named and there are several */
	COACH_NOT_IN_MEMORY, /* from coaches_peek only */
	COACH_FAILURE,       /* the database, see *ret_result */
};

struct coaches *coaches_new(void);
void coaches_free(struct coaches *coaches);

/* The listener whose health decides whether memory may be used; NULL: memory is never used. */
void coaches_listen(struct coaches *coaches, const struct listener *listener);

/* From memory only, never blocks. id NULL: the only coach. *ret_coach is held: coach_release. */
enum coach_find coaches_peek(struct coaches *coaches, const char *id, const struct coach **ret_coach);

/* As peek, else from the database. Blocks. */
enum coach_find coaches_find(struct coaches *coaches, struct worker *worker, const char *id,
			     const struct coach **ret_coach, enum db_result *ret_result);

/* Give a snapshot back. NULL is fine. */
void coach_release(const struct coach *coach);

/*
 * Drop a coach's snapshot, here and (soon) in other replicas. `schedule` says whether the schedule may have
 * changed too. coaches_drop_all drops everything here.
 */
void coaches_changed(struct coaches *coaches, const char *id);
void coaches_drop(struct coaches *coaches, const char *id);
void coaches_drop_all(struct coaches *coaches);

/* The hash by which busy_appointment.user is compared. */
uint64_t coaches_user_hash(const struct coaches *coaches, const char *user_id);

#endif
