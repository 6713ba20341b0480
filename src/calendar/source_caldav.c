/*
 * Reading a CalDAV server: what changed since the last look (RFC 6578), the files of that, and when they say
 * busy. Its own answers about times (free-busy-query, time ranges, expand) are asked by nobody: of three
 * servers each has another one wrong.
 *
 * Trouble with a token leads to reading everything, which happens once a day in any case; where the server
 * gives no tokens, the list of its files' etags is held against what is kept.
 */
#include "sources_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"

enum {
	LOOK_AGAIN_SECONDS = 30,
	FILES_AT_ONCE = 100,
	PAGES_MAX = 100, /* of one calendar's changes */
	NOTE_BYTES_MAX = 4 * 1024 * 1024,
};

/* A file that is new, was changed, or is gone. */
struct change {
	const char *href; /* as the server writes it */
	const char *path;
	bool gone;
};

struct look {
	struct worker *worker;
	struct claimed *claimed;
	const struct dav *dav;
	struct arena *mem;
	struct ical_busy_question question;
	bool whole; /* everything is read */
	struct collection *collections;
	size_t collection_count;
	struct change *changes;
	size_t change_count, change_room;
	struct json_t *kept; /* {path: etag}, read when a server gives no tokens; NULL */
	struct buffer removed, items;
	struct json_writer removed_writer, items_writer;
	size_t listed; /* files, by lists that are whole */
	size_t events; /* in the files that were read */
	bool lists_all;
	const char *detail; /* why it fails; NULL: it did not */
};

enum verdict {
	VERDICT_GOOD,
	VERDICT_TOKEN,   /* the token, or what was known of the calendar, is of no use any more */
	VERDICT_TOO_BIG, /* fewer files at once may do */
	VERDICT_FAILED,
};

static enum verdict fail(struct look *look, const char *detail)
{
	look->detail = detail;
	return VERDICT_FAILED;
}

static enum verdict fail_status(struct look *look, int status)
{
	return fail(look,
		    arena_printf(look->mem, "The calendar's server answers with an error (%d).", status));
}

static enum verdict fail_answer(struct look *look, const struct dav_answer *answer)
{
	if (answer->failure != FETCH_OK)
		return fail(look, source_failure_sentence(answer->failure));
	if (answer->status == 401)
		return fail(look,
			    "The calendar's server does not take the name and password any more (401).");
	if (answer->malformed)
		return fail(look, "The calendar's server does not answer as a CalDAV server does.");
	return fail_status(look, answer->status);
}

/* ---- what has changed ---- */

static enum verdict add_change(struct look *look, const char *base, const char *href, bool gone)
{
	const char *path = dav_path(look->mem, base, href);
	if (path == NULL)
		return fail(look, "The calendar's server names a file in a way that cannot be read.");
	if (look->change_count == look->change_room) {
		if (look->change_count >= DAV_RESPONSES_MAX)
			return fail(look, "The calendar has more events than can be kept.");
		const size_t more = look->change_room == 0 ? 64 : look->change_room * 2;
		struct change *larger = arena_array(look->mem, more, sizeof(*larger));
		if (look->change_count > 0)
			memcpy(larger, look->changes, look->change_count * sizeof(*larger));
		look->changes = larger;
		look->change_room = more;
	}
	look->changes[look->change_count++] =
		(struct change){.href = arena_strdup(look->mem, href), .path = path, .gone = gone};
	return VERDICT_GOOD;
}

/* A calendar itself, or a folder in it. */
static bool is_folder(const char *href)
{
	const size_t length = strlen(href);
	return length == 0 || href[length - 1] == '/';
}

/* One page of changes. *ret_more: there are further ones after the new token. */
static enum verdict take_changes(struct look *look, const struct dav_answer *answer, bool *ret_more)
{
	*ret_more = false;
	for (size_t i = 0; i < answer->count; i++) {
		const struct dav_response *response = &answer->responses[i];
		if (response->status == 507) {
			*ret_more = true;
			continue;
		}
		if (is_folder(response->href))
			continue;
		const bool gone = response->status == 404 || response->status == 410;
		look->listed += !gone;
		const enum verdict verdict = add_change(look, answer->url, response->href, gone);
		if (verdict != VERDICT_GOOD)
			return verdict;
	}
	return VERDICT_GOOD;
}

