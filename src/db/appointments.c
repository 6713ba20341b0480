#include "db/appointments.h"

#include "base/crypto.h"
#include "base/uuid.h"

#include <string.h>

/* What each word of the schema's functions means. */
static const struct {
	const char *name;
	enum store_outcome outcome;
	enum refusal refusal;
} outcomes[] = {{"booked", STORE_DONE, REFUSAL_NONE},
		{"placed", STORE_DONE, REFUSAL_NONE},
		{"confirmed", STORE_DONE, REFUSAL_NONE},
		{"cancelled", STORE_DONE, REFUSAL_NONE},
		{"moved", STORE_DONE, REFUSAL_NONE},
		{"approved", STORE_DONE, REFUSAL_NONE},
		{"invited", STORE_DONE, REFUSAL_NONE},
		{"marked", STORE_DONE, REFUSAL_NONE},
		{"exists", STORE_EXISTS, REFUSAL_NONE},
		{"already", STORE_EXISTS, REFUSAL_NONE},
		{"same", STORE_EXISTS, REFUSAL_NONE},
		{"not_found", STORE_NOT_FOUND, REFUSAL_NONE},
		{"too_often", STORE_TOO_OFTEN, REFUSAL_NONE},
		{"too_many_people", STORE_TOO_MANY_PEOPLE, REFUSAL_NONE},
		{"too_many_guests", STORE_TOO_MANY_GUESTS, REFUSAL_NONE},
		{"too_many_codes", STORE_TOO_MANY_CODES, REFUSAL_NONE},
		{"total_reached", STORE_TOTAL_REACHED, REFUSAL_NONE},
		{"given_back", STORE_DONE, REFUSAL_NONE},
		{"crowded", STORE_CROWDED, REFUSAL_NONE},
#define REFUSED(name, code, status, sentence) {#code, STORE_REFUSED, REFUSAL_##name},
		REFUSALS(REFUSED)
#undef REFUSED
};

static enum db_result answer_read(struct db *db, const struct db_rows *rows, size_t row, struct arena *mem,
				  struct store_answer *ret_answer)
{
	const char *word = db_get_text(rows, row, 0);
	for (size_t i = 0; word != NULL && i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		if (strcmp(outcomes[i].name, word) != 0)
			continue;
		*ret_answer =
			(struct store_answer){.outcome = outcomes[i].outcome, .refusal = outcomes[i].refusal};
		enum db_result result = appointment_read(db, rows, row, 1, mem, &ret_answer->appointment);
		if (result != DB_OK && result != DB_NONE)
			return result;
		int freed_coach = db_column(rows, "freed_coach");
		if (freed_coach >= 0)
			ret_answer->freed_coach = db_copy_text(rows, row, (size_t)freed_coach, mem);
		return DB_OK;
	}
	return db_misunderstood(db, "the outcome of a booking function", word);
}

static struct db_value limit_value(int64_t limit)
{
	return limit < 0 ? db_null() : db_int(limit);
}

#define ACTOR_PARAMETERS(actor)                                                                              \
	db_text((actor)->user_id), db_text((actor)->role), db_text((actor)->request_id),                     \
		db_text((actor)->idempotency_key),                                                           \
		(actor)->request_hash == NULL ? db_null()                                                    \
					      : db_bytes((actor)->request_hash, CRYPTO_SHA256_SIZE)

#define TERMS_PARAMETERS(booking)                                                                            \
	db_text(late_cancel_name((booking)->late_cancel)), db_int((booking)->price.credits),                 \
		(booking)->price.currency == NULL ? db_null() : db_int((booking)->price.amount),             \
		db_text((booking)->price.currency), limit_value((booking)->max_total),                       \
		db_text((booking)->max_total_type)

#define GUESTS_PARAMETERS(booking) db_text((booking)->guests), limit_value((booking)->max_guests)

#define NEWER_PARAMETERS(booking) GUESTS_PARAMETERS(booking), limit_value((booking)->request_notice)

#define MEETING_PARAMETERS(meeting)                                                                          \
	db_text((meeting)->url), db_text((meeting)->label), db_text((meeting)->place),                       \
		db_text((meeting)->instructions)

static struct db_value seats_value(int64_t seats)
{
	return seats == 0 ? db_null() : db_int(seats);
}

