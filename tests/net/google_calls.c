/*
 * google_calls - makes Google calls as a test tells it: one JSON object a line in, one answer a line out.
 *
 * For google.test.mjs, which holds the network layer against the stand-in before any use case is in the way.
 * The first line says who to be: {"api", "key" or "client" and "refresh_token", "subject"}; the others {"do",
 * "ms", ...}.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "net/google_calendar.h"

struct session {
	struct fetch_client *fetcher;
	struct google_token_source *tokens;
	struct google_oauth_client client;
	struct google_call call;
	json_t *command;
	json_t *out;
	struct google_answer answer;
	struct google_event event;
};

static const char *text(const struct session *session, const char *name)
{
	return json_string_value(json_object_get(session->command, name));
}

static instant moment(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));
	instant at = 0;

	if (value && !instant_parse(value, strlen(value), &at))
		exit(2);
	return at;
}

static void put(json_t *object, const char *name, json_t *value)
{
	json_object_set_new(object, name, value);
}

static void put_text(json_t *object, const char *name, const char *value)
{
	put(object, name, value ? json_string(value) : json_null());
}

static void put_instant(json_t *object, const char *name, instant at)
{
	char value[INSTANT_TEXT_BYTES];

	instant_format(at, value);
	put_text(object, name, value);
}

static json_t *event_json(const struct google_event *event)
{
	static const char *const statuses[] = {"confirmed", "tentative", "cancelled"};
	static const char *const conferences[] = {"none", "pending", "success", "failure"};
	static const char *const responses[] = {"needsAction", "declined", "tentative", "accepted"};
	json_t *object = json_object();
	json_t *attendees = json_array();

	put_text(object, "id", event->id);
	put_text(object, "status", statuses[event->status]);
	put_text(object, "etag", event->etag);
	put(object, "all_day", json_boolean(event->all_day));
	if (event->has_time) {
		put_instant(object, "start", event->start);
		put_instant(object, "end", event->end);
	}
	put_text(object, "time_zone", event->time_zone);
	put(object, "transparent", json_boolean(event->transparent));
	put_text(object, "meet_url", event->meet_url);
	put_text(object, "conference", conferences[event->conference]);
	put_text(object, "html_link", event->html_link);
	put_text(object, "booking_id", event->booking_id);
	for (size_t i = 0; i < event->attendee_count; i++) {
		json_t *attendee = json_object();

		put_text(attendee, "email", event->attendees[i].email);
		put_text(attendee, "response", responses[event->attendees[i].response]);
		json_array_append_new(attendees, attendee);
	}
	put(object, "attendees", attendees);
	return object;
}

static struct google_event_draft read_draft(struct session *session, struct google_guest guests[8])
{
	static const int minutes[] = {10};
	const json_t *object = json_object_get(session->command, "draft");
	const json_t *list = json_object_get(object, "guests");
	struct google_event_draft draft = {
		.id = json_string_value(json_object_get(object, "id")),
		.booking_id = json_string_value(json_object_get(object, "booking_id")),
		.summary = json_string_value(json_object_get(object, "summary")),
		.description = json_string_value(json_object_get(object, "description")),
		.start = moment(object, "start"),
		.end = moment(object, "end"),
		.time_zone = json_string_value(json_object_get(object, "time_zone")),
		.guests = guests,
		.guest_count = json_array_size(list),
		.conference_request = json_string_value(json_object_get(object, "conference_request")),
		.popup_reminders = minutes,
		.popup_reminder_count = 1,
		.silent = json_is_true(json_object_get(object, "silent")),
	};

	for (size_t i = 0; i < draft.guest_count && i < 8; i++)
		guests[i] = (struct google_guest){.email = json_string_value(json_array_get(list, i))};
	return draft;
}

/* --- Each function makes one call and says whether session->event was filled ----------------------- */

static bool do_insert(struct session *session)
{
	struct google_guest guests[8];
	struct google_event_draft draft = read_draft(session, guests);

	return google_event_insert(&session->call, text(session, "calendar"), &draft, &session->event,
				   &session->answer) == GOOGLE_OK;
}

static bool do_get(struct session *session)
{
	return google_event_get(&session->call, text(session, "calendar"), text(session, "event"),
				&session->event, &session->answer) == GOOGLE_OK;
}

