#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "domain/ical_busy.h"
#include "domain/ical_event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rules and random files are held against other programs: tests/domain. Here are the traps, one by one. */

static struct arena mem;
static struct ical_busy busy;

static int forget(void **state)
{
	(void)state;
	arena_clear(&mem);
	return 0;
}

static instant at(const char *text)
{
	instant result = 0;
	assert_true(instant_parse(text, strlen(text), &result));
	return result;
}

static enum ical_busy_result read_bytes(char *text, size_t length)
{
	static const char *const addresses[] = {"damian@example.org", NULL};
	const struct ical_busy_question question = {
		.zone = zone_find("America/New_York"),
		.window = {at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z")},
		.addresses = addresses,
	};
	busy = (struct ical_busy){0};
	return ical_busy_read(text, length, &question, &mem, &busy);
}

static enum ical_busy_result read_text(const char *text)
{
	return read_bytes(arena_strdup(&mem, text), strlen(text));
}

/* The busy times of events, given without the calendar round them, as "2026-11-05T14:00:00Z 60m". */
static const char *busy_of(const char *events)
{
	assert_int_equal(read_text(arena_printf(&mem, "BEGIN:VCALENDAR\r\n%sEND:VCALENDAR\r\n", events)),
			 ICAL_BUSY_READ);
	const char *text = "";
	for (size_t i = 0; i < busy.times.count; i++) {
		char start[INSTANT_TEXT_BYTES];
		instant_format(busy.times.at[i].start, start);
		text = arena_printf(&mem, "%s%s%.16s %dm", text, i > 0 ? ", " : "", start,
				    (int)((busy.times.at[i].end - busy.times.at[i].start) / 60));
	}
	return text;
}

#define EVENT(lines) "BEGIN:VEVENT\nUID:one@example.org\n" lines "END:VEVENT\n"
#define ONE_HOUR     "DTSTART:20261105T140000Z\nDTEND:20261105T150000Z\n"

static void an_event_takes_the_time_from_its_start_to_its_end(void **state)
{
	(void)state;
	assert_string_equal(busy_of(EVENT(ONE_HOUR)), "2026-11-05T14:00 60m");
	assert_string_equal(busy_of(EVENT("DTSTART;TZID=Europe/Berlin:20261105T140000\nDURATION:PT1H30M\n")),
			    "2026-11-05T13:00 90m");
	assert_string_equal(busy_of(EVENT("DTSTART:20261105T140000\nDTEND:20261105T150000\n")),
			    "2026-11-05T19:00 60m");
	assert_string_equal(busy_of(EVENT("DTSTART;VALUE=DATE:20261105\n")), "2026-11-05T05:00 1440m");
	assert_string_equal(busy_of(EVENT("DTSTART;VALUE=DATE:20261105\nDTEND;VALUE=DATE:20261105\n")),
			    "2026-11-05T05:00 1440m");
	/* The day on which the clocks go back has 25 hours. */
	assert_string_equal(busy_of(EVENT("DTSTART;VALUE=DATE:20261101\n")), "2026-11-01T04:00 1500m");
	assert_string_equal(busy_of(EVENT("DTSTART:20261105T140000Z\n")), "");
	/* Some write no seconds. */
	assert_string_equal(busy_of(EVENT("DTSTART:20261105T1400Z\nDTEND:20261105T1500Z\n")),
			    "2026-11-05T14:00 60m");
	assert_string_equal(
		busy_of(EVENT(
			"DTSTART;TZID=Europe/Berlin:20261105T1400\nRRULE:FREQ=DAILY;UNTIL=20261107T1400Z\n"
			"EXDATE;TZID=Europe/Berlin:20261106T1400\nDURATION:PT1H\n")),
		"2026-11-05T13:00 60m, 2026-11-07T13:00 60m");
	/* From before the window into it, and out of it. */
	assert_string_equal(busy_of(EVENT("DTSTART:20260101T000000Z\nDTEND:20270101T000000Z\n")),
			    "2026-11-01T00:00 43200m");
	assert_int_equal(busy.inexact + busy.unreadable, 0);
}

static void what_takes_no_time_is_left_out(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"STATUS:CANCELLED",
		"status:cancelled",
		"TRANSP:TRANSPARENT",
		"X-MICROSOFT-CDO-BUSYSTATUS:FREE",
		"ATTENDEE;CN=D;PARTSTAT=DECLINED:mailto:Damian@Example.org",
		"ATTENDEE;PARTSTAT=\"DECLINED\";CN=\"a;b:c\":MAILTO:damian@example.org",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_string_equal(busy_of(arena_printf(&mem, EVENT(ONE_HOUR "%s\n"), lines[i])), "");
	static const char *const taking[] = {
		"STATUS:TENTATIVE",
		"TRANSP:OPAQUE",
		"X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE",
		"X-MICROSOFT-CDO-BUSYSTATUS:OOF",
		"ATTENDEE;PARTSTAT=DECLINED:mailto:ann@example.org",
		"ATTENDEE;PARTSTAT=TENTATIVE:mailto:damian@example.org",
	};
	for (size_t i = 0; i < sizeof(taking) / sizeof(taking[0]); i++)
		assert_string_equal(busy_of(arena_printf(&mem, EVENT(ONE_HOUR "%s\n"), taking[i])),
				    "2026-11-05T14:00 60m");
	/* What an alarm says is not the event's. */
	assert_string_equal(
		busy_of(EVENT("BEGIN:VALARM\nTRANSP:TRANSPARENT\nDURATION:PT9H\nEND:VALARM\n" ONE_HOUR)),
		"2026-11-05T14:00 60m");
}

static void exceptions_are_found_by_instant_whatever_zone_or_form_they_have(void **state)
{
	(void)state;
	static const char *const forms[] = {
		"EXDATE:20261112T140000Z",
		"EXDATE;TZID=America/New_York:20261112T090000",
		"EXDATE;TZID=Europe/Berlin:20261112T150000",
		"EXDATE:20261112T090000",
		"EXDATE;VALUE=DATE:20261112",
		"EXDATE;VALUE=DATE:20261112,20300101",
		"EXDATE;TZID=\"Eastern Standard Time\":20300101T090000,20261112T090000",
	};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		assert_string_equal(
			busy_of(arena_printf(
				&mem,
				EVENT("DTSTART;TZID=America/New_York:20261105T090000\nDURATION:PT1H\n"
				      "RRULE:FREQ=WEEKLY;COUNT=3\n%s\n"),
				forms[i])),
			"2026-11-05T14:00 60m, 2026-11-19T14:00 60m");
	assert_string_equal(busy_of(EVENT("DTSTART;VALUE=DATE:20261105\nRRULE:FREQ=DAILY;COUNT=3\n"
					  "EXDATE:20261106T000000\n")),
			    "2026-11-05T05:00 1440m, 2026-11-07T05:00 1440m");
	/* A rule of exceptions is not followed: all it would leave out stays, and that is told. */
	assert_string_equal(busy_of(EVENT(ONE_HOUR "RRULE:FREQ=DAILY;COUNT=2\nEXRULE:FREQ=DAILY\n")),
			    "2026-11-05T14:00 60m, 2026-11-06T14:00 60m");
	assert_int_equal(busy.inexact, 1);
}

static void a_time_without_a_zone_is_of_the_zone_that_its_event_begins_in(void **state)
{
	(void)state;
#define IN_TOKYO "DTSTART;TZID=Asia/Tokyo:20261105T090000\n"
	assert_string_equal(busy_of(EVENT(IN_TOKYO "DTEND:20261105T100000\n")), "2026-11-05T00:00 60m");
	assert_string_equal(busy_of(EVENT(IN_TOKYO "DURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\n"
						   "EXDATE:20261106T090000\n")),
			    "2026-11-05T00:00 60m, 2026-11-07T00:00 60m");
	assert_string_equal(busy_of(EVENT(IN_TOKYO "DURATION:PT1H\nRDATE:20261109T090000\n")),
			    "2026-11-05T00:00 60m, 2026-11-09T00:00 60m");
	assert_string_equal(busy_of(EVENT(IN_TOKYO "DURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2\n") EVENT(
				    "RECURRENCE-ID:20261106T090000\nDTSTART;TZID=Asia/Tokyo:20261106T120000\n"
				    "DURATION:PT1H\n")),
			    "2026-11-05T00:00 60m, 2026-11-06T03:00 60m");
	assert_string_equal(
		busy_of(EVENT("DTSTART:20261105T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2\n"
			      "EXDATE:20261106T090000\n")),
		"2026-11-05T09:00 60m");
	assert_int_equal(busy.inexact, 0);
#undef IN_TOKYO
}

#define WEEKLY                                                                                               \
	EVENT("DTSTART;TZID=America/New_York:20261105T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=3\n")

static void an_override_replaces_its_instance_wherever_it_stands(void **state)
{
	(void)state;
	const char *moved =
		EVENT("RECURRENCE-ID:20261112T140000Z\nDTSTART:20261113T200000Z\nDURATION:PT30M\n");
	assert_string_equal(busy_of(arena_printf(&mem, "%s%s", WEEKLY, moved)),
			    "2026-11-05T14:00 60m, 2026-11-13T20:00 30m, 2026-11-19T14:00 60m");
	assert_string_equal(busy_of(arena_printf(&mem, "%s%s", moved, WEEKLY)),
			    "2026-11-05T14:00 60m, 2026-11-13T20:00 30m, 2026-11-19T14:00 60m");
	/* Cancelled, or turned free: the instance goes. */
	assert_string_equal(
		busy_of(arena_printf(&mem, "%s%s", WEEKLY,
				     EVENT("RECURRENCE-ID;TZID=America/New_York:20261112T090000\n"
					   "DTSTART:20261112T140000Z\nDURATION:PT1H\nSTATUS:CANCELLED\n"))),
		"2026-11-05T14:00 60m, 2026-11-19T14:00 60m");
	/* From outside the window into it. */
	assert_string_equal(
		busy_of(EVENT("DTSTART:20260105T140000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2\n") EVENT(
			"RECURRENCE-ID:20260106T140000Z\nDTSTART:20261120T140000Z\nDURATION:PT1H\n")),
		"2026-11-20T14:00 60m");
	/* One that cannot be read leaves what it replaces. */
	assert_string_equal(busy_of(arena_printf(&mem, "%s%s", WEEKLY,
						 EVENT("RECURRENCE-ID:20261112T140000Z\nDTSTART:never\n"))),
			    "2026-11-05T14:00 60m, 2026-11-12T14:00 60m, 2026-11-19T14:00 60m");
	assert_int_equal(busy.unreadable, 1);
}

static void an_override_of_this_and_future_moves_all_later_instances(void **state)
{
	(void)state;
	assert_string_equal(
		busy_of(arena_printf(
			&mem, "%s%s", WEEKLY,
			EVENT("RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=America/New_York:20261112T090000\n"
			      "DTSTART;TZID=America/New_York:20261112T103000\nDURATION:PT2H\n"))),
		"2026-11-05T14:00 60m, 2026-11-12T15:30 120m, 2026-11-19T15:30 120m");
	assert_string_equal(
		busy_of(arena_printf(&mem, "%s%s", WEEKLY,
				     EVENT("RECURRENCE-ID;RANGE=THISANDFUTURE:20261112T140000Z\n"
					   "DTSTART:20261112T140000Z\nDURATION:PT2H\nTRANSP:TRANSPARENT\n"))),
		"2026-11-05T14:00 60m");
}

static void further_dates_and_periods_count(void **state)
{
	(void)state;
	assert_string_equal(
		busy_of(EVENT(
			ONE_HOUR
			"RDATE:20261110T140000Z\nRDATE;TZID=Europe/Berlin:20261111T150000\n"
			"RDATE;VALUE=PERIOD:20261120T100000Z/PT3H,20261121T100000Z/20261121T120000Z\n")),
		"2026-11-05T14:00 60m, 2026-11-10T14:00 60m, 2026-11-11T14:00 60m, "
		"2026-11-20T10:00 180m, 2026-11-21T10:00 120m");
	assert_string_equal(busy_of("BEGIN:VFREEBUSY\nFREEBUSY;FBTYPE=BUSY:20261105T100000Z/PT1H\n"
				    "FREEBUSY;FBTYPE=FREE:20261106T100000Z/PT1H\n"
				    "FREEBUSY:20261107T100000Z/20261107T110000Z\nEND:VFREEBUSY\n"),
			    "2026-11-05T10:00 60m, 2026-11-07T10:00 60m");
}

static void zones_are_found_under_all_the_names_they_have(void **state)
{
	(void)state;
	static const char *const names[] = {
		"Europe/Berlin",
		"\"Europe/Berlin\"",
		"W. Europe Standard Time",
		"w. europe standard time",
		"/freeassociation.sourceforge.net/Europe/Berlin",
		"/mozilla.org/20050126_1/Europe/Berlin",
		"Customized Time Zone",
		"europe/berlin",
		"EUROPE/BERLIN",
		"/mozilla.org/20050126_1/europe/berlin",
		"arctic/longyearbyen", /* a name of the same zone */
	};
	static const char timezone[] =
		"BEGIN:VTIMEZONE\nTZID:Customized Time Zone\nBEGIN:STANDARD\nDTSTART:16010101T030000\n"
		"TZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\n"
		"END:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+"
		"0200\n"
		"RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE\n";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		/* The description of the zone may stand after its use. */
		const char *event = arena_printf(
			&mem, EVENT("DTSTART;TZID=%s:20260701T150000\nDURATION:PT1H\nRRULE:FREQ=MONTHLY\n"),
			names[i]);
		assert_string_equal(busy_of(arena_printf(&mem, "%s%s", event, timezone)),
				    "2026-11-01T14:00 60m");
		assert_int_equal(busy.in_unknown_zone, 0);
	}
	/* Windows' own zones have parted from the cities that once stood for them (CLDR 48). */
	assert_string_equal(
		busy_of(EVENT(
			"DTSTART;TZID=Mountain Standard Time (Mexico):20261105T070000\nDURATION:PT1H\n")),
		"2026-11-05T14:00 60m");
	assert_string_equal(
		busy_of(EVENT("DTSTART;TZID=Central Asia Standard Time:20261105T200000\nDURATION:PT1H\n")),
		"2026-11-05T14:00 60m");
	/* Names with colons, though without the quotes that RFC 5545 wants for them. */
	static const char fixed[] =
		"BEGIN:VTIMEZONE\nTZID:GMT+01:00\nBEGIN:STANDARD\nDTSTART:16010101T000000\n"
		"TZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n";
	static const char *const colons[] = {
		"DTSTART;TZID=GMT+01:00:20261105T150000\nDTEND;TZID=GMT+01:00:20261105T160000\n",
		"DTSTART;VALUE=DATE-TIME;TZID=GMT+01:00:20261105T150000\nDURATION:PT1H\n",
		"DTSTART;TZID=tzone://Microsoft/Utc:20261105T140000\nDURATION:PT1H\n",
		"DTSTART;TZID=\"tzone://Microsoft/Utc\":20261105T140000\nDURATION:PT1H\n",
	};
	for (size_t i = 0; i < sizeof(colons) / sizeof(colons[0]); i++) {
		assert_string_equal(busy_of(arena_printf(&mem, "%s" EVENT("%s"), fixed, colons[i])),
				    "2026-11-05T14:00 60m");
		assert_int_equal(busy.in_unknown_zone + busy.unreadable, 0);
	}
	/* What a file describes comes before a name that is spelt otherwise. */
	static const char own[] =
		"BEGIN:VTIMEZONE\nTZID:europe/berlin\nBEGIN:STANDARD\nDTSTART:16010101T000000\n"
		"TZOFFSETFROM:+0300\nTZOFFSETTO:+0300\nEND:STANDARD\nEND:VTIMEZONE\n";
	assert_string_equal(
		busy_of(arena_printf(
			&mem, "%s" EVENT("DTSTART;TZID=europe/berlin:20261105T1700\nDURATION:PT1H\n"), own)),
		"2026-11-05T14:00 60m");
	assert_string_equal(busy_of(EVENT("DTSTART;TZID=Mars/Olympus:20261105T090000\nDURATION:PT1H\n")),
			    "2026-11-05T14:00 60m");
	assert_int_equal(busy.in_unknown_zone, 1);
	assert_string_equal(busy.unknown_zone, "Mars/Olympus");
}

