#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/encode.h"
#include "base/signature.h"
#include "net/google_auth.h"

#include "../base/generated_keys.h"
#include "tiny_server.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { PLENTY_MS = 20000 };
static const instant NOW = 1795000000;

static const struct google_oauth_client example_client = {
	.id = "id.apps.googleusercontent.com",
	.secret = "s&cret",
	.auth_url = "https://accounts.google.com/o/oauth2/v2/auth",
	.redirect_url = "https://book.example/oauth/google/callback",
};

struct fixture {
	struct tiny_server server;
	struct fetch_client *fetcher;
	struct arena mem;
	struct google_oauth_client client;
	struct google_answer answer;
};

static void begin(struct fixture *fixture, tiny_answer *answer, void *closure)
{
	fixture->mem = ARENA_EMPTY;
	fixture->fetcher = fetch_client_new("test/1", NULL);
	tiny_start(&fixture->server, answer, closure);
	fixture->client = example_client;
	fixture->client.token_url = arena_printf(&fixture->mem, "%s/token", fixture->server.url);
	fixture->client.revoke_url = arena_printf(&fixture->mem, "%s/revoke", fixture->server.url);
}

static void end(struct fixture *fixture)
{
	fetch_client_free(fixture->fetcher);
	tiny_stop(&fixture->server);
	arena_clear(&fixture->mem);
}

/* --- the service account's key and assertion ---------------------------------------------------- */

static json_t *key_file(const char *private_key)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "type", "service_account", "client_email",
			 "svc@project.iam.gserviceaccount.com", "client_id", "1122", "private_key_id", "k1",
			 "private_key", private_key, "token_uri", "http://127.0.0.1:9/token");
}

static char *generated_key(char **ret_public)
{
	EVP_PKEY *pair = EVP_RSA_gen(2048);
	char *private = generated_private_pem(pair);

	if (ret_public)
		*ret_public = generated_public_pem(pair);
	EVP_PKEY_free(pair);
	return private;
}

static void a_key_file_is_read_and_each_flaw_is_named_without_the_key(void **state)
{
	(void)state;
	static const char *const flaws[][2] = {
		{"type", "\"type\""},
		{"client_email", "\"client_email\""},
		{"private_key", "\"private_key\""},
	};
	struct arena mem = ARENA_EMPTY;
	struct google_service_account account;
	char *private = generated_key(NULL);
	json_t *file = key_file(private);
	char *text = json_dumps(file, 0);

	assert_null(google_service_account_read(&mem, text, &account));
	assert_string_equal(account.client_email, "svc@project.iam.gserviceaccount.com");
	assert_string_equal(account.client_id, "1122");
	assert_string_equal(account.token_uri, "http://127.0.0.1:9/token");
	free(text);
	for (size_t i = 0; i < COUNT(flaws); i++) {
		json_t *flawed = json_copy(file);

		json_object_del(flawed, flaws[i][0]);
		text = json_dumps(flawed, 0);
		assert_non_null(strstr(google_service_account_read(&mem, text, &account), flaws[i][1]));
		free(text);
		json_decref(flawed);
	}
	json_object_set_new(file, "private_key", json_string("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n"));
	text = json_dumps(file, 0);
	assert_null(strstr(google_service_account_read(&mem, text, &account), "c2VjcmV0"));
	free(text);
	json_object_del(file, "token_uri");
	json_object_set_new(file, "private_key", json_string(private));
	text = json_dumps(file, 0);
	assert_null(google_service_account_read(&mem, text, &account));
	assert_string_equal(account.token_uri, "https://oauth2.googleapis.com/token");
	free(text);
	assert_non_null(google_service_account_read(&mem, "not json", &account));
	assert_non_null(google_service_account_read(&mem, "[]", &account));
	json_decref(file);
	free(private);
	arena_clear(&mem);
}

/* The n-th part of a JWT as JSON. */
static json_t *token_part(const char *start, size_t length)
{
	char bytes[4096];
	size_t size = 0;

	assert_true(encode_base64url_read(start, length, bytes, sizeof(bytes), &size));
	return json_loadb(bytes, size, 0, NULL);
}

static void check_assertion(const char *body, const char *public_pem, const char *subject)
{
	static const char prefix[] =
		"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
	struct public_key *key = public_key_from_pem(public_pem);
	unsigned char signature[512];
	size_t size = 0;

	assert_memory_equal(body, prefix, strlen(prefix));
	const char *header = body + strlen(prefix);
	const char *claims = strchr(header, '.') + 1;
	const char *end = strchr(claims, '.');
	json_t *head = token_part(header, (size_t)(claims - header - 1));
	json_t *payload = token_part(claims, (size_t)(end - claims));

	assert_string_equal(json_string_value(json_object_get(head, "alg")), "RS256");
	assert_string_equal(json_string_value(json_object_get(payload, "iss")),
			    "svc@project.iam.gserviceaccount.com");
	assert_string_equal(json_string_value(json_object_get(payload, "aud")), "http://127.0.0.1:9/token");
	assert_string_equal(json_string_value(json_object_get(payload, "scope")),
			    "https://www.googleapis.com/auth/calendar.events "
			    "https://www.googleapis.com/auth/calendar.freebusy");
	assert_int_equal(json_integer_value(json_object_get(payload, "iat")), NOW);
	assert_int_equal(json_integer_value(json_object_get(payload, "exp")), NOW + 3600);
	if (subject)
		assert_string_equal(json_string_value(json_object_get(payload, "sub")), subject);
	else
		assert_null(json_object_get(payload, "sub"));
	assert_true(encode_base64url_read(end + 1, strlen(end + 1), signature, sizeof(signature), &size));
	assert_true(public_key_verify(key, header, (size_t)(end - header), signature, size));
	json_decref(head);
	json_decref(payload);
	public_key_free(key);
}

