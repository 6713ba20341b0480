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

static struct db_field column_of(const struct db_rows *rows, size_t row, size_t column)
{
	const PGresult *result = rows->result;
	if (result == NULL || row >= rows->count || column >= (size_t)PQnfields(result))
		misread(rows, row, column, "in the answer");
	if (PQgetisnull(result, (int)row, (int)column))
		return (struct db_field){.bytes = NULL};
	return (struct db_field){
		.bytes = PQgetvalue(result, (int)row, (int)column),
		.length = PQgetlength(result, (int)row, (int)column),
		.type = PQfformat(result, (int)column) == 1 ? PQftype(result, (int)column) : OID_UNKNOWN,
	};
}

/* ---- what bytes mean; false if they are of another type ---- */

static bool read_text(const struct db_field *field, const char **ret_text)
{
	switch (field->type) {
	case OID_TEXT:
	case OID_VARCHAR:
	case OID_BPCHAR:
	case OID_NAME:
	case OID_JSON:
	case OID_UNKNOWN:
		*ret_text = field->bytes;
		return true;
	case OID_JSONB:
		*ret_text = field->bytes + 1; /* behind its format's version, 1 */
		return true;
	default:
		*ret_text = field->bytes;
		return field->type >= OID_FIRST_OF_USERS;
	}
}

static bool read_int(const struct db_field *field, int64_t *ret_number)
{
	uint16_t two;
	uint32_t four;
	uint64_t eight;
	switch (field->type) {
	case OID_INT2:
		memcpy(&two, field->bytes, sizeof(two));
		*ret_number = (int16_t)be16toh(two);
		return true;
	case OID_INT4:
		memcpy(&four, field->bytes, sizeof(four));
		*ret_number = (int32_t)be32toh(four);
		return true;
	case OID_INT8:
		memcpy(&eight, field->bytes, sizeof(eight));
		*ret_number = (int64_t)be64toh(eight);
		return true;
	default:
		return false;
	}
}

static bool read_instant(const struct db_field *field, instant *ret_at)
{
	if (field->type != OID_TIMESTAMPTZ)
		return false;
	uint64_t wire;
	memcpy(&wire, field->bytes, sizeof(wire));
	int64_t microseconds = (int64_t)be64toh(wire);
	instant when = microseconds / 1000000 - (microseconds % 1000000 < 0) + TIMESTAMP_EPOCH;
	*ret_at = when < INSTANT_MIN ? INSTANT_MIN : when > INSTANT_MAX ? INSTANT_MAX : when;
	return true;
}

static bool read_uuid(const struct db_field *field, struct uuid *ret_id)
{
	if (field->type != OID_UUID || field->length != sizeof(ret_id->bytes))
		return false;
	memcpy(ret_id->bytes, field->bytes, sizeof(ret_id->bytes));
	return true;
}

/* ---- columns ---- */

bool db_is_null(const struct db_rows *rows, size_t row, size_t column)
{
	return column_of(rows, row, column).bytes == NULL;
}

const char *db_get_text(const struct db_rows *rows, size_t row, size_t column)
{
	struct db_field field = column_of(rows, row, column);
	const char *text = NULL;
	if (field.bytes != NULL && !read_text(&field, &text))
		misread(rows, row, column, "a text");
	return text;
}

char *db_copy_text(const struct db_rows *rows, size_t row, size_t column, struct arena *mem)
{
	return arena_strdup(mem, db_get_text(rows, row, column));
}

int64_t db_get_int(const struct db_rows *rows, size_t row, size_t column)
{
	struct db_field field = column_of(rows, row, column);
	int64_t number = 0;
	if (field.bytes != NULL && !read_int(&field, &number))
		misread(rows, row, column, "an integer");
	return number;
}

bool db_get_bool(const struct db_rows *rows, size_t row, size_t column)
{
	struct db_field field = column_of(rows, row, column);
	if (field.bytes != NULL && field.type != OID_BOOL)
		misread(rows, row, column, "a boolean");
	return field.bytes != NULL && field.bytes[0] != 0;
}

instant db_get_instant(const struct db_rows *rows, size_t row, size_t column)
{
	struct db_field field = column_of(rows, row, column);
	instant at = 0;
	if (field.bytes != NULL && !read_instant(&field, &at))
		misread(rows, row, column, "an instant");
	return at;
}

