/*
 * jwt - JSON Web Tokens (RFC 7519, RFC 7515 compact form): verify those of callers, mint our own.
 *
 * Written on OpenSSL rather than libjose 11, which Debian has too: that accepts a token whose `crit` header
 * asks for something it does not know, a header that names `alg` twice or not at all, reads no PEM, knows
 * nothing of claims, and prints to stderr for every bad token.
 *
 * What holds for every token:
 *  - at most JWT_SIZE_MAX bytes; three parts in strict base64url; header and claims one JSON object
 *    each, no name twice;
 *  - the algorithm is pinned to the kind of key: HS256 only ever with the secret, RS256 only with an
 *    RSA key, ES256 only with a P-256 key. All else, `none` first, is refused before a key is looked at;
 *  - `crit` is refused (RFC 7515 section 4.1.11: we understand no extension); `jku`, `jwk` and `x5c`
 *    are not looked at;
 *  - the signature is checked before the claims are read;
 *  - `exp` is required and `nbf` honoured, both with JWT_LEEWAY for clocks that differ; `iss` and `aud`
 *    are checked when configured.
 *
 * All functions are safe from any thread and none blocks.
 */
#ifndef BASE_JWT_H
#define BASE_JWT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/instant.h"
#include "base/signature.h"

enum {
	JWT_SIZE_MAX = 8192,
	JWT_LEEWAY = 30,      /* seconds that clocks may differ */
	JWT_KEY_SET_MAX = 64, /* keys taken from one JWKS */
};

/* ---- keys of an identity provider ---- */

struct jwt_key_set;

/*
 * Read a JSON Web Key Set (RFC 7517). RSA keys of 2048 to 8192 bits and keys on P-256 are taken, when `use`,
 * `key_ops` and `alg` allow verifying with RS256 or ES256; others, symmetric ones above all, are skipped, and
 * so are all after the first JWT_KEY_SET_MAX. NULL if this is no key set; a set may be empty.
 */
struct jwt_key_set *jwt_key_set_read(const char *json, size_t length);

/* How many keys could be used. */
size_t jwt_key_set_count(const struct jwt_key_set *set);

/* NULL is fine. */
void jwt_key_set_free(struct jwt_key_set *set);

/* ---- verifying ---- */

/* What is trusted and expected. Each may be NULL: not configured. All borrowed. */
struct jwt_rules {
	const char *secret;             /* for HS256, its bytes as they are */
	const struct public_key *key;   /* for RS256 or ES256, as the key's kind says */
	const struct jwt_key_set *keys; /* likewise */
	const char *issuer;             /* `iss` must be this */
	const char *audience;           /* `aud` must be or contain this */
};

enum jwt_verdict {
	JWT_VALID,
	JWT_MALFORMED,   /* not a token, or too long */
	JWT_ALGORITHM,   /* an algorithm that is not configured */
	JWT_UNKNOWN_KEY, /* no configured key has the token's `kid`: perhaps the provider has a new one */
	JWT_SIGNATURE,   /* not signed by whom we trust */
	JWT_SUBJECT,     /* `sub` is missing or no text */
	JWT_DATES,       /* `exp` is missing, or it or `nbf` is no usable number */
	JWT_EXPIRED,
	JWT_NOT_YET, /* before `nbf` */
	JWT_WRONG_ISSUER,
	JWT_WRONG_AUDIENCE,
};

/*
 * Texts are NULL when missing or no text. Valid UTF-8 without NUL and, when verified, together
 * shorter than JWT_SIZE_MAX; what they may say is the caller's to judge.
 */
struct jwt_claims {
	const char *subject; /* never empty when verified */
	const char *email;
	bool email_unverified; /* `email_verified` is there and neither true nor "true" */
	const char *name;
	const char *role;
	const char *coach;
	instant expires; /* `exp`, a fraction cut off */
};

/*
 * Verify `length` bytes of token at the instant `now`. With JWT_VALID the claims are set, their texts in
 * `mem`.
 *
 * A key is tried when its kind fits the algorithm and its `kid` fits: token and key name the same one, or one
 * of them names none.
 */
enum jwt_verdict jwt_verify(const struct jwt_rules *rules, const char *token, size_t length, instant now,
			    struct arena *mem, struct jwt_claims *ret_claims);

/* A short name for the verdict ("expired"), for log lines; lives as long as the program. */
const char *jwt_verdict_name(enum jwt_verdict verdict);

/* ---- minting ---- */

/*
 * A token signed with HS256 and rules->secret (which must be set), with `iss` and `aud` of the rules, `iat`,
 * and the claims that are not NULL. For `bookingd token` and tests. In `mem`; NULL if
 * the claims are too long for a token of JWT_SIZE_MAX bytes.
 */
char *jwt_mint(const struct jwt_rules *rules, const struct jwt_claims *claims, instant now,
	       struct arena *mem);

#endif