static void a_described_zone_has_gaps_and_hours_that_come_twice(void **state)
{
	(void)state;
	struct ical_zones zones = {.window = {at("2025-06-01T00:00:00Z"), at("2027-06-01T00:00:00Z")},
				   .mem = &mem};
	static const char text[] =
		"BEGIN:VTIMEZONE\nTZID:X\nBEGIN:DAYLIGHT\nDTSTART:20070311T020000\nTZOFFSETFROM:-"
		"0500\nTZOFFSETTO:-0400\n"
		"RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3\nEND:DAYLIGHT\nBEGIN:STANDARD\nDTSTART:"
		"20071104T020000\n"
		"TZOFFSETFROM:-0400\nTZOFFSETTO:-0500\nRRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11\nEND:STANDARD\n"
		"END:VTIMEZONE\n";
	assert_true(ical_zones_collect(&zones, (struct ical_span){text, strlen(text)}));
	size_t budget = 100000;
	const struct ical_zone *found = ical_zone_find(&zones, (struct ical_span){"X", 1}, &budget);
	assert_non_null(found);
	const struct zone *york = zone_find("America/New_York");
	const int64_t first = date_to_days((struct civil_date){2026, 1, 1});
	for (int64_t day = first; day < first + 365; day++) {
		for (seconds time = 0; time < SECONDS_PER_DAY; time += 900) {
			const instant wanted = zone_instant(york, day, time);
			assert_int_equal(ical_zone_instant(found, day * SECONDS_PER_DAY + time), wanted);
			assert_int_equal(ical_zone_local(found, wanted), wanted + zone_offset(york, wanted));
		}
	}
}

