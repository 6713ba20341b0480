/* stderr is a pipe here, read by the test itself, whenever a line is logged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

static int reading = -1, own_stderr = -1;

static void attach(void)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	reading = ends[0];
	own_stderr = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
}

static void detach(void)
{
	dup2(own_stderr, STDERR_FILENO);
	close(own_stderr);
}

/* Adds what the pipe holds to `text`, without waiting for more. */
static size_t take(char *text, size_t length, size_t size)
{
	fcntl(reading, F_SETFL, O_NONBLOCK);
	ssize_t more;
	while (length + 1 < size && (more = read(reading, text + length, size - length - 1)) > 0)
		length += (size_t)more;
	text[length] = '\0';
	return length;
}

/* How many lines the text has, each one whole JSON object; *ret_dropped: how many lines it says it misses. */
static int64_t count_whole_lines(char *text, int64_t *ret_dropped)
{
	int64_t lines = 0;
	*ret_dropped = 0;
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		json_t *object = json_loads(line, 0, NULL);
		assert_non_null(object);
		if (strcmp(json_string_value(json_object_get(object, "event")), "log_lines_dropped") == 0)
			*ret_dropped += json_integer_value(json_object_get(object, "lines"));
		else
			lines++;
		json_decref(object);
	}
	return lines;
}

enum { LINES = 5000, THREADS = 4, TEXT_BYTES = 8 << 20 };

static void *log_many(void *unused)
{
	for (int i = 0; i < LINES; i++)
		log_line(LOG_INFO, "line", LOG_INTEGER_FIELD("number", i),
			 LOG_TEXT_FIELD("text", "of some length, as lines of a request are: route, status"));
	return unused;
}

static void no_line_waits_for_a_reader_that_is_stuck(void **state)
{
	(void)state;
	char *text = malloc(TEXT_BYTES);
	pthread_t threads[THREADS];
	attach();
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, log_many, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL); /* the test hangs here if one of them waits */
	size_t length = take(text, 0, TEXT_BYTES);
	log_line(LOG_INFO, "again", LOG_INTEGER_FIELD("number", 1));
	length = take(text, length, TEXT_BYTES);
	detach();
	assert_non_null(strstr(text, "\"again\""));
	int64_t missed;
	int64_t lines = count_whole_lines(text, &missed);
	assert_true(lines > 100 && missed > 1000);
	assert_int_equal(lines + missed, LINES * THREADS + 1);
	free(text);
}

static void nobody_at_the_other_end_is_no_trouble(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	attach();
	close(reading);
	log_line(LOG_ERROR, "unheard", LOG_INTEGER_FIELD("number", 1));
	close(STDERR_FILENO);
	log_line(LOG_ERROR, "unheard", LOG_INTEGER_FIELD("number", 2));
	detach();
	attach();
	char text[1000];
	log_line(LOG_ERROR, "heard", LOG_INTEGER_FIELD("number", 3));
	take(text, 0, sizeof(text));
	detach();
	int64_t missed;
	assert_int_equal(count_whole_lines(text, &missed), 1);
	assert_int_equal(missed, 2);
}

static void a_line_is_one_line_and_bounded_whatever_is_in_it(void **state)
{
	(void)state;
	char wide[6000];
	memset(wide, '\n', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	static char text[3 * 4096];
	static const enum log_format formats[] = {LOG_JSON, LOG_TEXT};
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		log_setup(LOG_INFO, formats[i]);
		attach();
		log_line(LOG_INFO, "odd", LOG_TEXT_FIELD("a", "x\r\n\x1b[2J\x7f\"} {\"event\":\"forged\""),
			 LOG_TEXT_FIELD("b", "\xff\xc0\xaf"), LOG_TEXT_FIELD("c", wide),
			 LOG_TEXT_FIELD("d", "left out with it"));
		size_t length = take(text, 0, sizeof(text));
		detach();
		assert_true(length < 4096);
		assert_ptr_equal(strchr(text, '\n'), text + length - 1);
		for (size_t at = 0; at + 1 < length; at++)
			assert_true(text[at] >= 0x20 && text[at] < 0x7f);
		assert_null(strstr(text, "left out"));
	}
	log_setup(LOG_INFO, LOG_JSON);
}

