#include "api/webhooks.h"

#include "api/coach.h"
#include "api/event.h"
#include "api/rows.h"
#include "base/crypto.h"
#include "net/public_address.h"
#include "notice/webhook_secret.h"

#include <stdlib.h>
#include <string.h>

enum {
	ENDPOINTS_MAX = 10, /* of a coach */
	URL_MAX = 2000,
};

static const char no_such[] = "This webhook couldn't be found.";

/* Whether the statement found the endpoint; else it is answered. */
static bool found(struct call *call, enum db_result result)
{
	return call_found(call, result, no_such);
}

/* secret: shown once, where it is new; else NULL. */
static void write_endpoint(struct json_writer *writer, const struct db_rows *rows, size_t row,
			   const char *secret)
{
	json_write_object(writer, NULL);
	rows_write_uuid(writer, "id", rows, row, 0);
	json_write_text(writer, "url", db_get_text(rows, row, 1));
	rows_write_json(writer, "types", rows, row, 2);
	json_write_text(writer, "state", db_get_text(rows, row, 3));
	json_write_text(writer, "detail", db_get_text(rows, row, 4));
	rows_write_instant(writer, "failing_since", rows, row, 5);
	rows_write_instant(writer, "former_secret_until", rows, row, 6);
	json_write_instant(writer, "created_at", db_get_instant(rows, row, 7));
	/* What can be had by a replay. */
	json_write_integer(writer, "missed", db_get_int(rows, row, 8));
	if (secret != NULL)
		json_write_text(writer, "secret", secret);
	json_write_object_end(writer);
}

/* Answer with this one endpoint; where it was made (201), with its address. */
static void answer_endpoint(struct call *call, const char *coach_id, const char *id, unsigned status,
			    const char *secret)
{
	DB_ROWS rows = {0};
	struct json_writer writer;
	enum db_result result = db_run(call->worker->db, QUERY_WEBHOOK_LIST,
				       DB_PARAMETERS(db_text(coach_id), db_uuid(id)), &rows);
	if (result == DB_OK && rows.count == 0)
		result = DB_NONE; /* it was removed meanwhile */
	if (!found(call, result))
		return;
	json_writer_init(&writer, reply_begin_json(call->reply, status));
	write_endpoint(&writer, &rows, 0, secret);
	if (status == 201)
		reply_header_printf(call->reply, "Location", "/coach/%s/webhooks/%s", coach_id, id);
}

void api_webhooks_list(struct call *call)
{
	COACH_LOCAL coach = NULL;
	DB_ROWS rows = {0};
	struct json_writer writer;
	if (!api_coach_find(call, &coach))
		return;
	enum db_result result = db_run(call->worker->db, QUERY_WEBHOOK_LIST,
				       DB_PARAMETERS(db_text(coach->id), db_null()), &rows);
	if (!rows_begin_list(call, result, "webhooks", &writer))
		return;
	for (size_t row = 0; row < rows.count; row++)
		write_endpoint(&writer, &rows, row, NULL);
	json_write_array_end(&writer);
	json_write_object_end(&writer);
}

/* ---- what a body asks for ---- */

struct wish {
	const char *url;   /* NULL: not given */
	const char *types; /* with commas between; "": all; NULL: not given */
	bool active;
	bool active_given;
};

/* NULL at the end of the words. */
static bool is_one_of(const char *const words[], const char *text)
{
	while (*words != NULL && strcmp(*words, text) != 0)
		words++;
	return *words != NULL;
}

/* An array of types as a text with commas between, in the call's memory. NULL: refused. */
static const char *read_types(struct call *call, const json_t *types)
{
	const char *text = "";
	for (size_t i = 0; i < json_array_size(types); i++) {
		const char *type = json_string_value(json_array_get(types, i));
		if (type == NULL || !is_one_of(event_types, type) || i >= 50) {
			call_problem(call, PROBLEM_INVALID_FIELD, "types",
				     "types must be a list of types of events; an empty one means all.");
			return NULL;
		}
		text = *text == '\0' ? type : arena_printf(call->mem, "%s,%s", text, type);
	}
	if (json_is_array(types))
		return arena_strdup(call->mem, text);
	call_problem(call, PROBLEM_INVALID_FIELD, "types", "types must be a list.");
	return NULL;
}