static void a_described_zone_stays_as_its_last_change_left_it(void **state)
{
	(void)state;
	/* Brazil gave up its summer time in 2019; the rule of the summers began later in the year. */
#define LAST(standard, daylight)                                                                             \
	"BEGIN:VTIMEZONE\nTZID:Brasilia\nBEGIN:DAYLIGHT\nDTSTART:20081019T000000\nTZOFFSETFROM:-0300\n"      \
	"TZOFFSETTO:-0200\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=3SU;" daylight "\nEND:DAYLIGHT\n"              \
	"BEGIN:STANDARD\nDTSTART:20080217T000000\nTZOFFSETFROM:-0200\nTZOFFSETTO:-0300\n"                    \
	"RRULE:FREQ=YEARLY;BYMONTH=2;BYDAY=3SU;" standard "\nEND:STANDARD\nEND:VTIMEZONE\n"
#define AT_NINE EVENT("DTSTART;TZID=Brasilia:20261105T090000\nDURATION:PT1H\n")
	assert_string_equal(busy_of(LAST("UNTIL=20190217T020000Z", "UNTIL=20171015T030000Z") AT_NINE),
			    "2026-11-05T12:00 60m");
	assert_string_equal(busy_of(LAST("COUNT=12", "COUNT=10") AT_NINE), "2026-11-05T12:00 60m");
	assert_int_equal(busy.in_unknown_zone, 0);
#undef AT_NINE
#undef LAST
}

