/*
 * dsn - a mail that says whether another one arrived (RFC 3464), as mail servers send it to the envelope's
 * sender. Pure.
 */
#ifndef DOMAIN_DSN_H
#define DOMAIN_DSN_H

#include <stdbool.h>
#include <stddef.h>

enum { DSN_TOKEN_SIZE = 64, DSN_STATUS_SIZE = 16 };

struct dsn {
	/* Of the address it was sent to, what stands between "+" and "@"; "": there is none. */
	char token[DSN_TOKEN_SIZE];
	char status[DSN_STATUS_SIZE]; /* such as 5.1.1 */
};

/*
 * Read a mail. True: it says that a mail was given up for good ("Action: failed" and a status of class 5 for
 * one recipient). False: it is a delay, an answer from somebody's absence, or anything else; *ret_dsn is then
 * not to be looked at. Any bytes will do.
 */
bool dsn_read(const char *mail, size_t length, struct dsn *ret_dsn);

#endif
