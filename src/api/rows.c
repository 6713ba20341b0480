#include "api/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- pages ---- */

bool page_read_limit(struct call *call, struct page *ret_page)
{
	const struct endpoint *endpoint = call->endpoint;
	*ret_page = (struct page){.limit = endpoint->limit_default};
	return call_query_integer(call, "limit", 1, endpoint->limit_max, &ret_page->limit);
}

bool page_read(struct call *call, struct page *ret_page)
{
	return page_read_limit(call, ret_page) &&
	       call_query_integer(call, "cursor", 1, INT64_MAX, &ret_page->place);
}

struct db_value page_place(const struct page *page)
{
	return page->place > 0 ? db_int(page->place) : db_null();
}

size_t page_shown(const struct page *page, size_t rows)
{
	return rows > (size_t)page->limit ? (size_t)page->limit : rows;
}

/* The place of the last row on the page. False: there is no other page. */
static bool find_next(const struct page *page, const struct db_rows *rows, size_t column, int64_t *ret_place)
{
	const size_t shown = page_shown(page, rows->count);
	if (shown == rows->count)
		return false;
	*ret_place = db_get_int(rows, shown - 1, column);
	return true;
}

void page_write_next(struct json_writer *writer, const struct page *page, const struct db_rows *rows,
		     size_t column)
{
	char text[24];
	int64_t place = 0;
	const bool more = find_next(page, rows, column, &place);
	snprintf(text, sizeof(text), "%" PRId64, place);
	json_write_text(writer, "next_cursor", more ? text : NULL);
}

void page_write_next_number(struct json_writer *writer, const struct page *page, const struct db_rows *rows,
			    size_t column)
{
	int64_t place = 0;
	if (find_next(page, rows, column, &place))
		json_write_integer(writer, "next_cursor", place);
	else
		json_write_null(writer, "next_cursor");
}

/* ---- lists ---- */

bool rows_begin_list(struct call *call, enum db_result result, const char *name,
		     struct json_writer *ret_writer)
{
	if (result != DB_OK && result != DB_NONE) {
		call_database_failure(call, result);
		return false;
	}
	json_writer_init(ret_writer, reply_begin_json(call->reply, 200));
	json_write_object(ret_writer, NULL);
	json_write_array(ret_writer, name);
	return true;
}

/* ---- columns ---- */

void rows_write_instant(struct json_writer *writer, const char *name, const struct db_rows *rows, size_t row,
			size_t column)
{
	if (db_is_null(rows, row, column))
		json_write_null(writer, name);
	else
		json_write_instant(writer, name, db_get_instant(rows, row, column));
}

void rows_write_integer(struct json_writer *writer, const char *name, const struct db_rows *rows, size_t row,
			size_t column)
{
	if (db_is_null(rows, row, column))
		json_write_null(writer, name);
	else
		json_write_integer(writer, name, db_get_int(rows, row, column));
}

void rows_write_uuid(struct json_writer *writer, const char *name, const struct db_rows *rows, size_t row,
		     size_t column)
{
	char id[UUID_TEXT_SIZE];
	db_get_uuid(rows, row, column, id);
	json_write_text(writer, name, id[0] != '\0' ? id : NULL);
}

void rows_write_json(struct json_writer *writer, const char *name, const struct db_rows *rows, size_t row,
		     size_t column)
{
	const char *json = db_get_text(rows, row, column);
	if (json == NULL)
		json_write_null(writer, name);
	else
		json_write_raw(writer, name, json, strlen(json));
}
