/*
 * PostgreSQL's numbers of its built-in types: fixed for good (src/include/catalog/pg_type.dat), and not in a
 * header that libpq installs.
 */
#ifndef DB_OID_H
#define DB_OID_H

enum {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_CHAR = 18,
	OID_NAME = 19,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_TEXT = 25,
	OID_OID = 26,
	OID_JSON = 114,
	OID_UNKNOWN = 705,
	OID_BPCHAR = 1042,
	OID_VARCHAR = 1043,
	OID_TIMESTAMPTZ = 1184,
	OID_UUID = 2950,
	OID_JSONB = 3802,
	OID_FIRST_OF_USERS = 16384, /* enums and domains of a schema lie here */
};

/* 2000-01-01T00:00:00Z, where timestamptz counts microseconds from. */
#define TIMESTAMP_EPOCH 946684800

#endif
