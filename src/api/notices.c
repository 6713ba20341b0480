#include "api/notices.h"

#include "api/booking.h"
#include "api/pages.h"
#include "api/rows.h"
#include "api/user.h"
#include "base/crypto.h"
#include "base/json.h"
#include "http/assets.h"
#include "notice/message.h"

#include <string.h>

enum {
	AGAIN_SECONDS = 600, /* a client may ask once in so long */
	KIND_MAX_CHARACTERS = 20,
};

/* The columns of notice_list and notice_failed that both have. */
static void write_notice(struct json_writer *writer, const struct db_rows *rows, size_t row)
{
	json_write_integer(writer, "id", db_get_int(rows, row, 0));
	json_write_text(writer, "recipient", db_get_text(rows, row, 1));
	json_write_text(writer, "channel", db_get_text(rows, row, 2));
	json_write_text(writer, "kind", db_get_text(rows, row, 3));
	json_write_text(writer, "state", db_get_text(rows, row, 4));
	rows_write_instant(writer, "due_at", rows, row, 5);
	rows_write_instant(writer, "sent_at", rows, row, 6);
	json_write_text(writer, "detail", db_get_text(rows, row, 7));
	if (!db_is_null(rows, row, 8))
		json_write_text(writer, "guest", db_get_text(rows, row, 8));
}

void api_booking_notices(struct call *call)
{
	struct appointment appointment;
	DB_ROWS rows = {0};
	if (!api_booking_find(call, &appointment))
		return;
	bool all = identity_is_exempt(call->caller, appointment.coach_id);
	enum db_result result =
		db_run(call->worker->db, QUERY_NOTICE_LIST,
		       DB_PARAMETERS(db_uuid(appointment.id), db_text(all ? NULL : "client")), &rows);
	struct json_writer writer;
	if (!rows_begin_list(call, result, "notices", &writer))
		return;
	for (size_t row = 0; row < rows.count; row++) {
		json_write_object(&writer, NULL);
		write_notice(&writer, &rows, row);
		json_write_object_end(&writer);
	}
	json_write_array_end(&writer);
	json_write_null(&writer, "next_cursor");
	json_write_object_end(&writer);
}

/* Whose copy is asked for. False: answered. */
static bool read_recipient(struct call *call, const struct appointment *appointment,
			   const char **ret_recipient)
{
	const char *kind = NULL;
	const char *recipient = "client";
	const struct json_field fields[] = {
		{"kind", JSON_FIELD_TEXT, true, 1, KIND_MAX_CHARACTERS, &kind, NULL},
		{"recipient", JSON_FIELD_TEXT, false, 1, KIND_MAX_CHARACTERS, &recipient, NULL},
	};
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])))
		return false;
	if (strcmp(kind, "confirmed") != 0 && strcmp(kind, "moved") != 0 &&
	    strcmp(kind, "meeting_changed") != 0 && strcmp(kind, "cancelled") != 0) {
		call_problem(call, PROBLEM_INVALID_FIELD, "kind",
			     "kind must be confirmed, moved, meeting_changed or cancelled.");
		return false;
	}
	bool client = strcmp(recipient, "client") == 0;
	if (!client &&
	    (strcmp(recipient, "coach") != 0 || !identity_is_exempt(call->caller, appointment->coach_id))) {
		call_problem(call, PROBLEM_INVALID_FIELD, "recipient", "recipient must be client.");
		return false;
	}
	*ret_recipient = client ? "client" : "coach";
	return true;
}

void api_booking_notices_again(struct call *call)
{
	struct appointment appointment;
	const char *recipient = NULL;
	DB_ROWS rows = {0};
	if (!api_booking_find(call, &appointment) || !read_recipient(call, &appointment, &recipient))
		return;
	bool exempt = identity_is_exempt(call->caller, appointment.coach_id);
	if (!notices_mail_on(call->api->notices)) {
		call_problem(call, PROBLEM_NOT_FOUND, NULL,
			     "This server sends no email, because no mail server is set up.");
		return;
	}
	enum db_result result = db_run(call->worker->db, QUERY_NOTICE_AGAIN,
				       DB_PARAMETERS(db_uuid(appointment.id), db_text(recipient),
						     db_int(exempt ? 0 : AGAIN_SECONDS)),
				       &rows);
	if (result != DB_OK) {
		call_database_failure(call, result);
		return;
	}
	const char *outcome = db_get_text(&rows, 0, 0);
	if (strcmp(outcome, "too_soon") == 0) {
		struct problem problem = {
			.code = PROBLEM_RATE_LIMITED,
			.detail = "It was sent again just now. Please wait ten minutes before the next time.",
			.retry_after = AGAIN_SECONDS};
		reply_problem(call->reply, &problem);
		return;
	}
	if (strcmp(outcome, "again") != 0) {
		call_problem(call, PROBLEM_NOT_FOUND, NULL, "There's nothing to send about this session.");
		return;
	}
	notices_wake(call->api->notices);
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 202));
	json_write_object(&writer, NULL);
	json_write_text(&writer, "recipient", recipient);
	json_write_object_end(&writer);
}