/* By sync-collection. VERDICT_TOKEN for a first look: the server knows no such thing. */
static enum verdict list_changes(struct look *look, struct collection *collection)
{
	bool more = true;
	for (int page = 0; more; page++) {
		__attribute__((cleanup(arena_cleanup))) struct arena scratch = ARENA_EMPTY;
		struct dav_answer answer;
		dav_sync(look->dav, &scratch, collection->url, collection->token, &answer);
		if (dav_is_token_trouble(&answer))
			return VERDICT_TOKEN;
		if (!dav_is_good(&answer))
			return fail_answer(look, &answer);
		const enum verdict verdict = take_changes(look, &answer, &more);
		if (verdict != VERDICT_GOOD)
			return verdict;
		collection->token = arena_strdup(look->mem, answer.sync_token);
		if (page == PAGES_MAX)
			return fail(look, "The calendar has more events than can be kept.");
	}
	return VERDICT_GOOD;
}

static bool read_kept(struct look *look)
{
	DB_ROWS rows = {0};
	if (look->kept != NULL)
		return true;
	const enum db_result result = db_run(look->worker->db, QUERY_SOURCE_ITEMS,
					     DB_PARAMETERS(db_uuid(look->claimed->id)), &rows);
	if (result != DB_OK && result != DB_NONE)
		return false;
	look->kept = json_object();
	for (size_t i = 0; i < rows.count; i++)
		json_object_set_new(look->kept, db_get_text(&rows, i, 0),
				    db_is_null(&rows, i, 1) ? json_null()
							    : json_string(db_get_text(&rows, i, 1)));
	return true;
}

/* What is kept of this calendar and was not listed any more is gone. */
static enum verdict drop_unlisted(struct look *look, const char *folder, const json_t *listed)
{
	const char *path;
	json_t *etag;
	json_object_foreach(look->kept, path, etag)
	{
		if (strncmp(path, folder, strlen(folder)) != 0 || json_object_get(listed, path) != NULL)
			continue;
		char *gone = arena_strdup(look->mem, path);
		if (add_change(look, look->dav->address, "/", true) != VERDICT_GOOD)
			return VERDICT_FAILED;
		look->changes[look->change_count - 1].path = gone;
	}
	return VERDICT_GOOD;
}

/* By the list of all files and their etags. */
static enum verdict compare_etags(struct look *look, struct collection *collection)
{
	__attribute__((cleanup(arena_cleanup))) struct arena scratch = ARENA_EMPTY;
	JSON_LOCAL listed = json_object();
	struct dav_answer answer;
	const char *folder = dav_path(look->mem, collection->url, "");
	collection->token = NULL;
	if (folder == NULL || !read_kept(look))
		return fail(look, "The calendar was not read.");
	dav_list(look->dav, &scratch, collection->url, "1", &answer);
	if (!dav_is_good(&answer))
		return !look->whole && dav_is_token_trouble(&answer) ? VERDICT_TOKEN
								     : fail_answer(look, &answer);
	for (size_t i = 0; i < answer.count; i++) {
		const struct dav_response *response = &answer.responses[i];
		const char *path = dav_path(&scratch, answer.url, response->href);
		if (is_folder(response->href) || path == NULL)
			continue;
		look->listed++;
		json_object_set_new(listed, path, json_true());
		const char *kept = json_string_value(json_object_get(look->kept, path));
		if (!look->whole && kept != NULL && response->etag != NULL &&
		    strcmp(kept, response->etag) == 0)
			continue;
		if (add_change(look, answer.url, response->href, false) != VERDICT_GOOD)
			return VERDICT_FAILED;
	}
	look->lists_all = true;
	return look->whole ? VERDICT_GOOD : drop_unlisted(look, folder, listed);
}

