/* It is over 600 lines: every kind of credential against one identity source. */
/*
 * The database and the identity provider are played here: this file defines the calls of db and net that
 * identity makes, so the linker never takes the real ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../base/generated_keys.h"
#include "app/identity.h"
#include "app/provider_keys.h"
#include "base/jwt.h"
#include "net/jwks.h"

#define SECRET "a shared secret of some thirty characters"
enum { NOW = 1900000000 };

/* ---- the database, played ---- */

static struct {
	enum db_result result;
	const char *state;
	size_t rows;
	const char *names[5], *values[5];
	const char *asked_for;
	int asked;
} database;

enum db_result db_run_text(struct db *db, const char *name, const char *text,
			   const struct db_value parameters[], size_t count, struct db_rows *ret_rows)
{
	(void)db, (void)name, (void)text;
	assert_int_equal(count, 1);
	assert_int_equal(parameters[0].kind, DB_KIND_TEXT);
	database.asked_for = parameters[0].text;
	database.asked++;
	ret_rows->count = database.result == DB_OK ? database.rows : 0;
	return database.result;
}

/* Sessions of our own are tested end to end (tests/notices/sign_in.test.mjs). */
enum db_result db_run(struct db *db, enum query query, const struct db_value parameters[], size_t count,
		      struct db_rows *ret_rows)
{
	(void)db, (void)query, (void)parameters, (void)count, (void)ret_rows;
	return DB_NONE;
}

void db_get_uuid(const struct db_rows *rows, size_t row, size_t column, char ret_uuid[static 37])
{
	(void)rows, (void)row, (void)column;
	ret_uuid[0] = '\0';
}

instant db_get_instant(const struct db_rows *rows, size_t row, size_t column)
{
	(void)rows, (void)row, (void)column;
	return 0;
}

int db_column(const struct db_rows *rows, const char *name)
{
	(void)rows;
	for (int i = 0; i < 5 && database.names[i] != NULL; i++) {
		if (strcmp(database.names[i], name) == 0)
			return i;
	}
	return -1;
}

const char *db_get_text(const struct db_rows *rows, size_t row, size_t column)
{
	(void)rows;
	assert_int_equal(row, 0);
	return database.values[column];
}

void db_rows_clear(struct db_rows *rows)
{
	rows->count = 0;
}

const struct db_failure *db_failure(const struct db *db)
{
	(void)db;
	static struct db_failure failure;
	snprintf(failure.state, sizeof(failure.state), "%s", database.state != NULL ? database.state : "");
	return &failure;
}

const char *db_result_name(enum db_result result)
{
	(void)result;
	return "played";
}

/* ---- the identity provider, played ---- */

static struct {
	const char *json; /* NULL: it cannot be reached */
	int asked;
} provider;

char *jwks_fetch(struct fetch_client *client, struct arena *arena, const char *url, int64_t deadline,
		 size_t *ret_length, const char **ret_detail)
{
	(void)client, (void)deadline;
	assert_string_equal(url, "https://id.example/jwks");
	provider.asked++;
	if (provider.json == NULL) {
		*ret_detail = "timeout";
		return NULL;
	}
	*ret_length = strlen(provider.json);
	return arena_strdup(arena, provider.json);
}

/* ---- asking ---- */

static struct arena mem;
static struct identity_source *source;
static struct identity who;
static struct identity_reason why;

static void start(const struct identity_settings *settings)
{
	identity_source_free(source);
	source = identity_source_new(settings);
	assert_non_null(source);
	memset(&database, 0, sizeof(database));
	memset(&provider, 0, sizeof(provider));
	database.result = DB_OK;
}

static enum identity_outcome find(const char *authorization, const char *session_id, instant now)
{
	memset(&who, 0, sizeof(who));
	memset(&why, 0, sizeof(why));
	struct worker worker = {.db = NULL};
	const struct credentials credentials = {authorization, session_id, now};
	return identity_find(source, &worker, &credentials, &mem, &who, &why);
}

static enum identity_outcome recall(const char *authorization, const char *session_id, instant now)
{
	memset(&who, 0, sizeof(who));
	memset(&why, 0, sizeof(why));
	const struct credentials credentials = {authorization, session_id, now};
	return identity_recall(source, &credentials, &mem, &who, &why);
}

