/* What the coach and the operator are told about the calendar. */
#include "calendar/account.h"

#include "visit.h"

#include <string.h>

static struct calendar_ability ability_of(enum ability ability)
{
	return (struct calendar_ability){.known = ability != ABILITY_UNKNOWN, .can = ability == ABILITY_YES};
}

/* The worse of two words. */
static const char *worse(const char *a, const char *b)
{
	static const char *const order[] = {"off", "ok", "backing_off", "needs_consent", "failing"};
	size_t of_a = 0;
	size_t of_b = 0;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (strcmp(order[i], a) == 0)
			of_a = i;
		if (strcmp(order[i], b) == 0)
			of_b = i;
	}
	return order[of_a > of_b ? of_a : of_b];
}

static const char *trouble_word(const struct trouble *trouble)
{
	if (trouble->outcome == GOOGLE_OK)
		return "ok";
	return google_outcome_passes(trouble->outcome) ? "backing_off" : "failing";
}

/* The word for a coach, and the sentence that goes with it. The lock is held. */
static const char *state_of(const struct calendar_coach *coach, const struct link *link,
			    const char **ret_detail)
{
	*ret_detail = NULL;
	if (link->mode == LINK_OFF)
		return "off";
	if (link->needs_consent) {
		*ret_detail =
			link->detail != NULL ? link->detail : "The coach has not connected a calendar yet.";
		return "needs_consent";
	}
	if (!link_may_call(link)) {
		*ret_detail = link->detail;
		return "failing";
	}
	if (!link->may_read_busy || !link->may_write_events) {
		*ret_detail =
			!link->may_read_busy && !link->may_write_events
				? "Google was allowed neither to show busy times nor to write events; "
				  "connect again and "
				  "leave both boxes ticked."
			: !link->may_read_busy
				? "Google was not allowed to show busy times; connect again and leave "
				  "both boxes ticked."
				: "Google was not allowed to write events; connect again and leave both "
				  "boxes ticked.";
		return "failing";
	}
	const char *read = trouble_word(&coach->health.trouble[CALL_READ]);
	const char *write = trouble_word(&coach->health.trouble[CALL_WRITE]);
	const char *word = worse(read, write);
	if (strcmp(word, "ok") != 0)
		*ret_detail = coach->health.trouble[strcmp(word, read) == 0 ? CALL_READ : CALL_WRITE].detail;
	else if (coach->health.can.write_events == ABILITY_NO) {
		*ret_detail = "The calendar is not shared with the right to make changes to events.";
		return "failing";
	}
	return word;
}

static const char *limits_sentence(const struct calendar_coach *coach)
{
	bool no_guests = coach->health.can.invite_guests == ABILITY_NO;
	bool no_meet = coach->health.can.create_meet == ABILITY_NO;
	if (!no_guests && !no_meet)
		return NULL;
	if (coach->link != NULL && coach->link->mode == LINK_CALDAV)
		return "Events are written without guests, and without Meet links.";
	return no_guests && no_meet
		       ? "These credentials can neither invite guests nor make Meet links: clients get the "
			 "calendar file; let the coach connect their own account, or set GOOGLE_IMPERSONATE."
	       : no_guests ? "These credentials cannot invite guests: clients get the calendar file."
			   : "These credentials cannot make Meet links.";
}

static enum db_result read_counts(struct worker *worker, const char *coach_id, struct calendar_status *status)
{
	DB_ROWS counts = {0};
	DB_ROWS synced = {0};
	enum db_result result =
		db_run(worker->db, QUERY_CALENDAR_COUNTS, DB_PARAMETERS(db_text(coach_id)), &counts);
	if (result == DB_OK)
		result = db_run(worker->db, QUERY_CALENDAR_SYNCED_AT, DB_PARAMETERS(db_text(coach_id)),
				&synced);
	if (result != DB_OK)
		return result;
	status->pending = db_get_int(&counts, 0, 0);
	status->failed = db_get_int(&counts, 0, 1);
	if (status->last_success_at < db_get_instant(&synced, 0, 0))
		status->last_success_at = db_get_instant(&synced, 0, 0);
	return DB_OK;
}

