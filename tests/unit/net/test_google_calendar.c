#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/google_calendar.h"

#include "tiny_server.h"

enum { PLENTY_MS = 20000, LOG_MAX = 64 };
static const instant NOW = 1795000000;

#define EVENT "{\"id\":\"abcde\",\"etag\":\"\\\"1\\\"\",\"status\":\"confirmed\"}"

/* A server for tokens and calendar calls, which remembers what it was asked. */
struct fixture {
	struct tiny_server server;
	struct google_token_source *source;
	struct fetch_client *fetcher;
	struct arena mem;
	struct google_call call;
	struct google_answer answer;

	int status;                /* of calendar calls */
	const char *reply;         /* their body */
	const char *good_token;    /* any other gets 401; NULL: all are good */
	bool cut;                  /* read the request, answer nothing */
	atomic_int tokens;         /* access tokens handed out */
	atomic_int calls;          /* calendar calls */
	char lines[LOG_MAX][4096]; /* their request lines */
	char heads[LOG_MAX][4096];
	char bodies[LOG_MAX][8192];
};

static bool answer_token(struct fixture *fixture, const struct tiny_request *request)
{
	char body[200];

	snprintf(body, sizeof(body), "{\"access_token\":\"token-%d\",\"expires_in\":3599}",
		 ++fixture->tokens);
	tiny_reply(request->socket, 200, "", body);
	return true;
}

static bool answer(const struct tiny_request *request)
{
	struct fixture *fixture = request->closure;
	int index = fixture->calls;

	if (strncmp(request->head, "POST /token", 11) == 0)
		return answer_token(fixture, request);
	fixture->calls++;
	snprintf(fixture->lines[index], sizeof(fixture->lines[0]), "%.*s", (int)strcspn(request->head, "\r"),
		 request->head);
	snprintf(fixture->heads[index], sizeof(fixture->heads[0]), "%s", request->head);
	snprintf(fixture->bodies[index], sizeof(fixture->bodies[0]), "%s", request->body);
	if (fixture->good_token && !strstr(request->head, fixture->good_token)) {
		tiny_reply(request->socket, 401, "",
			   "{\"error\":{\"code\":401,\"errors\":[{\"reason\":\"authError\"}]}}");
		return true;
	}
	if (fixture->cut)
		return false;
	if (fixture->status == 204) {
		tiny_send(request->socket, "HTTP/1.1 204 No Content\r\n\r\n", 27);
		return true;
	}
	tiny_reply(request->socket, fixture->status, "Retry-After: 9\r\n", fixture->reply);
	return true;
}

static struct fixture fixture_memory; /* large, so not on the stack */

static struct fixture *begin(int status, const char *reply)
{
	struct fixture *fixture = &fixture_memory;
	struct google_oauth_client client = {.id = "id", .secret = "secret"};

	memset(fixture, 0, sizeof(*fixture));
	fixture->status = status;
	fixture->reply = reply;
	fixture->fetcher = fetch_client_new("test/1", NULL);
	tiny_start(&fixture->server, answer, fixture);
	client.token_url = arena_printf(&fixture->mem, "%s/token", fixture->server.url);
	fixture->source = google_token_source_consent(&client, "R1");
	fixture->call = (struct google_call){
		.api = arena_printf(&fixture->mem, "%s/calendar/v3", fixture->server.url),
		.fetcher = fixture->fetcher,
		.tokens = fixture->source,
		.mem = &fixture->mem,
		.now = NOW,
		.deadline = monotonic_ms() + PLENTY_MS,
	};
	return fixture;
}

static void end(struct fixture *fixture)
{
	google_token_source_free(fixture->source);
	fetch_client_free(fixture->fetcher);
	tiny_stop(&fixture->server);
	arena_clear(&fixture->mem);
}

static const struct google_event_draft draft = {
	.id = "abcde", .booking_id = "b", .start = 1795003200, .end = 1795005000, .time_zone = "UTC"};

/* Does the request line begin with this, and does its query hold each of these? */
static void expect_line(const char *line, const char *start, const char *const parts[])
{
	if (strncmp(line, start, strlen(start)) != 0)
		fail_msg("%s", line);
	for (size_t i = 0; parts[i]; i++) {
		if (!strstr(line, parts[i]))
			fail_msg("%s lacks %s", line, parts[i]);
	}
}

