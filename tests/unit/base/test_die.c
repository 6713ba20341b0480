/* Each death happens in a child, whose stderr and end the test looks at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/die.h"
#include "base/log.h"

/* Run `work` in a child; what it wrote to stderr. The child must end by SIGABRT. */
static void expect_death(void (*work)(void), char *ret_text, size_t size)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		signal(SIGABRT, SIG_DFL);
		dup2(ends[1], STDERR_FILENO);
		work();
		_exit(0);
	}
	close(ends[1]);
	size_t length = 0;
	ssize_t more;
	while ((more = read(ends[0], ret_text + length, size - length - 1)) > 0)
		length += (size_t)more;
	ret_text[length] = '\0';
	close(ends[0]);
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void die_plainly(void)
{
	die("the moon is made of cheese");
}

static void without_a_log_a_line_on_stderr_says_where_and_why(void **state)
{
	(void)state;
	char text[1024];
	expect_death(die_plainly, text, sizeof(text));
	assert_non_null(strstr(text, "bookingd: tests/unit/base/test_die.c:"));
	assert_non_null(strstr(text, ": the moon is made of cheese\n"));
}

static void die_after_a_line(void)
{
	log_setup(LOG_INFO, LOG_JSON);
	log_line(LOG_INFO, "before", LOG_INTEGER_FIELD("number", 1));
	die("the moon is made of cheese");
}

static void a_line_of_the_log_comes_after_those_before(void **state)
{
	(void)state;
	char text[1024];
	expect_death(die_after_a_line, text, sizeof(text));
	const char *before = strstr(text, "\"event\":\"before\"");
	const char *died =
		strstr(text, "\"event\":\"died\",\"file\":\"tests/unit/base/test_die.c\",\"line\":");
	assert_non_null(before);
	assert_non_null(died);
	assert_true(before < died);
	assert_non_null(strstr(died, "\"reason\":\"the moon is made of cheese\""));
}

static void break_a_promise(void)
{
	int count = 2;
	die_unless(count == 1);
}

static void a_broken_promise_is_quoted(void **state)
{
	(void)state;
	char text[1024];
	expect_death(break_a_promise, text, sizeof(text));
	assert_non_null(strstr(text, ": count == 1\n"));
}

static void report_and_die_again(const char *file, int line, const char *reason)
{
	(void)file, (void)line, (void)reason;
	die("while reporting");
}

static void die_while_dying(void)
{
	die_report_by(report_and_die_again);
	die("first");
}

static void a_report_that_dies_itself_ends_the_process_as_well(void **state)
{
	(void)state;
	char text[1024];
	expect_death(die_while_dying, text, sizeof(text));
	assert_string_equal(text, "");
}

static void ask_for_too_much(void)
{
	struct arena mem = ARENA_EMPTY;
	volatile size_t huge = SIZE_MAX / 2;
	(void)arena_array(&mem, huge, 4);
}

static void a_size_that_overflows_names_the_arena(void **state)
{
	(void)state;
	char text[1024];
	expect_death(ask_for_too_much, text, sizeof(text));
	assert_non_null(strstr(text, "src/base/arena.c:"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_log_a_line_on_stderr_says_where_and_why),
		cmocka_unit_test(a_line_of_the_log_comes_after_those_before),
		cmocka_unit_test(a_broken_promise_is_quoted),
		cmocka_unit_test(a_report_that_dies_itself_ends_the_process_as_well),
		cmocka_unit_test(a_size_that_overflows_names_the_arena),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