static bool do_patch(struct session *session)
{
	struct google_guest guests[8];
	struct google_event_draft draft = read_draft(session, guests);
	unsigned parts = (unsigned)json_integer_value(json_object_get(session->command, "parts"));

	return google_event_patch(&session->call, text(session, "calendar"), text(session, "event"), parts,
				  &draft, text(session, "if_match"), &session->event,
				  &session->answer) == GOOGLE_OK;
}

static bool do_delete(struct session *session)
{
	google_event_delete(&session->call, text(session, "calendar"), text(session, "event"), false,
			    text(session, "if_match"), &session->answer);
	return false;
}

static bool do_page(struct session *session)
{
	struct google_event_query query = {
		.from = moment(session->command, "from"),
		.to = moment(session->command, "to"),
		.sync_token = text(session, "sync_token"),
		.page_token = text(session, "page_token"),
	};
	struct google_event_page page;
	json_t *events = json_array();

	if (google_events_page(&session->call, text(session, "calendar"), &query, &page, &session->answer) ==
	    GOOGLE_OK) {
		for (size_t i = 0; i < page.count; i++)
			json_array_append_new(events, event_json(&page.events[i]));
		put_text(session->out, "next_page", page.next_page);
		put_text(session->out, "next_sync", page.next_sync);
		put_text(session->out, "time_zone", page.time_zone);
		put_text(session->out, "title", page.title);
		put_text(session->out, "access_role", page.access_role);
	}
	put(session->out, "events", events);
	return false;
}

static bool do_busy(struct session *session)
{
	const json_t *list = json_object_get(session->command, "calendars");
	size_t count = json_array_size(list);
	const char **calendars = arena_array(session->call.mem, count, sizeof(*calendars));
	struct google_busy *busy = arena_array(session->call.mem, count, sizeof(*busy));
	json_t *all = json_array();

	for (size_t i = 0; i < count; i++)
		calendars[i] = json_string_value(json_array_get(list, i));
	if (google_busy_query(&session->call, calendars, count, moment(session->command, "from"),
			      moment(session->command, "to"), busy, &session->answer) != GOOGLE_OK)
		count = 0;
	for (size_t i = 0; i < count; i++) {
		json_t *one = json_object();
		json_t *items = json_array();

		put(one, "known", json_boolean(busy[i].known));
		put_text(one, "problem", busy[i].problem);
		for (size_t k = 0; k < busy[i].count; k++) {
			json_t *item = json_object();

			put_instant(item, "start", busy[i].items[k].start);
			put_instant(item, "end", busy[i].items[k].end);
			json_array_append_new(items, item);
		}
		put(one, "items", items);
		json_array_append_new(all, one);
	}
	put(session->out, "busy", all);
	return false;
}

static bool do_watch(struct session *session)
{
	struct google_channel channel;

	if (google_events_watch(&session->call, text(session, "calendar"), text(session, "channel"),
				text(session, "token"), text(session, "address"), SECONDS_PER_DAY, &channel,
				&session->answer) == GOOGLE_OK) {
		put_text(session->out, "resource_id", channel.resource_id);
		put_instant(session->out, "expires", channel.expires);
	}
	return false;
}

static bool do_stop(struct session *session)
{
	google_channel_stop(&session->call, text(session, "channel"), text(session, "resource_id"),
			    &session->answer);
	return false;
}

static bool do_consent_url(struct session *session)
{
	char verifier[GOOGLE_VERIFIER_BYTES];

	google_consent_verifier(verifier);
	put_text(session->out, "verifier", verifier);
	put_text(session->out, "url",
		 google_consent_url(session->call.mem, &session->client, text(session, "state"), verifier));
	return false;
}

static bool do_exchange(struct session *session)
{
	struct google_grant grant;

	if (google_consent_exchange(session->fetcher, session->call.mem, &session->client,
				    text(session, "code"), text(session, "verifier"), session->call.deadline,
				    &grant, &session->answer) == GOOGLE_OK) {
		put_text(session->out, "refresh_token", grant.refresh_token);
		put(session->out, "read_busy", json_boolean(grant.read_busy));
		put(session->out, "write_events", json_boolean(grant.write_events));
		google_token_source_free(session->tokens);
		session->tokens = google_token_source_consent(&session->client, grant.refresh_token);
		session->call.tokens = session->tokens;
	}
	return false;
}

