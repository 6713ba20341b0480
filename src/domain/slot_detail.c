#include "domain/slot.h"

#include <inttypes.h>

/* "2 days 3 h", "3 h 12 min", "10 min 30 s": the two largest units; days only from two on. */
static const char *span_text(seconds span, struct arena *mem)
{
	static const struct {
		seconds unit;
		const char *name;
	} units[] = {
		{SECONDS_PER_DAY, "days"}, {SECONDS_PER_HOUR, "h"}, {SECONDS_PER_MINUTE, "min"}, {1, "s"}};
	size_t large = span >= 2 * SECONDS_PER_DAY ? 0 : 1;
	while (large < 3 && span < units[large].unit)
		large++;
	int64_t first = span / units[large].unit;
	int64_t second = large < 3 ? span % units[large].unit / units[large + 1].unit : 0;
	if (second == 0)
		return arena_printf(mem, "%" PRId64 " %s", first, units[large].name);
	return arena_printf(mem, "%" PRId64 " %s %" PRId64 " %s", first, units[large].name, second,
			    units[large + 1].name);
}

/* "Tuesday, November 24", with the year if that is not this one. */
static const char *date_text(civil_day day, instant now, struct arena *mem)
{
	static const char *const weekdays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
					       "Friday", "Saturday", "Sunday"};
	static const char *const months[] = {"January",   "February", "March",    "April",
					     "May",       "June",     "July",     "August",
					     "September", "October",  "November", "December"};
	const struct civil_date date = date_from_days(day);
	const char *text =
		arena_printf(mem, "%s, %s %d", weekdays[date_weekday(day)], months[date.month - 1], date.day);
	return date.year == civil_from_instant(now, 0).date.year
		       ? text
		       : arena_printf(mem, "%s, %d", text, date.year);
}

const char *slot_clock_text(instant at, const struct zone *viewer, civil_day date, instant now,
			    struct arena *mem)
{
	const int minute = zone_civil(viewer, at).second_of_day / SECONDS_PER_MINUTE;
	const civil_day own = zone_day(viewer, at);
	const char *clock = arena_printf(mem, "%02d:%02d", minute / 60, minute % 60);
	return own == date ? clock : arena_printf(mem, "%s on %s", clock, date_text(own, now, mem));
}

/* "from 14:00 to 15:00", with dates where the start's own would mislead. */
static const char *stretch_text(struct interval span, instant start, const struct zone *viewer, instant now,
				struct arena *mem)
{
	const civil_day date = zone_day(viewer, start);
	return arena_printf(mem, "from %s to %s", slot_clock_text(span.start, viewer, date, now, mem),
			    slot_clock_text(span.end, viewer, date, now, mem));
}

static const char *bad_duration(const struct slot_question *question, struct arena *mem)
{
	const struct session_type *type = question->type;
	const char *offered = "";
	for (size_t i = 0; i < type->duration_count; i++) {
		const char *before = i == 0 ? "" : i + 1 < type->duration_count ? ", " : " or ";
		offered = arena_printf(mem, "%s%s%d", offered, before, type->durations[i]);
	}
	return arena_printf(mem, "Sessions of %s aren't offered. Choose %s min.",
			    span_text(question->duration, mem), offered);
}

static const char *blocked(const struct slot_question *question, const struct slot_reason *reason,
			   struct arena *mem)
{
	const struct zone *zone = question->schedule->zone;
	civil_day first = zone_day(zone, reason->span.start);
	civil_day last = zone_day(zone, reason->span.end - 1);
	if (first >= last)
		return arena_printf(mem, "There are no sessions on %s.",
				    date_text(first, question->now, mem));
	return arena_printf(mem, "There are no sessions from %s to %s.", date_text(first, question->now, mem),
			    date_text(last, question->now, mem));
}

static const char *outside_hours(const struct slot_question *question, instant start,
				 const struct zone *viewer, struct arena *mem)
{
	enum { SHOWN_MAX = 4 };
	const civil_day day = zone_day(question->schedule->zone, start);
	const char *date = date_text(day, question->now, mem);
	const bool own = session_type_has_hours(question->type);
	struct intervals open = schedule_day(question->schedule, question->type, day, mem);
	if (open.count == 0 && own)
		return arena_printf(mem, "This kind of session isn't offered on %s.", date);
	if (open.count == 0)
		return arena_printf(mem, "There are no working hours on %s.", date);
	const char *hours = "";
	const size_t shown = open.count < SHOWN_MAX ? open.count : SHOWN_MAX;
	for (size_t i = 0; i < shown; i++) {
		const char *before = i == 0 ? "" : i + 1 < open.count ? ", " : " and ";
		hours = arena_printf(mem, "%s%s%s", hours, before,
				     stretch_text(open.at[i], start, viewer, question->now, mem));
	}
	return arena_printf(mem, "On %s, %s %s%s.", date,
			    own ? "this kind of session is offered" : "working hours are", hours,
			    shown < open.count ? " and more" : "");
}

static const char *not_aligned(const struct slot_question *question, const struct slot_reason *reason,
			       instant start, const struct zone *viewer, struct arena *mem)
{
	const civil_day date = zone_day(viewer, start);
	const char *every = span_text(reason->needed, mem);
	const char *before = slot_clock_text(reason->span.start, viewer, date, question->now, mem);
	if (reason->span.end == INSTANT_NONE)
		return arena_printf(mem, "Sessions start every %s. The nearest time is %s.", every, before);
	return arena_printf(mem, "Sessions start every %s. The nearest times are %s and %s.", every, before,
			    slot_clock_text(reason->span.end, viewer, date, question->now, mem));
}

