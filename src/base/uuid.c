#include "base/uuid.h"

#include "base/crypto.h"
#include "base/encode.h"

#include <string.h>

/* How many bytes stand in each of the groups of hex digits. */
static const size_t groups[] = {4, 2, 2, 2, 6};
enum { GROUP_COUNT = sizeof(groups) / sizeof(groups[0]), TIME_BYTES = 6 };

struct uuid uuid_new(instant now)
{
	/* Asking the generator costs as much for one as for sixteen. */
	static _Thread_local struct uuid pool[16];
	static _Thread_local size_t left;

	if (left == 0) {
		crypto_random(pool, sizeof(pool));
		left = sizeof(pool) / sizeof(pool[0]);
	}
	struct uuid id = pool[--left];
	uint64_t milliseconds = (uint64_t)now * 1000;
	for (size_t i = 0; i < TIME_BYTES; i++)
		id.bytes[i] = (unsigned char)(milliseconds >> 8 * (TIME_BYTES - 1 - i));
	id.bytes[6] = (unsigned char)((id.bytes[6] & 0x0f) | 0x70);
	id.bytes[8] = (unsigned char)((id.bytes[8] & 0x3f) | 0x80);
	return id;
}

void uuid_format(struct uuid id, char ret_text[static UUID_TEXT_SIZE])
{
	size_t from = 0, length = 0;

	for (size_t group = 0; group < GROUP_COUNT; group++) {
		if (group)
			ret_text[length++] = '-';
		length += encode_hex(id.bytes + from, groups[group], ret_text + length);
		from += groups[group];
	}
}

bool uuid_parse(const char *text, size_t length, struct uuid *ret_id)
{
	struct uuid id;
	size_t at = 0, size = 0, read;

	if (length != UUID_TEXT_SIZE - 1)
		return false;
	for (size_t group = 0; group < GROUP_COUNT; group++) {
		if (group && text[at++] != '-')
			return false;
		if (!encode_hex_read(text + at, 2 * groups[group], id.bytes + size, sizeof(id.bytes) - size,
				     &read))
			return false;
		at += 2 * groups[group];
		size += read;
	}
	if (ret_id)
		*ret_id = id;
	return true;
}
