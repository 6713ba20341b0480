/*
 * log - one line per event on stderr, for an operator and for machines.
 *
 * A line is a JSON object (or `key=value` text) with `time`, `level`, `event` and what the
 * caller adds. Lines are written whole, so threads never mix them. Where stderr is systemd's journal, each
 * has its priority (journalctl -p).
 * domain, db and net never log. A secret, a token, a phone number, an email or a person's
 * name is never handed to these functions.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A pipe that is ready takes so much at once, without waiting and uncut by another writer. */
enum { LOG_LINE_BYTES = PIPE_BUF };

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
enum log_format { LOG_JSON, LOG_TEXT };

enum log_kind { LOG_FIELD_TEXT, LOG_FIELD_INTEGER, LOG_FIELD_NUMBER, LOG_FIELD_END };

struct log_field {
	const char *name; /* as it stands in a JSON line: `,"name":` */
	unsigned name_length;
	enum log_kind kind;
	union {
		const char *text; /* NULL is left out of the line */
		int64_t integer;
		double number;
	};
};

/*
 * Set by main before threads start, and again whenever the settings are read again. The default is LOG_INFO
 * and LOG_JSON. From now on die() writes a line of this log: event `died`, with `file`, `line` and `reason`.
 */
void log_setup(enum log_level least, enum log_format format);

/* Whether a line of this level is written at all. */
bool log_enabled(enum log_level level);

/*
 * Write one line. `event` is a short stable name (`request`, `calendar_debt_failed`); `fields`
 * ends with LOG_END. Control characters are escaped; a line is cut at 4 KiB (PIPE_BUF). Safe from any thread.
 *
 * A full disk, or whoever should read a pipe or socket and does not, must not stop bookings: a line that
 * cannot be written within 20 ms is dropped and counted, so are all others until there is room again, and
 * then `log_lines_dropped` with their number comes first.
 */
void log_event(enum log_level level, const char *event, const struct log_field fields[]);

/*
 * Gather the lines that the calling thread logs until log_flush, and write up to 4 KiB of them at once: a
 * loop that answers many requests a turn would spend a third of its time on writing line by line. An error,
 * and so die(), is written right away with what was gathered before it. The thread flushes before it waits
 * for anything, so no line is held back.
 */
struct log_batch {
	int64_t lines;
	size_t length;
	char bytes[LOG_LINE_BYTES];
};

/* Gather into `batch`, zeroed by the caller and its own until log_gather(NULL), which flushes. */
void log_gather(struct log_batch *batch);

/* Write what the calling thread has gathered. Cheap when that is nothing. */
void log_flush(void);

/* field_name is a literal. */
#define LOG_TEXT_FIELD(field_name, value)                                                                    \
	((struct log_field){.name = ",\"" field_name "\":",                                                  \
			    .name_length = sizeof(",\"" field_name "\":") - 1,                               \
			    .kind = LOG_FIELD_TEXT,                                                          \
			    .text = (value)})
#define LOG_INTEGER_FIELD(field_name, value)                                                                 \
	((struct log_field){.name = ",\"" field_name "\":",                                                  \
			    .name_length = sizeof(",\"" field_name "\":") - 1,                               \
			    .kind = LOG_FIELD_INTEGER,                                                       \
			    .integer = (value)})
#define LOG_NUMBER_FIELD(field_name, value)                                                                  \
	((struct log_field){.name = ",\"" field_name "\":",                                                  \
			    .name_length = sizeof(",\"" field_name "\":") - 1,                               \
			    .kind = LOG_FIELD_NUMBER,                                                        \
			    .number = (value)})
#define LOG_END ((struct log_field){.kind = LOG_FIELD_END})

/* log_line(LOG_INFO, "started", LOG_INTEGER_FIELD("port", 8080)) */
#define log_line(level, event, ...) log_event(level, event, (const struct log_field[]){__VA_ARGS__, LOG_END})

#endif
