#include "base/die.h"
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

/* The schema is not what this program was built for: noted until somebody asks db_misread(). */
static void misread(const struct db_field *field, const char *wanted)
{
	die_unless(field->misread != NULL); /* no answer is read that was not had */
	snprintf(field->misread->detail, sizeof(field->misread->detail),
		 "value %zu of a row is not %s (type %u)", field->place, wanted, field->type);
}

/* ---- what the bytes of a value mean; 0 or NULL where it is null ---- */

static const char *read_text(const struct db_field *field)
{
	if (field->bytes == NULL)
		return NULL;
	switch (field->type) {
	case OID_TEXT:
	case OID_VARCHAR:
	case OID_BPCHAR:
	case OID_NAME:
	case OID_JSON:
	case OID_UNKNOWN:
		return field->bytes;
	case OID_JSONB:
		return field->bytes + 1; /* behind its format's version, 1 */
	default:
		if (field->type >= OID_FIRST_OF_USERS)
			return field->bytes;
		misread(field, "a text");
		return "";
	}
}

static int64_t read_int(const struct db_field *field)
{
	uint16_t two;
	uint32_t four;
	uint64_t eight;
	if (field->bytes == NULL)
		return 0;
	switch (field->type) {
	case OID_INT2:
		memcpy(&two, field->bytes, sizeof(two));
		return (int16_t)be16toh(two);
	case OID_INT4:
		memcpy(&four, field->bytes, sizeof(four));
		return (int32_t)be32toh(four);
	case OID_INT8:
		memcpy(&eight, field->bytes, sizeof(eight));
		return (int64_t)be64toh(eight);
	default:
		misread(field, "an integer");
		return 0;
	}
}

static bool read_bool(const struct db_field *field)
{
	if (field->bytes == NULL)
		return false;
	if (field->type == OID_BOOL)
		return field->bytes[0] != 0;
	misread(field, "a boolean");
	return false;
}

static instant read_instant(const struct db_field *field)
{
	if (field->bytes == NULL)
		return 0;
	if (field->type != OID_TIMESTAMPTZ) {
		misread(field, "an instant");
		return 0;
	}
	uint64_t wire;
	memcpy(&wire, field->bytes, sizeof(wire));
	int64_t microseconds = (int64_t)be64toh(wire);
	instant when = microseconds / 1000000 - (microseconds % 1000000 < 0) + TIMESTAMP_EPOCH;
	return when < INSTANT_MIN ? INSTANT_MIN : when > INSTANT_MAX ? INSTANT_MAX : when;
}

static struct uuid read_uuid(const struct db_field *field)
{
	struct uuid id = {{0}};
	if (field->bytes == NULL)
		return id;
	if (field->type == OID_UUID && field->length == sizeof(id.bytes))
		memcpy(id.bytes, field->bytes, sizeof(id.bytes));
	else
		misread(field, "a UUID");
	return id;
}

/* ---- columns ---- */

static struct db_field column_of(const struct db_rows *rows, size_t row, size_t column)
{
	const PGresult *result = rows->result;
	struct db_field field = {.misread = rows->misread, .place = column};
	if (result == NULL || row >= rows->count || column >= (size_t)PQnfields(result)) {
		misread(&field, "in the answer");
		return field;
	}
	if (PQgetisnull(result, (int)row, (int)column))
		return field;
	field.bytes = PQgetvalue(result, (int)row, (int)column);
	field.length = PQgetlength(result, (int)row, (int)column);
	field.type = PQfformat(result, (int)column) == 1 ? PQftype(result, (int)column) : OID_UNKNOWN;
	return field;
}

bool db_is_null(const struct db_rows *rows, size_t row, size_t column)
{
	return column_of(rows, row, column).bytes == NULL;
}

const char *db_get_text(const struct db_rows *rows, size_t row, size_t column)
{
	struct db_field field = column_of(rows, row, column);
	return read_text(&field);
}

char *db_copy_text(const struct db_rows *rows, size_t row, size_t column, struct arena *mem)
{
	return arena_strdup(mem, db_get_text(rows, row, column));
}

int64_t db_get_int(const struct db_rows *rows, size_t row, size_t column)
{
	struct db_field field = column_of(rows, row, column);
	return read_int(&field);
}

bool db_get_bool(const struct db_rows *rows, size_t row, size_t column)
{
	struct db_field field = column_of(rows, row, column);
	return read_bool(&field);
}

instant db_get_instant(const struct db_rows *rows, size_t row, size_t column)
{
	struct db_field field = column_of(rows, row, column);
	return read_instant(&field);
}

struct uuid db_get_uuid_bytes(const struct db_rows *rows, size_t row, size_t column)
{
	struct db_field field = column_of(rows, row, column);
	return read_uuid(&field);
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
	if (field.bytes != NULL && field.type != OID_BYTEA) {
		misread(&field, "bytes");
		field = (struct db_field){.bytes = "", .length = 0};
	}
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
		field->misread = value->misread;
		field->place = i;
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
	ret_record->misread = rows->misread;
	if (value.bytes == NULL || record_read(&value, ret_record, &all_null))
		return !all_null;
	misread(&value, "a row");
	ret_record->count = 0; /* so that each of its fields is one that is not there */
	return true;
}

/* A copy, with no value where the row has fewer fields. */
static struct db_field field_of(const struct db_record *record, size_t field)
{
	struct db_field missing = {.misread = record->misread, .place = field};
	if (field < record->count)
		return record->fields[field];
	misread(&missing, "there");
	return missing;
}

bool db_field_is_null(const struct db_record *record, size_t field)
{
	return field_of(record, field).bytes == NULL;
}

char *db_field_text(const struct db_record *record, size_t field, struct arena *mem)
{
	const struct db_field found = field_of(record, field);
	const char *text = read_text(&found);
	if (text == NULL || text < found.bytes || text > found.bytes + found.length)
		return text != NULL ? arena_strdup(mem, "") : NULL; /* misread */
	return arena_strndup(mem, text, (size_t)(found.bytes + found.length - text));
}

int64_t db_field_int(const struct db_record *record, size_t field)
{
	const struct db_field found = field_of(record, field);
	return read_int(&found);
}

bool db_field_bool(const struct db_record *record, size_t field)
{
	const struct db_field found = field_of(record, field);
	return read_bool(&found);
}

instant db_field_instant(const struct db_record *record, size_t field)
{
	const struct db_field found = field_of(record, field);
	return read_instant(&found);
}

struct uuid db_field_uuid(const struct db_record *record, size_t field)
{
	const struct db_field found = field_of(record, field);
	return read_uuid(&found);
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
