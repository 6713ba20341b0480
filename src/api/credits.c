#include "api/credits.h"

#include "api/coach.h"
#include "api/rows.h"
#include "api/user.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/uuid.h"
#include "booking_body.h"
#include "domain/email.h"

#include <inttypes.h>
#include <string.h>

enum {
	GRANT_AMOUNT_MAX = 10000,
	REFERENCE_MAX = 200,
	GRANTS_MAX = 500,   /* shown to a client beside a page of the ledger */
	EXPORT_MAX = 10000, /* rows of one kind; nobody has had so many sessions */
};

/* The columns of the statements about grants. */
enum grant_column {
	GRANT_OUTCOME,
	GRANT_ID,
	GRANT_COACH,
	GRANT_USER,
	GRANT_TYPES,
	GRANT_AMOUNT,
	GRANT_BALANCE,
	GRANT_EXPIRES_AT,
	GRANT_USABLE_UNTIL,
	GRANT_SOURCE,
	GRANT_REFERENCE,
	GRANT_REVOKED_AT,
	GRANT_CREATED_AT,
	GRANT_PLACE,
	GRANT_NAME, /* of the client, to the coach only */
	GRANT_EMAIL,
};

/* `balance` is what is left of it; what can be spent of that now is `usable`. */
static void write_grant(struct json_writer *writer, const struct db_rows *rows, size_t row, instant now,
			bool to_coach)
{
	const instant until = db_get_instant(rows, row, GRANT_USABLE_UNTIL);
	const bool over = !db_is_null(rows, row, GRANT_USABLE_UNTIL) && until <= now;
	const int64_t balance = db_get_int(rows, row, GRANT_BALANCE);
	json_write_object(writer, NULL);
	rows_write_uuid(writer, "id", rows, row, GRANT_ID);
	json_write_text(writer, "coach", db_get_text(rows, row, GRANT_COACH));
	json_write_text(writer, "user_id", db_get_text(rows, row, GRANT_USER));
	rows_write_json(writer, "session_types", rows, row, GRANT_TYPES);
	json_write_integer(writer, "amount", db_get_int(rows, row, GRANT_AMOUNT));
	json_write_integer(writer, "balance", balance);
	json_write_integer(writer, "usable", over ? 0 : balance);
	rows_write_instant(writer, "expires_at", rows, row, GRANT_EXPIRES_AT);
	rows_write_instant(writer, "usable_until", rows, row, GRANT_USABLE_UNTIL);
	json_write_text(writer, "source", db_get_text(rows, row, GRANT_SOURCE));
	json_write_text(writer, "external_ref", db_get_text(rows, row, GRANT_REFERENCE));
	rows_write_instant(writer, "revoked_at", rows, row, GRANT_REVOKED_AT);
	rows_write_instant(writer, "created_at", rows, row, GRANT_CREATED_AT);
	if (to_coach) {
		json_write_text(writer, "name", db_get_text(rows, row, GRANT_NAME));
		json_write_text(writer, "email", db_get_text(rows, row, GRANT_EMAIL));
	}
	json_write_object_end(writer);
}

static void write_entry(struct json_writer *writer, const struct db_rows *rows, size_t row)
{
	json_write_object(writer, NULL);
	json_write_integer(writer, "id", db_get_int(rows, row, 0));
	rows_write_uuid(writer, "grant_id", rows, row, 1);
	rows_write_uuid(writer, "appointment_id", rows, row, 2);
	json_write_text(writer, "coach", db_get_text(rows, row, 8));
	json_write_integer(writer, "delta", db_get_int(rows, row, 3));
	json_write_text(writer, "reason", db_get_text(rows, row, 4));
	json_write_text(writer, "by", db_get_text(rows, row, 5));
	json_write_text(writer, "note", db_get_text(rows, row, 6));
	rows_write_instant(writer, "at", rows, row, 7);
	json_write_object_end(writer);
}

