#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/google.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct fetch_reply replied(int status, const char *body)
{
	return (struct fetch_reply){
		.failure = FETCH_OK,
		.sent = true,
		.status = status,
		.body = (char *)body,
		.body_length = strlen(body),
	};
}

/* The envelope as Google writes it, with one error in it. */
#define ENVELOPE(code, domain, reason, message)                                                              \
	"{\"error\":{\"errors\":[{\"domain\":\"" domain "\",\"reason\":\"" reason                            \
	"\",\"message\":\"" message "\"}],\"code\":" #code ",\"message\":\"" message "\"}}"

#define HTML "<!DOCTYPE html>\n<html lang=en><title>Error</title><p><b>That's an error.</b>"

struct row {
	int status;
	const char *body;
	enum google_outcome outcome;
	const char *reason;
	bool may_be_applied;
};

static const struct row event_rows[] = {
	{200, "{}", GOOGLE_OK, "", false},
	{204, "", GOOGLE_OK, "", false},
	{400, ENVELOPE(400, "global", "invalid", "Invalid Value"), GOOGLE_INVALID, "invalid", false},
	{400, ENVELOPE(400, "global", "required", "Missing end time."), GOOGLE_INVALID, "required", false},
	{400, ENVELOPE(400, "calendar", "timeRangeEmpty", "The specified time range is empty."),
	 GOOGLE_INVALID, "timeRangeEmpty", false},
	{400, ENVELOPE(400, "global", "timeRangeTooLong", "The requested time range is too long."),
	 GOOGLE_INVALID, "timeRangeTooLong", false},
	{400, ENVELOPE(400, "global", "badRequest", "Bad Request"), GOOGLE_INVALID, "badRequest", false},
	{400, HTML, GOOGLE_INVALID, "not_google", false},
	{401, ENVELOPE(401, "global", "authError", "Invalid Credentials"), GOOGLE_UNAUTHORIZED, "authError",
	 false},
	{401,
	 "{\"error\":{\"code\":401,\"message\":\"Request is missing required authentication credential.\","
	 "\"errors\":[{\"message\":\"Login Required.\",\"domain\":\"global\",\"reason\":\"required\","
	 "\"location\":\"Authorization\",\"locationType\":\"header\"}],\"status\":\"UNAUTHENTICATED\","
	 "\"details\":[{\"@type\":\"type.googleapis.com/"
	 "google.rpc.ErrorInfo\",\"reason\":\"CREDENTIALS_MISSING\"}]}}",
	 GOOGLE_UNAUTHORIZED, "required", false},
	{403, ENVELOPE(403, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded"), GOOGLE_RATE_LIMITED,
	 "rateLimitExceeded", false},
	{403, ENVELOPE(403, "usageLimits", "userRateLimitExceeded", "User Rate Limit Exceeded"),
	 GOOGLE_RATE_LIMITED, "userRateLimitExceeded", false},
	{403, ENVELOPE(403, "usageLimits", "somethingNew", "Slower"), GOOGLE_RATE_LIMITED, "somethingNew",
	 false},
	{403, ENVELOPE(403, "usageLimits", "quotaExceeded", "Calendar usage limits exceeded."),
	 GOOGLE_QUOTA_EXCEEDED, "quotaExceeded", false},
	{403,
	 ENVELOPE(403, "calendar", "forbiddenForServiceAccounts",
		  "Service accounts cannot invite attendees without Domain-Wide Delegation of Authority."),
	 GOOGLE_FORBIDDEN, "forbiddenForServiceAccounts", false},
	{403, ENVELOPE(403, "calendar", "forbiddenForNonOrganizer", "Shared properties can only be changed"),
	 GOOGLE_FORBIDDEN, "forbiddenForNonOrganizer", false},
	{403,
	 ENVELOPE(403, "calendar", "requiredAccessLevel", "You need to have writer access to this calendar."),
	 GOOGLE_FORBIDDEN, "requiredAccessLevel", false},
	{403, ENVELOPE(403, "global", "neverHeardOf", "No."), GOOGLE_FORBIDDEN, "neverHeardOf", false},
	{403, ENVELOPE(403, "global", "insufficientPermissions", "Insufficient Permission"), GOOGLE_OPERATOR,
	 "insufficientPermissions", false},
	{403,
	 "{\"error\":{\"code\":403,\"message\":\"Request had insufficient authentication scopes.\","
	 "\"errors\":[{\"message\":\"Insufficient "
	 "Permission\",\"domain\":\"global\",\"reason\":\"forbidden\"}],"
	 "\"status\":\"PERMISSION_DENIED\",\"details\":[{\"@type\":\"type.googleapis.com/"
	 "google.rpc.ErrorInfo\","
	 "\"reason\":\"ACCESS_TOKEN_SCOPE_INSUFFICIENT\",\"domain\":\"googleapis.com\"}]}}",
	 GOOGLE_OPERATOR, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", false},
	{403,
	 ENVELOPE(403, "usageLimits", "accessNotConfigured", "Calendar API has not been used in project 1"),
	 GOOGLE_OPERATOR, "accessNotConfigured", false},
	{403, HTML, GOOGLE_TEMPORARY, "not_google", false},
	{404, ENVELOPE(404, "global", "notFound", "Not Found"), GOOGLE_NOT_FOUND, "notFound", false},
	{404, HTML, GOOGLE_TEMPORARY, "not_google", false},
	{409, ENVELOPE(409, "global", "duplicate", "The requested identifier already exists."),
	 GOOGLE_DUPLICATE, "duplicate", false},
	{409, ENVELOPE(409, "global", "conflict", "Conflict"), GOOGLE_TEMPORARY, "conflict", false},
	{410, ENVELOPE(410, "global", "deleted", "Resource has been deleted"), GOOGLE_GONE, "deleted", false},
	{412, ENVELOPE(412, "global", "conditionNotMet", "Precondition Failed"), GOOGLE_PRECONDITION_FAILED,
	 "conditionNotMet", false},
	{429, ENVELOPE(429, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded"), GOOGLE_RATE_LIMITED,
	 "rateLimitExceeded", false},
	{429, "", GOOGLE_RATE_LIMITED, "not_google", false},
	{500, ENVELOPE(500, "global", "backendError", "Backend Error"), GOOGLE_TEMPORARY, "backendError",
	 true},
	{500, ENVELOPE(500, "global", "internalError", "Internal Error"), GOOGLE_TEMPORARY, "internalError",
	 true},
	{502, HTML, GOOGLE_TEMPORARY, "server_error", true},
	{503, HTML, GOOGLE_TEMPORARY, "server_error", true},
	{504, "", GOOGLE_TEMPORARY, "server_error", true},
	{302, HTML, GOOGLE_TEMPORARY, "unexpected_status", false},
	{408, "", GOOGLE_TEMPORARY, "not_google", false},
	/* The token endpoint's shape, where a proxy in front of both mixes them up. */
	{403, "{\"error\":\"access_denied\",\"error_description\":\"No\"}", GOOGLE_FORBIDDEN, "access_denied",
	 false},
	/* Shapes nobody promised. */
	{403, "{\"error\":{\"errors\":\"x\",\"code\":\"403\",\"message\":7}}", GOOGLE_FORBIDDEN, "not_google",
	 false},
	{403, "{\"error\":{\"errors\":[7,null,{\"reason\":null}]}}", GOOGLE_FORBIDDEN, "not_google", false},
	{403, "[]", GOOGLE_TEMPORARY, "not_google", false},
	{404, "{}", GOOGLE_TEMPORARY, "not_google", false},
};

static void each_row_of_googles_error_table_has_its_outcome(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(event_rows); i++) {
		const struct row *row = &event_rows[i];
		struct fetch_reply reply = replied(row->status, row->body);
		struct google_answer answer;

		google_answer_read(&reply, GOOGLE_ABOUT_EVENT, &answer);
		if (answer.outcome != row->outcome || strcmp(answer.reason, row->reason) != 0 ||
		    answer.may_be_applied != row->may_be_applied || answer.status != row->status)
			fail_msg("row %zu (%d %s): %s %s", i, row->status, row->reason,
				 google_outcome_name(answer.outcome), answer.reason);
	}
}

static void a_410_of_a_list_asks_for_a_full_sync_whatever_its_body(void **state)
{
	(void)state;
	static const char *const bodies[] = {
		ENVELOPE(410, "calendar", "fullSyncRequired", "Sync token is no longer valid"),
		ENVELOPE(410, "calendar", "updatedMinTooLongAgo", "The requested minimum modification time"),
		HTML,
		"",
	};

	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct fetch_reply reply = replied(410, bodies[i]);
		struct google_answer answer;

		google_answer_read(&reply, GOOGLE_ABOUT_LIST, &answer);
		assert_int_equal(answer.outcome, GOOGLE_FULL_SYNC_REQUIRED);
	}
}

static void a_call_without_a_reply_is_temporary_and_says_whether_it_was_sent(void **state)
{
	(void)state;
	static const enum fetch_failure failures[] = {FETCH_CONNECT, FETCH_TLS,     FETCH_TIMEOUT,
						      FETCH_CUT,     FETCH_TOO_BIG, FETCH_STOPPED};

	for (size_t i = 0; i < COUNT(failures); i++) {
		for (int sent = 0; sent < 2; sent++) {
			struct fetch_reply reply = {.failure = failures[i], .sent = sent, .detail = "why"};
			struct google_answer answer;

			google_answer_read(&reply, GOOGLE_ABOUT_EVENT, &answer);
			assert_int_equal(answer.outcome, GOOGLE_TEMPORARY);
			assert_int_equal(answer.may_be_applied, sent);
			assert_string_equal(answer.reason, fetch_failure_name(failures[i]));
			assert_string_equal(answer.message, "why");
			assert_int_equal(answer.status, 0);
		}
	}
}

static void an_address_that_cannot_be_called_is_the_operators(void **state)
{
	(void)state;
	struct fetch_reply reply = {.failure = FETCH_REFUSED, .detail = "no"};
	struct google_answer answer;

	google_answer_read(&reply, GOOGLE_ABOUT_EVENT, &answer);
	assert_int_equal(answer.outcome, GOOGLE_OPERATOR);
}

static void retry_after_is_handed_on(void **state)
{
	(void)state;
	struct fetch_reply reply = replied(429, "");
	struct google_answer answer;

	reply.retry_after = 17;
	google_answer_read(&reply, GOOGLE_ABOUT_EVENT, &answer);
	assert_int_equal(answer.retry_after, 17);
}

#define REFUSAL(error, description) "{\"error\":\"" error "\",\"error_description\":\"" description "\"}"

static const struct {
	int status;
	const char *body;
	enum google_outcome by_assertion;
	enum google_outcome by_consent;
} token_rows[] = {
	{200, "{}", GOOGLE_OK, GOOGLE_OK},
	{400, REFUSAL("invalid_grant", "Invalid JWT Signature."), GOOGLE_OPERATOR, GOOGLE_DEAD_GRANT},
	{400, REFUSAL("invalid_grant", "Token has been expired or revoked."), GOOGLE_OPERATOR,
	 GOOGLE_DEAD_GRANT},
	/* The sentence does not count. */
	{400, REFUSAL("invalid_grant", "temporarily_unavailable"), GOOGLE_OPERATOR, GOOGLE_DEAD_GRANT},
	{401, REFUSAL("unauthorized_client", "Client is unauthorized"), GOOGLE_OPERATOR, GOOGLE_OPERATOR},
	{403, REFUSAL("access_denied", "x"), GOOGLE_OPERATOR, GOOGLE_OPERATOR},
	{400, REFUSAL("admin_policy_enforced", "x"), GOOGLE_OPERATOR, GOOGLE_OPERATOR},
	{401, REFUSAL("invalid_client", "The OAuth client was not found."), GOOGLE_OPERATOR, GOOGLE_OPERATOR},
	{401, REFUSAL("deleted_client", "x"), GOOGLE_OPERATOR, GOOGLE_OPERATOR},
	{400, REFUSAL("invalid_scope", "Invalid OAuth scope or ID token audience provided."), GOOGLE_OPERATOR,
	 GOOGLE_OPERATOR},
	{401, REFUSAL("disabled_client", "The OAuth client was disabled."), GOOGLE_OPERATOR, GOOGLE_OPERATOR},
	{403, REFUSAL("org_internal", "x"), GOOGLE_OPERATOR, GOOGLE_OPERATOR},
	{400, REFUSAL("never_heard_of", "x"), GOOGLE_OPERATOR, GOOGLE_OPERATOR},
	{400, REFUSAL("temporarily_unavailable", "x"), GOOGLE_TEMPORARY, GOOGLE_TEMPORARY},
	{500, REFUSAL("internal_failure", "x"), GOOGLE_TEMPORARY, GOOGLE_TEMPORARY},
	{500, REFUSAL("invalid_grant", "x"), GOOGLE_TEMPORARY, GOOGLE_TEMPORARY},
	{403, REFUSAL("rate_limit_exceeded", "x"), GOOGLE_RATE_LIMITED, GOOGLE_RATE_LIMITED},
	{429, "", GOOGLE_RATE_LIMITED, GOOGLE_RATE_LIMITED},
	{503, HTML, GOOGLE_TEMPORARY, GOOGLE_TEMPORARY},
	{400, HTML, GOOGLE_TEMPORARY, GOOGLE_TEMPORARY},
	{400, "", GOOGLE_TEMPORARY, GOOGLE_TEMPORARY},
	{400, "{\"error\":7}", GOOGLE_TEMPORARY, GOOGLE_TEMPORARY},
};

static void each_refusal_of_the_token_endpoint_has_its_outcome(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(token_rows); i++) {
		struct fetch_reply reply = replied(token_rows[i].status, token_rows[i].body);
		struct google_answer assertion;
		struct google_answer consent;

		google_token_answer_read(&reply, GOOGLE_GRANT_ASSERTION, &assertion);
		google_token_answer_read(&reply, GOOGLE_GRANT_CONSENT, &consent);
		if (assertion.outcome != token_rows[i].by_assertion ||
		    consent.outcome != token_rows[i].by_consent)
			fail_msg("row %zu (%s): %s, %s", i, token_rows[i].body,
				 google_outcome_name(assertion.outcome),
				 google_outcome_name(consent.outcome));
	}
}