enum db_result calendar_status(struct calendars *calendars, struct worker *worker, const char *coach_id,
			       struct arena *mem, struct calendar_status *ret_status)
{
	static const char *const modes[] = {[LINK_OFF] = "off",
					    [LINK_SERVICE_ACCOUNT] = "service_account",
					    [LINK_CONSENT] = "oauth",
					    [LINK_CALDAV] = "caldav"};
	struct calendar_status status = {.mode = "off", .state = "ok"};
	const char *detail = NULL;
	if (!calendars->on) {
		*ret_status = status;
		return DB_OK;
	}
	VISIT visit;
	visit_begin(&visit, calendars, worker, coach_id, mem, 0);
	const struct link *link = visit.link;
	struct calendar_coach *coach = visit.coach;
	if (link == NULL)
		return visit.result;
	status.mode = modes[link->mode];
	status.account = arena_strdup(mem, link->account);
	status.calendars = arena_array(mem, link->calendar_count, sizeof(*status.calendars));
	status.calendar_count = link->calendar_count;
	for (size_t i = 0; i < link->calendar_count; i++) {
		status.calendars[i].id = arena_strdup(mem, link->calendar_ids[i]);
		status.calendars[i].writes = i == 0;
	}
	pthread_mutex_lock(&coach->lock);
	status.state = state_of(coach, link, &detail);
	if (strcmp(status.state, "off") == 0)
		status.state = "ok";
	if (detail == NULL && strcmp(status.state, "ok") == 0)
		detail = limits_sentence(coach);
	status.detail = arena_strdup(mem, detail);
	status.can.read_busy = ability_of(coach->health.can.read_busy);
	status.can.write_events = ability_of(coach->health.can.write_events);
	status.can.invite_guests = ability_of(coach->health.can.invite_guests);
	status.can.create_meet = ability_of(coach->health.can.create_meet);
	status.last_success_at = coach->health.last_success_at;
	pthread_mutex_unlock(&coach->lock);
	enum db_result result = read_counts(worker, coach_id, &status);
	if (result == DB_OK)
		*ret_status = status;
	return result;
}

static struct calendar_ability worse_ability(struct calendar_ability a, enum ability of_coach)
{
	struct calendar_ability b = ability_of(of_coach);
	if (!b.known || !b.can)
		return a.known && !a.can ? a : b;
	return a;
}

static void add_health(struct calendar_coach *coach, void *owner)
{
	struct calendar_health *health = owner;
	const char *detail;
	pthread_mutex_lock(&coach->lock);
	/* A coach who never connected is no trouble. */
	if (coach->link != NULL && coach->link->connected) {
		health->state = worse(health->state, state_of(coach, coach->link, &detail));
		health->can.read_busy = worse_ability(health->can.read_busy, coach->health.can.read_busy);
		health->can.write_events =
			worse_ability(health->can.write_events, coach->health.can.write_events);
		health->can.invite_guests =
			worse_ability(health->can.invite_guests, coach->health.can.invite_guests);
		health->can.create_meet =
			worse_ability(health->can.create_meet, coach->health.can.create_meet);
		if (health->last_success_at < coach->health.last_success_at)
			health->last_success_at = coach->health.last_success_at;
	}
	pthread_mutex_unlock(&coach->lock);
}

struct calendar_health calendars_health(struct calendars *calendars)
{
	const struct calendar_ability yes = {.known = true, .can = true};
	struct calendar_health health = {.state = "off", .can = {yes, yes, yes, yes}};
	if (calendars->on)
		coaches_each(calendars, add_health, &health);
	if (strcmp(health.state, "off") == 0)
		health.can = (struct calendar_abilities){0};
	return health;
}