static void answer_grant(struct call *call, unsigned status, const struct db_rows *rows)
{
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, status));
	write_grant(&writer, rows, 0, call->request->now, false);
	char id[UUID_TEXT_SIZE];
	db_get_uuid(rows, 0, GRANT_ID, id);
	if (status == 201)
		reply_header_literal(call->reply, "Location",
				     arena_printf(call->mem, "/coach/%s/credits/%s",
						  db_get_text(rows, 0, GRANT_COACH), id));
}

/* ---- granting ---- */

bool credits_read_types(struct call *call, const json_t *types, const char **ret_array)
{
	*ret_array = NULL;
	if (types == NULL || json_is_null(types))
		return true;
	if (!json_is_array(types) || json_array_size(types) == 0 ||
	    json_array_size(types) > SCHEDULE_TYPES_MAX) {
		call_problem(call, PROBLEM_INVALID_FIELD, "session_types",
			     "session_types must be a list of session types, or null for all.");
		return false;
	}
	const char *array = "";
	for (size_t i = 0; i < json_array_size(types); i++) {
		const char *id = json_string_value(json_array_get(types, i));
		if (id == NULL || *id == '\0' || strlen(id) > SCHEDULE_ID_MAX ||
		    strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") !=
			    strlen(id)) {
			call_problem(call, PROBLEM_INVALID_FIELD,
				     arena_printf(call->mem, "session_types[%zu]", i),
				     "This isn't the id of a session type.");
			return false;
		}
		array = arena_printf(call->mem, "%s%s\"%s\"", array, i > 0 ? "," : "", id);
	}
	*ret_array = arena_printf(call->mem, "{%s}", array);
	return true;
}

/* What is asked for, as it was sent. */
struct grant_wish {
	const char *user_id;
	const char *email;
	const char *types; /* an array's text; NULL: all */
	const char *reference;
	int64_t amount;
	instant expires_at;
	bool expires;
};

/* False: answered. */
static bool read_grant(struct call *call, struct grant_wish *wish)
{
	JSON_LOCAL types = NULL;
	const struct json_field fields[] = {
		{"user_id", JSON_FIELD_LINE, false, 1, IDENTITY_USER_ID_MAX, &wish->user_id, NULL},
		{"email", JSON_FIELD_LINE, false, 1, EMAIL_MAX_CHARACTERS, &wish->email, NULL},
		{"amount", JSON_FIELD_INTEGER, true, 1, GRANT_AMOUNT_MAX, &wish->amount, NULL},
		{"session_types", JSON_FIELD_VALUE, false, 0, 0, &types, NULL},
		{"expires_at", JSON_FIELD_INSTANT, false, 0, 0, &wish->expires_at, &wish->expires},
		{"external_ref", JSON_FIELD_LINE, false, 1, REFERENCE_MAX, &wish->reference, NULL},
	};
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])) ||
	    !credits_read_types(call, types, &wish->types))
		return false;
	if ((wish->user_id == NULL) == (wish->email == NULL)) {
		call_problem(call, PROBLEM_INVALID_FIELD, "user_id",
			     "Please give the client's user_id or email address.");
		return false;
	}
	if (wish->email != NULL && !email_is_usable(wish->email)) {
		call_problem(call, PROBLEM_INVALID_FIELD, "email", "This email address can't be used.");
		return false;
	}
	if (wish->user_id != NULL)
		return true;
	enum db_result read = identity_of_address(call->worker->db, wish->email, call->mem, &wish->user_id);
	if (read != DB_OK)
		call_database_failure(call, read);
	return read == DB_OK;
}

