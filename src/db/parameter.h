/*
 * Parameters on their way to the server: binary where the server's own type is known to be the same, text
 * otherwise. Not for other layers.
 */
#ifndef DB_PARAMETER_H
#define DB_PARAMETER_H

#include "db/db.h"

#include <libpq-fe.h>

enum { PARAMETERS_MAX = 64 };

/* The arrays PQsendQueryPrepared takes, and the bytes they point to. */
struct parameters {
	const char *values[PARAMETERS_MAX];
	int lengths[PARAMETERS_MAX];
	int formats[PARAMETERS_MAX];
	char bytes[PARAMETERS_MAX][32];
};

/*
 * Fill `ret` with `count` values (at most PARAMETERS_MAX) for parameters of the types the server named.
 * Borrows the texts. Returns 0, or the number, counted from 1, of a value that cannot be of its type.
 */
size_t parameters_encode(struct parameters *ret, const struct db_value values[], const Oid types[],
			 size_t count);

#endif
