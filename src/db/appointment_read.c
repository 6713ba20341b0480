/* Rows of the table `appointment` into structs. */
#include "db/appointments.h"

#include "base/uuid.h"

#include <string.h>

/* The columns of `appointment` in the order of the migrations. */
enum field {
	FIELD_ID,
	FIELD_COACH_ID,
	FIELD_USER_ID,
	FIELD_SESSION_TYPE,
	FIELD_STATUS,
	FIELD_STARTS_AT,
	FIELD_ENDS_AT,
	FIELD_BLOCKED_FROM,
	FIELD_BLOCKED_TO,
	FIELD_HOLD_EXPIRES_AT,
	FIELD_CLIENT_TIME_ZONE,
	FIELD_NAME,
	FIELD_EMAIL,
	FIELD_PHONE,
	FIELD_NOTES,
	FIELD_MEETING_KIND,
	FIELD_MEETING_URL,
	FIELD_CANCEL_NOTICE_MINUTES,
	FIELD_RESCHEDULE_NOTICE_MINUTES,
	FIELD_MAX_RESCHEDULES,
	FIELD_RESCHEDULE_COUNT,
	FIELD_CANCEL_REASON,
	FIELD_CANCELLED_AT,
	FIELD_CANCELLED_BY,
	FIELD_CREATED_AT,
	FIELD_UPDATED_AT,
	FIELD_VERSION,
	FIELD_CALENDAR_ID,
	FIELD_SYNCED_VERSION,
	FIELD_REFUSED_VERSION,
	FIELD_CALENDAR_CONFLICT,
	FIELD_CALENDAR_DETAIL,
	FIELD_CALENDAR_ATTEMPTS,
	FIELD_CALENDAR_DUE_AT,
	FIELD_EVENT_WRITTEN,
	FIELD_EVENT_ETAG,
	FIELD_EVENT_LINK,
	FIELD_CONFERENCE_ATTEMPT,
	FIELD_CONFERENCE_PENDING,
	FIELD_ERASED,
	FIELD_GUEST_REFUSED,
	FIELD_GUEST_RESPONSE,
	FIELD_CREATED_BY,
	FIELD_NOTIFY,
	FIELD_LOCALE,
	FIELD_INVITED_BY,
	FIELD_NOTICED_VERSION, /* these three are the ledger's */
	FIELD_NOTICED_START,
	FIELD_NOTICED_AT,
	FIELD_MEETING_LABEL,
	FIELD_MEETING_PLACE,
	FIELD_MEETING_INSTRUCTIONS,
	FIELD_EVENT_OUTDATED,
	FIELD_SERIES_ID,
	FIELD_SERIES_INDEX,
	FIELD_LATE_CANCEL,
	FIELD_PRICE_CREDITS,
	FIELD_PRICE_AMOUNT,
	FIELD_PRICE_CURRENCY,
	FIELD_PROMO_CODE,
	FIELD_PAYMENT_STATE,
	FIELD_GROUP_ID,
	FIELD_GUESTS,
	FIELD_HOLD_KIND,
};

bool appointment_owes(const struct appointment *appointment)
{
	return appointment->calendar_id != NULL && appointment->version > appointment->synced_version &&
	       appointment->version > appointment->refused_version;
}

enum appointment_status appointment_shown(const struct appointment *appointment, instant now)
{
	const bool held = appointment->status == APPOINTMENT_HELD;
	if (held && appointment->hold_expires_at <= now)
		return APPOINTMENT_EXPIRED;
	if (held && appointment->requested)
		return APPOINTMENT_REQUESTED;
	const bool refused = appointment->status == APPOINTMENT_CANCELLED && appointment->requested &&
			     appointment->hold_expires_at != 0 &&
			     appointment->cancelled_by != CANCELLED_BY_CLIENT;
	return refused ? APPOINTMENT_DECLINED : appointment->status;
}

bool appointment_has_invited(const struct appointment *appointment)
{
	return appointment->notify && (appointment->email != NULL || appointment->guests != NULL);
}

struct appointment_facts appointment_facts(const struct appointment *appointment)
{
	return (struct appointment_facts){
		.status = appointment->status,
		.start = appointment->starts_at,
		.end = appointment->ends_at,
		.hold_expires_at = appointment->hold_expires_at,
		.cancel_notice_minutes = appointment->cancel_notice_minutes,
		.reschedule_notice_minutes = appointment->reschedule_notice_minutes,
		.max_reschedules = appointment->max_reschedules,
		.reschedule_count = appointment->reschedule_count,
		.late_cancel = appointment->late_cancel,
	};
}

/* The words that the rest of the program knows as enums. */
static enum db_result read_words(struct db *db, const struct db_record *record, struct arena *mem,
				 struct appointment *ret_appointment)
{
	const char *status = db_field_text(record, FIELD_STATUS, mem);
	const char *meeting = db_field_text(record, FIELD_MEETING_KIND, mem);
	const char *who = db_field_text(record, FIELD_CANCELLED_BY, mem);
	if (status == NULL || !appointment_status_parse(status, &ret_appointment->status))
		return db_misunderstood(db, "an appointment's status", status);
	if (meeting == NULL || !meeting_kind_parse(meeting, &ret_appointment->meeting_kind))
		return db_misunderstood(db, "an appointment's meeting_kind", meeting);
	if (who != NULL && !cancelled_by_parse(who, &ret_appointment->cancelled_by))
		return db_misunderstood(db, "an appointment's cancelled_by", who);
	const char *inviter = db_field_text(record, FIELD_INVITED_BY, mem);
	if (inviter != NULL && !inviter_parse(inviter, &ret_appointment->invited_by))
		return db_misunderstood(db, "an appointment's invited_by", inviter);
	const char *payment = db_field_text(record, FIELD_PAYMENT_STATE, mem);
	if (payment != NULL && !payment_state_parse(payment, &ret_appointment->payment))
		return db_misunderstood(db, "an appointment's payment_state", payment);
	const char *late_cancel = db_field_text(record, FIELD_LATE_CANCEL, mem);
	/* An event may tell of a row from before there was the column. */
	if (late_cancel != NULL && !late_cancel_parse(late_cancel, &ret_appointment->late_cancel))
		return db_misunderstood(db, "an appointment's late_cancel", late_cancel);
	const char *hold_kind = db_field_text(record, FIELD_HOLD_KIND, mem);
	ret_appointment->offered = hold_kind != NULL && strcmp(hold_kind, "offer") == 0;
	ret_appointment->requested = hold_kind != NULL && strcmp(hold_kind, "request") == 0;
	if (hold_kind != NULL && strcmp(hold_kind, "own") != 0 && !ret_appointment->offered &&
	    !ret_appointment->requested)
		return db_misunderstood(db, "an appointment's hold_kind", hold_kind);
	return DB_OK;
}

