/* The part of a schedule document that says what people are told. */
#include "schedule_reader.h"

#include <string.h>

/* {"confirmed":"auto",...}: what is left out stays. */
static void read_ways(struct reader *reader, const json_t *object, const char *path,
		      enum notice_way ways[static NOTICE_CHANGES])
{
	const char *names[NOTICE_CHANGES];
	for (unsigned i = 0; i < NOTICE_CHANGES; i++)
		names[i] = notice_change_name((enum notice_change)i);
	if (!reader_object(reader, object, path, names, NOTICE_CHANGES))
		return;
	for (unsigned i = 0; i < NOTICE_CHANGES; i++) {
		const json_t *value = json_object_get(object, names[i]);
		if (value == NULL)
			continue;
		const char *text = json_is_string(value) ? json_string_value(value) : "";
		unsigned way = NOTICE_AUTO;
		while (way <= NOTICE_OFF && strcmp(notice_way_name((enum notice_way)way), text) != 0)
			way++;
		if (way > NOTICE_OFF)
			reader_invalid(reader, reader_member(reader, path, names[i]),
				       "must be one of auto, email, calendar, off.");
		else
			ways[i] = (enum notice_way)way;
	}
}

static void read_reminder(struct reader *reader, const json_t *entry, const char *path,
			  struct reminder *reminder)
{
	static const char *const names[] = {"before_minutes", "to"};
	int64_t minutes = 0;
	if (!reader_object(reader, entry, path, names, 2))
		return;
	if (reader_integer(reader, json_object_get(entry, "before_minutes"),
			   reader_member(reader, path, "before_minutes"), 1, REMINDER_BEFORE_MAX_MINUTES,
			   &minutes))
		reminder->before_minutes = (int)minutes;
	const json_t *to = json_object_get(entry, "to");
	const char *at = reader_member(reader, path, "to");
	if (!reader_array(reader, to, at, NOTICE_RECIPIENTS))
		return;
	for (size_t i = 0; i < json_array_size(to); i++) {
		const char *name = json_string_value(json_array_get(to, i));
		unsigned who = NOTICE_CLIENT;
		while (who < NOTICE_RECIPIENTS &&
		       (name == NULL || strcmp(notice_recipient_name((enum notice_recipient)who), name) != 0))
			who++;
		if (who == NOTICE_RECIPIENTS)
			reader_invalid(reader, reader_element(reader, at, i), "must be client or coach.");
		else
			reminder->to[who] = true;
	}
}

static void read_reminders(struct reader *reader, const json_t *array, const char *path,
			   struct notice_rules *rules)
{
	if (!reader_array(reader, array, path, REMINDERS_MAX))
		return;
	rules->reminder_count = json_array_size(array);
	for (size_t i = 0; i < rules->reminder_count; i++) {
		rules->reminders[i] = (struct reminder){.before_minutes = 0};
		read_reminder(reader, json_array_get(array, i), reader_element(reader, path, i),
			      &rules->reminders[i]);
		for (size_t before = 0; before < i; before++) {
			if (rules->reminders[before].before_minutes == rules->reminders[i].before_minutes)
				reader_invalid(reader, reader_element(reader, path, i),
					       "is at the same time as another reminder.");
		}
	}
}

unsigned reader_notices(struct reader *reader, const json_t *object, const char *path,
			struct notice_rules *rules)
{
	static const char *const names[NOTICE_PARTS] = {"client", "coach", "reminders", "quiet"};
	static const char *const hours_names[] = {"from", "to"};
	if (!reader_object(reader, object, path, names, NOTICE_PARTS))
		return 0;
	unsigned own = 0;
	for (unsigned part = 0; part < NOTICE_PARTS; part++) {
		const json_t *value = json_object_get(object, names[part]);
		const char *at = reader_member(reader, path, names[part]);
		/* No quiet hours is something to say; nothing else can be null. */
		if (value == NULL || (json_is_null(value) && part != NOTICE_PART_QUIET))
			continue;
		own |= 1u << part;
		if (part == NOTICE_PART_CLIENT || part == NOTICE_PART_COACH) {
			read_ways(reader, value, at, rules->ways[part]);
		} else if (part == NOTICE_PART_REMINDERS) {
			read_reminders(reader, value, at, rules);
		} else if (json_is_null(value)) {
			rules->quiet.on = false;
		} else if (reader_object(reader, value, at, hours_names, 2)) {
			struct hours hours = {0};
			reader_hours(reader, value, at, &hours);
			rules->quiet = (struct quiet_hours){true, hours.from, hours.to};
		}
	}
	return own;
}
