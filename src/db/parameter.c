#include "parameter.h"

#include "base/uuid.h"
#include "oid.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_binary(struct parameters *out, size_t i, const void *bytes, size_t length)
{
	memcpy(out->bytes[i], bytes, length);
	out->values[i] = out->bytes[i];
	out->lengths[i] = (int)length;
	out->formats[i] = 1;
}

static bool encode_int(struct parameters *out, size_t i, int64_t number, Oid type)
{
	if (type == OID_INT8) {
		uint64_t wire = htobe64((uint64_t)number);
		put_binary(out, i, &wire, sizeof(wire));
	} else if (type == OID_INT4) {
		uint32_t wire = htobe32((uint32_t)number);
		if (number < INT32_MIN || number > INT32_MAX)
			return false;
		put_binary(out, i, &wire, sizeof(wire));
	} else {
		snprintf(out->bytes[i], sizeof(out->bytes[i]), "%" PRId64, number);
		out->values[i] = out->bytes[i];
	}
	return true;
}

static bool encode_instant(struct parameters *out, size_t i, instant when, Oid type)
{
	if (when < INSTANT_MIN || when > INSTANT_MAX)
		return false;
	if (type == OID_TIMESTAMPTZ) {
		uint64_t wire = htobe64((uint64_t)((when - TIMESTAMP_EPOCH) * 1000000));
		put_binary(out, i, &wire, sizeof(wire));
	} else {
		instant_format(when, out->bytes[i]);
		out->values[i] = out->bytes[i];
	}
	return true;
}

static bool encode_uuid(struct parameters *out, size_t i, const char *text, Oid type)
{
	struct uuid id;
	if (!uuid_parse(text, strlen(text), &id))
		return false;
	if (type == OID_UUID)
		put_binary(out, i, id.bytes, sizeof(id.bytes));
	else
		out->values[i] = text;
	return true;
}

static bool encode(struct parameters *out, size_t i, const struct db_value *value, Oid type)
{
	out->values[i] = NULL;
	out->lengths[i] = 0;
	out->formats[i] = 0;
	switch (value->kind) {
	case DB_KIND_NULL:
		return true;
	case DB_KIND_TEXT:
		out->values[i] = value->text;
		return true;
	case DB_KIND_INT:
		return encode_int(out, i, value->number, type);
	case DB_KIND_BOOL:
		if (type == OID_BOOL)
			put_binary(out, i, value->number != 0 ? "\1" : "\0", 1);
		else
			out->values[i] = value->number ? "true" : "false";
		return true;
	case DB_KIND_INSTANT:
		return encode_instant(out, i, value->number, type);
	case DB_KIND_UUID:
		return encode_uuid(out, i, value->text, type);
	case DB_KIND_BYTES:
		if (value->length > INT32_MAX / 2)
			return false;
		out->values[i] = value->length ? value->bytes : "";
		out->lengths[i] = (int)value->length;
		out->formats[i] = 1;
		return true;
	}
	return false;
}

size_t parameters_encode(struct parameters *ret, const struct db_value values[], const Oid types[],
			 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!encode(ret, i, &values[i], types[i]))
			return i + 1;
	}
	return 0;
}
