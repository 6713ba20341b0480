/*
 * json - reading request bodies into typed structs, and writing replies.
 *
 * Reading is by jansson, writing straight into a bounded buffer. Everything here belongs to
 * the calling thread, allocates from the caller's arena and never blocks.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/instant.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For __attribute__((cleanup(json_cleanup))) on a json_t pointer. */
static inline void json_cleanup(json_t **value)
{
	json_decref(*value);
}

#define JSON_LOCAL __attribute__((cleanup(json_cleanup))) json_t *

enum json_verdict {
	JSON_READ,          /* all is well */
	JSON_MALFORMED,     /* not one JSON object, a name twice, bad UTF-8, a NUL: 400 malformed_json */
	JSON_INVALID_FIELD, /* wrong type or value, or missing: 422 invalid_field */
	JSON_UNKNOWN_FIELD, /* a name nobody asked for: 422 unknown_field */
};

/* What is wrong with a body. `field` and `detail` live in the arena; `field` may be NULL. */
struct json_fault {
	enum json_verdict verdict;
	const char *field;
	const char *detail; /* one sentence for a person */
};

enum json_field_kind {
	JSON_FIELD_TEXT, /* const char *: min..max characters (code points), copied into the arena */
	JSON_FIELD_LINE, /* the same for one line that people write: trimmed, TEXT_LINE, not blank unless ""
			  */
	JSON_FIELD_NOTE, /* the same for text that may break lines: TEXT_NOTE; blank is "" */
	JSON_FIELD_INTEGER, /* int64_t: min..max; 30.0 is 30, "30" is no number */
	JSON_FIELD_BOOLEAN, /* bool */
	JSON_FIELD_INSTANT, /* instant: RFC 3339 with an offset */
	JSON_FIELD_VALUE,   /* json_t *: any value, a reference of its own, for json_decref; see JSON_LOCAL */
	JSON_FIELD_ID,      /* const char *: as TEXT, of A-Z a-z 0-9 . _ - only */
};

struct json_field {
	const char *name;
	enum json_field_kind kind;
	bool required; /* otherwise it may be missing or null, and *out stays as it is */
	int64_t min;
	int64_t max;
	void *out;
	bool *present; /* set to true when a value was read; may be NULL */
};

/*
 * Parse `length` bytes as one JSON object (jansson; names must not repeat, depth is bounded).
 * Returns the object, which the caller releases with json_decref, or NULL with *ret_fault set.
 * A number too large for a double is JSON_MALFORMED, too: jansson cannot say which field it stands in.
 */
json_t *json_parse_object(struct arena *mem, const char *bytes, size_t length, struct json_fault *ret_fault);

/*
 * Whether it is a number without a fraction: 30, 30.0 and 3e1 are the same in JSON. In the latter forms it
 * must be below 2^53, up to where a double is exact.
 */
bool json_whole_number(const json_t *value, int64_t *ret_number);

/* Why a text is no instant, if its fraction of a second is all that hinders it; NULL: something else does.
 * For one that instant_parse() has refused. */
const char *json_fraction_fault(struct arena *mem, const char *name, const char *text);

/*
 * Read the fields of an object. Every name in it must be one of `fields`. Returns true, or false
 * with the first fault: unknown names first, then the fields in the order given.
 */
bool json_read_fields(struct arena *mem, const json_t *object, const struct json_field fields[], size_t count,
		      struct json_fault *ret_fault);

/* Both in one: what a handler calls. */
bool json_read_body(struct arena *mem, const char *bytes, size_t length, const struct json_field fields[],
		    size_t count, struct json_fault *ret_fault);

/* Code points in valid UTF-8. */
size_t utf8_length(const char *text);

/* Whether the bytes are valid UTF-8 (no surrogates, no overlong forms, no NUL). */
bool utf8_valid(const char *bytes, size_t length);

/* The whole characters in the first `most` bytes of valid UTF-8, copied: to be shown in a message. */
const char *utf8_beginning(struct arena *mem, const char *text, size_t most);

/* A quoted, escaped JSON string; null for NULL. Bytes that are not UTF-8 become U+FFFD. */
void json_put_text(struct buffer *out, const char *text);

/*
 * A writer that minds the commas. Open, write, close; nesting up to 16. A name is given before
 * each value inside an object and is NULL inside an array. Overflow shows in the buffer.
 */
struct json_writer {
	struct buffer *out;
	unsigned depth;
	bool filled[16]; /* whether this depth has a value already */
};

void json_writer_init(struct json_writer *writer, struct buffer *out);
/* Go on with the object that ends the buffer and has members already: others may follow, then its end again.
 */
void json_writer_reopen(struct json_writer *writer, struct buffer *out);
void json_write_object(struct json_writer *writer, const char *name); /* opens { */
void json_write_array(struct json_writer *writer, const char *name);  /* opens [ */
void json_write_object_end(struct json_writer *writer);
void json_write_array_end(struct json_writer *writer);
void json_write_text(struct json_writer *writer, const char *name, const char *text); /* NULL writes null */
void json_write_integer(struct json_writer *writer, const char *name, int64_t value);
void json_write_boolean(struct json_writer *writer, const char *name, bool value);
void json_write_null(struct json_writer *writer, const char *name);
void json_write_instant(struct json_writer *writer, const char *name, instant at);
/* A name for a value that the caller writes into the buffer next by himself. */
void json_write_name(struct json_writer *writer, const char *name);
/* Bytes that are JSON already, as they are. */
void json_write_raw(struct json_writer *writer, const char *name, const char *json, size_t length);

#endif