static void fields_bear_their_names_in_both_formats(void **state)
{
	(void)state;
	static char text[4096];
	static const char *const expected[] = {
		[LOG_JSON] = ",\"level\":\"info\",\"event\":\"named\",\"text\":\"a "
			     "b\",\"count\":-7,\"ms\":1.500}\n",
		[LOG_TEXT] = " info named text=\"a b\" count=-7 ms=1.500\n",
	};
	for (enum log_format format = LOG_JSON; format <= LOG_TEXT; format++) {
		log_setup(LOG_INFO, format);
		attach();
		log_line(LOG_INFO, "named", LOG_TEXT_FIELD("text", "a b"), LOG_TEXT_FIELD("none", NULL),
			 LOG_INTEGER_FIELD("count", -7), LOG_NUMBER_FIELD("ms", 1.5));
		size_t length = take(text, 0, sizeof(text));
		detach();
		size_t rest = strlen(expected[format]);
		assert_true(length > rest);
		assert_string_equal(text + length - rest, expected[format]);
	}
	log_setup(LOG_INFO, LOG_JSON);
}

static void a_batch_is_written_whole_when_flushed_full_or_at_an_error(void **state)
{
	(void)state;
	enum { MANY = 100 };
	static char text[TEXT_BYTES];
	struct log_batch batch = {0};
	int64_t dropped;
	attach();
	log_gather(&batch);
	log_line(LOG_INFO, "first", LOG_TEXT_FIELD("text", "x"));
	log_line(LOG_WARNING, "second", LOG_TEXT_FIELD("text", "x"));
	assert_int_equal(take(text, 0, sizeof(text)), 0);
	log_flush();
	assert_int_not_equal(take(text, 0, sizeof(text)), 0);
	assert_int_equal(count_whole_lines(text, &dropped), 2);

	log_line(LOG_INFO, "before", LOG_TEXT_FIELD("text", "x"));
	log_line(LOG_ERROR, "error", LOG_TEXT_FIELD("text", "x"));
	assert_int_not_equal(take(text, 0, sizeof(text)), 0);
	assert_int_equal(count_whole_lines(text, &dropped), 2);

	for (int i = 0; i < MANY; i++)
		log_line(LOG_INFO, "line", LOG_INTEGER_FIELD("number", i));
	size_t length = take(text, 0, sizeof(text));
	assert_true(length > 0 && length % LOG_LINE_BYTES != 0 && text[length - 1] == '\n');
	log_gather(NULL);
	take(text, length, sizeof(text));
	assert_int_equal(count_whole_lines(text, &dropped), MANY);
	assert_int_equal(dropped, 0);

	log_line(LOG_INFO, "by itself", LOG_TEXT_FIELD("text", "x"));
	assert_int_not_equal(take(text, 0, sizeof(text)), 0);
	detach();
}

static void to_the_journal_each_line_has_its_priority_and_nowhere_else(void **state)
{
	(void)state;
	char text[4096];
	struct stat status;
	char stream[64];
	attach();
	fstat(STDERR_FILENO, &status);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_setup(LOG_DEBUG, LOG_TEXT);
	for (enum log_level level = LOG_DEBUG; level <= LOG_ERROR; level++)
		log_line(level, "told", LOG_INTEGER_FIELD("n", level));
	setenv("JOURNAL_STREAM", "1:1", 1); /* another's: whoever started us redirected stderr */
	log_setup(LOG_INFO, LOG_JSON);
	log_line(LOG_ERROR, "elsewhere", LOG_INTEGER_FIELD("n", 0));
	take(text, 0, sizeof(text));
	detach();
	unsetenv("JOURNAL_STREAM");
	char starts[6] = "";
	size_t count = 0;
	for (char *line = strtok(text, "\n"); line != NULL && count < 5; line = strtok(NULL, "\n"))
		starts[count++] = line[0] == '<' && line[2] == '>' ? line[1] : '-';
	assert_string_equal(starts, "7643-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_line_waits_for_a_reader_that_is_stuck),
		cmocka_unit_test(a_batch_is_written_whole_when_flushed_full_or_at_an_error),
		cmocka_unit_test(nobody_at_the_other_end_is_no_trouble),
		cmocka_unit_test(fields_bear_their_names_in_both_formats),
		cmocka_unit_test(to_the_journal_each_line_has_its_priority_and_nowhere_else),
		cmocka_unit_test(a_line_is_one_line_and_bounded_whatever_is_in_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