static void message_of(const char *sentence, struct google_answer *ret_answer)
{
	char body[4096];

	snprintf(body, sizeof(body), "{\"error\":\"invalid_grant\",\"error_description\":\"%s\"}", sentence);
	struct fetch_reply reply = replied(400, body);

	google_token_answer_read(&reply, GOOGLE_GRANT_ASSERTION, ret_answer);
}

static void googles_sentence_is_kept_without_addresses_and_secrets(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"Token has been expired or revoked.", "Token has been expired or revoked."},
		{"No user ann@example.com, sorry", "No user [address], sorry"},
		{"key ya29.a0AfB_byC1234567890abcdefghijklmnop is bad", "key [removed] is bad"},
		{"line\\none\\ttwo", "line one two"},
		{"visit "
		 "https://console.developers.google.com/apis/api/calendar-json.googleapis.com/"
		 "overview?project=12",
		 "visit "
		 "https://console.developers.google.com/apis/api/calendar-json.googleapis.com/"
		 "overview?project=12"},
		{"You need to have \\\"writer\\\" access", "You need to have \"writer\" access"},
		{"", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct google_answer answer;

		message_of(cases[i][0], &answer);
		assert_string_equal(answer.message, cases[i][1]);
	}
}

static void a_long_sentence_is_cut_between_characters(void **state)
{
	(void)state;
	char sentence[2000] = "";
	struct google_answer answer;

	for (int i = 0; i < 200; i++)
		strcat(sentence, "\xc3\xa9\xc3\xa9 ");
	message_of(sentence, &answer);
	size_t length = strlen(answer.message);

	assert_true(length >= sizeof(answer.message) - 3 && length < sizeof(answer.message));
	assert_memory_equal(answer.message, sentence, length);
	/* The last byte ends a character. */
	assert_true(answer.message[length - 1] == ' ' || (unsigned char)answer.message[length - 1] == 0xa9);
}