static void what_cannot_be_followed_takes_more_and_is_counted(void **state)
{
	(void)state;
	assert_string_equal(
		busy_of(EVENT("DTSTART:20261128T140000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;RSCALE=HEBREW\n")),
		"2026-11-28T14:00 60m, 2026-11-29T14:00 60m, 2026-11-30T14:00 60m");
	assert_int_equal(busy.inexact, 1);
	/* Whole days, and an hour more: an instance may begin in a day's last minute. */
	assert_string_equal(
		busy_of(EVENT("DTSTART:20261128T140000Z\nDURATION:PT1H\nRRULE:FREQ=SECONDLY;UNTIL="
			      "20261129T120000Z\n")),
		"2026-11-28T00:00 2940m");
	assert_int_equal(busy.inexact, 1);
	/* Begun on the night when the clocks go back: two hours on the wall clock are three of elapsed time.
	 */
	assert_string_equal(
		busy_of(EVENT("DTSTART:20261101T003000\nDTEND:20261101T023000\nRRULE:FREQ=DAILY;COUNT=2\n")),
		"2026-11-01T04:30 180m, 2026-11-02T05:30 180m");
	assert_int_equal(busy.inexact, 1);
	assert_string_equal(busy_of(EVENT("DTSTART:20261101T003000\nDTEND:20261101T023000\n")),
			    "2026-11-01T04:30 180m");
	assert_int_equal(busy.inexact, 0);
	assert_string_equal(busy_of(EVENT("DTSTART:20261128T140000Z\nDURATION:PT1H\nRRULE:nonsense\n")),
			    "2026-11-28T00:00 4320m");
	assert_string_equal(busy_of(EVENT("DTSTART:20261105T140000Z\nDTEND:soon\n")),
			    "2026-11-05T14:00 1440m");
	assert_int_equal(busy.inexact, 1);
	/* Before it begins. */
	assert_string_equal(busy_of(EVENT("DTSTART:20261105T140000Z\nDTEND:20261105T130000Z\n")),
			    "2026-11-05T14:00 1440m");
	assert_int_equal(busy.inexact, 1);
	assert_string_equal(busy_of(EVENT("DTSTART;VALUE=DATE:20261105\nDTEND;VALUE=DATE:20261104\n")),
			    "2026-11-05T05:00 1440m");
	assert_int_equal(busy.inexact, 1);
	assert_string_equal(busy_of(EVENT(ONE_HOUR "RDATE;VALUE=PERIOD:20261120T100000Z/20261120T090000Z\n")),
			    "2026-11-05T14:00 60m");
	assert_int_equal(busy.unreadable, 1);
	assert_string_equal(busy_of(EVENT("DTSTART:someday\nDTEND:20261105T140000Z\n")), "");
	assert_int_equal(busy.unreadable, 1);
	/* From the year 1400 on, counted: the budget ends before the window. */
	assert_string_equal(
		busy_of(EVENT("DTSTART:14000101T140000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=999999\n") ""),
		busy_of(EVENT("DTSTART:20261001T140000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\n")));
	assert_string_equal(
		busy_of(EVENT("DTSTART:14000101T140000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=999999;"
			      "BYHOUR=9,17\n") ""),
		"2026-11-01T00:00 43200m");
	assert_int_equal(busy.inexact, 1);
}

