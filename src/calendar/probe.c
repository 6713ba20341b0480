/* What the credentials may do, asked without writing anything. */
#include "calendar/account.h"
#include "calendar/busy.h"
#include "visit.h"

void calendar_probe(struct calendars *calendars, struct worker *worker, const char *coach_id,
		    int64_t deadline)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	instant now = instant_now();
	struct calendar_busy busy;
	if (!calendars->on)
		return;
	struct calendar_question question = {.coach_id = coach_id,
					     .within = {now, now + SECONDS_PER_DAY},
					     .now = now,
					     .deadline = deadline};
	calendar_busy_listing(calendars, worker, &question, &mem, &busy);
	VISIT visit;
	visit_begin(&visit, calendars, worker, coach_id, &mem, deadline);
	if (visit.link == NULL || !visit.link->connected || !visit_may_call(&visit))
		return;
	struct google_event_query query = {.from = now, .to = now + SECONDS_PER_MINUTE};
	struct google_event_page page;
	struct google_answer answer;
	if (visit_list(&visit, visit.link->calendar_ids[0], &query, &page, &answer) == GOOGLE_OK)
		visit_note_role(&visit, page.access_role);
}
