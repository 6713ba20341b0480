#include "base/log.h"

#include "base/buffer.h"
#include "base/die.h"
#include "base/instant.h"
#include "base/json.h"
#include "base/service.h"

#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A reader that has fallen behind gets so long to make room; one that is stuck costs it once. */
enum { LATE_MS = 20 };

/* Changed while threads log, when the settings are read again. */
static _Atomic enum log_level least_level = LOG_INFO;
static _Atomic enum log_format line_format = LOG_JSON;
static _Atomic bool to_journal;

static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;
static int64_t dropped; /* lines that nobody took; under the lock */

static _Thread_local struct log_batch *gathered; /* NULL: each line is written by itself */

static void report_death(const char *file, int line, const char *reason)
{
	log_line(LOG_ERROR, "died", LOG_TEXT_FIELD("file", file), LOG_INTEGER_FIELD("line", line),
		 LOG_TEXT_FIELD("reason", reason));
}

void log_setup(enum log_level least, enum log_format format)
{
	least_level = least;
	line_format = format;
	to_journal = service_stderr_is_journal();
	die_report_by(report_death);
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

/* For the journal, which takes it off. */
static const char *priority(enum log_level level)
{
	switch (level) {
	case LOG_DEBUG:
		return "<7>";
	case LOG_INFO:
		return "<6>";
	case LOG_WARNING:
		return "<4>";
	case LOG_ERROR:
		return "<3>";
	}
	return "<3>";
}

/* Three digits behind the point. */
static void put_number(struct buffer *line, double number)
{
	const double exact_below = 1e12;
	if (!(number > -exact_below && number < exact_below)) {
		buffer_printf(line, "%.3f", number);
		return;
	}
	int64_t thousandths = llround(number * 1000);
	if (thousandths < 0)
		buffer_append_char(line, '-');
	uint64_t size = (uint64_t)llabs(thousandths);
	buffer_append_integer(line, (int64_t)(size / 1000));
	const char digits[] = {'.', (char)('0' + size / 100 % 10), (char)('0' + size / 10 % 10),
			       (char)('0' + size % 10)};
	buffer_append(line, digits, sizeof(digits));
}

static void put_value(struct buffer *line, const struct log_field *field)
{
	switch (field->kind) {
	case LOG_FIELD_TEXT:
		json_put_text(line, field->text);
		break;
	case LOG_FIELD_INTEGER:
		buffer_append_integer(line, field->integer);
		break;
	case LOG_FIELD_NUMBER:
		put_number(line, field->number);
		break;
	case LOG_FIELD_END:
		break;
	}
}

static void put_field(struct buffer *line, const struct log_field *field)
{
	if (line_format == LOG_JSON) {
		buffer_append(line, field->name, field->name_length);
	} else {
		buffer_append_char(line, ' ');
		buffer_append(line, field->name + strlen(",\""), field->name_length - strlen(",\"\":"));
		buffer_append_char(line, '=');
	}
	put_value(line, field);
}

static void put_start(struct buffer *line, enum log_level level, const char *event)
{
	char time[INSTANT_TEXT_BYTES];
	instant_format(instant_now(), time);
	bool json = line_format == LOG_JSON;
	if (to_journal)
		buffer_append_text(line, priority(level));
	buffer_append_text(line, json ? "{\"time\":\"" : "");
	buffer_append(line, time, sizeof(time) - 1);
	buffer_append_text(line, json ? "\",\"level\":\"" : " ");
	buffer_append_text(line, level_name(level));
	buffer_append_text(line, json ? "\",\"event\":\"" : " ");
	buffer_append_text(line, event);
	buffer_append_text(line, json ? "\"" : "");
}

static void put_end(struct buffer *line)
{
	buffer_append_text(line, line_format == LOG_JSON ? "}\n" : "\n");
}

/*
 * At most LOG_LINE_BYTES, if that goes without waiting longer than `patience` milliseconds. Asked first,
 * since O_NONBLOCK would be set for whoever else has stderr open; under the lock, so that no other thread
 * takes the room in between.
 */
static bool try_write(const char *bytes, size_t length, int patience)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
	return poll(&out, 1, patience) == 1 && (out.revents & POLLOUT) != 0 &&
	       write(STDERR_FILENO, bytes, length) == (ssize_t)length;
}

static bool tell_dropped(void)
{
	char room[256];
	struct buffer line;
	buffer_init_over(&line, room, sizeof(room));
	put_start(&line, LOG_WARNING, "log_lines_dropped");
	put_field(&line, &LOG_INTEGER_FIELD("lines", dropped));
	put_end(&line);
	return try_write(line.bytes, line.length, 0);
}

static void write_lines(const char *bytes, size_t length, int64_t lines)
{
	pthread_mutex_lock(&writing);
	if (dropped > 0 && tell_dropped())
		dropped = 0;
	if (dropped > 0 || !try_write(bytes, length, LATE_MS))
		dropped += lines;
	pthread_mutex_unlock(&writing);
}

void log_flush(void)
{
	struct log_batch *batch = gathered;
	if (batch == NULL || batch->lines == 0)
		return;
	write_lines(batch->bytes, batch->length, batch->lines);
	batch->lines = 0;
	batch->length = 0;
}

void log_gather(struct log_batch *batch)
{
	log_flush();
	gathered = batch;
}

static void take_line(enum log_level level, const struct buffer *line)
{
	struct log_batch *batch = gathered;
	if (batch == NULL) {
		write_lines(line->bytes, line->length, 1);
		return;
	}
	if (batch->length + line->length > sizeof(batch->bytes))
		log_flush();
	memcpy(batch->bytes + batch->length, line->bytes, line->length);
	batch->length += line->length;
	batch->lines++;
	if (level == LOG_ERROR)
		log_flush();
}

void log_event(enum log_level level, const char *event, const struct log_field fields[])
{
	if (!log_enabled(level))
		return;
	char room[LOG_LINE_BYTES + 1];
	struct buffer line;
	buffer_init_over(&line, room, sizeof(room));
	put_start(&line, level, event);
	for (const struct log_field *field = fields; field->kind != LOG_FIELD_END; field++) {
		if (field->kind == LOG_FIELD_TEXT && field->text == NULL)
			continue;
		size_t before = line.length;
		put_field(&line, field);
		if (line.overflowed || line.length + 2 > LOG_LINE_BYTES) {
			/* Leave a whole line: drop the field that does not fit, and those after it. */
			line.length = before;
			line.overflowed = false;
			break;
		}
	}
	put_end(&line);
	take_line(level, &line);
}