static enum db_result run_booking(struct db *db, struct arena *mem, enum query query,
				  const struct db_value parameters[], size_t count,
				  struct store_answer *ret_answer)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(db, query, parameters, count, &rows);
	return result == DB_OK ? answer_read(db, &rows, 0, mem, ret_answer) : result;
}

#define BOOKING_PARAMETERS(booking, limits, actor)                                                           \
	db_uuid((booking)->id), db_text((booking)->coach_id), db_text((booking)->user_id),                   \
		db_text((booking)->session_type), db_text((booking)->hold ? "held" : "scheduled"),           \
		db_instant((booking)->starts_at), db_instant((booking)->ends_at),                            \
		db_instant((booking)->blocked_from), db_instant((booking)->blocked_to),                      \
		db_text((booking)->client_time_zone), db_text((booking)->name), db_text((booking)->email),   \
		db_text((booking)->phone), db_text((booking)->notes),                                        \
		db_text(meeting_kind_name((booking)->meeting.kind)),                                         \
		db_int((booking)->cancel_notice_minutes), db_int((booking)->reschedule_notice_minutes),      \
		limit_value((booking)->max_reschedules), db_int((booking)->hold_minutes),                    \
		db_text((booking)->calendar_id), db_int((booking)->lease_seconds),                           \
		limit_value((booking)->max_addresses), limit_value((booking)->max_changes),                  \
		db_text((booking)->created_by), db_bool(!(booking)->silent), db_text((booking)->locale),     \
		db_text((booking)->answers), limit_value((limits)->max_active),                              \
		db_text((limits)->max_active_type), limit_value((limits)->max_per_day),                      \
		db_text((limits)->max_per_day_type), db_instant((limits)->day_from),                         \
		db_instant((limits)->day_to), ACTOR_PARAMETERS(actor),                                       \
		MEETING_PARAMETERS(&(booking)->meeting), TERMS_PARAMETERS(booking),                          \
		db_text((booking)->promo_code), seats_value((booking)->seats),                               \
		seats_value((booking)->min_seats), db_bool((booking)->joins)

/* Something had given way, or was taken, but the booking was refused: all undone. */
static enum db_result undone(const struct db *db, enum db_result result, struct store_answer *ret_answer)
{
	static const struct {
		const char *state;
		struct store_answer answer;
	} answers[] = {
		{"BK001", {.outcome = STORE_REFUSED, .refusal = REFUSAL_SLOT_TAKEN}},
		{"BK002", {.outcome = STORE_REFUSED, .refusal = REFUSAL_BOOKING_LIMIT}},
		{"BK003", {.outcome = STORE_REFUSED, .refusal = REFUSAL_DAY_FULL}},
		{"BK004", {.outcome = STORE_REFUSED, .refusal = REFUSAL_ADDRESS_NOT_VERIFIED}},
		{"BK005", {.outcome = STORE_TOO_OFTEN}},
		{"BK006", {.outcome = STORE_REFUSED, .refusal = REFUSAL_CREDITS_REQUIRED}},
		{"BK007", {.outcome = STORE_REFUSED, .refusal = REFUSAL_PROMO_CODE_INVALID}},
		{"BK008", {.outcome = STORE_TOTAL_REACHED}},
		{"BK009", {.outcome = STORE_REFUSED, .refusal = REFUSAL_SESSION_FULL}},
		{"BK011", {.outcome = STORE_TOO_MANY_GUESTS}},
	};
	for (size_t i = 0; result == DB_RAISED && i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (strcmp(db_failure(db)->state, answers[i].state) == 0) {
			*ret_answer = answers[i].answer;
			return DB_OK;
		}
	}
	return result;
}

enum db_result appointments_book(struct db *db, struct arena *mem, const struct booking *booking,
				 const struct booking_limits *limits, const struct actor *actor,
				 struct store_answer *ret_answer)
{
	if (!db_may_book(db))
		return DB_UNAVAILABLE;
	return undone(db,
		      run_booking(db, mem, QUERY_APPOINTMENT_BOOK,
				  DB_PARAMETERS(BOOKING_PARAMETERS(booking, limits, actor),
						NEWER_PARAMETERS(booking)),
				  ret_answer),
		      ret_answer);
}

