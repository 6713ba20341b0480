#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/google_auth.h"

#include "tiny_server.h"

enum { PLENTY_MS = 20000, THREADS = 24 };
static const instant NOW = 1795000000;

struct fixture {
	struct tiny_server server;
	struct google_token_source *source;
	struct fetch_client *fetcher;
	struct arena mem;
	const char *token;
	struct google_answer answer;

	/* what the server does */
	atomic_int seconds; /* expires_in */
	atomic_int status;
	_Atomic(const char *) refusal; /* with a status other than 200 */
	atomic_int hold;               /* requests are held until it is 0 */
	atomic_int held;               /* how many are */
	_Atomic(const char *) new_refresh_token;
};

static void wait_until_equal(atomic_int *value, int wanted)
{
	while (atomic_load(value) != wanted)
		usleep(1000);
}

/* The access token names the request and the refresh token it was asked with. */
static bool answer_with_token(const struct tiny_request *request)
{
	struct fixture *fixture = request->closure;
	const char *refresh = strstr(request->body, "refresh_token=R");
	const char *rotated = atomic_load(&fixture->new_refresh_token);
	char more[100] = "";
	char body[400];

	atomic_fetch_add(&fixture->held, 1);
	wait_until_equal(&fixture->hold, 0);
	if (atomic_load(&fixture->status) != 200) {
		tiny_reply(request->socket, atomic_load(&fixture->status), "",
			   atomic_load(&fixture->refusal));
		return true;
	}
	if (rotated)
		snprintf(more, sizeof(more), ",\"refresh_token\":\"%s\"", rotated);
	snprintf(body, sizeof(body),
		 "{\"access_token\":\"token-%d-%.2s\",\"expires_in\":%d,\"token_type\":\"Bearer\"%s}",
		 request->number, refresh ? refresh + strlen("refresh_token=") : "??",
		 atomic_load(&fixture->seconds), more);
	tiny_reply(request->socket, 200, "Content-Type: application/json\r\n", body);
	return true;
}

static void begin(struct fixture *fixture)
{
	char url[100];
	struct google_oauth_client client = {.id = "id", .secret = "secret", .token_url = url};

	memset(fixture, 0, sizeof(*fixture));
	atomic_store(&fixture->seconds, 3599);
	atomic_store(&fixture->status, 200);
	fixture->fetcher = fetch_client_new("test/1", NULL);
	tiny_start(&fixture->server, answer_with_token, fixture);
	snprintf(url, sizeof(url), "%s/token", fixture->server.url);
	fixture->source = google_token_source_consent(&client, "R1");
}

static void end(struct fixture *fixture)
{
	google_token_source_free(fixture->source);
	fetch_client_free(fixture->fetcher);
	tiny_stop(&fixture->server);
	arena_clear(&fixture->mem);
}

static enum google_outcome get(struct fixture *fixture, instant now)
{
	fixture->token = NULL;
	return google_token_get(fixture->source, fixture->fetcher, &fixture->mem, now,
				monotonic_ms() + PLENTY_MS, &fixture->token, &fixture->answer);
}

static int requests(struct fixture *fixture)
{
	return atomic_load(&fixture->server.requests);
}

static void refuse_with(struct fixture *fixture, int status, const char *body)
{
	atomic_store(&fixture->refusal, body);
	atomic_store(&fixture->status, status);
}

/* One of many callers, each in a thread with a client of its own. */
struct caller {
	struct fixture *fixture;
	pthread_t thread;
	instant now;
	struct arena mem;
	const char *token;
	enum google_outcome outcome;
};

static void *call_get(void *argument)
{
	struct caller *caller = argument;
	struct fetch_client *fetcher = fetch_client_new("test/1", NULL);
	struct google_answer answer;

	caller->outcome = google_token_get(caller->fixture->source, fetcher, &caller->mem, caller->now,
					   monotonic_ms() + PLENTY_MS, &caller->token, &answer);
	fetch_client_free(fetcher);
	return NULL;
}

static void start_callers(struct fixture *fixture, struct caller callers[], instant now)
{
	for (int i = 0; i < THREADS; i++) {
		callers[i] = (struct caller){.fixture = fixture, .now = now};
		pthread_create(&callers[i].thread, NULL, call_get, &callers[i]);
	}
}

static void join_callers(struct caller callers[])
{
	for (int i = 0; i < THREADS; i++)
		pthread_join(callers[i].thread, NULL);
}

