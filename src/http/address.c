#include "http/address.h"

#include "http/request.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

static struct address address_of_ipv6(const struct in6_addr *ip)
{
	/* What NAT64 makes of IPv4 addresses (RFC 6052 section 2.1): all of them lie in one /64. */
	static const unsigned char translated[12] = {0x00, 0x64, 0xff, 0x9b};
	struct address address = {0};
	if (IN6_IS_ADDR_V4MAPPED(ip) || memcmp(ip->s6_addr, translated, sizeof(translated)) == 0) {
		memcpy(address.key + 4, ip->s6_addr + 12, 4);
		inet_ntop(AF_INET, ip->s6_addr + 12, address.text, sizeof(address.text));
	} else {
		/* A household or a server gets a /64 at least, so single IPv6 addresses limit nobody. */
		memcpy(address.key, ip->s6_addr, 8);
		inet_ntop(AF_INET6, ip, address.text, sizeof(address.text));
	}
	return address;
}

static struct address address_of_ipv4(const struct in_addr *ip)
{
	struct address address = {0};
	memcpy(address.key + 4, ip, 4);
	inet_ntop(AF_INET, ip, address.text, sizeof(address.text));
	return address;
}

struct address address_of_peer(const struct sockaddr *peer)
{
	/* The kernel's addresses are aligned for their kind, whatever the pointer's type says. */
	struct sockaddr_in6 six;
	struct sockaddr_in four;
	switch (peer->sa_family) {
	case AF_INET6:
		memcpy(&six, peer, sizeof(six));
		return address_of_ipv6(&six.sin6_addr);
	case AF_INET:
		memcpy(&four, peer, sizeof(four));
		return address_of_ipv4(&four.sin_addr);
	default:
		return (struct address){0};
	}
}

bool address_parse(const char *text, size_t length, struct address *ret_address)
{
	/* Some proxies write a port: "203.0.113.7:5123", "[2001:db8::1]:5123". */
	if (length > 0 && text[0] == '[') {
		const char *end = memchr(text, ']', length);
		if (end == NULL)
			return false;
		text++;
		length = (size_t)(end - text);
	} else {
		const char *colon = memchr(text, ':', length);
		if (colon != NULL && memchr(colon + 1, ':', length - (size_t)(colon + 1 - text)) == NULL)
			length = (size_t)(colon - text);
	}
	char copy[ADDRESS_TEXT_BYTES];
	if (length == 0 || length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	struct in_addr four;
	struct in6_addr six;
	if (inet_pton(AF_INET, copy, &four) == 1)
		*ret_address = address_of_ipv4(&four);
	else if (inet_pton(AF_INET6, copy, &six) == 1)
		*ret_address = address_of_ipv6(&six);
	else
		return false;
	return true;
}

struct address address_behind_proxies(const struct request *request, const struct address *peer,
				      unsigned hops)
{
	if (hops == 0)
		return *peer;
	/*
	 * Each proxy appends whom it was connected from, so entry `hops` from the right is what the outermost
	 * of ours saw; everything left of it is the client's own invention. With fewer entries, the request
	 * came in behind the outermost proxy, and the leftmost is what an inner one saw.
	 */
	enum { HOPS_MAX = 16 };
	struct {
		const char *text;
		size_t length;
	} last[HOPS_MAX];
	if (hops > HOPS_MAX)
		hops = HOPS_MAX;
	size_t seen = 0;
	for (size_t i = 0; i < request->header_count; i++) {
		if (strcasecmp(request->headers[i].name, "X-Forwarded-For") != 0)
			continue;
		const char *rest = request->headers[i].value;
		while (request_list_next(&rest, &last[seen % hops].text, &last[seen % hops].length))
			seen++;
	}
	if (seen == 0)
		return *peer;
	size_t wanted = seen >= hops ? seen % hops : 0;
	struct address address;
	return address_parse(last[wanted].text, last[wanted].length, &address) ? address : *peer;
}