static void an_assertion_bears_googles_claims_and_the_keys_signature(void **state)
{
	(void)state;
	struct arena mem = ARENA_EMPTY;
	char *public = NULL;
	char *private = generated_key(&public);
	struct google_service_account account = {
		.client_email = "svc@project.iam.gserviceaccount.com",
		.private_key = private,
		.token_uri = "http://127.0.0.1:9/token",
	};

	check_assertion(google_assertion_body(&mem, &account, NULL, NOW), public, NULL);
	check_assertion(google_assertion_body(&mem, &account, "coach@example.com", NOW), public,
			"coach@example.com");
	account.private_key = "no key";
	assert_null(google_assertion_body(&mem, &account, NULL, NOW));
	free(private);
	free(public);
	arena_clear(&mem);
}

/* --- consent ------------------------------------------------------------------------------------------ */

static void the_consent_page_is_asked_for_offline_access_with_pkce(void **state)
{
	(void)state;
	struct arena mem = ARENA_EMPTY;

	/* Verifier and challenge of RFC 7636 appendix B. */
	assert_string_equal(
		google_consent_url(&mem, &example_client, "st&te",
				   "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
		"https://accounts.google.com/o/oauth2/v2/auth?response_type=code"
		"&client_id=id.apps.googleusercontent.com"
		"&redirect_uri=https%3A%2F%2Fbook.example%2Foauth%2Fgoogle%2Fcallback"
		"&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcalendar.events%20"
		"https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcalendar.freebusy"
		"&state=st%26te&access_type=offline&prompt=consent"
		"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256");
	arena_clear(&mem);
}

static void no_two_verifiers_are_the_same(void **state)
{
	(void)state;
	char one[GOOGLE_VERIFIER_BYTES];
	char two[GOOGLE_VERIFIER_BYTES];

	google_consent_verifier(one);
	google_consent_verifier(two);
	assert_int_equal(strlen(one), 43);
	assert_string_not_equal(one, two);
}

struct scripted {
	int status;
	const char *reply;
	const char *expected_body;
};

static bool answer_as_scripted(const struct tiny_request *request)
{
	const struct scripted *script = request->closure;
	bool good = (!script->expected_body || strcmp(request->body, script->expected_body) == 0) &&
		    strstr(request->head, "\r\nContent-Type: application/x-www-form-urlencoded\r\n");

	tiny_reply(request->socket, good ? script->status : 418, "Content-Type: application/json\r\n",
		   script->reply);
	return true;
}

#define SCOPE(name) "https://www.googleapis.com/auth/" name

static void a_code_is_traded_for_what_the_coach_granted(void **state)
{
	(void)state;
	static const char form[] =
		"grant_type=authorization_code&code=4%2F0abc"
		"&redirect_uri=https%3A%2F%2Fbook.example%2Foauth%2Fgoogle%2Fcallback"
		"&code_verifier=ver&client_id=id.apps.googleusercontent.com&client_secret=s%26cret";
	struct scripted script = {
		200,
		"{\"access_token\":\"ya29.x\",\"expires_in\":3599,\"refresh_token\":\"1//r\","
		"\"token_type\":\"Bearer\",\"scope\":\"" SCOPE("calendar.freebusy") "\"}",
		form};
	struct fixture fixture;
	struct google_grant grant;

	begin(&fixture, answer_as_scripted, &script);
	assert_int_equal(google_consent_exchange(fixture.fetcher, &fixture.mem, &fixture.client, "4/0abc",
						 "ver", monotonic_ms() + PLENTY_MS, &grant, &fixture.answer),
			 GOOGLE_OK);
	assert_string_equal(grant.refresh_token, "1//r");
	assert_string_equal(grant.access_token, "ya29.x");
	assert_int_equal(grant.expires_in, 3599);
	assert_true(grant.read_busy);
	assert_false(grant.write_events);

	script = (struct scripted){200, "{\"access_token\":\"ya29.x\",\"token_type\":\"Bearer\"}", form};
	assert_int_equal(google_consent_exchange(fixture.fetcher, &fixture.mem, &fixture.client, "4/0abc",
						 "ver", monotonic_ms() + PLENTY_MS, &grant, &fixture.answer),
			 GOOGLE_INVALID);
	assert_string_equal(fixture.answer.reason, "no_refresh_token");

	script = (struct scripted){400, "{\"error\":\"invalid_grant\",\"error_description\":\"Bad Request\"}",
				   form};
	assert_int_equal(google_consent_exchange(fixture.fetcher, &fixture.mem, &fixture.client, "4/0abc",
						 "ver", monotonic_ms() + PLENTY_MS, &grant, &fixture.answer),
			 GOOGLE_DEAD_GRANT);
	end(&fixture);
}

static void a_refresh_token_google_does_not_know_counts_as_revoked(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *reply;
		enum google_outcome outcome;
	} cases[] = {
		{200, "{}", GOOGLE_OK},
		{200, "", GOOGLE_OK},
		{400, "{\"error\":\"invalid_token\",\"error_description\":\"Token expired or revoked\"}",
		 GOOGLE_OK},
		{400, "{\"error\":\"invalid_request\"}", GOOGLE_OPERATOR},
		{503, "", GOOGLE_TEMPORARY},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scripted script = {cases[i].status, cases[i].reply, "token=1%2F%2Fr"};
		struct fixture fixture;

		begin(&fixture, answer_as_scripted, &script);
		assert_int_equal(google_consent_revoke(fixture.fetcher, &fixture.mem, &fixture.client, "1//r",
						       monotonic_ms() + PLENTY_MS, &fixture.answer),
				 cases[i].outcome);
		end(&fixture);
	}
}

