#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "net/google_calendar.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static instant at(const char *text)
{
	instant value = 0;

	assert_true(instant_parse(text, strlen(text), &value));
	return value;
}

static bool read_event(struct arena *mem, const char *body, struct google_event *event)
{
	return google_event_read(mem, body, strlen(body), event);
}

/* --- reading ---------------------------------------------------------------------------------------- */

/* What insert answers when Meet is ready at once. */
static const char meet_reply[] =
	"{\"kind\":\"calendar#event\",\"etag\":\"\\\"3044897856406000\\\"\",\"id\":"
	"\"0a1b2c3d4e5f60718293a4b5c6d7e8f9\","
	"\"status\":\"confirmed\",\"htmlLink\":\"https://www.google.com/calendar/event?eid=abc\","
	"\"created\":\"2018-03-30T22:28:48.000Z\",\"updated\":\"2018-03-30T22:28:48.203Z\",\"summary\":"
	"\"Coaching\","
	"\"start\":{\"dateTime\":\"2026-11-24T09:00:00-05:00\",\"timeZone\":\"America/New_York\"},"
	"\"end\":{\"dateTime\":\"2026-11-24T09:30:00-05:00\",\"timeZone\":\"America/New_York\"},"
	"\"hangoutLink\":\"https://meet.google.com/"
	"zzz-zzzz-zzz\",\"conferenceData\":{\"createRequest\":{\"requestId\":\"r1\","
	"\"conferenceSolutionKey\":{\"type\":\"hangoutsMeet\"},\"status\":{\"statusCode\":\"success\"}},"
	"\"entryPoints\":["
	"{\"entryPointType\":\"phone\",\"uri\":\"tel:+1-555\"},"
	"{\"entryPointType\":\"video\",\"uri\":\"https://meet.google.com/aaa-bbbb-ccc\",\"label\":\"meet\"}],"
	"\"conferenceSolution\":{\"key\":{\"type\":\"hangoutsMeet\"},\"name\":\"Google "
	"Meet\"},\"conferenceId\":\"aaa-bbbb-ccc\"},"
	"\"attendees\":[{\"email\":\"ann@example.com\",\"responseStatus\":\"accepted\"},"
	"{\"email\":\"coach@example.com\",\"self\":true,\"organizer\":true,\"responseStatus\":\"declined\"},"
	"{\"email\":\"bob@example.com\",\"responseStatus\":\"tentative\"},{\"responseStatus\":"
	"\"needsAction\"}],"
	"\"extendedProperties\":{\"private\":{\"bookingId\":\"B-1\",\"other\":\"x\"},\"shared\":{"
	"\"bookingId\":\"no\"}}}";

static void an_event_is_read_into_plain_values(void **state)
{
	(void)state;
	struct arena mem = ARENA_EMPTY;
	struct google_event event;

	assert_true(read_event(&mem, meet_reply, &event));
	assert_string_equal(event.id, "0a1b2c3d4e5f60718293a4b5c6d7e8f9");
	assert_int_equal(event.status, GOOGLE_EVENT_CONFIRMED);
	assert_string_equal(event.etag, "\"3044897856406000\"");
	assert_true(event.has_time);
	assert_false(event.all_day);
	assert_int_equal(event.start, at("2026-11-24T14:00:00Z"));
	assert_int_equal(event.end, at("2026-11-24T14:30:00Z"));
	assert_string_equal(event.time_zone, "America/New_York");
	assert_int_equal(event.updated, at("2018-03-30T22:28:48Z"));
	assert_string_equal(event.html_link, "https://www.google.com/calendar/event?eid=abc");
	assert_string_equal(event.booking_id, "B-1");
	assert_false(event.transparent);
	assert_false(event.recurring);
	assert_string_equal(event.meet_url, "https://meet.google.com/aaa-bbbb-ccc");
	assert_int_equal(event.conference, GOOGLE_CONFERENCE_SUCCESS);
	assert_int_equal(event.attendee_count, 4);
	assert_string_equal(event.attendees[0].email, "ann@example.com");
	assert_int_equal(event.attendees[0].response, GOOGLE_RESPONSE_ACCEPTED);
	assert_false(event.attendees[0].self);
	assert_int_equal(event.attendees[1].response, GOOGLE_RESPONSE_DECLINED);
	assert_true(event.attendees[1].self);
	assert_true(event.attendees[1].organizer);
	assert_non_null(strstr(event.attendees[1].json, "\"self\":true"));
	assert_int_equal(event.attendees[2].response, GOOGLE_RESPONSE_TENTATIVE);
	assert_null(event.attendees[3].email);
	assert_int_equal(event.attendees[3].response, GOOGLE_RESPONSE_NEEDED);
	arena_clear(&mem);
}