static void what_comes_every_hour_comes_twice_in_the_hour_that_the_clocks_repeat(void **state)
{
	(void)state;
	assert_string_equal(
		busy_of(EVENT("DTSTART:20261101T003000\nDURATION:PT15M\nRRULE:FREQ=HOURLY;COUNT=3\n")),
		"2026-11-01T04:30 15m, 2026-11-01T05:30 15m, 2026-11-01T06:30 15m, 2026-11-01T07:30 15m");
	assert_string_equal(
		busy_of(EVENT("DTSTART:20261101T010000\nDURATION:PT15M\nRRULE:FREQ=MINUTELY;INTERVAL=30;"
			      "UNTIL=20261101T061500Z\n")),
		"2026-11-01T05:00 15m, 2026-11-01T05:30 15m, 2026-11-01T06:00 15m");
	assert_string_equal(busy_of(EVENT("DTSTART:20261031T014000\nDURATION:PT15M\nRRULE:FREQ=DAILY;"
					  "UNTIL=20261101T063000Z\n")),
			    "2026-11-01T05:40 15m");
	assert_int_equal(busy.inexact, 0);
}

static void an_end_in_another_zone_and_a_night_with_a_change_of_clocks_are_never_too_short(void **state)
{
	(void)state;
	assert_string_equal(busy_of(EVENT("DTSTART;TZID=Europe/Berlin:20261105T220000\nDTEND;TZID=America/"
					  "New_York:20261105T200000\n")),
			    "2026-11-05T21:00 240m");
	/*
	 * 22:00 to 06:00 is nine hours on that night. RFC 5545 section 3.8.5.3 gives every instance nine;
	 * most programs give the next night eight.
	 */
	assert_string_equal(busy_of(EVENT("DTSTART;TZID=America/New_York:20261031T220000\nDTEND;TZID=America/"
					  "New_York:20261101T060000\n"
					  "RRULE:FREQ=DAILY;COUNT=2\n")),
			    "2026-11-01T02:00 540m, 2026-11-02T03:00 540m");
}

