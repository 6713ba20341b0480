#include "api/ops.h"

#include "api/google.h"
#include "base/json.h"

#include <string.h>

/* The listener asks the database for a sign of life every second, so this is true to about two seconds. */
static bool database_up(const struct call *call)
{
	return coaches_listening(call->api->coaches);
}

static const char *database_state(bool up, bool migrated, bool sound, enum database_trouble trouble)
{
	if (trouble != TROUBLE_NONE)
		return database_trouble_name(trouble);
	if (!up)
		return "unavailable";
	return !migrated ? "migrating" : sound ? "ok" : "unsound";
}

void api_health(struct call *call)
{
	bool up = database_up(call);
	bool migrated = atomic_load(&call->api->migrated);
	bool stopping = atomic_load(call->api->stopping);
	bool sound = atomic_load(call->api->schema_sound);
	enum database_trouble trouble = database_trouble(call->api->database);
	bool ok = up && migrated && sound && trouble == TROUBLE_NONE && !stopping;
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, ok ? 200 : 503));
	json_write_object(&writer, NULL);
	json_write_boolean(&writer, "ok", ok);
	json_write_text(&writer, "version", BOOKINGD_VERSION);
	json_write_integer(&writer, "uptime_seconds", (monotonic_ms() - call->api->started_ms) / 1000);
	json_write_object(&writer, "database");
	json_write_text(&writer, "state", database_state(up, migrated, sound, trouble));
	json_write_object_end(&writer);
	json_write_object(&writer, "google_calendar");
	struct calendar_health calendar = calendars_health(call->api->calendars);
	json_write_text(&writer, "state", calendar.state);
	google_write_abilities(&writer, &calendar.can);
	if (calendar.last_success_at != 0)
		json_write_instant(&writer, "last_success_at", calendar.last_success_at);
	else
		json_write_null(&writer, "last_success_at");
	json_write_object_end(&writer);
	json_write_text(&writer, "rate_limits", "per_process"); /* each replica counts for itself */
	json_write_text(&writer, "state", stopping ? "stopping" : ok ? "serving" : "waiting");
	json_write_object_end(&writer);
	if (!ok)
		reply_header(call->reply, "Retry-After", "2");
	reply_header(call->reply, "Cache-Control", "no-store");
}

void api_healthz(struct call *call)
{
	buffer_append_text(reply_begin_json(call->reply, 200), "{\"ok\":true}");
	reply_header(call->reply, "Cache-Control", "no-store");
}

void api_readyz(struct call *call)
{
	bool up = database_up(call) && atomic_load(&call->api->migrated);
	bool sound = atomic_load(call->api->schema_sound);
	enum database_trouble trouble = database_trouble(call->api->database);
	if (up && sound && trouble == TROUBLE_NONE && !atomic_load(call->api->stopping)) {
		api_healthz(call);
		return;
	}
	call_problem(call, PROBLEM_DATABASE_UNAVAILABLE, NULL,
		     trouble != TROUBLE_NONE
			     ? "bookingd cannot serve requests; the log says what to do about its database."
		     : up && !sound
			     ? "Nothing is booked, since the database may have lost what keeps appointments "
			       "apart; the log says what to do."
			     : "bookingd is not ready to take requests.");
	reply_header(call->reply, "Cache-Control", "no-store");
}

void api_no_such(struct call *call)
{
	call_problem(call, PROBLEM_NOT_FOUND, NULL, NULL);
}

void api_redirect(struct call *call)
{
	/*
	 * Not for good (308): what the root leads to may change. A browser takes the fragment along by
	 * itself. The query may choose the coach; a huge one has no room among the headers.
	 */
	const char *to = call->endpoint->redirect;
	const char *query = call->request->query_text;
	const char *mark = query[0] != '\0' ? "?" : "";
	reply_empty(call->reply, 302);
	if (strlen(query) > REPLY_ECHO_MAX ||
	    !reply_header_printf(call->reply, "Location", "%s%s%s", to, mark, query))
		reply_header(call->reply, "Location", to);
}

void api_metrics(struct call *call)
{
	if (call->api->metrics_apart) {
		call_problem(call, PROBLEM_NOT_FOUND, NULL, NULL);
		return;
	}
	metrics_render(call->api->metrics, reply_begin(call->reply, 200, METRICS_CONTENT_TYPE));
	reply_header(call->reply, "Cache-Control", "no-store");
}