/* One line for each column, as in the record. NOLINTNEXTLINE(readability-function-size) */
enum db_result appointment_read(struct db *db, const struct db_rows *rows, size_t row, size_t column,
				struct arena *mem, struct appointment *ret_appointment)
{
	struct db_record record;
	if (!db_get_record(rows, row, column, &record))
		return DB_NONE;
#define TEXT(field)   db_field_text(&record, FIELD_##field, mem)
#define NUMBER(field) db_field_int(&record, FIELD_##field)
#define WHEN(field)   db_field_instant(&record, FIELD_##field)
#define TRUTH(field)  db_field_bool(&record, FIELD_##field)
	*ret_appointment = (struct appointment){
		.coach_id = TEXT(COACH_ID),
		.user_id = TEXT(USER_ID),
		.session_type = TEXT(SESSION_TYPE),
		.starts_at = WHEN(STARTS_AT),
		.ends_at = WHEN(ENDS_AT),
		.blocked_from = WHEN(BLOCKED_FROM),
		.blocked_to = WHEN(BLOCKED_TO),
		.hold_expires_at = WHEN(HOLD_EXPIRES_AT),
		.client_time_zone = TEXT(CLIENT_TIME_ZONE),
		.name = TEXT(NAME),
		.email = TEXT(EMAIL),
		.phone = TEXT(PHONE),
		.notes = TEXT(NOTES),
		.meeting_url = TEXT(MEETING_URL),
		.cancel_notice_minutes = NUMBER(CANCEL_NOTICE_MINUTES),
		.reschedule_notice_minutes = NUMBER(RESCHEDULE_NOTICE_MINUTES),
		.max_reschedules =
			db_field_is_null(&record, FIELD_MAX_RESCHEDULES) ? -1 : NUMBER(MAX_RESCHEDULES),
		.reschedule_count = NUMBER(RESCHEDULE_COUNT),
		.cancel_reason = TEXT(CANCEL_REASON),
		.cancelled_at = WHEN(CANCELLED_AT),
		.created_at = WHEN(CREATED_AT),
		.updated_at = WHEN(UPDATED_AT),
		.version = NUMBER(VERSION),
		.calendar_id = TEXT(CALENDAR_ID),
		.synced_version = NUMBER(SYNCED_VERSION),
		.refused_version = NUMBER(REFUSED_VERSION),
		.calendar_conflict = TRUTH(CALENDAR_CONFLICT),
		.calendar_detail = TEXT(CALENDAR_DETAIL),
		.calendar_attempts = NUMBER(CALENDAR_ATTEMPTS),
		.calendar_due_at = WHEN(CALENDAR_DUE_AT),
		.event_written = TRUTH(EVENT_WRITTEN),
		.event_etag = TEXT(EVENT_ETAG),
		.event_link = TEXT(EVENT_LINK),
		.conference_attempt = NUMBER(CONFERENCE_ATTEMPT),
		.conference_pending = TRUTH(CONFERENCE_PENDING),
		.erased = TRUTH(ERASED),
		.guest_refused = TRUTH(GUEST_REFUSED),
		.guest_response = TEXT(GUEST_RESPONSE),
		.created_by = TEXT(CREATED_BY),
		.notify = TRUTH(NOTIFY),
		.locale = TEXT(LOCALE),
		.meeting_label = TEXT(MEETING_LABEL),
		.meeting_place = TEXT(MEETING_PLACE),
		.meeting_instructions = TEXT(MEETING_INSTRUCTIONS),
		.event_outdated = TRUTH(EVENT_OUTDATED),
		.price = {.credits = NUMBER(PRICE_CREDITS),
			  .amount = NUMBER(PRICE_AMOUNT),
			  .currency = TEXT(PRICE_CURRENCY)},
		.promo_code = TEXT(PROMO_CODE),
		.guests = TEXT(GUESTS),
	};
	uuid_format(db_field_uuid(&record, FIELD_ID), ret_appointment->id);
	if (!db_field_is_null(&record, FIELD_GROUP_ID))
		uuid_format(db_field_uuid(&record, FIELD_GROUP_ID), ret_appointment->group_id);
	if (!db_field_is_null(&record, FIELD_SERIES_ID)) {
		uuid_format(db_field_uuid(&record, FIELD_SERIES_ID), ret_appointment->series_id);
		ret_appointment->series_index = NUMBER(SERIES_INDEX);
	}
	if (db_misread(db))
		return DB_FAILED;
	return read_words(db, &record, mem, ret_appointment);
#undef TEXT
#undef NUMBER
#undef WHEN
#undef TRUTH
}
