/*
 * encode - bytes as text: base64, base64url and hex.
 *
 * The decoders are strict, so that one sequence of bytes has one text only (RFC 4648 section 3.5): no line
 * breaks or blanks, no characters outside the alphabet, no bits set beyond the last byte. base64 must be
 * padded, base64url must not be (as RFC 7515 writes it). Pure; safe from any thread.
 */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include <stdbool.h>
#include <stddef.h>

/* Room for the text of `size` bytes, its terminating NUL included. Constant where `size` is. */
#define ENCODE_BASE64_SIZE(size)    ((((size_t)(size) + 2) / 3) * 4 + 1)
#define ENCODE_BASE64URL_SIZE(size) (((size_t)(size)*4 + 2) / 3 + 1)
#define ENCODE_HEX_SIZE(size)       ((size_t)(size)*2 + 1)

/* At most this many bytes come out of a base64 or base64url text of `length` characters. */
#define ENCODE_DECODED_SIZE(length) ((size_t)(length) / 4 * 3 + 2)

/* Write the text and a NUL into `ret_text`, which has the room above. Returns the length without NUL. */
size_t encode_base64(const void *bytes, size_t size, char *ret_text);
size_t encode_base64url(const void *bytes, size_t size, char *ret_text);
size_t encode_hex(const void *bytes, size_t size, char *ret_text); /* lower case */

/*
 * Read `length` characters of text into `ret_bytes`, which has room for `room` bytes.
 *
 * False when the text is not strictly well-formed or needs more room; `ret_bytes` may then have been
 * written to in part. `ret_bytes` may not overlap the text. The empty text gives 0 bytes.
 */
bool encode_base64_read(const char *text, size_t length, void *ret_bytes, size_t room, size_t *ret_size);
bool encode_base64url_read(const char *text, size_t length, void *ret_bytes, size_t room, size_t *ret_size);
bool encode_hex_read(const char *text, size_t length, void *ret_bytes, size_t room, size_t *ret_size);

#endif