/* What appointments_book takes, and the pass. NOLINTNEXTLINE(readability-function-size) */
enum db_result appointments_hold_guest(struct db *db, struct arena *mem, const struct booking *booking,
				       const struct booking_limits *limits, const struct actor *actor,
				       const struct guest_pass *pass, struct store_answer *ret_answer)
{
	if (!db_may_book(db))
		return DB_UNAVAILABLE;
	return undone(db,
		      run_booking(db, mem, QUERY_GUEST_HOLD,
				  DB_PARAMETERS(BOOKING_PARAMETERS(booking, limits, actor),
						db_bytes(pass->network, CRYPTO_SHA256_SIZE),
						db_bytes(pass->token_hash, CRYPTO_SHA256_SIZE),
						db_instant(pass->expires_at)),
				  ret_answer),
		      ret_answer);
}

/* What appointments_hold_guest takes. NOLINTNEXTLINE(readability-function-size) */
enum db_result appointments_book_any(struct db *db, struct arena *mem, const struct booking *booking,
				     const struct booking_limits *limits, const struct actor *actor,
				     const struct guest_pass *pass, struct store_answer *ret_answer)
{
	if (!db_may_book(db))
		return DB_UNAVAILABLE;
	const bool guest = pass != NULL;
	return undone(
		db,
		run_booking(db, mem, QUERY_APPOINTMENT_BOOK_ANY,
			    DB_PARAMETERS(BOOKING_PARAMETERS(booking, limits, actor),
					  db_text(booking->candidates),
					  guest ? db_bytes(pass->network, CRYPTO_SHA256_SIZE) : db_null(),
					  guest ? db_bytes(pass->token_hash, CRYPTO_SHA256_SIZE) : db_null(),
					  guest ? db_instant(pass->expires_at) : db_null(),
					  NEWER_PARAMETERS(booking)),
			    ret_answer),
		ret_answer);
}

#define CONFIRM_PARAMETERS(booking, actor)                                                                   \
	db_uuid((booking)->id), db_text((booking)->user_id), db_text((booking)->client_time_zone),           \
		db_text((booking)->name), db_text((booking)->email), db_text((booking)->phone),              \
		db_text((booking)->notes), db_text((booking)->calendar_id),                                  \
		db_int((booking)->lease_seconds), limit_value((booking)->max_addresses),                     \
		db_text((booking)->locale), db_text((booking)->answers), ACTOR_PARAMETERS(actor),            \
		db_text((booking)->promo_code)

enum db_result appointments_confirm(struct db *db, struct arena *mem, const struct booking *booking,
				    const struct actor *actor, struct store_answer *ret_answer)
{
	if (!db_may_book(db))
		return DB_UNAVAILABLE;
	return run_booking(db, mem, QUERY_APPOINTMENT_CONFIRM,
			   DB_PARAMETERS(CONFIRM_PARAMETERS(booking, actor), NEWER_PARAMETERS(booking)),
			   ret_answer);
}

enum db_result appointments_confirm_guest(struct db *db, struct arena *mem, const struct booking *booking,
					  const struct booking_limits *limits, const struct actor *actor,
					  struct store_answer *ret_answer)
{
	if (!db_may_book(db))
		return DB_UNAVAILABLE;
	return run_booking(db, mem, QUERY_GUEST_CONFIRM,
			   DB_PARAMETERS(CONFIRM_PARAMETERS(booking, actor), limit_value(limits->max_active),
					 db_text(limits->max_active_type), limit_value(booking->max_changes),
					 limit_value(booking->max_total), db_text(booking->max_total_type),
					 NEWER_PARAMETERS(booking)),
			   ret_answer);
}

enum db_result appointments_cancel(struct db *db, struct arena *mem, const struct cancellation *cancellation,
				   const struct actor *actor, struct store_answer *ret_answer)
{
	return run_booking(db, mem, QUERY_APPOINTMENT_CANCEL,
			   DB_PARAMETERS(db_uuid(cancellation->id),
					 db_text(cancelled_by_name(cancellation->by)),
					 db_bool(cancellation->exempt), db_text(cancellation->reason),
					 db_int(cancellation->lease_seconds), ACTOR_PARAMETERS(actor)),
			   ret_answer);
}

