#include "api/booking.h"
#include "api/notices.h"
#include "base/crypto.h"
#include "notice/bounce.h"

#include <string.h>
#include <strings.h>

enum { DETAIL_MAX = 500 };

static const char *const event_names[] = {
	[BOUNCE_BOUNCED] = "bounced", [BOUNCE_COMPLAINED] = "complained", [BOUNCE_DELIVERED] = "delivered"};

static bool event_parse(const char *name, enum bounce_event *ret_event)
{
	for (unsigned i = 0; i < sizeof(event_names) / sizeof(event_names[0]); i++) {
		if (strcmp(event_names[i], name) == 0) {
			*ret_event = (enum bounce_event)i;
			return true;
		}
	}
	return false;
}

/* Whether the caller has the secret. False: answered. */
static bool may_tell(struct call *call)
{
	const char *secret = call->api->mail_hook_secret;
	const char *given = request_header(call->request, "Authorization");
	if (secret == NULL) {
		call_problem(call, PROBLEM_NOT_FOUND, NULL,
			     "Returned mail can't be reported here: the server needs MAIL_HOOK_SECRET.");
		return false;
	}
	if (given == NULL || strncasecmp(given, "Bearer ", 7) != 0 || !crypto_equal_text(given + 7, secret)) {
		call_problem(call, PROBLEM_UNAUTHENTICATED, NULL, NULL);
		return false;
	}
	return true;
}

void api_mail_hook(struct call *call)
{
	const char *token = NULL;
	const char *name = NULL;
	const char *detail = NULL;
	bool permanent = false;
	enum bounce_event event = BOUNCE_DELIVERED;
	int64_t notice = 0;
	const struct json_field fields[] = {
		{"token", JSON_FIELD_TEXT, true, 1, 100, &token, NULL},
		{"event", JSON_FIELD_TEXT, true, 1, 20, &name, NULL},
		{"permanent", JSON_FIELD_BOOLEAN, false, 0, 0, &permanent, NULL},
		{"detail", JSON_FIELD_LINE, false, 0, DETAIL_MAX, &detail, NULL},
	};
	if (!may_tell(call) || !call_body(call, fields, sizeof(fields) / sizeof(fields[0])))
		return;
	if (!event_parse(name, &event)) {
		call_problem(call, PROBLEM_INVALID_FIELD, "event",
			     "event must be bounced, complained or delivered.");
		return;
	}
	enum db_result result = bounce_token_read(call->api->mail_hook_secret, token, &notice)
					? bounce_note(call->worker->db, notice, event, permanent, detail)
					: DB_NONE;
	if (call_found(call, result, "This mail doesn't exist, or is no longer kept."))
		reply_empty(call->reply, 204);
}

void api_suppression_end(struct call *call)
{
	struct appointment appointment;
	if (!api_booking_find(call, &appointment))
		return;
	if (!identity_is_exempt(call->caller, appointment.coach_id)) {
		call_problem(call, PROBLEM_NOT_FOUND, NULL, NULL);
		return;
	}
	DB_ROWS rows = {0};
	enum db_result result = db_run(call->worker->db, QUERY_SUPPRESSION_END,
				       DB_PARAMETERS(db_uuid(appointment.id)), &rows);
	if (result == DB_OK || result == DB_NONE)
		reply_empty(call->reply, 204);
	else
		call_database_failure(call, result);
}
