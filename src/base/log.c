#include "base/log.h"

#include "base/buffer.h"
#include "base/instant.h"
#include "base/json.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 8 * 1024 };

static enum log_level least_level = LOG_INFO;
static enum log_format line_format = LOG_JSON;

void log_setup(enum log_level least, enum log_format format)
{
	least_level = least;
	line_format = format;
}

bool log_enabled(enum log_level level)
{
	return level >= least_level;
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_DEBUG:
		return "debug";
	case LOG_INFO:
		return "info";
	case LOG_WARNING:
		return "warning";
	case LOG_ERROR:
		return "error";
	}
	return "error";
}

static void put_value(struct buffer *line, const struct log_field *field)
{
	switch (field->kind) {
	case LOG_FIELD_TEXT:
		json_put_text(line, field->text);
		break;
	case LOG_FIELD_INTEGER:
		buffer_printf(line, "%" PRId64, field->integer);
		break;
	case LOG_FIELD_NUMBER:
		buffer_printf(line, "%.3f", field->number);
		break;
	case LOG_FIELD_END:
		break;
	}
}

void log_event(enum log_level level, const char *event, const struct log_field fields[])
{
	if (!log_enabled(level))
		return;
	__attribute__((cleanup(buffer_clear))) struct buffer line;
	buffer_init(&line, LINE_BYTES);
	char time[INSTANT_TEXT_BYTES];
	instant_format(instant_now(), time);

	bool json = line_format == LOG_JSON;
	buffer_printf(&line, json ? "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"" : "%s %s %s", time,
		      level_name(level), event);
	for (const struct log_field *field = fields; field->kind != LOG_FIELD_END; field++) {
		if (field->kind == LOG_FIELD_TEXT && field->text == NULL)
			continue;
		size_t before = line.length;
		buffer_printf(&line, json ? ",\"%s\":" : " %s=", field->name);
		put_value(&line, field);
		if (line.overflowed || line.length + 2 > LINE_BYTES) {
			/* Leave a whole line: drop the field that does not fit, and those after it. */
			line.length = before;
			line.overflowed = false;
			break;
		}
	}
	buffer_append_text(&line, json ? "}\n" : "\n");
	ssize_t written = write(STDERR_FILENO, line.bytes, line.length);
	(void)written; /* nobody is left to tell */
}
