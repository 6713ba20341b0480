#include "app/identity.h"

#include <pthread.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/identity_cache.h"
#include "app/provider_keys.h"
#include "base/crypto.h"
#include "base/die.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/jwt.h"
#include "base/log.h"
#include "base/signature.h"
#include "base/siphash.h"
#include "base/text.h"

enum {
	OWN_CACHE_SECONDS = 30,
	KNOWN_MAX = 4096, /* identities remembered */
	REFUSED_MAX =
		1024, /* refusals remembered, apart, so that a flood of bad ones pushes no good ones out */
};

static const struct identity_reason no_credentials = {"no_credentials", "Please sign in."};
static const struct identity_reason malformed = {"malformed",
						 "Your sign-in isn't valid. Please sign in again."};
static const struct identity_reason unusable_user = {"unusable_user",
						     "Your sign-in isn't valid. Please sign in again."};
static const struct identity_reason unknown_session = {"unknown_session",
						       "Your session has ended. Please sign in again."};
static const struct identity_reason ambiguous_session = {"ambiguous_session",
							 "Your session has ended. Please sign in again."};
static const struct identity_reason unavailable_database = {
	"database", "We can't check who you are right now. Please try again in a moment."};
static const struct identity_reason unavailable_provider = {
	"identity_provider", "We can't check who you are right now. Please try again in a moment."};

struct identity_source {
	struct identity_settings settings;
	pthread_rwlock_t trusted;       /* guards jwt_secret, jwt_public_key, key */
	struct public_key *key;         /* NULL: not configured */
	struct provider_keys *provider; /* NULL: not configured */
	struct identity_cache *known, *refused;
	struct siphash_key secret; /* of what credentials are remembered under */
};

/* What a request showed. */
struct credential {
	enum credential_kind { TOKEN = 't', SESSION = 's', OWN = 'o' } kind;
	const char *text;
	size_t length;
	struct identity_cache_key key;
};

static bool takes_tokens(const struct identity_settings *settings)
{
	return settings->jwt_secret != NULL || settings->jwt_public_key != NULL || settings->jwks_url != NULL;
}

bool identity_possible(const struct identity_settings *settings)
{
	return takes_tokens(settings) || settings->session_query != NULL || settings->own_sessions;
}

struct identity_source *identity_source_new(const struct identity_settings *settings)
{
	struct public_key *key = NULL;

	if (settings->jwt_public_key != NULL) {
		key = public_key_from_pem(settings->jwt_public_key);
		if (key == NULL)
			return NULL;
	}
	struct identity_source *source = calloc(1, sizeof(*source));
	if (source == NULL)
		die("out of memory");
	source->settings = *settings;
	source->key = key;
	pthread_rwlock_init(&source->trusted, NULL);
	if (settings->jwks_url != NULL)
		source->provider = provider_keys_new(settings->jwks_url);
	source->known = identity_cache_new(KNOWN_MAX);
	source->refused = identity_cache_new(REFUSED_MAX);
	crypto_random(&source->secret, sizeof(source->secret));
	return source;
}

void identity_source_free(struct identity_source *source)
{
	if (source == NULL)
		return;
	public_key_free(source->key);
	provider_keys_free(source->provider);
	identity_cache_free(source->known);
	identity_cache_free(source->refused);
	pthread_rwlock_destroy(&source->trusted);
	free(source);
}

bool identity_source_renew(struct identity_source *source, const char *jwt_secret, const char *jwt_public_key)
{
	struct public_key *key = jwt_public_key != NULL ? public_key_from_pem(jwt_public_key) : NULL;
	if (jwt_public_key != NULL && key == NULL)
		return false;
	pthread_rwlock_wrlock(&source->trusted);
	source->settings.jwt_secret = jwt_secret;
	source->settings.jwt_public_key = jwt_public_key;
	public_key_free(source->key);
	source->key = key;
	pthread_rwlock_unlock(&source->trusted);
	identity_cache_forget(source->known, NULL);
	identity_cache_forget(source->refused, NULL);
	return true;
}

static struct identity_finding refusal(struct identity_reason reason)
{
	return (struct identity_finding){.outcome = IDENTITY_REFUSED, .reason = reason};
}

