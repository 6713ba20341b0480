#include "base/jwt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/crypto.h"
#include "base/die.h"
#include "base/encode.h"
#include "base/json.h"

#define JSON __attribute__((cleanup(json_cleanup))) json_t

enum {
	CLAIMS_MAX = 6000, /* bytes of JSON of a token we mint, so that it stays below JWT_SIZE_MAX */
	/* Larger than any signature we verify, so a longer third part need not be decoded. */
	SIGNATURE_TEXT_MAX = ENCODE_BASE64URL_SIZE(SIGNATURE_SIZE_MAX),
};

/* ---- keys of an identity provider ---- */

struct jwt_key {
	char *kid; /* NULL: not named */
	struct public_key *key;
};

struct jwt_key_set {
	struct jwt_key keys[JWT_KEY_SET_MAX];
	size_t count;
};

/* The member's bytes from base64url into `ret_bytes`; 0 if missing or malformed. */
static size_t read_number(const json_t *jwk, const char *name, unsigned char *ret_bytes, size_t room)
{
	const json_t *value = json_object_get(jwk, name);
	size_t size = 0;

	if (!json_is_string(value) ||
	    !encode_base64url_read(json_string_value(value), json_string_length(value), ret_bytes, room,
				   &size))
		return 0;
	return size;
}

static bool is_text(const json_t *object, const char *name, const char *expected)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL && strcmp(text, expected) == 0;
}

/* Is the optional member absent or just this text? */
static bool allows(const json_t *jwk, const char *name, const char *expected)
{
	return json_object_get(jwk, name) == NULL || is_text(jwk, name, expected);
}

static bool may_verify(const json_t *jwk)
{
	const json_t *operations = json_object_get(jwk, "key_ops"), *operation = NULL;
	size_t at = 0;

	if (!allows(jwk, "use", "sig"))
		return false;
	if (operations == NULL)
		return true;
	json_array_foreach(operations, at, operation)
	{
		if (json_is_string(operation) && strcmp(json_string_value(operation), "verify") == 0)
			return true;
	}
	return false;
}

/* NULL for a key we have no use for. */
static struct public_key *read_jwk(const json_t *jwk)
{
	unsigned char modulus[SIGNATURE_SIZE_MAX + 1], exponent[8];
	unsigned char x[SIGNATURE_P256_SIZE], y[SIGNATURE_P256_SIZE];

	if (!may_verify(jwk))
		return NULL;
	if (is_text(jwk, "kty", "RSA") && allows(jwk, "alg", "RS256")) {
		size_t modulus_size = read_number(jwk, "n", modulus, sizeof(modulus));
		size_t exponent_size = read_number(jwk, "e", exponent, sizeof(exponent));
		return public_key_from_rsa(modulus, modulus_size, exponent, exponent_size);
	}
	if (is_text(jwk, "kty", "EC") && is_text(jwk, "crv", "P-256") && allows(jwk, "alg", "ES256") &&
	    read_number(jwk, "x", x, sizeof(x)) == sizeof(x) &&
	    read_number(jwk, "y", y, sizeof(y)) == sizeof(y))
		return public_key_from_p256(x, y);
	return NULL;
}

struct jwt_key_set *jwt_key_set_read(const char *json, size_t length)
{
	JSON *document = json_loadb(json, length, JSON_REJECT_DUPLICATES, NULL);
	const json_t *list = json_object_get(document, "keys"), *jwk = NULL;
	size_t at = 0;

	if (!json_is_array(list))
		return NULL;
	struct jwt_key_set *set = calloc(1, sizeof(*set));
	if (set == NULL)
		die("out of memory");
	json_array_foreach(list, at, jwk)
	{
		struct public_key *key = set->count < JWT_KEY_SET_MAX ? read_jwk(jwk) : NULL;
		const char *kid = json_string_value(json_object_get(jwk, "kid"));
		if (key == NULL)
			continue;
		struct jwt_key *place = &set->keys[set->count++];
		place->key = key;
		place->kid = kid != NULL ? strdup(kid) : NULL;
		if (kid != NULL && place->kid == NULL)
			die("out of memory");
	}
	return set;
}

size_t jwt_key_set_count(const struct jwt_key_set *set)
{
	return set->count;
}

void jwt_key_set_free(struct jwt_key_set *set)
{
	for (size_t i = 0; set != NULL && i < set->count; i++) {
		public_key_free(set->keys[i].key);
		free(set->keys[i].kid);
	}
	free(set);
}

/* ---- verifying ---- */

/* A token taken apart; all point into it. */
struct parts {
	const char *header, *claims, *signature;
	size_t header_length, claims_length, signature_length;
	size_t signed_length; /* of what the signature is over: from `header` on */
};

