/*
 * google_auth - how the daemon proves to Google who it is.
 *
 * Two ways: a service account's key signs an assertion (RFC 7523), or the coach consents once in the
 * browser (RFC 6749 section 4.1 with PKCE, RFC 7636) and a refresh token stands for that.
 * Either way what calls carry is an access token of an hour, which a google_token_source keeps and
 * renews. Sources: https://developers.google.com/identity/protocols/oauth2/service-account and
 * .../oauth2/web-server.
 *
 * Where refresh tokens rest is the caller's business: they come in and go out as values.
 * Nothing here logs, and no answer's message carries a token, a key or an address.
 */
#ifndef NET_GOOGLE_AUTH_H
#define NET_GOOGLE_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/instant.h"
#include "net/fetch.h"
#include "net/google.h"

/*
 * The scopes asked for, one blank between: calendar.events to read and write events,
 * calendar.freebusy because freeBusy.query does not accept the former. A Workspace administrator grants
 * exactly this list; one scope more or less fails the whole token request.
 */
#define GOOGLE_SCOPES                                                                                        \
	"https://www.googleapis.com/auth/calendar.events https://www.googleapis.com/auth/calendar.freebusy"

/* --- The two kinds of credentials -------------------------------------------------------- */

/* A service account's key file. All strings in the arena it was read into. */
struct google_service_account {
	const char *client_email;
	const char *client_id;   /* numeric, what an administrator enters for delegation; NULL if the file has
				    none */
	const char *private_key; /* PEM */
	const char *private_key_id; /* NULL if the file has none */
	const char *token_uri;      /* where the assertion goes, and its audience */
};

/*
 * Read a service account's key file, given as its JSON text (settings.google_service_account_key).
 *
 * Returns NULL and fills *ret_account, or one sentence that says what is wrong (no JSON, not
 * "type":"service_account", a field missing, no RSA private key in it) and never quotes the key. Whatever
 * held a piece of the key is wiped, but the text and the account: to be done by the caller. To that end
 * jansson's memory functions are others meanwhile, so there must be no other thread yet.
 */
const char *google_service_account_read(struct arena *mem, const char *json,
					struct google_service_account *ret_account);

/* The daemon's registration for consent. */
struct google_oauth_client {
	const char *id;
	const char *secret;       /* NULL or "": none is sent (a public client) */
	const char *auth_url;     /* https://accounts.google.com/o/oauth2/v2/auth */
	const char *token_url;    /* https://oauth2.googleapis.com/token */
	const char *revoke_url;   /* https://oauth2.googleapis.com/revoke */
	const char *redirect_url; /* our /oauth/google/callback, as registered with Google */
};

/* --- Consent ------------------------------------------------------------------------------ */

enum { GOOGLE_VERIFIER_BYTES = 44 }; /* 43 characters and NUL */

/* A fresh PKCE verifier: 32 random bytes as base64url. Keep it, with the state, until the callback. */
void google_consent_verifier(char out[static GOOGLE_VERIFIER_BYTES]);

/*
 * Where to send the coach: response_type=code, access_type=offline, prompt=consent (only then a refresh token
 * comes again), S256 of `verifier`, and `state` as given, which the caller signs and checks.
 */
char *google_consent_url(struct arena *mem, const struct google_oauth_client *client, const char *state,
			 const char *verifier);

/* What the coach granted. Strings in the arena. */
struct google_grant {
	char *refresh_token;
	char *access_token;
	seconds expires_in;
	bool read_busy;    /* the calendar.freebusy box was ticked */
	bool write_events; /* the calendar.events box was ticked */
};

/*
 * Trade the callback's code for tokens. GOOGLE_OK fills *ret_grant. A used, stale or foreign code is
 * GOOGLE_DEAD_GRANT (consent again); a reply without a refresh token is GOOGLE_INVALID, reason
 * "no_refresh_token". Coaches may untick boxes: look at read_busy and write_events. Blocks until the deadline
 * at most. Never sent twice: a code is good for one use.
 */
enum google_outcome google_consent_exchange(struct fetch_client *fetcher, struct arena *mem,
					    const struct google_oauth_client *client, const char *code,
					    const char *verifier, int64_t deadline,
					    struct google_grant *ret_grant, struct google_answer *ret_answer);

/*
 * Revoke a refresh token with all its access tokens. A token that Google does not know (any more) is
 * GOOGLE_OK: the wish is fulfilled. Blocks until the deadline at most.
 */
enum google_outcome google_consent_revoke(struct fetch_client *fetcher, struct arena *mem,
					  const struct google_oauth_client *client, const char *refresh_token,
					  int64_t deadline, struct google_answer *ret_answer);

/* --- Access tokens ------------------------------------------------------------------------ */

/*
 * The access token of one account, shared by all threads.
 *
 * Renewed 5 minutes before it ends, by one request at a time: meanwhile others use the one that
 * is still good, or wait for the result, its failure included. No lock is held during the request. A renewal
 * that fails while the old token is good is tried again 15 s later at the earliest. After GOOGLE_DEAD_GRANT
 * nothing is sent any more until a new refresh token is given.
 */
struct google_token_source;

/* For a service account; everything is copied. subject: the user to impersonate, NULL for none. */
struct google_token_source *google_token_source_service_account(const struct google_service_account *account,
								const char *subject);

/* For a coach's consent; everything is copied. */
struct google_token_source *google_token_source_consent(const struct google_oauth_client *client,
							const char *refresh_token);

/* Wipe and free. No other thread may still use it. NULL is fine. */
void google_token_source_free(struct google_token_source *source);

/*
 * A good access token, copied into `mem`, in *ret_token.
 *
 * now       the caller's clock, for the assertion and the expiry.
 * deadline  as monotonic_ms: when to stop waiting for a renewal.
 *
 * Returns GOOGLE_OK, GOOGLE_DEAD_GRANT, GOOGLE_OPERATOR, GOOGLE_RATE_LIMITED or GOOGLE_TEMPORARY (the token
 * server failed or the deadline came: reason "timeout"). Fills *ret_answer in any case. May block.
 */
enum google_outcome google_token_get(struct google_token_source *source, struct fetch_client *fetcher,
				     struct arena *mem, instant now, int64_t deadline, const char **ret_token,
				     struct google_answer *ret_answer);

/* Google refused this access token with 401: forget it, unless another has replaced it already. */
void google_token_refused(struct google_token_source *source, const char *token);

/*
 * Google seldom hands out a new refresh token with a renewal, but it may: the caller must store it then.
 * Returns it in `mem`, once; NULL when there is none. Ask after a successful call.
 */
char *google_token_rotated(struct google_token_source *source, struct arena *mem);

/* --- Exposed for tests --------------------------------------------------------------------- */

/* The form body of a service account's token request; NULL if the key cannot sign. */
char *google_assertion_body(struct arena *mem, const struct google_service_account *account,
			    const char *subject, instant now);

/* Read a 200 reply of the token endpoint. False if it is no JSON object with a usable access_token. */
bool google_grant_read(struct arena *mem, const char *body, size_t length, struct google_grant *ret_grant);

#endif
