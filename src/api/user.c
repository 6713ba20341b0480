#include "api/user.h"

#include "api/credits.h"
#include "api/render.h"
#include "base/json.h"
#include "base/uuid.h"

#include <jansson.h>
#include <string.h>

enum { PAGE_DEFAULT = 50, PAGE_MAX = 100 };

static bool is_status_word(const char *word)
{
	return strcmp(word, "upcoming") == 0 || strcmp(word, "past") == 0 || strcmp(word, "cancelled") == 0 ||
	       strcmp(word, "all") == 0;
}

void api_answer_list(struct call *call, struct appointment_page_query *query)
{
	const char *status = request_query(call->request, "status");
	query->status = status != NULL ? status : "upcoming";
	if (!is_status_word(query->status)) {
		call_problem(call, PROBLEM_BAD_PARAMETER, "status",
			     "status must be upcoming, past, cancelled or all.");
		return;
	}
	int64_t limit = PAGE_DEFAULT;
	if (!call_query_integer(call, "limit", 1, PAGE_MAX, &limit))
		return;
	query->after_start = INSTANT_MIN;
	query->after_id = "00000000-0000-0000-0000-000000000000";
	const char *cursor = request_query(call->request, "cursor");
	if (cursor != NULL && !cursor_read(cursor, call->mem, &query->after_start, &query->after_id)) {
		call_problem(call, PROBLEM_BAD_PARAMETER, "cursor",
			     "cursor must be a next_cursor of this list.");
		return;
	}
	/* One more than the page tells whether there is another page. */
	query->limit = limit + 1;
	struct appointment_list list;
	enum db_result result = appointments_list(call->worker->db, call->mem, query, &list);
	if (result != DB_OK) {
		call_database_failure(call, result);
		return;
	}
	bool more = list.count > (size_t)limit;
	if (more)
		list.count = (size_t)limit;
	render_appointments(reply_begin_json(call->reply, 200), &list, more, call_viewer(call), call->mem);
}

const char *api_user_of(const struct call *call)
{
	const char *user_id = request_parameter(call->request, "user_id");
	return strcmp(user_id, "me") == 0 ? call->caller->user_id : user_id;
}

void api_user_list(struct call *call)
{
	struct appointment_page_query query = {.user_id = api_user_of(call)};
	api_answer_list(call, &query);
}

/* ---- export ---- */

enum {
	EXPORT_PORTION = 25, /* appointments written at once; with full texts some 75 KB, 650 KB at worst */
	/*
	 * What was changed so lately comes last, when all else has been written, so that an appointment that
	 * is moved to before the others meanwhile is not missed. Longer than any transaction lasts.
	 */
	EXPORT_SETTLED_SECONDS = 60,
};

/* An export on its way. */
struct export
{
	struct call *call;
	struct json_writer writer;
	struct appointment_page_query query;
	char after_id[UUID_TEXT_SIZE]; /* where query.after_id points */
	instant settled;
};

/* From the first appointment on, of those last changed from one instant on and before another. */
static void export_those(struct export *export, instant from, instant to)
{
	export->query.from = from;
	export->query.to = to;
	export->query.after_start = INSTANT_MIN;
	uuid_format((struct uuid){0}, export->after_id);
}

static enum db_result export_portion(struct export *export, bool *ret_last)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	struct appointment_list list;
	enum db_result result = appointments_export(export->call->worker->db, &mem, &export->query, &list);
	*ret_last = false;
	if (result != DB_OK)
		return result;
	for (size_t i = 0; i < list.count; i++)
		render_appointment(&export->writer, NULL, &list.items[i], call_viewer(export->call));
	if (list.count == EXPORT_PORTION) {
		const struct appointment *last = &list.items[list.count - 1];
		export->query.after_start = last->starts_at;
		memcpy(export->after_id, last->id, sizeof(export->after_id));
	} else if (export->query.from < export->settled) {
		export_those(export, export->settled, INSTANT_MAX);
	} else {
		*ret_last = true;
		json_write_array_end(&export->writer);
		result = credits_export(export->call->worker->db, export->query.user_id,
					export->call->request->now, &export->writer);
		json_write_object_end(&export->writer);
	}
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

void api_user_export(struct call *call)
{
	struct export *export = arena_alloc(call->mem, sizeof(*export));
	export->call = call;
	export->settled = call->request->now - EXPORT_SETTLED_SECONDS;
	export->query = (struct appointment_page_query){
		.user_id = api_user_of(call), .after_id = export->after_id, .limit = EXPORT_PORTION};
	export_those(export, INSTANT_MIN, export->settled);
	json_writer_init(&export->writer, reply_begin_json(call->reply, 200));
	json_write_object(&export->writer, NULL);
	json_write_text(&export->writer, "user_id", export->query.user_id);
	json_write_instant(&export->writer, "exported_at", call->request->now);
	json_write_array(&export->writer, "appointments");
	reply_header(call->reply, "Content-Disposition", "attachment; filename=\"bookings.json\"");
	bool last = false;
	enum db_result result = export_portion(export, &last);
	if (result != DB_OK)
		call_database_failure(call, result);
	else if (!last)
		reply_continue(call->reply, export_on, export);
}

/* Erasure changed these coaches' appointments: a JSON array of ids. */
static void tell_coaches(struct call *call, const char *coaches)
{
	__attribute__((cleanup(json_cleanup))) json_t *ids = json_loads(coaches, 0, NULL);
	size_t i = 0;
	json_t *id = NULL;
	json_array_foreach(ids, i, id)
	{
		coaches_booked(call->api->coaches, json_string_value(id));
	}
}

void api_user_erase(struct call *call)
{
	const char *user_id = api_user_of(call);
	bool self = strcmp(user_id, call->caller->user_id) == 0;
	const char *by = cancelled_by_name(self ? CANCELLED_BY_CLIENT : CANCELLED_BY_ADMIN);
	DB_ROWS rows = {0};
	enum db_result result =
		db_run(call->worker->db, QUERY_USER_ERASE,
		       DB_PARAMETERS(db_text(user_id), db_text(by), db_text(call->actor.user_id),
				     db_text(call->actor.role), db_text(call->actor.request_id)),
		       &rows);
	if (result != DB_OK) {
		call_database_failure(call, result);
		return;
	}
	identity_forget(call->api->identities, user_id);
	tell_coaches(call, db_get_text(&rows, 0, 2));
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	json_write_object(&writer, NULL);
	json_write_integer(&writer, "cancelled", db_get_int(&rows, 0, 0));
	json_write_integer(&writer, "erased", db_get_int(&rows, 0, 1));
	json_write_object_end(&writer);
}