#define PARTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void each_call_goes_to_its_address_with_a_token(void **state)
{
	(void)state;
	struct fixture *fixture = begin(200, EVENT);
	struct google_event event;
	struct google_event_page page;
	struct google_event_query query = {.from = 1795000000, .to = 1795086400, .page_token = "p&1"};

	assert_int_equal(google_event_insert(&fixture->call, "a b/c@x", &draft, &event, &fixture->answer),
			 GOOGLE_OK);
	assert_string_equal(event.id, "abcde");
	expect_line(fixture->lines[0], "POST /calendar/v3/calendars/a%20b%2Fc%40x/events?",
		    PARTS("conferenceDataVersion=1", "&sendUpdates=all", "&fields=id,"));
	assert_non_null(strstr(fixture->heads[0], "\r\nAuthorization: Bearer token-1\r\n"));
	assert_non_null(strstr(fixture->heads[0], "\r\nContent-Type: application/json\r\n"));

	assert_int_equal(google_event_get(&fixture->call, "primary", "abcde", &event, &fixture->answer),
			 GOOGLE_OK);
	expect_line(fixture->lines[1], "GET /calendar/v3/calendars/primary/events/abcde?",
		    PARTS("fields=id,"));

	assert_int_equal(google_event_patch(&fixture->call, "primary", "abcde", GOOGLE_PART_TIME, &draft,
					    "\"7\"", &event, &fixture->answer),
			 GOOGLE_OK);
	expect_line(fixture->lines[2], "PATCH /calendar/v3/calendars/primary/events/abcde?",
		    PARTS("conferenceDataVersion=1", "&sendUpdates=all"));
	assert_non_null(strstr(fixture->heads[2], "\r\nIf-Match: \"7\"\r\n"));

	struct google_event_draft silent = draft;

	silent.silent = true;
	google_event_patch(&fixture->call, "primary", "abcde", GOOGLE_PART_TEXT, &silent, NULL, &event,
			   &fixture->answer);
	expect_line(fixture->lines[3], "PATCH ", PARTS("&sendUpdates=none"));
	assert_null(strstr(fixture->heads[3], "If-Match"));

	assert_int_equal(google_events_page(&fixture->call, "primary", &query, &page, &fixture->answer),
			 GOOGLE_OK);
	expect_line(fixture->lines[4], "GET /calendar/v3/calendars/primary/events?",
		    PARTS("singleEvents=true", "showDeleted=true", "&timeMin=2026-11-18T11:06:40Z",
			  "&timeMax=2026-11-19T11:06:40Z", "&pageToken=p%261"));
	assert_null(strstr(fixture->lines[4], "syncToken"));

	query = (struct google_event_query){.sync_token = "s="};
	assert_int_equal(google_events_page(&fixture->call, "primary", &query, &page, &fixture->answer),
			 GOOGLE_OK);
	expect_line(fixture->lines[5], "GET ", PARTS("&syncToken=s%3D"));
	assert_null(strstr(fixture->lines[5], "timeM"));

	fixture->status = 204;
	assert_int_equal(
		google_event_delete(&fixture->call, "primary", "abcde", false, "\"8\"", &fixture->answer),
		GOOGLE_OK);
	expect_line(fixture->lines[6], "DELETE /calendar/v3/calendars/primary/events/abcde?",
		    PARTS("sendUpdates=all"));
	assert_non_null(strstr(fixture->heads[6], "\r\nIf-Match: \"8\"\r\n"));

	assert_int_equal(google_channel_stop(&fixture->call, "c1", "r1", &fixture->answer), GOOGLE_OK);
	expect_line(fixture->lines[7], "POST /calendar/v3/channels/stop HTTP", PARTS(""));
	assert_string_equal(fixture->bodies[7], "{\"id\":\"c1\",\"resourceId\":\"r1\"}");
	assert_int_equal(fixture->tokens, 1);
	end(fixture);
}

static void a_channel_is_asked_for_and_its_end_is_never_unknown(void **state)
{
	(void)state;
	struct fixture *fixture = begin(200, "{\"resourceId\":\"r\",\"expiration\":\"1795100000000\"}");
	struct google_channel channel;

	assert_int_equal(google_events_watch(&fixture->call, "primary", "c1", "tok",
					     "https://book.example/hooks", 604800, &channel,
					     &fixture->answer),
			 GOOGLE_OK);
	expect_line(fixture->lines[0], "POST /calendar/v3/calendars/primary/events/watch?", PARTS(""));
	assert_string_equal(fixture->bodies[0],
			    "{\"id\":\"c1\",\"type\":\"web_hook\",\"address\":\"https://book.example/hooks\","
			    "\"token\":\"tok\",\"params\":{\"ttl\":\"604800\"}}");
	assert_string_equal(channel.resource_id, "r");
	assert_int_equal(channel.expires, 1795100000);
	fixture->reply = "{\"resourceId\":\"r\"}";
	assert_int_equal(google_events_watch(&fixture->call, "primary", "c1", "tok",
					     "https://book.example/hooks", 604800, &channel,
					     &fixture->answer),
			 GOOGLE_OK);
	assert_int_equal(channel.expires, NOW + 604800);
	end(fixture);
}

