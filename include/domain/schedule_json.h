/*
 * schedule_json - the schedule document: JSON to struct schedule and back.
 *
 * Every fault is found in one pass and named by its path. Pure but for looking up the zone.
 */
#ifndef DOMAIN_SCHEDULE_JSON_H
#define DOMAIN_SCHEDULE_JSON_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/json.h"
#include "domain/schedule.h"

enum { SCHEDULE_FAULTS_MAX = 20 }; /* more are counted, not kept */

struct schedule_faults {
	struct json_fault at[SCHEDULE_FAULTS_MAX]; /* unknown_field or invalid_field; in document order */
	size_t count;                              /* kept */
	size_t total;                              /* found */
};

/*
 * Read a document. What it leaves out takes the default document's value: the default coach's zone, hours,
 * policy and session type, no overrides, no blocked ranges; reschedule_notice_minutes takes
 * cancel_notice_minutes.
 *
 * document  a JSON object; borrowed.
 * prefix    put before each path ("schedule." gives "schedule.weekly[0].to"); "" for none.
 *
 * work      memory for what is needed while reading, and for the faults' texts; may be `mem`.
 *
 * Returns the schedule, in `mem` with nothing else, sharing nothing with `document`; or NULL with at least
 * one fault.
 */
struct schedule *schedule_read(const json_t *document, const char *prefix, struct arena *mem,
			       struct arena *work, struct schedule_faults *ret_faults);

/* The same from text (a file, a jsonb column). Text that is not one JSON object is a malformed_json fault. */
struct schedule *schedule_read_text(const char *bytes, size_t length, struct arena *mem, struct arena *work,
				    struct schedule_faults *ret_faults);

/*
 * The same from our own database, with blanks for characters that no PUT may bring any more: a coach whose
 * names were taken once keeps their schedule.
 */
struct schedule *schedule_read_stored(const char *text, struct arena *mem, struct arena *work,
				      struct schedule_faults *ret_faults);

/* Write "price", if there is one. */
void schedule_write_price(struct json_writer *writer, const struct price *price);

/* Write "questions": what a session type asks. */
void questions_write(struct json_writer *writer, const struct question questions[], size_t count);

/*
 * Write the whole document, defaults filled in, fields in the contract's order. Of `notices` only the parts
 * that were given: the others follow the default also when that changes.
 */
void schedule_write(const struct schedule *schedule, struct buffer *out);

/* The schedule of a new coach, read once per call into `mem`. */
struct schedule *schedule_default(struct arena *mem);

#endif