void api_coach_notices(struct call *call)
{
	DB_ROWS rows = {0};
	enum db_result result =
		db_run(call->worker->db, QUERY_NOTICE_FAILED,
		       DB_PARAMETERS(db_text(request_parameter(call->request, "coach"))), &rows);
	struct json_writer writer;
	if (!rows_begin_list(call, result, "notices", &writer))
		return;
	for (size_t row = 0; row < rows.count; row++) {
		json_write_object(&writer, NULL);
		write_notice(&writer, &rows, row);
		rows_write_uuid(&writer, "appointment_id", &rows, row, 9);
		json_write_instant(&writer, "start", db_get_instant(&rows, row, 10));
		json_write_text(&writer, "name", db_get_text(&rows, row, 11));
		json_write_object_end(&writer);
	}
	json_write_array_end(&writer);
	json_write_null(&writer, "next_cursor");
	json_write_object_end(&writer);
}

/* ---- in-app ---- */

/* False: answered. */
static bool count_unread(struct call *call, int64_t *ret_unread)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(call->worker->db, QUERY_NOTICE_UNREAD,
				       DB_PARAMETERS(db_text(api_user_of(call))), &rows);
	if (result != DB_OK) {
		call_database_failure(call, result);
		return false;
	}
	*ret_unread = db_get_int(&rows, 0, 0);
	return true;
}

static void write_in_app(struct json_writer *writer, const struct db_rows *rows, size_t row)
{
	json_write_object(writer, NULL);
	json_write_integer(writer, "id", db_get_int(rows, row, 0));
	rows_write_uuid(writer, "appointment_id", rows, row, 1);
	json_write_text(writer, "kind", db_get_text(rows, row, 2));
	rows_write_instant(writer, "at", rows, row, 3);
	rows_write_instant(writer, "read_at", rows, row, 4);
	json_write_text(writer, "coach", db_get_text(rows, row, 5));
	json_write_text(writer, "session_type", db_get_text(rows, row, 6));
	json_write_instant(writer, "start", db_get_instant(rows, row, 7));
	json_write_instant(writer, "end", db_get_instant(rows, row, 8));
	rows_write_instant(writer, "previous_start", rows, row, 9);
	json_write_text(writer, "reason", db_get_text(rows, row, 10));
	json_write_object_end(writer);
}

void api_user_notices(struct call *call)
{
	struct page page;
	int64_t unread = 0;
	DB_ROWS rows = {0};
	if (!page_read_limit(call, &page) || !call_query_integer(call, "after", 0, INT64_MAX, &page.place) ||
	    !count_unread(call, &unread))
		return;
	enum db_result result = db_run(
		call->worker->db, QUERY_NOTICE_IN_APP,
		DB_PARAMETERS(db_text(api_user_of(call)), db_int(page.place), db_int(page.limit + 1)), &rows);
	struct json_writer writer;
	if (!rows_begin_list(call, result, "notices", &writer))
		return;
	for (size_t row = 0; row < page_shown(&page, rows.count); row++)
		write_in_app(&writer, &rows, row);
	json_write_array_end(&writer);
	json_write_integer(&writer, "unread", unread);
	page_write_next_number(&writer, &page, &rows, 0); /* what `after` is to be */
	json_write_object_end(&writer);
}

void api_user_notices_read(struct call *call)
{
	int64_t up_to = 0;
	int64_t unread = 0;
	const struct json_field fields[] = {{"up_to", JSON_FIELD_INTEGER, true, 0, INT64_MAX, &up_to, NULL}};
	if (!call_body(call, fields, 1))
		return;
	enum db_result result = db_run(call->worker->db, QUERY_NOTICE_READ,
				       DB_PARAMETERS(db_text(api_user_of(call)), db_int(up_to)), NULL);
	if (result != DB_OK) {
		call_database_failure(call, result);
		return;
	}
	if (!count_unread(call, &unread))
		return;
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	json_write_object(&writer, NULL);
	json_write_integer(&writer, "unread", unread);
	json_write_object_end(&writer);
}

/* ---- preferences ---- */

static void answer_preferences(struct call *call, bool reminders, const char *locale, bool sms)
{
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	json_write_object(&writer, NULL);
	json_write_boolean(&writer, "reminders", reminders);
	json_write_text(&writer, "locale", locale);
	json_write_boolean(&writer, "sms", sms);
	json_write_object_end(&writer);
}

