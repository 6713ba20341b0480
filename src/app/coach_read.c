#include "coach_read.h"

#include "base/die.h"
#include "domain/appointment.h"
#include "base/log.h"
#include "base/table.h"
#include "base/uuid.h"
#include "calendar/sources.h"
#include "domain/schedule_json.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEDULE_BLOCK = 384 }; /* holds the schedule of a coach with weekly hours and a session type */

void schedule_copy_drop(struct schedule_copy *copy)
{
	if (copy != NULL && atomic_fetch_sub(&copy->references, 1) == 1) {
		arena_clear(&copy->mem);
		free(copy);
	}
}

void snapshot_drop(struct snapshot *snapshot)
{
	if (snapshot != NULL && atomic_fetch_sub(&snapshot->references, 1) == 1) {
		schedule_copy_drop(snapshot->copy);
		arena_clear(&snapshot->mem);
		free(snapshot);
	}
}

static int16_t type_index(const struct schedule *schedule, const char *id)
{
	const struct session_type *type = schedule_type(schedule, id);
	return (int16_t)(type == NULL ? -1 : type - schedule->types); /* SCHEDULE_TYPES_MAX at most */
}

/* What every question about the coach begins with, found once. Holds run out as time goes by. */
static void find_occupied(struct snapshot *snapshot, const struct busy_appointment items[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (items[i].hold_expires_at != 0)
			return;
	}
	struct interval *occupied = arena_array(&snapshot->mem, count, sizeof(*occupied));
	for (size_t i = 0; i < count; i++)
		occupied[i] = busy_appointment_blocked(&items[i]);
	snapshot->coach.occupied_count = intervals_normalize(occupied, count);
	snapshot->coach.occupied = occupied;
}

static void read_appointments(const struct db_rows *rows, struct snapshot *snapshot)
{
	struct busy_appointment *items = arena_array(&snapshot->mem, rows->count, sizeof(*items));
	for (size_t i = 0; i < rows->count; i++) {
		const struct uuid id = db_get_uuid_bytes(rows, i, 0);
		enum appointment_status status = APPOINTMENT_SCHEDULED; /* so would be one that is unknown */
		const char *word = db_get_text(rows, i, 7);
		if (word != NULL)
			(void)appointment_status_parse(word, &status);
		instant start = db_get_instant(rows, i, 3);
		instant end = db_get_instant(rows, i, 4);
		items[i] = (struct busy_appointment){
			.user = coaches_user_hash(db_get_text(rows, i, 1)),
			.type = type_index(snapshot->copy->schedule, db_get_text(rows, i, 2)),
			.start = start,
			.length = (uint32_t)(end - start),
			.free_before = (uint32_t)(start - db_get_instant(rows, i, 5)),
			.free_after = (uint32_t)(db_get_instant(rows, i, 6) - end),
			.live = status == APPOINTMENT_SCHEDULED || status == APPOINTMENT_HELD,
			.hold_expires_at = db_get_instant(rows, i, 8),
			.seat = db_get_bool(rows, i, 10),
		};
		if (!db_is_null(rows, i, 9)) {
			const struct uuid series = db_get_uuid_bytes(rows, i, 9);
			/* The last bytes of a UUID of version 7 are random. */
			memcpy(&items[i].series, series.bytes + 8, sizeof(items[i].series));
		}
		memcpy(items[i].id, id.bytes, sizeof(items[i].id));
	}
	find_occupied(snapshot, items, rows->count);
	snapshot->coach.appointments = items;
	snapshot->coach.appointment_count = rows->count;
}

/* Rows come by source, and by start: see the statement. */
static void read_sources(const struct db_rows *rows, struct snapshot *snapshot)
{
	struct coach_source *sources = arena_array(&snapshot->mem, rows->count, sizeof(*sources));
	struct interval *times = arena_array(&snapshot->mem, rows->count, sizeof(*times));
	struct uuid last = {{0}};
	size_t count = 0;
	size_t time_count = 0;
	for (size_t i = 0; i < rows->count; i++) {
		const struct uuid id = db_get_uuid_bytes(rows, i, 0);
		if (count == 0 || memcmp(id.bytes, last.bytes, sizeof(id.bytes)) != 0)
			sources[count++] = (struct coach_source){
				.name = db_copy_text(rows, i, 1, &snapshot->mem),
				.read_at = db_get_instant(rows, i, 2),
				.good_for = source_good_for(db_get_text(rows, i, 6)),
				.known_until = db_get_instant(rows, i, 3),
				.times = times + time_count,
			};
		last = id;
		if (db_is_null(rows, i, 4))
			continue;
		times[time_count++] =
			(struct interval){db_get_instant(rows, i, 4), db_get_instant(rows, i, 5)};
		sources[count - 1].count++;
	}
	snapshot->coach.sources = sources;
	snapshot->coach.source_count = count;
}

