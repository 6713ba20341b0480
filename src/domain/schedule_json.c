#include "domain/schedule_json.h"
#include "schedule_reader.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { DOCUMENT_BYTES_MAX = 1024 * 1024 };

static const char *const day_names[7] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};

static bool read_date(struct reader *reader, const json_t *value, const char *path, civil_day *ret_date)
{
	struct civil_date date;
	if (!json_is_string(value) ||
	    !date_parse(json_string_value(value), json_string_length(value), &date)) {
		reader_invalid(reader, path,
			       value == NULL ? "is required." : "must be a date such as 2026-12-24.");
		return false;
	}
	*ret_date = date_to_days(date);
	return true;
}

static unsigned read_days(struct reader *reader, const json_t *array, const char *path)
{
	unsigned days = 0;
	if (!reader_array(reader, array, path, 7))
		return 0;
	if (json_array_size(array) == 0)
		reader_invalid(reader, path, "must name at least one day.");
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *name = json_string_value(json_array_get(array, i));
		unsigned day = 0;
		while (day < 7 && (name == NULL || strcmp(day_names[day], name) != 0))
			day++;
		if (day == 7)
			reader_invalid(reader, reader_element(reader, path, i),
				       "must be one of MO, TU, WE, TH, FR, SA, SU.");
		else if ((days & 1u << day) != 0)
			reader_invalid(reader, reader_element(reader, path, i), "has the same day twice.");
		else
			days |= 1u << day;
	}
	return days;
}

static void read_weekly(struct reader *reader, const json_t *array, const char *path,
			struct working_hours *hours)
{
	static const char *const names[] = {"days", "from", "to"};
	if (!reader_array(reader, array, path, SCHEDULE_WEEKLY_MAX))
		return;
	size_t count = json_array_size(array);
	struct weekly_hours *weekly = arena_array(reader->mem, count, sizeof(*weekly));
	for (size_t i = 0; i < count; i++) {
		const json_t *entry = json_array_get(array, i);
		const char *at = reader_element(reader, path, i);
		if (!reader_object(reader, entry, at, names, 3))
			continue;
		weekly[i].days =
			read_days(reader, json_object_get(entry, "days"), reader_member(reader, at, "days"));
		reader_hours(reader, entry, at, &weekly[i].hours);
	}
	hours->weekly = weekly;
	hours->weekly_count = count;
}

static int by_date(const void *left, const void *right)
{
	const struct date_override *a = left;
	const struct date_override *b = right;
	return (a->date > b->date) - (a->date < b->date);
}

static void read_override(struct reader *reader, const json_t *entry, const char *path,
			  struct date_override *override)
{
	static const char *const names[] = {"date", "intervals"};
	static const char *const hours_names[] = {"from", "to"};
	if (!reader_object(reader, entry, path, names, 2))
		return;
	read_date(reader, json_object_get(entry, "date"), reader_member(reader, path, "date"),
		  &override->date);
	const json_t *array = json_object_get(entry, "intervals");
	const char *at = reader_member(reader, path, "intervals");
	if (!reader_array(reader, array, at, SCHEDULE_OVERRIDE_INTERVALS_MAX))
		return;
	override->hours_count = json_array_size(array);
	struct hours *hours = arena_array(reader->mem, override->hours_count, sizeof(*hours));
	for (size_t i = 0; i < override->hours_count; i++) {
		const json_t *interval = json_array_get(array, i);
		const char *here = reader_element(reader, at, i);
		if (reader_object(reader, interval, here, hours_names, 2))
			reader_hours(reader, interval, here, &hours[i]);
	}
	override->hours = hours;
}

static void read_overrides(struct reader *reader, const json_t *array, const char *path,
			   struct working_hours *hours)
{
	if (!reader_array(reader, array, path, SCHEDULE_OVERRIDES_MAX))
		return;
	size_t count = json_array_size(array);
	struct date_override *overrides = arena_array(reader->mem, count, sizeof(*overrides));
	for (size_t i = 0; i < count; i++)
		read_override(reader, json_array_get(array, i), reader_element(reader, path, i),
			      &overrides[i]);
	qsort(overrides, count, sizeof(*overrides), by_date);
	hours->overrides = overrides;
	hours->override_count = count;
}

