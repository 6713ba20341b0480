#include "api/user.h"

#include "api/render.h"
#include "api/rows.h"
#include "app/pseudonym.h"
#include "base/json.h"

#include <jansson.h>
#include <string.h>

static bool is_status_word(const char *word)
{
	return strcmp(word, "upcoming") == 0 || strcmp(word, "past") == 0 || strcmp(word, "cancelled") == 0 ||
	       strcmp(word, "requested") == 0 || strcmp(word, "all") == 0;
}

void api_answer_list(struct call *call, struct appointment_page_query *query)
{
	const char *status = request_query(call->request, "status");
	query->status = status != NULL ? status : "upcoming";
	if (!is_status_word(query->status)) {
		call_problem(call, PROBLEM_BAD_PARAMETER, "status",
			     "status must be upcoming, past, cancelled, requested or all.");
		return;
	}
	struct page page;
	if (!page_read_limit(call, &page))
		return;
	query->after_start = INSTANT_MIN;
	query->after_id = "00000000-0000-0000-0000-000000000000";
	const char *cursor = request_query(call->request, "cursor");
	if (cursor != NULL && !cursor_read(cursor, call->mem, &query->after_start, &query->after_id)) {
		call_problem(call, PROBLEM_BAD_PARAMETER, "cursor",
			     "cursor must be a next_cursor of this list.");
		return;
	}
	query->limit = page.limit + 1;
	struct appointment_list list;
	enum db_result result = appointments_list(call->worker->db, call->mem, query, &list);
	if (result != DB_OK) {
		call_database_failure(call, result);
		return;
	}
	const size_t shown = page_shown(&page, list.count);
	const bool more = list.count > shown;
	list.count = shown;
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
	const char *pseudonym = pseudonym_of(call->api->feed_keys, user_id, call->mem);
	const char *by = cancelled_by_name(self ? CANCELLED_BY_CLIENT : CANCELLED_BY_ADMIN);
	DB_ROWS rows = {0};
	/* What was done under their address, such as to invite them, is theirs to have erased. */
	if (self)
		identity_meet(call->worker->db, call->caller);
	enum db_result result =
		db_run(call->worker->db, QUERY_USER_ERASE,
		       DB_PARAMETERS(db_text(user_id), db_text(by), db_text(call->actor.user_id),
				     db_text(call->actor.role), db_text(call->actor.request_id),
				     db_text(pseudonym != NULL ? pseudonym : pseudonym_new(call->mem))),
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
