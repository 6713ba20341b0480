#include "api/session.h"

#include "api/rows.h"
#include "api/user.h"
#include "sign_in_answer.h"
#include "domain/email.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/uuid.h"

#include <string.h>
#include <strings.h>

enum {
	WORD_MAX_CHARACTERS = 20,
	SECRET_MAX_CHARACTERS = 64,
};

/* One token of the network's bucket: these calls have no other caller. False: answered 429. */
static bool take_toll(struct call *call)
{
	struct rate_limit *limit = call->api->book_limit;
	struct rate_verdict verdict =
		rate_limit_take(limit, call->request->address.key, sizeof(call->request->address.key),
				call->request->complete_ms);
	if (!verdict.allowed)
		rate_limit_refuse(limit, verdict, call->reply);
	return verdict.allowed;
}

/* Whether people sign in by mail at all. False: answered. */
static bool by_mail(struct call *call)
{
	if (notices_mail_on(call->api->notices) && call->api->sign_in_url == NULL)
		return true;
	call_problem(call, PROBLEM_NOT_FOUND, NULL, "You can't sign in by email here.");
	return false;
}

void api_sign_in_ways(struct call *call)
{
	struct json_writer writer;
	bool mail = notices_mail_on(call->api->notices) && call->api->sign_in_url == NULL;
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	json_write_object(&writer, NULL);
	json_write_boolean(&writer, "mail", mail);
	json_write_text(&writer, "url", call->api->sign_in_url);
	json_write_boolean(&writer, "notices", notices_mail_on(call->api->notices));
	json_write_boolean(&writer, "guests", call->api->public_booking);
	json_write_object_end(&writer);
}

/* Whether a code can be mailed to this address; the locale becomes the one to write in. False: answered. */
static bool read_receiver(struct call *call, const char *email, const char **locale)
{
	if (!email_is_usable(email)) {
		call_problem(call, PROBLEM_INVALID_FIELD, "email",
			     "Please enter an email address such as name@example.com.");
		return false;
	}
	if (!call_check_locale(call, "locale", *locale))
		return false;
	if (*locale == NULL)
		*locale = call_accepted_locale(call);
	return true;
}

void api_sign_in(struct call *call)
{
	const char *email = NULL;
	const char *page = "booking";
	const char *locale = NULL;
	const char *nonce = NULL;
	const struct json_field fields[] = {
		{"email", JSON_FIELD_LINE, true, 1, EMAIL_MAX_CHARACTERS, &email, NULL},
		{"page", JSON_FIELD_TEXT, false, 1, WORD_MAX_CHARACTERS, &page, NULL},
		{"locale", JSON_FIELD_TEXT, false, 2, LOCALE_MAX_CHARACTERS, &locale, NULL},
	};
	if (!by_mail(call) || !take_toll(call) ||
	    !call_body(call, fields, sizeof(fields) / sizeof(fields[0])))
		return;
	if (!read_receiver(call, email, &locale))
		return;
	if (strcmp(page, "booking") != 0 && strcmp(page, "coach") != 0) {
		call_problem(call, PROBLEM_INVALID_FIELD, "page", "page must be booking or coach.");
		return;
	}
	struct sign_in_call use = sign_in_use_case(call);
	enum sign_in_outcome outcome = sign_in_begin(&use, email, page, locale, &nonce);
	if (outcome != SIGN_IN_DONE) {
		sign_in_refuse(call, outcome);
		return;
	}
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 202));
	json_write_object(&writer, NULL);
	json_write_boolean(&writer, "sent", true);
	json_write_text(&writer, "nonce", nonce);
	json_write_object_end(&writer);
}

