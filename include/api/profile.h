/*
 * profile - what clients see of a coach: name, line, colour, picture, and the name in the address of the
 * page.
 */
#ifndef API_PROFILE_H
#define API_PROFILE_H

#include "api/api.h"

enum { PICTURE_BYTES_MAX = 200 * 1024 };

/* Handlers, on a worker; all of them block on the database. */
void api_profile_get(struct call *call);
void api_profile_put(struct call *call);
void api_picture_get(struct call *call);
void api_picture_put(struct call *call);
void api_picture_delete(struct call *call);
void api_coaches(struct call *call);

/* The type of a picture by its first bytes: PNG, JPEG or WebP; NULL: none of them. Pure. */
const char *picture_type(const char *bytes, size_t length);

#endif