static void the_same_until_is_a_date_a_wall_clock_or_an_instant(void **state)
{
	(void)state;
	static const char *const untils[] = {"20261106", "20261106T090000", "20261106T140000Z",
					     "20261106T235959Z"};
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(
			busy_of(arena_printf(
				&mem,
				EVENT("DTSTART;TZID=America/New_York:20261105T090000\nDURATION:PT1H\n"
				      "RRULE:FREQ=DAILY;UNTIL=%s\n"),
				untils[i])),
			"2026-11-05T14:00 60m, 2026-11-06T14:00 60m");
	assert_string_equal(busy_of(EVENT("DTSTART;VALUE=DATE:20261105\nRRULE:FREQ=DAILY;UNTIL=20261106\n")),
			    "2026-11-05T05:00 2880m");
	assert_string_equal(
		busy_of(EVENT("DTSTART;VALUE=DATE:20261105\nRRULE:FREQ=DAILY;UNTIL=20261106T000000Z\n")),
		"2026-11-05T05:00 2880m");
}

static void our_own_events_are_told_apart(void **state)
{
	(void)state;
	assert_string_equal(
		busy_of("BEGIN:VEVENT\nUID:0197f0de4f0e7b8e9a521c5a6d9d2f11@google.com\n" ONE_HOUR
			"END:VEVENT\n"
			"BEGIN:VEVENT\nUID:0197f0de-4f0e-7b8e-9a52-1c5a6d9d2f12@bookingd\n" ONE_HOUR
			"END:VEVENT\n"),
		"");
	assert_int_equal(busy.own_count, 2);
	assert_string_equal(busy.own[0].appointment_id, "0197f0de-4f0e-7b8e-9a52-1c5a6d9d2f11");
	assert_string_equal(busy.own[1].appointment_id, "0197f0de-4f0e-7b8e-9a52-1c5a6d9d2f12");
	assert_int_equal(busy.own[0].time.start, at("2026-11-05T14:00:00Z"));
	static const char *const others[] = {"0197f0de4f0e7b8e9a521c5a6d9d2f1@google.com",
					     "5qj3v0ls2kq1@google.com",
					     "0197f0de4f0e7b8e9a521c5a6d9d2f11@example.org", ""};
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(
			busy_of(arena_printf(&mem, "BEGIN:VEVENT\nUID:%s\n" ONE_HOUR "END:VEVENT\n",
					     others[i])),
			"2026-11-05T14:00 60m");
	/* None of ours repeats. */
	assert_string_equal(busy_of("BEGIN:VEVENT\nUID:0197f0de4f0e7b8e9a521c5a6d9d2f11@google.com\n" ONE_HOUR
				    "RRULE:FREQ=DAILY;COUNT=1\nEND:VEVENT\n"),
			    "2026-11-05T14:00 60m");
}