enum db_result appointments_move(struct db *db, struct arena *mem, const struct booking *booking,
				 const struct booking_limits *limits, const struct actor *actor,
				 struct store_answer *ret_answer)
{
	if (!db_may_book(db))
		return DB_UNAVAILABLE;
	return run_booking(db, mem, QUERY_APPOINTMENT_MOVE,
			   DB_PARAMETERS(db_uuid(booking->id), db_text(booking->coach_id),
					 db_instant(booking->starts_at), db_instant(booking->ends_at),
					 db_instant(booking->blocked_from), db_instant(booking->blocked_to),
					 db_int(booking->lease_seconds), limit_value(booking->max_changes),
					 db_bool(booking->exempt), limit_value(limits->max_per_day),
					 db_text(limits->max_per_day_type), db_instant(limits->day_from),
					 db_instant(limits->day_to), ACTOR_PARAMETERS(actor),
					 db_bool(booking->joins), seats_value(booking->seats),
					 seats_value(booking->min_seats), db_text(booking->reason)),
			   ret_answer);
}

enum db_result appointments_move_any(struct db *db, struct arena *mem, const struct booking *booking,
				     const struct booking_limits *limits, const struct actor *actor,
				     struct store_answer *ret_answer)
{
	if (!db_may_book(db))
		return DB_UNAVAILABLE;
	return run_booking(db, mem, QUERY_APPOINTMENT_MOVE_ANY,
			   DB_PARAMETERS(db_uuid(booking->id), db_text(booking->coach_id),
					 db_instant(booking->starts_at), db_instant(booking->ends_at),
					 db_instant(booking->blocked_from), db_instant(booking->blocked_to),
					 db_text(booking->calendar_id), db_int(booking->lease_seconds),
					 limit_value(booking->max_changes),
					 db_text(meeting_kind_name(booking->meeting.kind)),
					 limit_value(booking->max_total), db_text(booking->max_total_type),
					 db_bool(booking->exempt), limit_value(limits->max_active),
					 db_text(limits->max_active_type), limit_value(limits->max_per_day),
					 db_text(limits->max_per_day_type), ACTOR_PARAMETERS(actor),
					 MEETING_PARAMETERS(&booking->meeting), db_text(booking->candidates),
					 db_instant(limits->day_from), db_instant(limits->day_to),
					 db_text(booking->reason)),
			   ret_answer);
}

/* Where it is stored, what is stored, and the answer, as in its neighbours.
 * NOLINTNEXTLINE(readability-function-size) */
enum db_result appointments_set_meeting(struct db *db, struct arena *mem, const char *id,
					const struct meeting *meeting, int64_t lease_seconds,
					const struct actor *actor, struct store_answer *ret_answer)
{
	return run_booking(db, mem, QUERY_APPOINTMENT_SET_MEETING,
			   DB_PARAMETERS(db_uuid(id), db_text(meeting_kind_name(meeting->kind)),
					 MEETING_PARAMETERS(meeting), db_int(lease_seconds),
					 ACTOR_PARAMETERS(actor)),
			   ret_answer);
}

enum db_result appointments_approve(struct db *db, struct arena *mem, const struct booking *booking,
				    const struct actor *actor, struct store_answer *ret_answer)
{
	if (!db_may_book(db))
		return DB_UNAVAILABLE;
	return run_booking(db, mem, QUERY_APPOINTMENT_APPROVE,
			   DB_PARAMETERS(db_uuid(booking->id), db_text(booking->calendar_id),
					 db_int(booking->lease_seconds), ACTOR_PARAMETERS(actor)),
			   ret_answer);
}

enum db_result appointments_decline(struct db *db, struct arena *mem, const struct cancellation *cancellation,
				    const struct actor *actor, struct store_answer *ret_answer)
{
	return run_booking(db, mem, QUERY_APPOINTMENT_DECLINE,
			   DB_PARAMETERS(db_uuid(cancellation->id),
					 db_text(cancelled_by_name(cancellation->by)),
					 db_text(cancellation->reason), ACTOR_PARAMETERS(actor)),
			   ret_answer);
}

