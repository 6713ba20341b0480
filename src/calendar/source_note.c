/* What is noted of a source that was read, or could not be. */
#include "sources_inside.h"

#include <string.h>

#include "base/log.h"

enum {
	RETRY_SECONDS_MIN = 60,
	RETRY_SECONDS_MAX = 900,
	EMPTY_AGAIN_SECONDS = 300,
	BEYOND_HORIZON_DAYS = 62,
	PAST_DAYS = 2,
};

static void log_source(enum log_level level, const char *event, const struct claimed *claimed,
		       const char *detail)
{
	log_line(level, event, LOG_TEXT_FIELD("source", claimed->id),
		 LOG_TEXT_FIELD("coach", claimed->coach_id), LOG_TEXT_FIELD("detail", detail));
}

/* failures: before this one, and one for being left to the patient reading. */
static int64_t retry_seconds(int64_t failures)
{
	failures = failures > 0 ? failures - 1 : 0;
	const int64_t doubled = (int64_t)RETRY_SECONDS_MIN << (failures < 5 ? failures : 5);
	return doubled < RETRY_SECONDS_MAX ? doubled : RETRY_SECONDS_MAX;
}

/* Whether another reading has what this one lacked. Of a large file that somebody waits for it may have been
 * their time, of which turns and the quick reading have taken a part. */
static bool is_to_be_left(const struct claimed *claimed)
{
	const bool quick = claimed->reading == READING_QUICK;
	return (quick && claimed->failure == FETCH_TOO_BIG) ||
	       (quick != claimed->is_asked_for && claimed->failure == FETCH_TIMEOUT);
}

enum db_result source_failed(struct worker *worker, struct claimed *claimed, const char *detail)
{
	if (is_to_be_left(claimed)) {
		claimed->left = claimed->failure == FETCH_TOO_BIG ? LEFT_LARGE : LEFT_SLOW;
		return db_run(worker->db, QUERY_SOURCE_LEAVE, DB_PARAMETERS(db_uuid(claimed->id)), NULL);
	}
	log_source(LOG_WARNING, "source_failed", claimed, detail);
	return db_run(worker->db, QUERY_SOURCE_FAILED,
		      DB_PARAMETERS(db_uuid(claimed->id), db_text(detail), db_bool(false),
				    db_int(retry_seconds(claimed->failures))),
		      NULL);
}

/* A feed that suddenly has nothing is believed the second time: exports break, and that looks like a free
 * coach. */
enum db_result source_suddenly_empty(struct worker *worker, const struct claimed *claimed)
{
	static const char detail[] =
		"The calendar suddenly is empty. Its busy times stay until it is empty again in "
		"five minutes.";
	log_source(LOG_WARNING, "source_suddenly_empty", claimed, detail);
	return db_run(worker->db, QUERY_SOURCE_FAILED,
		      DB_PARAMETERS(db_uuid(claimed->id), db_text(detail), db_bool(true),
				    db_int(EMPTY_AGAIN_SECONDS)),
		      NULL);
}

/* What the coach should know about a file that was read; NULL: nothing. */
const char *source_remarks(const struct ical_busy *busy, const char *time_zone, struct arena *mem)
{
	const char *text = "";
	if (busy->inexact > 0)
		text = arena_printf(mem,
				    busy->inexact == 1
					    ? "%zu of its events repeats or ends in a way that is not "
					      "followed exactly: it may block more time than it takes. "
					    : "%zu of its events repeat or end in a way that is not followed "
					      "exactly: they may block more time than they take. ",
				    busy->inexact);
	if (busy->in_unknown_zone > 0)
		text = arena_printf(mem, "%sTimes in the zone \"%s\", which is not known, are read in %s. ",
				    text, busy->unknown_zone, time_zone);
	if (busy->unreadable > 0)
		text = arena_printf(mem, "%s%zu of its entries cannot be read, so %s nothing. ", text,
				    busy->unreadable, busy->unreadable == 1 ? "it blocks" : "they block");
	if (*text == '\0')
		return NULL;
	return arena_strndup(mem, text, strlen(text) - 1);
}

bool source_question(const struct claimed *claimed, instant now, struct arena *mem,
		     struct ical_busy_question *ret_question)
{
	const char **addresses = arena_array(mem, 3, sizeof(*addresses));
	size_t count = 0;
	if (claimed->email != NULL)
		addresses[count++] = claimed->email;
	if (claimed->user != NULL)
		addresses[count++] = claimed->user;
	const int64_t days =
		claimed->horizon_days < HORIZON_DAYS_MAX ? claimed->horizon_days : HORIZON_DAYS_MAX;
	*ret_question = (struct ical_busy_question){
		.zone = claimed->time_zone != NULL ? zone_find(claimed->time_zone) : NULL,
		.window = {now - PAST_DAYS * SECONDS_PER_DAY,
			   now + (days + BEYOND_HORIZON_DAYS) * SECONDS_PER_DAY},
		.addresses = addresses,
	};
	return ret_question->zone != NULL;
}

bool source_reaches(const struct claimed *claimed, instant now)
{
	return claimed->known_until >= now + claimed->horizon_days * SECONDS_PER_DAY ||
	       claimed->horizon_days >= HORIZON_DAYS_MAX;
}