static void a_conference_has_the_state_google_gives_it(void **state)
{
	(void)state;
#define REQUEST(code) "\"createRequest\":{\"requestId\":\"r\",\"status\":{\"statusCode\":\"" code "\"}}"
	static const struct {
		const char *members; /* of the event, after the id */
		enum google_conference conference;
		const char *url;
	} cases[] = {
		{"", GOOGLE_CONFERENCE_NONE, NULL},
		{",\"conferenceData\":{" REQUEST("pending") "}", GOOGLE_CONFERENCE_PENDING, NULL},
		{",\"conferenceData\":{" REQUEST("failure") "}", GOOGLE_CONFERENCE_FAILURE, NULL},
		{",\"conferenceData\":{\"createRequest\":{\"requestId\":\"r\"}}", GOOGLE_CONFERENCE_PENDING,
		 NULL},
		{",\"conferenceData\":{" REQUEST("somethingNew") "}", GOOGLE_CONFERENCE_PENDING, NULL},
		{",\"hangoutLink\":\"https://meet.google.com/a\"", GOOGLE_CONFERENCE_SUCCESS,
		 "https://meet.google.com/a"},
		{",\"hangoutLink\":\"https://meet.google.com/a\",\"conferenceData\":{" REQUEST("success") "}",
		 GOOGLE_CONFERENCE_SUCCESS, "https://meet.google.com/a"},
		{",\"conferenceData\":{\"entryPoints\":[{\"entryPointType\":\"video\",\"uri\":\"https://"
		 "meet.google.com/b\"}]}",
		 GOOGLE_CONFERENCE_SUCCESS, "https://meet.google.com/b"},
		{",\"conferenceData\":{" REQUEST("success") ",\"entryPoints\":[]}", GOOGLE_CONFERENCE_SUCCESS,
		 NULL},
	};
	struct arena mem = ARENA_EMPTY;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct google_event event;

		assert_true(read_event(&mem, arena_printf(&mem, "{\"id\":\"abcde\"%s}", cases[i].members),
				       &event));
		assert_int_equal(event.conference, cases[i].conference);
		if (cases[i].url)
			assert_string_equal(event.meet_url, cases[i].url);
		else
			assert_null(event.meet_url);
	}
	arena_clear(&mem);
}

static void only_an_https_link_is_handed_to_clients(void **state)
{
	(void)state;
	static const char *const links[] = {"http://meet.google.com/a",
					    "javascript:alert(1)",
					    "https://a b",
					    "https://a/\\\"><script>",
					    "ftp://x",
					    "https://a/\\n",
					    ""};
	struct arena mem = ARENA_EMPTY;

	for (size_t i = 0; i < COUNT(links); i++) {
		char *body = arena_printf(&mem, "{\"id\":\"a\",\"hangoutLink\":\"%s\",\"htmlLink\":\"%s\"}",
					  links[i], links[i]);
		struct google_event event;

		assert_true(read_event(&mem, body, &event));
		assert_null(event.meet_url);
		assert_null(event.html_link);
	}
	arena_clear(&mem);
}

static void a_deleted_event_needs_nothing_but_its_id(void **state)
{
	(void)state;
	struct arena mem = ARENA_EMPTY;
	struct google_event event;

	assert_true(read_event(&mem, "{\"id\":\"abcde\",\"status\":\"cancelled\"}", &event));
	assert_int_equal(event.status, GOOGLE_EVENT_CANCELLED);
	assert_false(event.has_time);
	assert_int_equal(event.start, 0);
	assert_null(event.booking_id);
	assert_null(event.etag);
	assert_int_equal(event.attendee_count, 0);
	arena_clear(&mem);
}

