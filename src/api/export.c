/*
 * Everything that is kept about a person, to themselves: GET /booking/user/:user_id/export.
 *
 * Written in portions, however much it is: first what is small, then the appointments, each with the answers
 * that were given and what was told of it, then what the person did, and the requests whose replies are kept.
 * A coach's own notes are not in it.
 */
#include "api/credits.h"
#include "api/render.h"
#include "api/user.h"
#include "app/private_part.h"
#include "base/json.h"
#include "base/uuid.h"

#include <string.h>

enum {
	EXPORT_PORTION = 25, /* appointments written at once; with full texts some 75 KB, 650 KB at worst */
	EXPORT_ROWS = 200,   /* of the other lists */
	/*
	 * What was changed so lately comes last, when all else has been written, so that an appointment that
	 * is moved to before the others meanwhile is not missed. Longer than any transaction lasts.
	 */
	EXPORT_SETTLED_SECONDS = 60,
};

/* The lists after the appointments. Each row is a place to go on from, and an object as JSON. */
static const struct {
	const char *name;
	enum query query;
} lists[] = {{"actions", QUERY_EXPORT_ACTIONS}, {"requests", QUERY_EXPORT_REQUESTS}};

enum { LISTS = sizeof(lists) / sizeof(lists[0]) };

/* An export on its way. */
struct export
{
	struct call *call;
	struct json_writer writer;
	struct appointment_page_query query;
	char after_id[UUID_TEXT_SIZE]; /* where query.after_id points */
	instant settled;
	bool appointments_written;
	size_t list;       /* of lists[] */
	const char *after; /* its last row's place, in the call's memory; "": it has not begun */
};

/* From the first appointment on, of those last changed from one instant on and before another. */
static void export_those(struct export *export, instant from, instant to)
{
	export->query.from = from;
	export->query.to = to;
	export->query.after_start = INSTANT_MIN;
	uuid_format((struct uuid){0}, export->after_id);
}

/* What belongs to these appointments: a row for each, in their order. */
static enum db_result read_details(struct export *export, const struct appointment_list *list,
				   struct arena *mem, struct db_rows *rows)
{
	struct buffer ids;
	buffer_init(&ids, (size_t)EXPORT_PORTION * UUID_TEXT_SIZE + 2);
	for (size_t i = 0; i < list->count; i++) {
		buffer_append_char(&ids, i == 0 ? '{' : ',');
		buffer_append_text(&ids, list->items[i].id);
	}
	buffer_append_char(&ids, '}');
	const char *text = arena_strdup(mem, buffer_text(&ids));
	buffer_clear(&ids);
	enum db_result result =
		db_run(export->call->worker->db, QUERY_EXPORT_DETAILS, DB_PARAMETERS(db_text(text)), rows);
	return result == DB_OK && rows->count != list->count
		       ? db_misunderstood(export->call->worker->db, "an export", NULL)
		       : result;
}

static enum db_result write_appointments(struct export *export, const struct appointment_list *list,
					 struct arena *mem)
{
	struct call *call = export->call;
	struct seal_keys keys;
	DB_ROWS rows = {0};
	if (list->count == 0)
		return DB_OK;
	enum db_result result = private_keys(call->worker->db, call->api->seal_keys, &keys);
	if (result == DB_OK)
		result = read_details(export, list, mem, &rows);
	for (size_t i = 0; i < list->count && result == DB_OK; i++) {
		const char *id = list->items[i].id;
		const struct private_part part = {
			.answers = private_open_answers(&keys, id, db_get_text(&rows, i, 0), mem)};
		struct viewer viewer = call_viewer(call);
		viewer.private_part = &part;
		viewer.notices = db_get_text(&rows, i, 1);
		render_appointment(&export->writer, NULL, &list->items[i], viewer);
	}
	seal_keys_clear(&keys);
	return result;
}

