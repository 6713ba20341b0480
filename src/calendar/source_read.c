/* Reading one source: claim it, get its file, find out when it says busy, store that. calendar/sources.h. */
#include "sources_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/thread.h"
#include "domain/ical_busy.h"
#include "source_feed.h"

enum {
	NEXT_SECONDS_MIN = 300,
	NEXT_SECONDS_DEFAULT = 900,
	NEXT_SECONDS_MAX = 1200, /* so that two failures in a row do not make the coach unavailable */
	RETRY_SECONDS_MIN = 60,
	RETRY_SECONDS_MAX = 900,
	EMPTY_AGAIN_SECONDS = 300,
	BEYOND_HORIZON_DAYS = 62,
	PAST_DAYS = 2,
	HORIZON_DAYS_MAX = 1100,
	NUMBERS_BYTES_MAX = 4 * 1024 * 1024,
	STRANGE_ETAG_MAX = 500,
};

const char *source_seal_name(struct arena *mem, const char *id)
{
	return arena_printf(mem, "busy_source %s", id);
}

/* Wait for the turn to read, until `deadline`. False: it did not come. */
static bool take_turn(struct sources *sources, int64_t deadline)
{
	pthread_mutex_lock(&sources->lock);
	while (sources->reading && condition_wait_until(&sources->changed, &sources->lock, deadline))
		;
	const bool mine = !sources->reading;
	if (mine)
		sources->reading = true;
	pthread_mutex_unlock(&sources->lock);
	return mine;
}

static void end_turn(struct sources *sources)
{
	pthread_mutex_lock(&sources->lock);
	sources->reading = false;
	pthread_cond_broadcast(&sources->changed);
	pthread_mutex_unlock(&sources->lock);
}

/* A claimed source. Texts lie in the rows it was read from. */
struct claimed {
	const char *id;
	const char *coach_id;
	const char *sealed_address;
	const char *etag; /* NULL: the file is to be read whole */
	int64_t events, empty_polls, failures;
	instant known_until; /* 0: nothing is */
	const char *time_zone;
	const char *email;
	int64_t horizon_days;
};

static void log_source(enum log_level level, const char *event, const struct claimed *claimed,
		       const char *detail)
{
	log_line(level, event, LOG_TEXT_FIELD("source", claimed->id),
		 LOG_TEXT_FIELD("coach", claimed->coach_id), LOG_TEXT_FIELD("detail", detail));
}

static int64_t retry_seconds(int64_t failures)
{
	const int64_t doubled = (int64_t)RETRY_SECONDS_MIN << (failures < 5 ? failures : 5);
	return doubled < RETRY_SECONDS_MAX ? doubled : RETRY_SECONDS_MAX;
}

static enum db_result store_failure(struct worker *worker, const struct claimed *claimed, const char *detail)
{
	log_source(LOG_WARNING, "source_failed", claimed, detail);
	return db_run(worker->db, QUERY_SOURCE_FAILED,
		      DB_PARAMETERS(db_uuid(claimed->id), db_text(detail), db_bool(false),
				    db_int(retry_seconds(claimed->failures))),
		      NULL);
}

/* A feed that suddenly has nothing is believed the second time: exports break, and that looks like a free
 * coach. */
static enum db_result store_emptiness(struct worker *worker, const struct claimed *claimed)
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
static const char *remarks(const struct ical_busy *busy, const char *time_zone, struct arena *mem)
{
	const char *text = "";
	if (busy->inexact > 0)
		text = arena_printf(
			mem,
			"%zu of its events repeat in a way that is not followed exactly: they may block "
			"more time than they take. ",
			busy->inexact);
	if (busy->in_unknown_zone > 0)
		text = arena_printf(mem, "%sTimes in the zone \"%s\", which is not known, are read in %s. ",
				    text, busy->unknown_zone, time_zone);
	if (busy->unreadable > 0)
		text = arena_printf(mem, "%s%zu of its entries cannot be read, so they block nothing. ", text,
				    busy->unreadable);
	if (*text == '\0')
		return NULL;
	return arena_strndup(mem, text, strlen(text) - 1);
}