static bool do_revoke(struct session *session)
{
	google_consent_revoke(session->fetcher, session->call.mem, &session->client,
			      text(session, "refresh_token"), session->call.deadline, &session->answer);
	return false;
}

static const struct {
	const char *name;
	bool (*run)(struct session *session);
} verbs[] = {
	{"insert", do_insert},     {"get", do_get},       {"patch", do_patch},
	{"delete", do_delete},     {"page", do_page},     {"busy", do_busy},
	{"watch", do_watch},       {"stop", do_stop},     {"consent_url", do_consent_url},
	{"exchange", do_exchange}, {"revoke", do_revoke},
};

static void run(struct session *session)
{
	json_t *ms = json_object_get(session->command, "ms");

	session->call.now = instant_now();
	session->call.deadline = monotonic_ms() + (ms ? json_integer_value(ms) : 10000);
	google_answer_set(&session->answer, GOOGLE_OK, "");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, text(session, "do")) == 0 && verbs[i].run(session))
			put(session->out, "event", event_json(&session->event));
	}
	put_text(session->out, "outcome", google_outcome_name(session->answer.outcome));
	put_text(session->out, "reason", session->answer.reason);
	put_text(session->out, "message", session->answer.message);
	put_text(session->out, "remedy", google_remedy(&session->answer));
	put(session->out, "status", json_integer(session->answer.status));
	put(session->out, "retry_after", json_integer(session->answer.retry_after));
	put(session->out, "may_be_applied", json_boolean(session->answer.may_be_applied));
	put(session->out, "refused_meet", json_boolean(google_refused_meet(&session->answer)));
	put(session->out, "refused_guests", json_boolean(google_refused_guests(&session->answer)));
}

static void sign_in(struct session *session, struct arena *mem, const json_t *who)
{
	const char *key = json_string_value(json_object_get(who, "key"));
	const json_t *client = json_object_get(who, "client");
	struct google_service_account account;

	session->call.api = arena_strdup(mem, json_string_value(json_object_get(who, "api")));
	if (key) {
		const char *problem = google_service_account_read(mem, key, &account);

		if (problem) {
			fprintf(stderr, "%s\n", problem);
			exit(2);
		}
		session->tokens = google_token_source_service_account(
			&account, json_string_value(json_object_get(who, "subject")));
	} else {
		session->client = (struct google_oauth_client){
			.id = arena_strdup(mem, json_string_value(json_object_get(client, "id"))),
			.secret = arena_strdup(mem, json_string_value(json_object_get(client, "secret"))),
			.auth_url = arena_strdup(mem, json_string_value(json_object_get(client, "auth_url"))),
			.token_url =
				arena_strdup(mem, json_string_value(json_object_get(client, "token_url"))),
			.revoke_url =
				arena_strdup(mem, json_string_value(json_object_get(client, "revoke_url"))),
			.redirect_url =
				arena_strdup(mem, json_string_value(json_object_get(client, "redirect_url"))),
		};
		session->tokens = google_token_source_consent(&session->client, "none yet");
	}
	session->call.tokens = session->tokens;
}

int main(void)
{
	struct arena life = ARENA_EMPTY;
	struct arena mem = ARENA_EMPTY;
	struct session session = {0};
	char *line = NULL;
	size_t size = 0;
	bool signed_in = false;

	if (!fetch_global_begin())
		return 2;
	session.fetcher = fetch_client_new("bookingd/test", NULL);
	session.call.fetcher = session.fetcher;
	session.call.mem = &mem;
	while (getline(&line, &size, stdin) > 0) {
		session.command = json_loads(line, 0, NULL);
		if (!signed_in) {
			sign_in(&session, &life, session.command);
			signed_in = true;
		} else {
			session.out = json_object();
			run(&session);
			json_dumpf(session.out, stdout, JSON_COMPACT);
			putchar('\n');
			fflush(stdout);
			json_decref(session.out);
		}
		json_decref(session.command);
		arena_reset(&mem);
	}
	free(line);
	google_token_source_free(session.tokens);
	fetch_client_free(session.fetcher);
	fetch_global_end();
	arena_clear(&mem);
	arena_clear(&life);
	return 0;
}
