#include "moving.h"

#include <string.h>

enum { PAGES_MAX = 4 }; /* of events around the one that is moved; with more the time stays busy */

static bool takes_time(const struct google_event *event)
{
	if (event->status == GOOGLE_EVENT_CANCELLED || event->transparent || !event->has_time)
		return false;
	for (size_t i = 0; i < event->attendee_count; i++) {
		if (event->attendees[i].self && event->attendees[i].response == GOOGLE_RESPONSE_DECLINED)
			return false;
	}
	return true;
}

static struct interval common(struct interval a, struct interval b)
{
	return (struct interval){a.start > b.start ? a.start : b.start, a.end < b.end ? a.end : b.end};
}

/* What the events say of the appointment's time: where its own event lies, and where others do. */
struct neighbours {
	const char *own_id;
	struct interval window;
	struct interval own; /* empty: not found */
	struct intervals others;
};

static void look_at_page(const struct google_event_page *page, struct neighbours *neighbours,
			 struct arena *mem)
{
	for (size_t i = 0; i < page->count; i++) {
		const struct google_event *event = &page->events[i];
		struct interval time =
			common((struct interval){event->start, event->end}, neighbours->window);
		if (!takes_time(event))
			continue;
		if (strcmp(event->id, neighbours->own_id) == 0)
			neighbours->own = time;
		else
			neighbours->others = row_join(neighbours->others, (struct intervals){&time, 1}, mem);
	}
}

static bool look_around(struct visit *visit, const char *calendar_id, struct neighbours *neighbours)
{
	struct google_event_query query = {.from = neighbours->window.start, .to = neighbours->window.end};
	for (int page_count = 0; page_count < PAGES_MAX; page_count++) {
		struct google_event_page page;
		struct google_answer answer;
		if (!visit_may_call(visit) ||
		    visit_list(visit, calendar_id, &query, &page, &answer) != GOOGLE_OK)
			return false;
		look_at_page(&page, neighbours, visit->call.mem);
		if (page.next_page == NULL)
			return true;
		query.page_token = page.next_page;
	}
	return false;
}

void moving_leave_out(struct visit *visit, const struct appointment *moving, struct busy_rows *rows)
{
	struct arena *mem = visit->call.mem;
	char own_id[GOOGLE_EVENT_ID_BYTES];
	struct neighbours neighbours = {
		.own_id = own_id, .window = {moving->starts_at, moving->ends_at}, .others = INTERVALS_NONE};
	if (!moving->event_written || moving->calendar_id == NULL ||
	    strcmp(moving->calendar_id, visit->link->calendar_ids[0]) != 0 ||
	    !google_event_id(moving->id, own_id) || !look_around(visit, moving->calendar_id, &neighbours) ||
	    neighbours.own.start >= neighbours.own.end)
		return;
	struct interval *rest = arena_array(mem, rows->written.count + 1, sizeof(*rest));
	size_t count = intervals_without(rows->written, neighbours.own, rest);
	rows->written = row_join((struct intervals){rest, count}, neighbours.others, mem);
	rows->all = row_join(rows->written, rows->others, mem);
}
