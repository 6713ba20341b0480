/*
 * strange_network - a library that is loaded before the others (LD_PRELOAD) and makes a network for tests:
 * names and public addresses that do not exist, without any privilege.
 *
 * STRANGE_NAMES is "a.example=93.184.216.34/127.0.0.1 b.example=127.0.0.1": what each name stands for the
 * first time it is looked up, the second time, and so on; the last address stays. Any other name that ends in
 * .example is nobody's (RFC 2606), without asking a name server that may take its time. Others are looked up
 * as ever.
 *
 * STRANGE_RESOLVER is a port of 127.0.0.1 where a name server listens, for who asks for other records than
 * addresses.
 *
 * STRANGE_TRUST is a file of certificates that are trusted besides.
 *
 * Connections to 93.184.216.0/24 lead to the same port of 127.0.0.1, so what is decided by the address is
 * decided by the public one.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { NAMES_MAX = 32 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	char name[256];
	int lookups;
} seen[NAMES_MAX];

/* How often the name was looked up before. */
static int lookups_of(const char *name)
{
	int before = 0;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < NAMES_MAX; i++) {
		if (seen[i].name[0] == '\0')
			snprintf(seen[i].name, sizeof(seen[i].name), "%s", name);
		if (strcmp(seen[i].name, name) != 0)
			continue;
		before = seen[i].lookups++;
		break;
	}
	pthread_mutex_unlock(&lock);
	return before;
}

/* The addresses of a name in STRANGE_NAMES, parted by slashes. NULL: it is not there. */
static const char *addresses_of(const char *name)
{
	const char *at = getenv("STRANGE_NAMES");
	const size_t length = strlen(name);
	while (at != NULL && *at != '\0') {
		if (strncmp(at, name, length) == 0 && at[length] == '=')
			return at + length + 1;
		at = strchr(at, ' ');
		at = at != NULL ? at + 1 : NULL;
	}
	return NULL;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
	static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	const char *addresses = node != NULL ? addresses_of(node) : NULL;
	const char *end = node != NULL ? strrchr(node, '.') : NULL;
	if (addresses == NULL && end != NULL && strcmp(end, ".example") == 0)
		return EAI_NONAME;
	if (addresses == NULL)
		return real(node, service, hints, ret);
	char address[64];
	for (int before = lookups_of(node); before > 0; before--) {
		const size_t length = strcspn(addresses, "/ ");
		if (addresses[length] != '/')
			break;
		addresses += length + 1;
	}
	snprintf(address, sizeof(address), "%.*s", (int)strcspn(addresses, "/ "), addresses);
	return real(address, service, hints, ret);
}

int connect(int fd, __CONST_SOCKADDR_ARG given, socklen_t length)
{
	const struct sockaddr *address = given.__sockaddr__;
	static int (*real)(int, const struct sockaddr *, socklen_t);
	struct sockaddr_in public;
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "connect");
	if (address->sa_family == AF_INET && length >= sizeof(public)) {
		memcpy(&public, address, sizeof(public));
		if (ntohl(public.sin_addr.s_addr) >> 8 == 0x5DB8D8) {
			public.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
			return real(fd, (const struct sockaddr *)&public, sizeof(public));
		}
	}
	return real(fd, address, length);
}

#undef res_ninit
int __res_ninit(res_state state)
{
	static int (*real)(res_state);
	const char *port = getenv("STRANGE_RESOLVER");
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "__res_ninit");
	const int result = real(state);
	if (result == 0 && port != NULL) {
		state->nscount = 1;
		state->nsaddr_list[0] =
			(struct sockaddr_in){.sin_family = AF_INET,
					     .sin_port = htons((uint16_t)strtol(port, NULL, 10)),
					     .sin_addr = {htonl(INADDR_LOOPBACK)}};
	}
	return result;
}

/* How libcurl adds the system's trusted certificates, by OpenSSL: a folder, or one file. */
static int load(const char *function, void *store, const char *path)
{
	int (*real)(void *, const char *);
	int (*load_file)(void *, const char *);
	const char *besides = getenv("STRANGE_TRUST");
	*(void **)&real = dlsym(RTLD_NEXT, function);
	*(void **)&load_file = dlsym(RTLD_NEXT, "X509_STORE_load_file");
	if (besides != NULL && load_file(store, besides) != 1)
		return 0;
	return real(store, path);
}

int X509_STORE_load_path(void *store, const char *path);
int X509_STORE_load_path(void *store, const char *path)
{
	return load("X509_STORE_load_path", store, path);
}

int X509_STORE_load_file(void *store, const char *path);
int X509_STORE_load_file(void *store, const char *path)
{
	return load("X509_STORE_load_file", store, path);
}