static void a_text_that_is_no_calendar_or_breaks_off_is_no_free_time(void **state)
{
	(void)state;
	assert_int_equal(read_text(""), ICAL_BUSY_NO_CALENDAR);
	assert_int_equal(read_text("<!DOCTYPE html><title>Sign in</title>"), ICAL_BUSY_NO_CALENDAR);
	assert_int_equal(read_text("BEGIN:VCALENDAR\n"), ICAL_BUSY_CUT);
	assert_int_equal(read_text("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n"), ICAL_BUSY_CUT);
	assert_int_equal(read_text("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\nBEGIN:VCALENDAR\r\n"), ICAL_BUSY_CUT);
	assert_int_equal(read_text("\xEF\xBB\xBF"
				   "BEGIN:VCALENDAR\r\nEND:VCALENDAR"),
			 ICAL_BUSY_READ);
	/* Folded anywhere, by CRLF or LF, blank or tab. */
	assert_string_equal(
		busy_of("BEGIN:VEV\r\n ENT\nDTST\n\tART:2026\r\n 1105T140000Z\nDURATION:PT1H\nEND:VEVENT\n"),
		"2026-11-05T14:00 60m");
}

/* As other systems write files: lines that end by CR alone or by CR CR LF, and UTF-16 in both orders. */
static void line_ends_and_encodings_of_all_kinds_say_the_same(void **state)
{
	(void)state;
	static const char lines[] = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Caf\xC3\n \xA9\nDTST\n "
				    "ART:20261105T140000Z\nDURATION:PT1H\nEND:VEVENT\nEND:VCALENDAR\n";
	static const struct {
		const char *mark;
		const char *end;
		size_t width;
		size_t place;
	} kinds[] = {{"", "\n", 1, 0},
		     {"", "\r", 1, 0},
		     {"", "\r\r\n", 1, 0},
		     {"", "\r\n", 2, 0},
		     {"\xFF\xFE", "\r\n", 2, 0},
		     {"\xFE\xFF", "\r\n", 2, 1},
		     {"\xEF\xBB\xBF", "\r\n", 1, 0}};
	for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
		char text[1024] = "";
		size_t length = strlen(kinds[kind].mark);
		memcpy(text, kinds[kind].mark, length);
		for (const char *from = lines; *from != '\0'; from++) {
			const char one[] = {*from, '\0'};
			for (const char *c = *from == '\n' ? kinds[kind].end : one; *c != '\0'; c++) {
				text[length + kinds[kind].place] = *c;
				length += kinds[kind].width;
			}
		}
		assert_int_equal(read_bytes(text, length), ICAL_BUSY_READ);
		assert_int_equal(busy.times.count, 1);
		assert_int_equal(busy.times.at[0].end - busy.times.at[0].start, SECONDS_PER_HOUR);
		assert_int_equal(busy.unreadable, 0);
	}
}

