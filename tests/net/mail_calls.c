/*
 * mail_calls - sends mails as a test tells it: one JSON object a line in, one answer a line out.
 *
 * For mail.test.mjs. The first line says who to be: {"url", "user", "password", "from", "tls"}; the others
 * are
 * {"do": "send", "ms", "message": {...}} or {"do": "check", "ms"}.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "net/fetch.h"
#include "net/mail.h"

static const char *text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static struct mail_message message_of(const json_t *object)
{
	static struct mail_calendar calendar;
	const char *bytes = text(object, "calendar");
	calendar = (struct mail_calendar){bytes, bytes ? strlen(bytes) : 0};
	return (struct mail_message){
		.from_name = text(object, "from_name"),
		.to = {text(object, "to_name"), text(object, "to")},
		.reply_to = {text(object, "reply_to_name"), text(object, "reply_to")},
		.subject = text(object, "subject"),
		.message_id = text(object, "message_id"),
		.thread_id = text(object, "thread_id"),
		.date = 1764000000,
		.language = "en",
		.unsubscribe_url = text(object, "unsubscribe_url"),
		.text = text(object, "text"),
		.html = text(object, "html"),
		.calendars = &calendar,
		.calendar_count = bytes ? 1 : 0,
		.calendar_method = "REQUEST",
	};
}

static void obey(struct mail_client *client, const json_t *command)
{
	struct mail_answer answer;
	int64_t deadline = monotonic_ms() + json_integer_value(json_object_get(command, "ms"));
	struct mail_message message = message_of(json_object_get(command, "message"));

	if (strcmp(text(command, "do"), "check") == 0)
		mail_check(client, deadline, &answer);
	else
		mail_send(client, &message, deadline, &answer);
	json_t *out = json_pack("{s:s, s:i, s:s, s:s}", "outcome", mail_outcome_name(answer.outcome), "code",
				answer.code, "verb", answer.verb, "detail", answer.detail);
	char *line = json_dumps(out, JSON_COMPACT);
	puts(line);
	fflush(stdout);
	free(line);
	json_decref(out);
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;
	struct mail_client *client = NULL;
	json_t *who = NULL;

	if (!fetch_global_begin())
		return 1;
	while (getline(&line, &size, stdin) > 0) {
		json_t *command = json_loads(line, 0, NULL);
		if (!command)
			return 2;
		if (who) {
			obey(client, command);
			json_decref(command);
			continue;
		}
		who = command;
		struct mail_settings settings = {.url = text(who, "url"),
						 .user = text(who, "user"),
						 .password = text(who, "password"),
						 .from = text(who, "from"),
						 .require_tls = json_is_true(json_object_get(who, "tls"))};
		client = mail_client_new(&settings, NULL);
	}
	mail_client_free(client);
	json_decref(who);
	free(line);
	fetch_global_end();
	return 0;
}
