/*
 * What the files of src/db share: a libpq connection whose every wait has an end. Not for other layers.
 */
#ifndef DB_CONNECTION_H
#define DB_CONNECTION_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Connect (blocking, at most 3 s per address) and make the session what db.h promises.
 * Returns NULL with one line in `ret_why` on failure.
 */
PGconn *connection_open(const char *url, int statement_timeout, char *ret_why, size_t why_size);

/*
 * Whether an idle connection is still there, without asking the server: notices that the server
 * closed it, so that no statement is sent into the void. Reads what came in.
 */
bool connection_alive(PGconn *connection);

/*
 * Wait for the answer to what was just sent with a PQsend… function.
 *
 * deadline  of monotonic_ms(), 0 for none.
 * Returns the last result of the answer (to be PQclear()ed), or the first that is an error; NULL if the
 * connection ended or the deadline passed, and then the connection is of no further use.
 */
PGresult *connection_answer(PGconn *connection, int64_t deadline);

/* Copy a message of libpq as one line, at most size - 1 bytes. */
void connection_message(char *ret_line, size_t size, const char *message);

#endif
