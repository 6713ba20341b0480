#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "domain/ics.h"

#include <libical/ical.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena mem;

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

static struct ics_event some_event(void)
{
	return (struct ics_event){
		.uid = "0e7c@google.com",
		.sequence = 3,
		.stamp = at("2026-11-20T08:00:00Z"),
		.start = at("2026-11-24T14:00:00Z"),
		.end = at("2026-11-24T14:30:00Z"),
		.summary = "Coaching session",
		.organizer_email = "coach@example.org",
		.organizer_name = "Damian",
		.attendee_email = "client@example.org",
		.attendee_name = "Zo\xC3\xAB",
	};
}

/* The file with its folded lines joined, CRLF as LF. */
static const char *unfolded(struct ics_text text)
{
	char *out = arena_strndup(&mem, text.bytes, text.length);
	char *to = out;
	for (const char *from = out; *from != '\0'; from++) {
		if (from[0] == '\r' && from[1] == '\n') {
			if (from[2] == ' ') {
				from += 2;
				continue;
			}
			continue;
		}
		*to++ = *from;
	}
	*to = '\0';
	return out;
}

static const char *one(const struct ics_event *event, enum ics_method method, const char *zone)
{
	return unfolded(ics_appointment(event, method, zone_find(zone), &mem));
}

static void expect_line(const char *file, const char *line)
{
	char whole[512];
	snprintf(whole, sizeof(whole), "\n%s\n", line);
	if (strstr(file, whole) == NULL)
		fail_msg("no line %s in:\n%s", line, file);
}

static void a_request_has_times_people_and_a_method(void **state)
{
	(void)state;
	const struct ics_event event = some_event();
	const char *file = one(&event, ICS_REQUEST, "America/New_York");
	static const char *const lines[] = {
		"VERSION:2.0",
		"METHOD:REQUEST",
		"UID:0e7c@google.com",
		"SEQUENCE:3",
		"DTSTAMP:20261120T080000Z",
		"DTSTART;TZID=America/New_York:20261124T090000",
		"DTEND;TZID=America/New_York:20261124T093000",
		"STATUS:CONFIRMED",
		"SUMMARY:Coaching session",
		"ORGANIZER;CN=Damian:mailto:coach@example.org",
		"ATTENDEE;CN=Zo\xC3\xAB;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED:mailto:client@example.org",
	};
	assert_int_equal(strncmp(file, "BEGIN:VCALENDAR\n", 16), 0);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		expect_line(file, lines[i]);
}

static void the_meeting_link_is_in_every_place_that_clients_look(void **state)
{
	(void)state;
	struct ics_event event = some_event();
	event.meeting_url = "https://meet.google.com/abc-defg-hij";
	event.description = "Notes";
	const char *file = one(&event, ICS_PUBLISH, "America/New_York");
	expect_line(file, "URL:https://meet.google.com/abc-defg-hij");
	expect_line(file, "LOCATION:https://meet.google.com/abc-defg-hij");
	expect_line(file, "CONFERENCE;VALUE=URI;FEATURE=VIDEO:https://meet.google.com/abc-defg-hij");
	expect_line(file, "DESCRIPTION:Notes\\n\\nhttps://meet.google.com/abc-defg-hij");
	event.location = "Room 5";
	expect_line(one(&event, ICS_PUBLISH, "America/New_York"), "LOCATION:Room 5");
}

static void what_is_published_names_no_attendee_and_a_cancellation_says_so(void **state)
{
	(void)state;
	struct ics_event event = some_event();
	const char *file = one(&event, ICS_PUBLISH, "UTC");
	assert_null(strstr(file, "ATTENDEE"));
	expect_line(file, "METHOD:PUBLISH");
	file = one(&event, ICS_CANCEL, "UTC");
	expect_line(file, "METHOD:CANCEL");
	expect_line(file, "STATUS:CANCELLED");
	event.attendee_email = NULL;
	file = one(&event, ICS_CANCEL, "UTC");
	expect_line(file, "METHOD:PUBLISH");
	expect_line(file, "STATUS:CANCELLED");
}

