#include "app/sign_in.h"

#include "base/crypto.h"
#include "base/encode.h"
#include "base/log.h"
#include "db/manage_link.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { SECRET_BYTES = 32, CODE_COUNT = 1000000 };

/* A random secret as text. */
static char *secret_new(struct arena *mem)
{
	unsigned char bytes[SECRET_BYTES];
	char *text = arena_alloc(mem, ENCODE_BASE64URL_SIZE(SECRET_BYTES));
	crypto_random(bytes, sizeof(bytes));
	encode_base64url(bytes, sizeof(bytes), text);
	return text;
}

/* Six digits, each code as likely as any other. */
static char *code_new(struct arena *mem)
{
	uint32_t number = 0;
	do
		crypto_random(&number, sizeof(number));
	while (number >= UINT32_MAX / CODE_COUNT * CODE_COUNT);
	return arena_printf(mem, "%06u", (unsigned)(number % CODE_COUNT));
}

static const unsigned char *sha256_of(const void *bytes, size_t length, struct arena *mem)
{
	unsigned char *hash = arena_alloc(mem, CRYPTO_SHA256_SIZE);
	crypto_sha256(bytes, length, hash);
	return hash;
}

/* The digest of a text, or of two of them together; no value for NULL. */
static struct db_value digest(const char *text, const char *more, struct arena *mem)
{
	if (text == NULL || more == NULL)
		return db_null();
	const char *both = arena_printf(mem, "%s%s", text, more);
	return db_bytes(sha256_of(both, strlen(both), mem), CRYPTO_SHA256_SIZE);
}

