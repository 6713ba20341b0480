/*
 * library - the one function of libmicrohttpd that is called by both it and us. Private to src/http.
 *
 * libmicrohttpd 0.9.75 refuses some requests by itself, before or without asking us (refusal.c has the list).
 * It answers with a page of HTML, some with two heads, and offers no hook for it. But it queues that page as
 * an application would, through its own MHD_queue_response, and the dynamic linker finds ours first. Should
 * a later libmicrohttpd not come by here any more, its page is sent again, and tests/http says so.
 */
#ifndef HTTP_LIBRARY_H
#define HTTP_LIBRARY_H

#include <microhttpd.h>
#include <stdbool.h>

/* Called on a loop's thread with a page that libmicrohttpd wants to send. Its result is what the library
 * gets. */
typedef enum MHD_Result library_refusal(struct MHD_Connection *connection, unsigned status,
					struct MHD_Response *page);

/* Once, before any daemon is started: who hears of refusals. False if the library's function is not found. */
bool library_init(library_refusal *refusal);

/* The library's MHD_queue_response. */
enum MHD_Result library_queue_response(struct MHD_Connection *connection, unsigned status,
				       struct MHD_Response *response);

#endif
