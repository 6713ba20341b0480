#include "api/sources.h"

#include "api/coach.h"
#include "api/rows.h"
#include "base/json.h"
#include "calendar/account.h"
#include "calendar/sources.h"

#include <string.h>

enum { ADDED_WAIT_MS = 8000 }; /* for the first reading, so that the coach sees at once what came of it */

static void write_source(struct json_writer *writer, const struct source *source)
{
	json_write_object(writer, NULL);
	json_write_text(writer, "id", source->id);
	json_write_text(writer, "kind", source->kind);
	json_write_text(writer, "name", source->name);
	json_write_boolean(writer, "blocks", source->blocks);
	json_write_boolean(writer, "write", source->writes);
	json_write_text(writer, "state", source->state);
	json_write_text(writer, "detail", source->detail);
	json_write_integer(writer, "events", source->events);
	if (source->last_success_at != 0)
		json_write_instant(writer, "last_success_at", source->last_success_at);
	else
		json_write_null(writer, "last_success_at");
	json_write_object_end(writer);
}

static const char no_such[] = "This calendar couldn't be found.";

/* Answer with this one; where it was added (201), with its address. */
static void answer_source(struct call *call, const char *coach_id, const char *id, unsigned status)
{
	struct source *sources = NULL;
	size_t count = 0;
	enum db_result result = source_list(call->worker, coach_id, call->mem, &sources, &count);
	if (result != DB_OK) {
		call_database_failure(call, result);
		return;
	}
	size_t place = 0;
	while (place < count && strcmp(sources[place].id, id) != 0)
		place++;
	if (place == count) {
		call_problem(call, PROBLEM_NOT_FOUND, NULL, no_such);
		return;
	}
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, status));
	write_source(&writer, &sources[place]);
	if (status == 201)
		reply_header_printf(call->reply, "Location", "/coach/%s/calendars/%s", coach_id, id);
}

void api_sources_list(struct call *call)
{
	COACH_LOCAL coach = NULL;
	struct source *sources = NULL;
	size_t count = 0;
	struct json_writer writer;
	if (!api_coach_find(call, &coach) ||
	    !rows_begin_list(call, source_list(call->worker, coach->id, call->mem, &sources, &count),
			     "calendars", &writer))
		return;
	for (size_t i = 0; i < count; i++)
		write_source(&writer, &sources[i]);
	json_write_array_end(&writer);
	json_write_object_end(&writer);
}

/* The fields that make sense for the kind only. False: answered. */
static bool kind_fits(struct call *call, const struct source_wish *wish, bool write)
{
	const bool is_caldav = strcmp(wish->kind, "caldav") == 0;
	const char *field = NULL;
	const char *detail = NULL;
	if (!is_caldav && strcmp(wish->kind, "ical") != 0) {
		field = "kind";
		detail = "kind must be ical (a calendar that is published as a feed) or caldav.";
	} else if (write && !is_caldav) {
		field = "write";
		detail = "A feed can be read only; write must be false.";
	} else if (is_caldav && wish->user == NULL) {
		field = "user";
		detail = "user is required for a CalDAV server.";
	} else if (is_caldav && wish->password == NULL) {
		field = "password";
		detail = "password is required for a CalDAV server.";
	} else if (!is_caldav && (wish->user != NULL || wish->password != NULL)) {
		field = wish->user != NULL ? "user" : "password";
		detail = "A feed takes neither a user nor a password.";
	}
	if (detail != NULL)
		call_problem(call, PROBLEM_INVALID_FIELD, field, detail);
	return detail == NULL;
}

/* One line of printable text that fits. False: answered. */
static bool credential_fits(struct call *call, const char *field, const char *text)
{
	const char *c = text != NULL ? text : "";
	if (strlen(c) <= SOURCE_USER_MAX) {
		while ((unsigned char)*c >= 0x20 && *c != 0x7F)
			c++;
		if (*c == '\0')
			return true;
	}
	call_problem(call, PROBLEM_INVALID_FIELD, field, "It's too long, or isn't a single line of text.");
	return false;
}

