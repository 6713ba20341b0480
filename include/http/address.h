/*
 * address - where a request comes from.
 *
 * Pure; safe from any thread; nothing blocks.
 */
#ifndef HTTP_ADDRESS_H
#define HTTP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum {
	ADDRESS_TEXT_BYTES = 46, /* as INET6_ADDRSTRLEN */
	ADDRESS_KEY_BYTES = 8,
};

struct request;

/* An IPv4 or IPv6 address. */
struct address {
	char text[ADDRESS_TEXT_BYTES];        /* "203.0.113.7", "2001:db8::1"; "" if unknown */
	unsigned char key[ADDRESS_KEY_BYTES]; /* for rate limits: the IPv4 address, or the IPv6 /64 */
};

/* The address of a connected socket; an IPv4 address mapped into IPv6 is an IPv4 address. */
struct address address_of_peer(const struct sockaddr *peer);

/*
 * Read an address as proxies write it: with or without port, IPv6 perhaps in brackets. `length`
 * bytes, no NUL needed. False, *ret_address untouched, if it is none.
 */
bool address_parse(const char *text, size_t length, struct address *ret_address);

/*
 * Who connected to the outermost of `hops` proxies of ours, from the request's X-Forwarded-For
 * headers: the entry that many from the right; what stands left of it, any client can invent.
 * `peer`, who connected to us, if hops is 0 or there is no such header or no address in its place.
 */
struct address address_behind_proxies(const struct request *request, const struct address *peer,
				      unsigned hops);

#endif