static bool read_wish(struct call *call, bool url_required, struct wish *wish)
{
	JSON_LOCAL types = NULL;
	const struct json_field fields[] = {
		{"url", JSON_FIELD_TEXT, url_required, 1, URL_MAX, &wish->url, NULL},
		{"types", JSON_FIELD_VALUE, false, 0, 0, &types, NULL},
		{"active", JSON_FIELD_BOOLEAN, false, 0, 0, &wish->active, &wish->active_given},
	};
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])))
		return false;
	const char *fault =
		wish->url != NULL ? address_fault(wish->url, call->api->webhook_allow_private) : NULL;
	if (fault != NULL) {
		call_problem(call, PROBLEM_INVALID_FIELD, "url", arena_printf(call->mem, "url %s", fault));
		return false;
	}
	if (types != NULL)
		wish->types = read_types(call, types);
	return types == NULL || wish->types != NULL;
}

/* The coach and the endpoint of the path. False: answered. */
static bool read_path(struct call *call, const struct coach **ret_coach, const char **ret_id)
{
	return api_coach_find(call, ret_coach) && call_path_uuid(call, "id", no_such, ret_id);
}

/* Whether secrets can be kept. False: answered. */
static bool are_possible(struct call *call)
{
	if (call->api->feed_keys != NULL)
		return true;
	call_problem(call, PROBLEM_NOT_FOUND, NULL,
		     "Webhooks can't be used here: the server needs TOKEN_ENCRYPTION_KEY.");
	return false;
}

/* ---- one endpoint ---- */

void api_webhooks_add(struct call *call)
{
	COACH_LOCAL coach = NULL;
	DB_ROWS rows = {0};
	struct wish wish = {.types = ""};
	char id[UUID_TEXT_SIZE];
	char secret[WEBHOOK_SECRET_SIZE];
	if (!api_coach_find(call, &coach) || !are_possible(call) || !read_wish(call, true, &wish))
		return;
	uuid_format(uuid_new(call->request->now), id);
	const char *sealed = webhook_secret_make(call->api->feed_keys, id, call->mem, secret);
	enum db_result result =
		db_run(call->worker->db, QUERY_WEBHOOK_ADD,
		       DB_PARAMETERS(db_uuid(id), db_text(coach->id), db_text(wish.url), db_text(wish.types),
				     db_text(sealed), db_int(ENDPOINTS_MAX)),
		       &rows);
	if (result == DB_NONE) {
		call_problem(call, PROBLEM_INVALID_FIELD, "url",
			     "You already have 10 webhooks. Remove one first.");
	} else if (result != DB_OK) {
		call_database_failure(call, result);
	} else {
		answer_endpoint(call, coach->id, id, 201, secret);
	}
	crypto_wipe(secret, sizeof(secret));
}

void api_webhooks_change(struct call *call)
{
	COACH_LOCAL coach = NULL;
	DB_ROWS rows = {0};
	const char *id = NULL;
	struct wish wish = {.url = NULL};
	if (!read_path(call, &coach, &id) || !read_wish(call, false, &wish))
		return;
	if (found(call, db_run(call->worker->db, QUERY_WEBHOOK_CHANGE,
			       DB_PARAMETERS(db_uuid(id), db_text(coach->id), db_text(wish.url),
					     db_text(wish.types),
					     wish.active_given ? db_bool(wish.active) : db_null()),
			       &rows)))
		answer_endpoint(call, coach->id, id, 200, NULL);
}

void api_webhooks_remove(struct call *call)
{
	COACH_LOCAL coach = NULL;
	DB_ROWS rows = {0};
	const char *id = NULL;
	if (read_path(call, &coach, &id) &&
	    found(call, db_run(call->worker->db, QUERY_WEBHOOK_REMOVE,
			       DB_PARAMETERS(db_uuid(id), db_text(coach->id)), &rows)))
		reply_empty(call->reply, 204);
}

void api_webhooks_renew(struct call *call)
{
	COACH_LOCAL coach = NULL;
	DB_ROWS rows = {0};
	const char *id = NULL;
	char secret[WEBHOOK_SECRET_SIZE];
	if (!call_body(call, NULL, 0) || !read_path(call, &coach, &id) || !are_possible(call))
		return;
	const char *sealed = webhook_secret_make(call->api->feed_keys, id, call->mem, secret);
	if (found(call, db_run(call->worker->db, QUERY_WEBHOOK_RENEW,
			       DB_PARAMETERS(db_uuid(id), db_text(coach->id), db_text(sealed)), &rows)))
		answer_endpoint(call, coach->id, id, 200, secret);
	crypto_wipe(secret, sizeof(secret));
}

