/*
 * uuid - ids of appointments and of whatever else needs one nobody can guess.
 *
 * Version 4 of RFC 9562: 122 random bits. The text is the usual 36 characters, lower case on the way out,
 * either case on the way in. Safe from any thread; nothing blocks.
 */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdbool.h>
#include <stddef.h>

enum {
	UUID_SIZE = 16,
	UUID_TEXT_SIZE = 37, /* with the NUL */
};

struct uuid {
	unsigned char bytes[UUID_SIZE];
};

/* A new random one. */
struct uuid uuid_new(void);

/* Write the text with its NUL. */
void uuid_format(struct uuid id, char ret_text[static UUID_TEXT_SIZE]);

/*
 * Read a text of `length` characters: 8-4-4-4-12 hex digits and nothing else, any version (an id that we did
 * not make is simply not found later). False when it is not that; `ret_id` may be NULL to ask only.
 */
bool uuid_parse(const char *text, size_t length, struct uuid *ret_id);

bool uuid_equal(struct uuid left, struct uuid right);

#endif