static void texts_are_escaped_and_bring_no_lines_of_their_own(void **state)
{
	(void)state;
	struct ics_event event = some_event();
	event.uid = "x\r\nATTACH:http://evil";
	event.summary = "a;b,c\\d\r\nBEGIN:VALARM\x01\x7F";
	event.meeting_url = "https://x.org/\r\nATTACH:y";
	event.location = "l\nATTACH:z";
	event.attendee_name = "N\"; X=\"y\r\nATTACH:w";
	event.attendee_email = "e@x.org\r\nATTACH:v";
	event.organizer_name = "O:P,Q";
	const char *file = one(&event, ICS_REQUEST, "America/New_York");
	assert_null(strstr(file, "\nATTACH"));
	assert_null(strstr(file, "\nBEGIN:VALARM"));
	expect_line(file, "SUMMARY:a\\;b\\,c\\\\d\\nBEGIN:VALARM");
	expect_line(file, "UID:xATTACH:http://evil");
	expect_line(file, "ORGANIZER;CN=\"O:P,Q\":mailto:coach@example.org");
	expect_line(file, "ATTENDEE;CN=\"N'; X='y ATTACH:w\";ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED:"
			  "mailto:e@x.orgATTACH:v");
}

static void lines_end_in_crlf_and_are_folded_between_characters(void **state)
{
	(void)state;
	struct ics_event event = some_event();
	char summary[600] = "x";
	for (int i = 0; i < 200; i++)
		strcat(summary, "\xC3\xA9");
	event.summary = summary;
	struct ics_text text = ics_appointment(&event, ICS_REQUEST, zone_find("Europe/Paris"), &mem);
	assert_int_equal(text.bytes[text.length - 1], '\n');
	for (const char *line = text.bytes; *line != '\0';) {
		const char *end = strstr(line, "\r\n");
		assert_non_null(end);
		assert_true(end - line <= 75);
		assert_null(memchr(line, '\n', (size_t)(end - line)));
		/* A folded line does not begin inside a character. */
		assert_int_not_equal((unsigned char)line[line[0] == ' '] & 0xC0, 0x80);
		line = end + 2;
	}
	char whole[700];
	snprintf(whole, sizeof(whole), "\nSUMMARY:%s\n", summary);
	assert_non_null(strstr(unfolded(text), whole));
}

static const char *feed(const char *name, const struct ics_event events[], size_t count, const char *zone)
{
	struct ics_text begin = ics_feed_begin(name, zone_find(zone), &mem);
	const char *text = begin.bytes;
	for (size_t i = 0; i < count; i++)
		text = arena_printf(&mem, "%s%s", text,
				    ics_feed_event(&events[i], zone_find(zone), &mem).bytes);
	text = arena_printf(&mem, "%s%s", text, ICS_FEED_END);
	icalcomponent *calendar = icalcomponent_new_from_string(text);
	assert_int_equal(icalcomponent_count_components(calendar, ICAL_VEVENT_COMPONENT), count);
	assert_int_equal(icalcomponent_count_components(calendar, ICAL_XLICINVALID_COMPONENT), 0);
	icalcomponent_free(calendar);
	return unfolded((struct ics_text){text, strlen(text)});
}

/* The file's VTIMEZONE. */
static const char *vtimezone(const char *file)
{
	const char *begin = strstr(file, "BEGIN:VTIMEZONE\n");
	const char *end = strstr(file, "END:VTIMEZONE\n");
	assert_true(begin != NULL && end > begin);
	return arena_strndup(&mem, begin, (size_t)(end - begin) + strlen("END:VTIMEZONE\n"));
}