/* False: refused. */
static bool read_wish(struct call *call, struct source_wish *wish, bool *ret_write)
{
	const char *url = NULL;
	bool write = false;
	const struct json_field fields[] = {
		{"kind", JSON_FIELD_TEXT, true, 1, 20, &wish->kind, NULL},
		{"url", JSON_FIELD_TEXT, true, 1, SOURCE_ADDRESS_MAX, &url, NULL},
		{"user", JSON_FIELD_TEXT, false, 1, SOURCE_USER_MAX, &wish->user, NULL},
		{"password", JSON_FIELD_TEXT, false, 1, SOURCE_USER_MAX, &wish->password, NULL},
		{"name", JSON_FIELD_LINE, false, 1, SOURCE_NAME_MAX, &wish->name, NULL},
		{"blocks", JSON_FIELD_BOOLEAN, false, 0, 1, &wish->blocks, NULL},
		{"write", JSON_FIELD_BOOLEAN, false, 0, 1, &write, NULL},
	};
	const char *host = NULL;
	const char *reason = NULL;
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])) || !kind_fits(call, wish, write) ||
	    !credential_fits(call, "user", wish->user) || !credential_fits(call, "password", wish->password))
		return false;
	if (strlen(url) <= SOURCE_ADDRESS_MAX)
		wish->address =
			source_address(call->api->sources, wish->kind, url, call->mem, &host, &reason);
	if (wish->address == NULL)
		call_problem(call, PROBLEM_INVALID_FIELD, "url",
			     reason != NULL ? reason : "url is too long.");
	else if (wish->name == NULL)
		wish->name = host;
	*ret_write = write;
	return wish->address != NULL;
}

/* Appointments are written to one calendar only. False: answered. */
static bool find_writable(struct call *call, const char *coach_id, struct source_wish *wish)
{
	struct calendar_status status;
	const char *reason = NULL;
	enum db_result result =
		calendar_status(call->api->calendars, call->worker, coach_id, call->mem, &status);
	if (result != DB_OK) {
		call_database_failure(call, result);
		return false;
	}
	if (status.calendar_count > 0) {
		call_problem(call, PROBLEM_INVALID_FIELD, "write",
			     "Your sessions already go into another calendar. Disconnect that one first.");
		return false;
	}
	wish->write_url = source_writable(call->api->sources, call->worker, wish,
					  monotonic_ms() + ADDED_WAIT_MS, call->mem, &reason);
	if (wish->write_url == NULL)
		call_problem(call, PROBLEM_INVALID_FIELD, "url", reason);
	return wish->write_url != NULL;
}

void api_sources_add(struct call *call)
{
	COACH_LOCAL coach = NULL;
	struct source_wish wish = {.blocks = true};
	bool write = false;
	char id[UUID_TEXT_SIZE];
	if (!api_coach_find(call, &coach))
		return;
	if (!sources_possible(call->api->sources)) {
		call_problem(call, PROBLEM_NOT_FOUND, NULL,
			     "Other calendars can't be added here: the server needs TOKEN_ENCRYPTION_KEY.");
		return;
	}
	if (!read_wish(call, &wish, &write) || (write && !find_writable(call, coach->id, &wish)))
		return;
	enum db_result result =
		source_add(call->api->sources, call->worker, coach->id, &wish, call->request->now, id);
	if (result == DB_NONE) {
		call_problem(call, PROBLEM_INVALID_FIELD, "url",
			     "You already have 20 calendars. Remove one first.");
		return;
	}
	if (result == DB_DUPLICATE) {
		call_problem(call, PROBLEM_INVALID_FIELD, "write",
			     "Your sessions already go into another calendar. Disconnect that one first.");
		return;
	}
	if (result == DB_OK && write)
		calendar_account_changed(call->api->calendars, coach->id);
	if (result == DB_OK)
		result = source_refresh(call->api->sources, call->worker, coach->id, id, call->request->now,
					monotonic_ms() + ADDED_WAIT_MS);
	if (result != DB_OK && result != DB_NONE) {
		call_database_failure(call, result);
		return;
	}
	coaches_changed(call->api->coaches, coach->id);
	answer_source(call, coach->id, id, 201);
}

void api_sources_remove(struct call *call)
{
	COACH_LOCAL coach = NULL;
	const char *id = NULL;
	if (!api_coach_find(call, &coach) || !call_path_uuid(call, "id", no_such, &id))
		return;
	bool wrote;
	enum db_result result = source_remove(call->worker, coach->id, id, &wrote);
	if (!call_found(call, result, no_such))
		return;
	if (wrote)
		calendar_account_changed(call->api->calendars, coach->id);
	coaches_changed(call->api->coaches, coach->id);
	reply_empty(call->reply, 204);
}

void api_sources_refresh(struct call *call)
{
	COACH_LOCAL coach = NULL;
	const char *id = NULL;
	if (!api_coach_find(call, &coach) || !call_path_uuid(call, "id", no_such, &id))
		return;
	enum db_result result = source_refresh(call->api->sources, call->worker, coach->id, id,
					       call->request->now, monotonic_ms() + ADDED_WAIT_MS);
	if (result != DB_OK && result != DB_NONE) {
		call_database_failure(call, result);
		return;
	}
	coaches_changed(call->api->coaches, coach->id);
	answer_source(call, coach->id, id, 200);
}
