#include "net/google_auth.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "base/buffer.h"
#include "base/crypto.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/signature.h"
#include "google_token_request.h"

enum {
	ASSERTION_SECONDS = 3600, /* the longest Google allows */
	CLAIMS_MAX = 16 * 1024,
	TOKEN_REPLY_MAX = 64 * 1024,
	TOKEN_LENGTH_MAX = 4096,
	LIFETIME_UNSAID = 3600, /* RFC 6749 leaves expires_in optional */
};

/* --- Credentials ----------------------------------------------------------------------------- */

static void private_key_cleanup(struct private_key **key)
{
	private_key_free(*key);
}

/* For jansson while it reads a key: no piece of it is left behind. */
static void free_wiped(void *memory)
{
	if (memory != NULL)
		crypto_wipe(memory, malloc_usable_size(memory));
	free(memory);
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text && text[0] ? text : NULL;
}

static const char *read_key_file(struct arena *mem, const char *json,
				 struct google_service_account *ret_account)
{
	__attribute__((cleanup(json_cleanup))) json_t *root = json_loads(json, 0, NULL);
	__attribute__((cleanup(private_key_cleanup))) struct private_key *key = NULL;
	const char *type = text_of(root, "type");
	const char *token_uri = text_of(root, "token_uri");
	const char *private_key = text_of(root, "private_key");

	if (!json_is_object(root))
		return "it is no JSON object";
	if (!type || strcmp(type, "service_account") != 0)
		return "it is no service account key (\"type\" is not \"service_account\")";
	if (!text_of(root, "client_email"))
		return "\"client_email\" is missing";
	if (!private_key)
		return "\"private_key\" is missing";
	key = private_key_from_pem(private_key);
	if (!key || private_key_kind(key) != SIGNATURE_RS256)
		return "\"private_key\" is no RSA private key in PEM";
	if (!token_uri)
		token_uri = "https://oauth2.googleapis.com/token";
	*ret_account = (struct google_service_account){
		.client_email = arena_strdup(mem, text_of(root, "client_email")),
		.client_id = arena_strdup(mem, text_of(root, "client_id")),
		.private_key = arena_strdup(mem, private_key),
		.private_key_id = arena_strdup(mem, text_of(root, "private_key_id")),
		.token_uri = arena_strdup(mem, token_uri),
	};
	return NULL;
}

const char *google_service_account_read(struct arena *mem, const char *json,
					struct google_service_account *ret_account)
{
	json_malloc_t allocate;
	json_free_t release;

	json_get_alloc_funcs(&allocate, &release);
	json_set_alloc_funcs(allocate, free_wiped);
	const char *wrong = read_key_file(mem, json, ret_account);
	json_set_alloc_funcs(allocate, release);
	return wrong;
}

static char *base64url(struct arena *mem, const void *bytes, size_t size)
{
	char *text = arena_alloc(mem, ENCODE_BASE64URL_SIZE(size));

	encode_base64url(bytes, size, text);
	return text;
}

static void buffer_cleanup(struct buffer *buffer)
{
	crypto_wipe(buffer->bytes, buffer->length);
	buffer_clear(buffer);
}

char *google_assertion_body(struct arena *mem, const struct google_service_account *account,
			    const char *subject, instant now)
{
	static const char header[] = "{\"alg\":\"RS256\",\"typ\":\"JWT\"}";
	__attribute__((cleanup(private_key_cleanup))) struct private_key *key =
		private_key_from_pem(account->private_key);
	__attribute__((cleanup(buffer_cleanup))) struct buffer claims = {.max = CLAIMS_MAX};
	unsigned char signature[SIGNATURE_SIZE_MAX];
	struct json_writer writer;
	char *signing_input;
	size_t size;

	if (!key || private_key_kind(key) != SIGNATURE_RS256)
		return NULL;
	json_writer_init(&writer, &claims);
	json_write_object(&writer, NULL);
	json_write_text(&writer, "iss", account->client_email);
	json_write_text(&writer, "scope", GOOGLE_SCOPES);
	json_write_text(&writer, "aud", account->token_uri);
	json_write_integer(&writer, "iat", now);
	json_write_integer(&writer, "exp", now + ASSERTION_SECONDS);
	if (subject)
		json_write_text(&writer, "sub", subject);
	json_write_object_end(&writer);
	if (claims.overflowed)
		return NULL;
	signing_input = arena_printf(mem, "%s.%s", base64url(mem, header, strlen(header)),
				     base64url(mem, claims.bytes, claims.length));
	size = private_key_sign(key, signing_input, strlen(signing_input), signature);
	return arena_printf(mem, "grant_type=%s&assertion=%s.%s",
			    fetch_encode(mem, "urn:ietf:params:oauth:grant-type:jwt-bearer"), signing_input,
			    base64url(mem, signature, size));
}