/* The schedule of a coach's row: the copy at hand if its version is the same, else read again. NULL: not
 * readable. */
static struct schedule_copy *schedule_of_row(const struct db_rows *rows, struct schedule_copy *at_hand)
{
	int64_t version = db_get_int(rows, 0, 3);
	if (at_hand != NULL && at_hand->version == version) {
		atomic_fetch_add(&at_hand->references, 1);
		return at_hand;
	}
	struct schedule_copy *copy = calloc(1, sizeof(*copy));
	if (copy == NULL)
		die("out of memory");
	atomic_init(&copy->references, 1);
	copy->mem = ARENA_OF_BLOCKS(SCHEDULE_BLOCK);
	copy->version = version;
	const char *text = db_get_text(rows, 0, 2);
	__attribute__((cleanup(arena_cleanup))) struct arena work = ARENA_EMPTY;
	struct schedule_faults faults;
	copy->schedule = schedule_read_stored(text, &copy->mem, &work, &faults);
	if (copy->schedule == NULL) {
		log_line(LOG_ERROR, "schedule_unreadable", LOG_TEXT_FIELD("coach", db_get_text(rows, 0, 0)),
			 LOG_TEXT_FIELD("field", faults.at[0].field),
			 LOG_TEXT_FIELD("detail", faults.at[0].detail));
		schedule_copy_drop(copy);
		return NULL;
	}
	return copy;
}

/* Bytes of an arena that the copy of a text takes at most. */
static size_t text_room(const struct db_rows *rows, size_t column)
{
	const char *text = db_get_text(rows, 0, column);
	return text == NULL ? 0 : strlen(text) + sizeof(max_align_t);
}

enum coach_found coach_read(struct worker *worker, const char *id, instant from,
			    struct schedule_copy *at_hand, struct snapshot **ret_snapshot)
{
	DB_ROWS coach_rows = {0};
	DB_ROWS busy_rows = {0};
	DB_ROWS source_rows = {0};
	int64_t read_ms = monotonic_ms();
	enum db_result result =
		db_run(worker->db, QUERY_COACH_BY_ID, DB_PARAMETERS(db_text(id)), &coach_rows);
	if (result != DB_OK)
		return result == DB_NONE ? COACH_UNKNOWN : COACH_FAILURE;
	result = db_run(worker->db, QUERY_APPOINTMENT_BUSY, DB_PARAMETERS(db_text(id), db_instant(from)),
			&busy_rows);
	if (result != DB_OK && result != DB_NONE)
		return COACH_FAILURE;
	/* Most coaches have none, and each of these statements is a round trip of every booking. */
	if (db_get_bool(&coach_rows, 0, 7))
		result = db_run(worker->db, QUERY_SOURCE_TIMES, DB_PARAMETERS(db_text(id), db_instant(from)),
				&source_rows);
	if (result != DB_OK && result != DB_NONE)
		return COACH_FAILURE;
	struct schedule_copy *copy = schedule_of_row(&coach_rows, at_hand);
	if (copy == NULL)
		return COACH_FAILURE;

	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	if (snapshot == NULL)
		die("out of memory");
	atomic_init(&snapshot->references, 1);
	/* One block, which leaves nothing over: there are thousands of snapshots. */
	snapshot->mem = ARENA_OF_BLOCKS(
		text_room(&coach_rows, 0) + text_room(&coach_rows, 1) + text_room(&coach_rows, 4) +
		text_room(&coach_rows, 5) + text_room(&coach_rows, 6) +
		busy_rows.count * (sizeof(struct busy_appointment) + sizeof(struct interval)) +
		2 * sizeof(max_align_t));
	snapshot->copy = copy;
	snapshot->read_ms = read_ms;
	snapshot->coach.id = db_copy_text(&coach_rows, 0, 0, &snapshot->mem);
	snapshot->coach.email = db_copy_text(&coach_rows, 0, 1, &snapshot->mem);
	snapshot->coach.schedule = copy->schedule;
	snapshot->coach.schedule_version = copy->version;
	snapshot->coach.feed_token = db_copy_text(&coach_rows, 0, 4, &snapshot->mem);
	snapshot->coach.feed_sealed = db_copy_text(&coach_rows, 0, 5, &snapshot->mem);
	snapshot->coach.profile = db_copy_text(&coach_rows, 0, 6, &snapshot->mem);
	read_appointments(&busy_rows, snapshot);
	if (source_rows.count > 0)
		read_sources(&source_rows, snapshot);
	if (db_misread(worker->db)) {
		snapshot_drop(snapshot);
		return COACH_FAILURE;
	}
	*ret_snapshot = snapshot;
	return COACH_FOUND;
}

uint64_t coaches_user_hash(const char *user_id)
{
	return table_hash_64(user_id, strlen(user_id));
}
