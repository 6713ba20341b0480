/*
 * cors - the headers a browser asks for before it lets a page of another origin see a reply. Private to
 * src/http.
 */
#ifndef HTTP_CORS_H
#define HTTP_CORS_H

#include "http/settings.h"

/* Set them on a reply, for the origin that the request comes from. Leaves what a handler has set. */
void cors_apply(const struct server_settings *settings, const struct request *request, struct reply *reply);

/* Answer a preflight: 204, with the headers if the origin is one of ours. `allow`: the methods, a literal
 * list. */
void cors_preflight(const struct server_settings *settings, const struct request *request, const char *allow,
		    struct reply *reply);

#endif
