/*
 * doctor_identity - can anybody sign in, and only those who should?
 */
#include "doctor.h"

#include "base/jwt.h"
#include "base/signature.h"
#include "base/uuid.h"
#include "net/jwks.h"

#include <string.h>

enum { JWKS_DEADLINE_MS = 8000 };

static void check_jwks(const char *url)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	struct fetch_client *fetcher = fetch_client_new("bookingd/" BOOKINGD_VERSION, NULL);
	size_t length = 0;
	const char *detail = NULL;
	const char *json =
		jwks_fetch(fetcher, &mem, url, monotonic_ms() + JWKS_DEADLINE_MS, &length, &detail);
	struct jwt_key_set *keys = json != NULL ? jwt_key_set_read(json, length) : NULL;
	if (json == NULL)
		doctor_tell(BAD, "identity",
			    "AUTH_JWKS_URL: %s; see that it is the provider's, and what stands between",
			    detail);
	else if (keys == NULL)
		doctor_tell(BAD, "identity", "AUTH_JWKS_URL: what it returns is not a JSON Web Key Set");
	else if (jwt_key_set_count(keys) == 0)
		doctor_tell(BAD, "identity",
			    "AUTH_JWKS_URL: none of its keys can be used; RSA of 2048 bits or more and P-256 "
			    "can");
	else
		doctor_tell(GOOD, "identity", "AUTH_JWKS_URL: %zu usable keys", jwt_key_set_count(keys));
	jwt_key_set_free(keys);
	fetch_client_free(fetcher);
}

static bool check_public_key(const char *pem)
{
	struct public_key *key = public_key_from_pem(pem);
	if (key == NULL)
		doctor_tell(BAD, "identity", "AUTH_JWT_PUBLIC_KEY %s",
			    strstr(pem, "PRIVATE KEY-----") != NULL
				    ? "is a private key, which belongs to whoever makes the tokens; set the "
				      "public "
				      "one (openssl pkey -pubout)"
				    : "is no public key that can be used: RSA of 2048 bits or more or P-256, "
				      "whole "
				      "and line by line");
	public_key_free(key);
	return key != NULL;
}

static void check_tokens(const struct settings *settings)
{
	bool tokens = settings->auth_jwt_secret || settings->auth_jwt_public_key || settings->auth_jwks_url;
	if (settings->mail_url != NULL && settings->sign_in_url == NULL)
		doctor_tell(GOOD, "identity", "people sign in by mail");
	else if (!tokens && settings->auth_session_query == NULL)
		doctor_tell(NOTE, "identity",
			    "nobody can sign in; set AUTH_JWT_SECRET, AUTH_JWT_PUBLIC_KEY, "
			    "AUTH_JWKS_URL, AUTH_SESSION_QUERY or MAIL_URL");
	if (settings->public_booking)
		doctor_tell(GOOD, "identity", "guests book with an address that a code proves");
	if (settings->public_booking && settings->rate_limit_address == 0)
		doctor_tell(NOTE, "identity",
			    "PUBLIC_BOOKING without RATE_LIMIT_ADDRESS: whoever likes may ask for free times "
			    "as fast as they can");
	const bool public_key =
		settings->auth_jwt_public_key != NULL && check_public_key(settings->auth_jwt_public_key);
	if (settings->auth_jwks_url != NULL)
		check_jwks(settings->auth_jwks_url);
	if (settings->auth_jwks_url != NULL && settings->auth_jwt_audience == NULL)
		doctor_tell(NOTE, "identity",
			    "AUTH_JWT_AUDIENCE is not set: a token that the same provider made for another "
			    "service is accepted as well");
	if (settings->auth_jwt_secret != NULL && doctor_is_weak(settings->auth_jwt_secret))
		doctor_tell(BAD, "identity",
			    "AUTH_JWT_SECRET can be guessed: few different characters, or words; make one by "
			    "openssl "
			    "rand -base64 32");
	else if (settings->auth_jwt_secret != NULL || public_key)
		doctor_tell(GOOD, "identity",
			    "bearer tokens; their addresses count as proved: SECURITY in bookingd(1)");
}

/* Where any id is taken for a session, whoever makes one up is signed in. */
static void check_made_up_session(const struct settings *settings, struct db *db)
{
	char id[UUID_TEXT_SIZE];
	DB_ROWS rows = {0};
	uuid_format(uuid_new(instant_now()), id);
	enum db_result result = db_run_text(db, "auth_session_query", settings->auth_session_query,
					    DB_PARAMETERS(db_text(id)), &rows);
	int column = result == DB_OK ? db_column(&rows, "user_id") : -1;
	if (column >= 0 && rows.count > 0 && db_get_text(&rows, 0, (size_t)column) != NULL)
		doctor_tell(BAD, "identity",
			    "AUTH_SESSION_QUERY returns a user for a session id made up a second ago: "
			    "anybody could sign "
			    "in as them; it must join the table that says whose session it is");
	else
		doctor_tell(GOOD, "identity", "AUTH_SESSION_QUERY can be run");
}

static void check_session_query(const struct settings *settings, struct db *db)
{
	if (settings->auth_session_query == NULL || db == NULL)
		return;
	DB_ROWS rows = {0};
	enum db_result result = db_run_text(db, "auth_session_query", settings->auth_session_query,
					    DB_PARAMETERS(db_text("")), &rows);
	/* Class 22: the statement stands, but its $1 cannot be the empty text. */
	if (result != DB_OK && strncmp(db_failure(db)->state, "22", 2) != 0)
		doctor_tell(BAD, "identity", "AUTH_SESSION_QUERY: %s", db_failure(db)->detail);
	else if (result == DB_OK && db_column(&rows, "user_id") < 0)
		doctor_tell(BAD, "identity",
			    "AUTH_SESSION_QUERY gives no column user_id; write … AS user_id");
	else
		check_made_up_session(settings, db);
}

void doctor_identity(const struct settings *settings, struct db *db)
{
	check_tokens(settings);
	check_session_query(settings, db);
}
