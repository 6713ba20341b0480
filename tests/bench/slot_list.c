/*
 * slot_list - what the slot engine costs: 62 days of 15-minute slots, round the clock, with 500 busy times
 * and limits.
 *
 * Prints one line of JSON: the microseconds of CPU of one listing, of writing its starts out as text, and
 * their ratio; exits 1 if a listing takes a millisecond or more.
 */
#include "domain/schedule_json.h"
#include "domain/slot.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 500, DAYS = 62, BUSY = 500 };

static const char document[] =
	"{\"time_zone\":\"America/"
	"New_York\",\"weekly\":[{\"days\":[\"MO\",\"TU\",\"WE\",\"TH\",\"FR\",\"SA\",\"SU\"],"
	"\"from\":\"00:00\",\"to\":\"24:00\"}],\"blocked\":[{\"from\":\"2026-12-25\",\"to\":\"2026-12-27\"}],"
	"\"policy\":{\"step_minutes\":15,\"horizon_days\":90,\"min_notice_minutes\":0,\"max_per_day\":50},"
	"\"session_types\":[{\"id\":\"a\",\"durations\":[15]}]}";

static double cpu_microseconds(void)
{
	struct timespec used;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (double)used.tv_sec * 1e6 + (double)used.tv_nsec / 1e3;
}

int main(void)
{
	const instant now = 1795528800; /* 2026-11-24T14:00:00Z */
	struct arena mem = ARENA_EMPTY;
	struct arena work = ARENA_EMPTY;
	struct schedule_faults faults;
	const struct schedule *schedule = schedule_read_text(document, strlen(document), &mem, &mem, &faults);
	if (schedule == NULL)
		return 2;

	struct interval busy[BUSY];
	for (int i = 0; i < BUSY; i++)
		busy[i] = (struct interval){now + i * 10700, now + i * 10700 + 1800};
	struct day_count counts[DAYS];
	for (int i = 0; i < DAYS; i++)
		counts[i] = (struct day_count){zone_day(schedule->zone, now) + i, i % 10 == 0 ? 50 : 3};
	const struct slot_question question = {
		.schedule = schedule,
		.type = schedule_type(schedule, NULL),
		.duration = 15 * SECONDS_PER_MINUTE,
		.now = now,
		.calendar = {busy, BUSY / 2},
		.appointments = {busy + BUSY / 2, BUSY / 2},
		.day_counts = counts,
		.day_counts_length = DAYS,
	};

	struct slots slots = {NULL, 0};
	double before = cpu_microseconds();
	for (int i = 0; i < ROUNDS; i++) {
		arena_reset(&work);
		slots = slot_list(&question, now, now + (seconds)DAYS * SECONDS_PER_DAY, &work);
	}
	double listing = (cpu_microseconds() - before) / ROUNDS;

	struct buffer reply;
	buffer_init(&reply, 1 << 20);
	before = cpu_microseconds();
	for (int i = 0; i < ROUNDS; i++) {
		buffer_reset(&reply);
		for (size_t s = 0; s < slots.count; s++) {
			char text[INSTANT_TEXT_BYTES];
			instant_format(slots.starts[s], text);
			buffer_append(&reply, text, INSTANT_TEXT_BYTES - 1);
		}
	}
	double writing = (cpu_microseconds() - before) / ROUNDS;
	printf("{\"slots\":%zu,\"listing_us\":%.1f,\"writing_us\":%.1f,\"ratio\":%.2f}\n", slots.count,
	       listing, writing, listing / writing);
	buffer_clear(&reply);
	arena_clear(&work);
	arena_clear(&mem);
	return listing < 1000 ? 0 : 1;
}
