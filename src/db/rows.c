#include "base/uuid.h"
#include "db/db.h"
#include "oid.h"

#include <endian.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void db_rows_clear(struct db_rows *rows)
{
	PQclear(rows->result);
	*rows = (struct db_rows){.result = NULL, .count = 0};
}

__attribute__((noreturn)) static void misread(const struct db_rows *rows, size_t row, size_t column,
					      const char *wanted)
{
	const char *name = rows->result ? PQfname(rows->result, (int)column) : NULL;
	fprintf(stderr, "bookingd: row %zu of %zu, column %zu (%s) of an answer is not %s (type %u)\n", row,
		rows->count, column, name ? name : "there is none", wanted,
		name ? PQftype(rows->result, (int)column) : 0);
	abort();
}

/* The value's bytes (NUL-terminated) and length; NULL where it is null. */
static const char *value_of(const struct db_rows *rows, size_t row, size_t column, int *ret_length)
{
	const PGresult *result = rows->result;
	if (result == NULL || row >= rows->count || column >= (size_t)PQnfields(result))
		misread(rows, row, column, "in the answer");
	if (PQgetisnull(result, (int)row, (int)column))
		return NULL;
	*ret_length = PQgetlength(result, (int)row, (int)column);
	return PQgetvalue(result, (int)row, (int)column);
}

static Oid type_of(const struct db_rows *rows, size_t column)
{
	const PGresult *result = rows->result;
	return PQfformat(result, (int)column) == 1 ? PQftype(result, (int)column) : OID_UNKNOWN;
}

bool db_is_null(const struct db_rows *rows, size_t row, size_t column)
{
	int length;
	return value_of(rows, row, column, &length) == NULL;
}

const char *db_get_text(const struct db_rows *rows, size_t row, size_t column)
{
	int length;
	const char *value = value_of(rows, row, column, &length);
	if (value == NULL)
		return NULL;
	switch (type_of(rows, column)) {
	case OID_TEXT:
	case OID_VARCHAR:
	case OID_BPCHAR:
	case OID_NAME:
	case OID_JSON:
	case OID_UNKNOWN:
		return value;
	case OID_JSONB:
		return value + 1; /* behind its format's version, 1 */
	default:
		if (type_of(rows, column) < OID_FIRST_OF_USERS)
			misread(rows, row, column, "a text");
		return value;
	}
}

char *db_copy_text(const struct db_rows *rows, size_t row, size_t column, struct arena *mem)
{
	return arena_strdup(mem, db_get_text(rows, row, column));
}

int64_t db_get_int(const struct db_rows *rows, size_t row, size_t column)
{
	int length;
	const char *value = value_of(rows, row, column, &length);
	if (value == NULL)
		return 0;
	uint16_t two;
	uint32_t four;
	uint64_t eight;
	switch (type_of(rows, column)) {
	case OID_INT2:
		memcpy(&two, value, sizeof(two));
		return (int16_t)be16toh(two);
	case OID_INT4:
		memcpy(&four, value, sizeof(four));
		return (int32_t)be32toh(four);
	case OID_INT8:
		memcpy(&eight, value, sizeof(eight));
		return (int64_t)be64toh(eight);
	default:
		misread(rows, row, column, "an integer");
	}
}

bool db_get_bool(const struct db_rows *rows, size_t row, size_t column)
{
	int length;
	const char *value = value_of(rows, row, column, &length);
	if (value == NULL)
		return false;
	if (type_of(rows, column) != OID_BOOL)
		misread(rows, row, column, "a boolean");
	return value[0] != 0;
}

instant db_get_instant(const struct db_rows *rows, size_t row, size_t column)
{
	int length;
	const char *value = value_of(rows, row, column, &length);
	if (value == NULL)
		return 0;
	if (type_of(rows, column) != OID_TIMESTAMPTZ)
		misread(rows, row, column, "an instant");
	uint64_t wire;
	memcpy(&wire, value, sizeof(wire));
	int64_t microseconds = (int64_t)be64toh(wire);
	instant when = microseconds / 1000000 - (microseconds % 1000000 < 0) + TIMESTAMP_EPOCH;
	return when < INSTANT_MIN ? INSTANT_MIN : when > INSTANT_MAX ? INSTANT_MAX : when;
}

struct uuid db_get_uuid_bytes(const struct db_rows *rows, size_t row, size_t column)
{
	int length;
	const char *value = value_of(rows, row, column, &length);
	struct uuid id = {{0}};
	if (value == NULL)
		return id;
	if (type_of(rows, column) != OID_UUID || length != sizeof(id.bytes))
		misread(rows, row, column, "a UUID");
	memcpy(id.bytes, value, sizeof(id.bytes));
	return id;
}

void db_get_uuid(const struct db_rows *rows, size_t row, size_t column, char ret_uuid[static 37])
{
	ret_uuid[0] = '\0';
	if (!db_is_null(rows, row, column))
		uuid_format(db_get_uuid_bytes(rows, row, column), ret_uuid);
}

const void *db_get_bytes(const struct db_rows *rows, size_t row, size_t column, size_t *ret_length)
{
	int length = 0;
	const char *value = value_of(rows, row, column, &length);
	*ret_length = value ? (size_t)length : 0;
	if (value != NULL && type_of(rows, column) != OID_BYTEA)
		misread(rows, row, column, "bytes");
	return value;
}

int db_column(const struct db_rows *rows, const char *name)
{
	const PGresult *result = rows->result;
	for (int i = 0; i < PQnfields(result); i++) {
		if (strcmp(PQfname(result, i), name) == 0)
			return i;
	}
	return -1;
}