static void a_refused_token_is_replaced_and_the_call_repeated_once(void **state)
{
	(void)state;
	struct fixture *fixture = begin(200, EVENT);
	struct google_event event;

	fixture->good_token = "token-2";
	assert_int_equal(google_event_get(&fixture->call, "primary", "abcde", &event, &fixture->answer),
			 GOOGLE_OK);
	assert_int_equal(fixture->tokens, 2);
	assert_int_equal(fixture->calls, 2);
	fixture->good_token = "none is good";
	assert_int_equal(google_event_get(&fixture->call, "primary", "abcde", &event, &fixture->answer),
			 GOOGLE_UNAUTHORIZED);
	assert_int_equal(fixture->tokens, 3);
	assert_int_equal(fixture->calls, 4);
	end(fixture);
}

static void what_google_refuses_is_handed_up_and_not_repeated(void **state)
{
	(void)state;
	struct fixture *fixture =
		begin(403, "{\"error\":{\"errors\":[{\"domain\":\"usageLimits\","
			   "\"reason\":\"rateLimitExceeded\",\"message\":\"Slow\"}],\"message\":\"Slow\"}}");
	struct google_event event;

	assert_int_equal(google_event_insert(&fixture->call, "primary", &draft, &event, &fixture->answer),
			 GOOGLE_RATE_LIMITED);
	assert_int_equal(fixture->answer.retry_after, 9);
	assert_string_equal(fixture->answer.message, "Slow");
	assert_int_equal(fixture->calls, 1);
	end(fixture);
}

static void a_reply_that_cannot_be_read_may_have_been_applied(void **state)
{
	(void)state;
	static const char *const replies[] = {"<html>hello</html>", "", "{\"id\":\"abcde\"", "[]"};

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		struct fixture *fixture = begin(200, replies[i]);
		struct google_event event;
		struct google_event_page page;
		struct google_event_query query = {0};

		assert_int_equal(
			google_event_insert(&fixture->call, "primary", &draft, &event, &fixture->answer),
			GOOGLE_TEMPORARY);
		assert_true(fixture->answer.may_be_applied);
		assert_string_equal(fixture->answer.reason, "unreadable_reply");
		assert_int_equal(
			google_events_page(&fixture->call, "primary", &query, &page, &fixture->answer),
			GOOGLE_TEMPORARY);
		end(fixture);
	}
}

static void a_lost_reply_is_never_answered_by_a_second_patch(void **state)
{
	(void)state;
	struct fixture *fixture = begin(200, EVENT);
	struct google_event event;

	/* A kept connection first: only there does libcurl send again by itself. */
	assert_int_equal(google_event_get(&fixture->call, "primary", "abcde", &event, &fixture->answer),
			 GOOGLE_OK);
	fixture->cut = true;
	assert_int_equal(google_event_patch(&fixture->call, "primary", "abcde", GOOGLE_PART_TIME, &draft,
					    NULL, &event, &fixture->answer),
			 GOOGLE_TEMPORARY);
	assert_true(fixture->answer.may_be_applied);
	assert_int_equal(fixture->calls, 2);
	end(fixture);
}

static void a_dead_sync_token_is_told_from_other_trouble(void **state)
{
	(void)state;
	static const char dead[] =
		"{\"error\":{\"errors\":[{\"domain\":\"calendar\",\"reason\":\"fullSyncRequired\"}]}}";
	static const char bad[] = "{\"error\":{\"errors\":[{\"domain\":\"global\",\"reason\":\"invalid\"}]}}";
	struct fixture *fixture = begin(410, dead);
	struct google_event_query with_token = {.sync_token = "s"};
	struct google_event_query without = {0};
	struct google_event_page page;

	assert_int_equal(google_events_page(&fixture->call, "primary", &with_token, &page, &fixture->answer),
			 GOOGLE_FULL_SYNC_REQUIRED);
	fixture->status = 400;
	fixture->reply = bad;
	assert_int_equal(google_events_page(&fixture->call, "primary", &with_token, &page, &fixture->answer),
			 GOOGLE_FULL_SYNC_REQUIRED);
	assert_int_equal(google_events_page(&fixture->call, "primary", &without, &page, &fixture->answer),
			 GOOGLE_INVALID);
	end(fixture);
}

