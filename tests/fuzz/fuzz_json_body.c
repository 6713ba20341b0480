/* Request bodies: what passes is within its bounds, and what was read can be written as JSON again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static void check_text(const char *text, size_t min, size_t max, struct arena *mem)
{
	if (text == NULL)
		return;
	if (utf8_length(text) < min || utf8_length(text) > max || !utf8_valid(text, strlen(text)))
		abort();
	struct buffer out;
	struct json_writer writer;
	struct json_fault fault;
	buffer_init(&out, 1 << 20);
	json_writer_init(&writer, &out);
	json_write_object(&writer, NULL);
	json_write_text(&writer, "again", text);
	json_write_object_end(&writer);
	json_t *again = json_parse_object(mem, buffer_text(&out), out.length, &fault);
	if (again == NULL || strcmp(json_string_value(json_object_get(again, "again")), text) != 0)
		abort();
	json_decref(again);
	buffer_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena mem = ARENA_EMPTY;
	const char *name = NULL, *id = NULL;
	int64_t minutes = 0;
	instant start = 0;
	bool present = false;
	const struct json_field fields[] = {
		{"start", JSON_FIELD_INSTANT, true, 0, 0, &start, NULL},
		{"duration_minutes", JSON_FIELD_INTEGER, false, 1, 1440, &minutes, &present},
		{"name", JSON_FIELD_TEXT, false, 1, 200, &name, NULL},
		{"coach", JSON_FIELD_ID, false, 1, 64, &id, NULL},
	};
	struct json_fault fault = {0};

	if (json_read_body(&mem, (const char *)bytes, size, fields, 4, &fault)) {
		if (start < INSTANT_MIN || start > INSTANT_MAX ||
		    (present && (minutes < 1 || minutes > 1440)))
			abort();
		check_text(name, 1, 200, &mem);
		check_text(id, 1, 64, &mem);
	} else if (fault.verdict == JSON_READ || fault.detail == NULL) {
		abort();
	}
	arena_clear(&mem);
	return 0;
}
