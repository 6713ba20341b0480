/*
 * doctor_webhooks - who is to be told of events, and takes none.
 */
#include "doctor.h"

#include "base/instant.h"
#include "net/fetch.h"

enum { ANSWER_MS = 5000, ANSWER_BYTES = 1024 * 1024 };

/*
 * Whether anybody answers there, whatever it is: a GET is no message, so nothing is told. Where an answer is
 * too long there is somebody, too.
 */
static void check_receiver(const char *setting, const char *url, bool public_only)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	struct fetch_client *fetcher = fetch_client_new("bookingd/" BOOKINGD_VERSION, NULL);
	struct fetch_reply reply;
	const struct fetch_request request = {.method = "GET",
					      .url = url,
					      .reply_max = ANSWER_BYTES,
					      .deadline = monotonic_ms() + ANSWER_MS,
					      .public_only = public_only};
	enum fetch_failure failure = fetch(fetcher, &mem, &request, &reply);
	fetch_client_free(fetcher);
	if (failure == FETCH_OK || failure == FETCH_TOO_BIG)
		doctor_tell(GOOD, "receivers", "%s answers", setting);
	else if (failure == FETCH_REFUSED && public_only)
		doctor_tell(BAD, "receivers",
			    "%s: %s; a receiver in a private network needs WEBHOOK_ALLOW_PRIVATE=1", setting,
			    reply.detail);
	else
		doctor_tell(BAD, "receivers", "%s: %s; see that its server runs, and what stands between",
			    setting, reply.detail);
}

void doctor_receivers(const struct settings *settings)
{
	if (settings->webhook_url != NULL)
		check_receiver("WEBHOOK_URL", settings->webhook_url, !settings->webhook_allow_private);
	if (settings->sms_url != NULL)
		check_receiver("SMS_URL", settings->sms_url, false);
}

void doctor_webhooks(const struct settings *settings, struct db *db)
{
	DB_ROWS rows = {0};
	if (db_run(db, QUERY_WEBHOOK_TROUBLED, DB_NO_PARAMETERS, &rows) != DB_OK) {
		doctor_tell(BAD, "webhooks", "%s", db_failure(db)->detail);
		return;
	}
	for (size_t row = 0; row < rows.count; row++) {
		const char *coach = db_get_text(&rows, row, 0);
		const char *who = coach != NULL ? coach : "WEBHOOK_URL";
		char since[INSTANT_TEXT_BYTES] = "";
		if (!db_is_null(&rows, row, 3))
			instant_format(db_get_instant(&rows, row, 3), since);
		if (db_is_null(&rows, row, 2))
			doctor_tell(NOTE, "webhooks",
				    "%s: has taken nothing since %s; its deliveries say why", who, since);
		else
			doctor_tell(coach == NULL ? BAD : NOTE, "webhooks",
				    "%s: is told nothing any more: %s %s", who, db_get_text(&rows, row, 2),
				    coach == NULL ? "mend the receiver and restart bookingd"
						  : "the coach can switch it on again");
	}
	if (rows.count == 0)
		doctor_tell(GOOD, "webhooks", "%s",
			    settings->webhook_url != NULL
				    ? "all that there are take what they are told"
				    : "none of the settings; none of a coach's is in trouble");
}