static void a_zone_is_told_by_rules_and_in_the_same_words_in_every_file(void **state)
{
	(void)state;
	struct ics_event event = some_event();
	const char *text = vtimezone(one(&event, ICS_PUBLISH, "America/New_York"));
	assert_string_equal(
		text, "BEGIN:VTIMEZONE\nTZID:America/New_York\n"
		      "BEGIN:DAYLIGHT\nDTSTART:20070311T020000\nTZOFFSETFROM:-0500\nTZOFFSETTO:-0400\n"
		      "TZNAME:EDT\nRRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3\nEND:DAYLIGHT\n"
		      "BEGIN:STANDARD\nDTSTART:20071104T020000\nTZOFFSETFROM:-0400\nTZOFFSETTO:-0500\n"
		      "TZNAME:EST\nRRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11\nEND:STANDARD\nEND:VTIMEZONE\n");
	static const char *const starts[] = {"2020-01-01T12:00:00Z", "2026-07-01T12:00:00Z",
					     "2026-12-01T12:00:00Z", "2049-07-01T12:00:00Z"};
	static const char *const zones[] = {"America/New_York", "Africa/Casablanca", "Asia/Kathmandu", "UTC"};
	for (size_t z = 0; z < 4; z++) {
		const char *first = vtimezone(feed("Feed", NULL, 0, zones[z]));
		for (size_t i = 0; i < 4; i++) {
			event.start = at(starts[i]);
			event.end = event.start + 1800;
			assert_string_equal(vtimezone(one(&event, ICS_REQUEST, zones[z])), first);
		}
	}
	expect_line(one(&event, ICS_PUBLISH, "Asia/Kathmandu"), "TZOFFSETTO:+0545");
	expect_line(one(&event, ICS_PUBLISH, "UTC"), "DTSTART:19700101T000000");
}

static void what_was_before_the_described_years_is_written_in_utc(void **state)
{
	(void)state;
	struct ics_event event = some_event();
	event.start = at("2019-12-31T23:59:00Z");
	event.end = at("2020-01-01T00:30:00Z");
	expect_line(one(&event, ICS_PUBLISH, "America/New_York"), "DTSTART:20191231T235900Z");
}

static void the_second_round_of_an_hour_is_written_in_utc(void **state)
{
	(void)state;
	struct ics_event event = some_event();
	event.start = at("2026-11-01T05:30:00Z"); /* 01:30, the first time */
	event.end = at("2026-11-01T06:00:00Z");   /* 01:00, the second time */
	const char *file = one(&event, ICS_PUBLISH, "America/New_York");
	expect_line(file, "DTSTART:20261101T053000Z");
	expect_line(file, "DTEND:20261101T060000Z");
	event.end = at("2026-11-01T05:45:00Z");
	expect_line(one(&event, ICS_PUBLISH, "America/New_York"),
		    "DTSTART;TZID=America/New_York:20261101T013000");
}

static void a_feed_keeps_what_was_cancelled_and_asks_to_be_read_again(void **state)
{
	(void)state;
	struct ics_event events[2] = {some_event(), some_event()};
	events[1].uid = "second@google.com";
	events[1].cancelled = true;
	events[1].start = at("2027-06-01T14:00:00Z");
	events[1].end = at("2027-06-01T15:00:00Z");
	const char *file = feed("Damian's sessions", events, 2, "America/New_York");
	expect_line(file, "NAME:Damian's sessions");
	expect_line(file, "X-WR-CALNAME:Damian's sessions");
	expect_line(file, "REFRESH-INTERVAL;VALUE=DURATION:PT1H");
	expect_line(file, "STATUS:CANCELLED");
	expect_line(file, "STATUS:CONFIRMED");
	expect_line(file, "DTSTART;TZID=America/New_York:20270601T100000");
	expect_line(file, "BEGIN:DAYLIGHT");
	assert_null(strstr(strstr(file, "BEGIN:VTIMEZONE") + 1, "BEGIN:VTIMEZONE"));
	const char *empty = feed("None", NULL, 0, "UTC");
	expect_line(empty, "METHOD:PUBLISH");
	assert_null(strstr(empty, "VEVENT"));
}

/* libical's own reader, with the VTIMEZONE of the file, finds the instant again. */
static void the_file_reads_back_as_the_same_instant(void **state)
{
	(void)state;
	static const char *const starts[] = {"2026-03-08T06:59:00Z", "2026-03-08T07:00:00Z",
					     "2026-07-01T12:00:00Z", "2026-11-01T05:59:00Z",
					     "2026-11-01T06:30:00Z", "2026-12-31T23:30:00Z"};
	static const char *const zones[] = {"America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
					    "Europe/Dublin", "Africa/Casablanca"};
	for (size_t z = 0; z < 5; z++) {
		for (size_t i = 0; i < 6; i++) {
			struct ics_event event = some_event();
			event.start = at(starts[i]);
			event.end = event.start + 1800;
			struct ics_text text =
				ics_appointment(&event, ICS_PUBLISH, zone_find(zones[z]), &mem);
			icalcomponent *calendar = icalcomponent_new_from_string(text.bytes);
			icalcomponent *read =
				icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT);
			icalproperty *start = icalcomponent_get_first_property(read, ICAL_DTSTART_PROPERTY);
			icaltimetype time = icalproperty_get_datetime_with_component(start, calendar);
			assert_int_equal(icaltime_as_timet_with_zone(time, time.zone), event.start);
			icalcomponent_free(calendar);
		}
	}
}