static void end_callers(struct caller callers[])
{
	for (int i = 0; i < THREADS; i++)
		arena_clear(&callers[i].mem);
}

static void many_callers_without_a_token_cost_one_request(void **state)
{
	(void)state;
	struct caller callers[THREADS];
	struct fixture fixture;

	begin(&fixture);
	atomic_store(&fixture.hold, 1);
	start_callers(&fixture, callers, NOW);
	wait_until_equal(&fixture.held, 1);
	usleep(50 * 1000); /* time for the others to do wrong */
	atomic_store(&fixture.hold, 0);
	join_callers(callers);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(callers[i].outcome, GOOGLE_OK);
		assert_string_equal(callers[i].token, "token-1-R1");
	}
	assert_int_equal(requests(&fixture), 1);
	end_callers(callers);
	end(&fixture);
}

static void a_failure_is_shared_by_all_who_waited_for_it(void **state)
{
	(void)state;
	struct caller callers[THREADS];
	struct fixture fixture;

	begin(&fixture);
	refuse_with(&fixture, 400,
		    "{\"error\":\"invalid_grant\",\"error_description\":\"Token has been expired\"}");
	atomic_store(&fixture.hold, 1);
	start_callers(&fixture, callers, NOW);
	wait_until_equal(&fixture.held, 1);
	atomic_store(&fixture.hold, 0);
	join_callers(callers);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(callers[i].outcome, GOOGLE_DEAD_GRANT);
	assert_int_equal(requests(&fixture), 1);
	end_callers(callers);
	end(&fixture);
}

static void a_token_serves_until_five_minutes_before_its_end(void **state)
{
	(void)state;
	struct fixture fixture;

	begin(&fixture);
	assert_int_equal(get(&fixture, NOW), GOOGLE_OK);
	assert_string_equal(fixture.token, "token-1-R1");
	assert_int_equal(get(&fixture, NOW + 3599 - 301), GOOGLE_OK);
	assert_string_equal(fixture.token, "token-1-R1");
	assert_int_equal(requests(&fixture), 1);
	assert_int_equal(get(&fixture, NOW + 3599 - 300), GOOGLE_OK);
	assert_string_equal(fixture.token, "token-2-R1");
	end(&fixture);
}

static void a_token_of_a_minute_is_not_renewed_at_every_call(void **state)
{
	(void)state;
	struct fixture fixture;

	begin(&fixture);
	atomic_store(&fixture.seconds, 60);
	for (int i = 0; i < 30; i++)
		assert_int_equal(get(&fixture, NOW + i), GOOGLE_OK);
	assert_int_equal(requests(&fixture), 1);
	assert_int_equal(get(&fixture, NOW + 30), GOOGLE_OK);
	assert_int_equal(requests(&fixture), 2);
	end(&fixture);
}

static void while_one_renews_the_others_use_the_old_token(void **state)
{
	(void)state;
	struct caller callers[THREADS];
	struct fixture fixture;
	int old = 0;

	begin(&fixture);
	assert_int_equal(get(&fixture, NOW), GOOGLE_OK);
	atomic_store(&fixture.held, 0);
	atomic_store(&fixture.hold, 1);
	start_callers(&fixture, callers, NOW + 3400);
	wait_until_equal(&fixture.held, 1);
	/* While the renewal hangs, this one is served. */
	assert_int_equal(get(&fixture, NOW + 3400), GOOGLE_OK);
	assert_string_equal(fixture.token, "token-1-R1");
	atomic_store(&fixture.hold, 0);
	join_callers(callers);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(callers[i].outcome, GOOGLE_OK);
		old += strcmp(callers[i].token, "token-1-R1") == 0;
	}
	assert_true(old < THREADS);
	assert_int_equal(requests(&fixture), 2);
	end_callers(callers);
	end(&fixture);
}

static void an_early_renewal_that_fails_leaves_the_old_token_in_use(void **state)
{
	(void)state;
	struct fixture fixture;

	begin(&fixture);
	assert_int_equal(get(&fixture, NOW), GOOGLE_OK);
	refuse_with(&fixture, 503, "<html>");
	for (int i = 0; i < 5; i++) {
		assert_int_equal(get(&fixture, NOW + 3400), GOOGLE_OK);
		assert_string_equal(fixture.token, "token-1-R1");
	}
	assert_int_equal(requests(&fixture), 2);
	/* Once it has ended it serves no more. */
	assert_int_equal(get(&fixture, NOW + 3599), GOOGLE_TEMPORARY);
	assert_int_equal(fixture.answer.status, 503);
	assert_int_equal(requests(&fixture), 3);
	end(&fixture);
}