static const char *bearer(const struct jwt_claims *claims)
{
	const struct jwt_rules rules = {.secret = SECRET};
	return arena_printf(&mem, "Bearer %s", jwt_mint(&rules, claims, NOW, &mem));
}

static const char *good_bearer(void)
{
	return bearer(&(struct jwt_claims){.subject = "u1", .expires = NOW + 3600});
}

static void a_session_of(const char *user_id, const char *role)
{
	database.rows = 1;
	database.names[0] = "user_id";
	database.values[0] = user_id;
	database.names[1] = "role";
	database.values[1] = role;
}

static const struct identity_settings by_secret = {.jwt_secret = SECRET};
static const struct identity_settings by_session = {.session_query = "select", .session_cache_seconds = 30};
static const struct identity_settings by_both = {
	.jwt_secret = SECRET, .session_query = "select", .session_cache_seconds = 30};
static const struct identity_settings by_provider = {.jwks_url = "https://id.example/jwks"};

static int stop(void **state)
{
	(void)state;
	identity_source_free(source);
	source = NULL;
	arena_clear(&mem);
	return 0;
}

/* ---- the tests ---- */

static void a_good_token_tells_who_is_calling(void **state)
{
	(void)state;
	start(&by_secret);
	const char *header = bearer(&(struct jwt_claims){.subject = "u1",
							 .email = "a@example.com",
							 .name = "Änne",
							 .role = "coach",
							 .coach = "damian",
							 .expires = NOW + 3600});
	assert_int_equal(recall(header, NULL, NOW), IDENTITY_UNDECIDED);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(i == 0 ? find(header, NULL, NOW) : recall(header, NULL, NOW),
				 IDENTITY_KNOWN);
		assert_string_equal(who.user_id, "u1");
		assert_string_equal(who.email, "a@example.com");
		assert_string_equal(who.name, "Änne");
		assert_int_equal(who.role, IDENTITY_COACH);
		assert_string_equal(who.coach, "damian");
	}
}

static void the_scheme_is_bearer_in_any_letter_case(void **state)
{
	(void)state;
	start(&by_secret);
	const char *token = good_bearer() + strlen("Bearer ");
	assert_int_equal(find(arena_printf(&mem, "bearer %s", token), NULL, NOW), IDENTITY_KNOWN);
	assert_int_equal(find(arena_printf(&mem, "BEARER   %s", token), NULL, NOW), IDENTITY_KNOWN);
	assert_int_equal(find(arena_printf(&mem, "Bearer\t%s", token), NULL, NOW), IDENTITY_ANONYMOUS);
	assert_int_equal(find(arena_printf(&mem, "Bearer%s", token), NULL, NOW), IDENTITY_ANONYMOUS);
	assert_int_equal(find(arena_printf(&mem, "Bearer %s x", token), NULL, NOW), IDENTITY_REFUSED);
	assert_int_equal(find(token, NULL, NOW), IDENTITY_ANONYMOUS);
	assert_int_equal(find("Basic dTpw", NULL, NOW), IDENTITY_ANONYMOUS);
	assert_int_equal(find("Bearer", NULL, NOW), IDENTITY_REFUSED);
	assert_int_equal(find("Bearer ", NULL, NOW), IDENTITY_REFUSED);
	assert_int_equal(find("", NULL, NOW), IDENTITY_ANONYMOUS);
	assert_int_equal(find(NULL, NULL, NOW), IDENTITY_ANONYMOUS);
	assert_string_equal(why.name, "no_credentials");
}

static void a_role_is_only_what_it_says_and_a_coach_needs_an_id(void **state)
{
	(void)state;
	static const struct {
		const char *role, *coach;
		enum identity_role expected;
	} cases[] = {
		{NULL, NULL, IDENTITY_USER},         {"user", "damian", IDENTITY_USER},
		{"Admin", NULL, IDENTITY_USER},      {"superuser", NULL, IDENTITY_USER},
		{"coach", NULL, IDENTITY_USER},      {"coach", "", IDENTITY_USER},
		{"coach", "a\nb", IDENTITY_USER},    {"coach", "damian", IDENTITY_COACH},
		{"admin", "damian", IDENTITY_ADMIN},
	};
	start(&by_secret);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(find(bearer(&(struct jwt_claims){.subject = "u1",
								  .role = cases[i].role,
								  .coach = cases[i].coach,
								  .expires = NOW + 3600}),
				      NULL, NOW),
				 IDENTITY_KNOWN);
		assert_int_equal(who.role, cases[i].expected);
		assert_true((who.coach != NULL) == (cases[i].expected == IDENTITY_COACH));
	}
}

