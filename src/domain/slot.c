#include "domain/slot.h"

#include <stdlib.h>

enum {
	/*
	 * How many dates before and after an instant's own may have working intervals that hold it: one
	 * before for hours past midnight; more where a zone skipped a date (Apia) or the clock goes back past
	 * midnight.
	 */
	NEAR_DATES = 3,
	SPANS_PER_RULE_MAX = 10,
	NEXT_WINDOW_DAYS = 14,
	LOOKS_PER_POINT = 32, /* of a slot_budget */
};

#define BIT(rule) (1u << (rule))

/* A sorted and disjoint row and where the last look ended: the next is mostly a little later. */
struct row {
	struct intervals intervals;
	size_t place;
};

/* A question made ready for many starts. */
struct terms {
	const struct slot_question *question;
	instant earliest;
	instant latest;
	seconds step;
	seconds buffer_before;
	seconds buffer_after;
	unsigned always; /* what stands against every start */
	struct row blocked;
	struct row calendar;
	struct row appointments;
	const civil_day *full; /* dates that have reached max_per_day */
	size_t full_count;
	bool all_full;
};

/* Index of the first interval that ends after span.start; whether it overlaps is for the caller to see. */
static inline size_t row_find(struct row *row, instant start)
{
	size_t place = row->place;
	if (place > 0 && row->intervals.at[place - 1].end > start)
		place = intervals_first_ending_after(row->intervals, start);
	while (place < row->intervals.count && row->intervals.at[place].end <= start)
		place++;
	row->place = place;
	return place;
}

static inline bool row_overlaps(struct row *row, struct interval span)
{
	if (row->intervals.count == 0)
		return false;
	size_t place = row_find(row, span.start);
	return place < row->intervals.count && row->intervals.at[place].start < span.end;
}

/* a + b, kept within what instants can be. */
static instant later(instant a, seconds b)
{
	return b > INSTANT_MAX - a ? INSTANT_MAX : a + b;
}

/* Instants, or dates: both are 64 bits. */
static int ascending(const void *left, const void *right)
{
	const int64_t *a = left;
	const int64_t *b = right;
	return (*a > *b) - (*a < *b);
}

/* Notice, horizon and the client's own limit. */
static void bind_client(struct terms *terms)
{
	const struct slot_question *question = terms->question;
	const struct policy *policy = &question->type->policy;
	terms->earliest = later(question->now, policy->min_notice_minutes * SECONDS_PER_MINUTE);
	terms->latest = later(question->now, policy->horizon_days * SECONDS_PER_DAY);
	if (!question->stays && policy->max_active_per_user != POLICY_NO_LIMIT &&
	    question->active_count >= policy->max_active_per_user)
		terms->always |= BIT(REFUSAL_BOOKING_LIMIT);
}

static void find_full_days(struct terms *terms, struct arena *mem)
{
	const struct slot_question *question = terms->question;
	const int64_t limit = question->type->policy.max_per_day;
	if (limit == POLICY_NO_LIMIT)
		return;
	terms->all_full = limit == 0;
	civil_day *full = arena_array(mem, question->day_counts_length, sizeof(*full));
	for (size_t i = 0; i < question->day_counts_length; i++) {
		if (question->day_counts[i].count >= limit)
			full[terms->full_count++] = question->day_counts[i].date;
	}
	qsort(full, terms->full_count, sizeof(*full), ascending);
	terms->full = full;
}

/* All but the blocked time, which is looked up for the starts that will be asked about. */
static struct terms terms_init(const struct slot_question *question, struct arena *mem)
{
	const struct session_type *type = question->type;
	const struct policy *policy = &type->policy;
	struct terms terms = {
		.question = question,
		.earliest = question->now,
		.latest = INSTANT_MAX,
		.step = policy->step_minutes * SECONDS_PER_MINUTE,
		.buffer_before = policy->buffer_before_minutes * SECONDS_PER_MINUTE,
		.buffer_after = policy->buffer_after_minutes * SECONDS_PER_MINUTE,
		.calendar = {question->calendar, 0},
		.appointments = {question->appointments, 0},
	};
	if (question->duration % SECONDS_PER_MINUTE != 0 ||
	    !session_type_offers(type, question->duration / SECONDS_PER_MINUTE))
		terms.always |= BIT(REFUSAL_BAD_DURATION);
	if (question->exempt && !question->day_binds)
		return terms;
	if (!question->exempt)
		bind_client(&terms);
	find_full_days(&terms, mem);
	return terms;
}
static void find_blocked(struct terms *terms, instant first, instant last, struct arena *mem)
{
	const struct interval within = {first, last + terms->question->duration};
	terms->blocked = (struct row){schedule_blocked_time(terms->question->schedule, within, mem), 0};
}

