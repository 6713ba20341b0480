#include "api/google.h"

#include "api/coach.h"
#include "base/json.h"
#include "base/uuid.h"
#include "calendar/push.h"

#include <string.h>

static void write_ability(struct json_writer *writer, const char *name, struct calendar_ability ability)
{
	if (ability.known)
		json_write_boolean(writer, name, ability.can);
	else
		json_write_null(writer, name);
}

void google_write_abilities(struct json_writer *writer, const struct calendar_abilities *can)
{
	json_write_object(writer, "can");
	write_ability(writer, "read_busy", can->read_busy);
	write_ability(writer, "write_events", can->write_events);
	write_ability(writer, "invite_guests", can->invite_guests);
	write_ability(writer, "create_meet", can->create_meet);
	json_write_object_end(writer);
}

void api_google_status(struct call *call)
{
	COACH_LOCAL coach = NULL;
	struct calendar_status status;
	struct json_writer writer;
	if (!api_coach_find(call, &coach))
		return;
	enum db_result result =
		calendar_status(call->api->calendars, call->worker, coach->id, call->mem, &status);
	if (result != DB_OK) {
		call_database_failure(call, result);
		return;
	}
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	json_write_object(&writer, NULL);
	json_write_text(&writer, "mode", status.mode);
	json_write_text(&writer, "account", status.account);
	json_write_array(&writer, "calendars");
	for (size_t i = 0; i < status.calendar_count; i++) {
		json_write_object(&writer, NULL);
		json_write_text(&writer, "id", status.calendars[i].id);
		json_write_boolean(&writer, "write", status.calendars[i].writes);
		json_write_object_end(&writer);
	}
	json_write_array_end(&writer);
	google_write_abilities(&writer, &status.can);
	json_write_text(&writer, "state", status.state);
	json_write_text(&writer, "detail", status.detail);
	if (status.last_success_at != 0)
		json_write_instant(&writer, "last_success_at", status.last_success_at);
	else
		json_write_null(&writer, "last_success_at");
	json_write_integer(&writer, "pending", status.pending);
	json_write_integer(&writer, "failed", status.failed);
	json_write_object_end(&writer);
}

/* Binds a consent to the browser that began it. Sent to the callback alone, on the way back from Google too.
 */
static const char *const consent_cookie = "bookingd_consent";

/* Where browsers find us below their host; "" at its root. */
static const char *public_path(const struct call *call)
{
	const char *public_url = call->api->public_url; /* without it no consent is offered */
	const char *host = public_url != NULL ? strstr(public_url, "://") : NULL;
	const char *path = host != NULL ? strchr(host + 3, '/') : NULL;
	return path != NULL ? path : "";
}

static void put_cookie(struct call *call, const char *value, int seconds_left)
{
	const char *public_url = call->api->public_url;
	bool secure = public_url != NULL && strncmp(public_url, "https://", 8) == 0;
	reply_header_printf(call->reply, "Set-Cookie",
			    "%s=%s; Path=%s/oauth/google/callback; Max-Age=%d; HttpOnly; SameSite=Lax%s",
			    consent_cookie, value, public_path(call), seconds_left, secure ? "; Secure" : "");
}

void api_google_connect(struct call *call)
{
	COACH_LOCAL coach = NULL;
	struct json_writer writer;
	if (!api_coach_find(call, &coach))
		return;
	if (!calendar_consent_possible(call->api->calendars)) {
		call_problem(
			call, PROBLEM_NOT_FOUND, NULL,
			"Google Calendar can't be connected here: the server needs GOOGLE_OAUTH_CLIENT_ID, "
			"TOKEN_ENCRYPTION_KEY and PUBLIC_URL.");
		return;
	}
	struct calendar_consent consent;
	enum db_result result = calendar_connect(call->api->calendars, call->worker, coach->id,
						 call->request->now, call->mem, &consent);
	if (result != DB_OK) {
		call_database_failure(call, result);
		return;
	}
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	json_write_object(&writer, NULL);
	json_write_text(&writer, "url", consent.url);
	json_write_object_end(&writer);
	put_cookie(call, consent.browser, CALENDAR_CONSENT_SECONDS);
}

void api_google_disconnect(struct call *call)
{
	COACH_LOCAL coach = NULL;
	if (!api_coach_find(call, &coach))
		return;
	enum db_result result = calendar_disconnect(call->api->calendars, call->worker, coach->id,
						    call_deadline(call), call->mem);
	if (result != DB_OK)
		call_database_failure(call, result);
	else
		reply_empty(call->reply, 204);
}

void api_google_retry(struct call *call)
{
	COACH_LOCAL coach = NULL;
	int64_t retried;
	struct json_writer writer;
	if (!api_coach_find(call, &coach))
		return;
	enum db_result result = calendar_retry(call->api->calendars, call->worker, coach->id, &retried);
	if (result != DB_OK) {
		call_database_failure(call, result);
		return;
	}
	json_writer_init(&writer, reply_begin_json(call->reply, 202));
	json_write_object(&writer, NULL);
	json_write_integer(&writer, "retried", retried);
	json_write_object_end(&writer);
}

/* The browser has no identity to show here: the state says for which coach this is, is signed, and names the
 * cookie that the browser got when it began. */
void api_google_callback(struct call *call)
{
	const struct request *request = call->request;
	struct calendar_callback callback = {
		.state = request_query(request, "state"),
		.code = request_query(request, "code"),
		.error = request_query(request, "error"),
		.browser = request_cookie(request, consent_cookie, call->mem),
	};
	const char *word = calendar_consent_received(call->api->calendars, call->worker, &callback,
						     request->now, call_deadline(call), call->mem);
	reply_empty(call->reply, 302);
	reply_header_printf(call->reply, "Location", "%s/coach/?google=%s", public_path(call), word);
	/* The address holds the code and the state: neither is to be told to anybody. */
	reply_header(call->reply, "Referrer-Policy", "no-referrer");
	/* The cookie may be of another consent, which this browser has begun since. */
	if (strcmp(word, "bad_state") != 0)
		put_cookie(call, "", 0);
}

static struct push push_of(const struct request *request)
{
	return (struct push){
		.channel_id = request_header(request, "X-Goog-Channel-ID"),
		.token = request_header(request, "X-Goog-Channel-Token"),
		.resource_id = request_header(request, "X-Goog-Resource-ID"),
		.state = request_header(request, "X-Goog-Resource-State"),
	};
}

static const char no_channel[] = "There is no such channel.";
static const char no_push[] = "The channel's token or resource is another.";

bool api_google_hook_early(struct call *call)
{
	const struct push push = push_of(call->request);
	if (push_is_genuine(call->api->calendars, &push))
		return false;
	if (push.channel_id == NULL || !uuid_parse(push.channel_id, strlen(push.channel_id), NULL))
		call_problem(call, PROBLEM_NOT_FOUND, NULL, no_channel);
	else
		call_problem(call, PROBLEM_FORBIDDEN, NULL, no_push);
	return true;
}

void api_google_hook(struct call *call)
{
	const struct push push = push_of(call->request);
	switch (calendar_pushed(call->api->calendars, call->worker, &push)) {
	case PUSH_ACCEPTED:
		reply_empty(call->reply, 204);
		return;
	case PUSH_UNKNOWN:
		call_problem(call, PROBLEM_NOT_FOUND, NULL, no_channel);
		return;
	case PUSH_REFUSED:
		call_problem(call, PROBLEM_FORBIDDEN, NULL, no_push);
		return;
	case PUSH_UNAVAILABLE:
		call_database_failure(call, DB_UNAVAILABLE);
		return;
	}
}
