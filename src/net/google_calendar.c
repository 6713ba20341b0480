#include "net/google_calendar.h"

#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "google_ask.h"

enum {
	URL_MAX = 64 * 1024,
	EVENT_BODY_MAX = 256 * 1024,
	EVENT_REPLY_MAX = 1024 * 1024,
	PAGE_REPLY_MAX = 16 * 1024 * 1024,
};

/* Asked for by name, so that replies stay small and the coach's private affairs stay with Google. */
#define COMMON_FIELDS                                                                                        \
	"id,status,etag,start,end,hangoutLink,htmlLink,updated,transparency,recurringEventId,"               \
	"extendedProperties/private,"                                                                        \
	"conferenceData(createRequest(requestId,status),entryPoints(entryPointType,uri)),"
#define PAGE_FIELDS                                                                                          \
	"nextPageToken,nextSyncToken,timeZone,summary,accessRole,items(" COMMON_FIELDS                       \
	"attendees(email,responseStatus,self,organizer))"
/* One event is ours, and what the coach has added to it is to stay. */
#define EVENT_FIELDS COMMON_FIELDS "summary,description,location,attendees"

/* .../calendars/<calendar>/events, and /<event> if there is one */
static char *events_url(const struct google_call *call, const char *calendar, const char *event_id)
{
	struct arena *mem = call->mem;
	char *url = arena_printf(mem, "%s/calendars/%s/events", call->api, fetch_encode(mem, calendar));

	return event_id ? arena_printf(mem, "%s/%s", url, fetch_encode(mem, event_id)) : url;
}

static const char *updates(bool silent)
{
	return silent ? "none" : "all";
}

static enum google_outcome take_event(const struct google_call *call, const struct fetch_reply *reply,
				      struct google_event *ret_event, struct google_answer *answer)
{
	if (!google_event_read(call->mem, reply->body, reply->body_length, ret_event))
		return google_unreadable(reply, answer);
	return GOOGLE_OK;
}

/* --- Events ----------------------------------------------------------------------------------- */

enum google_outcome google_event_insert(const struct google_call *call, const char *calendar,
					const struct google_event_draft *draft,
					struct google_event *ret_event, struct google_answer *answer)
{
	__attribute__((cleanup(buffer_clear))) struct buffer body = {.max = EVENT_BODY_MAX};
	struct fetch_request request = {
		.method = "POST",
		.url = arena_printf(
			call->mem,
			"%s?conferenceDataVersion=1&sendUpdates=%s&prettyPrint=false&fields=" EVENT_FIELDS,
			events_url(call, calendar, NULL), updates(draft->silent)),
		.reply_max = EVENT_REPLY_MAX,
		/* Our id makes the second of two a duplicate. */
		.may_be_repeated = true,
	};
	struct fetch_reply reply;

	google_event_write(&body, draft, 0);
	if (!google_ask_json(call, &request, &body, GOOGLE_ABOUT_EVENT, &reply, answer))
		return answer->outcome;
	return take_event(call, &reply, ret_event, answer);
}

enum google_outcome google_event_get(const struct google_call *call, const char *calendar,
				     const char *event_id, struct google_event *ret_event,
				     struct google_answer *answer)
{
	struct fetch_request request = {
		.method = "GET",
		.url = arena_printf(call->mem, "%s?prettyPrint=false&fields=" EVENT_FIELDS,
				    events_url(call, calendar, event_id)),
		.reply_max = EVENT_REPLY_MAX,
		.may_be_repeated = true,
	};
	struct fetch_reply reply;

	if (!google_ask(call, &request, GOOGLE_ABOUT_EVENT, &reply, answer))
		return answer->outcome;
	return take_event(call, &reply, ret_event, answer);
}

/* Which event, in which state, gets what. NOLINTNEXTLINE(readability-function-size) */
enum google_outcome google_event_patch(const struct google_call *call, const char *calendar,
				       const char *event_id, unsigned parts,
				       const struct google_event_draft *draft, const char *if_match,
				       struct google_event *ret_event, struct google_answer *answer)
{
	__attribute__((cleanup(buffer_clear))) struct buffer body = {.max = EVENT_BODY_MAX};
	struct fetch_request request = {
		.method = "PATCH",
		.url = arena_printf(
			call->mem,
			"%s?conferenceDataVersion=1&sendUpdates=%s&prettyPrint=false&fields=" EVENT_FIELDS,
			events_url(call, calendar, event_id), updates(draft->silent)),
		.if_match = if_match,
		.reply_max = EVENT_REPLY_MAX,
		/* Each patch mails the guests again. */
		.may_be_repeated = false,
	};
	struct fetch_reply reply;

	google_event_write(&body, draft, parts);
	if (!google_ask_json(call, &request, &body, GOOGLE_ABOUT_EVENT, &reply, answer))
		return answer->outcome;
	return take_event(call, &reply, ret_event, answer);
}

enum google_outcome google_event_delete(const struct google_call *call, const char *calendar,
					const char *event_id, bool silent, const char *if_match,
					struct google_answer *answer)
{
	struct fetch_request request = {
		.method = "DELETE",
		.url = arena_printf(call->mem, "%s?sendUpdates=%s", events_url(call, calendar, event_id),
				    updates(silent)),
		.if_match = if_match,
		.reply_max = EVENT_REPLY_MAX,
		.may_be_repeated = true,
	};
	struct fetch_reply reply;