static int by_from(const void *left, const void *right)
{
	const struct blocked_range *a = left;
	const struct blocked_range *b = right;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return (a->to > b->to) - (a->to < b->to);
}

static void read_blocked(struct reader *reader, const json_t *array, const char *path,
			 struct schedule *schedule)
{
	static const char *const names[] = {"from", "to", "reason"};
	if (!reader_array(reader, array, path, SCHEDULE_BLOCKED_MAX))
		return;
	size_t count = json_array_size(array);
	struct blocked_range *blocked = arena_array(reader->mem, count, sizeof(*blocked));
	for (size_t i = 0; i < count; i++) {
		const json_t *entry = json_array_get(array, i);
		const char *at = reader_element(reader, path, i);
		if (!reader_object(reader, entry, at, names, 3))
			continue;
		const char *to_path = reader_member(reader, at, "to");
		bool from = read_date(reader, json_object_get(entry, "from"),
				      reader_member(reader, at, "from"), &blocked[i].from);
		bool to = read_date(reader, json_object_get(entry, "to"), to_path, &blocked[i].to);
		if (from && to && blocked[i].to <= blocked[i].from)
			reader_invalid(
				reader, to_path,
				"must be after the start; it's the first day that isn't blocked any more.");
		const json_t *reason = json_object_get(entry, "reason");
		if (reason != NULL && !json_is_null(reason))
			blocked[i].reason = reader_text(reader, reason, reader_member(reader, at, "reason"),
							0, SCHEDULE_REASON_MAX, TEXT_NOTE);
	}
	qsort(blocked, count, sizeof(*blocked), by_from);
	schedule->blocked = blocked;
	schedule->blocked_count = count;
}

/* A field of the policy that is one of a few words. */
static void read_word(struct reader *reader, const json_t *value, const char *path,
		      const struct policy_field_rule *rule, int64_t *ret_place)
{
	const char *text = json_is_string(value) ? json_string_value(value) : "";
	int64_t place = rule->min;
	while (place <= rule->max && strcmp(rule->words[place], text) != 0)
		place++;
	if (place <= rule->max) {
		*ret_place = place;
		return;
	}
	*ret_place = rule->min;
	const char *list = rule->words[rule->min];
	for (place = rule->min + 1; place <= rule->max; place++)
		list = arena_printf(reader->work, "%s, %s", list, rule->words[place]);
	reader_invalid(reader, path, arena_printf(reader->work, "must be one of %s.", list));
}

/* Puts the fields of the object over `policy`; returns which ones there were. */
static unsigned read_policy(struct reader *reader, const json_t *object, const char *path,
			    struct policy *policy)
{
	const char *names[POLICY_FIELD_COUNT];
	for (size_t i = 0; i < POLICY_FIELD_COUNT; i++)
		names[i] = policy_fields[i].name;
	if (!reader_object(reader, object, path, names, POLICY_FIELD_COUNT))
		return 0;
	unsigned own = 0;
	for (unsigned i = 0; i < POLICY_FIELD_COUNT; i++) {
		const struct policy_field_rule *rule = &policy_fields[i];
		const json_t *value = json_object_get(object, rule->name);
		if (value == NULL)
			continue;
		int64_t number = POLICY_NO_LIMIT;
		if (rule->words != NULL)
			read_word(reader, value, reader_member(reader, path, rule->name), rule, &number);
		else if (!(json_is_null(value) && rule->may_be_null))
			reader_integer(reader, value, reader_member(reader, path, rule->name), rule->min,
				       rule->max, &number);
		policy_set(policy, (enum policy_field)i, number);
		own |= 1u << i;
	}
	return own;
}