static void a_token_reply_is_read_strictly(void **state)
{
	(void)state;
	static const struct {
		const char *body;
		bool good;
	} cases[] = {
		{"{\"access_token\":\"ya29.abc\",\"expires_in\":3599,\"token_type\":\"Bearer\"}", true},
		{"{\"access_token\":\"ya29.abc\",\"token_type\":\"bearer\"}", true},
		{"{\"access_token\":\"ya29.abc\"}", true},
		{"{\"access_token\":\"\"}", false},
		{"{\"access_token\":7}", false},
		{"{\"access_token\":\"a b\"}", false},
		{"{\"access_token\":\"a\\r\\nX: y\"}", false},
		{"{\"access_token\":\"a\",\"refresh_token\":\"b c\"}", false},
		{"{\"access_token\":\"a\",\"token_type\":\"mac\"}", false},
		{"{\"access_token\":\"a\",\"expires_in\":\"3599\"}", false},
		{"{\"access_token\":\"a\",\"expires_in\":0}", false},
		{"{\"access_token\":\"a\",\"expires_in\":-1}", false},
		{"{\"error\":\"invalid_grant\"}", false},
		{"<html>", false},
		{"", false},
		{"[\"access_token\"]", false},
	};
	struct arena mem = ARENA_EMPTY;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct google_grant grant;

		if (google_grant_read(&mem, cases[i].body, strlen(cases[i].body), &grant) != cases[i].good)
			fail_msg("%s", cases[i].body);
	}
	arena_clear(&mem);
}

static void granted_boxes_are_read_from_the_scope(void **state)
{
	(void)state;
	static const struct {
		const char *scope;
		bool read_busy;
		bool write_events;
	} cases[] = {
		{SCOPE("calendar.events") " " SCOPE("calendar.freebusy"), true, true},
		{SCOPE("calendar.freebusy") " " SCOPE("calendar.events"), true, true},
		{SCOPE("calendar.events"), false, true},
		{SCOPE("calendar.freebusy") "  openid", true, false},
		{SCOPE("calendar"), true, true},
		{SCOPE("calendar.readonly"), true, false},
		{SCOPE("calendar.events.readonly") " calendar.freebusy", false, false},
		{"openid", false, false},
	};
	struct arena mem = ARENA_EMPTY;

	for (size_t i = 0; i < COUNT(cases); i++) {
		char *body = arena_printf(&mem, "{\"access_token\":\"a\",\"scope\":\"%s\"}", cases[i].scope);
		struct google_grant grant;

		assert_true(google_grant_read(&mem, body, strlen(body), &grant));
		assert_int_equal(grant.read_busy, cases[i].read_busy);
		assert_int_equal(grant.write_events, cases[i].write_events);
	}
	arena_clear(&mem);
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
		cmocka_unit_test(a_key_file_is_read_and_each_flaw_is_named_without_the_key),
		cmocka_unit_test(an_assertion_bears_googles_claims_and_the_keys_signature),
		cmocka_unit_test(the_consent_page_is_asked_for_offline_access_with_pkce),
		cmocka_unit_test(no_two_verifiers_are_the_same),
		cmocka_unit_test(a_code_is_traded_for_what_the_coach_granted),
		cmocka_unit_test(a_refresh_token_google_does_not_know_counts_as_revoked),
		cmocka_unit_test(a_token_reply_is_read_strictly),
		cmocka_unit_test(granted_boxes_are_read_from_the_scope),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