void api_user_preferences(struct call *call)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(call->worker->db, QUERY_PREFERENCE_GET,
				       DB_PARAMETERS(db_text(api_user_of(call))), &rows);
	if (result == DB_OK)
		answer_preferences(call, db_get_bool(&rows, 0, 0), db_get_text(&rows, 0, 1),
				   db_get_bool(&rows, 0, 2));
	else if (result == DB_NONE)
		answer_preferences(call, true, NULL, false);
	else
		call_database_failure(call, result);
}

void api_user_preferences_put(struct call *call)
{
	bool reminders = true;
	bool reminders_given = false;
	bool locale_given = false;
	bool sms = false;
	bool sms_given = false;
	const char *locale = NULL;
	DB_ROWS rows = {0};
	const struct json_field fields[] = {
		{"reminders", JSON_FIELD_BOOLEAN, false, 0, 0, &reminders, &reminders_given},
		{"locale", JSON_FIELD_TEXT, false, 1, LOCALE_MAX_CHARACTERS, &locale, &locale_given},
		{"sms", JSON_FIELD_BOOLEAN, false, 0, 0, &sms, &sms_given},
	};
	if (!call_body(call, fields, sizeof(fields) / sizeof(fields[0])) ||
	    !call_check_locale(call, "locale", locale))
		return;
	enum db_result result = db_run(
		call->worker->db, QUERY_PREFERENCE_PUT,
		DB_PARAMETERS(db_text(api_user_of(call)), reminders_given ? db_bool(reminders) : db_null(),
			      db_text(locale), db_bool(locale_given), sms_given ? db_bool(sms) : db_null()),
		&rows);
	if (result == DB_OK)
		answer_preferences(call, db_get_bool(&rows, 0, 0), db_get_text(&rows, 0, 1),
				   db_get_bool(&rows, 0, 2));
	else
		call_database_failure(call, result);
}

/* ---- unsubscribing ---- */

static const char no_such_link[] = "This link doesn't work any more.";

static void hash_of_token(const struct call *call, unsigned char hash[static CRYPTO_SHA256_SIZE])
{
	const char *token = request_parameter(call->request, "token");
	crypto_sha256(token, strlen(token), hash);
}

/* A page for people, in the language of their browser: asks, or says that it is done. */
static void answer_page(struct call *call, bool guest, bool done)
{
	const char *locale = call_accepted_locale(call);
	const struct notice_stop_words *words = notice_stop_words(locale, guest);
	struct buffer *out = reply_begin(call->reply, 200, "text/html; charset=utf-8");
	reply_header_literal(
		call->reply, "Content-Security-Policy",
		"default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'");
	reply_vary(call->reply, "Accept-Language");
	reply_header_literal(call->reply, "Referrer-Policy", "no-referrer");
	buffer_printf(out,
		      "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>%s</title>\n"
		      "<link rel=\"stylesheet\" href=\"../booking.css?v=%s\">\n</head>\n<body>\n"
		      "<main class=\"missing\">\n<h1 class=\"title\">%s</h1>\n<p>%s</p>\n",
		      notice_words_code(notice_words_for(locale)), words->title, assets_version(),
		      words->title, done ? words->done : words->rule);
	if (!done)
		buffer_printf(out, "<form method=\"post\"><button type=\"submit\">%s</button></form>\n",
			      words->button);
	buffer_append_text(out, "</main>\n</body>\n</html>\n");
}

void api_stop_page(struct call *call)
{
	unsigned char hash[CRYPTO_SHA256_SIZE];
	DB_ROWS rows = {0};
	hash_of_token(call, hash);
	enum db_result result = db_run(call->worker->db, QUERY_TOKEN_STOP_KNOWN,
				       DB_PARAMETERS(db_bytes(hash, sizeof(hash))), &rows);
	if ((result == DB_NONE && pages_missing(call)) || !call_found(call, result, no_such_link))
		return;
	answer_page(call, db_get_bool(&rows, 0, 0), false);
}

void api_stop(struct call *call)
{
	unsigned char hash[CRYPTO_SHA256_SIZE];
	DB_ROWS rows = {0};
	hash_of_token(call, hash);
	enum db_result result = db_run(call->worker->db, QUERY_TOKEN_STOP,
				       DB_PARAMETERS(db_bytes(hash, sizeof(hash))), &rows);
	if (result == DB_OK && db_is_null(&rows, 0, 0))
		result = DB_NONE;
	if ((result == DB_NONE && pages_missing(call)) || !call_found(call, result, no_such_link))
		return;
	answer_page(call, db_get_bool(&rows, 0, 0), true);
}
