#include "base/encode.h"

static const char alphabet_base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char alphabet_base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static size_t write_base64(const unsigned char *bytes, size_t size, const char *alphabet, bool padded,
			   char *text)
{
	size_t length = 0;

	for (size_t at = 0; at < size; at += 3) {
		size_t count = size - at < 3 ? size - at : 3;
		unsigned group = (unsigned)bytes[at] << 16;

		if (count > 1)
			group |= (unsigned)bytes[at + 1] << 8;
		if (count > 2)
			group |= bytes[at + 2];
		text[length++] = alphabet[group >> 18];
		text[length++] = alphabet[(group >> 12) & 63];
		if (count > 1)
			text[length++] = alphabet[(group >> 6) & 63];
		if (count > 2)
			text[length++] = alphabet[group & 63];
	}
	while (padded && length % 4)
		text[length++] = '=';
	text[length] = '\0';
	return length;
}

/* The value of one character, or -1. `high` are the two characters for 62 and 63. */
static int digit_of(char character, const char high[static 2])
{
	if (character >= 'A' && character <= 'Z')
		return character - 'A';
	if (character >= 'a' && character <= 'z')
		return character - 'a' + 26;
	if (character >= '0' && character <= '9')
		return character - '0' + 52;
	if (character == high[0])
		return 62;
	return character == high[1] ? 63 : -1;
}

/* Read unpadded text. */
static bool read_base64(const char *text, size_t length, const char high[static 2], unsigned char *bytes,
			size_t room, size_t *ret_size)
{
	unsigned pending = 0, pending_bits = 0;
	size_t size = 0;

	if (length % 4 == 1)
		return false;
	for (size_t at = 0; at < length; at++) {
		int digit = digit_of(text[at], high);

		if (digit < 0)
			return false;
		pending = pending << 6 | (unsigned)digit;
		pending_bits += 6;
		if (pending_bits < 8)
			continue;
		pending_bits -= 8;
		if (size == room)
			return false;
		bytes[size++] = (unsigned char)(pending >> pending_bits);
		pending &= (1U << pending_bits) - 1;
	}
	if (pending)
		return false;
	*ret_size = size;
	return true;
}

size_t encode_base64(const void *bytes, size_t size, char *ret_text)
{
	return write_base64(bytes, size, alphabet_base64, true, ret_text);
}

size_t encode_base64url(const void *bytes, size_t size, char *ret_text)
{
	return write_base64(bytes, size, alphabet_base64url, false, ret_text);
}

size_t encode_hex(const void *bytes, size_t size, char *ret_text)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *from = bytes;

	for (size_t at = 0; at < size; at++) {
		ret_text[2 * at] = digits[from[at] >> 4];
		ret_text[2 * at + 1] = digits[from[at] & 15];
	}
	ret_text[2 * size] = '\0';
	return 2 * size;
}

bool encode_base64_read(const char *text, size_t length, void *ret_bytes, size_t room, size_t *ret_size)
{
	size_t padding = 0;

	if (length % 4)
		return false;
	while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
		padding++;
	return read_base64(text, length - padding, "+/", ret_bytes, room, ret_size);
}

bool encode_base64url_read(const char *text, size_t length, void *ret_bytes, size_t room, size_t *ret_size)
{
	return read_base64(text, length, "-_", ret_bytes, room, ret_size);
}

static int hex_digit_of(char character)
{
	if (character >= '0' && character <= '9')
		return character - '0';
	if (character >= 'a' && character <= 'f')
		return character - 'a' + 10;
	return character >= 'A' && character <= 'F' ? character - 'A' + 10 : -1;
}

bool encode_hex_read(const char *text, size_t length, void *ret_bytes, size_t room, size_t *ret_size)
{
	unsigned char *to = ret_bytes;

	if (length % 2 || length / 2 > room)
		return false;
	for (size_t at = 0; at < length; at += 2) {
		int high = hex_digit_of(text[at]), low = hex_digit_of(text[at + 1]);

		if (high < 0 || low < 0)
			return false;
		to[at / 2] = (unsigned char)(high << 4 | low);
	}
	*ret_size = length / 2;
	return true;
}
