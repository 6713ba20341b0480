#include "domain/notices.h"

#include <string.h>

const struct notice_rules notice_rules_default = {
	.reminders = {{.before_minutes = 1440, .to = {[NOTICE_CLIENT] = true}},
		      {.before_minutes = 60, .to = {[NOTICE_CLIENT] = true, [NOTICE_COACH] = true}}},
	.reminder_count = 2,
};

const char *notice_way_name(enum notice_way way)
{
	static const char *const names[] = {
		[NOTICE_AUTO] = "auto",
		[NOTICE_EMAIL] = "email",
		[NOTICE_CALENDAR] = "calendar",
		[NOTICE_OFF] = "off",
	};
	return names[way];
}

const char *notice_change_name(enum notice_change change)
{
	static const char *const names[NOTICE_CHANGES] = {
		[NOTICE_CONFIRMED] = "confirmed",
		[NOTICE_MOVED] = "moved",
		[NOTICE_CANCELLED] = "cancelled",
	};
	return names[change];
}

const char *notice_recipient_name(enum notice_recipient recipient)
{
	return recipient == NOTICE_CLIENT ? "client" : "coach";
}

instant reminder_due(const struct quiet_hours *quiet, const struct zone *zone, instant start,
		     int before_minutes)
{
	instant due = start - (instant)before_minutes * SECONDS_PER_MINUTE;
	if (!quiet->on)
		return due;
	civil_day day = zone_day(zone, due);
	bool over_midnight = quiet->to <= quiet->from;
	/* The quiet hours that began the day before may reach into this one. */
	for (civil_day begun = day - 1; begun <= day; begun++) {
		instant from = zone_instant(zone, begun, (seconds)quiet->from * SECONDS_PER_MINUTE);
		instant to = zone_instant(zone, over_midnight ? begun + 1 : begun,
					  (seconds)quiet->to * SECONDS_PER_MINUTE);
		if (due > from && due < to)
			return from;
	}
	return due;
}

/* Pure: all that it judges by comes as a parameter, the clock too.
 * NOLINTNEXTLINE(readability-function-size) */
enum reminder_verdict reminder_judge(const struct notice_rules *rules, size_t index,
				     enum notice_recipient recipient, const struct zone *zone, instant start,
				     instant known, instant now)
{
	const struct reminder *reminder = &rules->reminders[index];
	if (!reminder->to[recipient])
		return REMINDER_NONE;
	instant due = reminder_due(&rules->quiet, zone, start, reminder->before_minutes);
	if (due > now)
		return REMINDER_NOT_YET;
	if (due <= known)
		return REMINDER_BOOKED_LATER;
	if (start - now < (instant)reminder->before_minutes * SECONDS_PER_MINUTE / 2)
		return REMINDER_TOO_LATE;
	for (size_t i = 0; i < rules->reminder_count; i++) {
		const struct reminder *other = &rules->reminders[i];
		instant other_due = reminder_due(&rules->quiet, zone, start, other->before_minutes);
		/* Of two at the very same moment the one that was meant to be the later. */
		bool later = other_due > due ||
			     (other_due == due && other->before_minutes < reminder->before_minutes);
		if (i != index && other->to[recipient] && later && other_due - due < REMINDER_NEAR_SECONDS &&
		    other_due > known)
			return REMINDER_NEAR_ANOTHER;
	}
	return REMINDER_NOW;
}