static enum verdict list_collection(struct look *look, struct collection *collection)
{
	if (!look->whole && collection->token == NULL)
		return compare_etags(look, collection);
	const size_t before = look->change_count;
	const enum verdict verdict = list_changes(look, collection);
	if (verdict != VERDICT_TOKEN || !look->whole)
		return verdict;
	look->change_count = before;
	return compare_etags(look, collection);
}

/* ---- the files that changed ---- */

/* Times of the file, [start, end, appointment]. */
static void write_times(struct json_writer *writer, const struct ical_busy *busy)
{
	json_write_array(writer, "times");
	for (size_t i = 0; i < busy->times.count + busy->own_count; i++) {
		const struct ical_busy_own *own =
			i >= busy->times.count ? &busy->own[i - busy->times.count] : NULL;
		const struct interval time = own != NULL ? own->time : busy->times.at[i];
		json_write_array(writer, NULL);
		json_write_integer(writer, NULL, time.start);
		json_write_integer(writer, NULL, time.end);
		json_write_text(writer, NULL, own != NULL ? own->appointment_id : NULL);
		json_write_array_end(writer);
	}
	json_write_array_end(writer);
}

static enum verdict take_file(struct look *look, const char *path, const struct dav_response *response)
{
	__attribute__((cleanup(arena_cleanup))) struct arena scratch = ARENA_EMPTY;
	struct ical_busy busy = {0};
	struct json_writer *writer = &look->items_writer;
	if (monotonic_ms() >= look->dav->deadline)
		return fail(look, source_failure_sentence(FETCH_TIMEOUT));
	if (response == NULL || response->data == NULL ||
	    ical_busy_read(response->data, response->data_length, &look->question, &scratch, &busy) !=
		    ICAL_BUSY_READ)
		busy = (struct ical_busy){.unreadable = 1};
	look->events += busy.events;
	json_write_object(writer, NULL);
	json_write_text(writer, "path", path);
	json_write_text(writer, "etag", response != NULL ? response->etag : NULL);
	json_write_integer(writer, "events", (int64_t)busy.events);
	json_write_integer(writer, "inexact", (int64_t)busy.inexact);
	json_write_integer(writer, "unreadable", (int64_t)busy.unreadable);
	json_write_integer(writer, "strange", (int64_t)busy.in_unknown_zone);
	json_write_text(writer, "strange_zone", busy.unknown_zone);
	write_times(writer, &busy);
	json_write_object_end(writer);
	return look->items.overflowed ? fail(look, "The calendar has more events than can be kept.")
				      : VERDICT_GOOD;
}

static int by_path(const void *left, const void *right)
{
	return strcmp(((const struct change *)left)->path, ((const struct change *)right)->path);
}

/* The files of one calendar among `changes`, which are sorted, in the answer to a multiget. */
static enum verdict take_files(struct look *look, const struct change changes[], size_t count,
			       const struct dav_answer *answer, struct arena *mem)
{
	bool *came = arena_array(mem, count, sizeof(*came));
	for (size_t i = 0; i < answer->count; i++) {
		const struct change key = {.path = dav_path(mem, answer->url, answer->responses[i].href)};
		const struct change *change =
			key.path != NULL ? bsearch(&key, changes, count, sizeof(key), by_path) : NULL;
		if (change == NULL || came[change - changes])
			continue;
		came[change - changes] = true;
		if (answer->responses[i].status == 404 || answer->responses[i].status == 410) {
			json_write_text(&look->removed_writer, NULL, change->path);
			continue;
		}
		/* What it says may be as before: it is asked again. */
		if (answer->responses[i].status / 100 == 5)
			return fail_status(look, answer->responses[i].status);
		if (take_file(look, change->path, &answer->responses[i]) != VERDICT_GOOD)
			return VERDICT_FAILED;
	}
	for (size_t i = 0; i < count; i++) {
		if (!came[i] && take_file(look, changes[i].path, NULL) != VERDICT_GOOD)
			return VERDICT_FAILED;
	}
	return VERDICT_GOOD;
}

