#include "db/groups.h"

enum db_result group_read(struct db *db, struct arena *mem, const char *coach_id, const char *id,
			  struct group *ret_group)
{
	DB_ROWS rows = {0};
	struct group group = {.seats = 0};
	enum db_result result =
		db_run(db, QUERY_GROUP_OF_COACH, DB_PARAMETERS(db_uuid(id), db_text(coach_id)), &rows);
	if (result == DB_OK)
		result = appointment_read(db, &rows, 0, 0, mem, &group.session);
	if (result == DB_OK)
		result = appointments_of_group(db, mem, id, &group.list);
	if (result != DB_OK)
		return result;
	group.seats = db_get_int(&rows, 0, 1);
	group.min_seats = db_get_int(&rows, 0, 2);
	group.taken = db_get_int(&rows, 0, 3);
	*ret_group = group;
	return DB_OK;
}
