/*
 * identity - who is calling.
 *
 * A caller proves who they are in one of two ways, both of which may be configured at once:
 *
 *  - `Authorization: Bearer <JWT>`, verified as base/jwt.h says;
 *  - `X-Session-ID: <id>`, looked up in the platform's own tables by AUTH_SESSION_QUERY.
 *
 *  - `Authorization: Bearer bks_...`, a session of our own, had by mail (app/sign_in.h).
 *
 * Nothing else is an identity, least of all a header such as X-User-ID that any browser can set. When
 * a request carries both, the bearer token decides, also when it is bad: falling back would hide from the
 * client that their token is worthless. An Authorization header of another scheme (a proxy's Basic), or any
 * of them while no kind of token is configured, counts as not sent.
 *
 * What was found is remembered under a salted digest, never under the token or session id itself: tokens
 * until they expire (re-verified every few minutes, so that a withdrawn key ends them), sessions for
 * session_cache_seconds, bad credentials for IDENTITY_REFUSAL_CACHE_SECONDS, but a bad session id no longer
 * than session_cache_seconds. Memory is bounded. Nothing is remembered when the database could not be asked.
 *
 * One `struct identity_source` serves all threads. No lock is held across the database or the network.
 */
#ifndef APP_IDENTITY_H
#define APP_IDENTITY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/instant.h"
#include "calendar/worker.h"

enum {
	IDENTITY_USER_ID_MAX = 255, /* characters, as OpenID Connect bounds `sub` */
	IDENTITY_EMAIL_MAX = 254,
	IDENTITY_NAME_MAX = 200,
	IDENTITY_COACH_MAX = 64,
	IDENTITY_SESSION_MAX = 512,         /* longest X-Session-ID, visible ASCII */
	IDENTITY_TOKEN_CACHE_SECONDS = 300, /* a token is verified again after this */
	IDENTITY_REFUSAL_CACHE_SECONDS = 5, /* bad credentials are refused from memory so long */
};

/* What a session of our own begins with, as a bearer token; no JWT does. */
#define IDENTITY_OWN_PREFIX "bks_"

/* What the user id of somebody who holds a time without an identity begins with (PUBLIC_BOOKING). */
#define IDENTITY_GUEST_PREFIX "guest:"

enum identity_role {
	IDENTITY_USER,  /* also every role we do not know, and a coach without a coach's id */
	IDENTITY_COACH, /* of the coach in `coach` */
	IDENTITY_ADMIN,
};

/*
 * Texts are NULL when not known, but user_id; none is empty or has control characters. A user id that is, or
 * is too long, is a refusal; another text that is counts as not known.
 */
struct identity {
	const char *user_id;   /* at most IDENTITY_USER_ID_MAX characters */
	const char *email;     /* not checked for being an address */
	bool email_unverified; /* whoever vouches for them does not for that */
	const char *name;
	enum identity_role role;
	const char *coach; /* the coach's id; set exactly when role is IDENTITY_COACH */
	/* Ids of those that are the same person, who came in by the address on all their rows, with spaces
	 * between; NULL: none. */
	const char *further_coaches;
	/* Of a manage link or a guest: for this appointment alone; NULL: for all. */
	const char *appointment_id;
	bool guest; /* has not proved an address yet */
};

/*
 * Whether this caller acts for the coach: an admin, or that coach. Rules of notice, horizon and limits
 * do not bind them. caller NULL: nobody known. Pure.
 */
bool identity_is_exempt(const struct identity *caller, const char *coach_id);

/*
 * The user id of the person behind an address, in `mem`: the platform's or our own where they were met, else
 * the one they will have here. Blocks for one statement; DB_OK, or why not.
 */
MUST_USE enum db_result identity_of_address(struct db *db, const char *email, struct arena *mem,
					    const char **ret_user_id);

