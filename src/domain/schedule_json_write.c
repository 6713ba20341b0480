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
		if (value == POLICY_NO_LIMIT && policy_fields[i].may_be_null)
			json_write_null(writer, policy_fields[i].name);
		else
			json_write_integer(writer, policy_fields[i].name, value);
	}
	json_write_object_end(writer);
}

static void write_lists(struct json_writer *writer, const struct schedule *schedule)
{
	json_write_array(writer, "weekly");
	for (size_t i = 0; i < schedule->weekly_count; i++) {
		json_write_object(writer, NULL);
		json_write_array(writer, "days");
		for (unsigned day = 0; day < 7; day++) {
			if ((schedule->weekly[i].days & 1u << day) != 0)
				json_write_text(writer, NULL, day_names[day]);
		}
		json_write_array_end(writer);
		write_hours(writer, schedule->weekly[i].hours);
		json_write_object_end(writer);
	}
	json_write_array_end(writer);

	json_write_array(writer, "overrides");
	for (size_t i = 0; i < schedule->override_count; i++) {
		const struct date_override *override = &schedule->overrides[i];
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
	write_lists(&writer, schedule);
	write_policy(&writer, &schedule->policy, (1u << POLICY_FIELD_COUNT) - 1);
	json_write_array(&writer, "session_types");
	for (size_t i = 0; i < schedule->type_count; i++) {
		const struct session_type *type = &schedule->types[i];
		json_write_object(&writer, NULL);
		json_write_text(&writer, "id", type->id);
		json_write_text(&writer, "name", type->name);
		json_write_array(&writer, "durations");
		for (size_t d = 0; d < type->duration_count; d++)
			json_write_integer(&writer, NULL, type->durations[d]);
		json_write_array_end(&writer);
		json_write_text(&writer, "meeting", meeting_kind_name(type->meeting));
		if (type->own != 0)
			write_policy(&writer, &type->policy, type->own);
		json_write_object_end(&writer);
	}
	json_write_array_end(&writer);
	json_write_object_end(&writer);
}