struct uuid db_get_uuid_bytes(const struct db_rows *rows, size_t row, size_t column)
{
	struct db_field field = column_of(rows, row, column);
	struct uuid id = {{0}};
	if (field.bytes != NULL && !read_uuid(&field, &id))
		misread(rows, row, column, "a UUID");
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
	struct db_field field = column_of(rows, row, column);
	if (field.bytes != NULL && field.type != OID_BYTEA)
		misread(rows, row, column, "bytes");
	*ret_length = (size_t)field.length;
	return field.bytes;
}

/* ---- fields of a row's value ---- */

static uint32_t read_word(const char *bytes)
{
	uint32_t word;
	memcpy(&word, bytes, sizeof(word));
	return be32toh(word);
}

/* As record_send() of PostgreSQL writes it: how many fields; of each its type, length (-1: null) and bytes.
 */
static bool record_read(const struct db_field *value, struct db_record *record, bool *ret_all_null)
{
	const size_t word = sizeof(uint32_t);
	const char *at = value->bytes;
	const char *end = at + value->length;
	if (value->type < OID_FIRST_OF_USERS || (size_t)(end - at) < word)
		return false;
	record->count = read_word(at);
	at += word;
	*ret_all_null = true;
	if (record->count > DB_FIELDS_MAX)
		return false;
	for (size_t i = 0; i < record->count; i++) {
		if ((size_t)(end - at) < 2 * word)
			return false;
		struct db_field *field = &record->fields[i];
		field->type = read_word(at);
		field->length = (int32_t)read_word(at + word);
		at += 2 * word;
		field->bytes = NULL;
		if (field->length < 0)
			continue;
		if (end - at < field->length)
			return false;
		field->bytes = at;
		at += field->length;
		*ret_all_null = false;
	}
	return at == end;
}

bool db_get_record(const struct db_rows *rows, size_t row, size_t column, struct db_record *ret_record)
{
	struct db_field value = column_of(rows, row, column);
	bool all_null = true;
	if (value.bytes != NULL && !record_read(&value, ret_record, &all_null))
		misread(rows, row, column, "a row");
	return !all_null;
}

__attribute__((noreturn)) static void misread_field(const struct db_record *record, size_t field,
						    const char *wanted)
{
	fprintf(stderr, "bookingd: field %zu of %zu of a row is not %s (type %u)\n", field, record->count,
		wanted, field < record->count ? record->fields[field].type : 0);
	abort();
}

static const struct db_field *field_of(const struct db_record *record, size_t field)
{
	if (field >= record->count)
		misread_field(record, field, "there");
	return &record->fields[field];
}

bool db_field_is_null(const struct db_record *record, size_t field)
{
	return field_of(record, field)->bytes == NULL;
}

char *db_field_text(const struct db_record *record, size_t field, struct arena *mem)
{
	const struct db_field *found = field_of(record, field);
	const char *text = NULL;
	if (found->bytes == NULL)
		return NULL;
	if (!read_text(found, &text))
		misread_field(record, field, "a text");
	return arena_strndup(mem, text, (size_t)(found->bytes + found->length - text));
}

int64_t db_field_int(const struct db_record *record, size_t field)
{
	const struct db_field *found = field_of(record, field);
	int64_t number = 0;
	if (found->bytes != NULL && !read_int(found, &number))
		misread_field(record, field, "an integer");
	return number;
}

bool db_field_bool(const struct db_record *record, size_t field)
{
	const struct db_field *found = field_of(record, field);
	if (found->bytes != NULL && found->type != OID_BOOL)
		misread_field(record, field, "a boolean");
	return found->bytes != NULL && found->bytes[0] != 0;
}

instant db_field_instant(const struct db_record *record, size_t field)
{
	const struct db_field *found = field_of(record, field);
	instant at = 0;
	if (found->bytes != NULL && !read_instant(found, &at))
		misread_field(record, field, "an instant");
	return at;
}

struct uuid db_field_uuid(const struct db_record *record, size_t field)
{
	const struct db_field *found = field_of(record, field);
	struct uuid id = {{0}};
	if (found->bytes != NULL && !read_uuid(found, &id))
		misread_field(record, field, "a UUID");
	return id;
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