/* Why a busy time stands in the way that the slot itself does not touch. */
static const char *buffer_note(const struct slot_question *question, instant start,
			       const struct slot_reason *reason, struct arena *mem)
{
	const struct policy *policy = &question->type->policy;
	struct interval slot = {start, start + question->duration};
	if (interval_overlaps(slot, reason->span))
		return "";
	if (reason->span.end <= start)
		return arena_printf(mem, ", and %" PRId64 " min before a session are kept free",
				    policy->buffer_before_minutes);
	return arena_printf(mem, ", and %" PRId64 " min after a session are kept free",
			    policy->buffer_after_minutes);
}

static const char *booking_limit(const struct slot_reason *reason, struct slot_listener listener,
				 struct arena *mem)
{
	if (reason->needed == 0)
		return "Clients can't book this kind of session themselves.";
	if (listener.coach && reason->needed == 1)
		return "This client already has a session booked, and can have one at a time.";
	if (listener.coach)
		return arena_printf(mem,
				    "This client already has %" PRId64
				    " sessions booked, and can have %" PRId64 " at a time.",
				    reason->actual, reason->needed);
	if (reason->needed == 1)
		return refusal_sentence(REFUSAL_BOOKING_LIMIT);
	return arena_printf(
		mem, "You already have %" PRId64 " sessions booked. Move or cancel one to book another.",
		reason->actual);
}

static const char *day_full(const struct slot_question *question, instant start,
			    const struct slot_reason *reason, struct slot_listener listener,
			    struct arena *mem)
{
	if (!listener.coach)
		return refusal_sentence(REFUSAL_DAY_FULL);
	return arena_printf(mem, "%s is full: %" PRId64 " of %" PRId64 " sessions are booked.",
			    date_text(zone_day(question->schedule->zone, start), question->now, mem),
			    reason->actual, reason->needed);
}

static const char *calendar_busy(const struct slot_question *question, instant start,
				 const struct slot_reason *reason, const struct zone *viewer,
				 struct arena *mem)
{
	/* What is not known yet counts as busy, without an end. */
	if (reason->span.end == INSTANT_MAX)
		return arena_printf(mem, "The calendar is known only up to %s; what comes later may be busy.",
				    slot_clock_text(reason->span.start, viewer, zone_day(viewer, start),
						    question->now, mem));
	return arena_printf(mem, "Busy in the calendar %s%s.",
			    stretch_text(reason->span, start, viewer, question->now, mem),
			    buffer_note(question, start, reason, mem));
}

const char *slot_reason_detail(const struct slot_question *question, instant start,
			       const struct slot_reason *reason, struct slot_listener listener,
			       struct arena *mem)
{
	const struct zone *viewer = listener.zone;
	switch (reason->rule) {
	case REFUSAL_BAD_DURATION:
		return bad_duration(question, mem);
	case REFUSAL_TOO_SOON:
		if (reason->actual < 0)
			return arena_printf(mem, "This time was %s ago.", span_text(-reason->actual, mem));
		return arena_printf(mem, "Sessions are booked at least %s ahead. This one would start in %s.",
				    span_text(reason->needed, mem), span_text(reason->actual, mem));
	case REFUSAL_TOO_FAR:
		return arena_printf(mem, "Sessions can be booked up to %s ahead. This one would start in %s.",
				    span_text(reason->needed, mem), span_text(reason->actual, mem));
	case REFUSAL_BLOCKED:
		return blocked(question, reason, mem);
	case REFUSAL_OUTSIDE_HOURS:
		return outside_hours(question, start, viewer, mem);
	case REFUSAL_NOT_ALIGNED:
		return not_aligned(question, reason, start, viewer, mem);
	case REFUSAL_BOOKING_LIMIT:
		return booking_limit(reason, listener, mem);
	case REFUSAL_DAY_FULL:
		return day_full(question, start, reason, listener, mem);
	case REFUSAL_SESSION_FULL:
		if (!listener.coach)
			return refusal_sentence(REFUSAL_SESSION_FULL);
		return arena_printf(mem, "All %" PRId64 " seats of this session are taken.", reason->needed);
	case REFUSAL_SLOT_TAKEN:
		return arena_printf(mem, "Already taken %s%s.",
				    stretch_text(reason->span, start, viewer, question->now, mem),
				    buffer_note(question, start, reason, mem));
	case REFUSAL_CALENDAR_BUSY:
		return calendar_busy(question, start, reason, viewer, mem);
	case REFUSAL_NONE:
	case REFUSAL_CREDITS_REQUIRED:
	case REFUSAL_PROMO_CODE_INVALID:
	case REFUSAL_CANCELLATION_CLOSED:
	case REFUSAL_RESCHEDULE_CLOSED:
	case REFUSAL_RESCHEDULE_LIMIT:
	case REFUSAL_NOT_ACTIVE:
	case REFUSAL_NOT_STARTED:
	case REFUSAL_ADDRESS_NOT_VERIFIED:
	case REFUSAL_SIGN_IN_REQUIRED:
	case REFUSAL_HOLD_EXPIRED:
		break;
	}
	return "This time can't be booked.";
}
