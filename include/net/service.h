/*
 * service - where a domain says that a service of its own is: SRV and TXT records (RFC 2782, RFC 6763, RFC
 * 6764).
 *
 * The answer comes from whoever runs the name servers in between, unsigned: it says where to ask, not whom to
 * trust. The caller decides whether that host may be asked.
 */
#ifndef NET_SERVICE_H
#define NET_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct service {
	const char *host; /* letters, digits, hyphens and dots; in mem */
	uint16_t port;
	const char *path; /* begins with a slash, printable ASCII without blanks; NULL: not said; in mem */
};

/*
 * Look up `service`, such as "_caldavs._tcp", of `domain`. Of several hosts the first to be asked is taken.
 * False: the domain names none, says that it has no such service, or no name server answered in time. Blocks
 * for 8 s at most, and does not begin what may not be over by `deadline`. Safe from any thread.
 */
bool service_find(struct arena *mem, const char *service, const char *domain, int64_t deadline,
		  struct service *ret_service);

#endif
