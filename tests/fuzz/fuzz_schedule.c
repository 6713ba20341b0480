/* Schedule documents: one that is read is written as the same again, and its slots are in order and bookable.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "domain/schedule_json.h"
#include "domain/slot.h"

static void check_again(const struct schedule *schedule, struct arena *mem)
{
	struct buffer once;
	struct buffer twice;
	struct schedule_faults faults;
	buffer_init(&once, 1 << 20);
	buffer_init(&twice, 1 << 20);
	schedule_write(schedule, &once);
	const struct schedule *again = schedule_read_text(buffer_text(&once), once.length, mem, mem, &faults);
	if (again == NULL)
		abort();
	schedule_write(again, &twice);
	if (strcmp(buffer_text(&once), buffer_text(&twice)) != 0)
		abort();
	buffer_clear(&once);
	buffer_clear(&twice);
}

static void check_slots(const struct schedule *schedule, struct arena *mem)
{
	static const struct interval busy[] = {{1795528800, 1795530600}, {1795600000, 1795690000}};
	const instant now = 1795500000;
	const struct session_type *type = schedule_type(schedule, NULL);
	const struct slot_question question = {
		.schedule = schedule,
		.type = type,
		.duration = type->durations[0] * SECONDS_PER_MINUTE,
		.now = now,
		.exempt = true,
		.calendar = {busy, 2},
	};
	struct slots slots = slot_list(&question, now, now + 4 * SECONDS_PER_DAY, mem);
	for (size_t i = 0; i < slots.count; i++) {
		if (i > 0 && slots.starts[i] <= slots.starts[i - 1])
			abort();
		if (i < 20 && slot_judge(&question, slots.starts[i], mem).count != 0)
			abort();
	}
	for (instant start = now; start < now + SECONDS_PER_DAY; start += 7777) {
		struct slot_verdict verdict = slot_judge(&question, start, mem);
		for (size_t i = 0; i < verdict.count; i++)
			slot_reason_detail(&question, start, &verdict.reasons[i],
					   (struct slot_listener){schedule->zone, i % 2 == 0}, mem);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena mem = ARENA_EMPTY;
	struct schedule_faults faults;
	const struct schedule *schedule = schedule_read_text((const char *)bytes, size, &mem, &mem, &faults);
	if (schedule != NULL) {
		check_again(schedule, &mem);
		check_slots(schedule, &mem);
	} else if (faults.count == 0 || faults.at[0].verdict == JSON_READ || faults.at[0].detail == NULL) {
		abort();
	}
	arena_clear(&mem);
	return 0;
}