static void *write_many(void *wanted)
{
	struct arena own = ARENA_EMPTY;
	const struct ics_event event = some_event();
	for (int i = 0; i < 200; i++) {
		struct ics_text text = ics_appointment(&event, ICS_REQUEST, zone_find("Europe/Paris"), &own);
		if (strcmp(text.bytes, wanted) != 0) {
			arena_clear(&own);
			return wanted;
		}
		arena_reset(&own);
	}
	arena_clear(&own);
	return NULL;
}

static void threads_write_the_same_file_at_once(void **state)
{
	(void)state;
	const struct ics_event event = some_event();
	char *wanted = (char *)ics_appointment(&event, ICS_REQUEST, zone_find("Europe/Paris"), &mem).bytes;
	pthread_t threads[4];
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_many, wanted), 0);
	for (size_t i = 0; i < 4; i++) {
		void *wrong = NULL;
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
}

static void every_line_ends_whole_whatever_its_length(void **state)
{
	(void)state;
	char summary[200];
	for (size_t length = 1; length < sizeof(summary); length++) {
		memset(summary, 'x', length);
		summary[length] = '\0';
		struct ics_event event = some_event();
		event.summary = summary;
		struct ics_text text = ics_appointment(&event, ICS_REQUEST, zone_find("Europe/Berlin"), &mem);
		for (size_t i = 0; i < text.length; i++) {
			if (text.bytes[i] == '\r')
				assert_int_equal(text.bytes[i + 1], '\n');
			if (text.bytes[i] == '\n')
				assert_int_equal(text.bytes[i - 1], '\r');
		}
		assert_non_null(strstr(unfolded(text), arena_printf(&mem, "SUMMARY:%s\n", summary)));
	}
}

static void what_is_blank_is_left_out(void **state)
{
	(void)state;
	struct ics_event event = some_event();
	event.summary = event.location = "\t\n \x01";
	event.attendee_email = "\r\n";
	const char *text = unfolded(ics_appointment(&event, ICS_REQUEST, zone_find("Europe/Berlin"), &mem));
	assert_null(strstr(text, "SUMMARY"));
	assert_null(strstr(text, "LOCATION"));
	assert_null(strstr(text, "ATTENDEE"));
	assert_non_null(strstr(text, "METHOD:PUBLISH"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_request_has_times_people_and_a_method, forget),
		cmocka_unit_test_teardown(the_meeting_link_is_in_every_place_that_clients_look, forget),
		cmocka_unit_test_teardown(what_is_published_names_no_attendee_and_a_cancellation_says_so,
					  forget),
		cmocka_unit_test_teardown(texts_are_escaped_and_bring_no_lines_of_their_own, forget),
		cmocka_unit_test_teardown(lines_end_in_crlf_and_are_folded_between_characters, forget),
		cmocka_unit_test_teardown(a_zone_is_told_by_rules_and_in_the_same_words_in_every_file,
					  forget),
		cmocka_unit_test_teardown(what_was_before_the_described_years_is_written_in_utc, forget),
		cmocka_unit_test_teardown(the_second_round_of_an_hour_is_written_in_utc, forget),
		cmocka_unit_test_teardown(a_feed_keeps_what_was_cancelled_and_asks_to_be_read_again, forget),
		cmocka_unit_test_teardown(the_file_reads_back_as_the_same_instant, forget),
		cmocka_unit_test_teardown(threads_write_the_same_file_at_once, forget),
		cmocka_unit_test_teardown(every_line_ends_whole_whatever_its_length, forget),
		cmocka_unit_test_teardown(what_is_blank_is_left_out, forget),
	};
	return cmocka_run_group_tests_name("ics", tests, NULL, NULL);
}
