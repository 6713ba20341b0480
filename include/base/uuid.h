/*
 * uuid - ids of appointments and of whatever else needs one nobody can guess.
 *
 * Version 7 of RFC 9562: the time first, so that new ids lie side by side in an index, then 74 random bits.
 * The text is the usual 36 characters, lower case on the way out, either case on the way in. Safe from any
 * thread; nothing blocks.
 */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include "base/instant.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	UUID_SIZE = 16,
	UUID_TEXT_SIZE = 37, /* with the NUL */
};

struct uuid {
	unsigned char bytes[UUID_SIZE];
};

/* A new one, made at `now` (not before 1970). Of one second they are in no order among each other. */
struct uuid uuid_new(instant now);

/* Write the text with its NUL. */
void uuid_format(struct uuid id, char ret_text[static UUID_TEXT_SIZE]);

/*
 * Read a text of `length` characters: 8-4-4-4-12 hex digits and nothing else, any version (an id that we did
 * not make is simply not found later). False when it is not that; `ret_id` may be NULL to ask only.
 */
bool uuid_parse(const char *text, size_t length, struct uuid *ret_id);

#endif
