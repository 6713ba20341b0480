#include "net/service.h"

#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include <arpa/nameser.h>
#include <resolv.h>

#include "base/instant.h"

enum {
	ANSWER_BYTES_MAX = 4096,
	PATH_BYTES_MAX = 1000,
	QUERY_MS = 4000, /* for one kind of records at most */
};

/* Records of `type`; false: there are none. `answer` has ANSWER_BYTES_MAX bytes. */
static bool query(const char *name, int type, unsigned char *answer, ns_msg *ret_message)
{
	struct __res_state resolver = {0};
	if (res_ninit(&resolver) != 0)
		return false;
	/* Two name servers, asked twice, a second each. */
	resolver.retrans = 1;
	resolver.retry = 2;
	resolver.nscount = resolver.nscount < 2 ? resolver.nscount : 2;
	const int length = res_nquery(&resolver, name, ns_c_in, type, answer, ANSWER_BYTES_MAX);
	res_nclose(&resolver);
	return length > 0 && length <= ANSWER_BYTES_MAX && ns_initparse(answer, length, ret_message) == 0;
}

static bool is_host(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
	return name[0] != '\0' && name[0] != '.' && name[strspn(name, letters)] == '\0';
}

/* An SRV record's data: priority, weight, port, target. False: it is none that can be asked. */
static bool read_srv(const ns_msg *message, const ns_rr *record, struct arena *mem,
		     struct service *ret_service, uint32_t *ret_rank)
{
	char target[NS_MAXDNAME];
	const unsigned char *data = ns_rr_rdata(*record);
	if (ns_rr_type(*record) != ns_t_srv || ns_rr_rdlen(*record) < 7 ||
	    dn_expand(ns_msg_base(*message), ns_msg_end(*message), data + 6, target, sizeof(target)) < 0 ||
	    !is_host(target))
		return false;
	/* The lowest priority first, then the heaviest. */
	*ret_rank = (uint32_t)ns_get16(data) << 16 | (0xFFFF - ns_get16(data + 2));
	ret_service->port = (uint16_t)ns_get16(data + 4);
	ret_service->host = arena_strdup(mem, target);
	return ret_service->port != 0;
}

static bool find_host(struct arena *mem, const char *name, struct service *ret_service)
{
	unsigned char answer[ANSWER_BYTES_MAX];
	ns_msg message;
	uint32_t best = UINT32_MAX;
	bool found = false;
	if (!query(name, ns_t_srv, answer, &message))
		return false;
	for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
		ns_rr record;
		struct service service = {0};
		uint32_t rank = 0;
		if (ns_parserr(&message, ns_s_an, i, &record) != 0 ||
		    !read_srv(&message, &record, mem, &service, &rank) || (found && rank >= best))
			continue;
		*ret_service = service;
		best = rank;
		found = true;
	}
	return found;
}

/* The value of "path=" in a TXT record, which is strings with a byte of length each. NULL: none. */
static const char *read_path(const ns_rr *record, struct arena *mem)
{
	static const char key[] = "path=";
	const size_t skip = sizeof(key) - 1;
	const unsigned char *at = ns_rr_rdata(*record);
	const unsigned char *end = at + ns_rr_rdlen(*record);
	while (ns_rr_type(*record) == ns_t_txt && at < end && *at < end - at) {
		const char *text = (const char *)at + 1;
		const size_t length = *at;
		at += 1 + length;
		if (length <= skip || length > PATH_BYTES_MAX || strncasecmp(text, key, skip) != 0 ||
		    text[skip] != '/')
			continue;
		const char *path = arena_strndup(mem, text + skip, length - skip);
		const char *c = path;
		while (*c > 0x20 && *c < 0x7F)
			c++;
		return c == path + length - skip ? path : NULL;
	}
	return NULL;
}

static const char *find_path(struct arena *mem, const char *name)
{
	unsigned char answer[ANSWER_BYTES_MAX];
	ns_msg message;
	const char *path = NULL;
	if (!query(name, ns_t_txt, answer, &message))
		return NULL;
	for (int i = 0; i < ns_msg_count(message, ns_s_an) && path == NULL; i++) {
		ns_rr record;
		if (ns_parserr(&message, ns_s_an, i, &record) == 0)
			path = read_path(&record, mem);
	}
	return path;
}

bool service_find(struct arena *mem, const char *service, const char *domain, int64_t deadline,
		  struct service *ret_service)
{
	const char *name = arena_printf(mem, "%s.%s", service, domain);
	if (monotonic_ms() + QUERY_MS > deadline || !find_host(mem, name, ret_service))
		return false;
	ret_service->path = monotonic_ms() + QUERY_MS > deadline ? NULL : find_path(mem, name);
	return true;
}