enum db_result appointments_set_guests(struct db *db, struct arena *mem, const struct booking *booking,
				       const struct actor *actor, struct store_answer *ret_answer)
{
	return run_booking(db, mem, QUERY_APPOINTMENT_SET_GUESTS,
			   DB_PARAMETERS(db_uuid(booking->id), GUESTS_PARAMETERS(booking),
					 limit_value(booking->max_changes), db_int(booking->lease_seconds),
					 ACTOR_PARAMETERS(actor)),
			   ret_answer);
}

enum db_result appointments_mark(struct db *db, struct arena *mem, const char *id,
				 enum appointment_status status, const struct actor *actor,
				 struct store_answer *ret_answer)
{
	return run_booking(
		db, mem, QUERY_APPOINTMENT_MARK,
		DB_PARAMETERS(db_uuid(id), db_text(appointment_status_name(status)), ACTOR_PARAMETERS(actor)),
		ret_answer);
}

enum db_result appointments_give_back(struct db *db, struct arena *mem, const char *id, const char *note,
				      const struct actor *actor, struct store_answer *ret_answer)
{
	return run_booking(db, mem, QUERY_CREDIT_GIVE_BACK,
			   DB_PARAMETERS(db_uuid(id), db_text(note), db_text(actor->user_id),
					 db_text(actor->role), db_text(actor->request_id)),
			   ret_answer);
}

static enum db_result run_one(struct db *db, struct arena *mem, enum query query,
			      const struct db_value parameters[], size_t count,
			      struct appointment *ret_appointment)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(db, query, parameters, count, &rows);
	return result == DB_OK ? appointment_read(db, &rows, 0, 0, mem, ret_appointment) : result;
}

enum db_result appointments_by_id(struct db *db, struct arena *mem, const char *id,
				  struct appointment *ret_appointment)
{
	return run_one(db, mem, QUERY_APPOINTMENT_BY_ID, DB_PARAMETERS(db_uuid(id)), ret_appointment);
}

enum db_result appointments_in_calendar(struct db *db, struct arena *mem,
					const struct appointment *appointment,
					const struct appointment **ret_bearer)
{
	*ret_bearer = appointment;
	if (appointment->group_id[0] == '\0' || strcmp(appointment->group_id, appointment->id) == 0)
		return DB_OK;
	struct appointment *session = arena_alloc(mem, sizeof(*session));
	*ret_bearer = session;
	return appointments_by_id(db, mem, appointment->group_id, session);
}

enum db_result appointments_of_party(struct db *db, struct arena *mem, const char *id,
				     const struct appointment_party *party,
				     struct appointment *ret_appointment)
{
	return run_one(db, mem, QUERY_APPOINTMENT_OF_PARTY,
		       DB_PARAMETERS(db_uuid(id), db_text(party->user_id), db_text(party->coach_id),
				     db_bool(party->all), db_text(party->pseudonym),
				     db_text(party->further_coaches)),
		       ret_appointment);
}

enum db_result appointments_person(struct db *db, struct arena *mem, const char *coach_id,
				   const char *user_id, struct person *ret_person)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(db, QUERY_APPOINTMENT_PERSON,
				       DB_PARAMETERS(db_text(user_id), db_text(coach_id)), &rows);
	if (result == DB_OK)
		*ret_person = (struct person){.name = db_copy_text(&rows, 0, 0, mem),
					      .email = db_copy_text(&rows, 0, 1, mem),
					      .phone = db_copy_text(&rows, 0, 2, mem),
					      .time_zone = db_copy_text(&rows, 0, 3, mem),
					      .locale = db_copy_text(&rows, 0, 4, mem)};
	return result;
}

enum db_result appointments_same(struct db *db, struct arena *mem, const char *coach_id, const char *user_id,
				 struct interval time, struct appointment *ret_appointment)
{
	return run_one(db, mem, QUERY_APPOINTMENT_SAME,
		       DB_PARAMETERS(db_text(coach_id), db_text(user_id), db_instant(time.start),
				     db_instant(time.end)),
		       ret_appointment);
}