static void read_durations(struct reader *reader, const json_t *array, const char *path,
			   struct session_type *type)
{
	if (!reader_array(reader, array, path, SCHEDULE_DURATIONS_MAX))
		return;
	if (json_array_size(array) == 0)
		reader_invalid(reader, path, "must have at least one length.");
	int *durations = arena_array(reader->mem, json_array_size(array), sizeof(*durations));
	type->durations = durations;
	for (size_t i = 0; i < json_array_size(array); i++) {
		int64_t minutes = 0;
		const char *at = reader_element(reader, path, i);
		if (!reader_integer(reader, json_array_get(array, i), at, DURATION_MIN_MINUTES,
				    DURATION_MAX_MINUTES, &minutes))
			continue;
		if (session_type_offers(type, minutes))
			reader_invalid(reader, at, "has the same length twice.");
		else
			durations[type->duration_count++] = (int)minutes;
	}
}

/* Not said is false. */
static bool read_flag(struct reader *reader, const json_t *entry, const char *path, const char *name)
{
	const json_t *flag = json_object_get(entry, name);
	if (flag != NULL && !json_is_null(flag) && !json_is_boolean(flag))
		reader_invalid(reader, reader_member(reader, path, name), "must be true or false.");
	return json_is_true(flag);
}

/* What clients read of a type, whether they see it at all, and where they are led from it. */
static void read_appearance(struct reader *reader, const json_t *entry, const char *path,
			    struct session_type *type)
{
	const json_t *description = json_object_get(entry, "description");
	if (description != NULL && !json_is_null(description))
		type->description =
			reader_text(reader, description, reader_member(reader, path, "description"), 1,
				    SCHEDULE_DESCRIPTION_MAX, TEXT_NOTE);
	type->draft = read_flag(reader, entry, path, "draft");
	type->approval = read_flag(reader, entry, path, "approval");
	const json_t *redirect = json_object_get(entry, "redirect_url");
	if (redirect == NULL || json_is_null(redirect))
		return;
	const char *at = reader_member(reader, path, "redirect_url");
	type->redirect_url = reader_text(reader, redirect, at, 1, MEETING_URL_BYTES_MAX, TEXT_LINE);
	if (type->redirect_url != NULL && !meeting_url_is_usable(type->redirect_url))
		reader_invalid(reader, at, "must be an address such as https://example.org/thanks.");
}

/* The hours that a type has of its own. */
static void read_own_hours(struct reader *reader, const json_t *entry, const char *path,
			   struct session_type *type)
{
	const json_t *weekly = json_object_get(entry, "weekly");
	type->own_weekly = weekly != NULL && !json_is_null(weekly);
	if (type->own_weekly)
		read_weekly(reader, weekly, reader_member(reader, path, "weekly"), &type->own_hours);
	const json_t *overrides = json_object_get(entry, "overrides");
	if (overrides != NULL && !json_is_null(overrides))
		read_overrides(reader, overrides, reader_member(reader, path, "overrides"), &type->own_hours);
}

