#include "base/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_PASSED_SOCKET = 3 }; /* SD_LISTEN_FDS_START */

bool service_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	if (path == NULL)
		return true;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);
	if ((*path != '/' && *path != '@') || length >= sizeof(address.sun_path)) {
		errno = EINVAL;
		return false;
	}
	memcpy(address.sun_path, path, length);
	if (*path == '@') /* an abstract name */
		address.sun_path[0] = '\0';
	int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sender < 0)
		return false;
	ssize_t sent = sendto(sender, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
			      (const struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
	int failure = errno;
	close(sender);
	errno = failure;
	return sent == (ssize_t)strlen(state);
}

/* A whole number of the environment, or -1. */
static int64_t number_of(const char *name)
{
	const char *text = getenv(name);
	char *end;
	if (text == NULL || *text < '0' || *text > '9')
		return -1;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	return *end == '\0' && errno == 0 ? value : -1;
}

/* What the service manager says is meant for this process, not for one that has started it. */
static bool is_for_us(const char *name)
{
	int64_t process = number_of(name);
	return process == (int64_t)getpid();
}

int64_t service_watchdog_ms(void)
{
	int64_t microseconds = number_of("WATCHDOG_USEC");
	if (microseconds <= 0 || (getenv("WATCHDOG_PID") != NULL && !is_for_us("WATCHDOG_PID")))
		return 0;
	int64_t half = microseconds / 2000;
	return half > 0 ? half : 1;
}

int service_socket(int *ret_count)
{
	*ret_count = 0;
	int64_t count = number_of("LISTEN_FDS");
	if (count <= 0 || count > 1024 || !is_for_us("LISTEN_PID"))
		return -1;
	*ret_count = (int)count;
	if (count != 1 || fcntl(FIRST_PASSED_SOCKET, F_SETFD, FD_CLOEXEC) != 0)
		return -1;
	return FIRST_PASSED_SOCKET;
}

bool service_stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat status;
	char own[64];
	if (stream == NULL || fstat(STDERR_FILENO, &status) != 0)
		return false;
	snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	return strcmp(stream, own) == 0;
}