/* --- The token endpoint -------------------------------------------------------------------------- */

static bool has_scope(const char *scopes, const char *const wanted[])
{
	static const char prefix[] = "https://www.googleapis.com/auth/";

	while (*scopes) {
		size_t length = strcspn(scopes, " ");

		if (strncmp(scopes, prefix, strlen(prefix)) == 0) {
			const char *name = scopes + strlen(prefix);
			size_t name_length = length - strlen(prefix);

			for (size_t i = 0; wanted[i]; i++) {
				if (strlen(wanted[i]) == name_length &&
				    strncmp(name, wanted[i], name_length) == 0)
					return true;
			}
		}
		scopes += length + strspn(scopes + length, " ");
	}
	return false;
}

/* Visible ASCII of a bounded length, so that it may stand in a header and in a column. */
static bool token_sane(const char *token)
{
	size_t length = strlen(token);

	for (size_t i = 0; i < length; i++) {
		if (token[i] <= 0x20 || token[i] >= 0x7f)
			return false;
	}
	return length > 0 && length <= TOKEN_LENGTH_MAX;
}

bool google_grant_read(struct arena *mem, const char *body, size_t length, struct google_grant *ret_grant)
{
	static const char *const reading[] = {"calendar.freebusy", "calendar", "calendar.readonly",
					      "calendar.events.freebusy", NULL};
	static const char *const writing[] = {"calendar.events", "calendar", NULL};
	__attribute__((cleanup(json_cleanup))) json_t *root = json_loadb(body, length, 0, NULL);
	const char *access = text_of(root, "access_token");
	const char *refresh = text_of(root, "refresh_token");
	const char *type = text_of(root, "token_type");
	const char *scope = text_of(root, "scope");
	const json_t *expires = json_object_get(root, "expires_in");

	if (!access || !token_sane(access) || (refresh && !token_sane(refresh)))
		return false;
	if (type && strcasecmp(type, "Bearer") != 0)
		return false;
	if (expires && (!json_is_integer(expires) || json_integer_value(expires) <= 0 ||
			json_integer_value(expires) > SECONDS_PER_DAY))
		return false;
	/* Without `scope` all that was asked for is granted (RFC 6749 section 5.1). */
	*ret_grant = (struct google_grant){
		.refresh_token = arena_strdup(mem, refresh),
		.access_token = arena_strdup(mem, access),
		.expires_in = expires ? json_integer_value(expires) : LIFETIME_UNSAID,
		.read_busy = !scope || has_scope(scope, reading),
		.write_events = !scope || has_scope(scope, writing),
	};
	return true;
}

/* Two callers; who asks, what, by when, and two results. NOLINTNEXTLINE(readability-function-size) */
enum google_outcome google_token_request(struct fetch_client *fetcher, struct arena *mem, const char *url,
					 const char *form, enum google_grant_kind kind, bool may_be_repeated,
					 int64_t deadline, struct google_grant *ret_grant,
					 struct google_answer *ret_answer)
{
	struct fetch_request request = {
		.method = "POST",
		.url = url,
		.content_type = "application/x-www-form-urlencoded",
		.body = form,
		.body_length = strlen(form),
		.reply_max = TOKEN_REPLY_MAX,
		.deadline = deadline,
		.may_be_repeated = may_be_repeated,
	};
	struct fetch_reply reply;

	fetch(fetcher, mem, &request, &reply);
	google_token_answer_read(&reply, kind, ret_answer);
	if (ret_answer->outcome == GOOGLE_OK &&
	    !google_grant_read(mem, reply.body, reply.body_length, ret_grant)) {
		google_answer_set(ret_answer, GOOGLE_TEMPORARY, "unreadable_reply");
		ret_answer->status = reply.status;
		ret_answer->may_be_applied = true;
	}
	return ret_answer->outcome;
}

