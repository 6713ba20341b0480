#include "domain/schedule_json.h"

#include <stdio.h>

static const char *const day_names[7] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};

static void write_clock(struct json_writer *writer, const char *name, int minutes)
{
	char text[16];
	snprintf(text, sizeof(text), "%02d:%02d", minutes / 60, minutes % 60);
	json_write_text(writer, name, text);
}

static void write_hours(struct json_writer *writer, struct hours hours)
{
	write_clock(writer, "from", hours.from);
	write_clock(writer, "to", hours.to);
}

static void write_date(struct json_writer *writer, const char *name, civil_day date)
{
	char text[DATE_TEXT_BYTES];
	date_format(date_from_days(date), text);
	json_write_text(writer, name, text);
}

static void write_policy(struct json_writer *writer, const struct policy *policy, unsigned fields)
{
	json_write_object(writer, "policy");
	for (unsigned i = 0; i < POLICY_FIELD_COUNT; i++) {
		if ((fields & 1u << i) == 0)
			continue;
		int64_t value = policy_get(policy, (enum policy_field)i);
		if (policy_fields[i].words != NULL)
			json_write_text(writer, policy_fields[i].name, policy_fields[i].words[value]);
		else if (value == POLICY_NO_LIMIT && policy_fields[i].may_be_null)
			json_write_null(writer, policy_fields[i].name);
		else
			json_write_integer(writer, policy_fields[i].name, value);
	}
	json_write_object_end(writer);
}

/* What came after the first release is left out of a schedule that does not use it. */
static unsigned told_policy(const struct policy *policy)
{
	unsigned fields = (1u << POLICY_FIELD_COUNT) - 1;
	for (unsigned i = POLICY_MAX_TOTAL_PER_USER; i < POLICY_FIELD_COUNT; i++) {
		if (policy_get(policy, (enum policy_field)i) ==
		    policy_get(&policy_default, (enum policy_field)i))
			fields &= ~(1u << i);
	}
	return fields;
}

void schedule_write_price(struct json_writer *writer, const struct price *price)
{
	if (price->credits == 0 && price->currency == NULL)
		return;
	json_write_object(writer, "price");
	if (price->credits > 0)
		json_write_integer(writer, "credits", price->credits);
	if (price->currency != NULL) {
		json_write_integer(writer, "amount", price->amount);
		json_write_text(writer, "currency", price->currency);
	}
	json_write_object_end(writer);
}

static void write_ways(struct json_writer *writer, const struct notice_rules *rules,
		       enum notice_recipient recipient)
{
	json_write_object(writer, notice_recipient_name(recipient));
	for (unsigned i = 0; i < NOTICE_CHANGES; i++)
		json_write_text(writer, notice_change_name((enum notice_change)i),
				notice_way_name(rules->ways[recipient][i]));
	json_write_object_end(writer);
}

static void write_reminders(struct json_writer *writer, const struct notice_rules *rules)
{
	json_write_array(writer, "reminders");
	for (size_t i = 0; i < rules->reminder_count; i++) {
		json_write_object(writer, NULL);
		json_write_integer(writer, "before_minutes", rules->reminders[i].before_minutes);
		json_write_array(writer, "to");
		for (unsigned who = 0; who < NOTICE_RECIPIENTS; who++) {
			if (rules->reminders[i].to[who])
				json_write_text(writer, NULL,
						notice_recipient_name((enum notice_recipient)who));
		}
		json_write_array_end(writer);
		json_write_object_end(writer);
	}
	json_write_array_end(writer);
}

static void write_notices(struct json_writer *writer, const struct notice_rules *rules, unsigned parts)
{
	json_write_object(writer, "notices");
	if ((parts & 1u << NOTICE_PART_CLIENT) != 0)
		write_ways(writer, rules, NOTICE_CLIENT);
	if ((parts & 1u << NOTICE_PART_COACH) != 0)
		write_ways(writer, rules, NOTICE_COACH);
	if ((parts & 1u << NOTICE_PART_REMINDERS) != 0)
		write_reminders(writer, rules);
	if ((parts & 1u << NOTICE_PART_QUIET) != 0 && !rules->quiet.on) {
		json_write_null(writer, "quiet");
	} else if ((parts & 1u << NOTICE_PART_QUIET) != 0) {
		json_write_object(writer, "quiet");
		write_hours(writer, (struct hours){rules->quiet.from, rules->quiet.to});
		json_write_object_end(writer);
	}
	json_write_object_end(writer);
}

