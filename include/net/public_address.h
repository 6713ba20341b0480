/* public_address - which network addresses belong to the public Internet. Pure. */
#ifndef NET_PUBLIC_ADDRESS_H
#define NET_PUBLIC_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * False for everything else: loopback, private, link-local, shared, multicast and reserved ranges (IANA's
 * special-purpose registries, RFC 6890), IPv6 forms that carry such an IPv4 address, and families other than
 * IPv4 and IPv6.
 */
bool address_is_public(const struct sockaddr *address);

/*
 * What is wrong with an address (URL) that a stranger gave and that this program is to call: NULL, or how a
 * sentence that begins with its name goes on, such as "must begin with https://.". allow_private: plain http
 * passes too, and private hosts. A host that is a name is looked at when it is called (public_only in
 * net/fetch.h).
 */
const char *address_fault(const char *url, bool allow_private);

#endif