static void a_file_of_very_many_events_is_refused_or_joined(void **state)
{
	(void)state;
	enum { EVENTS = 110000, LINE = 96 };
	char *text = arena_alloc(&mem, (size_t)EVENTS * LINE + 64);
	for (int apart = 0; apart <= 1; apart++) {
		char *to = text + sprintf(text, "BEGIN:VCALENDAR\n");
		for (int i = 0; i < EVENTS; i++) {
			const int second = apart ? i * 20 : i / 10;
			to += sprintf(to,
				      "BEGIN:VEVENT\nDTSTART:202611%02dT%02d%02d%02dZ\nDURATION:PT%dS\nEND:"
				      "VEVENT\n",
				      2 + second / 86400, second / 3600 % 24, second / 60 % 60, second % 60,
				      apart ? 1 : 60);
		}
		sprintf(to, "END:VCALENDAR\n");
		assert_int_equal(read_text(text), apart ? ICAL_BUSY_TOO_MUCH : ICAL_BUSY_READ);
	}
	assert_true(mem.total < (size_t)64 << 20);
}

/* Each of them is one busy time, but all of them have to be found. */
static void a_file_of_very_many_instances_is_refused(void **state)
{
	(void)state;
	enum { EVENTS = 70000 };
	static const char event[] =
		"BEGIN:VEVENT\nDTSTART:20261101T140000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\nEND:VEVENT\n";
	char *text = arena_alloc(&mem, EVENTS * sizeof(event) + 64);
	char *to = stpcpy(text, "BEGIN:VCALENDAR\n");
	for (int i = 0; i < EVENTS; i++)
		to = stpcpy(to, event);
	stpcpy(to, "END:VCALENDAR\n");
	assert_int_equal(read_text(text), ICAL_BUSY_TOO_MUCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(an_event_takes_the_time_from_its_start_to_its_end, forget),
		cmocka_unit_test_teardown(what_takes_no_time_is_left_out, forget),
		cmocka_unit_test_teardown(exceptions_are_found_by_instant_whatever_zone_or_form_they_have,
					  forget),
		cmocka_unit_test_teardown(a_time_without_a_zone_is_of_the_zone_that_its_event_begins_in,
					  forget),
		cmocka_unit_test_teardown(an_override_replaces_its_instance_wherever_it_stands, forget),
		cmocka_unit_test_teardown(an_override_of_this_and_future_moves_all_later_instances, forget),
		cmocka_unit_test_teardown(further_dates_and_periods_count, forget),
		cmocka_unit_test_teardown(zones_are_found_under_all_the_names_they_have, forget),
		cmocka_unit_test_teardown(a_described_zone_has_gaps_and_hours_that_come_twice, forget),
		cmocka_unit_test_teardown(a_described_zone_stays_as_its_last_change_left_it, forget),
		cmocka_unit_test_teardown(what_cannot_be_followed_takes_more_and_is_counted, forget),
		cmocka_unit_test_teardown(
			what_comes_every_hour_comes_twice_in_the_hour_that_the_clocks_repeat, forget),
		cmocka_unit_test_teardown(
			an_end_in_another_zone_and_a_night_with_a_change_of_clocks_are_never_too_short,
			forget),
		cmocka_unit_test_teardown(the_same_until_is_a_date_a_wall_clock_or_an_instant, forget),
		cmocka_unit_test_teardown(our_own_events_are_told_apart, forget),
		cmocka_unit_test_teardown(a_text_that_is_no_calendar_or_breaks_off_is_no_free_time, forget),
		cmocka_unit_test_teardown(a_file_of_very_many_instances_is_refused, forget),
		cmocka_unit_test_teardown(line_ends_and_encodings_of_all_kinds_say_the_same, forget),
		cmocka_unit_test_teardown(a_file_of_very_many_events_is_refused_or_joined, forget),
	};
	return cmocka_run_group_tests_name("ical_busy", tests, NULL, NULL);
}