static bool take_apart(const char *token, size_t length, struct parts *ret_parts)
{
	if (length > JWT_SIZE_MAX)
		return false;
	const char *first = memchr(token, '.', length);
	if (first == NULL)
		return false;
	size_t rest = length - (size_t)(first - token) - 1;
	const char *second = memchr(first + 1, '.', rest);
	if (second == NULL)
		return false;
	*ret_parts = (struct parts){
		.header = token,
		.header_length = (size_t)(first - token),
		.claims = first + 1,
		.claims_length = (size_t)(second - first) - 1,
		.signature = second + 1,
		.signature_length = length - (size_t)(second - token) - 1,
		.signed_length = (size_t)(second - token),
	};
	return true;
}

/* A part as the JSON object it must be; NULL if it is not. */
static json_t *read_object(const char *text, size_t length)
{
	char json[ENCODE_DECODED_SIZE(JWT_SIZE_MAX)];
	size_t size = 0;

	if (!encode_base64url_read(text, length, json, sizeof(json), &size))
		return NULL;
	json_t *object = json_loadb(json, size, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

static enum jwt_verdict verify_secret(const struct jwt_rules *rules, const struct parts *parts,
				      const unsigned char *signature, size_t signature_size)
{
	unsigned char expected[CRYPTO_SHA256_SIZE];

	if (rules->secret == NULL || *rules->secret == '\0')
		return JWT_ALGORITHM;
	crypto_hmac_sha256(rules->secret, strlen(rules->secret), parts->header, parts->signed_length,
			   expected);
	return signature_size == sizeof(expected) && crypto_equal(signature, expected, sizeof(expected))
		       ? JWT_VALID
		       : JWT_SIGNATURE;
}

static enum jwt_verdict verify_key_pair(const struct jwt_rules *rules, enum signature_kind kind,
					const char *kid, const struct parts *parts,
					const unsigned char *signature, size_t signature_size)
{
	bool tried = false;

	if (rules->key == NULL && rules->keys == NULL)
		return JWT_ALGORITHM;
	if (rules->key != NULL && public_key_kind(rules->key) == kind) {
		tried = true;
		if (public_key_verify(rules->key, parts->header, parts->signed_length, signature,
				      signature_size))
			return JWT_VALID;
	}
	bool known = rules->keys == NULL;
	for (size_t i = 0; rules->keys != NULL && i < rules->keys->count; i++) {
		const struct jwt_key *at = &rules->keys->keys[i];
		if (public_key_kind(at->key) != kind ||
		    (kid != NULL && at->kid != NULL && strcmp(kid, at->kid) != 0))
			continue;
		tried = known = true;
		if (public_key_verify(at->key, parts->header, parts->signed_length, signature,
				      signature_size))
			return JWT_VALID;
	}
	if (!known)
		return JWT_UNKNOWN_KEY;
	return tried ? JWT_SIGNATURE : JWT_ALGORITHM;
}

static enum jwt_verdict verify_signature(const struct jwt_rules *rules, const json_t *header,
					 const struct parts *parts)
{
	const json_t *kid = json_object_get(header, "kid");
	unsigned char signature[SIGNATURE_SIZE_MAX];
	size_t size = 0;

	if (json_object_get(header, "crit") != NULL || (kid != NULL && !json_is_string(kid)) ||
	    parts->signature_length > SIGNATURE_TEXT_MAX ||
	    !encode_base64url_read(parts->signature, parts->signature_length, signature, sizeof(signature),
				   &size))
		return JWT_MALFORMED;
	if (is_text(header, "alg", "HS256"))
		return verify_secret(rules, parts, signature, size);
	if (is_text(header, "alg", "RS256"))
		return verify_key_pair(rules, SIGNATURE_RS256, json_string_value(kid), parts, signature,
				       size);
	if (is_text(header, "alg", "ES256"))
		return verify_key_pair(rules, SIGNATURE_ES256, json_string_value(kid), parts, signature,
				       size);
	return JWT_ALGORITHM;
}

/*
 * A NumericDate (RFC 7519 section 2): whole or broken seconds since 1970. Anything past the year 9999 is
 * refused: it is a mistake such as milliseconds, and would make a token that never ends.
 */
static bool read_date(const json_t *value, instant *ret_at)
{
	double number = json_is_number(value) ? json_number_value(value) : -1;

	if (!(number >= 0 && number <= (double)INSTANT_MAX))
		return false;
	*ret_at = (instant)number;
	return true;
}

/* The claim's text in `mem`, NULL if it is none. */
static const char *read_text(const json_t *claims, const char *name, struct arena *mem)
{
	return arena_strdup(mem, json_string_value(json_object_get(claims, name)));
}

/* OpenID Connect has a boolean; some providers write it as text. */
static bool is_unverified(const json_t *value)
{
	const char *text = json_string_value(value);
	return value != NULL && !json_is_true(value) && (text == NULL || strcmp(text, "true") != 0);
}

/* `aud` is one text or a list of them (RFC 7519 section 4.1.3). */
static bool is_audience(const json_t *value, const char *audience)
{
	const json_t *item = NULL;
	size_t at = 0;

	if (json_is_string(value))
		return strcmp(json_string_value(value), audience) == 0;
	json_array_foreach(value, at, item)
	{
		if (json_is_string(item) && strcmp(json_string_value(item), audience) == 0)
			return true;
	}
	return false;
}

static enum jwt_verdict check_claims(const struct jwt_rules *rules, const json_t *claims, instant now,
				     struct arena *mem, struct jwt_claims *ret_claims)
{
	const json_t *not_before = json_object_get(claims, "nbf");
	struct jwt_claims read = {.subject = read_text(claims, "sub", mem)};
	instant starts = 0;

	if (read.subject == NULL || *read.subject == '\0')
		return JWT_SUBJECT;
	if (!read_date(json_object_get(claims, "exp"), &read.expires) ||
	    (not_before != NULL && !read_date(not_before, &starts)))
		return JWT_DATES;
	if (now >= read.expires + JWT_LEEWAY)
		return JWT_EXPIRED;
	if (now < starts - JWT_LEEWAY)
		return JWT_NOT_YET;
	if (rules->issuer != NULL && !is_text(claims, "iss", rules->issuer))
		return JWT_WRONG_ISSUER;
	if (rules->audience != NULL && !is_audience(json_object_get(claims, "aud"), rules->audience))
		return JWT_WRONG_AUDIENCE;
	read.email = read_text(claims, "email", mem);
	read.email_unverified = is_unverified(json_object_get(claims, "email_verified"));
	read.name = read_text(claims, "name", mem);
	read.role = read_text(claims, "role", mem);
	read.coach = read_text(claims, "coach", mem);
	*ret_claims = read;
	return JWT_VALID;
}

enum jwt_verdict jwt_verify(const struct jwt_rules *rules, const char *token, size_t length, instant now,
			    struct arena *mem, struct jwt_claims *ret_claims)
{
	struct parts parts;

	if (!take_apart(token, length, &parts))
		return JWT_MALFORMED;
	JSON *header = read_object(parts.header, parts.header_length);
	if (header == NULL)
		return JWT_MALFORMED;
	enum jwt_verdict verdict = verify_signature(rules, header, &parts);
	if (verdict != JWT_VALID)
		return verdict;
	JSON *claims = read_object(parts.claims, parts.claims_length);
	return claims != NULL ? check_claims(rules, claims, now, mem, ret_claims) : JWT_MALFORMED;
}

const char *jwt_verdict_name(enum jwt_verdict verdict)
{
	switch (verdict) {
	case JWT_VALID:
		return "valid";
	case JWT_MALFORMED:
		return "malformed";
	case JWT_ALGORITHM:
		return "algorithm";
	case JWT_UNKNOWN_KEY:
		return "unknown_key";
	case JWT_SIGNATURE:
		return "signature";
	case JWT_SUBJECT:
		return "unusable_user";
	case JWT_DATES:
		return "unusable_dates";
	case JWT_EXPIRED:
		return "expired";
	case JWT_NOT_YET:
		return "not_yet";
	case JWT_WRONG_ISSUER:
		return "wrong_issuer";
	case JWT_WRONG_AUDIENCE:
		return "wrong_audience";
	}
	return "?";
}

/* ---- minting ---- */

static void write_claim(struct json_writer *writer, const char *name, const char *text)
{
	if (text != NULL)
		json_write_text(writer, name, text);
}

/* "base64url(header).base64url(claims)" in `mem`, with room behind it for the signature. */
static char *write_signing_input(const char *claims, size_t claims_length, struct arena *mem,
				 size_t *ret_length)
{
	static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
	char *token = arena_alloc(mem, ENCODE_BASE64URL_SIZE(sizeof(header)) +
					       ENCODE_BASE64URL_SIZE(claims_length) +
					       ENCODE_BASE64URL_SIZE(CRYPTO_SHA256_SIZE) + 2);
	size_t length = encode_base64url(header, sizeof(header) - 1, token);

	token[length++] = '.';
	*ret_length = length + encode_base64url(claims, claims_length, token + length);
	return token;
}

char *jwt_mint(const struct jwt_rules *rules, const struct jwt_claims *claims, instant now, struct arena *mem)
{
	__attribute__((cleanup(buffer_clear))) struct buffer json;
	unsigned char mac[CRYPTO_SHA256_SIZE];
	struct json_writer writer;
	size_t length;

	buffer_init(&json, CLAIMS_MAX);
	json_writer_init(&writer, &json);
	json_write_object(&writer, NULL);
	write_claim(&writer, "iss", rules->issuer);
	write_claim(&writer, "aud", rules->audience);
	json_write_text(&writer, "sub", claims->subject);
	write_claim(&writer, "email", claims->email);
	write_claim(&writer, "name", claims->name);
	write_claim(&writer, "role", claims->role);
	write_claim(&writer, "coach", claims->coach);
	json_write_integer(&writer, "iat", now);
	json_write_integer(&writer, "exp", claims->expires);
	json_write_object_end(&writer);
	if (json.overflowed)
		return NULL;
	char *token = write_signing_input(buffer_text(&json), json.length, mem, &length);
	crypto_hmac_sha256(rules->secret, strlen(rules->secret), token, length, mac);
	token[length++] = '.';
	encode_base64url(mac, sizeof(mac), token + length);
	return token;
}
