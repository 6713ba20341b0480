/*
 * mail_header - the values of a mail's header fields, as RFC 5322 and RFC 2047 have them written.
 *
 * Pure; safe from any thread. Whatever comes in, what goes out is one field: control characters become
 * blanks, so nobody's name can end a field or add one, and no line is longer than 76 octets unless a single
 * word is.
 */
#ifndef NET_MAIL_HEADER_H
#define NET_MAIL_HEADER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/instant.h"

enum { MAIL_ADDRESS_MAX = 254 }; /* octets, RFC 5321 section 4.5.3.1 */

/*
 * Free text, such as a subject, behind `name: `: folded at blanks; in encoded words (RFC 2047, UTF-8, base64)
 * if it is not plain ASCII. `text` is UTF-8 of any length. Returns the whole field without its last line end.
 */
char *mail_header_text(struct arena *mem, const char *name, const char *text);

/*
 * `name: "Display Name" <address>`; without a display name (NULL, or nothing but blanks) the address alone.
 * The address must pass mail_address_good.
 */
char *mail_header_person(struct arena *mem, const char *name, const char *display_name, const char *address);

/* `Date: ...` in UTC (RFC 5322 section 3.3). */
char *mail_header_date(struct arena *mem, instant at);

/*
 * Whether an address can stand in a field and in an SMTP command as it is: one @ with something on either
 * side, at most MAIL_ADDRESS_MAX octets, no blank, control character, bracket, quote, comma, colon, semicolon
 * or backslash. Other than ASCII passes: the server must know SMTPUTF8 then (RFC 6531).
 */
bool mail_address_good(const char *address);

#endif