static void a_user_id_is_bounded_and_printable_and_the_rest_may_be_missing(void **state)
{
	(void)state;
	char longest[IDENTITY_USER_ID_MAX + 2];
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	start(&by_secret);
	struct jwt_claims claims = {.subject = longest, .expires = NOW + 3600};
	assert_int_equal(find(bearer(&claims), NULL, NOW), IDENTITY_REFUSED);
	assert_string_equal(why.name, "unusable_user");
	claims.subject = "a\nb";
	assert_int_equal(find(bearer(&claims), NULL, NOW), IDENTITY_REFUSED);
	claims.subject = longest + 1;
	claims.email = claims.name = longest;
	assert_int_equal(find(bearer(&claims), NULL, NOW), IDENTITY_KNOWN);
	assert_null(who.email);
	assert_null(who.name);
}

static void bad_tokens_are_refused_with_their_reason(void **state)
{
	(void)state;
	start(&by_secret);
	assert_int_equal(
		find(bearer(&(struct jwt_claims){.subject = "u1", .expires = NOW - 3600}), NULL, NOW),
		IDENTITY_REFUSED);
	assert_string_equal(why.name, "expired");
	assert_int_equal(find("Bearer a.b.c", NULL, NOW), IDENTITY_REFUSED);
	assert_string_equal(why.name, "malformed");
	/* From memory for a moment, then decided anew. */
	assert_int_equal(recall("Bearer a.b.c", NULL, NOW), IDENTITY_REFUSED);
	assert_string_equal(why.name, "malformed");
	assert_int_equal(recall("Bearer a.b.c", NULL, NOW + IDENTITY_REFUSAL_CACHE_SECONDS),
			 IDENTITY_UNDECIDED);

	char *huge = arena_alloc(&mem, 100 * 1024 + 1);
	memset(huge, 'x', 100 * 1024);
	assert_int_equal(recall(arena_printf(&mem, "Bearer %s", huge), NULL, NOW), IDENTITY_REFUSED);
	assert_string_equal(why.name, "malformed");
}

static void a_remembered_token_ends_when_it_expires(void **state)
{
	(void)state;
	start(&by_secret);
	const char *header = bearer(&(struct jwt_claims){.subject = "u1", .expires = NOW + 10});
	assert_int_equal(find(header, NULL, NOW), IDENTITY_KNOWN);
	assert_int_equal(recall(header, NULL, NOW + 10 + JWT_LEEWAY - 1), IDENTITY_KNOWN);
	assert_int_equal(recall(header, NULL, NOW + 10 + JWT_LEEWAY), IDENTITY_UNDECIDED);
	assert_int_equal(find(header, NULL, NOW + 10 + JWT_LEEWAY), IDENTITY_REFUSED);

	header = good_bearer();
	assert_int_equal(find(header, NULL, NOW), IDENTITY_KNOWN);
	assert_int_equal(recall(header, NULL, NOW + IDENTITY_TOKEN_CACHE_SECONDS - 1), IDENTITY_KNOWN);
	assert_int_equal(recall(header, NULL, NOW + IDENTITY_TOKEN_CACHE_SECONDS), IDENTITY_UNDECIDED);
}