static void put_number(struct buffer *out, int64_t number)
{
	char text[24];
	snprintf(text, sizeof(text), "%s%" PRId64, out->length > 0 ? "," : "", number);
	buffer_append_text(out, text);
}

/* The four rows of seconds and the ids, as store_busy_times() takes them. */
struct numbers {
	struct buffer starts, ends, own_starts, own_ends, own;
};

static void numbers_clear(struct numbers *numbers)
{
	buffer_clear(&numbers->starts);
	buffer_clear(&numbers->ends);
	buffer_clear(&numbers->own_starts);
	buffer_clear(&numbers->own_ends);
	buffer_clear(&numbers->own);
}

static void numbers_fill(struct numbers *numbers, const struct ical_busy *busy)
{
	buffer_init(&numbers->starts, NUMBERS_BYTES_MAX);
	buffer_init(&numbers->ends, NUMBERS_BYTES_MAX);
	buffer_init(&numbers->own_starts, NUMBERS_BYTES_MAX);
	buffer_init(&numbers->own_ends, NUMBERS_BYTES_MAX);
	buffer_init(&numbers->own, NUMBERS_BYTES_MAX);
	for (size_t i = 0; i < busy->times.count; i++) {
		put_number(&numbers->starts, busy->times.at[i].start);
		put_number(&numbers->ends, busy->times.at[i].end);
	}
	for (size_t i = 0; i < busy->own_count; i++) {
		put_number(&numbers->own_starts, busy->own[i].time.start);
		put_number(&numbers->own_ends, busy->own[i].time.end);
		if (numbers->own.length > 0)
			buffer_append_char(&numbers->own, ',');
		buffer_append_text(&numbers->own, busy->own[i].appointment_id);
	}
}

static bool fits(const struct numbers *numbers)
{
	return !numbers->starts.overflowed && !numbers->ends.overflowed && !numbers->own_starts.overflowed &&
	       !numbers->own_ends.overflowed && !numbers->own.overflowed;
}

static int64_t next_seconds(const struct ical_busy *busy)
{
	const seconds wished = busy->refresh_seconds > 0 ? busy->refresh_seconds : NEXT_SECONDS_DEFAULT;
	return wished < NEXT_SECONDS_MIN   ? NEXT_SECONDS_MIN
	       : wished > NEXT_SECONDS_MAX ? NEXT_SECONDS_MAX
					   : wished;
}

static enum db_result store(struct worker *worker, const struct claimed *claimed,
			    const struct ical_busy *busy, const char *etag, instant known_until,
			    struct arena *mem)
{
	__attribute__((cleanup(numbers_clear))) struct numbers numbers;
	const char *detail = remarks(busy, claimed->time_zone, mem);
	numbers_fill(&numbers, busy);
	if (!fits(&numbers))
		return store_failure(worker, claimed, "The calendar has more events than can be kept.");
	if (etag != NULL && strlen(etag) > STRANGE_ETAG_MAX)
		etag = NULL;
	return db_run(
		worker->db, QUERY_SOURCE_STORE,
		DB_PARAMETERS(db_uuid(claimed->id), db_text(detail != NULL ? "degraded" : "ok"),
			      db_text(detail), db_text(etag), db_int((int64_t)busy->events),
			      db_instant(known_until), db_int(next_seconds(busy)),
			      db_text(buffer_text(&numbers.starts)), db_text(buffer_text(&numbers.ends)),
			      db_text(buffer_text(&numbers.own_starts)),
			      db_text(buffer_text(&numbers.own_ends)), db_text(buffer_text(&numbers.own))),
		NULL);
}