static struct identity_finding failure(struct identity_reason reason)
{
	return (struct identity_finding){.outcome = IDENTITY_UNAVAILABLE, .reason = reason};
}

/* ---- from texts to an identity ---- */

static bool is_usable(const char *text, size_t max)
{
	return text != NULL && !text_is_blank(text) && utf8_length(text) <= max &&
	       text_check(text, TEXT_LINE) == TEXT_GOOD;
}

/* Trimmed; NULL if it is not usable. */
static const char *usable_or_null(const char *text, size_t max, struct arena *mem)
{
	const char *trimmed = text != NULL ? text_trim(mem, text) : NULL;
	return is_usable(trimmed, max) ? arena_strdup(mem, trimmed) : NULL;
}

/* The claims of a token, or the columns of a session; any but subject may be NULL. */
static struct identity_finding finding_from(const struct jwt_claims *claims, struct arena *mem)
{
	const char *coach = usable_or_null(claims->coach, IDENTITY_COACH_MAX, mem);
	enum identity_role role = IDENTITY_USER;

	if (!is_usable(claims->subject, IDENTITY_USER_ID_MAX))
		return refusal(unusable_user);
	if (claims->role != NULL && strcmp(claims->role, "admin") == 0)
		role = IDENTITY_ADMIN;
	else if (claims->role != NULL && strcmp(claims->role, "coach") == 0 && coach != NULL)
		role = IDENTITY_COACH;
	return (struct identity_finding){
		.outcome = IDENTITY_KNOWN,
		.identity = {.user_id = arena_strdup(mem, claims->subject),
			     .email = usable_or_null(claims->email, IDENTITY_EMAIL_MAX, mem),
			     .email_unverified = claims->email_unverified,
			     .name = usable_or_null(claims->name, IDENTITY_NAME_MAX, mem),
			     .role = role,
			     .coach = role == IDENTITY_COACH ? coach : NULL},
	};
}

/* ---- tokens ---- */

static struct identity_reason reason_for(enum jwt_verdict verdict)
{
	struct identity_reason reason = malformed;

	reason.name = jwt_verdict_name(verdict);
	if (verdict == JWT_EXPIRED)
		reason.detail = "Your sign-in has expired. Please sign in again.";
	else if (verdict == JWT_NOT_YET)
		reason.detail = "Your sign-in isn't valid yet. Please try again in a moment.";
	return reason;
}

static enum jwt_verdict verify(struct identity_source *source, const struct credential *token, instant now,
			       struct arena *mem, struct jwt_claims *ret_claims,
			       unsigned long *ret_generation)
{
	struct jwt_rules rules = {.issuer = source->settings.jwt_issuer,
				  .audience = source->settings.jwt_audience};

	pthread_rwlock_rdlock(&source->trusted);
	rules.secret = source->settings.jwt_secret;
	rules.key = source->key;
	if (source->provider != NULL)
		rules.keys = provider_keys_borrow(source->provider, now, ret_generation);
	enum jwt_verdict verdict = jwt_verify(&rules, token->text, token->length, now, mem, ret_claims);
	if (source->provider != NULL)
		provider_keys_return(source->provider);
	pthread_rwlock_unlock(&source->trusted);
	return verdict;
}

static struct identity_finding find_token(struct identity_source *source, struct fetch_client *fetcher,
					  const struct credential *token, instant now, struct arena *mem,
					  instant *ret_until)
{
	struct jwt_claims claims;
	unsigned long generation = 0;

	if (source->provider != NULL)
		provider_keys_renew(source->provider, fetcher, now);
	enum jwt_verdict verdict = verify(source, token, now, mem, &claims, &generation);
	/* A signature may be by a new key that has the former one's name, or none. */
	if (verdict == JWT_UNKNOWN_KEY || (verdict == JWT_SIGNATURE && source->provider != NULL)) {
		switch (provider_keys_seek(source->provider, fetcher, now, generation)) {
		case PROVIDER_KEYS_NEW:
			verdict = verify(source, token, now, mem, &claims, &generation);
			break;
		case PROVIDER_KEYS_CURRENT:
			break;
		case PROVIDER_KEYS_FAILED:
			if (verdict == JWT_UNKNOWN_KEY)
				return failure(unavailable_provider);
			break;
		}
	}
	if (verdict != JWT_VALID)
		return refusal(reason_for(verdict));
	*ret_until = claims.expires + JWT_LEEWAY;
	if (*ret_until > now + IDENTITY_TOKEN_CACHE_SECONDS)
		*ret_until = now + IDENTITY_TOKEN_CACHE_SECONDS;
	return finding_from(&claims, mem);
}