static void a_session_is_looked_up_once_and_dies_within_the_cache_time(void **state)
{
	(void)state;
	start(&by_session);
	a_session_of("7", "admin");
	assert_int_equal(recall(NULL, "s1", NOW), IDENTITY_UNDECIDED);
	assert_int_equal(find(NULL, "s1", NOW), IDENTITY_KNOWN);
	assert_string_equal(database.asked_for, "s1");
	assert_string_equal(who.user_id, "7");
	assert_int_equal(who.role, IDENTITY_ADMIN);
	assert_null(who.email);
	assert_int_equal(find(NULL, "s1", NOW + 29), IDENTITY_KNOWN);
	assert_int_equal(recall(NULL, "s1", NOW + 29), IDENTITY_KNOWN);
	assert_int_equal(database.asked, 1);

	database.rows = 0; /* the platform ended it */
	assert_int_equal(recall(NULL, "s1", NOW + 30), IDENTITY_UNDECIDED);
	assert_int_equal(find(NULL, "s1", NOW + 30), IDENTITY_REFUSED);
	assert_string_equal(why.name, "unknown_session");
	assert_int_equal(recall(NULL, "s1", NOW + 30), IDENTITY_REFUSED);
	assert_int_equal(database.asked, 2);
}

static void without_cache_time_each_request_asks(void **state)
{
	(void)state;
	start(&(struct identity_settings){.session_query = "select"});
	a_session_of("7", NULL);
	assert_int_equal(find(NULL, "s1", NOW), IDENTITY_KNOWN);
	assert_int_equal(recall(NULL, "s1", NOW), IDENTITY_UNDECIDED);
	database.rows = 0;
	assert_int_equal(find(NULL, "s1", NOW), IDENTITY_REFUSED);
	a_session_of("7", NULL);
	assert_int_equal(find(NULL, "s1", NOW), IDENTITY_KNOWN);
	assert_int_equal(database.asked, 3);
}

static void a_refused_session_is_remembered_no_longer_than_a_good_one(void **state)
{
	(void)state;
	for (seconds cached = 1; cached <= 30; cached++) {
		seconds kept =
			cached < IDENTITY_REFUSAL_CACHE_SECONDS ? cached : IDENTITY_REFUSAL_CACHE_SECONDS;
		start(&(struct identity_settings){.session_query = "select",
						  .session_cache_seconds = cached});
		assert_int_equal(find(NULL, "s1", NOW), IDENTITY_REFUSED);
		assert_int_equal(recall(NULL, "s1", NOW + kept - 1), IDENTITY_REFUSED);
		assert_int_equal(recall(NULL, "s1", NOW + kept), IDENTITY_UNDECIDED);
	}
	start(&by_secret); /* a token has nothing to do with it */
	assert_int_equal(find("Bearer a.b.c", NULL, NOW), IDENTITY_REFUSED);
	assert_int_equal(recall("Bearer a.b.c", NULL, NOW + IDENTITY_REFUSAL_CACHE_SECONDS - 1),
			 IDENTITY_REFUSED);
}

static void no_session_is_taken_from_a_doubtful_answer(void **state)
{
	(void)state;
	start(&by_session);
	a_session_of("7", NULL);
	database.rows = 2;
	assert_int_equal(find(NULL, "s1", NOW), IDENTITY_REFUSED);
	assert_string_equal(why.name, "ambiguous_session");
	a_session_of(NULL, NULL);
	assert_int_equal(find(NULL, "s2", NOW), IDENTITY_REFUSED);
	a_session_of("", NULL);
	assert_int_equal(find(NULL, "s3", NOW), IDENTITY_REFUSED);
	database.names[0] = "id";
	assert_int_equal(find(NULL, "s4", NOW), IDENTITY_REFUSED);
}

static void rubbish_for_a_session_id_never_reaches_the_database(void **state)
{
	(void)state;
	char longest[IDENTITY_SESSION_MAX + 2];
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	start(&by_session);
	a_session_of("7", NULL);
	const char *const rubbish[] = {"", " ", "a b", "a\nb", "\xc3\xa4", longest};
	for (size_t i = 0; i < sizeof(rubbish) / sizeof(rubbish[0]); i++)
		assert_int_equal(find(NULL, rubbish[i], NOW), IDENTITY_REFUSED);
	assert_int_equal(database.asked, 0);
	assert_int_equal(find(NULL, longest + 1, NOW), IDENTITY_KNOWN);
}

static void a_session_id_of_another_type_is_unknown_not_a_failure(void **state)
{
	(void)state;
	start(&by_session);
	database.result = DB_FAILED;
	database.state = "22P02"; /* no uuid */
	assert_int_equal(find(NULL, "s1", NOW), IDENTITY_REFUSED);
	assert_string_equal(why.name, "unknown_session");
}