void api_sign_in_verify(struct call *call)
{
	const char *email = NULL;
	const char *code = NULL;
	const char *token = NULL;
	const char *nonce = NULL;
	const struct json_field fields[] = {
		{"email", JSON_FIELD_LINE, false, 3, EMAIL_MAX_CHARACTERS, &email, NULL},
		{"code", JSON_FIELD_TEXT, false, 1, CODE_MAX_CHARACTERS, &code, NULL},
		{"token", JSON_FIELD_TEXT, false, 1, SECRET_MAX_CHARACTERS, &token, NULL},
		{"nonce", JSON_FIELD_TEXT, true, 1, SECRET_MAX_CHARACTERS, &nonce, NULL},
	};
	struct signed_in session;
	if (!by_mail(call) || !take_toll(call) ||
	    !call_body(call, fields, sizeof(fields) / sizeof(fields[0])))
		return;
	if ((code == NULL) == (token == NULL) || (code != NULL && email == NULL)) {
		call_problem(call, PROBLEM_INVALID_FIELD, code == NULL ? "code" : "email",
			     "Please send email and code, or the link's token.");
		return;
	}
	struct sign_in_call use = sign_in_use_case(call);
	enum sign_in_outcome outcome = sign_in_complete(&use, email, code, token, nonce, &session);
	if (outcome != SIGN_IN_DONE) {
		sign_in_refuse(call, outcome);
		return;
	}
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	json_write_object(&writer, NULL);
	json_write_text(&writer, "token", session.token);
	json_write_instant(&writer, "expires_at", session.expires_at);
	json_write_text(&writer, "user_id", session.user_id);
	json_write_text(&writer, "role", session.role);
	json_write_text(&writer, "coach", session.coach);
	json_write_text(&writer, "email", session.email);
	json_write_object_end(&writer);
}

void api_prove_address(struct call *call, const char *user_id)
{
	const char *email = NULL;
	const char *locale = NULL;
	const struct json_field fields[] = {
		{"email", JSON_FIELD_LINE, true, 1, EMAIL_MAX_CHARACTERS, &email, NULL},
		{"locale", JSON_FIELD_TEXT, false, 2, LOCALE_MAX_CHARACTERS, &locale, NULL},
	};
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])) ||
	    !read_receiver(call, email, &locale))
		return;
	if (!notices_mail_on(call->api->notices)) {
		call_problem(call, PROBLEM_NOT_FOUND, NULL, "No codes are sent by email here.");
		return;
	}
	struct sign_in_call use = sign_in_use_case(call);
	const bool guest = call->caller->guest;
	const char *freed_coach = NULL;
	enum sign_in_outcome outcome =
		sign_in_prove(&use, user_id, email, locale, guest ? &freed_coach : NULL);
	if (outcome != SIGN_IN_DONE) {
		sign_in_refuse(call, outcome);
		return;
	}
	if (freed_coach != NULL)
		coaches_booked(call->api->coaches, freed_coach);
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 202));
	json_write_object(&writer, NULL);
	json_write_boolean(&writer, "sent", true);
	json_write_object_end(&writer);
}

void api_user_address(struct call *call)
{
	api_prove_address(call, api_user_of(call));
}

void api_manage_session(struct call *call)
{
	const char *manage = NULL;
	struct signed_in session;
	const struct json_field fields[] = {
		{"manage", JSON_FIELD_TEXT, true, 1, SECRET_MAX_CHARACTERS, &manage, NULL}};
	if (!take_toll(call) || !call_body(call, fields, 1))
		return;
	struct sign_in_call use = sign_in_use_case(call);
	enum sign_in_outcome outcome = sign_in_manage(&use, manage, &session);
	if (outcome == SIGN_IN_EXPIRED) {
		call_problem(call, PROBLEM_CODE_EXPIRED, NULL, "This link doesn't work any more.");
		return;
	}
	if (outcome != SIGN_IN_DONE) {
		sign_in_refuse(call, outcome);
		return;
	}
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	json_write_object(&writer, NULL);
	json_write_text(&writer, "token", session.token);
	json_write_instant(&writer, "expires_at", session.expires_at);
	json_write_text(&writer, "appointment_id", session.appointment_id);
	json_write_object_end(&writer);
}