	google_ask(call, &request, GOOGLE_ABOUT_EVENT, &reply, answer);
	return answer->outcome;
}

/* --- Lists -------------------------------------------------------------------------------------- */

static void put_parameter(struct buffer *url, struct arena *mem, const char *name, const char *value)
{
	if (value)
		buffer_printf(url, "&%s=%s", name, fetch_encode(mem, value));
}

static void put_bound(struct buffer *url, const char *name, instant bound)
{
	char text[INSTANT_TEXT_BYTES];

	if (bound == 0)
		return;
	instant_format(bound, text);
	buffer_printf(url, "&%s=%s", name, text);
}

enum google_outcome google_events_page(const struct google_call *call, const char *calendar,
				       const struct google_event_query *query,
				       struct google_event_page *ret_page, struct google_answer *answer)
{
	__attribute__((cleanup(buffer_clear))) struct buffer url = {.max = URL_MAX};
	struct fetch_request request = {
		.method = "GET",
		.reply_max = PAGE_REPLY_MAX,
		.may_be_repeated = true,
	};
	struct fetch_reply reply;

	/* All but the bounds must be the same in the first list and in every sync that builds on it. */
	buffer_printf(&url,
		      "%s?maxResults=250&singleEvents=true&showDeleted=true&maxAttendees=20&prettyPrint=false"
		      "&fields=" PAGE_FIELDS,
		      events_url(call, calendar, NULL));
	if (!query->sync_token) {
		put_bound(&url, "timeMin", query->from);
		put_bound(&url, "timeMax", query->to);
	}
	put_parameter(&url, call->mem, "syncToken", query->sync_token);
	put_parameter(&url, call->mem, "pageToken", query->page_token);
	if (url.overflowed) {
		google_answer_set(answer, GOOGLE_INVALID, "too_long");
		return answer->outcome;
	}
	request.url = buffer_text(&url);
	google_ask(call, &request, GOOGLE_ABOUT_LIST, &reply, answer);
	/* A token Google cannot read at all is 400 rather than 410; without it there is nothing to object to.
	 */
	if (answer->outcome == GOOGLE_INVALID && query->sync_token)
		answer->outcome = GOOGLE_FULL_SYNC_REQUIRED;
	if (answer->outcome != GOOGLE_OK)
		return answer->outcome;
	if (!google_event_page_read(call->mem, reply.body, reply.body_length, ret_page))
		return google_unreadable(&reply, answer);
	return GOOGLE_OK;
}

/* --- Push ------------------------------------------------------------------------------------------ */

/* The parameters are the members of Google's request. NOLINTNEXTLINE(readability-function-size) */
enum google_outcome google_events_watch(const struct google_call *call, const char *calendar,
					const char *channel_id, const char *token, const char *address,
					seconds lifetime, struct google_channel *ret_channel,
					struct google_answer *answer)
{
	__attribute__((cleanup(buffer_clear))) struct buffer body = {.max = EVENT_BODY_MAX};
	struct fetch_request request = {
		.method = "POST",
		.url = arena_printf(call->mem, "%s/watch?prettyPrint=false&fields=resourceId,expiration",
				    events_url(call, calendar, NULL)),
		.reply_max = EVENT_REPLY_MAX,
		.may_be_repeated = false,
	};
	struct json_writer writer;
	struct fetch_reply reply;

	json_writer_init(&writer, &body);
	json_write_object(&writer, NULL);
	json_write_text(&writer, "id", channel_id);
	json_write_text(&writer, "type", "web_hook");
	json_write_text(&writer, "address", address);
	json_write_text(&writer, "token", token);
	json_write_object(&writer, "params");
	json_write_text(&writer, "ttl", arena_printf(call->mem, "%lld", (long long)lifetime));
	json_write_object_end(&writer);
	json_write_object_end(&writer);
	if (!google_ask_json(call, &request, &body, GOOGLE_ABOUT_EVENT, &reply, answer))
		return answer->outcome;
	if (!google_channel_read(call->mem, reply.body, reply.body_length, ret_channel))
		return google_unreadable(&reply, answer);
	if (ret_channel->expires == 0)
		ret_channel->expires = call->now + lifetime;
	return GOOGLE_OK;
}

enum google_outcome google_channel_stop(const struct google_call *call, const char *channel_id,
					const char *resource_id, struct google_answer *answer)
{
	__attribute__((cleanup(buffer_clear))) struct buffer body = {.max = EVENT_BODY_MAX};
	struct fetch_request request = {
		.method = "POST",
		.url = arena_printf(call->mem, "%s/channels/stop", call->api),
		.reply_max = EVENT_REPLY_MAX,
		.may_be_repeated = true,
	};
	struct json_writer writer;
	struct fetch_reply reply;

	json_writer_init(&writer, &body);
	json_write_object(&writer, NULL);
	json_write_text(&writer, "id", channel_id);
	json_write_text(&writer, "resourceId", resource_id);
	json_write_object_end(&writer);
	google_ask_json(call, &request, &body, GOOGLE_ABOUT_EVENT, &reply, answer);
	return answer->outcome;
}