static void with_the_database_away_nobody_is_refused_and_nothing_remembered(void **state)
{
	(void)state;
	static const enum db_result results[] = {DB_UNAVAILABLE, DB_BUSY, DB_UNKNOWN, DB_FAILED};
	start(&by_session);
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		database.result = results[i];
		assert_int_equal(find(NULL, "s1", NOW), IDENTITY_UNAVAILABLE);
		assert_string_equal(why.name, "database");
	}
	database.result = DB_OK;
	a_session_of("7", NULL);
	assert_int_equal(recall(NULL, "s1", NOW), IDENTITY_UNDECIDED);
	assert_int_equal(find(NULL, "s1", NOW), IDENTITY_KNOWN);
}

static void the_token_decides_when_both_are_sent(void **state)
{
	(void)state;
	start(&by_both);
	a_session_of("7", NULL);
	assert_int_equal(find(good_bearer(), "s1", NOW), IDENTITY_KNOWN);
	assert_string_equal(who.user_id, "u1");
	assert_int_equal(find("Bearer a.b.c", "s1", NOW), IDENTITY_REFUSED);
	assert_int_equal(database.asked, 0);
	assert_int_equal(find("Basic dTpw", "s1", NOW), IDENTITY_KNOWN);
	assert_string_equal(who.user_id, "7");
	assert_int_equal(find(NULL, "s1", NOW), IDENTITY_KNOWN);
}

static void a_way_that_is_not_configured_is_no_way_in(void **state)
{
	(void)state;
	const char *token = good_bearer();
	start(&by_session);
	a_session_of("7", NULL);
	assert_int_equal(find(token, NULL, NOW), IDENTITY_ANONYMOUS);
	assert_int_equal(find(token, "s1", NOW), IDENTITY_KNOWN);
	assert_string_equal(who.user_id, "7");
	start(&by_secret);
	assert_int_equal(find(NULL, "s1", NOW), IDENTITY_ANONYMOUS);
	start(&(struct identity_settings){0});
	assert_int_equal(find(token, "s1", NOW), IDENTITY_ANONYMOUS);
	assert_false(identity_possible(&(struct identity_settings){0}));
	assert_true(identity_possible(&by_session));
	assert_true(identity_possible(&by_provider));
}

static void a_token_and_a_session_id_of_the_same_text_are_two_things(void **state)
{
	(void)state;
	start(&by_both);
	a_session_of("7", NULL);
	const char *header = good_bearer(), *token = header + strlen("Bearer ");
	assert_int_equal(find(header, NULL, NOW), IDENTITY_KNOWN);
	assert_int_equal(recall(NULL, token, NOW), IDENTITY_UNDECIDED);
	assert_int_equal(find(NULL, token, NOW), IDENTITY_KNOWN);
	assert_string_equal(who.user_id, "7");
}

static void an_erased_user_is_forgotten(void **state)
{
	(void)state;
	start(&by_both);
	a_session_of("u1", NULL);
	const char *header = good_bearer();
	assert_int_equal(find(header, NULL, NOW), IDENTITY_KNOWN);
	assert_int_equal(find(NULL, "s1", NOW), IDENTITY_KNOWN);
	a_session_of("u2", NULL);
	assert_int_equal(find(NULL, "s2", NOW), IDENTITY_KNOWN);
	identity_forget(source, "u1");
	assert_int_equal(recall(header, NULL, NOW), IDENTITY_UNDECIDED);
	assert_int_equal(recall(NULL, "s1", NOW), IDENTITY_UNDECIDED);
	assert_int_equal(recall(NULL, "s2", NOW), IDENTITY_KNOWN);
	identity_forget(source, NULL);
	assert_int_equal(recall(NULL, "s2", NOW), IDENTITY_UNDECIDED);
}

static void a_public_key_that_is_none_stops_the_start(void **state)
{
	(void)state;
	assert_null(identity_source_new(&(struct identity_settings){.jwt_public_key = "no PEM"}));
}

/* ---- keys of a provider ---- */