/* What the reference stands for. */
static void hash_grant(struct call *call, const struct grant_wish *wish,
		       unsigned char ret_hash[static CRYPTO_SHA256_SIZE])
{
	const char *text = arena_printf(call->mem, "%s\n%" PRId64 "\n%s\n%" PRId64,
					/* Whom an address means may change, the body does not. */
					wish->email != NULL ? wish->email : wish->user_id, wish->amount,
					wish->types != NULL ? wish->types : "",
					wish->expires ? wish->expires_at : (instant)-1);
	crypto_sha256(text, strlen(text), ret_hash);
}

void api_credits_grant(struct call *call)
{
	COACH_LOCAL coach = NULL;
	struct grant_wish wish = {0};
	if (!api_coach_find(call, &coach) || !read_grant(call, &wish))
		return;
	unsigned char hash[CRYPTO_SHA256_SIZE];
	hash_grant(call, &wish, hash);
	const char *source = call->caller->role == IDENTITY_COACH ? "coach"
			     : wish.reference != NULL             ? "platform"
								  : "admin";
	DB_ROWS rows = {0};
	enum db_result result = db_run(
		call->worker->db, QUERY_CREDIT_GRANT,
		DB_PARAMETERS(db_text(coach->id), db_text(wish.user_id), db_text(wish.types),
			      db_int(wish.amount), wish.expires ? db_instant(wish.expires_at) : db_null(),
			      db_text(source), db_text(wish.reference), db_bytes(hash, sizeof(hash)),
			      db_text(call->actor.user_id), db_text(call->actor.role),
			      db_text(call->actor.request_id)),
		&rows);
	if (result != DB_OK) {
		call_database_failure(call, result);
		return;
	}
	const char *outcome = db_get_text(&rows, 0, GRANT_OUTCOME);
	if (strcmp(outcome, "granted") == 0)
		answer_grant(call, 201, &rows);
	else if (strcmp(outcome, "exists") == 0)
		answer_grant(call, 200, &rows);
	else if (strcmp(outcome, "reference_used") == 0)
		call_problem(call, PROBLEM_REFERENCE_USED, "external_ref",
			     "This reference has already been used for another grant.");
	else if (strcmp(outcome, "in_the_past") == 0)
		call_problem(call, PROBLEM_INVALID_FIELD, "expires_at", "expires_at must be in the future.");
	else if (strcmp(outcome, "unknown_session_type") == 0)
		call_problem(call, PROBLEM_UNKNOWN_SESSION_TYPE, "session_types", NULL);
	else
		call_database_failure(call,
				      db_misunderstood(call->worker->db, "the outcome of a grant", outcome));
	if (call->reply->status < 300)
		notices_wake(call->api->notices);
}

void api_credits_revoke(struct call *call)
{
	COACH_LOCAL coach = NULL;
	static const char no_such[] = "These credits couldn't be found.";
	const char *id = NULL;
	if (!api_coach_find(call, &coach) || !call_path_uuid(call, "grant", no_such, &id))
		return;
	DB_ROWS rows = {0};
	enum db_result result =
		db_run(call->worker->db, QUERY_CREDIT_REVOKE,
		       DB_PARAMETERS(db_text(coach->id), db_uuid(id), db_text(call->actor.user_id),
				     db_text(call->actor.role), db_text(call->actor.request_id)),
		       &rows);
	if (result == DB_NONE || (result == DB_OK && db_is_null(&rows, 0, GRANT_ID)))
		call_problem(call, PROBLEM_NOT_FOUND, NULL, no_such);
	else if (result != DB_OK)
		call_database_failure(call, result);
	else
		answer_grant(call, 200, &rows);
}

/* ---- lists ---- */

void api_credits_list(struct call *call)
{
	COACH_LOCAL coach = NULL;
	struct page page;
	if (!api_coach_find(call, &coach) || !page_read(call, &page))
		return;
	DB_ROWS rows = {0};
	enum db_result result =
		db_run(call->worker->db, QUERY_CREDIT_GRANTS,
		       DB_PARAMETERS(db_text(coach->id), db_text(request_query(call->request, "user_id")),
				     page_place(&page), db_int(page.limit + 1), db_bool(true)),
		       &rows);
	struct json_writer writer;
	if (!rows_begin_list(call, result, "grants", &writer))
		return;
	for (size_t i = 0; i < page_shown(&page, rows.count); i++)
		write_grant(&writer, &rows, i, call->request->now, true);
	json_write_array_end(&writer);
	page_write_next(&writer, &page, &rows, GRANT_PLACE);
	json_write_object_end(&writer);
}

