/*
 * What Google, or whoever answers in its place, may send. The first byte names the reader, the rest is the
 * body; for an error the second byte is the status.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "net/google_calendar.h"

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static void expect_link(const char *link)
{
	expect(!link || (strncmp(link, "https://", 8) == 0 && !strpbrk(link, " \"<>\n")));
}

static void expect_event(const struct google_event *event)
{
	expect(event->id[0] != '\0');
	expect(event->has_time ? event->start <= event->end : event->start == 0 && event->end == 0);
	expect_link(event->meet_url);
	expect_link(event->html_link);
}

static void read_busy(struct arena *mem, const char *body, size_t length)
{
	static const char *const calendars[] = {"primary", "c@group.calendar.google.com"};
	struct google_busy busy[2] = {{.known = true}, {.known = true}};

	/* Twice, as two portions would. */
	for (int portion = 0; portion < 2; portion++) {
		if (!google_busy_read(mem, body, length, calendars, 2, busy))
			return;
	}
	for (size_t i = 0; i < 2; i++) {
		expect(busy[i].known ? busy[i].problem == NULL
				     : busy[i].problem[0] != '\0' && busy[i].count == 0);
		for (size_t k = 0; k < busy[i].count; k++)
			expect(busy[i].items[k].start <= busy[i].items[k].end);
	}
}

static void read_page(struct arena *mem, const char *body, size_t length)
{
	struct google_event_page page;

	if (!google_event_page_read(mem, body, length, &page))
		return;
	for (size_t i = 0; i < page.count; i++)
		expect_event(&page.events[i]);
}

static void read_token(struct arena *mem, const char *body, size_t length)
{
	struct google_grant grant;

	if (!google_grant_read(mem, body, length, &grant))
		return;
	expect(grant.access_token[0] && !strpbrk(grant.access_token, " \r\n") && grant.expires_in > 0);
}

static void expect_answer(const struct google_answer *answer)
{
	size_t length = strlen(answer->message);

	expect(utf8_valid(answer->message, length) && !strchr(answer->message, '@'));
	for (size_t i = 0; i < length; i++)
		expect((unsigned char)answer->message[i] >= 0x20);
	expect(!strpbrk(answer->reason, " @\"<\r\n"));
	google_remedy(answer);
}

static void judge(int status, const char *body, size_t length)
{
	struct fetch_reply reply = {.failure = FETCH_OK,
				    .sent = true,
				    .status = status,
				    .body = (char *)body,
				    .body_length = length};
	struct google_answer answer;

	google_answer_read(&reply, GOOGLE_ABOUT_EVENT, &answer);
	expect_answer(&answer);
	expect((answer.outcome == GOOGLE_OK) == (status >= 200 && status < 300));
	google_answer_read(&reply, GOOGLE_ABOUT_LIST, &answer);
	google_token_answer_read(&reply, GOOGLE_GRANT_CONSENT, &answer);
	expect_answer(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const int statuses[] = {200, 302, 400, 401, 403, 404, 409, 410, 412, 429, 500, 503};
	struct arena mem = ARENA_EMPTY;
	struct google_service_account account;
	struct google_channel channel;
	struct google_event event;
	const char *body = (const char *)bytes + 1;

	if (size < 2)
		return 0;
	switch (bytes[0]) {
	case 'b':
		read_busy(&mem, body, size - 1);
		break;
	case 'e':
		if (google_event_read(&mem, body, size - 1, &event))
			expect_event(&event);
		break;
	case 'p':
		read_page(&mem, body, size - 1);
		break;
	case 'c':
		google_channel_read(&mem, body, size - 1, &channel);
		break;
	case 't':
		read_token(&mem, body, size - 1);
		break;
	case 'k':
		google_service_account_read(&mem, arena_strndup(&mem, body, size - 1), &account);
		break;
	default:
		judge(statuses[(uint8_t)body[0] % (sizeof(statuses) / sizeof(statuses[0]))], body + 1,
		      size - 2);
	}
	arena_clear(&mem);
	return 0;
}