static void an_all_day_event_lasts_from_midnight_to_midnight_of_its_zone(void **state)
{
	(void)state;
	static const struct {
		const char *zone;
		const char *start;
		const char *end;
	} cases[] = {
		/* The day the clocks go back has 25 hours. */
		{"\"timeZone\":\"America/New_York\",", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
		{"\"timeZone\":\"Asia/Kathmandu\",", "2026-10-31T18:15:00Z", "2026-11-01T18:15:00Z"},
		{"\"timeZone\":\"Nowhere/At_All\",", "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"},
		{"", "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"},
	};
	struct arena mem = ARENA_EMPTY;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct google_event_page page;
		char *body = arena_printf(&mem,
					  "{%s\"items\":[{\"id\":\"a\",\"start\":{\"date\":\"2026-11-01\"},"
					  "\"end\":{\"date\":\"2026-11-02\"}}]}",
					  cases[i].zone);

		assert_true(google_event_page_read(&mem, body, strlen(body), &page));
		assert_true(page.events[0].has_time && page.events[0].all_day);
		assert_int_equal(page.events[0].start, at(cases[i].start));
		assert_int_equal(page.events[0].end, at(cases[i].end));
		assert_int_equal(page.events[0].start_date.day, 1);
		assert_int_equal(page.events[0].end_date.day, 2);
	}
	arena_clear(&mem);
}

static void times_that_make_no_sense_are_no_times(void **state)
{
	(void)state;
	static const char *const times[] = {
		"\"start\":{\"dateTime\":\"2026-11-24T09:00:00Z\"}",
		"\"start\":{\"dateTime\":\"2026-11-24T09:00:00\"},\"end\":{\"dateTime\":\"2026-11-24T10:00:"
		"00\"}",
		"\"start\":{\"dateTime\":\"2026-11-24T11:00:00Z\"},\"end\":{\"dateTime\":\"2026-11-24T10:00:"
		"00Z\"}",
		"\"start\":{\"date\":\"2026-11-24\"},\"end\":{\"dateTime\":\"2026-11-24T10:00:00Z\"}",
		"\"start\":{\"date\":\"2026-02-30\"},\"end\":{\"date\":\"2026-03-01\"}",
		"\"start\":7,\"end\":[]",
	};
	struct arena mem = ARENA_EMPTY;

	for (size_t i = 0; i < COUNT(times); i++) {
		struct google_event event;

		assert_true(read_event(&mem, arena_printf(&mem, "{\"id\":\"a\",%s}", times[i]), &event));
		assert_false(event.has_time);
		assert_int_equal(event.end, 0);
	}
	arena_clear(&mem);
}

static void what_is_no_event_is_refused(void **state)
{
	(void)state;
	static const char *const bodies[] = {
		"", "{}", "[]", "null", "{\"id\":7}", "{\"id\":\"\"}", "{\"id\":\"a\"", "<html>"};
	struct arena mem = ARENA_EMPTY;
	struct google_event event;

	for (size_t i = 0; i < COUNT(bodies); i++)
		assert_false(read_event(&mem, bodies[i], &event));
	arena_clear(&mem);
}

static void a_page_carries_its_tokens_and_the_calendars_own_facts(void **state)
{
	(void)state;
	static const char first[] =
		"{\"summary\":\"coach@example.com\",\"timeZone\":\"Europe/Madrid\",\"accessRole\":\"owner\","
		"\"nextPageToken\":\"p2\",\"items\":[]}";
	static const char last[] =
		"{\"nextSyncToken\":\"s1\",\"items\":[{\"id\":\"a\",\"transparency\":\"transparent\","
		"\"recurringEventId\":\"r\"},{\"id\":\"b\",\"status\":\"tentative\"}]}";
	struct arena mem = ARENA_EMPTY;
	struct google_event_page page;

	assert_true(google_event_page_read(&mem, first, strlen(first), &page));
	assert_int_equal(page.count, 0);
	assert_string_equal(page.next_page, "p2");
	assert_null(page.next_sync);
	assert_string_equal(page.title, "coach@example.com");
	assert_string_equal(page.time_zone, "Europe/Madrid");
	assert_string_equal(page.access_role, "owner");
	assert_true(google_event_page_read(&mem, last, strlen(last), &page));
	assert_int_equal(page.count, 2);
	assert_null(page.next_page);
	assert_string_equal(page.next_sync, "s1");
	assert_true(page.events[0].transparent);
	assert_true(page.events[0].recurring);
	assert_int_equal(page.events[1].status, GOOGLE_EVENT_TENTATIVE);
	assert_true(google_event_page_read(&mem, "{}", 2, &page));
	assert_int_equal(page.count, 0);
	assert_false(google_event_page_read(&mem, "[]", 2, &page));
	assert_false(google_event_page_read(&mem, "{\"items\":{}}", 12, &page));
	assert_false(google_event_page_read(&mem, "{\"items\":[{}]}", 14, &page));
	arena_clear(&mem);
}

