/*
 * service - what systemd and the daemon tell each other (sd_notify(3), sd_listen_fds(3), sd-daemon(3)).
 *
 * Everything comes from variables of the environment; without them each function does nothing, so the daemon
 * runs the same under a shell or in a container. The protocol is one datagram, which sd_notify(3) invites
 * programs to send themselves rather than link with libsystemd.
 */
#ifndef BASE_SERVICE_H
#define BASE_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Tell the service manager a state, such as "READY=1" or "STOPPING=1"; several, with a line each. Any thread;
 * does not block. False: NOTIFY_SOCKET is set and the message could not be sent (errno says why).
 */
bool service_notify(const char *state);

/*
 * How often the service manager wants to hear "WATCHDOG=1", in milliseconds: half of what it waits for. 0:
 * it does not want to. Any thread; does not block.
 */
int64_t service_watchdog_ms(void);

/*
 * The listening socket that the service manager has opened for this process (socket activation),
 * close-on-exec set. -1: there is none, or more than one, and then *ret_count says how many. The caller owns
 * it. Call it once, before threads start.
 */
int service_socket(int *ret_count);

/*
 * Whether stderr is systemd's journal (JOURNAL_STREAM names its device and inode), which takes "<3>" before a
 * line as its priority, as syslog numbers them. Does not block.
 */
bool service_stderr_is_journal(void);

#endif