static enum db_result understand(struct worker *worker, const struct claimed *claimed, struct feed *feed,
				 instant now, struct arena *mem)
{
	const char *const addresses[] = {claimed->email, NULL};
	const int64_t days =
		claimed->horizon_days < HORIZON_DAYS_MAX ? claimed->horizon_days : HORIZON_DAYS_MAX;
	const struct ical_busy_question question = {
		.zone = claimed->time_zone != NULL ? zone_find(claimed->time_zone) : NULL,
		.window = {now - PAST_DAYS * SECONDS_PER_DAY,
			   now + (days + BEYOND_HORIZON_DAYS) * SECONDS_PER_DAY},
		.addresses = addresses,
	};
	struct ical_busy busy;
	if (question.zone == NULL)
		return store_failure(worker, claimed, "The coach's time zone is not known here.");
	switch (ical_busy_read(feed->body, feed->length, &question, mem, &busy)) {
	case ICAL_BUSY_READ:
		if (busy.events == 0 && claimed->events > 0 && claimed->empty_polls == 0)
			return store_emptiness(worker, claimed);
		return store(worker, claimed, &busy, feed->etag, question.window.end, mem);
	case ICAL_BUSY_NO_CALENDAR:
		return store_failure(
			worker, claimed,
			"The address leads to something else than a calendar, such as a web page.");
	case ICAL_BUSY_CUT:
		return store_failure(worker, claimed, "The calendar breaks off before its end.");
	case ICAL_BUSY_TOO_MUCH:
		return store_failure(worker, claimed, "The calendar has more events than can be kept.");
	}
	return DB_FAILED;
}

static enum db_result read_claimed(struct sources *sources, struct worker *worker,
				   const struct claimed *claimed, instant now, int64_t deadline,
				   struct arena *mem)
{
	char address[SOURCE_ADDRESS_MAX + 1];
	size_t size = 0;
	if (sources->settings.seal_keys == NULL ||
	    seal_open(sources->settings.seal_keys, source_seal_name(mem, claimed->id),
		      claimed->sealed_address, address, sizeof(address), &size) != SEAL_OPENED)
		return store_failure(
			worker, claimed,
			"The calendar's address cannot be opened: TOKEN_ENCRYPTION_KEY is another one.");
	/* What was expanded must reach beyond the horizon still; else the file is read whole. */
	const instant needed = now + claimed->horizon_days * SECONDS_PER_DAY;
	const bool reaches = claimed->known_until >= needed || claimed->horizon_days >= HORIZON_DAYS_MAX;
	struct feed feed;
	feed_fetch(worker, address, reaches ? claimed->etag : NULL, sources->settings.allow_private, deadline,
		   mem, &feed);
	crypto_wipe(address, sizeof(address));
	switch (feed.outcome) {
	case FEED_READ:
		return understand(worker, claimed, &feed, now, mem);
	case FEED_SAME:
		return db_run(worker->db, QUERY_SOURCE_SAME,
			      DB_PARAMETERS(db_uuid(claimed->id), db_int(NEXT_SECONDS_DEFAULT)), NULL);
	case FEED_FAILED:
		return store_failure(worker, claimed, feed.detail);
	}
	return DB_FAILED;
}

enum db_result source_refresh(struct sources *sources, struct worker *worker, const char *coach_id,
			      const char *id, instant now, int64_t deadline)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	DB_ROWS rows = {0};
	if (!take_turn(sources, deadline))
		return DB_NONE; /* it is due, and somebody reads it later */
	enum db_result result =
		db_run(worker->db, QUERY_SOURCE_CLAIM, DB_PARAMETERS(db_uuid(id), db_text(coach_id)), &rows);
	if (result == DB_OK) {
		char claimed_id[UUID_TEXT_SIZE];
		db_get_uuid(&rows, 0, 0, claimed_id);
		const struct claimed claimed = {
			.id = claimed_id,
			.coach_id = db_get_text(&rows, 0, 1),
			.sealed_address = db_get_text(&rows, 0, 2),
			.etag = db_get_text(&rows, 0, 3),
			.events = db_get_int(&rows, 0, 4),
			.empty_polls = db_get_int(&rows, 0, 5),
			.failures = db_get_int(&rows, 0, 6),
			.known_until = db_get_instant(&rows, 0, 7),
			.time_zone = db_get_text(&rows, 0, 8),
			.email = db_get_text(&rows, 0, 9),
			.horizon_days = db_get_int(&rows, 0, 10),
		};
		result = read_claimed(sources, worker, &claimed, now, deadline, &mem);
	}
	end_turn(sources);
	return result;
}
