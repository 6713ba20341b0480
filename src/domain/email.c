#include "domain/email.h"

#include <stddef.h>
#include <string.h>

enum {
	LOCAL_BYTES_MAX = 64, /* RFC 5321 section 4.5.3.1.1 */
	LABEL_BYTES_MAX = 63, /* RFC 1035 section 2.3.4 */
};

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter_or_digit(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
}

static bool is_atom(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!is_letter_or_digit((unsigned char)text[i]) &&
		    (text[i] == '\0' || strchr("!#$%&'*+-/=?^_`{|}~", text[i]) == NULL))
			return false;
	}
	return length > 0;
}

static bool is_label(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		bool inside = i > 0 && i + 1 < length;
		if (!is_letter_or_digit((unsigned char)text[i]) && !(inside && text[i] == '-'))
			return false;
	}
	return length > 0 && length <= LABEL_BYTES_MAX;
}

static bool is_number(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!is_digit((unsigned char)text[i]))
			return false;
	}
	return true;
}

static bool is_local_part(const char *text, size_t length)
{
	if (length > LOCAL_BYTES_MAX)
		return false;
	const char *end = text + length;
	for (;;) {
		const char *dot = memchr(text, '.', (size_t)(end - text));
		if (!is_atom(text, (size_t)((dot != NULL ? dot : end) - text)))
			return false;
		if (dot == NULL)
			return true;
		text = dot + 1;
	}
}

static bool is_host(const char *text)
{
	for (size_t labels = 1;; labels++) {
		size_t length = strcspn(text, ".");
		if (!is_label(text, length))
			return false;
		if (text[length] == '\0') /* a last label of digits is an address of the network */
			return labels >= 2 && !is_number(text, length);
		text += length + 1;
	}
}

bool email_is_usable(const char *email)
{
	const char *at = strrchr(email, '@');
	return at != NULL && strlen(email) <= EMAIL_BYTES_MAX && is_local_part(email, (size_t)(at - email)) &&
	       is_host(at + 1);
}
