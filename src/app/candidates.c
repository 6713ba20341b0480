#include "app/candidates.h"

#include <string.h>

const struct session_type *candidates_type(const struct coach *coach, const char *id)
{
	const struct schedule *schedule = coach->schedule;
	for (size_t i = 0; i < schedule->type_count; i++) {
		const struct session_type *type = &schedule->types[i];
		if (!type->draft && type->weight > 0 && (id == NULL || strcmp(type->id, id) == 0))
			return type;
	}
	return NULL;
}

/* Everybody there is. A coach who was removed meanwhile is left out. */
static bool read_coaches(struct coaches *coaches, struct worker *worker, bool schedule_only,
			 struct arena *mem, struct candidates *candidates)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(worker->db, QUERY_COACH_IDS, DB_NO_PARAMETERS, &rows);
	if (result != DB_OK && result != DB_NONE)
		return false;
	candidates->coaches = arena_array(mem, rows.count, sizeof(*candidates->coaches));
	candidates->types = arena_array(mem, rows.count, sizeof(*candidates->types));
	for (size_t i = 0; i < rows.count; i++) {
		const char *id = db_copy_text(&rows, i, 0, mem);
		const struct coach **place = &candidates->coaches[candidates->count];
		enum coach_found found = schedule_only ? coaches_find_schedule(coaches, worker, id, place)
						       : coaches_find(coaches, worker, id, place);
		if (found == COACH_FOUND)
			candidates->count++;
		else if (found != COACH_UNKNOWN)
			return false;
	}
	return true;
}

bool candidates_read(struct coaches *coaches, struct worker *worker, bool schedule_only, struct arena *mem,
		     struct candidates *candidates)
{
	const char *wanted = candidates->type_id;
	candidates->type_id = NULL;
	if (!read_coaches(coaches, worker, schedule_only, mem, candidates))
		return false;
	for (size_t i = 0; i < candidates->count; i++) {
		const struct session_type *type = candidates_type(candidates->coaches[i], wanted);
		if (type == NULL)
			continue;
		if (candidates->type_id == NULL) {
			wanted = arena_strdup(mem, type->id);
			candidates->type_id = wanted;
		}
		if (candidates->duration_minutes == 0)
			candidates->duration_minutes = type->durations[0];
		if (!session_type_offers(type, candidates->duration_minutes))
			continue;
		candidates->types[i] = type;
		candidates->any = true;
	}
	return true;
}

bool candidates_in_turn(const struct candidates *candidates, struct worker *worker, struct arena *mem,
			struct turn **ret_turns, size_t *ret_count)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(worker->db, QUERY_COACH_TURNS,
				       DB_PARAMETERS(db_text(candidates->type_id), db_int(TURN_DAYS)), &rows);
	if (result != DB_OK && result != DB_NONE)
		return false;
	struct turn *turns = arena_array(mem, candidates->count, sizeof(*turns));
	size_t count = 0;
	for (size_t i = 0; i < candidates->count; i++) {
		if (candidates->types[i] == NULL)
			continue;
		struct turn *turn = &turns[count++];
		*turn = (struct turn){.coach_id = candidates->coaches[i]->id,
				      .weight = candidates->types[i]->weight,
				      .place = i};
		for (size_t row = 0; row < rows.count; row++) {
			if (strcmp(db_get_text(&rows, row, 0), turn->coach_id) != 0)
				continue;
			turn->chosen = db_get_int(&rows, row, 1);
			turn->last = db_get_instant(&rows, row, 2);
		}
	}
	turns_sort(turns, count);
	*ret_turns = turns;
	*ret_count = count;
	return true;
}

const char *candidates_names(const struct turn turns[], size_t count, struct arena *mem)
{
	const char *text = "";
	for (size_t i = 0; i < count; i++)
		text = arena_printf(mem, "%s%s%s", text, i == 0 ? "" : " ", turns[i].coach_id);
	return text;
}

static bool is_same_price(const struct price *a, const struct price *b)
{
	const bool free = a->currency == NULL || b->currency == NULL;
	return a->credits == b->credits &&
	       (free ? a->currency == b->currency
		     : a->amount == b->amount && strcmp(a->currency, b->currency) == 0);
}

bool candidates_may_take_over(const struct coach *coach, const struct appointment *appointment, bool exempt)
{
	const struct session_type *type = candidates_type(coach, appointment->session_type);
	const bool alone = appointment->group_id[0] == '\0' && appointment->series_id[0] == '\0' &&
			   appointment->promo_code == NULL;
	return type != NULL && alone && strcmp(coach->id, appointment->coach_id) != 0 &&
	       !session_type_shared(type) && (exempt || !type->approval) &&
	       is_same_price(&type->price, &appointment->price);
}

bool candidates_can_have(const struct candidates *candidates, size_t place, const struct appointment *moving,
			 const struct identity *caller)
{
	const struct coach *coach = candidates->coaches[place];
	if (moving == NULL)
		return candidates->types[place] != NULL;
	return strcmp(coach->id, moving->coach_id) == 0 ||
	       (candidates->types[place] != NULL &&
		candidates_may_take_over(coach, moving, identity_is_exempt(caller, coach->id)));
}

void candidates_clear(struct candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++)
		coach_release(candidates->coaches[i]);
	candidates->count = 0;
}