static enum db_result appointments_portion(struct export *export)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	struct appointment_list list;
	enum db_result result = appointments_export(export->call->worker->db, &mem, &export->query, &list);
	if (result == DB_OK)
		result = write_appointments(export, &list, &mem);
	if (result != DB_OK)
		return result;
	if (list.count == EXPORT_PORTION) {
		const struct appointment *last = &list.items[list.count - 1];
		export->query.after_start = last->starts_at;
		memcpy(export->after_id, last->id, sizeof(export->after_id));
	} else if (export->query.from < export->settled) {
		export_those(export, export->settled, INSTANT_MAX);
	} else {
		export->appointments_written = true;
		json_write_array_end(&export->writer);
		result = credits_export(export->call->worker->db, export->query.user_id,
					export->call->request->now, &export->writer);
	}
	return result;
}

static enum db_result list_portion(struct export *export)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(
		export->call->worker->db, lists[export->list].query,
		DB_PARAMETERS(db_text(export->query.user_id), db_text(export->after), db_int(EXPORT_ROWS)),
		&rows);
	if (result != DB_OK && result != DB_NONE)
		return result;
	if (export->after[0] == '\0')
		json_write_array(&export->writer, lists[export->list].name);
	for (size_t i = 0; i < rows.count; i++) {
		const char *row = db_get_text(&rows, i, 1);
		json_write_raw(&export->writer, NULL, row, strlen(row));
	}
	if (rows.count == EXPORT_ROWS) {
		export->after = db_copy_text(&rows, rows.count - 1, 0, export->call->mem);
	} else {
		json_write_array_end(&export->writer);
		export->after = "";
		export->list++;
	}
	return DB_OK;
}

static enum db_result export_portion(struct export *export, bool *ret_last)
{
	enum db_result result =
		export->appointments_written ? list_portion(export) : appointments_portion(export);
	*ret_last = result == DB_OK && export->list == LISTS;
	if (*ret_last)
		json_write_object_end(&export->writer);
	return result;
}

static enum reply_portion export_on(void *export_pointer, void *worker)
{
	struct export *export = export_pointer;
	bool last = false;
	export->call->worker = worker;
	enum db_result result = export_portion(export, &last);
	if (result != DB_OK) {
		call_log_failure(export->call, result);
		return REPLY_BROKEN;
	}
	if (last)
		buffer_append_char(&export->call->reply->body, '\n');
	return last ? REPLY_LAST : REPLY_MORE;
}

/* What is small: who it is about, what they want to be told, where they are signed in, their addresses,
 * what they wait for. */
static void write_person(struct export *export, const struct db_rows *rows)
{
	static const char *const names[] = {"preferences", "sessions", "addresses", "waitlist"};
	json_write_object(&export->writer, NULL);
	json_write_text(&export->writer, "user_id", export->query.user_id);
	json_write_instant(&export->writer, "exported_at", export->call->request->now);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *json = db_get_text(rows, 0, i);
		json_write_raw(&export->writer, names[i], json, strlen(json));
	}
	json_write_array(&export->writer, "appointments");
}

void api_user_export(struct call *call)
{
	struct export *export = arena_alloc(call->mem, sizeof(*export));
	*export = (struct export){
		.call = call,
		.settled = call->request->now - EXPORT_SETTLED_SECONDS,
		.query = {.user_id = api_user_of(call),
			  .after_id = export->after_id,
			  .limit = EXPORT_PORTION},
		.after = "",
	};
	export_those(export, INSTANT_MIN, export->settled);
	DB_ROWS rows = {0};
	enum db_result result = db_run(call->worker->db, QUERY_EXPORT_PERSON,
				       DB_PARAMETERS(db_text(export->query.user_id)), &rows);
	if (result != DB_OK) {
		call_database_failure(call, result);
		return;
	}
	json_writer_init(&export->writer, reply_begin_json(call->reply, 200));
	write_person(export, &rows);
	reply_header(call->reply, "Content-Disposition", "attachment; filename=\"bookings.json\"");
	bool last = false;
	result = export_portion(export, &last);
	if (result != DB_OK)
		call_database_failure(call, result);
	else if (!last)
		reply_continue(call->reply, export_on, export);
}