static enum verdict get_files(struct look *look, const char *url, const struct change changes[], size_t count)
{
	__attribute__((cleanup(arena_cleanup))) struct arena scratch = ARENA_EMPTY;
	const char **hrefs = arena_array(&scratch, count, sizeof(*hrefs));
	struct dav_answer answer;
	for (size_t i = 0; i < count; i++)
		hrefs[i] = changes[i].href;
	dav_multiget(look->dav, &scratch, url, hrefs, count, &answer);
	if (answer.failure == FETCH_TOO_BIG && count > 1)
		return VERDICT_TOO_BIG;
	if (!dav_is_good(&answer))
		return fail_answer(look, &answer);
	return take_files(look, changes, count, &answer, &scratch);
}

/* Of a file that was changed twice the last word counts. */
static size_t only_last(struct change changes[], size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (i + 1 == count || strcmp(changes[i].path, changes[i + 1].path) != 0)
			changes[kept++] = changes[i];
	}
	return kept;
}

static enum verdict read_files(struct look *look, const char *url, struct change changes[], size_t count)
{
	size_t wanted = 0;
	qsort(changes, count, sizeof(changes[0]), by_path);
	count = only_last(changes, count);
	for (size_t i = 0; i < count; i++) {
		if (changes[i].gone)
			json_write_text(&look->removed_writer, NULL, changes[i].path);
		else
			changes[wanted++] = changes[i];
	}
	size_t at = 0;
	for (size_t at_once = FILES_AT_ONCE; at < wanted;) {
		const size_t some = wanted - at < at_once ? wanted - at : at_once;
		const enum verdict verdict = get_files(look, url, changes + at, some);
		if (verdict == VERDICT_TOO_BIG)
			at_once = some / 2;
		else if (verdict == VERDICT_GOOD)
			at += some;
		else
			return verdict;
	}
	return VERDICT_GOOD;
}

/* ---- one look ---- */

static enum verdict look_at_all(struct look *look)
{
	for (size_t i = 0; i < look->collection_count; i++) {
		look->change_count = 0;
		enum verdict verdict = list_collection(look, &look->collections[i]);
		if (verdict == VERDICT_GOOD && look->change_count > 0)
			verdict =
				read_files(look, look->collections[i].url, look->changes, look->change_count);
		if (verdict != VERDICT_GOOD)
			return verdict;
	}
	return VERDICT_GOOD;
}

/* The calendars as of the last look. False: all is to be read. */
static bool known_collections(struct look *look)
{
	JSON_LOCAL list =
		look->claimed->collections != NULL ? json_loads(look->claimed->collections, 0, NULL) : NULL;
	look->collection_count = json_array_size(list);
	look->collections = arena_array(look->mem, look->collection_count, sizeof(struct collection));
	for (size_t i = 0; i < look->collection_count; i++) {
		const json_t *one = json_array_get(list, i);
		look->collections[i] = (struct collection){
			.url = arena_strdup(look->mem, json_string_value(json_object_get(one, "url"))),
			.token = arena_strdup(look->mem, json_string_value(json_object_get(one, "token"))),
		};
		if (look->collections[i].url == NULL || !dav_may_ask(look->dav, look->collections[i].url))
			return false;
	}
	return look->collection_count > 0;
}

static void begin(struct look *look)
{
	buffer_reset(&look->removed);
	buffer_reset(&look->items);
	json_writer_init(&look->removed_writer, &look->removed);
	json_writer_init(&look->items_writer, &look->items);
	json_write_array(&look->removed_writer, NULL);
	json_write_array(&look->items_writer, NULL);
	look->listed = look->events = 0;
	look->lists_all = false;
}

static enum verdict look_once(struct look *look)
{
	begin(look);
	if (look->whole) {
		look->collections =
			source_discover(look->dav, look->mem, &look->collection_count, &look->detail);
		if (look->collections == NULL)
			return VERDICT_FAILED;
	}
	return look_at_all(look);
}

