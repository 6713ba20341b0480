/*
 * assets - the files of src/web/, embedded in the binary with compressed twins.
 *
 * The Makefile copies each file, replaces the text @VERSION@ in .html, .js and .css by a hash over
 * all of src/web/, compresses it, and lists it in a generated table. A page names a script as
 * `booking.js?v=@VERSION@`: with that version in its URL it is cached for a year, without it is
 * revalidated each time (ETag, 304), and a page after five minutes. Immutable after assets_new, so safe from
 * any thread; nothing blocks.
 */
#ifndef HTTP_ASSETS_H
#define HTTP_ASSETS_H

#include "http/reply.h"

#include <stdbool.h>

struct assets;

/*
 * frame_origins  of pages that may show the booking page in a frame (scheme://host[:port] each, NULL at the
 * end; NULL: none); borrowed for the call.
 */
struct assets *assets_new(const char *const frame_origins[]);
void assets_free(struct assets *assets);

/*
 * Answer with the file of that name, as it lies under src/web/ ("booking/booking.html",
 * "booking/booking.js") and this status; nobody keeps what is no 200. False, with the reply untouched, if
 * there is none: answer 404 then.
 *
 * Every asset gets nosniff, Referrer-Policy and Cache-Control. A page (.html) gets a Content-Security-Policy
 * that runs only our own files, no inline code, and may not be framed (but those of booking/ by
 * `frame_origins`), and is cut off from windows of other sites (Cross-Origin-Opener-Policy); everything else
 * may be loaded from any site (the widget).
 */
bool assets_reply(const struct assets *assets, const char *name, unsigned status,
		  const struct request *request, struct reply *reply);

/* The media type of a file by its name. */
const char *assets_content_type(const char *name);

/* The hash over src/web/ that stands for @VERSION@. */
const char *assets_version(void);

#endif