enum identity_outcome {
	IDENTITY_KNOWN,
	IDENTITY_ANONYMOUS,   /* no credentials were sent */
	IDENTITY_REFUSED,     /* credentials were sent and are not good: 401 */
	IDENTITY_UNAVAILABLE, /* the database or the identity provider cannot be asked: 503 */
	IDENTITY_UNDECIDED,   /* only from identity_recall: somebody who may block must decide */
};

/* Why not, besides IDENTITY_KNOWN. Both are constant texts. */
struct identity_reason {
	const char *name;   /* for the log: "expired", "unknown_session", "database" */
	const char *detail; /* one sentence for a person */
};

/* All borrowed until identity_source_free; NULL: that way is not configured. */
struct identity_settings {
	/* AUTH_SESSION_QUERY: $1 is the session id; columns user_id, email, email_verified, name, role,
	 * coach. */
	const char *session_query;
	int64_t session_cache_seconds; /* 0: no session is remembered, a refused one neither */
	const char *jwt_secret;
	const char *jwt_public_key; /* PEM text */
	const char *jwks_url;
	const char *jwt_issuer;
	const char *jwt_audience;
	bool own_sessions;        /* people sign in by mail */
	const char *admin_emails; /* whose sessions of our own are admins' */
};

struct identity_source;

/* NULL if jwt_public_key is no public key that can be used, which is the one way to fail. Does not block. */
struct identity_source *identity_source_new(const struct identity_settings *settings);

/*
 * Trust this secret and this public key from now on, NULL: none. Waits for whoever is
 * verifying, then the former texts are no longer used, and what was remembered is forgotten. False, and
 * nothing changed, if the key is no public key that can be used. For one thread at a time.
 */
bool identity_source_renew(struct identity_source *source, const char *jwt_secret,
			   const char *jwt_public_key);

/* No other thread may still use it. NULL is fine. */
void identity_source_free(struct identity_source *source);

/* Whether any way is configured; without one nobody can ever be known. */
bool identity_possible(const struct identity_settings *settings);

/* What a request says of who sent it. */
struct credentials {
	const char *authorization; /* the header; NULL: not sent */
	const char *session_id;    /* the header X-Session-ID; NULL: not sent */
	instant now;
};

/*
 * Who sent these credentials? The worker's database and fetcher are asked only when memory does not know; the
 * fetcher may be NULL without a jwks_url. `mem` receives the identity's texts.
 *
 * Blocks for the session query or a fetch of keys. Never returns IDENTITY_UNDECIDED. ret_reason is set in
 * every case but IDENTITY_KNOWN; it may be NULL.
 */
enum identity_outcome identity_find(struct identity_source *source, struct worker *worker,
				    const struct credentials *credentials, struct arena *mem,
				    struct identity *ret_identity, struct identity_reason *ret_reason);

/*
 * The same from memory alone, for an HTTP loop: waits for nothing but a lock on that memory.
 * IDENTITY_UNDECIDED when it needs work; then a worker calls identity_find. Never IDENTITY_UNAVAILABLE.
 */
enum identity_outcome identity_recall(struct identity_source *source, const struct credentials *credentials,
				      struct arena *mem, struct identity *ret_identity,
				      struct identity_reason *ret_reason);

/*
 * Fetch the keys behind the JWKS URL if one is configured and none are known: called once at start, on a
 * thread that may block for PROVIDER_KEYS_DEADLINE_MS (app/provider_keys.h), so that the first callers need
 * not wait.
 */
void identity_warm(struct identity_source *source, struct fetch_client *fetcher, instant now);

/*
 * The platform's user is the person behind the address that it vouches for, if any, from now on, whichever
 * way they come in. Done for whoever is found where people sign in by mail as well.
 */
void identity_meet(struct db *db, const struct identity *identity);

/* Forget who this user is, or (NULL) who everybody is: for erasure. Their next request looks them up again.
 */
void identity_forget(struct identity_source *source, const char *user_id);

#endif
