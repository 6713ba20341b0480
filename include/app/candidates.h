/*
 * candidates - the coaches one of whom a client who asks for any can have.
 *
 * Both functions block for the database; the others are pure.
 */
#ifndef APP_CANDIDATES_H
#define APP_CANDIDATES_H

#include "app/coaches.h"
#include "app/identity.h"
#include "db/appointments.h"
#include "domain/turn.h"

/* Everybody, by id, and what of what is asked each offers. */
struct candidates {
	const struct coach **coaches;      /* to be released: candidates_clear */
	const struct session_type **types; /* of each; NULL: not a candidate */
	size_t count;
	const char *type_id;      /* what is asked, then what is offered of it; NULL: nothing */
	int64_t duration_minutes; /* what is asked, or the usual one of the first who offers the type */
	bool any;                 /* there is a candidate */
};

/*
 * Find who offers what `candidates` asks for, a type (NULL: the first that is offered) for so many minutes
 * (0: the first who offers the type decides), to clients who do not mind whom they have: drafts and types of
 * weight 0 are not among it. Fills in the rest.
 *
 * schedule_only  as coaches_find_schedule, else as coaches_find.
 *
 * Arrays and texts lie in `mem`. False: the database failed. Blocks for it.
 */
bool candidates_read(struct coaches *coaches, struct worker *worker, bool schedule_only, struct arena *mem,
		     struct candidates *candidates);

/*
 * The candidates in the order of their turn, in `mem`; `place` of each is its place in `candidates`. False:
 * the database failed. Blocks for it.
 */
bool candidates_in_turn(const struct candidates *candidates, struct worker *worker, struct arena *mem,
			struct turn **ret_turns, size_t *ret_count);

/* The ids of those candidates, in the order of their turn with blanks between, in `mem`. */
const char *candidates_names(const struct turn turns[], size_t count, struct arena *mem);

/* The type of that id (NULL: the first) that a coach offers to clients who ask for any; NULL: none. */
const struct session_type *candidates_type(const struct coach *coach, const char *id);

/*
 * Whether an appointment could be moved to this coach, who is not its own. What is shared with others,
 * belongs to a series or was made cheaper by a code stays with its own; whoever takes over gives the type for
 * the same price, and approves of nothing first, unless the caller is exempt there.
 */
bool candidates_may_take_over(const struct coach *coach, const struct appointment *appointment, bool exempt);

/* Whether the coach at that place can be asked for a time, for a new session (moving NULL) or for one that is
 * moved, which its own coach can give whatever they offer by now. */
bool candidates_can_have(const struct candidates *candidates, size_t place, const struct appointment *moving,
			 const struct identity *caller);

/* Release the coaches. */
void candidates_clear(struct candidates *candidates);
#define CANDIDATES_LOCAL __attribute__((cleanup(candidates_clear))) struct candidates

#endif
