/*
 * schedule_reader - what the files that read a schedule document share.
 *
 * Every function that reads adds a fault for what it cannot take, and goes on. Paths and faults lie in
 * reader->work.
 */
#ifndef DOMAIN_SCHEDULE_READER_H
#define DOMAIN_SCHEDULE_READER_H

#include "base/text.h"
#include "domain/schedule_json.h"

/* Where the reading has got to. */
struct reader {
	struct arena *mem;  /* for the schedule */
	struct arena *work; /* for paths and faults */
	struct schedule_faults *faults;
	bool stored; /* out of our database: characters that are refused now were taken once */
};

/* Note a fault at `path`; beyond SCHEDULE_FAULTS_MAX they are only counted. `detail` is borrowed for the
 * reader's life. */
void reader_fault(struct reader *reader, enum json_verdict verdict, const char *path, const char *detail);

/* Add an invalid_field fault. `wrong` goes on after the path: "must be an array." */
void reader_invalid(struct reader *reader, const char *path, const char *wrong);

/* "weekly[0]" and "to" give "weekly[0].to"; a path that is empty or ends in a dot gets the name as it is. */
const char *reader_member(struct reader *reader, const char *path, const char *name);

/* "weekly" and 0 give "weekly[0]". */
const char *reader_element(struct reader *reader, const char *path, size_t index);

/* Whether it is an object; names that are not in the list are faults of their own. */
bool reader_object(struct reader *reader, const json_t *value, const char *path, const char *const names[],
		   size_t count);

/* Whether it is an array of at most `max`. */
bool reader_array(struct reader *reader, const json_t *value, const char *path, size_t max);

/* A line of 1 to `most` characters, or an id, copied; NULL after a fault. */
const char *reader_line(struct reader *reader, const json_t *value, const char *path, size_t most);
const char *reader_id(struct reader *reader, const json_t *value, const char *path);

/* The `questions` of a session type; with a fault they are not whole. */
void reader_questions(struct reader *reader, const json_t *array, const char *path,
		      const struct question **ret_questions, size_t *ret_count);

/* A string of least..most characters, copied; NULL after a fault. */
const char *reader_text(struct reader *reader, const json_t *value, const char *path, size_t least,
			size_t most, enum text_kind kind);

/* Whether it is a whole number from min to max; *ret_value is set only then. */
bool reader_integer(struct reader *reader, const json_t *value, const char *path, int64_t min, int64_t max,
		    int64_t *ret_value);

/* `from` and `to` of an object, written HH:MM and different from each other. */
void reader_hours(struct reader *reader, const json_t *object, const char *path, struct hours *hours);

/* Puts the parts of a `notices` object over `rules`; null is as if left out. Returns which parts there were.
 */
unsigned reader_notices(struct reader *reader, const json_t *object, const char *path,
			struct notice_rules *rules);

/* A session type's price in credits, in money, or both; null is none. */
void reader_price(struct reader *reader, const json_t *value, const char *path, struct price *ret_price);

/* A session type's seats and what belongs to them. */
void reader_seats(struct reader *reader, const json_t *entry, const char *path, struct session_type *type);

/* A kind of meeting by its word, or an object with what belongs to it. */
void reader_meeting(struct reader *reader, const json_t *value, const char *path,
		    struct meeting *ret_meeting);

/* The same for where a Meet link cannot be made: neither Meet nor nothing. With a fault it is not whole. */
const struct meeting *reader_fallback_meeting(struct reader *reader, const json_t *value, const char *path);

#endif
