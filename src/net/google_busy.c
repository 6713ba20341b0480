/* Busy times: google_busy_query of net/google_calendar.h. */
#include "net/google_calendar.h"

#include <string.h>

#include <jansson.h>

#include "base/buffer.h"
#include "base/json.h"
#include "google_ask.h"

enum {
	BUSY_BODY_MAX = 64 * 1024,
	BUSY_REPLY_MAX = 4 * 1024 * 1024,
};

/* Once unknown, a calendar stays so: what another portion says of it cannot fill the gap. */
static void mark_unknown(struct arena *mem, struct google_busy *busy, const char *problem)
{
	if (!busy->known)
		return;
	*busy = (struct google_busy){.known = false, .problem = arena_strdup(mem, problem)};
}

static bool read_instant(const json_t *value, instant *ret_instant)
{
	return json_is_string(value) &&
	       instant_parse_loose(json_string_value(value), json_string_length(value), ret_instant);
}

/* Google says what is wrong with a calendar inside a reply that succeeded. */
static const char *error_reason(const json_t *errors)
{
	const char *reason = json_string_value(json_object_get(json_array_get(errors, 0), "reason"));

	return reason && reason[0] ? reason : "unknown";
}

static void add_calendar(struct arena *mem, const json_t *calendar, struct google_busy *busy)
{
	const json_t *errors = json_object_get(calendar, "errors");
	const json_t *taken = json_object_get(calendar, "busy");
	const json_t *item;
	struct interval *items;
	size_t i;

	if (!busy->known)
		return;
	if (!json_is_object(calendar)) {
		mark_unknown(mem, busy, "missing");
		return;
	}
	/* `busy` stands empty next to `errors`: reading it first would offer the coach's whole day. */
	if (errors && !(json_is_array(errors) && json_array_size(errors) == 0)) {
		mark_unknown(mem, busy, error_reason(errors));
		return;
	}
	if (!json_is_array(taken)) {
		mark_unknown(mem, busy, "no_busy");
		return;
	}
	items = arena_array(mem, busy->count + json_array_size(taken), sizeof(*items));
	if (busy->count > 0)
		memcpy(items, busy->items, busy->count * sizeof(*items));
	busy->items = items;
	json_array_foreach(taken, i, item)
	{
		struct interval interval;

		if (!read_instant(json_object_get(item, "start"), &interval.start) ||
		    !read_instant(json_object_get(item, "end"), &interval.end) ||
		    interval.end < interval.start) {
			mark_unknown(mem, busy, "malformed");
			return;
		}
		items[busy->count++] = interval;
	}
}

bool google_busy_read(struct arena *mem, const char *body, size_t length, const char *const calendars[],
		      size_t count, struct google_busy busy[])
{
	__attribute__((cleanup(json_cleanup))) json_t *root = json_loadb(body, length, 0, NULL);
	const json_t *replies = json_object_get(root, "calendars");

	if (!json_is_object(replies))
		return false;
	for (size_t i = 0; i < count; i++)
		add_calendar(mem, json_object_get(replies, calendars[i]), &busy[i]);
	return true;
}

static void write_query(struct buffer *body, const char *const calendars[], size_t count, instant from,
			instant to)
{
	struct json_writer writer;

	json_writer_init(&writer, body);
	json_write_object(&writer, NULL);
	json_write_instant(&writer, "timeMin", from);
	json_write_instant(&writer, "timeMax", to);
	json_write_array(&writer, "items");
	for (size_t i = 0; i < count; i++) {
		json_write_object(&writer, NULL);
		json_write_text(&writer, "id", calendars[i]);
		json_write_object_end(&writer);
	}
	json_write_array_end(&writer);
	json_write_object_end(&writer);
}

/* At most 50 calendars and 60 days. The parameters are those of google_busy_query.
 * NOLINTNEXTLINE(readability-function-size) */
static enum google_outcome query_portion(const struct google_call *call, const char *const calendars[],
					 size_t count, instant from, instant to, struct google_busy busy[],
					 struct google_answer *answer)
{
	__attribute__((cleanup(buffer_clear))) struct buffer body = {.max = BUSY_BODY_MAX};
	struct fetch_request request = {
		.method = "POST",
		.url = arena_printf(call->mem, "%s/freeBusy?prettyPrint=false&fields=calendars", call->api),
		.reply_max = BUSY_REPLY_MAX,
		.may_be_repeated = true,
	};
	struct fetch_reply reply;

	write_query(&body, calendars, count, from, to);
	if (!google_ask_json(call, &request, &body, GOOGLE_ABOUT_EVENT, &reply, answer))
		return answer->outcome;
	if (!google_busy_read(call->mem, reply.body, reply.body_length, calendars, count, busy))
		return google_unreadable(&reply, answer);
	return GOOGLE_OK;
}

/* An array and a span are two parameters each. NOLINTNEXTLINE(readability-function-size) */
enum google_outcome google_busy_query(const struct google_call *call, const char *const calendars[],
				      size_t count, instant from, instant to, struct google_busy ret_busy[],
				      struct google_answer *answer)
{
	struct google_busy *busy = arena_array(call->mem, count, sizeof(*busy));
	const seconds longest = (seconds)GOOGLE_BUSY_DAYS_MAX * SECONDS_PER_DAY;

	google_answer_set(answer, GOOGLE_OK, "");
	for (size_t i = 0; i < count; i++)
		busy[i].known = true;
	for (instant start = from; start < to; start += longest) {
		instant end = to - start > longest ? start + longest : to;

		for (size_t first = 0; first < count; first += GOOGLE_BUSY_CALENDARS_MAX) {
			size_t left = count - first;

			if (left > GOOGLE_BUSY_CALENDARS_MAX)
				left = GOOGLE_BUSY_CALENDARS_MAX;
			if (query_portion(call, calendars + first, left, start, end, busy + first, answer) !=
			    GOOGLE_OK)
				return answer->outcome;
		}
	}
	for (size_t i = 0; i < count; i++) {
		ret_busy[i] = busy[i];
		ret_busy[i].count = intervals_normalize(busy[i].items, busy[i].count);
	}
	return GOOGLE_OK;
}