static char *lower(const char *text, struct arena *mem)
{
	char *copy = arena_strdup(mem, text);
	for (char *c = copy; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return copy;
}

/* Where the call comes from, as the database keeps it. */
static struct db_value network_digest(const struct sign_in_call *call)
{
	return db_bytes(sha256_of(call->network, call->network_length, call->mem), CRYPTO_SHA256_SIZE);
}

static enum sign_in_outcome failed(const struct sign_in_call *call, const char *event)
{
	log_line(LOG_ERROR, event, LOG_TEXT_FIELD("detail", db_failure(call->worker->db)->detail));
	return SIGN_IN_FAILED;
}

static void send_code(const struct sign_in_call *call, const struct notice_code *mail)
{
	if (!notices_send_code(call->notices, mail))
		log_line(LOG_WARNING, "code_not_sent",
			 LOG_TEXT_FIELD("reason", "too many codes wait to be mailed"));
}

/* People type a code as it is shown, with a blank. NULL for NULL. */
static const char *digits(const char *code, struct arena *mem)
{
	char *digits = code != NULL ? arena_strdup(mem, code) : NULL;
	char *to = digits;
	for (const char *c = code; c != NULL && *c != '\0'; c++) {
		if (*c != ' ' && *c != '-')
			*to++ = *c;
	}
	if (to != NULL)
		*to = '\0';
	return digits;
}

enum sign_in_outcome sign_in_begin(const struct sign_in_call *call, const char *email, const char *page,
				   const char *locale, const char **ret_nonce)
{
	struct arena *mem = call->mem;
	const char *address = lower(email, mem);
	const char *nonce = secret_new(mem);
	const char *token = secret_new(mem);
	const char *code = code_new(mem);
	DB_ROWS rows = {0};
	if (db_run(call->worker->db, QUERY_SIGN_IN_BEGIN,
		   DB_PARAMETERS(db_text(address), db_text(page), digest(token, "", mem),
				 digest(nonce, "", mem), digest(nonce, code, mem),
				 db_int(SIGN_IN_CODE_MINUTES * SECONDS_PER_MINUTE),
				 db_text(call->settings->admin_emails), network_digest(call)),
		   &rows) != DB_OK)
		return failed(call, "sign_in_failed");
	*ret_nonce = nonce;
	const char *outcome = db_get_text(&rows, 0, 0);
	if (strcmp(outcome, "too_often") == 0)
		return SIGN_IN_TOO_OFTEN;
	if (strcmp(outcome, "mail") != 0)
		return SIGN_IN_DONE;
	const char *url = call->settings->public_url;
	const struct notice_code mail = {
		.address = address,
		.code = code,
		.link = url != NULL ? arena_printf(mem, "%s/%s/#sign-in=%s", url, page, token) : NULL,
		.locale = locale,
		.minutes = SIGN_IN_CODE_MINUTES,
	};
	send_code(call, &mail);
	return SIGN_IN_DONE;
}

enum sign_in_outcome sign_in_complete(const struct sign_in_call *call, const char *email, const char *code,
				      const char *token, const char *nonce, struct signed_in *ret_session)
{
	struct arena *mem = call->mem;
	const char *address = email != NULL ? lower(email, mem) : NULL;
	const char *session = arena_printf(mem, IDENTITY_OWN_PREFIX "%s", secret_new(mem));
	DB_ROWS rows = {0};
	if (db_run(call->worker->db, QUERY_SIGN_IN_COMPLETE,
		   DB_PARAMETERS(db_text(address), digest(token, "", mem), digest(nonce, "", mem),
				 digest(nonce, digits(code, mem), mem), digest(session, "", mem),
				 db_int(SIGN_IN_SESSION_SECONDS), db_text(call->settings->admin_emails),
				 network_digest(call)),
		   &rows) != DB_OK)
		return failed(call, "sign_in_failed");
	const char *outcome = db_get_text(&rows, 0, 0);
	if (strcmp(outcome, "signed_in") != 0)
		return strcmp(outcome, "code_expired") == 0 ? SIGN_IN_EXPIRED : SIGN_IN_WRONG;
	*ret_session = (struct signed_in){
		.token = session,
		.user_id = db_copy_text(&rows, 0, 1, mem),
		.role = db_copy_text(&rows, 0, 2, mem),
		.coach = db_copy_text(&rows, 0, 3, mem),
		.email = db_copy_text(&rows, 0, 4, mem),
		.expires_at = db_get_instant(&rows, 0, 5),
	};
	return SIGN_IN_DONE;
}

enum sign_in_outcome sign_in_prove(const struct sign_in_call *call, const char *user_id, const char *email,
				   const char *locale, const char **ret_freed_coach)
{
	struct arena *mem = call->mem;
	const char *address = lower(email, mem);
	const char *code = code_new(mem);
	DB_ROWS rows = {0};
	const enum query begin =
		ret_freed_coach != NULL ? QUERY_GUEST_PROOF_BEGIN : QUERY_ADDRESS_PROOF_BEGIN;
	if (db_run(call->worker->db, begin,
		   DB_PARAMETERS(db_text(user_id), db_text(address), digest(secret_new(mem), "", mem),
				 digest(user_id, code, mem),
				 db_int(SIGN_IN_CODE_MINUTES * SECONDS_PER_MINUTE)),
		   &rows) != DB_OK)
		return failed(call, "proof_failed");
	const char *outcome = db_get_text(&rows, 0, 0);
	if (strcmp(outcome, "too_often") == 0)
		return SIGN_IN_TOO_OFTEN;
	if (strcmp(outcome, "mail") == 0)
		send_code(call, &(struct notice_code){.address = address,
						      .code = code,
						      .locale = locale,
						      .minutes = SIGN_IN_CODE_MINUTES,
						      .proves = true});
	if (ret_freed_coach != NULL)
		*ret_freed_coach = db_copy_text(&rows, 0, 1, mem);
	return SIGN_IN_DONE;
}

enum sign_in_outcome sign_in_proved(const struct sign_in_call *call, const char *user_id, const char *email,
				    const char *code)
{
	struct arena *mem = call->mem;
	DB_ROWS rows = {0};
	if (db_run(call->worker->db, QUERY_ADDRESS_PROOF_COMPLETE,
		   DB_PARAMETERS(db_text(user_id), db_text(lower(email, mem)),
				 digest(user_id, digits(code, mem), mem)),
		   &rows) != DB_OK)
		return failed(call, "proof_failed");
	const char *outcome = db_get_text(&rows, 0, 0);
	return strcmp(outcome, "proved") == 0         ? SIGN_IN_DONE
	       : strcmp(outcome, "code_expired") == 0 ? SIGN_IN_EXPIRED
						      : SIGN_IN_WRONG;
}

struct guest_pass sign_in_guest(const void *network, size_t length, instant now, struct arena *mem)
{
	char id[UUID_TEXT_SIZE];
	uuid_format(uuid_new(now), id);
	const char *token = arena_printf(mem, IDENTITY_OWN_PREFIX "%s", secret_new(mem));
	return (struct guest_pass){
		.user_id = arena_printf(mem, IDENTITY_GUEST_PREFIX "%s", id),
		.token = token,
		.token_hash = sha256_of(token, strlen(token), mem),
		.network = sha256_of(network, length, mem),
		.expires_at = now + SIGN_IN_GUEST_SECONDS,
	};
}

enum sign_in_outcome sign_in_manage(const struct sign_in_call *call, const char *secret,
				    struct signed_in *ret_session)
{
	struct arena *mem = call->mem;
	const char *session = arena_printf(mem, IDENTITY_OWN_PREFIX "%s", secret_new(mem));
	char *id = arena_alloc(mem, UUID_TEXT_SIZE);
	DB_ROWS rows = {0};
	enum db_result result = db_run(call->worker->db, QUERY_SESSION_MANAGE,
				       DB_PARAMETERS(digest(secret, "", mem), digest(session, "", mem),
						     db_int(SIGN_IN_MANAGE_SECONDS),
						     db_int(MANAGE_LINK_SECONDS), network_digest(call)),
				       &rows);
	if (result == DB_NONE)
		return SIGN_IN_EXPIRED;
	if (result != DB_OK)
		return failed(call, "manage_session_failed");
	db_get_uuid(&rows, 0, 0, id);
	*ret_session = (struct signed_in){
		.token = session, .appointment_id = id, .expires_at = db_get_instant(&rows, 0, 1)};
	return SIGN_IN_DONE;
}
