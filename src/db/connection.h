/*
 * What the files of src/db share: a libpq connection whose every wait has an end. Not for other layers.
 */
#ifndef DB_CONNECTION_H
#define DB_CONNECTION_H

#include "database_inside.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Connect by `way`, and make the session what db.h promises; through a pooler nothing is set, since it would
 * be another client's as well: connection_setup_local. Blocks for at most 3 s, or 1.5 s for several hosts
 * together (250 ms each if they are more than six), and 3 s for the setup; less when the server is silent.
 * Returns NULL with one line in `ret_why` on failure.
 */
PGconn *connection_open(struct database *database, enum way way, int statement_timeout, char *ret_why,
			size_t why_size);

enum { CONNECTION_SETUP = 768 }; /* bytes that are room for a setup */

/* The statement that makes the transaction around it what db.h promises of a session. */
void connection_setup_local(int statement_timeout, char ret_sql[static CONNECTION_SETUP]);

/* End the connection, which may be NULL. */
void connection_close(struct database *database, PGconn *connection);

/*
 * Whether the connection leads to the host that answered last. Where several hosts are named another leads
 * now: one that is frozen keeps its connections open, and who is asked by them waits in vain.
 */
bool connection_is_current(struct database *database, enum way way, PGconn *connection);

/*
 * Whether an idle connection is still there, without asking the server: notices that the server
 * closed it, so that no statement is sent into the void. Reads what came in.
 */
bool connection_alive(PGconn *connection);

/*
 * Wait for the answer to what was just sent with a PQsend… function.
 *
 * database  whose silence ends the wait; NULL: however long the server is silent.
 * deadline  of monotonic_ms(), 0 for none.
 * Returns the last result of the answer (to be PQclear()ed), or the first that is an error; NULL if the
 * connection ended or the deadline passed, and then the connection is of no further use.
 */
PGresult *connection_answer(PGconn *connection, struct database *database, int64_t deadline);

/*
 * The same for what was sent in pipeline mode, up to its one synchronisation; leaves that mode. The result is
 * that of the last statement, and stands: what came before was committed with it.
 */
PGresult *connection_pipeline_answer(PGconn *connection, struct database *database, int64_t deadline);

/*
 * Whether a connection that could not be made failed by the server's own word ("FATAL:  sorry, …"), so that
 * it is there. `why` of connection_open().
 */
bool connection_server_said(const char *why);

/* Copy a message of libpq as one line, at most size - 1 bytes. */
void connection_message(char *ret_line, size_t size, const char *message);

struct db;

/* Hand over a connection of connection_open(WAY_SESSION), to be that of `db`; it is ended where a pooler's is
 * wanted. */
void db_adopt(struct db *db, PGconn *connection);

#endif
