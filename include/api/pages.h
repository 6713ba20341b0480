/*
 * pages - what a person gets who opens an address in a browser, where a program gets JSON.
 *
 * On the connection's loop; nothing blocks.
 */
#ifndef API_PAGES_H
#define API_PAGES_H

#include "api/api.h"

/* Answers who opens a coach's page, /booking/robin, whose path is that of an appointment otherwise. False:
 * not so. */
bool pages_opened(struct call *call);

/*
 * Answers who opens an address where there is nothing, or a page's that was cut, with a page, status 404; a
 * coach's with a slash behind, one that is only a call's by other methods if it is a session type's as well,
 * and a page's with a query that cannot be read, with that page. False: not so.
 */
bool pages_stray(const struct api *api, const struct request *request, struct reply *reply);

/* The same in place of a handler's 404, to a browser; workers may call. False: a program asks. */
bool pages_missing(struct call *call);

/* Whether no coach may be called so in the address of their page: it stands under /booking/ already, is kept
 * for calls to come, or is what an appointment may be called. */
bool coach_name_is_reserved(const struct api *api, const char *slug);

#endif