static enum db_result run_many(struct db *db, struct arena *mem, enum query query,
			       const struct db_value parameters[], size_t count,
			       struct appointment_list *ret_list)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(db, query, parameters, count, &rows);
	if (result != DB_OK && result != DB_NONE)
		return result;
	struct appointment_list list = {arena_array(mem, rows.count, sizeof(struct appointment)), rows.count};
	result = DB_OK;
	for (size_t i = 0; result == DB_OK && i < rows.count; i++)
		result = appointment_read(db, &rows, i, 0, mem, &list.items[i]);
	if (result == DB_OK)
		*ret_list = list;
	return result;
}

enum db_result appointments_list(struct db *db, struct arena *mem, const struct appointment_page_query *query,
				 struct appointment_list *ret_list)
{
	if (query->user_id != NULL)
		return run_many(db, mem, QUERY_APPOINTMENT_LIST_BY_USER,
				DB_PARAMETERS(db_text(query->user_id), db_text(query->status),
					      db_instant(query->after_start), db_uuid(query->after_id),
					      db_int(query->limit)),
				ret_list);
	return run_many(db, mem, QUERY_APPOINTMENT_LIST_BY_COACH,
			DB_PARAMETERS(db_text(query->coach_id), db_text(query->status),
				      db_instant(query->after_start), db_uuid(query->after_id),
				      db_int(query->limit), db_instant(query->from), db_instant(query->to)),
			ret_list);
}

enum db_result appointments_of_group(struct db *db, struct arena *mem, const char *group_id,
				     struct appointment_list *ret_list)
{
	return run_many(db, mem, QUERY_GROUP_SEATS, DB_PARAMETERS(db_uuid(group_id)), ret_list);
}

enum db_result appointments_export(struct db *db, struct arena *mem,
				   const struct appointment_page_query *query,
				   struct appointment_list *ret_list)
{
	return run_many(db, mem, QUERY_APPOINTMENT_EXPORT,
			DB_PARAMETERS(db_text(query->user_id), db_instant(query->after_start),
				      db_uuid(query->after_id), db_instant(query->from),
				      db_instant(query->to), db_int(query->limit)),
			ret_list);
}

enum db_result appointments_feed_state(struct db *db, struct arena *mem, const char *coach_id, instant begin,
				       instant *ret_end, const char **ret_state)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(db, QUERY_COACH_FEED_STATE,
				       DB_PARAMETERS(db_text(coach_id), db_instant(begin)), &rows);
	if (result != DB_OK)
		return result;
	*ret_end = db_get_instant(&rows, 0, 0);
	*ret_state = arena_strdup(mem, db_get_text(&rows, 0, 1));
	return DB_OK;
}

enum db_result appointments_feed(struct db *db, struct arena *mem, const struct appointment_page_query *query,
				 struct appointment_list *ret_list)
{
	return run_many(db, mem, QUERY_COACH_FEED,
			DB_PARAMETERS(db_text(query->coach_id), db_instant(query->after_start),
				      db_uuid(query->after_id), db_instant(query->to), db_int(query->limit)),
			ret_list);
}

static enum db_result read_event_outcome(struct db *db, const struct db_rows *rows,
					 enum event_outcome *ret_outcome)
{
	static const char *const words[] = {
#define OUTCOME(name, word) [EVENT_##name] = (word),
		EVENT_OUTCOMES(OUTCOME)
#undef OUTCOME
	};
	const char *word = db_get_text(rows, 0, 0);
	for (size_t i = 0; word != NULL && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i], word) == 0) {
			*ret_outcome = (enum event_outcome)i;
			return DB_OK;
		}
	}
	return db_misunderstood(db, "what became of an event", word);
}

enum db_result appointments_event_gone(struct db *db, const char *id, int64_t version,
				       enum event_outcome *ret_outcome)
{
	DB_ROWS rows = {0};
	enum db_result result =
		db_run(db, QUERY_CALENDAR_EVENT_GONE, DB_PARAMETERS(db_uuid(id), db_int(version)), &rows);
	return result == DB_OK ? read_event_outcome(db, &rows, ret_outcome) : result;
}

enum db_result appointments_event_moved(struct db *db, const struct appointment *row, struct interval time,
					const char *etag, enum event_outcome *ret_outcome)
{
	if (!db_may_book(db))
		return DB_UNAVAILABLE;
	DB_ROWS rows = {0};
	enum db_result result =
		db_run(db, QUERY_CALENDAR_EVENT_MOVED,
		       DB_PARAMETERS(db_uuid(row->id), db_int(row->version), db_instant(time.start),
				     db_instant(time.end), db_text(etag)),
		       &rows);
	return result == DB_OK ? read_event_outcome(db, &rows, ret_outcome) : result;
}