static void a_reason_that_is_no_identifier_is_unknown(void **state)
{
	(void)state;
	static const char *const reasons[] = {"a b", "a<b>", "", "0123456789012345678901234567890123456789",
					      "ann@example.com"};

	for (size_t i = 0; i < COUNT(reasons); i++) {
		char body[200];
		struct google_answer answer;

		snprintf(body, sizeof(body), "{\"error\":\"%s\"}", reasons[i]);
		struct fetch_reply reply = replied(400, body);

		google_token_answer_read(&reply, GOOGLE_GRANT_CONSENT, &answer);
		assert_string_equal(answer.reason, "unknown");
	}
}

static void the_service_accounts_two_traps_are_told_apart(void **state)
{
	(void)state;
	struct fetch_reply meet =
		replied(400, ENVELOPE(400, "global", "invalid", "Invalid conference type value."));
	struct fetch_reply other = replied(400, ENVELOPE(400, "global", "invalid", "Invalid start time."));
	struct fetch_reply guests = replied(
		403, ENVELOPE(403, "calendar", "forbiddenForServiceAccounts", "Service accounts cannot"));
	struct google_answer answer;

	google_answer_read(&meet, GOOGLE_ABOUT_EVENT, &answer);
	assert_true(google_refused_meet(&answer));
	assert_false(google_refused_guests(&answer));
	assert_non_null(strstr(google_remedy(&answer), "Meet"));
	google_answer_read(&other, GOOGLE_ABOUT_EVENT, &answer);
	assert_false(google_refused_meet(&answer));
	assert_null(google_remedy(&answer));
	google_answer_read(&guests, GOOGLE_ABOUT_EVENT, &answer);
	assert_true(google_refused_guests(&answer));
	assert_non_null(strstr(google_remedy(&answer), "GOOGLE_IMPERSONATE"));
}

