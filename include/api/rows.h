/*
 * rows - what the database answered as a reply: columns as members, lists, and long lists a page at a time.
 */
#ifndef API_ROWS_H
#define API_ROWS_H

#include "api/api.h"

/* Which part of a long list is asked for. The statement is asked for limit + 1 rows: the last tells whether
 * there is another page. */
struct page {
	int64_t limit;
	int64_t place; /* of the row before the first; 0: from the beginning */
};

/* `limit` of the query, within what the route allows. False: answered 400. */
bool page_read_limit(struct call *call, struct page *ret_page);

/* The same and `cursor`, of a list whose cursors are numbers. False: answered 400. */
bool page_read(struct call *call, struct page *ret_page);

/* The place for the statement: null for the beginning. */
struct db_value page_place(const struct page *page);

/* How many of so many rows are on the page. */
size_t page_shown(const struct page *page, size_t rows);

/*
 * "next_cursor": the place of the last row on the page, which is in `column`; null if there is no other page.
 * As text, or (as clients of two lists have it) as a number.
 */
void page_write_next(struct json_writer *writer, const struct page *page, const struct db_rows *rows,
		     size_t column);
void page_write_next_number(struct json_writer *writer, const struct page *page, const struct db_rows *rows,
			    size_t column);

/*
 * Begin a reply of 200 that is an object with a list of this name, for its items. The handler ends both.
 * False: the statement failed, which is answered. DB_NONE is an empty list.
 */
bool rows_begin_list(struct call *call, enum db_result result, const char *name,
		     struct json_writer *ret_writer);

/* A column as a member of an object; null where it is null. JSON stays as it is. */
void rows_write_instant(struct json_writer *writer, const char *name, const struct db_rows *rows, size_t row,
			size_t column);
void rows_write_integer(struct json_writer *writer, const char *name, const struct db_rows *rows, size_t row,
			size_t column);
void rows_write_uuid(struct json_writer *writer, const char *name, const struct db_rows *rows, size_t row,
		     size_t column);
void rows_write_json(struct json_writer *writer, const char *name, const struct db_rows *rows, size_t row,
		     size_t column);

#endif