/* The digest of the bearer's own session. False: it is none of ours. */
static bool own_hash(const struct call *call, unsigned char hash[static CRYPTO_SHA256_SIZE])
{
	const char *authorization = request_header(call->request, "Authorization");
	const char *token = authorization != NULL ? strstr(authorization, IDENTITY_OWN_PREFIX) : NULL;
	if (token == NULL)
		return false;
	crypto_sha256(token, strlen(token), hash);
	return true;
}

void api_session_get(struct call *call)
{
	unsigned char hash[CRYPTO_SHA256_SIZE];
	const struct identity *caller = call->caller;
	DB_ROWS rows = {0};
	enum db_result result = DB_NONE;
	if (own_hash(call, hash))
		result = db_run(
			call->worker->db, QUERY_SESSION_FIND,
			DB_PARAMETERS(db_bytes(hash, sizeof(hash)), db_text(call->api->sign_in.admin_emails)),
			&rows);
	if (result != DB_OK && result != DB_NONE) {
		call_database_failure(call, result);
		return;
	}
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	json_write_object(&writer, NULL);
	json_write_text(&writer, "user_id", caller->user_id);
	json_write_text(&writer, "role", call->actor.role);
	json_write_text(&writer, "coach", caller->coach);
	json_write_text(&writer, "email", caller->email);
	json_write_text(&writer, "appointment_id", caller->appointment_id);
	/* Of a platform's token or session only the platform knows. */
	if (result == DB_OK)
		json_write_instant(&writer, "expires_at", db_get_instant(&rows, 0, 5));
	else
		json_write_null(&writer, "expires_at");
	json_write_object_end(&writer);
}

/* The session has ended: nobody remembers whose it was. */
static void answer_ended(struct call *call, enum db_result result, const struct db_rows *rows)
{
	if (!call_found(call, result, "This sign-in couldn't be found."))
		return;
	identity_forget(call->api->identities, db_get_text(rows, 0, 0));
	reply_empty(call->reply, 204);
}

void api_session_delete(struct call *call)
{
	unsigned char hash[CRYPTO_SHA256_SIZE];
	DB_ROWS rows = {0};
	enum db_result result = DB_NONE;
	if (own_hash(call, hash))
		result = db_run(call->worker->db, QUERY_SESSION_END,
				DB_PARAMETERS(db_bytes(hash, sizeof(hash))), &rows);
	answer_ended(call, result, &rows);
}

void api_user_sessions(struct call *call)
{
	unsigned char hash[CRYPTO_SHA256_SIZE] = {0};
	DB_ROWS rows = {0};
	own_hash(call, hash);
	enum db_result result =
		db_run(call->worker->db, QUERY_SESSION_LIST,
		       DB_PARAMETERS(db_text(api_user_of(call)), db_bytes(hash, sizeof(hash))), &rows);
	struct json_writer writer;
	if (!rows_begin_list(call, result, "sessions", &writer))
		return;
	for (size_t row = 0; row < rows.count; row++) {
		json_write_object(&writer, NULL);
		rows_write_uuid(&writer, "id", &rows, row, 0);
		json_write_boolean(&writer, "current", db_get_bool(&rows, row, 1));
		json_write_instant(&writer, "created_at", db_get_instant(&rows, row, 2));
		json_write_instant(&writer, "expires_at", db_get_instant(&rows, row, 3));
		json_write_object_end(&writer);
	}
	json_write_array_end(&writer);
	json_write_object_end(&writer);
}

void api_user_session_end(struct call *call)
{
	const char *id = request_parameter(call->request, "session");
	DB_ROWS rows = {0};
	enum db_result result = DB_NONE;
	if (uuid_parse(id, strlen(id), NULL))
		result = db_run(call->worker->db, QUERY_SESSION_END_BY_ID,
				DB_PARAMETERS(db_text(api_user_of(call)), db_uuid(id)), &rows);
	answer_ended(call, result, &rows);
}