static void a_channel_ends_when_google_says(void **state)
{
	(void)state;
	static const struct {
		const char *body;
		bool good;
		instant expires;
	} cases[] = {
		{"{\"kind\":\"api#channel\",\"resourceId\":\"r\",\"expiration\":\"1795000000999\"}", true,
		 1795000000},
		{"{\"resourceId\":\"r\",\"expiration\":1795000000999}", true, 1795000000},
		{"{\"resourceId\":\"r\"}", true, 0},
		{"{\"expiration\":\"1795000000999\"}", false, 0},
		{"{\"resourceId\":\"r\",\"expiration\":\"soon\"}", false, 0},
		{"{\"resourceId\":\"r\",\"expiration\":\"-1\"}", false, 0},
		{"{\"resourceId\":\"r\",\"expiration\":\"99999999999999999999999999\"}", false, 0},
		{"{\"resourceId\":\"r\",\"expiration\":-1}", false, 0},
		{"", false, 0},
	};
	struct arena mem = ARENA_EMPTY;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct google_channel channel;

		assert_int_equal(google_channel_read(&mem, cases[i].body, strlen(cases[i].body), &channel),
				 cases[i].good);
		if (cases[i].good)
			assert_int_equal(channel.expires, cases[i].expires);
	}
	arena_clear(&mem);
}

/* --- writing ----------------------------------------------------------------------------------------- */

static const struct google_guest guests[] = {
	{"ann@example.com", "Ann \"A\" Example", NULL},
	{"bob@example.com", NULL, "{\"email\":\"bob@example.com\",\"optional\":true}"}};
static const int minutes[] = {10, 60};

static struct google_event_draft full_draft(void)
{
	return (struct google_event_draft){
		.id = "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
		.booking_id = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
		.trace = "t",
		.summary = "Coaching",
		.description = "line\nline",
		.location = "Room",
		.start = at("2026-11-24T14:00:00Z"),
		.end = at("2026-11-24T14:30:00Z"),
		.time_zone = "America/New_York",
		.guests = guests,
		.guest_count = 2,
		.guests_apart = true,
		.conference_request = "r1",
		.popup_reminders = minutes,
		.popup_reminder_count = 2,
	};
}

static void expect_written(const struct google_event_draft *draft, unsigned parts, const char *expected)
{
	struct buffer body;

	buffer_init(&body, 10000);
	google_event_write(&body, draft, parts);
	json_t *written = json_loadb(body.bytes, body.length, JSON_REJECT_DUPLICATES, NULL);
	json_t *wanted = json_loads(expected, 0, NULL);

	assert_non_null(wanted);
	if (!json_equal(written, wanted))
		fail_msg("%s", buffer_text(&body));
	json_decref(written);
	json_decref(wanted);
	buffer_clear(&body);
}

static void an_insert_says_everything(void **state)
{
	(void)state;
	struct google_event_draft draft = full_draft();

	expect_written(&draft, 0,
		       "{\"id\":\"0a1b2c3d4e5f60718293a4b5c6d7e8f9\",\"summary\":\"Coaching\","
		       "\"description\":\"line\\nline\","
		       "\"location\":\"Room\",\"start\":{\"dateTime\":\"2026-11-24T14:00:00Z\",\"timeZone\":"
		       "\"America/New_York\"},"
		       "\"end\":{\"dateTime\":\"2026-11-24T14:30:00Z\",\"timeZone\":\"America/New_York\"},"
		       "\"guestsCanSeeOtherGuests\":false,\"attendees\":[{\"email\":\"ann@example.com\","
		       "\"displayName\":\"Ann \\\"A\\\" "
		       "Example\"},{\"email\":\"bob@example.com\",\"optional\":true}],"
		       "\"conferenceData\":{\"createRequest\":{\"requestId\":\"r1\","
		       "\"conferenceSolutionKey\":{\"type\":\"hangoutsMeet\"}}},"
		       "\"reminders\":{\"useDefault\":false,\"overrides\":[{\"method\":\"popup\",\"minutes\":"
		       "10},{\"method\":\"popup\",\"minutes\":60}]},"
		       "\"extendedProperties\":{\"private\":{\"bookingId\":\"0a1b2c3d-4e5f-6071-8293-"
		       "a4b5c6d7e8f9\",\"bookingdTrace\":\"t\"}}}");
}