static void after_a_dead_grant_nothing_is_sent(void **state)
{
	(void)state;
	struct fixture fixture;

	begin(&fixture);
	refuse_with(&fixture, 400,
		    "{\"error\":\"invalid_grant\",\"error_description\":\"Token has been expired\"}");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(get(&fixture, NOW + i), GOOGLE_DEAD_GRANT);
		assert_string_equal(fixture.answer.reason, "invalid_grant");
		assert_string_equal(fixture.answer.message, "Token has been expired");
	}
	assert_int_equal(requests(&fixture), 1);
	end(&fixture);
}

static void a_refused_token_is_renewed_once_however_many_report_it(void **state)
{
	(void)state;
	struct fixture fixture;

	begin(&fixture);
	assert_int_equal(get(&fixture, NOW), GOOGLE_OK);
	google_token_refused(fixture.source, "token-1-R1");
	assert_int_equal(get(&fixture, NOW), GOOGLE_OK);
	assert_string_equal(fixture.token, "token-2-R1");
	google_token_refused(fixture.source, "token-1-R1");
	assert_int_equal(get(&fixture, NOW), GOOGLE_OK);
	assert_string_equal(fixture.token, "token-2-R1");
	assert_int_equal(requests(&fixture), 2);
	end(&fixture);
}

static void a_caller_waits_for_anothers_renewal_no_longer_than_its_deadline(void **state)
{
	(void)state;
	struct caller callers[THREADS];
	struct fixture fixture;

	begin(&fixture);
	atomic_store(&fixture.hold, 1);
	start_callers(&fixture, callers, NOW);
	wait_until_equal(&fixture.held, 1);
	assert_int_equal(google_token_get(fixture.source, fixture.fetcher, &fixture.mem, NOW,
					  monotonic_ms() + 50, &fixture.token, &fixture.answer),
			 GOOGLE_TEMPORARY);
	assert_string_equal(fixture.answer.reason, "timeout");
	atomic_store(&fixture.hold, 0);
	join_callers(callers);
	assert_int_equal(requests(&fixture), 1);
	end_callers(callers);
	end(&fixture);
}

static void a_new_refresh_token_is_used_and_handed_out_once(void **state)
{
	(void)state;
	struct fixture fixture;

	begin(&fixture);
	assert_null(google_token_rotated(fixture.source, &fixture.mem));
	atomic_store(&fixture.new_refresh_token, "R9");
	assert_int_equal(get(&fixture, NOW), GOOGLE_OK);
	assert_string_equal(google_token_rotated(fixture.source, &fixture.mem), "R9");
	assert_null(google_token_rotated(fixture.source, &fixture.mem));
	google_token_refused(fixture.source, fixture.token);
	assert_int_equal(get(&fixture, NOW), GOOGLE_OK);
	assert_string_equal(fixture.token, "token-2-R9");
	/* The same one again is nothing new. */
	assert_null(google_token_rotated(fixture.source, &fixture.mem));
	end(&fixture);
}

static void a_page_instead_of_a_token_is_temporary(void **state)
{
	(void)state;
	struct fixture fixture;

	begin(&fixture);
	atomic_store(&fixture.seconds, 0);
	assert_int_equal(get(&fixture, NOW), GOOGLE_TEMPORARY);
	assert_string_equal(fixture.answer.reason, "unreadable_reply");
	assert_null(fixture.token);
	end(&fixture);
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
		cmocka_unit_test(many_callers_without_a_token_cost_one_request),
		cmocka_unit_test(a_failure_is_shared_by_all_who_waited_for_it),
		cmocka_unit_test(a_token_serves_until_five_minutes_before_its_end),
		cmocka_unit_test(a_token_of_a_minute_is_not_renewed_at_every_call),
		cmocka_unit_test(while_one_renews_the_others_use_the_old_token),
		cmocka_unit_test(an_early_renewal_that_fails_leaves_the_old_token_in_use),
		cmocka_unit_test(after_a_dead_grant_nothing_is_sent),
		cmocka_unit_test(a_refused_token_is_renewed_once_however_many_report_it),
		cmocka_unit_test(a_caller_waits_for_anothers_renewal_no_longer_than_its_deadline),
		cmocka_unit_test(a_new_refresh_token_is_used_and_handed_out_once),
		cmocka_unit_test(a_page_instead_of_a_token_is_temporary),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
