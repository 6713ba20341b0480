/*
 * email - which addresses can be written to.
 *
 * Pure; any thread.
 */
#ifndef DOMAIN_EMAIL_H
#define DOMAIN_EMAIL_H

#include <stdbool.h>

enum { EMAIL_BYTES_MAX = 254 }; /* RFC 5321 section 4.5.3.1.3, without the angle brackets */

/*
 * Whether mail servers and calendars take `email` as an address: a dot-atom (RFC 5322 section 3.2.3), an at
 * sign, and a host name of two labels or more (RFC 1123 section 2.1). Comments, quoted local parts, literal
 * addresses and letters beyond ASCII are allowed by the standards and refused by Google Calendar for a guest,
 * so they are refused here. True does not say that anybody reads what is sent there.
 */
bool email_is_usable(const char *email);

#endif