/* --- Consent ------------------------------------------------------------------------------------------ */

void google_consent_verifier(char out[static GOOGLE_VERIFIER_BYTES])
{
	unsigned char bytes[32];

	_Static_assert(ENCODE_BASE64URL_SIZE(sizeof(bytes)) == GOOGLE_VERIFIER_BYTES, "43 characters");
	crypto_random(bytes, sizeof(bytes));
	encode_base64url(bytes, sizeof(bytes), out);
}

char *google_consent_url(struct arena *mem, const struct google_oauth_client *client, const char *state,
			 const char *verifier)
{
	unsigned char digest[CRYPTO_SHA256_SIZE];

	crypto_sha256(verifier, strlen(verifier), digest);
	return arena_printf(
		mem,
		"%s%cresponse_type=code&client_id=%s&redirect_uri=%s&scope=%s&state=%s"
		"&access_type=offline&prompt=consent&code_challenge=%s&code_challenge_method=S256",
		client->auth_url, strchr(client->auth_url, '?') ? '&' : '?', fetch_encode(mem, client->id),
		fetch_encode(mem, client->redirect_url), fetch_encode(mem, GOOGLE_SCOPES),
		fetch_encode(mem, state), base64url(mem, digest, sizeof(digest)));
}

/* `&client_id=...` and, unless the client is public, its secret. */
static char *client_form(struct arena *mem, const struct google_oauth_client *client)
{
	char *id = arena_printf(mem, "&client_id=%s", fetch_encode(mem, client->id));

	if (!client->secret || !client->secret[0])
		return id;
	return arena_printf(mem, "%s&client_secret=%s", id, fetch_encode(mem, client->secret));
}

char *google_refresh_form(struct arena *mem, const struct google_oauth_client *client,
			  const char *refresh_token)
{
	return arena_printf(mem, "grant_type=refresh_token&refresh_token=%s%s",
			    fetch_encode(mem, refresh_token), client_form(mem, client));
}

/* The code and its verifier belong to this one request. NOLINTNEXTLINE(readability-function-size) */
enum google_outcome google_consent_exchange(struct fetch_client *fetcher, struct arena *mem,
					    const struct google_oauth_client *client, const char *code,
					    const char *verifier, int64_t deadline,
					    struct google_grant *ret_grant, struct google_answer *ret_answer)
{
	struct google_grant grant = {0};
	char *form =
		arena_printf(mem, "grant_type=authorization_code&code=%s&redirect_uri=%s&code_verifier=%s%s",
			     fetch_encode(mem, code), fetch_encode(mem, client->redirect_url),
			     fetch_encode(mem, verifier), client_form(mem, client));

	if (google_token_request(fetcher, mem, client->token_url, form, GOOGLE_GRANT_CONSENT, false, deadline,
				 &grant, ret_answer) != GOOGLE_OK)
		return ret_answer->outcome;
	if (!grant.refresh_token) {
		google_answer_set(ret_answer, GOOGLE_INVALID, "no_refresh_token");
		return GOOGLE_INVALID;
	}
	*ret_grant = grant;
	return GOOGLE_OK;
}

enum google_outcome google_consent_revoke(struct fetch_client *fetcher, struct arena *mem,
					  const struct google_oauth_client *client, const char *refresh_token,
					  int64_t deadline, struct google_answer *ret_answer)
{
	char *form = arena_printf(mem, "token=%s", fetch_encode(mem, refresh_token));
	struct fetch_request request = {
		.method = "POST",
		.url = client->revoke_url,
		.content_type = "application/x-www-form-urlencoded",
		.body = form,
		.body_length = strlen(form),
		.reply_max = TOKEN_REPLY_MAX,
		.deadline = deadline,
		.may_be_repeated = true,
	};
	struct fetch_reply reply;

	fetch(fetcher, mem, &request, &reply);
	google_token_answer_read(&reply, GOOGLE_GRANT_CONSENT, ret_answer);
	if (strcmp(ret_answer->reason, "invalid_token") == 0 || ret_answer->outcome == GOOGLE_DEAD_GRANT)
		google_answer_set(ret_answer, GOOGLE_OK, "");
	return ret_answer->outcome;
}
