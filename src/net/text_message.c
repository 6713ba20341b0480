#include "net/text_message.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

enum { REPLY_BYTES_MAX = 64 * 1024 };

/* Twilio's own code of what is wrong; 0: none is told. */
static int64_t code_of(const struct fetch_reply *reply)
{
	json_t *object = json_loadb(reply->body, reply->body_length, 0, NULL);
	int64_t code = json_integer_value(json_object_get(object, "code"));
	json_decref(object);
	return code;
}

/* Whether it is SMS_FROM, or where the account may send to, that is refused. */
static bool is_about_us(int64_t code)
{
	static const int64_t codes[] = {21212, 21408, 21601, 21603, 21606, 21659, 21660, 21661};
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i] == code)
			return true;
	return false;
}

/* A number that cannot be reached is so tomorrow, too; what is wrong with the account an operator mends. */
static enum mail_outcome outcome_of(const struct fetch_reply *reply)
{
	if (reply->failure == FETCH_STOPPED && !reply->sent)
		return MAIL_STOPPED;
	if (reply->failure != FETCH_OK)
		return reply->sent ? MAIL_UNKNOWN : MAIL_LATER;
	if (reply->status >= 200 && reply->status < 300)
		return MAIL_ACCEPTED;
	const bool refused = reply->status == 400 || reply->status == 422;
	return refused && !is_about_us(code_of(reply)) ? MAIL_REFUSED : MAIL_LATER;
}

void text_send(struct fetch_client *fetcher, const struct text_settings *settings, const char *to,
	       const char *body, int64_t deadline, struct mail_answer *ret_answer)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	const char *form = arena_printf(&mem, "To=%s&From=%s&Body=%s", fetch_encode(&mem, to),
					fetch_encode(&mem, settings->from), fetch_encode(&mem, body));
	const struct fetch_request request = {
		.method = "POST",
		.url = settings->url,
		.accept = "application/json",
		.content_type = "application/x-www-form-urlencoded",
		.user = settings->user,
		.password = settings->password,
		.body = form,
		.body_length = strlen(form),
		.reply_max = REPLY_BYTES_MAX,
		.deadline = deadline,
		.new_connection = true, /* or a reminder is lost with one that the service ended */
	};
	struct fetch_reply reply;
	fetch(fetcher, &mem, &request, &reply);
	*ret_answer = (struct mail_answer){.outcome = outcome_of(&reply), .code = reply.status};
	if (reply.failure != FETCH_OK)
		snprintf(ret_answer->detail, sizeof(ret_answer->detail),
			 "The service for text messages did not answer (%s).",
			 fetch_failure_name(reply.failure));
	else if (ret_answer->outcome != MAIL_ACCEPTED)
		snprintf(ret_answer->detail, sizeof(ret_answer->detail),
			 "The service for text messages refused it (%d, code %lld).", reply.status,
			 (long long)code_of(&reply));
}
