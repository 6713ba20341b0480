#include "db/credits.h"

const char client_total_sentence[] = "You have had as many sessions of this kind as one person may book.";

enum db_result client_standing(struct db *db, const char *coach_id, const char *user_id,
			       const struct session_type *type, struct client_standing *ret_standing)
{
	const char *counted = session_type_owns(type, POLICY_MAX_TOTAL_PER_USER) ? type->id : NULL;
	DB_ROWS rows = {0};
	enum db_result result = db_run(
		db, QUERY_CLIENT_STANDING,
		DB_PARAMETERS(db_text(coach_id), db_text(user_id), db_text(type->id), db_text(counted)),
		&rows);
	if (result == DB_OK)
		*ret_standing = (struct client_standing){.credits = db_get_int(&rows, 0, 0),
							 .total = db_get_int(&rows, 0, 1)};
	return result;
}

bool session_type_asks_standing(const struct session_type *type)
{
	return type->price.credits > 0 || type->policy.max_total_per_user != POLICY_NO_LIMIT;
}

bool client_total_reached(const struct client_standing *standing, const struct session_type *type)
{
	const int64_t limit = type->policy.max_total_per_user;
	return limit != POLICY_NO_LIMIT && standing->total >= limit;
}
