#include "db/query.h"

/* ISO C promises room for 4095 characters in a literal; every compiler we build with takes far more. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

static const struct query_entry entries[] = {
#define QUERY(upper, lower, query_shape, in_session, parameter_count, query_text)                            \
	{.name = (lower),                                                                                    \
	 .shape = (query_shape),                                                                             \
	 .session = (in_session),                                                                            \
	 .parameters = (parameter_count),                                                                    \
	 .text = (query_text)},
#include "queries.h"
#undef QUERY
	{.name = NULL},
};

const struct query_entry *query_entry(enum query query)
{
	return &entries[query];
}
