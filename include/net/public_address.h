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

#endif