static const char *collections_text(const struct look *look)
{
	struct buffer text;
	struct json_writer writer;
	buffer_init(&text, NOTE_BYTES_MAX);
	json_writer_init(&writer, &text);
	json_write_array(&writer, NULL);
	for (size_t i = 0; i < look->collection_count; i++) {
		json_write_object(&writer, NULL);
		json_write_text(&writer, "url", look->collections[i].url);
		json_write_text(&writer, "token", look->collections[i].token);
		json_write_object_end(&writer);
	}
	json_write_array_end(&writer);
	const char *copy = arena_strdup(look->mem, buffer_text(&text));
	buffer_clear(&text);
	return copy;
}

static enum db_result note(struct look *look, instant known_until)
{
	struct db *db = look->worker->db;
	struct claimed *claimed = look->claimed;
	DB_ROWS rows = {0};
	json_write_array_end(&look->removed_writer);
	json_write_array_end(&look->items_writer);
	if (look->removed.overflowed || look->items.overflowed)
		return source_failed(look->worker, claimed, "The calendar has more events than can be kept.");
	enum db_result result =
		db_run(db, QUERY_SOURCE_ITEMS_STORE,
		       DB_PARAMETERS(db_uuid(claimed->id), db_bool(look->whole), db_instant(known_until),
				     db_json(collections_text(look)), db_json(buffer_text(&look->removed)),
				     db_json(buffer_text(&look->items)), db_int(DAV_RESPONSES_MAX),
				     db_int(ICAL_BUSY_TIMES_MAX)),
		       &rows);
	if (result == DB_RAISED)
		return source_failed(look->worker, claimed, "The calendar has more events than can be kept.");
	if (result != DB_OK || db_is_null(&rows, 0, 0))
		return result == DB_NONE ? DB_OK : result;
	const struct ical_busy sums = {.events = (size_t)db_get_int(&rows, 0, 0),
				       .inexact = (size_t)db_get_int(&rows, 0, 1),
				       .unreadable = (size_t)db_get_int(&rows, 0, 2),
				       .in_unknown_zone = (size_t)db_get_int(&rows, 0, 3),
				       .unknown_zone = db_get_text(&rows, 0, 4)};
	const char *detail = source_remarks(&sums, claimed->time_zone, look->mem);
	return db_run(db, QUERY_SOURCE_LOOKED,
		      DB_PARAMETERS(db_uuid(claimed->id), db_text(detail != NULL ? "degraded" : "ok"),
				    db_text(detail), db_int((int64_t)sums.events),
				    db_int(LOOK_AGAIN_SECONDS)),
		      NULL);
}

static void look_clear(struct look *look)
{
	json_decref(look->kept);
	buffer_clear(&look->removed);
	buffer_clear(&look->items);
}

enum db_result source_look(struct worker *worker, struct claimed *claimed, const struct dav *dav, instant now,
			   struct arena *mem)
{
	__attribute__((cleanup(look_clear))) struct look look = {
		.worker = worker, .claimed = claimed, .dav = dav, .mem = mem};
	buffer_init(&look.removed, NOTE_BYTES_MAX);
	buffer_init(&look.items, NOTE_BYTES_MAX);
	claimed->user = dav->user;
	if (!source_question(claimed, now, mem, &look.question))
		return source_failed(worker, claimed, "The coach's time zone is not known here.");
	look.whole = !source_reaches(claimed, now) || !known_collections(&look);
	enum verdict verdict = look_once(&look);
	if (verdict == VERDICT_TOKEN && !look.whole) {
		look.whole = true;
		verdict = look_once(&look);
	}
	if (verdict != VERDICT_GOOD)
		return source_failed(worker, claimed,
				     look.detail != NULL ? look.detail : "The calendar was not read.");
	const bool nothing = look.whole ? look.events == 0 : look.lists_all && look.listed == 0;
	if (nothing && claimed->events > 0 && claimed->empty_polls == 0)
		return source_suddenly_empty(worker, claimed);
	return note(&look, look.question.window.end);
}