/* By its word where that says it all. */
static void write_meeting(struct json_writer *writer, const char *name, const struct meeting *meeting)
{
	if (meeting->url == NULL && meeting->place == NULL && meeting->instructions == NULL) {
		json_write_text(writer, name, meeting_kind_name(meeting->kind));
		return;
	}
	json_write_object(writer, name);
	json_write_text(writer, "kind", meeting_kind_name(meeting->kind));
	if (meeting->url != NULL)
		json_write_text(writer, "url", meeting->url);
	if (meeting->label != NULL)
		json_write_text(writer, "label", meeting->label);
	if (meeting->place != NULL)
		json_write_text(writer, meeting->kind == MEETING_PHONE ? "number" : "address",
				meeting->place);
	if (meeting->instructions != NULL)
		json_write_text(writer, "instructions", meeting->instructions);
	json_write_object_end(writer);
}

static void write_weekly(struct json_writer *writer, const struct working_hours *hours)
{
	json_write_array(writer, "weekly");
	for (size_t i = 0; i < hours->weekly_count; i++) {
		json_write_object(writer, NULL);
		json_write_array(writer, "days");
		for (unsigned day = 0; day < 7; day++) {
			if ((hours->weekly[i].days & 1u << day) != 0)
				json_write_text(writer, NULL, day_names[day]);
		}
		json_write_array_end(writer);
		write_hours(writer, hours->weekly[i].hours);
		json_write_object_end(writer);
	}
	json_write_array_end(writer);
}

static void write_overrides(struct json_writer *writer, const struct working_hours *hours)
{
	json_write_array(writer, "overrides");
	for (size_t i = 0; i < hours->override_count; i++) {
		const struct date_override *override = &hours->overrides[i];
		json_write_object(writer, NULL);
		write_date(writer, "date", override->date);
		json_write_array(writer, "intervals");
		for (size_t h = 0; h < override->hours_count; h++) {
			json_write_object(writer, NULL);
			write_hours(writer, override->hours[h]);
			json_write_object_end(writer);
		}
		json_write_array_end(writer);
		json_write_object_end(writer);
	}
	json_write_array_end(writer);
}

static void write_blocked(struct json_writer *writer, const struct schedule *schedule)
{
	json_write_array(writer, "blocked");
	for (size_t i = 0; i < schedule->blocked_count; i++) {
		json_write_object(writer, NULL);
		write_date(writer, "from", schedule->blocked[i].from);
		write_date(writer, "to", schedule->blocked[i].to);
		if (schedule->blocked[i].reason != NULL)
			json_write_text(writer, "reason", schedule->blocked[i].reason);
		json_write_object_end(writer);
	}
	json_write_array_end(writer);
}

void schedule_write(const struct schedule *schedule, struct buffer *out)
{
	struct json_writer writer;
	json_writer_init(&writer, out);
	json_write_object(&writer, NULL);
	json_write_text(&writer, "time_zone", zone_name(schedule->zone));
	write_weekly(&writer, &schedule->hours);
	write_overrides(&writer, &schedule->hours);
	write_blocked(&writer, schedule);
	write_policy(&writer, &schedule->policy, told_policy(&schedule->policy));
	if (schedule->own_notices != 0)
		write_notices(&writer, &schedule->notices, schedule->own_notices);
	if (schedule->fallback_meeting != NULL)
		write_meeting(&writer, "fallback_meeting", schedule->fallback_meeting);
	json_write_array(&writer, "session_types");
	for (size_t i = 0; i < schedule->type_count; i++) {
		const struct session_type *type = &schedule->types[i];
		json_write_object(&writer, NULL);
		json_write_text(&writer, "id", type->id);
		json_write_text(&writer, "name", type->name);
		if (type->description != NULL)
			json_write_text(&writer, "description", type->description);
		if (type->approval)
			json_write_boolean(&writer, "approval", true);
		if (type->draft)
			json_write_boolean(&writer, "draft", true);
		if (type->weight != 1)
			json_write_integer(&writer, "weight", type->weight);
		if (type->redirect_url != NULL)
			json_write_text(&writer, "redirect_url", type->redirect_url);
		json_write_array(&writer, "durations");
		for (size_t d = 0; d < type->duration_count; d++)
			json_write_integer(&writer, NULL, type->durations[d]);
		json_write_array_end(&writer);
		write_meeting(&writer, "meeting", &type->meeting);
		schedule_write_price(&writer, &type->price);
		if (type->own_weekly)
			write_weekly(&writer, &type->own_hours);
		if (type->own_hours.override_count > 0)
			write_overrides(&writer, &type->own_hours);
		if (session_type_shared(type)) {
			json_write_integer(&writer, "seats", type->seats);
			json_write_integer(&writer, "min_seats", type->min_seats);
			json_write_boolean(&writer, "show_seats_left", type->shows_seats_left);
		}
		if (type->own != 0)
			write_policy(&writer, &type->policy, type->own);
		if (type->own_notices != 0)
			write_notices(&writer, &type->notices, type->own_notices);
		if (type->question_count > 0)
			questions_write(&writer, type->questions, type->question_count);
		json_write_object_end(&writer);
	}
	json_write_array_end(&writer);
	json_write_object_end(&writer);
}