static inline bool day_is_full(const struct terms *terms, instant start)
{
	if (terms->all_full || terms->full_count == 0)
		return terms->all_full;
	civil_day date = zone_day(terms->question->schedule->zone, start);
	return bsearch(&date, terms->full, terms->full_count, sizeof(date), ascending) != NULL;
}

const struct slot_session *slot_session_at(const struct slot_question *question, instant start)
{
	size_t low = 0;
	size_t high = question->session_count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (question->sessions[middle].start < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < question->session_count && question->sessions[low].start == start
		       ? &question->sessions[low]
		       : NULL;
}

int64_t slot_seats_left(const struct slot_question *question, instant start)
{
	const struct slot_session *session = slot_session_at(question, start);
	const int64_t left = question->type->seats - (session != NULL ? session->taken : 0);
	return left > 0 ? left : 0;
}

/* Every rule but hours and grid that stands against a start, as bits: rules 5 to 8. */
static unsigned standing(struct terms *terms, instant start)
{
	const instant end = start + terms->question->duration;
	const struct interval slot = {start, end};
	const struct interval kept_free = {start - terms->buffer_before, end + terms->buffer_after};
	unsigned against = terms->always;
	if (start < terms->earliest)
		against |= BIT(REFUSAL_TOO_SOON);
	if (start > terms->latest)
		against |= BIT(REFUSAL_TOO_FAR);
	if (row_overlaps(&terms->blocked, slot))
		against |= BIT(REFUSAL_BLOCKED);
	if (slot_session_at(terms->question, start) != NULL)
		return slot_seats_left(terms->question, start) == 0 ? against | BIT(REFUSAL_SESSION_FULL)
								    : against;
	if (day_is_full(terms, start))
		against |= BIT(REFUSAL_DAY_FULL);
	if (row_overlaps(&terms->appointments, kept_free))
		against |= BIT(REFUSAL_SLOT_TAKEN);
	if (row_overlaps(&terms->calendar, kept_free))
		against |= BIT(REFUSAL_CALENDAR_BUSY);
	return against;
}

/* Where the next interval begins after a look that found nothing. */
static inline instant row_next(const struct row *row)
{
	return row->place < row->intervals.count ? row->intervals.at[row->place].start : INSTANT_MAX;
}

/*
 * Whether nothing stands against a start that is known to be neither too soon nor too far. If so, nothing
 * stands against those up to *ret_last either.
 */
static bool is_free(struct terms *terms, instant start, instant *ret_last)
{
	const instant end = start + terms->question->duration;
	const struct interval kept_free = {start - terms->buffer_before, end + terms->buffer_after};
	if (row_overlaps(&terms->appointments, kept_free) || row_overlaps(&terms->calendar, kept_free) ||
	    row_overlaps(&terms->blocked, (struct interval){start, end}) || day_is_full(terms, start))
		return false;
	instant busy = row_next(&terms->appointments);
	if (row_next(&terms->calendar) < busy)
		busy = row_next(&terms->calendar);
	busy -= terms->buffer_after;
	if (row_next(&terms->blocked) < busy)
		busy = row_next(&terms->blocked);
	*ret_last = terms->full_count == 0 ? busy - terms->question->duration : start;
	return true;
}

/* ---------------------------------------------------------------- listing */

/* Starts of one working interval: first, first + step, ... last. */
struct grid {
	instant first;
	instant last;
};

struct grids {
	struct grid *at; /* in the order of the intervals */
	size_t count;
	size_t starts; /* of all of them */
};

/* Starts of intervals that begin at the same minute of the step, [from, to), each counted once. */
struct covered {
	instant from;
	instant to; /* the next one of them that is not among these */
};

/* The starts of one working interval's grid that lie in [first, last]. */
static struct grid grid_within(struct interval hours, seconds step, seconds duration, instant first,
			       instant last)
{
	instant fits = hours.end - duration; /* the last start whose slot ends in time */
	struct grid grid = {hours.start, last < fits ? last : fits};
	if (first > hours.start)
		grid.first += (first - hours.start + step - 1) / step * step;
	return grid;
}

/* Add a grid, without the starts that those before it have already. `covered` has a place per minute of the
 * step. */
static void grids_add(struct grids *grids, struct grid grid, seconds step, struct covered covered[])
{
	if (grid.first > grid.last)
		return;
	grid.last -= (grid.last - grid.first) % step;
	if (grid.first % SECONDS_PER_MINUTE == 0) {
		seconds place = grid.first % step / SECONDS_PER_MINUTE;
		struct covered *before = &covered[place < 0 ? place + step / SECONDS_PER_MINUTE : place];
		if (before->from < before->to && grid.first >= before->from && grid.first <= before->to) {
			grid.first = before->to;
			if (grid.first > grid.last)
				return;
		} else {
			before->from = grid.first;
		}
		before->to = grid.last + step;
	}
	grids->at[grids->count++] = grid;
	grids->starts += (size_t)((grid.last - grid.first) / step) + 1;
}

/* Whether the budget allows that much more. */
static bool afford(const struct slot_question *question, size_t points)
{
	struct slot_budget *budget = question->budget;
	if (budget == NULL)
		return true;
	budget->spent = budget->spent || points > budget->left;
	if (!budget->spent)
		budget->left -= points;
	return !budget->spent;
}

/* The starts of all working intervals in [first, last], whatever stands against them. None: too expensive. */
static struct grids find_grids(const struct terms *terms, instant first, instant last, struct arena *mem)
{
	const struct slot_question *question = terms->question;
	const struct zone *zone = question->schedule->zone;
	const civil_day first_date = zone_day(zone, first) - NEAR_DATES;
	const size_t dates = (size_t)(zone_day(zone, last) + NEAR_DATES - first_date + 1);
	struct intervals *days = arena_array(mem, dates, sizeof(*days));
	size_t intervals = 0;
	for (size_t i = 0; i < dates; i++) {
		days[i] = schedule_day(question->schedule, question->type, first_date + (civil_day)i, mem);
		intervals += days[i].count;
		if (!afford(question, days[i].count))
			return (struct grids){0};
	}
	struct grids grids = {.at = arena_array(mem, intervals, sizeof(*grids.at))};
	struct covered *covered =
		arena_array(mem, (size_t)(terms->step / SECONDS_PER_MINUTE), sizeof(*covered));
	for (size_t i = 0; i < dates; i++) {
		for (size_t h = 0; h < days[i].count; h++)
			grids_add(&grids,
				  grid_within(days[i].at[h], terms->step, question->duration, first, last),
				  terms->step, covered);
	}
	return grids;
}

/* Add the sessions from first to last that have a seat. */
static void add_sessions(struct terms *terms, instant first, instant last, struct slots *slots, bool *sorted)
{
	const struct slot_question *question = terms->question;
	for (size_t i = 0; i < question->session_count; i++) {
		const instant start = question->sessions[i].start;
		if (start < first || start > last || standing(terms, start) != 0)
			continue;
		*sorted = *sorted && (slots->count == 0 || slots->starts[slots->count - 1] < start);
		slots->starts[slots->count++] = start;
	}
}

struct slots slot_list(const struct slot_question *question, instant from, instant to, struct arena *mem)
{
	struct slots slots = {NULL, 0};
	if (from >= to)
		return slots;
	struct terms terms = terms_init(question, mem);
	const instant first = from > terms.earliest ? from : terms.earliest;
	const instant last = to - 1 < terms.latest ? to - 1 : terms.latest;
	if (terms.always != 0 || first > last)
		return slots;
	find_blocked(&terms, first, last, mem);
	const struct grids grids = find_grids(&terms, first, last, mem);
	if (!afford(question, grids.starts))
		return slots;

	slots.starts = arena_array(mem, grids.starts + question->session_count, sizeof(*slots.starts));
	bool sorted = true;
	for (size_t i = 0; i < grids.count; i++) {
		instant free_to = INSTANT_MIN;
		sorted = sorted && (slots.count == 0 || slots.starts[slots.count - 1] < grids.at[i].first);
		for (instant start = grids.at[i].first; start <= grids.at[i].last; start += terms.step) {
			if (start <= free_to || is_free(&terms, start, &free_to))
				slots.starts[slots.count++] = start;
		}
	}
	add_sessions(&terms, first, last, &slots, &sorted);
	if (sorted)
		return slots;
	/* Intervals that overlap or touch give starts out of order, and some twice. */
	qsort(slots.starts, slots.count, sizeof(*slots.starts), ascending);
	size_t kept = 1;
	for (size_t i = 1; i < slots.count; i++) {
		if (slots.starts[i] != slots.starts[kept - 1])
			slots.starts[kept++] = slots.starts[i];
	}
	slots.count = kept;
	return slots;
}

struct joint_slots slots_join(const struct slots lists[], size_t list_count, struct arena *mem)
{
	size_t all = 0;
	for (size_t i = 0; i < list_count; i++)
		all += lists[i].count;
	struct joint_slots joint = {.starts = arena_array(mem, all, sizeof(*joint.starts)),
				    .offers = arena_array(mem, all, sizeof(*joint.offers))};
	size_t filled = 0;
	for (size_t i = 0; i < list_count; i++) {
		for (size_t k = 0; k < lists[i].count; k++)
			joint.starts[filled++] = lists[i].starts[k];
	}
	qsort(joint.starts, all, sizeof(*joint.starts), ascending);
	for (size_t i = 0; i < all; i++) {
		if (joint.count == 0 || joint.starts[i] != joint.starts[joint.count - 1]) {
			joint.starts[joint.count] = joint.starts[i];
			joint.offers[joint.count++] = 0;
		}
		joint.offers[joint.count - 1]++;
	}
	return joint;
}

/* The first free start in [first, last]; INSTANT_MAX if there is none. */
static instant first_free(struct terms *terms, instant first, instant last, struct arena *mem)
{
	instant found = INSTANT_MAX;
	instant free_to = INSTANT_MIN;
	find_blocked(terms, first, last, mem);
	const struct grids grids = find_grids(terms, first, last, mem);
	if (!afford(terms->question, grids.starts / LOOKS_PER_POINT))
		return found;
	for (size_t i = 0; i < grids.count; i++) {
		for (instant start = grids.at[i].first; start <= grids.at[i].last && start < found;
		     start += terms->step) {
			if (is_free(terms, start, &free_to))
				found = start;
		}
	}
	for (size_t i = 0; i < terms->question->session_count; i++) {
		const instant start = terms->question->sessions[i].start;
		if (start >= first && start <= last && start < found && standing(terms, start) == 0)
			found = start;
	}
	return found;
}

bool slot_next(const struct slot_question *question, instant from, instant to, struct arena *mem,
	       instant *ret_start)
{
	struct terms terms = terms_init(question, mem);
	const instant horizon =
		later(question->now, question->type->policy.horizon_days * SECONDS_PER_DAY + 1);
	if (to > horizon)
		to = horizon;
	if (from < terms.earliest)
		from = terms.earliest;
	while (from < to && terms.always == 0) {
		instant end = later(from, (seconds)NEXT_WINDOW_DAYS * SECONDS_PER_DAY);
		instant found = first_free(&terms, from, (end < to ? end : to) - 1, mem);
		if (question->budget != NULL && question->budget->spent)
			return false;
		if (found != INSTANT_MAX) {
			*ret_start = found;
			return true;
		}
		from = end;
	}
	return false;
}

/* ---------------------------------------------------------------- judging one start */

/* How a start lies in the working intervals. */
struct placement {
	bool inside;    /* the whole slot lies in one */
	bool aligned;   /* ... and on its grid */
	instant before; /* the last start of a grid before it, if inside */
	instant after;  /* the first after it that fits; either may be INSTANT_NONE */
};

static struct placement place(const struct terms *terms, instant start, struct arena *mem)
{
	const struct slot_question *question = terms->question;
	struct placement placement = {false, false, INSTANT_NONE, INSTANT_NONE};
	civil_day date = zone_day(question->schedule->zone, start);
	for (civil_day near = date - NEAR_DATES; near <= date + NEAR_DATES; near++) {
		struct intervals day = schedule_day(question->schedule, question->type, near, mem);
		for (size_t i = 0; i < day.count; i++) {
			struct interval hours = day.at[i];
			if (start < hours.start || start + question->duration > hours.end)
				continue;
			placement.inside = true;
			seconds off = (start - hours.start) % terms->step;
			placement.aligned = placement.aligned || off == 0;
			if (placement.before < start - off)
				placement.before = start - off;
			instant after = start - off + terms->step;
			if (after + question->duration <= hours.end &&
			    (placement.after == INSTANT_NONE || after < placement.after))
				placement.after = after;
		}
	}
	return placement;
}

static void add_busy(struct slot_reason reasons[], size_t *count, enum refusal rule, struct row *row,
		     struct interval span)
{
	size_t first = row_find(row, span.start);
	for (size_t i = first; i < row->intervals.count && i - first < SPANS_PER_RULE_MAX; i++) {
		if (row->intervals.at[i].start >= span.end)
			break;
		reasons[(*count)++] = (struct slot_reason){.rule = rule, .span = row->intervals.at[i]};
	}
}

/* The blocked ranges whole, not only the part that the slot touches. */
static void add_blocked(struct slot_reason reasons[], size_t *count, const struct slot_question *question,
			struct interval slot, struct arena *mem)
{
	struct schedule one = *question->schedule;
	one.blocked_count = 1;
	size_t before = *count;
	for (size_t i = 0; i < question->schedule->blocked_count && *count - before < SPANS_PER_RULE_MAX;
	     i++) {
		one.blocked = &question->schedule->blocked[i];
		if (schedule_blocked_time(&one, slot, mem).count == 0)
			continue;
		reasons[(*count)++] = (struct slot_reason){
			.rule = REFUSAL_BLOCKED,
			.span = {zone_instant(one.zone, one.blocked->from, 0),
				 zone_instant(one.zone, one.blocked->to, 0)},
		};
	}
}

static int64_t count_on(const struct slot_question *question, civil_day date)
{
	for (size_t i = 0; i < question->day_counts_length; i++) {
		if (question->day_counts[i].date == date)
			return question->day_counts[i].count;
	}
	return 0;
}

/* Rules 1, 2 and 3 for one start. */
static unsigned standing_hours(const struct terms *terms, instant start, unsigned against,
			       const struct placement *placement)
{
	if (placement->aligned)
		return 0;
	if (placement->inside)
		return BIT(REFUSAL_NOT_ALIGNED);
	/* A blocked date has no hours: `blocked` says it. */
	const struct schedule *schedule = terms->question->schedule;
	bool blocked = (against & BIT(REFUSAL_BLOCKED)) != 0 &&
		       schedule_blocks(schedule, zone_day(schedule->zone, start));
	return blocked ? 0 : BIT(REFUSAL_OUTSIDE_HOURS);
}

struct slot_verdict slot_judge(const struct slot_question *question, instant start, struct arena *mem)
{
	struct terms terms = terms_init(question, mem);
	find_blocked(&terms, start, start, mem);
	const struct policy *policy = &question->type->policy;
	const struct interval slot = {start, start + question->duration};
	const struct interval kept_free = {slot.start - terms.buffer_before, slot.end + terms.buffer_after};
	const struct placement placement = place(&terms, start, mem);
	unsigned against = standing(&terms, start);
	if (slot_session_at(question, start) == NULL)
		against |= standing_hours(&terms, start, against, &placement);
	against &= ~(question->overridden &
		     ~(BIT(REFUSAL_TOO_SOON) | BIT(REFUSAL_SESSION_FULL) | BIT(REFUSAL_SLOT_TAKEN)));

	struct slot_reason *reasons =
		arena_array(mem, REFUSAL_CALENDAR_BUSY + 3 * SPANS_PER_RULE_MAX, sizeof(*reasons));
	size_t count = 0;
	for (int i = REFUSAL_BAD_DURATION; i <= REFUSAL_CALENDAR_BUSY; i++) {
		const enum refusal rule = (enum refusal)i;
		if ((against & BIT(rule)) == 0)
			continue;
		struct slot_reason reason = {.rule = rule};
		if (rule == REFUSAL_BLOCKED) {
			add_blocked(reasons, &count, question, slot, mem);
			continue;
		}
		if (rule == REFUSAL_SLOT_TAKEN) {
			add_busy(reasons, &count, rule, &terms.appointments, kept_free);
			continue;
		}
		if (rule == REFUSAL_CALENDAR_BUSY) {
			add_busy(reasons, &count, rule, &terms.calendar, kept_free);
			continue;
		}
		if (rule == REFUSAL_TOO_SOON || rule == REFUSAL_TOO_FAR) {
			reason.needed =
				(rule == REFUSAL_TOO_SOON ? terms.earliest : terms.latest) - question->now;
			reason.actual = start - question->now;
		} else if (rule == REFUSAL_NOT_ALIGNED) {
			reason.needed = terms.step;
			reason.actual = start - placement.before;
			reason.span = (struct interval){placement.before, placement.after};
		} else if (rule == REFUSAL_BOOKING_LIMIT) {
			reason.needed = policy->max_active_per_user;
			reason.actual = question->active_count;
		} else if (rule == REFUSAL_DAY_FULL) {
			reason.needed = policy->max_per_day;
			reason.actual = count_on(question, zone_day(question->schedule->zone, start));
		} else if (rule == REFUSAL_SESSION_FULL) {
			reason.needed = question->type->seats;
			reason.actual = slot_session_at(question, start)->taken;
		}
		reasons[count++] = reason;
	}
	return (struct slot_verdict){reasons, count};
}

bool slot_reason_has_span(const struct slot_reason *reason)
{
	return reason->rule == REFUSAL_BLOCKED || reason->rule == REFUSAL_SLOT_TAKEN ||
	       reason->rule == REFUSAL_CALENDAR_BUSY;
}
