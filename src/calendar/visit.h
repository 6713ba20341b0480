/*
 * visit - one conversation with a provider for one coach: may it be called, what did it answer, what follows.
 *
 * A visit holds the coach's link. Each call below is one request and takes its answer into account at once:
 * metrics, the circuit breaker, what the credentials can do, and the end of a consent. What comes back lives
 * in call.mem. Calls block until call.deadline at most; ask visit_may_call or visit_may_write before each.
 * One thread.
 */
#ifndef CALENDAR_VISIT_H
#define CALENDAR_VISIT_H

#include "calendar/worker.h"
#include "coach.h"

/* What a background thread of this layer works with. */
struct worker worker_open(struct calendars *calendars);
void worker_close(struct worker *worker);

struct visit {
	struct calendars *calendars;
	struct calendar_coach *coach;
	struct link *link; /* held; NULL: the database failed */
	enum db_result result;
	struct worker *worker;
	struct google_call call; /* neither tokens nor dav: no call can be made */
	int64_t started;         /* of the call under way, as monotonic_ms */
	bool visiting;           /* it is one of the coach's visitors */
};

#define VISIT __attribute__((cleanup(visit_end))) struct visit

/* Begin; mem must outlive the visit. Declare with VISIT, and it ends with the scope. */
void visit_begin(struct visit *visit, struct calendars *calendars, struct worker *worker,
		 const char *coach_id, struct arena *mem, int64_t deadline);
void visit_end(struct visit *visit);

/*
 * Read from the database what is connected, of which memory may not have heard: it may have been connected
 * just now, here or by another daemon. When that failed there is no link any more.
 */
void visit_renew_link(struct visit *visit);

/*
 * Whether a call may be made now: there are credentials, time is left, the breaker is closed, and no more
 * than requests_per_coach requests are with this provider. Waits for one of them to go, but not longer than a
 * healthy provider takes: a calendar that hangs must not hold the workers that serve other coaches.
 */
bool visit_may_call(struct visit *visit);

/* The same for writes, which wait longer where the provider asked for it. */
bool visit_may_write(struct visit *visit);

/* The calls: struct provider says what each does. `kind` is what a failure stands in the way of. */
enum google_outcome visit_busy(struct visit *visit, instant from, instant to, struct google_busy ret_busy[],
			       struct google_answer *answer);
enum google_outcome visit_insert(struct visit *visit, const char *calendar,
				 const struct google_event_draft *draft, struct google_event *ret_event,
				 struct google_answer *answer);
enum google_outcome visit_get(struct visit *visit, enum call_kind kind, const char *calendar,
			      const char *event_id, struct google_event *ret_event,
			      struct google_answer *answer);
enum google_outcome visit_delete(struct visit *visit, const char *calendar, const char *event_id, bool silent,
				 struct google_answer *answer);
enum google_outcome visit_list(struct visit *visit, const char *calendar,
			       const struct google_event_query *query, struct google_event_page *ret_page,
			       struct google_answer *answer);
enum google_outcome visit_stop(struct visit *visit, const char *channel_id, const char *resource_id,
			       struct google_answer *answer);

/* What is changed in an event. */
struct visit_change {
	const char *calendar;
	const char *event_id;
	unsigned parts; /* enum google_event_part, or-ed */
	const struct google_event_draft *draft;
	const char *etag; /* the change is refused if the event has another; NULL: whatever it has */
};
enum google_outcome visit_patch(struct visit *visit, const struct visit_change *change,
				struct google_event *ret_event, struct google_answer *answer);

/* A channel to be opened. */
struct visit_watch {
	const char *calendar;
	const char *channel_id;
	const char *token;
	const char *address;
	seconds lifetime;
};
enum google_outcome visit_watch(struct visit *visit, const struct visit_watch *watch,
				struct google_channel *ret_channel, struct google_answer *answer);

/* Take the answer of a call that is not one of those above into account, right after it. */
void visit_note(struct visit *visit, const char *call, enum call_kind kind,
		const struct google_answer *answer);

/* Busy times came, but not of every calendar. */
void visit_note_unknown(struct visit *visit, const char *problem);

/* The role that the calendar's list names says whether events may be written. NULL: it names none. */
void visit_note_role(struct visit *visit, const char *access_role);

/* One sentence about an answer, for a person: the provider's reason and the remedy. In mem. */
const char *visit_detail(struct arena *mem, const struct google_answer *answer);

/* How long to wait before try number `attempt`, spread at random. */
int64_t visit_backoff_ms(int64_t attempt, int64_t longest_ms);

#endif