static void busy_times_are_asked_in_portions_of_sixty_days_and_fifty_calendars(void **state)
{
	(void)state;
	enum { CALENDARS = 51 };
	struct fixture *fixture =
		begin(200, "{\"calendars\":{\"c0\":{\"busy\":[{\"start\":\"2026-11-24T09:00:00Z\","
			   "\"end\":\"2026-11-24T10:00:00Z\"}]},\"c50\":{\"busy\":[]}}}");
	const char *calendars[CALENDARS];
	struct google_busy busy[CALENDARS];
	const instant from = 1795000000;

	for (int i = 0; i < CALENDARS; i++)
		calendars[i] = arena_printf(&fixture->mem, "c%d", i);
	assert_int_equal(google_busy_query(&fixture->call, calendars, CALENDARS, from,
					   from + 61 * SECONDS_PER_DAY, busy, &fixture->answer),
			 GOOGLE_OK);
	assert_int_equal(fixture->calls, 4);
	expect_line(fixture->lines[0], "POST /calendar/v3/freeBusy?", PARTS(""));
	assert_non_null(strstr(fixture->bodies[0], "{\"timeMin\":\"2026-11-18T11:06:40Z\",\"timeMax\":\"2027-"
						   "01-17T11:06:40Z\",\"items\":[{\"id\":\"c0\"},"));
	assert_non_null(strstr(fixture->bodies[0], "{\"id\":\"c49\"}]"));
	assert_string_equal(fixture->bodies[3], "{\"timeMin\":\"2027-01-17T11:06:40Z\",\"timeMax\":\"2027-01-"
						"18T11:06:40Z\",\"items\":[{\"id\":\"c50\"}]}");
	/* The same interval came twice, once in each portion of time. */
	assert_true(busy[0].known);
	assert_int_equal(busy[0].count, 1);
	assert_true(busy[50].known);
	assert_int_equal(busy[50].count, 0);
	assert_false(busy[1].known);
	assert_string_equal(busy[1].problem, "missing");

	fixture->calls = 0;
	assert_int_equal(google_busy_query(&fixture->call, calendars, 1, from, from + 60 * SECONDS_PER_DAY,
					   busy, &fixture->answer),
			 GOOGLE_OK);
	assert_int_equal(fixture->calls, 1);
	end(fixture);
}

static void one_portion_failing_fails_the_whole_busy_query(void **state)
{
	(void)state;
	struct fixture *fixture = begin(503, "<html>");
	const char *const calendars[] = {"primary"};
	struct google_busy busy[1] = {{.known = true, .problem = "untouched"}};

	assert_int_equal(
		google_busy_query(&fixture->call, calendars, 1, NOW, NOW + 3600, busy, &fixture->answer),
		GOOGLE_TEMPORARY);
	assert_string_equal(busy[0].problem, "untouched");
	end(fixture);
}

static void a_body_that_is_too_long_is_never_sent(void **state)
{
	(void)state;
	struct fixture *fixture = begin(200, EVENT);
	struct google_event_draft long_draft = draft;
	struct google_event event;
	char *text = arena_alloc(&fixture->mem, 300001);

	memset(text, 'a', 300000);
	long_draft.description = text;
	assert_int_equal(
		google_event_insert(&fixture->call, "primary", &long_draft, &event, &fixture->answer),
		GOOGLE_INVALID);
	assert_int_equal(fixture->calls, 0);
	end(fixture);
}

static int set_up(void **state)
{
	(void)state;
	return fetch_global_begin() ? 0 : 1;
}

static int tear_down(void **state)
{
	(void)state;
	fetch_global_end();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_goes_to_its_address_with_a_token),
		cmocka_unit_test(a_channel_is_asked_for_and_its_end_is_never_unknown),
		cmocka_unit_test(a_refused_token_is_replaced_and_the_call_repeated_once),
		cmocka_unit_test(what_google_refuses_is_handed_up_and_not_repeated),
		cmocka_unit_test(a_reply_that_cannot_be_read_may_have_been_applied),
		cmocka_unit_test(a_lost_reply_is_never_answered_by_a_second_patch),
		cmocka_unit_test(a_dead_sync_token_is_told_from_other_trouble),
		cmocka_unit_test(busy_times_are_asked_in_portions_of_sixty_days_and_fifty_calendars),
		cmocka_unit_test(one_portion_failing_fails_the_whole_busy_query),
		cmocka_unit_test(a_body_that_is_too_long_is_never_sent),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