/* ---- sessions ---- */

/* The class of SQLSTATEs for a session id that is no value of its column's type, such as text for a uuid. */
#define DATA_EXCEPTION "22"

/* The column's text; NULL if there is no such column or no value. */
static const char *column_text(const struct db_rows *rows, const char *name)
{
	int column = db_column(rows, name);
	return column >= 0 ? db_get_text(rows, 0, (size_t)column) : NULL;
}

/* Whether the platform has a column for it and does not vouch there: false in any way of writing it, or
 * nothing. */
static bool is_unverified(const struct db_rows *rows)
{
	const char *verified = column_text(rows, "email_verified");
	return db_column(rows, "email_verified") >= 0 &&
	       (verified == NULL || verified[0] == '\0' || strchr("fF0nN", verified[0]) != NULL);
}

static struct identity_finding find_session(struct identity_source *source, struct db *db,
					    const struct credential *session, instant now, struct arena *mem,
					    instant *ret_until)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run_text(db, "auth_session", source->settings.session_query,
					    DB_PARAMETERS(db_text(session->text)), &rows);

	if (result == DB_FAILED && strncmp(db_failure(db)->state, DATA_EXCEPTION, 2) == 0)
		return refusal(unknown_session);
	if (result != DB_OK && result != DB_NONE) {
		log_line(LOG_WARNING, "session_query_failed",
			 LOG_TEXT_FIELD("result", db_result_name(result)),
			 LOG_TEXT_FIELD("detail", db_failure(db)->detail));
		return failure(unavailable_database);
	}
	if (rows.count == 0)
		return refusal(unknown_session);
	/* Two people behind one session id: whoever is meant, it is not for us to guess. */
	if (rows.count > 1)
		return refusal(ambiguous_session);
	*ret_until = now + source->settings.session_cache_seconds;
	const struct jwt_claims columns = {
		.subject = column_text(&rows, "user_id"),
		.email = column_text(&rows, "email"),
		.email_unverified = is_unverified(&rows),
		.name = column_text(&rows, "name"),
		.role = column_text(&rows, "role"),
		.coach = column_text(&rows, "coach"),
	};
	return finding_from(&columns, mem);
}

/* ---- sessions of our own ---- */

static struct identity_finding find_own(const struct identity_source *source, struct db *db,
					const struct credential *session, instant now, struct arena *mem,
					instant *ret_until)
{
	unsigned char hash[CRYPTO_SHA256_SIZE];
	char appointment_id[UUID_TEXT_SIZE];
	DB_ROWS rows = {0};

	crypto_sha256(session->text, session->length, hash);
	enum db_result result = db_run(
		db, QUERY_SESSION_FIND,
		DB_PARAMETERS(db_bytes(hash, sizeof(hash)), db_text(source->settings.admin_emails)), &rows);
	if (result == DB_NONE)
		return refusal(unknown_session);
	if (result != DB_OK) {
		log_line(LOG_WARNING, "session_not_read", LOG_TEXT_FIELD("detail", db_failure(db)->detail));
		return failure(unavailable_database);
	}
	const struct jwt_claims columns = {
		.subject = db_get_text(&rows, 0, 0),
		.role = db_get_text(&rows, 0, 1),
		.coach = db_get_text(&rows, 0, 2),
		.email = db_get_text(&rows, 0, 3),
	};
	struct identity_finding finding = finding_from(&columns, mem);
	const char *further = db_get_text(&rows, 0, 6);
	finding.identity.further_coaches = further != NULL ? arena_strdup(mem, further) : NULL;
	finding.identity.guest =
		strncmp(columns.subject, IDENTITY_GUEST_PREFIX, strlen(IDENTITY_GUEST_PREFIX)) == 0;
	db_get_uuid(&rows, 0, 4, appointment_id);
	if (appointment_id[0] != '\0')
		finding.identity.appointment_id = arena_strdup(mem, appointment_id);
	instant ends = db_get_instant(&rows, 0, 5);
	*ret_until = now + OWN_CACHE_SECONDS < ends ? now + OWN_CACHE_SECONDS : ends;
	return finding;
}

