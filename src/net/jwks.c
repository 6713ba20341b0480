#include "net/jwks.h"

char *jwks_fetch(struct fetch_client *client, struct arena *mem, const char *url, int64_t deadline,
		 size_t *ret_length, const char **ret_detail)
{
	struct fetch_request request = {
		.method = "GET",
		.url = url,
		.reply_max = JWKS_BYTES_MAX,
		.deadline = deadline,
		.may_be_repeated = true,
	};
	struct fetch_reply reply;

	if (fetch(client, mem, &request, &reply) != FETCH_OK) {
		*ret_detail = arena_printf(mem, "%s: %s", fetch_failure_name(reply.failure), reply.detail);
		return NULL;
	}
	if (reply.status != 200) {
		*ret_detail = arena_printf(mem, "status %d", reply.status);
		return NULL;
	}
	*ret_length = reply.body_length;
	return reply.body;
}
