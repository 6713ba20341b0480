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
	NUMBERS_BYTES_MAX = 4 * 1024 * 1024,
	STRANGE_ETAG_MAX = 500,
	QUICK_BYTES_MAX = 1024 * 1024,
	QUICK_MS = 4000,
	PATIENT_MS = 15000,
	MARGIN_MS = 100, /* less than this before the deadline nothing is begun */
};

/* At once; of those that coaches have asked for. Housekeeping's own needs no turn. */
static const size_t turns_max[READINGS] = {[READING_QUICK] = 2, [READING_PATIENT] = 1};

/* Wait for a turn to read, until `deadline`. False: it did not come. */
static bool take_turn(struct sources *sources, enum reading reading, int64_t deadline)
{
	pthread_mutex_lock(&sources->lock);
	while (sources->turns[reading] == turns_max[reading] &&
	       condition_wait_until(&sources->changed, &sources->lock, deadline))
		;
	const bool mine = sources->turns[reading] < turns_max[reading];
	sources->turns[reading] += mine;
	pthread_mutex_unlock(&sources->lock);
	return mine;
}

static void end_turn(struct sources *sources, enum reading reading)
{
	pthread_mutex_lock(&sources->lock);
	sources->turns[reading]--;
	pthread_cond_broadcast(&sources->changed);
	pthread_mutex_unlock(&sources->lock);
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

static enum db_result store(struct worker *worker, struct claimed *claimed, const struct ical_busy *busy,
			    const char *etag, instant known_until, struct arena *mem)
{
	__attribute__((cleanup(numbers_clear))) struct numbers numbers;
	const char *detail = source_remarks(busy, claimed->time_zone, mem);
	numbers_fill(&numbers, busy);
	if (!fits(&numbers))
		return source_failed(worker, claimed, "The calendar has more events than can be kept.");
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

static enum db_result understand(struct worker *worker, struct claimed *claimed, struct feed *feed,
				 instant now, struct arena *mem)
{
	struct ical_busy_question question;
	struct ical_busy busy;
	if (!source_question(claimed, now, mem, &question))
		return source_failed(worker, claimed, "The coach's time zone is not known here.");
	switch (ical_busy_read(feed->body, feed->length, &question, mem, &busy)) {
	case ICAL_BUSY_READ:
		if (busy.events == 0 && claimed->events > 0 && claimed->empty_polls == 0)
			return source_suddenly_empty(worker, claimed);
		return store(worker, claimed, &busy, feed->etag, question.window.end, mem);
	case ICAL_BUSY_NO_CALENDAR:
		return source_failed(
			worker, claimed,
			"The address leads to something other than a calendar, such as a web page.");
	case ICAL_BUSY_CUT:
		return source_failed(worker, claimed, "The calendar breaks off before its end.");
	case ICAL_BUSY_TOO_MUCH:
		return source_failed(worker, claimed, "The calendar has more events than can be kept.");
	}
	return DB_FAILED;
}

/* Who reads, what, as of when, and by when. NOLINTNEXTLINE(readability-function-size) */
static enum db_result read_feed(struct sources *sources, struct worker *worker, struct claimed *claimed,
				const char *address, instant now, int64_t deadline, struct arena *mem)
{
	struct feed feed;
	const int64_t answer_deadline = monotonic_ms() + claimed->answer_ms;
	const struct feed_request request = {
		.address = address,
		.etag = source_reaches(claimed, now) ? claimed->etag : NULL,
		.allow_private = sources->settings.allow_private,
		.reply_max = claimed->reading == READING_QUICK ? QUICK_BYTES_MAX : SOURCE_FILE_BYTES_MAX,
		.deadline = claimed->answer_ms > 0 && answer_deadline < deadline ? answer_deadline : deadline,
	};
	feed_fetch(worker, &request, mem, &feed);
	claimed->failure = feed.failure;
	switch (feed.outcome) {
	case FEED_READ:
		return understand(worker, claimed, &feed, now, mem);
	case FEED_SAME:
		return db_run(worker->db, QUERY_SOURCE_SAME,
			      DB_PARAMETERS(db_uuid(claimed->id), db_int(NEXT_SECONDS_DEFAULT)), NULL);
	case FEED_FAILED:
		return source_failed(worker, claimed, feed.detail);
	}
	return DB_FAILED;
}

static enum db_result read_claimed(struct sources *sources, struct worker *worker, struct claimed *claimed,
				   instant now, int64_t deadline, struct arena *mem)
{
	char secret[SOURCE_SECRET_MAX + 1];
	size_t size = 0;
	enum db_result result;
	struct dav dav = {
		.fetcher = worker->fetcher,
		.allow_private = sources->settings.allow_private,
		.deadline = deadline,
		.answer_ms = claimed->answer_ms,
		.reply_max = claimed->reading == READING_QUICK ? QUICK_BYTES_MAX : 0,
		.failure = &claimed->failure,
	};
	if (sources->settings.seal_keys == NULL ||
	    seal_open(sources->settings.seal_keys, source_seal_name(mem, claimed->id),
		      claimed->sealed_address, secret, sizeof(secret), &size) != SEAL_OPENED)
		return source_failed(
			worker, claimed,
			"The calendar's address cannot be opened: TOKEN_ENCRYPTION_KEY is another one.");
	if (strcmp(claimed->kind, "caldav") != 0)
		result = read_feed(sources, worker, claimed, secret, now, deadline, mem);
	else if (source_secret_cut(secret, &dav.address, &dav.user, &dav.password))
		result = source_look(worker, claimed, &dav, now, mem);
	else
		result = source_failed(worker, claimed, "The calendar's address cannot be opened.");
	crypto_wipe(secret, sizeof(secret));
	return result;
}

/* One, or with id NULL the next of those that are read so. */
struct which {
	const char *coach_id;
	const char *id;
	enum reading reading;
	int64_t answer_ms; /* see struct claimed */
};

/* ret_left: it is there for the patient reading, which this was not. */
static enum db_result read_one(struct sources *sources, struct worker *worker, const struct which *which,
			       instant now, int64_t deadline, enum left *ret_left)
{
	*ret_left = LEFT_NOT;
	if (monotonic_ms() + MARGIN_MS > deadline)
		return DB_NONE;
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	DB_ROWS rows = {0};
	enum db_result result =
		db_run(worker->db, QUERY_SOURCE_CLAIM,
		       DB_PARAMETERS(db_uuid(which->id), db_text(which->coach_id),
				     db_bool(which->reading == READING_PATIENT),
				     db_int(SOURCE_CALDAV_STALE_SECONDS), db_int(SOURCE_STALE_SECONDS)),
		       &rows);
	if (result != DB_OK)
		return result;
	char claimed_id[UUID_TEXT_SIZE];
	db_get_uuid(&rows, 0, 0, claimed_id);
	struct claimed claimed = {
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
		.kind = db_get_text(&rows, 0, 11),
		.collections = db_get_text(&rows, 0, 12),
		.reading = which->reading,
		.answer_ms = which->answer_ms,
		.is_asked_for = which->id != NULL,
		.failure = FETCH_OK,
	};
	result = read_claimed(sources, worker, &claimed, now, deadline, &mem);
	*ret_left = claimed.left;
	if (result == DB_OK)
		result = db_run(worker->db, QUERY_SOURCE_ZONE_CHANGED,
				DB_PARAMETERS(db_uuid(claimed.id), db_text(claimed.time_zone)), NULL);
	return result;
}

enum db_result source_read_next(struct sources *sources, struct worker *worker, enum reading reading,
				int64_t answer_ms, enum left *ret_left)
{
	const struct which next = {.reading = reading, .answer_ms = answer_ms};
	return read_one(sources, worker, &next, instant_now(),
			monotonic_ms() + (reading == READING_QUICK ? QUICK_MS : PATIENT_MS), ret_left);
}

enum db_result source_refresh(struct sources *sources, struct worker *worker, const char *coach_id,
			      const char *id, instant now, int64_t deadline)
{
	enum db_result result = DB_NONE;
	enum left left = LEFT_SLOW;
	for (enum reading reading = READING_QUICK; reading < READINGS && left != LEFT_NOT; reading++) {
		const struct which which = {.coach_id = coach_id, .id = id, .reading = reading};
		if (!take_turn(sources, reading, deadline))
			return DB_NONE; /* it is due, and is read later */
		result = read_one(sources, worker, &which, now, deadline, &left);
		end_turn(sources, reading);
	}
	return result;
}

bool source_read_patiently(struct sources *sources, struct worker *worker)
{
	if (!take_turn(sources, READING_PATIENT, monotonic_ms() + PATIENT_MS))
		return false;
	enum left left;
	const enum db_result result = source_read_next(sources, worker, READING_PATIENT, 0, &left);
	end_turn(sources, READING_PATIENT);
	if (result != DB_NONE && result != DB_OK && result != DB_UNAVAILABLE)
		log_line(LOG_WARNING, "sources_failed",
			 LOG_TEXT_FIELD("detail", db_failure(worker->db)->detail));
	return result == DB_OK;
}