void identity_meet(struct db *db, const struct identity *identity)
{
	if (identity->role != IDENTITY_USER || identity->email == NULL || identity->email_unverified)
		return;
	enum db_result result =
		db_run(db, QUERY_USER_MEET,
		       DB_PARAMETERS(db_text(identity->user_id), db_text(identity->email)), NULL);
	if (result != DB_OK && result != DB_UNAVAILABLE)
		log_line(LOG_WARNING, "user_not_met", LOG_TEXT_FIELD("detail", db_failure(db)->detail));
}

/* ---- both ---- */

/* The token behind "Bearer ", NULL if the header has another scheme (RFC 9110 section 11.1; any letter case).
 */
static const char *bearer_token(const char *authorization)
{
	static const char scheme[] = "Bearer";

	if (strncasecmp(authorization, scheme, sizeof(scheme) - 1) != 0)
		return NULL;
	const char *token = authorization + sizeof(scheme) - 1;
	if (*token != ' ' && *token != '\0')
		return NULL;
	return token + strspn(token, " ");
}

static bool is_session_id(const char *text)
{
	size_t length = 0;

	for (; text[length] != '\0'; length++) {
		if (length == IDENTITY_SESSION_MAX || text[length] < 0x21 || text[length] > 0x7e)
			return false;
	}
	return length > 0;
}

/*
 * What the credential is remembered under: a digest under a key that each process makes for itself, so that
 * neither tokens nor session ids rest in memory; the kind keeps a token and a session id of the same text
 * apart.
 */
static struct identity_cache_key cache_key(const struct identity_source *source,
					   const struct credential *credential)
{
	struct siphash_key secret = source->secret;
	struct identity_cache_key key;

	secret.words[0] ^= (uint64_t)credential->kind;
	siphash_128(secret, credential->text, credential->length, key.bytes);
	return key;
}

/* Secret and key may be renewed meanwhile. */
static bool source_takes_tokens(struct identity_source *source)
{
	pthread_rwlock_rdlock(&source->trusted);
	bool takes = takes_tokens(&source->settings);
	pthread_rwlock_unlock(&source->trusted);
	return takes;
}

/* What the request shows. True with *ret_credential set; else *ret_finding says that it shows nothing or
 * rubbish. */
static bool read_credential(struct identity_source *source, const struct credentials *credentials,
			    struct credential *ret_credential, struct identity_finding *ret_finding)
{
	const char *authorization = credentials->authorization;
	const char *session_id = credentials->session_id;
	const char *token = NULL;

	if (authorization != NULL)
		token = bearer_token(authorization);
	/* A session of our own is one whether or not tokens are configured. */
	bool own = token != NULL && strncmp(token, IDENTITY_OWN_PREFIX, strlen(IDENTITY_OWN_PREFIX)) == 0;
	if (!own && !source_takes_tokens(source))
		token = NULL;
	if (token == NULL && (session_id == NULL || source->settings.session_query == NULL)) {
		*ret_finding =
			(struct identity_finding){.outcome = IDENTITY_ANONYMOUS, .reason = no_credentials};
		return false;
	}
	ret_credential->kind = own ? OWN : token != NULL ? TOKEN : SESSION;
	ret_credential->text = token != NULL ? token : session_id;
	ret_credential->length = strlen(ret_credential->text);
	if (token != NULL ? ret_credential->length > JWT_SIZE_MAX : !is_session_id(session_id)) {
		*ret_finding = refusal(malformed);
		return false;
	}
	ret_credential->key = cache_key(source, ret_credential);
	return true;
}