static char *token_by(EVP_PKEY *pair, const char *kid)
{
	struct private_key *key = generated_private_key(pair);
	char *token = generated_token(&mem, arena_printf(&mem, "{\"alg\":\"RS256\",\"kid\":\"%s\"}", kid),
				      "{\"sub\":\"u1\",\"exp\":2000000000}", key);
	private_key_free(key);
	return arena_printf(&mem, "Bearer %s", token);
}

static char *key_set_of(EVP_PKEY *pair, const char *kid)
{
	return arena_printf(&mem, "{\"keys\":[%s]}",
			    generated_rsa_jwk(&mem, pair, arena_printf(&mem, ",\"kid\":\"%s\"", kid)));
}

static void a_providers_keys_are_fetched_once_and_renewed(void **state)
{
	(void)state;
	EVP_PKEY *pair = EVP_RSA_gen(2048);
	start(&by_provider);
	provider.json = key_set_of(pair, "one");
	identity_warm(source, NULL, NOW);
	identity_warm(source, NULL, NOW);
	assert_int_equal(provider.asked, 1);
	assert_int_equal(find(token_by(pair, "one"), NULL, NOW), IDENTITY_KNOWN);
	assert_int_equal(provider.asked, 1);
	assert_int_equal(find(token_by(pair, "one"), NULL, NOW + PROVIDER_KEYS_FRESH_SECONDS - 1),
			 IDENTITY_KNOWN);
	assert_int_equal(provider.asked, 1);
	assert_int_equal(find(token_by(pair, "one"), NULL, NOW + PROVIDER_KEYS_FRESH_SECONDS + 400),
			 IDENTITY_KNOWN);
	assert_int_equal(provider.asked, 2);
	EVP_PKEY_free(pair);
}

static void a_rotated_key_is_found_at_once_and_the_old_one_ends(void **state)
{
	(void)state;
	EVP_PKEY *old = EVP_RSA_gen(2048), *new = EVP_RSA_gen(2048);
	start(&by_provider);
	provider.json = key_set_of(old, "old");
	assert_int_equal(find(token_by(old, "old"), NULL, NOW), IDENTITY_KNOWN);
	provider.json = key_set_of(new, "new");
	assert_int_equal(find(token_by(new, "new"), NULL, NOW + 1), IDENTITY_KNOWN);
	assert_int_equal(provider.asked, 2);
	/* What was verified is remembered for a while only. */
	assert_int_equal(find(token_by(old, "old"), NULL, NOW + IDENTITY_TOKEN_CACHE_SECONDS),
			 IDENTITY_REFUSED);
	assert_string_equal(why.name, "unknown_key");
	EVP_PKEY_free(old);
	EVP_PKEY_free(new);
}

static void a_rotated_key_is_found_although_the_clock_was_set_back(void **state)
{
	(void)state;
	EVP_PKEY *old = EVP_RSA_gen(2048), *new = EVP_RSA_gen(2048);
	start(&by_provider);
	provider.json = key_set_of(old, "old");
	assert_int_equal(find(token_by(old, "old"), NULL, NOW), IDENTITY_KNOWN);
	assert_int_equal(find(token_by(new, "made up"), NULL, NOW + 1), IDENTITY_REFUSED);
	provider.json = key_set_of(new, "new");
	assert_int_equal(find(token_by(new, "new"), NULL, NOW - 3600), IDENTITY_KNOWN);
	assert_int_equal(find(token_by(new, "new"), NULL, NOW - 3599), IDENTITY_KNOWN);
	assert_int_equal(provider.asked, 3);
	EVP_PKEY_free(old);
	EVP_PKEY_free(new);
}

static void made_up_key_names_cost_the_provider_one_request_a_minute(void **state)
{
	(void)state;
	EVP_PKEY *pair = EVP_RSA_gen(2048), *stranger = EVP_RSA_gen(2048);
	start(&by_provider);
	provider.json = key_set_of(pair, "one");
	assert_int_equal(find(token_by(pair, "one"), NULL, NOW), IDENTITY_KNOWN);
	for (int i = 0; i < 60; i++) {
		char kid[32];
		snprintf(kid, sizeof(kid), "made up %d", i);
		assert_int_equal(find(token_by(stranger, kid), NULL, NOW + 1 + i), IDENTITY_REFUSED);
	}
	assert_int_equal(provider.asked, 2);
	assert_int_equal(find(token_by(stranger, "again"), NULL, NOW + 61), IDENTITY_REFUSED);
	assert_int_equal(provider.asked, 3);
	EVP_PKEY_free(pair);
	EVP_PKEY_free(stranger);
}