static void read_type(struct reader *reader, const json_t *entry, const char *path,
		      const struct schedule *schedule, bool reschedule_given, struct session_type *type)
{
	static const char *const names[] = {
		"id",        "name",   "durations",   "meeting",   "policy",          "notices",
		"questions", "price",  "description", "draft",     "redirect_url",    "weekly",
		"overrides", "weight", "seats",       "min_seats", "show_seats_left", "approval"};
	type->weight = 1;
	type->policy = schedule->policy;
	type->notices = schedule->notices;
	type->meeting = (struct meeting){.kind = MEETING_GOOGLE_MEET};
	if (!reader_object(reader, entry, path, names, sizeof(names) / sizeof(names[0])))
		return;

	type->id = reader_id(reader, json_object_get(entry, "id"), reader_member(reader, path, "id"));

	const json_t *name = json_object_get(entry, "name");
	type->name = name == NULL ? type->id
				  : reader_text(reader, name, reader_member(reader, path, "name"), 1,
						SCHEDULE_NAME_MAX, TEXT_LINE);

	read_durations(reader, json_object_get(entry, "durations"), reader_member(reader, path, "durations"),
		       type);
	read_appearance(reader, entry, path, type);
	read_own_hours(reader, entry, path, type);
	reader_seats(reader, entry, path, type);

	const json_t *weight = json_object_get(entry, "weight");
	if (weight != NULL && !json_is_null(weight))
		reader_integer(reader, weight, reader_member(reader, path, "weight"), 0, SCHEDULE_WEIGHT_MAX,
			       &type->weight);

	const json_t *meeting = json_object_get(entry, "meeting");
	if (meeting != NULL)
		reader_meeting(reader, meeting, reader_member(reader, path, "meeting"), &type->meeting);

	const json_t *price = json_object_get(entry, "price");
	if (price != NULL)
		reader_price(reader, price, reader_member(reader, path, "price"), &type->price);

	const json_t *notices = json_object_get(entry, "notices");
	if (notices != NULL && !json_is_null(notices))
		type->own_notices = reader_notices(reader, notices, reader_member(reader, path, "notices"),
						   &type->notices);

	const json_t *questions = json_object_get(entry, "questions");
	if (questions != NULL && !json_is_null(questions))
		reader_questions(reader, questions, reader_member(reader, path, "questions"),
				 &type->questions, &type->question_count);

	const json_t *policy = json_object_get(entry, "policy");
	if (policy == NULL || json_is_null(policy))
		return;
	type->own = read_policy(reader, policy, reader_member(reader, path, "policy"), &type->policy);
	if (!reschedule_given && session_type_owns(type, POLICY_CANCEL_NOTICE_MINUTES) &&
	    !session_type_owns(type, POLICY_RESCHEDULE_NOTICE_MINUTES)) {
		type->policy.reschedule_notice_minutes = type->policy.cancel_notice_minutes;
		type->own |= 1u << POLICY_RESCHEDULE_NOTICE_MINUTES;
	}
}

static void read_types(struct reader *reader, const json_t *array, const char *path, bool reschedule_given,
		       struct schedule *schedule)
{
	if (!reader_array(reader, array, path, SCHEDULE_TYPES_MAX))
		return;
	size_t count = json_array_size(array);
	if (count == 0)
		reader_invalid(reader, path, "must have at least one session type.");
	struct session_type *types = arena_array(reader->mem, count, sizeof(*types));
	for (size_t i = 0; i < count; i++) {
		const char *at = reader_element(reader, path, i);
		read_type(reader, json_array_get(array, i), at, schedule, reschedule_given, &types[i]);
		for (size_t before = 0; before < i; before++) {
			if (types[i].id != NULL && types[before].id != NULL &&
			    strcmp(types[i].id, types[before].id) == 0)
				reader_invalid(reader, reader_member(reader, at, "id"), "is used twice.");
		}
	}
	schedule->types = types;
	schedule->type_count = count;
}

static void default_lists(struct schedule *schedule)
{
	static const struct weekly_hours weekly = {.days = 0x1F, .hours = {9 * 60, 17 * 60}};
	static const int durations[] = {30, 60};
	static const struct session_type type = {
		.id = "coaching",
		.name = "Coaching session",
		.durations = durations,
		.duration_count = 2,
		.weight = 1,
		.meeting = {.kind = MEETING_GOOGLE_MEET},
	};
	schedule->hours = (struct working_hours){.weekly = &weekly, .weekly_count = 1};
	schedule->types = &type;
	schedule->type_count = 1;
}

/* The one type of a document without any, by the document's own rules. */
static void take_default_type(struct reader *reader, struct schedule *schedule)
{
	struct session_type *type = arena_alloc(reader->mem, sizeof(*type));
	*type = schedule->types[0];
	type->policy = schedule->policy;
	type->notices = schedule->notices;
	schedule->types = type;
}

static struct schedule *read_document(struct reader *reader, const json_t *document, const char *prefix)
{
	static const char *const names[] = {"time_zone", "weekly", "overrides", "blocked", "policy",
					    "notices", "session_types", "fallback_meeting",
					    /* no part of it, but of a PUT's reply, which may be put back */
					    "appointments_outside_hours"};
	*reader->faults = (struct schedule_faults){.count = 0};
	struct schedule *schedule = arena_alloc(reader->mem, sizeof(*schedule));
	default_lists(schedule);
	schedule->policy = policy_default;
	schedule->notices = notice_rules_default;

