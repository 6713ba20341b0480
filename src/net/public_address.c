#include "net/public_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct range {
	uint32_t first;
	int bits;
};

static bool ipv4_is_public(uint32_t address)
{
	static const struct range special[] = {
		{0x00000000, 8},  /* 0.0.0.0 */
		{0x0A000000, 8},  /* 10.0.0.0 */
		{0x64400000, 10}, /* 100.64.0.0, shared */
		{0x7F000000, 8},  /* 127.0.0.0 */
		{0xA9FE0000, 16}, /* 169.254.0.0, link-local: the metadata of clouds */
		{0xAC100000, 12}, /* 172.16.0.0 */
		{0xC0000000, 24}, /* 192.0.0.0 */
		{0xC0000200, 24}, /* 192.0.2.0, documentation */
		{0xC0586300, 24}, /* 192.88.99.0, relays */
		{0xC0A80000, 16}, /* 192.168.0.0 */
		{0xC6120000, 15}, /* 198.18.0.0, benchmarks */
		{0xC6336400, 24}, /* 198.51.100.0, documentation */
		{0xCB007100, 24}, /* 203.0.113.0, documentation */
		{0xE0000000, 3},  /* 224.0.0.0 and above: multicast, reserved, broadcast */
	};
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		if (((address ^ special[i].first) >> (32 - special[i].bits)) == 0)
			return false;
	}
	return true;
}

static uint32_t ipv4_at(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Only 2000::/3 is given out, and of that some is special. */
static bool ipv6_is_public(const uint8_t bytes[static 16])
{
	static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
	static const uint8_t translated[12] = {0x00, 0x64, 0xFF, 0x9B};
	if (memcmp(bytes, mapped, sizeof(mapped)) == 0 || memcmp(bytes, translated, sizeof(translated)) == 0)
		return ipv4_is_public(ipv4_at(bytes + 12));
	if ((bytes[0] & 0xE0) != 0x20)
		return false;
	if (bytes[0] == 0x20 && bytes[1] == 0x02) /* 2002::/16, 6to4 */
		return ipv4_is_public(ipv4_at(bytes + 2));
	if (bytes[0] == 0x20 && bytes[1] == 0x01) {
		const bool protocols = bytes[2] < 0x02; /* 2001::/23, Teredo and others */
		const bool documentation = bytes[2] == 0x0D && bytes[3] == 0xB8; /* 2001:db8::/32 */
		return !protocols && !documentation;
	}
	return !(bytes[0] == 0x3F && bytes[1] == 0xFF &&
		 (bytes[2] & 0xF0) == 0); /* 3fff::/20, documentation */
}

bool address_is_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in ipv4;
		memcpy(&ipv4, address, sizeof(ipv4));
		return ipv4_is_public(ntohl(ipv4.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 ipv6;
		memcpy(&ipv6, address, sizeof(ipv6));
		return ipv6_is_public(ipv6.sin6_addr.s6_addr);
	}
	return false;
}

/*
 * Whether the host, as it stands in an address, names a network that is not public. An IPv4 address counts in
 * every form that resolvers take for one: 127.1, 0x7f000001.
 */
static bool host_is_private(const char *host, size_t length)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct sockaddr_in ipv4 = {.sin_family = AF_INET};
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
	bool brackets = length >= 2 && host[0] == '[' && host[length - 1] == ']';
	length -= length > 1 && host[length - 1] == '.'; /* of the root */
	if ((length == 9 && strncasecmp(host, "localhost", 9) == 0) ||
	    (length > 10 && strncasecmp(host + length - 10, ".localhost", 10) == 0))
		return true;
	if (length - 2 * brackets >= sizeof(text))
		return false;
	memcpy(text, host + brackets, length - 2 * brackets);
	if (brackets)
		return inet_pton(AF_INET6, text, &ipv6.sin6_addr) != 1 ||
		       !address_is_public((const struct sockaddr *)&ipv6);
	return inet_aton(text, &ipv4.sin_addr) == 1 && !address_is_public((const struct sockaddr *)&ipv4);
}

/* Whether what follows the host's name is no port, or one that there is. */
static bool port_is_good(const char *port, size_t length)
{
	unsigned long number = 0;
	if (length == 0)
		return true;
	if (port[0] != ':' || length > 6)
		return false;
	for (size_t i = 1; i < length; i++) {
		if (port[i] < '0' || port[i] > '9')
			return false;
		number = number * 10 + (unsigned long)(port[i] - '0');
	}
	return number > 0 && number <= UINT16_MAX;
}

const char *address_fault(const char *url, bool allow_private)
{
	if (strncasecmp(url, "https://", 8) != 0 && !(allow_private && strncasecmp(url, "http://", 7) == 0))
		return "must begin with https://.";
	for (const char *c = url; *c != '\0'; c++) {
		if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7F)
			return "must have neither blanks nor characters beyond ASCII.";
	}
	const char *host = strstr(url, "//") + 2;
	size_t length = strcspn(host, "/?#");
	if (length == 0 || memchr(host, '@', length) != NULL)
		return "must have a host, and no user name in front of it.";
	const char *port = host[0] == '[' ? memchr(host, ']', length) : memchr(host, ':', length);
	size_t name = port == NULL ? length : (size_t)(port - host) + (host[0] == '[');
	if (name == 0 || (host[0] == '[' && port == NULL) || !port_is_good(host + name, length - name))
		return "must have a host, and a port between 1 and 65535 if any.";
	if (!allow_private && host_is_private(host, name))
		return "must lead to a public network.";
	return NULL;
}