void api_credits_of_user(struct call *call)
{
	const char *user_id = api_user_of(call);
	const struct db_value coach = db_text(request_query(call->request, "coach"));
	struct page page;
	if (!page_read(call, &page))
		return;
	DB_ROWS balance = {0};
	DB_ROWS grants = {0};
	DB_ROWS entries = {0};
	struct db *db = call->worker->db;
	enum db_result result =
		db_run(db, QUERY_CREDIT_BALANCE, DB_PARAMETERS(db_text(user_id), coach), &balance);
	if (result == DB_OK)
		result = db_run(
			db, QUERY_CREDIT_GRANTS,
			DB_PARAMETERS(coach, db_text(user_id), db_null(), db_int(GRANTS_MAX), db_bool(false)),
			&grants);
	if (result == DB_OK || result == DB_NONE)
		result = db_run(
			db, QUERY_CREDIT_ENTRIES,
			DB_PARAMETERS(db_text(user_id), coach, page_place(&page), db_int(page.limit + 1)),
			&entries);
	if (result != DB_OK && result != DB_NONE) {
		call_database_failure(call, result);
		return;
	}
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	json_write_object(&writer, NULL);
	json_write_integer(&writer, "balance", db_get_int(&balance, 0, 0));
	json_write_array(&writer, "grants");
	for (size_t i = 0; i < grants.count; i++)
		write_grant(&writer, &grants, i, call->request->now, false);
	json_write_array_end(&writer);
	json_write_array(&writer, "entries");
	for (size_t i = 0; i < page_shown(&page, entries.count); i++)
		write_entry(&writer, &entries, i);
	json_write_array_end(&writer);
	page_write_next(&writer, &page, &entries, 0);
	json_write_object_end(&writer);
}

enum db_result credits_export(struct db *db, const char *user_id, instant now, struct json_writer *writer)
{
	DB_ROWS grants = {0};
	DB_ROWS entries = {0};
	enum db_result result = db_run(
		db, QUERY_CREDIT_GRANTS,
		DB_PARAMETERS(db_null(), db_text(user_id), db_null(), db_int(EXPORT_MAX), db_bool(false)),
		&grants);
	if (result == DB_OK || result == DB_NONE)
		result = db_run(db, QUERY_CREDIT_ENTRIES,
				DB_PARAMETERS(db_text(user_id), db_null(), db_null(), db_int(EXPORT_MAX)),
				&entries);
	if (result != DB_OK && result != DB_NONE)
		return result;
	json_write_object(writer, "credits");
	json_write_array(writer, "grants");
	for (size_t i = 0; i < grants.count; i++)
		write_grant(writer, &grants, i, now, false);
	json_write_array_end(writer);
	json_write_array(writer, "entries");
	for (size_t i = 0; i < entries.count; i++)
		write_entry(writer, &entries, i);
	json_write_array_end(writer);
	json_write_object_end(writer);
	return DB_OK;
}

/* ---- giving back ---- */

void api_credit_return(struct call *call)
{
	const char *reason = NULL;
	const struct json_field fields[] = {
		{"reason", JSON_FIELD_NOTE, false, 0, NOTES_MAX_CHARACTERS, &reason, NULL}};
	if (!call_body(call, fields, 1))
		return;
	struct booking_call use = booking_use_case(call);
	struct booking_result result;
	booking_give_back(&use, request_parameter(call->request, "id"), reason, &result);
	booking_answer_call(call, "credit_return", &result);
}