static void with_the_provider_away_known_keys_serve_on_and_unknown_ones_are_no_refusal(void **state)
{
	(void)state;
	EVP_PKEY *pair = EVP_RSA_gen(2048), *other = EVP_RSA_gen(2048);
	start(&by_provider);
	/* From the start: nobody can be checked, and it is not asked for each request. */
	for (int i = 0; i < PROVIDER_KEYS_RETRY_SECONDS; i++)
		assert_int_equal(find(token_by(pair, "one"), NULL, NOW + i), IDENTITY_UNAVAILABLE);
	assert_int_equal(provider.asked, 1);
	assert_string_equal(why.name, "identity_provider");

	instant now = NOW + PROVIDER_KEYS_RETRY_SECONDS;
	provider.json = key_set_of(pair, "one");
	assert_int_equal(find(token_by(pair, "one"), NULL, now), IDENTITY_KNOWN);
	provider.json = NULL;
	assert_int_equal(find(token_by(other, "two"), NULL, now + 1), IDENTITY_UNAVAILABLE);
	assert_int_equal(find(token_by(pair, "one"), NULL, now + PROVIDER_KEYS_STALE_SECONDS - 1),
			 IDENTITY_KNOWN);
	assert_int_equal(find(token_by(pair, "one"), NULL, now + PROVIDER_KEYS_STALE_SECONDS + 300),
			 IDENTITY_UNAVAILABLE);
	provider.json = "<html>no key set</html>";
	assert_int_equal(find(token_by(other, "two"), NULL, now + PROVIDER_KEYS_STALE_SECONDS + 400),
			 IDENTITY_UNAVAILABLE);
	EVP_PKEY_free(pair);
	EVP_PKEY_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_token_tells_who_is_calling),
		cmocka_unit_test(the_scheme_is_bearer_in_any_letter_case),
		cmocka_unit_test(a_role_is_only_what_it_says_and_a_coach_needs_an_id),
		cmocka_unit_test(a_user_id_is_bounded_and_printable_and_the_rest_may_be_missing),
		cmocka_unit_test(bad_tokens_are_refused_with_their_reason),
		cmocka_unit_test(a_remembered_token_ends_when_it_expires),
		cmocka_unit_test(a_session_is_looked_up_once_and_dies_within_the_cache_time),
		cmocka_unit_test(without_cache_time_each_request_asks),
		cmocka_unit_test(a_refused_session_is_remembered_no_longer_than_a_good_one),
		cmocka_unit_test(no_session_is_taken_from_a_doubtful_answer),
		cmocka_unit_test(rubbish_for_a_session_id_never_reaches_the_database),
		cmocka_unit_test(a_session_id_of_another_type_is_unknown_not_a_failure),
		cmocka_unit_test(with_the_database_away_nobody_is_refused_and_nothing_remembered),
		cmocka_unit_test(the_token_decides_when_both_are_sent),
		cmocka_unit_test(a_way_that_is_not_configured_is_no_way_in),
		cmocka_unit_test(a_token_and_a_session_id_of_the_same_text_are_two_things),
		cmocka_unit_test(an_erased_user_is_forgotten),
		cmocka_unit_test(a_public_key_that_is_none_stops_the_start),
		cmocka_unit_test(a_providers_keys_are_fetched_once_and_renewed),
		cmocka_unit_test(a_rotated_key_is_found_although_the_clock_was_set_back),
		cmocka_unit_test(a_rotated_key_is_found_at_once_and_the_old_one_ends),
		cmocka_unit_test(made_up_key_names_cost_the_provider_one_request_a_minute),
		cmocka_unit_test(with_the_provider_away_known_keys_serve_on_and_unknown_ones_are_no_refusal),
	};
	return cmocka_run_group_tests(tests, NULL, stop);
}