	size_t prefix_length = strlen(prefix);
	bool dotted = prefix_length > 0 && prefix[prefix_length - 1] == '.';
	const char *whole = arena_strndup(reader->work, prefix, dotted ? prefix_length - 1 : prefix_length);
	if (!reader_object(reader, document, whole, names, sizeof(names) / sizeof(names[0])))
		return NULL;

	const json_t *value = json_object_get(document, "time_zone");
	schedule->zone = zone_find(value == NULL           ? "America/New_York"
				   : json_is_string(value) ? json_string_value(value)
							   : "");
	if (schedule->zone == NULL)
		reader_invalid(reader, reader_member(reader, prefix, "time_zone"),
			       "must be a time zone such as Europe/Paris.");

	if ((value = json_object_get(document, "weekly")) != NULL)
		read_weekly(reader, value, reader_member(reader, prefix, "weekly"), &schedule->hours);
	if ((value = json_object_get(document, "overrides")) != NULL)
		read_overrides(reader, value, reader_member(reader, prefix, "overrides"), &schedule->hours);
	if ((value = json_object_get(document, "blocked")) != NULL)
		read_blocked(reader, value, reader_member(reader, prefix, "blocked"), schedule);

	unsigned given = 0;
	if ((value = json_object_get(document, "policy")) != NULL)
		given = read_policy(reader, value, reader_member(reader, prefix, "policy"),
				    &schedule->policy);
	bool reschedule_given = (given & 1u << POLICY_RESCHEDULE_NOTICE_MINUTES) != 0;
	if (!reschedule_given)
		schedule->policy.reschedule_notice_minutes = schedule->policy.cancel_notice_minutes;

	if ((value = json_object_get(document, "notices")) != NULL)
		schedule->own_notices = reader_notices(
			reader, value, reader_member(reader, prefix, "notices"), &schedule->notices);

	if ((value = json_object_get(document, "fallback_meeting")) != NULL && !json_is_null(value))
		schedule->fallback_meeting = reader_fallback_meeting(
			reader, value, reader_member(reader, prefix, "fallback_meeting"));

	if ((value = json_object_get(document, "session_types")) != NULL) {
		read_types(reader, value, reader_member(reader, prefix, "session_types"), reschedule_given,
			   schedule);
	} else {
		take_default_type(reader, schedule);
	}
	return reader->faults->total == 0 ? schedule : NULL;
}

static struct schedule *read_bytes(struct reader *reader, const char *bytes, size_t length)
{
	*reader->faults = (struct schedule_faults){.count = 0};
	if (length > DOCUMENT_BYTES_MAX) {
		reader_fault(reader, JSON_INVALID_FIELD, NULL, "A schedule document has at most 1 MiB.");
		return NULL;
	}
	struct json_fault malformed;
	__attribute__((cleanup(json_cleanup))) json_t *document =
		json_parse_object(reader->work, bytes, length, &malformed);
	if (document == NULL) {
		reader_fault(reader, malformed.verdict, malformed.field, malformed.detail);
		return NULL;
	}
	return read_document(reader, document, "");
}

struct schedule *schedule_read(const json_t *document, const char *prefix, struct arena *mem,
			       struct arena *work, struct schedule_faults *ret_faults)
{
	struct reader reader = {.mem = mem, .work = work, .faults = ret_faults};
	return read_document(&reader, document, prefix);
}

struct schedule *schedule_read_text(const char *bytes, size_t length, struct arena *mem, struct arena *work,
				    struct schedule_faults *ret_faults)
{
	struct reader reader = {.mem = mem, .work = work, .faults = ret_faults};
	return read_bytes(&reader, bytes, length);
}

struct schedule *schedule_read_stored(const char *text, struct arena *mem, struct arena *work,
				      struct schedule_faults *ret_faults)
{
	struct reader reader = {.mem = mem, .work = work, .faults = ret_faults, .stored = true};
	return read_bytes(&reader, text, strlen(text));
}

struct schedule *schedule_default(struct arena *mem)
{
	struct schedule_faults faults;
	return schedule_read_text("{}", 2, mem, mem, &faults);
}
