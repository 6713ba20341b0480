/*
 * bounce - mails that come back: whose they were, and that their address gets no more.
 *
 * The envelope's sender of each mail has a token (VERP), so that what a server sends there later tells which
 * mail it is about: bookings+b-17-<digest>@example.org. The digest is by MAIL_HOOK_SECRET, so nobody can have
 * an address silenced by making one up.
 */
#ifndef NOTICE_BOUNCE_H
#define NOTICE_BOUNCE_H

#include "base/arena.h"
#include "db/db.h"

enum bounce_event { BOUNCE_BOUNCED, BOUNCE_COMPLAINED, BOUNCE_DELIVERED };

/* The token of a row of the ledger. Pure. */
const char *bounce_token(const char *secret, int64_t notice, struct arena *mem);

/* The envelope's sender with the token; `from` itself if that has no room for one. Pure. */
const char *bounce_sender(const char *from, const char *token, struct arena *mem);

/* Whose token this is. False: nobody's. Pure. */
bool bounce_token_read(const char *secret, const char *token, int64_t *ret_notice);

/*
 * Note what became of a mail: one that came back for good, or that its reader complained of, has failed, and
 * its address gets no more. detail: what the server said; NULL: nothing. DB_NONE: there is no such mail (any
 * more). Blocks.
 */
enum db_result bounce_note(struct db *db, int64_t notice, enum bounce_event event, bool permanent,
			   const char *detail);

#endif