/* ---- series ---- */

static enum db_result run_answers(struct db *db, struct arena *mem, enum query query,
				  const struct db_value parameters[], size_t count,
				  struct store_answers *ret_answers)
{
	DB_ROWS rows = {0};
	enum db_result result = db_run(db, query, parameters, count, &rows);
	if (result != DB_OK)
		return result;
	ret_answers->count = rows.count;
	ret_answers->items = arena_array(mem, rows.count, sizeof(*ret_answers->items));
	for (size_t i = 0; i < rows.count && result == DB_OK; i++)
		result = answer_read(db, &rows, i, mem, &ret_answers->items[i]);
	return result;
}

enum db_result series_book(struct db *db, struct arena *mem, const struct series_booking *series,
			   const struct actor *actor, struct store_answers *ret_answers)
{
	const struct booking *common = &series->common;
	const struct booking_limits *limits = &series->limits;
	if (!db_may_book(db))
		return DB_UNAVAILABLE;
	return run_answers(
		db, mem, QUERY_SERIES_BOOK,
		DB_PARAMETERS(db_text(common->coach_id), db_text(common->user_id),
			      db_text(common->session_type), db_text(common->client_time_zone),
			      db_text(common->name), db_text(common->email), db_text(common->phone),
			      db_text(common->notes), db_text(meeting_kind_name(common->meeting.kind)),
			      db_int(common->cancel_notice_minutes),
			      db_int(common->reschedule_notice_minutes), limit_value(common->max_reschedules),
			      db_text(common->calendar_id), db_int(common->lease_seconds),
			      limit_value(common->max_addresses), limit_value(common->max_changes),
			      db_text(common->locale), db_uuid(series->id), db_json(series->times),
			      limit_value(limits->max_active), db_text(limits->max_active_type),
			      limit_value(limits->max_per_day), db_text(limits->max_per_day_type),
			      db_bool(series->all), ACTOR_PARAMETERS(actor), db_text(common->meeting.label),
			      db_text(common->meeting.place), db_text(common->meeting.instructions),
			      TERMS_PARAMETERS(common), seats_value(common->seats),
			      seats_value(common->min_seats), NEWER_PARAMETERS(common),
			      db_text(common->promo_code), db_text(common->candidates),
			      db_text(common->created_by), db_bool(!common->silent)),
		ret_answers);
}

enum db_result series_read(struct db *db, struct arena *mem, const char *series_id, int64_t from_index,
			   struct appointment_list *ret_list)
{
	return run_many(db, mem, QUERY_SERIES_READ, DB_PARAMETERS(db_uuid(series_id), db_int(from_index)),
			ret_list);
}

enum db_result series_cancel(struct db *db, struct arena *mem, const char *ids,
			     const struct cancellation *cancellation, const struct actor *actor,
			     struct store_answers *ret_answers)
{
	return run_answers(db, mem, QUERY_SERIES_CANCEL,
			   DB_PARAMETERS(db_text(ids), db_text(cancelled_by_name(cancellation->by)),
					 db_bool(cancellation->exempt), db_text(cancellation->reason),
					 db_int(cancellation->lease_seconds), ACTOR_PARAMETERS(actor)),
			   ret_answers);
}

enum db_result series_move(struct db *db, struct arena *mem, const struct series_booking *series,
			   const struct actor *actor, struct store_answers *ret_answers)
{
	const struct booking *common = &series->common;
	if (!db_may_book(db))
		return DB_UNAVAILABLE;
	return run_answers(db, mem, QUERY_SERIES_MOVE,
			   DB_PARAMETERS(db_json(series->times), db_text(common->coach_id),
					 db_int(common->lease_seconds), limit_value(common->max_changes),
					 db_bool(common->exempt), limit_value(series->limits.max_per_day),
					 db_text(series->limits.max_per_day_type), ACTOR_PARAMETERS(actor),
					 db_text(common->reason)),
			   ret_answers);
}
