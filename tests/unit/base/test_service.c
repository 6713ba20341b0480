#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/service.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A service manager: a datagram socket whose name NOTIFY_SOCKET says. */
static int manager_open(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(name);
	memcpy(address.sun_path, name, length);
	if (*name == '@')
		address.sun_path[0] = '\0';
	int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(manager, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
			 0);
	setenv("NOTIFY_SOCKET", name, 1);
	return manager;
}

static void expect_message(int manager, const char *expected)
{
	char message[256] = "";
	ssize_t size = recv(manager, message, sizeof(message) - 1, 0);
	assert_int_equal(size, strlen(expected));
	assert_string_equal(message, expected);
}

static void without_a_manager_nothing_is_said_and_nothing_fails(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_true(service_notify("READY=1"));
}

static void a_state_reaches_the_manager_by_path_and_by_abstract_name(void **state)
{
	(void)state;
	char path[64], abstract[64];
	snprintf(path, sizeof(path), "/tmp/bookingd-service-%d", (int)getpid());
	snprintf(abstract, sizeof(abstract), "@bookingd-service-%d", (int)getpid());
	const char *names[] = {path, abstract};
	for (size_t i = 0; i < 2; i++) {
		int manager = manager_open(names[i]);
		assert_true(service_notify("READY=1\nSTATUS=Serving"));
		expect_message(manager, "READY=1\nSTATUS=Serving");
		close(manager);
	}
	unlink(path);
	unsetenv("NOTIFY_SOCKET");
}

static void a_manager_that_is_not_there_is_told(void **state)
{
	(void)state;
	setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
	assert_false(service_notify("READY=1"));
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_false(service_notify("READY=1"));
	char long_path[200];
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[0] = '/';
	long_path[sizeof(long_path) - 1] = '\0';
	setenv("NOTIFY_SOCKET", long_path, 1);
	assert_false(service_notify("READY=1"));
	unsetenv("NOTIFY_SOCKET");
}

static void set_own(const char *name, int process)
{
	char text[32];
	snprintf(text, sizeof(text), "%d", process);
	setenv(name, text, 1);
}

static void the_watchdog_is_fed_twice_in_its_time_and_only_for_this_process(void **state)
{
	(void)state;
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	assert_int_equal(service_watchdog_ms(), 0);
	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_int_equal(service_watchdog_ms(), 15000);
	set_own("WATCHDOG_PID", (int)getpid());
	assert_int_equal(service_watchdog_ms(), 15000);
	set_own("WATCHDOG_PID", (int)getpid() + 1);
	assert_int_equal(service_watchdog_ms(), 0);
	unsetenv("WATCHDOG_PID");
	setenv("WATCHDOG_USEC", "soon", 1);
	assert_int_equal(service_watchdog_ms(), 0);
	unsetenv("WATCHDOG_USEC");
}

static void one_passed_socket_is_taken_and_two_are_counted(void **state)
{
	(void)state;
	int count;
	int kept = fcntl(3, F_DUPFD, 10);
	int opened = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(opened >= 0);
	assert_int_equal(dup2(opened, 3), 3);
	unsetenv("LISTEN_FDS");
	assert_int_equal(service_socket(&count), -1);
	assert_int_equal(count, 0);
	setenv("LISTEN_FDS", "1", 1);
	set_own("LISTEN_PID", (int)getpid() + 1);
	assert_int_equal(service_socket(&count), -1);
	assert_int_equal(count, 0);
	set_own("LISTEN_PID", (int)getpid());
	assert_int_equal(service_socket(&count), 3);
	assert_int_equal(count, 1);
	assert_int_equal(fcntl(3, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	setenv("LISTEN_FDS", "2", 1);
	assert_int_equal(service_socket(&count), -1);
	assert_int_equal(count, 2);
	close(3);
	if (opened != 3)
		close(opened);
	if (kept >= 0) {
		dup2(kept, 3);
		close(kept);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_manager_nothing_is_said_and_nothing_fails),
		cmocka_unit_test(a_state_reaches_the_manager_by_path_and_by_abstract_name),
		cmocka_unit_test(a_manager_that_is_not_there_is_told),
		cmocka_unit_test(the_watchdog_is_fed_twice_in_its_time_and_only_for_this_process),
		cmocka_unit_test(one_passed_socket_is_taken_and_two_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