void api_webhooks_test(struct call *call)
{
	COACH_LOCAL coach = NULL;
	const char *id = NULL;
	DB_ROWS rows = {0};
	struct json_writer writer;
	if (!call_body(call, NULL, 0) || !read_path(call, &coach, &id))
		return;
	enum db_result result = db_run(call->worker->db, QUERY_WEBHOOK_TEST,
				       DB_PARAMETERS(db_uuid(id), db_text(coach->id)), &rows);
	if (!found(call, result))
		return;
	notices_wake(call->api->notices);
	/* What came of it stands among the deliveries: a receiver may take its time, and no request waits for
	 * it. */
	json_writer_init(&writer, reply_begin_json(call->reply, 202));
	json_write_object(&writer, NULL);
	json_write_text(&writer, "type", "webhook.test");
	json_write_text(&writer, "state", "owed");
	json_write_object_end(&writer);
}

/* ---- deliveries ---- */

static void write_delivery(struct json_writer *writer, const struct db_rows *rows, size_t row)
{
	json_write_object(writer, NULL);
	rows_write_uuid(writer, "event_id", rows, row, 0);
	json_write_text(writer, "type", db_get_text(rows, row, 1));
	json_write_text(writer, "state", db_get_text(rows, row, 2));
	json_write_integer(writer, "attempts", db_get_int(rows, row, 3));
	json_write_instant(writer, "due_at", db_get_instant(rows, row, 4));
	rows_write_instant(writer, "tried_at", rows, row, 5);
	rows_write_integer(writer, "last_status", rows, row, 6);
	rows_write_integer(writer, "last_ms", rows, row, 7);
	json_write_text(writer, "detail", db_get_text(rows, row, 8));
	json_write_object_end(writer);
}

void api_webhooks_deliveries(struct call *call)
{
	static const char *const states[] = {"owed", "sending", "delivered", "failed", "missed", NULL};
	COACH_LOCAL coach = NULL;
	const char *id = NULL;
	const char *state = request_query(call->request, "state");
	struct page page;
	DB_ROWS rows = {0};
	struct json_writer writer;
	if (!page_read(call, &page) || !read_path(call, &coach, &id))
		return;
	if (state != NULL && !is_one_of(states, state)) {
		call_problem(call, PROBLEM_BAD_PARAMETER, "state",
			     "state must be owed, sending, delivered, failed or missed.");
		return;
	}
	if (!found(call, db_run(call->worker->db, QUERY_WEBHOOK_KNOWN,
				DB_PARAMETERS(db_uuid(id), db_text(coach->id)), &rows)))
		return;
	db_rows_clear(&rows);
	enum db_result result = db_run(call->worker->db, QUERY_WEBHOOK_DELIVERIES,
				       DB_PARAMETERS(db_uuid(id), db_text(coach->id), db_text(state),
						     page_place(&page), db_int(page.limit + 1)),
				       &rows);
	if (!rows_begin_list(call, result, "deliveries", &writer))
		return;
	for (size_t row = 0; row < page_shown(&page, rows.count); row++)
		write_delivery(&writer, &rows, row);
	json_write_array_end(&writer);
	page_write_next_number(&writer, &page, &rows, 9);
	json_write_object_end(&writer);
}

static void answer_replayed(struct call *call, int64_t replayed)
{
	struct json_writer writer;
	notices_wake(call->api->notices);
	json_writer_init(&writer, reply_begin_json(call->reply, 202));
	json_write_object(&writer, NULL);
	json_write_integer(&writer, "replayed", replayed);
	json_write_object_end(&writer);
}

void api_webhooks_replay(struct call *call)
{
	COACH_LOCAL coach = NULL;
	const char *id = NULL;
	DB_ROWS rows = {0};
	if (call_body(call, NULL, 0) && read_path(call, &coach, &id) &&
	    found(call, db_run(call->worker->db, QUERY_WEBHOOK_REPLAY,
			       DB_PARAMETERS(db_uuid(id), db_text(coach->id)), &rows)))
		answer_replayed(call, db_get_int(&rows, 0, 0));
}

void api_webhooks_replay_event(struct call *call)
{
	COACH_LOCAL coach = NULL;
	const char *id = NULL;
	const char *event_id = NULL;
	DB_ROWS rows = {0};
	if (!call_body(call, NULL, 0) || !read_path(call, &coach, &id) ||
	    !call_path_uuid(call, "event", no_such, &event_id))
		return;
	if (!found(call, db_run(call->worker->db, QUERY_WEBHOOK_REPLAY_EVENT,
				DB_PARAMETERS(db_uuid(id), db_text(coach->id), db_uuid(event_id)), &rows)))
		return;
	if (strcmp(db_get_text(&rows, 0, 0), "none") == 0)
		call_problem(call, PROBLEM_NOT_FOUND, NULL,
			     "This event doesn't exist, or is no longer kept.");
	else
		answer_replayed(call, 1);
}