static void a_service_account_without_impersonation_sends_no_guests_and_no_conference(void **state)
{
	(void)state;
	struct google_event_draft draft = {.id = "abcde",
					   .booking_id = "b",
					   .start = at("2026-11-24T14:00:00Z"),
					   .end = at("2026-11-24T15:00:00Z")};

	expect_written(&draft, 0,
		       "{\"id\":\"abcde\",\"summary\":\"\",\"description\":\"\","
		       "\"start\":{\"dateTime\":\"2026-11-24T14:00:00Z\",\"timeZone\":\"UTC\"},"
		       "\"end\":{\"dateTime\":\"2026-11-24T15:00:00Z\",\"timeZone\":\"UTC\"},"
		       "\"extendedProperties\":{\"private\":{\"bookingId\":\"b\"}}}");
}

static void a_patch_sends_the_parts_it_was_told_and_no_others(void **state)
{
	(void)state;
	struct google_event_draft draft = full_draft();

	/* A whole day, which the coach has made it, goes. */
	expect_written(&draft, GOOGLE_PART_TIME,
		       "{\"start\":{\"date\":null,\"dateTime\":\"2026-11-24T14:00:00Z\",\"timeZone\":"
		       "\"America/New_York\"},"
		       "\"end\":{\"date\":null,\"dateTime\":\"2026-11-24T14:30:00Z\",\"timeZone\":"
		       "\"America/New_York\"}}");
	expect_written(
		&draft, GOOGLE_PART_CONFERENCE | GOOGLE_PART_REVIVE,
		"{\"status\":\"confirmed\",\"conferenceData\":{\"createRequest\":{\"requestId\":\"r1\","
		"\"conferenceSolutionKey\":{\"type\":\"hangoutsMeet\"}}}}");
	draft.guest_count = 0;
	draft.summary = NULL;
	draft.location = "";
	expect_written(
		&draft, GOOGLE_PART_TEXT | GOOGLE_PART_GUESTS,
		"{\"summary\":\"\",\"description\":\"line\\nline\",\"location\":\"\",\"attendees\":[],"
		"\"extendedProperties\":{\"private\":{\"bookingId\":\"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9\","
		"\"bookingdTrace\":\"t\"}}}");
	expect_written(&draft, GOOGLE_PART_PLACE, "{\"location\":\"\"}");
}

static void an_event_id_is_the_uuid_in_letters_google_takes(void **state)
{
	(void)state;
	char id[GOOGLE_EVENT_ID_BYTES];

	assert_true(google_event_id("0A1B2C3D-4e5f-6071-8293-a4b5c6d7e8f9", id));
	assert_string_equal(id, "0a1b2c3d4e5f60718293a4b5c6d7e8f9");
	assert_false(google_event_id("0a1b2c3d4e5f60718293a4b5c6d7e8f9", id));
	assert_false(google_event_id("", id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_read_into_plain_values),
		cmocka_unit_test(a_conference_has_the_state_google_gives_it),
		cmocka_unit_test(only_an_https_link_is_handed_to_clients),
		cmocka_unit_test(a_deleted_event_needs_nothing_but_its_id),
		cmocka_unit_test(an_all_day_event_lasts_from_midnight_to_midnight_of_its_zone),
		cmocka_unit_test(times_that_make_no_sense_are_no_times),
		cmocka_unit_test(what_is_no_event_is_refused),
		cmocka_unit_test(a_page_carries_its_tokens_and_the_calendars_own_facts),
		cmocka_unit_test(a_channel_ends_when_google_says),
		cmocka_unit_test(an_insert_says_everything),
		cmocka_unit_test(a_service_account_without_impersonation_sends_no_guests_and_no_conference),
		cmocka_unit_test(a_patch_sends_the_parts_it_was_told_and_no_others),
		cmocka_unit_test(an_event_id_is_the_uuid_in_letters_google_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