/* What is remembered. True with *ret_finding set. */
static bool recall(struct identity_source *source, const struct credential *credential, instant now,
		   struct arena *mem, struct identity_finding *ret_finding)
{
	return identity_cache_find(source->known, &credential->key, now, mem, ret_finding) ||
	       identity_cache_find(source->refused, &credential->key, now, mem, ret_finding);
}

/* How long a refusal is remembered: that of a session no longer than a session would be. */
static seconds refusal_lasts(const struct identity_source *source, const struct credential *credential)
{
	seconds session = source->settings.session_cache_seconds;
	return credential->kind == SESSION && session < IDENTITY_REFUSAL_CACHE_SECONDS
		       ? session
		       : IDENTITY_REFUSAL_CACHE_SECONDS;
}

static void remember(struct identity_source *source, const struct credential *credential,
		     const struct identity_finding *finding, instant now, instant until)
{
	if (finding->outcome == IDENTITY_KNOWN)
		identity_cache_put(source->known, &credential->key, finding, now, until);
	else if (finding->outcome == IDENTITY_REFUSED)
		identity_cache_put(source->refused, &credential->key, finding, now,
				   now + refusal_lasts(source, credential));
}

static enum identity_outcome answer(const struct identity_finding *finding, struct identity *ret_identity,
				    struct identity_reason *ret_reason)
{
	if (finding->outcome == IDENTITY_KNOWN)
		*ret_identity = finding->identity;
	else if (ret_reason != NULL)
		*ret_reason = finding->reason;
	return finding->outcome;
}

enum identity_outcome identity_find(struct identity_source *source, struct worker *worker,
				    const struct credentials *credentials, struct arena *mem,
				    struct identity *ret_identity, struct identity_reason *ret_reason)
{
	instant now = credentials->now;
	struct credential credential;
	struct identity_finding finding;

	if (read_credential(source, credentials, &credential, &finding) &&
	    !recall(source, &credential, now, mem, &finding)) {
		instant until = now;
		finding = credential.kind == OWN ? find_own(source, worker->db, &credential, now, mem, &until)
			  : credential.kind == TOKEN
				  ? find_token(source, worker->fetcher, &credential, now, mem, &until)
				  : find_session(source, worker->db, &credential, now, mem, &until);
		if (finding.outcome == IDENTITY_KNOWN && credential.kind != OWN &&
		    source->settings.own_sessions)
			identity_meet(worker->db, &finding.identity);
		remember(source, &credential, &finding, now, until);
	}
	return answer(&finding, ret_identity, ret_reason);
}

enum identity_outcome identity_recall(struct identity_source *source, const struct credentials *credentials,
				      struct arena *mem, struct identity *ret_identity,
				      struct identity_reason *ret_reason)
{
	struct credential credential;
	struct identity_finding finding;

	if (read_credential(source, credentials, &credential, &finding) &&
	    !recall(source, &credential, credentials->now, mem, &finding))
		return IDENTITY_UNDECIDED;
	return answer(&finding, ret_identity, ret_reason);
}

void identity_warm(struct identity_source *source, struct fetch_client *fetcher, instant now)
{
	if (source->provider != NULL)
		provider_keys_renew(source->provider, fetcher, now);
}

enum db_result identity_of_address(struct db *db, const char *email, struct arena *mem,
				   const char **ret_user_id)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(db, QUERY_PERSON_BY_ADDRESS, DB_PARAMETERS(db_text(email)), &rows);
	if (result == DB_OK)
		*ret_user_id = arena_strdup(mem, db_get_text(&rows, 0, 0));
	return result;
}

static bool is_coach(const struct identity *caller, const char *coach_id)
{
	if (caller->role != IDENTITY_COACH)
		return false;
	return strcmp(caller->coach, coach_id) == 0 || text_has_word(caller->further_coaches, coach_id);
}

bool identity_is_exempt(const struct identity *caller, const char *coach_id)
{
	return caller != NULL && (caller->role == IDENTITY_ADMIN || is_coach(caller, coach_id));
}

void identity_forget(struct identity_source *source, const char *user_id)
{
	identity_cache_forget(source->known, user_id);
}
