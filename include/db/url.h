/*
 * url - look at a DATABASE_URL without connecting.
 */
#ifndef DB_URL_H
#define DB_URL_H

#include <stdbool.h>
#include <stddef.h>

enum { DATABASE_URL_REASON = 256 };

/*
 * Have libpq read `url` (a postgresql:// URL or keyword=value pairs) as it will when it connects, and check
 * what it checks only then: sslmode, ports, numbers, the service and what it adds. So is what no waiting
 * mends: a certificate that is not there, a standby that is wanted. Nothing is looked up or connected to, but
 * files are. False: *ret_reason is a sentence that names the parameter or the character at fault and quotes
 * nothing else of the value, which holds a password. Any thread.
 */
bool database_url_check(const char *url, char ret_reason[static DATABASE_URL_REASON]);

/* What database_url_check took says which kind of server it wants. */
struct database_url {
	size_t hosts;       /* how many it names; 1 when none */
	bool asks_for_role; /* target_session_attrs is given and not "any" */
};

/* Of a URL that database_url_check has taken; {1, false} of any other. */
struct database_url database_url_describe(const char *url);

#endif