static void the_remedy_of_a_dead_grant_names_the_seven_days(void **state)
{
	(void)state;
	struct fetch_reply reply =
		replied(400, REFUSAL("invalid_grant", "Token has been expired or revoked."));
	struct google_answer answer;

	google_token_answer_read(&reply, GOOGLE_GRANT_CONSENT, &answer);
	assert_non_null(strstr(google_remedy(&answer), "7 days"));
	google_token_answer_read(&reply, GOOGLE_GRANT_ASSERTION, &answer);
	assert_non_null(strstr(google_remedy(&answer), "clock"));
}

static void only_what_time_may_heal_passes(void **state)
{
	(void)state;
	for (int outcome = 0; outcome < GOOGLE_OUTCOMES; outcome++) {
		bool passes = outcome == GOOGLE_RATE_LIMITED || outcome == GOOGLE_QUOTA_EXCEEDED ||
			      outcome == GOOGLE_TEMPORARY;

		assert_int_equal(google_outcome_passes((enum google_outcome)outcome), passes);
		assert_non_null(google_outcome_name((enum google_outcome)outcome));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_of_googles_error_table_has_its_outcome),
		cmocka_unit_test(a_410_of_a_list_asks_for_a_full_sync_whatever_its_body),
		cmocka_unit_test(a_call_without_a_reply_is_temporary_and_says_whether_it_was_sent),
		cmocka_unit_test(an_address_that_cannot_be_called_is_the_operators),
		cmocka_unit_test(retry_after_is_handed_on),
		cmocka_unit_test(each_refusal_of_the_token_endpoint_has_its_outcome),
		cmocka_unit_test(googles_sentence_is_kept_without_addresses_and_secrets),
		cmocka_unit_test(a_long_sentence_is_cut_between_characters),
		cmocka_unit_test(a_reason_that_is_no_identifier_is_unknown),
		cmocka_unit_test(the_service_accounts_two_traps_are_told_apart),
		cmocka_unit_test(the_remedy_of_a_dead_grant_names_the_seven_days),
		cmocka_unit_test(only_what_time_may_heal_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
